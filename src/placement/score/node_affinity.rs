//! NodeAffinity's score: the sum of the weights of the preferred terms that match.

use super::normalize;
use crate::cluster::NodeInfo;
use crate::placement::filter::node_affinity::term_matches;
use crate::placement::{PodView, Rules};

/// Normalised scores: 100 for the node with the largest sum; `None` for a pod without preferred terms.
#[must_use]
pub fn score(pod: &PodView<'_>, nodes: &[&NodeInfo], _: &Rules) -> Option<Vec<i64>> {
    let preferred = &pod.template.preferred_affinity;
    if preferred.is_empty() {
        return None;
    }
    let weights =
        |node: &NodeInfo| preferred.iter().filter(|(_, term)| term_matches(term, node)).map(|(weight, _)| weight).sum();
    let mut scores: Vec<i64> = nodes.iter().map(|node| weights(node)).collect();
    normalize(&mut scores, false);
    Some(scores)
}
