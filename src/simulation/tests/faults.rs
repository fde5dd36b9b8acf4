//! Faults in whole small clusters: what happens to nodes, pods, addresses and quota, and when.

use super::super::Simulation;
use super::ledger;
use crate::catalog::SpotEvictionPolicy;
use crate::cluster::testing::{deployment, operations, plan, pool, version, workload};
use crate::cluster::{
    Event, Fact, NodeFailure, NodeId, NodePhase, Observer, OperationId, OperationState, PodPhase, PoolId,
    ProvisioningState, QuotaUse, World,
};
use crate::kernel::{Dist, EventKey, Id, SimDuration, SimTime, Streams};
use crate::scenario::plan::{
    AllocationCode, AutoscalingRange, BlueGreenSettings, Controller, EvictionReach, FailureReach, FaultKind, FaultPlan,
    FaultRate, IntOrPercent, OperationKind, Plan, PoolPlan, QuotaPlan, RepairPlan, Symptom, UndrainableNodes,
    UpgradeStrategy, WorkloadPlan,
};
use crate::units::MilliCpu;
use proptest::prelude::*;
use std::sync::Arc;

const HOUR: SimDuration = SimDuration::from_hours(1);

/// Keeps the facts, and looks at the world after every event.
#[derive(Default)]
struct Watch {
    facts: Vec<(SimTime, Fact)>,
    downs: Vec<(SimTime, NodeId)>,
    checked: bool,
}

impl Observer for Watch {
    fn after_event(&mut self, key: EventKey, event: Event, facts: &[Fact], world: &World) {
        self.facts.extend(facts.iter().map(|fact| (key.at, *fact)));
        if let Event::NodeDown(node) = event {
            self.downs.push((key.at, node));
        }
        if self.checked {
            check(world);
        }
    }
}

impl Watch {
    /// Seconds after `from` at which such facts happened.
    fn seconds(&self, from: SimTime, of: impl Fn(&Fact) -> bool) -> Vec<f64> {
        let later = self.facts.iter().filter(|(at, fact)| *at >= from && of(fact));
        later.map(|(at, _)| at.since(from).as_secs_f64()).collect()
    }
}

fn at(hours: u64) -> SimTime {
    SimTime::after_start(HOUR.times(hours))
}

fn fault(kind: FaultKind) -> FaultPlan {
    FaultPlan { name: format!("{kind:?}"), at: at(1), until: None, rate: None, kind }
}

fn zone_outage(hours: u64) -> FaultPlan {
    FaultPlan { until: Some(at(1 + hours)), ..fault(FaultKind::ZoneOutage { zone: 1 }) }
}

fn one_failure(repair: RepairPlan) -> FaultPlan {
    fault(FaultKind::NodeFailure { pool: Some(0), reach: FailureReach::Nodes(1), symptom: Symptom::Silent, repair })
}

fn refusal(code: AllocationCode) -> FaultPlan {
    fault(FaultKind::AllocationFailure { pool: None, zone: None, vm_size: None, code: Some(code), probability: 1.0 })
}

/// A Deployment whose pods are large: three fit on a node.
fn web(replicas: u32) -> WorkloadPlan {
    let mut web = deployment("web", replicas);
    web.template.requests.cpu = MilliCpu::from_millis(600);
    web
}

fn scenario(pools: Vec<PoolPlan>, workloads: Vec<WorkloadPlan>, faults: Vec<FaultPlan>) -> Plan {
    let mut plan = plan(pools);
    plan.duration = HOUR.times(6);
    plan.timings.straggler_probability = 0.0;
    (plan.workloads, plan.faults) = (workloads, faults);
    plan
}

fn run(plan: Plan) -> (World, Watch) {
    run_until(plan, at(6))
}

fn run_until(plan: Plan, last: SimTime) -> (World, Watch) {
    let mut simulation = Simulation::new(&Arc::new(plan), 1);
    let mut watch = Watch { checked: true, ..Watch::default() };
    simulation.run_through(last, &mut watch);
    (simulation.world, watch)
}

fn serving(world: &World) -> usize {
    world.pods.iter().filter(|(_, pod)| pod.is_serving()).count()
}

