//! Node pools: size, bounds, disk, subnet, labels and taints, upgrade settings.

use super::{Resolver, gateway, pod_subnet, price, upgrade};
use crate::catalog::{
    Catalog, KubernetesVersion, OsDisk, OsDiskKind, Region, SPOT_LABEL, SpotEvictionPolicy, SpotMaxPrice, VmSize,
    limits, reservations,
};
use crate::scenario::plan::{
    AutoscalingRange, Conflicts, MODE_LABEL, NetworkModel, PoolMode, PoolPlan, ScaleDownMode, ScaleSetPlan, SubnetPlan,
    Taint, TaintEffect, UpgradeSettings,
};
use crate::scenario::spec::{AgentPoolSpec, FaultSpec, MISSING, MigrateSpec, OperationSpec, ScenarioSpec};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

const POOLS: &str = "/cluster/agentPoolProfiles";

/// What a pool lives in.
pub struct Surroundings<'a> {
    pub location: Region,
    pub version: KubernetesVersion,
    pub node_resource_group: &'a str,
    pub model: NetworkModel,
    pub subnets: &'a [SubnetPlan],
    pub conflicts: Conflicts,
}

/// A pool as it is written, and where.
pub struct Written<'a> {
    pub spec: Cow<'a, AgentPoolSpec>,
    pub pointer: String,
    /// False for a pool that an operation adds.
    pub from_start: bool,
}

/// Every pool that exists at some time: those of the cluster, then those that operations add, in the order of their moments.
pub fn written(spec: &ScenarioSpec) -> Vec<Written<'_>> {
    let of_cluster = spec.cluster.pools().iter().enumerate().map(|(index, pool)| Written {
        spec: Cow::Borrowed(pool),
        pointer: format!("{POOLS}/{index}"),
        from_start: true,
    });
    let mut pools: Vec<Written<'_>> = of_cluster.collect();
    let mut operations: Vec<(usize, &OperationSpec)> = spec.operations.iter().flatten().enumerate().collect();
    operations.sort_by_key(|(_, operation)| operation.at.0);
    for (index, operation) in operations {
        if let Some(added) = &operation.add_pool {
            let pointer = format!("/operations/{index}/addPool");
            pools.push(Written { spec: Cow::Borrowed(added), pointer, from_start: false });
        }
        if let Some(migrate) = &operation.migrate
            && let Some(old) = pools.iter().position(|pool| pool.spec.name == migrate.pool)
        {
            let pointer = format!("/operations/{index}/migrate/to");
            let spec = Cow::Owned(migrated(&pools[old].spec, old == 0, migrate));
            pools.push(Written { spec, pointer, from_start: false });
        }
    }
    pools
}

/// The pool that takes over: as the old one, but for what is written. It has the control plane's version.
fn migrated(old: &AgentPoolSpec, first: bool, migrate: &MigrateSpec) -> AgentPoolSpec {
    AgentPoolSpec {
        name: migrate.to.name.clone(),
        mode: Some(old.mode.clone().unwrap_or_else(|| default_mode(first).to_owned())),
        vm_size: migrate.to.vm_size.clone(),
        count: migrate.to.count.or(old.count),
        orchestrator_version: None,
        // The old disk may not fit the new size; AKS chooses again unless its type was asked for.
        ..old.clone()
    }
}

const fn default_mode(first: bool) -> &'static str {
    if first { "System" } else { "User" }
}

