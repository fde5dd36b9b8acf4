//! The log of a replication: its facts as sentences.

use super::ExplainArguments;
use super::pods::begins_so;
use crate::cluster::{Event, Fact, Observer, OperationState, PodId, World};
use crate::kernel::{EventKey, Id, SimTime};
use std::io::Write;

/// Prints facts as they happen.
pub(super) struct Log<'a, W: Write> {
    pub out: W,
    pub arguments: &'a ExplainArguments,
    /// Why nothing more could be written.
    pub broken: Option<std::io::Error>,
}

impl<W: Write> Observer for Log<'_, W> {
    fn after_event(&mut self, key: EventKey, _: Event, facts: &[Fact], world: &World) {
        let (from, until) = (self.arguments.from, self.arguments.until.unwrap_or(world.plan.duration));
        if key.at < SimTime::after_start(from) || key.at > SimTime::after_start(until) || self.broken.is_some() {
            return;
        }
        for fact in facts {
            if !self.concerns(*fact, world) {
                continue;
            }
            if let Err(error) = writeln!(self.out, "{} {}", stamp(key.at), sentence(*fact, world)) {
                self.broken = Some(error);
                return;
            }
        }
    }
}

impl<W: Write> Log<'_, W> {
    fn concerns(&self, fact: Fact, world: &World) -> bool {
        let (pod, node) = subjects(fact, world);
        let of_pod = |prefix: &String| pod.is_some_and(|pod| begins_so(world, pod, prefix));
        let on_node = |prefix: &String| node.is_some_and(|name| name.starts_with(prefix.as_str()));
        self.arguments.pod.as_ref().is_none_or(of_pod) && self.arguments.node.as_ref().is_none_or(on_node)
    }
}

/// The pod and the node that a fact is about.
fn subjects(fact: Fact, world: &World) -> (Option<PodId>, Option<&str>) {
    let of_pod = |pod: PodId| {
        let state = &world.pods[pod];
        (Some(pod), state.node.map(|node| &*world.nodes[node].info.name))
    };
    match fact {
        Fact::PodCreated(pod)
        | Fact::PodUnschedulable(pod)
        | Fact::PodScheduled(pod)
        | Fact::PodPulled(pod)
        | Fact::PodReady(pod)
        | Fact::PodDeleted(pod)
        | Fact::PodEnded(pod)
        | Fact::EvictionRefused(pod, _)
        | Fact::BudgetViolated(pod, _)
        | Fact::PodEvicted(pod)
        | Fact::PodLost(pod)
        | Fact::PodWaitsForAddress(pod)
        | Fact::PodPreempted(pod, _) => of_pod(pod),
        Fact::NodeRequested(node)
        | Fact::StageEnded(node, ..)
        | Fact::NodeReady(node)
        | Fact::NodeFailed(node, _)
        | Fact::NodeCordoned(node)
        | Fact::NodeQuarantined(node)
        | Fact::NodeDrained(node, _)
        | Fact::DrainCanceled(node)
        | Fact::NodeReimaged(node)
        | Fact::NodeDeleted(node)
        | Fact::SpotNoticed(node)
        | Fact::SpotEvicted(node)
        | Fact::NodeCrashed(node)
        | Fact::NodeRepaired(node)
        | Fact::NodeDeallocated(node)
        | Fact::AddressesChanged(_, node)
        | Fact::ScaledDown(node) => (None, Some(&world.nodes[node].info.name)),
        Fact::ScaledUp(..)
        | Fact::OperationChanged(_)
        | Fact::WindowClosed(_)
        | Fact::FrontEndChanged(..)
        | Fact::OutboundChanged => (None, None),
    }
}

/// `2d 03:04:05.678`
pub(super) fn stamp(at: SimTime) -> String {
    let millis = at.micros() / 1000;
    let (days, rest) = (millis / 86_400_000, millis % 86_400_000);
    let (hours, minutes, seconds) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    format!("{days}d {hours:02}:{minutes:02}:{seconds:02}.{:03}", rest % 1000)
}

