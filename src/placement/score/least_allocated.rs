//! NodeResourcesFit's score with the default strategy LeastAllocated: the emptier the node is with the pod on it, the better.

use super::resource::{Requests, amounts};
use super::{DEFAULT_RESOURCES, MAX_NODE_SCORE, Resource};
use crate::cluster::NodeInfo;
use crate::placement::{PodView, Rules};
use crate::scenario::plan::PodTemplate;

/// Scores by CPU and memory alike.
#[must_use]
pub fn score(pod: &PodView<'_>, nodes: &[&NodeInfo], _: &Rules) -> Option<Vec<i64>> {
    Some(nodes.iter().map(|node| node_score(pod.template, node, &DEFAULT_RESOURCES)).collect())
}

/// The weighted mean of the shares left, 0 to 100, every division rounded down.
///
/// Containers without a request count with kube-scheduler's default. A request beyond the capacity scores 0.
#[must_use]
pub fn node_score(pod: &PodTemplate, node: &NodeInfo, resources: &[(Resource<'_>, u64)]) -> i64 {
    let (mut sum, mut weights) = (0, 0);
    for (resource, weight) in resources {
        let Some(amounts) = amounts(*resource, Requests::NonZero, pod, node) else { continue };
        let left = amounts.capacity.saturating_sub(amounts.used + amounts.wanted);
        let share = u128::from(left) * MAX_NODE_SCORE as u128 / u128::from(amounts.capacity);
        sum += share * u128::from(*weight);
        weights += u128::from(*weight);
    }
    sum.checked_div(weights).map_or(0, |mean| i64::try_from(mean).expect("a mean of scores is at most 100"))
}
