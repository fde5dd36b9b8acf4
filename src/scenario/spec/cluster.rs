//! The cluster as it is written: in the words of `az aks show -o json`.

use super::scalar::{ProfileDuration, ProfileFlag, ProfileNumber};
use super::{
    AadProfileSpec, AutoUpgradeProfileSpec, Entries, Faults, IntOrPercentText, MaintenanceConfigurationsSpec,
    NodeListSpec, Version,
};
use deserr::Deserr;
use schemars::JsonSchema;

/// The cluster, in the words of `az aks show -o json`. Both of its casings are read (`osDiskSizeGB` and `osDiskSizeGb`).
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClusterSpec {
    /// Cluster name.
    pub name: String,
    /// The customer's resource group; `rg` unless given.
    #[deserr(default)]
    pub resource_group: Option<String>,
    /// The node resource group; `MC_<group>_<cluster>_<region>` unless given.
    #[deserr(default)]
    pub node_resource_group: Option<String>,
    /// Region, such as `eastus`.
    pub location: String,
    /// Pricing tier of the control plane; Free unless given.
    #[deserr(default)]
    pub sku: Option<SkuSpec>,
    /// `KubernetesOfficial` or, with the Premium tier, `AKSLongTermSupport`; the former unless given.
    #[deserr(default)]
    pub support_plan: Option<String>,
    /// A control plane of a fixed size, AKS's hyperscale profile; one that AKS sizes itself unless given.
    #[deserr(default)]
    pub control_plane_scaling_profile: Option<ControlPlaneScalingProfileSpec>,
    /// Kubernetes version, in quotes.
    pub kubernetes_version: Version,
    /// Network model and ranges; Azure CNI Overlay unless given.
    #[deserr(default)]
    pub network_profile: Option<NetworkProfileSpec>,
    /// The virtual network. Unless given, AKS's managed one: 10.224.0.0/12 with the subnet `aks-subnet`, 10.224.0.0/16.
    #[deserr(default)]
    pub vnet: Option<VnetSpec>,
    /// Node pools. A cluster without any needs `nodes`.
    #[deserr(default)]
    pub agent_pool_profiles: Option<Vec<AgentPoolSpec>>,
    /// Nodes of your own, read from a CSV file: there all the time, not billed, not scaled, not upgraded.
    #[deserr(default)]
    pub nodes: Option<NodeListSpec>,
    /// Install AKS's own workloads (CoreDNS, kube-proxy and the like); true with node pools, false without, unless given.
    #[deserr(default)]
    pub system_workloads: Option<bool>,
    /// Ours, not Azure's: which instances of a pool leave first when it is scaled in by hand, since what AKS sets is not documented.
    /// Default (the highest number), NewestVM or OldestVM; all of them keep zones balanced first. Default unless given.
    #[deserr(default)]
    pub scale_in_policy: Option<String>,
    /// Ours, not Azure's: which document is followed where two disagree.
    #[deserr(default)]
    pub conflicts: Option<ConflictsSpec>,
    /// The cluster autoscaler's settings, for all pools that it manages.
    #[deserr(default)]
    pub auto_scaler_profile: Option<AutoScalerProfileSpec>,
    /// What AKS upgrades by itself; nothing unless given.
    #[deserr(default)]
    pub auto_upgrade_profile: Option<AutoUpgradeProfileSpec>,
    /// Planned maintenance, each configuration as `az aks maintenanceconfiguration show` prints it.
    #[deserr(default)]
    pub maintenance_configurations: Option<MaintenanceConfigurationsSpec>,
    /// Access to the API server.
    #[deserr(default)]
    pub api_server_access_profile: Option<ApiServerAccessProfileSpec>,
    /// Microsoft Entra authentication; without it every kubeconfig is the administrator's.
    #[deserr(default)]
    pub aad_profile: Option<AadProfileSpec>,
    /// Withholds the local administrator's kubeconfig, which is above all role bindings; false unless given.
    #[deserr(default)]
    pub disable_local_accounts: Option<bool>,
    /// Kubernetes RBAC; true unless given. Microsoft Entra authentication needs it.
    #[deserr(default, rename = "enableRBAC")]
    #[schemars(rename = "enableRBAC")]
    pub enable_rbac: Option<bool>,
}

