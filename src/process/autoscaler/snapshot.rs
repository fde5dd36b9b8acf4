//! The loop's own copy of the cluster, on which it tries placements before it asks for anything.

use super::scale_up::promised_node;
use super::template;
use crate::catalog::KubernetesVersion;
use crate::cluster::{NodeId, NodeInfo, NodePhase, PodId, PoolId, WorkloadId, World};
use crate::placement::filter::Filters;
use crate::placement::{Cycle, PodView, Rules};
use crate::scenario::plan::{PodTemplate, SchedulerPlan};
use std::collections::BTreeMap;

/// A node of the snapshot: a copy of a real one, or one that is still to come.
#[derive(Clone, Debug)]
pub(super) struct SnapshotNode {
    /// The real node; `None` for one that is still to come.
    pub(super) node: Option<NodeId>,
    /// What the scheduler would know of it.
    pub(super) info: NodeInfo,
    /// Pods on it, those placed here among them.
    pub(super) pods: Vec<PodId>,
    /// True once it is judged removable: it takes no pods any more.
    pub(super) removed: bool,
}

/// Ready nodes that take pods, in order of birth, and behind them the upcoming nodes of the autoscaled pools.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    /// The nodes.
    pub(super) nodes: Vec<SnapshotNode>,
}

impl Snapshot {
    /// The cluster as it is. `leaving` says which nodes the autoscaler is removing.
    pub(super) fn of(world: &World, pools: &[PoolId], leaving: impl Fn(NodeId) -> bool) -> Self {
        let real = world.live_nodes.iter().copied().filter(|node| takes_pods(world, *node) && !leaving(*node));
        let mut nodes: Vec<_> = real
            .map(|node| SnapshotNode {
                node: Some(node),
                info: world.nodes[node].info.clone(),
                pods: world.nodes[node].pods.clone(),
                removed: false,
            })
            .collect();
        for pool in pools {
            let upcoming = upcoming(world, *pool);
            if upcoming > 0 {
                let info = template::node_info(world, *pool);
                let node = SnapshotNode { node: None, info, pods: Vec::new(), removed: false };
                nodes.extend(std::iter::repeat_n(node, upcoming as usize));
            }
        }
        let mut snapshot = Self { nodes };
        snapshot.keep_promises(world);
        snapshot
    }

    /// Puts pods that were promised a node there, whether there is room yet or not.
    fn keep_promises(&mut self, world: &World) {
        let pods = world.workloads.iter().flat_map(|(_, workload)| workload.pods.iter());
        for (pod, node) in pods.filter_map(|pod| Some((*pod, promised_node(world, *pod)?))) {
            if let Some(place) = self.nodes.iter_mut().find(|place| place.node == Some(node)) {
                place.info.add(world.pods[pod].workload, world.template(pod));
            }
        }
    }

    /// Places what has room on existing and upcoming nodes, highest priority first, each pod on the first node that fits.
    /// Returns the pods without room. Placed pods stay placed.
    ///
    /// Upstream begins each search behind the node found last; here it begins at the first node, so that a scan of an
    /// unchanged world comes to the same result.
    pub(super) fn place(&mut self, world: &World, mut pods: Vec<PodId>) -> Vec<PodId> {
        pods.sort_by_key(|pod| std::cmp::Reverse(world.template(*pod).priority));
        let mut search = Search::default();
        pods.retain(|pod| {
            let found = search.find(world, self, *pod, |_| true);
            if let Some(index) = found {
                self.put(world, *pod, index);
            }
            found.is_none()
        });
        pods
    }

    /// Puts the pod on the node.
    pub(super) fn put(&mut self, world: &World, pod: PodId, index: usize) {
        self.nodes[index].info.add(world.pods[pod].workload, world.template(pod));
        self.nodes[index].pods.push(pod);
    }

    /// Takes the pod that was put there last off the node.
    pub(super) fn take_back(&mut self, world: &World, pod: PodId, index: usize) {
        self.nodes[index].info.remove(world.pods[pod].workload, world.template(pod), false);
        self.nodes[index].pods.pop();
    }
}

/// A search for places, pod by pod, while the nodes of the snapshot only get fuller.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// Where the search for the next pod of a workload begins: its pods are alike, so what refused one refuses the next.
    begin: BTreeMap<WorkloadId, usize>,
}

impl Search {
    /// The first node that `accepts` and that has room for the pod. `accepts` looks at the place of the node in the snapshot
    /// and answers the same during the whole search.
    pub(super) fn find(
        &mut self,
        world: &World,
        snapshot: &Snapshot,
        pod: PodId,
        accepts: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let template = world.template(pod);
        let begin = self.begin.entry(world.pods[pod].workload).or_insert(0);
        let end = snapshot.nodes.len();
        let found = (*begin..end).find(|index| accepts(*index) && fits(template, &snapshot.nodes[*index].info));
        *begin = found.unwrap_or(end);
        found
    }
}

/// True when the pod passes the scheduler's filters on the node, as far as the node alone decides.
pub(super) fn fits(pod: &PodTemplate, node: &NodeInfo) -> bool {
    // The rules of a version change reasons and scores, not whether a pod fits.
    const RULES: Rules = Rules::of(KubernetesVersion::minor(34));
    let cycle = Cycle {
        pod: PodView::of(pod),
        nodes: &[],
        templates: &Vec::<PodTemplate>::new(),
        profile: &SchedulerPlan::default(),
        rules: RULES,
    };
    Filters::prepare_those(&cycle, |plugin| plugin.is_local).is_ok_and(|filters| filters.filter(node).is_ok())
}

/// True for a node that is Ready and not cordoned.
pub(super) fn takes_pods(world: &World, node: NodeId) -> bool {
    world.nodes[node].is_ready() && !world.nodes[node].info.unschedulable
}

/// Nodes of the pool that are asked for and have not been Ready yet, surge nodes among them: the scale set's capacity has them.
pub(super) fn upcoming(world: &World, pool: PoolId) -> u32 {
    let state = &world.pools[pool];
    let (mut members, mut booting) = (0, 0);
    for node in world.members(pool) {
        members += 1;
        booting += u32::from(matches!(world.nodes[node].phase, NodePhase::Booting(_)));
    }
    booting + (state.target + state.surge).saturating_sub(members)
}
