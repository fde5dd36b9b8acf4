//! Whether a pool may come, change, rest or go.
//!
//! Sources: azure-aks-docs, use-system-pools.md, 2026-04-30; create-node-pools.md, 2026-07-13; cluster-autoscaler.md, 2026-07-30;
//! start-stop-nodepools.md, 2026-08-12. Codes are Azure's general ones where none is documented for the case; the sentences are ours.

use super::addresses::Growth;
use super::{admit_nodes, invalid, not_allowed, versions, within_addresses, within_quota};
use crate::catalog::limits::{self, NODES_PER_POOL, POOLS_PER_CLUSTER};
use crate::catalog::{KubernetesVersion, OsDiskKind, VmSize};
use crate::cluster::{PoolId, ProvisioningState, Refusal, World};
use crate::scenario::plan::{PoolChange, PoolMode, PoolSettings, ScaleDownMode, SettingsChange, UpgradeStrategy};

/// Refuses what is asked of a pool that does not exist.
pub(super) fn exists(world: &World, pool: PoolId) -> Result<(), Refusal> {
    if world.pools[pool].exists {
        return Ok(());
    }
    let message = format!("agent pool {} was not found", world.pool_plan(pool).name);
    Err(Refusal { code: "NotFound", message })
}

/// A pool that comes: its name must be free, and the cluster have room for it.
pub(super) fn admit_add(world: &World, pool: PoolId, version: Option<KubernetesVersion>) -> Result<(), Refusal> {
    let plan = world.pool_plan(pool);
    let name = &plan.name;
    if world.pools[pool].exists || world.live_nodes.iter().any(|node| world.nodes[*node].pool == pool) {
        return not_allowed(format!("agent pool {name} exists already"));
    }
    let pools = world.pools.iter().filter(|(_, pool)| pool.exists).count();
    if pools >= POOLS_PER_CLUSTER {
        return invalid(format!("agent pool {name}: a cluster has at most {POOLS_PER_CLUSTER} agent pools"));
    }
    if let Some(version) = version {
        versions::admit_pool(world, name, version)?;
    }
    admit_shape(world, pool)?;
    admit_nodes(world, pool, plan.count)?;
    within_addresses(world, &[Growth::coming(world, pool)])?;
    within_quota(world, pool, plan.count)
}

/// A new pool whose nodes are too small, or run too few pods together. The codes are not documented.
///
/// Source of the latter: azure-aks-docs, concepts-network-ip-address-planning.md, 2026-04-16.
pub(super) fn admit_shape(world: &World, pool: PoolId) -> Result<(), Refusal> {
    let plan = world.pool_plan(pool);
    let name = &plan.name;
    admit_vm(world, name, is_system(world, pool), plan.scale_set.as_ref().map(|scale_set| scale_set.vm))?;
    let least = limits::PODS_PER_POOL;
    if plan.count > 0 && plan.max_pods.saturating_mul(plan.count) < least {
        return invalid(format!(
            "agent pool {name}: {} nodes with maxPods {} run fewer than {least} pods together",
            plan.count, plan.max_pods
        ));
    }
    Ok(())
}

/// A VM size that AKS does not take for such a pool. The code is not documented.
fn admit_vm(world: &World, name: &str, system: bool, vm: Option<&VmSize>) -> Result<(), Refusal> {
    match vm.and_then(|vm| world.plan.cluster.conflicts.refuses_vm(system, vm)) {
        Some(why) => invalid(format!("agent pool {name}: {why}")),
        None => Ok(()),
    }
}

/// A pool that goes: another system pool must remain. One that is going already takes another deletion, and nothing else.
///
/// Source: support articles for AKS, operationnotallowed.md, 2024-02-23.
pub(super) fn admit_delete(world: &World, pool: PoolId) -> Result<(), Refusal> {
    if world.pools[pool].state == ProvisioningState::Deleting {
        return Ok(());
    }
    exists(world, pool)?;
    let remains = |other: PoolId| other != pool && world.pools[other].exists && is_system(world, other);
    if is_system(world, pool) && !world.pools.ids().any(remains) {
        let name = &world.pool_plan(pool).name;
        return not_allowed(format!("agent pool {name} is the last system pool: a cluster must have at least one"));
    }
    Ok(())
}

/// A pool that goes when another has come.
pub(super) fn admit_delete_after(world: &World, pool: PoolId, successor: PoolId) -> Result<(), Refusal> {
    exists(world, pool)?;
    if is_system(world, successor) { Ok(()) } else { admit_delete(world, pool) }
}

