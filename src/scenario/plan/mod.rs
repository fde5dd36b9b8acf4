//! What a scenario means: resolved against the catalogue and fully checked. The simulation reads nothing else.
//!
//! A [`Plan`] is one variant at one sweep point; a [`Study`] is all of them with the seeds to run.

mod access;
mod addressing;
mod api_usage;
mod channel;
mod conflicts;
mod fault;
mod maintenance;
mod name;
mod network;
mod operation;
mod outbound;
mod pod;
mod pool_settings;
mod quota;
mod required_action;
mod scheduler;
mod volume;
mod workload;

pub use access::{AccessPlan, Authentication, BindingPlan, Denial, PrincipalPlan};
pub use addressing::NodeAddressNeed;
pub use api_usage::ApiUsage;
pub use channel::{NodeOsChannel, UpgradeChannel};
pub use conflicts::Conflicts;
pub use fault::{AllocationCode, EvictionReach, FailureReach, FaultKind, FaultPlan, FaultRate, RepairPlan, Symptom};
pub use maintenance::{
    AutoUpgrade, AvailableVersion, MaintenanceConfiguration, MaintenancePlan, Recurrence, Recurring, Window,
};
pub use name::{generated_suffix, template_hash, workload_key};
pub use network::{NetworkModel, NetworkPlan, OwnVnet, PodIpAllocation, PodSubnet, SubnetSizeCheck};
pub use operation::{EtagCondition, NetworkChange, OperationKind, OperationPlan, PoolChange, ReadCall};
pub use outbound::{FrontEnd, OutboundFlow, OutboundPlan, OutboundType, Ports, ServicePlan, front_ends};
pub use pod::{
    ClaimRef, HostPort, Image, LabelSelector, NodeSelectorTerm, Operator, PodAffinity, PodAffinityTerm, PodTemplate,
    ReadinessProbe, Requirement, Taint, TaintEffect, Toleration, TopologySpreadConstraint,
};
pub use pool_settings::{MODE_LABEL, PoolSettings, SettingsChange, UpgradeChange};
pub use quota::QuotaPlan;
pub use required_action::{KubernetesRequest, RequiredAction, required_actions};
pub use scheduler::{AddedAffinity, FitArgs, SchedulerPlan, ScoringStrategy, SpreadDefaults};
pub use volume::{ClaimKind, ClaimPlan, Volume};
pub use workload::{
    Behaviour, BudgetPlan, BudgetRule, Controller, Demand, DemandScope, DemandShape, JobPlan, ReplicaLadder, TracePod,
    WorkloadPlan,
};

use crate::catalog::{
    AutoscalerProfile, KubernetesVersion, OsDisk, Region, ScalingSize, SpotEvictionPolicy, Tier, Timings, VmSize,
    limits,
};
use crate::kernel::SimDuration;
use crate::units::{MilliCpu, Resources, UsdPerHour};
use ipnet::Ipv4Net;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A whole scenario file, resolved: every variant at every sweep point, the seeds, the comparison and the objectives.
#[derive(Clone, Debug)]
pub struct Study {
    /// `name:`.
    pub name: String,
    /// `description:`, or empty.
    pub description: String,
    /// Hash of the file and of every file it names, in hexadecimal: one of the four things a result depends on.
    pub hash: String,
    /// The seeds of the replications.
    pub seeds: SeedRange,
    /// Variants times sweep points, in the file's order: for each variant, each sweep point.
    pub points: Vec<Point>,
    /// The variant the others are compared with, if there is more than one.
    pub baseline: Option<String>,
    /// Objectives of `expect:`.
    pub expect: Vec<Expectation>,
}

/// Which seeds to run: `first`, `first + 1`, … `count` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeedRange {
    /// The first seed.
    pub first: u64,
    /// The number of replications, at least 1.
    pub count: u64,
}

/// One variant at one sweep point.
#[derive(Clone, Debug)]
pub struct Point {
    /// Name of the variant; `base` when the file names none.
    pub variant: String,
    /// Each swept path with the value it has here, in the file's order; empty without a sweep.
    pub sweep: Vec<(String, String)>,
    /// What to simulate.
    pub plan: Arc<Plan>,
}

