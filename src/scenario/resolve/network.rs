//! Network model, ranges and subnets, with Azure's rules for them.

use super::{Resolver, outbound};
use crate::catalog::limits;
use crate::scenario::plan::{NetworkModel, NetworkPlan, OutboundPlan, OwnVnet, SubnetPlan, SubnetSizeCheck};
use crate::scenario::spec::{ClusterSpec, NetworkProfileSpec, VnetSpec};
use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

pub(super) const PROFILE: &str = "/cluster/networkProfile";

/// The default range. Source: API specification of 2025-05-01.
const DEFAULT_SERVICE_CIDR: &str = "10.0.0.0/16";
/// A Service range must be smaller than this. Source: azure-aks-docs, concepts-network-cni-overview.md, 2026-07-10.
const LARGEST_SERVICE_PREFIX: u8 = 12;

/// A range with the place where it is written.
struct Range {
    what: String,
    pointer: String,
    prefix: Ipv4Net,
}

/// Resolves network profile and virtual network.
pub fn resolve(resolver: &mut Resolver<'_>, cluster: &ClusterSpec) -> Option<(NetworkPlan, Vec<SubnetPlan>)> {
    let default = NetworkProfileSpec::default();
    let profile = cluster.network_profile.as_ref().unwrap_or(&default);
    let model = model(resolver, cluster, profile)?;
    let service_cidr = range(
        resolver,
        &format!("{PROFILE}/serviceCidr"),
        profile.service_cidr.as_deref().unwrap_or(DEFAULT_SERVICE_CIDR),
    );
    let pod_cidr = match model {
        NetworkModel::AzureNodeSubnet | NetworkModel::AzurePodSubnet => {
            if profile.pod_cidr.is_some() {
                let pointer = format!("{PROFILE}/podCidr");
                resolver.warn(
                    &pointer,
                    "scenario::pod_cidr",
                    "has no effect: pods take addresses of a subnet",
                    "remove it, or set networkPluginMode: overlay",
                );
            }
            None
        }
        NetworkModel::Kubenet | NetworkModel::AzureOverlay => Some(range(
            resolver,
            &format!("{PROFILE}/podCidr"),
            profile.pod_cidr.as_deref().unwrap_or(limits::DEFAULT_POD_CIDR),
        )?),
    };
    let outbound = outbound::resolve(resolver, profile, cluster.vnet.is_some());
    let subnets = subnets(resolver, cluster)?;
    let service_cidr = service_cidr?;
    if service_cidr.prefix_len() <= LARGEST_SERVICE_PREFIX {
        let found = format!("found {service_cidr}");
        resolver.error(
            &format!("{PROFILE}/serviceCidr"),
            "scenario::service_cidr",
            found,
            "write a range smaller than a /12",
        );
    }
    check_ranges(resolver, service_cidr, pod_cidr, &subnets);
    check_space(resolver, cluster, service_cidr, pod_cidr, &subnets);
    let dns_service_ip = dns_service_ip(resolver, profile, service_cidr)?;
    let routes_per_table = routes_per_table(resolver, profile);
    let size_check = match profile.subnet_size_check.as_deref() {
        None => SubnetSizeCheck::default(),
        Some(text) => {
            let pointer = format!("{PROFILE}/subnetSizeCheck");
            resolver.choice(&pointer, "scenario::subnet_size_check", text, &SubnetSizeCheck::ALL)?
        }
    };
    let private = cluster.api_server_access_profile.as_ref().and_then(|profile| profile.enable_private_cluster);
    Some((
        NetworkPlan {
            model,
            pod_cidr,
            routes_per_table: routes_per_table?,
            size_check,
            private_cluster: private.unwrap_or(false),
            service_cidr,
            dns_service_ip,
            // What is wrong with it is said; the rest is checked all the same.
            outbound: outbound.unwrap_or(OutboundPlan::load_balancer(1)),
            own_vnet: own_vnet(cluster),
        },
        subnets.into_iter().map(|(subnet, _)| subnet).collect(),
    ))
}

