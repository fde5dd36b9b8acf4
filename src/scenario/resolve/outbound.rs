//! The way out of the cluster: its kind, its addresses and ports, within Azure's bounds.
//!
//! Sources: API specification of 2025-05-01; azure-aks-docs, configure-load-balancer-standard.md, 2024-01-23; nat-gateway.md, 2026-07-07.

use super::Resolver;
use super::network::PROFILE;
use crate::catalog::outbound;
use crate::kernel::SimDuration;
use crate::scenario::plan::{OutboundPlan, OutboundType};
use crate::scenario::spec::{
    LoadBalancerProfileSpec, ManagedOutboundIpsSpec, NatGatewayProfileSpec, NetworkProfileSpec,
};
use std::ops::RangeInclusive;

/// How the cluster reaches the internet; a load balancer with one address unless it is written.
pub(super) fn resolve(
    resolver: &mut Resolver<'_>,
    profile: &NetworkProfileSpec,
    own_vnet: bool,
) -> Option<OutboundPlan> {
    let kind = kind(resolver, profile)?;
    let balancer = profile.load_balancer_profile.as_ref().map(|written| load_balancer(resolver, written));
    let nat = profile.nat_gateway_profile.as_ref().map(|written| nat_gateway(resolver, written));
    if kind == OutboundType::ManagedNatGateway && own_vnet {
        let found = "managedNATGateway in a network of your own";
        let remedy = "write userAssignedNATGateway, or leave the network to AKS: remove vnet";
        resolver.error(&format!("{PROFILE}/outboundType"), "scenario::outbound_type", found, remedy);
    }
    let without = |addresses| OutboundPlan { kind, ..OutboundPlan::load_balancer(addresses) };
    match kind {
        OutboundType::LoadBalancer => balancer.unwrap_or(Some(without(outbound::DEFAULT_ADDRESSES))),
        OutboundType::ManagedNatGateway | OutboundType::UserAssignedNatGateway => {
            let default = || nat_gateway(resolver, &NatGatewayProfileSpec::default());
            let plan = nat.unwrap_or_else(default)?;
            Some(OutboundPlan { kind, ..plan })
        }
        OutboundType::UserDefinedRouting | OutboundType::None | OutboundType::Block => Some(without(0)),
    }
}

fn kind(resolver: &mut Resolver<'_>, profile: &NetworkProfileSpec) -> Option<OutboundType> {
    let Some(written) = profile.outbound_type.as_deref() else {
        return Some(OutboundType::LoadBalancer);
    };
    let choices = [
        ("loadBalancer", OutboundType::LoadBalancer),
        ("managedNATGateway", OutboundType::ManagedNatGateway),
        ("managedNATGatewayV2", OutboundType::ManagedNatGateway),
        ("userAssignedNATGateway", OutboundType::UserAssignedNatGateway),
        ("userDefinedRouting", OutboundType::UserDefinedRouting),
        ("none", OutboundType::None),
        ("block", OutboundType::Block),
    ];
    resolver.choice(&format!("{PROFILE}/outboundType"), "scenario::outbound_type", written, &choices)
}

fn load_balancer(resolver: &mut Resolver<'_>, written: &LoadBalancerProfileSpec) -> Option<OutboundPlan> {
    let at = format!("{PROFILE}/loadBalancerProfile");
    let own = written.outbound_ips.as_ref().and_then(|own| own.public_ips.as_ref()).map(Vec::len);
    let own = own.and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0);
    let managed = addresses(
        resolver,
        &format!("{at}/managedOutboundIPs/count"),
        written.managed_outbound_ips.as_ref(),
        outbound::BALANCER_ADDRESSES,
    );
    let ports = within(
        resolver,
        &format!("{at}/allocatedOutboundPorts"),
        written.allocated_outbound_ports,
        (0, outbound::ALLOCATED_PORTS),
    );
    if let Some(ports) = ports.filter(|ports| ports % outbound::PORT_STEP != 0) {
        let found = format!("found {ports}");
        let next = ports.next_multiple_of(outbound::PORT_STEP);
        let remedy = format!("write a multiple of {}, such as {next}", outbound::PORT_STEP);
        resolver.error(&format!("{at}/allocatedOutboundPorts"), "scenario::outbound_ports", found, remedy);
    }
    let idle = idle_timeout(resolver, &at, written.idle_timeout_in_minutes, outbound::BALANCER_IDLE_MINUTES);
    Some(OutboundPlan {
        kind: OutboundType::LoadBalancer,
        addresses: own.or(managed)?,
        allocated_ports: ports?,
        idle_timeout: idle?,
    })
}

fn nat_gateway(resolver: &mut Resolver<'_>, written: &NatGatewayProfileSpec) -> Option<OutboundPlan> {
    let at = format!("{PROFILE}/natGatewayProfile");
    let count = addresses(
        resolver,
        &format!("{at}/managedOutboundIPProfile/count"),
        written.managed_outbound_ip_profile.as_ref(),
        outbound::NAT_ADDRESSES,
    );
    let idle_timeout = idle_timeout(resolver, &at, written.idle_timeout_in_minutes, outbound::NAT_IDLE_MINUTES);
    Some(OutboundPlan {
        kind: OutboundType::ManagedNatGateway,
        addresses: count?,
        allocated_ports: 0,
        idle_timeout: idle_timeout?,
    })
}

fn addresses(
    resolver: &mut Resolver<'_>,
    pointer: &str,
    written: Option<&ManagedOutboundIpsSpec>,
    bounds: RangeInclusive<u32>,
) -> Option<u32> {
    within(resolver, pointer, written.and_then(|written| written.count), (outbound::DEFAULT_ADDRESSES, bounds))
}

fn idle_timeout(resolver: &mut Resolver<'_>, at: &str, written: Option<u32>, default: u32) -> Option<SimDuration> {
    let minutes = within(resolver, &format!("{at}/idleTimeoutInMinutes"), written, (default, outbound::IDLE_MINUTES))?;
    Some(SimDuration::from_mins(u64::from(minutes)))
}

/// What is written, if it lies within the bounds, or the default.
fn within(
    resolver: &mut Resolver<'_>,
    pointer: &str,
    written: Option<u32>,
    (default, bounds): (u32, RangeInclusive<u32>),
) -> Option<u32> {
    let value = written.unwrap_or(default);
    if !bounds.contains(&value) {
        let remedy = format!("write a number from {} to {}", bounds.start(), bounds.end());
        resolver.error(pointer, "scenario::outbound", format!("found {value}"), remedy);
        return None;
    }
    Some(value)
}
