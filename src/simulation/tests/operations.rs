//! Operations from their request to their end, with every process taking part.

use super::super::*;
use super::ledger;
use crate::catalog::OsDiskKind;
use crate::cluster::testing::{budget, deployment, operations, plan, pool, version, workload};
use crate::cluster::{NodePhase, OperationId, OperationState, PodPhase, Pool, PoolId, PowerState, ProvisioningState};
use crate::kernel::{EventKey, Id, Stream, Streams};
use crate::process::billing;
use crate::scenario::plan::{
    AutoscalingRange, BlueGreenSettings, BudgetRule, Conflicts, Controller, EtagCondition, FaultKind, FaultPlan,
    IntOrPercent, MODE_LABEL, NetworkModel, OperationKind, OperationPlan, PoolChange, PoolMode, PoolPlan,
    ScaleDownMode, SettingsChange, UpgradeChange, UpgradeStrategy,
};

pub(super) struct Nobody;

impl Observer for Nobody {
    fn after_event(&mut self, _: EventKey, _: Event, _: &[Fact], _: &World) {}
}

pub(super) fn hours(hours: u64) -> SimTime {
    SimTime::after_start(SimDuration::from_hours(hours))
}

pub(super) fn at(hour: u64, kind: OperationKind) -> OperationPlan {
    OperationPlan { at: hours(hour), kind, asked_by: None, condition: None }
}

/// An upgrade of these pools, of none the control plane only.
pub(super) fn upgrade(minor: u32, pools: &[usize]) -> OperationKind {
    OperationKind::Upgrade { version: Some(version(minor)), pools: pools.to_vec(), force: false, whole_cluster: false }
}

/// One system node and two of the pool `apps` (pool 0), with ten pods of a Deployment and one bare pod.
pub(super) fn shop(operations: Vec<OperationPlan>) -> Plan {
    let mut shop = plan(vec![pool("apps", 2), PoolPlan { mode: PoolMode::System, ..pool("system", 1) }]);
    shop.workloads = vec![deployment("web", 10), workload("bare", Controller::Pod)];
    shop.cluster.system_workloads = false;
    shop.operations = operations;
    shop
}

pub(super) fn run(plan: Plan, until: u64) -> Simulation {
    let mut simulation = Simulation::new(&Arc::new(plan), 1);
    simulation.run_through(hours(until), &mut Nobody);
    simulation
}

pub(super) fn serving(world: &World) -> usize {
    world.pods.iter().filter(|(_, pod)| pod.is_serving()).count()
}

pub(super) fn ready(world: &World, pool: usize) -> usize {
    world.members(PoolId::from_index(pool)).filter(|node| world.nodes[*node].is_ready()).count()
}

pub(super) fn assert_succeeded(world: &World) {
    for (_, operation) in world.operations.iter() {
        assert_eq!(operation.state, OperationState::Succeeded, "{:?}", operation.request);
    }
}

#[test]
fn a_stopped_cluster_runs_nothing_and_costs_its_disks_until_it_is_started() {
    let plan = shop(vec![at(2, OperationKind::StopCluster), at(10, OperationKind::StartCluster)]);
    let stopped = run(plan.clone(), 9);
    let world = stopped.world();
    assert_eq!(world.power, PowerState::Stopped);
    assert_eq!(serving(world), 0);
    assert!(
        world.nodes.iter().all(|(_, node)| node.phase == NodePhase::Deallocated && !node.is_billed() && node.exists())
    );
    assert!(world.nodes.iter().all(|(_, node)| node.addresses.own.is_some()), "the NICs stay");
    let bill = billing::charges(world, hours(5), hours(9));
    let metered: Vec<(&str, bool)> =
        bill.iter().map(|charge| (charge.meter.name(), charge.metered.is_zero())).collect();
    assert!(
        metered.contains(&("vm", true)) && metered.contains(&("os_disk", false)) && metered.contains(&("tier", true))
    );
    let started = run(plan, 14);
    let world = started.world();
    assert_succeeded(world);
    assert_eq!((ready(world, 0), ready(world, 1), serving(world)), (2, 1, 10), "the bare pod does not come back");
    assert_eq!(world.nodes.ids().count(), 3, "the same instances");
}

