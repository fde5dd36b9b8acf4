//! Which changes of the cluster have waiting pods tried again.
//!
//! A node counts as new when it becomes Ready. kube-scheduler hears of it as soon as it is registered, tries the pods in vain, and
//! again when its taint goes; here the pre-check, which upstream has dropped where it has hints, leaves the first out.

use super::Scheduler;
use super::decide::cycle_of;
use super::node_tree::is_listed;
use super::queue::{BackoffRules, Kind};
use crate::cluster::{Ctx, NodeId, NodeInfo, NodePhase, PodId, World};
use crate::placement::filter::{Filters, Scope, may_help};
use crate::placement::{ClusterEvent, Cycle};

impl Scheduler {
    /// The node became Ready.
    pub fn on_node_ready(&mut self, world: &World, node: NodeId, ctx: &mut Ctx<'_>) {
        if is_listed(&world.nodes[node]) {
            self.wake(world, &ClusterEvent::NodeAdded(&world.nodes[node].info), ctx);
        }
    }

    /// The node was uncordoned.
    pub fn on_node_uncordoned(&mut self, world: &World, node: NodeId, ctx: &mut Ctx<'_>) {
        if is_listed(&world.nodes[node]) {
            self.wake(world, &ClusterEvent::NodeUncordoned(&world.nodes[node].info), ctx);
        }
    }

    /// The node began to be deleted or reimaged: it has left the API.
    pub fn on_node_left(&mut self, world: &World, node: NodeId, ctx: &mut Ctx<'_>) {
        let state = &world.nodes[node];
        let leaves = matches!(state.phase, NodePhase::Deleting | NodePhase::Deallocating | NodePhase::Reimaging);
        if state.times.registered.is_some() && leaves {
            self.wake(world, &ClusterEvent::NodeDeleted(&state.info), ctx);
        }
    }

    /// A pod was bound: others may have waited for its company.
    pub fn on_pod_bound(&mut self, world: &World, pod: PodId, ctx: &mut Ctx<'_>) {
        self.wake(world, &ClusterEvent::PodBound(world.template(pod)), ctx);
    }

    /// A pod finished or is gone. One that had no node leaves the queue; one that had gives its place back.
    pub fn on_pod_gone(&mut self, world: &mut World, pod: PodId, ctx: &mut Ctx<'_>) {
        if world.pods[pod].node.is_none() {
            self.queue.remove(pod);
            self.nominations.clear(world, pod);
            return;
        }
        if world.pods[pod].times.ended != Some(ctx.now) {
            return; // It had finished before, and its resources were free since.
        }
        self.wake(world, &ClusterEvent::PodEnded(world.template(pod)), ctx);
    }

    fn wake(&mut self, world: &World, event: &ClusterEvent<'_>, ctx: &mut Ctx<'_>) {
        self.queue.wake(ctx.now, BackoffRules::of(world), |kind| helps(world, kind, event));
        self.plan(world, ctx);
    }
}

/// True when the change may let pods of this kind run. Those that no plugin rejected are always tried again.
fn helps(world: &World, kind: &Kind, event: &ClusterEvent<'_>) -> bool {
    let cycle = cycle_of(world, kind.workload, kind.pinned, &[]);
    let takes_it = || event.new_node().is_none_or(|node| passes_pre_check(&cycle, node));
    kind.rejected_by.is_empty() || (may_help(&cycle, &kind.rejected_by, event) && takes_it())
}

/// True when the node has nothing of its own against the pod. What plugins say that look at other nodes too may change with the
/// coming of this one.
fn passes_pre_check(cycle: &Cycle<'_>, node: &NodeInfo) -> bool {
    let filters = Filters::prepare_those(cycle, |plugin| plugin.scope != Scope::Cluster);
    filters.is_ok_and(|filters| filters.filter(node).is_ok())
}
