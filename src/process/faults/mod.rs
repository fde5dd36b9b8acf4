//! What goes wrong in the data centre, one fault a file: spot evictions, zones that go dark, VMs that fail and are repaired.
//!
//! A fault that only changes what others draw (failed allocations, slow boots, a slow registry) is a row of the world's active
//! faults, which the node process looks at; it begins and ends here. Every draw comes from a stream of the fault's and the
//! node's names, so a fault moves nobody else's draws.
//!
//! What a VM that stops means for Kubernetes is in `outage`.

mod node_failure;
mod outage;
mod spot;
mod zone;

use crate::cluster::{Ctx, Event, FaultId, NodeId, World};
use crate::kernel::{Dist, SimTime};
use crate::scenario::plan::{EvictionReach, FailureReach, FaultKind};
use node_failure::Repair;
use std::collections::{BTreeMap, BTreeSet};

/// The fault process.
#[derive(Debug, Default)]
pub struct Faults {
    /// How often each fault began.
    begun: BTreeMap<FaultId, u32>,
    /// When which node fails by which fault, as far as it is drawn.
    crashes: BTreeMap<(FaultId, NodeId), SimTime>,
    /// How often a node's next failure was drawn: names the stream of the next.
    crashes_drawn: BTreeMap<(FaultId, NodeId), u32>,
    /// Spot instances that were given notice.
    noticed: BTreeSet<NodeId>,
    /// Repairs in progress.
    repairs: BTreeMap<NodeId, Repair>,
    /// How often a repair of the node began: names the stream of the next.
    repairs_begun: BTreeMap<NodeId, u32>,
    /// When the last node of each zone was tainted so that its pods are driven away.
    tainted: BTreeMap<Option<u8>, SimTime>,
}

impl Faults {
    /// The scenario starts: its faults are planned.
    pub fn on_start(&self, world: &World, ctx: &mut Ctx<'_>) {
        for index in 0..world.plan.faults.len() {
            let fault = crate::kernel::Id::from_index(index);
            let plan = world.fault_plan(fault);
            if plan.rate.is_some() {
                self.await_next(world, fault, plan.at, ctx);
                continue;
            }
            ctx.at(plan.at, Event::FaultBegins(fault));
            if let Some(until) = plan.until {
                ctx.at(until, Event::FaultEnds(fault));
            }
        }
    }

    /// Draws when a fault that recurs comes next.
    fn await_next(&self, world: &World, fault: FaultId, since: SimTime, ctx: &mut Ctx<'_>) {
        let plan = world.fault_plan(fault);
        if let Some(rate) = plan.rate {
            let name = format!("{}/{}", plan.name, self.occurrences(fault));
            let free = Dist::Exponential { mean: rate.mean.as_secs_f64() };
            let free = free.draw(&mut world.streams.stream("fault recurrence", &name));
            ctx.at(since + free, Event::FaultBegins(fault));
        }
    }

    /// How often the fault has begun so far.
    fn occurrences(&self, fault: FaultId) -> u32 {
        self.begun.get(&fault).copied().unwrap_or(0)
    }

    /// The nodes in service that a fault may strike, in an order that it draws for them each time: whoever else is there changes nothing
    /// for two of them.
    fn candidates(&self, world: &World, fault: FaultId, concerned: impl Fn(NodeId) -> bool) -> Vec<NodeId> {
        let name = &world.fault_plan(fault).name;
        // A purpose of its own for each time: a fault may be named as another with a number.
        let purpose = match self.occurrences(fault) {
            0 | 1 => "struck".to_owned(),
            again => format!("struck {again}"),
        };
        let mut drawn: Vec<(u64, NodeId)> = world
            .live_nodes
            .iter()
            .copied()
            .filter(|node| world.nodes[*node].is_in_service() && concerned(*node))
            .map(|node| {
                let stream = &mut world.streams.stream(&purpose, &format!("{name}/{}", world.nodes[node].info.name));
                (stream.below(u64::MAX), node)
            })
            .collect();
        drawn.sort_unstable();
        drawn.into_iter().map(|(_, node)| node).collect()
    }

    /// A fault begins. One without end that strikes once is over with it.
    pub fn on_begin(&mut self, world: &mut World, fault: FaultId, ctx: &mut Ctx<'_>) {
        world.faults.active.insert(fault);
        *self.begun.entry(fault).or_insert(0) += 1;
        if let Some(rate) = world.fault_plan(fault).rate {
            ctx.after(rate.lasts, Event::FaultEnds(fault));
        }
        match world.fault_plan(fault).kind.clone() {
            FaultKind::SpotEviction { pool, reach: EvictionReach::Share(share) } => {
                self.spot_wave(world, fault, pool, share, ctx);
            }
            FaultKind::ZoneOutage { zone } => zone::go_dark(world, zone, ctx),
            FaultKind::NodeFailure { pool, reach: FailureReach::Nodes(nodes), .. } => {
                self.crash_some(world, fault, pool, nodes, ctx);
            }
            FaultKind::SpotEviction { reach: EvictionReach::PerHour(_), .. }
            | FaultKind::NodeFailure { reach: FailureReach::MeanTime(_), .. } => {
                for node in world.live_nodes.clone() {
                    self.draw(world, node, ctx);
                }
            }
            FaultKind::AllocationFailure { .. }
            | FaultKind::ControlPlaneCapacity { .. }
            | FaultKind::SlowRegistry { .. }
            | FaultKind::SlowBoot { .. } => {}
        }
    }

    /// A fault ends.
    pub fn on_end(&mut self, world: &mut World, fault: FaultId, ctx: &mut Ctx<'_>) {
        world.faults.active.remove(&fault);
        self.crashes.retain(|(other, _), _| *other != fault);
        if let FaultKind::ZoneOutage { zone } = world.fault_plan(fault).kind {
            zone::come_back(world, zone, ctx);
        }
        self.await_next(world, fault, ctx.now, ctx);
    }

    /// A node became Ready: its fate under the faults in progress is drawn. In a dark zone it is down at once.
    pub fn on_node_ready(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        if !world.nodes[node].is_ready() {
            return; // Stale: it is on its way out already.
        }
        if world.nodes[node].zone.is_some_and(|zone| world.is_dark(zone)) {
            zone::stop(world, node, ctx);
        }
        self.draw(world, node, ctx);
    }

    /// Draws when the rates of the faults in progress strike the node, where that is not drawn yet.
    fn draw(&mut self, world: &World, node: NodeId, ctx: &mut Ctx<'_>) {
        for fault in &world.faults.active {
            match world.fault_plan(*fault).kind {
                FaultKind::SpotEviction { pool, reach: EvictionReach::PerHour(rate) } => {
                    spot::draw_notice(world, *fault, pool, rate, node, ctx);
                }
                FaultKind::NodeFailure { pool, reach: FailureReach::MeanTime(mean), .. } => {
                    self.draw_crash(world, *fault, pool, mean, node, ctx);
                }
                _ => {}
            }
        }
    }
}

/// True for a node of Azure's in the pool that the fault is about, or in any pool.
fn is_of(world: &World, node: NodeId, pool: Option<usize>) -> bool {
    let of = world.nodes[node].pool;
    !world.pool_plan(of).is_brought() && pool.is_none_or(|pool| pool == world.pools[of].plan)
}
