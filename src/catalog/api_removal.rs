//! In which versions Kubernetes serves an API no more, and how AKS looks for uses of such APIs before an upgrade.
//!
//! Sources: Kubernetes documentation, "Deprecated API Migration Guide"; azure-aks-docs, stop-cluster-upgrade-api-breaking-changes.md,
//! 2026-07-01.

use super::KubernetesVersion;
use crate::kernel::SimDuration;

/// How far AKS looks back.
pub const LOOKBACK: SimDuration = SimDuration::from_hours(12);
/// How often uses are recorded.
pub const RECORDED_EVERY: SimDuration = SimDuration::from_hours(1);
/// Upgrades to this minor version and later ones are looked at.
pub const FIRST_TARGET: KubernetesVersion = KubernetesVersion::minor(26);
/// Verbs that change nothing, and do not count.
pub const READ_VERBS: [&str; 3] = ["get", "list", "watch"];
/// Verbs of the Kubernetes API.
pub const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// Group versions, and the minor version of 1 in which the last resource of each is gone.
const REMOVED: [(&str, u32); 13] = [
    ("autoscaling/v2beta1", 25),
    ("autoscaling/v2beta2", 26),
    ("batch/v1beta1", 25),
    ("discovery.k8s.io/v1beta1", 25),
    ("events.k8s.io/v1beta1", 25),
    ("extensions/v1beta1", 22),
    ("flowcontrol.apiserver.k8s.io/v1beta1", 26),
    ("flowcontrol.apiserver.k8s.io/v1beta2", 29),
    ("flowcontrol.apiserver.k8s.io/v1beta3", 32),
    ("networking.k8s.io/v1beta1", 22),
    ("node.k8s.io/v1beta1", 25),
    ("policy/v1beta1", 25),
    ("storage.k8s.io/v1beta1", 27),
];

/// The group versions with a known removal.
pub fn known() -> impl Iterator<Item = &'static str> {
    REMOVED.iter().map(|(api, _)| *api)
}

/// The version in which the API is gone; `None` when that is not known.
#[must_use]
pub fn removed_in(api: &str) -> Option<KubernetesVersion> {
    REMOVED.iter().find(|(known, _)| *known == api).map(|(_, minor)| KubernetesVersion::minor(*minor))
}