/// Which of two Microsoft documents is followed where they disagree: docs/limits.md names them.
#[derive(Clone, Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConflictsSpec {
    /// Fewest vCPUs of a VM in a system pool: 2 or 4; 2 unless given.
    #[deserr(default, rename = "systemPoolVCPUs")]
    #[schemars(rename = "systemPoolVCPUs")]
    pub system_pool_vcpus: Option<u32>,
    /// A system pool with a burstable size: Allow or Refuse; Allow unless given.
    #[deserr(default)]
    pub burstable_system_pools: Option<String>,
    /// Minor versions that a pool may be behind the control plane from 1.28 on: 3 or 2; 3 unless given.
    #[deserr(default)]
    pub version_skew: Option<u32>,
    /// Taking a pool back to the version before: Allow or Refuse; Allow unless given.
    #[deserr(default)]
    pub rollback: Option<String>,
    /// The same after a finished blue-green upgrade: Refuse or Allow; Refuse unless given.
    #[deserr(default)]
    pub rollback_after_blue_green: Option<String>,
    /// A scale that the quota has no room for: Refuse (nothing changes) or Fail (it is accepted and fails); Refuse unless given.
    #[deserr(default)]
    pub scale_beyond_quota: Option<String>,
    /// Units of the memory that is reserved on nodes: Mi or MB; Mi unless given.
    #[deserr(default)]
    pub memory_reservation: Option<String>,
}

impl ClusterSpec {
    /// The node pools, none when none are written.
    pub fn pools(&self) -> &[AgentPoolSpec] {
        self.agent_pool_profiles.as_deref().unwrap_or_default()
    }
}

/// The SKU of the cluster.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct SkuSpec {
    /// `Base`; Automatic clusters are not simulated.
    #[deserr(default)]
    pub name: Option<String>,
    /// Free, Standard or Premium.
    pub tier: String,
}

/// The fixed size of a control plane, a preview.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct ControlPlaneScalingProfileSpec {
    /// H2, H4 or H8: 200, 300 or 400 pods scheduled a second.
    pub scaling_size: String,
}

/// Access to the API server.
#[derive(Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApiServerAccessProfileSpec {
    /// A private cluster: its API server has an address in the subnet of the first pool; false unless given.
    #[deserr(default)]
    pub enable_private_cluster: Option<bool>,
}

/// Network model and ranges.
#[derive(Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct NetworkProfileSpec {
    /// `kubenet` or `azure`.
    #[deserr(default)]
    pub network_plugin: Option<String>,
    /// `overlay`, with the plugin `azure`; without it pods take addresses of the node subnet.
    #[deserr(default)]
    pub network_plugin_mode: Option<String>,
    /// Range of pod addresses with kubenet and overlay; 10.244.0.0/16 unless given.
    #[deserr(default)]
    pub pod_cidr: Option<String>,
    /// Range of Service addresses; 10.0.0.0/16 unless given.
    #[deserr(default)]
    pub service_cidr: Option<String>,
    /// Address of the DNS Service; the tenth of the Service range unless given.
    #[deserr(default, rename = "dnsServiceIP")]
    #[schemars(rename = "dnsServiceIP")]
    pub dns_service_ip: Option<String>,
    /// `loadBalancer` (with a load balancer and public addresses that are billed) or another way out (without).
    #[deserr(default)]
    pub outbound_type: Option<String>,
    /// Routes of a route table, the most nodes with kubenet: 400, or 1000; 400 unless given. A setting of aksim.
    #[deserr(default)]
    pub routes_per_table: Option<u32>,
    /// What AKS adds up before it begins with something that needs addresses of a subnet: Operation (what it adds, as documented) or
    /// AllPools (every pool of the subnet at its largest, with its surge, as reported); Operation unless given. A setting of aksim.
    #[deserr(default)]
    pub subnet_size_check: Option<String>,
    /// Settings of the load balancer.
    #[deserr(default)]
    pub load_balancer_profile: Option<LoadBalancerProfileSpec>,
    /// Whether pools may be static egress gateways.
    #[deserr(default)]
    pub static_egress_gateway_profile: Option<StaticEgressGatewayProfileSpec>,
    /// Settings of the NAT gateway.
    #[deserr(default)]
    pub nat_gateway_profile: Option<NatGatewayProfileSpec>,
}