/// Name of the only variant of a scenario that gives none.
pub const BASE: &str = "base";

impl Point {
    /// The variant and the sweep values in one line, such as `B-series, maxCount=5`.
    #[must_use]
    pub fn label(&self) -> String {
        let sweep = self.sweep.iter().map(|(path, value)| {
            let key = path.rsplit('.').next().unwrap_or(path);
            format!("{key}={value}")
        });
        // The scenario as it stands needs no name beside what it is swept over.
        let variant = Some(self.variant.clone()).filter(|name| self.sweep.is_empty() || name != BASE);
        variant.into_iter().chain(sweep).collect::<Vec<_>>().join(", ")
    }
}

/// One objective: a statistic over the seeds of a metric, compared with a limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// The line as written.
    pub text: String,
    /// Metric name, as in `runs.csv`.
    pub metric: String,
    /// How the two sides are compared.
    pub comparison: Comparison,
    /// The right-hand side.
    pub limit: f64,
}

/// The comparison operator of an [`Expectation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `==`
    Equal,
    /// `>=`
    GreaterOrEqual,
    /// `>`
    Greater,
}

/// Everything one replication needs besides its seed.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The wall-clock moment of virtual time zero, in the scenario's time zone.
    pub start: jiff::Zoned,
    /// Virtual time simulated, warm-up included.
    pub duration: SimDuration,
    /// Virtual time at the beginning that statistics leave out.
    pub warmup: SimDuration,
    /// The cluster.
    pub cluster: ClusterPlan,
    /// Controllers and bare pods, AKS's own among them, sorted by (namespace, kind, name).
    pub workloads: Vec<WorkloadPlan>,
    /// Pod disruption budgets, sorted by (namespace, name).
    pub budgets: Vec<BudgetPlan>,
    /// Claims for persistent volumes and templates of such, in the manifests' order.
    pub claims: Vec<Arc<ClaimPlan>>,
    /// Services of type `LoadBalancer`, sorted by (namespace, name).
    pub services: Vec<ServicePlan>,
    /// Uses of deprecated APIs, in the file's order.
    pub api_usage: Vec<ApiUsage>,
    /// Operations, sorted by time, ties in the file's order.
    pub operations: Vec<OperationPlan>,
    /// vCPU quota.
    pub quota: QuotaPlan,
    /// What goes wrong, in the file's order.
    pub faults: Vec<FaultPlan>,
    /// What AKS upgrades by itself, and when it may.
    pub maintenance: MaintenancePlan,
    /// Who may ask for them, and how the cluster knows who asks.
    pub access: AccessPlan,
    /// Durations of every stage of node and pod life.
    pub timings: Timings,
}

impl Plan {
    /// True when any pool has a burstable size.
    #[must_use]
    pub fn has_burstable_pool(&self) -> bool {
        let mut scale_sets = self.cluster.pools.iter().filter_map(|pool| pool.scale_set.as_ref());
        scale_sets.any(|scale_set| scale_set.vm.burst.is_some())
    }
}

/// The cluster as `az aks show` describes it.
#[derive(Clone, Debug)]
pub struct ClusterPlan {
    /// The customer's resource group.
    pub resource_group: String,
    /// Cluster name.
    pub name: String,
    /// The node resource group, `MC_<rg>_<cluster>_<region>` unless given.
    pub node_resource_group: String,
    /// Region.
    pub location: Region,
    /// Pricing tier of the control plane.
    pub tier: Tier,
    /// Its fixed size; `None` for one that AKS sizes itself.
    pub scaling: Option<ScalingSize>,
    /// True with `supportPlan: AKSLongTermSupport`.
    pub long_term_support: bool,
    /// Version of the control plane at the start.
    pub version: KubernetesVersion,
    /// How pods and nodes get their addresses.
    pub network: NetworkPlan,
    /// Subnets of the VNet, sorted by name.
    pub subnets: Vec<SubnetPlan>,
    /// Node pools: AKS's sorted by name, then those of nodes that the scenario brings along.
    pub pools: Vec<PoolPlan>,
    /// Nodes that the scenario brings along, in the order of their list.
    pub brought: Vec<BroughtNode>,
    /// True when AKS's own workloads are installed.
    pub system_workloads: bool,
    /// Which instances leave first when a pool is scaled in by hand.
    pub scale_in: ScaleInPolicy,
    /// Which document is followed where two disagree.
    pub conflicts: Conflicts,
    /// The cluster autoscaler's profile.
    pub autoscaler: AutoscalerProfile,
    /// The scheduler's configuration.
    pub scheduler: SchedulerPlan,
    /// Prices of what the cluster has once.
    pub charges: ClusterCharges,
}