#[test]
fn a_stopped_cluster_refuses_everything_but_a_start() {
    let scale = OperationKind::Scale { pool: 0, count: 3 };
    let simulation = run(shop(vec![at(2, OperationKind::StopCluster), at(8, scale)]), 9);
    let last = simulation.world().operations.iter().last().map(|(_, operation)| operation.state.clone());
    assert!(matches!(last, Some(OperationState::Refused(why)) if why.message.contains("start it first")));
}

#[test]
fn a_created_cluster_has_nothing_before_and_everything_after() {
    let plan = shop(vec![at(2, OperationKind::CreateCluster)]);
    let before = run(plan.clone(), 1);
    assert_eq!((before.world().nodes.ids().count(), before.world().pods.ids().count()), (0, 0));
    assert!(billing::charges(before.world(), SimTime::ZERO, hours(1)).iter().all(|charge| charge.metered.is_zero()));
    let after = run(plan, 4);
    assert_succeeded(after.world());
    assert_eq!((ready(after.world(), 0), serving(after.world())), (2, 11));
}

#[test]
fn a_cluster_is_created_only_with_a_version_on_offer_that_its_pools_have_too() {
    let refused = |control_plane: u32, apps: u32| {
        let mut plan = shop(vec![at(2, OperationKind::CreateCluster)]);
        plan.cluster.version = version(control_plane);
        plan.cluster.pools[0].version = version(apps);
        plan.cluster.pools[1].version = version(control_plane);
        let simulation = run(plan, 3);
        match &simulation.world().operations[OperationId::from_index(0)].state {
            OperationState::Refused(why) => Some(why.code),
            _ => None,
        }
    };
    assert_eq!(refused(34, 34), None);
    assert_eq!(refused(34, 33), Some("NodePoolMcVersionIncompatible"));
    assert_eq!(refused(25, 25), Some("K8sVersionNotSupported"));
}

#[test]
fn a_pool_that_is_being_deleted_takes_another_deletion_and_nothing_else() {
    let soon = |seconds: u64, kind| OperationPlan {
        at: SimTime::after_start(SimDuration::from_secs(3600 + seconds)),
        kind,
        asked_by: None,
        condition: None,
    };
    let delete = || OperationKind::DeletePool { pool: 0 };
    let simulation =
        run(shop(vec![soon(0, delete()), soon(5, delete()), soon(6, OperationKind::Scale { pool: 0, count: 5 })]), 3);
    let world = simulation.world();
    let ended = |index| {
        let row = &world.operations[OperationId::from_index(index)];
        (row.state.clone(), row.ended)
    };
    assert_eq!(ended(0), ended(1));
    assert_eq!(ended(0).0, OperationState::Succeeded);
    assert!(matches!(ended(2).0, OperationState::Refused(_)));
}

#[test]
fn a_migration_moves_every_pod_to_the_new_pool_and_deletes_the_old_one() {
    let migrate = OperationKind::Migrate { from: 0, to: 1, drain_timeout: None };
    let mut plan = plan(vec![
        pool("apps", 2),
        PoolPlan { from_start: false, ..pool("next", 2) },
        PoolPlan { mode: PoolMode::System, ..pool("system", 1) },
    ]);
    plan.cluster.pools[2].taints = vec![crate::scenario::plan::Taint {
        key: "CriticalAddonsOnly".into(),
        value: "true".into(),
        effect: crate::scenario::plan::TaintEffect::NoSchedule,
    }];
    plan.workloads = vec![deployment("web", 10)];
    plan.budgets = vec![budget(BudgetRule::MaxUnavailable(IntOrPercent::Int(1)))];
    plan.operations = vec![at(2, migrate)];
    let simulation = run(plan, 6);
    let world = simulation.world();
    assert_succeeded(world);
    assert!(!world.pools[PoolId::from_index(0)].exists && world.members(PoolId::from_index(0)).next().is_none());
    assert_eq!((ready(world, 1), serving(world)), (2, 10));
    let evicted = world.pods.iter().filter(|(_, pod)| pod.phase == PodPhase::Gone).count();
    assert_eq!(evicted, 10, "every pod moves once");
}

