//! The blue-green upgrade: cordon the old nodes (blue), add as many new ones (green), drain blue in batches with a soak after each, wait a
//! last time, delete blue. Both sets exist, and are billed, from the first green node to the end.
//!
//! Source: azure-aks-docs, blue-green-node-pool-upgrade.md, 2024-11-06. Assumptions: blue nodes go in rising order of their instance
//! number; the soak after the last batch is the final one; after a drain that timed out both sets stay, blue cordoned, until the
//! upgrade is asked for again, which goes on with them, or rolled back, which takes green away, as it does in the midst of the final
//! soak.

use super::extra::{self, Extra};
use super::{Strategy, Terms, given_up, number, old_nodes};
use crate::catalog::KubernetesVersion;
use crate::cluster::{
    Ctx, DrainOutcome, Event, NodeId, NodePhase, PoolId, Refusal, UpgradeOutcome, UpgradePurpose, UpgradeRequest, World,
};
use crate::kernel::SimTime;
use crate::scenario::plan::BlueGreenSettings;
use std::collections::BTreeSet;

/// A blue-green upgrade in progress.
#[derive(Debug)]
pub(super) struct BlueGreen {
    /// Version of the pool before.
    from: KubernetesVersion,
    settings: BlueGreenSettings,
    terms: Terms,
    phase: Phase,
    /// Blue nodes drained at once.
    batch: usize,
    /// Blue nodes not yet touched.
    waiting: BTreeSet<NodeId>,
    /// Blue nodes being drained.
    draining: BTreeSet<NodeId>,
    /// Blue nodes that are drained; in the end, being deleted.
    drained: BTreeSet<NodeId>,
    extra: Extra,
    /// What stopped the upgrade.
    failure: Option<Refusal>,
    /// True when the operation was aborted.
    aborted: bool,
}

/// What an upgrade is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The green nodes are being created.
    Growing,
    /// Blue is being drained, batch after batch.
    Draining,
    /// Nothing until then: a soak.
    Soaking(SimTime),
    /// Blue is being deleted.
    Committing,
    /// Blue is back in service, green is being removed.
    Undoing,
}

impl BlueGreen {
    /// Sets the pool to its new version, cordons blue and wants the green nodes. Where an earlier upgrade left green nodes, a
    /// roll-back takes them away, and an upgrade goes on with them.
    pub fn begin(
        world: &mut World,
        pool: PoolId,
        request: UpgradeRequest,
        settings: BlueGreenSettings,
        ctx: &mut Ctx<'_>,
    ) -> Self {
        let from = world.pools[pool].version;
        let version = request.version.unwrap_or(from);
        world.pools[pool].version = version;
        let left_over = extra::nodes(world, pool);
        let undoes = request.purpose == UpgradePurpose::Rollback && !left_over.is_empty();
        let waiting: BTreeSet<NodeId> =
            if undoes { BTreeSet::new() } else { old_nodes(world, pool, request).into_iter().collect() };
        let blue = number(waiting.len());
        let of_another_version = left_over.iter().filter(|node| world.nodes[**node].version != version).count();
        world.pools[pool].surge = number(left_over.len()).max(blue + number(of_another_version));
        let upgrade = Self {
            from,
            settings,
            terms: Terms { timeout: settings.drain_timeout, force: request.force },
            phase: if undoes { Phase::Undoing } else { Phase::Growing },
            batch: settings.drain_batch.of_rounded_up(blue).max(1) as usize,
            waiting,
            draining: BTreeSet::new(),
            drained: BTreeSet::new(),
            extra: Extra::default(),
            failure: None,
            aborted: false,
        };
        if undoes {
            put_back(world, pool, ctx);
        }
        for node in &upgrade.waiting {
            world.set_cordoned(*node, true, ctx);
        }
        upgrade
    }

