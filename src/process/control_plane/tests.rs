use super::*;
use crate::cluster::testing::{Bench, MACHINE_DELAY, budget, deployment, operations, plan, pool, principal, version};
use crate::cluster::{Fact, PoolHistory, UpgradeOutcome};
use crate::scenario::plan::{AutoscalingRange, BudgetRule, IntOrPercent, PoolChange, PoolMode, PoolPlan};

const APPS: usize = 0;
const SYSTEM: usize = 1;

fn pools() -> Vec<PoolPlan> {
    vec![pool("apps", 3), PoolPlan { mode: PoolMode::System, ..pool("system", 2) }]
}

fn scale(pool: usize, count: u32) -> OperationKind {
    OperationKind::Scale { pool, count }
}

fn upgrade(minor: u32, pools: &[usize]) -> OperationKind {
    OperationKind::Upgrade { version: Some(version(minor)), pools: pools.to_vec(), force: false, whole_cluster: false }
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
        Event::NodeDeleted(node) => control_plane.on_node_left(world, node, ctx),
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
    let image = |pools: &[usize]| OperationKind::Upgrade {
        version: None,
        pools: pools.to_vec(),
        force: false,
        whole_cluster: false,
    };
    check(pools(), vec![image(&[APPS])], None);
}

/// azure-aks-docs, best-practices-performance-scale-large.md, 2026-06-05.
#[test]
fn a_cluster_of_five_thousand_nodes_is_scaled_before_it_is_upgraded() {
    let of = |last: u32| {
        let mut plan =
            plan((0..5).map(|index| pool(&format!("pool{index}"), if index == 0 { last } else { 1000 })).collect());
        plan.operations = operations(vec![upgrade(35, &[])]);
        // The world without its nodes: what the pools want is what counts.
        let (mut bench, mut control_plane) = (Bench::new(plan), ControlPlane::default());
        ask(&mut bench, &mut control_plane, 0);
        matches!(state(&bench, 0), OperationState::Refused(why) if why.message.contains("below 3000"))
    };
    assert!(of(1000) && !of(999));
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
    // With a channel the control plane goes with its pools, but for spot pools, which are upgraded after it.
    let mut with_channel = plan(spot());
    with_channel.maintenance.channel = crate::scenario::plan::UpgradeChannel::Patch;
    with_channel.operations = operations(vec![upgrade(35, &[SYSTEM]), upgrade(35, &[])]);
    let code = |operation| {
        let mut bench = Bench::new(with_channel.clone());
        ask(&mut bench, &mut ControlPlane::default(), operation);
        match state(&bench, operation) {
            OperationState::Refused(refusal) => Some(refusal.code),
            _ => None,
        }
    };
    assert_eq!([code(0), code(1)], [None, Some("NotAllAgentPoolOrchestratorVersionSpecifiedAndUnchanged")]);
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
fn upgrade_with_answers(answers: &[(usize, UpgradeOutcome)]) -> Bench {
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
    let bench = upgrade_with_answers(&[(SYSTEM, UpgradeOutcome::Succeeded), (APPS, UpgradeOutcome::Succeeded)]);
    assert_eq!(*state(&bench, 0), OperationState::Succeeded);
}

#[test]
fn a_pool_that_fails_ends_the_upgrade_before_the_next_pool() {
    let failure = Refusal { code: "UpgradeFailed", message: "blocked".into() };
    let bench = upgrade_with_answers(&[(SYSTEM, UpgradeOutcome::Failed(failure.clone()))]);
    assert_eq!(*state(&bench, 0), OperationState::Failed(failure));
    assert_eq!(bench.world.pools[PoolId::from_index(SYSTEM)].state, ProvisioningState::Failed);
    assert!(bench.world.pools[PoolId::from_index(APPS)].upgrade.is_none());
}

#[test]
fn a_pool_comes_and_goes_only_where_the_cluster_allows_it() {
    let later = |mode| PoolPlan { from_start: false, mode, ..pool("later", 2) };
    let with = |extra: PoolPlan| [pools(), vec![extra]].concat();
    let add = || OperationKind::AddPool { pool: 2, version: None };
    check(with(later(PoolMode::User)), vec![add()], None);
    check(pools(), vec![OperationKind::AddPool { pool: APPS, version: None }], Some(("OperationNotAllowed", "exists")));
    let newer = OperationKind::AddPool { pool: 2, version: Some(version(35)) };
    check(with(later(PoolMode::User)), vec![newer], Some(("NodePoolMcVersionIncompatible", "later version 1.35")));
    let older = |minor| OperationKind::AddPool { pool: 2, version: Some(version(minor)) };
    check(with(later(PoolMode::User)), vec![older(31)], None);
    check(with(later(PoolMode::User)), vec![older(30)], Some(("NodePoolMcVersionIncompatible", "later version 1.30")));
    let delete = |pool| OperationKind::DeletePool { pool };
    check(pools(), vec![delete(APPS)], None);
    check(pools(), vec![delete(SYSTEM)], Some(("OperationNotAllowed", "last system pool")));
    check(with(later(PoolMode::User)), vec![delete(2)], Some(("NotFound", "later was not found")));
    check(with(later(PoolMode::User)), vec![scale(2, 4)], Some(("NotFound", "later was not found")));
    check(with(later(PoolMode::User)), vec![upgrade(35, &[2])], Some(("NotFound", "later was not found")));
    let migrate = |from| OperationKind::Migrate { from, to: 2, drain_timeout: None };
    check(with(later(PoolMode::User)), vec![migrate(APPS)], None);
    check(with(later(PoolMode::User)), vec![migrate(SYSTEM)], Some(("OperationNotAllowed", "last system pool")));
    check(with(later(PoolMode::System)), vec![migrate(SYSTEM)], None);
}

#[test]
fn what_a_pool_is_made_of_never_changes_and_its_autoscaler_may() {
    let update = |pool, change| OperationKind::UpdatePool { pool, change };
    let size = PoolChange::Immutable("vmSize");
    check(pools(), vec![update(APPS, size)], Some(("PropertyChangeNotAllowed", "'properties.vmSize' is not allowed")));
    let autoscale = |min, max| PoolChange::Autoscaling(Some(AutoscalingRange { min, max }));
    check(pools(), vec![update(APPS, autoscale(0, 5))], None);
    check(pools(), vec![update(SYSTEM, autoscale(0, 5))], Some(("InvalidParameter", "between 1 and 1000")));
    check(pools(), vec![update(APPS, autoscale(1, 1001))], Some(("InvalidParameter", "between 0 and 1000")));
}

#[test]
fn a_system_pool_is_never_stopped_and_a_user_pool_only_once() {
    let stop = |pool| OperationKind::StopPool { pool };
    let start = |pool| OperationKind::StartPool { pool };
    check(pools(), vec![stop(APPS)], None);
    check(pools(), vec![stop(SYSTEM)], Some(("OperationNotAllowed", "is a system pool")));
    check(pools(), vec![start(APPS)], Some(("OperationNotAllowed", "is running already")));
    check(pools(), vec![OperationKind::StartCluster], Some(("OperationNotAllowed", "is running already")));
    check(pools(), vec![OperationKind::CreateCluster; 2], Some(("OperationNotAllowed", "exists already")));
    check(
        vec![PoolPlan { mode: PoolMode::System, ..pool("system", 101) }],
        vec![OperationKind::StopCluster],
        Some(("OperationNotAllowed", "101 nodes cannot be stopped")),
    );
}

#[test]
fn an_abort_leaves_what_is_there_and_needs_something_to_end() {
    let abort = |pool| OperationKind::Abort { pool };
    check(pools(), vec![abort(Some(APPS))], Some(("OperationNotAllowed", "409")));
    check(pools(), vec![scale(APPS, 5), abort(Some(SYSTEM))], Some(("OperationNotAllowed", "409")));
    let (mut bench, mut control_plane) = bench(pools(), vec![scale(APPS, 5), abort(Some(APPS))]);
    ask(&mut bench, &mut control_plane, 0);
    run(&mut bench, &mut control_plane, MACHINE_DELAY);
    ask(&mut bench, &mut control_plane, 1);
    assert!(matches!(state(&bench, 0), OperationState::Canceled(_)), "{:?}", state(&bench, 0));
    assert_eq!(*state(&bench, 1), OperationState::Succeeded);
    let apps = PoolId::from_index(APPS);
    assert_eq!((bench.world.pools[apps].target, bench.world.pools[apps].state), (5, ProvisioningState::Canceled));
}

#[test]
fn a_deletion_replaces_what_is_in_progress_on_its_pool() {
    let delete = OperationKind::DeletePool { pool: APPS };
    let (mut bench, mut control_plane) = bench(pools(), vec![scale(APPS, 5), delete, scale(APPS, 2)]);
    ask(&mut bench, &mut control_plane, 0);
    ask(&mut bench, &mut control_plane, 1);
    let loser = state(&bench, 0);
    assert!(matches!(loser, OperationState::Canceled(why) if why.code == "AKSOperationPreemptedByDelete"), "{loser:?}");
    ask(&mut bench, &mut control_plane, 2);
    let after = state(&bench, 2);
    assert!(matches!(after, OperationState::Refused(why) if why.message.contains("(Deleting)")), "{after:?}");
    run(&mut bench, &mut control_plane, SimDuration::from_hours(1));
    assert_eq!(*state(&bench, 1), OperationState::Succeeded);
    assert_eq!(bench.world.live_nodes.len(), 2, "the system pool is left");
}

#[test]
fn what_the_asker_has_no_permission_for_is_refused_before_anything_else_and_changes_nothing() {
    let mut plan = plan(pools());
    plan.access.principals = vec![
        principal("alice", &["Azure Kubernetes Service Contributor Role"]),
        principal("bob", &["Azure Kubernetes Service Cluster User Role"]),
    ];
    // The first would be refused for its count as well; the last may be asked for, but is in conflict with the third.
    let askers = [Some(1), Some(1), Some(0), Some(1), Some(0)];
    plan.operations = operations(vec![
        scale(SYSTEM, 0),
        upgrade(35, &[APPS]),
        scale(APPS, 5),
        OperationKind::Upgrade { version: None, pools: vec![SYSTEM, APPS], force: false, whole_cluster: false },
        scale(APPS, 6),
    ]);
    plan.operations.iter_mut().zip(askers).for_each(|(operation, asker)| operation.asked_by = asker);
    let mut bench = Bench::new(plan);
    let mut control_plane = ControlPlane::default();
    let pool = "Microsoft.ContainerService/managedClusters/agentPools/write";
    let cluster = "Microsoft.ContainerService/managedClusters/write";
    let image = "Microsoft.ContainerService/managedClusters/agentPools/upgradeNodeImageVersion/action";
    let expected = [
        Some(("AuthorizationFailed", pool)),
        Some(("AuthorizationFailed", cluster)),
        None,
        Some(("AuthorizationFailed", image)),
        Some(("OperationNotAllowed", "in progress")),
    ];
    for (operation, expected) in expected.into_iter().enumerate() {
        let before = (bench.events.len(), bench.world.pools[PoolId::from_index(APPS)].target);
        ask(&mut bench, &mut control_plane, operation);
        let after = (bench.events.len(), bench.world.pools[PoolId::from_index(APPS)].target);
        match (state(&bench, operation), expected) {
            (OperationState::Running, None) => {}
            (OperationState::Refused(refusal), Some((code, part))) => {
                assert_eq!(refusal.code, code, "{operation}: {refusal:?}");
                assert!(refusal.message.contains(part), "{operation}: {refusal:?}");
                assert_eq!(before, after, "{operation} changed something");
            }
            (other, expected) => panic!("{operation}: {other:?} instead of {expected:?}"),
        }
    }
}

/// As [`check`], in a plan that is changed first.
fn check_in(
    change: impl FnOnce(&mut crate::scenario::plan::Plan),
    kind: OperationKind,
    expected: Option<(&str, &str)>,
) {
    let mut plan = plan(pools());
    plan.operations = operations(vec![kind.clone()]);
    change(&mut plan);
    let mut bench = Bench::new(plan);
    ask(&mut bench, &mut ControlPlane::default(), 0);
    match (state(&bench, 0), expected) {
        (OperationState::Running, None) => {}
        (OperationState::Refused(refusal), Some((code, part))) => {
            assert_eq!(refusal.code, code, "{kind:?}: {}", refusal.message);
            assert!(refusal.message.contains(part), "{kind:?}: {}", refusal.message);
        }
        (found, _) => panic!("{kind:?}: {found:?} instead of {expected:?}"),
    }
}

/// The cluster and its pools are on this version, and it is this month.
fn on(minor: u32, month: &str) -> impl FnOnce(&mut crate::scenario::plan::Plan) {
    let start = format!("{month}-01T00:00:00[UTC]").parse().expect("a moment");
    move |plan| {
        plan.start = start;
        plan.cluster.version = version(minor);
        plan.cluster.pools.iter_mut().for_each(|pool| pool.version = version(minor));
    }
}

/// supported-kubernetes-versions.md, 2026-08-05.
#[test]
fn an_upgrade_goes_only_to_a_version_that_the_calendar_offers() {
    let not_offered = Some(("K8sVersionNotSupported", "not supported in this region in 2026-01"));
    check_in(on(34, "2026-01"), upgrade(35, &[APPS, SYSTEM]), not_offered);
    check_in(on(34, "2026-02"), upgrade(35, &[APPS, SYSTEM]), None);
    let long_term_only = Some(("K8sVersionNotSupported", "only available for Long-Term Support"));
    check_in(on(31, "2026-05"), upgrade(32, &[APPS, SYSTEM]), long_term_only);
    let with_plan = |plan: &mut crate::scenario::plan::Plan| {
        on(31, "2026-05")(plan);
        plan.cluster.long_term_support = true;
    };
    check_in(with_plan, upgrade(32, &[APPS, SYSTEM]), None);
}

/// The table and the examples of supported-kubernetes-versions.md, 2026-08-05.
#[test]
fn minor_versions_are_skipped_only_with_long_term_support_or_out_of_an_unsupported_version() {
    let one_at_a_time = Some(("OperationNotAllowed", "1.33 to 1.35 is not allowed. Available upgrades: [1.34]"));
    check_in(on(33, "2026-06"), upgrade(35, &[APPS, SYSTEM]), one_at_a_time);
    let long_term = |minor, month| {
        move |plan: &mut crate::scenario::plan::Plan| {
            on(minor, month)(plan);
            plan.cluster.long_term_support = true;
        }
    };
    check_in(long_term(29, "2026-03"), upgrade(32, &[APPS, SYSTEM]), None);
    let skew = Some(("NodePoolMcVersionIncompatible", "agent pool apps"));
    check_in(long_term(29, "2026-03"), upgrade(33, &[]), skew);
    // 1.28 is out of support, and 1.33 the oldest that is supported then.
    check_in(on(28, "2026-05"), upgrade(33, &[APPS, SYSTEM]), None);
    let whole_cluster = Some(("OperationNotAllowed", "1.28 to 1.33 is not allowed. Available upgrades: [1.33]"));
    check_in(on(28, "2026-05"), upgrade(33, &[]), whole_cluster);
    check_in(on(28, "2026-05"), upgrade(34, &[APPS, SYSTEM]), Some(("OperationNotAllowed", "[1.33]")));
}

#[test]
fn a_forced_upgrade_does_not_look_at_budgets() {
    let forced =
        OperationKind::Upgrade { version: Some(version(35)), pools: vec![APPS], force: true, whole_cluster: false };
    let with_budget = |plan: &mut crate::scenario::plan::Plan| {
        plan.workloads = vec![deployment("web", 2)];
        plan.budgets = vec![budget(BudgetRule::MaxUnavailable(IntOrPercent::Int(0)))];
    };
    check_in(with_budget, upgrade(35, &[APPS]), Some(("UnsatisfiablePDB", "budget")));
    check_in(with_budget, forced, None);
}

#[test]
fn green_nodes_must_fit_the_scale_set() {
    let blue_green = |count| {
        move |plan: &mut crate::scenario::plan::Plan| {
            let pool = &mut plan.cluster.pools[APPS];
            pool.count = count;
            pool.upgrade.strategy = crate::scenario::plan::UpgradeStrategy::BlueGreen(Default::default());
            plan.cluster.subnets[0].prefix = "10.224.0.0/16".parse().expect("a prefix");
        }
    };
    check_in(blue_green(500), upgrade(35, &[APPS]), None);
    check_in(blue_green(501), upgrade(35, &[APPS]), Some(("OperationNotAllowed", "501 green nodes")));
}

/// Asks for a roll-back so long after the pool's upgrade ended, `again` after a first one.
fn roll_back_after(delay: SimDuration, again: bool) -> OperationState {
    let roll_back = OperationKind::Rollback { pool: APPS };
    let (mut bench, mut control_plane) = bench(pools(), vec![upgrade(35, &[APPS]), roll_back.clone(), roll_back]);
    let pool = PoolId::from_index(APPS);
    let mut end_pool_upgrade = |bench: &mut Bench, operation: usize| {
        ask(bench, &mut control_plane, operation);
        let later = bench.world.clock.since(crate::kernel::SimTime::ZERO) + SimDuration::from_hours(2);
        run(bench, &mut control_plane, later);
        if let Some(row) = &mut bench.world.pools[pool].upgrade {
            row.outcome = Some(UpgradeOutcome::Succeeded);
            bench.world.pools[pool].version =
                bench.world.pools[pool].upgrade.as_ref().and_then(|row| row.request.version).expect("a version");
            bench.act(|_, ctx| ctx.soon(Event::OperationStep(OperationId::from_index(operation))));
            run(bench, &mut control_plane, later + SimDuration::from_secs(1));
        }
    };
    end_pool_upgrade(&mut bench, 0);
    let later = bench.world.clock.since(crate::kernel::SimTime::ZERO) + delay;
    bench.run(later, |_, _, _| {});
    end_pool_upgrade(&mut bench, 1);
    if again {
        end_pool_upgrade(&mut bench, 2);
    }
    assert_eq!(bench.world.version, version(35), "the control plane stays");
    state(&bench, if again { 2 } else { 1 }).clone()
}

/// roll-back-node-pool-version.md, 2026-08-05.
#[test]
fn a_pool_is_rolled_back_once_and_within_seven_days() {
    assert_eq!(roll_back_after(SimDuration::from_hours(24), false), OperationState::Succeeded);
    let check = |state: OperationState, part: &str| match state {
        OperationState::Refused(refusal) => {
            assert_eq!(refusal.code, "OperationNotAllowed");
            assert!(refusal.message.contains(part), "{}", refusal.message);
        }
        other => panic!("{other:?}"),
    };
    check(roll_back_after(SimDuration::from_hours(8 * 24), false), "more than 7 days past");
    check(roll_back_after(SimDuration::from_hours(1), true), "rolled back already");
    let (mut bench, mut control_plane) = bench(pools(), vec![OperationKind::Rollback { pool: APPS }]);
    ask(&mut bench, &mut control_plane, 0);
    check(state(&bench, 0).clone(), "was not upgraded");
}

#[test]
fn a_pool_is_not_rolled_back_to_nodes_or_versions_that_are_gone() {
    let with_history = |history: PoolHistory, month: &str| {
        let mut plan = plan(pools());
        on(35, month)(&mut plan);
        plan.operations = operations(vec![OperationKind::Rollback { pool: APPS }]);
        let mut bench = Bench::new(plan);
        bench.world.pools[PoolId::from_index(APPS)].history = history;
        ask(&mut bench, &mut ControlPlane::default(), 0);
        match state(&bench, 0) {
            OperationState::Refused(refusal) => format!("{}: {}", refusal.code, refusal.message),
            other => format!("{other:?}"),
        }
    };
    let from = |minor| PoolHistory::Upgraded {
        from: version(minor),
        image_only: false,
        ended: Some(crate::kernel::SimTime::ZERO),
    };
    assert_eq!(with_history(from(34), "2026-11"), "Running");
    let unsupported = with_history(from(34), "2026-12");
    assert!(unsupported.contains("1.34 is not supported any more in 2026-12"), "{unsupported}");
    let skew = with_history(from(31), "2025-11");
    assert!(skew.starts_with("NodePoolMcVersionIncompatible"), "{skew}");
    let replaced = with_history(PoolHistory::Replaced, "2026-11");
    assert!(replaced.contains("the old nodes of its last upgrade"), "{replaced}");
}

#[test]
fn a_canceled_upgrade_leaves_its_pool_canceled() {
    let reason = Refusal { code: "UpgradeFailed", message: "blocked".into() };
    let bench = upgrade_with_answers(&[(SYSTEM, UpgradeOutcome::Canceled(reason.clone()))]);
    assert_eq!(*state(&bench, 0), OperationState::Canceled(reason));
    assert_eq!(bench.world.pools[PoolId::from_index(SYSTEM)].state, ProvisioningState::Canceled);
}

/// upgrade-options.md, 2026-06-22.
#[test]
fn a_scale_in_takes_the_nodes_that_an_upgrade_left_behind_first() {
    let (mut bench, _) = bench(pools(), Vec::new());
    bench.act(|world, ctx| world.set_quarantined(NodeId::from_index(0), true, ctx));
    let pool = PoolId::from_index(APPS);
    let leaving = |count| scale_in::victims(&bench.world, pool, count);
    assert_eq!(leaving(2), [NodeId::from_index(0)]);
    assert_eq!(leaving(1), [NodeId::from_index(0), NodeId::from_index(2)]);
}