#[test]
fn a_stopped_pool_comes_back_with_its_nodes_and_its_autoscaler_rests_meanwhile() {
    let mut plan = shop(vec![at(2, OperationKind::StopPool { pool: 0 }), at(6, OperationKind::StartPool { pool: 0 })]);
    plan.cluster.pools[0].autoscaling = Some(AutoscalingRange { min: 2, max: 5 });
    plan.workloads[0] = deployment("web", 30);
    let stopped = run(plan.clone(), 5);
    assert_eq!(stopped.world().members(PoolId::from_index(0)).count(), 0);
    assert_eq!(stopped.world().nodes.iter().filter(|(_, node)| node.phase == NodePhase::Deallocated).count(), 2);
    let started = run(plan, 8);
    assert_succeeded(started.world());
    assert!(ready(started.world(), 0) >= 2);
    assert_eq!(serving(started.world()), 30);
}

#[test]
fn a_deallocated_node_is_started_before_another_is_created() {
    let mut plan = shop(vec![
        at(2, OperationKind::Scale { pool: 0, count: 0 }),
        at(4, OperationKind::Scale { pool: 0, count: 3 }),
    ]);
    plan.cluster.pools[0].scale_down_mode = ScaleDownMode::Deallocate;
    let scaled_in = run(plan.clone(), 3);
    let world = scaled_in.world();
    assert_eq!(world.nodes.iter().filter(|(_, node)| node.phase == NodePhase::Deallocated).count(), 2);
    let scaled_out = run(plan, 6);
    assert_succeeded(scaled_out.world());
    assert_eq!((ready(scaled_out.world(), 0), scaled_out.world().nodes.ids().count()), (3, 4));
}

#[test]
fn an_autoscaler_that_is_turned_on_acts_and_one_that_is_turned_off_does_not() {
    let range = AutoscalingRange { min: 1, max: 5 };
    let update = |change| OperationKind::UpdatePool { pool: 0, change };
    let on = |hour| at(hour, update(PoolChange::Autoscaling(Some(range))));
    let mut plan = shop(vec![on(2)]);
    plan.workloads[0] = deployment("web", 60);
    let before = run(plan.clone(), 1);
    assert_eq!(ready(before.world(), 0), 2);
    let after = run(plan.clone(), 4);
    assert_eq!(ready(after.world(), 0), 3, "sixty pods of 100m need three nodes beside the system pool's");
    plan.operations.push(at(3, update(PoolChange::Autoscaling(None))));
    plan.operations.push(at(4, OperationKind::Scale { pool: 0, count: 2 }));
    let off = run(plan, 6);
    assert_succeeded(off.world());
    assert_eq!(ready(off.world(), 0), 2, "nobody brings the node back");
}

#[test]
fn an_aborted_upgrade_ends_what_it_began_and_touches_nothing_more() {
    let mut plan = shop(Vec::new());
    plan.cluster.pools[0].count = 6;
    let next = crate::cluster::testing::version(35);
    plan.operations = operations(vec![OperationKind::Upgrade {
        version: Some(next),
        pools: vec![0],
        force: false,
        whole_cluster: false,
    }]);
    plan.operations.push(OperationPlan {
        at: SimTime::after_start(SimDuration::from_mins(12)),
        kind: OperationKind::Abort { pool: None },
        asked_by: None,
        condition: None,
    });
    let simulation = run(plan, 6);
    let world = simulation.world();
    let states: Vec<&OperationState> = world.operations.iter().map(|(_, operation)| &operation.state).collect();
    assert!(matches!(states[..], [OperationState::Canceled(_), OperationState::Succeeded]), "{states:?}");
    let upgraded = world.members(PoolId::from_index(0)).filter(|node| world.nodes[*node].version == next).count();
    assert!((1..6).contains(&upgraded), "{upgraded} nodes were upgraded");
    assert_eq!((ready(world, 0), serving(world)), (6, 10), "a bare pod on an upgraded node does not come back");
}

/// azure-aks-docs, manage-abort-operations.md, 2026-08-06: what was done stays done.
#[test]
fn the_nodes_of_an_aborted_scale_in_that_are_left_take_pods_again() {
    let mut plan = shop(vec![at(2, OperationKind::Scale { pool: 0, count: 1 })]);
    plan.cluster.pools[0].count = 4;
    plan.budgets = vec![budget(BudgetRule::MinAvailable(IntOrPercent::Int(20)))];
    plan.operations.push(OperationPlan {
        at: hours(2) + SimDuration::from_mins(10),
        kind: OperationKind::Abort { pool: Some(0) },
        asked_by: None,
        condition: None,
    });
    let simulation = run(plan, 4);
    let world = simulation.world();
    assert!(world.operations.iter().any(|(_, operation)| matches!(operation.state, OperationState::Canceled(_))));
    assert_eq!(ready(world, 0), 4);
    assert!(world.members(PoolId::from_index(0)).all(|node| !world.nodes[node].info.unschedulable));
}

