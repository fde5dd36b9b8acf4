//! The rolling upgrade of one node pool, in the documented order: surge nodes at the new version, cordon and drain old nodes,
//! soak, reimage, the next old nodes, and in the end cordon, drain and delete the surge nodes.
//!
//! Source: azure-aks-docs, upgrade-aks-node-pools-rolling.md, 2026-05-29, and upgrade-conceptual.md, 2026-07-08.
//! Assumptions: old nodes go in rising order of their instance number; as soon as one is back, the next goes, so a
//! soak holds up its own node only; what had begun when a drain times out is finished. Not modelled: undrainable behaviour
//! `Cordon`, blue-green upgrades, roll-back.

mod surge;

use crate::catalog::KubernetesVersion;
use crate::cluster::{Ctx, DrainOutcome, Event, NodeId, NodePhase, PoolId, Refusal, World};
use crate::kernel::SimDuration;
use std::collections::{BTreeMap, BTreeSet};

/// Wait between two attempts to evict a pod, as `kubectl drain` waits.
const EVICTION_RETRY: SimDuration = SimDuration::from_secs(5);

/// What a spot node is given to end, in place of a drain.
/// Source: azure-aks-docs, spot-node-pool.md, 2025-04-06.
const SPOT_NOTICE: SimDuration = SimDuration::from_secs(30);

/// The upgrade process: the pools that are being upgraded.
#[derive(Debug, Default)]
pub struct Upgrades {
    rolling: BTreeMap<PoolId, Rolling>,
}

/// One pool's upgrade in progress.
#[derive(Debug)]
struct Rolling {
    /// Version of the pool before.
    from: KubernetesVersion,
    /// Old nodes that may be out of service at once.
    at_once: u32,
    /// True once every wanted surge node is Ready: draining may begin.
    buffered: bool,
    /// Surge nodes born before this one belong to an attempt that was given up.
    attempt: Option<NodeId>,
    /// Old nodes not yet touched.
    waiting: BTreeSet<NodeId>,
    /// Old nodes being drained, soaked or reimaged.
    in_flight: BTreeSet<NodeId>,
    /// Surge nodes being drained or deleted.
    leaving: BTreeSet<NodeId>,
    /// Surge nodes that could not be drained: they stay.
    stuck: BTreeSet<NodeId>,
    /// What stopped the upgrade.
    failure: Option<Refusal>,
}

impl Upgrades {
    /// Begins the upgrade of the pool, or takes as many next steps as can be taken now.
    pub fn on_step(&mut self, world: &mut World, pool: PoolId, ctx: &mut Ctx<'_>) {
        let Some(upgrade) = world.pools[pool].upgrade.as_ref().filter(|upgrade| upgrade.outcome.is_none()) else {
            self.rolling.remove(&pool); // The upgrade is over, perhaps because its pool was deleted.
            return;
        };
        let aborted = upgrade.aborted;
        let Some(rolling) = self.rolling.get_mut(&pool) else {
            self.rolling.insert(pool, begin(world, pool, ctx));
            return;
        };
        if aborted {
            rolling.waiting.clear();
        }
        rolling.waiting.retain(|node| world.nodes[*node].is_member());
        rolling.await_buffer(world, pool);
        rolling.drain_next(world, pool, ctx);
        if rolling.is_rolling() {
            return;
        }
        rolling.remove_surge(world, pool, ctx);
        if rolling.leaving.is_empty() {
            let failure = self.rolling.remove(&pool).and_then(|rolling| rolling.failure);
            finish(world, pool, failure, ctx);
        }
    }

    /// A surge node, or a reimaged node, became Ready.
    pub fn on_node_ready(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        let pool = world.nodes[node].pool;
        if let Some(rolling) = self.rolling.get_mut(&pool) {
            rolling.in_flight.remove(&node);
            ctx.soon(Event::UpgradeStep(pool));
        }
    }

    /// An instance could not be created: without its surge nodes an upgrade fails, or goes on with one.
    pub fn on_node_failed(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        let pool = world.nodes[node].pool;
        let (Some(rolling), NodePhase::Failed(cause)) = (self.rolling.get_mut(&pool), world.nodes[node].phase) else {
            return;
        };
        ctx.soon(Event::UpgradeStep(pool));
        if !world.nodes[node].surge || rolling.failure.is_some() {
            return;
        }
        match rolling.attempt {
            // The given-up attempt goes on failing; the scale set replaces what is missing to one.
            Some(attempt) if node < attempt => ctx.soon(Event::ReconcilePool(pool)),
            None if surge::retries_with_one(rolling.from) && world.pools[pool].surge > 1 => {
                rolling.attempt = Some(world.nodes.next_id());
                rolling.at_once = 1;
                keep_one_surge_node(world, pool, ctx);
            }
            _ => rolling.failure = Some(world.provisioning_error(pool, cause)),
        }
    }

