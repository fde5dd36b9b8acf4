//! The control plane of AKS: takes operations or refuses them with Azure's code, and sees each one through to its end.
//!
//! An operation holds what it touches until it ends; what it does meanwhile is its `Progress`, one kind a file. A pool's upgrade
//! itself is another process; the two meet in the pool's `upgrade` row.

mod abort;
pub mod admission;
pub mod etag;
mod migrate;
mod network;
mod pools;
mod power;
mod provision;
mod scale_in;
mod throttle;
mod upgrade;
pub mod versions;

use crate::cluster::{
    Broken, Ctx, Event, NodeId, NodePhase, OperationId, OperationState, PoolId, ProvisioningState, Refusal,
    UpgradePurpose, UpgradeRequest, World,
};
use crate::kernel::{Id, SimDuration, SimTime};
use crate::scenario::plan::{AutoUpgrade, NetworkChange, OperationKind};
use admission::Scope;
use migrate::Migration;
pub use scale_in::pick as pick_scale_in;
use std::collections::{BTreeMap, BTreeSet};
use throttle::Throttle;
use upgrade::UpgradePath;

/// Wait between two attempts to evict a pod, as `kubectl drain` waits.
const EVICTION_RETRY: SimDuration = SimDuration::from_secs(5);

/// The control plane process: the operations in progress, and the calls that the resource provider still takes.
#[derive(Debug, Default)]
pub struct ControlPlane {
    running: BTreeMap<OperationId, Running>,
    throttle: Throttle,
}

/// An operation in progress.
#[derive(Debug)]
struct Running {
    /// What no other operation may touch meanwhile.
    scope: Scope,
    /// Azure's word for what the operation does.
    word: ProvisioningState,
    /// Pools that are in this state because of it.
    busy: Vec<PoolId>,
    progress: Progress,
}

/// What an operation waits for.
#[derive(Debug)]
enum Progress {
    /// The scale sets of these pools create or start instances until each has what it wants and all are Ready; the first failure
    /// decides the outcome.
    Provisioning { pools: Vec<PoolId>, failure: Option<Refusal> },
    /// These instances leave. The operation does not end before the given moment.
    Removing { leaving: BTreeSet<NodeId>, by: Removal, not_before: SimTime },
    /// The control plane is busy for a drawn time.
    Waiting(Then),
    /// One pool after the other is upgraded.
    UpgradingPools { current: PoolId, path: UpgradePath },
    /// All of these pools are reimaged at the same time; the first failure decides the outcome.
    Reimaging { pools: Vec<PoolId>, failure: Option<Refusal> },
    /// A pool takes over from another.
    Migrating(Migration),
}

/// How instances leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Removal {
    /// As the pool's scale-down mode says.
    ScaleIn,
    /// Their VMs are deleted.
    Delete,
    /// Their VMs are deallocated.
    Deallocate,
}

/// What follows when the control plane is done.
#[derive(Debug)]
enum Then {
    /// It has its new version; the pools follow.
    UpgradePools(UpgradePath),
    /// It serves, for the first time or again: workloads and pools follow.
    Serve,
    /// The network is another.
    ChangeNetwork(NetworkChange),
    /// Nothing.
    End,
}

