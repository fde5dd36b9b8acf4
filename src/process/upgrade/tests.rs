//! Upgrades of a pool move by move, with stand-ins for machines and drains.

use super::*;
use crate::catalog::KubernetesVersion;
use crate::cluster::testing::{Bench, budget, deployment, plan, pool, version};
use crate::cluster::{Fact, OperationId, PoolUpgrade, Refusal, UpgradePurpose};
use crate::kernel::{Id, SimTime};
use crate::scenario::plan::{BlueGreenSettings, BudgetRule, IntOrPercent, OperationKind, PoolPlan, UndrainableNodes};

const HOUR: SimDuration = SimDuration::from_hours(1);

/// Runs the upgrade of a pool to the next version, with stand-ins for machines and drains; what happened in short.
fn run(bench: &mut Bench, end: SimDuration) -> Vec<String> {
    let next = version(bench.world.version.minor + 1);
    bench.world.version = next;
    carry_out(bench, to(next), end)
}

/// An upgrade to the version.
fn to(version: KubernetesVersion) -> UpgradeRequest {
    UpgradeRequest { version: Some(version), force: false, purpose: UpgradePurpose::Upgrade }
}

/// Carries out what is asked of the pool; what happened in short.
fn carry_out(bench: &mut Bench, request: UpgradeRequest, end: SimDuration) -> Vec<String> {
    let pool = PoolId::from_index(0);
    let operation = OperationId::from_index(0);
    bench.world.pools[pool].upgrade = Some(PoolUpgrade {
        operation,
        request,
        began: SimTime::ZERO,
        aborted: false,
        reversible: false,
        outcome: None,
    });
    bench.act(|_, ctx| ctx.soon(Event::UpgradeStep(pool)));
    drive(bench, &mut Upgrades::default(), end)
}

/// Handles events until `end`.
fn drive(bench: &mut Bench, upgrades: &mut Upgrades, end: SimDuration) -> Vec<String> {
    let mut log = Vec::new();
    bench.run_with_machines(end, |world, event, ctx| {
        let mut note = |what: &str, node: NodeId| log.push(format!("{what} {}", world.nodes[node].instance));
        match event {
            Event::AttachNic(node) => note("create", node),
            Event::StartDrain(node) => note("drain", node),
            Event::ReimageNode(node) => note("reimage", node),
            Event::DeleteNode(node) => note("delete", node),
            _ => {}
        }
        match event {
            Event::UpgradeStep(pool) => upgrades.on_step(world, pool, ctx),
            Event::NodeReady(node) => upgrades.on_node_ready(world, node, ctx),
            Event::NodeFailed(node) => upgrades.on_node_failed(world, node, ctx),
            Event::NodeDeleted(node) => upgrades.on_node_deleted(world, node, ctx),
            Event::DrainEnded(node) => upgrades.on_drain_ended(world, node, ctx),
            _ => {}
        }
    });
    log
}

fn bench(pool: PoolPlan) -> Bench {
    let mut plan = plan(vec![pool]);
    plan.operations = crate::cluster::testing::operations(vec![OperationKind::Upgrade {
        version: Some(version(35)),
        pools: vec![0],
        force: false,
        whole_cluster: false,
    }]);
    Bench::new(plan)
}

fn outcome(bench: &Bench) -> Option<UpgradeOutcome> {
    bench.world.pools[PoolId::from_index(0)].upgrade.as_ref().and_then(|upgrade| upgrade.outcome.clone())
}

fn members(bench: &Bench) -> Vec<(u32, bool)> {
    let members = bench.world.members(PoolId::from_index(0));
    members.map(|node| (bench.world.nodes[node].instance, bench.world.nodes[node].info.unschedulable)).collect()
}

fn surge_of(max_surge: u32, count: u32) -> PoolPlan {
    let mut plan = pool("apps", count);
    plan.upgrade.max_surge = IntOrPercent::Int(max_surge);
    plan
}

