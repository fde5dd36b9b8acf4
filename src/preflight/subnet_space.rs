//! Whether subnets have the addresses that an operation needs at its peak.
//!
//! Sources: azure-aks-docs, concepts-network-ip-address-planning.md, 2026-04-16, for what a node takes; support articles for AKS,
//! insufficientsubnetsize-error-advanced-networking.md, 2025-02-20, for AKS's own arithmetic, which leaves out the node's own address
//! and counts `maxCount` of an autoscaled overlay pool; subnetisfull-error.md, 2024-10-10.

use super::peak::{Peak, grows};
use super::{Check, Course, Finding, Subject};
use crate::catalog::limits;
use crate::scenario::plan::{NetworkChange, NetworkModel, OperationKind};

/// The check.
pub const CHECK: Check = Check { name: "subnet-space", run };

fn run(course: &Course<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut in_network = 0;
    let cluster = &course.plan.cluster;
    for (index, subnet) in cluster.subnets.iter().enumerate() {
        let others = u64::from(course.plan.other_addresses(index));
        let space = Space { name: &subnet.name, usable: cluster.usable_addresses(index).into(), others };
        let need = |model: NetworkModel, pool: usize| course.pool(pool).node_need(model, index);
        // Nodes need the least from their start on, and the most with all of their pods.
        let each = |model, most: bool| {
            move |pool: usize| {
                let need = need(model, pool);
                u64::from(if most { need.most } else { need.least })
            }
        };
        let peak = |least: Peak, most: Peak| Peak {
            before: least.before + others,
            present: least.present + others,
            most: most.most + others,
        };
        let model = cluster.network.model;
        let deployed =
            peak(Peak::of_deployment(course, each(model, false)), Peak::of_deployment(course, each(model, true)));
        in_network += deployed.most;
        if deployed.most > 0 {
            let subject = Subject::part(format!("subnet {}", subnet.name));
            let when = "with every pool at its largest and the surge of one";
            findings.push(space.judge(&subject, deployed, None, when));
        }
        for step in course.looked_at().filter(|step| grows(step)) {
            let (model, then) = (step.before.network, step.after.network);
            let (mut few, mut many) =
                (Peak::of_step(course, step, each(model, false)), Peak::of_step(course, step, each(model, true)));
            if then != model {
                // Nodes that are there hold what they hold, and those that come to replace them take what they need.
                for (peak, new) in [(&mut few, each(then, false)), (&mut many, each(then, true))] {
                    let comes = Peak::of_step(course, step, new);
                    peak.present = peak.before + (comes.present - comes.before);
                    peak.most = peak.before + (comes.most - comes.before);
                }
            }
            let peak = peak(few, many);
            if peak.present > peak.before || peak.most > peak.before {
                let asked = asked_of(course, index, step);
                findings.push(space.judge(&Subject::of(step), peak, asked, "with autoscaled pools at their largest"));
            }
        }
    }
    let most = u64::from(limits::ADDRESSES_PER_VNET);
    if in_network > most {
        let reason = format!(
            "needs {} in all subnets with every pool at its largest, and a network has {most}",
            addresses_of(in_network)
        );
        findings.push(
            Subject::part("virtual network").fail(reason, "change to Azure CNI Overlay, or lower maxPods or maxCount"),
        );
    }
    findings
}

/// The most addresses that AKS itself asks the subnet for on behalf of one pool, before it begins.
fn asked_of(course: &Course<'_>, subnet: usize, step: &super::course::Step<'_>) -> Option<u64> {
    let model = step.after.network;
    let asked = |pool: usize, new: u32| {
        let counted = course.pool(pool).counted_by_aks(model, subnet, new, step.after.pools[pool].autoscaling)?;
        Some(if new == 0 { 0 } else { u64::from(counted) })
    };
    let surge = |pool: usize| {
        let state = &step.before.pools[pool];
        step.before.pool_plan(course.plan, pool).least_extra(state.nodes, state.version)
    };
    match &step.kind {
        OperationKind::UpdateNetwork(NetworkChange::Overlay(_)) => {
            step.before.existing().filter_map(|(pool, _)| asked(pool, surge(pool))).max()
        }
        OperationKind::Upgrade { pools, .. } => pools.iter().filter_map(|pool| asked(*pool, surge(*pool))).max(),
        OperationKind::Scale { pool, count } => asked(*pool, count.saturating_sub(step.before.pools[*pool].nodes)),
        OperationKind::AddPool { pool, .. } | OperationKind::Migrate { to: pool, .. } => {
            asked(*pool, course.pool(*pool).count)
        }
        _ => None,
    }
}

/// A subnet, and what of it something else than nodes holds.
struct Space<'a> {
    name: &'a str,
    usable: u64,
    others: u64,
}

impl Space<'_> {
    fn judge(&self, subject: &Subject, peak: Peak, asked: Option<u64>, when: &str) -> Finding {
        let Self { name, usable, others } = *self;
        let enough = |needed: u64| {
            let needed = u32::try_from(needed).unwrap_or(u32::MAX);
            format!("move the pools to a subnet of /{} or larger", limits::smallest_prefix(needed))
        };
        let besides = match others {
            0 => String::new(),
            1 => ", 1 of them not for nodes".to_owned(),
            _ => format!(", {others} of them not for nodes"),
        };
        let free = usable.saturating_sub(peak.before);
        if let Some(asked) = asked.filter(|asked| *asked > free) {
            let reason = format!(
                "InsufficientSubnetSize: AKS counts {} for it before it begins, and {free} of {usable} are free in subnet {name}",
                addresses_of(asked)
            );
            return subject.fail(reason, enough(peak.present.max(peak.before + asked)));
        }
        if peak.present > usable {
            let needed = addresses_of(peak.present);
            let reason = format!("SubnetIsFull: needs {needed} of subnet {name}{besides}, which has {usable}");
            return subject.fail(reason, enough(peak.most));
        }
        if peak.most > usable {
            let reason =
                format!("needs {} of subnet {name}{besides} {when}, which has {usable}", addresses_of(peak.most));
            return subject.risk(reason, format!("{}, or lower maxCount or maxSurge", enough(peak.most)));
        }
        let most = if peak.most > peak.present { format!(", at most {}", peak.most) } else { String::new() };
        subject.pass(format!("needs {}{most}{besides}, of {usable} in subnet {name}", addresses_of(peak.present)))
    }
}

/// `1 address`, `2 addresses`.
fn addresses_of(count: u64) -> String {
    if count == 1 { "1 address".to_owned() } else { format!("{count} addresses") }
}