impl ControlPlane {
    /// The operator asks for an operation: it is refused, and nothing changes, or it begins.
    pub fn on_ask(&mut self, world: &mut World, operation: OperationId, ctx: &mut Ctx<'_>) {
        world.operations[operation].asked = Some(ctx.now);
        let row = &world.operations[operation];
        let (asked, by_itself) = (&row.request, row.auto_upgrade.is_some());
        let kind = present(world, asked.kind.clone());
        let scope = Scope::of(world, &kind);
        let admitted = admission::authorize(world, asked)
            .and_then(|()| if by_itself { Ok(()) } else { self.throttle.admit(ctx.now, &kind) })
            .and_then(|()| etag::check(world, &scope, admission::is_of_cluster(&kind), asked.condition))
            .and_then(|()| admission::admit_power(world, &kind))
            .and_then(|()| self.conflict(world, &kind, &scope))
            .and_then(|()| admission::admit_from(world, &kind, by_itself))
            .and_then(|()| admission::admit_control_plane(world, &kind, &row.name));
        if let Err(refusal) = admitted {
            if !by_itself {
                // It does not fit its window. One of AKS's own is asked for again.
                let window = world.plan.maintenance.window_at(ctx.now, &kind);
                world.operations[operation].window_closes = window.map(|window| window.closes);
            }
            world.set_operation(operation, OperationState::Refused(refusal), ctx);
            return;
        }
        world.set_operation(operation, OperationState::Running, ctx);
        world.join_window(operation, ctx);
        if matches!(kind, OperationKind::Read(_)) {
            world.set_operation(operation, OperationState::Succeeded, ctx);
            return;
        }
        if let OperationKind::Abort { pool } = kind {
            self.abort(world, pool.map(PoolId::from_index), ctx);
            world.set_operation(operation, OperationState::Succeeded, ctx);
            return;
        }
        if let OperationKind::DeletePool { pool } = kind {
            self.preempt_by_delete(world, PoolId::from_index(pool), ctx);
        }
        self.preempt_by_rollback(world, &kind, ctx);
        etag::renew(world, &scope, admission::is_of_cluster(&kind), ctx.now);
        let running = Self::start(world, operation, kind, scope, ctx);
        for pool in &running.busy {
            world.pools[*pool].state = running.word;
        }
        self.running.insert(operation, running);
    }

    /// Begins what was admitted.
    fn start(
        world: &mut World,
        operation: OperationId,
        kind: OperationKind,
        scope: Scope,
        ctx: &mut Ctx<'_>,
    ) -> Running {
        let pool = PoolId::from_index;
        let repairs = admission::is_repair(world, &kind);
        let (word, busy, progress) = match kind {
            OperationKind::CreateCluster => {
                (ProvisioningState::Creating, Vec::new(), power::create(world, operation, ctx))
            }
            OperationKind::StopCluster => (ProvisioningState::Stopping, Vec::new(), power::stop(world, operation, ctx)),
            OperationKind::StartCluster => {
                (ProvisioningState::Starting, Vec::new(), power::start(world, operation, ctx))
            }
            OperationKind::Scale { pool: index, count } => {
                let progress = provision::scale(world, pool(index), count, operation, ctx);
                (ProvisioningState::Scaling, vec![pool(index)], progress)
            }
            OperationKind::Upgrade { version, pools, force, .. } => {
                let request = UpgradeRequest { version, force, purpose: UpgradePurpose::Upgrade };
                let pools = pools.iter().map(|index| pool(*index)).collect();
                let path = UpgradePath { request, pools };
                let (busy, progress) = upgrade::start(world, path, repairs, operation, ctx);
                (ProvisioningState::Upgrading, busy, progress)
            }
            OperationKind::Rollback { pool: index } => {
                let progress = upgrade::roll_back(world, pool(index), operation, ctx);
                (ProvisioningState::Upgrading, vec![pool(index)], progress)
            }
            OperationKind::AddPool { pool: index, version } => {
                let progress = pools::add(world, pool(index), version, operation, ctx);
                (ProvisioningState::Creating, vec![pool(index)], progress)
            }
            OperationKind::DeletePool { pool: index } => {
                let progress = pools::delete(world, pool(index), operation, ctx);
                (ProvisioningState::Deleting, vec![pool(index)], progress)
            }
            OperationKind::UpdatePool { pool: index, change } => {
                let progress = pools::update(world, pool(index), &change, operation, ctx);
                (ProvisioningState::Updating, vec![pool(index)], progress)
            }
            OperationKind::UpdateNetwork(change) => {
                (ProvisioningState::Updating, Vec::new(), network::update(world, change, operation, ctx))
            }
            OperationKind::StopPool { pool: index } => {
                let progress = pools::stop(world, pool(index), operation, ctx);
                (ProvisioningState::Stopping, vec![pool(index)], progress)
            }
            OperationKind::StartPool { pool: index } => {
                let progress = pools::start(world, pool(index), operation, ctx);
                (ProvisioningState::Starting, vec![pool(index)], progress)
            }
            OperationKind::Migrate { from, to, drain_timeout } => {
                let progress = migrate::start(world, pool(from), pool(to), drain_timeout, operation, ctx);
                (ProvisioningState::Updating, vec![pool(from), pool(to)], progress)
            }
            OperationKind::Abort { .. } | OperationKind::Read(_) => unreachable!("it is over at once"),
        };
        Running { scope, word, busy, progress }
    }