fn zoned(name: &str, count: u32) -> PoolPlan {
    PoolPlan { zones: vec![1, 2, 3], ..pool(name, count) }
}

/// What holds after every event.
fn check(world: &World) {
    ledger::check(world);
    let mut quota = QuotaUse::default();
    for (id, node) in world.nodes.iter() {
        // A failed instance ends with the event that says so, at the same instant.
        let failed = matches!(node.phase, NodePhase::Failed(_));
        let gone = node.phase == NodePhase::Deleted || (failed && node.times.deleted.is_some());
        for pod in &node.pods {
            let pod = &world.pods[*pod];
            assert_eq!(pod.node, Some(id), "{} is on the list of another node", pod.name);
            assert!(!gone || pod.times.deleted.is_some(), "{} sits on {}, which is gone", pod.name, node.info.name);
        }
        assert!(!(gone && world.is_down(id)), "{} is gone and down", node.info.name);
        if node.times.deleted.is_none() && !failed {
            let pool = world.pool_plan(node.pool);
            let vcpus = pool.scale_set.as_ref().map_or(0, |scale_set| scale_set.vm.vcpus);
            if pool.spot {
                quota.spot += vcpus;
            } else {
                quota.regional += vcpus;
                *quota.families.entry("standardDSv5Family").or_insert(0) += vcpus;
            }
        }
    }
    for (_, pod) in world.pods.iter().filter(|(_, pod)| !pod.is_terminal() && pod.node.is_some()) {
        let node = pod.node.expect("it is bound");
        assert!(world.nodes[node].pods.iter().any(|other| world.pods[*other].name == pod.name), "{} is lost", pod.name);
    }
    assert_eq!(world.quota_use(), quota);
}

#[test]
fn a_vm_that_fails_is_noticed_late_and_its_pods_leave_five_minutes_later() {
    let never = RepairPlan { by_reboot: 0.0, by_reimage: 0.0, by_redeploy: 0.0 };
    let faults = vec![one_failure(never)];
    let (world, watch) = run(scenario(vec![pool("apps", 3)], vec![web(6)], faults.clone()));
    let lost = watch.seconds(at(1), |fact| matches!(fact, Fact::PodLost(_)));
    assert!(!lost.is_empty() && lost.iter().all(|at| (350.0..355.0).contains(at)), "{lost:?}");
    // The node stays where it is, and the others take the pods.
    assert_eq!(serving(&world), 6);
    assert_eq!(world.nodes.iter().filter(|(_, node)| node.phase == NodePhase::NotReady).count(), 1);
    let (early, _) =
        run_until(scenario(vec![pool("apps", 3)], vec![web(6)], faults.clone()), at(1) + SimDuration::from_secs(40));
    assert_eq!(serving(&early), 6, "nobody knows yet");
    let (later, _) =
        run_until(scenario(vec![pool("apps", 3)], vec![web(6)], faults), at(1) + SimDuration::from_secs(60));
    assert_eq!(serving(&later), 6 - lost.len());
}

#[test]
fn auto_repair_reboots_first_then_reimages_then_redeploys() {
    let chances = |by_reboot, by_reimage, by_redeploy| RepairPlan { by_reboot, by_reimage, by_redeploy };
    for (repair, reimaged) in [(chances(1.0, 0.0, 0.0), 0), (chances(0.0, 1.0, 0.0), 1), (chances(0.0, 0.0, 1.0), 0)] {
        let (world, watch) = run(scenario(vec![pool("apps", 3)], vec![web(6)], vec![one_failure(repair)]));
        let repaired = watch.seconds(at(1), |fact| matches!(fact, Fact::NodeRepaired(_)));
        assert_eq!(repaired.len(), 1, "{repair:?}");
        assert!(repaired[0] > 350.0, "a repair begins after five minutes of ill health: {repaired:?}");
        assert_eq!(watch.seconds(at(1), |fact| matches!(fact, Fact::NodeReimaged(_))).len(), reimaged, "{repair:?}");
        assert!(world.live_nodes.iter().all(|node| world.nodes[*node].is_ready()));
        assert_eq!(serving(&world), 6);
    }
}

