//! The addresses that a node holds, and those of them that its pods use.

use super::PodRange;
use super::{Ctx, Event, Fact, NodeId, PodId, PoolId, SubnetId, SubnetUse, World};
use crate::catalog::pod_subnet;
use crate::kernel::Id;
use crate::scenario::plan::{ClusterPlan, NetworkModel, PodIpAllocation};
use ipnet::Ipv4Net;
use std::collections::VecDeque;

/// What a node holds.
#[derive(Clone, Debug, Default)]
pub struct NodeAddresses {
    /// Its own address, by the number in its subnet.
    pub own: Option<u32>,
    /// Addresses for its pods, or blocks of them, by their numbers in their subnet.
    pub pods: Vec<u32>,
    /// Its block of the pod CIDR.
    pub block: Option<u32>,
    /// The network model that it took them under; `None` before it has any.
    pub model: Option<NetworkModel>,
    /// How many addresses of batches pods use, or gave back a moment ago.
    pub assigned: u32,
    /// Pods that wait for an address of a batch, in the order of asking.
    pub waiting: VecDeque<PodId>,
    /// True while a request for another batch is under way, or waits for addresses to be free.
    pub asked: bool,
}

/// What a pod has of the addresses that its node got in batches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PodAddress {
    /// None, and it did not ask for one.
    #[default]
    None,
    /// It waits for one: its sandbox cannot be made.
    Waiting,
    /// It has one.
    Held,
}

/// What the subnet with this index is there for.
pub(super) fn purpose(cluster: &ClusterPlan, index: usize) -> SubnetUse {
    match cluster.pod_allocation(index) {
        None => SubnetUse::Nodes,
        Some(PodIpAllocation::DynamicIndividual) => SubnetUse::PodBatches,
        Some(PodIpAllocation::StaticBlock) => SubnetUse::PodBlocks,
    }
}

impl World {
    /// The cluster's model is Azure CNI Overlay from now on, with this pod CIDR: new and reimaged nodes get blocks of it. A former range
    /// that is no part of it stays until its last node has left it.
    pub fn become_overlay(&mut self, cidr: Ipv4Net) {
        self.network = NetworkModel::AzureOverlay;
        match &mut self.pod_range {
            Some(range) if cidr.contains(&range.cidr) => {
                range.routes = None;
                range.grow(cidr);
            }
            range => {
                self.left_range = range.take();
                let mut next = PodRange::new(cidr, None);
                next.exhaustions = self.left_range.as_ref().map_or(0, |left| left.exhaustions);
                *range = Some(next);
            }
        }
    }

    /// The range of pod addresses that holds the block.
    pub fn range_of_block(&mut self, block: u32) -> Option<&mut PodRange> {
        let lies_in = |range: &PodRange| range.cidr.contains(&PodRange::block(block));
        let ranges = [self.pod_range.as_mut(), self.left_range.as_mut()];
        ranges.into_iter().flatten().find(|range| lies_in(range))
    }

    /// True when the node took its addresses under another model than the cluster's present one: it is to be reimaged.
    #[must_use]
    pub fn has_former_network(&self, node: NodeId) -> bool {
        self.nodes[node].addresses.model.is_some_and(|model| model != self.network)
    }

    /// The subnet of a pool's nodes; `None` for nodes that were brought along.
    #[must_use]
    pub fn subnet_of(&self, pool: PoolId) -> Option<SubnetId> {
        self.pool_plan(pool).scale_set.as_ref().map(|scale_set| SubnetId::from_index(scale_set.subnet))
    }

    /// The subnet of a pool's pods, when they have one of their own.
    #[must_use]
    pub fn pod_subnet_of(&self, pool: PoolId) -> Option<SubnetId> {
        let pods = self.pool_plan(pool).scale_set.as_ref()?.pod_subnet?;
        Some(SubnetId::from_index(pods.subnet))
    }

    /// The subnet that the node gets addresses for its pods from in batches, if it does.
    #[must_use]
    pub fn batches_of(&self, node: NodeId) -> Option<SubnetId> {
        self.pod_subnet_of(self.nodes[node].pool)
            .filter(|subnet| self.subnets[*subnet].purpose == SubnetUse::PodBatches)
    }

    /// True when the pod has what it needs of addresses. A pod that needs one takes it, or begins to wait for it.
    pub fn has_address(&mut self, pod: PodId, ctx: &mut Ctx<'_>) -> bool {
        let Some(node) = self.pods[pod].node.filter(|node| self.batches_of(*node).is_some()) else {
            return true; // With every other model the node has an address for every pod.
        };
        if self.template(pod).host_network {
            return true;
        }
        if self.pods[pod].address == PodAddress::None {
            let held = &mut self.nodes[node].addresses;
            self.pods[pod].address = if (held.assigned as usize) < held.pods.len() {
                held.assigned += 1;
                PodAddress::Held
            } else {
                held.waiting.push_back(pod);
                ctx.observe(Fact::PodWaitsForAddress(pod));
                PodAddress::Waiting
            };
            ctx.soon(Event::PodAddressesWanted(node));
        }
        self.pods[pod].address == PodAddress::Held
    }

    /// Addresses of batches that the node wants to hold for the pods that use or want them.
    #[must_use]
    pub fn wanted_addresses(&self, node: NodeId) -> usize {
        let addresses = &self.nodes[node].addresses;
        let used = addresses.assigned + u32::try_from(addresses.waiting.len()).expect("a node has at most 250 pods");
        pod_subnet::wanted(used, self.pool_plan(self.nodes[node].pool).max_pods) as usize
    }

    /// The pod has ended: its address can be used again after a delay.
    pub(super) fn give_up_address(&mut self, pod: PodId, ctx: &mut Ctx<'_>) {
        let Some(node) = self.pods[pod].node else {
            return;
        };
        match std::mem::take(&mut self.pods[pod].address) {
            PodAddress::None => {}
            PodAddress::Waiting => self.nodes[node].addresses.waiting.retain(|other| *other != pod),
            PodAddress::Held => ctx.after(pod_subnet::RELEASE_DELAY, Event::PodAddressReleased(node)),
        }
    }
}
