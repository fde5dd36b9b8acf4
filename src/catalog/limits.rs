//! Limits and defaults of AKS that validation and operations look at.

use super::KubernetesVersion;
use crate::kernel::SimDuration;
use crate::units::Bytes;
use ipnet::Ipv4Net;

/// Most pods a node may run. Source: azure-aks-docs, concepts-network-ip-address-planning.md, 2026-04-16.
pub const MAX_PODS: u32 = 250;
/// Least `maxPods` of a pool. Same source.
pub const MIN_MAX_PODS: u32 = 10;
/// Pods that all nodes of a pool must be able to run together. Same source.
pub const PODS_PER_POOL: u32 = 30;
/// Default `maxPods` with kubenet. Same source.
pub const DEFAULT_MAX_PODS_KUBENET: u32 = 110;
/// Default `maxPods` with Azure CNI node subnet. Same source.
pub const DEFAULT_MAX_PODS_NODE_SUBNET: u32 = 30;
/// Default `maxPods` with Azure CNI Overlay. Same source.
pub const DEFAULT_MAX_PODS_OVERLAY: u32 = 250;
/// Default `maxPods` with a pod subnet. Source: azure-aks-docs, configure-azure-cni-dynamic-ip-allocation.md, 2024-07-09, the page of
/// the feature; the planning page of 2026-04-16 says 110.
pub const DEFAULT_MAX_PODS_POD_SUBNET: u32 = 250;
/// Pods that a node of a system pool must be able to run. Source: azure-aks-docs, use-system-pools.md, 2026-04-30.
pub const SYSTEM_MIN_MAX_PODS: u32 = 30;
/// vCPUs and GiB of memory below which AKS takes no VM size for a user pool. Source: azure-aks-docs, quotas-skus-regions.md, 2026-08-03.
pub const USER_VM: (u32, u64) = (2, 2);
/// The same for a system pool. Same source.
pub const SYSTEM_VM: (u32, u64) = (2, 4);
/// vCPUs that Microsoft's page on system pools asks for, more than AKS's quotas do. Source: use-system-pools.md, 2026-04-30.
pub const SYSTEM_VCPUS_ADVISED: u32 = 4;
/// Most nodes of a pool. Source: azure-docs, container-service-limits.md, 2024-01-12.
pub const NODES_PER_POOL: u32 = 1000;
/// Most pools of a cluster. Same source.
pub const POOLS_PER_CLUSTER: usize = 100;
/// Nodes above which a cluster cannot be stopped. Source: azure-aks-docs, best-practices-performance-scale-large.md, 2026-06-05.
pub const STOPPABLE_NODES: usize = 100;
/// How long to wait after a stop before the cluster is started again, in minutes: at least, and better.
/// Source: azure-aks-docs, start-stop-cluster.md, 2026-07-21.
pub const WAIT_AFTER_STOP_MINUTES: (u64, u64) = (15, 30);
/// Months for which AKS keeps the state of a stopped cluster. Same source.
pub const STOPPED_STATE_MONTHS: i32 = 12;
/// Most nodes of a cluster; one that has so many has no room for an upgrade. Source: best-practices-performance-scale-large.md, 2026-06-05.
pub const NODES_PER_CLUSTER: u32 = 5000;
/// Nodes below which a cluster of that size is scaled before it is upgraded. Same source.
pub const UPGRADABLE_NODES: u32 = 3000;
/// Nodes from which on a pool without autoscaler is scaled in steps. Same source.
pub const STEPWISE_NODES: u32 = 1000;
/// Such a step: fewest and most nodes. Same source.
pub const SCALE_STEP_NODES: (u32, u32) = (500, 700);
/// The wait between two such steps, in minutes: at least and at most. Same source.
pub const SCALE_STEP_WAIT_MINUTES: (u64, u64) = (2, 5);
/// The share of a cluster's nodes that is scaled at once, in per cent: least and most. Same source.
pub const SCALE_STEP_PERCENT: (u32, u32) = (10, 20);
/// Addresses of every subnet that Azure keeps: the first four and the last.
/// Source: azure-aks-docs, concepts-network-azure-cni-overlay.md, 2026-07-31.
pub const RESERVED_ADDRESSES: u32 = 5;
/// Addresses that a virtual network may have in use. Source: concepts-network-ip-address-planning.md, 2026-04-16.
pub const ADDRESSES_PER_VNET: u32 = 65_536;
/// Longest prefix of a subnet. Source: azure-docs, virtual-networks-faq.md, 2019-02-12.
pub const SMALLEST_SUBNET_PREFIX: u8 = 29;
/// Range of pod addresses unless given. Source: API specification of 2025-05-01.
pub const DEFAULT_POD_CIDR: &str = "10.244.0.0/16";
/// Routes of a route table, one per kubenet node. Source: azure-aks-docs, configure-kubenet.md, 2026-04-16.
pub const KUBENET_ROUTES: u32 = 400;
/// The same as it was raised in 2026. Source: MicrosoftDocs/azure-docs pull request 128759; the page on kubenet has not followed.
pub const KUBENET_ROUTES_RAISED: u32 = 1000;
/// Prefix of the block of pod addresses of a kubenet or overlay node. Source: concepts-network-ip-address-planning.md, 2026-04-16.
pub const NODE_BLOCK_PREFIX: u8 = 24;
/// The virtual network that AKS makes, and its one subnet. Source: azure-aks-docs, configure-azure-cni.md, 2026-04-16.
pub const MANAGED_VNET: &str = "10.224.0.0/12";
/// The subnet of the network that AKS makes: name and range. Same source for the range; the name is that of clusters in use.
pub const MANAGED_SUBNET: (&str, &str) = ("aks-subnet", "10.224.0.0/16");
/// Ranges that no cluster range may touch. Source: azure-aks-docs, concepts-network-cni-overview.md, 2026-07-10.
pub const FORBIDDEN_RANGES: [&str; 4] = ["169.254.0.0/16", "172.30.0.0/16", "172.31.0.0/16", "192.0.2.0/24"];
/// Default `maxSurge` in per cent. Sources disagree: the API specification of 2025-05-01 says 10 %, azure-aks-docs'
/// upgrade-aks-node-pools-rolling.md of 2026-05-29 one node. The specification is followed.
pub const DEFAULT_MAX_SURGE_PERCENT: u32 = 10;
/// Default drain timeout in minutes. Source: API specification of 2025-05-01.
pub const DEFAULT_DRAIN_TIMEOUT_MINUTES: u64 = 30;

