//! The amounts that the two resource scorers look at.

use crate::cluster::NodeInfo;
use crate::scenario::plan::PodTemplate;

/// A resource that a scorer can be told to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource<'a> {
    /// CPU in millicores.
    Cpu,
    /// Memory in bytes.
    Memory,
    /// An extended resource by name.
    Extended(&'a str),
}

/// The default profile's resources with their weights.
pub const DEFAULT_RESOURCES: [(Resource<'static>, u64); 2] = [(Resource::Cpu, 1), (Resource::Memory, 1)];

/// Whether containers without a request count with kube-scheduler's default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Requests {
    /// As requested.
    Real,
    /// With 100m and 200 MiB for containers that request nothing.
    NonZero,
}

/// Amounts of one resource in its own unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Amounts {
    /// Requested by the pods of the node.
    pub used: u64,
    /// Requested by the pod.
    pub wanted: u64,
    /// What the node can give, above 0.
    pub capacity: u64,
}

/// The amounts of the resource; `None` when the node has none of it, or it is an extended one that the pod does not request.
pub(super) fn amounts(
    resource: Resource<'_>,
    requests: Requests,
    pod: &PodTemplate,
    node: &NodeInfo,
) -> Option<Amounts> {
    let (used, wanted, capacity) = match (resource, requests) {
        (Resource::Cpu, Requests::Real) => {
            (node.requested.cpu.millis(), pod.requests.cpu.millis(), node.allocatable.cpu.millis())
        }
        (Resource::Cpu, Requests::NonZero) => {
            (node.nonzero_cpu.millis(), pod.nonzero_cpu.millis(), node.allocatable.cpu.millis())
        }
        (Resource::Memory, Requests::Real) => {
            (node.requested.memory.get(), pod.requests.memory.get(), node.allocatable.memory.get())
        }
        (Resource::Memory, Requests::NonZero) => {
            (node.nonzero_memory.get(), pod.nonzero_memory.get(), node.allocatable.memory.get())
        }
        (Resource::Extended(name), _) => {
            let wanted = pod.requests.extended.get(name).copied().filter(|amount| *amount > 0)?;
            let of = |amounts: &std::collections::BTreeMap<Box<str>, u64>| amounts.get(name).copied().unwrap_or(0);
            (of(&node.requested.extended), wanted, of(&node.allocatable.extended))
        }
    };
    (capacity > 0).then_some(Amounts { used, wanted, capacity })
}
