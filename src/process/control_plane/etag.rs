//! eTags: an operation that says which state of a resource it is meant for is not carried out on another.
//!
//! An operation on the cluster changes the eTags of the cluster and of its pools, one on a pool that pool's; here both when it begins and
//! when it ends, since both change the resource. Source: azure-aks-docs, use-etags.md, 2024-06-10; the sentences are ours, the code is
//! Azure Resource Manager's.

use super::admission::Scope;
use crate::cluster::{PoolId, PowerState, Refusal, World};
use crate::kernel::SimTime;
use crate::scenario::plan::EtagCondition;

/// How a resource is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Create it, or replace its settings.
    Put,
    /// Change some of its settings.
    Patch,
    /// Delete it.
    Delete,
}

/// The HTTP status of a request under a condition, for a resource that exists or does not, and was or was not changed since its eTag was read.
#[must_use]
pub const fn status(method: Method, condition: Option<EtagCondition>, exists: bool, changed: bool) -> u16 {
    match (exists, condition, method) {
        (true, Some(EtagCondition::IsMissing), _) => 412,
        (true, Some(EtagCondition::UnchangedSince(_)), _) if changed => 412,
        (true, _, _) => 200,
        (false, Some(EtagCondition::Exists | EtagCondition::UnchangedSince(_)), Method::Put) => 412,
        (false, _, Method::Put) => 201,
        (false, _, Method::Patch) => 404,
        (false, _, Method::Delete) => 204,
    }
}

/// Refuses what is meant for another state of its resource.
pub(super) fn check(
    world: &World,
    scope: &Scope,
    of_cluster: bool,
    condition: Option<EtagCondition>,
) -> Result<(), Refusal> {
    let Some(condition) = condition else {
        return Ok(());
    };
    let (what, exists, changed) = match scope {
        Scope::Pools(pools) if !of_cluster && !pools.is_empty() => {
            let names: Vec<&str> = pools.iter().map(|pool| world.pool_plan(*pool).name.as_str()).collect();
            let pools = || pools.iter().map(|pool| &world.pools[*pool]);
            let changed = pools().map(|pool| pool.etag).max();
            (format!("agent pool {}", names.join(", ")), pools().all(|pool| pool.exists), changed.unwrap_or_default())
        }
        _ => {
            let name = &world.plan.cluster.name;
            (format!("cluster {name}"), world.power != PowerState::Absent, world.etag)
        }
    };
    let is_changed = matches!(condition, EtagCondition::UnchangedSince(read) if changed > read);
    if status(Method::Put, Some(condition), exists, is_changed) != 412 {
        return Ok(());
    }
    let why = match condition {
        EtagCondition::IsMissing => "exists already (If-None-Match: *)",
        _ if !exists => "does not exist (If-Match)",
        _ => "was changed since its eTag was read (If-Match)",
    };
    Err(Refusal { code: "PreconditionFailed", message: format!("412: {what} {why}") })
}

/// The operation changes what it holds: new eTags.
pub(super) fn renew(world: &mut World, scope: &Scope, of_cluster: bool, now: SimTime) {
    let pools: Vec<PoolId> = match scope {
        Scope::Pools(pools) if !of_cluster => pools.clone(),
        _ => {
            world.etag = now;
            world.pools.ids().collect()
        }
    };
    for pool in pools {
        world.pools[pool].etag = now;
    }
}
