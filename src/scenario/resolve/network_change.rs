//! Changes of the cluster's network: what is written, and whether the new range of pods lies where it may.
//!
//! Sources: azure-aks-docs, azure-cni-overlay-pod-expand.md, 2024-08-16, and update-azure-cni.md, 2024-11-26. Whether the cluster can have
//! the change at that moment is for the control plane to say.

use super::Resolver;
use super::network::{overlap, range};
use crate::catalog::limits;
use crate::scenario::plan::{ClusterPlan, NetworkChange, NetworkModel, SubnetPlan};
use crate::scenario::spec::{ClusterSpec, ScenarioSpec, UpdateNetworkSpec};
use ipnet::Ipv4Net;

/// The change that is written at `pointer`.
pub(super) fn resolve(
    resolver: &mut Resolver<'_>,
    pointer: &str,
    cluster: &ClusterSpec,
    written: &UpdateNetworkSpec,
) -> Option<NetworkChange> {
    if let Some(plugin) = &written.network_plugin {
        let at = format!("{pointer}/networkPlugin");
        resolver.choice(&at, "scenario::network_plugin", plugin, &[("azure", ())])?;
    }
    let cidr = match &written.pod_cidr {
        None => None,
        Some(text) => Some(range(resolver, &format!("{pointer}/podCidr"), text)?),
    };
    match (&written.network_plugin_mode, cidr) {
        (Some(mode), cidr) => {
            let at = format!("{pointer}/networkPluginMode");
            resolver.choice(&at, "scenario::network_plugin_mode", mode, &[("overlay", ())])?;
            let present = cluster.network_profile.as_ref().and_then(|profile| profile.pod_cidr.as_deref());
            let present = || present.unwrap_or(limits::DEFAULT_POD_CIDR).parse().ok();
            cidr.or_else(present).map(NetworkChange::Overlay)
        }
        (None, Some(cidr)) => Some(NetworkChange::PodCidr(cidr)),
        (None, None) => {
            let remedy = "write podCidr: 10.240.0.0/12, or networkPluginMode: overlay";
            resolver.error(pointer, "scenario::update_network", "found no change", remedy);
            None
        }
    }
}

/// New ranges of pods overlap nothing, and have room for a node at least.
pub(super) fn check(resolver: &mut Resolver<'_>, spec: &ScenarioSpec, cluster: &ClusterPlan) {
    for (index, written) in spec.operations.iter().flatten().enumerate() {
        let Some(update) = &written.update_network else { continue };
        // Without a range AKS takes its default, unless the cluster has one already, which is looked at with the cluster.
        let (key, text) = match (&update.pod_cidr, &update.network_plugin_mode) {
            (Some(text), _) => ("podCidr", text.as_str()),
            (None, Some(_)) if cluster.network.pod_cidr.is_none() => ("networkPluginMode", limits::DEFAULT_POD_CIDR),
            (None, _) => continue,
        };
        let Ok(cidr) = text.parse::<Ipv4Net>() else { continue };
        let pointer = format!("/operations/{index}/updateNetwork/{key}");
        let mut error = |code, found: String, remedy: &str| resolver.error(&pointer, code, found, remedy);
        for (what, other) in taken(cluster) {
            if overlap(cidr, other) {
                let remedy = "write a podCidr that overlaps no other range";
                error("scenario::overlap", format!("{cidr} overlaps {what} {other}"), remedy);
            }
        }
        if cidr.prefix_len() > limits::NODE_BLOCK_PREFIX {
            let found = format!("found {cidr}, and every node takes a /24 of it");
            error("scenario::pod_cidr", found, "write a /24 or larger");
        }
    }
    let has_pods_of_its_own = cluster.network.model == NetworkModel::AzurePodSubnet;
    for (index, _) in spec.operations.iter().flatten().enumerate().filter(|(_, one)| one.update_network.is_some()) {
        if has_pods_of_its_own {
            let pointer = format!("/operations/{index}/updateNetwork");
            let remedy = "build a new cluster with networkPluginMode: overlay";
            resolver.warn(&pointer, "scenario::update_network", "AKS will refuse it: pods have a subnet", remedy);
        }
    }
}

/// Ranges that are somebody else's.
fn taken(cluster: &ClusterPlan) -> Vec<(String, Ipv4Net)> {
    let subnet = |subnet: &SubnetPlan| (format!("subnet {}", subnet.name), subnet.prefix);
    let parse = |text: &str| text.parse().expect("a range of the catalogue");
    let space = match &cluster.network.own_vnet {
        Some(own) => own.address_space.clone(),
        None => vec![parse(limits::MANAGED_VNET)],
    };
    let mut taken: Vec<(String, Ipv4Net)> = cluster.subnets.iter().map(subnet).collect();
    taken.extend(space.into_iter().map(|range| ("the virtual network".to_owned(), range)));
    taken.push(("the service CIDR".to_owned(), cluster.network.service_cidr));
    let forbidden = limits::FORBIDDEN_RANGES.map(|range| ("the range that AKS keeps,".to_owned(), parse(range)));
    taken.extend(forbidden);
    taken
}
