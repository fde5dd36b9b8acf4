//! How long it takes to empty a node and to upgrade a pool, by adding up stages.
//!
//! A stage counts with its mean and its variance, and a sum of independent stages is taken for normal, so that its 95th percentile is
//! its mean and 1.645 standard deviations. The lower bound adds up the 5th percentiles of stages and leaves out what may be over at
//! once. Left out: nodes that wait for pods of other nodes, pods that move twice, VMs that straggle or fail.

use super::course::{Course, State};
use crate::catalog::Timings;
use crate::kernel::{Dist, SimDuration, normal_quantile};
use crate::process::upgrade::surge::{self, Width};
use crate::scenario::plan::{Controller, PoolPlan, UpgradeStrategy, WorkloadPlan};
use std::ops::Add;

/// Between two attempts to evict a pod, as `kubectl drain` waits. Source: Kubernetes 1.31-1.36, kubectl's drain package.
const EVICTION_RETRY_S: f64 = 5.0;

/// Points at which a quantile function is read for its mean and its variance.
const POINTS: usize = 1000;

/// A duration in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// Hardly ever less.
    pub least: f64,
    /// On average.
    pub mean: f64,
    variance: f64,
}

impl Estimate {
    /// Always so long.
    #[must_use]
    pub fn fixed(span: SimDuration) -> Self {
        let seconds = span.as_secs_f64();
        Self { least: seconds, mean: seconds, variance: 0.0 }
    }

    /// A stage.
    #[must_use]
    pub fn of(dist: &Dist) -> Self {
        Self::of_quantiles(|u| dist.quantile(u))
    }

    fn of_quantiles(quantile: impl Fn(f64) -> f64) -> Self {
        let points = POINTS as f64;
        let values: Vec<f64> = (0..POINTS).map(|index| quantile((index as f64 + 0.5) / points)).collect();
        let mean = values.iter().sum::<f64>() / points;
        let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / points;
        Self { least: quantile(0.05), mean, variance }
    }

    /// So many of them, one after the other.
    #[must_use]
    pub fn times(self, count: f64) -> Self {
        Self { least: self.least * count, mean: self.mean * count, variance: self.variance * count }
    }

    /// The longest of so many that run side by side, when each is about normal.
    #[must_use]
    fn longest_of(self, count: u32) -> Self {
        let count = f64::from(count.max(1));
        Self { mean: self.mean + self.variance.sqrt() * normal_quantile(count / (count + 1.0)), ..self }
    }

    /// 95 of 100 are shorter.
    #[must_use]
    pub fn p95(self) -> f64 {
        self.mean + normal_quantile(0.95) * self.variance.sqrt()
    }

    /// Without its lower bound: it may be over at once.
    #[must_use]
    const fn perhaps(self) -> Self {
        Self { least: 0.0, ..self }
    }
}

impl Add for Estimate {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { least: self.least + other.least, mean: self.mean + other.mean, variance: self.variance + other.variance }
    }
}

fn sum(stages: &[&Dist]) -> Estimate {
    stages.iter().map(|stage| Estimate::of(stage)).fold(Estimate::default(), Add::add)
}

/// From the request of a node until it is Ready.
#[must_use]
pub fn boot(timings: &Timings) -> Estimate {
    sum(&[
        &timings.arm_accept,
        &timings.vm_provision,
        &timings.os_boot,
        &timings.cse,
        &timings.runtime_start,
        &timings.kubelet_start,
        &timings.kubelet_register,
        &timings.node_ready,
        &timings.startup_taints,
    ])
}

/// From the creation of a pod until it is ready on a node with room, its images pulled.
#[must_use]
pub fn pod_ready(timings: &Timings, workload: &WorkloadPlan) -> Estimate {
    let started = sum(&[&timings.pod_schedule, &timings.pod_sandbox_cni, &timings.pod_create_start]);
    let pulls = workload.template.images.iter().filter(|image| !image.on_node_image).map(|image| {
        let megabytes = image.size.get() as f64 / 1e6;
        let rate = &timings.pull_rate_mb_s_small;
        Estimate::of(&timings.pull_overhead) + Estimate::of_quantiles(|u| megabytes / rate.quantile(1.0 - u))
    });
    // The image may be there already.
    let pulled = pulls.fold(Estimate::default(), Add::add).perhaps();
    started + pulled + application_start(workload)
}

