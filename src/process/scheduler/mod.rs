//! kube-scheduler: takes pods from its queue one at a time and binds each to the best node that is feasible.
//!
//! A cycle decides at one instant and keeps the scheduler busy for [`CYCLE`], so a burst of pods queues. Events exist only while
//! there is work: a cycle is scheduled for a pod that can be tried, a flush for one that time alone brings back.
//! Not modelled: preemption, several profiles, binding failures.

mod decide;
mod node_tree;
mod queue;
#[cfg(test)]
mod tests;

use crate::catalog::KubernetesVersion;
use crate::cluster::{Ctx, Event, Fact, NodeId, PodId, World};
use crate::kernel::{SimDuration, SimTime};
use crate::placement::filter::{Filters, Scope, node_ports, node_resources_fit};
use crate::placement::reference::{RejectedBy, Unschedulable};
use decide::{Decider, cycle};
use node_tree::is_listed;
use queue::{BackoffRules, QueuedPod, SchedulingQueue};

/// How long one cycle keeps the scheduler busy.
///
/// Assumption: 100 pods a second, as the defaults of its API client (50 requests a second, bursts of 100) allow it for a
/// while. The time from a pod's creation to its binding on an idle scheduler is another matter: the stage `pod_schedule`.
pub const CYCLE: SimDuration = SimDuration::from_millis(10);

/// From this minor version on queueing hints decide which pods a change wakes.
const QUEUEING_HINTS_SINCE: u32 = 32;

/// The scheduler.
#[derive(Debug)]
pub struct Scheduler {
    queue: SchedulingQueue,
    decider: Decider,
    /// When the cycle in progress ends.
    free_at: SimTime,
    /// The cycle that is scheduled; an event at any other moment is stale.
    planned_cycle: Option<SimTime>,
    /// The flush that is scheduled; an event at any other moment is stale.
    planned_flush: Option<SimTime>,
}

impl Scheduler {
    /// A scheduler that has not looked at the world yet.
    #[must_use]
    pub fn new(world: &World) -> Self {
        Self {
            queue: SchedulingQueue::default(),
            decider: Decider::new(world),
            free_at: SimTime::ZERO,
            planned_cycle: None,
            planned_flush: None,
        }
    }

    /// A pod needs a node: it enters the queue when the scheduler has learned of it.
    pub fn on_pod_created(&mut self, world: &mut World, pod: PodId, ctx: &mut Ctx<'_>) {
        if !world.pods[pod].is_pending() {
            return;
        }
        let stream = &mut world.streams.stream("pod-schedule", &world.pods[pod].name);
        let seen = ctx.now + world.plan.timings.pod_schedule.draw(stream);
        self.queue.add(pod, world.template(pod).priority, seen);
        self.plan(world, ctx);
    }

    /// Tries the next pod.
    pub fn on_cycle(&mut self, world: &mut World, ctx: &mut Ctx<'_>) {
        if self.planned_cycle != Some(ctx.now) {
            return;
        }
        self.planned_cycle = None;
        if let Some(queued) = self.next_pending(world, ctx.now) {
            self.free_at = ctx.now + CYCLE;
            self.schedule_one(world, queued, ctx);
        }
        self.plan(world, ctx);
    }

    /// Time alone has brought a pod back.
    pub fn on_flush(&mut self, world: &mut World, ctx: &mut Ctx<'_>) {
        if self.planned_flush != Some(ctx.now) {
            return;
        }
        self.planned_flush = None;
        self.queue.flush(ctx.now, backoff_rules(world));
        self.plan(world, ctx);
    }

    /// The node became Ready or was uncordoned: pods that would pass on it are tried again.
    pub fn on_node_changed(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        let state = &world.nodes[node];
        if !is_listed(state) {
            return;
        }
        // Plugins that look at other nodes too are left out: what they say may change with the node's coming.
        let fits = |pod| {
            let filters = Filters::prepare_those(&cycle(world, pod, &[]), |plugin| plugin.scope != Scope::Cluster);
            filters.is_ok_and(|filters| filters.filter(&state.info).is_ok())
        };
        self.queue.wake(ctx.now, backoff_rules(world), |pod, plugins| plugins.is_empty() || fits(pod));
        self.plan(world, ctx);
    }

    /// A pod finished or is gone. One that had no node leaves the queue; one that had gives its resources back, and pods that
    /// lacked some are tried again.
    pub fn on_pod_gone(&mut self, world: &mut World, pod: PodId, ctx: &mut Ctx<'_>) {
        if world.pods[pod].node.is_none() {
            self.queue.remove(pod);
            return;
        }
        if world.pods[pod].times.ended != Some(ctx.now) {
            return; // It had finished before, and its resources were free since.
        }
        self.queue.wake(ctx.now, backoff_rules(world), |waiting, plugins| frees(world, pod, waiting, plugins));
        self.plan(world, ctx);
    }

    /// The next pod that still needs a node.
    fn next_pending(&mut self, world: &World, now: SimTime) -> Option<QueuedPod> {
        let rules = backoff_rules(world);
        std::iter::from_fn(|| self.queue.pop(now, rules)).find(|queued| world.pods[queued.pod].is_pending())
    }

    fn schedule_one(&mut self, world: &mut World, queued: QueuedPod, ctx: &mut Ctx<'_>) {
        self.decider.take_in_changes(world);
        match self.decider.decide(world, queued.pod, &[]) {
            Ok(node) => world.bind(queued.pod, node, ctx),
            Err(Unschedulable { message, plugins }) => {
                world.pods[queued.pod].unschedulable = Some(message.into());
                ctx.observe(Fact::PodUnschedulable(queued.pod));
                self.queue.reject(queued, plugins, ctx.now);
            }
        }
    }

    /// Schedules the next cycle and the next flush, as far as there is work for them and they are not scheduled yet.
    fn plan(&mut self, world: &World, ctx: &mut Ctx<'_>) {
        let rules = backoff_rules(world);
        if let Some(at) = self.queue.next_pop(ctx.now, rules).map(|at| at.max(self.free_at))
            && self.planned_cycle.is_none_or(|planned| at < planned)
        {
            self.planned_cycle = Some(at);
            ctx.at(at, Event::SchedulingCycle);
        }
        if let Some(at) = self.queue.next_flush(rules).map(|at| at.max(ctx.now))
            && self.planned_flush.is_none_or(|planned| at < planned)
        {
            self.planned_flush = Some(at);
            ctx.at(at, Event::FlushQueue);
        }
    }
}

fn backoff_rules(world: &World) -> BackoffRules {
    BackoffRules::of(world.version)
}

fn has_queueing_hints(version: KubernetesVersion) -> bool {
    version.minor >= QUEUEING_HINTS_SINCE
}

/// True when the end of `ended` may have made room for `waiting`.
fn frees(world: &World, ended: PodId, waiting: PodId, plugins: &RejectedBy) -> bool {
    let ports = || {
        !has_queueing_hints(world.version)
            || node_ports::conflict(&world.template(waiting).host_ports, &world.template(ended).host_ports)
    };
    plugins.is_empty() || plugins.contains(node_resources_fit::NAME) || (plugins.contains(node_ports::NAME) && ports())
}
