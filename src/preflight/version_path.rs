//! Whether an upgrade may go from the versions that earlier operations leave to the one that it asks for.
//!
//! Sources: azure-aks-docs, supported-kubernetes-versions.md, 2026-08-05; support articles for AKS, aks-upgrade-blocked.md, 2025-08-22.

use super::course::{RefusedFor, State};
use super::{Check, Course, Finding, Subject};
use crate::scenario::plan::OperationKind;

/// The check.
pub const CHECK: Check = Check { name: "version-path", run };

fn run(course: &Course<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for step in course.looked_at() {
        let OperationKind::Upgrade { version: Some(version), pools, .. } = &step.kind else {
            continue;
        };
        let subject = Subject::of(step);
        findings.push(match step.refused_for(RefusedFor::Path) {
            Some(refusal) => {
                let remedy = match refusal.code {
                    "K8sVersionNotSupported" => {
                        "choose a version that AKS offers then, or move the start or the operation to when it does"
                    }
                    _ if step.before.version == *version => "leave it out, or choose a newer version",
                    _ => "upgrade by one minor version at a time, the control plane first, and never back",
                };
                subject.fail(format!("refused: {}: {}", refusal.code, refusal.message), remedy)
            }
            None => subject.pass(format!("{} → {version}", versions(course, &step.before, pools))),
        });
    }
    findings
}

/// The versions of control plane and pools.
fn versions(course: &Course<'_>, state: &State, pools: &[usize]) -> String {
    let mut parts = vec![format!("control plane {}", state.version)];
    parts.extend(pools.iter().map(|pool| format!("{} {}", course.pool(*pool).name, state.pools[*pool].version)));
    super::listed(&parts)
}
