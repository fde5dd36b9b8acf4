//! How long an operation takes, and whether a maintenance window is long enough for it.
//!
//! Work that has begun goes on after a window closes, and none is begun after it. Source: azure-aks-docs, planned-maintenance.md,
//! 2025-12-19.

use super::course::{Origin, Step};
use super::estimate::{self, Estimate};
use super::{Check, Course, Finding, Subject, counted};
use crate::kernel::SimDuration;
use crate::scenario::plan::{NetworkChange, OperationKind};

/// The check.
pub const CHECK: Check = Check { name: "window-length", run };

/// What is left of the maintenance window in which the operation is asked for; `None` outside of windows.
fn time_left(course: &Course<'_>, step: &Step<'_>) -> Option<SimDuration> {
    let maintenance = &course.plan.maintenance;
    let window = match step.origin {
        Origin::Scenario(_) => maintenance.window_at(step.at, &step.kind)?,
        Origin::Channel(of) => maintenance.open_window(of, step.at)?,
    };
    Some(window.closes.since(step.at))
}

fn run(course: &Course<'_>) -> Vec<Finding> {
    let steps = course.looked_at().filter_map(|step| Some((step, time(course, step)?)));
    steps.map(|(step, (time, how))| judge(&Subject::of(step), time_left(course, step), time, &how)).collect()
}

/// How long an upgrade or a migration takes unless a budget holds it, and what it does in that time; `None` for other operations.
#[must_use]
pub fn time(course: &Course<'_>, step: &Step<'_>) -> Option<(Estimate, String)> {
    let timings = &course.plan.timings;
    let mut parts = Vec::new();
    let mut total = Estimate::default();
    match &step.kind {
        OperationKind::Rollback { pool } => {
            let found = estimate::pool_upgrade(course, &step.before, *pool);
            total = total + found.time;
            parts.push(format!("{} of {} back", counted(found.nodes.into(), "node"), course.pool(*pool).name));
        }
        OperationKind::Upgrade { version, pools, .. } => {
            if version.is_some_and(|version| version > step.before.version) {
                total = total + Estimate::of(&timings.control_plane_upgrade);
                parts.push("the control plane".to_owned());
            }
            for pool in pools {
                let found = estimate::pool_upgrade(course, &step.before, *pool);
                if found.nodes == 0 {
                    continue; // It only gets its version.
                }
                total = total + found.time;
                let at_once = if found.at_once > 1 { format!(", {} at once", found.at_once) } else { String::new() };
                let rounds = counted(found.rounds.into(), "round");
                let nodes = counted(found.nodes.into(), "node");
                parts.push(format!("{nodes} of {} in {rounds}{at_once}", course.pool(*pool).name));
            }
        }
        OperationKind::UpdateNetwork(NetworkChange::Overlay(_)) => {
            let pools = step.drained().into_iter().map(|(pool, _)| estimate::pool_upgrade(course, &step.before, pool));
            let pools: Vec<estimate::PoolEstimate> = pools.collect();
            let slowest = pools.iter().map(|pool| pool.time).max_by(|a, b| a.mean.total_cmp(&b.mean));
            total = Estimate::of(&timings.cluster_update) + slowest.unwrap_or_default();
            let nodes: u32 = pools.iter().map(|pool| pool.nodes).sum();
            parts.push(format!("{} reimaged, all pools at once", counted(nodes.into(), "node")));
        }
        OperationKind::Migrate { from, to, .. } => {
            let nodes = step.before.pools[*from].nodes;
            let drain = estimate::drain(course, &step.before, *from, 1);
            total = estimate::boot(timings) + drain.times(nodes.into()) + Estimate::of(&timings.vm_delete);
            let (added, name) = (course.pool(*to).count, &course.pool(*from).name);
            parts.push(format!("{} added, {} of {name} drained one by one", added, counted(nodes.into(), "node")));
        }
        _ => return None,
    }
    let drained = step.drained();
    let is_held = !step.is_forced()
        && (0..course.plan.budgets.len()).any(|budget| {
            let allowance = course.reach.allowance(course.plan, budget, &step.before);
            let covered = course.reach.covered(budget);
            allowance.is_never() && covered.iter().any(|workload| course.reach.evicts(course.plan, *workload, &drained))
        });
    if is_held {
        parts.push("if no budget held it".to_owned());
    }
    Some((total, parts.join(", ")))
}

fn judge(subject: &Subject, left: Option<SimDuration>, time: Estimate, how: &str) -> Finding {
    let (mean, p95, least) = (shown(time.mean), shown(time.p95()), shown(time.least));
    let about = format!("about {mean}, {p95} in 95 of 100 cases, hardly less than {least}: {how}");
    let Some(left) = left else {
        return subject.pass(format!("{about}; asked for in no maintenance window"));
    };
    let place = format!("{about}; the maintenance window closes after {left}");
    let remedy = "lengthen the window, raise maxSurge, or upgrade pool by pool";
    if time.least > left.as_secs_f64() {
        subject.fail(place, remedy)
    } else if time.p95() > left.as_secs_f64() {
        subject.risk(place, remedy)
    } else {
        subject.pass(place)
    }
}

fn shown(seconds: f64) -> String {
    SimDuration::from_secs(seconds.ceil() as u64).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::Verdict::{self, Fail, Pass, Risk};

    #[test]
    fn a_window_is_too_short_for_certain_or_perhaps() {
        let time = Estimate::of(&crate::kernel::Dist::lognormal(3600.0, 7200.0));
        let check = |minutes: u64, expected: Verdict| {
            let found = judge(&Subject::part("upgrade"), Some(SimDuration::from_mins(minutes)), time, "how");
            assert_eq!(found.verdict, expected, "{minutes}: {}", found.reason);
        };
        check(240, Pass);
        check(60, Risk);
        check(20, Fail);
    }
}
