//! Row-by-row detail of one run: every node, pod, address change, operation and meter.

use super::recorder::Recorder;
use super::result::{CostRow, Detail, NodeRow, OperationError, OperationRow, PodRow};
use super::window::Window;
use crate::cluster::{BootStage, Fact, Node, NodeId, NodePhase, Operation, OperationState, Pod, PodId, World};
use crate::kernel::{SimDuration, SimTime};
use crate::process::billing::{self, Charge, Meter};
use std::collections::{BTreeMap, BTreeSet};

/// Reasons that the world forgets: why a pod was pending once it is bound, and who removed a node.
#[derive(Clone, Debug, Default)]
pub(super) struct Reasons {
    pending: BTreeMap<PodId, Box<str>>,
    scaled_down: BTreeSet<NodeId>,
    evicted: BTreeSet<NodeId>,
}

impl Reasons {
    /// Keeps the reason that comes with the fact, if there is one.
    pub fn note(&mut self, fact: Fact, world: &World) {
        match fact {
            Fact::PodUnschedulable(pod) => {
                if let Some(reason) = &world.pods[pod].unschedulable {
                    self.pending.insert(pod, reason.clone());
                }
            }
            Fact::ScaledDown(node) => {
                self.scaled_down.insert(node);
            }
            Fact::SpotEvicted(node) => {
                self.evicted.insert(node);
            }
            _ => {}
        }
    }
}

/// The rows; `None` where they are not kept.
pub(super) fn rows(recorder: &mut Recorder, world: &World) -> Option<Detail> {
    let reasons = recorder.reasons.take()?;
    Some(Detail {
        nodes: world.nodes.iter().map(|(id, node)| node_row(world, &reasons, id, node)).collect(),
        pods: world.pods.iter().map(|(id, pod)| pod_row(world, &reasons, id, pod)).collect(),
        addresses: recorder.addresses.take_rows(),
        activities: recorder.activities.take_rows(world),
        operations: world.operations.iter().map(|(_, operation)| operation_row(world, operation)).collect(),
        costs: cost_rows(recorder, world),
    })
}

/// The bill of the measured time with the idle share of every pool.
fn cost_rows(recorder: &Recorder, world: &World) -> Vec<CostRow> {
    let Window { from, to } = recorder.window;
    let row = |charge: &Charge| CostRow {
        pool: charge.pool.map(|pool| world.pool_plan(pool).name.clone()).unwrap_or_default(),
        meter: charge.meter.name().to_owned(),
        hours: charge.metered.as_hours_f64(),
        usd_per_hour: charge.price.as_f64(),
        usd: charge.amount().as_f64(),
        idle_share: match (charge.meter, charge.pool) {
            (Meter::Vm, Some(pool)) => recorder.requested.idle_share(world, pool, charge.metered),
            _ => None,
        },
    };
    billing::charges(world, from, to).iter().map(row).collect()
}

fn node_row(world: &World, reasons: &Reasons, id: NodeId, node: &Node) -> NodeRow {
    let plan = world.pool_plan(node.pool);
    let end = node.times.deleted.unwrap_or(world.clock);
    let stage = |stage: BootStage| finished_stage(node, stage, end).as_secs_f64();
    NodeRow {
        node: node.info.name.to_string(),
        pool: plan.name.clone(),
        vm_size: plan.scale_set.as_ref().map(|scale_set| scale_set.vm.name.clone()).unwrap_or_default(),
        zone: node.zone,
        surge: node.surge,
        version: node.version.to_string(),
        requested_s: node.times.requested.as_secs_f64(),
        request_accepted_s: stage(BootStage::RequestAccepted),
        vm_provisioned_s: stage(BootStage::VmProvisioned),
        os_booted_s: stage(BootStage::OsBooted),
        bootstrapped_s: stage(BootStage::Bootstrapped),
        runtime_started_s: stage(BootStage::RuntimeStarted),
        kubelet_started_s: stage(BootStage::KubeletStarted),
        registered_s: stage(BootStage::Registered),
        network_ready_s: stage(BootStage::NetworkReady),
        untainted_s: stage(BootStage::Untainted),
        ready_s: node.times.ready.map(SimTime::as_secs_f64),
        removed_s: node.times.deleted.map(SimTime::as_secs_f64),
        reason: end_reason(reasons, id, node).to_owned(),
    }
}

