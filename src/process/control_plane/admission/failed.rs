//! What a cluster or an agent pool in state `Failed` still takes: its repair, and nothing else that scales or upgrades it.
//!
//! Sources: support articles for AKS, upgrading-or-scaling-does-not-succeed.md, 2024-09-19, and error-code-poddrainfailure.md, 2025-03-03
//! (no scale and no upgrade, the same one again repairs); azure-aks-docs, upgrade-options.md, 2026-06-22 (quarantined nodes are scaled
//! away). The sentences are ours. Assumptions: a scale, to whatever count, repairs what a scale broke; a node-image upgrade, which
//! keeps the version, repairs too; a roll-back of the failed pool is a way out; settings may be changed, which repairs
//! nothing, pools added and deleted, the cluster stopped and started; a failed upgrade of single pools leaves the cluster itself sound.

use super::{is_of_cluster, not_allowed};
use crate::catalog::KubernetesVersion;
use crate::cluster::{Broken, NodeId, PoolId, ProvisioningState, Refusal, World};
use crate::kernel::Id;
use crate::scenario::plan::OperationKind;

/// Refuses a scale or an upgrade that is not the repair of what has failed. What AKS upgrades by itself is the cluster, whatever pools it
/// names.
pub(super) fn admit(world: &World, kind: &OperationKind, by_itself: bool) -> Result<(), Refusal> {
    admit_network(world, kind)?;
    match kind {
        OperationKind::Scale { pool, .. } => {
            let pool = PoolId::from_index(*pool);
            if is_failed(world, pool) { admit_scale(world, pool) } else { admit_on_sound_pool(world) }
        }
        OperationKind::Upgrade { version, pools, .. } => {
            let pools: Vec<PoolId> = pools.iter().map(|pool| PoolId::from_index(*pool)).collect();
            let repairs_pools = !pools.is_empty() && pools.iter().all(|pool| is_failed(world, *pool));
            if is_of_cluster(kind) || by_itself {
                match version {
                    Some(version) if *version != world.version => admit_on_sound_pool(world)?,
                    _ => {}
                }
            } else if !repairs_pools {
                admit_on_sound_pool(world)?;
            }
            pools.iter().try_for_each(|pool| admit_upgrade(world, *pool, *version))
        }
        OperationKind::Rollback { pool } if !is_failed(world, PoolId::from_index(*pool)) => admit_on_sound_pool(world),
        _ => Ok(()),
    }
}

/// What a change of the network broke is repaired by the same change.
fn admit_network(world: &World, kind: &OperationKind) -> Result<(), Refusal> {
    let is_broken = |pool: PoolId| world.pools[pool].exists && world.pools[pool].broken == Some(Broken::Network);
    let concerned: Vec<PoolId> = match kind {
        OperationKind::Scale { pool, .. } | OperationKind::Rollback { pool } => vec![PoolId::from_index(*pool)],
        OperationKind::Upgrade { .. } if is_of_cluster(kind) => world.pools.ids().collect(),
        OperationKind::Upgrade { pools, .. } => pools.iter().map(|pool| PoolId::from_index(*pool)).collect(),
        _ => return Ok(()),
    };
    match concerned.into_iter().find(|pool| is_broken(*pool)) {
        None => Ok(()),
        Some(pool) => not_allowed(format!(
            "agent pool {} is in a failed state: repair it first, by the same change of the network again",
            world.pool_plan(pool).name
        )),
    }
}

fn is_failed(world: &World, pool: PoolId) -> bool {
    world.pools[pool].state == ProvisioningState::Failed
}

/// What is no repair of a failed pool is refused while the cluster has failed.
fn admit_on_sound_pool(world: &World) -> Result<(), Refusal> {
    if world.state != ProvisioningState::Failed {
        return Ok(());
    }
    let (name, version) = (&world.plan.cluster.name, world.version);
    let by_network = world.pools.iter().any(|(_, pool)| pool.exists && pool.broken == Some(Broken::Network));
    let how = if by_network {
        "the same change of the network".to_owned()
    } else {
        format!("an upgrade of the cluster to its version {version}")
    };
    not_allowed(format!("cluster {name} is in a failed state: repair it first, by {how} again"))
}

/// A scale repairs what a scale broke, not what an upgrade did.
fn admit_scale(world: &World, pool: PoolId) -> Result<(), Refusal> {
    let (name, state) = (&world.pool_plan(pool).name, &world.pools[pool]);
    let is_left_behind = |node: NodeId| {
        let node = &world.nodes[node];
        node.version < state.version && !node.is_quarantined() && !node.surge
    };
    let quarantined = world.members(pool).any(|node| world.nodes[node].is_quarantined());
    let cleans_up = quarantined && !world.members(pool).any(is_left_behind);
    if state.broken > Some(Broken::Scale) && !cleans_up {
        return not_allowed(format!(
            "agent pool {name} is in a failed state: repair it first, by an upgrade to its version {} again",
            state.version
        ));
    }
    Ok(())
}

fn admit_upgrade(world: &World, pool: PoolId, version: Option<KubernetesVersion>) -> Result<(), Refusal> {
    let own = world.pools[pool].version;
    if !is_failed(world, pool) || version.is_none_or(|version| version == own) {
        return Ok(());
    }
    let name = &world.pool_plan(pool).name;
    not_allowed(format!(
        "agent pool {name} is in a failed state: repair it first, by an upgrade to its version {own} again"
    ))
}