/// upgrade-conceptual.md, 2026-07-08: two nodes, one surge node.
#[test]
fn two_nodes_with_a_surge_of_one_follow_the_documented_steps() {
    let mut bench = bench(surge_of(1, 2));
    let log = run(&mut bench, HOUR);
    let expected = ["create 2", "drain 0", "reimage 0", "drain 1", "reimage 1", "drain 2", "delete 2"];
    assert_eq!(log, expected);
    assert_eq!(outcome(&bench), Some(UpgradeOutcome::Succeeded));
    assert_eq!(members(&bench), [(0, false), (1, false)]);
    let pool = PoolId::from_index(0);
    assert!(bench.world.members(pool).all(|node| bench.world.nodes[node].version == version(35)));
    assert_eq!((bench.world.pools[pool].target, bench.world.pools[pool].surge), (2, 0));
}

#[test]
fn as_many_nodes_are_drained_at_once_as_there_are_surge_nodes() {
    let mut bench = bench(surge_of(2, 3));
    let log = run(&mut bench, HOUR);
    let expected = [
        "create 3",
        "create 4",
        "drain 0",
        "drain 1",
        "reimage 0",
        "reimage 1",
        "drain 2",
        "reimage 2",
        "drain 3",
        "drain 4",
        "delete 3",
        "delete 4",
    ];
    assert_eq!(log, expected);
    assert_eq!(outcome(&bench), Some(UpgradeOutcome::Succeeded));
}

#[test]
fn without_surge_nodes_are_upgraded_in_place() {
    let mut plan = surge_of(0, 3);
    plan.upgrade.max_unavailable = IntOrPercent::Int(2);
    let mut bench = bench(plan);
    let log = run(&mut bench, HOUR);
    assert_eq!(log, ["drain 0", "drain 1", "reimage 0", "reimage 1", "drain 2", "reimage 2"]);
    assert_eq!(outcome(&bench), Some(UpgradeOutcome::Succeeded));
}

#[test]
fn a_soak_delays_the_reimage() {
    let mut plan = surge_of(1, 1);
    plan.upgrade.soak = SimDuration::from_mins(20);
    let mut bench = bench(plan);
    run(&mut bench, HOUR);
    let at = |of: fn(&Fact) -> bool| bench.facts.iter().find(|(_, fact)| of(fact)).expect("it happened").0;
    let cordoned = at(|fact| matches!(fact, Fact::NodeCordoned(_)));
    let reimaged = at(|fact| matches!(fact, Fact::NodeReimaged(_)));
    assert!(reimaged.since(cordoned) >= SimDuration::from_mins(20));
}

#[test]
fn an_empty_pool_only_gets_its_version() {
    let mut bench = bench(surge_of(1, 0));
    assert!(run(&mut bench, HOUR).is_empty());
    assert_eq!(outcome(&bench), Some(UpgradeOutcome::Succeeded));
    assert_eq!(bench.world.pools[PoolId::from_index(0)].version, version(35));
}

#[test]
fn a_node_that_cannot_be_drained_stops_the_upgrade_and_takes_pods_again() {
    let mut plan = plan(vec![surge_of(1, 3)]);
    plan.workloads = vec![deployment("web", 1)];
    plan.budgets = vec![budget(BudgetRule::MinAvailable(IntOrPercent::Int(1)))];
    let mut bench = Bench::new(plan);
    let blocked = NodeId::from_index(1);
    let pod = bench.ready_pod(0, blocked);
    bench.undrainable.insert(blocked);
    let log = run(&mut bench, HOUR);
    let expected = ["create 3", "drain 0", "reimage 0", "drain 1", "drain 3", "delete 3"];
    assert_eq!(log, expected);
    let Some(UpgradeOutcome::Failed(failure)) = outcome(&bench) else { panic!("{:?}", outcome(&bench)) };
    assert_eq!(failure.code, "UpgradeFailed");
    assert!(failure.message.contains("vmss000001"), "{}", failure.message);
    assert_eq!(members(&bench), [(0, false), (1, false), (2, false)]);
    assert_eq!(bench.world.nodes[blocked].version, version(34));
    assert_eq!(bench.world.pods[pod].node, Some(blocked));
}

#[test]
fn the_same_upgrade_again_touches_only_what_is_left() {
    let mut bench = bench(surge_of(1, 3));
    bench.undrainable.insert(NodeId::from_index(1));
    run(&mut bench, HOUR);
    bench.undrainable.clear();
    bench.world.version = version(34);
    let log = run(&mut bench, HOUR.times(2));
    assert_eq!(log, ["create 4", "drain 1", "reimage 1", "drain 2", "reimage 2", "drain 4", "delete 4"]);
    assert_eq!(outcome(&bench), Some(UpgradeOutcome::Succeeded));
}

