//! Whether the pod CIDR has a /24 for every node, and with kubenet the route table a route.
//!
//! Sources: azure-aks-docs, concepts-network-ip-address-planning.md, 2026-04-16, and configure-kubenet.md, 2026-04-16 (400 routes).

use super::peak::{Peak, grows};
use super::{Check, Course, Finding, Subject, counted};
use crate::catalog::limits;
use crate::scenario::plan::NetworkModel;

/// The check.
pub const CHECK: Check = Check { name: "pod-cidr", run };

fn run(course: &Course<'_>) -> Vec<Finding> {
    let network = &course.plan.cluster.network;
    let Some(pod_cidr) = network.pod_cidr else {
        return Vec::new();
    };
    let blocks = limits::pod_blocks(pod_cidr);
    let routes = network.model == NetworkModel::Kubenet && blocks > network.routes_per_table;
    let (room, what) = if routes {
        (network.routes_per_table, "the route table has a route each for".to_owned())
    } else {
        (blocks, format!("{pod_cidr} has a /24 each for"))
    };
    let each = |pool: usize| u64::from(!course.pool(pool).is_brought());
    let judge = |subject: &Subject, peak: Peak| {
        let place = format!("{what} {room}");
        let remedy = if routes { "change to Azure CNI Overlay" } else { "build the cluster with a larger podCidr" };
        if peak.present > room.into() {
            subject.fail(format!("needs {}; {place}", counted(peak.present, "node")), remedy)
        } else if peak.most > room.into() {
            let reason = format!("needs {} with pools at their largest; {place}", counted(peak.most, "node"));
            subject.risk(reason, format!("{remedy}, or lower maxCount or maxSurge"))
        } else {
            let most = if peak.most > peak.present { format!(", at most {}", peak.most) } else { String::new() };
            subject.pass(format!("needs {}{most}; {place}", counted(peak.present, "node")))
        }
    };
    let peak = Peak::of_deployment(course, each);
    let mut findings = Vec::new();
    if peak.most > 0 {
        findings.push(judge(&Subject::part("cluster"), peak));
    }
    let steps = course.looked_at().filter(|step| grows(step));
    findings.extend(steps.map(|step| judge(&Subject::of(step), Peak::of_step(course, step, each))));
    findings
}
