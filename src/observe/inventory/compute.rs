//! Scale sets, their instances and the OS disks of these.

use super::{Resource, count, name};
use crate::catalog::OsDiskKind;
use crate::cluster::{Node, NodePhase, PodRange, Pool, ProvisioningState, World};
use crate::scenario::plan::{PoolPlan, ScaleSetPlan};
use crate::units::UsdPerHour;
use std::net::Ipv4Addr;

/// One scale set a pool, with its instances and their OS disks behind it.
///
/// An instance is billed while its machine is allocated; a managed OS disk exists as long as the machine does.
pub(super) fn scale_sets(world: &World) -> Vec<Resource> {
    let mut resources = Vec::new();
    for (id, pool) in world.pools.iter() {
        let plan = world.pool_plan(id);
        let Some(scale_set) = &plan.scale_set else {
            continue; // Brought along.
        };
        let name = world.plan.cluster.scale_set_name(&plan.name);
        let nodes = world.live_nodes.iter().map(|node| &world.nodes[*node]).filter(|node| node.pool == id);
        let nodes: Vec<&Node> = nodes.collect();
        if !pool.exists && nodes.is_empty() {
            continue; // Not added yet, or deleted.
        }
        resources.push(scale_set_row(&name, plan, scale_set, pool, nodes.len()));
        resources.extend(nodes.iter().map(|node| instance(node, scale_set).part_of(&name)));
        if let OsDiskKind::Managed(tier) = scale_set.os_disk.kind {
            let disks = nodes.iter().filter(|node| node.exists());
            resources.extend(disks.map(|node| os_disk(node, scale_set, tier, &name)));
        }
    }
    resources
}

fn scale_set_row(name: &str, plan: &PoolPlan, scale_set: &ScaleSetPlan, pool: &Pool, instances: usize) -> Resource {
    let mode = plan.mode.name();
    let mut details = format!("pool {} ({mode}), {} of {}", plan.name, count(instances, "instance"), scale_set.vm.name);
    if let Some(range) = pool.autoscaling {
        details.push_str(&format!(", autoscaled {} to {}", range.min, range.max));
    }
    if !plan.zones.is_empty() {
        let zones: Vec<String> = plan.zones.iter().map(u8::to_string).collect();
        details.push_str(&format!(", zones {}", zones.join(", ")));
    }
    if plan.spot {
        details.push_str(", spot");
    }
    if pool.stopped {
        details.push_str(", stopped");
    }
    if pool.state != ProvisioningState::Succeeded {
        details.push_str(&format!(", {}", pool.state.name()));
    }
    let resource = Resource::free("Microsoft.Compute/virtualMachineScaleSets", name, details);
    match scale_set.os_disk.kind {
        OsDiskKind::Ephemeral => {
            let gib = scale_set.os_disk.size.as_gib();
            resource.noted(format!("ephemeral OS disks of {gib} GiB on the hosts: free, no resources of their own"))
        }
        OsDiskKind::Managed(_) => resource,
    }
}

/// An instance under the name of its node, which is the computer name that Azure gives it.
fn instance(node: &Node, scale_set: &ScaleSetPlan) -> Resource {
    let zone = node.zone.map_or_else(String::new, |zone| format!("zone {zone}, "));
    let surge = if node.surge { ", surge node" } else { "" };
    let own = node.addresses.own.map_or_else(String::new, |own| format!(", {}", Ipv4Addr::from(own)));
    let block = node.addresses.block.map_or_else(String::new, |block| format!(", pods {}", PodRange::block(block)));
    let details = format!("{zone}{}{surge}{own}{block}", state(node));
    let kind = "Microsoft.Compute/virtualMachineScaleSets/virtualMachines";
    let resource = Resource::free(kind, node.info.name.to_string(), details);
    if node.is_billed() {
        resource.priced(Some(scale_set.vm_price))
    } else {
        resource.priced(Some(UsdPerHour::ZERO)).noted("billed while it is allocated")
    }
}

/// The power state of the VM, and what Kubernetes makes of the node.
fn state(node: &Node) -> &'static str {
    match node.phase {
        NodePhase::Booting(_) if node.times.allocated.is_none() => "VM creating",
        NodePhase::Booting(_) => "VM running, node not Ready yet",
        NodePhase::Ready if node.info.unschedulable => "VM running, node Ready, cordoned",
        NodePhase::Ready => "VM running, node Ready",
        NodePhase::NotReady if node.is_evicted() => "VM evicted, node not Ready",
        NodePhase::NotReady => "VM stopped, node not Ready",
        NodePhase::Reimaging => "VM running, being reimaged",
        NodePhase::Deallocating => "VM deallocating",
        NodePhase::Deallocated => "VM deallocated",
        NodePhase::Deleting => "VM deleting",
        NodePhase::Deleted => "VM deleted",
        NodePhase::Failed(_) => "VM failed",
    }
}

fn os_disk(node: &Node, scale_set: &ScaleSetPlan, tier: &str, set_name: &str) -> Resource {
    let details = format!("OS disk, {} GiB, {tier}", scale_set.os_disk.size.as_gib());
    let resource = Resource::free("Microsoft.Compute/disks", name::os_disk(set_name, node.instance), details);
    resource.priced(Some(scale_set.os_disk_price)).part_of(set_name)
}
