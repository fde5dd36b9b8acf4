//! How many vCPUs and clusters the subscription may have in the region.

use std::collections::BTreeMap;

/// vCPU quota of the subscription in the cluster's region, all of which this cluster may use, and its quota of clusters; `None` and absent
/// families are without limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuotaPlan {
    /// Regular vCPUs of all families together.
    pub regional: Option<u32>,
    /// Regular vCPUs by family, by the catalogue's spelling of its name.
    pub families: BTreeMap<&'static str, u32>,
    /// Spot vCPUs of all families together.
    pub spot: Option<u32>,
    /// Managed clusters.
    pub managed_clusters: Option<u32>,
    /// Managed clusters that are there besides this one.
    pub other_managed_clusters: u32,
}

impl QuotaPlan {
    /// True when no vCPUs are limited.
    #[must_use]
    pub fn is_unlimited(&self) -> bool {
        self.regional.is_none() && self.families.is_empty() && self.spot.is_none()
    }
}
