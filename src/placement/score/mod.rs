//! The score plugins with their weights, and how their scores become one total a node.
//!
//! Every score is an integer from 0 to 100 after normalisation over the feasible nodes; the total is the weighted sum.

pub mod least_allocated;
pub mod node_affinity;
pub mod node_resources_balanced_allocation;
mod resource;
pub mod taint_toleration;

pub use resource::{DEFAULT_RESOURCES, Resource};

use super::{PodView, Rules};
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
    /// The normalised scores of the nodes, in their order; `None` when the plugin has nothing to say about the pod.
    pub score: fn(&PodView<'_>, &[&NodeInfo], &Rules) -> Option<Vec<i64>>,
}

/// The score plugins of the default profile.
pub const PLUGINS: [Plugin; 4] = [
    Plugin { name: "TaintToleration", weight: 3, score: taint_toleration::score },
    Plugin { name: "NodeAffinity", weight: 2, score: node_affinity::score },
    Plugin { name: "NodeResourcesFit", weight: 1, score: least_allocated::score },
    Plugin { name: "NodeResourcesBalancedAllocation", weight: 1, score: node_resources_balanced_allocation::score },
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
pub fn score(pod: &PodView<'_>, feasible: &[&NodeInfo], rules: &Rules) -> Vec<i64> {
    let mut totals = vec![0; feasible.len()];
    for plugin in score_by_plugin(pod, feasible, rules) {
        for (total, score) in totals.iter_mut().zip(&plugin.scores) {
            *total += plugin.weight * score;
        }
    }
    totals
}

/// What each plugin gives the feasible nodes.
#[must_use]
pub fn score_by_plugin(pod: &PodView<'_>, feasible: &[&NodeInfo], rules: &Rules) -> Vec<PluginScores> {
    let run = |plugin: &Plugin| PluginScores {
        plugin: plugin.name,
        weight: plugin.weight,
        scores: (plugin.score)(pod, feasible, rules).unwrap_or_default(),
    };
    PLUGINS.iter().map(run).collect()
}

/// kube-scheduler's DefaultNormalizeScore: the largest raw score becomes 100, or 0 when `reverse`.
pub(super) fn normalize(raw: &mut [i64], reverse: bool) {
    let largest = raw.iter().copied().max().unwrap_or(0);
    for score in raw {
        let share = if largest == 0 { 0 } else { MAX_NODE_SCORE * *score / largest };
        *score = if reverse { MAX_NODE_SCORE - share } else { share };
    }
}
