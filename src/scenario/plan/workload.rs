//! Workloads: controllers, how they behave, how much CPU they want, and the budgets that protect them.

use super::{IntOrPercent, LabelSelector, OutboundFlow, PodTemplate, workload_key};
use crate::kernel::{Dist, SimDuration, SimTime};
use crate::units::MilliCpu;
use std::sync::Arc;

/// A controller with its pod template, or a bare pod.
#[derive(Clone, Debug)]
pub struct WorkloadPlan {
    /// Namespace.
    pub namespace: String,
    /// Object name.
    pub name: String,
    /// What kind of controller it is.
    pub controller: Controller,
    /// What every one of its pods looks like.
    pub template: PodTemplate,
    /// What a manifest cannot say.
    pub behaviour: Behaviour,
    /// True for what AKS itself installs.
    pub system: bool,
}

impl WorkloadPlan {
    /// `namespace/name`, unique per kind; the name of the workload's random streams together with the kind.
    #[must_use]
    pub fn key(&self) -> String {
        workload_key(self.controller.kind(), &self.namespace, &self.name)
    }
}

/// The kind of a workload with what its controller needs to know.
#[derive(Clone, Debug)]
pub enum Controller {
    /// Any number of interchangeable pods.
    Deployment {
        /// Pods wanted.
        replicas: u32,
        /// Replicas that follow the size of the cluster instead, as CoreDNS does.
        ladder: Option<ReplicaLadder>,
    },
    /// As a Deployment, without rollouts.
    ReplicaSet {
        /// Pods wanted.
        replicas: u32,
    },
    /// Numbered pods with stable names.
    StatefulSet {
        /// Pods wanted.
        replicas: u32,
        /// True for `podManagementPolicy: Parallel`.
        parallel: bool,
    },
    /// One pod on every node it tolerates and selects.
    DaemonSet,
    /// Pods that run to completion.
    Job(JobPlan),
    /// Jobs on a schedule.
    CronJob {
        /// Moments at which a Job is created, in virtual time, rising, all before the horizon.
        fires: Vec<SimTime>,
        /// The Job created each time.
        job: JobPlan,
    },
    /// One pod that nothing recreates.
    Pod,
    /// Pods of one shape that come and go at the moments of a file, and that nothing recreates.
    Trace {
        /// The pods, by their moment of creation.
        pods: Arc<[TracePod]>,
    },
}

/// A pod of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracePod {
    /// Its name, unique in its namespace.
    pub name: Box<str>,
    /// When it is created, before the horizon.
    pub created: SimTime,
    /// When its deletion is asked for, whether it runs or waits; `None` when it stays.
    pub deleted: Option<SimTime>,
}

impl Controller {
    /// The Kubernetes kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Deployment { .. } => "Deployment",
            Self::ReplicaSet { .. } => "ReplicaSet",
            Self::StatefulSet { .. } => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::Job(_) => "Job",
            Self::CronJob { .. } => "CronJob",
            Self::Pod => "Pod",
            Self::Trace { .. } => "Trace",
        }
    }
}

/// How many pods a Job runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobPlan {
    /// Pods that must succeed.
    pub completions: u32,
    /// Pods at a time.
    pub parallelism: u32,
}

/// Replicas by cluster size: the larger of two steps, as cluster-proportional-autoscaler's ladder mode counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaLadder {
    /// (cores from, replicas), rising.
    pub cores: Vec<(u32, u32)>,
    /// (nodes from, replicas), rising.
    pub nodes: Vec<(u32, u32)>,
}

impl ReplicaLadder {
    /// The replicas for a cluster of this size; at least 1.
    #[must_use]
    pub fn replicas(&self, nodes: u32, cores: u32) -> u32 {
        let step = |ladder: &[(u32, u32)], size: u32| {
            ladder.iter().take_while(|(from, _)| *from <= size).last().map_or(1, |(_, replicas)| *replicas)
        };
        step(&self.cores, cores).max(step(&self.nodes, nodes))
    }
}

/// What a manifest does not say about a workload.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// CPU its pods want; `None` for none.
    pub demand: Option<Demand>,
    /// Time from container start until the application would answer a probe.
    pub startup: Dist,
    /// Run time of a Job's pod; `None` for pods that run until they are deleted.
    pub run_time: Option<Dist>,
    /// Connections that each of its pods opens to the internet.
    pub outbound: Vec<OutboundFlow>,
}

/// CPU demand over time.
#[derive(Clone, Debug)]
pub struct Demand {
    /// The curve.
    pub shape: DemandShape,
    /// Whose demand the curve is.
    pub scope: DemandScope,
    /// Standard deviation of the relative noise drawn at each step, 0 for none.
    pub noise: f64,
    /// How often the curve is read and the noise drawn anew.
    pub interval: SimDuration,
}

/// Whether a demand curve is shared or everyone's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DemandScope {
    /// The whole workload's, shared evenly by its ready pods.
    Workload,
    /// Each ready pod's own.
    Pod,
}

/// A demand curve.
#[derive(Clone, Debug)]
pub enum DemandShape {
    /// Always the same.
    Constant(MilliCpu),
    /// A cosine with a period of a day.
    Daily {
        /// Demand twelve hours from the peak.
        low: MilliCpu,
        /// Demand at the peak.
        high: MilliCpu,
        /// Time of day of the peak, from local midnight.
        peak_at: SimDuration,
        /// Factor on Saturdays and Sundays.
        weekend: f64,
    },
    /// One factor a weekday on top of a daily cosine, Monday first.
    Weekly {
        /// Demand twelve hours from the peak.
        low: MilliCpu,
        /// Demand at the peak.
        high: MilliCpu,
        /// Time of day of the peak, from local midnight.
        peak_at: SimDuration,
        /// Factor of each day, Monday first.
        days: [f64; 7],
    },
    /// Steps or a trace: from each moment on, this much; before the first, none.
    Steps(Vec<(SimTime, MilliCpu)>),
}

/// A pod disruption budget.
#[derive(Clone, Debug)]
pub struct BudgetPlan {
    /// Namespace.
    pub namespace: String,
    /// Object name.
    pub name: String,
    /// Which pods it covers.
    pub selector: LabelSelector,
    /// Its rule.
    pub rule: BudgetRule,
}

/// The rule of a pod disruption budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetRule {
    /// `minAvailable`
    MinAvailable(IntOrPercent),
    /// `maxUnavailable`
    MaxUnavailable(IntOrPercent),
}
