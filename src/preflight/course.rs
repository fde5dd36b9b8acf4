//! The state of the cluster before and after each operation of a plan, and each that AKS's channels ask for by themselves, provided that
//! every accepted operation succeeds.
//!
//! Whether one is accepted is asked of the control plane's own rules, on a world that is in that state.

use super::reach::Reach;
use crate::catalog::KubernetesVersion;
use crate::cluster::{PodRange, PoolHistory, PoolId, PowerState, Refusal, World};
use crate::kernel::{Id, SimDuration, SimTime};
use crate::process::control_plane::{self, admission, versions};
use crate::process::maintenance::DAY;
use crate::process::maintenance::channel::{self, NodeImages};
use crate::scenario::plan::{
    AutoUpgrade, AutoscalingRange, NetworkChange, NetworkModel, NetworkPlan, OperationKind, OperationPlan, Plan,
    PoolChange, PoolMode, PoolPlan, PoolSettings, ScaleDownMode, UpgradeStrategy,
};
use ipnet::Ipv4Net;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

/// A plan with the states that it goes through.
#[derive(Debug)]
pub struct Course<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Before the first operation. Of a cluster that an operation creates: what it will be.
    pub start: State,
    /// The operations in the order of time.
    pub steps: Vec<Step<'a>>,
    /// Which pods may run where.
    pub reach: Reach,
}

/// An operation and what it changes.
#[derive(Debug)]
pub struct Step<'a> {
    /// Its place in the course.
    pub number: usize,
    /// Who asks.
    pub origin: Origin<'a>,
    /// When.
    pub at: SimTime,
    /// What it asks for in that state: an upgrade of the whole cluster is one of the pools that exist then.
    pub kind: OperationKind,
    /// What is asked and when, in words.
    pub subject: String,
    /// Before it.
    pub before: State,
    /// After it, if it is accepted.
    pub after: State,
    /// Why it is not accepted.
    pub refused: Option<(RefusedFor, Refusal)>,
}

/// Who asks for an operation.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// The scenario.
    Scenario(&'a OperationPlan),
    /// AKS itself, for one of its channels.
    Channel(AutoUpgrade),
}

/// What an operation is refused for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedFor {
    /// Whoever asks lacks a permission.
    Access,
    /// The way from version to version.
    Path,
    /// The distance between control plane and pools.
    Skew,
    /// The quota of vCPUs.
    Quota,
    /// A disruption budget.
    Budget,
    /// It would leave the cluster without a system pool.
    SystemPool,
    /// Anything else.
    Request,
}

/// The cluster at one moment, as far as it can be foretold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Whether there is an API server.
    pub power: PowerState,
    /// Version of the control plane.
    pub version: KubernetesVersion,
    /// The network model.
    pub network: NetworkModel,
    /// Range of pod addresses, with models that have one.
    pub pod_cidr: Option<Ipv4Net>,
    /// The pools in the plan's order.
    pub pools: Vec<PoolState>,
}

/// A pool at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolState {
    /// False before it is added and after it is deleted.
    pub exists: bool,
    /// True while its VMs are deallocated by an operation.
    pub stopped: bool,
    /// Version of its nodes.
    pub version: KubernetesVersion,
    /// Nodes, surge nodes left out; of an autoscaled pool, those that it has without the autoscaler's doing.
    pub nodes: u32,
    /// VMs that hold addresses and quota: the nodes, and deallocated ones.
    pub instances: u32,
    /// The autoscaler's bounds while it manages the pool.
    pub autoscaling: Option<AutoscalingRange>,
    /// Its settings that operations can change.
    pub settings: PoolSettings,
    /// What it can be rolled back to.
    pub history: PoolHistory,
    /// Nodes have the node image that was the latest then.
    pub image_as_of: SimTime,
}

impl PoolState {
    /// The most VMs that the autoscaler may make of it.
    #[must_use]
    pub fn most(&self) -> u32 {
        self.autoscaling.map_or(self.instances, |range| range.max.max(self.instances))
    }
}

