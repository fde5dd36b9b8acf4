//! The kubelet: from a bound pod to a ready one, and from a deleted pod to nothing.

use super::pulls::{Pulled, Pulls, Request};
use crate::cluster::{Ctx, Event, Fact, NodeId, PodId, PodPhase, PodSteps, World};
use crate::kernel::{SimDuration, SimTime};
use crate::units::{Bytes, MilliCpu};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A VM with at least so many vCPUs pulls at the rate measured on large VMs. Source: stage timings, stage 10.
const LARGE_VM_VCPUS: u32 = 16;

/// A pod whose containers do not run yet is removed within this time (assumption).
const UNSTARTED_EXIT: SimDuration = SimDuration::from_secs(2);

/// The kubelets of all nodes.
#[derive(Debug)]
pub struct Kubelet {
    pulls: Pulls,
    /// Nodes that have pulled an image before.
    pulled_before: BTreeSet<NodeId>,
    /// The moment for which the next step of the pulls is scheduled.
    planned: Option<SimTime>,
}

impl Default for Kubelet {
    /// Kubelets that pull from a registry without a limit of its own.
    fn default() -> Self {
        Self { pulls: Pulls::new(u64::MAX), pulled_before: BTreeSet::new(), planned: None }
    }
}

impl Kubelet {
    /// A pod was bound: make its sandbox, then see to its images.
    pub fn on_pod_bound(&mut self, world: &World, pod: PodId, ctx: &mut Ctx<'_>) {
        if world.is_stranded(pod) {
            return; // Nobody knows yet that the node is down. The pod begins when it is back.
        }
        ctx.after(world.pods[pod].draws.sandbox, Event::PullStep(pod));
    }

    /// The sandbox is made, a pull connected or an image arrived: hand out what is complete, then go on with this pod.
    pub fn on_pull_step(&mut self, world: &mut World, pod: PodId, ctx: &mut Ctx<'_>) {
        if self.planned == Some(ctx.now) {
            self.planned = None;
        }
        for Pulled { node, image, size, waiting } in self.pulls.complete(ctx.now) {
            world.add_image(node, image, size);
            for waiter in waiting {
                self.advance(world, waiter, ctx);
            }
        }
        if !self.pulls.is_waiting(pod) {
            self.advance(world, pod, ctx);
        }
        self.schedule_next(ctx);
    }

    /// The containers run: the readiness probe begins to look, and a Job's pod begins its work.
    pub fn on_containers_started(&self, world: &mut World, pod: PodId, ctx: &mut Ctx<'_>) {
        let state = &world.pods[pod];
        if state.phase != PodPhase::Creating || state.times.deleted.is_some() || state.steps.started != Some(ctx.now) {
            return; // Stale: the pod was deleted while its containers were made, or its node went down.
        }
        let ready = ctx.now + until_ready(world, pod);
        let works = world.workload_plan(state.workload).behaviour.run_time.is_some();
        let state = &mut world.pods[pod];
        let finished = works.then(|| ctx.now + state.draws.run);
        state.phase = PodPhase::Started;
        state.times.started.get_or_insert(ctx.now);
        state.steps = PodSteps { started: None, ready: Some(ready), finished };
        ctx.at(ready, Event::PodReady(pod));
        if let Some(finished) = finished {
            ctx.at(finished, Event::PodFinished(pod));
        }
    }

    /// The readiness probe succeeded.
    pub fn on_pod_ready(&self, world: &mut World, pod: PodId, ctx: &mut Ctx<'_>) {
        let state = &mut world.pods[pod];
        if state.phase != PodPhase::Started || state.times.deleted.is_some() || state.steps.ready != Some(ctx.now) {
            return; // Stale: the pod finished or was deleted before it became ready, or its node went down.
        }
        state.phase = PodPhase::Ready;
        state.times.ready.get_or_insert(ctx.now);
        ctx.observe(Fact::PodReady(pod));
        world.serving_changed(pod, ctx);
    }

    /// A Job's pod finished its work.
    pub fn on_pod_finished(&self, world: &mut World, pod: PodId, ctx: &mut Ctx<'_>) {
        if world.pods[pod].is_active() && world.pods[pod].steps.finished == Some(ctx.now) {
            world.end_pod(pod, PodPhase::Succeeded, ctx);
        }
    }

    /// The pod's deletion was asked for: its containers end, then the object goes.
    pub fn on_pod_deleted(&self, world: &World, pod: PodId, ctx: &mut Ctx<'_>) {
        let state = &world.pods[pod];
        if world.is_stranded(pod) {
            return; // The kubelet hears of it when the node is back.
        }
        let exit = match state.phase {
            PodPhase::Creating => state.draws.exit.min(UNSTARTED_EXIT),
            PodPhase::Started | PodPhase::Ready => state.draws.exit,
            PodPhase::Pending | PodPhase::Succeeded | PodPhase::Gone => return, // Stale: it ended with its node.
        };
        ctx.after(exit, Event::PodGone(pod));
    }

    /// The containers have ended and the object goes.
    pub fn on_pod_gone(&self, world: &mut World, pod: PodId, ctx: &mut Ctx<'_>) {
        if world.pods[pod].phase != PodPhase::Gone {
            world.end_pod(pod, PodPhase::Gone, ctx);
        }
    }

