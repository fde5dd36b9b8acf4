//! A made-up result with everything in it, for the tests of this room. No simulation has seen these numbers.

use crate::catalog::{AutoscalerProfile, Catalog, KubernetesVersion, OsDisk, OsImage, Region, Setup, Tier, Timings};
use crate::experiment::{ExperimentResult, PointResult, SummaryRow, Verdict};
use crate::kernel::SimDuration;
use crate::observe::{
    ActivityRow, AddressRow, CostRow, Detail, NodeRow, OperationRow, PORTS_BUSY, PORTS_FAILING, PodRow, RunResult,
    Series,
};
use crate::scenario::plan::{
    ClusterCharges, ClusterPlan, Comparison, Expectation, IntOrPercent, NetworkModel, NetworkPlan, OutboundPlan, Plan,
    Point, PoolMode, PoolPlan, ScaleSetPlan, SeedRange, Study, SubnetPlan, UpgradeSettings,
};
use crate::units::{Resources, UsdPerHour};
use std::collections::BTreeMap;
use std::sync::Arc;

const VERSION: KubernetesVersion = KubernetesVersion::minor(34);
const HOURS: usize = 168;

/// Two variants, D-series the baseline and B-series, without a sweep.
pub fn two_variants(seeds: u64) -> ExperimentResult {
    result(&[("D-series", false), ("B-series", true)], &[], seeds)
}

/// Two variants at every one of the `counts`.
pub fn sweep(counts: &[u32], seeds: u64) -> ExperimentResult {
    result(&[("D-series", false), ("B-series", true)], counts, seeds)
}

fn result(variants: &[(&str, bool)], counts: &[u32], seeds: u64) -> ExperimentResult {
    let mut points = Vec::new();
    let mut results = Vec::new();
    for (variant, burstable) in variants {
        for count in if counts.is_empty() { &[6] } else { counts } {
            let path = "cluster.agentPoolProfiles[apps].maxCount".to_owned();
            let sweep = if counts.is_empty() { Vec::new() } else { vec![(path, count.to_string())] };
            let plan = Arc::new(plan(*burstable));
            let runs = (1..=seeds).map(|seed| run(seed, *burstable, f64::from(*count))).collect();
            results.push(PointResult { point: points.len(), runs });
            points.push(Point { variant: (*variant).to_owned(), sweep, plan });
        }
    }
    let study = Study {
        name: "store-b-vs-d".to_owned(),
        description: "Does the store fit on burstable nodes, and what does that save?".to_owned(),
        hash: "3f2a9c01d4e5b678".to_owned(),
        seeds: SeedRange { first: 1, count: seeds },
        points,
        baseline: Some(variants[0].0.to_owned()),
        expect: Vec::new(),
    };
    let mut result =
        ExperimentResult { study: Arc::new(study), points: results, summary: Vec::new(), verdicts: Vec::new() };
    result.summary = summary(&result);
    result.verdicts = verdicts(&result);
    result
}

