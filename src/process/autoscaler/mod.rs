//! The cluster autoscaler: nodes for pods that have none, and none for nodes that nobody needs.
//!
//! Source: cluster-autoscaler 1.31-1.37 (core logic and Azure provider) with AKS's profile (azure-aks-docs, cluster-autoscaler.md,
//! 2026-07-30). The loop is `on_scan`; what it decides is worked out by pure functions over the world in the other files.
//!
//! # Scans that are left out
//!
//! The real loop scans every scan interval, 60,480 times in a week at 10 s. A scan is a function of the world, of what the loop
//! remembers and of the clock. So after a scan that changed neither, every further one comes to the same result until
//! * something in the world changes: whoever changes it calls [`Autoscaler::wake`], and the next instant of the grid scans; or
//! * a time that the scan compared with the clock passes: each comparison hands its time to `grid::Due`, and the scan is
//!   scheduled for the first instant of the grid at which the earliest of them has passed; or
//! * a verdict that a node cannot go expires: in an unchanged world the same verdict follows, and `scale_down` counts these
//!   repetitions in when it next looks.
//!
//! A scan that did change something is followed by one at the next instant. What happens exactly on an instant of the grid is
//! seen by that instant's scan. Three choices make scans repeatable where upstream's are not: searches for a place begin at the
//! first node, ties keep the order of births, and nodes to remove go in that order.
//!
//! # Not modelled
//!
//! Frequent loops (1.35 and later), balancing between similar pools, the priority expander, limits on the cluster's total size,
//! group health, eviction of DaemonSet pods, and deallocate mode.

mod backoff;
mod estimator;
mod expander;
mod fitting;
#[cfg(test)]
mod golden;
mod grid;
mod removal;
mod scale_down;
mod scale_up;
mod snapshot;
mod template;
#[cfg(test)]
mod tests;
mod unready;
mod utilization;

use crate::cluster::{Ctx, DrainOutcome, Event, Fact, NodeId, NodePhase, PodId, PoolId, World};
use crate::kernel::{SimDuration, SimTime};
use crate::scenario::plan::{Controller, Taint, TaintEffect};
use backoff::Backoff;
use expander::ExpansionOption;
use grid::{Due, Grid};
use removal::Effort;
use scale_down::{LastActions, ScaleDown};
use scale_up::{Need, OpenPool};
use snapshot::Snapshot;
use std::collections::{BTreeMap, BTreeSet};

/// The taint of a node that the autoscaler removes.
const TO_BE_DELETED: &str = "ToBeDeletedByClusterAutoscaler";

/// From the taint to the eviction of the pods. Source: flag `node-delete-delay-after-taint`.
const DELAY_AFTER_TAINT: SimDuration = SimDuration::from_secs(5);

/// Wait between two attempts to evict a pod. Source: cluster-autoscaler 1.31-1.37, `core/scaledown/actuation/drain.go`.
const EVICTION_RETRY: SimDuration = SimDuration::from_secs(10);

/// How long evictions may be refused. Source: flag `max-pod-eviction-time`.
const MAX_EVICTION_TIME: SimDuration = SimDuration::from_mins(2);

/// On top of the grace period until a pod must be gone. Source: `PodEvictionHeadroom`.
const EVICTION_HEADROOM: SimDuration = SimDuration::from_secs(30);

/// From this minor version on a loop that scaled up goes on to judge which nodes are unneeded.
const SCALE_DOWN_AFTER_SCALE_UP_SINCE: u32 = 34;

/// The cluster autoscaler.
#[derive(Debug)]
pub struct Autoscaler {
    grid: Grid,
    /// The autoscaled pools at the last scan, in order of their names.
    pools: Vec<PoolId>,
    /// The scan that counts; an event for any other instant is stale.
    next: Option<SimTime>,
    last_scan: Option<SimTime>,
    last: LastActions,
    /// Unschedulable pods that the last scan saw.
    seen: BTreeSet<PodId>,
    /// Decided and not yet answered by the scale set. The loop is busy with it until then.
    increase: Option<Increase>,
    /// Scale-ups decided so far: names the streams of the next one.
    decisions: u32,
    backoff: Backoff<PoolId>,
    scale_down: ScaleDown,
    /// Nodes that are being removed.
    leaving: BTreeMap<NodeId, Effort>,
}

/// A scale-up on its way to the scale set.
#[derive(Clone, Copy, Debug)]
struct Increase {
    pool: PoolId,
    nodes: u32,
    at: SimTime,
}