/// Settings of the load balancer.
#[derive(Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct LoadBalancerProfileSpec {
    /// Outbound addresses that AKS manages.
    #[deserr(default, rename = "managedOutboundIPs")]
    #[schemars(rename = "managedOutboundIPs")]
    pub managed_outbound_ips: Option<ManagedOutboundIpsSpec>,
    /// Outbound addresses of your own, instead.
    #[deserr(default, rename = "outboundIPs")]
    #[schemars(rename = "outboundIPs")]
    pub outbound_ips: Option<OutboundIpsSpec>,
    /// Source ports of each node, a multiple of 8 up to 64000; 0, the default, lets the load balancer decide by the number of nodes.
    #[deserr(default)]
    pub allocated_outbound_ports: Option<u32>,
    /// Minutes after which an unused connection is given up, 4 to 120; 30 unless given.
    #[deserr(default)]
    pub idle_timeout_in_minutes: Option<u32>,
}

/// Outbound addresses of your own.
#[derive(Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct OutboundIpsSpec {
    /// The addresses, each by its resource id.
    #[deserr(default, rename = "publicIPs")]
    #[schemars(rename = "publicIPs", with = "Option<Vec<serde_json::Value>>")]
    pub public_ips: Option<Vec<serde_json::Value>>,
}

/// Whether pools may be static egress gateways.
#[derive(Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct StaticEgressGatewayProfileSpec {
    /// They may; false unless given.
    #[deserr(default)]
    pub enabled: Option<bool>,
}

/// The public addresses of a gateway pool.
#[derive(Clone, Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct GatewayProfileSpec {
    /// Prefix length of its public addresses, 28 to 31; 31 unless given.
    #[deserr(default, rename = "publicIPPrefixSize")]
    #[schemars(rename = "publicIPPrefixSize")]
    pub public_ip_prefix_size: Option<u8>,
}

/// Settings of the NAT gateway.
#[derive(Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct NatGatewayProfileSpec {
    /// Outbound addresses that AKS manages, or that your own gateway has.
    #[deserr(default, rename = "managedOutboundIPProfile")]
    #[schemars(rename = "managedOutboundIPProfile")]
    pub managed_outbound_ip_profile: Option<ManagedOutboundIpsSpec>,
    /// Minutes after which an unused connection is given up, 4 to 120; 4 unless given.
    #[deserr(default)]
    pub idle_timeout_in_minutes: Option<u32>,
}

/// Outbound addresses that AKS manages.
#[derive(Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct ManagedOutboundIpsSpec {
    /// How many, 1 unless given.
    #[deserr(default)]
    pub count: Option<u32>,
}

/// A virtual network with its subnets.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct VnetSpec {
    /// Address ranges of the network.
    #[deserr(default)]
    pub address_space: Option<Vec<String>>,
    /// Subnets.
    pub subnets: Vec<SubnetSpec>,
}

/// A subnet.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubnetSpec {
    /// Name, as pools refer to it.
    pub name: String,
    /// Prefix, such as 10.224.0.0/24.
    pub address_prefix: String,
}

