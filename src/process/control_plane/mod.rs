//! The control plane of AKS: takes operations or refuses them with Azure's code, and sees each one through to its end.
//!
//! A pool's upgrade itself is another process; the two meet in the pool's `upgrade` row. Not modelled: throttling of the
//! resource provider, pre-emption and abort of a running operation, maintenance windows.

mod admission;
mod scale_in;

use crate::catalog::KubernetesVersion;
use crate::cluster::{
    Ctx, Event, NodeId, NodePhase, OperationId, OperationState, PoolId, PoolUpgrade, ProvisioningState,
    Refusal, World,
};
use crate::kernel::{Id, SimDuration};
use crate::scenario::plan::OperationKind;
use admission::Scope;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Wait between two attempts to evict a pod, as `kubectl drain` waits.
const EVICTION_RETRY: SimDuration = SimDuration::from_secs(5);

/// The control plane process: the operations in progress.
#[derive(Debug, Default)]
pub struct ControlPlane {
    running: BTreeMap<OperationId, Running>,
}

/// An operation in progress.
#[derive(Debug)]
struct Running {
    /// What no other operation may touch meanwhile.
    scope: Scope,
    progress: Progress,
}

#[derive(Debug)]
enum Progress {
    /// The scale set creates instances until the target is reached; the first failure decides the outcome.
    ScalingOut { pool: PoolId, failure: Option<Refusal> },
    /// These instances are being drained and deleted.
    ScalingIn { pool: PoolId, leaving: BTreeSet<NodeId> },
    /// The control plane gets its new version; then the pools do.
    UpgradingControlPlane { version: KubernetesVersion, pools: VecDeque<PoolId> },
    /// One pool after the other.
    UpgradingPools { version: Option<KubernetesVersion>, current: PoolId, pools: VecDeque<PoolId> },
}

impl Progress {
    /// Azure's word for it in messages.
    const fn name(&self) -> &'static str {
        match self {
            Self::ScalingOut { .. } | Self::ScalingIn { .. } => ProvisioningState::Scaling.name(),
            Self::UpgradingControlPlane { .. } | Self::UpgradingPools { .. } => ProvisioningState::Upgrading.name(),
        }
    }
}

impl ControlPlane {
    /// The operator asks for an operation: it is refused, and nothing changes, or it begins.
    pub fn on_ask(&mut self, world: &mut World, operation: OperationId, ctx: &mut Ctx<'_>) {
        world.operations[operation].asked = Some(ctx.now);
        let kind = world.plan.operations[world.operations[operation].plan].kind.clone();
        let scope = Scope::of(world, &kind);
        let admitted = self.conflict(world, &scope).and_then(|()| admission::admit(world, &kind));
        if let Err(refusal) = admitted {
            world.set_operation(operation, OperationState::Refused(refusal), ctx);
            return;
        }
        world.set_operation(operation, OperationState::Running, ctx);
        let progress = match kind {
            OperationKind::Scale { pool, count } => start_scale(world, PoolId::from_index(pool), count, operation, ctx),
            OperationKind::Upgrade { version, pools } => start_upgrade(world, version, &pools, operation, ctx),
        };
        self.running.insert(operation, Running { scope, progress });
    }

