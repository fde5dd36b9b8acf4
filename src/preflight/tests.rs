//! Each check in table cases.

use super::Verdict::{self, Fail, Pass, Risk};
use super::{Course, Row, check};
use crate::catalog::{Catalog, VmSize};
use crate::cluster::testing::{budget, deployment, operations, plan, pool, version, workload};
use crate::kernel::{Dist, SimDuration, SimTime};
use crate::scenario::plan::IntOrPercent::{Int, Percent};
use crate::scenario::plan::{
    AutoscalingRange, AvailableVersion, BudgetPlan, BudgetRule, Controller, FrontEnd, JobPlan, LabelSelector,
    NetworkModel, NodeOsChannel, OperationKind, Operator, OutboundFlow, OutboundPlan, OutboundType, Plan, PoolChange,
    PoolMode, Requirement, ServicePlan, Taint, TaintEffect, UpgradeChannel, Window,
};
use std::sync::Arc;

const SYSTEM: usize = 0;
const APPS: usize = 1;

/// Two nodes for AKS, three for applications, all on 1.34.
fn cluster() -> Plan {
    let mut system = pool("system", 2);
    system.mode = PoolMode::System;
    plan(vec![system, pool("apps", 3)])
}

fn upgrade(minor: u32) -> OperationKind {
    OperationKind::Upgrade {
        version: Some(version(minor)),
        pools: vec![SYSTEM, APPS],
        force: false,
        whole_cluster: false,
    }
}

/// An hour between one operation and the next.
fn with(mut plan: Plan, kinds: Vec<OperationKind>) -> Vec<Row> {
    plan.operations = operations(kinds);
    for (hour, operation) in (1..).zip(&mut plan.operations) {
        operation.at = SimTime::after_start(SimDuration::from_hours(hour));
    }
    check(&Arc::new(plan))
}

/// What the check says of subjects that contain `about`.
fn said<'a>(rows: &'a [Row], name: &str, about: &str) -> Vec<&'a Row> {
    rows.iter().filter(|row| row.check == name && row.subject.contains(about)).collect()
}

/// One row of the check about the subject, with this verdict and these words.
#[track_caller]
fn expect(rows: &[Row], name: &str, about: &str, verdict: Verdict, words: &str) {
    let found = said(rows, name, about);
    let told: Vec<(&str, &str)> = found.iter().map(|row| (row.verdict.name(), row.reason.as_str())).collect();
    let is_there = found.iter().any(|row| row.verdict == verdict && row.reason.contains(words));
    assert!(is_there, "{name} of {about}: {told:?} instead of {verdict:?} {words}");
    assert!(found.iter().all(|row| (row.verdict == Pass) == row.remedy.is_empty()), "{found:?}");
}

fn size(name: &str) -> &'static VmSize {
    Catalog::get().vm_size(name).expect("a size of the catalogue")
}

/// A budget over the pods of one application.
fn budget_of(app: &str, rule: BudgetRule) -> BudgetPlan {
    let requirement = Requirement { key: "app".into(), operator: Operator::In, values: vec![app.into()] };
    BudgetPlan { name: app.into(), selector: LabelSelector { requirements: vec![requirement] }, ..budget(rule) }
}

fn service(name: &str, ports: u32, front_end: FrontEnd) -> ServicePlan {
    ServicePlan { namespace: "default".into(), name: name.into(), ports, front_end }
}

#[test]
fn an_upgrade_that_nothing_stands_against_passes_every_check() {
    let mut plan = cluster();
    plan.cluster.pools[SYSTEM].scale_set.as_mut().expect("a scale set").vm = size("Standard_D4s_v5");
    plan.workloads = vec![deployment("web", 3)];
    plan.budgets = vec![budget(BudgetRule::MaxUnavailable(Int(1)))];
    plan.services = vec![service("web", 1, FrontEnd::Public { address: None })];
    let rows = with(plan, vec![upgrade(35)]);
    let verdicts: Vec<&str> = rows.iter().filter(|row| row.verdict != Pass).map(|row| row.check).collect();
    assert_eq!(verdicts, [] as [&str; 0]);
    for check in super::CHECKS {
        assert!(rows.iter().any(|row| row.check == check.name), "{} says nothing", check.name);
    }
}

