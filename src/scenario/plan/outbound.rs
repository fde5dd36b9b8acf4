//! How the cluster reaches the internet, how much of that there is, and what pods and Services want of it.

use crate::catalog::outbound;
use crate::kernel::SimDuration;
use std::sync::Arc;

/// Azure's `outboundType`. Source: azure-aks-docs, egress-outboundtype.md, 2026-08-05.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboundType {
    /// A load balancer of AKS.
    LoadBalancer,
    /// A NAT gateway that AKS makes.
    ManagedNatGateway,
    /// A NAT gateway that the customer attached to the subnet.
    UserAssignedNatGateway,
    /// The customer's own routes.
    UserDefinedRouting,
    /// Nothing that AKS sets up.
    None,
    /// Nothing, and AKS blocks what would go out.
    Block,
}

/// The way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboundPlan {
    /// Which it is.
    pub kind: OutboundType,
    /// Its public addresses, as far as the cluster has any; 0 otherwise.
    pub addresses: u32,
    /// Azure's `allocatedOutboundPorts`: ports of each node, over all addresses; 0 leaves that to the load balancer.
    pub allocated_ports: u32,
    /// When a connection that nobody uses is given up.
    pub idle_timeout: SimDuration,
}

/// Source ports for connections to one destination: as many connections to it there can be at once. Connections to other destinations may
/// have the same ports. Source: azure-docs, load-balancer-outbound-connections.md, 2022-03-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// So many for each node.
    PerNode(u32),
    /// So many for all nodes together.
    Shared(u32),
    /// As many as the customer's own way out has, which nobody here knows.
    Unknown,
    /// None: what would go out is blocked.
    Blocked,
}

impl Ports {
    /// How many there are, in words.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::PerNode(ports) => format!("{ports} ports a node"),
            Self::Shared(ports) => format!("{ports} ports for all nodes"),
            Self::Unknown => "ports of an own way out".to_owned(),
            Self::Blocked => "blocked".to_owned(),
        }
    }
}

impl OutboundPlan {
    /// A load balancer with so many addresses and AKS's defaults.
    #[must_use]
    pub const fn load_balancer(addresses: u32) -> Self {
        let idle_timeout = SimDuration::from_mins(outbound::BALANCER_IDLE_MINUTES as u64);
        Self { kind: OutboundType::LoadBalancer, addresses, allocated_ports: 0, idle_timeout }
    }

    /// The ports, with so many nodes.
    #[must_use]
    pub fn ports(&self, nodes: u32) -> Ports {
        match self.kind {
            OutboundType::LoadBalancer if self.allocated_ports > 0 => Ports::PerNode(self.allocated_ports),
            OutboundType::LoadBalancer => Ports::PerNode(outbound::automatic_ports(nodes) * self.addresses),
            OutboundType::ManagedNatGateway | OutboundType::UserAssignedNatGateway => {
                Ports::Shared(outbound::FLOWS_PER_ADDRESS * self.addresses)
            }
            OutboundType::UserDefinedRouting | OutboundType::None => Ports::Unknown,
            OutboundType::Block => Ports::Blocked,
        }
    }

    /// The most nodes that there are enough ports for when each node gets a fixed number; `None` when the number follows the nodes.
    #[must_use]
    pub fn most_nodes(&self) -> Option<u32> {
        let is_fixed = self.kind == OutboundType::LoadBalancer && self.allocated_ports > 0;
        is_fixed.then(|| self.all_ports() / self.allocated_ports)
    }

    /// Ports that all addresses of the load balancer have together.
    #[must_use]
    pub const fn all_ports(&self) -> u32 {
        outbound::PORTS_PER_ADDRESS * self.addresses
    }

    /// How long a connection holds its port that the application uses for a while, and then closes or forgets.
    #[must_use]
    pub fn held(&self, flow: &OutboundFlow) -> SimDuration {
        let nat = matches!(self.kind, OutboundType::ManagedNatGateway | OutboundType::UserAssignedNatGateway);
        let after = match flow.closed {
            false => self.idle_timeout,
            true if nat => outbound::NAT_HOLD_DOWN,
            true => SimDuration::ZERO,
        };
        flow.duration + after
    }
}