#[test]
fn a_cluster_is_neither_created_nor_started_while_the_region_has_no_control_planes() {
    let short = |until| FaultPlan {
        name: "short".into(),
        at: SimTime::ZERO,
        until,
        rate: None,
        kind: FaultKind::ControlPlaneCapacity { probability: 1.0 },
    };
    let asked = |kinds: Vec<OperationPlan>, fault: FaultPlan| {
        let mut plan = shop(kinds);
        plan.faults = vec![fault];
        let simulation = run(plan, 12);
        let mut states = simulation.world().operations.iter().map(|(_, operation)| operation.state.clone());
        states.next_back().expect("something is asked")
    };
    let refused =
        |state: OperationState| matches!(state, OperationState::Refused(why) if why.code == "AksCapacityHeavyUsage");
    assert!(refused(asked(vec![at(2, OperationKind::CreateCluster)], short(None))));
    let stop_and_start = || vec![at(2, OperationKind::StopCluster), at(8, OperationKind::StartCluster)];
    assert!(refused(asked(stop_and_start(), short(None))));
    assert_eq!(asked(stop_and_start(), short(Some(hours(7)))), OperationState::Succeeded);
    let scale = vec![at(2, OperationKind::Scale { pool: 0, count: 3 })];
    assert_eq!(asked(scale, short(None)), OperationState::Succeeded, "a cluster that runs is not concerned");
}

/// What a refused operation must leave as it is.
fn standing(world: &World) -> Vec<(bool, bool, u32, u32, Option<AutoscalingRange>, ProvisioningState)> {
    let of = |pool: &Pool| (pool.exists, pool.stopped, pool.target, pool.surge, pool.autoscaling, pool.state);
    world.pools.iter().map(|(_, pool)| of(pool)).collect()
}

/// Sees that refused operations change nothing, and that no pod sits on a node that is gone.
#[derive(Default)]
struct Watch {
    before: Vec<(bool, bool, u32, u32, Option<AutoscalingRange>, ProvisioningState)>,
    refused: usize,
    accepted: usize,
}

impl Observer for Watch {
    fn after_event(&mut self, key: EventKey, event: Event, facts: &[Fact], world: &World) {
        if let Event::AskOperation(operation) = event {
            match &world.operations[operation].state {
                OperationState::Refused(why) => {
                    self.refused += 1;
                    assert_eq!(standing(world), self.before, "{:?}: {why:?}", key.at);
                    assert!(matches!(facts, [Fact::OperationChanged(_)]), "{facts:?}");
                }
                _ => self.accepted += 1,
            }
        }
        self.before = standing(world);
        for (_, pod) in world.pods.iter().filter(|(_, pod)| pod.is_serving()) {
            let node = &world.nodes[pod.node.expect("a serving pod is bound")];
            assert!(node.is_registered(), "{} serves on {} in {:?}", pod.name, node.info.name, node.phase);
        }
    }
}

fn random_operation(draws: &mut Stream) -> OperationKind {
    let pool = draws.below(3) as usize;
    match draws.below(14) {
        11 => {
            let modes = [None, Some(PoolMode::System), Some(PoolMode::User)];
            let scale_down_modes = [None, Some(ScaleDownMode::Delete), Some(ScaleDownMode::Deallocate)];
            let change = SettingsChange {
                mode: modes[draws.below(3) as usize],
                scale_down_mode: scale_down_modes[draws.below(3) as usize],
                upgrade: UpgradeChange {
                    max_surge: Some(IntOrPercent::Int(draws.below(3) as u32)),
                    max_unavailable: Some(IntOrPercent::Int(draws.below(2) as u32)),
                    ..UpgradeChange::default()
                },
            };
            OperationKind::UpdatePool { pool, change: PoolChange::Settings(change) }
        }
        0 | 1 => OperationKind::Scale { pool, count: draws.below(5) as u32 },
        2 => OperationKind::AddPool { pool: 1, version: None },
        3 => OperationKind::DeletePool { pool },
        4 => {
            let range = (draws.below(2) == 0).then(|| AutoscalingRange { min: 1, max: 1 + draws.below(4) as u32 });
            OperationKind::UpdatePool { pool, change: PoolChange::Autoscaling(range) }
        }
        5 => OperationKind::StopPool { pool },
        6 => OperationKind::StartPool { pool },
        7 => OperationKind::StopCluster,
        8 => OperationKind::StartCluster,
        9 => OperationKind::Abort { pool: (draws.below(3) > 0).then_some(pool) },
        10 => {
            let timeout = SimDuration::from_mins(20);
            OperationKind::Migrate { from: draws.below(2) as usize * 2, to: 1, drain_timeout: Some(timeout) }
        }
        _ => {
            let version = (draws.below(3) > 0).then(|| version(35));
            let pools = if draws.below(2) == 0 { vec![0, 2] } else { vec![pool] };
            OperationKind::Upgrade { version, pools, force: draws.below(4) == 0, whole_cluster: false }
        }
    }
}

