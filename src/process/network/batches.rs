//! Addresses that follow the pods: batches of a pod subnet.
//!
//! A node has a batch from its start. It asks for as many more as leave it enough unassigned ones, and gives back those that it has no
//! use for. A batch comes whole or not at all: when the subnet has too few free addresses the node waits in line, and pods that find no
//! address on their node wait with it. Sources: see [`pod_subnet`].

use super::released;
use crate::catalog::pod_subnet;
use crate::cluster::{AddressHolder, Ctx, Event, Fact, NodeId, PodAddress, SubnetId, World};

/// The node starts: its first batch is asked for together with the VM.
pub(super) fn begin(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    if let Some(subnet) = world.batches_of(node) {
        world.nodes[node].addresses.asked = true;
        answer(world, node, subnet, ctx);
    }
}

/// The node compares the addresses that it holds with those that its pods want.
pub fn on_wanted(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    let Some(subnet) = world.batches_of(node).filter(|_| is_there(world, node)) else {
        return;
    };
    if world.nodes[node].addresses.asked {
        return; // It compares again when it has an answer.
    }
    let wanted = world.wanted_addresses(node);
    let held = &mut world.nodes[node].addresses.pods;
    if wanted > held.len() {
        world.nodes[node].addresses.asked = true;
        ctx.after(pod_subnet::REQUEST_DELAY, Event::PodAddressesArrived(node));
    } else if wanted < held.len() {
        let unused = held.split_off(wanted);
        world.subnets[subnet].release(ctx.now, &unused, AddressHolder::Pods(node));
        released(world, subnet, node, ctx);
    }
}

/// A request for addresses is answered.
pub fn on_arrived(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    if let Some(subnet) = world.batches_of(node).filter(|_| is_there(world, node)) {
        answer(world, node, subnet, ctx);
    }
}

/// An address that a pod gave up can be used again.
pub fn on_released(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    if !is_there(world, node) {
        return; // It went with its node.
    }
    world.nodes[node].addresses.assigned -= 1;
    serve(world, node, ctx);
    on_wanted(world, node, ctx);
}

/// Addresses of the subnet are free again: nodes that wait for some are served in the order of asking.
pub fn on_addresses_freed(world: &mut World, subnet: SubnetId, node: NodeId, ctx: &mut Ctx<'_>) {
    world.subnets[subnet].free(ctx.now);
    ctx.observe(Fact::AddressesChanged(subnet, node));
    while let Some(next) = world.subnets[subnet].waiting.pop_front() {
        if is_there(world, next) && !answer(world, next, subnet, ctx) {
            // It has lost its turn to nobody: the line stays as it was.
            let line = &mut world.subnets[subnet].waiting;
            line.pop_back();
            line.push_front(next);
            return;
        }
    }
}

/// Gives the node batches until it has what it wants. False when the subnet ran out: then the node waits in line.
fn answer(world: &mut World, node: NodeId, subnet: SubnetId, ctx: &mut Ctx<'_>) -> bool {
    loop {
        let wanted = world.wanted_addresses(node);
        let missing = wanted.saturating_sub(world.nodes[node].addresses.pods.len());
        if missing == 0 {
            world.nodes[node].addresses.asked = false;
            serve(world, node, ctx);
            return true;
        }
        let batch = pod_subnet::BATCH.min(u32::try_from(missing).expect("a node has at most 250 pods"));
        let taken = world.subnets[subnet].take(ctx.now, batch, AddressHolder::Pods(node));
        ctx.observe(Fact::AddressesChanged(subnet, node));
        match taken {
            Ok(taken) => world.nodes[node].addresses.pods.extend(taken),
            Err(_) => {
                world.subnets[subnet].waiting.push_back(node);
                serve(world, node, ctx);
                return false;
            }
        }
    }
}

/// Lets pods that wait for an address have those that are unassigned. Their sandbox is made anew.
fn serve(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    let addresses = &mut world.nodes[node].addresses;
    while (addresses.assigned as usize) < addresses.pods.len()
        && let Some(pod) = addresses.waiting.pop_front()
    {
        addresses.assigned += 1;
        world.pods[pod].address = PodAddress::Held;
        ctx.after(world.pods[pod].draws.sandbox, Event::PullStep(pod));
    }
}

/// True while the node has addresses at all.
fn is_there(world: &World, node: NodeId) -> bool {
    world.nodes[node].addresses.own.is_some()
}