impl Autoscaler {
    /// The autoscaler of this world's autoscaled pools. The phase of its grid is drawn, since AKS started it at some other time.
    #[must_use]
    pub fn new(world: &World) -> Self {
        let interval = world.plan.cluster.autoscaler.scan_interval;
        let phase = world.streams.stream("autoscaler", "phase").below(interval.micros());
        Self {
            grid: Grid::new(SimDuration::from_micros(phase), interval),
            pools: world.pools.ids().filter(|pool| world.pool_plan(*pool).autoscaling.is_some()).collect(),
            next: None,
            last_scan: None,
            last: LastActions::default(),
            seen: BTreeSet::new(),
            increase: None,
            decisions: 0,
            backoff: Backoff::default(),
            scale_down: ScaleDown::default(),
            leaving: BTreeMap::new(),
        }
    }

    /// Something changed that a scan looks at: has the next instant of the grid scan. Cheap, and does nothing when no pool is
    /// autoscaled.
    pub fn wake(&mut self, world: &World, ctx: &mut Ctx<'_>) {
        if world.pools.ids().any(|pool| world.is_autoscaled(pool)) {
            self.schedule(self.grid.at_or_after(world.clock), ctx);
        }
    }

    /// The scheduler tried pods. News is only a pod without a node that the last scan has not seen: a pod that is tried again
    /// and again changes nothing.
    pub fn on_scheduling_cycle(&mut self, world: &World, ctx: &mut Ctx<'_>) {
        let is_news = |fact: &Fact| matches!(fact, Fact::PodUnschedulable(pod) if !self.seen.contains(pod));
        if ctx.observed().iter().any(is_news) {
            self.wake(world, ctx);
        }
    }

    /// One scan of the loop.
    pub fn on_scan(&mut self, world: &mut World, ctx: &mut Ctx<'_>) {
        if self.next != Some(ctx.now) {
            return; // Another scan has taken its place.
        }
        self.next = None;
        self.pools = autoscaled(world);
        // Who turns the autoscaler off and on again has it forget what failed, and since when nodes are not needed.
        self.backoff.retain(|pool| world.is_autoscaled(*pool));
        if self.pools.is_empty() {
            self.scale_down.forget();
            return;
        }
        self.last_scan = Some(ctx.now);
        if let Some(at) = self.scan(world, ctx).earliest() {
            self.schedule(at, ctx);
        }
    }

    /// The scale set takes the decided number of nodes.
    pub fn on_scale_up(&mut self, world: &mut World, pool: PoolId, ctx: &mut Ctx<'_>) {
        let Some(increase) = self.increase.take_if(|increase| increase.pool == pool) else {
            return;
        };
        let nodes = increase.nodes.min(room(world, pool));
        if nodes > 0 && world.is_autoscaled(pool) {
            world.pools[pool].target += nodes;
            ctx.observe(Fact::ScaledUp(pool, nodes));
            ctx.soon(Event::ReconcilePool(pool));
        }
        self.wake(world, ctx);
    }

    /// The drain of a node ended: one that the autoscaler removes is deleted, or kept when pods would not leave.
    pub fn on_drain_ended(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        let Some(outcome) = world.drain_outcome(node) else {
            return;
        };
        if self.leaving.remove(&node).is_none() || !world.nodes[node].is_in_service() || world.nodes[node].is_evicted()
        {
            return;
        }
        let pool = world.nodes[node].pool;
        let min = world.pools[pool].autoscaling.map_or(0, |range| range.min);
        let ours = world.is_autoscaled(pool);
        if ours && outcome == DrainOutcome::Drained && world.pools[pool].target > min {
            world.pools[pool].target -= 1;
            world.scale_in(node, ctx);
        } else {
            world.remove_taint(node, TO_BE_DELETED);
            world.set_cordoned(node, false, ctx);
        }
        self.wake(world, ctx);
    }

    /// An instance could not be created: the pool, whose target gave it up, is left alone for a while.
    ///
    /// The Azure provider learns of it by re-reading the scale set; here it is known at once.
    pub fn on_node_failed(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        let pool = world.nodes[node].pool;
        // The operation that asked for a surge node answers for it.
        if world.is_autoscaled(pool) && !world.nodes[node].surge {
            self.backoff.fail(pool, ctx.now);
        }
        self.wake(world, ctx);
    }

    /// Schedules a scan at `at`, an instant of the grid, or as soon after it as the loop is free, unless one comes earlier.
    fn schedule(&mut self, at: SimTime, ctx: &mut Ctx<'_>) {
        let free = self.last_scan.map_or(SimTime::ZERO, |last| self.grid.after(last));
        let answered = self.increase.map_or(SimTime::ZERO, |increase| self.grid.at_or_after(increase.at));
        let at = at.max(free).max(answered);
        if self.next.is_none_or(|next| at < next) {
            self.next = Some(at);
            ctx.at(at, Event::AutoscalerScan);
        }
    }

