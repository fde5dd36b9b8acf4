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
        if world.pools[pool].upgrade.as_ref().is_none_or(|upgrade| upgrade.outcome.is_some()) {
            return; // Stale: the upgrade is over.
        }
        let Some(rolling) = self.rolling.get_mut(&pool) else {
            self.rolling.insert(pool, begin(world, pool, ctx));
            return;
        };
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
            rolling.failure.get_or_insert_with(|| drain_failure(world, node));
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

/// The error of an upgrade that a drain stopped.
///
/// Source of code and form: support articles for AKS, error-code-poddrainfailure.md, 2025-03-03.
fn drain_failure(world: &World, node: NodeId) -> Refusal {
    let name = &world.nodes[node].info.name;
    let held = world.drains.get(&node).and_then(|drain| drain.pods.keys().next().copied());
    let message = match held {
        None => format!("Drain node {name} failed"),
        Some(pod) => {
            let namespace = &world.workload_plan(world.pods[pod].workload).namespace;
            let budget = world.budgets_of(pod).next().map(|budget| {
                let plan = &world.plan.budgets[world.budgets[budget].plan];
                format!(
                    ": Cannot evict pod as it would violate the pod's disruption budget, blocked by pdb {}/{}",
                    plan.namespace, plan.name
                )
            });
            format!(
                "Drain node {name} failed when evicting pod {namespace}/{}{}",
                world.pods[pod].name,
                budget.unwrap_or_default()
            )
        }
    };
    Refusal { code: "UpgradeFailed", message }
}
