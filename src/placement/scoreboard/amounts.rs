//! A node's resources in one cache line: what a row looks at when a node changed.
//!
//! Amounts are 64-bit floats, which hold integers up to 2^53 exactly and are computed two at a time. The plugins look amounts up by
//! name, in lists of any length, and compute in integers; here the same arithmetic is done on two. Larger amounts are left to the plugins.

use crate::cluster::NodeInfo;
use crate::placement::score::node_resources_balanced_allocation::{self, balance_of_two, of_change};
use crate::placement::score::node_resources_fit;
use crate::placement::{Cycle, score};
use crate::scenario::plan::{FitArgs, PodTemplate, SchedulerPlan};
use crate::units::Resources;

/// From this amount on a hundredfold of it is no longer exact.
const LARGE: f64 = (1u64 << 45) as f64;

/// CPU in millicores, memory in bytes.
type Pair = [f64; 2];

/// Allocatable and requested resources of a node.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct NodeAmounts {
    /// Below zero for a node that the plugins have to look at themselves: without CPU or memory, or with too much of them.
    capacity: Pair,
    requested: Pair,
    nonzero: Pair,
    /// Below zero on a node that takes no more pods.
    ephemeral_left: f64,
}

impl NodeAmounts {
    /// Those of the node.
    pub fn of(node: &NodeInfo) -> Self {
        let (allocatable, requested) = (&node.allocatable, &node.requested);
        let has_place = requested.pods < allocatable.pods;
        let ephemeral_left = allocatable.ephemeral.get().saturating_sub(requested.ephemeral.get()) as f64;
        let mut amounts = Self {
            capacity: pair(allocatable),
            requested: pair(requested),
            nonzero: [node.nonzero_cpu.millis() as f64, node.nonzero_memory.get() as f64],
            ephemeral_left: if has_place { ephemeral_left } else { -1.0 },
        };
        let all = [amounts.capacity, amounts.requested, amounts.nonzero];
        if amounts.capacity.contains(&0.0) || all.iter().flatten().any(|amount| *amount >= LARGE) {
            amounts.capacity = [-1.0; 2];
        }
        amounts
    }
}

fn pair(resources: &Resources) -> Pair {
    [resources.cpu.millis() as f64, resources.memory.get() as f64]
}

/// What a pod wants of a node, when that is CPU, memory and ephemeral storage only and the default configuration scores it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlainPod {
    wanted: Pair,
    nonzero: Pair,
    ephemeral: f64,
    is_balanced: bool,
    balance_is_a_change: bool,
}

impl PlainPod {
    /// `None` for a pod or a configuration that is not that plain.
    pub fn of(cycle: &Cycle<'_>) -> Option<Self> {
        let pod = cycle.template();
        let plain = Self {
            wanted: pair(&pod.requests),
            nonzero: [pod.nonzero_cpu.millis() as f64, pod.nonzero_memory.get() as f64],
            ephemeral: pod.requests.ephemeral.get() as f64,
            is_balanced: !(node_resources_balanced_allocation::PLUGIN.is_skipped)(cycle),
            balance_is_a_change: cycle.rules.balance_is_a_change,
        };
        let amounts = [plain.wanted, plain.nonzero, [plain.ephemeral; 2]];
        let is_plain =
            is_default(cycle.profile) && !wants_more(pod) && amounts.iter().flatten().all(|one| *one < LARGE);
        is_plain.then_some(plain)
    }

    /// Whether the node has enough left, and if so the weighted scores of the plugins that look at the node alone; `None` for a node
    /// that the plugins have to look at themselves.
    #[inline]
    pub fn score(&self, node: &NodeAmounts) -> Option<Option<u8>> {
        if node.capacity[0] < 0.0 {
            return None;
        }
        let left = zip(node.capacity, node.requested, |capacity, requested| (capacity - requested).max(0.0));
        if self.wanted[0] > left[0] || self.wanted[1] > left[1] || self.ephemeral > node.ephemeral_left {
            return Some(None);
        }
        let nonzero = zip(node.nonzero, self.nonzero, |used, wanted| used + wanted);
        let left = zip(node.capacity, nonzero, |capacity, used| (capacity - used).max(0.0) * 100.0);
        let percent = zip(left, node.capacity, |left, capacity| left / capacity);
        let fit = (floor(percent[0]) + floor(percent[1])) / 2;
        let mut score = node_resources_fit::PLUGIN.weight * i64::from(fit);
        if self.is_balanced {
            let with = zip(node.requested, self.wanted, |used, wanted| used + wanted);
            let mut balance = balance(with, node.capacity);
            if self.balance_is_a_change {
                balance = of_change(balance, self::balance(node.requested, node.capacity));
            }
            score += node_resources_balanced_allocation::PLUGIN.weight * balance;
        }
        Some(Some(score as u8))
    }
}

#[inline]
fn zip(a: Pair, b: Pair, combine: impl Fn(f64, f64) -> f64) -> Pair {
    [combine(a[0], b[0]), combine(a[1], b[1])]
}

#[inline]
fn balance(used: Pair, capacity: Pair) -> i64 {
    let shares = zip(used, capacity, |used, capacity| (used / capacity).min(1.0));
    i64::from(floor(balance_of_two(shares[0], shares[1])))
}

/// The integer part of a number from 0 to 2^31, without branches: half of the numbers would take the wrong one.
#[inline]
fn floor(x: f64) -> i32 {
    // A sum of this size has no room for a fraction: its last bits are the nearest integer.
    const NO_FRACTION: f64 = (1u64 << 52) as f64;
    let sum = x + NO_FRACTION;
    let nearest = sum.to_bits().wrapping_sub(NO_FRACTION.to_bits()) as i32;
    nearest - i32::from(sum - NO_FRACTION > x)
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
    use crate::placement::filter::{self, Scope};

    #[test]
    fn the_integer_part_is_that_of_a_cast() {
        for x in [0.0, 0.1, 0.5, 0.999_999_999_999, 1.0, 1.5, 2.5, 28.999_999_999_999_996, 29.0, 99.5, 100.0] {
            assert_eq!(floor(x), x as i32, "{x}");
        }
    }

    #[test]
    fn a_plain_pod_is_scored_by_every_plugin_that_looks_at_the_node_alone() {
        let local: Vec<&str> = score::PLUGINS
            .iter()
            .filter(|plugin| matches!(plugin.score, score::Score::Node(_)))
            .map(|plugin| plugin.name)
            .collect();
        assert_eq!(local, ["NodeResourcesFit", "NodeResourcesBalancedAllocation"]);
    }

    /// NodePorts is asked of pods with host ports, the volume plugins of pods with claims: such pods are not plain.
    #[test]
    fn no_other_filter_looks_at_the_pods_of_a_node_for_a_plain_pod() {
        let local: Vec<&str> =
            filter::PLUGINS.iter().filter(|plugin| plugin.scope == Scope::Pods).map(|plugin| plugin.name).collect();
        assert_eq!(local, ["NodePorts", "NodeResourcesFit", "NodeVolumeLimits", "VolumeBinding", "VolumeZone"]);
    }
}
