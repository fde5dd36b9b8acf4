//! Address ranges of the cluster, whose network it lives in, and how it reaches the internet.

use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// Which of Azure's network models the cluster uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkModel {
    /// Nodes take subnet addresses, pods a /24 of the pod CIDR behind NAT, one route per node.
    Kubenet,
    /// Azure CNI node subnet: every node preallocates `maxPods` subnet addresses besides its own.
    AzureNodeSubnet,
    /// Azure CNI Overlay: nodes take subnet addresses, pods a /24 of the overlay pod CIDR.
    AzureOverlay,
}

/// Address ranges of the cluster.
#[derive(Clone, Debug)]
pub struct NetworkPlan {
    /// Network model.
    pub model: NetworkModel,
    /// Range of pod addresses; `None` for the node-subnet model.
    pub pod_cidr: Option<Ipv4Net>,
    /// Range of Service addresses.
    pub service_cidr: Ipv4Net,
    /// Address of the DNS Service.
    pub dns_service_ip: Ipv4Addr,
    /// How nodes and pods reach the internet.
    pub outbound: OutboundType,
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

/// Azure's `outboundType`. Source: azure-aks-docs, egress-outboundtype.md, 2026-08-05.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboundType {
    /// A load balancer of AKS with so many public addresses that AKS manages.
    LoadBalancer(u32),
    /// A NAT gateway that AKS makes.
    ManagedNatGateway,
    /// A NAT gateway that the customer attached to the subnet.
    UserAssignedNatGateway,
    /// The customer's own routes.
    UserDefinedRouting,
    /// Nothing that AKS sets up.
    None,
    /// Nothing, and AKS blocks what would go out.
    Block,
}
