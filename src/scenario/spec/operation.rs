//! The timeline as it is written: what is asked of AKS, and when, in the words of `az aks`.

use super::scalar::Duration;
use super::{AgentPoolSpec, Faults, UpgradeSettingsSpec, Version};
use deserr::Deserr;
use schemars::JsonSchema;

/// An operation: exactly one besides `at`.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct OperationSpec {
    /// When it is asked, from the start of the scenario, such as `2d`.
    pub at: Duration,
    /// Name of the principal who asks; the owner of the cluster, who may do everything, unless given.
    #[deserr(default, rename = "as")]
    #[schemars(rename = "as")]
    pub asked_by: Option<String>,
    /// Carry it out only on the resource that was read then, or with `"*"` on one that exists: when its eTag was read, such as `2h`. As
    /// `--if-match` of `az aks`; on another one the operation is refused with 412.
    #[deserr(default)]
    pub if_match: Option<String>,
    /// `"*"`: carry it out only where the resource does not exist, as `--if-none-match` of `az aks`.
    #[deserr(default)]
    pub if_none_match: Option<String>,
    /// Create the cluster, which does not exist before: `create: {}`.
    #[deserr(default)]
    pub create: Option<NothingSpec>,
    /// Stop the cluster: nodes are drained, VMs and control plane deallocated. `stop: {}`.
    #[deserr(default)]
    pub stop: Option<NothingSpec>,
    /// Start the stopped cluster: `start: {}`.
    #[deserr(default)]
    pub start: Option<NothingSpec>,
    /// Set the node count of a pool.
    #[deserr(default)]
    pub scale: Option<ScaleSpec>,
    /// Upgrade the cluster, or the node image of pools.
    #[deserr(default)]
    pub upgrade: Option<UpgradeSpec>,
    /// Take a pool back to the version and node image before its last upgrade.
    #[deserr(default)]
    pub rollback: Option<PoolNameSpec>,
    /// Create a pool, written as those of `agentPoolProfiles`.
    #[deserr(default)]
    pub add_pool: Option<AgentPoolSpec>,
    /// Delete a pool with its nodes, without a drain.
    #[deserr(default)]
    pub delete_pool: Option<PoolNameSpec>,
    /// Change settings of a pool.
    #[deserr(default)]
    pub update_pool: Option<UpdatePoolSpec>,
    /// Deallocate all VMs of a pool.
    #[deserr(default)]
    pub stop_pool: Option<PoolNameSpec>,
    /// Start the VMs of a stopped pool.
    #[deserr(default)]
    pub start_pool: Option<PoolNameSpec>,
    /// Change the network of the cluster: a larger pod CIDR, or Azure CNI Overlay instead of kubenet or node subnet.
    #[deserr(default)]
    pub update_network: Option<UpdateNetworkSpec>,
    /// Look at the cluster, which counts for the limits of calls: `show: {}`.
    #[deserr(default)]
    pub show: Option<NothingSpec>,
    /// List clusters, which counts for the limits of calls.
    #[deserr(default)]
    pub list: Option<ListSpec>,
    /// Ask the same again after this time, such as `7d`: as often as `times` says, or to the end of the scenario.
    #[deserr(default)]
    pub every: Option<Duration>,
    /// How often it is asked, with `every`; to the end of the scenario unless given.
    #[deserr(default)]
    pub times: Option<u32>,
    /// Give up the operation in progress on a pool, or without one on the cluster: `abort: {}`.
    #[deserr(default)]
    pub abort: Option<AbortSpec>,
    /// Move a pool's workload to a new pool, which is how the VM size of nodes is changed.
    #[deserr(default)]
    pub migrate: Option<MigrateSpec>,
}

/// An operation without settings: `{}`.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct NothingSpec {}

/// Set the node count of a pool.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScaleSpec {
    /// Pool name.
    pub pool: String,
    /// Nodes wanted.
    pub count: u32,
}

/// Upgrade the cluster: control plane first, then its pools, one after the other.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpgradeSpec {
    /// Version to upgrade to, in quotes.
    #[deserr(default)]
    pub kubernetes_version: Option<Version>,
    /// Replace the node image only; the version stays.
    #[deserr(default)]
    pub node_image_only: Option<bool>,
    /// Pools to upgrade; by default all of them. An empty list is the same as controlPlaneOnly.
    #[deserr(default)]
    pub pools: Option<Vec<String>>,
    /// Upgrade the control plane and no pool, as `az aks upgrade --control-plane-only` does.
    #[deserr(default)]
    pub control_plane_only: Option<bool>,
    /// Evict pods whatever their disruption budgets say, as `az aks upgrade --enable-force-upgrade` does.
    #[deserr(default)]
    pub force: Option<bool>,
}

