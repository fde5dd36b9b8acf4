//! The scalar metrics of a run. Their names, units and meanings stand in `docs/metrics.md`, which a test holds to this list.
//!
//! A metric of something that did not happen (the boot time of nodes of which none booted) is not a number, so that statistics over
//! seeds leave it out instead of counting it as fast. Waiting for a node is the exception: when nobody was created, nobody
//! waited, and the metric is zero.

use super::addresses::RangeUse;
use super::quantile::{quantile, sorted};
use super::recorder::Recorder;
use super::waits;
use super::window::Window;
use crate::cluster::{CpuLedger, Node, NodeId, Operation, OperationState, SubnetUse, World};
use crate::kernel::SimTime;
use crate::process::billing::{self, Charge, Meter};
use crate::scenario::plan::{AllocationCode, OperationKind, OutboundType, front_ends};
use crate::units::{CoreSeconds, Usd};
use std::collections::BTreeSet;

/// The metric that says whether upgrades fitted their maintenance windows: 0 or 1, so that its mean over runs is a probability.
pub const FITS_WINDOW: &str = "upgrade_fits_window";

/// Names and values, always in the same order for a plan.
pub(super) fn metrics(recorder: &Recorder, pending_seconds: &[f64], world: &World) -> Vec<(String, f64)> {
    let mut list = List(Vec::new());
    list.costs(world, recorder.window);
    list.cpu(recorder, world);
    list.pods(recorder, pending_seconds, world);
    list.nodes(recorder, world);
    list.faults(recorder, world);
    list.subnets(recorder, world);
    list.outbound(recorder, world);
    list.operations(recorder, world);
    list.push("events", recorder.events as f64);
    list.0
}

/// Metrics so far.
struct List(Vec<(String, f64)>);

impl List {
    fn push(&mut self, name: impl Into<String>, value: f64) {
        self.0.push((name.into(), value));
    }

    fn costs(&mut self, world: &World, window: Window) {
        let charges = billing::charges(world, window.from, window.to);
        let usd = |counts: &dyn Fn(&Charge) -> bool| {
            charges.iter().filter(|charge| counts(charge)).map(Charge::amount).sum::<Usd>().as_f64()
        };
        let month = |counts: &dyn Fn(&Charge) -> bool| usd(counts) * window.per_month();
        self.push("cost_total_usd", usd(&|_| true));
        self.push("cost_month_usd", month(&|_| true));
        self.push("cost_vm_month_usd", month(&|charge| charge.meter == Meter::Vm));
        self.push("cost_os_disk_month_usd", month(&|charge| charge.meter == Meter::OsDisk));
        self.push("cost_cluster_month_usd", month(&|charge| charge.pool.is_none()));
        for pool in world.pools.ids() {
            let plan = world.pool_plan(pool);
            if !plan.is_brought() {
                self.push(format!("cost_month_usd.{}", plan.name), month(&|charge| charge.pool == Some(pool)));
            }
        }
    }

    fn cpu(&mut self, recorder: &Recorder, world: &World) {
        let Window { from, to } = recorder.window;
        let (demand_before, served_before) = work_until(&recorder.cpu_before, from);
        let (demand, served) = work_until(&world.cpu, to);
        let (demand, served) = (demand - demand_before, served - served_before);
        let unserved = demand - served;
        self.push("cpu_demand_core_hours", demand.as_f64() / 3600.0);
        self.push("cpu_served_core_hours", served.as_f64() / 3600.0);
        self.push("cpu_unserved_core_seconds", unserved.as_f64());
        let share = if demand.is_zero() { 0.0 } else { unserved.as_f64() / demand.as_f64() };
        self.push("cpu_unserved_percent", 100.0 * share);
        if let Some(burst) = &recorder.burst {
            self.push("credits_min_percent", burst.lowest_percent());
        }
        let throttled = recorder.burst.as_ref().map_or(0.0, |burst| burst.throttled_hours(to));
        self.push("throttled_node_hours", throttled);
    }

