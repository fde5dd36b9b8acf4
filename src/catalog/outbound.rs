//! How Azure lets a cluster's connections out: ports of a load balancer, flows of a NAT gateway, nodes of a gateway pool; and how many
//! nodes a front end of the load balancer reaches.
//!
//! Sources: azure-docs, load-balancer-outbound-connections.md, 2022-03-01 (ports by pool size, what a port is needed for);
//! azure-aks-docs, configure-load-balancer-standard.md, 2024-01-23, and API specification of 2025-05-01 (the load balancer's settings);
//! nat-gateway.md, 2026-07-07 (flows, addresses); azure-docs, nat-gateway-resource.md, 2023-07-10 (the wait after a connection);
//! configure-static-egress-gateway.md, 2026-08-06 (gateway pools); best-practices-performance-scale-large.md, 2026-06-05 (rules).

use crate::kernel::SimDuration;
use std::ops::RangeInclusive;

/// Source ports that one public address of a load balancer has.
pub const PORTS_PER_ADDRESS: u32 = 64_000;
/// Outbound addresses that AKS may manage on a load balancer.
pub const BALANCER_ADDRESSES: RangeInclusive<u32> = 1..=100;
/// Outbound addresses unless given, of a load balancer and of a NAT gateway.
pub const DEFAULT_ADDRESSES: u32 = 1;
/// `allocatedOutboundPorts`; 0 lets the load balancer decide by the number of nodes.
pub const ALLOCATED_PORTS: RangeInclusive<u32> = 0..=PORTS_PER_ADDRESS;
/// `allocatedOutboundPorts` is a multiple of this.
pub const PORT_STEP: u32 = 8;
/// `idleTimeoutInMinutes`, of a load balancer and of a NAT gateway.
pub const IDLE_MINUTES: RangeInclusive<u32> = 4..=120;
/// `idleTimeoutInMinutes` of a load balancer unless given.
pub const BALANCER_IDLE_MINUTES: u32 = 30;
/// The same of a NAT gateway.
pub const NAT_IDLE_MINUTES: u32 = 4;
/// Addresses that a NAT gateway may have.
pub const NAT_ADDRESSES: RangeInclusive<u32> = 1..=16;
/// Connections to one destination that one address of a NAT gateway carries at once.
pub const FLOWS_PER_ADDRESS: u32 = 64_512;
/// How long a NAT gateway keeps the port of a connection that was closed from others to the same destination.
pub const NAT_HOLD_DOWN: SimDuration = SimDuration::from_secs(65);

/// Nodes times ports of the Services that one front end of a load balancer reaches.
pub const BACKENDS_PER_FRONT_END: u32 = 10_000;
/// Nodes below which an internal load balancer should be created.
pub const INTERNAL_NODES_ADVISED: u32 = 750;
/// Rules of a load balancer that its price contains. Source: `other-prices.csv`.
pub const RULES_INCLUDED: u32 = 5;

/// Prefix lengths that the public addresses of a gateway pool may have.
pub const GATEWAY_PREFIXES: RangeInclusive<u8> = 28..=31;
/// Its prefix length unless given. Source: API specification of 2025-05-01.
pub const DEFAULT_GATEWAY_PREFIX: u8 = 31;

/// Largest number of nodes and ports that each of them gets for every address of the load balancer.
const PORTS_BY_NODES: [(u32, u32); 6] = [(50, 1024), (100, 512), (200, 256), (400, 128), (800, 64), (1000, 32)];

/// Ports that the load balancer gives each of so many nodes for every address that it has, when it decides by itself.
///
/// The table ends at 1,000 nodes; beyond, the last row goes on.
#[must_use]
pub fn automatic_ports(nodes: u32) -> u32 {
    let row = PORTS_BY_NODES.iter().find(|(most, _)| nodes <= *most);
    row.unwrap_or(&PORTS_BY_NODES[PORTS_BY_NODES.len() - 1]).1
}

/// Public addresses of such a prefix, and the most nodes of a gateway pool that has it: each node has one.
#[must_use]
pub fn gateway_addresses(prefix: u8) -> u32 {
    1 << (32 - u32::from(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_halve_where_the_table_has_another_row() {
        let ports = [1, 50, 51, 100, 101, 400, 401, 1000, 1001].map(automatic_ports);
        assert_eq!(ports, [1024, 1024, 512, 512, 256, 128, 64, 32, 32]);
    }

    #[test]
    fn a_gateway_pool_has_a_node_for_each_address_of_its_prefix() {
        assert_eq!([28, 29, 30, 31].map(gateway_addresses), [16, 8, 4, 2]);
    }
}
