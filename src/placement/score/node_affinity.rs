//! NodeAffinity's score: the sum of the weights of the preferred terms that match.

use super::{Plugin, normalize};
use crate::cluster::NodeInfo;
use crate::placement::Cycle;
use crate::placement::filter::node_affinity::term_matches;

/// The plugin.
pub const PLUGIN: Plugin = Plugin { name: "NodeAffinity", weight: 2, score };

/// Normalised scores: 100 for the node with the largest sum; `None` when nothing is preferred.
#[must_use]
pub fn score<'a>(cycle: &Cycle<'a>, nodes: &[&'a NodeInfo]) -> Option<Vec<i64>> {
    if !has_preferences(cycle) {
        return None;
    }
    let mut scores: Vec<i64> = nodes.iter().map(|node| preferred_weight(cycle, node)).collect();
    normalize(&mut scores, false);
    Some(scores)
}

/// True when the pod or the scheduler's configuration prefers some nodes.
#[must_use]
pub fn has_preferences(cycle: &Cycle<'_>) -> bool {
    !cycle.template().preferred_affinity.is_empty() || !cycle.profile.added_affinity.preferred.is_empty()
}

/// The sum of the weights of the preferred terms that match the node.
#[must_use]
pub fn preferred_weight(cycle: &Cycle<'_>, node: &NodeInfo) -> i64 {
    let terms = cycle.template().preferred_affinity.iter().chain(&cycle.profile.added_affinity.preferred);
    terms.filter(|(_, term)| term_matches(term, node)).map(|(weight, _)| weight).sum()
}
