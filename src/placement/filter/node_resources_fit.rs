//! NodeResourcesFit: the node must have enough of everything left that the pod requests.

use super::Target;
use crate::cluster::NodeInfo;
use crate::placement::{Code, PodView, Reason, Rejection, Rules};
use crate::scenario::plan::PodTemplate;

/// The plugin's name.
pub const NAME: &str = "NodeResourcesFit";

/// A resource of which too little is left; amounts in the resource's own unit (millicores, bytes, counts).
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

    /// True when the pod would not even fit on the empty node.
    const fn can_never_fit(self) -> bool {
        self.requested > self.capacity
    }
}

/// Rejects a node that has too little of anything left, with every resource as a reason.
///
/// # Errors
/// When something does not suffice.
pub fn filter<'a>(pod: &PodView<'a>, target: &Target<'a>, rules: &Rules) -> Result<(), Rejection<'a>> {
    let missing = insufficient(pod.template, target.node);
    if missing.is_empty() {
        return Ok(());
    }
    let unresolvable = rules.fit_is_unresolvable && missing.iter().any(|resource| resource.can_never_fit());
    Err(Rejection {
        plugin: NAME,
        code: if unresolvable { Code::UnschedulableAndUnresolvable } else { Code::Unschedulable },
        reasons: missing.into_iter().map(Insufficient::reason).collect(),
    })
}

/// What does not suffice on the node: pods, CPU, memory, ephemeral storage, then extended resources by name.
///
/// Exactly full is full enough; an extended resource that the node does not know counts as none of it.
#[must_use]
pub fn insufficient<'a>(pod: &'a PodTemplate, node: &NodeInfo) -> Vec<Insufficient<'a>> {
    let (want, used, capacity) = (&pod.requests, &node.requested, &node.allocatable);
    let fixed = [
        // A pod counts as one whatever its requests say.
        ("pods", 1, u64::from(used.pods), u64::from(capacity.pods)),
        ("cpu", want.cpu.millis(), used.cpu.millis(), capacity.cpu.millis()),
        ("memory", want.memory.get(), used.memory.get(), capacity.memory.get()),
        ("ephemeral-storage", want.ephemeral.get(), used.ephemeral.get(), capacity.ephemeral.get()),
    ];
    let extended = want.extended.iter().map(|(name, amount)| {
        let of = |amounts: &std::collections::BTreeMap<Box<str>, u64>| amounts.get(name).copied().unwrap_or(0);
        (&**name, *amount, of(&used.extended), of(&capacity.extended))
    });
    fixed
        .into_iter()
        .chain(extended)
        .filter(|(_, requested, used, capacity)| *requested > 0 && *requested > capacity.saturating_sub(*used))
        .map(|(resource, requested, used, capacity)| Insufficient { resource, requested, used, capacity })
        .collect()
}
