//! CPU demand shared by ready pods, capped by limits, nodes and burst credits; what is not served is counted.
//!
//! A workload's demand is shared evenly by its ready pods; each pod gets at most its limit, and the pods of a node together at
//! most what the VM gives, every one the same share of what it wants. What one pod cannot serve is not moved to another: the load
//! balancer does not know. Not modelled: cgroup weights, demand that queues up, the CPU of the kubelet and the OS.

use crate::cluster::{Ctx, Event, NodeId, PodId, WorkloadId, World};
use crate::kernel::SimTime;
use crate::scenario::plan::DemandScope;
use crate::units::MilliCpu;
use std::sync::Arc;

/// Counts the work since the last settlement, then shares CPU anew for the time from now on.
pub fn on_settle(world: &mut World, ctx: &mut Ctx<'_>) {
    world.cpu.settlement_due = false;
    count_work(world, ctx.now);
    let claims = claim(world);
    for node in world.live_nodes.clone() {
        supply(world, node, ctx);
    }
    serve(world, &claims);
}

/// A burstable node's bank has run empty, unless its load changed since that was foreseen.
pub fn on_credits_turn(world: &mut World, node: NodeId, turn: u32, ctx: &mut Ctx<'_>) {
    if world.nodes[node].credits.as_ref().is_some_and(|credits| credits.turn() == turn) {
        world.cpu_changed(ctx);
    }
}

/// The horizon: counts the work and settles every credit bank up to it.
pub fn close(world: &mut World, end: SimTime) {
    count_work(world, end);
    for node in world.live_nodes.clone() {
        if let Some(credits) = &mut world.nodes[node].credits {
            credits.settle(end);
        }
    }
}

/// Adds the work demanded and served since the last settlement to the accounts.
fn count_work(world: &mut World, now: SimTime) {
    let span = now.since(world.cpu.settled);
    world.cpu.settled = now;
    world.cpu.wanted_work += world.cpu.wanted.over(span);
    world.cpu.served_work += world.cpu.served.over(span);
    for (_, workload) in world.workloads.iter_mut() {
        workload.wanted_work += workload.wanted.over(span);
        workload.served_work += workload.served.over(span);
    }
}

/// What one serving pod wants of its node.
struct Claim {
    pod: PodId,
    workload: WorkloadId,
    wanted: MilliCpu,
}

/// Spreads each workload's demand over its serving pods, and adds up what every node is asked for.
fn claim(world: &mut World) -> Vec<Claim> {
    for node in world.live_nodes.clone() {
        world.nodes[node].cpu_wanted = MilliCpu::ZERO;
    }
    let plan = Arc::clone(&world.plan);
    let mut claims = Vec::new();
    let mut total = MilliCpu::ZERO;
    for workload in world.workloads.ids() {
        let of = &plan.workloads[world.workloads[workload].plan];
        let Some(demand) = &of.behaviour.demand else {
            continue;
        };
        let level = world.workloads[workload].demand;
        let serving: Vec<PodId> =
            world.workloads[workload].pods.iter().copied().filter(|pod| world.pods[*pod].is_serving()).collect();
        let wanted = match demand.scope {
            DemandScope::Workload => level,
            DemandScope::Pod => MilliCpu::from_millis(level.millis() * serving.len() as u64),
        };
        world.workloads[workload].wanted = wanted;
        total += wanted;
        for (index, pod) in serving.iter().enumerate() {
            let share = even_share(wanted, serving.len(), index);
            let wanted = of.template.cpu_limit.map_or(share, |limit| share.min(limit));
            let node = world.pods[*pod].node.expect("a serving pod is bound");
            world.nodes[node].cpu_wanted += wanted;
            claims.push(Claim { pod: *pod, workload, wanted });
        }
    }
    world.cpu.wanted = total;
    claims
}

/// The `index`th of `parts` shares of a whole, which add up to it exactly.
fn even_share(whole: MilliCpu, parts: usize, index: usize) -> MilliCpu {
    let (whole, parts, index) = (whole.millis(), parts as u64, index as u64);
    MilliCpu::from_millis(whole / parts + u64::from(index < whole % parts))
}

/// Decides what the node's VM gives, and plans the moment at which its credits run out.
fn supply(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    let most = world.pool_plan(world.nodes[node].pool).cpu();
    let state = &mut world.nodes[node];
    let wanted = state.cpu_wanted;
    state.cpu_used = match &mut state.credits {
        None => wanted.min(most),
        Some(credits) => {
            let given = credits.set_load(ctx.now, wanted);
            if let Some(span) = credits.until_empty() {
                ctx.after(span, Event::CreditsTurn(node, credits.turn()));
            }
            given
        }
    };
}

/// Gives every pod the same share of what it wants as its node gives of what it is asked for.
fn serve(world: &mut World, claims: &[Claim]) {
    for (_, workload) in world.workloads.iter_mut() {
        workload.served = MilliCpu::ZERO;
    }
    let mut total = MilliCpu::ZERO;
    for claim in claims {
        let node = &world.nodes[world.pods[claim.pod].node.expect("a serving pod is bound")];
        let served = share_of(claim.wanted, node.cpu_used, node.cpu_wanted);
        world.workloads[claim.workload].served += served;
        total += served;
    }
    world.cpu.served = total;
}

/// `wanted * given / asked`, rounded down.
fn share_of(wanted: MilliCpu, given: MilliCpu, asked: MilliCpu) -> MilliCpu {
    if given >= asked {
        return wanted;
    }
    let share = u128::from(wanted.millis()) * u128::from(given.millis()) / u128::from(asked.millis());
    MilliCpu::from_millis(u64::try_from(share).expect("a share is not larger than the whole"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_shares_add_up_to_the_whole() {
        let whole = MilliCpu::from_millis(1001);
        let shares: Vec<u64> = (0..3).map(|index| even_share(whole, 3, index).millis()).collect();
        assert_eq!(shares, [334, 334, 333]);
    }

    #[test]
    fn a_node_that_gives_half_gives_every_pod_half() {
        let milli = MilliCpu::from_millis;
        assert_eq!(share_of(milli(300), milli(500), milli(1000)), milli(150));
        assert_eq!(share_of(milli(300), milli(1000), milli(1000)), milli(300));
    }
}