    /// The node left the API: its pulls end.
    pub fn on_node_lost(&mut self, node: NodeId, ctx: &mut Ctx<'_>) {
        self.pulls.forget(ctx.now, node);
        self.pulled_before.remove(&node);
        self.schedule_next(ctx);
    }

    /// The VM stopped running: its pulls end, and no pod on it goes on.
    pub fn on_node_down(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        self.pulls.forget(ctx.now, node);
        self.schedule_next(ctx);
        for pod in world.nodes[node].pods.clone() {
            world.pods[pod].steps = PodSteps::default();
        }
    }

    /// The VM runs again: pods whose deletion was asked for end, and the containers of the others are started anew.
    ///
    /// A pod keeps its place and its images; its sandbox is made anew. What a Job's pod had done is lost.
    pub fn on_node_recovered(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        if !world.nodes[node].is_ready() || world.is_down(node) {
            return; // Stale: it went down again.
        }
        for pod in world.nodes[node].pods.clone() {
            let state = &mut world.pods[pod];
            if state.times.deleted.is_some() {
                ctx.after(UNSTARTED_EXIT, Event::PodGone(pod));
                continue;
            }
            state.phase = PodPhase::Creating;
            let sandbox = state.draws.sandbox;
            if state.times.pulled.is_some() {
                let started = ctx.now + sandbox + state.draws.start;
                state.steps = PodSteps { started: Some(started), ..PodSteps::default() };
                ctx.at(started, Event::ContainersStarted(pod));
            } else {
                ctx.after(sandbox, Event::PullStep(pod));
            }
            world.serving_changed(pod, ctx);
        }
    }

    /// A fault began or ended: the registry may send at another rate.
    pub fn on_faults_changed(&mut self, world: &World, ctx: &mut Ctx<'_>) {
        self.pulls.set_registry_rate(ctx.now, world.registry_rate().unwrap_or(u64::MAX));
        self.schedule_next(ctx);
    }

    /// Asks for the next image that the pod's node lacks, or starts the containers when it lacks none.
    fn advance(&mut self, world: &mut World, pod: PodId, ctx: &mut Ctx<'_>) {
        let state = &world.pods[pod];
        if state.phase != PodPhase::Creating || state.times.deleted.is_some() || state.times.pulled.is_some() {
            return; // Stale: the pod is being deleted, or went on already.
        }
        if world.is_stranded(pod) {
            return; // It begins again when its node is back.
        }
        if !world.has_address(pod, ctx) {
            return; // No address, no sandbox: it begins again when it has one.
        }
        let node = world.pods[pod].node.expect("a pod that is being created is bound");
        let missing = world
            .template(pod)
            .images
            .iter()
            .find(|image| !image.on_node_image && !world.nodes[node].info.images.contains_key(&image.name));
        match missing.map(|image| (image.name.clone(), image.size)) {
            Some((image, size)) => {
                let request = self.request(world, pod, node, image, size);
                self.pulls.request(ctx.now, request);
            }
            None => {
                let state = &mut world.pods[pod];
                let started = ctx.now + state.draws.start;
                state.times.pulled = Some(ctx.now);
                state.steps.started = Some(started);
                ctx.observe(Fact::PodPulled(pod));
                ctx.at(started, Event::ContainersStarted(pod));
            }
        }
    }

    fn request(&mut self, world: &World, pod: PodId, node: NodeId, image: Arc<str>, size: Bytes) -> Request {
        let timings = &world.plan.timings;
        let stream = &mut world.streams.stream("pull", &world.nodes[node].info.name);
        let large = world.pool_plan(world.nodes[node].pool).cpu() >= MilliCpu::from_cores(LARGE_VM_VCPUS);
        let rate = if large { &timings.pull_rate_mb_s_large } else { &timings.pull_rate_mb_s_small };
        let node_rate = (rate.sample(stream) * 1e6).round_ties_even() as u64;
        let first_pull = timings.pull_new_node.draw(stream);
        let is_first = self.pulled_before.insert(node) && world.nodes[node].times.requested > SimTime::ZERO;
        let penalty = if is_first { first_pull } else { SimDuration::ZERO };
        let overhead = world.pods[pod].draws.pull_overhead + penalty;
        Request {
            node,
            image,
            size,
            pod,
            overhead,
            node_rate,
            serial: !world.nodes[node].version.parallel_image_pulls(),
        }
    }

    /// Schedules the next change of any pull, unless that is done. A plan that has become wrong finds nothing to do.
    fn schedule_next(&mut self, ctx: &mut Ctx<'_>) {
        if let Some((at, pod)) = self.pulls.next_change()
            && self.planned != Some(at)
        {
            self.planned = Some(at);
            ctx.at(at.max(ctx.now), Event::PullStep(pod));
        }
    }
}

/// From the start of the containers until the probe first succeeds: the application's start-up time, rounded up to the probe's grid.
fn until_ready(world: &World, pod: PodId) -> SimDuration {
    let Some(probe) = world.template(pod).readiness else {
        return SimDuration::ZERO;
    };
    let draws = &world.pods[pod].draws;
    let period = probe.period.micros().max(1);
    let first = probe.initial_delay.micros() + (draws.probe_phase * period as f64) as u64;
    let late = draws.startup.micros().saturating_sub(first).div_ceil(period);
    SimDuration::from_micros(first + late * period)
}
