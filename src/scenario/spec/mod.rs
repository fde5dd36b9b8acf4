//! What is written in a scenario file, before anything is looked up.
//!
//! The types here are read with `deserr`, which finds every error at once, and described with `schemars`, which makes the JSON
//! Schema: their doc comments are what editors show to whoever writes a scenario.

mod access;
mod cluster;
mod decode;
mod dist;
mod fault;
mod maintenance;
mod operation;
mod quota;
mod scalar;
mod scheduler;
mod table;
mod workload;

pub use access::{AadProfileSpec, BindingSpec, PrincipalSpec};
pub use cluster::{
    AgentPoolSpec, AutoScalerProfileSpec, BlueGreenSettingsSpec, ClusterSpec, ConflictsSpec,
    ControlPlaneScalingProfileSpec, LoadBalancerProfileSpec, ManagedOutboundIpsSpec, NatGatewayProfileSpec,
    NetworkProfileSpec, SkuSpec, SubnetSpec, UpgradeSettingsSpec, VnetSpec,
};
pub use decode::{Entries, Fault, Faults, MISSING, UNKNOWN_KEY};
pub use dist::DistSpec;
pub use fault::{
    AllocationFailureSpec, FaultSpec, NodeFailureSpec, SlowBootSpec, SlowRegistrySpec, SpotEvictionSpec, ZoneOutageSpec,
};
pub use maintenance::{
    AutoUpgradeProfileSpec, AvailableVersionSpec, MaintenanceConfigurationSpec, MaintenanceConfigurationsSpec,
    MaintenanceScheduleSpec, MaintenanceWindowSpec,
};
pub use operation::{MigrateSpec, OperationSpec, UpdateNetworkSpec, UpdatePoolSpec, UpgradeSpec};
pub use quota::QuotaSpec;
pub use scalar::{ClockTime, Cpu, Duration, IntOrPercentText, Percent, ProfileNumber, Size, Version};
pub use scheduler::{
    ArgsVersion, BalancedArgsKind, BalancedArgsSpec, DefaultingTypeSpec, FitArgsKind, FitArgsSpec,
    InterPodAffinityArgsKind, InterPodAffinityArgsSpec, NodeAffinityArgsKind, NodeAffinityArgsSpec, PluginConfigSpec,
    RatioSpec, ResourceSpec, SchedulerSpec, ScoringStrategySpec, ShapePointSpec, SpreadArgsKind, SpreadArgsSpec,
    StrategyTypeSpec,
};
pub use table::{ColumnSpec, NodeColumnsSpec, NodeListSpec, PodColumnsSpec, TraceSpec};
pub use workload::{
    BehaviourSpec, DemandSpec, ImageSpec, OutboundFlowSpec, ScopeSpec, StepSpec, TargetSpec, WorkloadsSpec,
};

use deserr::Deserr;
use schemars::JsonSchema;
use std::collections::BTreeMap;

/// A scenario: a cluster, what runs on it, what is done to it, and what to compare.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields, title = "aksim scenario")]
pub struct ScenarioSpec {
    /// Always `aksim/v1`.
    pub api_version: String,
    /// Name of the scenario and of its results folder.
    pub name: String,
    /// The question that the scenario asks, in a sentence.
    #[deserr(default)]
    pub description: Option<String>,
    /// Wall-clock moment of virtual time zero, such as `2026-03-02T00:00:00Z`; matters for daily demand and schedules. By default a
    /// Monday, 2026-03-02 at midnight UTC.
    #[deserr(default)]
    pub start: Option<String>,
    /// Virtual time to simulate, warm-up included, such as `7d`.
    pub duration: Duration,
    /// Virtual time at the beginning that statistics leave out. By default none.
    #[deserr(default)]
    pub warmup: Option<Duration>,
    /// Replications: a number of seeds, or the first seed and a count. By default 30.
    #[deserr(default)]
    pub seeds: Option<SeedsSpec>,
    /// The cluster, in the words of `az aks show -o json`.
    pub cluster: ClusterSpec,
    /// kube-scheduler's configuration; Kubernetes' own defaults unless given.
    #[deserr(default)]
    pub scheduler: Option<SchedulerSpec>,
    /// What runs on it.
    #[deserr(default)]
    pub workloads: Option<WorkloadsSpec>,
    /// Who may ask for operations besides the owner of the cluster.
    #[deserr(default)]
    pub principals: Option<Vec<PrincipalSpec>>,
    /// Versions that AKS offers, for auto-upgrade channels; those of its calendar unless given.
    #[deserr(default)]
    pub available_versions: Option<Vec<AvailableVersionSpec>>,
    /// What is asked of AKS, and when.
    #[deserr(default)]
    pub operations: Option<Vec<OperationSpec>>,
    /// vCPUs that the subscription may have in the region; without limit unless given.
    #[deserr(default)]
    pub quota: Option<QuotaSpec>,
    /// What goes wrong, and when.
    #[deserr(default)]
    pub faults: Option<Vec<FaultSpec>>,
    /// Alternatives to compare: each replaces some values of the scenario. By default one variant called `base`.
    #[deserr(default)]
    pub variants: Option<Vec<VariantSpec>>,
    /// What the variants are compared with.
    #[deserr(default)]
    pub compare: Option<CompareSpec>,
    /// Values to try: for each path a list. Every combination is simulated for every variant.
    #[deserr(default)]
    #[schemars(with = "Option<BTreeMap<String, Vec<serde_json::Value>>>")]
    pub sweep: Option<Entries<Vec<serde_json::Value>>>,
    /// Durations that differ from the defaults, by the name of the stage: see the report's table of assumptions.
    #[deserr(default)]
    pub timing: Option<Entries<DistSpec>>,
    /// Prices that differ from the list.
    #[deserr(default)]
    pub prices: Option<PricesSpec>,
    /// Objectives such as `pod_pending_seconds.p95 <= 180`; a broken one makes `aksim run` exit with 3.
    #[deserr(default)]
    pub expect: Option<Vec<String>>,
}

/// Seeds: how many, or from which on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeedsSpec {
    /// The first seed.
    pub first: u64,
    /// How many.
    pub count: u64,
}

/// An alternative.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct VariantSpec {
    /// Its name in tables and charts.
    pub name: String,
    /// Values that it replaces, by path, such as `cluster.agentPoolProfiles[apps].vmSize: Standard_B4ms`.
    #[deserr(default)]
    #[schemars(with = "Option<BTreeMap<String, serde_json::Value>>")]
    pub set: Option<Entries<serde_json::Value>>,
}

/// What the variants are compared with.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct CompareSpec {
    /// Name of the variant that is subtracted from the others, seed by seed.
    pub baseline: String,
}

/// Prices that differ from the list.
#[derive(Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct PricesSpec {
    /// Taken off every price, such as `10%`.
    #[deserr(default)]
    pub discount: Option<Percent>,
    /// Pay for VMs as reserved: `none`, `1yr` or `3yr`, where such a price is known.
    #[deserr(default)]
    pub reservation: Option<ReservationSpec>,
    /// Own prices of VM sizes, in USD per hour.
    #[deserr(default)]
    pub vm: Option<Entries<f64>>,
}

/// How VMs are reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserr, JsonSchema)]
#[deserr(error = Faults)]
pub enum ReservationSpec {
    /// Not at all.
    #[deserr(rename = "none")]
    #[schemars(rename = "none")]
    None,
    /// For a year.
    #[deserr(rename = "1yr")]
    #[schemars(rename = "1yr")]
    OneYear,
    /// For three years.
    #[deserr(rename = "3yr")]
    #[schemars(rename = "3yr")]
    ThreeYears,
}
