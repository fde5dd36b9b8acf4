//! Azure takes spot instances back: notice, then the VM goes.
//!
//! At the notice AKS cordons the node and drains it as far as budgets and the pods' graces let it. When the time is over the VM is deleted,
//! or stopped with its disk where the pool's policy says so, which uses quota; the pool is one smaller, and Kubernetes finds out as with any
//! VM that stops. An autoscaled pool grows again when pods need it, with the stopped VMs first; any other decays.
//! Sources: azure-docs, spot-vms.md, 2020-10-05; azure-aks-docs, spot-node-pool.md, 2025-04-06, and node-auto-drain.md, 2026-03-30.
//! Not modelled: eviction for the price, and that a notice may be shorter than published.

use super::{Faults, is_of, outage};
use crate::catalog::SpotEvictionPolicy;
use crate::cluster::{Ctx, Event, Fact, FaultId, NodeId, OutageCause, World};
use crate::kernel::{Dist, SimDuration};

/// From the notice until the VM goes. Source: azure-docs, spot-vms.md, 2020-10-05.
const NOTICE: SimDuration = SimDuration::from_secs(30);

/// Wait between two attempts to evict a pod, as `kubectl drain` waits.
const EVICTION_RETRY: SimDuration = SimDuration::from_secs(5);

impl Faults {
    /// Gives notice to a share of the spot instances.
    pub(super) fn spot_wave(
        &mut self,
        world: &World,
        fault: FaultId,
        pool: Option<usize>,
        share: f64,
        ctx: &mut Ctx<'_>,
    ) {
        let nodes = self.candidates(world, fault, |node| {
            is_spot(world, node) && is_of(world, node, pool) && world.nodes[node].is_member()
        });
        let struck = (nodes.len() as f64 * share).ceil() as usize;
        for node in nodes.into_iter().take(struck) {
            ctx.soon(Event::SpotNotice(node, fault));
        }
    }

    /// Cordons and drains a spot instance that Azure takes back.
    pub fn on_spot_notice(&mut self, world: &mut World, node: NodeId, fault: FaultId, ctx: &mut Ctx<'_>) {
        if !world.faults.active.contains(&fault) || !world.nodes[node].is_member() || !self.noticed.insert(node) {
            return; // Stale: the fault is over, or the instance is on its way out.
        }
        ctx.observe(Fact::SpotNoticed(node));
        if world.nodes[node].is_ready() && !world.is_draining(node) {
            world.start_drain(node, EVICTION_RETRY, NOTICE, ctx);
        }
        ctx.after(NOTICE, Event::SpotEvicted(node));
    }

    /// The spot instance goes.
    pub fn on_spot_evicted(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        if !world.nodes[node].is_member() {
            return; // Stale: somebody else deleted it within the notice.
        }
        ctx.observe(Fact::SpotEvicted(node));
        self.noticed.remove(&node);
        let pool = world.nodes[node].pool;
        let members = world.members(pool).filter(|node| !world.nodes[*node].surge).count();
        if members <= world.pools[pool].target as usize {
            world.pools[pool].target -= 1; // Else the pool shrinks anyway, and this is one node less to remove.
        }
        world.nodes[node].delete_delay = SimDuration::ZERO;
        if !world.nodes[node].is_in_service() {
            ctx.soon(Event::DeleteNode(node)); // Booting: no pod runs on it.
            return;
        }
        for pod in world.nodes[node].pods.clone() {
            world.observe_loss(pod, ctx);
        }
        match world.pool_plan(pool).eviction {
            SpotEvictionPolicy::Delete => world.nodes[node].times.deleted = Some(ctx.now),
            SpotEvictionPolicy::Deallocate => world.nodes[node].times.deallocated.open(ctx.now),
        }
        match world.faults.outages.get_mut(&node) {
            // It was down already, and is known to be or will be.
            Some(outage) => {
                outage.cause = OutageCause::Eviction;
                outage.recovers = None;
                if outage.noticed <= ctx.now {
                    ctx.soon(Event::NodeVanished(node));
                }
            }
            None => outage::begin(world, node, OutageCause::Eviction, ctx),
        }
    }
}

/// Draws when the spot instance is taken back, if the fault is about it.
pub(super) fn draw_notice(
    world: &World,
    fault: FaultId,
    pool: Option<usize>,
    per_hour: f64,
    node: NodeId,
    ctx: &mut Ctx<'_>,
) {
    let state = &world.nodes[node];
    // A rate holds from the first moment on; a node that comes back from a repair keeps its draw.
    let is_new = state.times.ready == Some(ctx.now) || world.fault_plan(fault).at == ctx.now;
    if !is_new || !state.is_in_service() || per_hour <= 0.0 || !is_spot(world, node) || !is_of(world, node, pool) {
        return;
    }
    // One that was deallocated and started again has another life.
    let name = match state.times.deallocated.len() {
        0 => format!("{}/{}", world.fault_plan(fault).name, state.info.name),
        starts => format!("{}/{}/{starts}", world.fault_plan(fault).name, state.info.name),
    };
    let mean = 3600.0 / -libm::log1p(-per_hour);
    let life = Dist::Exponential { mean }.draw(&mut world.streams.stream("spot life", &name));
    ctx.after(life, Event::SpotNotice(node, fault));
}

fn is_spot(world: &World, node: NodeId) -> bool {
    world.pool_plan(world.nodes[node].pool).spot
}