    /// True when there are as many green nodes as blue ones, all of them Ready.
    fn has_grown(&self, world: &World, pool: PoolId) -> bool {
        green(world, pool).iter().filter(|node| world.nodes[**node].is_ready()).count() >= self.waiting.len()
    }

    /// Begins to drain the next batch. `true` when a batch is being drained.
    fn drain_batch(&mut self, world: &mut World, ctx: &mut Ctx<'_>) -> bool {
        let mut next: Vec<NodeId> = self.waiting.iter().copied().collect();
        // A node still booting, or being drained by somebody else, waits until it is Ready or gone. One that is not Ready any more is not
        // waited for, since auto-repair leaves it alone: blue is cordoned.
        next.retain(|node| world.nodes[*node].is_in_service() && !world.is_draining(*node));
        next.sort_by_key(|node| world.nodes[*node].instance);
        for node in next.into_iter().take(self.batch) {
            self.waiting.remove(&node);
            self.draining.insert(node);
            self.terms.start(world, node, ctx);
        }
        !self.draining.is_empty()
    }

    /// The batch is drained: soak.
    fn soak(&mut self, world: &mut World, pool: PoolId, ctx: &mut Ctx<'_>) {
        let last = self.waiting.is_empty();
        set_reversible(world, pool, last);
        let until = ctx.now + if last { self.settings.final_soak } else { self.settings.batch_soak };
        self.phase = Phase::Soaking(until);
        ctx.at(until, Event::UpgradeStep(pool));
    }

    /// Green takes the place of blue: it counts as the pool from now on, and blue goes.
    fn commit(&mut self, world: &mut World, pool: PoolId, ctx: &mut Ctx<'_>) {
        self.phase = Phase::Committing;
        set_reversible(world, pool, false);
        let others =
            world.members(pool).filter(|node| !world.nodes[*node].surge && !self.drained.contains(node)).count();
        let wanted = (world.pools[pool].target as usize).saturating_sub(others);
        for node in green(world, pool).into_iter().take(wanted) {
            extra::keep(world, node);
        }
        for node in &self.drained {
            ctx.soon(Event::DeleteNode(*node));
        }
    }

    /// Takes green away, or what of it is not needed; the outcome once that is done.
    fn end(&mut self, world: &mut World, pool: PoolId, ctx: &mut Ctx<'_>) -> Option<UpgradeOutcome> {
        self.extra.remove_all(world, pool, self.terms, ctx);
        let outcome = || match self.failure.take() {
            None => UpgradeOutcome::Succeeded,
            Some(reason) if self.aborted => UpgradeOutcome::Canceled(reason),
            Some(failure) => UpgradeOutcome::Failed(failure),
        };
        self.extra.is_settled().then(outcome)
    }

    fn forget_gone(&mut self, world: &World) {
        for nodes in [&mut self.waiting, &mut self.drained] {
            nodes.retain(|node| world.nodes[*node].is_member() || self.phase == Phase::Committing);
        }
    }
}

impl Strategy for BlueGreen {
    /// While green grows it is taken away again; afterwards both sets stay, as after a drain that timed out. Blue that is being
    /// deleted goes on going.
    fn abort(&mut self) {
        if !self.aborted && !matches!(self.phase, Phase::Committing | Phase::Undoing) {
            self.aborted = true;
            self.failure = Some(Refusal::aborted());
            if let Phase::Soaking(_) = self.phase {
                self.phase = Phase::Draining;
            }
        }
    }

