//! How an instance comes into the world: its name, zone and labels, and every duration of its life drawn at once.

use crate::cluster::{
    BootStage, Ctx, Fact, Node, NodeAddresses, NodeId, NodeInfo, NodePhase, NodeTimes, PoolId, STAGES, World,
};
use crate::kernel::{SimDuration, SimTime, Stream, correlated};
use crate::scenario::plan::AllocationCode;
use crate::units::MilliCpu;
use std::sync::Arc;

/// Instances of one request above which the scale set needs longer for each. Source: stage timings, stage 2 (assumption after a
/// study of 1,000 VMs in 2018).
const LARGE_BATCH: usize = 100;
/// The label of a node's zone.
const ZONE_LABEL: &str = "topology.kubernetes.io/zone";
/// What each VM of a large request adds to the provisioning of all.
const LARGE_BATCH_DELAY_PER_VM: SimDuration = SimDuration::from_millis(200);

/// What the instances of one scale-up request share: their stages are correlated, and a large request is slow for all.
pub struct Batch {
    scores: [f64; STAGES.len()],
    delay: SimDuration,
}

impl Batch {
    /// The batch of the pool's next scale-up request.
    pub fn draw(world: &World, pool: PoolId, size: usize) -> Self {
        let name = format!("{}/{}", world.pool_plan(pool).name, world.pools[pool].batches);
        let stream = &mut world.streams.stream("batch", &name);
        let delay = if size > LARGE_BATCH { LARGE_BATCH_DELAY_PER_VM.times(size as u64) } else { SimDuration::ZERO };
        Self { scores: std::array::from_fn(|_| stream.normal()), delay }
    }

    /// A batch of one, for nodes that exist at the start.
    pub fn single(world: &World, pool: PoolId) -> Self {
        Self::draw(world, pool, 1)
    }
}

/// Adds a node to the world in the first stage of its boot.
pub fn create(world: &mut World, pool: PoolId, surge: bool, batch: &Batch, ctx: &mut Ctx<'_>) -> NodeId {
    let instance = world.pools[pool].next_instance;
    world.pools[pool].next_instance += 1;
    let zone = emptiest_zone(world, pool);
    let name = node_name(world, pool, instance);
    let stream = &mut world.streams.stream("node", &name);
    let mut draws = Draws {
        boot: draw_boot(world, stream, batch),
        reimage_delay: world.plan.timings.reimage.draw(stream),
        delete_delay: world.plan.timings.vm_delete.draw(stream),
    };
    slow_down(world, pool, &name, &mut draws.boot);
    let doom = world.allocation_failure(pool, zone, &name);
    if let Some(code) = doom {
        draws.boot[BootStage::VmProvisioned as usize] = answer_delay(world, code, &name);
    }
    let info = NodeInfo::unused(world.pool_plan(pool), &name, zone, world.plan.cluster.location);
    let node = push(world, Born { info, pool, instance, zone, surge, draws }, ctx);
    if let Some(code) = doom {
        world.faults.doomed.insert(node, code);
    }
    node
}

/// Lengthens the boot as the faults in progress have it; the request's acceptance is Azure Resource Manager's and stays.
fn slow_down(world: &World, pool: PoolId, name: &str, boot: &mut [SimDuration; STAGES.len()]) {
    let (factor, more) = world.slow_boot(pool, name);
    if factor > 1.0 {
        for stage in &mut boot[BootStage::VmProvisioned as usize..] {
            *stage = SimDuration::from_secs_f64(stage.as_secs_f64() * factor);
        }
    }
    boot[BootStage::VmProvisioned as usize] += more;
}

/// From the acceptance of a request that cannot be met until its failure is known. That a size is not offered is known at once: it is
/// looked up before anything is allocated.
fn answer_delay(world: &World, code: AllocationCode, name: &str) -> SimDuration {
    match code {
        AllocationCode::SkuNotAvailable => SimDuration::ZERO,
        AllocationCode::AllocationFailed
        | AllocationCode::ZonalAllocationFailed
        | AllocationCode::OverconstrainedAllocationRequest => {
            world.plan.timings.allocation_failure.draw(&mut world.streams.stream("allocation failure", name))
        }
    }
}

/// Draws the boot of an instance anew that was deallocated and is started again.
pub fn redraw(world: &mut World, node: NodeId) {
    let batch = Batch::single(world, world.nodes[node].pool);
    let start = format!("{}/{}", world.nodes[node].info.name, world.nodes[node].times.deallocated.len());
    let stream = &mut world.streams.stream("restart", &start);
    world.nodes[node].boot = draw_boot(world, stream, &batch);
    if world.nodes[node].delete_delay.is_zero() {
        // An eviction took no time; the next deletion does.
        world.nodes[node].delete_delay = world.plan.timings.vm_delete.draw(stream);
    }
}

