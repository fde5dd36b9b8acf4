//! NodeResourcesBalancedAllocation: the closer the used shares of the resources are to one another, the better.
//!
//! Floating point as in kube-scheduler, operation by operation: exact arithmetic would give other integers.

use super::resource::{Amounts, Requests, amounts};
use super::{DEFAULT_RESOURCES, MAX_NODE_SCORE, Resource};
use crate::cluster::NodeInfo;
use crate::placement::{PodView, Rules};
use crate::scenario::plan::PodTemplate;

/// Scores by CPU and memory; `None` for a pod that requests neither, by the rules from 1.32.
#[must_use]
pub fn score(pod: &PodView<'_>, nodes: &[&NodeInfo], rules: &Rules) -> Option<Vec<i64>> {
    score_resources(pod.template, nodes, &DEFAULT_RESOURCES, rules)
}

/// Scores by the given resources, whose weights do not matter; `None` for a pod that requests none of them, by the rules from 1.32.
#[must_use]
pub fn score_resources(
    pod: &PodTemplate,
    nodes: &[&NodeInfo],
    resources: &[(Resource<'_>, u64)],
    rules: &Rules,
) -> Option<Vec<i64>> {
    if rules.best_effort_is_not_balanced && resources.iter().all(|(resource, _)| requests_none(*resource, pod)) {
        return None;
    }
    Some(nodes.iter().map(|node| node_score(pod, node, resources, rules)).collect())
}

fn requests_none(resource: Resource<'_>, pod: &PodTemplate) -> bool {
    match resource {
        Resource::Cpu => pod.requests.cpu.is_zero(),
        Resource::Memory => pod.requests.memory.is_zero(),
        Resource::Extended(name) => pod.requests.extended.get(name).is_none_or(|amount| *amount == 0),
    }
}

fn node_score(pod: &PodTemplate, node: &NodeInfo, resources: &[(Resource<'_>, u64)], rules: &Rules) -> i64 {
    let amounts: Vec<Amounts> =
        resources.iter().filter_map(|(resource, _)| amounts(*resource, Requests::Real, pod, node)).collect();
    let with = balance(&amounts, |amounts| amounts.used + amounts.wanted);
    if !rules.balance_is_a_change {
        return with;
    }
    let without = balance(&amounts, |amounts| amounts.used);
    // 75 means no change. The division rounds towards zero, as in Go.
    MAX_NODE_SCORE / 2 + (MAX_NODE_SCORE / 2 + with - without) / 2
}

/// 100 when all shares are equal; less by their standard deviation.
fn balance(amounts: &[Amounts], used: impl Fn(&Amounts) -> u64) -> i64 {
    let shares: Vec<f64> =
        amounts.iter().map(|amounts| (used(amounts) as f64 / amounts.capacity as f64).min(1.0)).collect();
    let deviation = match shares[..] {
        [] | [_] => 0.0,
        [a, b] => ((a - b) / 2.0).abs(),
        _ => {
            let mean = shares.iter().sum::<f64>() / shares.len() as f64;
            let squares = shares.iter().map(|share| (share - mean) * (share - mean));
            (squares.sum::<f64>() / shares.len() as f64).sqrt()
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
            assert_eq!(balance(&amounts, |amounts| amounts.used), expected);
        }
    }
}