#[test]
fn a_surge_node_that_cannot_be_drained_stays_and_serves_the_next_upgrade() {
    let mut bench = bench(surge_of(1, 1));
    let surge = NodeId::from_index(1);
    bench.undrainable.insert(surge);
    run(&mut bench, HOUR);
    assert!(matches!(outcome(&bench), Some(UpgradeOutcome::Failed(_))));
    assert_eq!(members(&bench), [(0, false), (1, false)]);
    assert_eq!(bench.world.pools[PoolId::from_index(0)].surge, 1);
    bench.undrainable.clear();
    let log = run(&mut bench, HOUR.times(2));
    assert_eq!(log, ["drain 0", "reimage 0", "drain 1", "delete 1"]);
}

#[test]
fn before_1_35_an_upgrade_without_all_of_its_surge_nodes_fails_before_it_touches_a_node() {
    let mut bench = bench(surge_of(3, 4));
    bench.room = 1;
    let log = run(&mut bench, HOUR);
    assert_eq!(log, ["create 4", "create 5", "create 6", "delete 4"]);
    let Some(UpgradeOutcome::Failed(failure)) = outcome(&bench) else { panic!("{:?}", outcome(&bench)) };
    assert_eq!(failure.code, "SubnetIsFull");
    assert_eq!(bench.world.members(PoolId::from_index(0)).count(), 4);
}

#[test]
fn from_1_35_it_goes_on_with_one() {
    let mut plan = plan(vec![PoolPlan { version: version(35), ..surge_of(3, 2) }]);
    plan.cluster.version = version(35);
    plan.cluster.pools[0].upgrade.max_surge = IntOrPercent::Int(2);
    let mut bench = Bench::new(plan);
    bench.room = 1;
    let log = run(&mut bench, HOUR);
    let expected = ["create 2", "create 3", "drain 0", "reimage 0", "drain 1", "reimage 1", "drain 2", "delete 2"];
    assert_eq!(log, expected);
    assert_eq!(outcome(&bench), Some(UpgradeOutcome::Succeeded));
}

#[test]
fn with_max_unavailable_it_goes_on_in_place_when_none_can_be_had() {
    for (minor, created) in [(34, ["create 4", "create 5"].as_slice()), (35, &["create 4", "create 5", "create 6"])] {
        let mut plan = plan(vec![PoolPlan { version: version(minor), ..surge_of(2, 4) }]);
        plan.cluster.version = version(minor);
        plan.cluster.pools[0].upgrade.max_unavailable = IntOrPercent::Int(1);
        let mut bench = Bench::new(plan);
        bench.room = 0;
        let request = UpgradeRequest { version: None, force: false, purpose: UpgradePurpose::Upgrade };
        let log = carry_out(&mut bench, request, HOUR);
        let in_place = (0..4).flat_map(|node| [format!("drain {node}"), format!("reimage {node}")]);
        let expected: Vec<String> = created.iter().map(|word| (*word).to_owned()).chain(in_place).collect();
        assert_eq!(log, expected);
        assert_eq!(outcome(&bench), Some(UpgradeOutcome::Succeeded));
        assert_eq!(bench.world.pools[pool_id()].surge, 0);
    }
}

#[test]
fn from_1_35_it_fails_when_not_even_one_can_be_had() {
    let mut plan = plan(vec![PoolPlan { version: version(35), ..surge_of(2, 2) }]);
    plan.cluster.version = version(35);
    let mut bench = Bench::new(plan);
    bench.room = 0;
    let log = run(&mut bench, HOUR);
    assert_eq!(log, ["create 2", "create 3", "create 4"]);
    assert!(matches!(outcome(&bench), Some(UpgradeOutcome::Failed(Refusal { code: "SubnetIsFull", .. }))));
    assert_eq!(bench.world.pools[PoolId::from_index(0)].surge, 0);
}

