//! What faults did in the measured time.

use crate::cluster::{Fact, NodeFailure, NodeId, World};
use crate::scenario::plan::AllocationCode;
use std::collections::BTreeMap;

/// Counts of faults and of what they cost.
#[derive(Clone, Debug, Default)]
pub(super) struct FaultCounts {
    /// Instances that a quota had no room for.
    pub quota: u64,
    /// Instances that could not be allocated, by Azure's answer.
    pub allocations: BTreeMap<AllocationCode, u64>,
    /// Spot instances taken back.
    pub evictions: u64,
    /// VMs that failed by themselves.
    pub failures: u64,
    /// Nodes that auto-repair brought back.
    pub repairs: u64,
    /// Application pods that a fault took from their place.
    pub pods_lost: u64,
    /// Application pods on spot instances at their notice.
    noticed: u64,
    /// Those of them that were still there, and not even on their way, when the instance went.
    caught: u64,
}

impl FaultCounts {
    /// Counts the fact if it is one of those.
    pub fn count(&mut self, fact: Fact, world: &World) {
        match fact {
            Fact::NodeFailed(_, NodeFailure::QuotaExceeded) => self.quota += 1,
            Fact::NodeFailed(_, NodeFailure::Allocation(code)) => *self.allocations.entry(code).or_insert(0) += 1,
            Fact::SpotNoticed(node) => self.noticed += applications(world, node),
            Fact::SpotEvicted(node) => {
                self.evictions += 1;
                self.caught += applications(world, node);
            }
            Fact::NodeCrashed(_) => self.failures += 1,
            Fact::NodeRepaired(_) => self.repairs += 1,
            Fact::PodLost(pod) if !world.workload_plan(world.pods[pod].workload).system => self.pods_lost += 1,
            _ => {}
        }
    }

    /// Of the pods on spot instances at their notice, how many per cent left in order; not a number when there were none.
    pub fn saved_percent(&self) -> f64 {
        100.0 * (self.noticed.saturating_sub(self.caught)) as f64 / self.noticed as f64
    }
}

/// Application pods on the node that were not asked to leave; DaemonSets' belong to the node.
fn applications(world: &World, node: NodeId) -> u64 {
    let counts = |pod: &&_| {
        let of = world.pods[**pod].workload;
        world.pods[**pod].is_active() && !world.is_daemon(**pod) && !world.workload_plan(of).system
    };
    world.nodes[node].pods.iter().filter(counts).count() as u64
}