    /// A drain ended: the old node is reimaged after the soak, the surge node deleted. A node that could not be drained
    /// takes pods again, and the upgrade stops.
    pub fn on_drain_ended(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        let pool = world.nodes[node].pool;
        let Some(rolling) = self.rolling.get_mut(&pool) else {
            return;
        };
        // Also after somebody else's drain: the node may be available to the upgrade again.
        ctx.soon(Event::UpgradeStep(pool));
        let (old, surge) = (rolling.in_flight.contains(&node), rolling.leaving.contains(&node));
        if !(old || surge) || !world.nodes[node].is_member() {
            return;
        }
        let forced = world.pool_plan(pool).spot;
        let drained = world.drain_outcome(node) == Some(DrainOutcome::Drained);
        if old && (drained || forced) {
            ctx.after(world.pool_plan(pool).upgrade.soak, Event::ReimageNode(node));
        } else if surge && drained {
            delete_surge_node(world, node, ctx);
        } else {
            rolling.failure.get_or_insert_with(|| world.drain_failure(node));
            rolling.in_flight.remove(&node);
            if rolling.leaving.remove(&node) {
                rolling.stuck.insert(node);
            }
            world.set_cordoned(node, false, ctx);
        }
    }

    /// An instance is gone: a surge node, or an old node that somebody else removed.
    pub fn on_node_deleted(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        let pool = world.nodes[node].pool;
        if let Some(rolling) = self.rolling.get_mut(&pool) {
            rolling.in_flight.remove(&node);
            rolling.leaving.remove(&node);
            ctx.soon(Event::UpgradeStep(pool));
        }
    }
}

impl Rolling {
    /// True while old nodes are out of service or have to go there.
    fn is_rolling(&self) -> bool {
        !self.in_flight.is_empty() || (self.failure.is_none() && !self.waiting.is_empty())
    }

    fn await_buffer(&mut self, world: &World, pool: PoolId) {
        if !self.buffered {
            let ready = surge_nodes(world, pool).iter().filter(|node| world.nodes[**node].is_ready()).count();
            self.buffered = ready >= world.pools[pool].surge as usize;
        }
    }

    /// Cordons and drains old nodes, as many as may be out of service at once.
    fn drain_next(&mut self, world: &mut World, pool: PoolId, ctx: &mut Ctx<'_>) {
        if !self.buffered || self.failure.is_some() {
            return;
        }
        let mut next: Vec<NodeId> = self.waiting.iter().copied().collect();
        // A node still booting, or being drained by somebody else, waits until it is Ready or gone.
        next.retain(|node| world.nodes[*node].is_ready() && !world.is_draining(*node));
        next.sort_by_key(|node| world.nodes[*node].instance);
        let plan = world.pool_plan(pool);
        let timeout = if plan.spot { SPOT_NOTICE } else { plan.upgrade.drain_timeout };
        for node in next.into_iter().take((self.at_once as usize).saturating_sub(self.in_flight.len())) {
            self.waiting.remove(&node);
            self.in_flight.insert(node);
            world.start_drain(node, EVICTION_RETRY, timeout, ctx);
        }
    }

    /// Cordons, drains and deletes every surge node that is left, those of a failed attempt among them.
    fn remove_surge(&mut self, world: &mut World, pool: PoolId, ctx: &mut Ctx<'_>) {
        let nodes = surge_nodes(world, pool);
        // Failed ones are not tried again.
        world.pools[pool].surge = u32::try_from(nodes.len()).expect("a scale set has at most 1000 instances");
        let timeout = world.pool_plan(pool).upgrade.drain_timeout;
        for node in nodes {
            if self.stuck.contains(&node) || !self.leaving.insert(node) {
                continue;
            }
            if world.nodes[node].is_ready() {
                world.start_drain(node, EVICTION_RETRY, timeout, ctx);
            } else {
                delete_surge_node(world, node, ctx);
            }
        }
    }
}