/// Resolves all pools, sorted by name.
pub fn resolve_all(
    resolver: &mut Resolver<'_>,
    spec: &ScenarioSpec,
    around: &Surroundings<'_>,
) -> Option<Vec<PoolPlan>> {
    let written = written(spec);
    if written.is_empty() && spec.cluster.nodes.is_some() {
        return Some(Vec::new());
    }
    if spec.cluster.agent_pool_profiles.is_none() {
        let remedy = "add agentPoolProfiles, or nodes: {file: nodes.csv} for nodes of your own";
        resolver.error(POOLS, MISSING, "is missing", remedy);
        return None;
    }
    let mut pools = Vec::new();
    for (index, Written { spec: pool, pointer, from_start }) in written.iter().enumerate() {
        if written[..index].iter().any(|other| other.spec.name == pool.name) {
            resolver.error(
                &format!("{pointer}/name"),
                "scenario::duplicate",
                format!("a second pool {}", pool.name),
                "give it another name",
            );
        }
        let context = Context { resolver, spec, around, pool, pointer, first: index == 0, from_start: *from_start };
        pools.extend(context.resolve());
    }
    let complete = pools.len() == written.len();
    if complete && !pools.iter().any(|pool| pool.from_start && pool.mode == PoolMode::System) {
        resolver.error(
            POOLS,
            "scenario::system_pool",
            "found no pool with mode: System",
            "give one pool mode: System; AKS needs it for its own pods",
        );
    }
    if written.len() > limits::POOLS_PER_CLUSTER {
        resolver.error(POOLS, "scenario::pool_count", format!("found {} pools", written.len()), "write at most 100");
    }
    pod_subnet::check(resolver, &written, &pools, around.model, around.subnets);
    pools.sort_by(|a, b| a.name.cmp(&b.name));
    complete.then_some(pools)
}

/// One pool and where it stands.
pub(super) struct Context<'a, 'b> {
    pub(super) resolver: &'a mut Resolver<'b>,
    pub(super) spec: &'a ScenarioSpec,
    around: &'a Surroundings<'a>,
    pub(super) pool: &'a AgentPoolSpec,
    pub(super) pointer: &'a str,
    first: bool,
    from_start: bool,
}

impl Context<'_, '_> {
    fn resolve(mut self) -> Option<PoolPlan> {
        self.name();
        let mode = self.mode();
        let vm = self.vm_size();
        let eviction = self.spot_price();
        let spot = self.spot(mode, vm);
        let autoscaling = self.autoscaling();
        let count = self.count(autoscaling);
        let max_pods = self.max_pods(mode);
        let subnet = self.subnet();
        let pod_subnet = pod_subnet::resolve(&mut self);
        let taints = self.taints(mode, spot);
        let zones = self.zones();
        let upgrade = upgrade::settings(&mut self, spot);
        self.operating_system();
        let version = self.pool.orchestrator_version.map_or(self.around.version, |version| version.0);
        // A pool that comes later may be newer: the control plane may have been upgraded by then.
        if self.from_start && version > self.around.version {
            let found = format!("pool version {version} is newer than the control plane's {}", self.around.version);
            self.error(
                "orchestratorVersion",
                "scenario::pool_version",
                found,
                "write the cluster's version or an older one",
            );
        }
        let (mode, vm) = (mode?, vm?);
        self.warn_about(mode, vm, count);
        self.warn_of_unavailable(mode, upgrade);
        self.warn_of_few_pods(count, max_pods);
        let os_disk = self.os_disk(vm)?;
        let scale_down_mode = self.scale_down_mode(&os_disk);
        if eviction == SpotEvictionPolicy::Deallocate && os_disk.kind == OsDiskKind::Ephemeral {
            let found = "VMs with an ephemeral OS disk cannot be deallocated";
            self.error(
                "scaleSetEvictionPolicy",
                "scenario::eviction_policy",
                found,
                "add osDiskType: Managed, or write Delete",
            );
        }
        let vm_price = price::vm(self.resolver, self.spec, vm, spot, self.around.location, self.pointer)?;
        Some(PoolPlan {
            name: self.pool.name.clone(),
            mode,
            from_start: self.from_start,
            count,
            scale_down_mode,
            autoscaling,
            max_pods,
            labels: self.labels(mode, vm, spot),
            taints: taints?,
            zones: zones?,
            spot,
            eviction,
            version,
            upgrade: upgrade?,
            allocatable: reservations::allocatable(
                version,
                vm,
                max_pods,
                os_disk.size,
                self.around.conflicts.decimal_reservations,
            ),
            scale_set: Some(ScaleSetPlan {
                vm,
                os_disk,
                subnet: subnet?,
                pod_subnet: pod_subnet?,
                vm_price,
                os_disk_price: price::os_disk(self.spec, &os_disk, self.around.location),
            }),
        })
    }

    pub(super) fn error(
        &mut self,
        field: &str,
        code: &'static str,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.resolver.error(&format!("{}/{field}", self.pointer), code, found, remedy);
    }