/// True for a name that a Linux node pool may have: `^[a-z][a-z0-9]{0,11}$`. Source: API specification of 2025-05-01.
#[must_use]
pub fn is_pool_name(name: &str) -> bool {
    name.len() <= 12
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
}

/// True when such a VM is as large as Microsoft's page on system pools asks for, too.
#[must_use]
pub fn is_advised_for_system(vcpus: u32, memory: Bytes) -> bool {
    vcpus >= SYSTEM_VCPUS_ADVISED && memory >= Bytes::from_gib(SYSTEM_VM.1)
}

/// Pools that a cluster of so many nodes needs, system pools left out.
#[must_use]
pub const fn pools_for(nodes: u32) -> u32 {
    nodes.div_ceil(NODES_PER_POOL)
}

/// Nodes by which a cluster is scaled at once: least and most. Source: best-practices-performance-scale-large.md, 2026-06-05.
#[must_use]
pub const fn scale_step(cluster_nodes: u32) -> (u32, u32) {
    let (least, most) = SCALE_STEP_PERCENT;
    (cluster_nodes * least / 100, cluster_nodes * most / 100)
}

/// How long a kubelet may be silent until its node counts as unreachable: kube-controller-manager's `node-monitor-grace-period`.
/// Source: Kubernetes documentation, "kube-controller-manager", 1.31 (40 s) and 1.32 (50 s).
#[must_use]
pub const fn node_monitor_grace(version: KubernetesVersion) -> SimDuration {
    SimDuration::from_secs(if version.minor >= 32 { 50 } else { 40 })
}

