//! A VM that stops running, and what Kubernetes makes of it.
//!
//! Nobody is told. Pods on the node go on counting as ready, and get their share of the demand, until the kubelet's silence is
//! noticed. Then the Ready condition becomes Unknown, the pods are not ready, and the node gets taints that keep pods away and drive
//! those on it away when they have tolerated it for long enough. A deleted pod keeps its object until its kubelet is back
//! or the Node object is gone: a StatefulSet waits for that, a Deployment does not.
//!
//! Sources: Kubernetes documentation, "Nodes" (heartbeats, rate limits on eviction) and "Taints and Tolerations" (taint-based evictions),
//! 1.34. Not modelled: that the controller taints more slowly, or in small clusters not at all, while more than 55 % but
//! not all nodes of a zone are unready; `node.kubernetes.io/out-of-service`; pods of a stopped Node object that is deleted by hand.

use super::Faults;
use super::node_failure::{due, symptom};
use crate::catalog::{SpotEvictionPolicy, limits};
use crate::cluster::{CpuChange, Ctx, Event, NodeId, NodePhase, Outage, OutageCause, PodPhase, World};
use crate::kernel::SimDuration;
use crate::scenario::plan::Symptom;
use std::collections::BTreeSet;

/// Between two looks of the node controller at all nodes. Source: kube-controller-manager, `node-monitor-period`, 1.34.
const MONITOR_PERIOD: SimDuration = SimDuration::from_secs(5);

/// Between two nodes of a zone that are tainted so that pods are driven away. Source: kube-controller-manager,
/// `node-eviction-rate` 0.1 a second, 1.34.
const TAINT_INTERVAL: SimDuration = SimDuration::from_secs(10);

/// Between two rounds of the garbage collector for pods, and how long it waits for a missing node to turn up.
/// Source: Kubernetes 1.34, `pkg/controller/podgc/gc_controller.go`.
const POD_GC_PERIOD: SimDuration = SimDuration::from_secs(20);
/// See [`POD_GC_PERIOD`].
const POD_GC_QUARANTINE: SimDuration = SimDuration::from_secs(40);

/// The VM stops running, unless it does not run already.
pub(super) fn begin(world: &mut World, node: NodeId, cause: OutageCause, ctx: &mut Ctx<'_>) {
    if world.is_down(node) {
        return;
    }
    let name = format!("{}/{}", world.nodes[node].info.name, ctx.now.micros());
    let phase = world.streams.stream("node monitor", &name).below(MONITOR_PERIOD.micros());
    let grace = match symptom(world, cause) {
        Symptom::Silent => limits::node_monitor_grace(world.version),
        Symptom::NotReady => SimDuration::ZERO, // The node controller sees it at its next look.
    };
    let noticed = ctx.now + grace + SimDuration::from_micros(phase);
    let outage =
        Outage { cause, began: ctx.now, noticed, tainted: None, recovers: None, reimage: false, given_up: false };
    world.faults.outages.insert(node, outage);
    world.cpu_changed(CpuChange::Node(node), ctx);
    world.outbound_changed(node, ctx);
    ctx.soon(Event::NodeDown(node));
    ctx.at(noticed, Event::NodeUnreachable(node));
}

/// An upgrade of the node's pool may wait for it to be Ready: it looks again.
pub(super) fn tell_upgrade(world: &World, node: NodeId, ctx: &mut Ctx<'_>) {
    let pool = world.nodes[node].pool;
    if world.pools[pool].upgrade.is_some() {
        ctx.soon(Event::UpgradeStep(pool));
    }
}

impl Faults {
    /// The kubelet was not heard of for the grace period.
    pub fn on_unreachable(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        let Some(outage) = world.faults.outages.get(&node).copied().filter(|outage| outage.noticed == ctx.now) else {
            return; // Stale: it is back, or gone.
        };
        world.set_phase(node, NodePhase::NotReady);
        for pod in world.nodes[node].pods.clone() {
            if world.pods[pod].phase == PodPhase::Ready {
                world.pods[pod].phase = PodPhase::Started;
                world.serving_changed(pod, ctx);
            }
        }
        self.taint(world, node, ctx);
        match outage.cause {
            OutageCause::Failure(_) => ctx.at(due(world, &outage), Event::RepairStep(node)),
            OutageCause::Eviction => {
                // The cloud's node lifecycle controller looks at unready nodes once in the period, and the garbage collector for pods finds
                // out in its next round that the node is missing.
                let stream = &mut world.streams.stream("node lifecycle", &world.nodes[node].info.name);
                let looks = stream.below(MONITOR_PERIOD.micros()) + stream.below(POD_GC_PERIOD.micros());
                ctx.after(SimDuration::from_micros(looks) + POD_GC_QUARANTINE, Event::NodeVanished(node));
            }
            OutageCause::Zone => {}
        }
    }

    /// Plans when the node's pods are driven away: one node of a zone after the other gets the taint that does it.
    fn taint(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        let zone = world.nodes[node].zone;
        let at = self.tainted.get(&zone).map_or(ctx.now, |last| (*last + TAINT_INTERVAL).max(ctx.now));
        self.tainted.insert(zone, at);
        if let Some(outage) = world.faults.outages.get_mut(&node) {
            outage.tainted = Some(at);
        }
        let pods = world.nodes[node].pods.iter();
        let ends: BTreeSet<SimDuration> = pods.filter_map(|pod| world.toleration_of_unreachable(*pod)).collect();
        for tolerated in ends {
            ctx.at(at + tolerated, Event::TolerationEnded(node));
        }
    }

    /// Deletes the pods that have tolerated the taint for long enough. Budgets are not asked.
    pub fn on_toleration_ended(&self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        let Some(tainted) = world.faults.outages.get(&node).and_then(|outage| outage.tainted) else {
            return; // Stale: the node is back or gone.
        };
        for pod in world.nodes[node].pods.clone() {
            let over = world.toleration_of_unreachable(pod).is_some_and(|tolerated| tainted + tolerated <= ctx.now);
            if over {
                world.observe_loss(pod, ctx);
                world.delete_pod(pod, ctx);
            }
        }
    }

    /// The VM runs again: the node is Ready, takes pods, and may fail again. False when that is out of date.
    pub fn on_recovered(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) -> bool {
        let Some(outage) = world.faults.outages.get(&node).copied().filter(|outage| outage.recovers == Some(ctx.now))
        else {
            return false; // Stale: it went on to another repair, its zone is dark again, or it is gone.
        };
        world.faults.outages.remove(&node);
        world.set_phase(node, NodePhase::Ready);
        world.cpu_changed(CpuChange::Node(node), ctx);
        world.outbound_changed(node, ctx);
        if outage.reimage {
            ctx.soon(Event::ReimageNode(node));
        }
        tell_upgrade(world, node, ctx);
        self.draw(world, node, ctx);
        true
    }

    /// There is no VM behind the Node object any more: it is deleted, and the pods that it still names are gone with it. (In reality the
    /// object goes up to a minute before its pods; nobody could make use of it meanwhile.)
    pub fn on_vanished(&self, world: &World, node: NodeId, ctx: &mut Ctx<'_>) {
        if world.faults.outages.get(&node).is_some_and(|outage| outage.cause == OutageCause::Eviction) {
            ctx.soon(match world.pool_plan(world.nodes[node].pool).eviction {
                SpotEvictionPolicy::Delete => Event::DeleteNode(node),
                SpotEvictionPolicy::Deallocate => Event::DeallocateNode(node),
            });
        }
    }
}