    pub(super) fn note(&mut self, field: &str, code: &'static str, found: impl Into<String>) {
        self.resolver.note(&format!("{}/{field}", self.pointer), code, found);
    }

    pub(super) fn warn(
        &mut self,
        field: &str,
        code: &'static str,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.resolver.warn(&format!("{}/{field}", self.pointer), code, found, remedy);
    }

    fn name(&mut self) {
        if !limits::is_pool_name(&self.pool.name) {
            let remedy = "write a lower-case letter, then up to eleven lower-case letters and digits";
            self.error("name", "scenario::pool_name", format!("found \"{}\"", self.pool.name), remedy);
        }
    }

    fn mode(&mut self) -> Option<PoolMode> {
        let text = self.pool.mode.as_deref().unwrap_or(default_mode(self.first));
        let pointer = format!("{}/mode", self.pointer);
        let gateway = PoolMode::Gateway { addresses: gateway::addresses(self) };
        let choices = [("System", PoolMode::System), ("User", PoolMode::User), ("Gateway", gateway)];
        let mode = self.resolver.choice(&pointer, "scenario::mode", text, &choices)?;
        if mode != gateway && self.pool.gateway_profile.is_some() {
            let found = format!("a gateway profile of a pool with mode {}", mode.name());
            self.error("gatewayProfile", "scenario::gateway", found, "write mode: Gateway, or remove it");
        }
        Some(mode)
    }