/// Addresses that a subnet can hand out.
#[must_use]
pub fn usable_addresses(subnet: Ipv4Net) -> u32 {
    let all = 1u64 << (32 - subnet.prefix_len());
    u32::try_from(all.saturating_sub(u64::from(RESERVED_ADDRESSES))).unwrap_or(u32::MAX)
}

/// Nodes that get a block of pod addresses from a pod CIDR.
#[must_use]
pub fn pod_blocks(pod_cidr: Ipv4Net) -> u32 {
    match NODE_BLOCK_PREFIX.checked_sub(pod_cidr.prefix_len()) {
        Some(bits) => 1u32.checked_shl(u32::from(bits)).unwrap_or(u32::MAX),
        None => 0,
    }
}

/// Microsoft's formula for the addresses of an Azure CNI node subnet.
/// Source: azure-aks-docs, concepts-network-ip-address-planning.md, 2026-04-16.
#[must_use]
pub const fn node_subnet_addresses(nodes: u32, surge: u32, max_pods: u32) -> u32 {
    (nodes + surge) * (1 + max_pods)
}

/// The longest prefix of a subnet that can hand out so many addresses.
#[must_use]
pub fn smallest_prefix(addresses: u32) -> u8 {
    let all = u64::from(addresses) + u64::from(RESERVED_ADDRESSES);
    let bits = u8::try_from(all.next_power_of_two().trailing_zeros()).unwrap_or(32);
    (32 - bits.min(32)).min(SMALLEST_SUBNET_PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pool_names() {
        for (name, valid) in [
            ("apps", true),
            ("a", true),
            ("nodepool1234", true),
            ("Apps", false),
            ("1apps", false),
            ("my-pool", false),
            ("toolongname12", false),
            ("", false),
        ] {
            assert_eq!(is_pool_name(name), valid, "{name}");
        }
    }

    /// concepts-network-ip-address-planning.md, 2026-04-16: 50 nodes, and 10 more planned.
    #[test]
    fn node_subnet_sizes_follow_the_documented_examples() {
        assert_eq!(node_subnet_addresses(50, 1, 30), 1581);
        assert_eq!(node_subnet_addresses(60, 1, 30), 1891);
        assert_eq!(smallest_prefix(1581), 21);
        assert_eq!(smallest_prefix(1891), 21);
    }

    /// configure-kubenet.md, 2026-04-16: what a /24 holds.
    #[test]
    fn a_slash_24_holds_251_kubenet_nodes_or_8_flat_ones() {
        let usable = usable_addresses("10.0.0.0/24".parse().unwrap());
        assert_eq!((usable, usable * 110), (251, 27_610));
        assert_eq!((usable / 31, usable / 31 * 30), (8, 240));
        // A /27 has 27 usable: the page leaves room for scaling and says 20 to 25 nodes.
        assert!((20..=27).contains(&usable_addresses("10.0.0.0/27".parse().unwrap())));
    }

    /// best-practices-performance-scale-large.md, 2026-06-05.
    #[test]
    fn five_thousand_nodes_are_five_pools_and_scaled_by_five_hundred_to_a_thousand() {
        assert_eq!((pools_for(5000), pools_for(5001), pools_for(1)), (5, 6, 1));
        assert_eq!(scale_step(5000), (500, 1000));
    }

    #[test]
    fn an_overlay_slash_16_has_blocks_for_256_nodes() {
        assert_eq!(pod_blocks("10.244.0.0/16".parse().unwrap()), 256);
        assert_eq!(pod_blocks("10.244.0.0/18".parse().unwrap()), 64);
        assert_eq!(pod_blocks("10.244.0.0/25".parse().unwrap()), 0);
    }
}
