//! The upgrade of a cluster: the control plane first, then its pools, one after the other. A roll-back of a pool runs as its upgrade does.

use super::{ControlPlane, Progress, Then};
use crate::cluster::{
    Broken, Ctx, Event, OperationId, OperationState, PoolHistory, PoolId, PoolUpgrade, ProvisioningState, Refusal,
    UpgradeOutcome, UpgradePurpose, UpgradeRequest, World,
};
use crate::scenario::plan::UpgradeStrategy;
use std::collections::VecDeque;

/// What is left of an upgrade.
#[derive(Debug)]
pub(super) struct UpgradePath {
    /// What every pool is asked for.
    pub request: UpgradeRequest,
    /// Pools whose turn has not come.
    pub pools: VecDeque<PoolId>,
}

/// Begins to upgrade: the control plane unless it has the version, else the first pool. Of a failed cluster the control plane is
/// repaired first. Returns the pools that are busy too.
pub(super) fn start(
    world: &mut World,
    mut path: UpgradePath,
    repairs: bool,
    operation: OperationId,
    ctx: &mut Ctx<'_>,
) -> (Vec<PoolId>, Progress) {
    let is_newer = path.request.version.is_some_and(|version| version > world.version);
    if is_newer || repairs {
        let stream = &mut world.streams.stream("operation", &world.operations[operation].name);
        let timings = &world.plan.timings;
        let timing = if is_newer { &timings.control_plane_upgrade } else { &timings.cluster_update };
        ctx.after(timing.draw(stream), Event::OperationStep(operation));
        return (Vec::new(), Progress::Waiting(Then::UpgradePools(path)));
    }
    let current = path.pools.pop_front().expect("an admitted upgrade has something to upgrade");
    start_pool(world, current, path.request, operation, ctx);
    (vec![current], Progress::UpgradingPools { current, path })
}

/// Begins to take the pool back to what it was before its last upgrade.
pub(super) fn roll_back(world: &mut World, pool: PoolId, operation: OperationId, ctx: &mut Ctx<'_>) -> Progress {
    let PoolHistory::Upgraded { from, image_only, .. } = world.pools[pool].history else {
        panic!("an admitted roll-back has an upgrade to take back");
    };
    let request =
        UpgradeRequest { version: (!image_only).then_some(from), force: false, purpose: UpgradePurpose::Rollback };
    start_pool(world, pool, request, operation, ctx);
    Progress::UpgradingPools { current: pool, path: UpgradePath { request, pools: VecDeque::new() } }
}

impl ControlPlane {
    /// The upgrade of a pool answered: the next pool follows, or the operation ends.
    pub(super) fn on_pool_upgraded(&mut self, world: &mut World, operation: OperationId, ctx: &mut Ctx<'_>) {
        let running = self.running.get_mut(&operation).expect("an operation that is looked at is in progress");
        let Progress::UpgradingPools { current, path } = &mut running.progress else {
            return;
        };
        let current = *current;
        let row = world.pools[current].upgrade.as_ref();
        let answer = row.and_then(|upgrade| Some((upgrade.outcome.clone()?, upgrade.aborted, upgrade.began)));
        let Some((outcome, aborted, began)) = answer else {
            return; // Stale: the pool's upgrade is in progress.
        };
        world.pools[current].upgrade = None;
        note_history(world, current, path.request, &outcome, ctx);
        let state = match outcome {
            // The abort came too late for this pool, and in time for the others.
            UpgradeOutcome::Succeeded if aborted && !path.pools.is_empty() => {
                world.pools[current].settle(Some(Broken::Upgrade), ProvisioningState::Succeeded);
                running.busy.clear();
                OperationState::Canceled(Refusal::aborted())
            }
            UpgradeOutcome::Succeeded => {
                world.pools[current].settle(Some(Broken::Upgrade), ProvisioningState::Succeeded);
                world.pools[current].image_as_of = began;
                let path = UpgradePath { request: path.request, pools: std::mem::take(&mut path.pools) };
                self.upgrade_next_pool(world, operation, path, ctx);
                return;
            }
            UpgradeOutcome::Failed(failure) => OperationState::Failed(failure),
            UpgradeOutcome::Canceled(reason) => OperationState::Canceled(reason),
        };
        self.end(world, operation, state, ctx);
    }

