//! What changed between the minor versions of kube-scheduler as far as the plugins here are concerned.

use crate::catalog::KubernetesVersion;

/// Version switches of the filter and score plugins; the default is the oldest rules.
///
/// Source: kube-scheduler 1.31.13 and sources of 1.32 to 1.36. The boundary of `fit_is_unresolvable` was deduced from snapshots between
/// 1.33 and 1.35 and may be off by one minor version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// From 1.32: a plugin looks closely at a change before it has a pod tried again that it rejected (queueing hints), and hears of
    /// nodes that are deleted.
    pub queueing_hints: bool,
    /// From 1.34: a request beyond the node's allocatable is unresolvable, for preemption cannot help.
    pub fit_is_unresolvable: bool,
    /// From 1.32: a pod without requests is not scored by NodeResourcesBalancedAllocation.
    pub best_effort_is_not_balanced: bool,
    /// From 1.33: AKS configures its own default constraint of PodTopologySpread.
    pub aks_spreads_over_zones: bool,
    /// From 1.36: NodeResourcesBalancedAllocation scores the change that the pod makes to the node's balance.
    pub balance_is_a_change: bool,
}

impl Rules {
    /// The rules of a control plane of this version.
    #[must_use]
    pub const fn of(version: KubernetesVersion) -> Self {
        Self {
            queueing_hints: version.minor >= 32,
            fit_is_unresolvable: version.minor >= 34,
            best_effort_is_not_balanced: version.minor >= 32,
            aks_spreads_over_zones: version.minor >= 33,
            balance_is_a_change: version.minor >= 36,
        }
    }
}