/// The pool that an operation is about.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct PoolNameSpec {
    /// Pool name.
    pub pool: String,
}

/// Change settings of a pool. Those that can never change are refused by AKS, as in reality.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdatePoolSpec {
    /// Pool name.
    pub pool: String,
    /// Lets the cluster autoscaler manage the pool, or no longer.
    #[deserr(default)]
    pub enable_auto_scaling: Option<bool>,
    /// Fewest nodes of the autoscaled pool.
    #[deserr(default)]
    pub min_count: Option<u32>,
    /// Most nodes of the autoscaled pool.
    #[deserr(default)]
    pub max_count: Option<u32>,
    /// System or User: the other mode. No pod moves for it.
    #[deserr(default)]
    pub mode: Option<String>,
    /// Delete or Deallocate: what becomes of nodes that are scaled in from now on. With Delete deallocated ones go.
    #[deserr(default)]
    pub scale_down_mode: Option<String>,
    /// How the pool is upgraded from now on: what is not written stays.
    #[deserr(default)]
    pub upgrade_settings: Option<UpgradeSettingsSpec>,
    /// Another VM size: refused, since a pool's size is immutable.
    #[deserr(default)]
    pub vm_size: Option<String>,
    /// Other zones: refused, since a pool's zones are immutable.
    #[deserr(default)]
    pub availability_zones: Option<Vec<String>>,
    /// Another number of pods a node: refused, since it is immutable.
    #[deserr(default)]
    pub max_pods: Option<u32>,
    /// Another size of the OS disk: refused, since it is immutable.
    #[deserr(default, rename = "osDiskSizeGB")]
    #[schemars(rename = "osDiskSizeGB")]
    pub os_disk_size_gb: Option<u32>,
    /// Another type of OS disk: refused, since it is immutable.
    #[deserr(default)]
    pub os_disk_type: Option<String>,
    /// Regular or Spot: refused, since it is immutable.
    #[deserr(default)]
    pub scale_set_priority: Option<String>,
    /// Another eviction policy: refused, since it is immutable.
    #[deserr(default)]
    pub scale_set_eviction_policy: Option<String>,
    /// Another highest price of a spot instance: refused, since it is immutable.
    #[deserr(default)]
    #[schemars(with = "Option<f64>")]
    pub spot_max_price: Option<serde_json::Value>,
}

/// Change the network of the cluster, as `az aks update --network-plugin-mode overlay` and `az aks update --pod-cidr` do.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateNetworkSpec {
    /// `azure`, if it is written at all.
    #[deserr(default)]
    pub network_plugin: Option<String>,
    /// `overlay`: pods get addresses of a pod CIDR, and all nodes are reimaged at once. There is no way back.
    #[deserr(default)]
    pub network_plugin_mode: Option<String>,
    /// Range of pod addresses. Without a change of the mode one that contains the present one; with it any, and the present one of kubenet
    /// or 10.244.0.0/16 unless given.
    #[deserr(default)]
    pub pod_cidr: Option<String>,
}

/// List clusters.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListSpec {
    /// Subscription or ResourceGroup; Subscription unless given.
    #[deserr(default)]
    pub scope: Option<String>,
}

/// Give up the operation in progress.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct AbortSpec {
    /// Pool name; the cluster's operation unless given.
    #[deserr(default)]
    pub pool: Option<String>,
}

/// Move a pool's workload to a new pool: add it, cordon the old nodes, drain them one after the other, delete the old pool.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct MigrateSpec {
    /// The old pool.
    pub pool: String,
    /// The new pool; what is not written is as in the old one.
    pub to: MigrateToSpec,
    /// How long the drain of one node may take; as `kubectl drain`, for ever unless given.
    #[deserr(default)]
    pub drain_timeout: Option<Duration>,
}

/// The pool that takes over.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct MigrateToSpec {
    /// Its name.
    pub name: String,
    /// Its VM size, such as Standard_D4s_v5.
    pub vm_size: String,
    /// Its nodes; as many as the old pool has in the scenario unless given.
    #[deserr(default)]
    pub count: Option<u32>,
}
