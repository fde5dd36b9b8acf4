//! Pools that come, change, rest and go.
//!
//! Sources: azure-aks-docs, create-node-pools.md, 2026-07-13; delete-node-pool.md, 2024-05-09 and resize-node-pool.md, 2025-08-28
//! (a pool is deleted without cordon and drain); start-stop-nodepools.md, 2026-08-12 (whether a stop drains is not documented; here
//! it does not, as a deletion does not).

use super::{Progress, Removal, Then, provision};
use crate::catalog::KubernetesVersion;
use crate::cluster::{Ctx, Event, NodeId, NodePhase, OperationId, PoolId, World};
use crate::scenario::plan::{MODE_LABEL, PoolChange, ScaleDownMode, SettingsChange};
use std::sync::Arc;

/// Creates the pool with the nodes of its plan.
pub(super) fn add(
    world: &mut World,
    pool: PoolId,
    version: Option<KubernetesVersion>,
    operation: OperationId,
    ctx: &mut Ctx<'_>,
) -> Progress {
    let (count, autoscaling) = (world.pool_plan(pool).count, world.pool_plan(pool).autoscaling);
    let version = version.unwrap_or(world.version);
    let state = &mut world.pools[pool];
    state.exists = true;
    state.changed = None;
    state.broken = None;
    state.missing = 0;
    state.target = count;
    state.autoscaling = autoscaling;
    state.version = version;
    state.image_as_of = ctx.now;
    provision::fill(vec![pool], operation, ctx)
}

/// Deletes the pool with its instances, deallocated ones among them. No node is drained, no budget asked.
pub(super) fn delete(world: &mut World, pool: PoolId, operation: OperationId, ctx: &mut Ctx<'_>) -> Progress {
    let state = &mut world.pools[pool];
    state.exists = false;
    state.target = 0;
    state.surge = 0;
    state.stopped = false;
    state.autoscaling = None;
    let leaving: Vec<NodeId> =
        world.live_nodes.iter().copied().filter(|node| world.nodes[*node].pool == pool).collect();
    remove(world, &leaving, Removal::Delete, operation, ctx)
}

/// Changes a setting. It holds at once; the operation takes its time.
pub(super) fn update(
    world: &mut World,
    pool: PoolId,
    change: &PoolChange,
    operation: OperationId,
    ctx: &mut Ctx<'_>,
) -> Progress {
    match change {
        // The autoscaler brings the pool to its new minimum (cluster-autoscaler.md, 2026-07-30) with its next scan.
        PoolChange::Autoscaling(range) => world.pools[pool].autoscaling = *range,
        PoolChange::Settings(change) => set(world, pool, *change, ctx),
        PoolChange::Immutable(setting) => unreachable!("a change of {setting} is refused"),
    }
    let name = format!("update/{}", world.operations[operation].name);
    let delay = world.plan.timings.cluster_update.draw(&mut world.streams.stream("operation", &name));
    ctx.after(delay, Event::OperationStep(operation));
    Progress::Waiting(Then::End)
}

/// Gives the pool other settings. Nodes get the label of another mode, and no pod moves for it (use-system-pools.md, 2026-04-30); with the
/// scale-down mode Delete deallocated VMs are deleted (scale-down-mode.md, 2023-08-21).
fn set(world: &mut World, pool: PoolId, change: SettingsChange, ctx: &mut Ctx<'_>) {
    let before = world.pool_plan(pool);
    let plan = Arc::new(before.with(change.applied(before.settings())));
    let mode = plan.labels.get(MODE_LABEL).cloned();
    let deletes = change.scale_down_mode == Some(ScaleDownMode::Delete) && !world.pools[pool].stopped;
    world.pools[pool].changed = Some(plan);
    let nodes: Vec<NodeId> = world.live_nodes.iter().copied().filter(|node| world.nodes[*node].pool == pool).collect();
    for node in nodes {
        if let Some(mode) = &mode {
            world.set_label(node, MODE_LABEL, mode);
        }
        if deletes && world.nodes[node].phase == NodePhase::Deallocated {
            ctx.soon(Event::DeleteNode(node));
        }
    }
}

/// Deallocates every VM of the pool.
pub(super) fn stop(world: &mut World, pool: PoolId, operation: OperationId, ctx: &mut Ctx<'_>) -> Progress {
    world.pools[pool].stopped = true;
    let leaving: Vec<NodeId> = world.members(pool).collect();
    remove(world, &leaving, Removal::Deallocate, operation, ctx)
}

/// Starts them again.
pub(super) fn start(world: &mut World, pool: PoolId, operation: OperationId, ctx: &mut Ctx<'_>) -> Progress {
    world.pools[pool].stopped = false;
    provision::fill(vec![pool], operation, ctx)
}

/// Has the instances leave at once.
fn remove(world: &World, leaving: &[NodeId], by: Removal, operation: OperationId, ctx: &mut Ctx<'_>) -> Progress {
    for node in leaving {
        by.remove(world, *node, ctx);
    }
    // Without an instance no other event would end the operation.
    ctx.soon(Event::OperationStep(operation));
    Progress::Removing { leaving: leaving.iter().copied().collect(), by, not_before: ctx.now }
}