/// drain-and-PDB arithmetic of Kubernetes 1.31-1.36: both percentages round up.
#[test]
fn a_budget_that_never_allows_an_eviction_fails_whatever_drains_its_pods() {
    for (rule, replicas, verdict, words) in [
        (BudgetRule::MinAvailable(Int(3)), 3, Fail, "wants 3 of 3 pods ready and allows 0 evictions"),
        (BudgetRule::MinAvailable(Int(2)), 3, Pass, "lets 1 pod at a time go"),
        (BudgetRule::MinAvailable(Percent(100)), 3, Fail, "wants 3 of 3"),
        (BudgetRule::MinAvailable(Percent(67)), 3, Fail, "wants 3 of 3"),
        (BudgetRule::MinAvailable(Percent(66)), 3, Pass, "lets 1 pod"),
        (BudgetRule::MaxUnavailable(Percent(1)), 3, Pass, "lets 1 pod"),
        (BudgetRule::MinAvailable(Int(4)), 2, Fail, "wants 4 of 2"),
    ] {
        let mut plan = cluster();
        plan.workloads = vec![deployment("web", replicas)];
        plan.budgets = vec![budget(rule)];
        let rows = with(plan, vec![upgrade(35)]);
        expect(&rows, "disruption-budgets", "upgrade", verdict, words);
        if verdict == Fail {
            expect(&rows, "disruption-budgets", "upgrade", Fail, "times out after 30m and the upgrade fails");
        }
    }
}

#[test]
fn aks_itself_refuses_an_upgrade_only_for_max_unavailable_zero() {
    for rule in [Int(0), Percent(0)] {
        let mut plan = cluster();
        plan.workloads = vec![deployment("web", 3)];
        plan.budgets = vec![budget(BudgetRule::MaxUnavailable(rule))];
        let rows = with(plan, vec![upgrade(35), OperationKind::Scale { pool: APPS, count: 2 }]);
        expect(&rows, "disruption-budgets", "upgrade", Fail, "refused: UnsatisfiablePDB");
        expect(&rows, "disruption-budgets", "scale", Fail, "the node goes with its pods");
        // The refused upgrade changes nothing for what follows.
        expect(&rows, "version-path", "upgrade", Pass, "control plane 1.34");
    }
}

#[test]
fn a_controller_without_scale_and_a_second_budget_hold_a_drain_for_ever() {
    let mut plan = cluster();
    plan.workloads = vec![workload("batch", Controller::Job(JobPlan { completions: 4, parallelism: 2 }))];
    plan.budgets = vec![budget(BudgetRule::MaxUnavailable(Int(1)))];
    expect(&with(plan.clone(), vec![upgrade(35)]), "disruption-budgets", "upgrade", Risk, "a Job, which has no scale");
    plan.workloads = vec![deployment("web", 3)];
    plan.budgets.push(BudgetPlan { name: "second".into(), ..budget(BudgetRule::MinAvailable(Int(1))) });
    expect(&with(plan, vec![upgrade(35)]), "disruption-budgets", "upgrade", Fail, "each eviction is answered 500");
}

#[test]
fn a_stop_waits_for_every_budget_that_wants_a_pod_and_a_job_may_be_over_by_then() {
    let mut plan = cluster();
    plan.workloads = vec![deployment("web", 3), deployment("api", 3)];
    let least = |app, count| budget_of(app, BudgetRule::MinAvailable(Int(count)));
    plan.budgets = vec![least("web", 1), least("api", 0)];
    let rows = with(plan, vec![OperationKind::StopCluster]);
    expect(&rows, "disruption-budgets", "stop the cluster", Risk, "the last pods of default/web have no node to go to");
    assert!(said(&rows, "drain-timeout", "stop the cluster").is_empty());
    let mut plan = cluster();
    plan.workloads = vec![workload("job", Controller::Job(JobPlan { completions: 1, parallelism: 1 }))];
    plan.budgets = vec![budget_of("job", BudgetRule::MaxUnavailable(Int(1)))];
    expect(&with(plan, vec![upgrade(35)]), "disruption-budgets", "upgrade", Risk, "while it runs");
}