/// A day of operations without rhyme or reason, and a day without any.
pub(super) fn random_day(draws: &mut Stream) -> Plan {
    let modes = [ScaleDownMode::Delete, ScaleDownMode::Deallocate];
    let mut apps = PoolPlan { scale_down_mode: modes[draws.below(2) as usize], ..pool("apps", draws.below(4) as u32) };
    if draws.below(2) == 0 {
        apps.autoscaling = Some(AutoscalingRange { min: 0, max: 4 });
    }
    let next = PoolPlan { from_start: false, ..pool("next", 2) };
    let mut plan = plan(vec![apps, next, PoolPlan { mode: PoolMode::System, ..pool("system", 2) }]);
    plan.duration = SimDuration::from_hours(48);
    plan.cluster.system_workloads = false;
    let daemon = workload("agent", Controller::DaemonSet);
    let set = workload("cache", Controller::StatefulSet { replicas: 2, parallel: false });
    let web = deployment("web", draws.below(40) as u32);
    plan.workloads = vec![web, daemon, set, workload("bare", Controller::Pod)];
    if draws.below(2) == 0 {
        plan.budgets = vec![budget(BudgetRule::MaxUnavailable(IntOrPercent::Int(1)))];
    }
    let mut minutes: Vec<u64> = (0..12).map(|_| draws.below(24 * 60)).collect();
    // Some come right after another, when that is in the midst of what it does.
    minutes.extend(minutes.clone().into_iter().map(|minute| minute + 1 + draws.below(8)));
    minutes.sort_unstable();
    let at = |minute| SimTime::after_start(SimDuration::from_mins(minute));
    let asked = minutes.into_iter().map(|minute| (at(minute), random_operation(draws)));
    plan.operations = asked.map(|(at, kind)| OperationPlan { at, kind, asked_by: None, condition: None }).collect();
    plan
}

#[test]
fn whatever_is_asked_ends_and_whatever_is_refused_changes_nothing() {
    let mut draws = Streams::new(3).stream("test", "operations");
    let (mut refused, mut accepted) = (0, 0);
    for day in 0..300 {
        let plan = random_day(&mut draws);
        let mut simulation = Simulation::new(&Arc::new(plan), day);
        let mut watch = Watch::default();
        simulation.run(&mut watch);
        (refused, accepted) = (refused + watch.refused, accepted + watch.accepted);
        let world = simulation.world();
        for (_, operation) in world.operations.iter() {
            let asked = &operation.request;
            assert!(operation.ended.is_some(), "day {day}: {asked:?} is {:?}", operation.state);
        }
        for (id, pool) in world.pools.iter().filter(|(_, pool)| pool.exists && !pool.stopped) {
            let members = world.members(id).filter(|node| !world.nodes[*node].surge).count();
            let wanted = if world.is_running() { pool.target as usize } else { 0 };
            assert_eq!(members, wanted, "day {day}: pool {}", world.pool_plan(id).name);
        }
        ledger::check(world);
    }
    assert!(refused > 1000 && accepted > 1000, "{refused} refused, {accepted} accepted");
}

#[test]
fn a_migration_drains_nodes_that_an_upgrade_has_drained_before() {
    let upgrade =
        OperationKind::Upgrade { version: Some(version(35)), pools: vec![0, 2], force: false, whole_cluster: false };
    let migrate = OperationKind::Migrate { from: 0, to: 1, drain_timeout: None };
    let mut plan = plan(vec![
        pool("apps", 2),
        PoolPlan { from_start: false, ..pool("next", 2) },
        PoolPlan { mode: PoolMode::System, ..pool("system", 1) },
    ]);
    plan.workloads = vec![deployment("web", 10)];
    plan.operations = vec![at(2, upgrade), at(6, migrate)];
    let mut simulation = Simulation::new(&Arc::new(plan), 1);
    let mut evicted = Evictions::default();
    simulation.run_through(hours(10), &mut evicted);
    assert_succeeded(simulation.world());
    let on_apps = evicted.0.iter().filter(|(at, _)| *at >= hours(6)).count();
    assert!(on_apps > 0, "the pods of the old pool were evicted, not lost: {:?}", evicted.0);
    assert_eq!(serving(simulation.world()), 10);
}

