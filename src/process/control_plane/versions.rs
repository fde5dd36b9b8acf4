//! From which version to which a cluster or a pool may go, and when AKS offers them.
//!
//! Sources: azure-aks-docs, supported-kubernetes-versions.md, 2026-08-05, upgrade-aks-control-plane.md, 2026-07-30, and
//! roll-back-node-pool-version.md, 2026-08-05; support articles for AKS, aks-upgrade-blocked.md, 2025-08-22. Not modelled: AKS's own
//! upgrades of clusters without a channel that fell out of support, and patch versions that the scenario does not name, each of which is taken for the latest of its minor version.

use super::admission::not_allowed;
use crate::catalog::{Catalog, KubernetesVersion, Month, Support};
use crate::cluster::{PoolHistory, PoolId, ProvisioningState, Refusal, World};
use crate::kernel::SimDuration;
use crate::scenario::plan::UpgradeChannel;

/// How long after an upgrade a pool may be rolled back. Source: roll-back-node-pool-version.md, 2026-08-05.
const ROLLBACK_WINDOW: SimDuration = SimDuration::from_hours(7 * 24);

/// Refuses an upgrade to a version that cannot be reached from where the cluster and the pools are when an operator asks for it.
///
/// # Errors
/// The refusal.
pub fn admit(world: &World, version: KubernetesVersion, pools: &[PoolId]) -> Result<(), Refusal> {
    admit_from(world, version, pools, false)
}

/// The same, also of what AKS asks for by itself: a cluster of an auto-upgrade channel is upgraded in one go, with its spot pools.
///
/// # Errors
/// The refusal.
pub fn admit_from(world: &World, version: KubernetesVersion, pools: &[PoolId], by_itself: bool) -> Result<(), Refusal> {
    let current = world.version;
    if version < current && pools.is_empty() {
        return path_refused(current, version, &available_upgrades(world));
    }
    if let Some(newer) = pools.iter().map(|pool| &world.pools[*pool]).find(|pool| pool.version > version) {
        return path_refused(newer.version, version, &available_upgrades(world));
    }
    if version > current {
        let recovers = admit_path(world, version, pools)?;
        if !by_itself {
            admit_spot(world, pools)?;
        }
        admit_skew(world, version, if recovers { pools } else { &[] })
    } else if pools.iter().all(|pool| has_version(world, *pool, version)) {
        let what = if pools.is_empty() { "the control plane is" } else { "every agent pool asked for is" };
        not_allowed(format!("{what} on version {version} already and not in a failed state"))
    } else {
        Ok(())
    }
}

/// Refuses a new cluster of a version that AKS does not offer, or with pools of another.
///
/// Sources: azure-aks-docs, supported-kubernetes-versions.md, 2026-08-05, and create-node-pools.md, 2026-07-13 (pools that are created with
/// the cluster have its version). The code of the latter is an assumption.
pub(super) fn admit_new_cluster(world: &World) -> Result<(), Refusal> {
    if !world.offers(world.version) {
        return not_offered(world, world.version, world.month());
    }
    let mut pools = world.plan.cluster.pools.iter().filter(|pool| pool.from_start && !pool.is_brought());
    match pools.find(|pool| pool.version != world.version) {
        Some(pool) => incompatible(&pool.name, pool.version, world.version),
        None => Ok(()),
    }
}

/// Refuses a roll-back unless the pool was upgraded within seven days and not rolled back since, and no channel would upgrade it again.
///
/// That such a roll-back is refused is documented, its code is not. Of a finished blue-green upgrade two pages disagree; that of
/// blue-green upgrades (blue-green-node-pool-upgrade.md, 2024-11-06) is followed, by which there is no way back then.
pub(super) fn admit_rollback(world: &World, pool: PoolId) -> Result<(), Refusal> {
    let name = &world.pool_plan(pool).name;
    let refused = |why: String| not_allowed(format!("agent pool {name} cannot be rolled back: {why}"));
    if !world.plan.cluster.conflicts.rollback {
        return refused("an upgrade is final".to_owned());
    }
    let (from, ended) = match world.pools[pool].history {
        PoolHistory::New => return refused("it was not upgraded".to_owned()),
        PoolHistory::Replaced => {
            return refused("the old nodes of its last upgrade, a blue-green one, are deleted".to_owned());
        }
        PoolHistory::RolledBack => {
            return refused("it was rolled back already, and not upgraded since".to_owned());
        }
        PoolHistory::Upgraded { from, ended, .. } => (from, ended),
    };
    if world.plan.maintenance.channel != UpgradeChannel::None {
        return refused("the cluster has an auto-upgrade channel, which is to be set to none first".to_owned());
    }
    if ended.is_some_and(|ended| world.clock.since(ended) > ROLLBACK_WINDOW) {
        return refused("its last upgrade is more than 7 days past".to_owned());
    }
    // Patches that are not on offer any more are rolled back to all the same.
    if !world.offers(KubernetesVersion::minor(from.minor)) {
        return refused(format!("version {from} is not supported any more in {}", world.month()));
    }
    if too_far_behind(world, world.version, from) {
        return incompatible(name, from, world.version);
    }
    Ok(())
}

