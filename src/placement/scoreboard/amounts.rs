//! A node's resources in one cache line and a half: what a row looks at when a node changed.

use crate::cluster::NodeInfo;
use crate::placement::score::node_resources_balanced_allocation::{self, balance_of_two, of_change, share};
use crate::placement::score::node_resources_fit::{self, percentage};
use crate::placement::{Cycle, Rules, score};
use crate::scenario::plan::{FitArgs, PodTemplate, SchedulerPlan};

/// Allocatable and requested resources of a node: CPU in millicores, the rest in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct NodeAmounts {
    cpu: u64,
    memory: u64,
    ephemeral: u64,
    cpu_requested: u64,
    memory_requested: u64,
    ephemeral_requested: u64,
    cpu_nonzero: u64,
    memory_nonzero: u64,
    pods_left: u32,
}

impl NodeAmounts {
    /// Those of the node.
    pub fn of(node: &NodeInfo) -> Self {
        Self {
            cpu: node.allocatable.cpu.millis(),
            memory: node.allocatable.memory.get(),
            ephemeral: node.allocatable.ephemeral.get(),
            cpu_requested: node.requested.cpu.millis(),
            memory_requested: node.requested.memory.get(),
            ephemeral_requested: node.requested.ephemeral.get(),
            cpu_nonzero: node.nonzero_cpu.millis(),
            memory_nonzero: node.nonzero_memory.get(),
            pods_left: node.allocatable.pods.saturating_sub(node.requested.pods),
        }
    }
}

/// What a pod wants of a node, when that is CPU, memory and ephemeral storage only and the default configuration scores it.
///
/// The plugins themselves look amounts up by name, in lists of any length; this does their arithmetic on two.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlainPod {
    cpu: u64,
    memory: u64,
    ephemeral: u64,
    cpu_nonzero: u64,
    memory_nonzero: u64,
    is_balanced: bool,
    rules: Rules,
}

impl PlainPod {
    /// `None` for a pod or a configuration that is not that plain.
    pub fn of(cycle: &Cycle<'_>) -> Option<Self> {
        let pod = cycle.template();
        if !is_default(cycle.profile) || wants_more(pod) {
            return None;
        }
        let balanced = node_resources_balanced_allocation::PLUGIN;
        Some(Self {
            cpu: pod.requests.cpu.millis(),
            memory: pod.requests.memory.get(),
            ephemeral: pod.requests.ephemeral.get(),
            cpu_nonzero: pod.nonzero_cpu.millis(),
            memory_nonzero: pod.nonzero_memory.get(),
            is_balanced: !(balanced.is_skipped)(cycle),
            rules: cycle.rules,
        })
    }

    /// True when the node has enough left.
    #[inline]
    pub const fn fits(&self, node: &NodeAmounts) -> bool {
        const fn suffices(wanted: u64, used: u64, capacity: u64) -> bool {
            wanted == 0 || wanted <= capacity.saturating_sub(used)
        }
        node.pods_left > 0
            && suffices(self.cpu, node.cpu_requested, node.cpu)
            && suffices(self.memory, node.memory_requested, node.memory)
            && suffices(self.ephemeral, node.ephemeral_requested, node.ephemeral)
    }

    /// The weighted scores of the plugins that look at the node alone, of which a node without CPU or memory has none.
    #[inline]
    pub fn score(&self, node: &NodeAmounts) -> Option<i64> {
        if node.cpu == 0 || node.memory == 0 {
            return None;
        }
        let left = |capacity: u64, used| percentage(capacity.saturating_sub(used), capacity);
        let cpu = left(node.cpu, node.cpu_nonzero + self.cpu_nonzero);
        let memory = left(node.memory, node.memory_nonzero + self.memory_nonzero);
        let fit = node_resources_fit::PLUGIN.weight * ((cpu + memory) / 2);
        if !self.is_balanced {
            return Some(fit);
        }
        let cpu = share(node.cpu_requested + self.cpu, node.cpu);
        let memory = share(node.memory_requested + self.memory, node.memory);
        let mut balance = balance_of_two(cpu, memory);
        if self.rules.balance_is_a_change {
            let cpu = share(node.cpu_requested, node.cpu);
            let memory = share(node.memory_requested, node.memory);
            balance = of_change(balance, balance_of_two(cpu, memory));
        }
        Some(fit + node_resources_balanced_allocation::PLUGIN.weight * balance)
    }
}

fn is_default(profile: &SchedulerPlan) -> bool {
    profile.fit == FitArgs::default() && profile.balanced_resources == SchedulerPlan::default().balanced_resources
}

fn wants_more(pod: &PodTemplate) -> bool {
    !pod.requests.extended.is_empty() || !pod.host_ports.is_empty()
}

/// The weighted scores of the plugins that look at the node alone.
pub(super) fn node_score(cycle: &Cycle<'_>, node: &NodeInfo) -> i64 {
    let of_plugin = |plugin: &score::Plugin| match plugin.score {
        score::Score::Node(score) if !(plugin.is_skipped)(cycle) => plugin.weight * score(cycle, node),
        _ => 0,
    };
    score::PLUGINS.iter().map(of_plugin).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_pod_is_scored_by_every_plugin_that_looks_at_the_node_alone() {
        let local: Vec<&str> = score::PLUGINS
            .iter()
            .filter(|plugin| matches!(plugin.score, score::Score::Node(_)))
            .map(|plugin| plugin.name)
            .collect();
        assert_eq!(local, ["NodeResourcesFit", "NodeResourcesBalancedAllocation"]);
    }
}