/// Sets the pool to its new version and asks for the surge nodes.
fn begin(world: &mut World, pool: PoolId, ctx: &mut Ctx<'_>) -> Rolling {
    let from = world.pools[pool].version;
    let version = world.pools[pool].upgrade.as_ref().and_then(|upgrade| upgrade.version);
    let members: Vec<NodeId> = world.members(pool).filter(|node| !world.nodes[*node].surge).collect();
    let is_old = |node: &NodeId| version.is_none_or(|version| world.nodes[*node].version != version);
    let waiting: BTreeSet<NodeId> = members.iter().copied().filter(is_old).collect();
    let plan = world.pool_plan(pool);
    let count = |nodes: usize| u32::try_from(nodes).expect("a scale set has at most 1000 instances");
    let width = surge::width(&plan.upgrade, plan.spot, count(members.len()), count(waiting.len()));
    // Surge nodes that an earlier upgrade could not remove serve this one.
    let left_over = count(surge_nodes(world, pool).len());
    world.pools[pool].surge = width.surge.max(left_over);
    world.pools[pool].version = version.unwrap_or(from);
    ctx.soon(Event::ReconcilePool(pool));
    // Follows the reconciliation: without surge nodes to wait for, no other event would take the next step.
    ctx.soon(Event::UpgradeStep(pool));
    Rolling {
        from,
        at_once: width.at_once,
        buffered: false,
        attempt: None,
        waiting,
        in_flight: BTreeSet::new(),
        leaving: BTreeSet::new(),
        stuck: BTreeSet::new(),
        failure: None,
    }
}

/// Answers the control plane.
fn finish(world: &mut World, pool: PoolId, failure: Option<Refusal>, ctx: &mut Ctx<'_>) {
    let upgrade = world.pools[pool].upgrade.as_mut().expect("a pool in an upgrade has its row");
    upgrade.outcome = Some(failure.map_or(Ok(()), Err));
    ctx.soon(Event::OperationStep(upgrade.operation));
}

/// The surge nodes that count towards the pool's size, in order of birth.
fn surge_nodes(world: &World, pool: PoolId) -> Vec<NodeId> {
    world.members(pool).filter(|node| world.nodes[*node].surge).collect()
}

/// Deletes a surge node and wants one less, so that the scale set does not replace it.
fn delete_surge_node(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    let pool = world.nodes[node].pool;
    world.pools[pool].surge = world.pools[pool].surge.saturating_sub(1);
    ctx.soon(Event::DeleteNode(node));
}

