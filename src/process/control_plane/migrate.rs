//! Migration: how the VM size of nodes is changed, since a pool's is immutable.
//!
//! The steps are the documented ones: add a pool with the new size, cordon all nodes of the old one, drain them, delete it. The nodes
//! are drained one after the other, as `kubectl drain` with several names does; the autoscaler of the old pool is turned off first.
//! Source: azure-aks-docs, resize-node-pool.md, 2025-08-28.

use super::{ControlPlane, EVICTION_RETRY, Progress, pools, provision};
use crate::cluster::{
    Ctx, DrainOutcome, NodeId, OperationId, OperationState, PoolId, ProvisioningState, Refusal, World,
};
use crate::kernel::{SimDuration, SimTime};
use std::collections::BTreeSet;

/// A migration in progress.
#[derive(Debug)]
pub(super) struct Migration {
    from: PoolId,
    to: PoolId,
    drain_timeout: Option<SimDuration>,
    stage: Stage,
    /// Nodes of the old pool that the migration has drained.
    drained: BTreeSet<NodeId>,
    /// The first instance of the new pool that could not be created.
    pub(super) failure: Option<Refusal>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The new pool's nodes are being created.
    Adding,
    /// The old pool's nodes are being drained; this one was begun last, by the migration itself or by somebody else.
    Draining { node: Option<NodeId>, own: bool },
}

impl Migration {
    /// True when the pool is one of the two.
    pub(super) fn concerns(&self, pool: PoolId) -> bool {
        self.from == pool || self.to == pool
    }

    /// True while the pool is the new one and is being created.
    pub(super) fn adds(&self, pool: PoolId) -> bool {
        self.to == pool && self.stage == Stage::Adding
    }

    /// True when the end of the node's drain is news.
    pub(super) fn drains(&self, world: &World, node: NodeId) -> bool {
        matches!(self.stage, Stage::Draining { .. }) && world.nodes[node].pool == self.from
    }

    /// The node that the migration itself drains.
    pub(super) fn draining(&self) -> Option<NodeId> {
        match self.stage {
            Stage::Draining { node, own: true } => node,
            Stage::Draining { .. } | Stage::Adding => None,
        }
    }
}

/// Adds the new pool.
pub(super) fn start(
    world: &mut World,
    from: PoolId,
    to: PoolId,
    drain_timeout: Option<SimDuration>,
    operation: OperationId,
    ctx: &mut Ctx<'_>,
) -> Progress {
    let _filling = pools::add(world, to, None, operation, ctx);
    let drained = BTreeSet::new();
    Progress::Migrating(Migration { from, to, drain_timeout, stage: Stage::Adding, drained, failure: None })
}

impl ControlPlane {
    /// Takes the next step that can be taken.
    pub(super) fn migrate(&mut self, world: &mut World, operation: OperationId, ctx: &mut Ctx<'_>) {
        let running = self.running.get_mut(&operation).expect("an operation that is looked at is in progress");
        let Progress::Migrating(migration) = &mut running.progress else {
            return;
        };
        if migration.stage == Stage::Adding {
            if !provision::are_settled(world, &[migration.to]) {
                return;
            }
            if let Some(failure) = migration.failure.take() {
                self.end(world, operation, OperationState::Failed(failure), ctx);
                return;
            }
            migration.stage = Stage::Draining { node: None, own: true };
            world.pools[migration.from].autoscaling = None;
            for node in world.members(migration.from).collect::<Vec<_>>() {
                world.set_cordoned(node, true, ctx);
            }
        }
        if let Stage::Draining { node: Some(node), own } = migration.stage
            && world.nodes[node].is_member()
        {
            match (world.drain_outcome(node), own) {
                (None, _) if world.is_draining(node) => return,
                (Some(DrainOutcome::Drained), _) => {
                    migration.drained.insert(node);
                }
                (Some(DrainOutcome::TimedOut), true) => {
                    let failure = world.drain_failure(node);
                    self.end(world, operation, OperationState::Failed(failure), ctx);
                    return;
                }
                // Somebody else has given up draining it: the migration begins.
                (None, _) | (Some(DrainOutcome::TimedOut), false) => {}
            }
        }
        let next = world.members(migration.from).find(|node| !migration.drained.contains(node));
        match next {
            Some(node) if world.is_draining(node) => {
                migration.stage = Stage::Draining { node: Some(node), own: false };
            }
            Some(node) => {
                migration.stage = Stage::Draining { node: Some(node), own: true };
                let horizon = SimTime::after_start(world.plan.duration).since(ctx.now);
                let timeout = migration.drain_timeout.unwrap_or(horizon);
                world.start_drain(node, EVICTION_RETRY, timeout, ctx);
            }
            None => {
                let from = migration.from;
                running.progress = pools::delete(world, from, operation, ctx);
                running.word = ProvisioningState::Deleting;
                world.pools[from].state = ProvisioningState::Deleting;
            }
        }
    }
}
