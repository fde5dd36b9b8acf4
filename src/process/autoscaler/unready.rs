//! Nodes that were not heard of for long and that nobody needs: the autoscaler removes them too.
//!
//! Such a node is unneeded from the moment at which the last pod that counts was driven from it. Not modelled: the 5 s from the taint to the
//! deletion, and pods that would move from an unready node before they are driven away.

use super::grid::Due;
use super::scale_down::LastActions;
use crate::cluster::{NodeId, NodePhase, PoolId, World};
use crate::kernel::SimTime;

/// The unready nodes of these pools that have been unneeded for longer than the profile's time, as many as may go at once, in order of
/// birth. `due` learns when others will be.
pub(super) fn to_remove(world: &World, pools: &[PoolId], last: LastActions, due: &mut Due) -> Vec<NodeId> {
    let profile = &world.plan.cluster.autoscaler;
    let open_from = last.scale_down_opens(profile);
    let mut ripe = Vec::new();
    for pool in pools.iter().copied() {
        let Some(range) = world.pools[pool].autoscaling else {
            continue; // The operator has taken it from the autoscaler.
        };
        let mut room = world.pools[pool].target.saturating_sub(range.min);
        if world.pools[pool].upgrade.is_some() {
            continue; // The upgrade counts on its nodes.
        }
        for node in world.members(pool) {
            let Some(since) = unneeded_since(world, node).filter(|_| room > 0) else {
                continue;
            };
            let ripe_after = since + profile.scale_down_unready_time;
            if ripe_after < world.clock && open_from <= world.clock {
                room -= 1;
                ripe.push(node);
            } else if open_from > ripe_after {
                due.from(open_from);
            } else {
                due.after(ripe_after);
            }
        }
    }
    ripe.truncate(profile.max_empty_bulk_delete as usize);
    ripe
}

/// Since when the node is unready without a pod that counts; `None` when it is not.
fn unneeded_since(world: &World, node: NodeId) -> Option<SimTime> {
    let state = &world.nodes[node];
    // Without a VM it goes by itself.
    let unready = state.phase == NodePhase::NotReady && !state.is_evicted() && !world.is_draining(node);
    let outage = world.faults.outages.get(&node).filter(|_| unready)?;
    let counting = state.pods.iter().filter(|pod| !world.is_daemon(**pod));
    let driven_away = counting.map(|pod| world.pods[*pod].times.deleted).collect::<Option<Vec<SimTime>>>()?;
    Some(driven_away.into_iter().fold(outage.noticed, SimTime::max))
}