/// A change of settings. The code for an immutable one is Azure Resource Manager's.
pub(super) fn admit_update(world: &World, pool: PoolId, change: &PoolChange) -> Result<(), Refusal> {
    exists(world, pool)?;
    let name = &world.pool_plan(pool).name;
    match change {
        PoolChange::Immutable(setting) => {
            let message = format!("Changing property 'properties.{setting}' is not allowed (agent pool {name})");
            Err(Refusal { code: "PropertyChangeNotAllowed", message })
        }
        PoolChange::Autoscaling(Some(_)) if matches!(world.pool_plan(pool).mode, PoolMode::Gateway { .. }) => {
            not_allowed(format!("agent pool {name}: the cluster autoscaler does not manage gateway pools"))
        }
        PoolChange::Autoscaling(Some(range)) => {
            let least = if is_system(world, pool) { 1 } else { 0 };
            if range.min < least || range.max > NODES_PER_POOL {
                return invalid(format!(
                    "agent pool {name}: minCount {} and maxCount {} are not between {least} and {NODES_PER_POOL}",
                    range.min, range.max
                ));
            }
            admit_nodes(world, pool, range.max)?;
            let growth = Growth { pool, new: 0, nodes: world.pools[pool].target, autoscaling: Some(*range) };
            within_addresses(world, &[growth])
        }
        PoolChange::Autoscaling(None) => Ok(()),
        PoolChange::Settings(change) => admit_settings(world, pool, *change),
    }
}

/// Sources: azure-aks-docs, use-system-pools.md, 2026-04-30 (modes), scale-down-mode.md, 2023-08-21, and
/// upgrade-aks-node-pools-rolling.md, 2026-05-29. The codes are not documented.
fn admit_settings(world: &World, pool: PoolId, change: SettingsChange) -> Result<(), Refusal> {
    let plan = world.pool_plan(pool);
    let name = &plan.name;
    let PoolSettings { mode, scale_down_mode, upgrade } = change.applied(plan.settings());
    if mode != plan.mode {
        if matches!(plan.mode, PoolMode::Gateway { .. }) {
            return not_allowed(format!("agent pool {name}: the mode of a gateway pool does not change"));
        }
        if mode == PoolMode::System {
            let vm = plan.scale_set.as_ref().map(|scale_set| scale_set.vm);
            if plan.spot {
                return not_allowed(format!("agent pool {name}: a spot pool cannot be a system pool"));
            }
            if world.pools[pool].target == 0 || world.pools[pool].stopped {
                return not_allowed(format!("agent pool {name}: a system pool has at least one node that runs"));
            }
            admit_vm(world, name, true, vm)?;
        } else {
            admit_delete(world, pool)?; // It is the last one no less when it is another than when it is gone.
        }
    }
    let is_ephemeral = plan.scale_set.as_ref().is_some_and(|set| set.os_disk.kind == OsDiskKind::Ephemeral);
    if scale_down_mode == ScaleDownMode::Deallocate && is_ephemeral {
        return invalid(format!("agent pool {name}: VMs with an ephemeral OS disk cannot be deallocated"));
    }
    if upgrade.strategy != UpgradeStrategy::Rolling {
        return Ok(());
    }
    let [surges, may_miss] = [upgrade.max_surge, upgrade.max_unavailable].map(|value| value.of_rounded_up(100) > 0);
    if !surges && !may_miss {
        return invalid(format!("agent pool {name}: maxSurge and maxUnavailable are both 0"));
    }
    if may_miss && mode == PoolMode::System {
        return invalid(format!("agent pool {name}: maxUnavailable is not allowed on a system pool"));
    }
    Ok(())
}

/// A pool that rests.
pub(super) fn admit_stop(world: &World, pool: PoolId) -> Result<(), Refusal> {
    exists(world, pool)?;
    let name = &world.pool_plan(pool).name;
    if is_system(world, pool) {
        return not_allowed(format!("agent pool {name} is a system pool and cannot be stopped"));
    }
    if world.pools[pool].stopped {
        return not_allowed(format!("agent pool {name} is stopped already"));
    }
    let state = world.pools[pool].state;
    if state != ProvisioningState::Succeeded {
        return not_allowed(format!("agent pool {name} is in state {}, not Succeeded", state.name()));
    }
    Ok(())
}

/// A pool that rested.
pub(super) fn admit_start(world: &World, pool: PoolId) -> Result<(), Refusal> {
    exists(world, pool)?;
    if world.pools[pool].stopped {
        return Ok(());
    }
    not_allowed(format!("agent pool {} is running already", world.pool_plan(pool).name))
}

fn is_system(world: &World, pool: PoolId) -> bool {
    world.pool_plan(pool).mode == PoolMode::System
}