/// Checks that AKS offers the version and that no minor version between is skipped, unless it may be. `true` for the recovery
/// of an unsupported cluster, on which skew is no hindrance, since all of its pools come along.
fn admit_path(world: &World, version: KubernetesVersion, pools: &[PoolId]) -> Result<bool, Refusal> {
    let current = world.version;
    if !world.offers(version) {
        return not_offered(world, version, world.month());
    }
    let next = KubernetesVersion::minor(current.minor + 1);
    if version.minor <= next.minor || world.plan.cluster.long_term_support {
        return Ok(false);
    }
    let whole_cluster = pools.len()
        == world.pools.iter().filter(|(id, pool)| pool.exists && !world.pool_plan(*id).is_brought()).count();
    let oldest = world.recovery_version();
    if whole_cluster && oldest.is_some_and(|oldest| oldest.minor == version.minor) {
        return Ok(true);
    }
    path_refused(current, version, &available_upgrades(world)).map(|()| false)
}

/// The minor versions that the cluster could be upgraded to: the next one, and the oldest supported one where it may jump to that.
fn available_upgrades(world: &World) -> Vec<KubernetesVersion> {
    let next = KubernetesVersion::minor(world.version.minor + 1);
    let mut available: Vec<KubernetesVersion> = [Some(next), world.recovery_version()].into_iter().flatten().collect();
    available.retain(|version| world.offers(*version));
    available.dedup();
    available
}

/// Source of the code: support articles for AKS, aks-upgrade-blocked.md, 2025-08-22, where it is about the version that a cluster is on.
/// That it is the answer to a version asked for, too, and the words then are assumptions.
fn not_offered<T>(world: &World, version: KubernetesVersion, month: Month) -> Result<T, Refusal> {
    let name = &world.plan.cluster.name;
    let why = match Catalog::get().support(version, month) {
        Support::LongTerm => "which is only available for Long-Term Support (LTS)",
        _ => "which is not supported in this region",
    };
    let message = format!("Managed cluster {name} is asked for version {version}, {why} in {month}");
    Err(Refusal { code: "K8sVersionNotSupported", message })
}

fn path_refused(
    from: KubernetesVersion,
    to: KubernetesVersion,
    available: &[KubernetesVersion],
) -> Result<(), Refusal> {
    let available: Vec<String> = available.iter().map(ToString::to_string).collect();
    not_allowed(format!(
        "Upgrading Kubernetes version {from} to {to} is not allowed. Available upgrades: [{}]",
        available.join(", ")
    ))
}

fn has_version(world: &World, pool: PoolId, version: KubernetesVersion) -> bool {
    world.pools[pool].state == ProvisioningState::Succeeded && !world.is_behind(pool, version)
}

/// A cluster with a spot pool is not upgraded in one go. With an auto-upgrade channel, which refuses an upgrade of the control plane alone, it
/// is upgraded together with all pools but the spot pools: an assumption, without which it could not be upgraded at all.
///
/// Source: azure-aks-docs, spot-node-pool.md, 2025-04-06. The code is not documented.
fn admit_spot(world: &World, pools: &[PoolId]) -> Result<(), Refusal> {
    let existing = world.pools.iter().filter(|(_, pool)| pool.exists).map(|(id, _)| world.pool_plan(id));
    let spot = existing.into_iter().find(|pool| pool.spot);
    let has_channel = world.plan.maintenance.channel != UpgradeChannel::None;
    if has_channel && !pools.iter().any(|pool| world.pool_plan(*pool).spot) {
        return Ok(());
    }
    if let (Some(spot), false) = (spot, pools.is_empty()) {
        return not_allowed(format!(
            "agent pool {} is a spot pool: upgrade the control plane and the agent pools separately",
            spot.name
        ));
    }
    Ok(())
}

/// What an upgrade of the control plane asks of every pool but the `exempt` ones, also of those that stay behind.
fn admit_skew(world: &World, version: KubernetesVersion, exempt: &[PoolId]) -> Result<(), Refusal> {
    let mut others = world.pools.iter().filter(|(id, pool)| pool.exists && !exempt.contains(id));
    match others.find(|(_, pool)| too_far_behind(world, version, pool.version)) {
        Some((id, pool)) => incompatible(&world.pool_plan(id).name, pool.version, version),
        None => Ok(()),
    }
}

fn too_far_behind(world: &World, control_plane: KubernetesVersion, pool: KubernetesVersion) -> bool {
    control_plane.minor > pool.minor + world.plan.cluster.conflicts.most_skew(control_plane)
}

/// Refuses a pool that is newer than its control plane, or too far behind it.
pub(super) fn admit_pool(world: &World, name: &str, pool: KubernetesVersion) -> Result<(), Refusal> {
    if pool > world.version || too_far_behind(world, world.version, pool) {
        return incompatible(name, pool, world.version);
    }
    Ok(())
}

fn incompatible(name: &str, pool: KubernetesVersion, control_plane: KubernetesVersion) -> Result<(), Refusal> {
    let message =
        format!("agent pool {name} version {pool} and control plane version {control_plane} are incompatible");
    Err(Refusal { code: "NodePoolMcVersionIncompatible", message })
}