#[test]
fn a_node_that_somebody_else_removes_is_not_waited_for() {
    let mut bench = bench(surge_of(1, 2));
    bench.act(|_, ctx| {
        ctx.at(SimTime::after_start(SimDuration::from_secs(5)), Event::DeleteNode(NodeId::from_index(1)))
    });
    let log = run(&mut bench, HOUR);
    assert_eq!(log, ["create 2", "delete 1", "drain 0", "reimage 0", "drain 2", "delete 2"]);
    assert_eq!(outcome(&bench), Some(UpgradeOutcome::Succeeded));
}

fn pool_id() -> PoolId {
    PoolId::from_index(0)
}

/// A pool with `Cordon`, one surge node, and nodes that cannot be drained.
fn with_cordon(count: u32, max_blocked: Option<IntOrPercent>, blocked: &[usize]) -> Bench {
    let mut plan = surge_of(1, count);
    (plan.upgrade.undrainable, plan.upgrade.max_blocked) = (UndrainableNodes::Cordon, max_blocked);
    let mut bench = bench(plan);
    bench.undrainable.extend(blocked.iter().map(|node| NodeId::from_index(*node)));
    bench
}

fn quarantined(bench: &Bench) -> Vec<u32> {
    let members = bench.world.members(pool_id()).filter(|node| bench.world.nodes[*node].is_quarantined());
    members.map(|node| bench.world.nodes[node].instance).collect()
}

/// API specification of 2025-05-01, `undrainableNodeBehavior`, and upgrade-options.md, 2026-06-22.
#[test]
fn a_quarantined_node_stays_cordoned_and_a_surge_node_takes_its_place() {
    let mut bench = with_cordon(3, None, &[1]);
    let log = run(&mut bench, HOUR);
    assert_eq!(log, ["create 3", "drain 0", "reimage 0", "drain 1", "drain 2", "reimage 2"]);
    let Some(UpgradeOutcome::Failed(failure)) = outcome(&bench) else { panic!("{:?}", outcome(&bench)) };
    assert_eq!(failure.code, "UpgradeFailed");
    assert_eq!(members(&bench), [(0, false), (1, true), (2, false), (3, false)]);
    assert_eq!(quarantined(&bench), [1]);
    assert_eq!(bench.world.nodes[NodeId::from_index(1)].version, version(34));
    let pool = &bench.world.pools[pool_id()];
    assert_eq!((pool.target, pool.surge), (4, 0), "the replacement is a regular node");
}

#[test]
fn more_blocked_nodes_than_surge_nodes_cancel_the_upgrade_and_the_others_are_upgraded() {
    let mut bench = with_cordon(4, Some(IntOrPercent::Int(2)), &[0, 2]);
    let log = run(&mut bench, HOUR.times(3));
    assert_eq!(log, ["create 4", "drain 0", "drain 1", "reimage 1", "drain 2", "drain 3", "reimage 3"]);
    assert!(matches!(outcome(&bench), Some(UpgradeOutcome::Canceled(_))), "{:?}", outcome(&bench));
    assert_eq!(quarantined(&bench), [0, 2]);
    assert_eq!(bench.world.pools[pool_id()].target, 5);
    // The next upgrade has a surge node for the other one.
    bench.world.version = version(34);
    run(&mut bench, HOUR.times(6));
    assert!(matches!(outcome(&bench), Some(UpgradeOutcome::Failed(_))), "{:?}", outcome(&bench));
    assert_eq!((quarantined(&bench), bench.world.pools[pool_id()].target), (vec![0, 2], 6));
}

#[test]
fn more_blocked_nodes_than_allowed_stop_the_upgrade() {
    let mut bench = with_cordon(4, None, &[0, 1]);
    let log = run(&mut bench, HOUR.times(3));
    assert_eq!(log, ["create 4", "drain 0", "drain 1"]);
    assert!(matches!(outcome(&bench), Some(UpgradeOutcome::Canceled(_))), "{:?}", outcome(&bench));
    assert_eq!(members(&bench), [(0, true), (1, true), (2, false), (3, false), (4, false)]);
}

