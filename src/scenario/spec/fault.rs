//! `faults:`, as it is written.

use super::{Duration, Faults, Percent, Size};
use deserr::Deserr;
use schemars::JsonSchema;

/// Something that goes wrong: exactly one of the kinds, from `at` on.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct FaultSpec {
    /// Its name, for its random draws: two faults of one name would draw alike. By default the kind, numbered from the second on.
    #[deserr(default)]
    pub name: Option<String>,
    /// When it begins, from the start of the scenario, such as `2d`. By default at the start.
    #[deserr(default)]
    pub at: Option<Duration>,
    /// How long it lasts, such as `1h`. By default to the end of the scenario.
    #[deserr(default, rename = "for")]
    #[schemars(rename = "for")]
    pub lasts: Option<Duration>,
    /// It comes again and again, after so long on average, such as `90d`, exponentially distributed: from `at` to the first one, and from
    /// the end of one to the next. How long each lasts stands in `for`.
    #[deserr(default)]
    pub mean_time_between: Option<Duration>,
    /// Requests for nodes are turned down for lack of capacity.
    #[deserr(default)]
    pub allocation_failure: Option<AllocationFailureSpec>,
    /// Azure takes spot nodes back, with a notice of 30 seconds.
    #[deserr(default)]
    pub spot_eviction: Option<SpotEvictionSpec>,
    /// Every VM of an availability zone stops, and no new one can be had there.
    #[deserr(default)]
    pub zone_outage: Option<ZoneOutageSpec>,
    /// Nodes fail, and node auto-repair brings them back.
    #[deserr(default)]
    pub node_failure: Option<NodeFailureSpec>,
    /// The registry is slow.
    #[deserr(default)]
    pub slow_registry: Option<SlowRegistrySpec>,
    /// New nodes boot slowly.
    #[deserr(default)]
    pub slow_boot: Option<SlowBootSpec>,
    /// The region has no room for control planes: clusters are neither created nor started.
    #[deserr(default)]
    pub control_plane_capacity: Option<ControlPlaneCapacitySpec>,
}

/// The region has no room for control planes.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct ControlPlaneCapacitySpec {
    /// The share of requests that is turned down. By default all of them.
    #[deserr(default)]
    pub probability: Option<Percent>,
}

/// Requests for nodes are turned down for lack of capacity.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct AllocationFailureSpec {
    /// Only those of this pool.
    #[deserr(default)]
    pub pool: Option<String>,
    /// Only those for this zone.
    #[deserr(default)]
    pub zone: Option<u8>,
    /// Only those for this VM size.
    #[deserr(default)]
    pub vm_size: Option<String>,
    /// `AllocationFailed`, `ZonalAllocationFailed`, `OverconstrainedAllocationRequest` or `SkuNotAvailable`. By default
    /// `ZonalAllocationFailed` for nodes of a pool with zones, and `AllocationFailed` for others.
    #[deserr(default)]
    pub code: Option<String>,
    /// The share of requests that is turned down. By default all of them.
    #[deserr(default)]
    pub probability: Option<Percent>,
}

/// Azure takes spot nodes back: exactly one of `share` and `perHour`.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct SpotEvictionSpec {
    /// Only those of this pool.
    #[deserr(default)]
    pub pool: Option<String>,
    /// At once this share of the spot nodes that there are, rounded up.
    #[deserr(default)]
    pub share: Option<Percent>,
    /// Each spot node with this probability within an hour, as Azure publishes eviction rates.
    #[deserr(default)]
    pub per_hour: Option<Percent>,
}

/// Every VM of an availability zone stops.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct ZoneOutageSpec {
    /// The zone: 1, 2 or 3.
    pub zone: u8,
}

/// Nodes fail: exactly one of `nodes` and `mtbf`.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct NodeFailureSpec {
    /// Only those of this pool.
    #[deserr(default)]
    pub pool: Option<String>,
    /// At once so many nodes, drawn among those that there are.
    #[deserr(default)]
    pub nodes: Option<u32>,
    /// Each node once in this time on average, such as `730d`.
    #[deserr(default)]
    pub mtbf: Option<Duration>,
    /// How it shows: Silent (the VM does not run, nothing is heard of the kubelet) or NotReady (the kubelet says so). Silent unless given.
    #[deserr(default)]
    pub symptom: Option<String>,
    /// Chance that a reboot repairs the node. By default 70%.
    #[deserr(default)]
    pub by_reboot: Option<Percent>,
    /// Chance that a reimage does when a reboot did not. By default 50%.
    #[deserr(default)]
    pub by_reimage: Option<Percent>,
    /// Chance that a redeployment to another host does when both did not. By default 100%.
    #[deserr(default)]
    pub by_redeploy: Option<Percent>,
}

/// The registry is slow.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct SlowRegistrySpec {
    /// What it sends in a second to all pulls together, such as `50Mi`.
    pub per_second: Size,
}

/// New nodes boot slowly.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct SlowBootSpec {
    /// Only those of this pool.
    #[deserr(default)]
    pub pool: Option<String>,
    /// The share of boots that is slow. By default all of them.
    #[deserr(default)]
    pub probability: Option<Percent>,
    /// Every stage of the boot takes so many times as long, at least 1. By default 1.
    #[deserr(default)]
    pub factor: Option<f64>,
    /// The provisioning of the VM takes so much more, such as `40m`. By default nothing.
    #[deserr(default)]
    pub delay: Option<Duration>,
}
