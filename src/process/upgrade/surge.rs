//! How many nodes an upgrade adds, and how many it takes out of service at once.

use crate::catalog::KubernetesVersion;
use crate::scenario::plan::UpgradeSettings;

/// How wide an upgrade of a pool is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Width {
    /// Surge nodes to create.
    pub surge: u32,
    /// Old nodes drained or reimaged at once.
    pub at_once: u32,
}

/// The width for a pool of `size` nodes of which `old` have to be upgraded.
///
/// A percentage is one of the pool's size and rounds up; neither number is more than the nodes to upgrade.
/// Source: azure-aks-docs, upgrade-aks-node-pools-rolling.md, 2026-05-29.
pub(super) fn width(settings: &UpgradeSettings, spot: bool, size: u32, old: u32) -> Width {
    let surge = settings.max_surge.of_rounded_up(size).min(old);
    if surge == 0 {
        return Width { surge: 0, at_once: settings.max_unavailable.of_rounded_up(size).min(old) };
    }
    // A spot pool gets no surge nodes (spot-node-pool.md, 2025-04-06). How many go at once is not documented: as many as surge.
    Width { surge: if spot { 0 } else { surge }, at_once: surge }
}

/// True when an upgrade that cannot have its surge nodes is tried again with one.
/// Source: azure-aks-docs, upgrade-options.md, 2026-06-22.
pub(super) fn retries_with_one(pool: KubernetesVersion) -> bool {
    pool.minor >= 35
}