/// How long the stage took, or zero when the node ended before the stage did, or was there at the start.
fn finished_stage(node: &Node, stage: BootStage, end: SimTime) -> SimDuration {
    if node.times.ready == Some(SimTime::ZERO) {
        return SimDuration::ZERO;
    }
    let through = node.boot[..=stage as usize].iter().fold(SimDuration::ZERO, |sum, stage| sum + *stage);
    if node.times.requested + through <= end { node.boot[stage as usize] } else { SimDuration::ZERO }
}

fn end_reason(reasons: &Reasons, id: NodeId, node: &Node) -> &'static str {
    match node.phase {
        NodePhase::Failed(failure) => failure.code(),
        _ if reasons.evicted.contains(&id) => "spot-eviction",
        NodePhase::Deleting | NodePhase::Deleted if reasons.scaled_down.contains(&id) => "scale-down",
        NodePhase::Deleting | NodePhase::Deleted if node.surge => "surge",
        NodePhase::Deleting | NodePhase::Deleted => "operation",
        NodePhase::Booting(_)
        | NodePhase::Ready
        | NodePhase::NotReady
        | NodePhase::Reimaging
        | NodePhase::Deallocating
        | NodePhase::Deallocated => "",
    }
}

fn pod_row(world: &World, reasons: &Reasons, id: PodId, pod: &Pod) -> PodRow {
    let workload = world.workload_plan(pod.workload);
    let seconds = |at: Option<SimTime>| at.map(SimTime::as_secs_f64);
    PodRow {
        namespace: workload.namespace.clone(),
        pod: pod.name.clone(),
        workload: format!("{}/{}", workload.controller.kind(), workload.name),
        node: pod.node.map(|node| world.nodes[node].info.name.to_string()).unwrap_or_default(),
        created_s: pod.times.created.as_secs_f64(),
        scheduled_s: seconds(pod.times.scheduled),
        pulled_s: seconds(pod.times.pulled),
        started_s: seconds(pod.times.started),
        ready_s: seconds(pod.times.ready),
        ended_s: seconds(pod.times.ended),
        pending_reason: reasons.pending.get(&id).map(ToString::to_string).unwrap_or_default(),
    }
}

/// What operations failed by, or were refused for, in the order in which they were asked for.
pub fn operation_errors(world: &World, window: Window) -> Vec<OperationError> {
    let mut errors: Vec<OperationError> = Vec::new();
    for (_, operation) in world.operations.iter() {
        let (outcome, error) = match &operation.state {
            OperationState::Failed(error) => ("Failed", error),
            OperationState::Refused(error) => ("Refused", error),
            _ => continue,
        };
        if !operation.asked.is_some_and(|at| window.contains(at)) {
            continue;
        }
        let found = OperationError {
            operation: operation.request.kind.describe(&world.plan),
            outcome,
            code: error.code,
            message: error.message.clone(),
        };
        let is_known = |known: &OperationError| known.is_like(&found);
        if !errors.iter().any(is_known) {
            errors.push(found);
        }
    }
    errors
}

fn operation_row(world: &World, operation: &Operation) -> OperationRow {
    let request = &operation.request;
    let (answer, outcome) = match operation.state {
        OperationState::Planned => ("Planned", "Planned"),
        OperationState::Refused(_) => ("Refused", "Refused"),
        OperationState::Running => ("Accepted", "Running"),
        OperationState::Succeeded => ("Accepted", "Succeeded"),
        OperationState::Failed(_) => ("Accepted", "Failed"),
        OperationState::Canceled(_) => ("Accepted", "Canceled"),
    };
    let error = match &operation.state {
        OperationState::Refused(error) | OperationState::Failed(error) | OperationState::Canceled(error) => Some(error),
        OperationState::Planned | OperationState::Running | OperationState::Succeeded => None,
    };
    OperationRow {
        operation: request.kind.describe(&world.plan),
        asked_s: operation.asked.unwrap_or(request.at).as_secs_f64(),
        asked_by: operation.asker(world).to_owned(),
        answer: answer.to_owned(),
        code: error.map(|error| error.code.to_owned()).unwrap_or_default(),
        message: error.map(|error| error.message.clone()).unwrap_or_default(),
        ended_s: operation.ended.map(SimTime::as_secs_f64),
        outcome: outcome.to_owned(),
        window_closes_s: operation.window_closes.map(SimTime::as_secs_f64),
    }
}
