//! Whether a front end of the load balancer reaches all nodes by the rules of its Services.
//!
//! Source: azure-aks-docs, best-practices-performance-scale-large.md, 2026-06-05.

use super::peak::{Peak, grows};
use super::{Check, Course, Finding, Subject, counted};
use crate::catalog::outbound::{BACKENDS_PER_FRONT_END, INTERNAL_NODES_ADVISED};
use crate::scenario::plan::{FrontEnd, ServicePlan, front_ends};

/// The check.
pub const CHECK: Check = Check { name: "load-balancer-rules", run };

fn run(course: &Course<'_>) -> Vec<Finding> {
    let each = |pool: usize| u64::from(!course.pool(pool).is_brought());
    let nodes = Peak::of_deployment(course, each);
    if nodes.most == 0 {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (front_end, services) in front_ends(&course.plan.services) {
        let names: Vec<String> = services.iter().map(|one| format!("{}/{}", one.namespace, one.name)).collect();
        let judge = |subject: &Subject, nodes: Peak| judge(subject, nodes, front_end, &services);
        findings.push(judge(&Subject::part(format!("Service {}", names.join(", "))), nodes));
        // Of operations those that go beyond what the deployment may come to.
        for step in course.looked_at().filter(|step| grows(step)) {
            let peak = Peak::of_step(course, step, each);
            if peak.most > nodes.most {
                findings.push(judge(&Subject::of(step), peak));
            }
        }
    }
    findings
}

fn judge(subject: &Subject, nodes: Peak, front_end: &FrontEnd, services: &[&ServicePlan]) -> Finding {
    let ports: u64 = services.iter().map(|service| u64::from(service.ports)).sum();
    let needs = |nodes: u64| {
        format!(
            "{} on {} are {} of the {BACKENDS_PER_FRONT_END} that a front end has",
            counted(ports, "port"),
            counted(nodes, "node"),
            ports * nodes
        )
    };
    let remedy = "spread the ports over Services with addresses of their own, or put one ingress in front";
    if ports * nodes.present > BACKENDS_PER_FRONT_END.into() {
        subject.fail(needs(nodes.present), remedy)
    } else if ports * nodes.most > BACKENDS_PER_FRONT_END.into() {
        subject.risk(needs(nodes.most), remedy)
    } else if front_end.is_internal() && nodes.present > INTERNAL_NODES_ADVISED.into() {
        let reason = format!("an internal load balancer with {} is slow to make", counted(nodes.present, "node"));
        subject.risk(reason, format!("create it while the cluster has fewer than {INTERNAL_NODES_ADVISED} nodes"))
    } else {
        subject.pass(needs(nodes.most))
    }
}
