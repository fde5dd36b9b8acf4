//! A recorder that watches a few hand-made events, metric by metric.

use super::burst::Burst;
use super::{Recorder, RunResult, sample_interval};
use crate::catalog::Catalog;
use crate::cluster::testing::{Bench, budget, create_node, deployment, operations, plan, pool, principal};
use crate::cluster::{
    AddressHolder, BudgetId, Credits, Ctx, Event, Fact, NodeFailure, NodeId, Observer, OperationId, OperationState,
    PodId, PoolId, Refusal, STAGES, SubnetId, World,
};
use crate::kernel::{EventKey, Id, SimDuration, SimTime};
use crate::scenario::plan::{
    BudgetRule, FrontEnd, IntOrPercent, OperationKind, OutboundFlow, Plan, PodIpAllocation, PodSubnet, ServicePlan,
};
use crate::units::{MilliCpu, UsdPerHour};

/// One hour of warm-up, 23 hours measured, one pool of one node, an application and a pod of AKS's own.
fn small_plan() -> Plan {
    let mut pool = pool("apps", 1);
    let scale_set = pool.scale_set.as_mut().unwrap();
    scale_set.vm_price = UsdPerHour::from_dollars(0.1).unwrap();
    scale_set.os_disk_price = UsdPerHour::from_dollars(0.02).unwrap();
    let mut system = deployment("coredns", 1);
    system.system = true;
    let mut plan = plan(vec![pool]);
    plan.warmup = SimDuration::from_hours(1);
    plan.cluster.charges.tier = UsdPerHour::from_dollars(0.1).unwrap();
    plan.workloads = vec![deployment("web", 1), system];
    plan.budgets = vec![budget(BudgetRule::MaxUnavailable(IntOrPercent::Int(0)))];
    plan
}

/// A bench whose changes a recorder sees.
struct Watched {
    bench: Bench,
    recorder: Recorder,
    sequence: u64,
}

impl Watched {
    fn new(plan: Plan) -> Self {
        let bench = Bench::new(plan);
        let recorder = Recorder::new(&bench.world, 1, true);
        Self { bench, recorder, sequence: 0 }
    }

