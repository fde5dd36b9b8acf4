//! The state of a controller.

use super::PodId;
use crate::units::{CoreSeconds, MilliCpu};

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
    /// Demand at the moment over all of its pods.
    pub wanted: MilliCpu,
    /// What of it is served.
    pub served: MilliCpu,
    /// Demand so far.
    pub wanted_work: CoreSeconds,
    /// Work served so far.
    pub served_work: CoreSeconds,
}
