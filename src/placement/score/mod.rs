//! The score plugins with their weights, and how their scores become one total a node.
//!
//! Every score is an integer from 0 to 100 after normalisation over the feasible nodes; the total is the weighted sum.

pub mod image_locality;
pub mod inter_pod_affinity;
pub mod node_affinity;
pub mod node_resources_balanced_allocation;
pub mod node_resources_fit;
pub mod pod_topology_spread;
mod resource;
pub mod taint_toleration;

use super::Cycle;
use crate::cluster::NodeInfo;

/// The best score of a plugin.
pub const MAX_NODE_SCORE: i64 = 100;

/// A score plugin of the profile.
#[derive(Clone, Copy, Debug)]
pub struct Plugin {
    /// kube-scheduler's name of it.
    pub name: &'static str,
    /// Its weight in the total.
    pub weight: i64,
    /// The normalised scores of the feasible nodes, in their order; `None` when the plugin has nothing to say about the pod.
    pub score: for<'a> fn(&Cycle<'a>, &[&'a NodeInfo]) -> Option<Vec<i64>>,
}

/// The score plugins of the default profile.
pub const PLUGINS: [Plugin; 7] = [
    taint_toleration::PLUGIN,
    node_affinity::PLUGIN,
    node_resources_fit::PLUGIN,
    pod_topology_spread::PLUGIN,
    inter_pod_affinity::PLUGIN,
    node_resources_balanced_allocation::PLUGIN,
    image_locality::PLUGIN,
];

/// What one plugin gives the nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginScores {
    /// The plugin.
    pub plugin: &'static str,
    /// Its weight.
    pub weight: i64,
    /// Scores before the weight, in the nodes' order; empty when the plugin was skipped.
    pub scores: Vec<i64>,
}

/// The total of each feasible node, in their order.
#[must_use]
pub fn score<'a>(cycle: &Cycle<'a>, feasible: &[&'a NodeInfo]) -> Vec<i64> {
    let mut totals = vec![0; feasible.len()];
    for plugin in score_by_plugin(cycle, feasible) {
        for (total, score) in totals.iter_mut().zip(&plugin.scores) {
            *total += plugin.weight * score;
        }
    }
    totals
}

/// What each plugin gives the feasible nodes.
#[must_use]
pub fn score_by_plugin<'a>(cycle: &Cycle<'a>, feasible: &[&'a NodeInfo]) -> Vec<PluginScores> {
    let run = |plugin: &Plugin| PluginScores {
        plugin: plugin.name,
        weight: plugin.weight,
        scores: (plugin.score)(cycle, feasible).unwrap_or_default(),
    };
    PLUGINS.iter().map(run).collect()
}

/// kube-scheduler's DefaultNormalizeScore: `largest`, the largest raw score, becomes 100, or 0 when `reverse`.
pub(super) const fn normalized(raw: i64, largest: i64, reverse: bool) -> i64 {
    let share = if largest == 0 { 0 } else { MAX_NODE_SCORE * raw / largest };
    if reverse { MAX_NODE_SCORE - share } else { share }
}

/// [`normalized`] for each of the raw scores.
fn normalize(raw: &mut [i64], reverse: bool) {
    let largest = raw.iter().copied().max().unwrap_or(0);
    for score in raw {
        *score = normalized(*score, largest, reverse);
    }
}
