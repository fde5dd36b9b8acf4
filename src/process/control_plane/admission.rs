//! Whether an operation is accepted. Azure's code and the form of its message where they are documented.

use super::{ControlPlane, versions};
use crate::catalog::limits::NODES_PER_POOL;
use crate::cluster::{Budget, PoolId, ProvisioningState, Refusal, World};
use crate::kernel::Id;
use crate::scenario::plan::{BudgetRule, IntOrPercent, OperationKind, PoolMode, PoolPlan, UpgradeStrategy};

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
            OperationKind::Upgrade { pools, .. } => {
                Self::Pools(pools.iter().map(|pool| PoolId::from_index(*pool)).collect())
            }
            OperationKind::Scale { pool, .. } | OperationKind::Rollback { pool } => {
                Self::Pools(vec![PoolId::from_index(*pool)])
            }
        }
    }
}

impl ControlPlane {
    /// Refuses what would touch something that another operation in progress holds.
    ///
    /// Source: support articles for AKS, operationnotallowed.md, 2024-02-23.
    pub(super) fn conflict(&self, world: &World, asked: &Scope) -> Result<(), Refusal> {
        for running in self.running.values() {
            let word = running.progress.name();
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
                    if held.iter().any(|pool| wanted.contains(pool)) {
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

/// Refuses what is not allowed in the present state of the cluster.
pub(super) fn admit(world: &World, kind: &OperationKind) -> Result<(), Refusal> {
    match kind {
        OperationKind::Scale { pool, count } => admit_scale(world, PoolId::from_index(*pool), *count),
        OperationKind::Upgrade { version, pools, force } => {
            let pools: Vec<PoolId> = pools.iter().map(|pool| PoolId::from_index(*pool)).collect();
            match version {
                Some(version) => versions::admit(world, *version, &pools)?,
                None if pools.is_empty() => return not_allowed("no agent pool to upgrade".to_owned()),
                None => {}
            }
            if !force {
                admit_budgets(world, &pools)?;
            }
            pools.iter().try_for_each(|pool| admit_surge(world, *pool))
        }
        OperationKind::Rollback { pool } => {
            let pool = PoolId::from_index(*pool);
            versions::admit_rollback(world, pool)?;
            admit_budgets(world, &[pool])?;
            admit_surge(world, pool)
        }
    }
}

/// Sources: azure-aks-docs, cluster-autoscaler.md, 2026-07-30, and use-system-pools.md, 2026-04-30. The codes are not documented.
fn admit_scale(world: &World, pool: PoolId, count: u32) -> Result<(), Refusal> {
    let plan = world.pool_plan(pool);
    let name = &plan.name;
    let least = match plan.mode {
        PoolMode::System => 1,
        PoolMode::User => 0,
    };
    if plan.autoscaling.is_some() {
        return not_allowed(format!(
            "agent pool {name} is managed by the cluster autoscaler and cannot be scaled by hand"
        ));
    }
    if !(least..=NODES_PER_POOL).contains(&count) {
        return invalid(format!("agent pool {name}: count {count} is not between {least} and {NODES_PER_POOL}"));
    }
    let others: u32 = world.pools.iter().filter(|(id, _)| *id != pool).map(|(_, other)| other.target).sum();
    let tier = world.plan.cluster.tier;
    if others + count > tier.max_nodes() {
        return invalid(format!(
            "agent pool {name}: {} nodes are more than the {} of the {} tier",
            others + count,
            tier.max_nodes(),
            tier.name()
        ));
    }
    let state = &world.pools[pool];
    if state.target == count && state.state == ProvisioningState::Succeeded {
        return not_allowed(format!("agent pool {name}: the new node count is the same as the current node count"));
    }
    Ok(())
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

/// Source: azure-aks-docs, upgrade-aks-node-pools-rolling.md, 2026-05-29. The codes are not documented.
fn admit_surge(world: &World, pool: PoolId) -> Result<(), Refusal> {
    let PoolPlan { name, mode, upgrade, .. } = world.pool_plan(pool);
    let nodes = world.pools[pool].target;
    let surge = upgrade.most_extra(nodes);
    let kind = if matches!(upgrade.strategy, UpgradeStrategy::BlueGreen(_)) { "green" } else { "surge" };
    if nodes + surge > NODES_PER_POOL {
        return not_allowed(format!(
            "agent pool {name}: {nodes} nodes and {surge} {kind} nodes are more than the {NODES_PER_POOL} of a scale set"
        ));
    }
    if nodes == 0 || surge > 0 {
        return Ok(());
    }
    if upgrade.max_unavailable.of_rounded_up(nodes) == 0 {
        return invalid(format!("agent pool {name}: maxSurge and maxUnavailable are both 0"));
    }
    match mode {
        PoolMode::User => Ok(()),
        PoolMode::System => invalid(format!("agent pool {name}: maxUnavailable is not allowed on a system pool")),
    }
}

pub(super) fn not_allowed(message: String) -> Result<(), Refusal> {
    Err(Refusal { code: "OperationNotAllowed", message })
}

fn invalid(message: String) -> Result<(), Refusal> {
    Err(Refusal { code: "InvalidParameter", message })
}
