//! Upgrades of node pools, one strategy a file: rolling, with surge nodes or in place, and blue-green. A roll-back runs as an upgrade
//! does, to the version before.
//!
//! Sources: azure-aks-docs, upgrade-aks-node-pools-rolling.md, 2026-05-29, and blue-green-node-pool-upgrade.md, 2024-11-06.
//! Not modelled: releases of node images, so that an upgrade of the image replaces every node's.

mod blue_green;
mod extra;
mod rolling;
pub mod surge;

#[cfg(test)]
mod tests;

use crate::cluster::{
    Ctx, Event, NodeId, NodePhase, OperationId, PoolId, Refusal, UpgradeOutcome, UpgradeRequest, World,
};
use crate::kernel::SimDuration;
use crate::scenario::plan::UpgradeStrategy;
use blue_green::BlueGreen;
use rolling::Rolling;
use std::collections::BTreeMap;
use std::fmt::Debug;

/// Wait between two attempts to evict a pod, as `kubectl drain` waits.
const EVICTION_RETRY: SimDuration = SimDuration::from_secs(5);

/// The upgrade process: the pools that are being upgraded.
#[derive(Debug, Default)]
pub struct Upgrades {
    running: BTreeMap<PoolId, (OperationId, Box<dyn Strategy>)>,
}

/// One pool's upgrade in progress.
trait Strategy: Debug {
    /// Takes as many next steps as can be taken now. `Some` when it is over.
    fn step(&mut self, world: &mut World, pool: PoolId, ctx: &mut Ctx<'_>) -> Option<UpgradeOutcome>;

    /// The operation was aborted: nothing more is begun, and what is in progress is finished. Called before every step from then on.
    fn abort(&mut self);

    /// A node of the pool became Ready: new, or reimaged.
    fn on_node_ready(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>);

    /// An instance of the pool could not be created.
    fn on_node_failed(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>);

    /// A drain of a node of the pool ended, whoever asked for it.
    fn on_drain_ended(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>);

    /// An instance of the pool is gone, whoever deleted it.
    fn on_node_deleted(&mut self, node: NodeId);
}

/// How nodes are drained.
#[derive(Clone, Copy, Debug)]
struct Terms {
    timeout: SimDuration,
    /// True when no budget holds a pod back.
    force: bool,
}

impl Terms {
    fn start(self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        if self.force {
            world.start_forced_drain(node, EVICTION_RETRY, self.timeout, ctx);
        } else {
            world.start_drain(node, EVICTION_RETRY, self.timeout, ctx);
        }
    }
}

impl Upgrades {
    /// Begins the upgrade of the pool, or takes as many next steps as can be taken now.
    pub fn on_step(&mut self, world: &mut World, pool: PoolId, ctx: &mut Ctx<'_>) {
        let Some(upgrade) = world.pools[pool].upgrade.as_ref().filter(|upgrade| upgrade.outcome.is_none()) else {
            self.running.remove(&pool); // The upgrade is over, perhaps because its pool was deleted.
            return;
        };
        let (request, aborted, operation) = (upgrade.request, upgrade.aborted, upgrade.operation);
        // Another operation may have taken the place of the one that began.
        let running = self.running.get_mut(&pool).filter(|(of, _)| *of == operation);
        let Some((_, running)) = running else {
            self.running.insert(pool, (operation, begin(world, pool, request, ctx)));
            ctx.soon(Event::ReconcilePool(pool));
            // Follows the reconciliation: without new nodes to wait for, no other event would take the next step.
            ctx.soon(Event::UpgradeStep(pool));
            return;
        };
        if aborted {
            running.abort();
        }
        if let Some(outcome) = running.step(world, pool, ctx) {
            self.running.remove(&pool);
            let upgrade = world.pools[pool].upgrade.as_mut().expect("a pool in an upgrade has its row");
            upgrade.outcome = Some(outcome);
            ctx.soon(Event::OperationStep(upgrade.operation));
        }
    }

    /// A node became Ready: perhaps one that an upgrade waits for.
    pub fn on_node_ready(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        if let Some(running) = self.of(world, node, ctx) {
            running.on_node_ready(world, node, ctx);
        }
    }

    /// An instance could not be created: perhaps one that an upgrade cannot do without.
    pub fn on_node_failed(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        if let Some(running) = self.of(world, node, ctx) {
            running.on_node_failed(world, node, ctx);
        }
    }

    /// A drain ended. Also after somebody else's, the node may be available to the upgrade again.
    pub fn on_drain_ended(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        if let Some(running) = self.of(world, node, ctx) {
            running.on_drain_ended(world, node, ctx);
        }
    }

    /// An instance is gone: one that the upgrade deleted, or an old node that somebody else removed.
    pub fn on_node_deleted(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        if let Some(running) = self.of(world, node, ctx) {
            running.on_node_deleted(node);
        }
    }

    /// The upgrade of the node's pool, which takes its next step after whatever happened to the node.
    fn of(&mut self, world: &World, node: NodeId, ctx: &mut Ctx<'_>) -> Option<&mut dyn Strategy> {
        let pool = world.nodes[node].pool;
        let (_, running) = self.running.get_mut(&pool)?;
        ctx.soon(Event::UpgradeStep(pool));
        Some(running.as_mut())
    }
}

/// Sets the pool to its new version and asks for the nodes that the upgrade adds. Deallocated nodes are upgraded when they start.
fn begin(world: &mut World, pool: PoolId, request: UpgradeRequest, ctx: &mut Ctx<'_>) -> Box<dyn Strategy> {
    for node in world.live_nodes.clone() {
        let state = &mut world.nodes[node];
        state.reimage_due |= state.pool == pool && state.phase == NodePhase::Deallocated;
    }
    match world.pool_plan(pool).upgrade.strategy {
        UpgradeStrategy::Rolling => Box::new(Rolling::begin(world, pool, request)),
        UpgradeStrategy::BlueGreen(settings) => Box::new(BlueGreen::begin(world, pool, request, settings, ctx)),
    }
}

/// The regular nodes of the pool that are to be upgraded. A node-image upgrade takes all of them.
fn old_nodes(world: &World, pool: PoolId, request: UpgradeRequest) -> Vec<NodeId> {
    let is_old = |node: &NodeId| request.version.is_none_or(|version| world.nodes[*node].version != version);
    world.members(pool).filter(|node| !world.nodes[*node].surge).filter(is_old).collect()
}

/// The failure of an upgrade that needs one of these nodes to be Ready, when node auto-repair has given it up. That such an upgrade ends,
/// its code and its words are assumptions.
fn given_up(world: &World, nodes: impl IntoIterator<Item = NodeId>) -> Option<Refusal> {
    let node = nodes.into_iter().find(|node| world.is_given_up(*node))?;
    let message = format!("Node {} is not Ready, and node auto-repair has given it up", world.nodes[node].info.name);
    Some(Refusal { code: "UpgradeFailed", message })
}

/// So many nodes of a pool, as scale sets count them.
fn number(nodes: usize) -> u32 {
    u32::try_from(nodes).expect("a scale set has at most 1000 instances")
}
