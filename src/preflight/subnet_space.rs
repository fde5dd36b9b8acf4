//! Whether subnets have the addresses that an operation needs at its peak.
//!
//! Sources: azure-aks-docs, concepts-network-ip-address-planning.md, 2026-04-16, for what a node takes; support articles for AKS,
//! insufficientsubnetsize-error-advanced-networking.md, 2025-02-20, for AKS's own arithmetic, which leaves out the node's own address
//! and counts `maxCount` of an autoscaled overlay pool; subnetisfull-error.md, 2024-10-10.

use super::peak::{Peak, grows, surge_nodes};
use super::{Check, Course, Finding, Subject};
use crate::catalog::limits;
use crate::scenario::plan::OperationKind;

/// The check.
pub const CHECK: Check = Check { name: "subnet-space", run };

fn run(course: &Course<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, subnet) in course.plan.cluster.subnets.iter().enumerate() {
        let usable = u64::from(limits::usable_addresses(subnet.prefix));
        let need = |pool: usize| course.pool(pool).node_need(course.plan.cluster.network.model, index);
        let each = |pool: usize| u64::from(need(pool).least);
        let (least, most) =
            (Peak::of_deployment(course, each), Peak::of_deployment(course, |pool| need(pool).most.into()));
        let peak = Peak { most: most.most, ..least };
        if peak.most > 0 {
            let subject = Subject::part(format!("subnet {}", subnet.name));
            let when = "with every pool at its largest and the surge of one";
            findings.push(judge(&subject, &subnet.name, usable, peak, None, when));
        }
        for step in course.looked_at().filter(|step| grows(step)) {
            let peak = Peak::of_step(course, step, each);
            if peak.present > peak.before || peak.most > peak.before {
                let asked = asked_of(course, index, step);
                let when = "with autoscaled pools at their largest";
                findings.push(judge(&Subject::of(step), &subnet.name, usable, peak, asked, when));
            }
        }
    }
    findings
}

/// The most addresses that AKS itself asks the subnet for on behalf of one pool, before it begins.
fn asked_of(course: &Course<'_>, subnet: usize, step: &super::course::Step<'_>) -> Option<u64> {
    let asked = |pool: usize, new: u32| {
        let model = course.plan.cluster.network.model;
        let counted = course.pool(pool).counted_by_aks(model, subnet, new, step.after.pools[pool].autoscaling)?;
        Some(u64::from(counted))
    };
    match &step.kind {
        OperationKind::Upgrade { pools, .. } => {
            let surge = |pool: usize| surge_nodes(course, pool, step.before.pools[pool].nodes);
            pools.iter().filter_map(|pool| asked(*pool, surge(*pool))).max()
        }
        OperationKind::Scale { pool, count } => asked(*pool, count.saturating_sub(step.before.pools[*pool].nodes)),
        OperationKind::AddPool { pool, .. } | OperationKind::Migrate { to: pool, .. } => {
            asked(*pool, course.pool(*pool).count)
        }
        _ => None,
    }
}

fn judge(subject: &Subject, subnet: &str, usable: u64, peak: Peak, asked: Option<u64>, when: &str) -> Finding {
    let enough = |needed: u64| {
        let needed = u32::try_from(needed).unwrap_or(u32::MAX);
        format!("move the pools to a subnet of /{} or larger", limits::smallest_prefix(needed))
    };
    let free = usable.saturating_sub(peak.before);
    let refused = asked.filter(|asked| *asked > free);
    if peak.present > usable {
        let code = if refused.is_some() { "InsufficientSubnetSize" } else { "SubnetIsFull" };
        let reason = format!("{code}: needs {} of subnet {subnet}, which has {usable}", addresses_of(peak.present));
        return subject.fail(reason, enough(peak.most));
    }
    if let Some(asked) = refused {
        let reason = format!(
            "AKS counts {asked} addresses for it and {free} are free in subnet {subnet}, so that it may answer \
             InsufficientSubnetSize, though {} would do",
            peak.present - peak.before
        );
        return subject.risk(reason, enough(peak.before + asked));
    }
    if peak.most > usable {
        let reason = format!("needs {} of subnet {subnet} {when}, which has {usable}", addresses_of(peak.most));
        return subject.risk(reason, format!("{}, or lower maxCount or maxSurge", enough(peak.most)));
    }
    let most = if peak.most > peak.present { format!(", at most {}", peak.most) } else { String::new() };
    subject.pass(format!("needs {}{most}, of {usable} in subnet {subnet}", addresses_of(peak.present)))
}

/// `1 address`, `2 addresses`.
fn addresses_of(count: u64) -> String {
    if count == 1 { "1 address".to_owned() } else { format!("{count} addresses") }
}
