//! Whether a disruption budget holds a drain for ever.
//!
//! AKS looks for `maxUnavailable: 0` when an upgrade is asked for, on whatever pool the pods are; every other budget that allows
//! nothing shows only when a drain runs out of time. Sources: support articles for AKS, unsatisfiablepdb-error.md, 2023-10-27, and
//! error-code-poddrainfailure.md, 2025-03-03; Kubernetes 1.31-1.36, disruption controller and eviction subresource.

use super::course::{RefusedFor, Step};
use super::reach::Allowance;
use super::{Check, Course, Finding, Subject, counted, listed};
use crate::scenario::plan::{BudgetRule, IntOrPercent, OperationKind, UndrainableNodes, UpgradeStrategy};

/// The check.
pub const CHECK: Check = Check { name: "disruption-budgets", run };

fn run(course: &Course<'_>) -> Vec<Finding> {
    let mut findings = deployment(course);
    for step in course.looked_at() {
        let drained = step.drained();
        if drained.is_empty() {
            continue;
        }
        let subject = Subject::of(step);
        if step.is_forced() {
            let count = counted(course.plan.budgets.len() as u64, "budget");
            findings.push(subject.pass(format!("forced: {count} cannot hold it, and may be violated")));
            continue;
        }
        let evicts = |workload: &usize| course.reach.evicts(course.plan, *workload, &drained);
        let (mut held, mut slow, mut free) = (Vec::new(), Vec::new(), 0);
        for budget in 0..course.plan.budgets.len() {
            let covered = course.reach.covered(budget);
            let allowance = course.reach.allowance(course.plan, budget, &step.before);
            let refuses = step.refused_for(RefusedFor::Budget).filter(|_| is_refused(course, budget));
            if let Some(refusal) = refuses {
                let reason = format!("refused: {}: {}", refusal.code, describe(course, budget, allowance));
                held.push(subject.fail(reason, remedy(course, budget)));
            } else if covered.iter().any(evicts) && allowance.is_never() {
                if !is_single(allowance) {
                    let reason = format!("{}: {}", describe(course, budget, allowance), consequence(step, &drained));
                    held.push(if matches!(allowance, Allowance::NoScale(_)) {
                        // Of what is evicted only Jobs have no scale, and they end.
                        subject.risk(format!("while it runs, {reason}"), "let the Job end first, or leave it no budget")
                    } else {
                        unheeded(&subject, step, reason, remedy(course, budget))
                    });
                }
            } else if covered.iter().any(evicts) {
                free += 1;
                if let Allowance::Evictions { allowed, .. } = allowance {
                    slow.push((allowed, name(course, budget)));
                }
            }
        }
        if step.kind == OperationKind::StopCluster {
            findings.push(stop(course, step, &drained, &subject));
            continue;
        }
        held.extend(twice_covered(course, step, &drained, &subject));
        if held.is_empty() {
            let reason = match slow.iter().min() {
                Some((allowed, name)) => format!(
                    "{} in the way; the tightest, {name}, lets {} at a time go",
                    counted(free, "budget"),
                    counted(u64::from(*allowed), "pod")
                ),
                None => "no budget is in the way".to_owned(),
            };
            held.push(subject.pass(reason));
        }
        findings.extend(held);
    }
    findings
}

/// A stop leaves no node on which an evicted pod could be replaced: each budget that wants a pod keeps its last ones.
fn stop(course: &Course<'_>, step: &Step<'_>, drained: &[(usize, u32)], subject: &Subject) -> Finding {
    let evicts = |workload: &usize| course.reach.evicts(course.plan, *workload, drained);
    let holds = |budget: &usize| {
        let wants = match course.reach.allowance(course.plan, *budget, &step.before) {
            Allowance::Evictions { desired, .. } => desired > 0,
            Allowance::NoScale(_) => true,
            Allowance::NoPods => false,
        };
        wants && course.reach.covered(*budget).iter().any(evicts)
    };
    let names: Vec<String> = (0..course.plan.budgets.len()).filter(holds).map(|budget| name(course, budget)).collect();
    if names.is_empty() {
        return subject.pass("no budget is in the way");
    }
    let timeouts = drained.iter().map(|(pool, _)| step.before.pools[*pool].settings.upgrade.drain_timeout);
    let timeout = timeouts.max().unwrap_or_default();
    let reason = format!(
        "the last pods of {} have no node to go to: the stop waits {timeout} for their nodes, which then go whatever budgets say",
        listed(&names)
    );
    subject.risk(reason, "allow for the time, lower drainTimeoutInMinutes, or scale to zero what need not run")
}

/// Budgets that hold nothing yet, because nothing is planned that drains a node.
fn deployment(course: &Course<'_>) -> Vec<Finding> {
    if course.plan.budgets.is_empty() || course.looked_at().any(|step| !step.drained().is_empty()) {
        return Vec::new();
    }
    let never = (0..course.plan.budgets.len()).filter_map(|budget| {
        let allowance = course.reach.allowance(course.plan, budget, &course.start);
        let subject = Subject::part(format!("budget {}", name(course, budget)));
        let reason = || {
            format!(
                "{}: it will hold every drain, and keeps the autoscaler from its nodes",
                describe(course, budget, allowance)
            )
        };
        allowance.is_never().then(|| subject.risk(reason(), remedy(course, budget)))
    });
    let mut findings: Vec<Finding> = never.collect();
    if findings.is_empty() {
        let count = counted(course.plan.budgets.len() as u64, "budget");
        findings.push(Subject::part("cluster").pass(format!("{count}, none of which holds a drain for ever")));
    }
    findings
}