/// Pods evicted, with the time.
#[derive(Default)]
struct Evictions(Vec<(SimTime, crate::cluster::PodId)>);

impl Observer for Evictions {
    fn after_event(&mut self, key: EventKey, _: Event, facts: &[Fact], _: &World) {
        let evicted = facts.iter().filter_map(|fact| if let Fact::PodEvicted(pod) = fact { Some(*pod) } else { None });
        self.0.extend(evicted.map(|pod| (key.at, pod)));
    }
}

#[test]
fn a_node_that_the_autoscaler_deallocated_takes_pods_again_when_it_is_started() {
    let mut plan = shop(vec![]);
    plan.cluster.pools[0].autoscaling = Some(AutoscalingRange { min: 0, max: 3 });
    plan.cluster.pools[0].scale_down_mode = ScaleDownMode::Deallocate;
    plan.duration = SimDuration::from_hours(12);
    let job = crate::scenario::plan::JobPlan { completions: 30, parallelism: 30 };
    let fires = vec![hours(1), hours(4), hours(7)];
    let mut burst = workload("burst", Controller::CronJob { job, fires });
    burst.behaviour.run_time = Some(crate::kernel::Dist::Constant(600.0));
    plan.workloads = vec![burst];
    let simulation = run(plan, 11);
    let world = simulation.world();
    assert!(world.pods.iter().all(|(_, pod)| pod.phase == PodPhase::Succeeded), "every Job was done");
    let restarted = world.nodes.iter().filter(|(_, node)| node.times.deallocated.len() > 1).count();
    assert!(restarted > 0, "a deallocated node was used again");
}

#[test]
fn an_upgrade_of_the_cluster_takes_the_pools_that_exist_then() {
    let migrate = OperationKind::Migrate { from: 0, to: 1, drain_timeout: None };
    let upgrade =
        OperationKind::Upgrade { version: Some(version(35)), pools: vec![0, 1, 2], force: false, whole_cluster: true };
    let mut plan = plan(vec![
        pool("apps", 2),
        PoolPlan { from_start: false, ..pool("next", 2) },
        PoolPlan { mode: PoolMode::System, ..pool("system", 1) },
    ]);
    plan.operations = vec![at(2, migrate), at(6, upgrade)];
    let simulation = run(plan, 10);
    assert_succeeded(simulation.world());
    let next = simulation.world().members(PoolId::from_index(1));
    assert!(next.into_iter().all(|node| simulation.world().nodes[node].version == version(35)));
}

#[test]
fn an_operation_on_an_autoscaled_pool_fails_when_an_instance_cannot_be_had() {
    let mut plan = plan(vec![
        PoolPlan {
            from_start: false,
            autoscaling: Some(AutoscalingRange { min: 3, max: 5 }),
            max_pods: 10,
            ..pool("apps", 3)
        },
        PoolPlan { mode: PoolMode::System, max_pods: 27, ..pool("system", 1) },
    ]);
    // 31 of 59 addresses are free: enough for the pods of three nodes, as AKS counts, and for two of them with their own.
    plan.cluster.subnets[0].prefix = "10.224.0.0/26".parse().expect("a prefix");
    plan.cluster.network.model = NetworkModel::AzureNodeSubnet;
    plan.cluster.network.pod_cidr = None;
    plan.operations = vec![at(2, OperationKind::AddPool { pool: 0, version: None })];
    let simulation = run(plan, 10);
    let state = simulation.world().operations.iter().next().map(|(_, operation)| operation.state.clone());
    assert!(matches!(state, Some(OperationState::Failed(why)) if why.code == "SubnetIsFull"));
    assert_eq!(ready(simulation.world(), 0), 2);
}

