//! Drains nodes as `kubectl drain` does: every pod of the node is evicted on its own, all at once, again and again while a
//! disruption budget forbids it.
//!
//! AKS drains as with `--ignore-daemonsets --delete-emptydir-data --force`: DaemonSet pods stay, nothing but a budget holds a pod
//! back. (The flags are an inference: local data and bare pods do not block AKS's drains, budgets do.)
//! Source: Kubernetes 1.31-1.36, `staging/src/k8s.io/kubectl/pkg/drain`. Not modelled: mirror pods; the second between two looks
//! whether an evicted pod is gone.

use crate::cluster::{Ctx, Drain, DrainOutcome, Event, EvictionRefused, Fact, NodeId, PodId, World};

/// The drain process. What it has to remember stands in the world's drains, where those who ask for drains see it too.
#[derive(Clone, Copy, Debug, Default)]
pub struct Drains;

impl Drains {
    /// Begins to evict the pods that are on the node now. The node is cordoned, so no other pod has to be looked for later.
    pub fn on_start(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        if !world.is_draining(node) {
            return;
        }
        let leaving: Vec<PodId> = world.nodes[node].pods.iter().copied().filter(|pod| !world.is_daemon(*pod)).collect();
        for pod in leaving {
            let stream = &mut world.streams.stream("eviction", &world.pods[pod].name);
            let at = ctx.now + world.plan.timings.eviction_call.draw(stream);
            row_mut(world, node).pods.insert(pod, Some(at));
            ctx.at(at, Event::EvictPod(pod));
        }
        end_when_empty(world, node, ctx);
    }

    /// Asks for the eviction of the pod, and plans the next attempt when a budget forbids it now.
    pub fn on_evict_pod(&mut self, world: &mut World, pod: PodId, ctx: &mut Ctx<'_>) {
        let Some(node) = world.pods[pod].node.filter(|node| world.is_draining(*node)) else {
            return; // Stale: the drain is over.
        };
        if world.drains[&node].pods.get(&pod) != Some(&Some(ctx.now)) {
            return; // Stale: the pod has left, or a newer drain has its own attempts.
        }
        let next = match evict(world, pod, ctx) {
            // kubectl gives up on any other error, so the pod stays until the timeout.
            Ok(()) | Err(EvictionRefused::TwoBudgets) => None,
            Err(EvictionRefused::Budget(_)) => Some(ctx.now + world.drains[&node].retry),
        };
        if let Some(at) = next {
            ctx.at(at, Event::EvictPod(pod));
        }
        row_mut(world, node).pods.insert(pod, next);
    }

    /// A pod is gone, or finished its work: if it was the last that had to leave its node, the drain is over.
    pub fn on_pod_gone(&mut self, world: &mut World, pod: PodId, ctx: &mut Ctx<'_>) {
        let Some(node) = world.pods[pod].node.filter(|node| world.is_draining(*node)) else {
            return;
        };
        if row_mut(world, node).pods.remove(&pod).is_some() {
            end_when_empty(world, node, ctx);
        }
    }

    /// Gives the drain up when its time is over. Evictions accepted until then are not taken back.
    pub fn on_timeout(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        // A timeout of an earlier drain of the node finds another deadline.
        if world.is_draining(node) && world.drains[&node].deadline == ctx.now {
            end(world, node, DrainOutcome::TimedOut, ctx);
        }
    }
}

fn row_mut(world: &mut World, node: NodeId) -> &mut Drain {
    world.drains.get_mut(&node).expect("a drain in progress has a row")
}

/// Evicts the pod unless somebody else has asked for its deletion already: then there is only the waiting left.
fn evict(world: &mut World, pod: PodId, ctx: &mut Ctx<'_>) -> Result<(), EvictionRefused> {
    if world.pods[pod].times.deleted.is_some() {
        return Ok(());
    }
    if world.pods[pod].node.is_some_and(|node| world.drains[&node].forced) {
        world.evict_by_force(pod, ctx);
        return Ok(());
    }
    world.evict(pod, ctx)
}

fn end_when_empty(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    if world.drains[&node].pods.is_empty() {
        end(world, node, DrainOutcome::Drained, ctx);
    }
}

