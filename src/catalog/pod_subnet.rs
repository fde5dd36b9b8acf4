//! How a pod subnet's addresses get to the nodes: in batches that follow the pods, or in blocks that a node has from the start.
//!
//! Sources: azure-aks-docs, configure-azure-cni-dynamic-ip-allocation.md, 2024-07-09 (batches); azure-container-networking,
//! docs/feature/subnet-scarcity/phase-2/2-scalingmath.md (how many a node wants, up or down); Azure/AKS issue 4035, 2023-12-14 (a node
//! holds no more than its maxPods); azure-aks-docs, configure-azure-cni-static-block-allocation.md, 2024-03-18 (blocks);
//! concepts-network-ip-address-planning.md, 2026-04-16 (released addresses take a few seconds).

use crate::kernel::SimDuration;
use ipnet::Ipv4Net;

/// Addresses of a batch.
pub const BATCH: u32 = 16;
/// With fewer unassigned addresses a node asks for another batch.
pub const MIN_FREE: u32 = 8;
/// Addresses of a static block: a /28.
pub const BLOCK: u32 = 16;
/// Addresses of a node's blocks that no pod gets.
pub const BLOCK_RESERVED: u32 = 1;
/// The largest pod subnet for static blocks.
pub const LARGEST_BLOCK_SUBNET: u8 = 12;
/// Static blocks need this minor version.
pub const BLOCK_MINOR: u32 = 28;
/// How long it takes from a node's request for addresses until it has them. Documented as several seconds; assumed to be so many.
pub const REQUEST_DELAY: SimDuration = SimDuration::from_secs(5);
/// How long a released address cannot be used again. Documented as a few seconds; assumed to be so many.
pub const RELEASE_DELAY: SimDuration = SimDuration::from_secs(5);

/// Addresses that a node wants to hold when so many of them are used by pods.
#[must_use]
pub fn wanted(used: u32, max_pods: u32) -> u32 {
    (BATCH * (used + MIN_FREE).div_ceil(BATCH)).min(max_pods.max(BATCH))
}

/// Blocks that a node gets.
#[must_use]
pub const fn blocks(max_pods: u32) -> u32 {
    (max_pods + BLOCK_RESERVED).div_ceil(BLOCK)
}

/// Addresses for pods in so many blocks; also the `maxPods` that wastes none of them.
#[must_use]
pub const fn block_pods(blocks: u32) -> u32 {
    blocks * BLOCK - BLOCK_RESERVED
}

/// Blocks that a subnet can hand out: all but those that Azure's five addresses lie in.
#[must_use]
pub fn usable_blocks(subnet: Ipv4Net) -> u32 {
    let all = (1u64 << (32 - subnet.prefix_len())) / u64::from(BLOCK);
    u32::try_from(all.saturating_sub(2)).expect("fewer blocks than addresses")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_asks_for_a_batch_when_fewer_than_eight_are_free_and_gives_one_back_when_it_may() {
        let wanted: Vec<u32> = [0, 8, 9, 24, 25].iter().map(|used| super::wanted(*used, 250)).collect();
        assert_eq!(wanted, [16, 16, 32, 32, 48]);
        assert_eq!(super::wanted(26, 32), 32, "never more than maxPods");
        assert_eq!(super::wanted(10, 10), 16, "the first batch is whole");
    }

    #[test]
    fn blocks_hold_one_address_back() {
        assert_eq!([30, 31, 32].map(blocks), [2, 2, 3]);
        assert_eq!([2, 3].map(block_pods), [31, 47]);
        assert_eq!(usable_blocks("10.0.0.0/24".parse().unwrap()), 14);
        assert_eq!(usable_blocks("10.0.0.0/28".parse().unwrap()), 0);
    }
}
