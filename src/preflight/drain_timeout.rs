//! Whether a node's pods have left before its drain is given up.
//!
//! Source of the timeout: azure-aks-docs, upgrade-aks-node-pools-rolling.md, 2026-05-29. Budgets that hold a drain for ever are another
//! check's.

use super::course::{RefusedFor, Step};
use super::{Check, Course, Finding, Subject, estimate};
use crate::kernel::SimDuration;
use crate::scenario::plan::{OperationKind, UpgradeStrategy};

/// The check.
pub const CHECK: Check = Check { name: "drain-timeout", run };

fn run(course: &Course<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    // How long a stop takes is up to the budgets, which are another check's.
    let drains =
        |step: &&Step<'_>| step.refused_for(RefusedFor::Budget).is_none() && step.kind != OperationKind::StopCluster;
    for step in course.looked_at().filter(drains) {
        for (pool, nodes) in step.drained() {
            let plan = &*step.before.pool_plan(course.plan, pool);
            if plan.spot || step.is_forced() {
                continue; // Its nodes are given a notice and not a drain, or are reimaged all the same.
            }
            let size = step.before.pools[pool].nodes;
            let (timeout, at_once) = match &step.kind {
                OperationKind::Upgrade { .. } | OperationKind::Rollback { .. } | OperationKind::UpdateNetwork(_) => {
                    let timeout = match plan.upgrade.strategy {
                        UpgradeStrategy::Rolling => plan.upgrade.drain_timeout,
                        UpgradeStrategy::BlueGreen(settings) => settings.drain_timeout,
                    };
                    (Some(timeout), estimate::at_once(plan, size))
                }
                OperationKind::Migrate { drain_timeout, .. } => (*drain_timeout, 1),
                _ => (Some(plan.upgrade.drain_timeout), nodes),
            };
            let Some(timeout) = timeout else {
                continue; // kubectl drain waits as long as it takes.
            };
            let time = estimate::drain(course, &step.before, pool, at_once.max(1));
            let slowest = estimate::slowest_drain_p95(course, &step.before, pool, nodes, at_once);
            let place = format!("a node of {}", plan.name);
            let limit = timeout.as_secs_f64();
            let grace = estimate::longest_grace(course, &step.before, pool).filter(|(grace, _)| *grace >= timeout);
            let subject = Subject::of(step);
            findings.push(if time.least > limit {
                let reason =
                    format!("budgets let the pods of {place} go in {} at least, of {timeout}", shown(time.least));
                subject.fail(reason, "raise drainTimeoutInMinutes, or allow more pods to be unavailable")
            } else if let Some((grace, workload)) = grace {
                let reason =
                    format!("{workload} may take {grace} to exit, and {place} has {timeout} for all of its pods");
                subject.risk(reason, "raise drainTimeoutInMinutes, or shorten terminationGracePeriodSeconds")
            } else {
                let reason = format!(
                    "{place} takes about {} to drain, the slowest of {nodes} up to {} in 95 of 100 cases, of {timeout}",
                    shown(time.mean),
                    shown(slowest)
                );
                if slowest > limit {
                    subject.risk(reason, "raise drainTimeoutInMinutes, or lower maxSurge")
                } else {
                    subject.pass(reason)
                }
            });
        }
    }
    findings
}

fn shown(seconds: f64) -> String {
    SimDuration::from_secs(seconds.ceil() as u64).to_string()
}