fn model(resolver: &mut Resolver<'_>, cluster: &ClusterSpec, profile: &NetworkProfileSpec) -> Option<NetworkModel> {
    let mode = profile.network_plugin_mode.as_deref().filter(|mode| !mode.is_empty());
    if let Some(mode) = mode {
        resolver.choice(
            &format!("{PROFILE}/networkPluginMode"),
            "scenario::network_plugin_mode",
            mode,
            &[("overlay", ())],
        )?;
    }
    let pod_subnet = cluster.pools().iter().position(|pool| pool.pod_subnet_id.is_some());
    let Some(plugin) = profile.network_plugin.as_deref() else {
        if let Some(pool) = pod_subnet {
            let pointer = format!("/cluster/agentPoolProfiles/{pool}/podSubnetID");
            let remedy = "write networkProfile: {networkPlugin: azure}, or remove it";
            resolver.error(&pointer, "scenario::pod_subnet", "a pod subnet with Azure CNI Overlay", remedy);
        }
        return Some(NetworkModel::AzureOverlay);
    };
    let kubenet = resolver.choice(
        &format!("{PROFILE}/networkPlugin"),
        "scenario::network_plugin",
        plugin,
        &[("kubenet", true), ("azure", false)],
    )?;
    match (kubenet, mode) {
        (true, Some(_)) => {
            let pointer = format!("{PROFILE}/networkPluginMode");
            resolver.error(
                &pointer,
                "scenario::network_plugin_mode",
                "kubenet has no mode",
                "remove it, or write networkPlugin: azure",
            );
            None
        }
        (false, None) => Some(match pod_subnet {
            Some(_) => NetworkModel::AzurePodSubnet,
            None => NetworkModel::AzureNodeSubnet,
        }),
        (_, _) => {
            if let Some(pool) = pod_subnet {
                let pointer = format!("/cluster/agentPoolProfiles/{pool}/podSubnetID");
                let remedy = "write networkPlugin: azure without networkPluginMode, or remove it";
                resolver.error(&pointer, "scenario::pod_subnet", "a pod subnet where pods have a pod CIDR", remedy);
            }
            Some(if kubenet { NetworkModel::Kubenet } else { NetworkModel::AzureOverlay })
        }
    }
}

/// Azure's limit as the pages on kubenet have it, or as it was raised later.
fn routes_per_table(resolver: &mut Resolver<'_>, profile: &NetworkProfileSpec) -> Option<u32> {
    let allowed = [limits::KUBENET_ROUTES, limits::KUBENET_ROUTES_RAISED];
    let written = profile.routes_per_table.unwrap_or(limits::KUBENET_ROUTES);
    if !allowed.contains(&written) {
        let pointer = format!("{PROFILE}/routesPerTable");
        resolver.error(&pointer, "scenario::routes_per_table", format!("found {written}"), "write 400 or 1000");
        return None;
    }
    Some(written)
}

/// The network that the scenario brings along, with what the pools' resource ids say of it: all pools live in one network.
fn own_vnet(cluster: &ClusterSpec) -> Option<OwnVnet> {
    let vnet = cluster.vnet.as_ref()?;
    let ids = cluster.pools().iter().filter_map(|pool| pool.vnet_subnet_id.as_deref());
    let said = |key: &str| ids.clone().find_map(|id| segment_after(id, key)).map(str::to_owned);
    Some(OwnVnet {
        resource_group: said("resourceGroups"),
        name: said("virtualNetworks"),
        address_space: vnet.address_space.iter().flatten().filter_map(|text| text.parse().ok()).collect(),
    })
}

/// What stands behind a key of a resource id such as `/subscriptions/…/resourceGroups/net/providers/…`.
fn segment_after<'a>(id: &'a str, key: &str) -> Option<&'a str> {
    let mut segments = id.split('/');
    segments.find(|segment| segment.eq_ignore_ascii_case(key))?;
    segments.next().filter(|segment| !segment.is_empty())
}

