//! Addresses that the nodes of a pool take, and those that AKS counts before it lets them come.

use super::{
    AutoscalingRange, ClusterPlan, FrontEnd, NetworkModel, NetworkPlan, OperationKind, Plan, PodIpAllocation, PoolMode,
    PoolPlan, UpgradeStrategy, front_ends,
};
use crate::catalog::{KubernetesVersion, limits, pod_subnet};
use ipnet::Ipv4Net;

/// Addresses of one subnet that one node takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeAddressNeed {
    /// From its start on.
    pub least: u32,
    /// With as many pods as it may have.
    pub most: u32,
}

impl PoolPlan {
    /// Addresses of the subnet that a node of the pool takes: its own and those of its pods.
    #[must_use]
    pub fn node_need(&self, model: NetworkModel, subnet: usize) -> NodeAddressNeed {
        let Some(scale_set) = &self.scale_set else {
            return NodeAddressNeed::default();
        };
        let own = u32::from(scale_set.subnet == subnet);
        let pods = if model == NetworkModel::AzureNodeSubnet { own * self.max_pods } else { 0 };
        let (first, all) = match scale_set.pod_subnet.filter(|pods| pods.subnet == subnet).map(|pods| pods.allocation) {
            None => (0, 0),
            Some(PodIpAllocation::DynamicIndividual) => {
                let wanted = |used| pod_subnet::wanted(used, self.max_pods);
                (wanted(0), wanted(self.max_pods))
            }
            Some(PodIpAllocation::StaticBlock) => {
                let all = pod_subnet::blocks(self.max_pods) * pod_subnet::BLOCK;
                (all, all)
            }
        };
        NodeAddressNeed { least: own + pods + first, most: own + pods + all }
    }

    /// The fewest nodes that an upgrade of the pool must be able to add, when it has so many and its nodes this version, lest it be
    /// refused: a spot pool gets no surge nodes, from 1.35 on a rolling upgrade goes on with one, and with `maxUnavailable` without any.
    /// Source: azure-aks-docs, upgrade-aks-node-pools-rolling.md, 2026-05-29.
    #[must_use]
    pub fn least_extra(&self, nodes: u32, version: KubernetesVersion) -> u32 {
        let most = self.upgrade.most_extra(nodes);
        match (self.upgrade.strategy, self.spot, version.minor) {
            (UpgradeStrategy::Rolling, true, _) => 0,
            (UpgradeStrategy::Rolling, ..) if self.in_place(nodes) > 0 => 0,
            (UpgradeStrategy::Rolling, false, 35..) => most.min(1),
            _ => most,
        }
    }

    /// Nodes of so many that an upgrade takes out of service at once where no surge node is to be had; system pools have no `maxUnavailable`.
    #[must_use]
    pub fn in_place(&self, nodes: u32) -> u32 {
        if self.mode == PoolMode::System { 0 } else { self.upgrade.max_unavailable.of_rounded_up(nodes) }
    }

    /// Addresses of the subnet that AKS counts for an operation that brings so many new nodes; `None` when the pool is in another.
    ///
    /// Source: support articles for AKS, insufficientsubnetsize-error-advanced-networking.md, 2025-02-20: with Azure CNI it leaves out
    /// the nodes' own addresses, and of an autoscaled overlay pool it counts all that there may ever be. Of pod subnets it says nothing;
    /// there it is what the nodes take at their start.
    #[must_use]
    pub fn counted_by_aks(
        &self,
        model: NetworkModel,
        subnet: usize,
        new: u32,
        autoscaling: Option<AutoscalingRange>,
    ) -> Option<u32> {
        let scale_set = self.scale_set.as_ref()?;
        if scale_set.pod_subnet.is_some_and(|pods| pods.subnet == subnet) {
            return Some(new * self.node_need(model, subnet).least);
        }
        (scale_set.subnet == subnet).then_some(match (model, autoscaling) {
            (NetworkModel::AzureNodeSubnet, _) => new * self.max_pods,
            (NetworkModel::AzureOverlay, Some(range)) => range.max,
            (NetworkModel::Kubenet | NetworkModel::AzurePodSubnet | NetworkModel::AzureOverlay, _) => new,
        })
    }
}

impl Plan {
    /// Range of pod addresses and network model in the end, should every change of them succeed that can; no range where pods take
    /// addresses of a subnet.
    #[must_use]
    pub fn last_network(&self) -> (Option<Ipv4Net>, NetworkModel) {
        let network = &self.cluster.network;
        let changes = self.operations.iter().filter_map(|operation| match operation.kind {
            OperationKind::UpdateNetwork(change) => Some(change),
            _ => None,
        });
        changes.fold((network.pod_cidr, network.model), |(cidr, model), change| match change.applied(cidr, model) {
            Some((cidr, model)) => (Some(cidr), model),
            None => (cidr, model),
        })
    }

    /// Nodes that there is room for in the pod CIDR in the end, and with kubenet in the route table; `None` without a pod CIDR.
    #[must_use]
    pub fn pod_cidr_room(&self) -> Option<u32> {
        let (cidr, model) = self.last_network();
        Some(self.cluster.network.room_for_nodes(cidr?, model))
    }

    /// Addresses of the subnet that something else than nodes holds: the private endpoint of the API server, and front ends of internal
    /// load balancers.
    #[must_use]
    pub fn other_addresses(&self, subnet: usize) -> u32 {
        let is_here =
            |front_end: &FrontEnd| matches!(front_end, FrontEnd::Internal { subnet: at, .. } if *at == subnet);
        let front_ends = front_ends(&self.services).iter().filter(|(front_end, _)| is_here(front_end)).count();
        let front_ends = u32::try_from(front_ends).expect("a manifest has fewer Services than that");
        u32::from(self.cluster.private_endpoint_subnet() == Some(subnet)) + front_ends
    }
}

impl NetworkPlan {
    /// Nodes that there is room for in a pod CIDR, and with kubenet in the route table.
    #[must_use]
    pub fn room_for_nodes(&self, pod_cidr: Ipv4Net, model: NetworkModel) -> u32 {
        let blocks = limits::pod_blocks(pod_cidr);
        if model == NetworkModel::Kubenet { blocks.min(self.routes_per_table) } else { blocks }
    }
}

impl ClusterPlan {
    /// How the subnet's addresses get to the nodes when it is one of pods; `None` for a subnet of nodes.
    #[must_use]
    pub fn pod_allocation(&self, subnet: usize) -> Option<PodIpAllocation> {
        let scale_sets = self.pools.iter().filter_map(|pool| pool.scale_set.as_ref());
        let mut of_pods = scale_sets.filter_map(|scale_set| scale_set.pod_subnet);
        of_pods.find(|pods| pods.subnet == subnet).map(|pods| pods.allocation)
    }

    /// Addresses that the subnet can hand out.
    #[must_use]
    pub fn usable_addresses(&self, subnet: usize) -> u32 {
        let prefix = self.subnets[subnet].prefix;
        match self.pod_allocation(subnet) {
            Some(PodIpAllocation::StaticBlock) => pod_subnet::usable_blocks(prefix) * pod_subnet::BLOCK,
            Some(PodIpAllocation::DynamicIndividual) | None => limits::usable_addresses(prefix),
        }
    }
}
