//! Who takes which addresses when.
//!
//! A node takes its addresses when its VM is allocated and gives them back when the VM is gone. kubenet and Azure CNI Overlay take
//! one subnet address and a /24 of the pod CIDR per node; Azure CNI node subnet takes one address and `maxPods` more
//! for pods that may come; with a pod subnet there are blocks of it for as many pods, or a first batch. Sources: azure-aks-docs,
//! concepts-network-ip-address-planning.md, 2026-04-16; configure-kubenet.md, 2026-04-16;
//! configure-azure-cni-static-block-allocation.md, 2024-03-18.

mod batches;
mod front_end;

pub use batches::{on_addresses_freed, on_arrived, on_released, on_wanted};
pub use front_end::{on_front_end_wanted, on_start};

use crate::catalog::pod_subnet;
use crate::cluster::{AddressHolder, Ctx, Event, Fact, NodeFailure, NodeId, NodePhase, SubnetId, SubnetUse, World};
use crate::scenario::plan::NetworkModel;

/// Gives the node its addresses, or fails its creation.
pub fn on_attach_nic(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    if !world.nodes[node].is_member() {
        return; // Stale: the node was deleted before its VM was allocated.
    }
    if world.nodes[node].addresses.own.is_some() {
        exchange(world, node, ctx); // Its VM was deallocated, and is started again.
        return;
    }
    let Some(subnet) = world.subnet_of(world.nodes[node].pool) else {
        return; // The node was brought along, with addresses that are none of the cluster's.
    };
    match take(world, node, subnet, ctx) {
        Ok(()) => {
            world.backends_changed(true, ctx);
            ctx.observe(Fact::AddressesChanged(subnet, node));
        }
        Err(failure) => {
            let short = if let NodeFailure::SubnetIsFull(short) = failure { short } else { subnet };
            world.fail_node(node, failure, ctx);
            ctx.observe(Fact::AddressesChanged(short, node));
        }
    }
}

/// The node is reimaged: it comes back under the cluster's present model.
pub fn on_reimage(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    if world.nodes[node].phase == NodePhase::Reimaging {
        exchange(world, node, ctx);
    }
}

/// Gives what the node holds for its pods for a block of the pod CIDR, when it took it under another model.
fn exchange(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    let pool = world.nodes[node].pool;
    let Some(subnet) = world.subnet_of(pool).filter(|_| world.has_former_network(node)) else {
        return;
    };
    world.nodes[node].addresses.model = Some(world.network);
    let pods = std::mem::take(&mut world.nodes[node].addresses.pods);
    world.subnets[subnet].release(ctx.now, &pods, AddressHolder::Pods(node));
    give_back_block(world, node, ctx);
    match world.pod_range.as_mut().and_then(|range| range.take(ctx.now, node)) {
        Some(block) => world.nodes[node].addresses.block = Some(block),
        None => world.fail_node(node, NodeFailure::PodCidrExhausted, ctx),
    }
    ctx.observe(Fact::AddressesChanged(subnet, node));
}

fn give_back_block(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    if let Some(block) = world.nodes[node].addresses.block.take() {
        world.range_of_block(block).expect("a block is one of a range").release(ctx.now, block, node);
    }
    if world.left_range.as_ref().is_some_and(|range| range.used() == 0) {
        world.left_range = None;
    }
}

/// Takes back what the node held.
pub fn on_node_deleted(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    let pool = world.nodes[node].pool;
    give_back_block(world, node, ctx);
    let held = std::mem::take(&mut world.nodes[node].addresses);
    let (Some(own), Some(subnet)) = (held.own, world.subnet_of(pool)) else {
        return;
    };
    world.backends_changed(false, ctx);
    world.subnets[subnet].release(ctx.now, &[own], AddressHolder::Node(node));
    let of_pods = world.pod_subnet_of(pool);
    world.subnets[of_pods.unwrap_or(subnet)].release(ctx.now, &held.pods, AddressHolder::Pods(node));
    ctx.observe(Fact::AddressesChanged(subnet, node));
    if let Some(of_pods) = of_pods.filter(|_| !held.pods.is_empty()) {
        released(world, of_pods, node, ctx);
    }
}

/// Addresses of a subnet of pods were released: they are free after a delay.
fn released(world: &World, subnet: SubnetId, node: NodeId, ctx: &mut Ctx<'_>) {
    ctx.observe(Fact::AddressesChanged(subnet, node));
    ctx.after(world.subnets[subnet].release_delay(), Event::AddressesFreed(subnet, node));
}

/// Takes everything that the node needs at its start, or nothing.
fn take(world: &mut World, node: NodeId, subnet: SubnetId, ctx: &mut Ctx<'_>) -> Result<(), NodeFailure> {
    let now = ctx.now;
    let pool = world.nodes[node].pool;
    let max_pods = world.pool_plan(pool).max_pods;
    let of_pods = world.pod_subnet_of(pool);
    let preallocated = if world.network == NetworkModel::AzureNodeSubnet { max_pods } else { 0 };
    let blocks = of_pods.filter(|subnet| world.subnets[*subnet].purpose == SubnetUse::PodBlocks);
    world.subnets[subnet].require(now, 1 + preallocated).map_err(|_| NodeFailure::SubnetIsFull(subnet))?;
    let mut pods = Vec::new();
    if let Some(blocks) = blocks {
        let wanted = pod_subnet::blocks(max_pods) * pod_subnet::BLOCK;
        let taken = world.subnets[blocks].take(now, wanted, AddressHolder::Pods(node));
        pods = taken.map_err(|_| NodeFailure::SubnetIsFull(blocks))?;
        ctx.observe(Fact::AddressesChanged(blocks, node));
    }
    let block = match &mut world.pod_range {
        Some(range) => Some(range.take(now, node).ok_or(NodeFailure::PodCidrExhausted)?),
        None => None,
    };
    let ledger = &mut world.subnets[subnet];
    let own = ledger.take(now, 1, AddressHolder::Node(node)).expect("room for it was required");
    if preallocated > 0 {
        pods = ledger.take(now, preallocated, AddressHolder::Pods(node)).expect("room for them was required");
    }
    let addresses = &mut world.nodes[node].addresses;
    addresses.own = own.first().copied();
    addresses.pods = pods;
    addresses.block = block;
    addresses.model = Some(world.network);
    batches::begin(world, node, ctx);
    Ok(())
}
