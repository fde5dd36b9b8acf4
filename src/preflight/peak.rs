//! How much of something that every VM takes is needed at the peak of an operation: addresses, blocks of them, vCPUs.

use super::course::{Course, State, Step};
use crate::process::upgrade::surge;
use crate::scenario::plan::{NetworkChange, OperationKind, UpgradeStrategy};

/// What is needed at a peak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peak {
    /// Before the operation.
    pub before: u64,
    /// At its peak, with as many nodes in autoscaled pools as there are without the autoscaler's doing.
    pub present: u64,
    /// At its peak when the autoscaler has made its pools as large as it may.
    pub most: u64,
}

impl Peak {
    /// What is needed while an operation is in progress, when a VM of a pool takes `each`.
    ///
    /// Pools are upgraded one after the other, so that the surge nodes of one pool are there at a time; a change of the network model reimages
    /// all at once; a migration has both of its pools. Source: azure-aks-docs, upgrade-aks-control-plane.md, 2026-07-30.
    #[must_use]
    pub fn of_step(course: &Course<'_>, step: &Step<'_>, each: impl Fn(usize) -> u64) -> Self {
        let all: Vec<usize>;
        let upgraded: &[usize] = match &step.kind {
            OperationKind::Upgrade { pools, .. } => pools,
            OperationKind::Rollback { pool } => std::slice::from_ref(pool),
            OperationKind::UpdateNetwork(NetworkChange::Overlay(_)) => {
                all = step.before.existing().map(|(pool, _)| pool).collect();
                return Self::between(course, &step.before, &step.after, &all, true, each);
            }
            _ => &[],
        };
        Self::between(course, &step.before, &step.after, upgraded, false, each)
    }

    /// What the deployment needs: `present` without and `most` with the surge nodes of one pool's upgrade and the autoscaler's most.
    #[must_use]
    pub fn of_deployment(course: &Course<'_>, each: impl Fn(usize) -> u64) -> Self {
        let pools: Vec<usize> = course.start.existing().map(|(pool, _)| pool).collect();
        let peak = Self::between(course, &course.start, &course.start, &pools, false, each);
        Self { present: peak.before, ..peak }
    }

    /// The least with which an upgrade goes on: from 1.35 on with one surge node, with maxUnavailable with none.
    #[must_use]
    pub fn least_of_upgrade(course: &Course<'_>, step: &Step<'_>, each: impl Fn(usize) -> u64) -> Option<Self> {
        let OperationKind::Upgrade { pools, .. } = &step.kind else {
            return None;
        };
        let surge = |pool: &usize| {
            let state = &step.before.pools[*pool];
            u64::from(step.before.pool_plan(course.plan, *pool).least_extra(state.nodes, state.version)) * each(*pool)
        };
        let peak = Self::between(course, &step.before, &step.after, &[], false, &each);
        let extra = pools.iter().map(surge).max().unwrap_or(0);
        Some(Self { present: peak.present + extra, most: peak.most + extra, ..peak })
    }

    fn between(
        course: &Course<'_>,
        before: &State,
        after: &State,
        upgraded: &[usize],
        at_once: bool,
        each: impl Fn(usize) -> u64,
    ) -> Self {
        let sum = |of: &dyn Fn(usize) -> u32| -> u64 {
            (0..before.pools.len()).map(|pool| u64::from(of(pool)) * each(pool)).sum()
        };
        let extra = |most: bool| {
            let needed = |pool: &usize| {
                let state = &before.pools[*pool];
                let nodes = if most { state.most() } else { state.nodes };
                u64::from(surge_nodes(course, before, *pool, nodes)) * each(*pool)
            };
            let each = upgraded.iter().filter(|pool| !course.pool(**pool).is_brought()).map(needed);
            if at_once { each.sum() } else { each.max().unwrap_or(0) }
        };
        Self {
            before: sum(&|pool| before.pools[pool].instances),
            present: sum(&|pool| before.pools[pool].instances.max(after.pools[pool].instances)) + extra(false),
            most: sum(&|pool| before.pools[pool].most().max(after.pools[pool].most())) + extra(true),
        }
    }
}

/// The nodes that an upgrade of the pool adds when it has so many.
#[must_use]
pub fn surge_nodes(course: &Course<'_>, state: &State, pool: usize, nodes: u32) -> u32 {
    let settings = state.pools[pool].settings.upgrade;
    match settings.strategy {
        UpgradeStrategy::Rolling => surge::width(&settings, course.pool(pool).spot, nodes, nodes).surge,
        UpgradeStrategy::BlueGreen(_) => nodes,
    }
}

/// True for operations that need more VMs than there are, now or later.
#[must_use]
pub fn grows(step: &Step<'_>) -> bool {
    match &step.kind {
        OperationKind::Upgrade { pools, .. } => !pools.is_empty(),
        OperationKind::Rollback { .. } => true,
        OperationKind::Scale { pool, count } => *count > step.before.pools[*pool].nodes,
        OperationKind::UpdatePool { pool, .. } => step.after.pools[*pool].most() > step.before.pools[*pool].most(),
        OperationKind::AddPool { .. } | OperationKind::Migrate { .. } => true,
        OperationKind::UpdateNetwork(change) => matches!(change, NetworkChange::Overlay(_)),
        _ => false,
    }
}