    /// A part of the operation ended: the control plane has its version, a pool's upgrade answered, or a scale-out that
    /// found nothing to do is to be looked at.
    pub fn on_step(&mut self, world: &mut World, operation: OperationId, ctx: &mut Ctx<'_>) {
        let Some(running) = self.running.get_mut(&operation) else {
            return; // Stale: the operation is over.
        };
        match &mut running.progress {
            Progress::ScalingOut { pool, .. } => {
                let pool = *pool;
                self.end_scale_out_if_settled(world, pool, ctx);
            }
            Progress::ScalingIn { .. } => {}
            Progress::UpgradingControlPlane { version, pools } => {
                world.version = *version;
                let (version, pools) = (Some(*version), std::mem::take(pools));
                self.upgrade_next_pool(world, operation, version, pools, ctx);
            }
            Progress::UpgradingPools { version, current, pools } => {
                let (version, current) = (*version, *current);
                let Some(outcome) = world.pools[current].upgrade.as_ref().and_then(|upgrade| upgrade.outcome.clone())
                else {
                    return; // Stale: the pool's upgrade is in progress.
                };
                world.pools[current].upgrade = None;
                let pools = std::mem::take(pools);
                match outcome {
                    Ok(()) => {
                        world.pools[current].state = ProvisioningState::Succeeded;
                        self.upgrade_next_pool(world, operation, version, pools, ctx);
                    }
                    Err(failure) => {
                        world.pools[current].state = ProvisioningState::Failed;
                        self.end(world, operation, OperationState::Failed(failure), ctx);
                    }
                }
            }
        }
    }

    /// A node became Ready: perhaps the last one that a scale-out waits for.
    pub fn on_node_ready(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        self.end_scale_out_if_settled(world, world.nodes[node].pool, ctx);
    }

    /// An instance could not be created. A pool without autoscaler does not try again by itself, so it wants one node less.
    pub fn on_node_failed(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        let NodePhase::Failed(cause) = world.nodes[node].phase else {
            return;
        };
        let pool = world.nodes[node].pool;
        // Surge nodes are the upgrade's concern, nodes of an autoscaled pool the autoscaler's.
        if world.nodes[node].surge || world.pool_plan(pool).autoscaling.is_some() {
            return;
        }
        world.pools[pool].target = world.pools[pool].target.saturating_sub(1);
        let refusal = world.provisioning_error(pool, cause);
        match self.scaling_out_mut(pool) {
            Some((_, failure)) => {
                failure.get_or_insert(refusal);
                self.end_scale_out_if_settled(world, pool, ctx);
            }
            None if world.pools[pool].state == ProvisioningState::Succeeded => {
                world.pools[pool].state = ProvisioningState::Failed;
            }
            None => {}
        }
    }

    /// A drain ended: the instance is deleted if a scale-in waits for it, forcefully if need be.
    ///
    /// Source of the forced deletion: azure-aks-docs, resize-node-pool.md, 2025-08-28; for a plain scale-in it is an assumption.
    pub fn on_drain_ended(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        let leaves =
            |running: &Running| matches!(&running.progress, Progress::ScalingIn { leaving, .. } if leaving.contains(&node));
        if self.running.values().any(leaves) && world.nodes[node].is_member() {
            ctx.soon(Event::DeleteNode(node));
        }
    }

    /// An instance is gone: perhaps the last one that a scale-in waits for.
    pub fn on_node_deleted(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        let ended = self.running.iter_mut().find_map(|(operation, running)| match &mut running.progress {
            Progress::ScalingIn { pool, leaving } => {
                (leaving.remove(&node) && leaving.is_empty()).then_some((*operation, *pool))
            }
            _ => None,
        });
        match ended {
            Some((operation, pool)) => {
                world.pools[pool].state = ProvisioningState::Succeeded;
                self.end(world, operation, OperationState::Succeeded, ctx);
            }
            // An instance that left while it was booting is not waited for any more.
            None => self.end_scale_out_if_settled(world, world.nodes[node].pool, ctx),
        }
    }

    fn scaling_out_mut(&mut self, pool: PoolId) -> Option<(OperationId, &mut Option<Refusal>)> {
        self.running.iter_mut().find_map(|(operation, running)| match &mut running.progress {
            Progress::ScalingOut { pool: scaled, failure } if *scaled == pool => Some((*operation, failure)),
            _ => None,
        })
    }

    /// Ends the scale-out of the pool when as many nodes as wanted exist and all of them are Ready.
    fn end_scale_out_if_settled(&mut self, world: &mut World, pool: PoolId, ctx: &mut Ctx<'_>) {
        let Some((operation, failure)) = self.scaling_out_mut(pool) else {
            return;
        };
        if !is_settled(world, pool) {
            return;
        }
        let (pool_state, state) = match failure.take() {
            None => (ProvisioningState::Succeeded, OperationState::Succeeded),
            Some(failure) => (ProvisioningState::Failed, OperationState::Failed(failure)),
        };
        world.pools[pool].state = pool_state;
        self.end(world, operation, state, ctx);
    }

