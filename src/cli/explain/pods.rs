//! Which pod is meant.

use super::log::stamp;
use crate::cluster::{PodId, PodPhase, World};
use std::collections::BTreeSet;

/// Most candidates that are listed.
const LISTED: usize = 20;

/// A pod that is pending, with how many others of its workload there are beside it, to which the same applies.
pub(super) struct Pending {
    pub pod: PodId,
    pub others: usize,
}

/// Names that are told when no pod is meant.
const MOST_NAMES: usize = 5;

/// The pod of this name, or the only one whose name begins so; a namespace may stand before it: `shop/web-`.
///
/// Pods that exist go before those that are gone. The error lists the candidates.
pub(super) fn find(world: &World, name: &str) -> Result<PodId, String> {
    let is_exact = |pod: &PodId| world.pods[*pod].name == name || full_name(world, *pod) == name;
    let begins = |pod: &PodId| begins_so(world, *pod, name);
    let exists = |pod: &PodId| world.pods[*pod].phase != PodPhase::Gone;
    let all = || world.pods.ids();
    let existing = [all().filter(is_exact).filter(exists).collect(), all().filter(begins).filter(exists).collect()];
    let gone: [Vec<PodId>; 2] = [all().filter(is_exact).collect(), all().filter(begins).collect()];
    let candidates = existing.into_iter().chain(gone).find(|pods| !pods.is_empty()).unwrap_or_default();
    match &candidates[..] {
        [] => Err(format!("no pod {name} at {}; there are {}", stamp(world.clock), some(world, exists))),
        [pod] => Ok(*pod),
        several => Err(list(world, name, several)),
    }
}

/// Says which pods there are when none has such a name in what was simulated.
pub(super) fn unknown(world: &World, prefix: &str) -> Option<String> {
    let nobody = !world.pods.ids().any(|pod| begins_so(world, pod, prefix));
    nobody.then(|| {
        format!("no pod's name begins with {prefix} so far; there are, one a workload, {}", some(world, |_| true))
    })
}

/// Says which nodes there are when none has such a name in what was simulated.
pub(super) fn unknown_node(world: &World, prefix: &str) -> Option<String> {
    let names = || world.nodes.iter().map(|(_, node)| &*node.info.name);
    let nobody = !names().any(|name| name.starts_with(prefix));
    nobody.then(|| {
        let mut pools = BTreeSet::new();
        let first = world.nodes.iter().filter(|(_, node)| pools.insert(node.pool)).map(|(_, node)| &*node.info.name);
        format!(
            "no node's name begins with {prefix} so far; there are, one a pool, {}",
            listed(first.map(str::to_owned).collect())
        )
    })
}

/// Names of such pods, one of each workload.
fn some(world: &World, wanted: impl Fn(&PodId) -> bool) -> String {
    let mut workloads = BTreeSet::new();
    let first = world.pods.ids().filter(wanted).filter(|pod| workloads.insert(world.pods[*pod].workload));
    let mut some: Vec<String> = first.map(|pod| full_name(world, pod)).collect();
    some.sort_by_key(|name| name.starts_with("kube-system/")); // Those that one writes oneself first.
    listed(some)
}

/// A few of the names.
fn listed(mut names: Vec<String>) -> String {
    let all = names.len();
    names.truncate(MOST_NAMES);
    match names.len() {
        0 => "none".to_owned(),
        some if some < all => format!("{}, …", names.join(", ")),
        _ => names.join(", "),
    }
}

/// Pods that need a node and whose name begins so, the first of each workload.
pub(super) fn pending(world: &World, prefix: &str) -> Vec<Pending> {
    let mut found: Vec<Pending> = Vec::new();
    for pod in world.pods.ids().filter(|pod| world.pods[*pod].is_pending() && begins_so(world, *pod, prefix)) {
        let state = &world.pods[pod];
        // Pods of a DaemonSet are each held to a node of their own.
        let alike = |other: &&mut Pending| world.pods[other.pod].workload == state.workload && state.pinned.is_none();
        match found.iter_mut().find(alike) {
            Some(first) => first.others += 1,
            None => found.push(Pending { pod, others: 0 }),
        }
    }
    found
}

/// `namespace/name`
pub(super) fn full_name(world: &World, pod: PodId) -> String {
    let state = &world.pods[pod];
    format!("{}/{}", world.workload_plan(state.workload).namespace, state.name)
}

/// True for a pod whose name, with or without its namespace, begins so.
pub(super) fn begins_so(world: &World, pod: PodId, prefix: &str) -> bool {
    world.pods[pod].name.starts_with(prefix) || full_name(world, pod).starts_with(prefix)
}

fn list(world: &World, name: &str, pods: &[PodId]) -> String {
    let mut text = format!("{} pods are meant by {name} at {}:", pods.len(), stamp(world.clock));
    for pod in pods.iter().take(LISTED) {
        text.push_str(&format!("\n  {}  {}", full_name(world, *pod), place(world, *pod)));
    }
    if pods.len() > LISTED {
        text.push_str(&format!("\n  and {} more", pods.len() - LISTED));
    }
    text
}

/// Where the pod is.
fn place(world: &World, pod: PodId) -> String {
    let state = &world.pods[pod];
    match (state.node, state.times.ended) {
        (_, Some(ended)) => format!("ended at {}", stamp(ended)),
        (Some(node), None) => format!("on {}", world.nodes[node].info.name),
        (None, None) => "pending".to_owned(),
    }
}