/// Hourly prices of the cluster's own meters, discounts applied where Azure's discounts apply.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClusterCharges {
    /// Control plane tier.
    pub tier: UsdPerHour,
    /// The public load balancer with its rules; zero without one.
    pub load_balancer: UsdPerHour,
    /// The internal load balancer with its rules; zero without one.
    pub internal_load_balancer: UsdPerHour,
    /// The NAT gateway that AKS makes; zero without one.
    pub nat_gateway: UsdPerHour,
    /// All public IP addresses together: those to go out by, and those of Services to come in by.
    pub public_ips: UsdPerHour,
}

impl ClusterCharges {
    /// Both load balancers together.
    #[must_use]
    pub fn load_balancers(&self) -> UsdPerHour {
        UsdPerHour::from_micros(self.load_balancer.micros() + self.internal_load_balancer.micros())
    }
}

impl ClusterPlan {
    /// Index of the subnet that holds the private endpoint of the API server; `None` when that is public.
    #[must_use]
    pub fn private_endpoint_subnet(&self) -> Option<usize> {
        let scale_set = self.pools.iter().filter(|pool| pool.from_start).find_map(|pool| pool.scale_set.as_ref())?;
        self.network.private_cluster.then_some(scale_set.subnet)
    }
}

/// A subnet of the VNet.
#[derive(Clone, Debug)]
pub struct SubnetPlan {
    /// Subnet name.
    pub name: String,
    /// Its address prefix.
    pub prefix: Ipv4Net,
}

/// Whether a pool hosts AKS's own pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolMode {
    /// Holds CoreDNS, metrics-server and the like; at least one such pool must exist.
    System,
    /// Holds applications.
    User,
    /// A static egress gateway: other pods go out by its nodes, each of which has a public address of a prefix with so many.
    Gateway {
        /// Addresses of the prefix: the most nodes.
        addresses: u32,
    },
}

impl PoolMode {
    /// Azure's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::User => "User",
            Self::Gateway { .. } => "Gateway",
        }
    }

    /// The most nodes that a pool of this mode may have.
    #[must_use]
    pub const fn most_nodes(self) -> u32 {
        match self {
            Self::System | Self::User => limits::NODES_PER_POOL,
            Self::Gateway { addresses } => addresses,
        }
    }
}

/// A node pool: nodes that are all alike, one virtual machine scale set or a part of a list of nodes.
#[derive(Clone, Debug)]
pub struct PoolPlan {
    /// Pool name.
    pub name: String,
    /// System or User.
    pub mode: PoolMode,
    /// What Azure makes the nodes of; `None` for nodes that the scenario brings along.
    pub scale_set: Option<ScaleSetPlan>,
    /// False for a pool that an operation adds; it does not exist until then.
    pub from_start: bool,
    /// Nodes at the start.
    pub count: u32,
    /// What becomes of nodes that are scaled in.
    pub scale_down_mode: ScaleDownMode,
    /// The autoscaler's bounds when it manages this pool.
    pub autoscaling: Option<AutoscalingRange>,
    /// Most pods a node of this pool may run.
    pub max_pods: u32,
    /// Labels that AKS and the scenario put on every node (host name and zone come on top).
    pub labels: BTreeMap<String, String>,
    /// Permanent taints of every node.
    pub taints: Vec<Taint>,
    /// Availability zones, numbered as in Azure; empty for a regional pool.
    pub zones: Vec<u8>,
    /// Spot instances instead of regular ones.
    pub spot: bool,
    /// What becomes of evicted ones.
    pub eviction: SpotEvictionPolicy,
    /// Version of the pool's nodes at the start.
    pub version: KubernetesVersion,
    /// How the pool is upgraded.
    pub upgrade: UpgradeSettings,
    /// What a node can give to pods.
    pub allocatable: Resources,
}