#[test]
fn a_zone_that_goes_dark_takes_its_nodes_along_and_gives_them_back() {
    let plan = || {
        scenario(vec![zoned("apps", 6)], vec![web(9), workload("agent", Controller::DaemonSet)], vec![zone_outage(1)])
    };
    let unready = |world: &World| {
        let down = world.live_nodes.iter().filter(|node| !world.nodes[**node].is_ready());
        down.map(|node| world.nodes[*node].zone).collect::<Vec<_>>()
    };
    let (dark, _) = run_until(plan(), at(1) + SimDuration::from_mins(30));
    assert_eq!(unready(&dark), [Some(1), Some(1)]);
    // Nine web pods elsewhere, and the agents of four nodes.
    assert_eq!(serving(&dark), 9 + 4);
    let (light, _) = run(plan());
    assert_eq!(unready(&light), []);
    assert_eq!(serving(&light), 9 + 6);
}

#[test]
fn pods_that_are_on_a_node_as_it_comes_back_start_anew_there() {
    let outage = FaultPlan { until: Some(at(1) + SimDuration::from_secs(100)), ..zone_outage(1) };
    let mut plan = scenario(vec![PoolPlan { zones: vec![1], ..pool("apps", 2) }], vec![web(4)], vec![outage]);
    plan.timings.repair_reboot = Dist::Constant(60.0);
    let (world, watch) = run(plan);
    assert_eq!(serving(&world), 4);
    assert_eq!(world.pods.len(), 4, "none was replaced");
    let again = watch.seconds(at(1), |fact| matches!(fact, Fact::PodReady(_)));
    assert!(again.len() == 4 && again.iter().all(|at| *at > 160.0 && *at < 200.0), "{again:?}");
}

#[test]
fn a_stateful_set_waits_for_the_kubelet_that_holds_its_pod() {
    let set = || workload("db", Controller::StatefulSet { replicas: 1, parallel: false });
    let pools =
        || vec![PoolPlan { zones: vec![1], ..pool("apps", 1) }, PoolPlan { zones: vec![2], ..pool("other", 1) }];
    let outage =
        |hours| vec![zone_outage(hours), FaultPlan { name: "2".into(), ..fault(FaultKind::ZoneOutage { zone: 2 }) }];
    let (dark, _) = run_until(scenario(pools(), vec![set()], outage(2)), at(2));
    assert_eq!(dark.pods.len(), 1, "its name is taken");
    assert!(dark.pods.iter().all(|(_, pod)| pod.times.deleted.is_some() && pod.phase != PodPhase::Gone));
}

#[test]
fn a_spot_node_is_drained_for_thirty_seconds_and_is_found_missing_later() {
    let spot = PoolPlan { spot: true, ..pool("spot", 2) };
    let wave = fault(FaultKind::SpotEviction { pool: None, reach: EvictionReach::Share(0.5) });
    let mut slow = web(6);
    slow.template.grace = SimDuration::from_mins(10);
    let mut plan = scenario(vec![spot, pool("regular", 3)], vec![slow], vec![wave]);
    plan.timings.termination = Dist::Constant(600.0);
    let (world, watch) = run(plan);
    let seconds = |of: fn(&Fact) -> bool| watch.seconds(at(1), of);
    assert_eq!(seconds(|fact| matches!(fact, Fact::SpotNoticed(_))), [0.0]);
    assert_eq!(seconds(|fact| matches!(fact, Fact::SpotEvicted(_))), [30.0]);
    let gone = seconds(|fact| matches!(fact, Fact::NodeDeleted(_)));
    // 30 s of notice, 50 s of silence, 40 s of quarantine, and looks of 5, 5 and 20 s.
    assert!(gone.len() == 1 && gone[0] > 120.0 && gone[0] < 150.0, "{gone:?}");
    let pool = PoolId::from_index(0);
    assert_eq!((world.pools[pool].target, world.members(pool).count()), (1, 1));
    let node = world.nodes.iter().find(|(_, node)| node.phase == NodePhase::Deleted).expect("one went").1;
    assert_eq!(node.times.deleted, Some(at(1) + SimDuration::from_secs(30)), "billed until it went");
    assert_eq!(serving(&world), 6);
}