#[test]
fn a_budget_holds_only_the_drains_of_nodes_that_its_pods_may_be_on() {
    let mut plan = cluster();
    plan.cluster.pools[SYSTEM].taints =
        vec![Taint { key: "CriticalAddonsOnly".into(), value: "true".into(), effect: TaintEffect::NoSchedule }];
    plan.workloads = vec![deployment("web", 2)];
    plan.budgets = vec![budget(BudgetRule::MinAvailable(Int(2)))];
    let image = |pool| OperationKind::Upgrade { version: None, pools: vec![pool], force: false, whole_cluster: false };
    let rows = with(plan, vec![image(SYSTEM), image(APPS)]);
    expect(&rows, "disruption-budgets", "image of system", Pass, "no budget is in the way");
    expect(&rows, "disruption-budgets", "image of apps", Fail, "wants 2 of 2");
}

#[test]
fn without_an_operation_a_budget_that_allows_nothing_is_a_risk() {
    let mut plan = cluster();
    plan.workloads = vec![deployment("web", 1)];
    plan.budgets = vec![budget(BudgetRule::MinAvailable(Int(1)))];
    expect(&with(plan, Vec::new()), "disruption-budgets", "budget default/budget", Risk, "keeps the autoscaler");
}

#[test]
fn one_replica_is_held_by_its_budget_or_away_without_one() {
    let mut plan = cluster();
    plan.workloads = vec![deployment("held", 1), deployment("alone", 1), workload("bare", Controller::Pod)];
    plan.workloads[1].behaviour.startup = Dist::Constant(40.0);
    plan.workloads.push(workload("db", Controller::StatefulSet { replicas: 1, parallel: false }));
    plan.budgets = vec![budget_of("held", BudgetRule::MinAvailable(Int(1)))];
    let rows = with(plan, vec![upgrade(35)]);
    expect(&rows, "single-replica", "upgrade", Fail, "Deployment/default/held is one pod");
    expect(&rows, "single-replica", "upgrade", Risk, "Deployment/default/alone without a second replica");
    expect(&rows, "single-replica", "upgrade", Risk, "Pod/default/bare anew");
    expect(&rows, "single-replica", "upgrade", Risk, "comes only when the old one is gone");
    // Said once.
    expect(&rows, "disruption-budgets", "upgrade", Pass, "");
}

#[test]
fn pods_of_an_ordered_stateful_set_come_back_one_after_the_other() {
    let mut plan = cluster();
    plan.cluster.pools[APPS].upgrade.max_surge = Int(2);
    plan.workloads = vec![workload("db", Controller::StatefulSet { replicas: 3, parallel: false })];
    expect(&with(plan.clone(), vec![upgrade(35)]), "single-replica", "upgrade", Risk, "2 nodes are drained at once");
    plan.workloads = vec![workload("db", Controller::StatefulSet { replicas: 3, parallel: true })];
    expect(&with(plan, vec![upgrade(35)]), "single-replica", "upgrade", Pass, "another replica");
}

/// The documented examples: 1.33 to 1.34 to 1.35, and 1.28 to 1.30 refused.
#[test]
fn each_upgrade_starts_from_the_versions_that_earlier_ones_leave() {
    let rows = with(cluster(), vec![upgrade(35), upgrade(36)]);
    expect(&rows, "version-path", "to 1.35", Pass, "control plane 1.34");
    expect(&rows, "version-path", "to 1.36", Pass, "control plane 1.35");
    let rows = with(cluster(), vec![upgrade(36), upgrade(35), upgrade(34)]);
    expect(&rows, "version-path", "to 1.36", Fail, "OperationNotAllowed");
    expect(&rows, "version-path", "to 1.35", Pass, "control plane 1.34");
    expect(&rows, "version-path", "to 1.34", Fail, "1.35 to 1.34 is not allowed");
}

