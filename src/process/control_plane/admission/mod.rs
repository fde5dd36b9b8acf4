//! Whether an operation is accepted. Azure's code and the form of its message where they are documented.

mod addresses;
mod failed;
mod pool;
mod ports;

use self::addresses::Growth;
use super::{ControlPlane, Progress, Running, network, versions};
use crate::catalog::limits::{NODES_PER_CLUSTER, NODES_PER_POOL, STOPPABLE_NODES, UPGRADABLE_NODES};
use crate::catalog::{KubernetesVersion, api_removal};
use crate::cluster::{Budget, NodeId, NodePhase, Pool, PoolId, PowerState, ProvisioningState, Refusal, World};
use crate::kernel::Id;
use crate::scenario::plan::{
    BudgetRule, IntOrPercent, NetworkChange, NetworkModel, OperationKind, OperationPlan, PoolMode, PoolPlan, ReadCall,
    UpgradeChannel, UpgradeStrategy, required_actions,
};

/// What an operation holds while it is in progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The control plane, and with it everything.
    Cluster,
    /// Single pools.
    Pools(Vec<PoolId>),
}

impl Scope {
    /// What an operation of this kind would hold.
    pub(super) fn of(world: &World, kind: &OperationKind) -> Self {
        match kind {
            OperationKind::Upgrade { version: Some(version), .. } if *version > world.version => Self::Cluster,
            _ if is_repair(world, kind) => Self::Cluster,
            OperationKind::Upgrade { pools, .. } => {
                Self::Pools(pools.iter().map(|pool| PoolId::from_index(*pool)).collect())
            }
            OperationKind::CreateCluster
            | OperationKind::StopCluster
            | OperationKind::StartCluster
            | OperationKind::UpdateNetwork(_) => Self::Cluster,
            OperationKind::Scale { pool, .. }
            | OperationKind::Rollback { pool }
            | OperationKind::AddPool { pool, .. }
            | OperationKind::DeletePool { pool }
            | OperationKind::UpdatePool { pool, .. }
            | OperationKind::StopPool { pool }
            | OperationKind::StartPool { pool } => Self::Pools(vec![PoolId::from_index(*pool)]),
            OperationKind::Migrate { from, to, .. } => {
                Self::Pools(vec![PoolId::from_index(*from), PoolId::from_index(*to)])
            }
            OperationKind::Abort { .. } | OperationKind::Read(_) => Self::Pools(Vec::new()),
        }
    }
}

/// True for an operation on the cluster as a whole, with or without its pools.
pub(super) fn is_of_cluster(kind: &OperationKind) -> bool {
    match kind {
        OperationKind::Upgrade { pools, whole_cluster, .. } => *whole_cluster || pools.is_empty(),
        OperationKind::CreateCluster
        | OperationKind::StopCluster
        | OperationKind::StartCluster
        | OperationKind::UpdateNetwork(_) => true,
        _ => false,
    }
}

/// True for an upgrade of a failed cluster to the version that it has.
pub(super) fn is_repair(world: &World, kind: &OperationKind) -> bool {
    let OperationKind::Upgrade { version: Some(version), .. } = kind else {
        return false;
    };
    world.state == ProvisioningState::Failed && *version == world.version && is_of_cluster(kind)
}

/// True for an upgrade in the final soak of a pool that the operation rolls back.
///
/// Source: azure-aks-docs, blue-green-node-pool-upgrade.md, 2024-11-06.
pub(super) fn is_undone_by(world: &World, running: &Running, kind: &OperationKind) -> bool {
    let OperationKind::Rollback { pool } = kind else {
        return false;
    };
    let pool = PoolId::from_index(*pool);
    let reversible = world.pools[pool].upgrade.as_ref().is_some_and(|upgrade| upgrade.reversible);
    reversible && matches!(running.progress, Progress::UpgradingPools { current, .. } if current == pool)
}

