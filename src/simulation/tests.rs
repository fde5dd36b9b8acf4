//! Operations from their request to their end, with every process taking part.

use super::*;
use crate::cluster::testing::{budget, deployment, operations, plan, pool, workload};
use crate::cluster::{NodePhase, OperationId, OperationState, PodPhase, PoolId, PowerState};
use crate::kernel::{EventKey, Id};
use crate::process::billing;
use crate::scenario::plan::{
    AutoscalingRange, AvailableVersion, BudgetRule, Controller, IntOrPercent, NodeOsChannel, OperationKind,
    OperationPlan, PoolChange, PoolMode, PoolPlan, ScaleDownMode, UpgradeChannel, Window,
};

struct Nobody;

impl Observer for Nobody {
    fn after_event(&mut self, _: EventKey, _: Event, _: &[Fact], _: &World) {}
}

fn hours(hours: u64) -> SimTime {
    SimTime::after_start(SimDuration::from_hours(hours))
}

fn at(hour: u64, kind: OperationKind) -> OperationPlan {
    OperationPlan { at: hours(hour), kind, asked_by: None }
}

/// One system node and two of the pool `apps` (pool 0), with ten pods of a Deployment and one bare pod.
fn shop(operations: Vec<OperationPlan>) -> Plan {
    let mut shop = plan(vec![pool("apps", 2), PoolPlan { mode: PoolMode::System, ..pool("system", 1) }]);
    shop.workloads = vec![deployment("web", 10), workload("bare", Controller::Pod)];
    shop.cluster.system_workloads = false;
    shop.operations = operations;
    shop
}

fn run(plan: Plan, until: u64) -> Simulation {
    let mut simulation = Simulation::new(&Arc::new(plan), 1);
    simulation.run_through(hours(until), &mut Nobody);
    simulation
}

fn serving(world: &World) -> usize {
    world.pods.iter().filter(|(_, pod)| pod.is_serving()).count()
}

fn ready(world: &World, pool: usize) -> usize {
    world.members(PoolId::from_index(pool)).filter(|node| world.nodes[*node].is_ready()).count()
}

fn assert_succeeded(world: &World) {
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
    assert!(world.nodes.iter().all(|(_, node)| node.addresses == 1), "the NICs stay");
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
    plan.operations = operations(vec![OperationKind::Upgrade { version: Some(next), pools: vec![0] }]);
    plan.operations.push(OperationPlan {
        at: SimTime::after_start(SimDuration::from_mins(12)),
        kind: OperationKind::Abort { pool: None },
        asked_by: None,
    });
    let simulation = run(plan, 6);
    let world = simulation.world();
    let states: Vec<&OperationState> = world.operations.iter().map(|(_, operation)| &operation.state).collect();
    assert!(matches!(states[..], [OperationState::Canceled(_), OperationState::Succeeded]), "{states:?}");
    let upgraded = world.members(PoolId::from_index(0)).filter(|node| world.nodes[*node].version == next).count();
    assert!((1..6).contains(&upgraded), "{upgraded} nodes were upgraded");
    assert_eq!((ready(world, 0), serving(world)), (6, 10), "a bare pod on an upgraded node does not come back");
}

/// A window from one hour to another.
fn window(opens: u64, closes: u64) -> Window {
    Window { opens: hours(opens), closes: hours(closes) }
}

/// A cluster of the channel `rapid` with `nodes` application nodes, to which 1.35 comes in the third hour, and these windows.
fn rapid(nodes: u32, windows: Option<Vec<Window>>) -> Plan {
    let mut plan = shop(Vec::new());
    plan.duration = SimDuration::from_hours(14 * 24);
    plan.cluster.pools[0].count = nodes;
    let available = |minor, from| AvailableVersion { version: crate::cluster::testing::version(minor), from };
    plan.maintenance.channel = UpgradeChannel::Rapid;
    plan.maintenance.available = vec![available(34, SimTime::ZERO), available(35, hours(3))];
    plan.maintenance.auto_upgrade = windows;
    plan
}

/// With application nodes that take seven minutes each.
fn slowly(mut plan: Plan) -> Plan {
    plan.cluster.pools[0].upgrade.soak = SimDuration::from_mins(5);
    plan
}

/// What AKS asked for by itself: when in hours, of how many pools, and whether it ended well.
fn asked_by_aks(world: &World) -> Vec<(u64, usize, bool)> {
    let own = world.operations.iter().map(|(_, operation)| operation).filter(|own| own.auto_upgrade.is_some());
    own.map(|own| {
        let OperationKind::Upgrade { pools, .. } = &own.request.kind else {
            panic!("{:?} is no upgrade", own.request);
        };
        let hour = own.asked.expect("AKS asks at once").micros() / 3_600_000_000;
        (hour, pools.len(), own.state == OperationState::Succeeded)
    })
    .collect()
}

#[test]
fn an_auto_upgrade_waits_for_its_window() {
    let simulation = run(rapid(2, Some(vec![window(1, 2), window(8, 12), window(20, 24)])), 30);
    let world = simulation.world();
    assert_eq!(asked_by_aks(world), [(8, 2, true)], "1.35 is not there in the first window, and here before the third");
    assert!(world.live_nodes.iter().all(|node| world.nodes[*node].version == crate::cluster::testing::version(35)));
}