fn end(world: &mut World, node: NodeId, outcome: DrainOutcome, ctx: &mut Ctx<'_>) {
    row_mut(world, node).outcome = Some(outcome);
    ctx.observe(Fact::NodeDrained(node, outcome == DrainOutcome::Drained));
    ctx.soon(Event::DrainEnded(node));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::{Bench, budget, deployment, plan, pool, workload};
    use crate::kernel::{Id, SimDuration, SimTime};
    use crate::scenario::plan::{BudgetRule, Controller, IntOrPercent};

    const RETRY: SimDuration = SimDuration::from_secs(5);
    const TIMEOUT: SimDuration = SimDuration::from_mins(30);
    /// What a pod takes from its deletion until it is gone, in these tests.
    const EXIT: SimDuration = SimDuration::from_secs(30);

    fn bench(budget_rule: Option<BudgetRule>) -> Bench {
        let mut plan = plan(vec![pool("apps", 2)]);
        plan.workloads = vec![workload("agent", Controller::DaemonSet), deployment("web", 2)];
        plan.budgets = budget_rule.map(budget).into_iter().collect();
        Bench::new(plan)
    }

    /// Runs the drain process, pods going [`EXIT`] after their deletion.
    fn run(bench: &mut Bench, end: SimDuration) {
        bench.run(end, |world, event, ctx| match event {
            Event::StartDrain(node) => Drains.on_start(world, node, ctx),
            Event::EvictPod(pod) => Drains.on_evict_pod(world, pod, ctx),
            Event::DrainTimeout(node) => Drains.on_timeout(world, node, ctx),
            Event::PodDeleted(pod) => ctx.after(EXIT, Event::PodGone(pod)),
            Event::PodGone(pod) => {
                world.end_pod(pod, crate::cluster::PodPhase::Gone, ctx);
                Drains.on_pod_gone(world, pod, ctx);
            }
            _ => {}
        });
    }

    fn start(bench: &mut Bench, node: NodeId) {
        bench.act(|world, ctx| world.start_drain(node, RETRY, TIMEOUT, ctx));
    }

    fn drained_at(bench: &Bench, node: NodeId, in_time: bool) -> Option<SimTime> {
        bench.facts.iter().find(|(_, fact)| *fact == Fact::NodeDrained(node, in_time)).map(|(at, _)| *at)
    }

    #[test]
    fn a_drain_ends_when_the_last_pod_but_the_daemons_has_left() {
        let mut bench = bench(None);
        let node = NodeId::from_index(0);
        let daemon = bench.ready_pod(0, node);
        let (a, b) = (bench.ready_pod(1, node), bench.ready_pod(1, node));
        start(&mut bench, node);
        run(&mut bench, SimDuration::from_mins(1));
        assert_eq!(bench.world.nodes[node].pods, [daemon]);
        assert!(bench.world.nodes[node].info.unschedulable);
        let evicted: Vec<PodId> = bench
            .facts
            .iter()
            .filter_map(|(_, fact)| if let Fact::PodEvicted(pod) = fact { Some(*pod) } else { None })
            .collect();
        assert_eq!(evicted, [a, b]);
        let ended = drained_at(&bench, node, true).expect("the drain ended");
        assert!(ended >= SimTime::after_start(EXIT) && ended < SimTime::after_start(EXIT + RETRY));
        assert_eq!(bench.world.drain_outcome(node), Some(DrainOutcome::Drained));
    }

    #[test]
    fn an_empty_node_is_drained_at_once() {
        let mut bench = bench(None);
        let node = NodeId::from_index(1);
        start(&mut bench, node);
        run(&mut bench, RETRY);
        assert!(drained_at(&bench, node, true).is_some());
    }

    #[test]
    fn a_refused_eviction_is_tried_again_every_five_seconds_until_the_budget_allows_it() {
        let mut bench = bench(Some(BudgetRule::MinAvailable(IntOrPercent::Int(1))));
        let (node, other) = (NodeId::from_index(0), NodeId::from_index(1));
        let pod = bench.ready_pod(1, node);
        start(&mut bench, node);
        run(&mut bench, SimDuration::from_secs(12));
        let refused = bench.facts.iter().filter(|(_, fact)| matches!(fact, Fact::EvictionRefused(..))).count();
        assert_eq!(refused, 3, "at 0, 5 and 10 seconds");
        // Another replica serves: now the budget has one to spare.
        bench.ready_pod(1, other);
        run(&mut bench, SimDuration::from_mins(1));
        assert!(bench.facts.iter().any(|(_, fact)| *fact == Fact::PodEvicted(pod)));
        assert!(drained_at(&bench, node, true).is_some());
    }

    #[test]
    fn a_forced_drain_does_not_ask_the_budget_and_says_what_it_violated() {
        let mut bench = bench(Some(BudgetRule::MinAvailable(IntOrPercent::Int(1))));
        let node = NodeId::from_index(0);
        let (one, other) = (bench.ready_pod(1, node), bench.ready_pod(1, node));
        bench.act(|world, ctx| world.start_forced_drain(node, RETRY, TIMEOUT, ctx));
        run(&mut bench, SimDuration::from_mins(1));
        assert!(drained_at(&bench, node, true).is_some());
        let count = |wanted: fn(&Fact) -> bool| bench.facts.iter().filter(|(_, fact)| wanted(fact)).count();
        assert_eq!(count(|fact| matches!(fact, Fact::PodEvicted(_))), 2);
        assert_eq!(count(|fact| matches!(fact, Fact::EvictionRefused(..))), 0);
        let violated =
            |pod| bench.facts.iter().any(|(_, fact)| matches!(fact, Fact::BudgetViolated(of, _) if *of == pod));
        assert!(!violated(one) && violated(other), "the budget had one to spare, and not two");
    }

    #[test]
    fn a_blocked_drain_is_given_up_at_its_timeout_and_not_before() {
        let mut bench = bench(Some(BudgetRule::MaxUnavailable(IntOrPercent::Int(0))));
        let node = NodeId::from_index(0);
        bench.ready_pod(1, node);
        start(&mut bench, node);
        run(&mut bench, SimDuration::from_hours(2));
        assert_eq!(drained_at(&bench, node, false), Some(SimTime::after_start(TIMEOUT)));
        assert_eq!(bench.world.drain_outcome(node), Some(DrainOutcome::TimedOut));
        let refused = bench.facts.iter().filter(|(_, fact)| matches!(fact, Fact::EvictionRefused(..))).count();
        assert_eq!(refused, 360, "every 5 s for 30 minutes");
    }

    #[test]
    fn a_second_drain_is_not_ended_by_the_timeout_of_the_first() {
        let mut bench = bench(Some(BudgetRule::MaxUnavailable(IntOrPercent::Int(0))));
        let node = NodeId::from_index(0);
        bench.ready_pod(1, node);
        bench.act(|world, ctx| world.start_drain(node, RETRY, SimDuration::from_mins(1), ctx));
        run(&mut bench, SimDuration::from_secs(61));
        start(&mut bench, node);
        run(&mut bench, SimDuration::from_mins(30));
        assert!(bench.world.is_draining(node));
        run(&mut bench, SimDuration::from_mins(32));
        assert_eq!(bench.world.drain_outcome(node), Some(DrainOutcome::TimedOut));
    }
}
