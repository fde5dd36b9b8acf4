//! The ReplicaSet controller, which serves Deployments too: create what is missing, delete what is too many.

use crate::cluster::{Ctx, PodId, PodPhase, WorkloadId, World};
use std::cmp::Reverse;

/// Creates or deletes pods until as many are active as are wanted. A terminating pod is not active: its replacement is created
/// while it still ends.
pub fn reconcile(world: &mut World, workload: WorkloadId, ctx: &mut Ctx<'_>) {
    let wanted = world.workloads[workload].replicas as usize;
    let active: Vec<PodId> =
        world.workloads[workload].pods.iter().copied().filter(|pod| world.pods[*pod].is_active()).collect();
    for _ in active.len()..wanted {
        world.create_pod(workload, 0, None, ctx);
    }
    if active.len() > wanted {
        for pod in deletion_order(world, &active).into_iter().take(active.len() - wanted) {
            world.delete_pod(pod, ctx);
        }
    }
}

/// Unassigned first, then not started, not ready, on the node with most pods of the same owner, and youngest. Ties, which
/// Kubernetes breaks by the random UID, are broken by age.
fn deletion_order(world: &World, active: &[PodId]) -> Vec<PodId> {
    let colocated = |pod: PodId| {
        let node = world.pods[pod].node;
        node.map_or(0, |node| active.iter().filter(|other| world.pods[**other].node == Some(node)).count())
    };
    let mut order = active.to_vec();
    order.sort_by_key(|pod| {
        let state = &world.pods[*pod];
        let ready = state.phase == PodPhase::Ready;
        (
            state.node.is_some(),
            state.phase.min(PodPhase::Started),
            ready,
            Reverse(colocated(*pod)),
            Reverse(state.times.created),
            Reverse(*pod),
        )
    });
    order
}