    /// Scans; returns when the next scan is due if nothing happens in between.
    fn scan(&mut self, world: &mut World, ctx: &mut Ctx<'_>) -> Due {
        let mut due = Due::new(self.grid, ctx.now);
        // A node that somebody else deleted or reimaged is not ours to remove any more.
        self.leaving.retain(|node, _| world.nodes[*node].is_in_service() && world.is_draining(*node));
        self.enforce_minimum(world, ctx);
        self.give_up_late_nodes(world, &mut due, ctx);
        if is_unhealthy(world) {
            self.scale_down.forget();
            return due;
        }
        self.remove_unready_nodes(world, &mut due, ctx);
        let mut pods = scale_up::unschedulable_pods(world);
        self.seen = pods.iter().copied().collect();
        pods.extend(self.pods_of_leaving_nodes(world));
        if pods.is_empty() && !scale_down::has_candidates(world, &self.pools) {
            self.scale_down.forget();
            return due;
        }
        let mut snapshot = Snapshot::of(world, &self.pools, |node| self.leaving.contains_key(&node));
        let pods = snapshot.place(world, pods);
        let (scaled_up, may_remove) = self.scale_up(world, &snapshot, &pods, &mut due, ctx);
        if !scaled_up || world.version.minor >= SCALE_DOWN_AFTER_SCALE_UP_SINCE {
            self.scale_down(world, &mut snapshot, may_remove, &mut due, ctx);
        }
        due
    }

    /// Has pools that fell below their minimum grow to it, unless they are left alone after a failure: the minimum was raised, an
    /// instance could not be created, or nodes were taken away.
    fn enforce_minimum(&self, world: &mut World, ctx: &mut Ctx<'_>) {
        for pool in &self.pools {
            let min = world.pools[*pool].autoscaling.map_or(0, |range| range.min);
            let missing = min.saturating_sub(world.pools[*pool].target);
            if missing > 0 && self.backoff.until(pool, ctx.now).is_none() {
                world.pools[*pool].target = min;
                ctx.observe(Fact::ScaledUp(*pool, missing));
                ctx.soon(Event::ReconcilePool(*pool));
            }
        }
    }

    /// Decides on a scale-up. Returns whether there is one, and whether nodes may be removed in this scan.
    fn scale_up(
        &mut self,
        world: &World,
        snapshot: &Snapshot,
        pods: &[PodId],
        due: &mut Due,
        ctx: &mut Ctx<'_>,
    ) -> (bool, bool) {
        if pods.is_empty() {
            return (false, true);
        }
        match scale_up::need(world, snapshot, pods, &self.open_pools(world, due), due) {
            Need::Nothing => (false, true),
            Need::Wait => {
                due.next();
                (false, false)
            }
            Need::Options(options) if options.is_empty() => (false, true),
            Need::Options(options) => {
                self.ask_for_nodes(world, options, ctx);
                due.next();
                (true, true)
            }
        }
    }

    /// The pools below their maximum that are not left alone after a failure.
    fn open_pools(&self, world: &World, due: &mut Due) -> Vec<OpenPool> {
        let mut open = Vec::new();
        for pool in self.pools.iter().copied() {
            match (room(world, pool), self.backoff.until(&pool, world.clock)) {
                (0, _) => {}
                (_, Some(until)) => due.after(until),
                (room, None) => open.push(OpenPool { pool, room }),
            }
        }
        open
    }

    /// Asks for the nodes of the option that the expander picks. The answer takes the drawn time of a decision.
    fn ask_for_nodes(&mut self, world: &World, options: Vec<ExpansionOption>, ctx: &mut Ctx<'_>) {
        let decision = self.decisions.to_string();
        self.decisions += 1;
        let expander = world.plan.cluster.autoscaler.expander;
        let option = expander::pick(expander, options, &mut world.streams.stream("expander", &decision))
            .expect("options are not empty");
        let stream = &mut world.streams.stream("autoscaler decision", &decision);
        let delay = world.plan.timings.ca_decision_extra.draw(stream);
        self.increase = Some(Increase { pool: option.pool, nodes: option.nodes, at: ctx.now + delay });
        self.last.scale_up = Some(ctx.now);
        ctx.after(delay, Event::AutoscalerScaleUp(option.pool));
    }

    /// Judges which nodes are unneeded, and begins to remove those that have been so for long enough.
    fn scale_down(
        &mut self,
        world: &mut World,
        snapshot: &mut Snapshot,
        may_remove: bool,
        due: &mut Due,
        ctx: &mut Ctx<'_>,
    ) {
        if self.scale_down.update(world, snapshot, &self.pools, &self.grid, due) {
            due.next();
        }
        if !may_remove {
            return;
        }
        for (node, effort) in self.scale_down.removals(world, self.last, &self.leaving, due) {
            self.remove(node, effort, world, ctx);
            due.next();
        }
    }