#[test]
fn a_pool_wants_as_many_nodes_as_a_wave_of_evictions_leaves_it() {
    let end = |share, autoscaling| {
        let spot = PoolPlan { spot: true, autoscaling, ..pool("spot", 6) };
        let wave = fault(FaultKind::SpotEviction { pool: None, reach: EvictionReach::Share(share) });
        let (world, _) = run(scenario(vec![spot], vec![web(18)], vec![wave]));
        let pool = PoolId::from_index(0);
        assert_eq!(world.pools[pool].target as usize, world.members(pool).count(), "{share} {autoscaling:?}");
        (world.members(pool).count(), serving(&world))
    };
    // Three pods a node.
    assert_eq!(end(0.5, None), (3, 9));
    assert_eq!(end(1.0, None), (0, 0));
    assert_eq!(end(0.5, Some(AutoscalingRange { min: 0, max: 9 })), (6, 18));
    assert_eq!(end(1.0, Some(AutoscalingRange { min: 0, max: 9 })), (6, 18));
}

#[test]
fn evicted_instances_that_are_deallocated_use_quota_and_are_started_first() {
    let spot = PoolPlan {
        spot: true,
        eviction: SpotEvictionPolicy::Deallocate,
        autoscaling: Some(AutoscalingRange { min: 0, max: 9 }),
        ..pool("spot", 6)
    };
    let wave = fault(FaultKind::SpotEviction { pool: None, reach: EvictionReach::Share(0.5) });
    let scarce = FaultPlan { until: Some(at(3)), ..refusal(AllocationCode::SkuNotAvailable) };
    let plan = scenario(vec![spot], vec![web(18)], vec![wave, scarce]);
    let deallocated = |world: &World| world.nodes.iter().filter(|(_, node)| node.times.deallocated.is_open()).count();
    let (early, _) = run_until(plan.clone(), at(1) + SimDuration::from_secs(31));
    assert_eq!((deallocated(&early), early.quota_use().spot), (3, 12));
    assert_eq!(early.members(PoolId::from_index(0)).count(), 3);
    let (world, watch) = run(plan);
    let pool = PoolId::from_index(0);
    assert_eq!((world.pools[pool].target as usize, world.members(pool).count(), serving(&world)), (6, 6, 18));
    assert!(!watch.seconds(at(1), |fact| matches!(fact, Fact::NodeDeallocated(_))).is_empty());
}

#[test]
fn a_second_wave_takes_its_share_of_what_is_left_and_of_what_was_started_again() {
    let spot = PoolPlan { spot: true, eviction: SpotEvictionPolicy::Deallocate, ..pool("spot", 8) };
    let wave = |minutes: u64| FaultPlan {
        name: minutes.to_string(),
        at: at(1) + SimDuration::from_mins(minutes),
        ..fault(FaultKind::SpotEviction { pool: None, reach: EvictionReach::Share(0.5) })
    };
    let mut plan = scenario(vec![spot], Vec::new(), vec![wave(0), wave(1), wave(240)]);
    plan.operations = operations(vec![OperationKind::Scale { pool: 0, count: 8 }]);
    plan.operations[0].at = at(3);
    let left = |until| run_until(plan.clone(), until).0.members(PoolId::from_index(0)).count();
    assert_eq!((left(at(2)), left(at(4))), (2, 8));
    assert_eq!(left(at(5) + SimDuration::from_mins(5)), 4, "those that were started again are taken too");
}

#[test]
fn a_rate_of_evictions_takes_spot_nodes_and_leaves_regular_ones() {
    let spot = PoolPlan { spot: true, ..pool("spot", 20) };
    let rate = fault(FaultKind::SpotEviction { pool: None, reach: EvictionReach::PerHour(0.5) });
    let (world, watch) = run(scenario(vec![spot, pool("regular", 5)], Vec::new(), vec![rate]));
    let evicted = watch.seconds(at(1), |fact| matches!(fact, Fact::SpotEvicted(_))).len();
    // A half in each of five hours: about 19 of 20.
    assert!((15..=20).contains(&evicted), "{evicted}");
    assert_eq!(world.members(PoolId::from_index(1)).count(), 5);
}

