//! A scale-set instance's life: created, booted stage by stage, reimaged, deleted; and the kubelet on it.

mod birth;
mod kubelet;
mod link;
mod pulls;

pub use kubelet::Kubelet;

use crate::catalog::{OsDiskKind, VmSize};
use crate::cluster::{BootStage, Credits, Ctx, Event, Fact, NodeFailure, NodeId, NodePhase, PoolId, World};
use crate::kernel::{Id, SimDuration};
use std::sync::Arc;

/// Creates the nodes that exist when the scenario starts: Ready at once, their addresses still to be taken.
pub fn create_existing(world: &mut World, pool: PoolId, ctx: &mut Ctx<'_>) {
    if world.pool_plan(pool).is_brought() || !world.is_running() {
        return; // The first have names and an order of their own; a cluster that is to be created has no node yet.
    }
    for _ in 0..world.pools[pool].target {
        let node = birth::create(world, pool, false, &birth::Batch::single(world, pool), ctx);
        allocate(world, node, ctx);
        ctx.soon(Event::AttachNic(node));
        register(world, node, ctx);
        become_ready(world, node, ctx);
    }
}

/// Puts the nodes that the scenario brings along into the cluster, in their order: Ready at once.
pub fn create_brought(world: &mut World, ctx: &mut Ctx<'_>) {
    let plan = Arc::clone(&world.plan);
    for brought in &plan.cluster.brought {
        let node = birth::bring(world, PoolId::from_index(brought.pool), &brought.name, ctx);
        allocate(world, node, ctx);
        register(world, node, ctx);
        become_ready(world, node, ctx);
    }
}

/// Creates the instances that the pool lacks, after starting those that are deallocated. Deleting is for whoever scales in: it knows
/// which.
pub fn on_reconcile_pool(world: &mut World, pool: PoolId, ctx: &mut Ctx<'_>) {
    if !world.pools[pool].exists || world.pools[pool].stopped || !world.is_running() {
        return; // Stale: there is nothing to compare, or all of its instances are to be deallocated.
    }
    let missing = |surge: bool, wanted: u32| {
        let present = world.members(pool).filter(|node| world.nodes[*node].surge == surge).count();
        (wanted as usize).saturating_sub(present)
    };
    let (regular, surge) = (missing(false, world.pools[pool].target), missing(true, world.pools[pool].surge));
    let started =
        [start_deallocated(world, pool, false, regular, ctx), start_deallocated(world, pool, true, surge, ctx)];
    let (regular, surge) = (regular - started[0], surge - started[1]);
    if started != [0, 0] {
        world.pools[pool].batches += 1; // The draws of a request are its own.
    }
    if regular + surge == 0 {
        return;
    }
    let batch = birth::Batch::draw(world, pool, regular + surge);
    world.pools[pool].batches += 1;
    let asked = u32::try_from(regular + surge).expect("a scale set has at most 1000 instances");
    // Azure accepts or refuses the request as a whole.
    let refusal = world.quota_shortfall(pool, asked);
    for index in 0..regular + surge {
        let node = birth::create(world, pool, index >= regular, &batch, ctx);
        if refusal.is_some() {
            world.fail_node(node, NodeFailure::QuotaExceeded, ctx);
            continue;
        }
        begin_stage(world, node, BootStage::RequestAccepted, ctx);
    }
    if let Some(refusal) = refusal {
        world.quota_refusals.insert(pool, refusal);
    }
}

/// Starts up to `most` deallocated instances of the pool, surge nodes or others, the oldest first. Returns how many.
fn start_deallocated(world: &mut World, pool: PoolId, surge: bool, most: usize, ctx: &mut Ctx<'_>) -> usize {
    let idle = |node: &NodeId| {
        let state = &world.nodes[*node];
        state.pool == pool && state.surge == surge && state.phase == NodePhase::Deallocated
    };
    let chosen: Vec<NodeId> = world.live_nodes.iter().copied().filter(idle).take(most).collect();
    for node in &chosen {
        birth::redraw(world, *node);
        let version = world.pools[pool].version;
        let state = &mut world.nodes[*node];
        state.times.registered = None;
        state.times.started = ctx.now;
        // An upgrade of the pool meanwhile is applied now (start-stop-nodepools.md, 2026-08-12).
        let reimaged = std::mem::take(&mut state.reimage_due);
        if reimaged {
            state.version = version;
            world.set_quarantined(*node, false, ctx);
        }
        if reimaged || has_ephemeral_disk(world, pool) {
            world.clear_images(*node);
        }
        begin_stage(world, *node, BootStage::RequestAccepted, ctx);
    }
    chosen.len()
}