/// True when a single pod is all that the budget covers: what that means is another check's.
pub(super) const fn is_single(allowance: Allowance) -> bool {
    matches!(allowance, Allowance::Evictions { healthy: 1, .. })
}

/// True for budgets that AKS itself refuses.
fn is_refused(course: &Course<'_>, budget: usize) -> bool {
    let never = BudgetRule::MaxUnavailable;
    let rule = course.plan.budgets[budget].rule;
    !course.reach.covered(budget).is_empty()
        && (rule == never(IntOrPercent::Int(0)) || rule == never(IntOrPercent::Percent(0)))
}

/// Pods that two budgets cover cannot be evicted at all.
fn twice_covered(course: &Course<'_>, step: &Step<'_>, drained: &[(usize, u32)], subject: &Subject) -> Option<Finding> {
    let twice = |workload: &usize| {
        course.reach.evicts(course.plan, *workload, drained) && course.reach.budgets_of(*workload).nth(1).is_some()
    };
    let names: Vec<String> =
        (0..course.plan.workloads.len()).filter(twice).map(|workload| course.plan.workloads[workload].key()).collect();
    (!names.is_empty()).then(|| {
        let reason = format!(
            "more than one budget covers {}, so that each eviction is answered 500: {}",
            listed(&names),
            consequence(step, drained)
        );
        unheeded(subject, step, reason, "leave each pod one budget")
    })
}

/// A budget that is not heeded: a stop only takes longer by it, everything else fails or breaks what it protects.
pub(super) fn unheeded(subject: &Subject, step: &Step<'_>, reason: String, remedy: impl Into<String>) -> Finding {
    match step.kind {
        OperationKind::StopCluster => subject.risk(reason, remedy),
        _ => subject.fail(reason, remedy),
    }
}

/// What comes of a pod that cannot be evicted.
pub(super) fn consequence(step: &Step<'_>, drained: &[(usize, u32)]) -> String {
    let timeouts = drained.iter().map(|(pool, _)| step.before.pools[*pool].settings.upgrade.drain_timeout);
    let timeout = timeouts.max().unwrap_or_default();
    match &step.kind {
        OperationKind::Migrate { drain_timeout: None, .. } => "kubectl drain waits for ever".to_owned(),
        OperationKind::Migrate { drain_timeout: Some(timeout), .. } => {
            format!("the drain is given up after {timeout} and the migration stops")
        }
        OperationKind::Upgrade { .. } | OperationKind::Rollback { .. } | OperationKind::UpdateNetwork(_) => {
            let settings = step.before.pools[drained[0].0].settings.upgrade;
            let then = match (settings.strategy, settings.undrainable) {
                (UpgradeStrategy::BlueGreen(_), _) => "the upgrade fails, with both sets of nodes left",
                (_, UndrainableNodes::Uncordon) => "the upgrade fails",
                (_, UndrainableNodes::Replace) => "the node is deleted with its pods and replaced",
                (_, UndrainableNodes::Cordon) => "the node is left behind in quarantine",
            };
            format!("the drain times out after {timeout} and {then}")
        }
        OperationKind::StopCluster => {
            format!("the stop waits {timeout} for its node, which then goes whatever the budget says")
        }
        _ => format!("the drain times out after {timeout} and the node goes with its pods, whatever the budget says"),
    }
}

fn name(course: &Course<'_>, budget: usize) -> String {
    let plan = &course.plan.budgets[budget];
    format!("{}/{}", plan.namespace, plan.name)
}

/// The rule in the words of the manifest.
pub(super) fn rule(rule: BudgetRule) -> String {
    let (key, value) = match rule {
        BudgetRule::MinAvailable(value) => ("minAvailable", value),
        BudgetRule::MaxUnavailable(value) => ("maxUnavailable", value),
    };
    match value {
        IntOrPercent::Int(count) => format!("{key} {count}"),
        IntOrPercent::Percent(share) => format!("{key} {share}%"),
    }
}

fn describe(course: &Course<'_>, budget: usize, allowance: Allowance) -> String {
    let rule = rule(course.plan.budgets[budget].rule);
    let name = name(course, budget);
    match allowance {
        Allowance::NoPods => format!("{name} with {rule} covers no pod"),
        Allowance::NoScale(kind) => {
            format!("{name} with {rule} covers a {kind}, which has no scale to count by, and so allows no eviction")
        }
        Allowance::Evictions { allowed, healthy, desired } => {
            format!(
                "{name} with {rule} wants {desired} of {healthy} pods ready and allows {}",
                counted(u64::from(allowed), "eviction")
            )
        }
    }
}

fn remedy(course: &Course<'_>, budget: usize) -> String {
    match course.plan.budgets[budget].rule {
        BudgetRule::MaxUnavailable(_) => "allow maxUnavailable 1 or more for the time of the drain".to_owned(),
        BudgetRule::MinAvailable(_) => "write maxUnavailable 1, or run more replicas than minAvailable".to_owned(),
    }
}