fn sentence(fact: Fact, world: &World) -> String {
    let pod = |pod: PodId| {
        format!("pod {}/{}", world.workload_plan(world.pods[pod].workload).namespace, world.pods[pod].name)
    };
    let node = |node| format!("node {}", world.nodes[node].info.name);
    match fact {
        Fact::PodCreated(id) => format!("{} created", pod(id)),
        Fact::PodUnschedulable(id) => {
            format!("{} pending: {}", pod(id), world.pods[id].unschedulable.as_deref().unwrap_or("bound meanwhile"))
        }
        Fact::PodScheduled(id) => {
            let host = world.pods[id].node.map_or("no node", |host| &*world.nodes[host].info.name);
            format!("{} bound to {host}", pod(id))
        }
        Fact::PodPulled(id) => format!("{} has its images", pod(id)),
        Fact::PodReady(id) => format!("{} ready", pod(id)),
        Fact::PodDeleted(id) => format!("{} deleted, begins to terminate", pod(id)),
        Fact::PodEnded(id) => format!("{} ended ({:?})", pod(id), world.pods[id].phase),
        Fact::EvictionRefused(id, budget) => {
            format!(
                "{} not evicted: disruption budget {} allows none",
                pod(id),
                world.plan.budgets[world.budgets[budget].plan].name
            )
        }
        Fact::BudgetViolated(id, budget) => {
            format!(
                "{} taken away by force: disruption budget {} allows none",
                pod(id),
                world.plan.budgets[world.budgets[budget].plan].name
            )
        }
        Fact::PodEvicted(id) => format!("{} evicted", pod(id)),
        Fact::PodPreempted(id, by) => format!("{} preempted: makes room for {}", pod(id), pod(by)),
        Fact::NodeRequested(id) => {
            format!("{} requested{}", node(id), if world.nodes[id].surge { " (surge)" } else { "" })
        }
        Fact::StageEnded(id, stage, took) => format!("{} {} after {:.1}s", node(id), stage.name(), took.as_secs_f64()),
        Fact::NodeReady(id) => format!("{} ready, Kubernetes {}", node(id), world.nodes[id].version),
        Fact::NodeFailed(id, failure) => format!("{} failed: {}", node(id), failure.code()),
        Fact::NodeCordoned(id) => format!("{} cordoned", node(id)),
        Fact::NodeQuarantined(id) => format!("{} quarantined: the upgrade leaves it behind", node(id)),
        Fact::NodeDrained(id, true) => format!("{} drained", node(id)),
        Fact::NodeDrained(id, false) => format!("{} not drained before the timeout", node(id)),
        Fact::DrainCanceled(id) => format!("drain of {} given up", node(id)),
        Fact::NodeReimaged(id) => format!("{} reimaged", node(id)),
        Fact::NodeDeleted(id) => format!("{} deleted", node(id)),
        Fact::SpotNoticed(id) => format!("{} gets notice: Azure takes the spot instance back", node(id)),
        Fact::SpotEvicted(id) => format!("{} evicted: the spot instance is gone", node(id)),
        Fact::NodeCrashed(id) => format!("{} failed", node(id)),
        Fact::NodeRepaired(id) => format!("{} repaired", node(id)),
        Fact::PodLost(id) => format!("{} lost to a fault", pod(id)),
        Fact::NodeDeallocated(id) => format!("{} deallocated", node(id)),
        Fact::AddressesChanged(subnet, id) => {
            let name = &world.plan.cluster.subnets[subnet.index()].name;
            let state = &world.subnets[subnet];
            format!("subnet {name}: {} of {} addresses used ({})", state.used(), state.usable(), node(id))
        }
        Fact::FrontEndChanged(subnet, index) => {
            let front_end = &world.front_ends[index as usize];
            let name = &world.plan.cluster.subnets[subnet.index()].name;
            let got = if front_end.address.is_some() { "has its address" } else { "waits for an address" };
            format!("Service {} {got} in subnet {name}", front_end.services)
        }
        Fact::OutboundChanged => {
            let outbound = &world.outbound;
            let [opened, failing] = [outbound.rate, outbound.failing].map(|rate| rate as f64 / 1e6);
            format!(
                "{opened:.1} connections to the internet a second, {failing:.1} find no port ({})",
                outbound.ports.words()
            )
        }
        Fact::PodWaitsForAddress(id) => {
            let node = world.pods[id].node.expect("a pod waits for an address of its node");
            let held = &world.nodes[node].addresses;
            format!(
                "{} waits in ContainerCreating: all {} pod addresses of {} are in use",
                pod(id),
                held.pods.len(),
                world.nodes[node].info.name
            )
        }
        Fact::ScaledUp(pool, count) => format!("autoscaler raises pool {} by {count}", world.pool_plan(pool).name),
        Fact::ScaledDown(id) => format!("autoscaler removes {}", node(id)),
        Fact::WindowClosed(id) => {
            let asked = world.operations[id].request.kind.describe(&world.plan);
            let left = world.operations[id].nodes_left.unwrap_or(0);
            format!("the maintenance window of operation {asked} closed: {left} nodes left")
        }
        Fact::OperationChanged(id) => {
            let operation = &world.operations[id];
            let asker = Some(operation.asker(world)).filter(|asker| !asker.is_empty());
            let asker = asker.map(|asker| format!(" (as {asker})")).unwrap_or_default();
            let asked = format!("{}{asker}", operation.request.kind.describe(&world.plan));
            match &operation.state {
                OperationState::Planned => format!("operation {asked}: planned"),
                OperationState::Running => format!("operation {asked}: accepted"),
                OperationState::Succeeded => format!("operation {asked}: succeeded"),
                OperationState::Refused(why) => format!("operation {asked}: refused, {}: {}", why.code, why.message),
                OperationState::Failed(why) => format!("operation {asked}: failed, {}: {}", why.code, why.message),
                OperationState::Canceled(why) => format!("operation {asked}: canceled, {}: {}", why.code, why.message),
            }
        }
    }
}
