//! Creating, stopping and starting the cluster.
//!
//! Sources: azure-aks-docs, start-stop-cluster.md, 2026-07-21: a stop drains the nodes, so budgets lengthen it, and deallocates them and
//! the control plane; API objects stay, but for bare pods; every pool comes back with the count that it had. Assumptions: controllers
//! rest from the moment of the stop, so that evicted pods are made anew only after the start; a drain that times out is cut short.

use super::{Progress, Removal, Then, provision};
use crate::cluster::{Ctx, Event, NodeId, OperationId, PoolId, PowerState, World};
use crate::kernel::SimDuration;
use crate::scenario::plan::Controller;

/// Begins to create the control plane; the pools follow when it serves.
pub(super) fn create(world: &mut World, operation: OperationId, ctx: &mut Ctx<'_>) -> Progress {
    world.power = PowerState::Starting;
    world.created = ctx.now;
    let delay = world.plan.timings.cluster_create.draw(&mut stream(world, operation));
    ctx.after(delay, Event::OperationStep(operation));
    Progress::Waiting(Then::Serve)
}

/// Begins to start the control plane; the nodes follow when it serves.
pub(super) fn start(world: &mut World, operation: OperationId, ctx: &mut Ctx<'_>) -> Progress {
    world.power = PowerState::Starting;
    let delay = world.plan.timings.cluster_start.draw(&mut stream(world, operation));
    ctx.after(delay, Event::OperationStep(operation));
    Progress::Waiting(Then::Serve)
}

/// Begins to drain every node, each with its pool's timeout.
pub(super) fn stop(world: &mut World, operation: OperationId, ctx: &mut Ctx<'_>) -> Progress {
    world.power = PowerState::Stopping;
    let pools: Vec<PoolId> = world.pools.ids().collect();
    let leaving: Vec<NodeId> = pools.into_iter().flat_map(|pool| world.members(pool).collect::<Vec<_>>()).collect();
    provision::drain_all(world, &leaving, Removal::Deallocate, ctx);
    // A published stop takes its time whatever is drained.
    let least: SimDuration = world.plan.timings.cluster_stop.draw(&mut stream(world, operation));
    ctx.after(least, Event::OperationStep(operation));
    Progress::Removing { leaving: leaving.into_iter().collect(), by: Removal::Deallocate, not_before: ctx.now + least }
}

/// The cluster is stopped: from now on the control plane is not billed. Bare pods do not outlive it, bound or not.
pub(super) fn stopped(world: &mut World, ctx: &mut Ctx<'_>) {
    for workload in world.workloads.ids() {
        if matches!(world.workload_plan(workload).controller, Controller::Pod) {
            for pod in world.workloads[workload].pods.clone() {
                world.delete_pod(pod, ctx);
            }
        }
    }
    world.power = PowerState::Stopped;
    world.off.open(ctx.now);
}

/// The API server serves: controllers look at what is missing, and scale sets bring the nodes.
pub(super) fn serve(world: &mut World, operation: OperationId, ctx: &mut Ctx<'_>) -> Progress {
    world.power = PowerState::Running;
    world.off.close(ctx.now);
    for workload in world.workloads.ids() {
        ctx.soon(Event::ReconcileWorkload(workload));
    }
    let pools = world.pools.iter().filter(|(_, pool)| pool.exists && !pool.stopped).map(|(id, _)| id).collect();
    provision::fill(pools, operation, ctx)
}

fn stream(world: &World, operation: OperationId) -> crate::kernel::Stream {
    world.streams.stream("operation", &world.operations[operation].name)
}
