//! The upgrade of a cluster: the control plane first, then its pools, one after the other.

use super::{ControlPlane, Progress, Then};
use crate::catalog::KubernetesVersion;
use crate::cluster::{Ctx, Event, OperationId, OperationState, PoolId, PoolUpgrade, ProvisioningState, Refusal, World};
use std::collections::VecDeque;

/// What is left of an upgrade.
#[derive(Debug)]
pub(super) struct UpgradePath {
    /// Version to upgrade to; `None` for node images.
    pub version: Option<KubernetesVersion>,
    /// Pools whose turn has not come.
    pub pools: VecDeque<PoolId>,
}

/// Begins to upgrade: the control plane unless it has the version, else the first pool. Returns the pools that are busy too.
pub(super) fn start(
    world: &mut World,
    version: Option<KubernetesVersion>,
    mut pools: VecDeque<PoolId>,
    operation: OperationId,
    ctx: &mut Ctx<'_>,
) -> (Vec<PoolId>, Progress) {
    if version.is_some_and(|version| version > world.version) {
        let stream = &mut world.streams.stream("operation", &world.operations[operation].name);
        ctx.after(world.plan.timings.control_plane_upgrade.draw(stream), Event::OperationStep(operation));
        return (Vec::new(), Progress::Waiting(Then::UpgradePools(UpgradePath { version, pools })));
    }
    let current = pools.pop_front().expect("an admitted upgrade has something to upgrade");
    start_pool(world, current, version, operation, ctx);
    (vec![current], Progress::UpgradingPools { current, path: UpgradePath { version, pools } })
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
        match outcome {
            Ok(()) if !aborted => {
                world.pools[current].state = ProvisioningState::Succeeded;
                world.pools[current].image_as_of = began;
                let path = UpgradePath { version: path.version, pools: std::mem::take(&mut path.pools) };
                self.upgrade_next_pool(world, operation, path, ctx);
            }
            Ok(()) => {
                let state = OperationState::Canceled(super::abort::aborted());
                self.end(world, operation, state, ctx);
            }
            Err(failure) if aborted => self.end(world, operation, OperationState::Canceled(failure), ctx),
            Err(failure) => self.end(world, operation, OperationState::Failed(failure), ctx),
        }
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
                start_pool(world, current, path.version, operation, ctx);
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

fn start_pool(
    world: &mut World,
    pool: PoolId,
    version: Option<KubernetesVersion>,
    operation: OperationId,
    ctx: &mut Ctx<'_>,
) {
    world.pools[pool].state = ProvisioningState::Upgrading;
    world.pools[pool].upgrade = Some(PoolUpgrade { operation, version, began: ctx.now, aborted: false, outcome: None });
    ctx.soon(Event::UpgradeStep(pool));
}