/// The subnets, sorted by name, each with its pointer.
fn subnets(resolver: &mut Resolver<'_>, cluster: &ClusterSpec) -> Option<Vec<(SubnetPlan, String)>> {
    let Some(vnet) = &cluster.vnet else {
        let (name, prefix) = limits::MANAGED_SUBNET;
        let prefix = prefix.parse().expect("the managed subnet is a range");
        return Some(vec![(SubnetPlan { name: name.to_owned(), prefix }, "/cluster".to_owned())]);
    };
    let mut space = Vec::new();
    for (index, text) in vnet.address_space.iter().flatten().enumerate() {
        space.extend(range(resolver, &format!("/cluster/vnet/addressSpace/{index}"), text));
    }
    let mut subnets: Vec<(SubnetPlan, String)> = Vec::new();
    let mut complete = true;
    for (index, subnet) in vnet.subnets.iter().enumerate() {
        let pointer = format!("/cluster/vnet/subnets/{index}/addressPrefix");
        let Some(prefix) = range(resolver, &pointer, &subnet.address_prefix) else {
            complete = false;
            continue;
        };
        if prefix.prefix_len() > limits::SMALLEST_SUBNET_PREFIX {
            resolver.error(
                &pointer,
                "scenario::subnet_size",
                format!("found {prefix}"),
                "write a /29 or larger: Azure takes five addresses",
            );
        }
        if !space.is_empty() && !space.iter().any(|space| space.contains(&prefix)) {
            resolver.error(
                &pointer,
                "scenario::subnet_space",
                format!("{prefix} lies outside vnet.addressSpace"),
                "write a range inside it",
            );
        }
        if subnets.iter().any(|(other, _)| other.name == subnet.name) {
            let pointer = format!("/cluster/vnet/subnets/{index}/name");
            resolver.error(
                &pointer,
                "scenario::duplicate",
                format!("a second subnet {}", subnet.name),
                "give it another name",
            );
        }
        subnets.push((SubnetPlan { name: subnet.name.clone(), prefix }, pointer));
    }
    if vnet.subnets.is_empty() {
        resolver.error(
            "/cluster/vnet/subnets",
            "scenario::subnets",
            "found no subnet",
            "add {name: nodes, addressPrefix: 10.224.0.0/24}",
        );
        complete = false;
    }
    subnets.sort_by(|a, b| a.0.name.cmp(&b.0.name));
    complete.then_some(subnets)
}

pub(super) fn range(resolver: &mut Resolver<'_>, pointer: &str, text: &str) -> Option<Ipv4Net> {
    match text.parse::<Ipv4Net>() {
        Ok(prefix) if prefix.trunc() == prefix => Some(prefix),
        Ok(prefix) => {
            resolver.error(
                pointer,
                "scenario::cidr",
                format!("found {prefix}"),
                format!("write {}: the address must be the first of its range", prefix.trunc()),
            );
            None
        }
        Err(_) => {
            resolver.error(
                pointer,
                "scenario::cidr",
                format!("found \"{text}\""),
                "write an IPv4 range such as 10.224.0.0/24",
            );
            None
        }
    }
}

/// No two ranges may overlap, and none may touch Azure's own.
fn check_ranges(
    resolver: &mut Resolver<'_>,
    service: Ipv4Net,
    pods: Option<Ipv4Net>,
    subnets: &[(SubnetPlan, String)],
) {
    let mut ranges: Vec<Range> = subnets
        .iter()
        .map(|(subnet, pointer)| Range {
            what: format!("subnet {}", subnet.name),
            pointer: pointer.clone(),
            prefix: subnet.prefix,
        })
        .collect();
    ranges.push(Range {
        what: "the service CIDR".to_owned(),
        pointer: format!("{PROFILE}/serviceCidr"),
        prefix: service,
    });
    ranges.extend(pods.map(|prefix| Range {
        what: "the pod CIDR".to_owned(),
        pointer: format!("{PROFILE}/podCidr"),
        prefix,
    }));
    for (index, range) in ranges.iter().enumerate() {
        for forbidden in limits::FORBIDDEN_RANGES {
            let forbidden: Ipv4Net = forbidden.parse().expect("the forbidden ranges are ranges");
            if overlap(range.prefix, forbidden) {
                let found = format!("{} overlaps {forbidden}, which AKS keeps for itself", range.prefix);
                resolver.error(&range.pointer, "scenario::forbidden_range", found, "write another range");
            }
        }
        for other in &ranges[..index] {
            if overlap(range.prefix, other.prefix) {
                let found = format!("{} overlaps {} {}", range.prefix, other.what, other.prefix);
                resolver.error(&range.pointer, "scenario::overlap", found, "write a range that overlaps no other");
            }
        }
    }
}

