//! Drains nodes as `kubectl drain` does: every pod of the node is evicted on its own, all at once, again and again while a
//! disruption budget forbids it.
//!
//! AKS drains as with `--ignore-daemonsets --delete-emptydir-data --force`: DaemonSet pods stay, nothing but a budget holds a pod
//! back. (The flags are an inference: local data and bare pods do not block AKS's drains, budgets do.)
//! Source: Kubernetes 1.31-1.36, `staging/src/k8s.io/kubectl/pkg/drain`. Not modelled: mirror pods; the second between two looks
//! whether an evicted pod is gone.

use crate::cluster::{Ctx, DrainOutcome, Event, EvictionRefused, Fact, NodeId, PodId, World};

/// The drain process. What it has to remember stands in the world's drains, where those who ask for drains see it too.
#[derive(Clone, Copy, Debug, Default)]
pub struct Drains;

impl Drains {
    /// Begins to evict the pods that are on the node now. The node is cordoned, so no other pod has to be looked for later.
    pub fn on_start_drain(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        if !world.is_draining(node) {
            return;
        }
        let leaving: Vec<PodId> =
            world.nodes[node].pods.iter().copied().filter(|pod| !world.is_daemon(*pod)).collect();
        let drain = world.drains.get_mut(&node).expect("a drain in progress has a row");
        for pod in leaving {
            drain.pods.insert(pod, Some(ctx.now));
            ctx.soon(Event::EvictPod(pod));
        }
        end_when_empty(world, node, ctx);
    }

    /// Asks for the eviction of the pod, and plans the next attempt when a budget forbids it now.
    pub fn on_evict_pod(&mut self, world: &mut World, pod: PodId, ctx: &mut Ctx<'_>) {
        let Some(node) = world.pods[pod].node.filter(|node| world.is_draining(*node)) else {
            return; // Stale: the drain is over.
        };
        if world.drains[&node].pods.get(&pod) != Some(&Some(ctx.now)) {
            return; // Stale: the pod has left, or a newer drain has its own attempts.
        }
        let next = match evict(world, pod, ctx) {
            // kubectl gives up on any other error, so the pod stays until the timeout.
            Ok(()) | Err(EvictionRefused::TwoBudgets) => None,
            Err(EvictionRefused::Budget(_)) => Some(ctx.now + world.drains[&node].retry),
        };
        if let Some(at) = next {
            ctx.at(at, Event::EvictPod(pod));
        }
        world.drains.get_mut(&node).expect("a drain in progress has a row").pods.insert(pod, next);
    }

    /// A pod is gone: if it was the last that had to leave its node, the drain is over.
    pub fn on_pod_gone(&mut self, world: &mut World, pod: PodId, ctx: &mut Ctx<'_>) {
        let Some(node) = world.pods[pod].node.filter(|node| world.is_draining(*node)) else {
            return;
        };
        let drain = world.drains.get_mut(&node).expect("a drain in progress has a row");
        if drain.pods.remove(&pod).is_some() {
            end_when_empty(world, node, ctx);
        }
    }

    /// Gives the drain up when its time is over. Evictions accepted until then are not taken back.
    pub fn on_drain_timeout(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        // A timeout of an earlier drain of the node finds another deadline.
        if world.is_draining(node) && world.drains[&node].deadline == ctx.now {
            end(world, node, DrainOutcome::TimedOut, ctx);
        }
    }
}

/// Evicts the pod unless somebody else has asked for its deletion already: then there is only the waiting left.
fn evict(world: &mut World, pod: PodId, ctx: &mut Ctx<'_>) -> Result<(), EvictionRefused> {
    if world.pods[pod].times.deleted.is_some() { Ok(()) } else { world.evict(pod, ctx) }
}

fn end_when_empty(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    if world.drains[&node].pods.is_empty() {
        end(world, node, DrainOutcome::Drained, ctx);
    }
}

fn end(world: &mut World, node: NodeId, outcome: DrainOutcome, ctx: &mut Ctx<'_>) {
    world.drains.get_mut(&node).expect("a drain in progress has a row").outcome = Some(outcome);
    ctx.observe(Fact::NodeDrained(node, outcome == DrainOutcome::Drained));
    ctx.soon(Event::DrainEnded(node));
}