    /// A part of the operation ended: the control plane is done, a pool's upgrade answered, or what found nothing to do is to be
    /// looked at.
    pub fn on_step(&mut self, world: &mut World, operation: OperationId, ctx: &mut Ctx<'_>) {
        let Some(running) = self.running.get_mut(&operation) else {
            return; // Stale: the operation is over.
        };
        match &mut running.progress {
            Progress::Provisioning { .. } | Progress::Removing { .. } => self.end_if_settled(world, operation, ctx),
            Progress::Waiting(then) => match std::mem::replace(then, Then::End) {
                Then::UpgradePools(path) => {
                    world.version = path.request.version.expect("a control plane is upgraded to a version");
                    self.upgrade_next_pool(world, operation, path, ctx);
                }
                Then::Serve => {
                    running.progress = power::serve(world, operation, ctx);
                }
                Then::ChangeNetwork(change) => self.change_network(world, operation, change, ctx),
                Then::End => self.end(world, operation, OperationState::Succeeded, ctx),
            },
            Progress::UpgradingPools { .. } => self.on_pool_upgraded(world, operation, ctx),
            Progress::Reimaging { .. } => self.on_pool_reimaged(world, operation, ctx),
            Progress::Migrating(_) => self.migrate(world, operation, ctx),
        }
    }

    /// A node became Ready: perhaps the last one that an operation waits for.
    pub fn on_node_ready(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        self.look_again(world, world.nodes[node].pool, ctx);
    }

    /// An instance could not be created: the operation that wants it fails in the end. Without one, the pool has failed, unless the
    /// autoscaler looks after it.
    pub fn on_node_failed(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        let NodePhase::Failed(cause) = world.nodes[node].phase else {
            return;
        };
        let pool = world.nodes[node].pool;
        for running in self.running.values_mut() {
            if let Progress::Removing { leaving, .. } = &mut running.progress {
                leaving.remove(&node);
            }
        }
        // Surge nodes are the upgrade's concern.
        if !world.nodes[node].surge && world.pools[pool].exists {
            let refusal = world.provisioning_error(pool, cause);
            let idle = world.pools[pool].state == ProvisioningState::Succeeded;
            match self.failure_mut(pool) {
                Some(failure) => {
                    failure.get_or_insert(refusal);
                }
                None if idle && !world.is_autoscaled(pool) => {
                    world.pools[pool].settle(Some(Broken::Scale), ProvisioningState::Failed);
                }
                None => {}
            }
        }
        self.look_again(world, pool, ctx);
    }

    /// A drain ended: an instance that an operation waits for leaves, forcefully if need be.
    ///
    /// Source of the forced removal: azure-aks-docs, resize-node-pool.md, 2025-08-28; for a plain scale-in it is an assumption.
    pub fn on_drain_ended(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        for (operation, running) in &self.running {
            match &running.progress {
                Progress::Removing { leaving, by, .. } if leaving.contains(&node) && world.nodes[node].is_member() => {
                    world.evict_all_by_force(node, ctx);
                    by.remove(world, node, ctx);
                }
                Progress::Migrating(migration) if migration.drains(world, node) => {
                    ctx.soon(Event::OperationStep(*operation));
                }
                _ => {}
            }
        }
    }

    /// An instance is gone or deallocated: perhaps the last one that an operation waits for.
    pub fn on_node_left(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        let pool = world.nodes[node].pool;
        if world.nodes[node].phase == NodePhase::Deallocated && !world.pools[pool].exists {
            ctx.soon(Event::DeleteNode(node)); // Its pool was deleted while it was being deallocated.
            return;
        }
        for running in self.running.values_mut() {
            if let Progress::Removing { leaving, .. } = &mut running.progress {
                leaving.remove(&node);
            }
        }
        self.look_again(world, pool, ctx);
    }

    /// Has the operations that wait for something of the pool look whether they have it.
    fn look_again(&mut self, world: &mut World, pool: PoolId, ctx: &mut Ctx<'_>) {
        let waits = |running: &Running| match &running.progress {
            Progress::Provisioning { pools, .. } => pools.contains(&pool),
            Progress::Removing { leaving, .. } => leaving.is_empty(),
            Progress::Migrating(migration) => migration.concerns(pool),
            Progress::Waiting(_) | Progress::UpgradingPools { .. } | Progress::Reimaging { .. } => false,
        };
        let waiting: Vec<OperationId> =
            self.running.iter().filter(|(_, running)| waits(running)).map(|(operation, _)| *operation).collect();
        for operation in waiting {
            self.on_step(world, operation, ctx);
        }
    }