#[test]
fn pools_that_stay_behind_block_the_control_plane_after_three_minor_versions() {
    let control_plane = |minor| OperationKind::Upgrade {
        version: Some(version(minor)),
        pools: Vec::new(),
        force: false,
        whole_cluster: false,
    };
    let mut plan = cluster();
    plan.start = "2026-02-01T00:00:00[UTC]".parse().expect("a moment"); // AKS offers 1.32 to 1.35 then.
    plan.cluster.long_term_support = true;
    plan.cluster.version = version(31);
    plan.cluster.pools.iter_mut().for_each(|pool| pool.version = version(31));
    let rows = with(plan, (32..=35).map(control_plane).collect());
    expect(&rows, "version-skew", "to 1.33", Pass, "2 minor versions behind");
    expect(&rows, "version-skew", "to 1.34", Risk, "is refused");
    expect(&rows, "version-skew", "to 1.35", Fail, "NodePoolMcVersionIncompatible");
    let newer = OperationKind::AddPool { pool: 2, version: Some(version(35)) };
    let mut plan = cluster();
    plan.cluster.pools.push(pool("more", 1));
    plan.cluster.pools[2].from_start = false;
    expect(&with(plan, vec![newer]), "version-skew", "add pool", Fail, "version 1.35 and control plane version 1.34");
}

#[test]
fn addresses_of_an_upgrade_are_those_of_all_nodes_and_of_one_pools_surge() {
    for (model, prefix, verdict, words) in [
        (NetworkModel::AzureOverlay, "10.0.0.0/28", Pass, "needs 6 addresses, of 11"),
        (NetworkModel::AzureOverlay, "10.0.0.0/29", Fail, "InsufficientSubnetSize"),
        (NetworkModel::AzureNodeSubnet, "10.0.0.0/22", Pass, "needs 666 addresses"),
        (NetworkModel::AzureNodeSubnet, "10.0.0.0/23", Fail, "InsufficientSubnetSize: AKS counts 110 addresses"),
    ] {
        let mut plan = cluster();
        plan.cluster.network.model = model;
        plan.cluster.subnets[0].prefix = prefix.parse().expect("a prefix");
        let rows = with(plan, vec![upgrade(35)]);
        expect(&rows, "subnet-space", "upgrade", verdict, words);
    }
}

#[test]
fn an_autoscaled_overlay_pool_is_counted_by_its_largest_size() {
    let mut plan = cluster();
    plan.cluster.subnets[0].prefix = "10.0.0.0/28".parse().expect("a prefix");
    plan.cluster.pools[APPS].autoscaling = Some(AutoscalingRange { min: 1, max: 7 });
    let rows = with(plan.clone(), vec![upgrade(35)]);
    expect(
        &rows,
        "subnet-space",
        "upgrade",
        Fail,
        "AKS counts 7 addresses for it before it begins, and 6 of 11 are free",
    );
    plan.cluster.pools[APPS].autoscaling = Some(AutoscalingRange { min: 1, max: 3 });
    let wider = PoolChange::Autoscaling(Some(AutoscalingRange { min: 1, max: 12 }));
    let rows = with(plan, vec![OperationKind::UpdatePool { pool: APPS, change: wider }]);
    expect(&rows, "subnet-space", "autoscale", Risk, "needs 14 addresses");
}

#[test]
fn every_node_needs_a_block_of_the_pod_cidr_and_with_kubenet_a_route() {
    let mut plan = cluster();
    plan.cluster.network.pod_cidr = Some("10.244.0.0/22".parse().expect("a prefix"));
    expect(&with(plan.clone(), vec![upgrade(35)]), "pod-cidr", "upgrade", Fail, "needs 6 nodes; 10.244.0.0/22");
    plan.cluster.network.pod_cidr = Some("10.244.0.0/8".parse().expect("a prefix"));
    plan.cluster.network.model = NetworkModel::Kubenet;
    plan.cluster.pools[APPS].autoscaling = Some(AutoscalingRange { min: 1, max: 400 });
    expect(&with(plan, vec![upgrade(35)]), "pod-cidr", "upgrade", Risk, "a route each for 400");
}

