//! Whether the load balancer has ports for every node, when each is to have a fixed number of them.
//!
//! Source: support articles for AKS, invalidloadbalancerprofileallocatedoutboundports-error.md, 2024-05-06; azure-aks-docs,
//! configure-load-balancer-standard.md, 2024-01-23 (surge nodes and the autoscaler's most count).

use super::addresses::Growth;
use crate::cluster::{Refusal, World};

/// Refuses more nodes, `extra` ones of an upgrade among them, than there are ports for.
pub(super) fn within_ports(world: &World, growths: &[Growth], extra: u32) -> Result<(), Refusal> {
    let outbound = &world.plan.cluster.network.outbound;
    let Some(most) = outbound.most_nodes() else {
        return Ok(());
    };
    let nodes = Growth::instances_of_all(world, growths) + extra;
    if nodes <= most {
        return Ok(());
    }
    let (each, addresses) = (outbound.allocated_ports, outbound.addresses);
    let message = format!(
        "Load balancer profile allocated ports {each} is not in an allowable range given the number of nodes and IPs provisioned. \
         Total node count {nodes} requires {} ports but only {} ports are available given {addresses} outbound public IPs",
        u64::from(nodes) * u64::from(each),
        outbound.all_ports()
    );
    Err(Refusal { code: "InvalidLoadBalancerProfileAllocatedOutboundPorts", message })
}
