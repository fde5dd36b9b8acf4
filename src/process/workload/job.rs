//! The Job controller, which serves CronJobs too: pods until enough have succeeded.

use crate::cluster::{Ctx, WorkloadId, World};
use crate::scenario::plan::JobPlan;
use std::collections::BTreeMap;

/// A Job that has not completed.
#[derive(Clone, Copy, Debug)]
struct OpenJob {
    /// Its number among the Jobs of its workload: what its pods carry as their ordinal.
    number: u32,
    /// Completions still missing.
    left: u32,
}

/// Jobs that have not completed, by workload.
#[derive(Debug, Default)]
pub struct OpenJobs {
    open: BTreeMap<WorkloadId, Vec<OpenJob>>,
    /// Jobs ever opened, by workload.
    opened: BTreeMap<WorkloadId, u32>,
}

impl OpenJobs {
    /// Opens a Job of the workload.
    pub fn open(&mut self, workload: WorkloadId, job: JobPlan) {
        let number = self.opened.entry(workload).or_default();
        self.open.entry(workload).or_default().push(OpenJob { number: *number, left: job.completions });
        *number += 1;
    }

    /// A pod of the Job with this number succeeded.
    pub fn count_success(&mut self, workload: WorkloadId, number: u32) {
        let jobs = self.open.entry(workload).or_default();
        if let Some(job) = jobs.iter_mut().find(|job| job.number == number) {
            job.left = job.left.saturating_sub(1);
        }
        jobs.retain(|job| job.left > 0);
    }

    /// Creates the pods that open Jobs lack: as many as still have to succeed, at most `parallelism` at a time.
    pub fn reconcile(&self, world: &mut World, workload: WorkloadId, plan: JobPlan, ctx: &mut Ctx<'_>) {
        for job in self.open.get(&workload).into_iter().flatten() {
            let pods = &world.workloads[workload].pods;
            let mine = |pod: &&_| world.pods[**pod].ordinal == job.number && world.pods[**pod].is_active();
            let active = pods.iter().filter(mine).count();
            for _ in active..plan.parallelism.min(job.left) as usize {
                world.create_pod(workload, job.number, None, ctx);
            }
        }
    }
}
