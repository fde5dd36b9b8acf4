//! Pod disruption budgets: the disruption controller's arithmetic, computed when it is asked for.
//!
//! An accepted eviction is a deletion at the same instant here, so `status.disruptedPods` never holds anything.
//! Source: Kubernetes 1.31-1.36, disruption controller. Not modelled: budgets over custom resources with a scale subresource.

use super::{BudgetId, PodId, WorkloadId, World};
use crate::scenario::plan::{BudgetRule, Controller, IntOrPercent};

/// A pod disruption budget.
#[derive(Clone, Debug)]
pub struct Budget {
    /// Index into the plan's budgets.
    pub plan: usize,
    /// Workloads whose pods it covers.
    pub workloads: Vec<WorkloadId>,
}

/// The status of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetStatus {
    /// Evictions that may be accepted now.
    pub disruptions_allowed: u32,
    /// Covered pods that are ready and not terminating.
    pub current_healthy: u32,
    /// Healthy pods that must remain.
    pub desired_healthy: u32,
    /// Pods that should exist.
    pub expected_pods: u32,
}

/// The pods that should exist and the healthy ones that must remain, of `matched` pods whose controllers have together this scale; no
/// pods are expected (`None`) where the rule asks for the scale and a controller has none.
#[must_use]
pub fn expected_and_desired(rule: BudgetRule, matched: u32, scale: impl FnOnce() -> Option<u32>) -> (Option<u32>, u32) {
    match rule {
        BudgetRule::MinAvailable(IntOrPercent::Int(minimum)) => (Some(matched), minimum),
        BudgetRule::MinAvailable(share) => {
            let scale = scale();
            (scale, share.of_rounded_up(scale.unwrap_or(0)))
        }
        BudgetRule::MaxUnavailable(most) => {
            let scale = scale();
            let pods = scale.unwrap_or(0);
            (scale, pods.saturating_sub(most.of_rounded_up(pods)))
        }
    }
}

/// How many of `healthy` pods may be evicted: none without pods, and none with a controller that has no scale.
#[must_use]
pub const fn disruptions_allowed(expected: Option<u32>, desired: u32, healthy: u32) -> u32 {
    match expected {
        None | Some(0) => 0,
        Some(_) => healthy.saturating_sub(desired),
    }
}

/// The replicas that a controller counts for; `None` for one without scale subresource. `replicas` are those wanted now.
#[must_use]
pub const fn scale(controller: &Controller, replicas: u32) -> Option<u32> {
    match controller {
        Controller::Deployment { .. } | Controller::ReplicaSet { .. } | Controller::StatefulSet { .. } => {
            Some(replicas)
        }
        // A bare pod adds nothing to what is expected, yet counts when it is healthy.
        Controller::Pod | Controller::Trace { .. } => Some(0),
        Controller::DaemonSet | Controller::Job(_) | Controller::CronJob { .. } => None,
    }
}

impl World {
    /// The budgets that cover the pod.
    pub fn budgets_of(&self, pod: PodId) -> impl Iterator<Item = BudgetId> {
        let workload = self.pods[pod].workload;
        self.budgets.iter().filter(move |(_, budget)| budget.workloads.contains(&workload)).map(|(id, _)| id)
    }

    /// The status of the budget at this moment.
    #[must_use]
    pub fn budget_status(&self, budget: BudgetId) -> BudgetStatus {
        let covered = &self.budgets[budget].workloads;
        let pods = || covered.iter().flat_map(|workload| self.workloads[*workload].pods.iter().copied());
        let healthy = count(pods().filter(|pod| self.pods[*pod].is_serving()));
        let matched = count(pods());
        let rule = self.plan.budgets[self.budgets[budget].plan].rule;
        let (expected, desired) = expected_and_desired(rule, matched, || self.scale_of(covered));
        BudgetStatus {
            disruptions_allowed: disruptions_allowed(expected, desired, healthy),
            current_healthy: healthy,
            desired_healthy: desired,
            expected_pods: expected.unwrap_or(0),
        }
    }

    /// Replicas of the controllers together; `None` when one of them has no scale subresource.
    fn scale_of(&self, workloads: &[WorkloadId]) -> Option<u32> {
        let scale = |workload: &WorkloadId| {
            let state = &self.workloads[*workload];
            scale(&self.plan.workloads[state.plan].controller, state.replicas)
        };
        workloads.iter().map(scale).sum()
    }
}

fn count(pods: impl Iterator) -> u32 {
    u32::try_from(pods.count()).expect("a budget covers fewer than 2^32 pods")
}
