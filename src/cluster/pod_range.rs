//! The pod CIDR and which node holds which /24 of it.

use super::NodeId;
use super::slots::Slots;
use crate::catalog::limits;
use crate::kernel::{SimDuration, SimTime};
use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// The pod CIDR of kubenet or of Azure CNI Overlay, cut into a /24 for every node, the lowest first.
/// Source: azure-aks-docs, configure-kubenet.md, 2026-04-16.
#[derive(Clone, Debug)]
pub struct PodRange {
    /// The whole range.
    pub cidr: Ipv4Net,
    /// Nodes that the route table has a route each for; `None` where none is needed.
    pub routes: Option<u32>,
    blocks: Slots<NodeId>,
    /// The most blocks ever held at once.
    pub peak: u32,
    /// Requests that found no block, or no route.
    pub exhaustions: u32,
}

impl PodRange {
    /// A range of which nothing is used.
    #[must_use]
    pub fn new(cidr: Ipv4Net, routes: Option<u32>) -> Self {
        let (first, end) = bounds(cidr);
        Self { cidr, routes, blocks: Slots::new(first, end), peak: 0, exhaustions: 0 }
    }

    /// Nodes that there is room for.
    #[must_use]
    pub fn room(&self) -> u32 {
        self.blocks.len().min(self.routes.unwrap_or(u32::MAX))
    }

    /// Nodes that hold a block.
    #[must_use]
    pub fn used(&self) -> u32 {
        self.blocks.used()
    }

    /// Takes a block; `None` when none is left, or no route: the attempt is counted.
    pub fn take(&mut self, now: SimTime, node: NodeId) -> Option<u32> {
        let taken = if self.used() < self.room() { self.blocks.take(now, node) } else { None };
        match taken {
            Some(_) => self.peak = self.peak.max(self.used()),
            None => self.exhaustions += 1,
        }
        taken
    }

    /// Gives back a block.
    ///
    /// # Panics
    /// When the node does not hold it.
    pub fn release(&mut self, now: SimTime, block: u32, node: NodeId) {
        self.blocks.release(now, block, node, SimDuration::ZERO);
    }

    /// Makes the range larger; what nodes hold stays theirs.
    ///
    /// # Panics
    /// When the new range does not contain the old one.
    pub fn grow(&mut self, cidr: Ipv4Net) {
        let (first, end) = bounds(cidr);
        self.blocks.grow(first, end);
        self.cidr = cidr;
    }

    /// Every held block with its node, from the lowest on.
    pub fn held(&self) -> impl Iterator<Item = (Ipv4Net, NodeId)> {
        self.blocks.iter().map(|(block, node)| (Self::block(block), node))
    }

    /// The range of addresses of a block.
    ///
    /// # Panics
    /// Never: a block is a /24.
    #[must_use]
    pub fn block(number: u32) -> Ipv4Net {
        Ipv4Net::new(Ipv4Addr::from(number << BITS), limits::NODE_BLOCK_PREFIX).expect("a block is a /24")
    }
}

/// Bits of an address within its block.
const BITS: u8 = 32 - limits::NODE_BLOCK_PREFIX;

fn bounds(cidr: Ipv4Net) -> (u32, u32) {
    let first = u32::from(cidr.network()) >> BITS;
    (first, first + limits::pod_blocks(cidr))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;

    fn take(range: &mut PodRange, node: usize) -> Option<String> {
        range.take(SimTime::ZERO, NodeId::from_index(node)).map(|block| PodRange::block(block).to_string())
    }

    #[test]
    fn blocks_are_handed_out_in_order() {
        let mut range = PodRange::new("10.244.0.0/16".parse().unwrap(), None);
        let blocks: Vec<String> = (0..3).filter_map(|node| take(&mut range, node)).collect();
        assert_eq!(blocks, ["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"]);
        assert_eq!(range.room(), 256);
    }

    #[test]
    fn routes_bound_kubenet() {
        let mut range = PodRange::new("10.0.0.0/8".parse().unwrap(), Some(2));
        assert_eq!((0..3).filter_map(|node| take(&mut range, node)).count(), 2);
        assert_eq!((range.exhaustions, range.peak), (1, 2));
    }

    #[test]
    fn a_larger_range_keeps_what_nodes_hold() {
        let mut range = PodRange::new("10.244.64.0/23".parse().unwrap(), None);
        assert_eq!((0..3).filter_map(|node| take(&mut range, node)).count(), 2);
        range.grow("10.244.64.0/22".parse().unwrap());
        assert_eq!(take(&mut range, 2).as_deref(), Some("10.244.66.0/24"));
        assert_eq!(range.held().map(|(_, node)| node.index()).collect::<Vec<_>>(), [0, 1, 2]);
    }
}
