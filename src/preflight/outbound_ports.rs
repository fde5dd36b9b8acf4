//! Whether there are source ports for every node, and for the connections that pods open.
//!
//! Sources: azure-aks-docs, configure-load-balancer-standard.md, 2024-01-23; azure-docs, load-balancer-outbound-connections.md, 2022-03-01.

use super::peak::{Peak, grows};
use super::{Check, Course, Finding, Subject, counted};
use crate::kernel::blocked_share;
use crate::scenario::plan::{Controller, OutboundPlan, Ports};
use std::collections::BTreeMap;

/// The share of connections without a port from which on they are told.
const WORTH_TELLING: f64 = 0.001;

/// The check.
pub const CHECK: Check = Check { name: "outbound-ports", run };

fn run(course: &Course<'_>) -> Vec<Finding> {
    let outbound = &course.plan.cluster.network.outbound;
    let each = |pool: usize| u64::from(!course.pool(pool).is_brought());
    let deployed = Peak::of_deployment(course, each);
    if deployed.most == 0 {
        return Vec::new();
    }
    let cluster = Subject::part("cluster");
    let mut findings = Vec::new();
    match outbound.most_nodes() {
        Some(room) => {
            findings.push(fixed(&cluster, outbound, room, deployed));
            let steps = course.looked_at().filter(|step| grows(step));
            findings
                .extend(steps.map(|step| fixed(&Subject::of(step), outbound, room, Peak::of_step(course, step, each))));
        }
        None => {
            findings.extend(automatic(&cluster, outbound, deployed));
            // Of operations those that go beyond what the deployment may come to.
            for step in course.looked_at().filter(|step| grows(step)) {
                let peak = Peak::of_step(course, step, each);
                if peak.most > deployed.most {
                    let peak = Peak { present: peak.before, ..peak };
                    findings.extend(automatic(&Subject::of(step), outbound, peak));
                }
            }
        }
    }
    findings.extend(demand(course, &cluster, outbound, deployed.present));
    findings
}

/// Every node has a fixed number of ports.
fn fixed(subject: &Subject, outbound: &OutboundPlan, room: u32, peak: Peak) -> Finding {
    let addresses = match outbound.addresses {
        1 => "1 address".to_owned(),
        more => format!("{more} addresses"),
    };
    let place = format!(
        "{} of the {} that {addresses} have for each are enough for {}",
        outbound.allocated_ports,
        outbound.all_ports(),
        counted(room.into(), "node"),
    );
    let remedy = "raise managedOutboundIPs.count or lower allocatedOutboundPorts";
    if peak.present > room.into() {
        let code = "InvalidLoadBalancerProfileAllocatedOutboundPorts";
        subject.fail(format!("{code}: needs ports for {}; {place}", counted(peak.present, "node")), remedy)
    } else if peak.most > room.into() {
        let reason = format!("needs ports for {} with pools at their largest; {place}", counted(peak.most, "node"));
        subject.risk(reason, format!("{remedy}, or lower maxCount or maxSurge"))
    } else {
        subject.pass(format!("needs ports for at most {}; {place}", counted(peak.most, "node")))
    }
}

/// The load balancer decides by the number of nodes: more nodes, fewer ports for each.
fn automatic(subject: &Subject, outbound: &OutboundPlan, peak: Peak) -> Option<Finding> {
    let ports = |nodes: u64| match outbound.ports(u32::try_from(nodes).unwrap_or(u32::MAX)) {
        Ports::PerNode(ports) => Some(ports),
        Ports::Shared(_) | Ports::Unknown | Ports::Blocked => None,
    };
    let (now, then) = (ports(peak.present)?, ports(peak.most)?);
    let each = format!("each node has {now} ports");
    if then == now {
        return Some(subject.pass(format!("{each}, also with {}", counted(peak.most, "node"))));
    }
    Some({
        let reason = format!(
            "{each} now and {then} with {}: nodes that are there lose the others and the connections on them",
            counted(peak.most, "node")
        );
        subject.risk(reason, "set allocatedOutboundPorts, with enough managedOutboundIPs")
    })
}

/// Connections to one destination that pods hold when all of them run.
#[derive(Default)]
struct Held {
    /// On all nodes.
    all: f64,
    /// On a node of each pool, when pods are spread evenly over the nodes where they may run.
    on_node: BTreeMap<usize, f64>,
}

/// The connections that pods hold, against the ports for one destination.
fn demand(course: &Course<'_>, subject: &Subject, outbound: &OutboundPlan, nodes: u64) -> Option<Finding> {
    let mut held: BTreeMap<&str, Held> = BTreeMap::new();
    let state = &course.start;
    for (index, workload) in course.plan.workloads.iter().enumerate() {
        let pods = match workload.controller {
            Controller::Job(_) | Controller::CronJob { .. } | Controller::Trace { .. } => 0,
            _ => course.reach.pods(course.plan, index, state),
        };
        let room = f64::from(course.reach.nodes(index, state).max(1));
        let pools = || state.existing().map(|(pool, _)| pool).filter(|pool| course.reach.may_run(index, *pool));
        for flow in &workload.behaviour.outbound {
            let of_pod = flow.micros_per_second as f64 / 1e6 * outbound.held(flow).as_secs_f64();
            let held = held.entry(&flow.destination).or_default();
            held.all += of_pod * f64::from(pods);
            for pool in pools() {
                *held.on_node.entry(pool).or_insert(0.0) += of_pod * f64::from(pods) / room;
            }
        }
    }
    let nodes = u32::try_from(nodes.max(1)).unwrap_or(u32::MAX);
    let ports = outbound.ports(nodes);
    let wanted = |held: &Held| match ports {
        Ports::PerNode(_) => held.on_node.values().copied().fold(0.0, f64::max),
        Ports::Shared(_) | Ports::Unknown | Ports::Blocked => held.all,
    };
    let busiest = held.into_iter().map(|(destination, held)| (destination, wanted(&held)));
    let (destination, wanted) = busiest.max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    let (ports, whose) = match ports {
        Ports::PerNode(ports) => (ports, "a node"),
        Ports::Shared(ports) => (ports, "all nodes together"),
        Ports::Unknown => return None,
        Ports::Blocked => {
            let reason = format!("connections to {destination} are blocked: outboundType is block");
            return Some(subject.fail(reason, "write another outboundType, or no outbound connections"));
        }
    };
    let reason = format!("pods hold {wanted:.0} connections to {destination} on average, {whose} has {ports} ports");
    Some(if blocked_share(ports, wanted) > WORTH_TELLING {
        let remedy = match outbound.ports(nodes) {
            Ports::PerNode(_) => "reuse connections, raise managedOutboundIPs.count, or go out by a NAT gateway",
            _ => "reuse connections, or give the NAT gateway more addresses",
        };
        subject.risk(reason, remedy)
    } else {
        subject.pass(reason)
    })
}
