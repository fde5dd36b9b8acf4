//! CPU demand shared by ready pods, capped by limits, nodes and burst credits; what is not served is counted.
//!
//! A settlement touches what changed since the last one: the pods of workloads whose demand or serving pods changed, the nodes of pods
//! that want another amount, and the other pods on these nodes.
//!
//! A workload's demand is shared evenly by its ready pods; each pod gets at most its limit, and the pods of a node together at
//! most what the VM gives, every one the same share of what it wants. What one pod cannot serve is not moved to another: the load
//! balancer does not know. Not modelled: cgroup weights, demand that queues up, the CPU of the kubelet and the OS.

use crate::cluster::{CpuChange, Ctx, Event, NodeId, PodCpu, PodId, WorkloadId, World};
use crate::kernel::SimTime;
use crate::scenario::plan::DemandScope;
use crate::units::MilliCpu;
use std::collections::BTreeSet;

/// Counts the work since the last settlement, then shares CPU anew for the time from now on.
pub fn on_settle(world: &mut World, ctx: &mut Ctx<'_>) {
    count_work(world, ctx.now);
    let changes = std::mem::take(&mut world.cpu_changes);
    for node in claim(world, &changes) {
        supply(world, node, ctx);
        serve(world, node);
    }
}

/// A burstable node's bank has run empty, unless its load changed since that was foreseen.
pub fn on_credits_turn(world: &mut World, node: NodeId, turn: u32, ctx: &mut Ctx<'_>) {
    if world.nodes[node].credits.as_ref().is_some_and(|credits| credits.turn() == turn) {
        world.cpu_changed(CpuChange::Node(node), ctx);
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
    let ledger = &mut world.cpu;
    let span = now.since(ledger.settled);
    ledger.settled = now;
    ledger.wanted_work += ledger.wanted.over(span);
    ledger.served_work += ledger.served.over(span);
}

/// Has every pod concerned by the changes claim its share, and returns the nodes that are asked for another amount or give one.
fn claim(world: &mut World, changes: &[CpuChange]) -> BTreeSet<NodeId> {
    let mut claims = Claims::default();
    for change in changes {
        match *change {
            CpuChange::Node(node) => claims.nodes.push(node),
            CpuChange::Demand(workload) => claims.shared.push(workload),
            CpuChange::Pod(pod) => claims.change(world, pod),
        }
    }
    let shared: BTreeSet<WorkloadId> = std::mem::take(&mut claims.shared).into_iter().collect();
    for workload in shared {
        claims.share(world, workload);
    }
    claims.nodes.into_iter().collect()
}

/// What a settlement touches.
#[derive(Default)]
struct Claims {
    /// Workloads whose demand is to be shared anew by all of their serving pods.
    shared: Vec<WorkloadId>,
    /// Nodes that are asked for another amount or give one.
    nodes: Vec<NodeId>,
}

impl Claims {
    /// The pod began or ceased to serve.
    fn change(&mut self, world: &mut World, pod: PodId) {
        let workload = world.pods[pod].workload;
        let serves = world.pods[pod].is_serving();
        match scope(world, workload) {
            DemandScope::Pod => {
                self.claim(world, pod, serves.then_some(world.workloads[workload].demand));
                sum_up(world, workload);
            }
            DemandScope::Workload => {
                if !serves {
                    self.claim(world, pod, None);
                }
                self.shared.push(workload);
            }
        }
    }

    /// Gives each serving pod of the workload its share of the demand.
    fn share(&mut self, world: &mut World, workload: WorkloadId) {
        let state = &world.workloads[workload];
        let level = state.demand;
        let serving: Vec<PodId> = state.pods.iter().copied().filter(|pod| world.pods[*pod].is_serving()).collect();
        let scope = scope(world, workload);
        for (index, pod) in serving.iter().enumerate() {
            let share = match scope {
                DemandScope::Pod => level,
                DemandScope::Workload => even_share(level, serving.len(), index),
            };
            self.claim(world, *pod, Some(share));
        }
        sum_up(world, workload);
    }

    /// Sets the pod's share of its workload's demand; `None` when it does not serve.
    fn claim(&mut self, world: &mut World, pod: PodId, share: Option<MilliCpu>) {
        let limit = world.template(pod).cpu_limit;
        let wanted = share.map(|share| limit.map_or(share, |limit| share.min(limit)));
        let state = &mut world.pods[pod];
        let before = state.cpu;
        if before.map(|cpu| cpu.wanted) == wanted {
            return;
        }
        let used = before.map_or(MilliCpu::ZERO, |cpu| cpu.used);
        state.cpu = wanted.map(|wanted| PodCpu { wanted, used });
        let workload = &mut world.workloads[state.workload];
        match (before, wanted) {
            (None, Some(_)) => workload.serving += 1,
            (Some(_), None) => {
                workload.serving -= 1;
                world.cpu.served -= used;
            }
            (None, None) | (Some(_), Some(_)) => {}
        }
        let node = state.node.expect("a pod that serves or served is bound");
        let asked = &mut world.nodes[node].cpu_wanted;
        *asked = *asked - before.map_or(MilliCpu::ZERO, |cpu| cpu.wanted) + wanted.unwrap_or_default();
        self.nodes.push(node);
    }
}

fn scope(world: &World, workload: WorkloadId) -> DemandScope {
    let demand = world.workload_plan(workload).behaviour.demand.as_ref();
    demand.expect("CPU changes only by a workload with demand").scope
}

/// Brings the workload's demand over all of its pods up to date, and the cluster's with it.
fn sum_up(world: &mut World, workload: WorkloadId) {
    let scope = scope(world, workload);
    let state = &mut world.workloads[workload];
    let wanted = match scope {
        DemandScope::Pod => MilliCpu::from_millis(state.demand.millis() * u64::from(state.serving)),
        DemandScope::Workload => state.demand,
    };
    world.cpu.wanted = world.cpu.wanted - state.wanted + wanted;
    state.wanted = wanted;
}

/// The `index`th of `parts` shares of a whole, which add up to it exactly.
fn even_share(whole: MilliCpu, parts: usize, index: usize) -> MilliCpu {
    let (whole, parts, index) = (whole.millis(), parts as u64, index as u64);
    MilliCpu::from_millis(whole / parts + u64::from(index < whole % parts))
}

/// Decides what the node's VM gives, and plans the moment at which its credits run out.
fn supply(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    // Pods on a VM that is down are sent their share until that is noticed, and serve none of it.
    let down = world.is_down(node);
    let most = if down { MilliCpu::ZERO } else { world.pool_plan(world.nodes[node].pool).cpu() };
    let state = &mut world.nodes[node];
    let wanted = if down { MilliCpu::ZERO } else { state.cpu_wanted };
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

/// Gives every pod of the node the same share of what it wants as the node gives of what it is asked for.
fn serve(world: &mut World, node: NodeId) {
    let World { nodes, pods, cpu: ledger, .. } = world;
    let node = &nodes[node];
    for pod in &node.pods {
        if let Some(cpu) = &mut pods[*pod].cpu {
            let served = share_of(cpu.wanted, node.cpu_used, node.cpu_wanted);
            ledger.served = ledger.served - cpu.used + served;
            cpu.used = served;
        }
    }
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
mod tests;
