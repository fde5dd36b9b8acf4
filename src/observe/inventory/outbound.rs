//! The ways out of the cluster and in: load balancers, NAT gateway, public addresses.

use super::{Resource, count, name};
use crate::cluster::World;
use crate::scenario::plan::{FrontEnd, OutboundType, PoolMode, Ports, ServicePlan, front_ends};
use crate::units::UsdPerHour;

const PUBLIC_ADDRESS: &str = "Microsoft.Network/publicIPAddresses";

/// What the way out consists of, and what Services of type `LoadBalancer` add. Of an own way out there is a note instead.
pub(super) fn resources(world: &World, notes: &mut Vec<String>) -> Vec<Resource> {
    let cluster = &world.plan.cluster;
    let outbound = &cluster.network.outbound;
    let front_ends = front_ends(&world.plan.services);
    let public: Vec<_> = front_ends.iter().filter(|(front_end, _)| !front_end.is_internal()).collect();
    // The plan has the price of all addresses together, which is a whole number of each.
    let managed = matches!(outbound.kind, OutboundType::LoadBalancer | OutboundType::ManagedNatGateway);
    let out = if managed { outbound.addresses } else { 0 };
    let gateways = cluster.pools.iter().filter_map(|pool| match pool.mode {
        PoolMode::Gateway { addresses } => Some((pool, addresses)),
        PoolMode::System | PoolMode::User => None,
    });
    let of_gateways: u32 = gateways.clone().map(|(_, addresses)| addresses).sum();
    let all = u64::from(out + of_gateways) + public.len() as u64;
    let address_price = UsdPerHour::from_micros(cluster.charges.public_ips.micros() / all.max(1));
    let mut resources = Vec::new();
    match outbound.kind {
        OutboundType::ManagedNatGateway => {
            let details = format!("{}, flows shared by all nodes", count(out as usize, "outbound address"));
            let gateway = Resource::free("Microsoft.Network/natGateways", "(made by AKS)", details);
            let noted = gateway.priced(Some(cluster.charges.nat_gateway)).noted("data is billed on top");
            resources.push(noted);
        }
        OutboundType::UserAssignedNatGateway => notes.push(on_your_own("the NAT gateway of the subnet")),
        OutboundType::UserDefinedRouting => notes.push(on_your_own("the route table of the subnet and where it leads")),
        OutboundType::LoadBalancer | OutboundType::None | OutboundType::Block => {}
    }
    if outbound.kind == OutboundType::LoadBalancer || !public.is_empty() {
        let ports = match outbound.ports(world.backends) {
            Ports::PerNode(ports) if outbound.allocated_ports > 0 => format!(", {ports} outbound ports a node"),
            Ports::PerNode(ports) => {
                format!(", {ports} outbound ports a node at {}", count(world.backends as usize, "node"))
            }
            Ports::Shared(_) | Ports::Unknown | Ports::Blocked => String::new(),
        };
        let way_out = match outbound.kind {
            OutboundType::LoadBalancer => format!(", {}{ports}", count(out as usize, "outbound address")),
            _ => String::new(),
        };
        let details = format!("Standard{way_out}{}", rules(&world.plan.services, false));
        let balancer = Resource::free("Microsoft.Network/loadBalancers", "kubernetes", details);
        let noted = balancer.priced(Some(cluster.charges.load_balancer)).noted("data is billed on top");
        resources.push(noted);
    } else {
        let note =
            "The load balancer appears only with the first Service of type LoadBalancer, since the way out is another.";
        notes.push(note.to_owned());
    }
    if front_ends.iter().any(|(front_end, _)| front_end.is_internal()) {
        let details = format!("Standard, internal{}", rules(&world.plan.services, true));
        let balancer = Resource::free("Microsoft.Network/loadBalancers", "kubernetes-internal", details);
        resources.push(balancer.priced(Some(cluster.charges.internal_load_balancer)).noted("data is billed on top"));
        resources.extend(front_ends.iter().filter_map(|(front_end, services)| {
            let FrontEnd::Internal { subnet, .. } = front_end else { return None };
            let details = format!("address of subnet {} for {}", cluster.subnets[*subnet].name, names(services));
            let kind = "Microsoft.Network/loadBalancers/frontendIPConfigurations";
            Some(Resource::free(kind, names(services), details).part_of("kubernetes-internal"))
        }));
    }
    let key = format!("{}/{}", cluster.resource_group, cluster.name);
    let address = |what: &str, details: String| {
        Resource::free(PUBLIC_ADDRESS, name::uuid(&format!("{what} of {key}")), details).priced(Some(address_price))
    };
    resources
        .extend((0..out).map(|number| {
            address(&format!("outbound address {number}"), "Standard, static IPv4, outbound".to_owned())
        }));
    resources.extend(public.iter().map(|(_, services)| {
        let services = names(services);
        address(&format!("front end {services}"), format!("Standard, static IPv4, inbound for {services}"))
    }));
    resources.extend(gateways.map(|(pool, addresses)| {
        let kind = "Microsoft.Network/publicIPPrefixes";
        let details = format!("{}, outbound by gateway pool {}", count(addresses as usize, "address"), pool.name);
        Resource::free(kind, "(made by AKS)", details).priced(Some(address_price.times(addresses)))
    }));
    resources
}

fn names(services: &[&ServicePlan]) -> String {
    let names = services.iter().map(|service| format!("{}/{}", service.namespace, service.name));
    names.collect::<Vec<_>>().join(", ")
}

/// The rules of Services on one of the load balancers, when there are any.
fn rules(services: &[ServicePlan], internal: bool) -> String {
    let of_kind = services.iter().filter(|service| service.front_end.is_internal() == internal);
    match of_kind.map(|service| service.ports as usize).sum() {
        0 => String::new(),
        rules => format!(", {} of Services", count(rules, "rule")),
    }
}

fn on_your_own(what: &str) -> String {
    format!("The way out is your own and not listed: {what}.")
}
