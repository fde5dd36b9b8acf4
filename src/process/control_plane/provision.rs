//! Node counts: scale sets that grow until they have what is wanted, and instances that leave when less is wanted.

use super::{EVICTION_RETRY, Progress, Removal, scale_in};
use crate::cluster::{Ctx, Event, NodeId, OperationId, PoolId, World};

/// Begins to scale the pool.
pub(super) fn scale(
    world: &mut World,
    pool: PoolId,
    count: u32,
    operation: OperationId,
    ctx: &mut Ctx<'_>,
) -> Progress {
    let leaving = scale_in::victims(world, pool, count);
    world.pools[pool].target = count;
    world.pools[pool].missing = 0;
    if leaving.is_empty() {
        return fill(vec![pool], operation, ctx);
    }
    drain_all(world, &leaving, Removal::ScaleIn, ctx);
    Progress::Removing { leaving: leaving.into_iter().collect(), by: Removal::ScaleIn, not_before: ctx.now }
}

/// Has the scale sets create or start what their pools lack.
pub(super) fn fill(pools: Vec<PoolId>, operation: OperationId, ctx: &mut Ctx<'_>) -> Progress {
    for pool in &pools {
        ctx.soon(Event::ReconcilePool(*pool));
    }
    // Follows the reconciliations: if every node exists and is Ready already, no other event would end the operation.
    ctx.soon(Event::OperationStep(operation));
    Progress::Provisioning { pools, failure: None }
}

/// Drains the nodes, each with its pool's timeout. An instance that is still booting has no pod, and leaves at once.
pub(super) fn drain_all(world: &mut World, nodes: &[NodeId], by: Removal, ctx: &mut Ctx<'_>) {
    for node in nodes {
        if world.is_draining(*node) {
            continue; // Its end is heard too, whoever asked for the drain.
        }
        if world.nodes[*node].is_ready() {
            let timeout = world.pool_plan(world.nodes[*node].pool).upgrade.drain_timeout;
            world.start_drain(*node, EVICTION_RETRY, timeout, ctx);
        } else {
            by.remove(world, *node, ctx);
        }
    }
}

/// True when as many nodes as wanted exist in every pool, and all of them are or were Ready.
pub(super) fn are_settled(world: &World, pools: &[PoolId]) -> bool {
    pools.iter().all(|pool| is_settled(world, *pool))
}

fn is_settled(world: &World, pool: PoolId) -> bool {
    let mut ready = 0;
    for node in world.members(pool).filter(|node| !world.nodes[*node].surge) {
        // One that has become unreachable was Ready before: it is auto-repair's concern, not a scale-out's.
        if !world.nodes[node].is_in_service() {
            return false;
        }
        ready += 1;
    }
    ready >= world.pools[pool].target
}
