//! NodeResourcesBalancedAllocation: the closer the used shares of the resources are to one another, the better.
//!
//! Floating point as in kube-scheduler, operation by operation: exact arithmetic would give other integers.

use super::resource::{Amounts, Requests, amounts, requested};
use super::{MAX_NODE_SCORE, Plugin, Score};
use crate::cluster::NodeInfo;
use crate::placement::{Cycle, Rules};
use crate::scenario::plan::PodTemplate;

/// The plugin.
pub const PLUGIN: Plugin = Plugin {
    name: "NodeResourcesBalancedAllocation",
    weight: 1,
    is_skipped: |cycle| is_skipped(cycle.template(), &cycle.profile.balanced_resources, cycle.rules),
    score: Score::Node(score),
};

/// Scores by the resources of the configuration.
fn score(cycle: &Cycle<'_>, node: &NodeInfo) -> i64 {
    let resources = &cycle.profile.balanced_resources;
    change(resources.iter().filter_map(|name| amounts(name, Requests::Real, cycle.template(), node)), cycle.rules)
}

/// True for a pod that requests none of the resources, by the rules from 1.32.
fn is_skipped(pod: &PodTemplate, resources: &[Box<str>], rules: Rules) -> bool {
    rules.best_effort_is_not_balanced && resources.iter().all(|resource| requested(resource, pod) == 0)
}

/// The score of these amounts: how balanced the node is with the pod, or from 1.36 what the pod changes about it.
pub(in crate::placement) fn change(amounts: impl Iterator<Item = Amounts> + Clone, rules: Rules) -> i64 {
    let with = balance(amounts.clone(), |amounts| amounts.used + amounts.wanted);
    if !rules.balance_is_a_change {
        return with;
    }
    of_change(with, balance(amounts, |amounts| amounts.used))
}

/// 100 when all shares are equal; less by their standard deviation.
fn balance(amounts: impl Iterator<Item = Amounts> + Clone, used: impl Fn(&Amounts) -> u64) -> i64 {
    let mut shares = amounts.map(|amounts| share(used(&amounts), amounts.capacity));
    match (shares.clone().count(), shares.next(), shares.next()) {
        (2, Some(a), Some(b)) => balance_of_two(a, b) as i64,
        (_, None, _) | (_, _, None) => MAX_NODE_SCORE,
        (count, Some(a), Some(b)) => {
            let shares = || [a, b].into_iter().chain(shares.clone());
            let mean = shares().sum::<f64>() / count as f64;
            let squares = shares().map(|share| (share - mean) * (share - mean));
            score_of((squares.sum::<f64>() / count as f64).sqrt()) as i64
        }
    }
}

/// The share of the capacity that is used, at most all of it.
fn share(used: u64, capacity: u64) -> f64 {
    // Amounts are below 2^63, and signed ones convert faster.
    (used as i64 as f64 / capacity as i64 as f64).min(1.0)
}

/// The balance of two shares, whose standard deviation is half of what they differ by, before it is cut to an integer.
#[inline]
pub(in crate::placement) fn balance_of_two(a: f64, b: f64) -> f64 {
    score_of(((a - b) / 2.0).abs())
}

#[inline]
fn score_of(deviation: f64) -> f64 {
    (1.0 - deviation) * MAX_NODE_SCORE as f64
}

/// What a pod changes about the balance, from 1.36: 75 means nothing. The division rounds towards zero, as in Go.
#[inline]
pub(in crate::placement) const fn of_change(with: i64, without: i64) -> i64 {
    MAX_NODE_SCORE / 2 + (MAX_NODE_SCORE / 2 + with - without) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    /// kube-scheduler computes in 64-bit floats; exact arithmetic would give 65, 90 and 91.
    #[test]
    fn the_balance_is_truncated_from_floats() {
        for (cpu, memory, expected) in
            [((400, 4000), (8, 10), 64), ((1400, 4000), (11, 20), 89), ((2000, 4000), (68, 100), 90)]
        {
            let amounts = [cpu, memory].map(|(used, capacity)| Amounts { used, wanted: 0, capacity });
            assert_eq!(balance(amounts.into_iter(), |amounts| amounts.used), expected);
        }
    }
}