impl ControlPlane {
    /// Refuses what would touch something that another operation in progress holds.
    ///
    /// Source: support articles for AKS, operationnotallowed.md, 2024-02-23.
    pub(super) fn conflict(&self, world: &World, kind: &OperationKind, asked: &Scope) -> Result<(), Refusal> {
        if matches!(kind, OperationKind::Read(_)) {
            return Ok(()); // Whoever only looks is in nobody's way.
        }
        if let OperationKind::Abort { pool } = kind {
            // 409 is documented for an operation that has ended; its code is not.
            let pool = pool.map(PoolId::from_index);
            return match self.abortable(world, pool) {
                Some(_) => Ok(()),
                None => not_allowed("409: there is no operation in progress that can be aborted".to_owned()),
            };
        }
        for running in self.running.values().filter(|running| !is_undone_by(world, running, kind)) {
            let word = running.word.name();
            let wait = "please wait for it to finish before starting a new operation";
            match (&running.scope, asked) {
                (Scope::Cluster, _) => {
                    return not_allowed(format!(
                        "Operation is not allowed: Another operation ({word}) is in progress, {wait}"
                    ));
                }
                (Scope::Pools(held), Scope::Cluster) => {
                    if let Some(pool) = held.first() {
                        let name = &world.pool_plan(*pool).name;
                        return not_allowed(format!(
                            "Managed Cluster operation is not allowed: Another operation ({word}) is in progress on agent pool ({name}), {wait}"
                        ));
                    }
                }
                (Scope::Pools(held), Scope::Pools(wanted)) => {
                    // A deletion replaces whatever is in progress on its pool, if that is on no other pool too, or joins another.
                    let replaces = matches!(kind, OperationKind::DeletePool { .. })
                        && running.busy.iter().all(|pool| wanted.contains(pool));
                    if !replaces && held.iter().any(|pool| wanted.contains(pool)) {
                        return not_allowed(format!(
                            "Operation is not allowed: Another agentpool operation ({word}) is in progress, {wait}"
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}

/// Refuses what whoever asks has no permission for, before anything else is looked at.
///
/// # Errors
/// The refusal.
pub fn authorize(world: &World, operation: &OperationPlan) -> Result<(), Refusal> {
    let access = &world.plan.access;
    let Some(asker) = operation.asker(access) else {
        return Ok(()); // The owner may do everything.
    };
    access.check(asker, &required_actions(&operation.kind, world.version)).map_err(|denial| {
        let message = denial.message(&asker.name, &world.plan.cluster);
        Refusal { code: denial.code(), message }
    })
}

/// Refuses what the power state of the cluster does not allow: a stopped cluster can only be started.
///
/// Sources: azure-aks-docs, start-stop-cluster.md, 2026-07-21; support articles for AKS, operationnotallowed.md, 2024-02-23. The
/// sentences are ours.
///
/// # Errors
/// The refusal.
pub fn admit_power(world: &World, kind: &OperationKind) -> Result<(), Refusal> {
    let name = &world.plan.cluster.name;
    match (world.power, kind) {
        (PowerState::Absent, OperationKind::CreateCluster) => Ok(()),
        (PowerState::Absent, OperationKind::Read(ReadCall::ListSubscription | ReadCall::ListResourceGroup)) => Ok(()),
        (PowerState::Absent, _) => {
            let message = format!("The Resource 'Microsoft.ContainerService/managedClusters/{name}' was not found");
            Err(Refusal { code: "ResourceNotFound", message })
        }
        (_, OperationKind::CreateCluster) => not_allowed(format!("cluster {name} exists already")),
        (PowerState::Stopped, OperationKind::StartCluster | OperationKind::Read(_)) => Ok(()),
        (PowerState::Stopped, OperationKind::StopCluster) => not_allowed(format!("cluster {name} is stopped already")),
        (PowerState::Stopped, _) => not_allowed(format!("cluster {name} is stopped: start it first")),
        (PowerState::Running, OperationKind::StartCluster) => not_allowed(format!("cluster {name} is running already")),
        // What is in progress is the conflict's concern.
        (PowerState::Starting | PowerState::Running | PowerState::Stopping, _) => Ok(()),
    }
}

/// Refuses what is not allowed in the present state of the cluster when an operator asks for it.
///
/// # Errors
/// The refusal.
pub fn admit(world: &World, kind: &OperationKind) -> Result<(), Refusal> {
    admit_from(world, kind, false)
}

/// The same of what AKS asks for by itself.
///
/// # Errors
/// The refusal.
pub fn admit_by_itself(world: &World, kind: &OperationKind) -> Result<(), Refusal> {
    admit_from(world, kind, true)
}

/// The same, of an operator or of AKS.
pub(super) fn admit_from(world: &World, kind: &OperationKind, by_itself: bool) -> Result<(), Refusal> {
    failed::admit(world, kind, by_itself)?;
    match kind {
        OperationKind::StartCluster | OperationKind::Abort { .. } | OperationKind::Read(_) => Ok(()),
        OperationKind::CreateCluster => {
            within_cluster_count(world)?;
            versions::admit_new_cluster(world)?;
            let first: Vec<PoolId> = world.pools.ids().filter(|pool| world.pool_plan(*pool).from_start).collect();
            first.iter().try_for_each(|pool| pool::admit_shape(world, *pool))?;
            within_addresses(world, &first.into_iter().map(|pool| Growth::coming(world, pool)).collect::<Vec<_>>())
        }
        OperationKind::StopCluster => admit_stop(world),
        OperationKind::Scale { pool, count } => admit_scale(world, PoolId::from_index(*pool), *count),
        OperationKind::AddPool { pool, version } => pool::admit_add(world, PoolId::from_index(*pool), *version),
        OperationKind::DeletePool { pool } => pool::admit_delete(world, PoolId::from_index(*pool)),
        OperationKind::UpdatePool { pool, change } => pool::admit_update(world, PoolId::from_index(*pool), change),
        OperationKind::UpdateNetwork(change) => admit_network(world, *change),
        OperationKind::StopPool { pool } => pool::admit_stop(world, PoolId::from_index(*pool)),
        OperationKind::StartPool { pool } => pool::admit_start(world, PoolId::from_index(*pool)),
        OperationKind::Migrate { from, to, .. } => {
            let (from, to) = (PoolId::from_index(*from), PoolId::from_index(*to));
            pool::admit_delete_after(world, from, to)?;
            pool::admit_add(world, to, None)
        }
        OperationKind::Upgrade { version, pools, force, .. } => {
            let pools: Vec<PoolId> = pools.iter().map(|pool| PoolId::from_index(*pool)).collect();
            pools.iter().try_for_each(|pool| pool::exists(world, *pool))?;
            admit_size(world)?;
            match version {
                Some(version) => {
                    if !is_repair(world, kind) {
                        versions::admit_from(world, *version, &pools, by_itself)?;
                    }
                    admit_together(world, *version, &pools)?;
                }
                None if pools.is_empty() => return not_allowed("no agent pool to upgrade".to_owned()),
                None => {}
            }
            if !force {
                admit_api_usage(world, *version)?;
                admit_budgets(world, &pools)?;
            }
            pools.iter().try_for_each(|pool| admit_surge(world, *pool, world.network))
        }
        OperationKind::Rollback { pool } => {
            let id = PoolId::from_index(*pool);
            pool::exists(world, id)?;
            versions::admit_rollback(world, id)?;
            admit_budgets(world, &[id])?;
            admit_surge(world, id, world.network)
        }
    }
}

/// A change of the network; with another model every pool needs what its upgrade needs.
fn admit_network(world: &World, change: NetworkChange) -> Result<(), Refusal> {
    network::is_possible(world, change)?;
    let NetworkChange::Overlay(cidr) = change else {
        return Ok(());
    };
    let pools = world.pools.ids().filter(|pool| world.pools[*pool].exists && !world.pool_plan(*pool).is_brought());
    let pools: Vec<PoolId> = pools.collect();
    admit_budgets(world, &pools)?;
    addresses::within_blocks(world, &[], cidr)?;
    pools.iter().try_for_each(|pool| admit_surge(world, *pool, NetworkModel::AzureOverlay))
}

/// Source: azure-aks-docs, best-practices-performance-scale-large.md, 2026-06-05. The code is not documented.
fn admit_stop(world: &World) -> Result<(), Refusal> {
    let running = world.pools.iter().filter(|(_, pool)| pool.exists && !pool.stopped);
    let nodes = running.map(|(_, pool)| (pool.target + pool.surge) as usize).sum::<usize>();
    if nodes > STOPPABLE_NODES {
        return not_allowed(format!("a cluster of {nodes} nodes cannot be stopped: the limit is {STOPPABLE_NODES}"));
    }
    if !world.plan.cluster.brought.is_empty() {
        return not_allowed("nodes that the scenario brings along cannot be stopped".to_owned());
    }
    Ok(())
}

/// Sources: azure-aks-docs, cluster-autoscaler.md, 2026-07-30, and use-system-pools.md, 2026-04-30. The codes are not documented.
fn admit_scale(world: &World, pool: PoolId, count: u32) -> Result<(), Refusal> {
    let plan = world.pool_plan(pool);
    let name = &plan.name;
    let least = match plan.mode {
        PoolMode::System => 1,
        PoolMode::User | PoolMode::Gateway { .. } => 0,
    };
    pool::exists(world, pool)?;
    if world.pools[pool].stopped {
        return not_allowed(format!("agent pool {name} is stopped: start it first"));
    }
    if world.pools[pool].autoscaling.is_some() {
        return not_allowed(format!(
            "agent pool {name} is managed by the cluster autoscaler and cannot be scaled by hand"
        ));
    }
    let most = plan.mode.most_nodes();
    if !(least..=most).contains(&count) {
        return invalid(format!("agent pool {name}: count {count} is not between {least} and {most}"));
    }
    admit_nodes(world, pool, count)?;
    let state = &world.pools[pool];
    if state.target == count && state.state == ProvisioningState::Succeeded {
        return not_allowed(format!("agent pool {name}: the new node count is the same as the current node count"));
    }
    // Deallocated instances count for the quota already, and are started first.
    let has_vm = |node: &&NodeId| {
        let node = &world.nodes[**node];
        node.pool == pool && (node.is_member() || node.phase == NodePhase::Deallocated)
    };
    let present = world.live_nodes.iter().filter(has_vm).count();
    let present = u32::try_from(present).expect("a scale set has at most 1000 instances");
    let more = count.saturating_sub(present);
    within_addresses(world, &[Growth::of(world, pool, more, count)])?;
    if world.plan.cluster.conflicts.scale_beyond_quota_fails {
        return Ok(());
    }
    within_quota(world, pool, more)
}

/// Refuses what takes more addresses than AKS sees in the subnets and in the pod CIDR, or more ports than the load balancer has.
fn within_addresses(world: &World, growths: &[Growth]) -> Result<(), Refusal> {
    addresses::within_subnets(world, growths, world.network)?;
    addresses::within_pod_cidr(world, growths)?;
    ports::within_ports(world, growths, 0)
}

/// Refuses one cluster more than the subscription may have. Source: azure-aks-docs, quotas-skus-regions.md, 2026-08-03.
fn within_cluster_count(world: &World) -> Result<(), Refusal> {
    let (most, others) = (world.plan.quota.managed_clusters, world.plan.quota.other_managed_clusters);
    match most.filter(|most| others >= *most) {
        None => Ok(()),
        Some(most) => {
            let message = format!(
                "Operation results in exceeding quota limits for managed clusters. Maximum allowed: {most}, Current usage: {others}, \
                 Additional requested: 1."
            );
            Err(Refusal { code: "ManagedClusterCountExceedsQuotaLimit", message })
        }
    }
}

/// Refuses a cluster that is created or started while the region has no room for its control plane.
///
/// Source: support articles for AKS, akscapacityheavyusage-error.md, 2024-05-29. The sentence is ours.
pub(super) fn admit_control_plane(world: &World, kind: &OperationKind, operation: &str) -> Result<(), Refusal> {
    let concerned = matches!(kind, OperationKind::CreateCluster | OperationKind::StartCluster);
    if !concerned || !world.is_short_of_control_planes(operation) {
        return Ok(());
    }
    let message = format!(
        "the region {} has no capacity for control planes now; try later, or another region",
        world.plan.cluster.location
    );
    Err(Refusal { code: "AksCapacityHeavyUsage", message })
}

/// Refuses what takes more VMs than the quota has room for.
fn within_quota(world: &World, pool: PoolId, more: u32) -> Result<(), Refusal> {
    world.quota_shortfall(pool, more).map_or(Ok(()), Err)
}

/// Refuses more nodes than the tier supports, should the pool have so many.
fn admit_nodes(world: &World, pool: PoolId, count: u32) -> Result<(), Refusal> {
    let others: u32 = world.pools.iter().filter(|(id, _)| *id != pool).map(|(_, other)| other.target).sum();
    let (nodes, tier) = (others + count, world.plan.cluster.tier);
    if nodes > tier.max_nodes() {
        let name = &world.pool_plan(pool).name;
        let most = tier.max_nodes();
        return invalid(format!(
            "agent pool {name}: {nodes} nodes are more than the {most} of the {} tier",
            tier.name()
        ));
    }
    Ok(())
}

/// A cluster that is as large as a cluster may be has no room for an upgrade.
///
/// Source: azure-aks-docs, best-practices-performance-scale-large.md, 2026-06-05. The code is not documented.
fn admit_size(world: &World) -> Result<(), Refusal> {
    let nodes: u32 = world.pools.iter().map(|(_, pool)| pool.target).sum();
    if nodes < NODES_PER_CLUSTER {
        return Ok(());
    }
    not_allowed(format!("a cluster of {nodes} nodes cannot be upgraded: scale it below {UPGRADABLE_NODES} nodes first"))
}

/// With an auto-upgrade channel the control plane is upgraded with its pools or not at all; spot pools, which are never upgraded together
/// with it (`versions::admit_spot`), stay and are upgraded by themselves.
///
/// Source: azure-aks-docs, auto-upgrade-cluster.md, 2026-06-26; that spot pools are left out is an assumption, without which no upgrade would
/// be left to such a cluster.
fn admit_together(world: &World, version: KubernetesVersion, pools: &[PoolId]) -> Result<(), Refusal> {
    let stays = |(id, pool): (PoolId, &Pool)| {
        let plan = world.pool_plan(id);
        pool.exists && !plan.is_brought() && !plan.spot && !pools.contains(&id)
    };
    let has_channel = world.plan.maintenance.channel != UpgradeChannel::None;
    if has_channel && version > world.version && world.pools.iter().any(stays) {
        let message = "Using managed cluster api, all Agent pools' OrchestratorVersion must be all specified or all unspecified. \
                       If all specified, they must be stay unchanged or the same with control plane."
            .to_owned();
        return Err(Refusal { code: "NotAllAgentPoolOrchestratorVersionSpecifiedAndUnchanged", message });
    }
    Ok(())
}

/// Somebody used an API lately that the version has not any more.
///
/// Sources: azure-aks-docs, stop-cluster-upgrade-api-breaking-changes.md, 2026-07-01, and upgrade-options.md, 2026-06-22 (a forced upgrade is
/// not stopped). The sentence is ours; the second code stands in it.
fn admit_api_usage(world: &World, version: Option<KubernetesVersion>) -> Result<(), Refusal> {
    let Some(version) = version else {
        return Ok(());
    };
    let used = world.plan.api_usage.iter().filter(|usage| usage.blocks(world.version, version, world.clock));
    let names: Vec<&str> = used.map(|usage| usage.api.as_str()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let message = format!(
        "UpgradeBlockedOnDeprecatedAPIUsage: {} was used within the last {}, and {version} has it no more; move to its successor and wait \
         so long, or force the upgrade",
        names.join(", "),
        api_removal::LOOKBACK
    );
    Err(Refusal { code: "ValidationError", message })
}

/// A budget that never allows a disruption would block the upgrade for certain.
///
/// Source: support articles for AKS, unsatisfiablepdb-error.md, 2023-10-27.
fn admit_budgets(world: &World, pools: &[PoolId]) -> Result<(), Refusal> {
    let never = |budget: &Budget| {
        let rule = world.plan.budgets[budget.plan].rule;
        !budget.workloads.is_empty()
            && matches!(rule, BudgetRule::MaxUnavailable(IntOrPercent::Int(0) | IntOrPercent::Percent(0)))
    };
    if pools.is_empty() {
        return Ok(());
    }
    match world.budgets.iter().find(|(_, budget)| never(budget)) {
        None => Ok(()),
        Some((_, budget)) => {
            let plan = &world.plan.budgets[budget.plan];
            let message = format!(
                "PodDisruptionBudget {}/{} has maxUnavailable 0 and allows no eviction",
                plan.namespace, plan.name
            );
            Err(Refusal { code: "UnsatisfiablePDB", message })
        }
    }
}

/// Sources: azure-aks-docs, upgrade-aks-node-pools-rolling.md, 2026-05-29, and upgrade-options.md, 2026-06-22 (quota). Codes other than
/// that of the quota are not documented.
fn admit_surge(world: &World, pool: PoolId, model: NetworkModel) -> Result<(), Refusal> {
    let PoolPlan { name, mode, upgrade, .. } = world.pool_plan(pool);
    let nodes = world.pools[pool].target;
    let surge = upgrade.most_extra(nodes);
    let kind = if matches!(upgrade.strategy, UpgradeStrategy::BlueGreen(_)) { "green" } else { "surge" };
    if nodes + surge > NODES_PER_POOL {
        return not_allowed(format!(
            "agent pool {name}: {nodes} nodes and {surge} {kind} nodes are more than the {NODES_PER_POOL} of a scale set"
        ));
    }
    if surge > 0 {
        let least = world.pool_plan(pool).least_extra(nodes, world.pools[pool].version);
        addresses::within_subnets(world, &[Growth::of(world, pool, least, nodes)], model)?;
        ports::within_ports(world, &[], least)?;
        return within_quota(world, pool, least);
    }
    if nodes == 0 {
        return Ok(());
    }
    if upgrade.max_unavailable.of_rounded_up(nodes) == 0 {
        return invalid(format!("agent pool {name}: maxSurge and maxUnavailable are both 0"));
    }
    match mode {
        PoolMode::User | PoolMode::Gateway { .. } => Ok(()),
        PoolMode::System => invalid(format!("agent pool {name}: maxUnavailable is not allowed on a system pool")),
    }
}

pub(super) fn not_allowed(message: String) -> Result<(), Refusal> {
    Err(Refusal { code: "OperationNotAllowed", message })
}

fn invalid(message: String) -> Result<(), Refusal> {
    Err(Refusal { code: "InvalidParameter", message })
}