impl PoolState {
    /// Other settings hold.
    fn update(&mut self, change: &PoolChange) {
        match change {
            PoolChange::Autoscaling(range) => {
                self.autoscaling = *range;
                if let Some(range) = range.filter(|range| range.min <= range.max) {
                    self.nodes = self.nodes.clamp(range.min, range.max);
                    self.instances = self.instances.max(self.nodes);
                }
            }
            PoolChange::Settings(change) => {
                self.settings = change.applied(self.settings);
                if change.scale_down_mode == Some(ScaleDownMode::Delete) && !self.stopped {
                    self.instances = self.nodes; // Deallocated ones go.
                }
            }
            PoolChange::Immutable(_) => {} // It is refused.
        }
    }
}

impl State {
    fn at_start(plan: &Plan, power: PowerState) -> Self {
        let pool = |pool: &PoolPlan| PoolState {
            exists: pool.from_start,
            stopped: false,
            version: pool.version,
            nodes: if pool.from_start { pool.count } else { 0 },
            instances: if pool.from_start { pool.count } else { 0 },
            autoscaling: pool.autoscaling.filter(|_| pool.from_start),
            settings: pool.settings(),
            history: PoolHistory::New,
            image_as_of: SimTime::ZERO,
        };
        let NetworkPlan { model: network, pod_cidr, .. } = plan.cluster.network;
        Self {
            power,
            version: plan.cluster.version,
            network,
            pod_cidr,
            pools: plan.cluster.pools.iter().map(pool).collect(),
        }
    }

    /// The state after an operation that succeeds.
    #[must_use]
    fn after(&self, kind: &OperationKind, at: SimTime, plan: &Plan) -> Self {
        let mut state = self.clone();
        match kind {
            OperationKind::CreateCluster | OperationKind::StartCluster => state.power = PowerState::Running,
            OperationKind::StopCluster => state.power = PowerState::Stopped,
            OperationKind::Scale { pool, count } => {
                let pool = &mut state.pools[*pool];
                let deallocates = pool.settings.scale_down_mode == ScaleDownMode::Deallocate;
                pool.instances = if deallocates { pool.instances.max(*count) } else { *count };
                pool.nodes = *count;
            }
            OperationKind::Upgrade { version, pools, .. } => {
                state.version = version.map_or(state.version, |version| state.version.max(version));
                for pool in pools {
                    let pool = &mut state.pools[*pool];
                    let blue_green = matches!(pool.settings.upgrade.strategy, UpgradeStrategy::BlueGreen(_))
                        && !plan.cluster.conflicts.rollback_after_blue_green;
                    let (from, image_only) = (pool.version, version.is_none());
                    let upgraded = PoolHistory::Upgraded { from, image_only, ended: Some(at) };
                    pool.history = if blue_green { PoolHistory::Replaced } else { upgraded };
                    pool.version = version.unwrap_or(from);
                    pool.image_as_of = at;
                }
            }
            OperationKind::Rollback { pool } => {
                let pool = &mut state.pools[*pool];
                if let PoolHistory::Upgraded { from, .. } = pool.history {
                    pool.version = from;
                }
                pool.history = PoolHistory::RolledBack;
            }
            OperationKind::AddPool { pool, version } => state.add(plan, *pool, *version, at),
            OperationKind::DeletePool { pool } => state.delete(*pool),
            OperationKind::UpdatePool { pool, change } => state.pools[*pool].update(change),
            OperationKind::UpdateNetwork(change) => {
                if matches!(change, NetworkChange::Overlay(_)) {
                    state.network = NetworkModel::AzureOverlay;
                    for pool in state.pools.iter_mut().filter(|pool| pool.exists) {
                        pool.image_as_of = at;
                    }
                }
                state.pod_cidr = Some(change.pod_cidr());
            }
            OperationKind::StopPool { pool } => state.pools[*pool].stopped = true,
            OperationKind::StartPool { pool } => state.pools[*pool].stopped = false,
            OperationKind::Migrate { from, to, .. } => {
                state.add(plan, *to, None, at);
                state.delete(*from);
            }
            OperationKind::Abort { .. } | OperationKind::Read(_) => {}
        }
        state
    }

    fn add(&mut self, plan: &Plan, pool: usize, version: Option<KubernetesVersion>, at: SimTime) {
        let settings = plan.cluster.pools[pool].settings();
        let PoolPlan { count, autoscaling, .. } = plan.cluster.pools[pool];
        let version = version.unwrap_or(self.version);
        self.pools[pool] = PoolState {
            exists: true,
            stopped: false,
            version,
            nodes: count,
            instances: count,
            autoscaling,
            settings,
            history: PoolHistory::New,
            image_as_of: at,
        };
    }

