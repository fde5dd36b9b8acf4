//! The virtual network, and what AKS puts into the node resource group for it; the ways in and out are in [`outbound`].

use super::{Resource, count, outbound};
use crate::catalog::limits;
use crate::cluster::{Subnet, World};
use crate::scenario::plan::{ClusterPlan, OutboundType, ScaleSetPlan};

/// The network and its subnets, AKS's or the customer's. An own network whose name no resource id says has none here.
///
/// `aks-vnet-<8 digits>` is observed on clusters in use, not documented.
pub(super) fn virtual_network(world: &World) -> Vec<Resource> {
    let cluster = &world.plan.cluster;
    let (name, ranges, note) = match &cluster.network.own_vnet {
        None => (format!("aks-vnet-{}", cluster.digits()), limits::MANAGED_VNET.to_owned(), "made by AKS"),
        Some(own) => {
            let ranges: Vec<String> = own.address_space.iter().map(ToString::to_string).collect();
            let name = own.name.clone().unwrap_or_else(|| "(no name given)".to_owned());
            let ranges = if ranges.is_empty() { "address space not given".to_owned() } else { ranges.join(", ") };
            (name, ranges, "your own: the scenario brings it along")
        }
    };
    let subnets = cluster.subnets.iter().zip(world.subnets.iter()).enumerate().map(|(index, (plan, (_, state)))| {
        let kind = "Microsoft.Network/virtualNetworks/subnets";
        Resource::free(kind, &plan.name, subnet_details(cluster, index, state)).part_of(&name)
    });
    let subnets: Vec<Resource> = subnets.collect();
    let network = Resource::free("Microsoft.Network/virtualNetworks", &name, ranges).noted(note);
    std::iter::once(network).chain(subnets).collect()
}

fn subnet_details(cluster: &ClusterPlan, index: usize, state: &Subnet) -> String {
    let of = |what: &str, is_in: &dyn Fn(&ScaleSetPlan) -> bool| {
        let pools = cluster.pools.iter().filter(|pool| pool.scale_set.as_ref().is_some_and(is_in));
        let pools: Vec<&str> = pools.map(|pool| pool.name.as_str()).collect();
        match &pools[..] {
            [] => None,
            [pool] => Some(format!("{what}pool {pool}")),
            pools => Some(format!("{what}pools {}", pools.join(", "))),
        }
    };
    let of_nodes = of("", &|set| set.subnet == index);
    let of_pods = of("pods of ", &|set| set.pod_subnet.is_some_and(|pods| pods.subnet == index));
    let pools = of_nodes.or(of_pods).unwrap_or_else(|| "no pool".to_owned());
    let by = match (state.nodes, state.pods) {
        (nodes, pods) if nodes > 0 && pods > 0 => format!(" ({nodes} for nodes, {pods} for pods)"),
        _ => String::new(),
    };
    format!("{}, {} of {} addresses in use{by}, {pools}", state.prefix, state.used(), state.usable())
}

/// Security group, route table, and the ways in and out.
///
/// Sources: azure-aks-docs, faq.yml, 2023-11-06 (security group); configure-kubenet.md, 2026-04-16 (its attachment, and the route
/// table); load-balancer-standard.md, 2024-01-23; private-clusters.md, 2026-08-05; egress-udr.md, 2023-05-10; egress-outboundtype.md, 2026-08-05. The names of security
/// group, route table and load balancer, and that addresses are named by a UUID, are observed on clusters in use.
pub(super) fn resources(world: &World, notes: &mut Vec<String>) -> Vec<Resource> {
    let cluster = &world.plan.cluster;
    let private = cluster.private_endpoint_subnet().map(|subnet| {
        let details = format!("the API server's address in subnet {}", cluster.subnets[subnet].name);
        let row = Resource::free("Microsoft.Network/privateEndpoints", "kube-apiserver", details);
        row.priced(None).noted("not priced: the cost of a run leaves private endpoints out")
    });
    let prefix = format!("aks-agentpool-{}", cluster.digits());
    let security = Resource::free(
        "Microsoft.Network/networkSecurityGroups",
        format!("{prefix}-nsg"),
        "attached to the nodes' network interfaces",
    );
    let mut resources: Vec<Resource> = std::iter::once(security).chain(private).collect();
    let own_routes = cluster.network.outbound.kind == OutboundType::UserDefinedRouting;
    if let Some((range, most)) = world.pod_range.as_ref().and_then(|range| Some((range, range.routes?))) {
        if own_routes {
            notes.push("Your own route table also carries kubenet's routes, one a node; AKS makes none.".to_owned());
        } else {
            let details = format!("{} of at most {most}, one a node", count(range.used() as usize, "route"));
            resources.push(Resource::free("Microsoft.Network/routeTables", format!("{prefix}-routetable"), details));
        }
    }
    resources.extend(outbound::resources(world, notes));
    resources
}
