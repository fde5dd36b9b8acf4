//! The cluster: names, tier, version, pools, autoscaler, meters.

use super::{Resolver, network, nodes, pool, price, scheduler};
use crate::catalog::{AutoscalerProfile, Expander, KubernetesVersion, ProfilePreset, Region, ScalingSize, Tier};
use crate::kernel::SimDuration;
use crate::scenario::files::Files;
use crate::scenario::plan::{ClusterCharges, ClusterPlan, Conflicts, ScaleInPolicy};
use crate::scenario::spec::{AutoScalerProfileSpec, ClusterSpec, ConflictsSpec, ProfileNumber, ScenarioSpec};

/// The oldest minor version whose behaviour is known well enough to simulate.
const OLDEST_MINOR: u32 = 16;
/// The newest minor version on AKS's calendar. Source: azure-aks-docs, supported-kubernetes-versions.md, 2026-08-05.
const NEWEST_MINOR: u32 = 37;

/// Resolves the cluster; `None` when something without which nothing can be said is wrong.
pub fn resolve(resolver: &mut Resolver<'_>, spec: &ScenarioSpec, files: &mut Files) -> Option<ClusterPlan> {
    let written = &spec.cluster;
    let location: Option<Region> = resolver.parse("/cluster/location", "scenario::region", &written.location);
    let tier = tier(resolver, spec);
    let version = version(resolver, written.kubernetes_version.0);
    let long_term_support = support_plan(resolver, written, tier);
    let scale_in = written.scale_in_policy.as_ref().map_or(Some(ScaleInPolicy::Default), |name| {
        resolver.choice("/cluster/scaleInPolicy", "scenario::scale_in_policy", name, &ScaleInPolicy::ALL)
    });
    let conflicts = conflicts(resolver, written.conflicts.as_ref());
    let autoscaler = autoscaler(resolver, written.auto_scaler_profile.as_ref());
    let scheduler = scheduler::resolve(resolver, spec.scheduler.as_ref(), !written.pools().is_empty());
    if written.auto_scaler_profile.is_some() && written.pools().is_empty() {
        let note = "has no effect: nodes that are brought along are not scaled";
        resolver.note("/cluster/autoScalerProfile", "scenario::brought_nodes", note);
    }
    let network = network::resolve(resolver, written);
    let resource_group = written.resource_group.clone().unwrap_or_else(|| "rg".to_owned());
    let (network, subnets) = network?;
    // Pools are checked even in an unknown region, so that all problems are found at once.
    let place = location.unwrap_or(Region::EastUs);
    let node_resource_group =
        written.node_resource_group.clone().unwrap_or_else(|| format!("MC_{resource_group}_{}_{place}", written.name));
    let surroundings = pool::Surroundings {
        location: place,
        version,
        node_resource_group: &node_resource_group,
        model: network.model,
        subnets: &subnets,
        conflicts: conflicts.unwrap_or_default(),
    };
    let pools = pool::resolve_all(resolver, spec, &surroundings);
    let mut all_pools = pools.clone().unwrap_or_default();
    let list = nodes::resolve(resolver, spec, files, version, &mut all_pools);
    let pools = pools.map(|_| all_pools)?;
    // A cluster of nobody's VMs has no bill of its own either.
    let billed = !written.pools().is_empty();
    Some(ClusterPlan {
        name: written.name.clone(),
        location: location?,
        tier: tier?,
        scaling: scaling(resolver, written, tier),
        long_term_support,
        version,
        scheduler,
        charges: if billed {
            price::cluster_charges(spec, tier?, &network.outbound, place)
        } else {
            ClusterCharges::default()
        },
        pools,
        brought: list?,
        system_workloads: has_system_workloads(written),
        scale_in: scale_in?,
        conflicts: conflicts?,
        autoscaler: autoscaler?,
        network,
        subnets,
        resource_group,
        node_resource_group,
    })
}

