//! NodeResourcesFit's score: by default the emptier the node is with the pod on it, the better.

use super::resource::{Amounts, Requests, amounts};
use super::{MAX_NODE_SCORE, Plugin, Score};
use crate::cluster::NodeInfo;
use crate::placement::Cycle;
use crate::scenario::plan::{FitArgs, PodTemplate, ScoringStrategy};

/// The plugin.
pub const PLUGIN: Plugin =
    Plugin { name: "NodeResourcesFit", weight: 1, is_skipped: |_| false, score: Score::Node(score) };

/// The best score of a point of RequestedToCapacityRatio's shape.
const MAX_SHAPE_SCORE: i64 = 10;

/// Scores by the resources of the configuration.
fn score(cycle: &Cycle<'_>, node: &NodeInfo) -> i64 {
    node_score(cycle.template(), node, &cycle.profile.fit)
}

/// The score of one node. Containers without a request count with kube-scheduler's default.
#[must_use]
pub fn node_score(pod: &PodTemplate, node: &NodeInfo, args: &FitArgs) -> i64 {
    let of_resource = |(resource, weight): &(Box<str>, u64)| {
        Some((amounts(resource, Requests::NonZero, pod, node)?, i64::try_from(*weight).ok()?))
    };
    mean(&args.strategy, args.resources.iter().filter_map(of_resource))
}

/// The weighted mean of the resources' scores, 0 to 100, every division rounded down; RequestedToCapacityRatio rounds its mean.
fn mean(strategy: &ScoringStrategy, resources: impl Iterator<Item = (Amounts, i64)>) -> i64 {
    let (mut sum, mut weights) = (0, 0);
    for (amounts, weight) in resources {
        let share = match strategy {
            ScoringStrategy::LeastAllocated => least_allocated(&amounts),
            ScoringStrategy::MostAllocated => most_allocated(&amounts),
            ScoringStrategy::RequestedToCapacityRatio(shape) => match requested_to_capacity_ratio(&amounts, shape) {
                0 => continue, // Upstream leaves a resource out that scores nothing.
                share => share,
            },
        };
        sum += share * weight;
        weights += weight;
    }
    match strategy {
        _ if weights == 0 => 0,
        ScoringStrategy::RequestedToCapacityRatio(_) => (sum as f64 / weights as f64).round() as i64,
        ScoringStrategy::LeastAllocated | ScoringStrategy::MostAllocated => sum / weights,
    }
}

/// The share that is left. A request beyond the capacity scores 0.
fn least_allocated(amounts: &Amounts) -> i64 {
    percentage(amounts.capacity.saturating_sub(amounts.used + amounts.wanted), amounts.capacity)
}

/// The share that is used. More than the capacity counts as all of it.
fn most_allocated(amounts: &Amounts) -> i64 {
    percentage((amounts.used + amounts.wanted).min(amounts.capacity), amounts.capacity)
}

/// The score of the utilization on the straight lines between the points of the shape.
fn requested_to_capacity_ratio(amounts: &Amounts, shape: &[(i64, i64)]) -> i64 {
    let requested = amounts.used + amounts.wanted;
    let utilization = if requested > amounts.capacity { 100 } else { percentage(requested, amounts.capacity) };
    let scale = MAX_NODE_SCORE / MAX_SHAPE_SCORE;
    let Some(next) = shape.iter().position(|(at, _)| utilization <= *at) else {
        return shape.last().map_or(0, |(_, score)| score * scale);
    };
    let (right, above) = (shape[next].0, shape[next].1 * scale);
    let Some((left, below)) = next.checked_sub(1).map(|before| (shape[before].0, shape[before].1 * scale)) else {
        return above;
    };
    below + (above - below) * (utilization - left) / (right - left)
}

/// `part` of `whole` in percent, rounded down; `part` is at most `whole`, which is above 0.
///
/// Up to 2^45 the quotient of the two as 64-bit floats is below an integer exactly when the true one is (it misses the integer by at
/// least 2^-45, and floats near 100 are 2^-46 apart), and dividing floats takes a third of the time.
fn percentage(part: u64, whole: u64) -> i64 {
    if whole < 1 << 45 {
        let hundredfold = (part * MAX_NODE_SCORE as u64) as i64 as f64;
        return i64::from((hundredfold / whole as i64 as f64) as i32);
    }
    let percent = u128::from(part) * MAX_NODE_SCORE as u128 / u128::from(whole);
    i64::try_from(percent).expect("a part is at most the whole")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// kube-scheduler 1.31 to 1.36, requested_to_capacity_ratio.go: straight lines between the points, flat outside them.
    #[test]
    fn the_shape_is_made_of_straight_lines() {
        let shape = [(10, 1), (50, 5), (90, 10)];
        for (used, expected) in [(0, 10), (10, 10), (30, 30), (50, 50), (70, 75), (90, 100), (100, 100), (120, 100)] {
            let amounts = Amounts { used, wanted: 0, capacity: 100 };
            assert_eq!(requested_to_capacity_ratio(&amounts, &shape), expected, "{used} of 100 used");
        }
    }

    #[test]
    fn percentages_are_rounded_down_however_close_they_are() {
        for (part, whole, expected) in [
            (1, 3, 33),
            (99, 100, 99),
            ((1 << 44) - 1, 1 << 44, 99),
            (29 * ((1 << 44) / 100), ((1 << 44) / 100) * 100, 29),
            (29 * ((1 << 44) / 100) - 1, ((1 << 44) / 100) * 100, 28),
            ((1 << 60) - 1, 1 << 60, 99),
            (7, 7, 100),
        ] {
            assert_eq!(percentage(part, whole), expected, "{part} of {whole}");
        }
    }

    #[test]
    fn most_allocated_prefers_the_fuller_node() {
        for (used, expected) in [(0, 25), (50, 75), (75, 100), (90, 100)] {
            assert_eq!(most_allocated(&Amounts { used, wanted: 25, capacity: 100 }), expected, "{used} of 100 used");
        }
    }
}
