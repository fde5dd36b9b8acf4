//! How far pools are behind the control plane.
//!
//! Sources: azure-aks-docs, upgrade-aks-control-plane.md, 2026-07-30: three minor versions from 1.28 on; upgrade-node-pools.md, 2023-07-19:
//! two before, and never ahead.

use super::course::{RefusedFor, State};
use super::{Check, Course, Finding, Subject, counted};
use crate::scenario::plan::OperationKind;

/// The check.
pub const CHECK: Check = Check { name: "version-skew", run };

fn run(course: &Course<'_>) -> Vec<Finding> {
    let mut findings = vec![of_state(&Subject::part("cluster"), course, &course.start)];
    for step in course.looked_at() {
        let subject = Subject::of(step);
        let refusal = step.refused_for(RefusedFor::Skew);
        let changes_versions = match &step.kind {
            OperationKind::Upgrade { version, .. } => version.is_some(),
            OperationKind::AddPool { version, .. } => version.is_some(),
            _ => false,
        };
        match refusal {
            Some(refusal) => {
                let reason = format!("refused: {}: {}", refusal.code, refusal.message);
                findings.push(subject.fail(reason, "upgrade the pools that are behind, or the control plane, first"));
            }
            // A path that is refused leads nowhere.
            None if changes_versions && step.refused.is_none() => {
                findings.push(of_state(&subject, course, &step.after));
            }
            None => {}
        }
    }
    findings
}

fn of_state(subject: &Subject, course: &Course<'_>, state: &State) -> Finding {
    let versions = state.existing().map(|(pool, found)| (found.version, pool));
    let Some((oldest, pool)) = versions.min_by_key(|(version, _)| (version.minor, version.patch)) else {
        return subject.pass("there is no pool");
    };
    let name = &course.pool(pool).name;
    let behind = state.version.minor.saturating_sub(oldest.minor);
    let most = course.plan.cluster.conflicts.most_skew(state.version);
    let place = format!(
        "pool {name} {oldest} is {} behind the control plane's {}, of at most {most}",
        counted(behind.into(), "minor version"),
        state.version
    );
    if behind > most {
        subject.fail(place, format!("upgrade pool {name}"))
    } else if behind == most {
        let reason = format!("{place}: the next minor version of the control plane is refused");
        subject.risk(reason, format!("upgrade pool {name} before that"))
    } else if behind == 0 {
        subject.pass(format!("all pools are on the control plane's {}", state.version))
    } else {
        subject.pass(place)
    }
}