/// Which document is followed where two disagree; `None` when a word in it means nothing.
fn conflicts(resolver: &mut Resolver<'_>, written: Option<&ConflictsSpec>) -> Option<Conflicts> {
    let default = Conflicts::default();
    let Some(written) = written else {
        return Some(default);
    };
    let mut number = |key: &str, written: Option<u32>, default: u32, known: [u32; 2]| {
        let found = written.unwrap_or(default);
        if !known.contains(&found) {
            let remedy = format!("write {} or {}", known[0], known[1]);
            let pointer = format!("/cluster/conflicts/{key}");
            resolver.error(&pointer, "scenario::conflicts", format!("found {found}"), remedy);
        }
        found
    };
    let system_pool_vcpus = number("systemPoolVCPUs", written.system_pool_vcpus, default.system_pool_vcpus, [2, 4]);
    let version_skew = number("versionSkew", written.version_skew, default.version_skew, [3, 2]);
    let mut choice = |key: &str, written: &Option<String>, default: bool, [no, yes]: [&str; 2]| match written {
        None => Some(default),
        Some(text) => {
            let pointer = format!("/cluster/conflicts/{key}");
            resolver.choice(&pointer, "scenario::conflicts", text, &[(no, false), (yes, true)])
        }
    };
    const ALLOW: [&str; 2] = ["Refuse", "Allow"];
    Some(Conflicts {
        system_pool_vcpus,
        version_skew,
        burstable_system_pools: choice(
            "burstableSystemPools",
            &written.burstable_system_pools,
            default.burstable_system_pools,
            ALLOW,
        )?,
        rollback: choice("rollback", &written.rollback, default.rollback, ALLOW)?,
        rollback_after_blue_green: choice(
            "rollbackAfterBlueGreen",
            &written.rollback_after_blue_green,
            default.rollback_after_blue_green,
            ALLOW,
        )?,
        scale_beyond_quota_fails: choice(
            "scaleBeyondQuota",
            &written.scale_beyond_quota,
            default.scale_beyond_quota_fails,
            ["Refuse", "Fail"],
        )?,
        decimal_reservations: choice(
            "memoryReservation",
            &written.memory_reservation,
            default.decimal_reservations,
            ["Mi", "MB"],
        )?,
    })
}

/// AKS's own workloads are installed where AKS has nodes, unless the scenario says otherwise.
pub fn has_system_workloads(cluster: &ClusterSpec) -> bool {
    cluster.system_workloads.unwrap_or(!cluster.pools().is_empty())
}

fn tier(resolver: &mut Resolver<'_>, spec: &ScenarioSpec) -> Option<Tier> {
    match &spec.cluster.sku {
        None => Some(Tier::Free),
        Some(sku) => {
            if sku.name.as_deref().is_some_and(|name| !name.eq_ignore_ascii_case("Base")) {
                resolver.warn(
                    "/cluster/sku/name",
                    "scenario::sku",
                    "Automatic clusters are not simulated",
                    "write Base",
                );
            }
            resolver.parse("/cluster/sku/tier", "scenario::tier", &sku.tier)
        }
    }
}

/// A control plane of a fixed size, which not every tier and version has.
/// Source: azure-aks-docs, hyperscale-configuration-aks.md, 2026-08-19.
fn scaling(resolver: &mut Resolver<'_>, written: &ClusterSpec, tier: Option<Tier>) -> Option<ScalingSize> {
    const AT: &str = "/cluster/controlPlaneScalingProfile/scalingSize";
    let profile = written.control_plane_scaling_profile.as_ref()?;
    if tier == Some(Tier::Free) {
        let found = "a control plane of a fixed size in the Free tier";
        resolver.error(AT, "scenario::scaling_size", found, "write sku: {tier: Standard} or {tier: Premium}");
    }
    let (version, since) = (written.kubernetes_version.0, ScalingSize::SINCE);
    if version.minor < since.minor {
        let found = format!("a control plane of a fixed size with Kubernetes {version}");
        resolver.error(AT, "scenario::scaling_size", found, format!("write version {since} or newer"));
    }
    resolver.choice(AT, "scenario::scaling_size", &profile.scaling_size, &ScalingSize::ALL)
}

/// True with long-term support, which comes with the Premium tier and with no other.
/// Source: azure-aks-docs, free-standard-pricing-tiers.md, 2026-07-06.
fn support_plan(resolver: &mut Resolver<'_>, written: &ClusterSpec, tier: Option<Tier>) -> bool {
    const AT: &str = "/cluster/supportPlan";
    let Some(text) = &written.support_plan else {
        return false;
    };
    let plans = [("KubernetesOfficial", false), ("AKSLongTermSupport", true)];
    let long_term = resolver.choice(AT, "scenario::support_plan", text, &plans).unwrap_or(false);
    if long_term && tier.is_some_and(|tier| tier != Tier::Premium) {
        let found = "long-term support without the Premium tier";
        resolver.error(AT, "scenario::support_plan", found, "write sku: {tier: Premium}");
    }
    long_term
}

fn version(resolver: &mut Resolver<'_>, version: KubernetesVersion) -> KubernetesVersion {
    if !(OLDEST_MINOR..=NEWEST_MINOR).contains(&version.minor) {
        let remedy = format!("write a version from 1.{OLDEST_MINOR} to 1.{NEWEST_MINOR}");
        resolver.error("/cluster/kubernetesVersion", "scenario::version", format!("found {version}"), remedy);
    }
    version
}

