//! The rolling upgrade, in the documented order: surge nodes at the new version, cordon and drain old nodes, soak, reimage, the next
//! old nodes, and in the end cordon, drain and delete the surge nodes.
//!
//! Sources: azure-aks-docs, upgrade-aks-node-pools-rolling.md, 2026-05-29, upgrade-conceptual.md, 2026-07-08, and upgrade-options.md,
//! 2026-06-22; API specification of 2025-05-01 for nodes that cannot be drained. Assumptions: old nodes go in rising order of
//! their instance number; as soon as one is back, the next goes, so a soak holds up its own node only; what had begun
//! when a drain times out is finished; a node that is left behind does not narrow the upgrade; a forced upgrade reimages a node
//! whose pods have not ended within the drain timeout.

use super::extra::{self, Extra};
use super::{Strategy, Terms, given_up, number, old_nodes, surge};
use crate::catalog::KubernetesVersion;
use crate::cluster::{
    Ctx, DrainOutcome, Event, NodeId, NodePhase, PoolId, Refusal, UpgradeOutcome, UpgradeRequest, World,
};
use crate::kernel::SimDuration;
use crate::scenario::plan::UndrainableNodes;
use std::collections::BTreeSet;

/// What a spot node is given to end, in place of a drain.
/// Source: azure-aks-docs, spot-node-pool.md, 2025-04-06.
const SPOT_NOTICE: SimDuration = SimDuration::from_secs(30);

/// A rolling upgrade in progress.
#[derive(Debug)]
pub(super) struct Rolling {
    /// Version of the pool before.
    from: KubernetesVersion,
    /// How old nodes and surge nodes are drained; spot nodes have their own notice.
    terms: Terms,
    /// Old nodes that may be out of service at once.
    at_once: u32,
    /// Old nodes that may be out of service at once without any surge node, should none be had; 0 where the upgrade fails then.
    in_place: u32,
    /// True once every wanted surge node is Ready: draining may begin.
    buffered: bool,
    /// Surge nodes born before this one belong to an attempt that was given up.
    attempt: Option<NodeId>,
    /// Old nodes not yet touched.
    waiting: BTreeSet<NodeId>,
    /// Old nodes being drained, soaked or reimaged.
    in_flight: BTreeSet<NodeId>,
    /// Nodes that are created in place of deleted ones, and not Ready yet.
    replacing: u32,
    /// What was left behind.
    blocked: Blocked,
    extra: Extra,
    /// What stopped the upgrade.
    failure: Option<Refusal>,
    /// True when the operation was aborted.
    aborted: bool,
}

/// The nodes that could not be drained and were left behind.
#[derive(Debug)]
struct Blocked {
    /// How many the upgrade goes on with.
    most: u32,
    nodes: u32,
    /// How many of them a surge node took the place of.
    replaced: u32,
    /// The failure of the first one.
    first: Option<Refusal>,
}

impl Rolling {
    /// Sets the pool to its new version and wants the surge nodes.
    pub fn begin(world: &mut World, pool: PoolId, request: UpgradeRequest) -> Self {
        let from = world.pools[pool].version;
        let members = number(world.members(pool).filter(|node| !world.nodes[*node].surge).count());
        let waiting: BTreeSet<NodeId> = old_nodes(world, pool, request).into_iter().collect();
        let plan = world.pool_plan(pool);
        let settings = plan.upgrade;
        let width = surge::width(&settings, plan.spot, members, number(waiting.len()));
        let in_place = if width.surge > 0 { plan.in_place(members) } else { 0 };
        let most = settings.max_blocked.unwrap_or(settings.max_surge).of_rounded_up(members);
        // Surge nodes that an earlier upgrade could not remove serve this one.
        let left_over = number(extra::nodes(world, pool).len());
        world.pools[pool].surge = width.surge.max(left_over);
        world.pools[pool].version = request.version.unwrap_or(from);
        Self {
            from,
            terms: Terms { timeout: settings.drain_timeout, force: request.force },
            at_once: width.at_once,
            in_place: in_place.min(number(waiting.len())),
            buffered: false,
            attempt: None,
            waiting,
            in_flight: BTreeSet::new(),
            replacing: 0,
            blocked: Blocked { most, nodes: 0, replaced: 0, first: None },
            extra: Extra::default(),
            failure: None,
            aborted: false,
        }
    }