/// From the start of the containers until a readiness probe finds the application up.
#[must_use]
pub fn application_start(workload: &WorkloadPlan) -> Estimate {
    let Some(probe) = workload.template.readiness else {
        return Estimate::default(); // Ready as soon as started.
    };
    let (initial, period) = (probe.initial_delay.as_secs_f64(), probe.period.as_secs_f64());
    let startup = &workload.behaviour.startup;
    // A probe comes half a period after the application is up, on average.
    let answered = Estimate::of_quantiles(|u| (startup.quantile(u) + period / 2.0).max(initial));
    Estimate { least: startup.quantile(0.05).max(initial), ..answered }
}

/// The pods that leave a node of the pool when it is drained.
struct Leaving<'a> {
    workload: usize,
    plan: &'a WorkloadPlan,
    /// How many are on a node, on average.
    per_node: f64,
}

fn leaving<'a>(course: &Course<'a>, state: &State, pool: usize) -> Vec<Leaving<'a>> {
    let stays = |plan: &WorkloadPlan| matches!(plan.controller, Controller::DaemonSet | Controller::Trace { .. });
    let workloads = course.plan.workloads.iter().enumerate();
    workloads
        .filter(|(workload, plan)| !stays(plan) && course.reach.may_run(*workload, pool))
        .map(|(workload, plan)| {
            let pods = course.reach.pods(course.plan, workload, state);
            let nodes = course.reach.nodes(workload, state).max(1);
            Leaving { workload, plan, per_node: f64::from(pods) / f64::from(nodes) }
        })
        .collect()
}

/// The longest grace period of the pods that may be on the pool, with its workload.
#[must_use]
pub fn longest_grace(course: &Course<'_>, state: &State, pool: usize) -> Option<(SimDuration, String)> {
    let pods = leaving(course, state, pool).into_iter().filter(|pods| pods.per_node > 0.0);
    pods.map(|pods| (pods.plan.template.grace, pods.plan.key())).max_by_key(|(grace, _)| *grace)
}

/// The 95th percentile, in seconds, of the slowest drain of so many, of which so many run at once.
///
/// Where a budget lets a few pods go at a time, chance decides whose pod goes next, and while drained nodes are followed by others the
/// unlucky one may lose many times in a row: its wait is taken for exponential. Nodes that are all drained at once do not wait for
/// more pods than theirs.
#[must_use]
pub fn slowest_drain_p95(course: &Course<'_>, state: &State, pool: usize, nodes: u32, at_once: u32) -> f64 {
    let (nodes, at_once) = (nodes.max(1), at_once.max(1));
    if nodes <= at_once {
        return drain(course, state, pool, at_once).longest_of(nodes).p95();
    }
    let leaving = leaving(course, state, pool);
    let held = held_back(course, state, &leaving, at_once).mean;
    let rest = empty(course, &leaving).longest_of(nodes).p95();
    rest + held * libm::log(f64::from(nodes) / 0.05)
}

/// From the cordon of a node until its last pod has left, when so many nodes are drained at once.
///
/// Budgets that never allow an eviction are left out: with one of them it does not end.
#[must_use]
pub fn drain(course: &Course<'_>, state: &State, pool: usize, at_once: u32) -> Estimate {
    let leaving = leaving(course, state, pool);
    empty(course, &leaving) + held_back(course, state, &leaving, at_once)
}

/// The drain of a node whose pods no budget holds.
fn empty(course: &Course<'_>, leaving: &[Leaving<'_>]) -> Estimate {
    let timings = &course.plan.timings;
    let pods: f64 = leaving.iter().map(|pods| pods.per_node).sum();
    let begun = sum(&[&timings.cordon, &timings.eviction_call]);
    if pods == 0.0 {
        return begun;
    }
    let grace = leaving.iter().map(|pods| pods.plan.template.grace.as_secs_f64()).fold(0.0, f64::max);
    // The last of n pods exits at the time whose probability is the nth root of that of one pod.
    let exit = Estimate::of_quantiles(|u| timings.termination.quantile(libm::pow(u, 1.0 / pods)).min(grace));
    begun + exit.perhaps() + Estimate::of(&timings.pod_removal).perhaps()
}

