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
    let without = balance(amounts, |amounts| amounts.used);
    // 75 means no change. The division rounds towards zero, as in Go.
    MAX_NODE_SCORE / 2 + (MAX_NODE_SCORE / 2 + with - without) / 2
}

/// 100 when all shares are equal; less by their standard deviation.
fn balance(amounts: impl Iterator<Item = Amounts> + Clone, used: impl Fn(&Amounts) -> u64) -> i64 {
    let shares = amounts.map(|amounts| (used(&amounts) as f64 / amounts.capacity as f64).min(1.0));
    let count = shares.clone().count();
    let deviation = match count {
        0 | 1 => 0.0,
        2 => (shares.clone().reduce(|a, b| a - b).unwrap_or(0.0) / 2.0).abs(),
        _ => {
            let mean = shares.clone().sum::<f64>() / count as f64;
            let squares = shares.map(|share| (share - mean) * (share - mean));
            (squares.sum::<f64>() / count as f64).sqrt()
        }
    };
    ((1.0 - deviation) * MAX_NODE_SCORE as f64) as i64
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
