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
        let (expected, desired) = match self.plan.budgets[self.budgets[budget].plan].rule {
            BudgetRule::MinAvailable(IntOrPercent::Int(minimum)) => (Some(matched), minimum),
            BudgetRule::MinAvailable(share) => {
                let scale = self.scale_of(covered);
                (scale, share.of_rounded_up(scale.unwrap_or(0)))
            }
            BudgetRule::MaxUnavailable(most) => {
                let scale = self.scale_of(covered);
                let pods = scale.unwrap_or(0);
                (scale, pods.saturating_sub(most.of_rounded_up(pods)))
            }
        };
        BudgetStatus {
            // Without pods, or with a controller that has no scale, nothing may be disrupted.
            disruptions_allowed: match expected {
                None | Some(0) => 0,
                Some(_) => healthy.saturating_sub(desired),
            },
            current_healthy: healthy,
            desired_healthy: desired,
            expected_pods: expected.unwrap_or(0),
        }
    }

    /// Replicas of the controllers together; `None` when one of them has no scale subresource.
    fn scale_of(&self, workloads: &[WorkloadId]) -> Option<u32> {
        let scale = |workload: &WorkloadId| {
            let state = &self.workloads[*workload];
            match self.plan.workloads[state.plan].controller {
                Controller::Deployment { .. } | Controller::ReplicaSet { .. } | Controller::StatefulSet { .. } => {
                    Some(state.replicas)
                }
                // A bare pod adds nothing to what is expected, yet counts when it is healthy.
                Controller::Pod | Controller::Trace { .. } => Some(0),
                Controller::DaemonSet | Controller::Job(_) | Controller::CronJob { .. } => None,
            }
        };
        workloads.iter().map(scale).sum()
    }
}

fn count(pods: impl Iterator) -> u32 {
    u32::try_from(pods.count()).expect("a budget covers fewer than 2^32 pods")
}
