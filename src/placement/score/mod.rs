//! The score plugins with their weights, and how their scores become one total a node.
//!
//! Every score is an integer from 0 to 100 after normalisation over the feasible nodes; the total is the weighted sum.

pub mod image_locality;
pub mod inter_pod_affinity;
pub mod node_affinity;
pub mod node_resources_balanced_allocation;
pub mod node_resources_fit;
pub mod pod_topology_spread;
pub(super) mod resource;
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
    /// True when it has nothing to say about the pod.
    pub is_skipped: fn(&Cycle<'_>) -> bool,
    /// How it scores.
    pub score: Score,
}

/// How a plugin scores, by what the score of a node depends on.
#[derive(Clone, Copy, Debug)]
pub enum Score {
    /// On the node and the pods on it alone.
    Node(fn(&Cycle<'_>, &NodeInfo) -> i64),
    /// On a raw number that the labels and taints of the node decide, and on the largest among the feasible nodes.
    Normalized {
        /// The raw number, at least 0.
        raw: fn(&Cycle<'_>, &NodeInfo) -> i64,
        /// True when the largest raw number scores 0 instead of 100.
        reverse: bool,
    },
    /// On other nodes too: the scores of the feasible nodes, in their order; `None` when there is nothing to say after all.
    Cluster(for<'a> fn(&Cycle<'a>, &[&'a NodeInfo]) -> Option<Vec<i64>>),
}

impl Plugin {
    /// The normalised scores of the feasible nodes, in their order; `None` when the plugin has nothing to say about the pod.
    #[must_use]
    pub fn run<'a>(&self, cycle: &Cycle<'a>, feasible: &[&'a NodeInfo]) -> Option<Vec<i64>> {
        if (self.is_skipped)(cycle) {
            return None;
        }
        match self.score {
            Score::Node(score) => Some(feasible.iter().map(|node| score(cycle, node)).collect()),
            Score::Normalized { raw, reverse } => {
                let mut scores: Vec<i64> = feasible.iter().map(|node| raw(cycle, node)).collect();
                let largest = scores.iter().copied().max().unwrap_or(0);
                scores.iter_mut().for_each(|score| *score = normalized(*score, largest, reverse));
                Some(scores)
            }
            Score::Cluster(score) => score(cycle, feasible),
        }
    }
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
        scores: plugin.run(cycle, feasible).unwrap_or_default(),
    };
    PLUGINS.iter().map(run).collect()
}

/// kube-scheduler's DefaultNormalizeScore: `largest`, the largest raw score, becomes 100, or 0 when `reverse`.
#[must_use]
pub const fn normalized(raw: i64, largest: i64, reverse: bool) -> i64 {
    let share = if largest == 0 { 0 } else { MAX_NODE_SCORE * raw / largest };
    if reverse { MAX_NODE_SCORE - share } else { share }
}