fn has_ephemeral_disk(world: &World, pool: PoolId) -> bool {
    let scale_set = world.pool_plan(pool).scale_set.as_ref();
    scale_set.is_some_and(|scale_set| scale_set.os_disk.kind == OsDiskKind::Ephemeral)
}

/// Ends the boot stage that the instance is in and begins the next.
pub fn on_stage_ended(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    if world.nodes[node].stage_ends != ctx.now {
        return; // Stale: the stage was broken off.
    }
    match world.nodes[node].phase {
        NodePhase::Booting(stage) => end_stage(world, node, stage, ctx),
        NodePhase::Reimaging => {
            let state = &mut world.nodes[node];
            state.version = world.pools[state.pool].version;
            state.times.reimaged = Some(ctx.now);
            ctx.observe(Fact::NodeReimaged(node));
            register(world, node, ctx);
            begin_stage(world, node, BootStage::NetworkReady, ctx);
        }
        NodePhase::Ready
        | NodePhase::NotReady
        | NodePhase::Deallocating
        | NodePhase::Deallocated
        | NodePhase::Deleting
        | NodePhase::Deleted
        | NodePhase::Failed(_) => {} // Stale.
    }
}

/// Takes the node out of the API and replaces its OS disk: every pod on it is lost, its images too, its addresses stay.
pub fn on_reimage(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    if !world.nodes[node].is_in_service() {
        return; // Stale: the node is being deleted.
    }
    if let Some(outage) = world.faults.outages.get_mut(&node) {
        outage.reimage = true; // There is no running VM to reimage: it follows when there is.
        return;
    }
    world.set_phase(node, NodePhase::Reimaging);
    lose_pods(world, node, ctx);
    world.clear_images(node);
    world.restore_taints(node);
    end_after(world, node, world.nodes[node].reimage_delay, ctx);
}

/// Begins to delete the instance: it leaves the API with its pods at once, and the VM ends after a drawn delay.
pub fn on_delete(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    let begun = [NodePhase::Deallocating, NodePhase::Deleting, NodePhase::Deleted];
    if begun.contains(&world.nodes[node].phase) || matches!(world.nodes[node].phase, NodePhase::Failed(_)) {
        return; // Stale: it is on its way out already.
    }
    world.faults.outages.remove(&node);
    world.set_phase(node, NodePhase::Deleting);
    lose_pods(world, node, ctx);
    ctx.after(world.nodes[node].delete_delay, Event::NodeDeleted(node));
}

/// The VM has ended: its disk goes with it, and so does the bill.
pub fn on_deleted(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    world.set_phase(node, NodePhase::Deleted);
    // Of an evicted spot instance only the Node object was left.
    world.nodes[node].times.deleted.get_or_insert(ctx.now);
    world.live_nodes.retain(|other| *other != node);
    ctx.observe(Fact::NodeDeleted(node));
}

/// Begins to deallocate the VM: the node leaves the API with its pods at once. How long the VM takes to stop is not documented; as
/// long as its deletion would, by assumption.
pub fn on_deallocate(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    if !world.nodes[node].is_member() && !world.nodes[node].is_evicted() {
        return; // Stale: it is on its way out already.
    }
    if world.nodes[node].times.allocated.is_none() {
        on_delete(world, node, ctx); // There is no VM yet.
        return;
    }
    world.faults.outages.remove(&node);
    world.set_phase(node, NodePhase::Deallocating);
    lose_pods(world, node, ctx);
    ctx.after(world.nodes[node].delete_delay, Event::NodeDeallocated(node));
}

