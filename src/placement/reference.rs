//! One scheduling cycle, plainly: filter node after node, score the feasible ones, take the best.
//!
//! This is the reference. The scheduler's everyday path ([`Scoreboard`](super::Scoreboard)) answers from what it remembers and must
//! come to the same decision.

use super::filter::{Filters, node_affinity};
use super::rejection::Tally;
use super::{Cycle, pre_filter_error, score};
use crate::cluster::NodeInfo;
use std::collections::BTreeSet;

/// Up to this many nodes all are looked at, and so many feasible ones are always looked for.
const MIN_FEASIBLE_NODES: usize = 100;

/// The plugins that rejected a pod on some node. None at all: there was no node to look at.
pub type RejectedBy = BTreeSet<&'static str>;

/// The outcome of a cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Positions of the nodes with the best score, of which one is drawn, in the order of the search; or why there is none.
    pub outcome: Result<Vec<usize>, Unschedulable>,
    /// Nodes that the search went past: the next one starts so much further.
    pub examined: usize,
}

/// Why no node was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unschedulable {
    /// kubectl's sentence.
    pub message: String,
    /// The plugins that rejected the pod on some node.
    pub plugins: RejectedBy,
}

/// Pods that were promised a node and are not there yet.
#[derive(Clone, Debug)]
pub struct Nominated {
    /// Position of the node.
    pub position: usize,
    /// The node with those of them on it that the pod must give way to.
    pub with_pods: NodeInfo,
}

/// What the scheduler does with the pod, of whose nodes the search starts with number `start`.
#[must_use]
pub fn decide(cycle: &Cycle<'_>, start: usize, nominated: &[Nominated]) -> Decision {
    let all = cycle.nodes.len();
    if all == 0 {
        let message = "no nodes available to schedule pods".to_owned();
        return unschedulable(message, RejectedBy::new(), 0);
    }
    let mut filters = match Filters::prepare(cycle) {
        Ok(filters) => filters,
        Err(rejection) => {
            return unschedulable(pre_filter_error(all, &rejection), RejectedBy::from([rejection.plugin]), 0);
        }
    };
    let mut tally = Tally::default();
    let crowded = crowded(cycle, &mut filters, nominated, &mut tally);
    let candidates = candidates(cycle, &filters);
    let wanted = feasible_nodes_to_find(candidates.len(), cycle.profile.percentage_of_nodes_to_score);
    let (mut feasible, mut rejected) = (Vec::new(), 0);
    for i in 0..candidates.len() {
        let position = candidates[(start + i) % candidates.len()];
        if crowded.contains(&position) {
            rejected += 1;
            continue;
        }
        match filters.filter(cycle.nodes[position]) {
            // One more than wanted is looked for, and the next search begins with it.
            Ok(()) if feasible.len() == wanted => break,
            Ok(()) => feasible.push(position),
            Err(rejection) => {
                rejected += 1;
                tally.add(&rejection);
            }
        }
    }
    let examined = feasible.len() + rejected;
    if feasible.is_empty() {
        if rejected < all {
            tally.plugins.insert(node_affinity::NAME);
        }
        return unschedulable(tally.sentence(all, rejected), tally.plugins, examined);
    }
    Decision { outcome: Ok(best(cycle, &feasible)), examined }
}

/// How many feasible nodes are enough among `nodes`: `percentage` of them, or as kube-scheduler adapts it where that is 0.
#[must_use]
pub fn feasible_nodes_to_find(nodes: usize, percentage: u32) -> usize {
    if nodes < MIN_FEASIBLE_NODES || percentage >= 100 {
        return nodes;
    }
    let percentage = match percentage {
        0 => 50usize.saturating_sub(nodes / 125).max(5),
        given => given as usize,
    };
    (nodes * percentage / 100).max(MIN_FEASIBLE_NODES)
}

/// Positions of the nodes that PreFilter leaves.
fn candidates(cycle: &Cycle<'_>, filters: &Filters<'_>) -> Vec<usize> {
    let named = |position: &usize| filters.names().is_none_or(|names| names.contains(&*cycle.nodes[*position].name));
    (0..cycle.nodes.len()).filter(named).collect()
}

/// Positions of the nodes that the filters reject once the nominated pods are there, each told to the tally.
fn crowded(
    cycle: &Cycle<'_>,
    filters: &mut Filters<'_>,
    nominated: &[Nominated],
    tally: &mut Tally,
) -> BTreeSet<usize> {
    let mut crowded = BTreeSet::new();
    for Nominated { position, with_pods } in nominated {
        filters.replace(cycle.nodes[*position], with_pods);
        let among = filters.names().is_none_or(|names| names.contains(&*with_pods.name));
        if let Err(rejection) = filters.filter(with_pods)
            && among
        {
            crowded.insert(*position);
            tally.add(&rejection);
        }
        filters.replace(with_pods, cycle.nodes[*position]);
    }
    crowded
}

/// The feasible nodes with the best score. A single feasible node is not scored.
fn best(cycle: &Cycle<'_>, feasible: &[usize]) -> Vec<usize> {
    if let [only] = feasible {
        return vec![*only];
    }
    let nodes: Vec<&NodeInfo> = feasible.iter().map(|position| cycle.nodes[*position]).collect();
    let totals = score::score(cycle, &nodes);
    let best = totals.iter().max().expect("there are feasible nodes");
    feasible.iter().zip(&totals).filter(|(_, total)| *total == best).map(|(position, _)| *position).collect()
}

fn unschedulable(message: String, plugins: RejectedBy, examined: usize) -> Decision {
    Decision { outcome: Err(Unschedulable { message, plugins }), examined }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_clusters_are_searched_in_part() {
        for (nodes, enough) in [(0, 0), (99, 99), (100, 100), (200, 100), (1000, 420), (5000, 500), (6000, 300)] {
            assert_eq!(feasible_nodes_to_find(nodes, 0), enough, "{nodes} nodes");
        }
        assert_eq!([1, 30, 100].map(|percentage| feasible_nodes_to_find(1000, percentage)), [100, 300, 1000]);
    }
}
