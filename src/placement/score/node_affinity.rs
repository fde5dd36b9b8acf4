//! NodeAffinity's score: the sum of the weights of the preferred terms that match.

use super::{Plugin, Score};
use crate::cluster::NodeInfo;
use crate::placement::Cycle;
use crate::placement::filter::node_affinity::term_matches;
use crate::scenario::plan::NodeSelectorTerm;

/// The plugin.
pub const PLUGIN: Plugin = Plugin {
    name: "NodeAffinity",
    weight: 2,
    is_skipped: |cycle| preferred(cycle).next().is_none(),
    score: Score::Normalized { raw: matching_weight, reverse: false },
};

/// The sum of the weights of the preferred terms that match the node.
fn matching_weight(cycle: &Cycle<'_>, node: &NodeInfo) -> i64 {
    preferred(cycle).filter(|(_, term)| term_matches(term, node)).map(|(weight, _)| weight).sum()
}

/// What the pod and the scheduler's configuration prefer.
fn preferred<'a>(cycle: &Cycle<'a>) -> impl Iterator<Item = &'a (i64, NodeSelectorTerm)> {
    cycle.template().preferred_affinity.iter().chain(&cycle.profile.added_affinity.preferred)
}