/// A node pool: one virtual machine scale set, every VM alike.
#[derive(Clone, Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct AgentPoolSpec {
    /// Pool name: a lower-case letter, then up to eleven lower-case letters and digits.
    pub name: String,
    /// System, User or Gateway (a static egress gateway); System for the first pool and User for the others unless given.
    #[deserr(default)]
    pub mode: Option<String>,
    /// VM size, such as Standard_D4s_v5. It can never change: another size is another pool.
    pub vm_size: String,
    /// Public addresses of a pool with mode Gateway.
    #[deserr(default)]
    pub gateway_profile: Option<GatewayProfileSpec>,
    /// Nodes at the start; the minimum of an autoscaled pool, or 1, unless given.
    #[deserr(default)]
    pub count: Option<u32>,
    /// Lets the cluster autoscaler manage the pool.
    #[deserr(default)]
    pub enable_auto_scaling: Option<bool>,
    /// Fewest nodes of an autoscaled pool.
    #[deserr(default)]
    pub min_count: Option<u32>,
    /// Most nodes of an autoscaled pool.
    #[deserr(default)]
    pub max_count: Option<u32>,
    /// What becomes of nodes that are scaled in: Delete, or Deallocate to stop the VM and keep its disk. Delete unless given.
    #[deserr(default)]
    pub scale_down_mode: Option<String>,
    /// Most pods a node; 110 with kubenet, 30 with Azure CNI node subnet, 250 with a pod subnet or overlay unless given.
    #[deserr(default)]
    pub max_pods: Option<u32>,
    /// Ephemeral or Managed; Ephemeral where the VM size has room for it unless given.
    #[deserr(default)]
    pub os_disk_type: Option<String>,
    /// Size of the OS disk in GiB; 0 means the default.
    #[deserr(default, rename = "osDiskSizeGB")]
    #[schemars(rename = "osDiskSizeGB")]
    pub os_disk_size_gb: Option<u32>,
    /// Linux; Windows is not simulated.
    #[deserr(default)]
    pub os_type: Option<String>,
    /// Ubuntu, Ubuntu2204, Ubuntu2404 or AzureLinux.
    #[deserr(default, rename = "osSKU")]
    #[schemars(rename = "osSKU")]
    pub os_sku: Option<String>,
    /// Subnet of the nodes: its name, or an Azure resource id that ends with it.
    #[deserr(default, rename = "vnetSubnetID")]
    #[schemars(rename = "vnetSubnetID")]
    pub vnet_subnet_id: Option<String>,
    /// Subnet of the pods, with the plugin `azure` and without a mode: its name, or an Azure resource id that ends with it.
    #[deserr(default, rename = "podSubnetID")]
    #[schemars(rename = "podSubnetID")]
    pub pod_subnet_id: Option<String>,
    /// DynamicIndividual (batches of 16 addresses) or StaticBlock (whole /28s), with a pod subnet; DynamicIndividual unless given.
    #[deserr(default, rename = "podIPAllocationMode")]
    #[schemars(rename = "podIPAllocationMode")]
    pub pod_ip_allocation_mode: Option<String>,
    /// Availability zones, such as ["1", "2", "3"].
    #[deserr(default)]
    #[schemars(with = "Option<Vec<String>>")]
    pub availability_zones: Option<Vec<serde_json::Value>>,
    /// Labels of the nodes.
    #[deserr(default)]
    pub node_labels: Option<Entries<String>>,
    /// Taints of the nodes, such as `dedicated=batch:NoSchedule`.
    #[deserr(default)]
    pub node_taints: Option<Vec<String>>,
    /// Kubernetes version of the nodes, in quotes; the cluster's unless given.
    #[deserr(default)]
    pub orchestrator_version: Option<Version>,
    /// Regular or Spot.
    #[deserr(default)]
    pub scale_set_priority: Option<String>,
    /// The most that a spot instance may cost: dollars an hour with up to five decimals, or -1 for up to pay-as-you-go; -1 unless given.
    #[deserr(default)]
    #[schemars(with = "Option<f64>")]
    pub spot_max_price: Option<serde_json::Value>,
    /// What becomes of an evicted spot instance, Delete or Deallocate; Delete unless given.
    #[deserr(default)]
    pub scale_set_eviction_policy: Option<String>,
    /// Rolling or BlueGreen; Rolling unless given.
    #[deserr(default)]
    pub upgrade_strategy: Option<String>,
    /// How the pool is upgraded.
    #[deserr(default)]
    pub upgrade_settings: Option<UpgradeSettingsSpec>,
    /// How the pool is upgraded with the strategy BlueGreen.
    #[deserr(default)]
    pub upgrade_settings_blue_green: Option<BlueGreenSettingsSpec>,
}

