//! TaintToleration's score: the fewer PreferNoSchedule taints that the pod does not tolerate, the better.

use super::{Plugin, normalize};
use crate::cluster::NodeInfo;
use crate::placement::{Cycle, PodView};
use crate::scenario::plan::TaintEffect;

/// The plugin.
pub const PLUGIN: Plugin = Plugin { name: "TaintToleration", weight: 3, score };

/// Normalised scores: 100 for the nodes with no such taint.
#[must_use]
pub fn score<'a>(cycle: &Cycle<'a>, nodes: &[&'a NodeInfo]) -> Option<Vec<i64>> {
    let mut scores: Vec<i64> = nodes.iter().map(|node| intolerable(&cycle.pod, node)).collect();
    normalize(&mut scores, true);
    Some(scores)
}

/// The number of soft taints of the node that the pod does not tolerate.
#[must_use]
pub fn intolerable(pod: &PodView<'_>, node: &NodeInfo) -> i64 {
    let soft = node.taints.iter().filter(|taint| taint.effect == TaintEffect::PreferNoSchedule);
    soft.map(|taint| i64::from(!pod.tolerates(taint))).sum()
}