#[test]
fn fixed_ports_must_do_for_the_surge_and_those_that_follow_the_nodes_shrink() {
    let fixed = |ports| OutboundPlan { allocated_ports: ports, ..OutboundPlan::load_balancer(1) };
    let check = |outbound, kinds: Vec<OperationKind>| {
        let mut plan = cluster();
        plan.cluster.network.outbound = outbound;
        plan.cluster.pools[APPS].autoscaling = Some(AutoscalingRange { min: 1, max: 60 });
        with(plan, kinds)
    };
    // 64,000 ports are enough for eight nodes, or for five.
    let words = "needs ports for 63 nodes with pools at their largest; 8000 of the 64000 that 1 address have for each are enough for 8";
    expect(&check(fixed(8000), vec![]), "outbound-ports", "cluster", Risk, words);
    let rows = check(fixed(12_800), vec![upgrade(35)]);
    expect(&rows, "admission", "upgrade", Fail, "Total node count 63 requires 806400 ports but only 64000");
    let words = "each node has 1024 ports now and 512 with 63 nodes";
    expect(&check(OutboundPlan::load_balancer(1), vec![]), "outbound-ports", "cluster", Risk, words);
    let nat = OutboundPlan { kind: OutboundType::ManagedNatGateway, ..OutboundPlan::load_balancer(1) };
    assert!(said(&check(nat, vec![]), "outbound-ports", "").is_empty(), "a NAT gateway gives no node ports of its own");
}

#[test]
fn connections_that_hold_more_ports_than_there_are_are_a_risk() {
    let flow = |closed| OutboundFlow {
        destination: "api".into(),
        micros_per_second: 10_000_000,
        duration: SimDuration::from_secs(100),
        closed,
    };
    let rows = |closed| {
        let mut plan = cluster();
        plan.workloads = vec![deployment("web", 3)];
        plan.workloads[0].behaviour.outbound = vec![flow(closed)];
        with(plan, vec![])
    };
    let held = "pods hold 600 connections to api on average, a node has 1024 ports";
    expect(&rows(true), "outbound-ports", "cluster", Pass, held);
    expect(&rows(false), "outbound-ports", "cluster", Risk, "pods hold 11400 connections");
}

#[test]
fn subnets_may_not_ask_for_more_addresses_than_a_network_has() {
    let mut plan = cluster();
    plan.cluster.network.model = NetworkModel::AzureNodeSubnet;
    plan.cluster.network.pod_cidr = None;
    plan.cluster.subnets[0].prefix = "10.0.0.0/8".parse().expect("a range");
    plan.cluster.pools[APPS].max_pods = 250;
    plan.cluster.pools[APPS].autoscaling = Some(AutoscalingRange { min: 1, max: 250 });
    assert!(said(&with(plan.clone(), vec![]), "subnet-space", "virtual network").is_empty());
    plan.cluster.pools[APPS].autoscaling = Some(AutoscalingRange { min: 1, max: 270 });
    expect(&with(plan, vec![]), "subnet-space", "virtual network", Fail, "and a network has 65536");
}

#[test]
fn a_front_end_reaches_ten_thousand_backends() {
    let rows = |ports, front_end: FrontEnd, most| {
        let mut plan = cluster();
        plan.services = vec![service("web", ports, front_end)];
        plan.cluster.pools[APPS].autoscaling = Some(AutoscalingRange { min: 1, max: most });
        with(plan, vec![])
    };
    let public = || FrontEnd::Public { address: None };
    let check =
        |rows: &[Row], verdict, words| expect(rows, "load-balancer-rules", "Service default/web", verdict, words);
    check(&rows(5, public(), 800), Pass, "5 ports on 803 nodes are 4015 of the 10000");
    check(&rows(13, public(), 800), Risk, "13 ports on 803 nodes are 10439");
    check(&rows(2001, public(), 5), Fail, "2001 ports on 5 nodes are 10005");
}

/// A cluster of the channel `rapid`, to which 1.35 comes in the third hour, with windows that open at these hours for four hours.
fn rapid(openings: &[u64]) -> Plan {
    let hours = |hours| SimTime::after_start(SimDuration::from_hours(hours));
    let mut plan = cluster();
    plan.duration = SimDuration::from_hours(14 * 24);
    plan.maintenance.channel = UpgradeChannel::Rapid;
    plan.maintenance.available =
        [(34, 0), (35, 3)].map(|(minor, from)| AvailableVersion { version: version(minor), from: hours(from) }).into();
    let window = |opens: &u64| Window { opens: hours(*opens), closes: hours(opens + 4) };
    plan.maintenance.auto_upgrade = (!openings.is_empty()).then(|| openings.iter().map(window).collect());
    plan
}

