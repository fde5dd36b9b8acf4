//! The loop's own copy of the cluster, on which it tries placements before it asks for anything.

use super::fitting::Fitting;
use super::scale_up::promised_node;
use super::template;
use crate::cluster::{NodeId, NodeInfo, NodePhase, PodId, PoolId, WorkloadId, World};
use crate::placement::PodView;
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
    /// Nodes that take no pods, and whose own pods count all the same where pods look at each other.
    bystanders: Vec<NodeInfo>,
}

impl Snapshot {
    /// The cluster as it is. `leaving` says which nodes the autoscaler is removing.
    pub(super) fn of(world: &World, pools: &[PoolId], leaving: impl Fn(NodeId) -> bool) -> Self {
        let ready = world.live_nodes.iter().copied().filter(|node| world.nodes[*node].is_ready());
        let (open, closed): (Vec<NodeId>, Vec<NodeId>) =
            ready.partition(|node| takes_pods(world, *node) && !leaving(*node));
        let mut nodes: Vec<_> = open
            .into_iter()
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
                let node = |number| SnapshotNode {
                    node: None,
                    info: template::named(&info, &format!("upcoming-{}-{number}", world.pool_plan(*pool).name)),
                    pods: Vec::new(),
                    removed: false,
                };
                nodes.extend((0..upcoming).map(node));
            }
        }
        let bystanders = closed.into_iter().map(|node| world.nodes[node].info.clone()).collect();
        let mut snapshot = Self { nodes, bystanders };
        snapshot.keep_promises(world);
        snapshot
    }

    /// Puts pods that were promised a node there, whether there is room yet or not.
    fn keep_promises(&mut self, world: &World) {
        let pods = world.workloads.iter().flat_map(|(_, workload)| workload.pods.iter());
        for (pod, node) in pods.filter_map(|pod| Some((*pod, promised_node(world, *pod)?))) {
            if let Some(place) = self.nodes.iter_mut().find(|place| place.node == Some(node)) {
                place.info.add(world.pods[pod].workload, world.template(pod));
                place.info.mount(&world.pods[pod].claims);
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
        let fitting = Fitting::of(world);
        let mut search = Search::default();
        pods.retain(|pod| {
            let found = search.find(&fitting, world, self, *pod, |_| true);
            if let Some(index) = found {
                self.put(world, *pod, index);
            }
            found.is_none()
        });
        pods
    }

    /// What the scheduler would know of the nodes that are there: removed ones are not.
    pub(super) fn infos(&self) -> Vec<&NodeInfo> {
        let present = self.nodes.iter().filter(|node| !node.removed).map(|node| &node.info);
        present.chain(&self.bystanders).collect()
    }

    /// Puts the pod on the node.
    pub(super) fn put(&mut self, world: &World, pod: PodId, index: usize) {
        let info = &mut self.nodes[index].info;
        info.add(world.pods[pod].workload, world.template(pod));
        info.mount(&world.pods[pod].claims);
        self.nodes[index].pods.push(pod);
    }

    /// Takes the pod that was put there last off the node.
    pub(super) fn take_back(&mut self, world: &World, pod: PodId, index: usize) {
        let info = &mut self.nodes[index].info;
        info.remove(world.pods[pod].workload, world.template(pod), false);
        info.unmount(&world.pods[pod].claims);
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
        fitting: &Fitting<'_>,
        world: &World,
        snapshot: &Snapshot,
        pod: PodId,
        accepts: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let view = pod_view(world, pod);
        let looks_around = fitting.looks_around(view);
        let begin = self.begin.entry(world.pods[pod].workload).or_insert(0);
        let end = snapshot.nodes.len();
        let infos = if looks_around { snapshot.infos() } else { Vec::new() };
        let filters = fitting.filters(view, &infos);
        let found = filters.and_then(|filters| {
            (*begin..end).find(|index| accepts(*index) && filters.filter(&snapshot.nodes[*index].info).is_ok())
        });
        match found {
            // A pod placed elsewhere may open a node to the next one that looks around, and one with claims is like no other.
            Some(_) if looks_around => {}
            None if !view.claims.ids.is_empty() => {}
            // Upstream, too, gives up on the pods of a controller once one of them has no place.
            _ => *begin = found.unwrap_or(end),
        }
        found
    }
}

/// The pod as the scheduler's filters see it.
pub(super) fn pod_view(world: &World, pod: PodId) -> PodView<'_> {
    PodView { claims: world.claims(pod), ..PodView::of(world.template(pod)) }
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
