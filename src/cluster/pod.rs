//! A pod and where it is in its life.

use super::{ClaimId, NodeId, PodAddress, WorkloadId};
use crate::kernel::{SimDuration, SimTime};
use crate::units::MilliCpu;

/// Where a pod is in its life. A terminating pod keeps its phase and has a deletion time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PodPhase {
    /// Not bound to a node.
    Pending,
    /// Bound; sandbox, images and containers are being made.
    Creating,
    /// Containers run, the readiness probe has not succeeded.
    Started,
    /// Serves.
    Ready,
    /// Finished its work (pods of Jobs).
    Succeeded,
    /// The object no longer exists.
    Gone,
}

/// When what happened to a pod.
#[derive(Clone, Copy, Debug, Default)]
pub struct PodTimes {
    /// The object was created.
    pub created: SimTime,
    /// It was bound.
    pub scheduled: Option<SimTime>,
    /// Its images were on the node.
    pub pulled: Option<SimTime>,
    /// Its containers ran.
    pub started: Option<SimTime>,
    /// Its readiness probe succeeded.
    pub ready: Option<SimTime>,
    /// Its deletion was asked for.
    pub deleted: Option<SimTime>,
    /// It succeeded, or the object was gone.
    pub ended: Option<SimTime>,
}

/// Durations drawn when the pod was born, so that they are its own whatever a policy does to it.
#[derive(Clone, Copy, Debug, Default)]
pub struct PodDraws {
    /// Pod sandbox and CNI set-up.
    pub sandbox: SimDuration,
    /// Creation and start of the containers.
    pub start: SimDuration,
    /// From the start until the application would answer a probe.
    pub startup: SimDuration,
    /// Place of the first probe on the probe's grid, 0 to 1.
    pub probe_phase: f64,
    /// Run time of a Job's pod.
    pub run: SimDuration,
    /// From SIGTERM to the removal of the object.
    pub exit: SimDuration,
    /// Overhead of each image pull.
    pub pull_overhead: SimDuration,
}

/// When the kubelet takes which next step with a pod. A step that comes at another moment is stale: the node went down meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PodSteps {
    /// The containers will have been started.
    pub started: Option<SimTime>,
    /// The readiness probe will succeed.
    pub ready: Option<SimTime>,
    /// A Job's pod will have done its work.
    pub finished: Option<SimTime>,
}

/// The CPU of a serving pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PodCpu {
    /// Its share of its workload's demand, its limit applied.
    pub wanted: MilliCpu,
    /// What its node gives it of that.
    pub used: MilliCpu,
}

/// A pod.
#[derive(Clone, Debug)]
pub struct Pod {
    /// Object name.
    pub name: String,
    /// Its controller, or its own manifest for a bare pod.
    pub workload: WorkloadId,
    /// Ordinal of a StatefulSet's pod, number of the Job of a Job's or CronJob's pod, index in its trace of a
    /// trace's pod, 0 for any other.
    pub ordinal: u32,
    /// The only node it may run on: a DaemonSet's pod.
    pub pinned: Option<NodeId>,
    /// The claims of its volumes, in the order of its template.
    pub claims: Box<[ClaimId]>,
    /// Where it is in its life.
    pub phase: PodPhase,
    /// The node it is bound to.
    pub node: Option<NodeId>,
    /// The CPU that it wants and gets, as of the last settlement; `None` when it did not serve then, or its workload has no demand.
    pub cpu: Option<PodCpu>,
    /// When what happened.
    pub times: PodTimes,
    /// Its drawn durations.
    pub draws: PodDraws,
    /// What the kubelet will do with it, and when.
    pub steps: PodSteps,
    /// What it has of the addresses that its node got in batches.
    pub address: PodAddress,
    /// Why the scheduler last found no node, in kubectl's words; empty before and after.
    pub unschedulable: Option<Box<str>>,
    /// The node that it was promised: less important pods are going from there.
    pub nominated: Option<NodeId>,
    /// True when a more important pod takes its place (condition `DisruptionTarget`, reason `PreemptionByScheduler`).
    pub preempted: bool,
}

impl Pod {
    /// True for a pod that its controller counts: neither finished nor terminating.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.times.deleted.is_none() && !self.is_terminal()
    }

    /// True for a pod that has finished or is gone.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self.phase, PodPhase::Succeeded | PodPhase::Gone)
    }

    /// True for a pod that serves: ready and not terminating.
    #[must_use]
    pub fn is_serving(&self) -> bool {
        self.phase == PodPhase::Ready && self.times.deleted.is_none()
    }

    /// True while the scheduler has to find a node for it.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.phase == PodPhase::Pending && self.times.deleted.is_none()
    }
}