    /// True while old nodes are out of service or have to go there.
    fn is_rolling(&self) -> bool {
        !self.in_flight.is_empty() || self.replacing > 0 || (self.failure.is_none() && !self.waiting.is_empty())
    }

    fn await_buffer(&mut self, world: &World, pool: PoolId) {
        if !self.buffered {
            let surge = extra::nodes(world, pool);
            let ready = surge.iter().filter(|node| world.nodes[**node].is_ready()).count();
            self.buffered = ready >= world.pools[pool].surge as usize;
            self.failure = self.failure.take().or_else(|| given_up(world, surge));
        }
    }

    /// Leaves the nodes that were to be reimaged and will not be back.
    fn leave_given_up(&mut self, world: &mut World, ctx: &mut Ctx<'_>) {
        let is_lost = |node: &NodeId| world.is_given_up(*node) && !world.is_draining(*node);
        let lost: Vec<NodeId> = self.in_flight.iter().copied().filter(is_lost).collect();
        for node in &lost {
            self.in_flight.remove(node);
            world.set_cordoned(*node, false, ctx);
        }
        self.failure = self.failure.take().or_else(|| given_up(world, lost));
    }

    /// Cordons and drains old nodes, as many as may be out of service at once.
    fn drain_next(&mut self, world: &mut World, pool: PoolId, ctx: &mut Ctx<'_>) {
        if !self.buffered || self.failure.is_some() {
            return;
        }
        let mut next: Vec<NodeId> = self.waiting.iter().copied().collect();
        // A node still booting, being repaired, or being drained by somebody else, waits until it is Ready or gone. Auto-repair leaves nodes
        // alone that are cordoned.
        let can_go = |node: &NodeId| {
            let state = &world.nodes[*node];
            let stays_down = state.is_in_service() && (state.info.unschedulable || world.is_given_up(*node));
            (state.is_ready() || stays_down) && !world.is_draining(*node)
        };
        next.retain(can_go);
        next.sort_by_key(|node| world.nodes[*node].instance);
        let spot = Terms { timeout: SPOT_NOTICE, ..self.terms };
        let terms = if world.pool_plan(pool).spot { spot } else { self.terms };
        let busy = self.in_flight.len() + self.replacing as usize;
        for node in next.into_iter().take((self.at_once as usize).saturating_sub(busy)) {
            self.waiting.remove(&node);
            self.in_flight.insert(node);
            terms.start(world, node, ctx);
        }
    }

    /// An old node could not be drained in time.
    fn block(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        let pool = world.nodes[node].pool;
        self.in_flight.remove(&node);
        match world.pool_plan(pool).upgrade.undrainable {
            UndrainableNodes::Uncordon => {
                self.failure.get_or_insert_with(|| world.drain_failure(node));
                world.set_cordoned(node, false, ctx);
            }
            UndrainableNodes::Replace => {
                world.evict_all_by_force(node, ctx);
                self.replacing += 1;
                ctx.soon(Event::DeleteNode(node));
                // The scale set makes up for it, at the new version.
                ctx.soon(Event::ReconcilePool(pool));
            }
            UndrainableNodes::Cordon => self.leave_behind(world, node, ctx),
        }
    }

    /// The node stays as it is, cordoned, and a surge node takes its place for good, if there is one.
    fn leave_behind(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        let pool = world.nodes[node].pool;
        let failure = world.drain_failure(node);
        self.blocked.nodes += 1;
        let is_free = |other: &NodeId| world.nodes[*other].is_ready() && !world.is_draining(*other);
        let free = extra::nodes(world, pool).into_iter().find(is_free);
        // One that an earlier upgrade left behind may have its replacement.
        if !world.nodes[node].replaced
            && let Some(replacement) = free
        {
            extra::keep(world, replacement);
            world.pools[pool].target += 1;
            world.nodes[node].replaced = true;
        }
        self.blocked.replaced += u32::from(world.nodes[node].replaced);
        world.set_quarantined(node, true, ctx);
        if self.blocked.nodes > self.blocked.most {
            self.failure.get_or_insert_with(|| failure.clone());
        }
        self.blocked.first.get_or_insert(failure);
    }