    fn pods(&mut self, recorder: &Recorder, pending_seconds: &[f64], world: &World) {
        let waited = sorted(pending_seconds);
        let or_zero = |value: f64| if waited.is_empty() { 0.0 } else { value };
        self.push("pod_pending_seconds.mean", or_zero(waited.iter().sum::<f64>() / waited.len() as f64));
        self.push("pod_pending_seconds.p50", or_zero(quantile(&waited, 0.5)));
        self.push("pod_pending_seconds.p95", or_zero(quantile(&waited, 0.95)));
        self.push("pod_pending_seconds.max", or_zero(quantile(&waited, 1.0)));
        self.push("pods_created", waited.len() as f64);
        self.push("pods_unscheduled", waits::unscheduled(world) as f64);
        self.push("pods_preempted", recorder.counters.pods_preempted as f64);
        self.median_and_p95("pod_ready_seconds", &waits::pod_ready_seconds(world, recorder.window));
    }

    fn nodes(&mut self, recorder: &Recorder, world: &World) {
        let Window { from, to } = recorder.window;
        let billed = world.nodes.iter().map(|(_, node)| billing::billed_time(node, from, to).micros());
        let hours = billed.sum::<u64>() as f64 / 3.6e9;
        self.push("nodes_mean", hours / recorder.window.hours());
        self.push("nodes_peak", waits::most_nodes(world, recorder.window) as f64);
        self.push("node_hours", hours);
        self.median_and_p95("node_ready_seconds", &waits::node_ready_seconds(world, recorder.window));
        self.push("scale_ups", recorder.counters.scale_ups as f64);
        self.push("scale_downs", recorder.counters.scale_downs as f64);
        self.push("nodes_failed", recorder.counters.nodes_failed as f64);
    }

    fn faults(&mut self, recorder: &Recorder, world: &World) {
        let peak = recorder.quota.clone().finish();
        let scale_sets = world.plan.cluster.pools.iter().filter(|pool| !pool.spot);
        let families: BTreeSet<&str> =
            scale_sets.filter_map(|pool| pool.scale_set.as_ref()).map(|set| set.vm.quota_family()).collect();
        self.push("quota_peak_vcpus", f64::from(peak.regional));
        for family in families {
            let vcpus = peak.families.get(family).copied().unwrap_or(0);
            self.push(format!("quota_peak_vcpus.{family}"), f64::from(vcpus));
        }
        self.push("quota_peak_spot_vcpus", f64::from(peak.spot));
        let counts = &recorder.faults;
        self.push("quota_refusals", counts.quota as f64);
        self.push("allocation_failures", counts.allocations.values().sum::<u64>() as f64);
        for code in AllocationCode::ALL {
            let count = counts.allocations.get(&code).copied().unwrap_or(0);
            self.push(format!("allocation_failures.{}", code.name()), count as f64);
        }
        self.push("spot_evictions", counts.evictions as f64);
        self.push("spot_pods_saved_percent", counts.saved_percent());
        self.push("node_failures", counts.failures as f64);
        self.push("node_repairs", counts.repairs as f64);
        self.push("pods_lost", counts.pods_lost as f64);
    }

    fn subnets(&mut self, recorder: &Recorder, world: &World) {
        for ((id, subnet), plan) in world.subnets.iter().zip(&world.plan.cluster.subnets) {
            let known = recorder.addresses.of(id);
            let (name, peak) = (&plan.name, f64::from(known.peak));
            self.push(format!("subnet.{name}.peak_used"), peak);
            self.push(format!("subnet.{name}.peak_percent"), 100.0 * peak / f64::from(subnet.usable()));
            self.push(format!("subnet.{name}.p95_used"), f64::from(known.quantile(recorder.window, 0.95)));
            self.push(format!("subnet.{name}.exhaustions"), f64::from(known.exhaustions));
            self.push(format!("subnet.{name}.first_exhaustion_seconds"), seconds(known.first_exhaustion));
        }
        if world.plan.last_network().0.is_some() {
            let nothing = RangeUse::default();
            let known = recorder.addresses.of_pod_range().unwrap_or(&nothing);
            self.push("pod_cidr.peak_blocks", f64::from(known.peak));
            self.push("pod_cidr.p95_blocks", f64::from(known.quantile(recorder.window, 0.95)));
            self.push("pod_cidr.exhaustions", f64::from(known.exhaustions));
            self.push("pod_cidr.first_exhaustion_seconds", seconds(known.first_exhaustion));
        }
        if world.subnets.iter().any(|(_, subnet)| subnet.purpose == SubnetUse::PodBatches) {
            self.push("pods_waited_for_ip", recorder.counters.pods_waited_for_ip as f64);
            self.push("pods_waiting_for_ip", waits::without_address(world) as f64);
        }
    }