#[test]
fn what_a_channel_upgrades_is_foretold_like_what_is_asked_for() {
    let rows = check(&Arc::new(rapid(&[5, 20, 40])));
    for (name, verdict, words) in [
        ("admission", Pass, "nothing stands against"),
        ("version-path", Pass, "control plane 1.34"),
        ("surge-quota", Pass, "vCPUs"),
        ("window-length", Pass, "the maintenance window closes after 4h"),
    ] {
        expect(&rows, name, "upgrade system, apps to 1.35 by channel rapid at 5h", verdict, words);
    }
    assert!(
        rows.iter().filter(|row| row.subject.contains("channel")).all(|row| row.subject.contains("5h")),
        "{rows:?}"
    );
    let mut held = rapid(&[5, 20, 40]);
    held.workloads = vec![deployment("web", 2)];
    held.budgets = vec![budget(BudgetRule::MaxUnavailable(Int(0)))];
    let rows = check(&Arc::new(held));
    let refused: Vec<&Row> = rows.iter().filter(|row| row.verdict == Fail && row.subject.contains("channel")).collect();
    assert!(!refused.is_empty() && refused.iter().all(|row| row.subject.contains("5h")), "told once: {refused:?}");
}

#[test]
fn a_channel_without_a_schedule_acts_within_a_day_and_that_of_node_images_every_week() {
    let rows = check(&Arc::new(rapid(&[])));
    expect(&rows, "window-length", "by channel rapid within a day of 3h", Pass, "in no maintenance window");
    let mut images = cluster();
    images.duration = SimDuration::from_hours(30 * 24);
    images.maintenance.node_os_channel = NodeOsChannel::NodeImage;
    let rows = check(&Arc::new(images));
    let of_images: Vec<&Row> = said(&rows, "single-replica", "channel NodeImage");
    assert_eq!(of_images.len(), 1, "{of_images:?}");
    assert!(of_images[0].subject.ends_with("weekly"));
}

#[test]
fn operations_and_channels_go_on_from_what_the_others_left() {
    // The operator is faster: at the window there is nothing left to do.
    let mut plan = rapid(&[20]);
    plan.operations = operations(vec![upgrade(35)]);
    plan.operations[0].at = SimTime::after_start(SimDuration::from_hours(10));
    let plan = Arc::new(plan);
    assert!(Course::of(&plan).steps.iter().all(|step| !step.subject.contains("channel")));
    // And slower: the version is there already.
    let mut plan = rapid(&[20]);
    plan.operations = operations(vec![upgrade(35)]);
    plan.operations[0].at = SimTime::after_start(SimDuration::from_hours(30));
    let plan = Arc::new(plan);
    let course = Course::of(&plan);
    let told: Vec<(bool, bool)> =
        course.steps.iter().map(|step| (step.subject.contains("channel"), step.refused.is_none())).collect();
    assert_eq!(told, [(true, true), (false, false)]);
}

#[test]
fn a_migration_has_both_of_its_pools_at_its_peak() {
    let mut plan = cluster();
    plan.cluster.pools.push(pool("next", 3));
    plan.cluster.pools[2].from_start = false;
    let migrate = OperationKind::Migrate { from: APPS, to: 2, drain_timeout: None };
    let rows = with(plan, vec![migrate]);
    expect(&rows, "subnet-space", "migrate", Pass, "needs 8 addresses");
    expect(&rows, "pod-cidr", "migrate", Pass, "needs 8 nodes");
    expect(&rows, "window-length", "migrate", Pass, "3 nodes of apps drained one by one");
}

