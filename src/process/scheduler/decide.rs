//! One scheduling cycle as a pure function: which node, or why none.

use super::queue::RejectedBy;
use crate::cluster::{Node, NodeId, PodId, World};
use crate::placement::filter::{self, Target, node_affinity};
use crate::placement::{self, NOT_READY, PodView, Reason, Rejection, Rules};
use crate::scenario::plan::{Taint, TaintEffect};

/// Up to this many nodes all are looked at, and so many feasible ones are always looked for.
const MIN_FEASIBLE_NODES: usize = 100;

/// The outcome of a cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The node, or why there is none.
    pub outcome: Result<NodeId, Unschedulable>,
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

/// What the scheduler does with the pod. `order` are the nodes, of which the search starts with number `start`.
#[must_use]
pub fn decide(world: &World, pod: PodId, order: &[NodeId], start: usize) -> Decision {
    let view = pod_view(world, pod);
    if order.is_empty() {
        return unschedulable("no nodes available to schedule pods".to_owned(), RejectedBy::new(), 0);
    }
    let Some(names) = node_affinity::node_names(&view) else {
        return search(world, pod, &view, order, order.len(), start);
    };
    if names.is_empty() {
        let message = placement::pre_filter_error(order.len(), Reason::TermsConflict);
        return unschedulable(message, RejectedBy::from([node_affinity::NAME]), 0);
    }
    let named: Vec<NodeId> =
        order.iter().copied().filter(|node| names.contains(&*world.nodes[*node].info.name)).collect();
    search(world, pod, &view, &named, order.len(), start)
}

/// The pod as the plugins see it.
#[must_use]
pub fn pod_view(world: &World, pod: PodId) -> PodView<'_> {
    PodView { template: world.template(pod), pinned: world.pods[pod].pinned.map(|node| &*world.nodes[node].info.name) }
}

/// Runs the filters on a node. A node that is not Ready carries the taint that the node lifecycle controller puts on it.
///
/// # Errors
/// The first plugin's rejection.
pub fn filter_node<'a>(
    pod: &PodView<'a>,
    node: &'a Node,
    not_ready: &'a Taint,
    rules: &Rules,
) -> Result<(), Rejection<'a>> {
    let condition_taints = if node.is_ready() { &[] } else { std::slice::from_ref(not_ready) };
    filter::run(pod, &Target { node: &node.info, condition_taints }, rules)
}

/// The taint of a node that is not Ready.
#[must_use]
pub fn not_ready_taint() -> Taint {
    Taint { key: NOT_READY.into(), value: "".into(), effect: TaintEffect::NoSchedule }
}

/// Filters `candidates` until enough are feasible, and takes the best of those. `all` counts the nodes that PreFilter left out, too.
fn search(world: &World, pod: PodId, view: &PodView<'_>, candidates: &[NodeId], all: usize, start: usize) -> Decision {
    let rules = Rules::of(world.version);
    let not_ready = not_ready_taint();
    let wanted = feasible_nodes_to_find(candidates.len());
    let (mut feasible, mut rejections) = (Vec::new(), Vec::new());
    for i in 0..candidates.len() {
        let node = candidates[(start + i) % candidates.len()];
        match filter_node(view, &world.nodes[node], &not_ready, &rules) {
            // One more than wanted is looked for, and the next search begins with it.
            Ok(()) if feasible.len() == wanted => break,
            Ok(()) => feasible.push(node),
            Err(rejection) => rejections.push(rejection),
        }
    }
    let examined = feasible.len() + rejections.len();
    if feasible.is_empty() {
        let mut plugins: RejectedBy = rejections.iter().map(|rejection| rejection.plugin).collect();
        if candidates.len() < all {
            plugins.insert(node_affinity::NAME);
        }
        return unschedulable(placement::fit_error(all, &rejections), plugins, examined);
    }
    Decision { outcome: Ok(select_host(world, pod, view, &feasible, &rules)), examined }
}

/// One of the nodes with the best score, each as likely as the other. A single feasible node is not scored.
fn select_host(world: &World, pod: PodId, view: &PodView<'_>, feasible: &[NodeId], rules: &Rules) -> NodeId {
    if let [only] = feasible {
        return *only;
    }
    let infos: Vec<_> = feasible.iter().map(|node| &world.nodes[*node].info).collect();
    let totals = placement::score(view, &infos, rules);
    let best = totals.iter().max().expect("a pod with feasible nodes has scores");
    let tied: Vec<NodeId> =
        feasible.iter().zip(&totals).filter(|(_, total)| *total == best).map(|(node, _)| *node).collect();
    if let [only] = tied[..] {
        return only;
    }
    // A stream of the pod's own: another policy's ties do not shift this pod's draw.
    let choice = world.streams.stream("select-host", &world.pods[pod].name).below(tied.len() as u64);
    tied[usize::try_from(choice).expect("an index below a length fits")]
}

/// How many feasible nodes are enough among `nodes`, with kube-scheduler's adaptive percentageOfNodesToScore.
fn feasible_nodes_to_find(nodes: usize) -> usize {
    if nodes < MIN_FEASIBLE_NODES {
        return nodes;
    }
    let percentage = 50usize.saturating_sub(nodes / 125).max(5);
    (nodes * percentage / 100).max(MIN_FEASIBLE_NODES)
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
            assert_eq!(feasible_nodes_to_find(nodes), enough, "{nodes} nodes");
        }
    }
}
