//! The eviction subresource of the API server: delete a pod unless a budget forbids it. Beside it preemption, which no budget forbids.
//!
//! Source: Kubernetes 1.31-1.36, `pkg/registry/core/pod/storage/eviction.go`. Not modelled: `unhealthyPodEvictionPolicy:
//! AlwaysAllow`, and the moment in which a new budget has no status yet.

use super::{BudgetId, Ctx, Fact, NodeId, PodId, PodPhase, World};

/// The API server's refusal to evict a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvictionRefused {
    /// 429: the budget allows no disruption now. Trying again later may succeed.
    #[error("429: cannot evict pod as it would violate the pod's disruption budget")]
    Budget(BudgetId),
    /// 500: two budgets cover the pod, which the API does not support. Trying again never succeeds.
    #[error("500: this pod has more than one PodDisruptionBudget, which the eviction subresource does not support")]
    TwoBudgets,
}

impl World {
    /// Evicts the pod: asks for its deletion unless a budget forbids it.
    ///
    /// # Errors
    /// [`EvictionRefused`]; a budget's refusal is stated as a fact too.
    pub fn evict(&mut self, pod: PodId, ctx: &mut Ctx<'_>) -> Result<(), EvictionRefused> {
        let state = &self.pods[pod];
        // The API's phase is Pending until the containers run, bound or not.
        let not_started = matches!(state.phase, PodPhase::Pending | PodPhase::Creating);
        let unbudgeted = state.is_terminal() || not_started || state.times.deleted.is_some();
        if !unbudgeted {
            let mut budgets = self.budgets_of(pod);
            match (budgets.next(), budgets.next()) {
                (None, _) => {}
                (Some(_), Some(_)) => return Err(EvictionRefused::TwoBudgets),
                (Some(budget), None) => {
                    drop(budgets);
                    self.charge(pod, budget, ctx)?;
                }
            }
        }
        ctx.observe(Fact::PodEvicted(pod));
        self.delete_pod(pod, ctx);
        Ok(())
    }

    /// Takes the pod away whatever its budgets say; each that would have forbidden it is stated as a fact.
    pub fn evict_by_force(&mut self, pod: PodId, ctx: &mut Ctx<'_>) {
        let state = &self.pods[pod];
        if state.is_terminal() || state.times.deleted.is_some() {
            return;
        }
        if !matches!(state.phase, PodPhase::Pending | PodPhase::Creating) {
            for budget in self.budgets_of(pod).filter(|budget| self.forbids(*budget, pod)) {
                ctx.observe(Fact::BudgetViolated(pod, budget));
            }
        }
        ctx.observe(Fact::PodEvicted(pod));
        self.delete_pod(pod, ctx);
    }

    /// As [`World::evict_by_force`] for every pod of the node but DaemonSets'.
    pub fn evict_all_by_force(&mut self, node: NodeId, ctx: &mut Ctx<'_>) {
        for pod in self.nodes[node].pods.clone() {
            if !self.is_daemon(pod) {
                self.evict_by_force(pod, ctx);
            }
        }
    }

    /// The scheduler takes the place of the pod for another: it asks for its deletion, whatever budgets say, unless the pod is
    /// going already.
    pub fn preempt(&mut self, victim: PodId, by: PodId, ctx: &mut Ctx<'_>) {
        if self.pods[victim].times.deleted.is_none() {
            self.pods[victim].preempted = true;
            ctx.observe(Fact::PodPreempted(victim, by));
            self.delete_pod(victim, ctx);
        }
    }

    /// Takes one disruption from the budget for the pod, unless the pod is unready and the application has enough without it.
    fn charge(&self, pod: PodId, budget: BudgetId, ctx: &mut Ctx<'_>) -> Result<(), EvictionRefused> {
        if self.forbids(budget, pod) {
            ctx.observe(Fact::EvictionRefused(pod, budget));
            return Err(EvictionRefused::Budget(budget));
        }
        Ok(())
    }

    /// True when the budget has no disruption to spare for the pod, which is covered by it and has started.
    fn forbids(&self, budget: BudgetId, pod: PodId) -> bool {
        let status = self.budget_status(budget);
        let unready = self.pods[pod].phase != PodPhase::Ready;
        let spare = unready && status.desired_healthy > 0 && status.current_healthy >= status.desired_healthy;
        !spare && status.disruptions_allowed == 0
    }
}
