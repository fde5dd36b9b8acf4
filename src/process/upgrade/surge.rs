//! How many nodes an upgrade adds, and how many it takes out of service at once.

use crate::catalog::KubernetesVersion;
use crate::scenario::plan::UpgradeSettings;

/// How wide an upgrade of a pool is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Width {
    /// Surge nodes to create.
    pub surge: u32,
    /// Old nodes drained or reimaged at once.
    pub at_once: u32,
}

/// The width for a pool of `size` nodes of which `old` have to be upgraded.
///
/// A percentage is one of the pool's size and rounds up; neither number is more than the nodes to upgrade.
/// Source: azure-aks-docs, upgrade-aks-node-pools-rolling.md, 2026-05-29.
#[must_use]
pub fn width(settings: &UpgradeSettings, spot: bool, size: u32, old: u32) -> Width {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::plan::IntOrPercent::{self, Int, Percent};

    fn check(max_surge: IntOrPercent, max_unavailable: IntOrPercent, size: u32, old: u32, expected: (u32, u32)) {
        let settings = UpgradeSettings { max_surge, max_unavailable, ..UpgradeSettings::default() };
        let Width { surge, at_once } = width(&settings, false, size, old);
        assert_eq!((surge, at_once), expected, "{max_surge:?} {max_unavailable:?} of {size}, {old} old");
    }

    /// The examples of upgrade-aks-node-pools-rolling.md, 2026-05-29, and the rounding it states.
    #[test]
    fn a_percentage_is_of_the_pool_and_rounds_up_and_nothing_exceeds_the_nodes_to_upgrade() {
        check(Percent(50), Int(0), 4, 4, (2, 2));
        check(Int(5), Int(0), 10, 10, (5, 5));
        check(Percent(33), Int(0), 10, 10, (4, 4));
        check(Percent(1), Int(0), 3, 3, (1, 1));
        check(Percent(10), Int(0), 5, 5, (1, 1));
        check(Int(5), Int(0), 3, 3, (3, 3));
        check(Percent(50), Int(0), 10, 2, (2, 2));
        check(Int(1), Int(0), 0, 0, (0, 0));
    }

    #[test]
    fn without_surge_as_many_nodes_go_at_once_as_may_be_unavailable() {
        check(Int(0), Int(5), 10, 10, (0, 5));
        check(Int(0), Percent(25), 10, 10, (0, 3));
        check(Int(0), Int(5), 3, 3, (0, 3));
    }

    #[test]
    fn a_spot_pool_gets_no_surge_nodes() {
        let settings = UpgradeSettings { max_surge: Int(2), ..UpgradeSettings::default() };
        assert_eq!(width(&settings, true, 4, 4), Width { surge: 0, at_once: 2 });
    }
}