    fn outcome(&mut self) -> UpgradeOutcome {
        if self.aborted {
            return UpgradeOutcome::Canceled(Refusal::aborted());
        }
        let Blocked { nodes, replaced, ref mut first, .. } = self.blocked;
        match self.failure.take().or_else(|| first.take()) {
            None => UpgradeOutcome::Succeeded,
            Some(reason) if nodes > replaced => UpgradeOutcome::Canceled(reason),
            Some(failure) => UpgradeOutcome::Failed(failure),
        }
    }
}

impl Strategy for Rolling {
    fn abort(&mut self) {
        self.aborted = true;
        self.waiting.clear();
    }

    fn step(&mut self, world: &mut World, pool: PoolId, ctx: &mut Ctx<'_>) -> Option<UpgradeOutcome> {
        self.waiting.retain(|node| world.nodes[*node].is_member());
        self.await_buffer(world, pool);
        self.leave_given_up(world, ctx);
        self.drain_next(world, pool, ctx);
        if self.is_rolling() {
            return None;
        }
        self.extra.remove_all(world, pool, self.terms, ctx);
        self.extra.is_settled().then(|| self.outcome())
    }

    fn on_node_ready(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        if self.in_flight.remove(&node) {
            // A reimaged node has only the labels of its pool.
            world.set_quarantined(node, false, ctx);
        } else if !world.nodes[node].surge && !self.waiting.contains(&node) {
            self.replacing = self.replacing.saturating_sub(1);
        }
    }

    /// Without its surge nodes an upgrade goes on with one, or in place, or fails; so it fails without a replacement.
    fn on_node_failed(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        let pool = world.nodes[node].pool;
        let NodePhase::Failed(cause) = world.nodes[node].phase else {
            return;
        };
        if !world.nodes[node].surge {
            if self.replacing > 0 {
                self.replacing -= 1;
                self.failure.get_or_insert_with(|| world.provisioning_error(pool, cause));
            }
            return;
        }
        if self.failure.is_some() {
            return;
        }
        match self.attempt {
            // The given-up attempt goes on failing; the scale set replaces what is missing to one.
            Some(attempt) if node < attempt => ctx.soon(Event::ReconcilePool(pool)),
            None if surge::retries_with_one(self.from) && world.pools[pool].surge > 1 => {
                self.attempt = Some(world.nodes.next_id());
                self.at_once = 1;
                keep_surge_nodes(world, pool, 1, ctx);
            }
            _ if self.in_place > 0 => {
                self.attempt = Some(world.nodes.next_id());
                self.at_once = std::mem::take(&mut self.in_place);
                keep_surge_nodes(world, pool, 0, ctx);
            }
            _ => self.failure = Some(world.provisioning_error(pool, cause)),
        }
    }

    /// The old node is reimaged after the soak, the surge node deleted.
    fn on_drain_ended(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        if let Err(failure) = self.extra.on_drain_ended(world, node, self.terms.force, ctx) {
            self.failure.get_or_insert(failure);
        }
        if !self.in_flight.contains(&node) || !world.nodes[node].is_member() {
            return;
        }
        let plan = world.pool_plan(world.nodes[node].pool);
        let forced = plan.spot || self.terms.force;
        if forced || world.drain_outcome(node) == Some(DrainOutcome::Drained) {
            ctx.after(plan.upgrade.soak, Event::ReimageNode(node));
        } else {
            self.block(world, node, ctx);
        }
    }

    fn on_node_deleted(&mut self, node: NodeId) {
        self.in_flight.remove(&node);
        self.extra.on_node_deleted(node);
    }
}

/// Narrows the surge to so many nodes: those that are furthest in their life stay, others that are not Ready go.
///
/// Nodes that became Ready stay too and serve as targets of the drains; no more old nodes are drained at a time for it.
fn keep_surge_nodes(world: &mut World, pool: PoolId, least: usize, ctx: &mut Ctx<'_>) {
    let mut nodes = extra::nodes(world, pool);
    nodes.sort_by_key(|node| {
        let state = &world.nodes[*node];
        (!state.is_ready(), state.addresses.own.is_none(), *node)
    });
    let ready = nodes.iter().filter(|node| world.nodes[**node].is_ready()).count();
    let kept = ready.max(least);
    for node in nodes.into_iter().skip(kept) {
        ctx.soon(Event::DeleteNode(node));
    }
    world.pools[pool].surge = number(kept);
    ctx.soon(Event::ReconcilePool(pool));
}