/// Narrows the surge to one node: the one that is furthest in its life stays, others that are not Ready go.
///
/// Nodes that became Ready stay too and serve as targets of the drains; still one old node is drained at a time.
fn keep_one_surge_node(world: &mut World, pool: PoolId, ctx: &mut Ctx<'_>) {
    let mut nodes = surge_nodes(world, pool);
    nodes.sort_by_key(|node| {
        let state = &world.nodes[*node];
        (!state.is_ready(), state.addresses == 0, *node)
    });
    let ready = nodes.iter().filter(|node| world.nodes[**node].is_ready()).count();
    let kept = ready.max(1);
    for node in nodes.into_iter().skip(kept) {
        ctx.soon(Event::DeleteNode(node));
    }
    world.pools[pool].surge = u32::try_from(kept).expect("a scale set has at most 1000 instances");
    ctx.soon(Event::ReconcilePool(pool));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::{Bench, budget, deployment, plan, pool, version};
    use crate::cluster::{Fact, OperationId, PoolUpgrade};
    use crate::kernel::{Id, SimTime};
    use crate::scenario::plan::{BudgetRule, IntOrPercent, OperationKind, PoolPlan};

    const HOUR: SimDuration = SimDuration::from_hours(1);

    /// Runs the upgrade of a pool to the next version, with stand-ins for machines and drains; what happened in short.
    fn run(bench: &mut Bench, end: SimDuration) -> Vec<String> {
        let pool = PoolId::from_index(0);
        let next = version(bench.world.version.minor + 1);
        bench.world.version = next;
        let operation = OperationId::from_index(0);
        bench.world.pools[pool].upgrade =
            Some(PoolUpgrade { operation, version: Some(next), began: SimTime::ZERO, aborted: false, outcome: None });
        bench.act(|_, ctx| ctx.soon(Event::UpgradeStep(pool)));
        let mut upgrades = Upgrades::default();
        let mut log = Vec::new();
        bench.run_with_machines(end, |world, event, ctx| {
            let mut note = |what: &str, node: NodeId| log.push(format!("{what} {}", world.nodes[node].instance));
            match event {
                Event::AttachNic(node) => note("create", node),
                Event::StartDrain(node) => note("drain", node),
                Event::ReimageNode(node) => note("reimage", node),
                Event::DeleteNode(node) => note("delete", node),
                _ => {}
            }
            match event {
                Event::UpgradeStep(pool) => upgrades.on_step(world, pool, ctx),
                Event::NodeReady(node) => upgrades.on_node_ready(world, node, ctx),
                Event::NodeFailed(node) => upgrades.on_node_failed(world, node, ctx),
                Event::NodeDeleted(node) => upgrades.on_node_deleted(world, node, ctx),
                Event::DrainEnded(node) => upgrades.on_drain_ended(world, node, ctx),
                _ => {}
            }
        });
        log
    }

    fn bench(pool: PoolPlan) -> Bench {
        let mut plan = plan(vec![pool]);
        plan.operations = crate::cluster::testing::operations(vec![OperationKind::Upgrade {
            version: Some(version(35)),
            pools: vec![0],
        }]);
        Bench::new(plan)
    }

    fn outcome(bench: &Bench) -> Option<Result<(), Refusal>> {
        bench.world.pools[PoolId::from_index(0)].upgrade.as_ref().and_then(|upgrade| upgrade.outcome.clone())
    }

    fn members(bench: &Bench) -> Vec<(u32, bool)> {
        let members = bench.world.members(PoolId::from_index(0));
        members.map(|node| (bench.world.nodes[node].instance, bench.world.nodes[node].info.unschedulable)).collect()
    }

    fn surge_of(max_surge: u32, count: u32) -> PoolPlan {
        let mut plan = pool("apps", count);
        plan.upgrade.max_surge = IntOrPercent::Int(max_surge);
        plan
    }

    /// upgrade-conceptual.md, 2026-07-08: two nodes, one surge node.
    #[test]
    fn two_nodes_with_a_surge_of_one_follow_the_documented_steps() {
        let mut bench = bench(surge_of(1, 2));
        let log = run(&mut bench, HOUR);
        let expected = ["create 2", "drain 0", "reimage 0", "drain 1", "reimage 1", "drain 2", "delete 2"];
        assert_eq!(log, expected);
        assert_eq!(outcome(&bench), Some(Ok(())));
        assert_eq!(members(&bench), [(0, false), (1, false)]);
        let pool = PoolId::from_index(0);
        assert!(bench.world.members(pool).all(|node| bench.world.nodes[node].version == version(35)));
        assert_eq!((bench.world.pools[pool].target, bench.world.pools[pool].surge), (2, 0));
    }

    #[test]
    fn as_many_nodes_are_drained_at_once_as_there_are_surge_nodes() {
        let mut bench = bench(surge_of(2, 3));
        let log = run(&mut bench, HOUR);
        let expected = [
            "create 3",
            "create 4",
            "drain 0",
            "drain 1",
            "reimage 0",
            "reimage 1",
            "drain 2",
            "reimage 2",
            "drain 3",
            "drain 4",
            "delete 3",
            "delete 4",
        ];
        assert_eq!(log, expected);
        assert_eq!(outcome(&bench), Some(Ok(())));
    }

    #[test]
    fn without_surge_nodes_are_upgraded_in_place() {
        let mut plan = surge_of(0, 3);
        plan.upgrade.max_unavailable = IntOrPercent::Int(2);
        let mut bench = bench(plan);
        let log = run(&mut bench, HOUR);
        assert_eq!(log, ["drain 0", "drain 1", "reimage 0", "reimage 1", "drain 2", "reimage 2"]);
        assert_eq!(outcome(&bench), Some(Ok(())));
    }

    #[test]
    fn a_soak_delays_the_reimage() {
        let mut plan = surge_of(1, 1);
        plan.upgrade.soak = SimDuration::from_mins(20);
        let mut bench = bench(plan);
        run(&mut bench, HOUR);
        let at = |of: fn(&Fact) -> bool| bench.facts.iter().find(|(_, fact)| of(fact)).expect("it happened").0;
        let cordoned = at(|fact| matches!(fact, Fact::NodeCordoned(_)));
        let reimaged = at(|fact| matches!(fact, Fact::NodeReimaged(_)));
        assert!(reimaged.since(cordoned) >= SimDuration::from_mins(20));
    }

    #[test]
    fn an_empty_pool_only_gets_its_version() {
        let mut bench = bench(surge_of(1, 0));
        assert!(run(&mut bench, HOUR).is_empty());
        assert_eq!(outcome(&bench), Some(Ok(())));
        assert_eq!(bench.world.pools[PoolId::from_index(0)].version, version(35));
    }

    #[test]
    fn a_node_that_cannot_be_drained_stops_the_upgrade_and_takes_pods_again() {
        let mut plan = plan(vec![surge_of(1, 3)]);
        plan.workloads = vec![deployment("web", 1)];
        plan.budgets = vec![budget(BudgetRule::MinAvailable(IntOrPercent::Int(1)))];
        let mut bench = Bench::new(plan);
        let blocked = NodeId::from_index(1);
        let pod = bench.ready_pod(0, blocked);
        bench.undrainable.insert(blocked);
        let log = run(&mut bench, HOUR);
        let expected = ["create 3", "drain 0", "reimage 0", "drain 1", "drain 3", "delete 3"];
        assert_eq!(log, expected);
        let Some(Err(failure)) = outcome(&bench) else { panic!("{:?}", outcome(&bench)) };
        assert_eq!(failure.code, "UpgradeFailed");
        assert!(failure.message.contains("vmss000001"), "{}", failure.message);
        assert_eq!(members(&bench), [(0, false), (1, false), (2, false)]);
        assert_eq!(bench.world.nodes[blocked].version, version(34));
        assert_eq!(bench.world.pods[pod].node, Some(blocked));
    }

    #[test]
    fn the_same_upgrade_again_touches_only_what_is_left() {
        let mut bench = bench(surge_of(1, 3));
        bench.undrainable.insert(NodeId::from_index(1));
        run(&mut bench, HOUR);
        bench.undrainable.clear();
        bench.world.version = version(34);
        let log = run(&mut bench, HOUR.times(2));
        assert_eq!(log, ["create 4", "drain 1", "reimage 1", "drain 2", "reimage 2", "drain 4", "delete 4"]);
        assert_eq!(outcome(&bench), Some(Ok(())));
    }

    #[test]
    fn a_surge_node_that_cannot_be_drained_stays_and_serves_the_next_upgrade() {
        let mut bench = bench(surge_of(1, 1));
        let surge = NodeId::from_index(1);
        bench.undrainable.insert(surge);
        run(&mut bench, HOUR);
        assert!(matches!(outcome(&bench), Some(Err(_))));
        assert_eq!(members(&bench), [(0, false), (1, false)]);
        assert_eq!(bench.world.pools[PoolId::from_index(0)].surge, 1);
        bench.undrainable.clear();
        let log = run(&mut bench, HOUR.times(2));
        assert_eq!(log, ["drain 0", "reimage 0", "drain 1", "delete 1"]);
    }

    #[test]
    fn before_1_35_an_upgrade_without_all_of_its_surge_nodes_fails_before_it_touches_a_node() {
        let mut bench = bench(surge_of(3, 4));
        bench.room = 1;
        let log = run(&mut bench, HOUR);
        assert_eq!(log, ["create 4", "create 5", "create 6", "delete 4"]);
        let Some(Err(failure)) = outcome(&bench) else { panic!("{:?}", outcome(&bench)) };
        assert_eq!(failure.code, "SubnetIsFull");
        assert_eq!(bench.world.members(PoolId::from_index(0)).count(), 4);
    }

    #[test]
    fn from_1_35_it_goes_on_with_one() {
        let mut plan = plan(vec![PoolPlan { version: version(35), ..surge_of(3, 2) }]);
        plan.cluster.version = version(35);
        plan.cluster.pools[0].upgrade.max_surge = IntOrPercent::Int(2);
        let mut bench = Bench::new(plan);
        bench.room = 1;
        let log = run(&mut bench, HOUR);
        let expected = ["create 2", "create 3", "drain 0", "reimage 0", "drain 1", "reimage 1", "drain 2", "delete 2"];
        assert_eq!(log, expected);
        assert_eq!(outcome(&bench), Some(Ok(())));
    }

    #[test]
    fn from_1_35_it_fails_when_not_even_one_can_be_had() {
        let mut plan = plan(vec![PoolPlan { version: version(35), ..surge_of(2, 2) }]);
        plan.cluster.version = version(35);
        let mut bench = Bench::new(plan);
        bench.room = 0;
        let log = run(&mut bench, HOUR);
        assert_eq!(log, ["create 2", "create 3", "create 4"]);
        assert!(matches!(outcome(&bench), Some(Err(Refusal { code: "SubnetIsFull", .. }))));
        assert_eq!(bench.world.pools[PoolId::from_index(0)].surge, 0);
    }

    #[test]
    fn a_node_that_somebody_else_removes_is_not_waited_for() {
        let mut bench = bench(surge_of(1, 2));
        bench.act(|_, ctx| {
            ctx.at(SimTime::after_start(SimDuration::from_secs(5)), Event::DeleteNode(NodeId::from_index(1)))
        });
        let log = run(&mut bench, HOUR);
        assert_eq!(log, ["create 2", "delete 1", "drain 0", "reimage 0", "drain 2", "delete 2"]);
        assert_eq!(outcome(&bench), Some(Ok(())));
    }
}
