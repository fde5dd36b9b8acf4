//! Whether the pod CIDR has a /24 for every node, and with kubenet the route table a route.
//!
//! Sources: azure-aks-docs, concepts-network-ip-address-planning.md, 2026-04-16, and configure-kubenet.md, 2026-04-16 (400 routes).

use super::course::State;
use super::peak::{Peak, grows};
use super::{Check, Course, Finding, Subject, counted};
use crate::catalog::limits;
use crate::scenario::plan::NetworkModel;

/// The check.
pub const CHECK: Check = Check { name: "pod-cidr", run };

fn run(course: &Course<'_>) -> Vec<Finding> {
    let each = |pool: usize| u64::from(!course.pool(pool).is_brought());
    let mut findings = Vec::new();
    let peak = Peak::of_deployment(course, each);
    if peak.most > 0 {
        findings.extend(judge(course, &course.start, &Subject::part("cluster"), peak));
    }
    for step in course.looked_at().filter(|step| grows(step)) {
        findings.extend(judge(course, &step.after, &Subject::of(step), Peak::of_step(course, step, each)));
    }
    findings
}

/// Compares the nodes of a peak with the room that there is in the state; `None` without a pod CIDR.
fn judge(course: &Course<'_>, state: &State, subject: &Subject, peak: Peak) -> Option<Finding> {
    let network = &course.plan.cluster.network;
    let pod_cidr = state.pod_cidr?;
    let room = network.room_for_nodes(pod_cidr, state.network);
    let routes = room < limits::pod_blocks(pod_cidr);
    let what = if routes {
        "the route table has a route each for".to_owned()
    } else {
        format!("{pod_cidr} has a /24 each for")
    };
    let place = format!("{what} {room}");
    let remedy = match (routes, state.network) {
        (true, _) => "change to Azure CNI Overlay",
        (false, NetworkModel::AzureOverlay) => "change to a larger podCidr that contains it (updateNetwork)",
        (false, _) => "build the cluster with a larger podCidr",
    };
    Some(if peak.present > room.into() {
        subject.fail(format!("needs {}; {place}", counted(peak.present, "node")), remedy)
    } else if peak.most > room.into() {
        let reason = format!("needs {} with pools at their largest; {place}", counted(peak.most, "node"));
        subject.risk(reason, format!("{remedy}, or lower maxCount or maxSurge"))
    } else {
        let most = if peak.most > peak.present { format!(", at most {}", peak.most) } else { String::new() };
        subject.pass(format!("needs {}{most}; {place}", counted(peak.present, "node")))
    })
}