    /// Ways out and in: ports, connections, rules.
    fn outbound(&mut self, recorder: &Recorder, world: &World) {
        let known = &recorder.outbound;
        if world.plan.last_network().0.is_some() {
            self.push("pods_behind_nat_peak", recorder.behind_nat.peak as f64);
        }
        if world.plan.cluster.network.outbound.kind == OutboundType::LoadBalancer {
            self.push("snat.ports_per_node_min", known.fewest_ports.map_or(f64::NAN, f64::from));
        }
        if world.outbound.is_used() {
            let (opened, failed) = (known.opened(), known.failed());
            self.push("snat.busy_percent_max", known.busiest_percent());
            self.push("snat.connections", opened);
            self.push("snat.failed_connections", failed);
            self.push("snat.failed_percent", if opened > 0.0 { 100.0 * failed / opened } else { 0.0 });
            self.push("snat.cut_connections", known.cut());
            self.push("snat.first_failure_seconds", seconds(known.first_failure));
        }
        let ports = front_ends(&world.plan.services)
            .into_iter()
            .map(|(_, services)| services)
            .map(|services| services.iter().map(|service| service.ports).sum::<u32>());
        if let Some(ports) = ports.max() {
            self.push("load_balancer.backends_peak", f64::from(ports * known.most_nodes));
        }
        if !world.front_ends.is_empty() {
            let pending = world.front_ends.iter().filter(|front_end| front_end.address.is_none()).count();
            self.push("front_ends_pending", pending as f64);
        }
    }

    fn operations(&mut self, recorder: &Recorder, world: &World) {
        let window = recorder.window;
        let asked = || {
            let operations = world.operations.iter().map(|(_, operation)| operation);
            operations.filter(move |operation| operation.asked.is_some_and(|at| window.contains(at)))
        };
        let count = |wanted: fn(&OperationState) -> bool| asked().filter(|operation| wanted(&operation.state)).count();
        self.push("operations_succeeded", count(|state| *state == OperationState::Succeeded) as f64);
        self.push("operations_failed", count(|state| matches!(state, OperationState::Failed(_))) as f64);
        self.push("operations_canceled", count(|state| matches!(state, OperationState::Canceled(_))) as f64);
        self.push("operations_refused", count(|state| matches!(state, OperationState::Refused(_))) as f64);
        // The fold of nothing is not a number, as the maximum of that and a number is the number.
        let longest = |is_one: fn(&OperationKind) -> bool| {
            asked().filter_map(|operation| seconds_taken(operation, is_one)).fold(f64::NAN, f64::max)
        };
        self.push("upgrade_seconds", longest(|kind| matches!(kind, OperationKind::Upgrade { .. })));
        self.windows(recorder, world);
        self.push("network_update_seconds", longest(|kind| matches!(kind, OperationKind::UpdateNetwork(_))));
        self.push("migration_seconds", longest(|kind| matches!(kind, OperationKind::Migrate { .. })));
        self.push("surge_cost_usd", surge_cost(world, window).as_f64());
        self.push("surge_vcpus_peak", waits::most_surge_vcpus(world, window) as f64);
        self.push("evictions", recorder.counters.evictions as f64);
        self.push("evictions_refused", recorder.counters.evictions_refused as f64);
        self.push("budgets_violated", recorder.counters.budgets_violated as f64);
        self.push("drains_timed_out", recorder.counters.drains_timed_out as f64);
        for (id, budget) in world.budgets.iter() {
            let plan = &world.plan.budgets[budget.plan];
            let blocker = recorder.activities.blocker(id);
            let name = format!("budget.{}/{}", plan.namespace, plan.name);
            self.push(format!("{name}.held_seconds"), blocker.held.as_secs_f64());
            self.push(format!("{name}.drains_timed_out"), blocker.timed_out as f64);
        }
    }

