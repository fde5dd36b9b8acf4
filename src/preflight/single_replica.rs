//! What a drain does to applications of one pod, and to pods that come back late or not at all.
//!
//! A ReplicaSet makes the replacement at the moment of the eviction, a StatefulSet only when the old pod is gone, nothing replaces a
//! bare pod. Source: Kubernetes 1.31-1.36, the controllers; that AKS drains evict bare pods is an inference from their documentation.

use super::course::{RefusedFor, Step};
use super::disruption_budgets::{consequence, is_single, rule, unheeded};
use super::estimate::{self, Estimate, pod_ready};
use super::{Check, Course, Finding, Subject, counted, listed};
use crate::kernel::SimDuration;
use crate::scenario::plan::{Controller, OperationKind};

/// The check.
pub const CHECK: Check = Check { name: "single-replica", run };

fn run(course: &Course<'_>) -> Vec<Finding> {
    // What is refused for a budget drains nothing.
    let steps = course.looked_at().filter(|step| step.refused_for(RefusedFor::Budget).is_none());
    steps.filter(|step| !step.drained().is_empty()).flat_map(|step| of_step(course, step)).collect()
}

/// Applications that are away for a while, with how long.
#[derive(Default)]
struct Away {
    names: Vec<String>,
    longest: Estimate,
}

impl Away {
    fn add(&mut self, name: String, time: Estimate) {
        self.names.push(name);
        if time.mean > self.longest.mean {
            self.longest = time;
        }
    }
}

fn of_step(course: &Course<'_>, step: &Step<'_>) -> Vec<Finding> {
    let drained = step.drained();
    let subject = Subject::of(step);
    let timings = &course.plan.timings;
    let at_once = drained.iter().map(|(pool, _)| nodes_at_once(course, step, *pool)).max().unwrap_or(1);
    let mut findings = Vec::new();
    let (mut replaced, mut renamed, mut ordered, mut bare) = (Away::default(), Away::default(), Vec::new(), Vec::new());
    for (index, workload) in course.plan.workloads.iter().enumerate() {
        if workload.system || !course.reach.evicts(course.plan, index, &drained) {
            continue;
        }
        let pods = course.reach.pods(course.plan, index, &step.before);
        let budget = course.reach.budgets_of(index).next();
        let held = budget.filter(|_| !step.is_forced()).filter(|budget| {
            let allowance = course.reach.allowance(course.plan, *budget, &step.before);
            is_single(allowance) && allowance.is_never()
        });
        if let Some(budget) = held {
            let budget = &course.plan.budgets[budget];
            let reason = format!(
                "{} is one pod, and budget {}/{} with {} wants it ready: {}",
                workload.key(),
                budget.namespace,
                budget.name,
                rule(budget.rule),
                consequence(step, &drained)
            );
            findings.push(unheeded(
                &subject,
                step,
                reason,
                "run 2 replicas, or delete the budget for the time of the drain",
            ));
            continue;
        }
        let key = workload.key();
        match workload.controller {
            Controller::Pod | Controller::Trace { .. } => bare.push(key),
            // Everything is away while the cluster is stopped.
            _ if step.kind == OperationKind::StopCluster => {}
            Controller::Deployment { .. } | Controller::ReplicaSet { .. } if pods == 1 => {
                replaced.add(key, pod_ready(timings, workload));
            }
            Controller::StatefulSet { .. } if pods == 1 => {
                let grace = Estimate::fixed(workload.template.grace);
                renamed.add(key, grace + pod_ready(timings, workload));
            }
            Controller::StatefulSet { parallel: false, .. } if pods > 1 && at_once > 1 && budget.is_none() => {
                ordered.push(key);
            }
            _ => {}
        }
    }
    if !replaced.names.is_empty() {
        let reason = format!(
            "{} without a second replica: away for about {} ({} in 95 of 100 cases) each time its node is drained",
            listed(&replaced.names),
            shown(replaced.longest.mean),
            shown(replaced.longest.p95())
        );
        findings.push(subject.risk(reason, "run 2 replicas on different nodes, with a budget of maxUnavailable 1"));
    }
    if !renamed.names.is_empty() {
        let reason = format!(
            "{} of one pod: the next pod comes only when the old one is gone, and the application is away for up to about {}",
            listed(&renamed.names),
            shown(renamed.longest.p95())
        );
        findings.push(subject.risk(reason, "run 2 replicas if the application can, or announce the outage"));
    }
    if !ordered.is_empty() {
        let reason = format!(
            "{} with OrderedReady and without a budget: {} are drained at once, and pods come back one after the other, each when \
             the old one is gone and every lower one is ready",
            listed(&ordered),
            counted(u64::from(at_once), "node")
        );
        findings.push(subject.risk(reason, "add a budget of maxUnavailable 1"));
    }
    if !bare.is_empty() {
        let reason = format!("nothing makes {} anew: evicted, it is gone for good", listed(&bare));
        findings.push(subject.risk(reason, "put bare pods under a controller"));
    }
    if findings.is_empty() {
        findings.push(subject.pass("every application that is drained has another replica"));
    }
    findings
}

/// Nodes of the pool that are drained at the same time.
fn nodes_at_once(course: &Course<'_>, step: &Step<'_>, pool: usize) -> u32 {
    match &step.kind {
        OperationKind::Upgrade { .. } | OperationKind::Rollback { .. } | OperationKind::UpdateNetwork(_) => {
            let plan = course.pool(pool);
            let nodes = step.before.pools[pool].nodes;
            estimate::at_once(plan, nodes)
        }
        OperationKind::Migrate { .. } => 1,
        _ => step.drained().iter().map(|(_, nodes)| *nodes).sum(),
    }
}

fn shown(seconds: f64) -> String {
    SimDuration::from_secs(seconds.ceil().max(1.0) as u64).to_string()
}
