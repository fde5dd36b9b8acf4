//! kube-scheduler: takes pods from its queue one at a time and binds each to the best node that is feasible.
//!
//! A cycle decides at one instant and keeps the scheduler busy for a drawn time, so a burst of pods queues. Events exist only
//! while there is work: a cycle is scheduled for a pod that can be tried, a flush for one that time alone brings back.
//! Not modelled: several profiles, binding failures.

mod decide;
mod node_tree;
mod nominations;
mod preempt;
mod queue;
#[cfg(test)]
mod tests;
mod wake;

use crate::cluster::{Ctx, Event, Fact, NodeId, NodeInfo, Pod, PodId, World};
use crate::kernel::{SimDuration, SimTime};
use crate::placement::filter::Filters;
use crate::placement::reference::Unschedulable;
use decide::{Decider, cycle};
use nominations::Nominations;
use preempt::Outcome;
use queue::{BackoffRules, Kind, QueuedPod, SchedulingQueue};

/// What kubectl shows of a pod that its scheduling gates hold back.
const GATED: &str = "Scheduling is blocked due to non-empty scheduling gates";

/// The scheduler.
#[derive(Debug)]
pub struct Scheduler {
    queue: SchedulingQueue,
    decider: Decider,
    nominations: Nominations,
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
            nominations: Nominations::default(),
            free_at: SimTime::ZERO,
            planned_cycle: None,
            planned_flush: None,
        }
    }

    /// A pod needs a node: it enters the queue when the scheduler has learned of it, unless gates hold it back.
    pub fn on_pod_created(&mut self, world: &mut World, pod: PodId, ctx: &mut Ctx<'_>) {
        if !world.pods[pod].is_pending() {
            return;
        }
        if world.template(pod).gated {
            world.pods[pod].unschedulable = Some(GATED.into());
            ctx.observe(Fact::PodUnschedulable(pod));
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
            self.free_at = ctx.now + cycle_time(world, queued);
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
        self.queue.flush(ctx.now, BackoffRules::of(world));
        self.plan(world, ctx);
    }

    /// The next pod that still needs a node.
    fn next_pending(&mut self, world: &World, now: SimTime) -> Option<QueuedPod> {
        let rules = BackoffRules::of(world);
        std::iter::from_fn(|| self.queue.pop(now, rules)).find(|queued| world.pods[queued.pod].is_pending())
    }

    fn schedule_one(&mut self, world: &mut World, queued: QueuedPod, ctx: &mut Ctx<'_>) {
        let pod = queued.pod;
        self.decider.take_in_changes(world);
        if let Some(node) = self.fits_on_its_nominated_node(world, pod) {
            self.bind(world, pod, node, ctx);
            return;
        }
        let nominated = self.nominations.before(world, pod, self.decider.tree());
        match self.decider.decide(world, pod, &nominated) {
            Ok(node) => self.bind(world, pod, node, ctx),
            Err(why) => self.reject(world, queued, why, ctx),
        }
    }

    fn bind(&mut self, world: &mut World, pod: PodId, node: NodeId, ctx: &mut Ctx<'_>) {
        self.nominations.clear(world, pod);
        world.bind(pod, node, ctx);
    }

    fn reject(&mut self, world: &mut World, queued: QueuedPod, why: Unschedulable, ctx: &mut Ctx<'_>) {
        let pod = queued.pod;
        world.pods[pod].unschedulable = Some(why.message.into());
        ctx.observe(Fact::PodUnschedulable(pod));
        self.preempt(world, queued, ctx);
        let Pod { workload, pinned, .. } = world.pods[pod];
        let kind = Kind { workload, pinned, rejected_by: why.plugins };
        self.queue.reject(queued, kind, ctx.now, BackoffRules::of(world));
    }

    /// The node that the pod was promised, if it fits there by now. It is tried first and alone.
    fn fits_on_its_nominated_node(&self, world: &World, pod: PodId) -> Option<NodeId> {
        let node = world.pods[pod].nominated?;
        self.decider.tree().position(node)?;
        let infos: Vec<&NodeInfo> = self.decider.tree().order().iter().map(|node| &world.nodes[*node].info).collect();
        let cycle = cycle(world, pod, &infos);
        let mut filters = Filters::prepare(&cycle).ok()?;
        let promised = self.nominations.on(world, node, pod);
        let verdict = preempt::verdict(&mut filters, cycle.templates, &world.nodes[node].info, &promised);
        verdict.is_ok().then_some(node)
    }

    /// Takes the place of less important pods for the pod, if that helps: they are deleted, and the node is promised to it.
    fn preempt(&mut self, world: &mut World, queued: QueuedPod, ctx: &mut Ctx<'_>) {
        let pod = queued.pod;
        match preempt::decide(world, pod, self.decider.tree(), &self.nominations, queued.attempts) {
            Outcome::Wait => {}
            Outcome::Hopeless => self.nominations.clear(world, pod),
            Outcome::Take { node, victims } => {
                for victim in victims {
                    world.preempt(victim, pod, ctx);
                }
                self.nominations.clear_lesser(world, node, world.template(pod).priority);
                self.nominations.promise(world, pod, node);
            }
        }
    }

    /// Schedules the next cycle and the next flush, as far as there is work for them and they are not scheduled yet.
    fn plan(&mut self, world: &World, ctx: &mut Ctx<'_>) {
        let rules = BackoffRules::of(world);
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

/// How long the cycle of this pod keeps the scheduler busy.
fn cycle_time(world: &World, queued: QueuedPod) -> SimDuration {
    // A stream of the pod and its attempt, so that the same pods cost the same under every policy.
    let name = format!("{}/{}", world.pods[queued.pod].name, queued.attempts);
    world.plan.timings.scheduling_cycle.draw(&mut world.streams.stream("scheduling-cycle", &name))
}