    fn delete(&mut self, pool: usize) {
        let pool = &mut self.pools[pool];
        pool.exists = false;
        pool.nodes = 0;
        pool.instances = 0;
        pool.autoscaling = None;
    }

    /// The pools that exist, by their places in the plan.
    pub fn existing(&self) -> impl Iterator<Item = (usize, &PoolState)> {
        self.pools.iter().enumerate().filter(|(_, pool)| pool.exists)
    }

    /// True when a system pool exists.
    #[must_use]
    pub fn has_system_pool(&self) -> bool {
        self.existing().any(|(_, pool)| pool.settings.mode == PoolMode::System)
    }

    /// The plan of a pool with the settings that it has then.
    #[must_use]
    pub fn pool_plan<'a>(&self, plan: &'a Plan, pool: usize) -> Cow<'a, PoolPlan> {
        let (written, settings) = (&plan.cluster.pools[pool], self.pools[pool].settings);
        if written.settings() == settings { Cow::Borrowed(written) } else { Cow::Owned(written.with(settings)) }
    }

    /// The state without what upgrades leave behind in it besides versions.
    fn without_upgrades(&self) -> Self {
        let mut state = self.clone();
        for pool in &mut state.pools {
            (pool.history, pool.image_as_of) = (PoolHistory::New, SimTime::ZERO);
        }
        state
    }

    /// Puts the world into this state.
    fn put(&self, world: &mut World, at: SimTime) {
        world.clock = at;
        world.power = self.power;
        world.version = self.version;
        world.network = self.network;
        let routes = (self.network == NetworkModel::Kubenet).then_some(world.plan.cluster.network.routes_per_table);
        world.pod_range = self.pod_cidr.map(|cidr| PodRange::new(cidr, routes));
        for (index, pool) in self.pools.iter().enumerate() {
            let changed = match self.pool_plan(&world.plan, index) {
                Cow::Borrowed(_) => None,
                Cow::Owned(plan) => Some(Arc::new(plan)),
            };
            let target = &mut world.pools[PoolId::from_index(index)];
            target.changed = changed;
            target.exists = pool.exists;
            target.stopped = pool.stopped;
            target.version = pool.version;
            target.target = pool.nodes;
            target.autoscaling = pool.autoscaling;
            target.history = pool.history;
            target.image_as_of = pool.image_as_of;
        }
    }
}

/// A moment at which something may be asked for.
#[derive(Clone, Copy, Debug)]
struct Moment<'a> {
    at: SimTime,
    origin: Origin<'a>,
}

/// All moments in their order: of those at the same time the scenario's first.
fn moments(plan: &Plan) -> Vec<Moment<'_>> {
    // Whoever only looks changes nothing.
    let asked = plan.operations.iter().filter(|asked| !matches!(asked.kind, OperationKind::Read(_)));
    let asked = asked.map(|asked| Moment { at: asked.at, origin: Origin::Scenario(asked) });
    let mut moments: Vec<Moment<'_>> = asked.collect();
    for of in [AutoUpgrade::Cluster, AutoUpgrade::NodeOs] {
        let mut looks = channel::openings(plan, of);
        looks.extend(channel::novelties(plan, IMAGES, of));
        // With a schedule nothing is begun outside of its windows; without one it is within a day of what is new.
        let may_begin =
            |at: &SimTime| plan.maintenance.windows_of(of).is_none() || plan.maintenance.open_window(of, *at).is_some();
        looks.retain(may_begin);
        looks.sort_unstable();
        looks.dedup();
        moments.extend(looks.into_iter().map(|at| Moment { at, origin: Origin::Channel(of) }));
    }
    moments.sort_by_key(|moment| moment.at);
    moments
}