    /// Hands the next pool to the upgrade process, or ends the operation after the last.
    fn upgrade_next_pool(
        &mut self,
        world: &mut World,
        operation: OperationId,
        version: Option<KubernetesVersion>,
        mut pools: VecDeque<PoolId>,
        ctx: &mut Ctx<'_>,
    ) {
        match pools.pop_front() {
            None => self.end(world, operation, OperationState::Succeeded, ctx),
            Some(current) => {
                start_pool_upgrade(world, current, version, operation, ctx);
                let running = self.running.get_mut(&operation).expect("an operation that goes on is in progress");
                running.progress = Progress::UpgradingPools { version, current, pools };
            }
        }
    }

    fn end(&mut self, world: &mut World, operation: OperationId, state: OperationState, ctx: &mut Ctx<'_>) {
        self.running.remove(&operation);
        world.set_operation(operation, state, ctx);
    }
}

fn is_settled(world: &World, pool: PoolId) -> bool {
    let mut ready = 0;
    for node in world.members(pool).filter(|node| !world.nodes[*node].surge) {
        if !world.nodes[node].is_ready() {
            return false;
        }
        ready += 1;
    }
    ready >= world.pools[pool].target
}

/// Begins to scale the pool; what is in progress from now on.
fn start_scale(
    world: &mut World,
    pool: PoolId,
    count: u32,
    operation: OperationId,
    ctx: &mut Ctx<'_>,
) -> Progress {
    world.pools[pool].state = ProvisioningState::Scaling;
    world.pools[pool].target = count;
    let leaving = scale_in::victims(world, pool, count);
    if leaving.is_empty() {
        ctx.soon(Event::ReconcilePool(pool));
        // Follows the reconciliation: if every node exists and is Ready already, no other event would end the operation.
        ctx.soon(Event::OperationStep(operation));
        return Progress::ScalingOut { pool, failure: None };
    }
    let timeout = world.pool_plan(pool).upgrade.drain_timeout;
    for node in &leaving {
        if world.nodes[*node].is_ready() {
            world.start_drain(*node, EVICTION_RETRY, timeout, ctx);
        } else {
            // No pod runs on a node that is still booting.
            ctx.soon(Event::DeleteNode(*node));
        }
    }
    Progress::ScalingIn { pool, leaving: leaving.into_iter().collect() }
}

/// Begins to upgrade: the control plane unless it has the version, else the first pool; what is in progress from now on.
fn start_upgrade(
    world: &mut World,
    version: Option<KubernetesVersion>,
    pools: &[usize],
    operation: OperationId,
    ctx: &mut Ctx<'_>,
) -> Progress {
    let mut pools: VecDeque<PoolId> = pools.iter().map(|pool| PoolId::from_index(*pool)).collect();
    if let Some(version) = version.filter(|version| *version > world.version) {
        let stream = &mut world.streams.stream("operation", &world.operations[operation].plan.to_string());
        ctx.after(world.plan.timings.control_plane_upgrade.draw(stream), Event::OperationStep(operation));
        return Progress::UpgradingControlPlane { version, pools };
    }
    let current = pools.pop_front().expect("an admitted upgrade has something to upgrade");
    start_pool_upgrade(world, current, version, operation, ctx);
    Progress::UpgradingPools { version, current, pools }
}

fn start_pool_upgrade(
    world: &mut World,
    pool: PoolId,
    version: Option<KubernetesVersion>,
    operation: OperationId,
    ctx: &mut Ctx<'_>,
) {
    world.pools[pool].state = ProvisioningState::Upgrading;
    world.pools[pool].upgrade = Some(PoolUpgrade { operation, version, outcome: None });
    ctx.soon(Event::UpgradeStep(pool));
}
