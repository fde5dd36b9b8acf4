//! Which instances leave when the operator lowers the count of a pool.

use crate::cluster::{NodeId, PoolId, World};
use std::collections::BTreeMap;

/// The instances that leave a pool that is to have `count` nodes, in the order in which the scale set picks them.
///
/// The scale set's default policy: keep the zones balanced, then the highest instance number first. That AKS leaves its scale
/// sets at the default is an assumption. Fault domains are not modelled; of equally full zones the one with the
/// highest instance number gives. Nodes that an upgrade left behind go before all others.
/// Sources: azure-docs, virtual-machine-scale-sets-scale-in-policy.md, 2022-11-22; azure-aks-docs, upgrade-options.md, 2026-06-22.
pub(super) fn victims(world: &World, pool: PoolId, count: u32) -> Vec<NodeId> {
    let mut zones: BTreeMap<Option<u8>, Vec<NodeId>> = BTreeMap::new();
    let mut excess = 0usize;
    for node in world.members(pool).filter(|node| !world.nodes[*node].surge) {
        zones.entry(world.nodes[node].zone).or_default().push(node);
        excess += 1;
    }
    excess = excess.saturating_sub(count as usize);
    for nodes in zones.values_mut() {
        nodes.sort_by_key(|node| world.nodes[*node].instance);
    }
    let mut victims: Vec<NodeId> = zones.values().flatten().copied().collect();
    victims.retain(|node| world.nodes[*node].is_quarantined());
    victims.truncate(excess);
    for nodes in zones.values_mut() {
        nodes.retain(|node| !victims.contains(node));
    }
    while victims.len() < excess {
        let fullest =
            zones.values_mut().max_by_key(|nodes| (nodes.len(), nodes.last().map(|node| world.nodes[*node].instance)));
        victims.push(fullest.and_then(Vec::pop).expect("there are more nodes than are wanted"));
    }
    victims
}