    /// Whether upgrades fit the maintenance windows that they were asked in; only where the plan has windows.
    fn windows(&mut self, recorder: &Recorder, world: &World) {
        let horizon = recorder.window.to;
        if !world.plan.maintenance.has_windows() {
            return;
        }
        let operations = world.operations.iter().map(|(_, operation)| operation);
        let measured = operations.filter(|operation| operation.asked.is_some_and(|at| recorder.window.contains(at)));
        // Whether an upgrade fits that goes on when the run ends, with its window still open, nobody knows.
        let is_known = |(operation, closes): &(&Operation, SimTime)| {
            operation.state != OperationState::Running || *closes <= horizon
        };
        let windowed = measured.filter_map(|operation| Some((operation, operation.window_closes?)));
        let windowed: Vec<(&Operation, SimTime)> = windowed.filter(is_known).collect();
        let or_nothing = |value: f64| if windowed.is_empty() { f64::NAN } else { value };
        let fits = windowed.iter().all(|(operation, _)| operation.fitted());
        self.push(FITS_WINDOW, or_nothing(f64::from(u8::from(fits))));
        let overrun = |(operation, closes): &(&Operation, SimTime)| {
            let is_refused = matches!(operation.state, OperationState::Refused(_));
            let ended = if is_refused { *closes } else { operation.ended.unwrap_or(horizon) };
            ended.saturating_since(*closes).as_secs_f64()
        };
        self.push("window_overrun_seconds", or_nothing(windowed.iter().map(overrun).fold(0.0, f64::max)));
        let left = windowed.iter().filter_map(|(operation, _)| operation.nodes_left).max();
        self.push("nodes_left_at_window_close", left.map_or(f64::NAN, |nodes| nodes as f64));
    }

    fn median_and_p95(&mut self, name: &str, values: &[f64]) {
        let values = sorted(values);
        self.push(format!("{name}.p50"), quantile(&values, 0.5));
        self.push(format!("{name}.p95"), quantile(&values, 0.95));
    }
}

/// Seconds since the start; not a number where it did not happen.
fn seconds(moment: Option<SimTime>) -> f64 {
    moment.map_or(f64::NAN, SimTime::as_secs_f64)
}

/// Work demanded and served up to `at`, a moment before which nothing changed since the last settlement.
fn work_until(ledger: &CpuLedger, at: SimTime) -> (CoreSeconds, CoreSeconds) {
    let since = at.saturating_since(ledger.settled);
    (ledger.wanted_work + ledger.wanted.over(since), ledger.served_work + ledger.served.over(since))
}

/// What surge nodes, and green nodes while the blue ones are there, cost in the measured time with their disks.
fn surge_cost(world: &World, window: Window) -> Usd {
    let cost = |(_, node): (NodeId, &Node)| {
        let until = node.surge_until()?.min(window.to).max(window.from);
        let scale_set = world.pool_plan(node.pool).scale_set.as_ref()?;
        let time = billing::billed_time(node, window.from, until);
        Some(scale_set.vm_price.over(time) + scale_set.os_disk_price.over(time))
    };
    world.nodes.iter().filter_map(cost).sum()
}

/// How long an operation of a kind took that succeeded; `None` for any other operation.
fn seconds_taken(operation: &Operation, is_one: fn(&OperationKind) -> bool) -> Option<f64> {
    let succeeded = operation.state == OperationState::Succeeded && is_one(&operation.request.kind);
    let asked = operation.asked.filter(|_| succeeded)?;
    Some(operation.ended?.since(asked).as_secs_f64())
}
