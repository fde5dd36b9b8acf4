//! A scale-set instance's life: created, booted stage by stage, reimaged, deleted; and the kubelet on it.

mod birth;
mod kubelet;
mod link;
mod pulls;

pub use kubelet::Kubelet;

use crate::catalog::VmSize;
use crate::cluster::{BootStage, Credits, Ctx, Event, Fact, NodeFailure, NodeId, NodePhase, PoolId, World};
use crate::kernel::{Id, SimDuration};
use std::sync::Arc;

/// Creates the nodes that exist when the scenario starts: Ready at once, their addresses still to be taken.
pub fn create_existing(world: &mut World, pool: PoolId, ctx: &mut Ctx<'_>) {
    if world.pool_plan(pool).is_brought() {
        return; // These have names and an order of their own.
    }
    for _ in 0..world.pools[pool].target {
        let node = birth::create(world, pool, false, &birth::Batch::single(world, pool), ctx);
        world.nodes[node].boot = [SimDuration::ZERO; crate::cluster::STAGES.len()];
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

/// Creates the instances that the pool lacks. Deleting is for whoever scales in: it knows which.
pub fn on_reconcile_pool(world: &mut World, pool: PoolId, ctx: &mut Ctx<'_>) {
    let count = |surge: bool| world.members(pool).filter(|node| world.nodes[*node].surge == surge).count();
    let wanted = |target: u32, present: usize| (target as usize).saturating_sub(present);
    let regular = wanted(world.pools[pool].target, count(false));
    let surge = wanted(world.pools[pool].surge, count(true));
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
        let accepted = world.nodes[node].boot[BootStage::RequestAccepted as usize];
        ctx.after(accepted, Event::StageEnded(node));
    }
    if let Some(refusal) = refusal {
        world.quota_refusals.insert(pool, refusal);
    }
}

/// Ends the boot stage that the instance is in and begins the next.
pub fn on_stage_ended(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    match world.nodes[node].phase {
        NodePhase::Booting(stage) => end_stage(world, node, stage, ctx),
        NodePhase::Reimaging => {
            let state = &mut world.nodes[node];
            state.version = world.pools[state.pool].version;
            ctx.observe(Fact::NodeReimaged(node));
            register(world, node, ctx);
            begin_stage(world, node, BootStage::NetworkReady, ctx);
        }
        NodePhase::Ready | NodePhase::NotReady | NodePhase::Deleting | NodePhase::Deleted | NodePhase::Failed(_) => {} // Stale.
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
    ctx.after(world.nodes[node].reimage_delay, Event::StageEnded(node));
}

/// Begins to delete the instance: it leaves the API with its pods at once, and the VM ends after a drawn delay.
pub fn on_delete(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    if !world.nodes[node].is_member() {
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

/// The instance could not be created: nothing of it remains.
pub fn on_failed(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
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
    ctx.after(world.nodes[node].boot[stage as usize], Event::StageEnded(node));
}

/// The machine runs: a VM is billed from now on, and a burstable one gets its initial credits.
fn allocate(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    let vm = world.pool_plan(world.nodes[node].pool).scale_set.as_ref().map(|scale_set| scale_set.vm);
    let bank = |vm: &VmSize| vm.burst.map(|burst| Credits::at_first_start(vm.vcpus, burst.credits_per_hour, ctx.now));
    let state = &mut world.nodes[node];
    state.times.allocated = Some(ctx.now);
    state.credits = vm.and_then(bank);
}

fn register(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    world.nodes[node].times.registered.get_or_insert(ctx.now);
    ctx.soon(Event::NodeRegistered(node));
}

fn become_ready(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    world.set_phase(node, NodePhase::Ready);
    world.nodes[node].times.ready.get_or_insert(ctx.now);
    world.set_cordoned(node, false, ctx);
    ctx.observe(Fact::NodeReady(node));
    ctx.soon(Event::NodeReady(node));
}

/// The node leaves the API: its pods, DaemonSets' among them, are gone with it.
fn lose_pods(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    for pod in world.nodes[node].pods.clone() {
        world.lose_pod(pod, ctx);
    }
}