/// What Azure makes the nodes of a pool of: the machine, its disk, its subnet and what they cost.
#[derive(Clone, Debug)]
pub struct ScaleSetPlan {
    /// The catalogue's entry for the VM size; immutable for the life of the pool.
    pub vm: &'static VmSize,
    /// OS disk of every node.
    pub os_disk: OsDisk,
    /// Index into [`ClusterPlan::subnets`].
    pub subnet: usize,
    /// The subnet of the pods, when they have one of their own.
    pub pod_subnet: Option<PodSubnet>,
    /// Price of one instance.
    pub vm_price: UsdPerHour,
    /// Price of one instance's OS disk; zero for an ephemeral one.
    pub os_disk_price: UsdPerHour,
}

impl PoolPlan {
    /// True for nodes that the scenario brings along: they are there from the start and all the time, cost nothing, hold no
    /// addresses, and are neither scaled nor upgraded.
    #[must_use]
    pub const fn is_brought(&self) -> bool {
        self.scale_set.is_none()
    }

    /// The CPU that the pods of a node can use together: its VM's, or what the list of nodes says.
    #[must_use]
    pub fn cpu(&self) -> MilliCpu {
        self.scale_set.as_ref().map_or(self.allocatable.cpu, |scale_set| MilliCpu::from_cores(scale_set.vm.vcpus))
    }
}

/// What becomes of a node that is scaled in, by hand or by the autoscaler.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScaleDownMode {
    /// Its VM and its disk are deleted.
    #[default]
    Delete,
    /// Its VM is stopped: no compute charge, the disk stays with its images and is billed, and the next scale-out starts it.
    Deallocate,
}

impl ScaleDownMode {
    /// The words in scenarios.
    pub const ALL: [(&str, Self); 2] = [("Delete", Self::Delete), ("Deallocate", Self::Deallocate)];
}

/// Which instances a scale set gives up first. All of them keep the zones balanced before they look at anything else.
/// Source: azure-docs, virtual-machine-scale-sets-scale-in-policy.md, 2022-11-22. Fault domains and protected instances are not modelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScaleInPolicy {
    /// The one with the highest number.
    #[default]
    Default,
    /// The youngest. Numbers rise with the time of birth, so that this is the default once more.
    NewestVm,
    /// The oldest.
    OldestVm,
}

impl ScaleInPolicy {
    /// Every policy with Azure's name.
    pub const ALL: [(&'static str, Self); 3] =
        [("Default", Self::Default), ("NewestVM", Self::NewestVm), ("OldestVM", Self::OldestVm)];
}

/// A node that the scenario brings along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BroughtNode {
    /// Node name.
    pub name: String,
    /// Index into [`ClusterPlan::pools`]: nodes alike make a pool.
    pub pool: usize,
}

/// Bounds of an autoscaled pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AutoscalingRange {
    /// `minCount`
    pub min: u32,
    /// `maxCount`
    pub max: u32,
}

/// A count or a percentage of a count, as in `maxSurge: 33%`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntOrPercent {
    /// A number of things.
    Int(u32),
    /// A percentage of a number of things.
    Percent(u32),
}

impl IntOrPercent {
    /// The number meant for `total`, a percentage rounded up.
    #[must_use]
    pub fn of_rounded_up(self, total: u32) -> u32 {
        match self {
            Self::Int(count) => count,
            Self::Percent(percent) => {
                let exact = u64::from(percent) * u64::from(total);
                u32::try_from(exact.div_ceil(100)).expect("a share of a 32-bit count fits 32 bits")
            }
        }
    }
}

