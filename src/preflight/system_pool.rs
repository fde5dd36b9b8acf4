//! Whether AKS's own pods keep a home: a system pool that is left, large enough, and not burstable.
//!
//! Sources: azure-aks-docs, use-system-pools.md, 2026-04-30 (a system pool must remain, and has two nodes or more of four vCPUs or
//! more), and quotas-skus-regions.md, 2026-08-03 (no B-series). All of it is advice: the API takes one node, two vCPUs and B-series.

use super::course::{RefusedFor, State};
use super::{Check, Course, Finding, Subject, counted};
use crate::catalog::limits;
use crate::scenario::plan::{OperationKind, PoolChange, PoolMode, SettingsChange};

/// The check.
pub const CHECK: Check = Check { name: "system-pool", run };

/// Nodes that a system pool has at least, by the documentation.
const LEAST_NODES: u32 = 2;

fn run(course: &Course<'_>) -> Vec<Finding> {
    let is_system = |state: &State, pool: usize| {
        state.pools[pool].settings.mode == PoolMode::System && !course.pool(pool).is_brought()
    };
    let pools = course.start.existing().filter(|(pool, _)| is_system(&course.start, *pool));
    let mut findings: Vec<Finding> = pools
        .map(|(pool, _)| {
            quality(&Subject::part(format!("pool {}", course.pool(pool).name)), course, &course.start, pool)
        })
        .collect();
    for step in &course.steps {
        let subject = Subject::of(step);
        if let Some(refusal) = step.refused_for(RefusedFor::SystemPool) {
            let reason = format!("refused: {}: {}", refusal.code, refusal.message);
            findings.push(subject.fail(reason, "add another pool of mode System first"));
            continue;
        }
        let changed = match &step.kind {
            OperationKind::Scale { pool, .. }
            | OperationKind::AddPool { pool, .. }
            | OperationKind::UpdatePool { pool, change: PoolChange::Settings(SettingsChange { mode: Some(_), .. }) } => {
                Some(*pool)
            }
            OperationKind::Migrate { to, .. } => Some(*to),
            _ => None,
        };
        if let Some(pool) = changed.filter(|pool| step.refused.is_none() && is_system(&step.after, *pool)) {
            findings.push(quality(&subject, course, &step.after, pool));
        }
    }
    findings
}

fn quality(subject: &Subject, course: &Course<'_>, state: &State, pool: usize) -> Finding {
    let plan = course.pool(pool);
    let nodes = state.pools[pool].nodes;
    let size = plan.scale_set.as_ref().map(|scale_set| scale_set.vm);
    let burstable = size.filter(|vm| vm.burst.is_some());
    let (mut reasons, mut remedies) = (Vec::new(), Vec::new());
    if nodes < LEAST_NODES {
        reasons.push(format!(
            "{} of at least {LEAST_NODES}: while it is drained, AKS's own pods have no other",
            counted(nodes.into(), "node")
        ));
        remedies.push(format!("give it {LEAST_NODES} nodes, or 3"));
    }
    if let Some(vm) = burstable {
        reasons.push(format!("{} is burstable, which Azure does not support for system pools", vm.name));
        remedies.push("choose a D-series size".to_owned());
    }
    if let Some(vm) = size.filter(|vm| !limits::is_advised_for_system(vm.vcpus, vm.memory)) {
        let vcpus = counted(vm.vcpus.into(), "vCPU");
        reasons.push(format!("{} has {vcpus} of the {} that Azure advises", vm.name, limits::SYSTEM_VCPUS_ADVISED));
        remedies.push(format!("choose a size with {} vCPUs or more", limits::SYSTEM_VCPUS_ADVISED));
    }
    if reasons.is_empty() {
        let size = size.map_or_else(String::new, |vm| format!(" of {}", vm.name));
        return subject.pass(format!("{}{size}", counted(nodes.into(), "node")));
    }
    subject.risk(reasons.join("; "), remedies.join("; "))
}
