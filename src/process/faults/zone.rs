//! A zone that goes dark takes its VMs along, and no new one can be had there (`World::is_dark`). Afterwards they start again.
//!
//! Assumed: all of them stop at one moment; each is back within a time like that of a reboot. Not modelled: that disks of the
//! zone cannot be reached from elsewhere meanwhile beyond what the scheduler's filters say of them.

use super::outage;
use crate::cluster::{Ctx, Event, NodeFailure, NodeId, NodePhase, OutageCause, World};
use crate::scenario::plan::AllocationCode;

/// Stops every VM of the zone. Those that were never Ready are lost: Azure gives them up.
pub(super) fn go_dark(world: &mut World, zone: u8, ctx: &mut Ctx<'_>) {
    for node in nodes_of(world, zone) {
        let state = &world.nodes[node];
        match state.phase {
            NodePhase::Ready | NodePhase::NotReady => stop(world, node, ctx),
            NodePhase::Booting(_) if state.times.ready.is_none() => {
                world.fail_node(node, NodeFailure::Allocation(AllocationCode::ZonalAllocationFailed), ctx);
            }
            // A node that is being reimaged is found dark when it would be Ready.
            NodePhase::Booting(_)
            | NodePhase::Reimaging
            | NodePhase::Deallocating
            | NodePhase::Deallocated
            | NodePhase::Deleting
            | NodePhase::Deleted
            | NodePhase::Failed(_) => {}
        }
    }
}

/// Stops the VM of a node in service. One that is being repaired is not repaired in the dark.
pub(super) fn stop(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    match world.faults.outages.get_mut(&node) {
        Some(outage) if outage.cause != OutageCause::Eviction => {
            outage.cause = OutageCause::Zone;
            outage.recovers = None;
        }
        Some(_) => {}
        None => outage::begin(world, node, OutageCause::Zone, ctx),
    }
}

/// Starts the VMs of the zone again, unless another outage of it lasts.
pub(super) fn come_back(world: &mut World, zone: u8, ctx: &mut Ctx<'_>) {
    if world.is_dark(zone) {
        return;
    }
    for node in nodes_of(world, zone) {
        let name = format!("{}/{}", world.nodes[node].info.name, ctx.now.micros());
        let start = world.plan.timings.repair_reboot.draw(&mut world.streams.stream("zone back", &name));
        if let Some(outage) = world.faults.outages.get_mut(&node)
            && outage.cause == OutageCause::Zone
        {
            outage.recovers = Some(ctx.now + start);
            ctx.after(start, Event::NodeRecovered(node));
        }
    }
}

fn nodes_of(world: &World, zone: u8) -> Vec<NodeId> {
    world.live_nodes.iter().copied().filter(|node| world.nodes[*node].zone == Some(zone)).collect()
}
