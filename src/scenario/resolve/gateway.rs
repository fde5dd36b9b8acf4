//! Static egress gateways: pools whose nodes have public addresses, for other pods to go out by.
//!
//! Source: azure-aks-docs, configure-static-egress-gateway.md, 2026-08-06.

use super::pool::Context;
use crate::catalog::outbound::{DEFAULT_GATEWAY_PREFIX, GATEWAY_PREFIXES, gateway_addresses};

/// Nodes that a gateway should have, so that one may go.
const ADVISED_NODES: u32 = 2;

/// Public addresses of the pool, should it be a gateway.
pub(super) fn addresses(context: &mut Context<'_, '_>) -> u32 {
    let prefix = context.pool.gateway_profile.as_ref().and_then(|profile| profile.public_ip_prefix_size);
    let prefix = prefix.unwrap_or(DEFAULT_GATEWAY_PREFIX);
    if !GATEWAY_PREFIXES.contains(&prefix) {
        let field = "gatewayProfile/publicIPPrefixSize";
        context.error(field, "scenario::gateway", format!("found {prefix}"), "write 28, 29, 30 or 31");
    }
    gateway_addresses(prefix.clamp(*GATEWAY_PREFIXES.start(), *GATEWAY_PREFIXES.end()))
}

/// What a gateway pool may not have: the autoscaler, more nodes than addresses.
pub(super) fn check(context: &mut Context<'_, '_>, addresses: u32, count: u32) {
    let profile = context.spec.cluster.network_profile.as_ref();
    let gateways = profile.and_then(|profile| profile.static_egress_gateway_profile.as_ref()?.enabled);
    if gateways != Some(true) {
        let remedy = "add networkProfile: {staticEgressGatewayProfile: {enabled: true}}";
        context.error(
            "mode",
            "scenario::gateway",
            "a gateway pool in a cluster without static egress gateways",
            remedy,
        );
    }
    if context.pool.enable_auto_scaling.unwrap_or(false) {
        let found = "the autoscaler on a gateway pool";
        context.error("enableAutoScaling", "scenario::gateway", found, "remove it: the pool has a fixed count");
    }
    if count > addresses {
        let found = format!("found {count}, and the public prefix has {addresses} addresses");
        context.error("count", "scenario::gateway", found, "write fewer nodes, or a shorter publicIPPrefixSize");
    } else if count < ADVISED_NODES {
        let found = format!("a gateway of {count}");
        context.warn("count", "scenario::gateway", found, "give it 2 nodes, so that one may go");
    }
}