#[test]
fn without_a_schedule_an_auto_upgrade_comes_within_the_day() {
    let simulation = run(rapid(2, None), 40);
    let asked = asked_by_aks(simulation.world());
    assert!(matches!(asked[..], [(3..27, 2, true)]), "{asked:?}");
}

#[test]
fn a_pool_that_was_not_begun_when_the_window_closed_waits_for_the_next_one_and_work_under_way_goes_on() {
    let simulation = run(slowly(rapid(12, Some(vec![window(4, 5), window(28, 32)]))), 40);
    let world = simulation.world();
    assert_eq!(asked_by_aks(world), [(4, 2, false), (28, 1, true)]);
    let first = world.operations.iter().next().map(|(_, operation)| operation).unwrap();
    assert!(
        matches!(&first.state, OperationState::Canceled(why) if why.message.contains("system waits")),
        "{:?}",
        first.state
    );
    assert!(first.ended > Some(hours(5)), "the pool that had begun was upgraded to its end");
    assert!(first.nodes_left.is_some_and(|left| (2..13).contains(&left)), "{:?}", first.nodes_left);
    assert!(world.live_nodes.iter().all(|node| world.nodes[*node].version == crate::cluster::testing::version(35)));
}

#[test]
fn a_second_step_follows_in_the_same_window() {
    let mut plan = rapid(1, Some(vec![window(4, 16)]));
    let available = AvailableVersion { version: crate::cluster::testing::version(36), from: hours(3) };
    plan.maintenance.available.push(available);
    let simulation = run(plan, 30);
    assert_eq!(simulation.world().version, available.version);
    assert!(matches!(asked_by_aks(simulation.world())[..], [(4, 2, true), (4.., 2, true)]));
}

#[test]
fn a_manual_upgrade_ignores_windows_and_is_measured_against_them() {
    let upgrade = |version| OperationKind::Upgrade { version, pools: vec![0] };
    let next = crate::cluster::testing::version(35);
    let asked = vec![at(2, OperationKind::Upgrade { version: Some(next), pools: vec![0, 1] }), at(6, upgrade(None))];
    let mut plan = shop(asked);
    plan.cluster.pools[0].count = 12;
    plan.maintenance.auto_upgrade = Some(vec![window(1, 3)]);
    let simulation = run(slowly(plan), 12);
    let world = simulation.world();
    assert_succeeded(world);
    let (first, second) = (OperationId::from_index(0), OperationId::from_index(1));
    assert_eq!(world.operations[first].window_closes, Some(hours(3)));
    assert!(!world.operations[first].fitted() && world.operations[first].nodes_left.is_some_and(|left| left > 0));
    assert_eq!(world.operations[second].window_closes, None, "it was asked for outside of windows");
}

#[test]
fn node_images_are_renewed_every_week_in_the_windows_for_them() {
    let mut plan = shop(Vec::new());
    plan.duration = SimDuration::from_hours(21 * 24);
    plan.maintenance.node_os_channel = NodeOsChannel::NodeImage;
    plan.maintenance.node_os = Some((0..3).map(|week| window(week * 168 + 100, week * 168 + 104)).collect());
    let simulation = run(plan, 20 * 24);
    let asked = asked_by_aks(simulation.world());
    assert!(
        asked.len() >= 2 && asked.iter().all(|(hour, pools, well)| hour % 168 >= 100 && *pools == 2 && *well),
        "{asked:?}"
    );
}

#[test]
fn with_a_channel_the_control_plane_is_not_upgraded_alone() {
    let next = crate::cluster::testing::version(35);
    let alone = |pools| OperationKind::Upgrade { version: Some(next), pools };
    let mut plan = rapid(1, Some(Vec::new()));
    plan.operations = vec![at(1, alone(Vec::new())), at(2, alone(vec![0])), at(3, alone(vec![0, 1]))];
    let simulation = run(plan, 6);
    let states: Vec<&OperationState> = simulation.world().operations.iter().map(|(_, row)| &row.state).collect();
    let refused = |state: &OperationState| matches!(state, OperationState::Refused(why) if why.code == "NotAllAgentPoolOrchestratorVersionSpecifiedAndUnchanged");
    assert!(refused(states[0]) && refused(states[1]) && *states[2] == OperationState::Succeeded, "{states:?}");
}

#[test]
fn a_refused_auto_upgrade_is_asked_for_again_in_the_next_window() {
    let mut plan = rapid(1, Some(vec![window(4, 8), window(28, 32)]));
    plan.operations = vec![OperationPlan {
        at: SimTime::after_start(SimDuration::from_mins(239)),
        kind: OperationKind::Upgrade { version: None, pools: vec![1] },
        asked_by: None,
    }];
    let simulation = run(plan, 40);
    assert_eq!(asked_by_aks(simulation.world()), [(4, 2, false), (28, 2, true)]);
}