/// What the slowest budget adds to the drain: its pods go a few at a time, each few when the ones before are ready elsewhere.
fn held_back(course: &Course<'_>, state: &State, leaving: &[Leaving<'_>], at_once: u32) -> Estimate {
    let timings = &course.plan.timings;
    let of_budget = |budget: usize| -> Option<Estimate> {
        let super::reach::Allowance::Evictions { allowed, .. } = course.reach.allowance(course.plan, budget, state)
        else {
            return None;
        };
        let covered = course.reach.covered(budget);
        let pods = || leaving.iter().filter(|pods| covered.contains(&pods.workload));
        let evicted = pods().map(|pods| pods.per_node).sum::<f64>() * f64::from(at_once);
        if allowed == 0 || evicted == 0.0 {
            return None;
        }
        let replaced = pods().map(|pods| {
            let ready = pod_ready(timings, pods.plan);
            match pods.plan.controller {
                // The name has to be free before the pod is created anew.
                Controller::StatefulSet { .. } => {
                    let grace = pods.plan.template.grace.as_secs_f64();
                    ready + Estimate::of_quantiles(|u| timings.termination.quantile(u).min(grace)).perhaps()
                }
                _ => ready,
            }
        });
        let slowest = replaced.max_by(|a, b| a.mean.total_cmp(&b.mean))?;
        let wait = slowest + Estimate { least: 0.0, mean: EVICTION_RETRY_S / 2.0, variance: 0.0 };
        let waits = (evicted / f64::from(allowed)).ceil() - 1.0;
        // Of pods that lie unevenly some node may have fewer.
        let least = (evicted.floor() / f64::from(allowed) - 1.0).max(0.0) * wait.least;
        Some(Estimate { least, ..wait.times(waits.max(0.0)) })
    };
    let slowest = (0..course.plan.budgets.len()).filter_map(of_budget);
    slowest.max_by(|a, b| a.mean.total_cmp(&b.mean)).unwrap_or_default()
}

/// How a pool is upgraded, and how long it takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PoolEstimate {
    /// Nodes to upgrade.
    pub nodes: u32,
    /// Nodes out of service at once.
    pub at_once: u32,
    /// Nodes that each of those has to follow, and itself.
    pub rounds: u32,
    /// From the request until the last surge node is gone.
    pub time: Estimate,
}

/// Nodes of a pool of so many that its upgrade drains at once.
#[must_use]
pub fn at_once(plan: &PoolPlan, nodes: u32) -> u32 {
    match plan.upgrade.strategy {
        UpgradeStrategy::Rolling => surge::width(&plan.upgrade, plan.spot, nodes, nodes).at_once,
        UpgradeStrategy::BlueGreen(settings) => settings.drain_batch.of_rounded_up(nodes).clamp(1, nodes.max(1)),
    }
}

/// The upgrade of every node of the pool.
#[must_use]
pub fn pool_upgrade(course: &Course<'_>, state: &State, pool: usize) -> PoolEstimate {
    let plan = &*state.pool_plan(course.plan, pool);
    let timings = &course.plan.timings;
    let nodes = state.pools[pool].nodes;
    if let UpgradeStrategy::BlueGreen(settings) = plan.upgrade.strategy {
        let at_once = at_once(plan, nodes);
        let rounds = nodes.div_ceil(at_once);
        let batches = drain(course, state, pool, at_once).longest_of(at_once).times(f64::from(rounds));
        let soaks = Estimate::fixed(settings.batch_soak).times(f64::from(rounds.saturating_sub(1)));
        let ends = Estimate::fixed(settings.final_soak) + Estimate::of(&timings.vm_delete).longest_of(nodes);
        let time = boot(timings).longest_of(nodes) + batches + soaks + ends;
        return PoolEstimate { nodes, at_once, rounds, time };
    }
    let Width { surge, at_once } = surge::width(&plan.upgrade, plan.spot, nodes, nodes);
    let rounds = nodes.div_ceil(at_once.max(1));
    let drained = drain(course, state, pool, at_once);
    let back = sum(&[&timings.reimage, &timings.node_ready, &timings.startup_taints]);
    let round = drained + Estimate::fixed(plan.upgrade.soak) + back;
    let mut time = round.times(f64::from(rounds)).longest_of(at_once);
    if surge > 0 {
        time = boot(timings).longest_of(surge) + time + drained + Estimate::of(&timings.vm_delete).longest_of(surge);
    }
    PoolEstimate { nodes, at_once, rounds, time }
}