    /// Taints and cordons the node and has it drained a little later.
    ///
    /// Upstream cordons from 1.34 on only; the taint keeps the same pods away before. It tries evictions for two minutes and
    /// then waits for the pods' graces; here both share one deadline.
    fn remove(&mut self, node: NodeId, effort: Effort, world: &mut World, ctx: &mut Ctx<'_>) {
        let taint = Taint { key: TO_BE_DELETED.into(), value: "".into(), effect: TaintEffect::NoSchedule };
        world.add_taint(node, taint);
        ctx.observe(Fact::ScaledDown(node));
        let timeout = DELAY_AFTER_TAINT + MAX_EVICTION_TIME + longest_grace(world, node) + EVICTION_HEADROOM;
        world.start_drain_after(DELAY_AFTER_TAINT, node, EVICTION_RETRY, timeout, ctx);
        self.leaving.insert(node, effort);
        self.last.removal = Some(ctx.now);
    }

    /// Deletes instances that were not Ready within the provision time, and leaves their pools alone for a while.
    fn give_up_late_nodes(&mut self, world: &mut World, due: &mut Due, ctx: &mut Ctx<'_>) {
        for pool in self.pools.clone() {
            let min = world.pools[pool].autoscaling.map_or(0, |range| range.min);
            for node in late_nodes(world, pool, due) {
                if world.pools[pool].target > min {
                    world.pools[pool].target -= 1;
                    self.backoff.fail(pool, ctx.now);
                    ctx.soon(Event::DeleteNode(node));
                    due.next();
                }
            }
        }
    }

    /// Deletes nodes that stay unready and that nobody needs: there is nothing on them to drain.
    fn remove_unready_nodes(&mut self, world: &mut World, due: &mut Due, ctx: &mut Ctx<'_>) {
        for node in unready::to_remove(world, &self.pools, self.last, due) {
            let pool = world.nodes[node].pool;
            world.pools[pool].target -= 1;
            ctx.observe(Fact::ScaledDown(node));
            ctx.soon(Event::DeleteNode(node));
            self.last.removal = Some(ctx.now);
            due.next();
        }
    }

    /// Pods of nodes being removed that are not evicted yet: their successors will need room too.
    fn pods_of_leaving_nodes(&self, world: &World) -> Vec<PodId> {
        let pods = self.leaving.keys().flat_map(|node| world.nodes[*node].pods.iter().copied());
        let recreated = |pod: &PodId| {
            let controller = &world.workload_plan(world.pods[*pod].workload).controller;
            let stays_gone = matches!(controller, Controller::DaemonSet | Controller::Pod | Controller::Trace { .. });
            world.pods[*pod].is_active() && !stays_gone
        };
        pods.filter(recreated).collect()
    }
}

/// The pools that the autoscaler manages, in order of their names.
fn autoscaled(world: &World) -> Vec<PoolId> {
    world.pools.ids().filter(|pool| world.is_autoscaled(*pool)).collect()
}

/// Nodes until the pool's maximum.
fn room(world: &World, pool: PoolId) -> u32 {
    world.pools[pool].autoscaling.map_or(0, |range| range.max.saturating_sub(world.pools[pool].target))
}

/// Booting instances of the pool whose provision time is over; `due` learns when that of the others will be.
fn late_nodes(world: &World, pool: PoolId, due: &mut Due) -> Vec<NodeId> {
    let mut late = Vec::new();
    for node in world.members(pool) {
        let state = &world.nodes[node];
        let first_boot = matches!(state.phase, NodePhase::Booting(_)) && state.times.ready.is_none();
        if state.surge || !first_boot {
            continue;
        }
        let deadline = state.times.started + world.plan.cluster.autoscaler.max_node_provision_time;
        if deadline < world.clock {
            late.push(node);
        } else {
            due.after(deadline);
        }
    }
    late
}

/// True when so many nodes are unready that the loop does nothing.
fn is_unhealthy(world: &World) -> bool {
    let profile = &world.plan.cluster.autoscaler;
    // Without its VM a Node object is on its way out, and not unready.
    let is_unready = |node: &&NodeId| {
        let state = &world.nodes[**node];
        matches!(state.phase, NodePhase::Reimaging | NodePhase::NotReady) && !state.is_evicted()
    };
    let unready = world.live_nodes.iter().filter(is_unready).count() as u64;
    unready > u64::from(profile.ok_total_unready_count)
        && unready * 100 > u64::from(profile.max_total_unready_percentage) * world.registered_nodes().count() as u64
}

/// The longest time that a pod of the node may take to end, as far as the profile lets it.
fn longest_grace(world: &World, node: NodeId) -> SimDuration {
    let graces =
        world.nodes[node].pods.iter().filter(|pod| !world.is_daemon(**pod)).map(|pod| world.template(*pod).grace);
    graces.max().unwrap_or(SimDuration::ZERO).min(world.plan.cluster.autoscaler.max_graceful_termination)
}
