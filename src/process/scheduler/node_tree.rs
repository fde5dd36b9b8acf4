//! The order in which the scheduler looks at nodes: zone by zone in turn, so that a search that stops early spreads over zones.

use crate::cluster::{Node, NodeId, NodePhase, World};
use std::collections::BTreeMap;

/// Region and zone.
type ZoneKey = (String, String);

/// The nodes by zone.
///
/// Source: kube-scheduler's node tree, 1.31 to 1.36. A zone that becomes empty goes, and comes back at the end.
#[derive(Debug, Default)]
pub struct NodeTree {
    /// Zones in order of appearance, each with its nodes in theirs.
    zones: Vec<(ZoneKey, Vec<NodeId>)>,
    /// The nodes in the tree, by id.
    members: Vec<NodeId>,
    /// The nodes in the order of the search.
    order: Vec<NodeId>,
}

impl NodeTree {
    /// The nodes in the order of the search.
    #[must_use]
    pub fn order(&self) -> &[NodeId] {
        &self.order
    }

    /// The place of the node in that order; `None` for one that the scheduler does not know.
    #[must_use]
    pub fn position(&self, node: NodeId) -> Option<usize> {
        self.order.iter().position(|other| *other == node)
    }

    /// Takes in nodes that have come and drops those that have gone. True when there were any.
    pub fn update(&mut self, world: &World) -> bool {
        if listed(world).eq(self.members.iter().copied()) {
            return false;
        }
        let members: Vec<NodeId> = listed(world).collect();
        for (_, nodes) in &mut self.zones {
            nodes.retain(|node| members.binary_search(node).is_ok());
        }
        self.zones.retain(|(_, nodes)| !nodes.is_empty());
        let mut new: Vec<NodeId> =
            members.iter().copied().filter(|node| self.members.binary_search(node).is_err()).collect();
        new.sort_by_key(|node| world.nodes[*node].times.registered);
        for node in new {
            self.insert(node, zone_of(&world.nodes[node].info.labels));
        }
        self.members = members;
        self.order = interleaved(&self.zones);
        true
    }

    fn insert(&mut self, node: NodeId, key: ZoneKey) {
        match self.zones.iter_mut().find(|(other, _)| *other == key) {
            Some((_, nodes)) => nodes.push(node),
            None => self.zones.push((key, vec![node])),
        }
    }
}

/// True for a node that the scheduler knows: its Node object exists and its VM is neither being deleted nor reimaged, which here means
/// that it has left the API.
#[must_use]
pub fn is_listed(node: &Node) -> bool {
    node.is_registered() && matches!(node.phase, NodePhase::Ready | NodePhase::NotReady | NodePhase::Booting(_))
}

/// The nodes that the scheduler knows, by id.
fn listed(world: &World) -> impl Iterator<Item = NodeId> {
    world.registered_nodes().filter(|node| is_listed(&world.nodes[*node]))
}

/// The node's region and zone, by the old labels where they are present.
fn zone_of(labels: &BTreeMap<String, String>) -> ZoneKey {
    let label = |kind: &str| {
        let old = labels.get(&format!("failure-domain.beta.kubernetes.io/{kind}"));
        old.or_else(|| labels.get(&format!("topology.kubernetes.io/{kind}"))).cloned().unwrap_or_default()
    };
    (label("region"), label("zone"))
}

/// The first node of each zone, then the second of each, and so on.
fn interleaved(zones: &[(ZoneKey, Vec<NodeId>)]) -> Vec<NodeId> {
    let longest = zones.iter().map(|(_, nodes)| nodes.len()).max().unwrap_or(0);
    (0..longest).flat_map(|k| zones.iter().filter_map(move |(_, nodes)| nodes.get(k).copied())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;

    #[test]
    fn zones_take_turns() {
        let zone = |name: &str, ids: &[usize]| {
            ((String::new(), name.to_owned()), ids.iter().map(|id| NodeId::from_index(*id)).collect::<Vec<_>>())
        };
        let zones = [zone("a", &[0, 1, 2]), zone("b", &[3]), zone("c", &[4, 5])];
        let order: Vec<usize> = interleaved(&zones).into_iter().map(Id::index).collect();
        assert_eq!(order, [0, 3, 4, 1, 5, 2]);
    }

    #[test]
    fn the_old_zone_label_goes_first() {
        let labels = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>()
        };
        let both = labels(&[
            ("topology.kubernetes.io/zone", "eastus-1"),
            ("failure-domain.beta.kubernetes.io/zone", "old"),
            ("topology.kubernetes.io/region", "eastus"),
        ]);
        assert_eq!(zone_of(&both), ("eastus".to_owned(), "old".to_owned()));
        assert_eq!(zone_of(&labels(&[])), (String::new(), String::new()));
    }
}