#[test]
fn settings_of_a_pool_hold_from_their_change_on() {
    let change = |pool, change| OperationKind::UpdatePool { pool, change: PoolChange::Settings(change) };
    let mode = |mode| SettingsChange { mode: Some(mode), ..SettingsChange::default() };
    let surge = |max_surge| SettingsChange {
        upgrade: UpgradeChange { max_surge: Some(IntOrPercent::Int(max_surge)), ..UpgradeChange::default() },
        ..SettingsChange::default()
    };
    let delete = SettingsChange { scale_down_mode: Some(ScaleDownMode::Delete), ..SettingsChange::default() };
    let upgrade = OperationKind::Upgrade { version: None, pools: vec![0], force: false, whole_cluster: false };
    let mut plan = shop(vec![
        at(1, change(1, mode(PoolMode::User))), // The last system pool.
        at(2, change(0, mode(PoolMode::System))),
        at(3, change(1, mode(PoolMode::User))),
        at(4, OperationKind::Scale { pool: 0, count: 1 }),
        at(6, change(0, delete)),
        at(7, OperationKind::Scale { pool: 0, count: 3 }),
        at(8, change(0, surge(0))),
        at(8, change(0, surge(2))),
        at(9, upgrade),
    ]);
    plan.cluster.pools[0].scale_down_mode = ScaleDownMode::Deallocate;
    plan.cluster.pools[0].scale_set.as_mut().expect("a scale set").os_disk.kind = OsDiskKind::Managed("P10");
    plan.cluster.pools[0].labels.insert(MODE_LABEL.to_owned(), "user".to_owned());
    let deallocated =
        |world: &World| world.nodes.iter().filter(|(_, node)| node.phase == NodePhase::Deallocated).count();
    let (before, after) = (run(plan.clone(), 5), run(plan.clone(), 6));
    assert_eq!([before, after].map(|simulation| deallocated(simulation.world())), [1, 0]);
    let simulation = run(plan, 12);
    let world = simulation.world();
    let refused: Vec<usize> = (0..9)
        .filter(|index| matches!(world.operations[OperationId::from_index(*index)].state, OperationState::Refused(_)))
        .collect();
    assert_eq!(refused, [0, 6]);
    assert_eq!(deallocated(world), 0);
    let labels: Vec<Option<&String>> =
        world.members(PoolId::from_index(0)).map(|node| world.nodes[node].info.labels.get(MODE_LABEL)).collect();
    assert_eq!(labels, vec![Some(&"system".to_owned()); 3]);
    let surge_nodes = world.nodes.iter().filter(|(_, node)| node.surge).count();
    assert_eq!(surge_nodes, 2, "the upgrade has the surge that it was given");
}

#[test]
fn an_operation_that_was_meant_for_another_state_is_refused() {
    let scale = |count| OperationKind::Scale { pool: 0, count };
    let on = |condition, operation: OperationPlan| OperationPlan { condition: Some(condition), ..operation };
    let read = |hour| EtagCondition::UnchangedSince(hours(hour));
    let add = OperationKind::AddPool { pool: 2, version: None };
    let mut plan = shop(vec![
        on(read(1), at(2, scale(3))),
        on(read(1), at(3, scale(4))), // Somebody scaled it since.
        on(read(3), at(4, scale(4))),
        on(read(1), at(5, OperationKind::Scale { pool: 1, count: 2 })), // Another pool has its own eTag.
        on(EtagCondition::Exists, at(6, add.clone())),
        on(EtagCondition::IsMissing, at(6, add.clone())),
        on(EtagCondition::IsMissing, at(7, OperationKind::DeletePool { pool: 2 })),
    ]);
    plan.cluster.pools.push(PoolPlan { from_start: false, ..pool("third", 1) });
    let simulation = run(plan, 8);
    let codes: Vec<&str> = simulation
        .world()
        .operations
        .iter()
        .map(|(_, row)| match &row.state {
            OperationState::Refused(why) => why.code,
            _ => "",
        })
        .collect();
    assert_eq!(codes, ["", "PreconditionFailed", "", "", "PreconditionFailed", "", "PreconditionFailed"]);
}

