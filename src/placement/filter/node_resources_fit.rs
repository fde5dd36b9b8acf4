//! NodeResourcesFit: the node must have enough of everything left that the pod requests.

use super::{Filter, Plugin, PreFilter, Scope};
use crate::cluster::NodeInfo;
use crate::placement::{ClusterEvent, Code, Cycle, Reason, Rejection, Rules};
use crate::scenario::plan::{FitArgs, PodTemplate};
use std::collections::BTreeMap;

/// The plugin's name.
pub const NAME: &str = "NodeResourcesFit";

/// The plugin.
pub const PLUGIN: Plugin = Plugin { name: NAME, pre_filter, scope: Scope::Pods, hint };

/// A resource that a pod wants of a node, of which too little may be left; amounts in the resource's own unit (millicores, bytes, counts).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Insufficient<'a> {
    /// Kubernetes' name of the resource.
    pub resource: &'a str,
    /// What the pod requests.
    pub requested: u64,
    /// What the pods of the node have requested.
    pub used: u64,
    /// What the node can give to pods altogether.
    pub capacity: u64,
}

impl<'a> Insufficient<'a> {
    fn reason(self) -> Reason<'a> {
        if self.resource == "pods" { Reason::TooManyPods } else { Reason::Insufficient(self.resource) }
    }

    const fn suffices(&self) -> bool {
        self.requested == 0 || self.requested <= self.capacity.saturating_sub(self.used)
    }

    /// True when the pod would not even fit on the empty node.
    const fn can_never_fit(self) -> bool {
        self.requested > self.capacity
    }
}

struct NodeResourcesFit<'a> {
    template: &'a PodTemplate,
    profile: &'a FitArgs,
    rules: Rules,
}

fn pre_filter<'a>(cycle: &Cycle<'a>) -> PreFilter<'a> {
    PreFilter::Each(Box::new(NodeResourcesFit {
        template: cycle.template(),
        profile: &cycle.profile.fit,
        rules: cycle.rules,
    }))
}

/// A node has come on which the pod would fit were it empty, or a pod gave its resources back.
fn hint(cycle: &Cycle<'_>, event: &ClusterEvent<'_>) -> bool {
    let closely = cycle.rules.queueing_hints;
    match event {
        ClusterEvent::NodeAdded(node) => !closely || fits_empty(cycle.template(), node, &cycle.profile.fit),
        // The node's allocatable resources did not grow.
        ClusterEvent::NodeUncordoned(_) => !closely,
        ClusterEvent::PodEnded(_) => true,
        ClusterEvent::NodeDeleted(_) | ClusterEvent::PodBound(_) => false,
    }
}

/// True when the pod would fit on the node with no pods on it.
fn fits_empty(pod: &PodTemplate, node: &NodeInfo, profile: &FitArgs) -> bool {
    !wants(pod, node, profile).any(|want| want.can_never_fit())
}

impl<'a> Filter<'a> for NodeResourcesFit<'a> {
    /// Rejects a node that has too little of anything left, with every resource as a reason.
    fn filter<'n>(&'n self, node: &'n NodeInfo) -> Result<(), Rejection<'n>> {
        if fits(self.template, node, self.profile) {
            return Ok(());
        }
        let missing = insufficient(self.template, node, self.profile);
        let unresolvable = self.rules.fit_is_unresolvable && missing.iter().any(|resource| resource.can_never_fit());
        Err(Rejection {
            plugin: NAME,
            code: if unresolvable { Code::UnschedulableAndUnresolvable } else { Code::Unschedulable },
            reasons: missing.into_iter().map(Insufficient::reason).collect(),
        })
    }
}

/// True when the node has enough of everything left.
#[must_use]
pub fn fits(pod: &PodTemplate, node: &NodeInfo, profile: &FitArgs) -> bool {
    wants(pod, node, profile).all(|want| want.suffices())
}

/// What does not suffice on the node: pods, CPU, memory, ephemeral storage, then extended resources by name.
///
/// Exactly full is full enough; an extended resource that the node does not know counts as none of it.
#[must_use]
pub fn insufficient<'a>(pod: &'a PodTemplate, node: &NodeInfo, profile: &FitArgs) -> Vec<Insufficient<'a>> {
    wants(pod, node, profile).filter(|want| !want.suffices()).collect()
}

/// Each resource that the pod requests, with how the node stands to it.
fn wants<'a>(pod: &'a PodTemplate, node: &NodeInfo, profile: &FitArgs) -> impl Iterator<Item = Insufficient<'a>> {
    let (want, used, capacity) = (&pod.requests, &node.requested, &node.allocatable);
    let fixed = [
        // A pod counts as one whatever its requests say.
        ("pods", 1, u64::from(used.pods), u64::from(capacity.pods)),
        ("cpu", want.cpu.millis(), used.cpu.millis(), capacity.cpu.millis()),
        ("memory", want.memory.get(), used.memory.get(), capacity.memory.get()),
        ("ephemeral-storage", want.ephemeral.get(), used.ephemeral.get(), capacity.ephemeral.get()),
    ];
    let extended = want.extended.iter().filter(|(name, _)| !is_ignored(name, profile)).map(|(name, amount)| {
        let of = |amounts: &BTreeMap<Box<str>, u64>| amounts.get(name).copied().unwrap_or(0);
        (&**name, *amount, of(&used.extended), of(&capacity.extended))
    });
    fixed.into_iter().chain(extended).map(|(resource, requested, used, capacity)| Insufficient {
        resource,
        requested,
        used,
        capacity,
    })
}

/// True for an extended resource that the configuration leaves to somebody else.
fn is_ignored(resource: &str, profile: &FitArgs) -> bool {
    let listed = |list: &[Box<str>], name: &str| list.iter().any(|one| **one == *name);
    listed(&profile.ignored_resources, resource)
        || resource.split_once('/').is_some_and(|(group, _)| listed(&profile.ignored_resource_groups, group))
}