fn plan(burstable: bool) -> Plan {
    let size = Catalog::get().vm_size(if burstable { "Standard_B4ms" } else { "Standard_D4s_v5" }).unwrap();
    let pool = PoolPlan {
        name: "apps".to_owned(),
        mode: PoolMode::User,
        scale_set: Some(ScaleSetPlan {
            vm: size,
            os_disk: OsDisk::choose(size, None, None).unwrap(),
            subnet: 0,
            pod_subnet: None,
            vm_price: UsdPerHour::from_dollars(if burstable { 0.166 } else { 0.192 }).unwrap(),
            os_disk_price: UsdPerHour::from_dollars(0.027).unwrap(),
        }),
        count: 3,
        from_start: true,
        scale_down_mode: crate::scenario::plan::ScaleDownMode::Delete,
        autoscaling: None,
        max_pods: 110,
        labels: BTreeMap::new(),
        taints: Vec::new(),
        zones: Vec::new(),
        spot: false,
        eviction: crate::catalog::SpotEvictionPolicy::default(),
        version: VERSION,
        upgrade: UpgradeSettings { max_surge: IntOrPercent::Percent(33), ..UpgradeSettings::default() },
        allocatable: Resources::default(),
    };
    Plan {
        start: "2026-03-02T00:00:00[UTC]".parse().unwrap(),
        duration: SimDuration::from_hours(HOURS as u64),
        warmup: SimDuration::from_hours(24),
        cluster: ClusterPlan {
            resource_group: "shop".to_owned(),
            name: "store".to_owned(),
            node_resource_group: "MC_shop_store_eastus".to_owned(),
            location: Region::ALL[0],
            tier: Tier::Standard,
            scaling: None,
            long_term_support: false,
            version: VERSION,
            network: NetworkPlan {
                model: NetworkModel::AzureNodeSubnet,
                pod_cidr: None,
                routes_per_table: 400,
                size_check: crate::scenario::plan::SubnetSizeCheck::default(),
                private_cluster: false,
                service_cidr: "10.0.0.0/16".parse().unwrap(),
                dns_service_ip: "10.0.0.10".parse().unwrap(),
                outbound: OutboundPlan::load_balancer(1),
                own_vnet: None,
            },
            subnets: vec![SubnetPlan { name: "nodes".to_owned(), prefix: "10.224.0.0/24".parse().unwrap() }],
            pools: vec![pool],
            brought: Vec::new(),
            system_workloads: true,
            scale_in: crate::scenario::plan::ScaleInPolicy::default(),
            conflicts: crate::scenario::plan::Conflicts::default(),
            autoscaler: AutoscalerProfile::default(),
            scheduler: crate::scenario::plan::SchedulerPlan::default(),
            charges: ClusterCharges::default(),
        },
        workloads: Vec::new(),
        budgets: Vec::new(),
        claims: Vec::new(),
        services: Vec::new(),
        api_usage: Vec::new(),
        operations: Vec::new(),
        quota: crate::scenario::plan::QuotaPlan::default(),
        faults: Vec::new(),
        maintenance: crate::scenario::plan::MaintenancePlan::default(),
        access: crate::scenario::plan::AccessPlan::default(),
        timings: Timings::defaults(Setup { image: OsImage::Ubuntu2404, ..Setup::of(VERSION) }),
    }
}