#[test]
fn an_autoscaled_pool_backs_off_when_nothing_can_be_allocated() {
    let autoscaled = PoolPlan { autoscaling: Some(AutoscalingRange { min: 1, max: 9 }), ..pool("apps", 1) };
    for code in AllocationCode::ALL {
        let no_capacity = FaultPlan { at: SimTime::ZERO, until: Some(at(2)), ..refusal(code) };
        let (world, watch) = run(scenario(vec![autoscaled.clone()], vec![web(6)], vec![no_capacity]));
        let failed =
            |fact: &Fact| matches!(fact, Fact::NodeFailed(_, NodeFailure::Allocation(found)) if *found == code);
        let failures = watch.seconds(SimTime::ZERO, failed);
        // At first, and after back-offs of 5, 10, 20 and 30 minutes, which last until the capacity is back.
        assert!((4..=6).contains(&failures.len()), "{code:?}: {failures:?}");
        assert!(failures.windows(2).all(|pair| pair[1] - pair[0] > 299.0), "{failures:?}");
        assert_eq!(serving(&world), 6, "{code:?}");
    }
}

#[test]
fn the_autoscaler_removes_unready_nodes_after_twenty_minutes_down_to_its_minimum() {
    let never = RepairPlan { by_reboot: 0.0, by_reimage: 0.0, by_redeploy: 0.0 };
    let dead = fault(FaultKind::NodeFailure {
        pool: None,
        reach: FailureReach::Nodes(2),
        symptom: Symptom::Silent,
        repair: never,
    });
    let remaining = |min| {
        let apps = PoolPlan { autoscaling: Some(AutoscalingRange { min, max: 9 }), ..pool("apps", 8) };
        let (world, watch) = run(scenario(vec![apps], vec![web(18)], vec![dead.clone()]));
        let removed = watch.seconds(at(1), |fact| matches!(fact, Fact::ScaledDown(_)));
        // 50 s and a look until it is noticed, five minutes until the pods are driven away.
        assert!(removed.iter().all(|at| *at > 20.0 * 60.0 + 350.0 && *at < 27.0 * 60.0), "{removed:?}");
        assert_eq!(serving(&world), 18);
        world.members(PoolId::from_index(0)).count()
    };
    assert_eq!((remaining(6), remaining(8)), (6, 8));
}

#[test]
fn a_request_beyond_the_quota_is_refused_as_a_whole() {
    let autoscaled = PoolPlan { autoscaling: Some(AutoscalingRange { min: 1, max: 9 }), ..pool("apps", 1) };
    let mut plan = scenario(vec![autoscaled], vec![web(9)], Vec::new());
    // Two more nodes are needed, of two vCPUs each, and there is room for one.
    plan.quota = QuotaPlan { regional: Some(5), ..QuotaPlan::default() };
    let (world, watch) = run(plan);
    assert!(watch.facts.iter().any(|(_, fact)| matches!(fact, Fact::NodeFailed(_, NodeFailure::QuotaExceeded))));
    assert_eq!((serving(&world), world.members(PoolId::from_index(0)).count()), (3, 1));
    let refusal = &world.quota_refusals[&PoolId::from_index(0)];
    assert!(
        refusal.message.ends_with("Maximum allowed: 5, Current in use: 2, Additional requested: 4 (regional vCPUs)"),
        "{refusal:?}"
    );
}

