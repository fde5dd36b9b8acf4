//! Who takes which addresses when.
//!
//! A node takes its addresses when its VM is allocated and gives them back when the VM is gone. kubenet and Azure CNI Overlay take
//! one subnet address and a /24 of the pod CIDR per node; Azure CNI node subnet takes one address and `maxPods` more
//! for pods that may come. Sources: azure-aks-docs, concepts-network-ip-address-planning.md, 2026-04-16, and
//! configure-kubenet.md, 2026-04-16.

use crate::catalog::limits;
use crate::cluster::{Ctx, Fact, NodeFailure, NodeId, SubnetId, World};
use crate::scenario::plan::NetworkModel;

/// Gives the node its addresses, or fails its creation.
pub fn on_attach_nic(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    if !world.nodes[node].is_member() || world.nodes[node].addresses > 0 {
        return; // Stale: the node was deleted before its VM was allocated.
    }
    let Some(subnet) = world.subnet_of(world.nodes[node].pool) else {
        return; // The node was brought along, with addresses that are none of the cluster's.
    };
    match take(world, node, subnet) {
        Ok(()) => {}
        Err(failure) => {
            world.fail_node(node, failure, ctx);
        }
    }
    ctx.observe(Fact::AddressesChanged(subnet, node));
}

/// Takes back what the node held.
pub fn on_node_deleted(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    let held = world.nodes[node].addresses;
    let Some(subnet) = world.subnet_of(world.nodes[node].pool).filter(|_| held > 0) else {
        return;
    };
    world.subnets[subnet].release(held - 1);
    world.nodes[node].addresses = 0;
    if std::mem::take(&mut world.nodes[node].pod_cidr) {
        world.pod_cidrs -= 1;
    }
    ctx.observe(Fact::AddressesChanged(subnet, node));
}

fn take(world: &mut World, node: NodeId, subnet: SubnetId) -> Result<(), NodeFailure> {
    let pool = world.nodes[node].pool;
    let model = world.plan.cluster.network.model;
    let blocks = pod_blocks(world);
    if blocks.is_some_and(|blocks| world.pod_cidrs >= blocks) {
        return Err(NodeFailure::PodCidrExhausted);
    }
    let pods = match model {
        NetworkModel::AzureNodeSubnet => world.pool_plan(pool).max_pods,
        NetworkModel::Kubenet | NetworkModel::AzureOverlay => 0,
    };
    world.subnets[subnet].take(pods).map_err(|_| NodeFailure::SubnetIsFull)?;
    world.nodes[node].addresses = 1 + pods;
    if blocks.is_some() {
        world.nodes[node].pod_cidr = true;
        world.pod_cidrs += 1;
    }
    Ok(())
}

/// How many nodes the pod CIDR (and, with kubenet, the route table) has room for; `None` where pods use the subnet.
fn pod_blocks(world: &World) -> Option<u32> {
    let network = &world.plan.cluster.network;
    let blocks = limits::pod_blocks(network.pod_cidr?);
    match network.model {
        NetworkModel::Kubenet => Some(blocks.min(limits::KUBENET_ROUTES)),
        NetworkModel::AzureOverlay => Some(blocks),
        NetworkModel::AzureNodeSubnet => None,
    }
}
