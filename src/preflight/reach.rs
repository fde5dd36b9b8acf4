//! Which pods may run on which pools, and what the disruption budgets over them allow when all are ready.

use super::course::State;
use crate::cluster::{NodeInfo, World, disruptions_allowed, expected_and_desired, scale};
use crate::placement::filter::{Filters, node_affinity, node_resources_fit, taint_toleration};
use crate::placement::{Cycle, PodView, Rules};
use crate::scenario::plan::{Controller, Plan, PoolPlan, WorkloadPlan};

/// What a new node of the pool has to admit for the pod to be able to run there.
const DECIDING: [&str; 3] = [node_affinity::NAME, taint_toleration::NAME, node_resources_fit::NAME];

/// Where pods may run, and which budgets cover them.
#[derive(Clone, Debug)]
pub struct Reach {
    /// By workload and pool.
    may_run: Vec<Vec<bool>>,
    /// By budget: the workloads it covers.
    covered: Vec<Vec<usize>>,
}

/// What a budget allows when every pod that it covers is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowance {
    /// It covers no pod.
    NoPods,
    /// Nothing, for ever: it counts in shares or in unavailable pods, and a controller of this kind has no scale to count by.
    NoScale(&'static str),
    /// So many evictions at a time.
    Evictions {
        /// Evictions at a time; with none it holds every drain.
        allowed: u32,
        /// Pods that are ready.
        healthy: u32,
        /// Pods that must remain.
        desired: u32,
    },
}

impl Allowance {
    /// True when it never allows an eviction.
    #[must_use]
    pub const fn is_never(self) -> bool {
        matches!(self, Self::NoScale(_) | Self::Evictions { allowed: 0, .. })
    }
}

impl Reach {
    pub(super) fn of(plan: &Plan, world: &World) -> Self {
        let row = |workload: &WorkloadPlan| {
            plan.cluster.pools.iter().map(|pool| may_run(plan, &workload.template, pool)).collect()
        };
        let covered = world
            .budgets
            .iter()
            .map(|(_, budget)| budget.workloads.iter().map(|workload| world.workloads[*workload].plan).collect());
        Self { may_run: plan.workloads.iter().map(row).collect(), covered: covered.collect() }
    }

    /// True when a pod of the workload may run on the pool.
    #[must_use]
    pub fn may_run(&self, workload: usize, pool: usize) -> bool {
        self.may_run[workload][pool]
    }

    /// True when a drain of these pools may evict a pod of the workload. Pods of DaemonSets stay.
    #[must_use]
    pub fn evicts(&self, plan: &Plan, workload: usize, drained: &[(usize, u32)]) -> bool {
        !matches!(plan.workloads[workload].controller, Controller::DaemonSet)
            && drained.iter().any(|(pool, _)| self.may_run(workload, *pool))
    }

    /// The workloads that the budget covers.
    #[must_use]
    pub fn covered(&self, budget: usize) -> &[usize] {
        &self.covered[budget]
    }

    /// The budgets that cover the workload.
    pub fn budgets_of(&self, workload: usize) -> impl Iterator<Item = usize> {
        (0..self.covered.len()).filter(move |budget| self.covered[*budget].contains(&workload))
    }

    /// The nodes on which pods of the workload may run.
    #[must_use]
    pub fn nodes(&self, workload: usize, state: &State) -> u32 {
        state.existing().filter(|(pool, _)| self.may_run(workload, *pool)).map(|(_, pool)| pool.nodes).sum()
    }

    /// The pods that the workload has in this state; of a trace all that ever come, of a Job those that run at a time.
    #[must_use]
    pub fn pods(&self, plan: &Plan, workload: usize, state: &State) -> u32 {
        match &plan.workloads[workload].controller {
            Controller::Deployment { ladder: Some(ladder), .. } => {
                let nodes = state.existing().map(|(_, pool)| pool.nodes).sum();
                let cpu = state
                    .existing()
                    .map(|(index, pool)| u64::from(pool.nodes) * plan.cluster.pools[index].cpu().millis() / 1000);
                ladder.replicas(nodes, u32::try_from(cpu.sum::<u64>()).unwrap_or(u32::MAX))
            }
            Controller::Deployment { replicas, .. }
            | Controller::ReplicaSet { replicas }
            | Controller::StatefulSet { replicas, .. } => *replicas,
            Controller::DaemonSet => self.nodes(workload, state),
            Controller::Job(job) | Controller::CronJob { job, .. } => job.parallelism.min(job.completions),
            Controller::Pod => 1,
            Controller::Trace { pods } => u32::try_from(pods.len()).unwrap_or(u32::MAX),
        }
    }

    /// What the budget allows in this state.
    #[must_use]
    pub fn allowance(&self, plan: &Plan, budget: usize, state: &State) -> Allowance {
        let pods = |workload: &usize| self.pods(plan, *workload, state);
        let covered = &self.covered[budget];
        let healthy: u32 = covered.iter().map(pods).sum();
        if healthy == 0 {
            return Allowance::NoPods;
        }
        let scale_of = |workload: &usize| scale(&plan.workloads[*workload].controller, pods(workload));
        let whole = || covered.iter().map(scale_of).sum::<Option<u32>>();
        let (expected, desired) = expected_and_desired(plan.budgets[budget].rule, healthy, whole);
        match (expected, covered.iter().find(|workload| scale_of(workload).is_none())) {
            (None, Some(unscaled)) => Allowance::NoScale(plan.workloads[*unscaled].controller.kind()),
            _ => Allowance::Evictions { allowed: disruptions_allowed(expected, desired, healthy), healthy, desired },
        }
    }
}

/// Asks the scheduler's own filters about an empty node in each zone of the pool. A pod that names its node may be on any.
fn may_run(plan: &Plan, template: &crate::scenario::plan::PodTemplate, pool: &PoolPlan) -> bool {
    let pod = PodView::of(template);
    if template.node_name.is_some() || node_affinity::node_names(&pod).is_some() {
        return true;
    }
    let rules = Rules::of(plan.cluster.version);
    let cycle = Cycle { pod, nodes: &[], templates: &plan.workloads, profile: &plan.cluster.scheduler, rules };
    let Ok(filters) = Filters::prepare_those(&cycle, |plugin| DECIDING.contains(&plugin.name)) else {
        return false;
    };
    let zones: Vec<Option<u8>> =
        if pool.zones.is_empty() { vec![None] } else { pool.zones.iter().copied().map(Some).collect() };
    zones.into_iter().any(|zone| {
        let node = NodeInfo::unused(pool, &pool.name, zone, plan.cluster.location);
        filters.filter(&node).is_ok()
    })
}