#[test]
fn scales_and_upgrades_beyond_the_quota_are_refused_with_azures_message() {
    let state = |limit: u32, minor: u32, surge: u32, kind: OperationKind| {
        let mut apps = PoolPlan { version: version(minor), ..pool("apps", 3) };
        apps.upgrade.max_surge = IntOrPercent::Int(surge);
        let mut plan = scenario(vec![apps], Vec::new(), Vec::new());
        plan.cluster.version = version(minor);
        plan.quota = QuotaPlan { families: [("standardDSv5Family", limit)].into(), ..QuotaPlan::default() };
        plan.operations = operations(vec![kind]);
        let (world, _) = run(plan);
        assert_eq!(world.pools[PoolId::from_index(0)].state, ProvisioningState::Succeeded);
        world.operations[OperationId::from_index(0)].state.clone()
    };
    let scale = |count| OperationKind::Scale { pool: 0, count };
    let upgrade = || OperationKind::Upgrade { version: None, pools: vec![0], force: false, whole_cluster: false };
    let refused = |state: OperationState| match state {
        OperationState::Refused(refusal) => {
            assert_eq!(refusal.code, "QuotaExceeded");
            true
        }
        other => {
            assert_eq!(other, OperationState::Succeeded);
            false
        }
    };
    assert!(!refused(state(10, 34, 1, scale(5))));
    assert!(refused(state(9, 34, 1, scale(5))));
    assert!(!refused(state(6, 34, 1, scale(2))));
    assert!(refused(state(7, 34, 1, upgrade())));
    assert!(refused(state(8, 34, 2, upgrade())));
    assert!(!refused(state(8, 34, 1, upgrade())));
    // From 1.35 on an upgrade goes on with one surge node.
    assert!(!refused(state(8, 35, 3, upgrade())));
    assert!(refused(state(7, 35, 3, upgrade())));
}

#[test]
fn an_upgrade_waits_for_a_node_that_auto_repair_brings_back() {
    let reboot = RepairPlan { by_reboot: 1.0, by_reimage: 0.0, by_redeploy: 0.0 };
    let mut plan = scenario(vec![pool("apps", 4)], vec![web(6)], vec![one_failure(reboot)]);
    plan.operations =
        operations(vec![OperationKind::Upgrade { version: None, pools: vec![0], force: false, whole_cluster: false }]);
    plan.operations[0].at = at(1) + SimDuration::from_secs(55);
    let (world, _) = run(plan);
    assert_eq!(world.operations[OperationId::from_index(0)].state, OperationState::Succeeded);
    assert_eq!(serving(&world), 6);
}

#[test]
fn an_upgrade_ends_without_a_node_that_auto_repair_gives_up_or_leaves_alone() {
    let upgrade = OperationKind::Upgrade { version: None, pools: vec![0], force: false, whole_cluster: false };
    let end = |strategy, repair| {
        let mut plan = scenario(vec![pool("apps", 4)], vec![web(6)], vec![one_failure(repair)]);
        plan.cluster.pools[0].upgrade.strategy = strategy;
        plan.operations = operations(vec![upgrade.clone()]);
        plan.operations[0].at = at(1) + SimDuration::from_secs(90);
        let (world, _) = run(plan);
        let operation = &world.operations[OperationId::from_index(0)];
        (operation.state.clone(), operation.ended)
    };
    let in_vain = RepairPlan { by_reboot: 0.0, by_reimage: 0.0, by_redeploy: 0.0 };
    let blue_green = UpgradeStrategy::BlueGreen(BlueGreenSettings::default());
    for (strategy, repair) in [(UpgradeStrategy::Rolling, in_vain), (blue_green, RepairPlan::default())] {
        let (state, ended) = end(strategy, repair);
        assert!(
            matches!(&state, OperationState::Failed(why) if why.code == "UpgradeFailed"),
            "{strategy:?}: {state:?}"
        );
        assert!(ended.is_some_and(|end| end < at(4)), "{strategy:?}: {ended:?}");
    }
}

#[test]
fn a_fault_at_a_rate_comes_again_and_again_and_strikes_others_each_time() {
    let rate =
        |mean, lasts| Some(FaultRate { mean: SimDuration::from_mins(mean), lasts: SimDuration::from_mins(lasts) });
    let dark = FaultPlan { at: SimTime::ZERO, rate: rate(60, 5), ..fault(FaultKind::ZoneOutage { zone: 1 }) };
    let strike = FaultKind::NodeFailure {
        pool: None,
        reach: FailureReach::Nodes(1),
        symptom: Symptom::Silent,
        repair: RepairPlan::default(),
    };
    let strike = FaultPlan { at: SimTime::ZERO, rate: rate(60, 1), ..fault(strike) };
    let struck = |fault: FaultPlan| {
        let mut plan = scenario(vec![zoned("apps", 12)], vec![web(12)], vec![fault]);
        plan.duration = SimDuration::from_hours(48);
        run_until(plan, at(48)).1.downs
    };
    let downs = struck(dark);
    let times: std::collections::BTreeSet<SimTime> = downs.iter().map(|(at, _)| *at).collect();
    // 48 h of free times of one hour and outages of five minutes: 44 on average, with a standard deviation of about 6.
    assert!((26..=62).contains(&times.len()), "{}", times.len());
    let nodes: std::collections::BTreeSet<NodeId> = downs.iter().map(|(_, node)| *node).collect();
    assert_eq!(nodes.len(), 4, "those of the zone");
    let downs = struck(strike);
    let nodes: std::collections::BTreeSet<NodeId> = downs.iter().map(|(_, node)| *node).collect();
    assert!(nodes.len() > 6, "{} different nodes of 12 in {} strikes", nodes.len(), downs.len());
}