/// The looks of channels that an operation brings, as the maintenance process has them: after an upgrade of its own AKS looks again at once,
/// since a channel may take several, and a day later when that was refused; after one of an operator's where a window is open; and after
/// the cluster has come to run.
fn looks_after<'a>(
    plan: &Plan,
    origin: Origin<'a>,
    kind: &OperationKind,
    at: SimTime,
    refused: bool,
) -> Vec<Moment<'a>> {
    let maintenance = &plan.maintenance;
    let may_look = |of: AutoUpgrade, at: SimTime| {
        maintenance.windows_of(of).is_none() || maintenance.open_window(of, at).is_some()
    };
    match origin {
        Origin::Channel(_) if !refused => vec![Moment { at, origin }],
        Origin::Channel(of) => {
            let again = at + DAY;
            let is_in_time = again < SimTime::after_start(plan.duration);
            Vec::from_iter((is_in_time && may_look(of, again)).then_some(Moment { at: again, origin }))
        }
        Origin::Scenario(_) => {
            let begins = matches!(kind, OperationKind::CreateCluster | OperationKind::StartCluster);
            let looks = |of: &AutoUpgrade| {
                maintenance.has_channel(*of) && may_look(*of, at) && (begins || maintenance.windows_of(*of).is_some())
            };
            let channels = [AutoUpgrade::Cluster, AutoUpgrade::NodeOs].into_iter().filter(looks);
            // Each goes in front of those before it, and the channel of the cluster is to be the first.
            channels.rev().map(|of| Moment { at, origin: Origin::Channel(of) }).collect()
        }
    }
}

/// What chance decides about node images is taken to be as early as possible.
const IMAGES: NodeImages = NodeImages::as_early_as_possible();

impl<'a> Course<'a> {
    /// Goes through the operations of the plan, and those that its channels ask for.
    ///
    /// What a channel asks for again and again, refused in the same state or every week, is one step, the first.
    #[must_use]
    pub fn of(plan: &'a Arc<Plan>) -> Self {
        // No stream of the world is drawn from, so that its seed does not matter.
        let mut world = World::new(Arc::clone(plan), 0);
        let start = State::at_start(plan, world.power);
        let mut now = start.clone();
        let mut steps: Vec<Step<'a>> = Vec::new();
        let mut moments: VecDeque<Moment<'a>> = moments(plan).into();
        while let Some(Moment { at, origin }) = moments.pop_front() {
            now.put(&mut world, at);
            let kind = match origin {
                Origin::Scenario(asked) => Some(control_plane::present(&world, asked.kind.clone())),
                Origin::Channel(of) if now.power == PowerState::Running => channel::wanted(&world, IMAGES, of),
                Origin::Channel(_) => None,
            };
            let Some(kind) = kind else { continue };
            let after = now.after(&kind, at, plan);
            let refused = refusal(&world, origin, &kind, &after);
            let next = if refused.is_some() { now.clone() } else { after.clone() };
            for next in looks_after(plan, origin, &kind, at, refused.is_some()) {
                let place = moments.partition_point(|other| other.at < next.at);
                moments.insert(place, next);
            }
            if !is_known(&steps, origin, &kind, &now) {
                let subject = subject(plan, origin, &kind, at);
                steps.push(Step { number: steps.len(), origin, at, kind, subject, before: now, after, refused });
            }
            now = next;
        }
        Self { plan, start, steps, reach: Reach::of(plan, &world) }
    }

    /// The operations that are worth a closer look: those that are not refused for what no other check is about.
    pub fn looked_at(&self) -> impl Iterator<Item = &Step<'a>> {
        let is_moot = |step: &&Step<'_>| {
            let refused = step.refused.as_ref().map(|(what, _)| *what);
            matches!(refused, Some(RefusedFor::Access | RefusedFor::SystemPool | RefusedFor::Request))
        };
        self.steps.iter().filter(move |step| !is_moot(step))
    }

    /// The plan of a pool.
    #[must_use]
    pub fn pool(&self, pool: usize) -> &'a PoolPlan {
        &self.plan.cluster.pools[pool]
    }
}