/// Adds a node that the scenario brings along: it was never booted, and will be neither reimaged nor deleted.
pub fn bring(world: &mut World, pool: PoolId, name: &str, ctx: &mut Ctx<'_>) -> NodeId {
    let instance = world.pools[pool].next_instance;
    world.pools[pool].next_instance += 1;
    let plan = world.pool_plan(pool);
    let mut info = NodeInfo::unused(plan, name, None, world.plan.cluster.location);
    // The zone that the list gives holds instead of the one that Azure would label the node with.
    if let Some(zone) = plan.labels.get(ZONE_LABEL) {
        Arc::make_mut(&mut info.labels).insert(ZONE_LABEL.to_owned(), zone.clone());
    }
    push(world, Born { info, pool, instance, zone: None, surge: false, draws: Draws::default() }, ctx)
}

/// What is known of a node at its birth.
struct Born {
    info: NodeInfo,
    pool: PoolId,
    instance: u32,
    zone: Option<u8>,
    surge: bool,
    draws: Draws,
}

/// Drawn durations of a node.
#[derive(Default)]
struct Draws {
    boot: [SimDuration; STAGES.len()],
    reimage_delay: SimDuration,
    delete_delay: SimDuration,
}

fn push(world: &mut World, born: Born, ctx: &mut Ctx<'_>) -> NodeId {
    let Born { mut info, pool, instance, zone, surge, draws } = born;
    info.set_ready(false);
    let node = world.nodes.push(Node {
        info,
        pool,
        instance,
        zone,
        phase: NodePhase::Booting(BootStage::RequestAccepted),
        surge,
        version: world.pools[pool].version,
        pods: Vec::new(),
        pinned: Vec::new(),
        reimage_due: false,
        replaced: false,
        stage_ends: SimTime::ZERO,
        boot: draws.boot,
        reimage_delay: draws.reimage_delay,
        delete_delay: draws.delete_delay,
        addresses: NodeAddresses::default(),
        cpu_used: MilliCpu::ZERO,
        cpu_wanted: MilliCpu::ZERO,
        credits: None,
        times: NodeTimes { requested: ctx.now, started: ctx.now, ..NodeTimes::default() },
    });
    world.live_nodes.push(node);
    ctx.observe(Fact::NodeRequested(node));
    node
}

/// `aks-<pool>-<8 digits>-vmss<6 base-36 digits>`: the scale set, then the instance in lower case, as node names are.
/// Source: azure-aks-docs, resize-node-pool.md, 2025-08-28; virtual-machine-scale-sets-instance-ids.md, 2018-02-22.
fn node_name(world: &World, pool: PoolId, instance: u32) -> String {
    world.plan.cluster.scale_set_name(&world.pool_plan(pool).name) + &base36(instance)
}

fn base36(mut number: u32) -> String {
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % 36) as usize];
        number /= 36;
    }
    String::from_utf8_lossy(&digits).into_owned()
}

/// The zone of the pool with the fewest members, the first of equals: the scale set's best-effort balance, which passes over a zone
/// that is down while there is another. Source: azure-docs, virtual-machine-scale-sets-zone-balancing.md, read 2026-11-26.
fn emptiest_zone(world: &World, pool: PoolId) -> Option<u8> {
    let members = |zone: u8| world.members(pool).filter(|node| world.nodes[*node].zone == Some(zone)).count();
    world.pool_plan(pool).zones.iter().copied().min_by_key(|zone| (world.is_dark(*zone), members(*zone)))
}

fn draw_boot(world: &World, stream: &mut Stream, batch: &Batch) -> [SimDuration; STAGES.len()] {
    let timings = &world.plan.timings;
    let mut boot = STAGES.map(|stage| {
        let dist = match stage {
            BootStage::RequestAccepted => &timings.arm_accept,
            BootStage::VmProvisioned => &timings.vm_provision,
            BootStage::OsBooted => &timings.os_boot,
            BootStage::Bootstrapped => &timings.cse,
            BootStage::RuntimeStarted => &timings.runtime_start,
            BootStage::KubeletStarted => &timings.kubelet_start,
            BootStage::Registered => &timings.kubelet_register,
            BootStage::NetworkReady => &timings.node_ready,
            BootStage::Untainted => &timings.startup_taints,
        };
        dist.span_at(correlated(batch.scores[stage as usize], stream.normal(), timings.batch_copula_rho))
    });
    let provisioning = &mut boot[BootStage::VmProvisioned as usize];
    *provisioning += batch.delay;
    if stream.chance(timings.straggler_probability) {
        *provisioning += timings.straggler_delay;
    }
    boot
}

#[cfg(test)]
mod tests {
    use super::*;

    /// virtual-machine-scale-sets-instance-ids.md, 2018-02-22: instance 85 is 00002D.
    #[test]
    fn instance_numbers_are_six_base_36_digits() {
        assert_eq!(base36(85), "00002d");
        assert_eq!(base36(0), "000000");
    }
}