    fn step(&mut self, world: &mut World, pool: PoolId, ctx: &mut Ctx<'_>) -> Option<UpgradeOutcome> {
        self.forget_gone(world);
        if self.phase == Phase::Growing {
            self.failure = self.failure.take().or_else(|| given_up(world, green(world, pool)));
            if self.failure.is_some() {
                self.phase = Phase::Undoing;
                self.waiting.clear();
                world.pools[pool].version = self.from;
                put_back(world, pool, ctx);
            } else if self.has_grown(world, pool) {
                self.phase = Phase::Draining;
            }
        }
        if matches!(self.phase, Phase::Soaking(until) if until <= ctx.now) {
            self.phase = Phase::Draining;
            if self.waiting.is_empty() {
                self.commit(world, pool, ctx);
            }
        }
        if self.phase == Phase::Draining && self.draining.is_empty() {
            if let Some(failure) = self.failure.take() {
                let outcome = if self.aborted { UpgradeOutcome::Canceled } else { UpgradeOutcome::Failed };
                return Some(outcome(failure));
            }
            if self.waiting.is_empty() {
                self.soak_or_commit(world, pool, ctx);
            } else {
                self.drain_batch(world, ctx);
            }
        }
        let ends = self.phase == Phase::Undoing || (self.phase == Phase::Committing && self.drained.is_empty());
        if ends { self.end(world, pool, ctx) } else { None }
    }

    /// A blue node that comes up late is cordoned like the others.
    fn on_node_ready(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        if self.waiting.contains(&node) {
            world.set_cordoned(node, true, ctx);
        }
    }

    /// Without all of green the upgrade fails, and blue is as it was.
    fn on_node_failed(&mut self, world: &mut World, node: NodeId, _: &mut Ctx<'_>) {
        if let (Phase::Growing, NodePhase::Failed(cause), true) =
            (self.phase, world.nodes[node].phase, world.nodes[node].surge)
        {
            self.failure.get_or_insert_with(|| world.provisioning_error(world.nodes[node].pool, cause));
        }
    }

    fn on_drain_ended(&mut self, world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
        if let Err(failure) = self.extra.on_drain_ended(world, node, self.terms.force, ctx) {
            self.failure.get_or_insert(failure);
        }
        if self.waiting.contains(&node) && world.nodes[node].is_ready() {
            // Somebody else gave up draining it, and blue stays cordoned.
            world.set_cordoned(node, true, ctx);
        }
        if !self.draining.remove(&node) {
            return;
        }
        if self.terms.force || world.drain_outcome(node) == Some(DrainOutcome::Drained) {
            self.drained.insert(node);
        } else {
            self.failure.get_or_insert_with(|| world.drain_failure(node));
        }
        if self.draining.is_empty() && self.failure.is_none() {
            self.soak(world, world.nodes[node].pool, ctx);
        }
    }

    fn on_node_deleted(&mut self, node: NodeId) {
        self.draining.remove(&node);
        self.drained.remove(&node);
        self.extra.on_node_deleted(node);
    }
}

impl BlueGreen {
    /// Nothing of blue is left to drain, though no batch was drained just now: there was no blue, or somebody else removed the rest.
    fn soak_or_commit(&mut self, world: &mut World, pool: PoolId, ctx: &mut Ctx<'_>) {
        if self.drained.is_empty() {
            self.commit(world, pool, ctx);
        } else {
            self.soak(world, pool, ctx);
        }
    }
}

/// Says whether a roll-back may take the place of the upgrade.
fn set_reversible(world: &mut World, pool: PoolId, reversible: bool) {
    if let Some(upgrade) = &mut world.pools[pool].upgrade {
        upgrade.reversible = reversible;
    }
}

/// The added nodes at the pool's version.
fn green(world: &World, pool: PoolId) -> Vec<NodeId> {
    let version = world.pools[pool].version;
    extra::nodes(world, pool).into_iter().filter(|node| world.nodes[*node].version == version).collect()
}

/// Blue takes pods again.
fn put_back(world: &mut World, pool: PoolId, ctx: &mut Ctx<'_>) {
    let blue: Vec<NodeId> = world.members(pool).filter(|node| !world.nodes[*node].surge).collect();
    for node in blue {
        if !world.is_draining(node) && !world.nodes[node].is_quarantined() {
            world.set_cordoned(node, false, ctx);
        }
    }
}