/// How a pool is upgraded.
#[derive(Clone, Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpgradeSettingsSpec {
    /// Extra nodes during an upgrade: a number, or a percentage of the nodes, rounded up. 10% unless given.
    #[deserr(default)]
    pub max_surge: Option<IntOrPercentText>,
    /// Nodes taken out of service at once when maxSurge is 0; 0 unless given.
    #[deserr(default)]
    pub max_unavailable: Option<IntOrPercentText>,
    /// How long the drain of one node may take, in minutes; 30 unless given.
    #[deserr(default)]
    pub drain_timeout_in_minutes: Option<u32>,
    /// Wait between the drain of a node and its reimage, in minutes; 0 unless given.
    #[deserr(default)]
    pub node_soak_duration_in_minutes: Option<u32>,
    /// What becomes of a node that cannot be drained: Schedule (see scheduleOutcome) or Cordon (it is left behind, cordoned, and a
    /// surge node takes its place); Schedule unless given.
    #[deserr(default)]
    pub undrainable_node_behavior: Option<String>,
    /// Nodes that may be left behind before the upgrade stops, with Cordon: a number, or a percentage of the nodes, rounded up. As
    /// maxSurge unless given.
    #[deserr(default)]
    pub max_blocked_nodes: Option<IntOrPercentText>,
    /// Ours, not Azure's: what Schedule means, on which Microsoft's documents disagree. Uncordon (the node takes pods again and the
    /// upgrade stops, as in the API specification) or Replace (the node is deleted and replaced, as on the page of upgrade options);
    /// Uncordon unless given.
    #[deserr(default)]
    pub schedule_outcome: Option<String>,
}

/// How a pool is upgraded with the strategy BlueGreen: a second set of nodes beside the first.
#[derive(Clone, Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct BlueGreenSettingsSpec {
    /// Old nodes drained at once: a number, or a percentage of the old nodes, rounded up. 10% unless given.
    #[deserr(default)]
    pub drain_batch_size: Option<IntOrPercentText>,
    /// How long the drain of one node may take before the upgrade fails, in minutes; 30 unless given.
    #[deserr(default)]
    pub drain_timeout_in_minutes: Option<u32>,
    /// Wait between two batches, in minutes; 15 unless given.
    #[deserr(default)]
    pub batch_soak_duration_in_minutes: Option<u32>,
    /// Wait after the last batch, before the old nodes are deleted, in minutes; 60 unless given.
    #[deserr(default)]
    pub final_soak_duration_in_minutes: Option<u32>,
}

