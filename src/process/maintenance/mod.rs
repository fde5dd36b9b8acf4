//! What AKS upgrades by itself: channels that take new versions and node images, in the windows of planned maintenance.
//!
//! A channel that has something to do asks for an operation, as an operator does, when a window of its schedule is open: the control
//! plane takes or refuses it by the same rules. An auto-upgrade that is in progress keeps the other channel waiting; one that was
//! refused, failed or ran out of time is asked for again in the next window, or a day later if the window is open then; one that was
//! refused because of another operation already when that has ended. Without a schedule it is asked for within the day.
//! When the window closes the pool in progress is upgraded to its end, and no other one is begun.
//!
//! Sources: azure-aks-docs, auto-upgrade-cluster.md and auto-upgrade-node-os-image.md, 2026-06-26; planned-maintenance.md,
//! 2025-12-19. Assumptions: the node image of the week comes at a drawn moment of it, and all regions have it at once; pools that are
//! behind the control plane follow it with the next auto-upgrade of the cluster; a day later is when a failed upgrade without a
//! schedule is tried again.

pub mod channel;

use crate::cluster::{Ctx, Event, Fact, Node, NodePhase, Operation, OperationId, OperationState, PoolId, World};
use crate::kernel::{Id, SimDuration, SimTime};
use crate::scenario::plan::{AutoUpgrade, OperationKind};
use channel::NodeImages;

/// What a new release of a version may take to be applied without a schedule, and a failed upgrade to be tried again.
pub const DAY: SimDuration = SimDuration::from_hours(24);

/// The maintenance process.
#[derive(Debug)]
pub struct Maintenance {
    images: NodeImages,
}

impl Maintenance {
    /// Knows the node images that are to come.
    #[must_use]
    pub fn new(world: &World) -> Self {
        Self { images: NodeImages::drawn(world) }
    }

    /// Foresees the moments at which a channel may find something to do: its windows open, something new comes.
    pub fn on_start(&self, world: &World, ctx: &mut Ctx<'_>) {
        for of in [AutoUpgrade::Cluster, AutoUpgrade::NodeOs] {
            for at in channel::openings(&world.plan, of) {
                ctx.at(at, Event::AutoUpgrade(of));
            }
            for at in channel::novelties(&world.plan, self.images, of) {
                foresee(world, of, at, ctx);
            }
        }
    }

    /// Asks for what the channel wants, if it may do so now.
    pub fn on_auto_upgrade(&self, world: &mut World, of: AutoUpgrade, ctx: &mut Ctx<'_>) {
        let Some(kind) = channel::wanted(world, self.images, of) else {
            return;
        };
        let maintenance = &world.plan.maintenance;
        let window = maintenance.open_window(of, ctx.now);
        if window.is_none() && maintenance.windows_of(of).is_some() {
            return; // The next window brings the next look.
        }
        let waits_for = |failed: &SimTime| window.is_none_or(|window| window.opens <= *failed);
        let again = last_failure(world, of).filter(waits_for).map(|failed| failed + DAY);
        if let Some(again) = again.filter(|again| ctx.now < *again) {
            ctx.at(again, Event::AutoUpgrade(of));
        } else if !world.is_running() {
            // With a schedule the start of the cluster brings the next look.
            if window.is_none() {
                ctx.at(ctx.now + DAY, Event::AutoUpgrade(of));
            }
        } else if !is_under_way(world) {
            world.ask_by_itself(kind, of, ctx);
        }
    }

    /// Counts the nodes that the operation has still to upgrade when its window closes.
    pub fn on_window_closed(&self, world: &mut World, operation: OperationId, ctx: &mut Ctx<'_>) {
        world.operations[operation].nodes_left = Some(nodes_left(world, operation));
        ctx.observe(Fact::WindowClosed(operation));
    }
}

/// True while an upgrade of AKS's own is asked for or in progress.
fn is_under_way(world: &World) -> bool {
    let open = |state: &OperationState| matches!(state, OperationState::Planned | OperationState::Running);
    world.operations.iter().any(|(_, operation)| operation.auto_upgrade.is_some() && open(&operation.state))
}

/// A look when something new has come: at once where a window may be open, else within the day.
fn foresee(world: &World, of: AutoUpgrade, at: SimTime, ctx: &mut Ctx<'_>) {
    let delay = match world.plan.maintenance.windows_of(of) {
        Some(_) => SimDuration::ZERO,
        None => {
            let name = format!("{of:?}/{}", at.micros());
            let share = world.streams.stream("auto_upgrade", &name).uniform();
            SimDuration::from_secs_f64(share * DAY.as_secs_f64())
        }
    };
    ctx.at(at + delay, Event::AutoUpgrade(of));
}

/// When the channel's last upgrade was asked for, if it did not end well. One that was refused because of another operation does not
/// count any more when that has ended.
fn last_failure(world: &World, of: AutoUpgrade) -> Option<SimTime> {
    let last = world.last_auto_upgrade(of)?;
    let failed =
        matches!(last.state, OperationState::Refused(_) | OperationState::Failed(_) | OperationState::Canceled(_));
    let ended_since = |asked: &SimTime| {
        let in_its_way = |other: &Operation| other.asked <= Some(*asked) && other.ended > Some(*asked);
        world.operations.iter().any(|(_, other)| in_its_way(other))
    };
    let is_free = |asked: &SimTime| {
        matches!(&last.state, OperationState::Refused(why) if why.is_conflict()) && ended_since(asked)
    };
    last.asked.filter(|asked| failed && !is_free(asked))
}

/// Nodes of the upgrade's pools that have an older version, or with a node-image upgrade were neither created nor reimaged since it was
/// asked for, or are out of service for their reimage.
fn nodes_left(world: &World, operation: OperationId) -> usize {
    let row = &world.operations[operation];
    let (Some(asked), OperationKind::Upgrade { version, pools, .. }) = (row.asked, &row.request.kind) else {
        return 0;
    };
    if row.state == OperationState::Succeeded {
        return 0;
    }
    let is_left = |node: &Node| {
        let made = node.times.reimaged.unwrap_or(node.times.requested);
        let outdated = version.map_or(made < asked, |version| node.version < version);
        outdated || node.phase == NodePhase::Reimaging
    };
    let pools = pools.iter().map(|pool| PoolId::from_index(*pool));
    pools.flat_map(|pool| world.members(pool)).filter(|node| is_left(&world.nodes[*node])).count()
}
