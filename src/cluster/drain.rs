//! Drains in progress, where whoever asks for one and the process that carries it out meet.

use super::{Ctx, Event, Fact, NodeId, PodId, Refusal, World};
use crate::kernel::{SimDuration, SimTime};
use std::collections::BTreeMap;

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrainOutcome {
    /// Every pod that had to go has left.
    Drained,
    /// The timeout was over first; pods evicted until then stay evicted.
    TimedOut,
}

/// A drain of a node: the last one asked for.
#[derive(Clone, Debug)]
pub struct Drain {
    /// When it was asked for.
    pub asked: SimTime,
    /// Wait between a refused eviction of a pod and the next attempt.
    pub retry: SimDuration,
    /// When it is given up.
    pub deadline: SimTime,
    /// True when pods leave whatever their budgets say.
    pub forced: bool,
    /// Pods that have yet to leave the node, each with the moment of its next eviction attempt; `None` once it is accepted.
    pub pods: BTreeMap<PodId, Option<SimTime>>,
    /// How it ended; `None` while it is in progress.
    pub outcome: Option<DrainOutcome>,
}

impl World {
    /// Cordons the node and begins to drain it. [`Event::DrainEnded`] follows, with the outcome in `drains[node]`.
    ///
    /// `retry` is kubectl's 5 s or the autoscaler's 10 s; `timeout` counts from now and includes the pods' termination.
    ///
    /// # Panics
    /// When the node is being drained already: its first owner would take the end of the second drain for its own.
    pub fn start_drain(&mut self, node: NodeId, retry: SimDuration, timeout: SimDuration, ctx: &mut Ctx<'_>) {
        let stream = &mut self.streams.stream("cordon", &self.nodes[node].info.name);
        let cordon_delay = self.plan.timings.cordon.draw(stream);
        self.start_drain_after(cordon_delay, node, retry, timeout, ctx);
    }

    /// As [`World::start_drain`], but no budget holds a pod back.
    ///
    /// # Panics
    /// As [`World::start_drain`].
    pub fn start_forced_drain(&mut self, node: NodeId, retry: SimDuration, timeout: SimDuration, ctx: &mut Ctx<'_>) {
        self.start_drain(node, retry, timeout, ctx);
        self.drains.get_mut(&node).expect("the drain was just asked for").forced = true;
    }

    /// As [`World::start_drain`], with the given time from the cordon to the first evictions. The autoscaler's is fixed.
    ///
    /// # Panics
    /// As [`World::start_drain`].
    pub fn start_drain_after(
        &mut self,
        delay: SimDuration,
        node: NodeId,
        retry: SimDuration,
        timeout: SimDuration,
        ctx: &mut Ctx<'_>,
    ) {
        assert!(!self.is_draining(node), "{} is drained twice at once", self.nodes[node].info.name);
        self.set_cordoned(node, true, ctx);
        self.drains.insert(
            node,
            Drain {
                asked: ctx.now,
                retry,
                deadline: ctx.now + timeout,
                forced: false,
                pods: BTreeMap::new(),
                outcome: None,
            },
        );
        ctx.after(delay, Event::StartDrain(node));
        ctx.after(timeout, Event::DrainTimeout(node));
    }

    /// Gives up the drain of the node; evictions accepted until now are not taken back, and the node stays cordoned.
    pub fn cancel_drain(&mut self, node: NodeId, ctx: &mut Ctx<'_>) {
        if self.is_draining(node) {
            self.drains.remove(&node);
            ctx.observe(Fact::DrainCanceled(node));
        }
    }

    /// True while a drain of the node is in progress, whoever asked for it.
    #[must_use]
    pub fn is_draining(&self, node: NodeId) -> bool {
        self.drains.get(&node).is_some_and(|drain| drain.outcome.is_none())
    }

    /// The error of an operation that the drain of the node stopped.
    ///
    /// Source of code and form: support articles for AKS, error-code-poddrainfailure.md, 2025-03-03.
    #[must_use]
    pub fn drain_failure(&self, node: NodeId) -> Refusal {
        let name = &self.nodes[node].info.name;
        let held = self.drains.get(&node).and_then(|drain| drain.pods.keys().next().copied());
        let Some(pod) = held else {
            return Refusal { code: "UpgradeFailed", message: format!("Drain node {name} failed") };
        };
        let namespace = &self.workload_plan(self.pods[pod].workload).namespace;
        let budget = self.budgets_of(pod).next().map(|budget| {
            let plan = &self.plan.budgets[self.budgets[budget].plan];
            format!(
                ": Cannot evict pod as it would violate the pod's disruption budget, blocked by pdb {}/{}",
                plan.namespace, plan.name
            )
        });
        let pod = &self.pods[pod].name;
        let message =
            format!("Drain node {name} failed when evicting pod {namespace}/{pod}{}", budget.unwrap_or_default());
        Refusal { code: "UpgradeFailed", message }
    }

    /// How the node's last drain ended; `None` when there was none or it is in progress.
    #[must_use]
    pub fn drain_outcome(&self, node: NodeId) -> Option<DrainOutcome> {
        self.drains.get(&node).and_then(|drain| drain.outcome)
    }
}
