//! VMs fail, and AKS's node auto-repair brings them back: reboot, then reimage, then redeployment to another host.
//!
//! Source: azure-aks-docs, node-auto-repair.md, 2026-07-01, with the figures of [`auto_repair`]; not while the node is upgraded or being
//! removed. A node that reports NotReady is unhealthy from then on, one that is silent after ten minutes, of which those that Kubernetes
//! has noticed count for the five that it has to stay so. Whether a step helps is drawn: nothing is published about that.
//! Not modelled: nodes that never registered, and Windows, where the steps differ.

use super::{Faults, is_of, outage};
use crate::catalog::auto_repair::{self, RepairAction};
use crate::cluster::{Ctx, Event, Fact, FaultId, NodeId, Outage, OutageCause, World};
use crate::kernel::{Dist, SimDuration, SimTime};
use crate::scenario::plan::{FaultKind, RepairPlan, Symptom};

/// What a repair does, round by round: nodes are Linux.
const ACTIONS: &[RepairAction] = auto_repair::sequence(false);

/// When node auto-repair acts on a node that fails.
pub(super) fn due(world: &World, outage: &Outage) -> SimTime {
    let unhealthy = outage.noticed + auto_repair::UNHEALTHY;
    match symptom(world, outage.cause) {
        Symptom::Silent => unhealthy.max(outage.began + auto_repair::NO_STATUS),
        Symptom::NotReady => unhealthy,
    }
}

/// How the outage shows.
pub(super) fn symptom(world: &World, cause: OutageCause) -> Symptom {
    let OutageCause::Failure(fault) = cause else {
        return Symptom::Silent;
    };
    match world.fault_plan(fault).kind {
        FaultKind::NodeFailure { symptom, .. } => symptom,
        _ => Symptom::Silent,
    }
}

/// A repair that may not begin now is looked at again after this time.
const NEXT_CHECK: SimDuration = SimDuration::from_mins(5);

/// A repair in progress.
#[derive(Clone, Copy, Debug)]
pub(super) struct Repair {
    /// When it began.
    began: SimTime,
    /// Steps begun.
    steps: u32,
    /// When the present step ends.
    ends: SimTime,
    /// Whether the present step brings the node back.
    helps: bool,
    /// Which repair of the node it is.
    number: u32,
}

impl Faults {
    /// Lets some nodes fail now.
    pub(super) fn crash_some(
        &mut self,
        world: &mut World,
        fault: FaultId,
        pool: Option<usize>,
        nodes: u32,
        ctx: &mut Ctx<'_>,
    ) {
        let struck = self.candidates(world, fault, |node| is_of(world, node, pool) && !world.is_down(node));
        for node in struck.into_iter().take(nodes as usize) {
            crash(world, node, fault, ctx);
        }
    }

    /// Draws when the node fails next, if the fault is about it and that is not drawn yet.
    pub(super) fn draw_crash(
        &mut self,
        world: &World,
        fault: FaultId,
        pool: Option<usize>,
        mean: SimDuration,
        node: NodeId,
        ctx: &mut Ctx<'_>,
    ) {
        if !world.nodes[node].is_in_service() || !is_of(world, node, pool) || self.crashes.contains_key(&(fault, node))
        {
            return;
        }
        let number = self.crashes_drawn.entry((fault, node)).or_insert(0);
        let name = format!("{}/{}/{number}", world.fault_plan(fault).name, world.nodes[node].info.name);
        *number += 1;
        let life = Dist::Exponential { mean: mean.as_secs_f64() };
        let at = ctx.now + life.draw(&mut world.streams.stream("node life", &name));
        self.crashes.insert((fault, node), at);
        ctx.at(at, Event::NodeCrashed(node, fault));
    }

    /// The VM fails, unless that is out of date. One that is down already is not hurt more.
    pub fn on_crashed(&mut self, world: &mut World, node: NodeId, fault: FaultId, ctx: &mut Ctx<'_>) {
        if self.crashes.get(&(fault, node)) != Some(&ctx.now) {
            return; // Stale: the fault is over.
        }
        self.crashes.remove(&(fault, node));
        if world.nodes[node].is_in_service() && !world.is_down(node) {
            crash(world, node, fault, ctx);
        }
    }