#[test]
fn a_roll_back_in_the_final_soak_takes_the_place_of_the_upgrade() {
    let mut plan =
        shop(vec![at(1, upgrade(35, &[])), at(2, upgrade(35, &[0])), at(5, OperationKind::Rollback { pool: 0 })]);
    let settings = BlueGreenSettings { final_soak: SimDuration::from_hours(8), ..BlueGreenSettings::default() };
    plan.cluster.pools[0].upgrade.strategy = UpgradeStrategy::BlueGreen(settings);
    let simulation = run(plan.clone(), 7);
    let world = simulation.world();
    let state = |index| &world.operations[OperationId::from_index(index)].state;
    assert!(matches!(state(1), OperationState::Canceled(why) if why.code == "AKSOperationPreempted"), "{:?}", state(1));
    assert_eq!(state(2), &OperationState::Succeeded);
    let pool = PoolId::from_index(0);
    let nodes: Vec<u32> = world.members(pool).map(|node| world.nodes[node].instance).collect();
    assert_eq!((nodes, world.pools[pool].version, ready(world, 0)), (vec![0, 1], version(34), 2));
    assert_eq!((serving(world), world.pools[pool].state), (10, ProvisioningState::Succeeded), "all but the bare pod");
    // Before the final soak the upgrade goes on.
    plan.operations[2].at = SimTime::after_start(SimDuration::from_mins(121));
    let early = run(plan, 13);
    let state = |index| &early.world().operations[OperationId::from_index(index)].state;
    assert!(matches!(state(2), OperationState::Refused(why) if why.message.contains("is in progress")));
    assert_eq!(state(1), &OperationState::Succeeded);
}

#[test]
fn where_documents_disagree_the_scenario_chooses() {
    let outcome = |conflicts: Conflicts, change: &dyn Fn(&mut Plan)| {
        let mut plan = shop(Vec::new());
        plan.cluster.conflicts = conflicts;
        change(&mut plan);
        let simulation = run(plan, 20);
        let last = simulation.world().operations.iter().last().expect("an operation").1;
        match &last.state {
            OperationState::Refused(why) | OperationState::Failed(why) => why.code,
            OperationState::Succeeded => "",
            other => panic!("{other:?}"),
        }
    };
    let default = Conflicts::default();
    let skewed = |plan: &mut Plan| {
        plan.cluster.pools.iter_mut().for_each(|pool| pool.version = version(32));
        plan.operations = vec![at(1, upgrade(35, &[]))];
    };
    assert_eq!(outcome(default, &skewed), "");
    assert_eq!(outcome(Conflicts { version_skew: 2, ..default }, &skewed), "NodePoolMcVersionIncompatible");
    let rolled_back = |plan: &mut Plan| {
        plan.operations =
            vec![at(1, upgrade(35, &[])), at(2, upgrade(35, &[0])), at(8, OperationKind::Rollback { pool: 0 })];
    };
    assert_eq!(outcome(default, &rolled_back), "");
    assert_eq!(outcome(Conflicts { rollback: false, ..default }, &rolled_back), "OperationNotAllowed");
    let blue_green = |plan: &mut Plan| {
        rolled_back(plan);
        plan.cluster.pools[0].upgrade.strategy = UpgradeStrategy::BlueGreen(BlueGreenSettings::default());
    };
    assert_eq!(outcome(default, &blue_green), "OperationNotAllowed");
    assert_eq!(outcome(Conflicts { rollback_after_blue_green: true, ..default }, &blue_green), "");
    let beyond = |plan: &mut Plan| {
        plan.quota.regional = Some(8);
        plan.operations = vec![at(1, OperationKind::Scale { pool: 0, count: 9 })];
    };
    let fails = Conflicts { scale_beyond_quota_fails: true, ..default };
    assert_eq!([outcome(default, &beyond), outcome(fails, &beyond)], ["QuotaExceeded"; 2]);
    let repaired = |plan: &mut Plan| {
        beyond(plan);
        plan.operations.push(at(2, OperationKind::Scale { pool: 0, count: 2 }));
    };
    assert_eq!(outcome(fails, &repaired), "", "scaled back inside the quota");
    let small = |plan: &mut Plan| {
        plan.cluster.pools.push(PoolPlan { from_start: false, mode: PoolMode::System, ..pool("second", 1) });
        plan.operations = vec![at(1, OperationKind::AddPool { pool: 2, version: None })];
    };
    assert_eq!(outcome(default, &small), "");
    assert_eq!(outcome(Conflicts { system_pool_vcpus: 4, ..default }, &small), "InvalidParameter");
    let few_pods = |plan: &mut Plan| {
        small(plan);
        plan.cluster.pools[2].max_pods = 29;
    };
    assert_eq!(outcome(default, &few_pods), "InvalidParameter", "whatever the choice");
}
