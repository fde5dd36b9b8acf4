//! One scheduling cycle on the world: which node, or why none.

use super::node_tree::NodeTree;
use crate::cluster::{NodeId, NodeInfo, PodId, WorkloadId, World};
use crate::placement::reference::{self, Nominated, Unschedulable};
use crate::placement::{Cycle, PodView, Rules};

/// The outcome of a cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The node, or why there is none.
    pub outcome: Result<NodeId, Unschedulable>,
    /// Nodes that the search went past: the next one starts so much further.
    pub examined: usize,
}

/// What the scheduler does with the pod. The search starts with node number `start` of the tree's order. `nominated` is nearly
/// always empty.
#[must_use]
pub fn decide(world: &World, pod: PodId, tree: &NodeTree, start: usize, nominated: &[Nominated]) -> Decision {
    let infos: Vec<&NodeInfo> = tree.order().iter().map(|node| &world.nodes[*node].info).collect();
    let decision = reference::decide(&cycle(world, pod, &infos), start, nominated);
    let outcome = decision.outcome.map(|tied| tree.order()[select_host(world, pod, &tied)]);
    Decision { outcome, examined: decision.examined }
}

/// The cycle of a pod over these nodes.
#[must_use]
pub fn cycle<'a>(world: &'a World, pod: PodId, nodes: &'a [&'a NodeInfo]) -> Cycle<'a> {
    cycle_of(world, world.pods[pod].workload, world.pods[pod].pinned, nodes)
}

/// The cycle of a pod of the workload, held to a node when it is a DaemonSet's, over these nodes.
#[must_use]
pub fn cycle_of<'a>(
    world: &'a World,
    workload: WorkloadId,
    pinned: Option<NodeId>,
    nodes: &'a [&'a NodeInfo],
) -> Cycle<'a> {
    let template = &world.workload_plan(workload).template;
    Cycle {
        pod: PodView { template, pinned: pinned.map(|node| &*world.nodes[node].info.name) },
        nodes,
        templates: &world.plan.workloads,
        profile: &world.plan.cluster.scheduler,
        rules: Rules::of(world.version),
    }
}

/// One of the nodes with the best score, each as likely as the other.
fn select_host(world: &World, pod: PodId, tied: &[usize]) -> usize {
    if let [only] = tied {
        return *only;
    }
    // A stream of the pod's own: another policy's ties do not shift this pod's draw.
    let choice = world.streams.stream("select-host", &world.pods[pod].name).below(tied.len() as u64);
    tied[usize::try_from(choice).expect("an index below a length fits")]
}
