//! Which instances leave when the operator lowers the count of a pool.

use crate::cluster::{NodeId, PoolId, World};
use crate::scenario::plan::ScaleInPolicy;
use std::collections::BTreeMap;

/// The instances that leave a pool that is to have `count` nodes, in the order in which the scale set picks them.
///
/// The cluster's policy decides; which one AKS sets is not documented. Nodes that an upgrade left behind go before all others.
/// Source: azure-aks-docs, upgrade-options.md, 2026-06-22.
pub(super) fn victims(world: &World, pool: PoolId, count: u32) -> Vec<NodeId> {
    let mut zones: BTreeMap<Option<u8>, Vec<u32>> = BTreeMap::new();
    let mut nodes: BTreeMap<u32, NodeId> = BTreeMap::new();
    for node in world.members(pool).filter(|node| !world.nodes[*node].surge) {
        let (zone, instance) = (world.nodes[node].zone, world.nodes[node].instance);
        zones.entry(zone).or_default().push(instance);
        nodes.insert(instance, node);
    }
    let excess = nodes.len().saturating_sub(count as usize);
    for instances in zones.values_mut() {
        instances.sort_unstable();
    }
    let mut victims: Vec<u32> = zones.values().flatten().copied().collect();
    victims.retain(|instance| world.nodes[nodes[instance]].is_quarantined());
    victims.truncate(excess);
    for instances in zones.values_mut() {
        instances.retain(|instance| !victims.contains(instance));
    }
    let missing = excess - victims.len();
    victims.extend(pick(world.plan.cluster.scale_in, zones, missing));
    victims.into_iter().map(|instance| nodes[&instance]).collect()
}

/// So many of the instances in their zones, in the order in which the policy gives them up: each time one of the zones that are
/// fullest.
#[must_use]
pub fn pick(policy: ScaleInPolicy, mut zones: BTreeMap<Option<u8>, Vec<u32>>, count: usize) -> Vec<u32> {
    let mut picked = Vec::new();
    while picked.len() < count {
        let fullest = zones.values().map(Vec::len).max().unwrap_or(0);
        let candidates = zones.values().filter(|instances| instances.len() == fullest).flatten().copied();
        let next = match policy {
            ScaleInPolicy::Default | ScaleInPolicy::NewestVm => candidates.max(),
            ScaleInPolicy::OldestVm => candidates.min(),
        };
        let Some(next) = next else {
            break;
        };
        for instances in zones.values_mut() {
            instances.retain(|instance| *instance != next);
        }
        picked.push(next);
    }
    picked
}

#[cfg(test)]
mod tests {
    use super::*;

    /// azure-docs, virtual-machine-scale-sets-scale-in-policy.md, 2022-11-22.
    #[test]
    fn the_documented_examples_of_the_policies() {
        let zones: BTreeMap<Option<u8>, Vec<u32>> =
            [(Some(1), vec![3, 4, 5, 10]), (Some(2), vec![2, 6, 9, 11]), (Some(3), vec![1, 7, 8])].into();
        assert_eq!(pick(ScaleInPolicy::OldestVm, zones.clone(), 6), [2, 3, 1, 4, 6, 5]);
        assert_eq!(pick(ScaleInPolicy::NewestVm, zones.clone(), 6), [11, 10, 9, 8, 5, 7]);
        assert_eq!(pick(ScaleInPolicy::Default, zones, 20).len(), 11, "no more than there are");
    }
}