/// `upgradeSettings` of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpgradeSettings {
    /// Extra nodes during an upgrade.
    pub max_surge: IntOrPercent,
    /// Nodes taken out of service at once when there is no surge.
    pub max_unavailable: IntOrPercent,
    /// How long one node's drain may take.
    pub drain_timeout: SimDuration,
    /// Wait after a drain, before the reimage.
    pub soak: SimDuration,
    /// What becomes of a node that cannot be drained.
    pub undrainable: UndrainableNodes,
    /// Blocked nodes that an upgrade with [`UndrainableNodes::Cordon`] goes on with; as many as `max_surge` unless given.
    pub max_blocked: Option<IntOrPercent>,
    /// How old nodes give way to new ones.
    pub strategy: UpgradeStrategy,
}

impl Default for UpgradeSettings {
    /// AKS's own. Source: API specification of 2025-05-01.
    fn default() -> Self {
        Self {
            max_surge: IntOrPercent::Percent(limits::DEFAULT_MAX_SURGE_PERCENT),
            max_unavailable: IntOrPercent::Int(0),
            drain_timeout: SimDuration::from_mins(limits::DEFAULT_DRAIN_TIMEOUT_MINUTES),
            soak: SimDuration::ZERO,
            undrainable: UndrainableNodes::Uncordon,
            max_blocked: None,
            strategy: UpgradeStrategy::Rolling,
        }
    }
}

impl UpgradeSettings {
    /// The most nodes that an upgrade adds to a pool of `nodes`.
    #[must_use]
    pub fn most_extra(&self, nodes: u32) -> u32 {
        match self.strategy {
            UpgradeStrategy::Rolling => self.max_surge.of_rounded_up(nodes).min(nodes),
            UpgradeStrategy::BlueGreen(_) => nodes,
        }
    }
}

/// What becomes of a node whose drain ran out of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UndrainableNodes {
    /// `Schedule` as the API specification of 2025-05-01 has it: it takes pods again, stays at its version, and the upgrade stops.
    Uncordon,
    /// `Schedule` as azure-aks-docs, upgrade-options.md, 2026-06-22, has it: it is deleted with its pods and replaced, and the
    /// upgrade goes on.
    Replace,
    /// `Cordon`: it stays cordoned at its version, a surge node takes its place for good, and the upgrade goes on.
    Cordon,
}

/// `upgradeStrategy` of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpgradeStrategy {
    /// A few nodes at a time, with surge nodes.
    Rolling,
    /// A second set of nodes beside the first.
    BlueGreen(BlueGreenSettings),
}

/// `upgradeSettingsBlueGreen` of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlueGreenSettings {
    /// Blue nodes drained at once; a percentage is one of the blue nodes at the start.
    pub drain_batch: IntOrPercent,
    /// How long one node's drain may take.
    pub drain_timeout: SimDuration,
    /// Wait between two batches.
    pub batch_soak: SimDuration,
    /// Wait after the last batch, before the blue nodes go.
    pub final_soak: SimDuration,
}

impl Default for BlueGreenSettings {
    /// AKS's own. Source: azure-aks-docs, blue-green-node-pool-upgrade.md, 2024-11-06.
    fn default() -> Self {
        Self {
            drain_batch: IntOrPercent::Percent(10),
            drain_timeout: SimDuration::from_mins(30),
            batch_soak: SimDuration::from_mins(15),
            final_soak: SimDuration::from_mins(60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// azure-aks-docs, upgrade-aks-node-pools-rolling.md, 2026-05-29: five pools of four nodes with 50 % surge by ten nodes.
    #[test]
    fn a_percentage_of_nodes_is_rounded_up() {
        let surge: u32 = (0..5).map(|_| IntOrPercent::Percent(50).of_rounded_up(4)).sum();
        assert_eq!(surge, 10);
        for (setting, nodes, expected) in [
            (IntOrPercent::Int(5), 3, 5),
            (IntOrPercent::Percent(50), 7, 4),
            (IntOrPercent::Percent(10), 12, 2),
            (IntOrPercent::Percent(33), 3, 1),
            (IntOrPercent::Percent(0), 12, 0),
        ] {
            assert_eq!(setting.of_rounded_up(nodes), expected, "{setting:?} of {nodes}");
        }
    }
}