    fn vm_size(&mut self) -> Option<&'static VmSize> {
        let catalog = Catalog::get();
        let found = catalog.vm_size(&self.pool.vm_size);
        if found.is_none() {
            let remedy = match catalog.closest_vm_size(&self.pool.vm_size) {
                Some(known) => format!("did you mean {known}?"),
                None => "aksim vm list shows the known sizes".to_owned(),
            };
            self.error("vmSize", "scenario::vm_size", format!("unknown VM size {}", self.pool.vm_size), remedy);
        }
        found
    }

    /// True for a spot pool. Sources: azure-aks-docs, use-system-pools.md, 2026-04-30; azure-docs, spot-vms.md, 2020-10-05 (B-series).
    fn spot(&mut self, mode: Option<PoolMode>, vm: Option<&VmSize>) -> bool {
        let Some(text) = &self.pool.scale_set_priority else {
            return false;
        };
        let pointer = format!("{}/scaleSetPriority", self.pointer);
        let spot = self
            .resolver
            .choice(&pointer, "scenario::priority", text, &[("Regular", false), ("Spot", true)])
            .unwrap_or(false);
        if spot && matches!(mode, Some(PoolMode::System)) {
            let remedy = "write scaleSetPriority: Regular, or mode: User";
            self.error("scaleSetPriority", "scenario::priority", "a system pool cannot be a spot pool", remedy);
        }
        if let Some(vm) = vm.filter(|vm| spot && vm.burst.is_some()) {
            let found = format!("{} is burstable, of which there are no spot instances", vm.name);
            self.error("vmSize", "scenario::priority", found, "write another size, or scaleSetPriority: Regular");
        }
        spot
    }

    /// Price and fate of spot instances. Source: azure-aks-docs, spot-node-pool.md, 2025-04-06.
    fn spot_price(&mut self) -> SpotEvictionPolicy {
        if let Some(written) = &self.pool.spot_max_price {
            let price = written.as_f64().ok_or_else(|| format!("found {written}, write a number such as -1 or 0.5"));
            if let Err(wrong) = price.and_then(|number| SpotMaxPrice::of(number).map_err(|error| error.to_string())) {
                self.error("spotMaxPrice", "scenario::spot_max_price", wrong, "");
            }
        }
        let Some(text) = &self.pool.scale_set_eviction_policy else {
            return SpotEvictionPolicy::default();
        };
        let pointer = format!("{}/scaleSetEvictionPolicy", self.pointer);
        let policy = self.resolver.choice(&pointer, "scenario::eviction_policy", text, &SpotEvictionPolicy::ALL);
        policy.unwrap_or_default()
    }

    fn autoscaling(&mut self) -> Option<AutoscalingRange> {
        if !self.pool.enable_auto_scaling.unwrap_or(false) {
            if let Some(field) = [("minCount", self.pool.min_count), ("maxCount", self.pool.max_count)]
                .into_iter()
                .find(|(_, v)| v.is_some())
            {
                self.error(
                    field.0,
                    "scenario::autoscaling",
                    "has no effect without the autoscaler",
                    "add enableAutoScaling: true, or remove it",
                );
            }
            return None;
        }
        let (Some(min), Some(max)) = (self.pool.min_count, self.pool.max_count) else {
            self.error("enableAutoScaling", "scenario::autoscaling", "found no minCount or no maxCount", "add both");
            return None;
        };
        if min > max {
            self.error(
                "minCount",
                "scenario::min_max",
                format!("minCount {min} is more than maxCount {max}"),
                "write at most maxCount",
            );
        }
        if max > limits::NODES_PER_POOL {
            self.error(
                "maxCount",
                "scenario::pool_nodes",
                format!("found {max}"),
                "write at most 1000: a scale set holds no more",
            );
        }
        Some(AutoscalingRange { min, max })
    }

    fn count(&mut self, autoscaling: Option<AutoscalingRange>) -> u32 {
        let count = self.pool.count.unwrap_or_else(|| autoscaling.map_or(1, |range| range.min));
        if count > limits::NODES_PER_POOL {
            self.error(
                "count",
                "scenario::pool_nodes",
                format!("found {count}"),
                "write at most 1000: a scale set holds no more",
            );
        }
        if let Some(range) =
            autoscaling.filter(|range| range.min <= range.max && !(range.min..=range.max).contains(&count))
        {
            let found = format!("count {count} lies outside {} to {}", range.min, range.max);
            self.warn("count", "scenario::count_range", found, "the autoscaler moves only within its bounds");
        }
        count
    }

    fn max_pods(&mut self, mode: Option<PoolMode>) -> u32 {
        let default = match self.around.model {
            NetworkModel::Kubenet => limits::DEFAULT_MAX_PODS_KUBENET,
            NetworkModel::AzureNodeSubnet => limits::DEFAULT_MAX_PODS_NODE_SUBNET,
            NetworkModel::AzurePodSubnet => limits::DEFAULT_MAX_PODS_POD_SUBNET,
            NetworkModel::AzureOverlay => limits::DEFAULT_MAX_PODS_OVERLAY,
        };
        let max_pods = self.pool.max_pods.unwrap_or(default);
        if !(limits::MIN_MAX_PODS..=limits::MAX_PODS).contains(&max_pods) {
            self.error("maxPods", "scenario::max_pods", format!("found {max_pods}"), "write 10 to 250");
        } else if mode == Some(PoolMode::System) && max_pods < limits::SYSTEM_MIN_MAX_PODS {
            let found = format!("found {max_pods} on a system pool");
            self.error("maxPods", "scenario::max_pods", found, "write at least 30: AKS's own pods need room");
        }
        max_pods
    }

    fn subnet(&mut self) -> Option<usize> {
        match &self.pool.vnet_subnet_id {
            None => Some(0),
            Some(written) => self.subnet_named("vnetSubnetID", written),
        }
    }

    /// The subnet that is written under this key, by its name or as a resource id.
    pub(super) fn subnet_named(&mut self, key: &str, written: &str) -> Option<usize> {
        let name = written.rsplit('/').next().unwrap_or(written);
        let found = self.around.subnets.iter().position(|subnet| subnet.name == name);
        if found.is_none() {
            let found = format!("no subnet {name}");
            if self.spec.cluster.vnet.is_none() {
                let remedy = format!(
                    "add cluster.vnet: {{subnets: [{{name: {name}, addressPrefix: 10.224.0.0/24}}]}} with its range"
                );
                self.error(key, "scenario::unknown_subnet", found, remedy);
            } else {
                let names: Vec<&str> = self.around.subnets.iter().map(|subnet| subnet.name.as_str()).collect();
                let pointer = format!("{}/{key}", self.pointer);
                self.resolver.unknown(&pointer, "scenario::unknown_subnet", found, name, &names);
            }
        }
        found
    }

    fn taints(&mut self, mode: Option<PoolMode>, spot: bool) -> Option<Vec<Taint>> {
        let mut taints = Vec::new();
        let mut complete = true;
        for (index, text) in self.pool.node_taints.iter().flatten().enumerate() {
            match parse_taint(text) {
                Some(taint) => taints.push(taint),
                None => {
                    complete = false;
                    let remedy = "write key=value:NoSchedule (or PreferNoSchedule, NoExecute)";
                    self.error(&format!("nodeTaints/{index}"), "scenario::taint", format!("found \"{text}\""), remedy);
                }
            }
        }
        if spot {
            let evicts = |fault: &FaultSpec| fault.spot_eviction.is_some();
            if !self.spec.faults.iter().flatten().any(evicts) {
                self.resolver.note(
                    &format!("{}/scaleSetPriority", self.pointer),
                    "scenario::no_spot_eviction",
                    "Azure takes no spot node back here: faults has no spotEviction",
                );
            }
            let (key, value) = SPOT_LABEL;
            taints.push(Taint { key: key.into(), value: value.into(), effect: TaintEffect::NoSchedule });
        }
        // Gateway nodes are for gateways: the label as a taint is observed on clusters in use, not documented.
        if matches!(mode, Some(PoolMode::Gateway { .. })) {
            let (key, value) = (MODE_LABEL, "gateway");
            taints.push(Taint { key: key.into(), value: value.into(), effect: TaintEffect::NoSchedule });
        }
        complete.then_some(taints)
    }

    fn zones(&mut self) -> Option<Vec<u8>> {
        let zone = |value: &Value| match value {
            Value::String(text) => text.parse().ok(),
            Value::Number(number) => number.as_u64().and_then(|number| u8::try_from(number).ok()),
            _ => None,
        };
        let mut zones = Vec::new();
        for (index, value) in self.pool.availability_zones.iter().flatten().enumerate() {
            match zone(value).filter(|zone| (1..=3).contains(zone)) {
                Some(zone) => zones.push(zone),
                None => {
                    self.error(
                        &format!("availabilityZones/{index}"),
                        "scenario::zone",
                        format!("found {value}"),
                        "write \"1\", \"2\" or \"3\"",
                    );
                    return None;
                }
            }
        }
        zones.sort_unstable();
        zones.dedup();
        Some(zones)
    }

    fn operating_system(&mut self) {
        if let Some(text) = &self.pool.os_type {
            let pointer = format!("{}/osType", self.pointer);
            self.resolver.choice(&pointer, "scenario::os_type", text, &[("Linux", ())]);
        }
        if let Some(text) = &self.pool.os_sku {
            let pointer = format!("{}/osSKU", self.pointer);
            let known =
                [("Ubuntu", ()), ("Ubuntu2204", ()), ("Ubuntu2404", ()), ("AzureLinux", ()), ("AzureLinux3", ())];
            self.resolver.choice(&pointer, "scenario::os_sku", text, &known);
        }
    }

    fn os_disk(&mut self, vm: &VmSize) -> Option<OsDisk> {
        let ephemeral = match &self.pool.os_disk_type {
            None => None,
            Some(text) => {
                let pointer = format!("{}/osDiskType", self.pointer);
                Some(self.resolver.choice(
                    &pointer,
                    "scenario::os_disk_type",
                    text,
                    &[("Ephemeral", true), ("Managed", false)],
                )?)
            }
        };
        let gib = self.pool.os_disk_size_gb.filter(|gib| *gib > 0);
        if gib.is_some_and(|gib| !(30..=2048).contains(&gib)) {
            self.error(
                "osDiskSizeGB",
                "scenario::os_disk_size",
                format!("found {}", gib.unwrap_or(0)),
                "write 30 to 2048, or 0 for the default",
            );
        }
        OsDisk::choose(vm, ephemeral, gib.map(u64::from))
            .map_err(|error| self.error("osDiskType", "scenario::os_disk", error.to_string(), ""))
            .ok()
    }

    /// Source: azure-aks-docs, scale-down-mode.md, 2023-08-21.
    fn scale_down_mode(&mut self, os_disk: &OsDisk) -> ScaleDownMode {
        let Some(text) = &self.pool.scale_down_mode else {
            return ScaleDownMode::Delete;
        };
        let pointer = format!("{}/scaleDownMode", self.pointer);
        let mode = self.resolver.choice(&pointer, "scenario::scale_down_mode", text, &ScaleDownMode::ALL);
        let mode = mode.unwrap_or_default();
        if mode == ScaleDownMode::Deallocate && os_disk.kind == OsDiskKind::Ephemeral {
            let found = "VMs with an ephemeral OS disk cannot be deallocated";
            self.error("scaleDownMode", "scenario::scale_down_mode", found, "add osDiskType: Managed, or write Delete");
        }
        mode
    }

    /// A low `maxPods` needs several nodes. Source: azure-aks-docs, concepts-network-ip-address-planning.md, 2026-04-16.
    fn warn_of_few_pods(&mut self, count: u32, max_pods: u32) {
        let least = limits::PODS_PER_POOL;
        if count > 0 && max_pods < least && count * max_pods < least {
            let found = format!("{count} × {max_pods} pods");
            let remedy = format!("AKS takes a pool with such a maxPods only when its nodes run {least} pods together");
            self.warn("maxPods", "scenario::pool_pods", found, remedy);
        }
    }

    /// Source: azure-aks-docs, upgrade-aks-node-pools-rolling.md, 2026-05-29.
    fn warn_of_unavailable(&mut self, mode: PoolMode, upgrade: Option<UpgradeSettings>) {
        let may_miss = upgrade.is_some_and(|upgrade| upgrade.max_unavailable.of_rounded_up(100) > 0);
        if mode == PoolMode::System && may_miss {
            let remedy = "write maxSurge instead: AKS does not take it, and refuses an upgrade that needs it";
            self.warn("upgradeSettings/maxUnavailable", "scenario::upgrade_settings", "a system pool", remedy);
        }
    }

    /// What AKS does not take. Source: azure-aks-docs, quotas-skus-regions.md, 2026-08-03. What it advises against is the preflight's.
    fn warn_about(&mut self, mode: PoolMode, vm: &VmSize, count: u32) {
        let system = mode == PoolMode::System;
        if let PoolMode::Gateway { addresses } = mode {
            gateway::check(self, addresses, count);
        }
        if system && count == 0 && self.from_start {
            self.error("count", "scenario::pool_nodes", "a system pool of 0", "write at least 1");
        }
        if let Some(found) = self.around.conflicts.refuses_vm(system, vm) {
            self.warn("vmSize", "scenario::vm_too_small", found, "AKS does not take it for such a pool");
        }
    }

    /// The labels that AKS sets and schedulers look at. Source: azure-aks-docs, use-labels.md, 2024-06-10.
    fn labels(&self, mode: PoolMode, vm: &VmSize, spot: bool) -> BTreeMap<String, String> {
        let mode = mode.name().to_ascii_lowercase();
        let priority = if spot { "spot" } else { "regular" };
        let region = self.around.location.to_string();
        let mut labels: BTreeMap<String, String> = [
            ("agentpool", self.pool.name.as_str()),
            ("kubernetes.azure.com/agentpool", &self.pool.name),
            ("kubernetes.azure.com/cluster", self.around.node_resource_group),
            (MODE_LABEL, &mode),
            ("kubernetes.azure.com/role", "agent"),
            ("kubernetes.azure.com/priority", priority),
            ("kubernetes.io/arch", vm.arch.label()),
            ("kubernetes.io/os", "linux"),
            ("node.kubernetes.io/instance-type", &vm.name),
            ("topology.kubernetes.io/region", &region),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
        if spot {
            let (key, value) = SPOT_LABEL;
            labels.insert(key.to_owned(), value.to_owned());
        }
        labels.extend(self.pool.node_labels.clone().map(|labels| labels.0).unwrap_or_default());
        labels
    }
}

/// `key=value:NoSchedule` or `key:NoSchedule`.
fn parse_taint(text: &str) -> Option<Taint> {
    let (pair, effect) = text.rsplit_once(':')?;
    let effect = match effect {
        "NoSchedule" => TaintEffect::NoSchedule,
        "PreferNoSchedule" => TaintEffect::PreferNoSchedule,
        "NoExecute" => TaintEffect::NoExecute,
        _ => return None,
    };
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    (!key.is_empty()).then(|| Taint { key: key.into(), value: value.into(), effect })
}
