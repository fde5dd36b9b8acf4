//! Addresses that the nodes of a pool take, and those that AKS counts before it lets them come.

use super::{AutoscalingRange, NetworkModel, PodIpAllocation, PoolPlan};
use crate::catalog::pod_subnet;

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