    /// Ends the step of the repair that is due, and begins the next when the node is not back.
    pub fn on_repair_step(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        let outage = world.faults.outages.get(&node).filter(|outage| due(world, outage) <= ctx.now);
        let Some(OutageCause::Failure(fault)) = outage.map(|outage| outage.cause) else {
            self.repairs.remove(&node); // Its zone is dark, it is back and may have failed anew, or it is gone.
            return;
        };
        let FaultKind::NodeFailure { repair: chances, .. } = world.fault_plan(fault).kind else {
            unreachable!("only a node failure makes a node fail");
        };
        match self.repairs.get(&node).copied() {
            Some(repair) if repair.ends != ctx.now => {} // Stale: of an earlier repair.
            Some(repair) if repair.helps => {
                self.repairs.remove(&node);
                bring_back(world, node, ctx);
            }
            Some(repair) => self.next_step(world, node, repair, chances, ctx),
            None if is_left_alone(world, node) => ctx.after(NEXT_CHECK, Event::RepairStep(node)),
            None => {
                let begun = self.repairs_begun.entry(node).or_insert(0);
                let repair = Repair { began: ctx.now, steps: 0, ends: ctx.now, helps: false, number: *begun };
                *begun += 1;
                self.next_step(world, node, repair, chances, ctx);
            }
        }
    }

    /// Begins the next step, or gives the node up.
    fn next_step(
        &mut self,
        world: &mut World,
        node: NodeId,
        mut repair: Repair,
        chances: RepairPlan,
        ctx: &mut Ctx<'_>,
    ) {
        if repair.steps as usize == ACTIONS.len() * auto_repair::SEQUENCES as usize
            || ctx.now.since(repair.began) >= auto_repair::LONGEST
        {
            self.repairs.remove(&node);
            world.faults.outages.get_mut(&node).expect("only a node that is down is repaired").given_up = true;
            outage::tell_upgrade(world, node, ctx);
            return;
        }
        let name = format!("{}/{}/{}", world.nodes[node].info.name, repair.number, repair.steps);
        let stream = &mut world.streams.stream("repair", &name);
        let action = ACTIONS[repair.steps as usize % ACTIONS.len()];
        let (takes, chance) = match action {
            RepairAction::Reboot => (world.plan.timings.repair_reboot.draw(stream), chances.by_reboot),
            RepairAction::Reimage => (world.nodes[node].reimage_delay, chances.by_reimage),
            RepairAction::Redeploy => (world.plan.timings.repair_redeploy.draw(stream), chances.by_redeploy),
        };
        let helps = stream.chance(chance);
        let is_reimage = action == RepairAction::Reimage;
        if is_reimage && helps {
            // From here on it is a reimage like any other, and ends with a Ready node.
            self.repairs.remove(&node);
            lose_pods(world, node, ctx);
            world.faults.outages.remove(&node);
            ctx.observe(Fact::NodeRepaired(node));
            ctx.soon(Event::ReimageNode(node));
            return;
        }
        if is_reimage {
            lose_pods(world, node, ctx);
            world.clear_images(node);
        }
        repair.steps += 1;
        repair.ends = ctx.now + takes;
        repair.helps = helps;
        self.repairs.insert(node, repair);
        ctx.at(repair.ends, Event::RepairStep(node));
    }
}

fn crash(world: &mut World, node: NodeId, fault: FaultId, ctx: &mut Ctx<'_>) {
    ctx.observe(Fact::NodeCrashed(node));
    outage::begin(world, node, OutageCause::Failure(fault), ctx);
}

fn bring_back(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    if let Some(outage) = world.faults.outages.get_mut(&node) {
        outage.recovers = Some(ctx.now);
        ctx.observe(Fact::NodeRepaired(node));
        ctx.soon(Event::NodeRecovered(node));
    }
}

/// The OS disk is replaced: what the node's pods were is gone.
fn lose_pods(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    for pod in world.nodes[node].pods.clone() {
        world.observe_loss(pod, ctx);
        world.lose_pod(pod, ctx);
    }
}

/// True for a node that auto-repair does not touch now: somebody removes or upgrades it. An upgrade that waits for a reimage of the node
/// waits for its repair.
fn is_left_alone(world: &World, node: NodeId) -> bool {
    let state = &world.nodes[node];
    let upgraded = world.pools[state.pool].upgrade.is_some() && state.info.unschedulable;
    let reimage = world.faults.outages.get(&node).is_some_and(|outage| outage.reimage);
    (upgraded && !reimage) || world.is_draining(node)
}