/// A number between 0 and 1 that looks random and never changes.
fn noise(seed: u64, salt: u64) -> f64 {
    let hash = xxhash_rust::xxh3::xxh3_64_with_seed(&salt.to_le_bytes(), seed);
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

fn run(seed: u64, burstable: bool, count: f64) -> RunResult {
    let (series, unserved) = series(seed, burstable, count);
    let saving = if burstable { 0.86 } else { 1.0 };
    let vm = saving * (300.0 + 22.0 * count + 14.0 * noise(seed, 1));
    let slow = 30.0 + 400.0 / count + 25.0 * noise(seed, 2);
    let throttled = if burstable { 14.0 * noise(seed, 3) } else { 0.0 };
    let metrics: Vec<(&str, f64)> = vec![
        ("cost_month_usd", vm + 39.42 + 98.55),
        ("cost_vm_month_usd", vm),
        ("cost_os_disk_month_usd", 39.42),
        ("cost_cluster_month_usd", 98.55),
        ("cpu_unserved_percent", unserved),
        ("throttled_node_hours", throttled),
        ("pod_pending_seconds.p95", slow),
        ("nodes_mean", 3.2 + noise(seed, 5)),
        ("nodes_peak", count.min(6.0)),
        ("subnet.nodes.peak_used", 31.0 * count.min(6.0)),
        ("snat.failed_percent", 0.0),
        ("node_ready_seconds.p95", if seed == 2 { f64::NAN } else { 160.0 }),
    ];
    let pending = (0..60).map(|pod| {
        let luck = noise(seed, 100 + pod);
        if luck < 0.8 { 0.03 + luck * 0.2 } else { slow * (0.5 + 3.0 * (luck - 0.8)) }
    });
    let boots = (0..8).map(|boot| {
        let medians = [1.5, 15.0, 12.0, 31.8, 0.94, 3.27, 2.0, 28.0, 0.0];
        medians
            .iter()
            .enumerate()
            .map(|(stage, median)| median * (0.5 + 1.4 * noise(seed, boot * 10 + stage as u64)))
            .collect()
    });
    RunResult {
        operation_errors: Vec::new(),
        seed,
        events: 120_000 + seed,
        fingerprint: noise(seed, 77).to_bits(),
        metrics: metrics.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        series,
        pending_seconds: pending.collect(),
        boots: boots.collect(),
        detail: (seed == 1).then(detail),
    }
}

fn series(seed: u64, burstable: bool, count: f64) -> (Series, f64) {
    let hours: Vec<f64> = (0..=2 * HOURS).map(|half| half as f64 / 2.0).collect();
    let mut columns: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let (mut bank, mut wanted, mut lacking) = (0.55_f64, 0.0, 0.0);
    for (row, hour) in hours.iter().enumerate() {
        let day = 0.5 - 0.5 * libm::cos((hour - 2.0) / 24.0 * std::f64::consts::TAU);
        let demand = 1.0 + 9.0 * day * (0.9 + 0.2 * noise(seed, row as u64));
        let nodes = (2.0 + demand / 2.6 + 0.4 * noise(seed, 900 + row as u64)).floor().min(count);
        bank = (bank + if burstable { (0.4 - day) * 0.06 } else { 0.0 }).clamp(0.0, 1.0);
        let served = if burstable && bank <= 0.0 { demand.min(6.5) } else { demand };
        wanted += demand;
        lacking += demand - served;
        let pending = if noise(seed, 5000 + row as u64) > 0.93 { 3.0 } else { 0.0 };
        let mut push = |name, value| columns.entry(name).or_default().push(value);
        push("nodes_ready", nodes);
        push("nodes_total", nodes);
        push("pods_ready", (8.0 + demand * 2.0).floor());
        push("pods_pending", pending);
        push("cpu_demand_cores", demand);
        push("cpu_served_cores", served);
        push("usd_per_hour", nodes * 0.192 + 0.1);
        push("ip_used.nodes", nodes * 31.0);
        push(PORTS_BUSY, 10.0 * demand);
        push(PORTS_FAILING, (demand - 9.0).max(0.0));
        if burstable {
            push("credits_percent", 100.0 * bank);
        }
    }
    let columns = columns.into_iter().map(|(name, values)| (name.to_owned(), values)).collect();
    (Series { hours, columns }, 100.0 * lacking / wanted)
}

fn detail() -> Detail {
    let node = NodeRow {
        node: "aks-apps-12345678-vmss000000".to_owned(),
        pool: "apps".to_owned(),
        vm_size: "Standard_B4ms".to_owned(),
        zone: None,
        surge: false,
        version: "1.34".to_owned(),
        requested_s: 0.0,
        request_accepted_s: 1.5,
        vm_provisioned_s: 15.0,
        os_booted_s: 12.25,
        bootstrapped_s: 31.800_000_1,
        runtime_started_s: 0.94,
        kubelet_started_s: 3.27,
        registered_s: 2.0,
        network_ready_s: 28.0,
        untainted_s: 0.0,
        ready_s: Some(94.76),
        removed_s: None,
        reason: String::new(),
    };
    let pod = PodRow {
        namespace: "default".to_owned(),
        pod: "store-front-5d9c7b8f6d-x2x7k".to_owned(),
        workload: "Deployment/store-front".to_owned(),
        node: node.node.clone(),
        created_s: 0.1 + 0.2,
        scheduled_s: Some(0.5),
        pulled_s: Some(9.0),
        started_s: Some(10.0),
        ready_s: Some(20.0),
        ended_s: None,
        pending_reason: "0/2 nodes are available: 2 Insufficient cpu.".to_owned(),
    };
    let address = AddressRow {
        subnet: "nodes".to_owned(),
        time_s: 0.0,
        used: 31,
        usable: 251,
        node: node.node.clone(),
        change: 31,
    };
    let operation = OperationRow {
        operation: "scale pool system to 3".to_owned(),
        asked_s: 345_600.0,
        asked_by: String::new(),
        answer: "Accepted".to_owned(),
        code: String::new(),
        message: String::new(),
        ended_s: Some(345_720.0),
        outcome: "Succeeded".to_owned(),
        window_closes_s: None,
    };
    let cost = CostRow {
        pool: "apps".to_owned(),
        meter: "vm".to_owned(),
        hours: 432.0,
        usd_per_hour: 0.192,
        usd: 82.944,
        idle_share: Some(1.0 / 3.0),
    };
    let activity = |activity: &str, from_s: f64, to_s: f64| ActivityRow {
        node: node.node.clone(),
        pool: node.pool.clone(),
        activity: activity.to_owned(),
        from_s,
        to_s,
        held_by: if activity == "held" { "default/store-front".to_owned() } else { String::new() },
    };
    let activities = vec![
        activity("drain", 345_601.0, 345_650.0),
        activity("held", 345_605.0, 345_640.0),
        activity("reimage", 345_650.0, 345_700.0),
        activity("soak", 345_700.0, 345_720.0),
    ];
    Detail {
        activities,
        nodes: vec![node.clone(), node],
        pods: vec![pod],
        addresses: vec![address],
        operations: vec![operation],
        costs: vec![cost],
    }
}

fn summary(result: &ExperimentResult) -> Vec<SummaryRow> {
    let mut rows = Vec::new();
    let values = |point: usize, metric: &str| -> Vec<f64> {
        result.points[point].runs.iter().filter_map(|run| run.metric(metric)).collect()
    };
    for (index, point) in result.study.points.iter().enumerate() {
        let base = result.study.points.iter().position(|other| other.sweep == point.sweep).unwrap();
        for (metric, _) in &result.points[index].runs[0].metrics {
            let own = values(index, metric);
            rows.push(row(point, metric, "", &own));
            if base != index {
                let pairs = own.iter().zip(values(base, metric)).map(|(own, other)| own - other).collect::<Vec<_>>();
                rows.push(row(point, metric, &result.study.points[base].variant, &pairs));
            }
        }
    }
    rows
}

fn row(point: &Point, metric: &str, minus: &str, values: &[f64]) -> SummaryRow {
    let mut values: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let n = values.len();
    let mean = values.iter().sum::<f64>() / n as f64;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    let stddev = if n > 1 { (squares / (n - 1) as f64).sqrt() } else { 0.0 };
    let half = 2.0 * stddev / (n as f64).sqrt();
    let at = |share: f64| values[(share * (n - 1) as f64).round() as usize];
    SummaryRow {
        variant: point.variant.clone(),
        sweep: super::headline::sweep_text(point),
        metric: metric.to_owned(),
        minus: minus.to_owned(),
        mean,
        stddev,
        ci95_low: mean - half,
        ci95_high: mean + half,
        p5: at(0.05),
        p50: at(0.5),
        p95: at(0.95),
        n: n as u64,
    }
}

fn verdicts(result: &ExperimentResult) -> Vec<Verdict> {
    let expectation = Expectation {
        text: "pod_pending_seconds.p95 <= 112".to_owned(),
        metric: "pod_pending_seconds.p95".to_owned(),
        comparison: Comparison::LessOrEqual,
        limit: 112.0,
    };
    let mean = |index: usize| {
        let runs = &result.points[index].runs;
        runs.iter().filter_map(|run| run.metric(&expectation.metric)).sum::<f64>() / runs.len() as f64
    };
    let verdict = |index: usize| Verdict {
        point: index,
        expectation: expectation.clone(),
        value: Some(mean(index)),
        holds: mean(index) <= 112.0,
    };
    (0..result.points.len()).map(verdict).collect()
}
