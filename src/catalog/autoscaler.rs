//! The cluster autoscaler's profile with AKS's defaults.
//!
//! Source: azure-aks-docs, cluster-autoscaler.md, 2026-07-30.

use super::UnknownName;
use crate::kernel::SimDuration;

/// One profile for all autoscaled pools of a cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct AutoscalerProfile {
    /// Time between two looks.
    pub scan_interval: SimDuration,
    /// No scale-down for so long after a scale-up.
    pub scale_down_delay_after_add: SimDuration,
    /// No scale-down for so long after a node was deleted.
    pub scale_down_delay_after_delete: SimDuration,
    /// No scale-down for so long after a failed one.
    pub scale_down_delay_after_failure: SimDuration,
    /// A node goes when it was not needed for so long.
    pub scale_down_unneeded_time: SimDuration,
    /// The same for a node that is not ready.
    pub scale_down_unready_time: SimDuration,
    /// A node whose requests are at most this share of its allocatable is a candidate, 0 to 1.
    pub scale_down_utilization_threshold: f64,
    /// Longest wait for pods of a removed node to terminate.
    pub max_graceful_termination: SimDuration,
    /// Empty nodes removed at once.
    pub max_empty_bulk_delete: u32,
    /// A node that is not up after so long is given up.
    pub max_node_provision_time: SimDuration,
    /// Above so many per cent of unready nodes the autoscaler halts…
    pub max_total_unready_percentage: u32,
    /// …unless they are no more than this.
    pub ok_total_unready_count: u32,
    /// Pending pods younger than this are overlooked.
    pub new_pod_scale_up_delay: SimDuration,
    /// How one of several pools is chosen.
    pub expander: Expander,
    /// Equalises pools that are alike.
    pub balance_similar_node_groups: bool,
    /// Keeps nodes whose pods have emptyDir or hostPath volumes. The API specification says true, the documentation false.
    pub skip_nodes_with_local_storage: bool,
    /// Keeps nodes with kube-system pods that are not of DaemonSets.
    pub skip_nodes_with_system_pods: bool,
    /// Leaves DaemonSets out of the utilisation.
    pub ignore_daemonsets_utilization: bool,
    /// Evicts DaemonSet pods of empty nodes first.
    pub daemonset_eviction_for_empty_nodes: bool,
    /// Evicts DaemonSet pods of occupied nodes first.
    pub daemonset_eviction_for_occupied_nodes: bool,
}

impl Default for AutoscalerProfile {
    fn default() -> Self {
        Self {
            scan_interval: SimDuration::from_secs(10),
            scale_down_delay_after_add: SimDuration::from_mins(10),
            scale_down_delay_after_delete: SimDuration::from_secs(10),
            scale_down_delay_after_failure: SimDuration::from_mins(3),
            scale_down_unneeded_time: SimDuration::from_mins(10),
            scale_down_unready_time: SimDuration::from_mins(20),
            scale_down_utilization_threshold: 0.5,
            max_graceful_termination: SimDuration::from_secs(600),
            max_empty_bulk_delete: 10,
            max_node_provision_time: SimDuration::from_mins(15),
            max_total_unready_percentage: 45,
            ok_total_unready_count: 3,
            new_pod_scale_up_delay: SimDuration::ZERO,
            expander: Expander::Random,
            balance_similar_node_groups: false,
            skip_nodes_with_local_storage: false,
            skip_nodes_with_system_pods: true,
            ignore_daemonsets_utilization: false,
            daemonset_eviction_for_empty_nodes: false,
            daemonset_eviction_for_occupied_nodes: true,
        }
    }
}

/// One of the profiles that Microsoft's page gives as samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProfilePreset {
    /// AKS's defaults.
    #[default]
    Default,
    /// Scales down fast, to save money.
    Aggressive,
    /// For loads that come in bursts.
    Bursty,
}

impl ProfilePreset {
    /// Every preset with its name.
    pub const ALL: [(&'static str, Self); 3] =
        [("default", Self::Default), ("aggressive", Self::Aggressive), ("bursty", Self::Bursty)];

    /// The settings. Source: azure-aks-docs, cluster-autoscaler.md, 2026-07-30; settings that the samples leave out are the defaults.
    #[must_use]
    pub fn profile(self) -> AutoscalerProfile {
        let minutes = SimDuration::from_mins;
        let sample = || AutoscalerProfile {
            scale_down_delay_after_failure: minutes(1),
            max_graceful_termination: SimDuration::from_secs(30),
            max_total_unready_percentage: 100,
            ok_total_unready_count: 1000,
            ..AutoscalerProfile::default()
        };
        match self {
            Self::Default => AutoscalerProfile::default(),
            Self::Aggressive => AutoscalerProfile {
                scan_interval: SimDuration::from_secs(30),
                scale_down_delay_after_add: SimDuration::ZERO,
                scale_down_unneeded_time: minutes(3),
                scale_down_unready_time: minutes(3),
                max_empty_bulk_delete: 1000,
                ..sample()
            },
            Self::Bursty => AutoscalerProfile {
                scan_interval: SimDuration::from_secs(20),
                scale_down_unneeded_time: minutes(5),
                scale_down_unready_time: minutes(5),
                max_empty_bulk_delete: 100,
                ..sample()
            },
        }
    }
}

/// How the autoscaler chooses one of several pools that could take the pending pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expander {
    /// Any, with equal chances.
    Random,
    /// The one that takes most pods.
    MostPods,
    /// The one that leaves the least CPU and memory unused.
    LeastWaste,
}

impl Expander {
    /// The profile's word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::MostPods => "most-pods",
            Self::LeastWaste => "least-waste",
        }
    }
}

impl std::str::FromStr for Expander {
    type Err = UnknownName;
    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let all = [Self::Random, Self::MostPods, Self::LeastWaste];
        let found = all.into_iter().find(|expander| expander.name() == text);
        found.ok_or_else(|| UnknownName::new(text, &all.map(Self::name).join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_that_aks_documents() {
        let profile = AutoscalerProfile::default();
        for (found, documented) in [
            (profile.scan_interval, "10s"),
            (profile.scale_down_delay_after_add, "10m"),
            (profile.scale_down_delay_after_delete, "10s"),
            (profile.scale_down_delay_after_failure, "3m"),
            (profile.scale_down_unneeded_time, "10m"),
            (profile.scale_down_unready_time, "20m"),
            (profile.max_graceful_termination, "10m"),
            (profile.max_node_provision_time, "15m"),
            (profile.new_pod_scale_up_delay, "0s"),
        ] {
            assert_eq!(found.to_string(), documented);
        }
        assert_eq!(profile.scale_down_utilization_threshold, 0.5);
        assert_eq!((profile.max_empty_bulk_delete, profile.ok_total_unready_count), (10, 3));
        assert_eq!((profile.max_total_unready_percentage, profile.expander), (45, Expander::Random));
        assert!(profile.skip_nodes_with_system_pods && profile.daemonset_eviction_for_occupied_nodes);
        assert!(!profile.skip_nodes_with_local_storage && !profile.balance_similar_node_groups);
        assert!(!profile.ignore_daemonsets_utilization && !profile.daemonset_eviction_for_empty_nodes);
    }
}
