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

use crate::catalog::KubernetesVersion;
use crate::cluster::{Ctx, Event, Fact, Node, NodePhase, Operation, OperationId, OperationState, PoolId, World};
use crate::kernel::{Id, SimDuration, SimTime};
use crate::scenario::plan::{AutoUpgrade, NodeOsChannel, OperationKind, UpgradeChannel};

/// What a new release of a version may take to be applied without a schedule, and a failed upgrade to be tried again.
const DAY: SimDuration = SimDuration::from_hours(24);

/// From one node image to the next. Source: azure-aks-docs, auto-upgrade-node-os-image.md, 2026-06-26.
const IMAGE_INTERVAL: SimDuration = SimDuration::from_hours(7 * 24);

/// The maintenance process.
#[derive(Debug)]
pub struct Maintenance {
    /// When the first node image comes that is newer than what nodes have at the start.
    first_image: SimTime,
}

impl Maintenance {
    /// Knows the node images that are to come.
    #[must_use]
    pub fn new(world: &World) -> Self {
        let phase = world.streams.stream("auto_upgrade", "node images").uniform();
        let first = SimDuration::from_secs_f64(phase * IMAGE_INTERVAL.as_secs_f64());
        Self { first_image: SimTime::after_start(first) }
    }

    /// Foresees the moments at which a channel may find something to do: its windows open, something new comes.
    pub fn on_start(&self, world: &World, ctx: &mut Ctx<'_>) {
        let plan = &world.plan.maintenance;
        if plan.channel != UpgradeChannel::None {
            foresee_windows(world, AutoUpgrade::Cluster, ctx);
            let mut moments: Vec<SimTime> = plan.available.iter().map(|available| available.from).collect();
            moments.dedup();
            for at in moments {
                foresee(world, AutoUpgrade::Cluster, at, ctx);
            }
        }
        if plan.node_os_channel == NodeOsChannel::NodeImage {
            foresee_windows(world, AutoUpgrade::NodeOs, ctx);
            let end = SimTime::after_start(world.plan.duration);
            let mut image = self.first_image;
            while image < end {
                foresee(world, AutoUpgrade::NodeOs, image, ctx);
                image = image + IMAGE_INTERVAL;
            }
        }
    }

    /// Asks for what the channel wants, if it may do so now.
    pub fn on_auto_upgrade(&self, world: &mut World, of: AutoUpgrade, ctx: &mut Ctx<'_>) {
        let Some(kind) = self.wanted(world, of, ctx.now) else {
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

    /// The upgrade that the channel wants; `None` when everything is as it should be.
    fn wanted(&self, world: &World, of: AutoUpgrade, now: SimTime) -> Option<OperationKind> {
        let plan = &world.plan.maintenance;
        let behind = |is_behind: &dyn Fn(PoolId) -> bool| -> Vec<usize> {
            let pools =
                world.pools.ids().filter(|pool| world.pools[*pool].exists && !world.pool_plan(*pool).is_brought());
            pools.filter(|pool| is_behind(*pool)).map(PoolId::index).collect()
        };
        match of {
            AutoUpgrade::Cluster if plan.channel == UpgradeChannel::None => None,
            AutoUpgrade::Cluster => {
                let available = plan.available.iter().filter(|available| available.from <= now);
                let available: Vec<KubernetesVersion> = available.map(|available| available.version).collect();
                let version = next_version(world, &available);
                let pools = behind(&|pool| world.is_behind(pool, version.unwrap_or(world.version)));
                let nothing = version.is_none() && pools.is_empty();
                (!nothing).then(|| OperationKind::Upgrade {
                    version: Some(version.unwrap_or(world.version)),
                    pools,
                    force: false,
                    whole_cluster: false,
                })
            }
            AutoUpgrade::NodeOs if plan.node_os_channel != NodeOsChannel::NodeImage => None,
            AutoUpgrade::NodeOs => {
                let image = self.latest_image(now)?;
                let pools = behind(&|pool| world.pools[pool].image_as_of < image);
                (!pools.is_empty()).then_some(OperationKind::Upgrade {
                    version: None,
                    pools,
                    force: false,
                    whole_cluster: false,
                })
            }
        }
    }

    /// When the latest node image came; `None` while it is that of the start.
    fn latest_image(&self, now: SimTime) -> Option<SimTime> {
        let since = (self.first_image <= now).then(|| now.since(self.first_image))?;
        let number = since.micros() / IMAGE_INTERVAL.micros();
        Some(self.first_image + IMAGE_INTERVAL.times(number))
    }
}

/// The version that the channel takes the cluster to next, of those that AKS offers. A cluster that has fallen so far behind that the
/// next minor version is not offered any more goes to the oldest supported one.
///
/// Source: azure-aks-docs, supported-kubernetes-versions.md, 2026-08-05, by which AKS upgrades such clusters so; that it is the channel
/// which does, as soon as it may, is an assumption.
fn next_version(world: &World, available: &[KubernetesVersion]) -> Option<KubernetesVersion> {
    let channel = world.plan.maintenance.channel;
    let next = channel.target(world.version, available).filter(|version| world.offers(*version));
    let is_available = |oldest: &KubernetesVersion| available.iter().any(|version| version.minor == oldest.minor);
    let recovers = matches!(channel, UpgradeChannel::Stable | UpgradeChannel::Rapid);
    next.or_else(|| world.recovery_version().filter(|oldest| recovers && is_available(oldest)))
}

/// True while an upgrade of AKS's own is asked for or in progress.
fn is_under_way(world: &World) -> bool {
    let open = |state: &OperationState| matches!(state, OperationState::Planned | OperationState::Running);
    world.operations.iter().any(|(_, operation)| operation.auto_upgrade.is_some() && open(&operation.state))
}

/// A look at the opening of each window of the channel's schedule.
fn foresee_windows(world: &World, of: AutoUpgrade, ctx: &mut Ctx<'_>) {
    for window in world.plan.maintenance.windows_of(of).into_iter().flatten() {
        ctx.at(window.opens, Event::AutoUpgrade(of));
    }
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