/// The cluster autoscaler's settings. Durations are written as 10s or 10m; bare numbers mean seconds.
#[derive(Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schemars(deny_unknown_fields)]
pub struct AutoScalerProfileSpec {
    /// Ours, not Azure's: where the settings that are not written come from, one of the samples of Microsoft's page. default,
    /// aggressive (scales down fast) or bursty; default unless given.
    #[deserr(default)]
    pub preset: Option<String>,
    /// Time between two looks; 10s.
    #[deserr(default, rename = "scan-interval")]
    #[schemars(rename = "scan-interval")]
    pub scan_interval: Option<ProfileDuration>,
    /// No scale-down for so long after a scale-up; 10m.
    #[deserr(default, rename = "scale-down-delay-after-add")]
    #[schemars(rename = "scale-down-delay-after-add")]
    pub scale_down_delay_after_add: Option<ProfileDuration>,
    /// No scale-down for so long after a node was deleted; the scan interval.
    #[deserr(default, rename = "scale-down-delay-after-delete")]
    #[schemars(rename = "scale-down-delay-after-delete")]
    pub scale_down_delay_after_delete: Option<ProfileDuration>,
    /// No scale-down for so long after a failed one; 3m.
    #[deserr(default, rename = "scale-down-delay-after-failure")]
    #[schemars(rename = "scale-down-delay-after-failure")]
    pub scale_down_delay_after_failure: Option<ProfileDuration>,
    /// A node goes when it was not needed for so long; 10m.
    #[deserr(default, rename = "scale-down-unneeded-time")]
    #[schemars(rename = "scale-down-unneeded-time")]
    pub scale_down_unneeded_time: Option<ProfileDuration>,
    /// The same for a node that is not ready; 20m.
    #[deserr(default, rename = "scale-down-unready-time")]
    #[schemars(rename = "scale-down-unready-time")]
    pub scale_down_unready_time: Option<ProfileDuration>,
    /// Below this share of requests a node may go, 0 to 1; 0.5.
    #[deserr(default, rename = "scale-down-utilization-threshold")]
    #[schemars(rename = "scale-down-utilization-threshold")]
    pub scale_down_utilization_threshold: Option<ProfileNumber>,
    /// Longest wait for the pods of a removed node, in seconds; 600.
    #[deserr(default, rename = "max-graceful-termination-sec")]
    #[schemars(rename = "max-graceful-termination-sec")]
    pub max_graceful_termination_sec: Option<ProfileNumber>,
    /// Empty nodes removed at once; 10.
    #[deserr(default, rename = "max-empty-bulk-delete")]
    #[schemars(rename = "max-empty-bulk-delete")]
    pub max_empty_bulk_delete: Option<ProfileNumber>,
    /// A node that is not up after so long is given up; 15m.
    #[deserr(default, rename = "max-node-provision-time")]
    #[schemars(rename = "max-node-provision-time")]
    pub max_node_provision_time: Option<ProfileDuration>,
    /// Above so many per cent of unready nodes the autoscaler halts; 45.
    #[deserr(default, rename = "max-total-unready-percentage")]
    #[schemars(rename = "max-total-unready-percentage")]
    pub max_total_unready_percentage: Option<ProfileNumber>,
    /// Unready nodes that are tolerated in any case; 3.
    #[deserr(default, rename = "ok-total-unready-count")]
    #[schemars(rename = "ok-total-unready-count")]
    pub ok_total_unready_count: Option<ProfileNumber>,
    /// Pending pods younger than this are overlooked; 0s.
    #[deserr(default, rename = "new-pod-scale-up-delay")]
    #[schemars(rename = "new-pod-scale-up-delay")]
    pub new_pod_scale_up_delay: Option<ProfileDuration>,
    /// How one of several pools is chosen: random, most-pods or least-waste; random.
    #[deserr(default)]
    pub expander: Option<String>,
    /// Equalise pools that are alike; false.
    #[deserr(default, rename = "balance-similar-node-groups")]
    #[schemars(rename = "balance-similar-node-groups")]
    pub balance_similar_node_groups: Option<ProfileFlag>,
    /// Keep nodes whose pods have local storage; false.
    #[deserr(default, rename = "skip-nodes-with-local-storage")]
    #[schemars(rename = "skip-nodes-with-local-storage")]
    pub skip_nodes_with_local_storage: Option<ProfileFlag>,
    /// Keep nodes with system pods; true.
    #[deserr(default, rename = "skip-nodes-with-system-pods")]
    #[schemars(rename = "skip-nodes-with-system-pods")]
    pub skip_nodes_with_system_pods: Option<ProfileFlag>,
    /// Leave DaemonSets out of a node's utilisation; false.
    #[deserr(default, rename = "ignore-daemonsets-utilization")]
    #[schemars(rename = "ignore-daemonsets-utilization")]
    pub ignore_daemonsets_utilization: Option<ProfileFlag>,
    /// Evict DaemonSet pods of empty nodes first; false.
    #[deserr(default, rename = "daemonset-eviction-for-empty-nodes")]
    #[schemars(rename = "daemonset-eviction-for-empty-nodes")]
    pub daemonset_eviction_for_empty_nodes: Option<ProfileFlag>,
    /// Evict DaemonSet pods of occupied nodes first; true.
    #[deserr(default, rename = "daemonset-eviction-for-occupied-nodes")]
    #[schemars(rename = "daemonset-eviction-for-occupied-nodes")]
    pub daemonset_eviction_for_occupied_nodes: Option<ProfileFlag>,
}
