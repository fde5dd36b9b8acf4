//! How long pods and nodes took, read from their times at the end of a run.

use super::window::Window;
use crate::cluster::{Node, Pod, World};
use crate::kernel::SimTime;

/// The application pods created in the measured time, in order of birth. What AKS itself installs is left out.
pub(super) fn created_pods(world: &World, window: Window) -> impl Iterator<Item = &Pod> {
    let application = move |pod: &&Pod| !world.workload_plan(pod.workload).system;
    world.pods.iter().map(|(_, pod)| pod).filter(move |pod| window.contains(pod.times.created)).filter(application)
}

/// Seconds from creation to binding of each of those pods. A pod never bound counts with the time it waited, until it was
/// deleted or until the horizon: leaving it out would make a cluster look better the fewer pods it can place.
pub(super) fn pending_seconds(world: &World, window: Window) -> Vec<f64> {
    let waited = |pod: &Pod| {
        let end = pod.times.scheduled.or(pod.times.deleted).or(pod.times.ended).unwrap_or(window.to);
        end.since(pod.times.created).as_secs_f64()
    };
    created_pods(world, window).map(waited).collect()
}

/// Seconds from creation to readiness of those of these pods that became ready.
pub(super) fn pod_ready_seconds(world: &World, window: Window) -> Vec<f64> {
    let took = |pod: &Pod| pod.times.ready.map(|ready| ready.since(pod.times.created).as_secs_f64());
    created_pods(world, window).filter_map(took).collect()
}

/// Application pods that wait for a node at the end, whenever they were created.
pub(super) fn unscheduled(world: &World) -> usize {
    let waits = |pod: &&Pod| pod.is_pending() && !world.workload_plan(pod.workload).system;
    world.pods.iter().map(|(_, pod)| pod).filter(waits).count()
}

/// Pods that wait for an address at the end, AKS's own among them.
pub(super) fn without_address(world: &World) -> usize {
    world.live_nodes.iter().map(|node| world.nodes[*node].addresses.waiting.len()).sum()
}

/// Nodes that became Ready after time zero, in order of birth: those of the start were there already.
pub(super) fn booted_nodes(world: &World) -> impl Iterator<Item = (&Node, SimTime)> {
    // One whose boot was broken off and begun again took no time that tells of booting.
    let ready = |node: &Node| {
        let of_first_boot = |ready: &SimTime| node.times.started == node.times.requested || node.times.started > *ready;
        node.times.ready.filter(|ready| *ready > SimTime::ZERO).filter(of_first_boot)
    };
    world.nodes.iter().filter_map(move |(_, node)| Some((node, ready(node)?)))
}

/// Seconds from the request to Ready of the nodes that became Ready in the measured time.
pub(super) fn node_ready_seconds(world: &World, window: Window) -> Vec<f64> {
    let booted = booted_nodes(world).filter(|(_, ready)| window.contains(*ready));
    booted.map(|(node, ready)| ready.since(node.times.requested).as_secs_f64()).collect()
}

/// The most nodes billed at the same time in the measured time. A node that ends makes room at that very moment.
pub(super) fn most_nodes(world: &World, window: Window) -> i64 {
    most(world, window, |_| 1, |_| Some(SimTime::MAX))
}

/// The most vCPUs of surge nodes at the same time in the measured time.
pub(super) fn most_surge_vcpus(world: &World, window: Window) -> i64 {
    let vcpus = |node: &Node| {
        let scale_set = world.pool_plan(node.pool).scale_set.as_ref();
        scale_set.map_or(0, |scale_set| i64::from(scale_set.vm.vcpus))
    };
    most(world, window, vcpus, Node::surge_until)
}

/// The largest sum of what the nodes that are billed at the same time weigh, each until some moment; `None` leaves it out.
fn most(world: &World, window: Window, weight: impl Fn(&Node) -> i64, until: impl Fn(&Node) -> Option<SimTime>) -> i64 {
    let mut changes: Vec<(SimTime, i64)> = Vec::new();
    for (_, node) in world.nodes.iter() {
        let weight = weight(node);
        let begin = node.times.allocated.map(|at| at.max(window.from)).filter(|at| *at < window.to);
        let Some(until) = until(node) else { continue };
        let end = node.times.deleted.unwrap_or(SimTime::MAX).min(until);
        if let Some(begin) = begin.filter(|begin| *begin < end) {
            changes.extend([(begin, weight), (end, -weight)]);
            // A deallocated VM is not billed.
            for (off, on) in node.times.deallocated.iter().filter(|(_, on)| on.is_none_or(|on| on > begin)) {
                let on = on.unwrap_or(SimTime::MAX).min(end);
                changes.extend([(off.max(begin), -weight), (on, weight)]);
            }
        }
    }
    changes.sort_unstable();
    let levels = changes.iter().scan(0, |level, (_, change)| {
        *level += change;
        Some(*level)
    });
    levels.max().unwrap_or(0)
}
