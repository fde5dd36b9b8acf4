//! The nodes that an upgrade adds to a pool, and how it takes them away again.

use super::Terms;
use crate::cluster::{Ctx, DrainOutcome, Event, NodeId, PoolId, Refusal, World};
use std::collections::BTreeSet;

/// The added nodes that are on their way out.
#[derive(Debug, Default)]
pub(super) struct Extra {
    /// Being drained or deleted.
    leaving: BTreeSet<NodeId>,
    /// Those that could not be drained: they stay.
    stuck: BTreeSet<NodeId>,
}

/// The added nodes of the pool that count towards its size, in order of birth.
pub(super) fn nodes(world: &World, pool: PoolId) -> Vec<NodeId> {
    world.members(pool).filter(|node| world.nodes[*node].surge).collect()
}

/// Makes an added node a regular one, for good.
pub(super) fn keep(world: &mut World, node: NodeId) {
    let pool = world.nodes[node].pool;
    world.nodes[node].surge = false;
    world.nodes[node].times.kept = Some(world.clock);
    world.pools[pool].surge = world.pools[pool].surge.saturating_sub(1);
}

impl Extra {
    /// Cordons, drains and deletes every added node that is left, those of a failed attempt among them.
    pub fn remove_all(&mut self, world: &mut World, pool: PoolId, terms: Terms, ctx: &mut Ctx<'_>) {
        let nodes = nodes(world, pool);
        // Failed ones are not tried again.
        world.pools[pool].surge = super::number(nodes.len());
        for node in nodes {
            if self.stuck.contains(&node) || !self.leaving.insert(node) {
                continue;
            }
            if world.is_draining(node) {
                continue; // Its end is heard too, whoever asked for the drain.
            }
            if world.nodes[node].is_ready() {
                terms.start(world, node, ctx);
            } else {
                delete(world, node, ctx);
            }
        }
    }

    /// True when none is on its way out any more.
    pub fn is_settled(&self) -> bool {
        self.leaving.is_empty()
    }

    /// The drain of an added node ended: it is deleted, or stays when it could not be drained and nothing forces it.
    pub fn on_drain_ended(
        &mut self,
        world: &mut World,
        node: NodeId,
        force: bool,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Refusal> {
        if !self.leaving.contains(&node) || !world.nodes[node].is_member() {
            return Ok(());
        }
        if force || world.drain_outcome(node) == Some(DrainOutcome::Drained) {
            delete(world, node, ctx);
            return Ok(());
        }
        let failure = world.drain_failure(node);
        self.leaving.remove(&node);
        self.stuck.insert(node);
        world.set_cordoned(node, false, ctx);
        Err(failure)
    }

    /// The instance is gone.
    pub fn on_node_deleted(&mut self, node: NodeId) {
        self.leaving.remove(&node);
    }
}

/// Deletes an added node and wants one less, so that the scale set does not replace it.
fn delete(world: &mut World, node: NodeId, ctx: &mut Ctx<'_>) {
    let pool = world.nodes[node].pool;
    world.pools[pool].surge = world.pools[pool].surge.saturating_sub(1);
    ctx.soon(Event::DeleteNode(node));
}
