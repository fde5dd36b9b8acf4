//! Operations that end before their time: aborted by the operator, or pre-empted by the deletion of their pool.
//!
//! What was done stays done. Sources: azure-aks-docs, manage-abort-operations.md, 2026-08-06; support articles for AKS,
//! aksoperationpreempted-error.md, 2024-10-28. Not modelled: the abort of a deletion and of creating, stopping or starting the cluster.

use super::admission::{Scope, is_undone_by};
use super::{ControlPlane, Progress, Running, Then};
use crate::cluster::{Ctx, Event, NodeId, OperationId, OperationState, PoolId, ProvisioningState, Refusal, World};
use crate::kernel::Id;
use crate::scenario::plan::OperationKind;

impl ControlPlane {
    /// The operation in progress that an abort is about, if it can be aborted.
    pub(super) fn abortable(&self, world: &World, pool: Option<PoolId>) -> Option<OperationId> {
        // An upgrade of every pool that leaves the control plane as it is holds only the pools.
        let of_cluster = |operation: OperationId| {
            let row = &world.operations[operation];
            let whole = matches!(row.request.kind, OperationKind::Upgrade { whole_cluster: true, .. });
            whole || row.auto_upgrade.is_some()
        };
        let concerns = |operation: OperationId, running: &Running| match (&running.scope, pool) {
            (Scope::Cluster, None) => true,
            (Scope::Pools(_), None) => of_cluster(operation),
            (Scope::Cluster, Some(pool)) => running.busy.contains(&pool),
            (Scope::Pools(held), Some(pool)) => held.contains(&pool),
        };
        let can_end = |running: &Running| {
            matches!(
                running.word,
                ProvisioningState::Scaling
                    | ProvisioningState::Upgrading
                    | ProvisioningState::Creating
                    | ProvisioningState::Updating
            ) && !matches!(
                running.progress,
                // A cluster has one network, and not two for good.
                Progress::Waiting(Then::Serve | Then::ChangeNetwork(_)) | Progress::Reimaging { .. }
            )
        };
        let mut found = self.running.iter().filter(|(id, running)| concerns(**id, running) && can_end(running));
        found.next().map(|(operation, _)| *operation)
    }

    /// Aborts the operation. A pool's upgrade is told so and answers when the nodes that it has begun with are done.
    pub(super) fn abort(&mut self, world: &mut World, pool: Option<PoolId>, ctx: &mut Ctx<'_>) {
        let operation = self.abortable(world, pool).expect("an admitted abort has an operation");
        let running = &self.running[&operation];
        match &running.progress {
            Progress::UpgradingPools { current, .. } => {
                let upgrade = world.pools[*current].upgrade.as_mut().expect("a pool in an upgrade has its row");
                upgrade.aborted = true;
                ctx.soon(Event::UpgradeStep(*current));
                return;
            }
            Progress::Provisioning { pools, .. } => {
                for pool in pools.clone() {
                    keep_what_is_there(world, pool);
                }
            }
            Progress::Removing { leaving, .. } => {
                for node in leaving.clone() {
                    if world.is_draining(node) && world.nodes[node].is_member() && !world.nodes[node].is_quarantined() {
                        world.set_cordoned(node, false, ctx); // It stays.
                    }
                    world.cancel_drain(node, ctx);
                    keep_what_is_there(world, world.nodes[node].pool);
                }
            }
            Progress::Migrating(migration) => {
                if let Some(node) = migration.draining() {
                    world.cancel_drain(node, ctx);
                }
            }
            Progress::Waiting(_) | Progress::Reimaging { .. } => {}
        }
        self.end(world, operation, OperationState::Canceled(Refusal::aborted()), ctx);
    }

    /// Ends the upgrade that a roll-back takes the place of.
    pub(super) fn preempt_by_rollback(&mut self, world: &mut World, kind: &OperationKind, ctx: &mut Ctx<'_>) {
        let undone = self.running.iter().find(|(_, running)| is_undone_by(world, running, kind));
        let (Some(loser), OperationKind::Rollback { pool }) = (undone.map(|(operation, _)| *operation), kind) else {
            return;
        };
        let pool = PoolId::from_index(*pool);
        let message = format!("the roll-back of agent pool {} replaced the operation", world.pool_plan(pool).name);
        let state = OperationState::Canceled(Refusal { code: "AKSOperationPreempted", message });
        self.end(world, loser, state, ctx);
        world.pools[pool].upgrade = None;
    }

    /// Ends the operations in progress on a pool that is about to be deleted.
    pub(super) fn preempt_by_delete(&mut self, world: &mut World, pool: PoolId, ctx: &mut Ctx<'_>) {
        let held = |running: &Running| {
            running.word != ProvisioningState::Deleting
                && matches!(&running.scope, Scope::Pools(held) if held.contains(&pool))
        };
        let losers: Vec<OperationId> =
            self.running.iter().filter(|(_, running)| held(running)).map(|(operation, _)| *operation).collect();
        for operation in losers {
            let message = format!("the deletion of agent pool {} replaced the operation", world.pool_plan(pool).name);
            let state = OperationState::Canceled(Refusal { code: "AKSOperationPreemptedByDelete", message });
            self.end(world, operation, state, ctx);
        }
        world.pools[pool].upgrade = None;
        ctx.soon(Event::UpgradeStep(pool));
        let nodes: Vec<NodeId> =
            world.live_nodes.iter().copied().filter(|node| world.nodes[*node].pool == pool).collect();
        for node in nodes {
            world.cancel_drain(node, ctx);
        }
    }
}

/// The pool wants no more and no less than the instances that were asked for.
fn keep_what_is_there(world: &mut World, pool: PoolId) {
    let members = world.members(pool).filter(|node| !world.nodes[*node].surge).count();
    world.pools[pool].target = u32::try_from(members).expect("a scale set has at most 1000 instances");
}
