//! The control plane of AKS: takes operations or refuses them with Azure's code, and sees each one through to its end.
//!
//! A pool's upgrade itself is another process; the two meet in the pool's `upgrade` row. Not modelled: throttling of the
//! resource provider, pre-emption and abort of a running operation, maintenance windows.

mod admission;
mod scale_in;

use crate::catalog::KubernetesVersion;
use crate::cluster::{
    Ctx, Event, NodeId, NodePhase, OperationId, OperationState, PoolId, PoolUpgrade, ProvisioningState, Refusal, World,
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
        let leaves = |running: &Running| matches!(&running.progress, Progress::ScalingIn { leaving, .. } if leaving.contains(&node));
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
        // One that has become unreachable was Ready before: it is auto-repair's concern, not a scale-out's.
        if !world.nodes[node].is_in_service() {
            return false;
        }
        ready += 1;
    }
    ready >= world.pools[pool].target
}

/// Begins to scale the pool; what is in progress from now on.
fn start_scale(world: &mut World, pool: PoolId, count: u32, operation: OperationId, ctx: &mut Ctx<'_>) -> Progress {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Fact;
    use crate::cluster::testing::{Bench, MACHINE_DELAY, budget, deployment, operations, plan, pool, version};
    use crate::scenario::plan::{AutoscalingRange, BudgetRule, IntOrPercent, PoolMode, PoolPlan};

    const APPS: usize = 0;
    const SYSTEM: usize = 1;

    fn pools() -> Vec<PoolPlan> {
        vec![pool("apps", 3), PoolPlan { mode: PoolMode::System, ..pool("system", 2) }]
    }

    fn scale(pool: usize, count: u32) -> OperationKind {
        OperationKind::Scale { pool, count }
    }

    fn upgrade(minor: u32, pools: &[usize]) -> OperationKind {
        OperationKind::Upgrade { version: Some(version(minor)), pools: pools.to_vec() }
    }

    fn bench(pools: Vec<PoolPlan>, kinds: Vec<OperationKind>) -> (Bench, ControlPlane) {
        let mut plan = plan(pools);
        plan.operations = operations(kinds);
        (Bench::new(plan), ControlPlane::default())
    }

    fn ask(bench: &mut Bench, control_plane: &mut ControlPlane, operation: usize) {
        bench.act(|world, ctx| control_plane.on_ask(world, OperationId::from_index(operation), ctx));
    }

    fn state(bench: &Bench, operation: usize) -> &OperationState {
        &bench.world.operations[OperationId::from_index(operation)].state
    }

    fn run(bench: &mut Bench, control_plane: &mut ControlPlane, end: SimDuration) {
        bench.run_with_machines(end, |world, event, ctx| match event {
            Event::OperationStep(operation) => control_plane.on_step(world, operation, ctx),
            Event::NodeReady(node) => control_plane.on_node_ready(world, node, ctx),
            Event::NodeFailed(node) => control_plane.on_node_failed(world, node, ctx),
            Event::NodeDeleted(node) => control_plane.on_node_deleted(world, node, ctx),
            Event::DrainEnded(node) => control_plane.on_drain_ended(world, node, ctx),
            _ => {}
        });
    }

    /// Asks for the last of the operations, one after the other without letting time pass, and returns its code and message.
    fn refusal(pools: Vec<PoolPlan>, kinds: Vec<OperationKind>) -> Option<(&'static str, String)> {
        let last = kinds.len() - 1;
        let (mut bench, mut control_plane) = bench(pools, kinds);
        for operation in 0..=last {
            ask(&mut bench, &mut control_plane, operation);
        }
        match state(&bench, last) {
            OperationState::Refused(refusal) => Some((refusal.code, refusal.message.clone())),
            OperationState::Running => None,
            other => panic!("asked for and {other:?}"),
        }
    }

    /// Checks the code, and a part of the message.
    fn check(pools: Vec<PoolPlan>, kinds: Vec<OperationKind>, expected: Option<(&str, &str)>) {
        let name = format!("{kinds:?}");
        match (refusal(pools, kinds), expected) {
            (None, None) => {}
            (Some((code, message)), Some((expected, part))) => {
                assert_eq!(code, expected, "{name}: {message}");
                assert!(message.contains(part), "{name}: {message}");
            }
            (found, _) => panic!("{name}: {found:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn a_scale_is_refused_outside_the_bounds_of_its_pool() {
        check(pools(), vec![scale(APPS, 0)], None);
        check(pools(), vec![scale(SYSTEM, 0)], Some(("InvalidParameter", "between 1 and 1000")));
        check(pools(), vec![scale(APPS, 1001)], Some(("InvalidParameter", "between 0 and 1000")));
        check(pools(), vec![scale(APPS, 3)], Some(("OperationNotAllowed", "same as the current")));
        let mut autoscaled = pools();
        autoscaled[APPS].autoscaling = Some(AutoscalingRange { min: 1, max: 5 });
        check(autoscaled, vec![scale(APPS, 4)], Some(("OperationNotAllowed", "cluster autoscaler")));
    }

    #[test]
    fn operations_that_touch_the_same_thing_are_refused_and_others_are_not() {
        check(pools(), vec![scale(APPS, 5), scale(SYSTEM, 3)], None);
        let pool_busy = Some(("OperationNotAllowed", "Another agentpool operation (Scaling) is in progress"));
        check(pools(), vec![scale(APPS, 5), scale(APPS, 6)], pool_busy);
        let on_pool = Some(("OperationNotAllowed", "Another operation (Scaling) is in progress on agent pool (apps)"));
        check(pools(), vec![scale(APPS, 5), upgrade(35, &[APPS])], on_pool);
        let cluster_busy = Some(("OperationNotAllowed", "Another operation (Upgrading) is in progress"));
        check(pools(), vec![upgrade(35, &[APPS]), scale(SYSTEM, 3)], cluster_busy);
        check(pools(), vec![upgrade(35, &[]), upgrade(35, &[APPS])], cluster_busy);
    }

    #[test]
    fn versions_go_up_one_minor_at_a_time_and_pools_follow() {
        check(pools(), vec![upgrade(35, &[APPS, SYSTEM])], None);
        check(pools(), vec![upgrade(35, &[])], None);
        let available = Some(("OperationNotAllowed", "1.34 to 1.36 is not allowed. Available upgrades: [1.35]"));
        check(pools(), vec![upgrade(36, &[APPS])], available);
        check(pools(), vec![upgrade(33, &[APPS])], Some(("OperationNotAllowed", "1.34 to 1.33 is not allowed")));
        check(pools(), vec![upgrade(33, &[])], Some(("OperationNotAllowed", "1.34 to 1.33 is not allowed")));
        check(pools(), vec![upgrade(34, &[APPS])], Some(("OperationNotAllowed", "on version 1.34 already")));
        let behind = |minor| {
            let mut pools = pools();
            pools[SYSTEM].version = version(minor);
            pools
        };
        check(behind(33), vec![upgrade(34, &[APPS, SYSTEM])], None);
        check(behind(32), vec![upgrade(35, &[APPS])], None);
        check(behind(31), vec![upgrade(35, &[APPS])], Some(("NodePoolMcVersionIncompatible", "agent pool system")));
        let image = |pools: &[usize]| OperationKind::Upgrade { version: None, pools: pools.to_vec() };
        check(pools(), vec![image(&[APPS])], None);
    }

    #[test]
    fn an_upgrade_is_refused_when_it_could_not_be_carried_out() {
        let with = |change: fn(&mut PoolPlan)| {
            let mut pools = pools();
            pools.iter_mut().for_each(change);
            pools
        };
        let spot = || with(|pool| pool.spot = pool.mode == PoolMode::User);
        check(spot(), vec![upgrade(35, &[APPS, SYSTEM])], Some(("OperationNotAllowed", "spot pool")));
        check(spot(), vec![upgrade(35, &[])], None);
        let large = with(|pool| (pool.count, pool.upgrade.max_surge) = (995, IntOrPercent::Percent(1)));
        check(large, vec![upgrade(35, &[APPS])], Some(("OperationNotAllowed", "10 surge nodes")));
        let stuck = with(|pool| pool.upgrade.max_surge = IntOrPercent::Int(0));
        check(stuck, vec![upgrade(35, &[APPS])], Some(("InvalidParameter", "both 0")));
        let in_place = with(|pool| {
            (pool.upgrade.max_surge, pool.upgrade.max_unavailable) = (IntOrPercent::Int(0), IntOrPercent::Int(1));
        });
        check(in_place.clone(), vec![upgrade(35, &[APPS])], None);
        check(in_place, vec![upgrade(35, &[APPS, SYSTEM])], Some(("InvalidParameter", "system pool")));
    }

    #[test]
    fn a_budget_that_never_allows_an_eviction_refuses_the_upgrade_of_a_pool() {
        let mut plan = plan(pools());
        plan.workloads = vec![deployment("web", 2)];
        plan.budgets = vec![budget(BudgetRule::MaxUnavailable(IntOrPercent::Int(0)))];
        plan.operations = operations(vec![upgrade(35, &[APPS])]);
        let mut bench = Bench::new(plan);
        ask(&mut bench, &mut ControlPlane::default(), 0);
        let OperationState::Refused(refusal) = state(&bench, 0) else { panic!("not refused") };
        assert_eq!(refusal.code, "UnsatisfiablePDB");
    }

    #[test]
    fn a_refused_operation_changes_nothing_and_is_ended() {
        let (mut bench, mut control_plane) = bench(pools(), vec![scale(SYSTEM, 0)]);
        ask(&mut bench, &mut control_plane, 0);
        assert_eq!(bench.world.pools[PoolId::from_index(SYSTEM)].target, 2);
        assert!(bench.events.is_empty());
        assert!(bench.world.operations[OperationId::from_index(0)].ended.is_some());
        assert!(matches!(bench.facts[..], [(_, Fact::OperationChanged(_))]));
    }

    #[test]
    fn a_scale_out_ends_when_the_last_new_node_is_ready() {
        let (mut bench, mut control_plane) = bench(pools(), vec![scale(APPS, 5)]);
        ask(&mut bench, &mut control_plane, 0);
        run(&mut bench, &mut control_plane, MACHINE_DELAY);
        assert_eq!(*state(&bench, 0), OperationState::Running);
        run(&mut bench, &mut control_plane, MACHINE_DELAY.times(2));
        assert_eq!(*state(&bench, 0), OperationState::Succeeded);
        assert_eq!(bench.world.members(PoolId::from_index(APPS)).count(), 5);
        assert_eq!(bench.world.pools[PoolId::from_index(APPS)].state, ProvisioningState::Succeeded);
    }

    #[test]
    fn a_scale_out_into_a_full_subnet_fails_and_keeps_what_it_got() {
        let (mut bench, mut control_plane) = bench(pools(), vec![scale(APPS, 6), scale(APPS, 4)]);
        bench.room = 1;
        ask(&mut bench, &mut control_plane, 0);
        run(&mut bench, &mut control_plane, SimDuration::from_mins(10));
        let OperationState::Failed(failure) = state(&bench, 0) else { panic!("{:?}", state(&bench, 0)) };
        assert_eq!(failure.code, "SubnetIsFull");
        let pool = PoolId::from_index(APPS);
        assert_eq!((bench.world.pools[pool].target, bench.world.members(pool).count()), (4, 4));
        assert_eq!(bench.world.pools[pool].state, ProvisioningState::Failed);
        // Scaling to the size that there is repairs the pool.
        ask(&mut bench, &mut control_plane, 1);
        run(&mut bench, &mut control_plane, SimDuration::from_mins(20));
        assert_eq!(*state(&bench, 1), OperationState::Succeeded);
        assert_eq!(bench.world.pools[pool].state, ProvisioningState::Succeeded);
    }

    #[test]
    fn a_scale_in_keeps_zones_balanced_and_takes_the_highest_instances() {
        let zones = |count, zones: &[u8]| vec![PoolPlan { zones: zones.to_vec(), ..pool("apps", count) }];
        let leaving = |pools, count| {
            let (bench, _) = bench(pools, Vec::new());
            let leaving = scale_in::victims(&bench.world, PoolId::from_index(APPS), count);
            leaving.into_iter().map(|node| bench.world.nodes[node].instance).collect::<Vec<_>>()
        };
        assert_eq!(leaving(zones(5, &[]), 3), [4, 3]);
        // Zones by instance: 1 2 3 1 2 3 1. Zone 1 has three.
        assert_eq!(leaving(zones(7, &[1, 2, 3]), 3), [6, 5, 4, 3]);
        assert_eq!(leaving(zones(4, &[1, 2, 3]), 2), [3, 2]);
        assert_eq!(leaving(zones(2, &[]), 2), [] as [u32; 0]);
    }

    #[test]
    fn a_scale_in_drains_and_deletes_even_a_node_that_cannot_be_drained() {
        let (mut bench, mut control_plane) = bench(pools(), vec![scale(APPS, 1)]);
        bench.undrainable.insert(NodeId::from_index(2));
        ask(&mut bench, &mut control_plane, 0);
        assert_eq!(bench.world.pools[PoolId::from_index(APPS)].target, 1);
        run(&mut bench, &mut control_plane, SimDuration::from_mins(30));
        let deleted = |fact: &Fact| if let Fact::NodeDeleted(node) = fact { Some(*node) } else { None };
        assert_eq!(bench.instances(deleted), [1]);
        assert_eq!(*state(&bench, 0), OperationState::Running);
        run(&mut bench, &mut control_plane, SimDuration::from_mins(32));
        assert_eq!(bench.instances(deleted), [1, 2]);
        assert_eq!(*state(&bench, 0), OperationState::Succeeded);
    }

    /// Runs an upgrade of both pools; the pools answer as given, without an upgrade process.
    fn upgrade_with_answers(answers: &[(usize, Result<(), Refusal>)]) -> Bench {
        let (mut bench, mut control_plane) = bench(pools(), vec![upgrade(35, &[SYSTEM, APPS])]);
        ask(&mut bench, &mut control_plane, 0);
        for (pool, answer) in answers {
            let pool = PoolId::from_index(*pool);
            let later = bench.world.clock.since(crate::kernel::SimTime::ZERO) + SimDuration::from_hours(2);
            run(&mut bench, &mut control_plane, later);
            assert_eq!(bench.world.version, version(35));
            assert_eq!(bench.world.pools[pool].state, ProvisioningState::Upgrading);
            bench.world.pools[pool].upgrade.as_mut().expect("the pool's turn").outcome = Some(answer.clone());
            bench.act(|_, ctx| ctx.soon(Event::OperationStep(OperationId::from_index(0))));
        }
        let end = bench.world.clock.since(crate::kernel::SimTime::ZERO) + SimDuration::from_hours(1);
        run(&mut bench, &mut control_plane, end);
        bench
    }

    #[test]
    fn an_upgrade_does_the_control_plane_first_and_then_one_pool_after_the_other() {
        let bench = upgrade_with_answers(&[(SYSTEM, Ok(())), (APPS, Ok(()))]);
        assert_eq!(*state(&bench, 0), OperationState::Succeeded);
    }

    #[test]
    fn a_pool_that_fails_ends_the_upgrade_before_the_next_pool() {
        let failure = Refusal { code: "UpgradeFailed", message: "blocked".into() };
        let bench = upgrade_with_answers(&[(SYSTEM, Err(failure.clone()))]);
        assert_eq!(*state(&bench, 0), OperationState::Failed(failure));
        assert_eq!(bench.world.pools[PoolId::from_index(SYSTEM)].state, ProvisioningState::Failed);
        assert!(bench.world.pools[PoolId::from_index(APPS)].upgrade.is_none());
    }
}