#[test]
fn the_next_upgrade_takes_a_quarantined_node_back_without_another_replacement() {
    let mut bench = with_cordon(3, None, &[1]);
    run(&mut bench, HOUR);
    bench.world.version = version(34);
    run(&mut bench, HOUR.times(2));
    assert_eq!((quarantined(&bench), bench.world.pools[pool_id()].target), (vec![1], 4), "it is blocked again");
    bench.undrainable.clear();
    bench.world.version = version(34);
    let log = run(&mut bench, HOUR.times(3));
    assert_eq!(log, ["create 5", "drain 1", "reimage 1", "drain 5", "delete 5"]);
    assert_eq!(outcome(&bench), Some(UpgradeOutcome::Succeeded));
    assert!(quarantined(&bench).is_empty());
    assert_eq!(members(&bench), [(0, false), (1, false), (2, false), (3, false)]);
}

/// The other reading of `Schedule`: upgrade-options.md, 2026-06-22.
#[test]
fn a_node_that_cannot_be_drained_may_be_replaced_instead() {
    let mut plan = surge_of(1, 2);
    plan.upgrade.undrainable = UndrainableNodes::Replace;
    let mut bench = bench(plan);
    bench.undrainable.insert(NodeId::from_index(0));
    let log = run(&mut bench, HOUR);
    let expected = ["create 2", "drain 0", "delete 0", "create 3", "drain 1", "reimage 1", "drain 2", "delete 2"];
    assert_eq!(log, expected);
    assert_eq!(outcome(&bench), Some(UpgradeOutcome::Succeeded));
    assert_eq!(members(&bench), [(1, false), (3, false)]);
}

#[test]
fn a_replacement_that_cannot_be_had_fails_the_upgrade() {
    let mut plan = surge_of(1, 2);
    plan.upgrade.undrainable = UndrainableNodes::Replace;
    let mut bench = bench(plan);
    bench.undrainable.insert(NodeId::from_index(0));
    bench.room = 1;
    let log = run(&mut bench, HOUR);
    assert_eq!(log, ["create 2", "drain 0", "delete 0", "create 3", "drain 2", "delete 2"]);
    assert!(matches!(outcome(&bench), Some(UpgradeOutcome::Failed(Refusal { code: "SubnetIsFull", .. }))));
}

#[test]
fn a_forced_upgrade_neither_asks_budgets_nor_waits_longer_than_the_timeout() {
    let mut bench = bench(surge_of(1, 2));
    bench.undrainable.extend([NodeId::from_index(0), NodeId::from_index(2)]);
    let request = UpgradeRequest { force: true, ..to(version(35)) };
    let log = carry_out(&mut bench, request, HOUR.times(3));
    assert_eq!(log, ["create 2", "drain 0", "reimage 0", "drain 1", "reimage 1", "drain 2", "delete 2"]);
    assert_eq!(outcome(&bench), Some(UpgradeOutcome::Succeeded));
    assert!(bench.world.drains.values().all(|drain| drain.forced));
}

#[test]
fn a_roll_back_runs_as_an_upgrade_does() {
    let mut bench = bench(surge_of(1, 2));
    run(&mut bench, HOUR);
    let request = UpgradeRequest { purpose: UpgradePurpose::Rollback, ..to(version(34)) };
    let log = carry_out(&mut bench, request, HOUR.times(2));
    assert_eq!(log, ["create 3", "drain 0", "reimage 0", "drain 1", "reimage 1", "drain 3", "delete 3"]);
    assert!(bench.world.members(pool_id()).all(|node| bench.world.nodes[node].version == version(34)));
}

/// A pool that is upgraded blue-green, two nodes a batch, a minute between batches and an hour at the end.
fn blue_green(count: u32) -> PoolPlan {
    let mut plan = pool("apps", count);
    plan.upgrade.strategy = UpgradeStrategy::BlueGreen(BlueGreenSettings {
        drain_batch: IntOrPercent::Int(2),
        batch_soak: SimDuration::from_mins(1),
        ..BlueGreenSettings::default()
    });
    plan
}

