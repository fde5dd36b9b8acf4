//! Address ranges of the cluster, and whose network it lives in.

use super::OutboundPlan;
use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// Which of Azure's network models the cluster uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkModel {
    /// Nodes take subnet addresses, pods a /24 of the pod CIDR behind NAT, one route per node.
    Kubenet,
    /// Azure CNI node subnet: every node preallocates `maxPods` subnet addresses besides its own.
    AzureNodeSubnet,
    /// Azure CNI pod subnet: nodes take addresses of their subnet, pods of another one, in batches or in blocks.
    AzurePodSubnet,
    /// Azure CNI Overlay: nodes take subnet addresses, pods a /24 of the overlay pod CIDR.
    AzureOverlay,
}

impl NetworkModel {
    /// True where every node gets a /24 of the pod CIDR and its pods are hidden behind it.
    #[must_use]
    pub const fn has_pod_cidr(self) -> bool {
        matches!(self, Self::Kubenet | Self::AzureOverlay)
    }

    /// What Microsoft's pages call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kubenet => "kubenet",
            Self::AzureNodeSubnet => "Azure CNI node subnet",
            Self::AzurePodSubnet => "Azure CNI pod subnet",
            Self::AzureOverlay => "Azure CNI Overlay",
        }
    }
}

/// Where the pods of a pool's nodes get their addresses, when that is a subnet of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PodSubnet {
    /// Index into [`ClusterPlan::subnets`](super::ClusterPlan::subnets).
    pub subnet: usize,
    /// How they get to the nodes.
    pub allocation: PodIpAllocation,
}

/// Azure's `podIPAllocationMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodIpAllocation {
    /// Single addresses, in batches that follow the number of pods.
    DynamicIndividual,
    /// Whole /28s, as many as the node may ever need, from the start.
    StaticBlock,
}

impl PodIpAllocation {
    /// Azure's names.
    pub const ALL: [(&str, Self); 2] =
        [("DynamicIndividual", Self::DynamicIndividual), ("StaticBlock", Self::StaticBlock)];
}

/// What AKS adds up before it begins with something that needs addresses of a subnet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SubnetSizeCheck {
    /// What the operation adds, compared with the addresses that are free. Source: support articles for AKS,
    /// insufficientsubnetsize-error-advanced-networking.md, 2025-02-20.
    #[default]
    Operation,
    /// Every pool of the subnet at its largest with its surge, compared with all addresses of the subnet: what the messages in
    /// Azure/AKS issues 1795 (2020-08-13) and 3653 (2023-05-11) count.
    AllPools,
}

impl SubnetSizeCheck {
    /// The names in scenarios.
    pub const ALL: [(&str, Self); 2] = [("Operation", Self::Operation), ("AllPools", Self::AllPools)];
}

/// Address ranges of the cluster.
#[derive(Clone, Debug)]
pub struct NetworkPlan {
    /// Network model.
    pub model: NetworkModel,
    /// Range of pod addresses; `None` where pods take addresses of a subnet.
    pub pod_cidr: Option<Ipv4Net>,
    /// Routes that a route table may have: the most nodes with kubenet.
    pub routes_per_table: u32,
    /// What AKS adds up before it begins.
    pub size_check: SubnetSizeCheck,
    /// True when the API server has a private endpoint, in the subnet of the first pool.
    pub private_cluster: bool,
    /// Range of Service addresses.
    pub service_cidr: Ipv4Net,
    /// Address of the DNS Service.
    pub dns_service_ip: Ipv4Addr,
    /// How nodes and pods reach the internet.
    pub outbound: OutboundPlan,
    /// The customer's virtual network; `None` when AKS makes one.
    pub own_vnet: Option<OwnVnet>,
}

/// A virtual network that the customer brings along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnVnet {
    /// Its resource group, when a pool's `vnetSubnetID` is a resource id that says it.
    pub resource_group: Option<String>,
    /// Its name, said in the same way.
    pub name: Option<String>,
    /// Its address ranges; empty when the scenario gives only subnets.
    pub address_space: Vec<Ipv4Net>,
}