/// Connections that each pod of a workload opens to one destination.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboundFlow {
    /// Address and port, by any name: connections to the same destination need ports of their own.
    pub destination: Arc<str>,
    /// New connections of each pod, in millionths of one a second.
    pub micros_per_second: u64,
    /// How long one is in use.
    pub duration: SimDuration,
    /// True when the application closes it then; false when it forgets it, and the idle timeout ends it.
    pub closed: bool,
}

/// A Service of type `LoadBalancer`: rules of the load balancer, and an address to come in by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePlan {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Its ports: each is a rule.
    pub ports: u32,
    /// The address.
    pub front_end: FrontEnd,
}

/// The address that a Service is reached by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrontEnd {
    /// A public address.
    Public {
        /// The address that the manifest asks for, if it does: Services that ask for the same one share it.
        address: Option<String>,
    },
    /// An address of a subnet, behind an internal load balancer.
    Internal {
        /// Index into [`ClusterPlan::subnets`](super::ClusterPlan::subnets).
        subnet: usize,
        /// The address that the manifest asks for, if it does: Services that ask for the same one share it.
        address: Option<String>,
    },
}

impl FrontEnd {
    /// True for an address of a subnet.
    #[must_use]
    pub const fn is_internal(&self) -> bool {
        matches!(self, Self::Internal { .. })
    }

    /// True when both are one address.
    #[must_use]
    pub fn is_shared_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Public { address: Some(_) }, _) | (Self::Internal { address: Some(_), .. }, _) => self == other,
            _ => false,
        }
    }
}

/// The front ends of the Services of each kind, and the ports behind each: Services that ask for the same address share one.
#[must_use]
pub fn front_ends(services: &[ServicePlan]) -> Vec<(&FrontEnd, Vec<&ServicePlan>)> {
    let mut found: Vec<(&FrontEnd, Vec<&ServicePlan>)> = Vec::new();
    for service in services {
        match found.iter_mut().find(|(front_end, _)| front_end.is_shared_with(&service.front_end)) {
            Some((_, sharing)) => sharing.push(service),
            None => found.push((&service.front_end, vec![service])),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn balancer(addresses: u32, allocated_ports: u32) -> OutboundPlan {
        OutboundPlan { allocated_ports, ..OutboundPlan::load_balancer(addresses) }
    }

    #[test]
    fn a_load_balancer_gives_ports_by_the_number_of_nodes_or_as_many_as_it_is_told() {
        assert_eq!([50, 51].map(|nodes| balancer(2, 0).ports(nodes)), [Ports::PerNode(2048), Ports::PerNode(1024)]);
        assert_eq!(balancer(2, 4000).ports(51), Ports::PerNode(4000));
        assert_eq!([(7, 1000), (2, 4000)].map(|(ips, ports)| balancer(ips, ports).most_nodes()), [Some(448), Some(32)]);
        assert_eq!(balancer(2, 0).most_nodes(), None);
    }

    #[test]
    fn a_forgotten_connection_holds_its_port_until_the_idle_timeout() {
        let duration = SimDuration::from_secs(2);
        let flow = |closed| OutboundFlow { destination: "api".into(), micros_per_second: 1, duration, closed };
        let nat = OutboundPlan { kind: OutboundType::ManagedNatGateway, ..balancer(1, 0) };
        let held = |plan: OutboundPlan, closed| plan.held(&flow(closed)).as_secs_f64();
        assert_eq!([held(balancer(1, 0), true), held(balancer(1, 0), false)], [2.0, 1802.0]);
        assert_eq!([held(nat, true), held(nat, false)], [67.0, 1802.0]);
    }

    #[test]
    fn services_that_ask_for_the_same_address_share_a_front_end() {
        let public = |address: Option<&str>| FrontEnd::Public { address: address.map(str::to_owned) };
        let service = |name: &str, front_end| ServicePlan {
            namespace: "default".to_owned(),
            name: name.to_owned(),
            ports: 2,
            front_end,
        };
        let internal = FrontEnd::Internal { subnet: 0, address: Some("1.2.3.4".to_owned()) };
        let services = [
            service("a", public(None)),
            service("b", public(Some("1.2.3.4"))),
            service("c", public(None)),
            service("d", public(Some("1.2.3.4"))),
            service("e", internal),
        ];
        let names: Vec<Vec<&str>> = front_ends(&services)
            .iter()
            .map(|(_, sharing)| sharing.iter().map(|service| service.name.as_str()).collect())
            .collect();
        assert_eq!(names, [vec!["a"], vec!["b", "d"], vec!["c"], vec!["e"]]);
    }
}
