//! Controllers: how many pods each workload has, and the CPU that it demands over time.
//!
//! A trace is among them: it creates and deletes the pods of a file at their moments.
//!
//! Source for the controllers' rules: Kubernetes 1.31-1.36, ReplicaSet, StatefulSet, DaemonSet, Job and CronJob controllers.
//! Not modelled: rollouts of a changed template, failing pods, `backoffLimit`.

mod daemon_set;
mod demand;
mod job;
mod replica_set;
mod stateful_set;
mod trace;

pub use demand::DemandCurves;

use crate::cluster::{Ctx, Event, NodeId, PodId, WorkloadId, World};
use crate::kernel::SimTime;
use crate::scenario::plan::Controller;
use crate::units::MilliCpu;
use job::OpenJobs;
use std::collections::BTreeSet;
use trace::Replays;

/// All controllers of the cluster.
#[derive(Debug, Default)]
pub struct Controllers {
    jobs: OpenJobs,
    replays: Replays,
    /// CronJobs whose time came while there was no API server.
    missed: BTreeSet<WorkloadId>,
}

impl Controllers {
    /// The scenario starts: every controller looks at what it has, and CronJobs plan their Jobs.
    pub fn on_start(&mut self, world: &mut World, ctx: &mut Ctx<'_>) {
        for workload in world.workloads.ids() {
            match &world.workload_plan(workload).controller {
                Controller::CronJob { fires, .. } => {
                    for at in fires {
                        ctx.at(*at, Event::CronFires(workload));
                    }
                }
                Controller::Job(job) => {
                    self.jobs.open(workload, *job);
                    ctx.soon(Event::ReconcileWorkload(workload));
                }
                Controller::Trace { pods } => self.replays.start(workload, pods, ctx),
                _ => ctx.soon(Event::ReconcileWorkload(workload)),
            }
        }
    }

    /// Compares the pods of a workload with what is wanted, and creates or deletes the difference.
    pub fn on_reconcile(&mut self, world: &mut World, workload: WorkloadId, ctx: &mut Ctx<'_>) {
        if !world.is_running() {
            return; // There is no API server; when there is one again, every controller looks.
        }
        if self.missed.remove(&workload) {
            // Of the Jobs that were missed the last is made up for.
            self.on_cron_fires(world, workload, ctx);
            return;
        }
        match world.workload_plan(workload).controller {
            Controller::Deployment { .. } | Controller::ReplicaSet { .. } => {
                replica_set::reconcile(world, workload, ctx)
            }
            Controller::StatefulSet { parallel, .. } => stateful_set::reconcile(world, workload, parallel, ctx),
            Controller::DaemonSet => daemon_set::reconcile(world, workload, ctx),
            Controller::Job(job) | Controller::CronJob { job, .. } => self.jobs.reconcile(world, workload, job, ctx),
            // Its pods come and go at the moments of its file, whatever happens to them.
            Controller::Trace { .. } => {}
            Controller::Pod => {
                if world.workloads[workload].births == 0 {
                    world.create_pod(workload, 0, None, ctx);
                }
            }
        }
    }

    /// A CronJob creates a Job.
    pub fn on_cron_fires(&mut self, world: &mut World, workload: WorkloadId, ctx: &mut Ctx<'_>) {
        let Controller::CronJob { job, .. } = world.workload_plan(workload).controller else {
            return;
        };
        if !world.is_running() {
            self.missed.insert(workload);
            return;
        }
        self.jobs.open(workload, job);
        self.jobs.reconcile(world, workload, job, ctx);
    }

    /// Pods of a trace come or go.
    pub fn on_trace_step(&mut self, world: &mut World, workload: WorkloadId, ctx: &mut Ctx<'_>) {
        self.replays.step(world, workload, ctx);
    }

    /// A pod of a Job succeeded.
    pub fn on_pod_finished(&mut self, world: &mut World, pod: PodId, ctx: &mut Ctx<'_>) {
        if world.pods[pod].times.ended == Some(ctx.now) {
            let workload = world.pods[pod].workload;
            self.jobs.count_success(workload, world.pods[pod].ordinal);
            self.on_reconcile(world, workload, ctx);
            // Finished pods stay as objects in Kubernetes; nothing here looks at them again, so they leave the list.
            world.forget(pod);
        }
    }

    /// A pod became ready: a StatefulSet may create the next one.
    pub fn on_pod_ready(&mut self, world: &mut World, pod: PodId, ctx: &mut Ctx<'_>) {
        let workload = world.pods[pod].workload;
        if matches!(world.workload_plan(workload).controller, Controller::StatefulSet { .. }) {
            self.on_reconcile(world, workload, ctx);
        }
    }

    /// A pod object is gone.
    pub fn on_pod_gone(&mut self, world: &mut World, pod: PodId, ctx: &mut Ctx<'_>) {
        let workload = world.pods[pod].workload;
        match (world.is_daemon(pod) && world.is_running(), world.pods[pod].pinned) {
            (true, Some(node)) => daemon_set::place(world, workload, node, ctx),
            _ => self.on_reconcile(world, workload, ctx),
        }
    }

    /// A Node object appeared: every DaemonSet that it suits creates a pod for it.
    pub fn on_node_registered(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        if !world.is_running() {
            return; // The node is about to be deallocated.
        }
        for workload in world.workloads.ids() {
            if matches!(world.workload_plan(workload).controller, Controller::DaemonSet) {
                daemon_set::place(world, workload, node, ctx);
            }
        }
    }

    /// The number of nodes changed: Deployments that follow the size of the cluster do so.
    pub fn on_cluster_resized(&mut self, world: &mut World, ctx: &mut Ctx<'_>) {
        let ready = world.live_nodes.iter().filter(|node| world.nodes[**node].is_ready());
        let (mut nodes, mut cpu) = (0, MilliCpu::ZERO);
        for node in ready {
            nodes += 1;
            cpu += world.pool_plan(world.nodes[*node].pool).cpu();
        }
        let cores = u32::try_from(cpu.millis() / 1000).expect("a cluster has fewer than 2^32 cores");
        for workload in world.workloads.ids() {
            if let Controller::Deployment { ladder: Some(ladder), .. } = &world.workload_plan(workload).controller {
                let replicas = ladder.replicas(nodes, cores);
                if replicas != world.workloads[workload].replicas && world.clock > SimTime::ZERO {
                    world.workloads[workload].replicas = replicas;
                    ctx.soon(Event::ReconcileWorkload(workload));
                }
            }
        }
    }
}
