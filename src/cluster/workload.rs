//! The state of a controller.

use super::PodId;
use crate::units::MilliCpu;

/// A controller's state, or a bare pod's.
#[derive(Clone, Debug, Default)]
pub struct Workload {
    /// Index into the plan's workloads.
    pub plan: usize,
    /// Pods wanted at the moment (Deployment, ReplicaSet, StatefulSet).
    pub replicas: u32,
    /// Pods that exist, terminating ones among them, in order of birth.
    pub pods: Vec<PodId>,
    /// Pods ever created: names the next one and its streams.
    pub births: u32,
    /// CPU demand at the moment: the workload's, or each pod's, as its plan says.
    pub demand: MilliCpu,
    /// Pods that share the demand, as of the last settlement of CPU.
    pub serving: u32,
    /// Demand over all of its pods, as of the last settlement of CPU.
    pub wanted: MilliCpu,
}