fn autoscaler(resolver: &mut Resolver<'_>, spec: Option<&AutoScalerProfileSpec>) -> Option<AutoscalerProfile> {
    let Some(spec) = spec else {
        return Some(AutoscalerProfile::default());
    };
    let at = |key: &str| format!("/cluster/autoScalerProfile/{key}");
    let preset = spec.preset.as_ref().map_or(Some(ProfilePreset::Default), |name| {
        resolver.choice(&at("preset"), "scenario::preset", name, &ProfilePreset::ALL)
    });
    let defaults = preset?.profile();
    for (key, written) in [
        ("scale-down-delay-after-failure", spec.scale_down_delay_after_failure.is_some()),
        ("scale-down-unready-time", spec.scale_down_unready_time.is_some()),
        ("balance-similar-node-groups", spec.balance_similar_node_groups.is_some()),
        ("daemonset-eviction-for-empty-nodes", spec.daemonset_eviction_for_empty_nodes.is_some()),
        ("daemonset-eviction-for-occupied-nodes", spec.daemonset_eviction_for_occupied_nodes.is_some()),
    ] {
        if written {
            resolver.not_simulated(&at(key));
        }
    }
    let scan_interval = spec.scan_interval.map_or(defaults.scan_interval, |d| d.0);
    if scan_interval < SimDuration::from_secs(1) {
        resolver.error(
            &at("scan-interval"),
            "scenario::scan_interval",
            format!("found {scan_interval}"),
            "write at least 1s",
        );
        return None;
    }
    let threshold = spec.scale_down_utilization_threshold.map_or(defaults.scale_down_utilization_threshold, |n| n.0);
    if threshold > 1.0 {
        let pointer = at("scale-down-utilization-threshold");
        resolver.error(
            &pointer,
            "scenario::threshold",
            format!("found {threshold}"),
            "write a share from 0 to 1, such as 0.5",
        );
    }
    let expander = match &spec.expander {
        None => Some(defaults.expander),
        Some(name) => resolver.parse::<Expander>(&at("expander"), "scenario::expander", name),
    };
    let whole = |number: Option<ProfileNumber>, default: u32| number.map_or(default, |n| n.0.round() as u32);
    Some(AutoscalerProfile {
        scan_interval,
        scale_down_delay_after_add: spec
            .scale_down_delay_after_add
            .map_or(defaults.scale_down_delay_after_add, |d| d.0),
        scale_down_delay_after_delete: spec.scale_down_delay_after_delete.map_or(scan_interval, |d| d.0),
        scale_down_delay_after_failure: spec
            .scale_down_delay_after_failure
            .map_or(defaults.scale_down_delay_after_failure, |d| d.0),
        scale_down_unneeded_time: spec.scale_down_unneeded_time.map_or(defaults.scale_down_unneeded_time, |d| d.0),
        scale_down_unready_time: spec.scale_down_unready_time.map_or(defaults.scale_down_unready_time, |d| d.0),
        scale_down_utilization_threshold: threshold,
        max_graceful_termination: spec
            .max_graceful_termination_sec
            .map_or(defaults.max_graceful_termination, |n| SimDuration::from_secs_f64(n.0)),
        max_empty_bulk_delete: whole(spec.max_empty_bulk_delete, defaults.max_empty_bulk_delete),
        max_node_provision_time: spec.max_node_provision_time.map_or(defaults.max_node_provision_time, |d| d.0),
        max_total_unready_percentage: whole(spec.max_total_unready_percentage, defaults.max_total_unready_percentage),
        ok_total_unready_count: whole(spec.ok_total_unready_count, defaults.ok_total_unready_count),
        new_pod_scale_up_delay: spec.new_pod_scale_up_delay.map_or(defaults.new_pod_scale_up_delay, |d| d.0),
        expander: expander?,
        balance_similar_node_groups: spec
            .balance_similar_node_groups
            .map_or(defaults.balance_similar_node_groups, |f| f.0),
        skip_nodes_with_local_storage: spec
            .skip_nodes_with_local_storage
            .map_or(defaults.skip_nodes_with_local_storage, |f| f.0),
        skip_nodes_with_system_pods: spec
            .skip_nodes_with_system_pods
            .map_or(defaults.skip_nodes_with_system_pods, |f| f.0),
        ignore_daemonsets_utilization: spec
            .ignore_daemonsets_utilization
            .map_or(defaults.ignore_daemonsets_utilization, |f| f.0),
        daemonset_eviction_for_empty_nodes: spec
            .daemonset_eviction_for_empty_nodes
            .map_or(defaults.daemonset_eviction_for_empty_nodes, |f| f.0),
        daemonset_eviction_for_occupied_nodes: spec
            .daemonset_eviction_for_occupied_nodes
            .map_or(defaults.daemonset_eviction_for_occupied_nodes, |f| f.0),
    })
}
