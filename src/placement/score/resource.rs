//! The amounts that the two resource scorers look at.

use crate::cluster::NodeInfo;
use crate::scenario::plan::PodTemplate;
use std::collections::BTreeMap;

/// Whether containers without a request count with kube-scheduler's default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requests {
    /// As requested.
    Real,
    /// With 100m and 200 MiB for containers that request nothing.
    NonZero,
}

/// Amounts of one resource in its own unit.
#[derive(Clone, Copy, Debug)]
pub struct Amounts {
    /// Requested by the pods of the node.
    pub used: u64,
    /// Requested by the pod.
    pub wanted: u64,
    /// What the node can give, above 0.
    pub capacity: u64,
}

/// What the pod requests of the resource by its Kubernetes name.
pub fn requested(resource: &str, pod: &PodTemplate) -> u64 {
    match resource {
        "cpu" => pod.requests.cpu.millis(),
        "memory" => pod.requests.memory.get(),
        "ephemeral-storage" => pod.requests.ephemeral.get(),
        extended => of(&pod.requests.extended, extended),
    }
}

/// The amounts of the resource; `None` when the node has none of it, or it is an extended one that the pod does not request.
pub fn amounts(resource: &str, requests: Requests, pod: &PodTemplate, node: &NodeInfo) -> Option<Amounts> {
    let (requested_on_node, allocatable) = (&node.requested, &node.allocatable);
    let (used, wanted, capacity) = match (resource, requests) {
        ("cpu", Requests::NonZero) => (node.nonzero_cpu.millis(), pod.nonzero_cpu.millis(), allocatable.cpu.millis()),
        ("cpu", Requests::Real) => {
            (requested_on_node.cpu.millis(), pod.requests.cpu.millis(), allocatable.cpu.millis())
        }
        ("memory", Requests::NonZero) => {
            (node.nonzero_memory.get(), pod.nonzero_memory.get(), allocatable.memory.get())
        }
        ("memory", Requests::Real) => {
            (requested_on_node.memory.get(), pod.requests.memory.get(), allocatable.memory.get())
        }
        ("ephemeral-storage", _) => {
            (requested_on_node.ephemeral.get(), pod.requests.ephemeral.get(), allocatable.ephemeral.get())
        }
        (extended, _) => {
            let wanted = of(&pod.requests.extended, extended);
            if wanted == 0 {
                return None;
            }
            (of(&requested_on_node.extended, extended), wanted, of(&allocatable.extended, extended))
        }
    };
    (capacity > 0).then_some(Amounts { used, wanted, capacity })
}

fn of(amounts: &BTreeMap<Box<str>, u64>, name: &str) -> u64 {
    amounts.get(name).copied().unwrap_or(0)
}