/// The VM is deallocated: it is not billed any more. A burstable one loses its credits.
pub fn on_deallocated(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    if world.nodes[node].phase != NodePhase::Deallocating {
        return; // Stale: it was deleted meanwhile.
    }
    world.set_phase(node, NodePhase::Deallocated);
    world.restore_taints(node);
    if !world.nodes[node].is_quarantined() {
        world.set_cordoned(node, false, ctx);
    }
    let state = &mut world.nodes[node];
    state.times.deallocated.open(ctx.now);
    state.credits = None;
    ctx.observe(Fact::NodeDeallocated(node));
}

/// The instance could not be created: nothing of it remains, and its pool wants one node less. A pool does not try again by itself; the
/// upgrade that wants a surge node decides for itself.
pub fn on_failed(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    let pool = world.nodes[node].pool;
    if !world.nodes[node].surge {
        world.pools[pool].target = world.pools[pool].target.saturating_sub(1);
        world.pools[pool].missing += u32::from(!world.is_autoscaled(pool));
    }
    lose_pods(world, node, ctx);
    world.faults.doomed.remove(&node);
    world.nodes[node].times.deleted = Some(ctx.now);
    world.live_nodes.retain(|other| *other != node);
}

fn end_stage(world: &mut World, node: NodeId, stage: BootStage, ctx: &mut Ctx<'_>) {
    if stage == BootStage::VmProvisioned
        && let Some(code) = world.faults.doomed.remove(&node)
    {
        world.fail_node(node, NodeFailure::Allocation(code), ctx);
        return;
    }
    ctx.observe(Fact::StageEnded(node, stage, world.nodes[node].boot[stage as usize]));
    match stage {
        BootStage::RequestAccepted => ctx.soon(Event::AttachNic(node)),
        BootStage::VmProvisioned => allocate(world, node, ctx),
        BootStage::Registered => register(world, node, ctx),
        BootStage::OsBooted
        | BootStage::Bootstrapped
        | BootStage::RuntimeStarted
        | BootStage::KubeletStarted
        | BootStage::NetworkReady
        | BootStage::Untainted => {}
    }
    match stage.next() {
        Some(next) => begin_stage(world, node, next, ctx),
        None => become_ready(world, node, ctx),
    }
}

fn begin_stage(world: &mut World, node: NodeId, stage: BootStage, ctx: &mut Ctx<'_>) {
    world.set_phase(node, NodePhase::Booting(stage));
    end_after(world, node, world.nodes[node].boot[stage as usize], ctx);
}

fn end_after(world: &mut World, node: NodeId, delay: SimDuration, ctx: &mut Ctx<'_>) {
    world.nodes[node].stage_ends = ctx.now + delay;
    ctx.after(delay, Event::StageEnded(node));
}

/// The machine runs: a VM is billed from now on, and a burstable one gets its initial credits.
fn allocate(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    let vm = world.pool_plan(world.nodes[node].pool).scale_set.as_ref().map(|scale_set| scale_set.vm);
    let bank = |vm: &VmSize| vm.burst.map(|burst| Credits::at_first_start(vm.vcpus, burst.credits_per_hour, ctx.now));
    let state = &mut world.nodes[node];
    state.times.allocated.get_or_insert(ctx.now);
    state.times.deallocated.close(ctx.now);
    state.credits = vm.and_then(bank);
}

fn register(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    world.nodes[node].times.registered.get_or_insert(ctx.now);
    ctx.soon(Event::NodeRegistered(node));
}

fn become_ready(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    world.set_phase(node, NodePhase::Ready);
    // A node that was reimaged or started again takes pods; one that was cordoned while it booted does not.
    if world.nodes[node].times.ready.is_some() && !world.nodes[node].is_quarantined() {
        world.set_cordoned(node, false, ctx);
    }
    world.nodes[node].times.ready.get_or_insert(ctx.now);
    ctx.observe(Fact::NodeReady(node));
    ctx.soon(Event::NodeReady(node));
}

/// The node leaves the API: its pods, DaemonSets' among them, are gone with it, and so are those that could run nowhere else.
fn lose_pods(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    for pod in world.nodes[node].pods.clone() {
        world.lose_pod(pod, ctx);
    }
    for pod in world.nodes[node].pinned.clone() {
        if world.pods[pod].is_pending() {
            world.delete_pod(pod, ctx);
        }
    }
}