/// True when the channel asked for the same in a state that differs in nothing but what its upgrade changed.
fn is_known(steps: &[Step<'_>], origin: Origin<'_>, kind: &OperationKind, before: &State) -> bool {
    let Origin::Channel(of) = origin else {
        return false;
    };
    let same_channel = |step: &&Step<'_>| matches!(step.origin, Origin::Channel(other) if other == of);
    let last = steps.iter().rev().find(same_channel);
    last.is_some_and(|step| step.kind == *kind && step.before.without_upgrades() == before.without_upgrades())
}

/// What is asked and when, in words.
fn subject(plan: &Plan, origin: Origin<'_>, kind: &OperationKind, at: SimTime) -> String {
    let asked = kind.describe(plan);
    let since_start: SimDuration = at.since(SimTime::ZERO);
    match origin {
        Origin::Scenario(_) => format!("{asked} at {since_start}"),
        Origin::Channel(AutoUpgrade::Cluster) => {
            let channel = plan.maintenance.channel.name();
            let scheduled = plan.maintenance.windows_of(AutoUpgrade::Cluster).is_some();
            let when = if scheduled { "at" } else { "within a day of" };
            format!("{asked} by channel {channel} {when} {since_start}")
        }
        Origin::Channel(AutoUpgrade::NodeOs) => {
            let since_start = SimDuration::from_mins(since_start.micros() / 60_000_000);
            format!("{asked} by channel NodeImage from {since_start} on, weekly")
        }
    }
}

impl Step<'_> {
    /// True for an upgrade that asks no budget.
    #[must_use]
    pub const fn is_forced(&self) -> bool {
        matches!(self.kind, OperationKind::Upgrade { force: true, .. })
    }

    /// The refusal, if it is for this.
    #[must_use]
    pub fn refused_for(&self, what: RefusedFor) -> Option<&Refusal> {
        self.refused.as_ref().filter(|(found, _)| *found == what).map(|(_, refusal)| refusal)
    }

    /// The pools whose nodes it drains, each with how many of them. A deleted or stopped pool is not drained.
    #[must_use]
    pub fn drained(&self) -> Vec<(usize, u32)> {
        let nodes = |pool: usize| (pool, self.before.pools[pool].nodes);
        let drained: Vec<(usize, u32)> = match &self.kind {
            OperationKind::Upgrade { pools, .. } => pools.iter().map(|pool| nodes(*pool)).collect(),
            OperationKind::Migrate { from: pool, .. } | OperationKind::Rollback { pool } => vec![nodes(*pool)],
            OperationKind::Scale { pool, count } => vec![(*pool, nodes(*pool).1.saturating_sub(*count))],
            OperationKind::StopCluster | OperationKind::UpdateNetwork(NetworkChange::Overlay(_)) => {
                self.before.existing().map(|(pool, _)| nodes(pool)).collect()
            }
            _ => Vec::new(),
        };
        drained.into_iter().filter(|(pool, nodes)| *nodes > 0 && !self.before.pools[*pool].stopped).collect()
    }
}

/// Asks as the control plane does, but for what only time shows: throttling, and other operations in progress.
fn refusal(world: &World, origin: Origin<'_>, kind: &OperationKind, after: &State) -> Option<(RefusedFor, Refusal)> {
    let by_itself = matches!(origin, Origin::Channel(_));
    if let Origin::Scenario(asked) = origin
        && let Err(refusal) = admission::authorize(world, asked)
    {
        return Some((RefusedFor::Access, refusal));
    }
    let admitted = admission::admit_power(world, kind).and_then(|()| match origin {
        Origin::Scenario(_) => admission::admit(world, kind),
        Origin::Channel(_) => admission::admit_by_itself(world, kind),
    });
    let refusal = admitted.err()?;
    let what = match kind {
        _ if refusal.code == "UnsatisfiablePDB" => RefusedFor::Budget,
        _ if refusal.code == "NodePoolMcVersionIncompatible" => RefusedFor::Skew,
        _ if refusal.code == "QuotaExceeded" => RefusedFor::Quota,
        OperationKind::Upgrade { version: Some(version), pools, .. } => {
            let pools: Vec<PoolId> = pools.iter().map(|pool| PoolId::from_index(*pool)).collect();
            let is_path =
                world.power == PowerState::Running && versions::admit_from(world, *version, &pools, by_itself).is_err();
            if is_path { RefusedFor::Path } else { RefusedFor::Request }
        }
        OperationKind::DeletePool { .. } | OperationKind::Migrate { .. } | OperationKind::UpdatePool { .. }
            if !after.has_system_pool() =>
        {
            RefusedFor::SystemPool
        }
        _ => RefusedFor::Request,
    };
    Some((what, refusal))
}
