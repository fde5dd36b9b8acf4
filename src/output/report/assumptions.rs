//! The figures from outside that a result rests on, as lines of the report: prices, VM sizes, stage durations, AKS's own workloads.

use crate::catalog::{Catalog, OsDiskKind, Plugins, Price, PriceKind, Stage, SystemWorkload, VmSize};
use crate::output::number::{grouped, plain};
use crate::scenario::plan::{NetworkModel, Plan, PoolPlan, Study};
use crate::units::UsdPerHour;
use indexmap::IndexMap;

/// A price in force.
pub(super) struct PriceLine {
    pub what: String,
    pub in_force: String,
    pub date: String,
    pub basis: &'static str,
    pub source: String,
}

/// A VM size in use.
pub(super) struct SizeLine {
    pub name: String,
    pub vcpus: u32,
    pub memory: String,
    pub credits: String,
    pub source: String,
}

/// A stage of node or pod life.
pub(super) struct StageLine {
    pub name: String,
    pub meaning: String,
    pub median: String,
    pub p95: String,
    pub basis: &'static str,
    pub evidence: String,
}

/// A workload of AKS's own.
pub(super) struct SystemLine {
    pub name: String,
    pub cpu_request: String,
    pub memory_request: String,
    pub cpu_used: String,
    pub basis: &'static str,
    pub source: String,
}

/// Every price that any point pays, each once.
pub(super) fn prices(study: &Study) -> Vec<PriceLine> {
    let plans = study.points.iter().map(|point| &point.plan);
    let pools = plans.clone().flat_map(|plan| plan.cluster.pools.iter().flat_map(|pool| pool_prices(plan, pool)));
    let lines = pools.chain(plans.flat_map(|plan| cluster_prices(plan)));
    let mut once = IndexMap::new();
    for line in lines {
        once.entry((line.what.clone(), line.in_force.clone())).or_insert(line);
    }
    once.into_values().collect()
}

fn pool_prices(plan: &Plan, pool: &PoolPlan) -> Vec<PriceLine> {
    let (catalog, region) = (Catalog::get(), plan.cluster.location);
    let (kind, terms) = if pool.spot { (PriceKind::Spot, "spot") } else { (PriceKind::PayAsYouGo, "pay as you go") };
    let Some(scale_set) = &pool.scale_set else {
        return Vec::new(); // Nodes that are brought along cost nothing.
    };
    let name = &scale_set.vm.name;
    let what = format!("{name} in {}, {terms}", region.name());
    let mut lines = vec![price_line(what, scale_set.vm_price, catalog.vm_price(name, region, kind))];
    if let OsDiskKind::Managed(sku) = scale_set.os_disk.kind {
        let what = format!("OS disk {sku} in {}", region.name());
        lines.push(price_line(what, scale_set.os_disk_price, Some(catalog.disk_price(sku, region))));
    }
    lines
}

fn cluster_prices(plan: &Plan) -> Vec<PriceLine> {
    let (catalog, cluster) = (Catalog::get(), &plan.cluster);
    let region = cluster.location;
    let tier = format!("{} tier in {}", cluster.tier.name(), region.name());
    let addresses = format!("public addresses in {}, together", region.name());
    let gateway = format!("NAT gateway in {}, without its addresses", region.name());
    let charges = [
        (tier, cluster.charges.tier, catalog.tier_price(cluster.tier, region)),
        (
            "standard load balancer with its rules".to_owned(),
            cluster.charges.load_balancer,
            catalog.load_balancer_price(),
        ),
        (
            "internal load balancer with its rules".to_owned(),
            cluster.charges.internal_load_balancer,
            catalog.load_balancer_price(),
        ),
        (gateway, cluster.charges.nat_gateway, catalog.nat_gateway_price(region)),
        (addresses, cluster.charges.public_ips, catalog.public_ip_price(region)),
    ];
    let charged = charges.into_iter().filter(|(_, in_force, _)| *in_force != UsdPerHour::ZERO);
    charged.map(|(what, in_force, list)| price_line(what, in_force, Some(list))).collect()
}