/// blue-green-node-pool-upgrade.md, 2024-11-06.
#[test]
fn blue_is_drained_in_batches_into_as_many_green_nodes_and_deleted_after_the_final_soak() {
    let mut bench = bench(blue_green(3));
    bench.world.pools[pool_id()].upgrade = Some(PoolUpgrade {
        operation: OperationId::from_index(0),
        request: to(version(35)),
        began: SimTime::ZERO,
        aborted: false,
        reversible: false,
        outcome: None,
    });
    bench.act(|_, ctx| ctx.soon(Event::UpgradeStep(pool_id())));
    let mut upgrades = Upgrades::default();
    let log = drive(&mut bench, &mut upgrades, HOUR);
    let begun = ["create 3", "create 4", "create 5", "drain 0", "drain 1", "drain 2"];
    assert_eq!(log, begun);
    assert_eq!(bench.world.members(pool_id()).count(), 6, "both sets exist through the final soak");
    assert!(members(&bench)[..3].iter().all(|(_, cordoned)| *cordoned));
    assert_eq!(outcome(&bench), None);
    let starts: Vec<SimTime> = bench.world.drains.values().map(|drain| drain.asked).collect();
    assert_eq!(starts[0], starts[1]);
    assert!(starts[2].since(starts[0]) >= SimDuration::from_mins(1), "a soak between the batches");
    let log = drive(&mut bench, &mut upgrades, HOUR.times(2));
    assert_eq!(log, ["delete 0", "delete 1", "delete 2"]);
    assert_eq!(outcome(&bench), Some(UpgradeOutcome::Succeeded));
    assert_eq!(members(&bench), [(3, false), (4, false), (5, false)]);
    assert!(bench.world.members(pool_id()).all(|node| bench.world.nodes[node].version == version(35)));
    assert_eq!((bench.world.pools[pool_id()].target, bench.world.pools[pool_id()].surge), (3, 0));
}

#[test]
fn green_that_cannot_be_had_leaves_blue_as_it_was() {
    let mut bench = bench(blue_green(3));
    bench.room = 2;
    let log = run(&mut bench, HOUR);
    assert_eq!(log, ["create 3", "create 4", "create 5", "delete 3", "delete 4"]);
    assert!(matches!(outcome(&bench), Some(UpgradeOutcome::Failed(Refusal { code: "SubnetIsFull", .. }))));
    assert_eq!(members(&bench), [(0, false), (1, false), (2, false)]);
    assert_eq!(bench.world.pools[pool_id()].version, version(34));
}

/// A blue-green upgrade of three nodes that failed because the second could not be drained.
fn failed_blue_green() -> Bench {
    let mut bench = bench(blue_green(3));
    bench.undrainable.insert(NodeId::from_index(1));
    let log = run(&mut bench, HOUR);
    assert_eq!(log, ["create 3", "create 4", "create 5", "drain 0", "drain 1"]);
    let Some(UpgradeOutcome::Failed(failure)) = outcome(&bench) else { panic!("{:?}", outcome(&bench)) };
    assert_eq!(failure.code, "UpgradeFailed");
    assert_eq!(bench.world.members(pool_id()).count(), 6);
    bench
}

#[test]
fn a_blue_green_upgrade_that_failed_goes_on_with_the_green_nodes_there_are() {
    let mut bench = failed_blue_green();
    bench.undrainable.clear();
    let log = carry_out(&mut bench, to(version(35)), HOUR.times(4));
    assert_eq!(log, ["drain 0", "drain 1", "drain 2", "delete 0", "delete 1", "delete 2"]);
    assert_eq!(outcome(&bench), Some(UpgradeOutcome::Succeeded));
    assert_eq!(members(&bench), [(3, false), (4, false), (5, false)]);
}

#[test]
fn a_blue_green_upgrade_that_failed_can_be_rolled_back_to_blue() {
    let mut bench = failed_blue_green();
    let request = UpgradeRequest { purpose: UpgradePurpose::Rollback, ..to(version(34)) };
    let log = carry_out(&mut bench, request, HOUR.times(4));
    assert_eq!(log, ["drain 3", "drain 4", "drain 5", "delete 3", "delete 4", "delete 5"]);
    assert_eq!(outcome(&bench), Some(UpgradeOutcome::Succeeded));
    assert_eq!(members(&bench), [(0, false), (1, false), (2, false)]);
    assert_eq!((bench.world.pools[pool_id()].version, bench.world.pools[pool_id()].surge), (version(34), 0));
}

#[test]
fn an_empty_pool_is_upgraded_blue_green_at_once() {
    let mut bench = bench(blue_green(0));
    assert!(run(&mut bench, SimDuration::from_mins(1)).is_empty());
    assert_eq!(outcome(&bench), Some(UpgradeOutcome::Succeeded));
    assert_eq!(bench.world.pools[pool_id()].version, version(35));
}