    /// Hands the next pool to the upgrade process, or ends the operation after the last.
    pub(super) fn upgrade_next_pool(
        &mut self,
        world: &mut World,
        operation: OperationId,
        mut path: UpgradePath,
        ctx: &mut Ctx<'_>,
    ) {
        let running = self.running.get_mut(&operation).expect("an operation that goes on is in progress");
        if !path.pools.is_empty() && world.operations[operation].is_out_of_time(ctx.now) {
            running.busy.clear();
            let state = OperationState::Canceled(out_of_time(world, &path.pools));
            self.end(world, operation, state, ctx);
            return;
        }
        match path.pools.pop_front() {
            None => {
                running.busy.clear();
                self.end(world, operation, OperationState::Succeeded, ctx);
            }
            Some(current) => {
                running.busy = vec![current];
                start_pool(world, current, path.request, operation, ctx);
                running.progress = Progress::UpgradingPools { current, path };
            }
        }
    }
}

/// What an upgrade of AKS's own ends with when its window closed before every pool had its turn. The code and the sentence are ours.
fn out_of_time(world: &World, pools: &VecDeque<PoolId>) -> Refusal {
    let names: Vec<&str> = pools.iter().map(|pool| world.pool_plan(*pool).name.as_str()).collect();
    let message = format!("the maintenance window has closed: {} waits for the next one", names.join(", "));
    Refusal { code: "MaintenanceWindowClosed", message }
}

/// What the pool can be rolled back to once an upgrade of it ended.
///
/// A blue-green upgrade that is finished has deleted the nodes to go back to (blue-green-node-pool-upgrade.md, 2024-11-06), unless the
/// scenario follows the other page.
/// A roll-back that failed may be asked for again; one that succeeded leaves nothing to go back to.
fn note_history(world: &mut World, pool: PoolId, request: UpgradeRequest, outcome: &UpgradeOutcome, ctx: &Ctx<'_>) {
    let finished = *outcome == UpgradeOutcome::Succeeded;
    let is_gone = matches!(world.pool_plan(pool).upgrade.strategy, UpgradeStrategy::BlueGreen(_))
        && !world.plan.cluster.conflicts.rollback_after_blue_green;
    let history = &mut world.pools[pool].history;
    if request.purpose == UpgradePurpose::Rollback {
        if finished {
            *history = PoolHistory::RolledBack;
        }
    } else if finished && is_gone {
        *history = PoolHistory::Replaced;
    } else if let PoolHistory::Upgraded { ended, .. } = history {
        *ended = Some(ctx.now);
    }
}

/// Hands the pool to the upgrade process.
pub(super) fn start_pool(
    world: &mut World,
    pool: PoolId,
    request: UpgradeRequest,
    operation: OperationId,
    ctx: &mut Ctx<'_>,
) {
    let state = &mut world.pools[pool];
    if state.broken.is_some() && state.missing > 0 {
        state.target += std::mem::take(&mut state.missing);
        ctx.soon(Event::ReconcilePool(pool)); // A repair brings the instances that could not be had before, too.
    }
    state.state = ProvisioningState::Upgrading;
    state.upgrade =
        Some(PoolUpgrade { operation, request, began: ctx.now, aborted: false, reversible: false, outcome: None });
    // The same upgrade again, after one that failed, goes on from where that one began.
    let resumes = request.version.is_some_and(|version| version == state.version);
    if request.purpose == UpgradePurpose::Upgrade && !resumes {
        let image_only = request.version.is_none();
        state.history = PoolHistory::Upgraded { from: state.version, image_only, ended: None };
    }
    ctx.soon(Event::UpgradeStep(pool));
}