    /// Something happens at `minutes`: `event`, which does `what`.
    fn event<R>(&mut self, minutes: u64, event: Event, what: impl FnOnce(&mut World, &mut Ctx<'_>) -> R) -> R {
        let at = SimTime::after_start(SimDuration::from_mins(minutes));
        self.bench.world.clock = at;
        let known = self.bench.facts.len();
        let result = self.bench.act(what);
        let facts: Vec<Fact> = self.bench.facts[known..].iter().map(|(_, fact)| *fact).collect();
        let key = EventKey { at, class: event.class() as u8, sequence: self.sequence };
        self.sequence += 1;
        self.recorder.after_event(key, event, &facts, &self.bench.world);
        result
    }

    fn at<R>(&mut self, minutes: u64, what: impl FnOnce(&mut World, &mut Ctx<'_>) -> R) -> R {
        self.event(minutes, Event::FlushQueue, what)
    }

    /// A pod of the workload is created at `created` and, unless that is `None`, bound at `bound`.
    fn pod(&mut self, workload: usize, created: u64, bound: Option<u64>) -> PodId {
        let workload = Id::from_index(workload);
        let pod = self.at(created, |world, ctx| world.create_pod(workload, 0, None, ctx));
        if let Some(bound) = bound {
            self.at(bound, |world, ctx| world.bind(pod, NodeId::from_index(0), ctx));
        }
        pod
    }

    fn finish(mut self) -> RunResult {
        self.bench.world.clock = SimTime::after_start(self.bench.world.plan.duration);
        self.recorder.finish(&self.bench.world)
    }
}

fn assert_metrics(result: &RunResult, expected: &[(&str, f64)]) {
    for (name, expected) in expected {
        let value = result.metric(name).unwrap_or_else(|| panic!("there is no metric {name}"));
        assert!((value - expected).abs() < 1e-9, "{name}: {value}, not {expected}");
    }
}

#[test]
fn application_pods_wait_from_creation_to_binding_or_to_the_end() {
    let mut run = Watched::new(small_plan());
    run.pod(0, 30, Some(31)); // In the warm-up.
    run.pod(0, 60, Some(62));
    run.pod(1, 70, Some(75)); // AKS's own.
    let deleted = run.pod(0, 80, None);
    run.at(90, |world, ctx| world.delete_pod(deleted, ctx));
    run.pod(0, 23 * 60, None); // Never bound.
    let result = run.finish();
    assert_eq!(result.pending_seconds, [120.0, 600.0, 3600.0]);
    assert_metrics(
        &result,
        &[
            ("pods_created", 3.0),
            ("pods_unscheduled", 1.0),
            ("pod_pending_seconds.mean", 1440.0),
            ("pod_pending_seconds.p50", 600.0),
            ("pod_pending_seconds.p95", 3300.0),
            ("pod_pending_seconds.max", 3600.0),
        ],
    );
}

#[test]
fn nobody_waited_when_nobody_was_created() {
    let result = Watched::new(small_plan()).finish();
    assert_metrics(&result, &[("pod_pending_seconds.mean", 0.0), ("pod_pending_seconds.p95", 0.0)]);
    assert!(result.metric("pod_ready_seconds.p50").unwrap().is_nan());
    assert!(result.metric("node_ready_seconds.p50").unwrap().is_nan());
}

#[test]
fn the_month_is_scaled_from_the_measured_hours_and_is_the_sum_of_its_parts() {
    let result = Watched::new(small_plan()).finish();
    assert_metrics(
        &result,
        &[
            ("cost_total_usd", 23.0 * 0.22),
            ("cost_month_usd", 730.0 * 0.22),
            ("cost_vm_month_usd", 73.0),
            ("cost_os_disk_month_usd", 14.6),
            ("cost_cluster_month_usd", 73.0),
            ("cost_month_usd.apps", 87.6),
            ("nodes_mean", 1.0),
            ("nodes_peak", 1.0),
            ("node_hours", 23.0),
        ],
    );
    let costs = result.detail.unwrap().costs;
    assert!((costs.iter().map(|row| row.usd).sum::<f64>() - 23.0 * 0.22).abs() < 1e-9);
}

#[test]
fn cpu_work_of_the_warm_up_is_left_out() {
    let mut run = Watched::new(small_plan());
    let set = |wanted: u32, served: u32| {
        move |world: &mut World, _: &mut Ctx<'_>| {
            let span = world.clock.since(world.cpu.settled);
            world.cpu.wanted_work += world.cpu.wanted.over(span);
            world.cpu.served_work += world.cpu.served.over(span);
            world.cpu.settled = world.clock;
            world.cpu.wanted = MilliCpu::from_cores(wanted);
            world.cpu.served = MilliCpu::from_cores(served);
        }
    };
    run.event(0, Event::SettleCpu, set(4, 1)); // Holds to the end of the warm-up and an hour beyond.
    run.event(120, Event::SettleCpu, set(2, 2)); // For the last 22 hours.
    assert_metrics(
        &run.finish(),
        &[
            ("cpu_demand_core_hours", 4.0 + 44.0),
            ("cpu_served_core_hours", 1.0 + 44.0),
            ("cpu_unserved_core_seconds", 3.0 * 3600.0),
            ("cpu_unserved_percent", 100.0 * 3.0 / 48.0),
        ],
    );
}

#[test]
fn the_share_of_cpu_nobody_requested_is_averaged_over_the_measured_time() {
    let mut run = Watched::new(small_plan());
    let early = run.pod(0, 10, Some(10)); // 100m of 1900m until half-way through the 23 hours.
    run.at(60 + 690, |world, ctx| world.end_pod(early, crate::cluster::PodPhase::Gone, ctx));
    let costs = run.finish().detail.unwrap().costs;
    let idle: Vec<Option<f64>> = costs.iter().map(|row| row.idle_share).collect();
    assert!((idle[0].unwrap() - (1.0 - 0.5 * 100.0 / 1900.0)).abs() < 1e-12, "{idle:?}");
    assert!(idle[1..].iter().all(Option::is_none));
}

#[test]
fn a_subnets_peak_and_refusals_are_those_of_the_measured_time() {
    let mut run = Watched::new(small_plan());
    let (subnet, node) = (SubnetId::from_index(0), NodeId::from_index(0));
    let mut change = |minutes: u64, what: &dyn Fn(&mut World)| {
        run.event(minutes, Event::AttachNic(node), |world, ctx| {
            what(world);
            ctx.observe(Fact::AddressesChanged(subnet, node));
        });
    };
    let holder = AddressHolder::Node(node);
    let take = |world: &mut World, count: u32| {
        assert_eq!(world.subnets[subnet].take(world.clock, count, holder).unwrap().len(), count as usize);
    };
    let refuse = |world: &mut World, count: u32| {
        world.subnets[subnet].take(world.clock, count, holder).unwrap_err();
    };
    let release_all = |world: &mut World| {
        let held: Vec<u32> = world.subnets[subnet].held().map(|(address, _)| address.into()).collect();
        world.subnets[subnet].release(world.clock, &held, holder);
    };
    change(5, &|world| take(world, 200));
    change(6, &|world| refuse(world, 100));
    change(10, &release_all);
    change(20, &|world| take(world, 50)); // What there is when the warm-up ends.
    change(90, &release_all);
    change(95, &|world| take(world, 10));
    change(96, &|world| refuse(world, 251));
    let result = run.finish();
    assert_metrics(
        &result,
        &[
            ("subnet.nodes.peak_used", 50.0),
            ("subnet.nodes.peak_percent", 5000.0 / 251.0),
            ("subnet.nodes.exhaustions", 1.0),
        ],
    );
    let rows = result.detail.unwrap().addresses;
    let changes: Vec<(u32, i64)> = rows.iter().map(|row| (row.used, row.change)).collect();
    assert_eq!(changes, [(200, 200), (200, 0), (0, -200), (50, 50), (0, -50), (10, 10), (10, 0)]);
}

#[test]
fn facts_of_the_measured_time_are_counted() {
    let mut run = Watched::new(small_plan());
    let (pool, node) = (PoolId::from_index(0), NodeId::from_index(0));
    let pod = run.bench.ready_pod(0, node);
    let facts = [
        Fact::ScaledUp(pool, 3),
        Fact::ScaledDown(node),
        Fact::NodeFailed(node, NodeFailure::SubnetIsFull(SubnetId::from_index(0))),
        Fact::PodEvicted(pod),
        Fact::EvictionRefused(pod, BudgetId::from_index(0)),
        Fact::NodeDrained(node, false),
        Fact::NodeDrained(node, true),
    ];
    for minutes in [30, 60, 100] {
        run.at(minutes, |_, ctx| facts.iter().for_each(|fact| ctx.observe(*fact)));
    }
    let expected = [
        ("scale_ups", 6.0),
        ("scale_downs", 2.0),
        ("nodes_failed", 2.0),
        ("evictions", 2.0),
        ("evictions_refused", 2.0),
        ("drains_timed_out", 2.0),
        ("events", 3.0),
    ];
    assert_metrics(&run.finish(), &expected);
}

#[test]
fn a_node_that_boots_shows_its_stages_and_why_it_ended() {
    let mut run = Watched::new(small_plan());
    let node = run.at(100, |world, _| {
        let node = create_node(world, PoolId::from_index(0), true);
        world.nodes[node].boot = [SimDuration::from_secs(10); STAGES.len()];
        node
    });
    run.at(102, |world, _| {
        world.nodes[node].times.allocated = Some(world.clock);
        world.nodes[node].times.ready = Some(world.clock);
    });
    run.at(162, |world, _| {
        world.set_phase(node, crate::cluster::NodePhase::Deleted);
        world.nodes[node].times.deleted = Some(world.clock);
    });
    let result = run.finish();
    assert_eq!(result.boots, [vec![10.0; STAGES.len()]]);
    assert_metrics(&result, &[("node_ready_seconds.p95", 120.0), ("nodes_peak", 2.0), ("node_hours", 24.0)]);
    let rows = result.detail.unwrap().nodes;
    assert_eq!((rows[0].reason.as_str(), rows[0].untainted_s, rows[0].ready_s), ("", 0.0, Some(0.0)));
    assert_eq!((rows[1].reason.as_str(), rows[1].untainted_s, rows[1].removed_s), ("surge", 10.0, Some(9720.0)));
}

#[test]
fn operations_are_told_in_words_and_an_upgrade_is_timed() {
    let mut plan = small_plan();
    plan.operations = operations(vec![
        OperationKind::Scale { pool: 0, count: 3 },
        OperationKind::Upgrade { version: None, pools: vec![0], force: false, whole_cluster: false },
    ]);
    plan.access.principals = vec![principal("alice", &[])];
    plan.operations[1].asked_by = Some(0);
    let mut run = Watched::new(plan);
    run.at(70, |world, _| {
        for (id, state) in [(0, OperationState::Succeeded), (1, OperationState::Running)] {
            let operation = &mut world.operations[OperationId::from_index(id)];
            operation.asked = Some(world.clock);
            operation.ended = (state == OperationState::Succeeded).then_some(world.clock);
            operation.state = state;
        }
    });
    let result = run.finish();
    assert_metrics(&result, &[("operations_succeeded", 1.0)]);
    assert!(result.metric("upgrade_seconds").is_some_and(f64::is_nan), "it has not succeeded");
    let rows = result.detail.unwrap().operations;
    let words: Vec<(&str, &str)> = rows.iter().map(|row| (row.operation.as_str(), row.outcome.as_str())).collect();
    assert_eq!(words, [("scale apps to 3", "Succeeded"), ("upgrade the node image of apps", "Running")]);
    assert_eq!([&*rows[0].asked_by, &*rows[1].asked_by], ["", "alice"]);
}

#[test]
fn reasons_of_failures_and_refusals_are_kept_once_and_of_the_measured_time() {
    let mut plan = small_plan();
    plan.operations = operations([2, 3, 3, 3, 4].map(|count| OperationKind::Scale { pool: 0, count }).into());
    let mut run = Watched::new(plan);
    let refusal = |message: &str| Refusal { code: "OperationNotAllowed", message: message.to_owned() };
    let states = [
        (30, OperationState::Refused(refusal("in the warm-up"))),
        (70, OperationState::Refused(refusal("first"))),
        (80, OperationState::Refused(refusal("second"))),
        (90, OperationState::Failed(refusal("third"))),
        (100, OperationState::Canceled(refusal("by an operator"))),
    ];
    for (index, (minutes, state)) in states.into_iter().enumerate() {
        run.at(minutes, |world, _| {
            let operation = &mut world.operations[OperationId::from_index(index)];
            (operation.asked, operation.state) = (Some(world.clock), state);
        });
    }
    let errors = run.finish().operation_errors;
    let told: Vec<(&str, &str)> = errors.iter().map(|error| (error.outcome, error.message.as_str())).collect();
    assert_eq!(told, [("Refused", "first"), ("Failed", "third")]);
}

#[test]
fn why_a_pod_was_pending_is_remembered_after_it_is_bound() {
    let mut run = Watched::new(small_plan());
    let pod = run.pod(0, 70, None);
    run.at(71, |world, ctx| {
        world.pods[pod].unschedulable = Some("0/1 nodes are available: 1 Insufficient cpu.".into());
        ctx.observe(Fact::PodUnschedulable(pod));
    });
    run.at(80, |world, ctx| world.bind(pod, NodeId::from_index(0), ctx));
    let rows = run.finish().detail.unwrap().pods;
    assert_eq!(rows[0].pending_reason, "0/1 nodes are available: 1 Insufficient cpu.");
    assert_eq!((rows[0].workload.as_str(), rows[0].scheduled_s), ("Deployment/web", Some(4800.0)));
}

#[test]
fn samples_are_rows_with_a_value_in_every_column() {
    let mut run = Watched::new(small_plan());
    run.pod(0, 5, None);
    for minutes in [0, 10] {
        run.event(minutes, Event::Sample, |_, _| ());
    }
    let series = run.finish().series;
    assert_eq!(series.hours, [0.0, 1.0 / 6.0]);
    let names: Vec<&str> = series.columns.iter().map(|(name, _)| name.as_str()).collect();
    let expected = ["nodes_ready", "nodes_total", "pods_ready", "pods_pending", "cpu_demand_cores", "cpu_served_cores"];
    assert_eq!(names[..6], expected);
    assert_eq!(names[6..], ["usd_per_hour", "ip_used.nodes", "pod_cidr_blocks"]);
    assert!(series.columns.iter().all(|(_, values)| values.len() == 2));
    assert_eq!(series.column("usd_per_hour"), Some(&[0.22, 0.22][..]));
}

#[test]
fn samples_are_whole_minutes_apart() {
    for (hours, minutes) in [(1, 1), (5, 1), (24, 5), (168, 30), (720, 129)] {
        let mut plan = small_plan();
        plan.duration = SimDuration::from_hours(hours);
        assert_eq!(sample_interval(&plan), SimDuration::from_mins(minutes), "{hours} h");
    }
}

/// `docs/metrics.md` and a run name the same metrics in the same order.
#[test]
fn the_metrics_of_a_run_are_those_of_the_document() {
    let mut plan = small_plan();
    plan.maintenance.default = Some(Vec::new()); // Windows have metrics of their own,
    let pods = PodSubnet { subnet: 0, allocation: PodIpAllocation::DynamicIndividual };
    plan.cluster.pools[0].scale_set.as_mut().expect("VMs").pod_subnet = Some(pods); // and so have batches of addresses.
    let closed = OutboundFlow {
        destination: "api".into(),
        micros_per_second: 1,
        duration: SimDuration::from_secs(1),
        closed: true,
    };
    plan.workloads[0].behaviour.outbound = vec![closed]; // Connections and ways in have some too.
    let front_end = FrontEnd::Internal { subnet: 0, address: None };
    plan.services = vec![ServicePlan { namespace: "default".into(), name: "web".into(), ports: 1, front_end }];
    let mut run = Watched::new(plan);
    run.recorder.burst = Some(Burst::new(run.recorder.window)); // As with a burstable pool.
    let result = run.finish();
    let general = |name: &str| {
        let name = name.replace("subnet.nodes.", "subnet.<subnet>.").replace("usd.apps", "usd.<pool>");
        name.replace("budget.default/budget.", "budget.<budget>.").replace("standardDSv5Family", "<family>")
    };
    let given: Vec<String> = result.metrics.iter().map(|(name, _)| general(name)).collect();
    let documented: Vec<&str> = include_str!("../../docs/metrics.md")
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert_eq!(given, documented);
}

/// B2ms: 36 credits an hour, a full bank of 864, 60 at first, 0.6 vCPU always.
#[test]
fn the_lowest_bank_and_the_time_without_credits_are_kept() {
    let mut plan = small_plan();
    plan.cluster.pools[0].scale_set.as_mut().unwrap().vm = Catalog::get().vm_size("Standard_B2ms").unwrap();
    let mut run = Watched::new(plan);
    let node = NodeId::from_index(0);
    run.bench.world.nodes[node].credits = Some(Credits::at_first_start(2, 36, SimTime::ZERO));
    let mut load = |minutes: u64, cores: u32| {
        run.event(minutes, Event::SettleCpu, |world, _| {
            let now = world.clock;
            world.nodes[node].credits.as_mut().unwrap().set_load(now, MilliCpu::from_cores(cores));
        });
    };
    load(0, 0); // 60 credits and 36 an hour: 96 at the end of the warm-up, 132 an hour later.
    load(120, 2); // 120 spent, 36 earned: 48 after an hour.
    load(180, 0);
    load(240, 2); // From 84 credits to none in an hour, and two hours at the baseline.
    load(300, 2);
    load(420, 0); // 17 hours to the end: 612 credits.
    run.event(8 * 60, Event::Sample, |_, _| ());
    run.bench.world.nodes[node].credits.as_mut().unwrap().settle(SimTime::after_start(SimDuration::from_hours(24)));
    let result = run.finish();
    assert_metrics(&result, &[("credits_min_percent", 0.0), ("throttled_node_hours", 2.0)]);
    assert_eq!(result.series.column("credits_percent"), Some(&[100.0 * 36.0 / 864.0][..]));
}

#[test]
fn a_drain_that_a_budget_holds_is_timed_and_its_blocker_named() {
    let mut run = Watched::new(small_plan());
    let pod = run.pod(0, 65, Some(65));
    let node = NodeId::from_index(0);
    let timeout = SimDuration::from_mins(30);
    run.at(70, |world, ctx| world.start_drain(node, SimDuration::from_secs(5), timeout, ctx));
    run.event(71, Event::StartDrain(node), |_, _| ());
    run.at(75, |_, ctx| ctx.observe(Fact::EvictionRefused(pod, BudgetId::from_index(0))));
    run.at(80, |_, ctx| ctx.observe(Fact::EvictionRefused(pod, BudgetId::from_index(0))));
    run.at(100, |world, ctx| {
        world.drains.get_mut(&node).unwrap().outcome = Some(crate::cluster::DrainOutcome::TimedOut);
        ctx.observe(Fact::NodeDrained(node, false));
    });
    let result = run.finish();
    let held = [("budget.default/budget.held_seconds", 25.0 * 60.0), ("budget.default/budget.drains_timed_out", 1.0)];
    assert_metrics(&result, &held);
    let rows = result.detail.unwrap().activities;
    let spans: Vec<(&str, f64, f64, &str)> = rows
        .iter()
        .map(|row| (row.activity.as_str(), row.from_s / 60.0, row.to_s / 60.0, row.held_by.as_str()))
        .collect();
    assert_eq!(
        spans,
        [("cordon", 70.0, 71.0, ""), ("drain", 71.0, 100.0, ""), ("held", 75.0, 100.0, "default/budget")]
    );
}