    /// Where an operation that provisions the pool keeps its first failure.
    fn failure_mut(&mut self, pool: PoolId) -> Option<&mut Option<Refusal>> {
        self.running.values_mut().find_map(|running| match &mut running.progress {
            Progress::Provisioning { pools, failure } if pools.contains(&pool) => Some(failure),
            Progress::Migrating(migration) if migration.adds(pool) => Some(&mut migration.failure),
            _ => None,
        })
    }

    /// Ends an operation whose instances are all there, or all gone.
    fn end_if_settled(&mut self, world: &mut World, operation: OperationId, ctx: &mut Ctx<'_>) {
        let running = self.running.get_mut(&operation).expect("an operation that is looked at is in progress");
        let state = match &mut running.progress {
            Progress::Provisioning { pools, failure } if provision::are_settled(world, pools) => {
                failure.take().map_or(OperationState::Succeeded, OperationState::Failed)
            }
            Progress::Removing { leaving, not_before, .. } if leaving.is_empty() && *not_before <= ctx.now => {
                OperationState::Succeeded
            }
            _ => return,
        };
        if running.scope == Scope::Cluster && running.word == ProvisioningState::Stopping {
            power::stopped(world, ctx);
        }
        self.end(world, operation, state, ctx);
    }

    fn end(&mut self, world: &mut World, operation: OperationId, state: OperationState, ctx: &mut Ctx<'_>) {
        let running = self.running.remove(&operation).expect("an operation that ends is in progress");
        let left_in = match &state {
            OperationState::Failed(_) => ProvisioningState::Failed,
            OperationState::Canceled(_) => ProvisioningState::Canceled,
            _ => ProvisioningState::Succeeded,
        };
        let by = match running.word {
            ProvisioningState::Scaling | ProvisioningState::Creating | ProvisioningState::Starting => {
                Some(Broken::Scale)
            }
            ProvisioningState::Upgrading => Some(Broken::Upgrade),
            _ => None,
        };
        for pool in running.busy {
            world.pools[pool].settle(by, left_in);
        }
        let row = &world.operations[operation];
        let of_channel = row.auto_upgrade == Some(AutoUpgrade::Cluster);
        let of_cluster = of_channel || admission::is_of_cluster(&row.request.kind);
        if of_cluster {
            self.settle_cluster(world, operation, left_in);
        }
        etag::renew(world, &running.scope, of_cluster, ctx.now);
        world.set_operation(operation, state, ctx);
    }
}

impl ControlPlane {
    /// What an operation on the cluster leaves it in. What failed is repaired by neither a stop nor an abort.
    fn settle_cluster(&self, world: &mut World, operation: OperationId, ended: ProvisioningState) {
        let kind = &world.operations[operation].request.kind;
        let provisions = matches!(kind, OperationKind::CreateCluster | OperationKind::StartCluster);
        let stays = *kind == OperationKind::StopCluster || ended == ProvisioningState::Canceled;
        if !(stays && world.state == ProvisioningState::Failed) {
            world.state = ended;
        }
        let short = world.pools.ids().filter(|pool| world.pools[*pool].exists && world.pools[*pool].missing > 0);
        if provisions && ended == ProvisioningState::Failed {
            for pool in short.collect::<Vec<_>>() {
                world.pools[pool].settle(Some(Broken::Scale), ended);
            }
        }
    }
}

/// What is asked, at this moment: an upgrade of the whole cluster is one of the pools that exist.
#[must_use]
pub fn present(world: &World, mut kind: OperationKind) -> OperationKind {
    if let OperationKind::Upgrade { pools, whole_cluster: true, .. } = &mut kind {
        pools.retain(|pool| world.pools[PoolId::from_index(*pool)].exists);
    }
    kind
}

impl Removal {
    /// Has the instance leave.
    fn remove(self, world: &World, node: NodeId, ctx: &mut Ctx<'_>) {
        match self {
            Self::ScaleIn => world.scale_in(node, ctx),
            Self::Delete => ctx.soon(Event::DeleteNode(node)),
            Self::Deallocate => ctx.soon(Event::DeallocateNode(node)),
        }
    }
}

#[cfg(test)]
mod tests;