#[test]
fn a_system_pool_has_two_nodes_that_are_not_burstable_and_one_remains() {
    let mut plan = cluster();
    plan.cluster.pools[SYSTEM].count = 1;
    plan.cluster.pools[SYSTEM].scale_set.as_mut().expect("a scale set").vm = size("Standard_B4ms");
    let rows = with(plan, vec![OperationKind::DeletePool { pool: SYSTEM }]);
    expect(&rows, "system-pool", "pool system", Risk, "1 node of at least 2");
    expect(&rows, "system-pool", "pool system", Risk, "Standard_B4ms is burstable");
    let small = with(cluster(), Vec::new());
    expect(&small, "system-pool", "pool system", Risk, "Standard_D2s_v5 has 2 vCPUs of the 4 that Azure advises");
    expect(&rows, "system-pool", "delete pool", Fail, "last system pool");
    let shrink = OperationKind::Scale { pool: SYSTEM, count: 1 };
    expect(&with(cluster(), vec![shrink]), "system-pool", "scale system", Risk, "1 node");
}

#[test]
fn any_other_refusal_is_told_with_its_code() {
    let mut plan = cluster();
    plan.cluster.pools[APPS].autoscaling = Some(AutoscalingRange { min: 1, max: 5 });
    let rows = with(plan, vec![OperationKind::Scale { pool: APPS, count: 4 }, OperationKind::StartCluster]);
    expect(
        &rows,
        "admission",
        "scale",
        Fail,
        "OperationNotAllowed: agent pool apps is managed by the cluster autoscaler",
    );
    expect(&rows, "admission", "start", Fail, "is running already");
    assert_eq!(said(&rows, "subnet-space", "scale"), [] as [&Row; 0]);
}

#[test]
fn a_grace_period_as_long_as_the_drain_timeout_is_a_risk_and_slow_budgets_fail_for_certain() {
    let mut plan = cluster();
    plan.workloads = vec![deployment("web", 60)];
    expect(&with(plan.clone(), vec![upgrade(35)]), "drain-timeout", "upgrade", Pass, "of 30m");
    plan.workloads[0].template.grace = SimDuration::from_mins(45);
    expect(&with(plan.clone(), vec![upgrade(35)]), "drain-timeout", "upgrade", Risk, "may take 45m to exit");
    // Twelve pods a node, one at a time, each five minutes to start: an hour.
    plan.workloads[0].template.grace = SimDuration::from_secs(30);
    plan.workloads[0].behaviour.startup = Dist::Constant(300.0);
    plan.workloads[0].template.readiness = Some(crate::scenario::plan::ReadinessProbe {
        initial_delay: SimDuration::ZERO,
        period: SimDuration::from_secs(10),
    });
    plan.budgets = vec![budget(BudgetRule::MaxUnavailable(Int(1)))];
    expect(&with(plan, vec![upgrade(35)]), "drain-timeout", "upgrade", Fail, "of 30m");
}

#[test]
fn an_upgrade_is_estimated_by_its_rounds() {
    let mut plan = cluster();
    plan.cluster.pools[APPS].upgrade.max_surge = Int(2);
    plan.cluster.pools[APPS].upgrade.soak = SimDuration::from_mins(10);
    let rows = with(plan, vec![upgrade(35)]);
    expect(
        &rows,
        "window-length",
        "upgrade",
        Pass,
        "the control plane, 2 nodes of system in 2 rounds, 3 nodes of apps in 2 rounds, 2 at once",
    );
}

#[test]
fn rows_that_are_the_same_at_several_points_are_told_once() {
    use crate::scenario::plan::Point;
    let point = |variant: &str, count: u32| {
        let mut plan = cluster();
        plan.cluster.pools[APPS].count = count;
        Point { variant: variant.into(), sweep: Vec::new(), plan: Arc::new(plan) }
    };
    let rows = super::check_points(&[point("a", 3), point("b", 3), point("c", 4)]);
    let of = |name: &str| -> Vec<(Vec<String>, &str)> {
        let rows = rows.iter().filter(|row| row.row.check == name);
        rows.map(|row| (row.points.clone(), row.row.reason.as_str())).collect()
    };
    assert_eq!(of("system-pool").len(), 1);
    let space = of("subnet-space");
    assert_eq!(space.len(), 2);
    assert_eq!(space[0].0, ["a", "b"]);
    assert_eq!(space[1].0, ["c"]);
}
