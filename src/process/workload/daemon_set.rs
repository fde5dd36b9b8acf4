//! The DaemonSet controller: one pod on every node that the template selects and tolerates.

use crate::cluster::{Ctx, NodeId, WorkloadId, World};
use crate::placement::{self, PodView};

/// Looks at every registered node.
pub fn reconcile(world: &mut World, workload: WorkloadId, ctx: &mut Ctx<'_>) {
    for node in world.registered_nodes().collect::<Vec<_>>() {
        place(world, workload, node, ctx);
    }
}

/// Creates the DaemonSet's pod for one node, unless it has one or should not run there.
pub fn place(world: &mut World, workload: WorkloadId, node: NodeId, ctx: &mut Ctx<'_>) {
    let served = world.nodes[node].pinned.iter().any(|pod| world.pods[*pod].workload == workload);
    if !served && should_run(world, workload, node) {
        world.create_pod(workload, 0, Some(node), ctx);
    }
}

/// Resources are not looked at: that is the scheduler's part.
fn should_run(world: &World, workload: WorkloadId, node: NodeId) -> bool {
    let state = &world.nodes[node];
    let template = &world.workload_plan(workload).template;
    let pod = PodView { pinned: Some(&state.info.name), ..PodView::of(template) };
    state.is_registered() && placement::daemon_should_run(&pod, &state.info)
}
