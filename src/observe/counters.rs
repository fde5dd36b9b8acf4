//! Counts of what leaves no other trace.

use crate::cluster::Fact;

/// How often what happened in the measured time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    /// Nodes that the autoscaler asked for.
    pub scale_ups: u64,
    /// Nodes that the autoscaler began to remove.
    pub scale_downs: u64,
    /// Instances that could not be created.
    pub nodes_failed: u64,
    /// Evictions accepted.
    pub evictions: u64,
    /// Evictions refused because of a budget.
    pub evictions_refused: u64,
    /// Times a budget was violated by force.
    pub budgets_violated: u64,
    /// Pods that had to make room for more important ones.
    pub pods_preempted: u64,
    /// Pods that found no address on their node.
    pub pods_waited_for_ip: u64,
    /// Drains that ended before every pod had left.
    pub drains_timed_out: u64,
}

impl Counters {
    /// Counts the fact if it is one of those.
    pub fn count(&mut self, fact: Fact) {
        match fact {
            Fact::ScaledUp(_, nodes) => self.scale_ups += u64::from(nodes),
            Fact::ScaledDown(_) => self.scale_downs += 1,
            Fact::NodeFailed(..) => self.nodes_failed += 1,
            Fact::PodEvicted(_) => self.evictions += 1,
            Fact::EvictionRefused(..) => self.evictions_refused += 1,
            Fact::BudgetViolated(..) => self.budgets_violated += 1,
            Fact::PodPreempted(..) => self.pods_preempted += 1,
            Fact::PodWaitsForAddress(_) => self.pods_waited_for_ip += 1,
            Fact::NodeDrained(_, false) => self.drains_timed_out += 1,
            _ => {}
        }
    }
}