/// A price with where it comes from; a price that the catalogue does not have comes from the scenario.
fn price_line(what: String, in_force: UsdPerHour, list: Option<Price>) -> PriceLine {
    let in_force = plain(in_force.as_f64());
    match list {
        Some(list) => PriceLine { what, in_force, date: list.date, basis: list.basis.name(), source: list.source },
        None => {
            let (date, source) = ("–".to_owned(), "the scenario".to_owned());
            PriceLine { what, in_force, date, basis: "assumption", source }
        }
    }
}

/// Every VM size of any pool, each once.
pub(super) fn sizes(study: &Study) -> Vec<SizeLine> {
    let pools = study.points.iter().flat_map(|point| &point.plan.cluster.pools);
    let vms = pools.filter_map(|pool| pool.scale_set.as_ref()).map(|scale_set| scale_set.vm);
    let sizes: IndexMap<&str, &VmSize> = vms.map(|vm| (vm.name.as_str(), vm)).collect();
    sizes.into_values().map(size_line).collect()
}

fn size_line(vm: &VmSize) -> SizeLine {
    let credits = vm.burst.map(|burst| {
        let baseline = plain(f64::from(burst.credits_per_hour) / 60.0);
        let (hourly, most) = (burst.credits_per_hour, burst.max_banked_credits);
        format!("baseline {baseline} vCPU: {hourly} an hour, {} at start, {most} at most", burst.initial_credits)
    });
    SizeLine {
        name: vm.name.clone(),
        vcpus: vm.vcpus,
        memory: format!("{} GiB", plain(vm.memory.get() as f64 / f64::from(1 << 30))),
        credits: credits.unwrap_or_else(|| "not burstable".to_owned()),
        source: vm.source.clone(),
    }
}

/// The stages in force, each once; one that differs between points has a line for each distribution.
pub(super) fn stages(study: &Study) -> Vec<StageLine> {
    let mut once = IndexMap::new();
    for plan in study.points.iter().map(|point| &point.plan) {
        for line in plan.timings.stages().into_iter().map(stage_line) {
            once.entry((line.name.clone(), line.median.clone(), line.p95.clone())).or_insert(line);
        }
    }
    once.into_values().collect()
}

fn stage_line(stage: Stage) -> StageLine {
    let unit = if stage.name.contains("_mb_s") { "MB/s" } else { "s" };
    let show = |share: f64| match stage.dist.quantile(share) {
        // Pods that use up their grace period are drawn as far longer than any, to be cut to it.
        value if value >= 1e5 => "grace period".to_owned(),
        value if value >= 100.0 => format!("{} {unit}", grouped(value, 0)),
        value => format!("{} {unit}", plain((value * 100.0).round() / 100.0)),
    };
    let (median, p95) = (show(0.5), show(0.95));
    let Stage { name, meaning, basis, evidence, .. } = stage;
    StageLine { name, meaning, median, p95, basis: basis.name(), evidence }
}

/// What AKS installs with the network plugins of the study.
pub(super) fn system_workloads(study: &Study) -> Vec<SystemLine> {
    let clusters = study.points.iter().map(|point| &point.plan.cluster).filter(|cluster| cluster.system_workloads);
    let models: Vec<NetworkModel> = clusters.map(|cluster| cluster.network.model).collect();
    let azure = models.iter().any(|model| *model != NetworkModel::Kubenet);
    let installed = |workload: &&SystemWorkload| !models.is_empty() && (azure || workload.plugins == Plugins::All);
    Catalog::get().system_workloads().iter().filter(installed).map(system_line).collect()
}

fn system_line(workload: &SystemWorkload) -> SystemLine {
    SystemLine {
        name: workload.name.clone(),
        cpu_request: format!("{} m", plain(workload.cpu_request.as_cores() * 1e3)),
        memory_request: format!("{} MiB", workload.memory_request.get() >> 20),
        cpu_used: format!("{} m", plain(workload.cpu_used.as_cores() * 1e3)),
        basis: workload.basis.name(),
        source: workload.source.clone(),
    }
}