#[test]
fn a_slow_boot_is_slow_and_moves_no_other_draw() {
    let grow = |faults| {
        let mut plan = scenario(vec![pool("apps", 1)], Vec::new(), faults);
        plan.operations = operations(vec![OperationKind::Scale { pool: 0, count: 3 }]);
        plan.operations[0].at = at(2);
        let (world, _) = run(plan);
        let node = &world.nodes[NodeId::from_index(2)];
        (node.boot, node.delete_delay, node.times.ready.expect("it booted").since(at(2)))
    };
    let slow = FaultKind::SlowBoot { pool: None, probability: 1.0, factor: 2.0, delay: SimDuration::from_mins(10) };
    let (before, after) = (grow(Vec::new()), grow(vec![fault(slow)]));
    assert_eq!((before.0[0], before.1), (after.0[0], after.1));
    let expected = (before.2.as_secs_f64() - before.0[0].as_secs_f64()) * 2.0 + before.0[0].as_secs_f64() + 600.0;
    assert!((after.2.as_secs_f64() - expected).abs() < 0.001, "{} s instead of {expected}", after.2.as_secs_f64());
}

fn any_fault() -> impl Strategy<Value = FaultPlan> {
    let chances = (0u8..3, 0u8..3, 0u8..3).prop_map(|(a, b, c)| RepairPlan {
        by_reboot: f64::from(a) / 2.0,
        by_reimage: f64::from(b) / 2.0,
        by_redeploy: f64::from(c) / 2.0,
    });
    let kind = prop_oneof![
        (1u8..4).prop_map(|zone| FaultKind::ZoneOutage { zone }),
        (1u32..4, chances.clone()).prop_map(|(nodes, repair)| FaultKind::NodeFailure {
            pool: None,
            reach: FailureReach::Nodes(nodes),
            symptom: Symptom::Silent,
            repair
        }),
        (10u64..200, chances).prop_map(|(minutes, repair)| FaultKind::NodeFailure {
            pool: None,
            reach: FailureReach::MeanTime(SimDuration::from_mins(minutes)),
            symptom: if minutes % 2 == 0 { Symptom::Silent } else { Symptom::NotReady },
            repair
        }),
        (1u8..5).prop_map(|quarter| FaultKind::SpotEviction {
            pool: None,
            reach: EvictionReach::Share(f64::from(quarter) / 4.0)
        }),
        (1u8..10).prop_map(|tenth| FaultKind::SpotEviction {
            pool: None,
            reach: EvictionReach::PerHour(f64::from(tenth) / 10.0)
        }),
        (0usize..4, 1u8..5).prop_map(|(code, quarter)| FaultKind::AllocationFailure {
            pool: None,
            zone: None,
            vm_size: None,
            code: Some(AllocationCode::ALL[code]),
            probability: f64::from(quarter) / 4.0
        }),
        Just(FaultKind::SlowRegistry { rate: 1_000_000 }),
    ];
    (kind, 0u64..240, prop::option::of(1u64..120), 0u32..1000, 0u64..4).prop_map(
        |(kind, begin, lasts, name, recurs)| {
            let begin = SimTime::after_start(SimDuration::from_mins(begin));
            let until = lasts.map(|minutes| begin + SimDuration::from_mins(minutes));
            let has_rate = matches!(
                kind,
                FaultKind::NodeFailure { reach: FailureReach::MeanTime(_), .. }
                    | FaultKind::SpotEviction { reach: EvictionReach::PerHour(_), .. }
            );
            let rate = lasts
                .filter(|_| recurs == 0 && !has_rate)
                .map(|minutes| FaultRate { mean: SimDuration::from_mins(60), lasts: SimDuration::from_mins(minutes) });
            let until = until.filter(|_| rate.is_none());
            FaultPlan { name: format!("{name}-{begin:?}"), at: begin, until, rate, kind }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// After every event of a run with any faults, an upgrade, a scale, autoscalers and a quota: see [`check`]. At the end no pod is on
    /// a node that is gone.
    #[test]
    fn whatever_goes_wrong_nothing_is_lost_from_the_books(
        faults in prop::collection::vec(any_fault(), 0..6),
        quota in prop::option::of(20u32..60),
        seed in 1u64..1000,
    ) {
        let autoscaled = |name: &str, count, max| {
            PoolPlan { autoscaling: Some(AutoscalingRange { min: 1, max }), ..zoned(name, count) }
        };
        let eviction = SpotEvictionPolicy::ALL[(seed % 2) as usize].1;
        let spot = PoolPlan { spot: true, eviction, ..autoscaled("spot", 3, 6) };
        let mut job = workload("job", Controller::Job(crate::scenario::plan::JobPlan { completions: 20, parallelism: 5 }));
        job.behaviour.run_time = Some(Dist::Constant(900.0));
        let workloads = vec![
            web(12),
            workload("agent", Controller::DaemonSet),
            workload("db", Controller::StatefulSet { replicas: 3, parallel: false }),
            job,
        ];
        let mut plan = scenario(vec![autoscaled("apps", 3, 8), zoned("fixed", 3), spot], workloads, faults);
        plan.quota.regional = quota;
        plan.operations = operations(vec![
            OperationKind::Upgrade { version: Some(version(35)), pools: vec![0], force: false, whole_cluster: false },
            OperationKind::Scale { pool: 1, count: 5 },
        ]);
        plan.operations[0].at = at(2);
        plan.operations[1].at = at(1);
        let mut simulation = Simulation::new(&Arc::new(plan), seed);
        let mut watch = Watch { checked: true, ..Watch::default() };
        simulation.run(&mut watch);
        let world = simulation.world();
        for (_, node) in world.nodes.iter() {
            if matches!(node.phase, NodePhase::Deleted | NodePhase::Failed(_)) {
                prop_assert!(node.pods.is_empty() && node.addresses.own.is_none(), "{} is gone", node.info.name);
            }
        }
    }
}

proptest! {
    // Fewer, since each is long.
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// The same of any operations in a network of any kind, of which every one ends.
    #[test]
    fn whatever_goes_wrong_amid_whatever_is_asked_the_books_are_right(
        faults in prop::collection::vec(any_fault(), 0..6),
        seed in 1u64..100_000,
    ) {
        let mut plan = ledger::random_network(&mut Streams::new(seed).stream("test", "faults"));
        plan.cluster.pools[0].spot = seed % 3 == 0;
        let undrainable = [UndrainableNodes::Uncordon, UndrainableNodes::Replace, UndrainableNodes::Cordon];
        for (pool, index) in plan.cluster.pools.iter_mut().zip(0..) {
            pool.zones = vec![1, 2];
            pool.eviction = SpotEvictionPolicy::ALL[(seed as usize / 7) % 2].1;
            pool.upgrade.undrainable = undrainable[(seed as usize + index) % 3];
            if !pool.spot && seed % 4 == index as u64 {
                pool.upgrade.strategy = UpgradeStrategy::BlueGreen(BlueGreenSettings::default());
            }
        }
        plan.faults = faults;
        for fault in plan.faults.iter_mut().filter(|fault| matches!(fault.kind, FaultKind::ZoneOutage { .. })) {
            fault.rate = None;
            fault.until.get_or_insert(at(6)); // An operation waits for a zone that stays dark.
        }
        let mut simulation = Simulation::new(&Arc::new(plan), seed);
        let mut watch = Watch { checked: true, ..Watch::default() };
        simulation.run(&mut watch);
        for (_, operation) in simulation.world().operations.iter() {
            prop_assert!(operation.ended.is_some(), "{:?} is {:?}", operation.request, operation.state);
        }
    }
}