/// The virtual network, used or not, is for nodes: neither pods nor Services of the cluster may have addresses in it. And a range of
/// pods has a /24 for one node at least.
fn check_space(
    resolver: &mut Resolver<'_>,
    cluster: &ClusterSpec,
    service: Ipv4Net,
    pods: Option<Ipv4Net>,
    subnets: &[(SubnetPlan, String)],
) {
    let written = |vnet: &VnetSpec| vnet.address_space.iter().flatten().filter_map(|text| text.parse().ok()).collect();
    let managed = || vec![limits::MANAGED_VNET.parse().expect("the managed network is a range")];
    let space: Vec<Ipv4Net> = cluster.vnet.as_ref().map_or_else(managed, written);
    let whose = if cluster.vnet.is_some() { "vnet.addressSpace" } else { "the virtual network that AKS makes," };
    for (key, range) in [("serviceCidr", Some(service)), ("podCidr", pods)] {
        let Some(range) = range else { continue };
        let is_said = subnets.iter().any(|(subnet, _)| overlap(range, subnet.prefix));
        for other in space.iter().filter(|other| !is_said && overlap(range, **other)) {
            let found = format!("{range} overlaps {whose} {other}");
            resolver.error(
                &format!("{PROFILE}/{key}"),
                "scenario::overlap",
                found,
                "write a range outside the network",
            );
        }
    }
    if let Some(range) = pods.filter(|range| range.prefix_len() > limits::NODE_BLOCK_PREFIX) {
        let found = format!("found {range}, and every node takes a /24 of it");
        resolver.error(&format!("{PROFILE}/podCidr"), "scenario::pod_cidr", found, "write a /24 or larger");
    }
}

pub(super) fn overlap(a: Ipv4Net, b: Ipv4Net) -> bool {
    a.contains(&b) || b.contains(&a)
}

fn dns_service_ip(resolver: &mut Resolver<'_>, profile: &NetworkProfileSpec, service: Ipv4Net) -> Option<Ipv4Addr> {
    let pointer = format!("{PROFILE}/dnsServiceIP");
    let Some(text) = &profile.dns_service_ip else {
        let tenth = Ipv4Addr::from(u32::from(service.network()).saturating_add(10));
        if !service.contains(&tenth) {
            let found = format!(
                "the DNS service has the tenth address of the service CIDR unless given, and {service} has none"
            );
            let remedy = "write a dnsServiceIP, or a larger serviceCidr";
            resolver.error(&format!("{PROFILE}/serviceCidr"), "scenario::dns_service_ip", found, remedy);
        }
        return Some(tenth);
    };
    let Ok(address) = text.parse::<Ipv4Addr>() else {
        resolver.error(
            &pointer,
            "scenario::dns_service_ip",
            format!("found \"{text}\""),
            "write an IPv4 address such as 10.0.0.10",
        );
        return None;
    };
    let first = Ipv4Addr::from(u32::from(service.network()) + 1);
    if !service.contains(&address) || address == first || address == service.network() {
        let found = format!("found {address}");
        let remedy = format!(
            "write an address of the service CIDR {service}, but not its first, which kubernetes.default takes"
        );
        resolver.error(&pointer, "scenario::dns_service_ip", found, remedy);
    }
    Some(address)
}
