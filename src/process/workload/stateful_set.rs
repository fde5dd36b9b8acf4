//! The StatefulSet controller: numbered pods with stable names, created in order and replaced only when they are gone.

use crate::cluster::{Ctx, PodId, WorkloadId, World};

/// Walks the ordinals upwards. With `OrderedReady` it creates at most one pod and waits for every lower one to be ready; with
/// `Parallel` it creates all that are missing.
pub fn reconcile(world: &mut World, workload: WorkloadId, parallel: bool, ctx: &mut Ctx<'_>) {
    for ordinal in 0..world.workloads[workload].replicas {
        match find(world, workload, ordinal) {
            None => {
                world.create_pod(workload, ordinal, None, ctx);
                if !parallel {
                    return;
                }
            }
            Some(pod) if parallel || world.pods[pod].is_serving() => {}
            Some(_) => return,
        }
    }
}

/// The pod of this ordinal; a terminating one still holds the name.
fn find(world: &World, workload: WorkloadId, ordinal: u32) -> Option<PodId> {
    world.workloads[workload].pods.iter().copied().find(|pod| world.pods[*pod].ordinal == ordinal)
}
