//! The managed control plane: its pricing tier and its size, with what they promise and limit.

use super::{KubernetesVersion, UnknownName};

/// The pricing tier of a cluster's control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// No fee, no SLA.
    Free,
    /// With an uptime SLA.
    Standard,
    /// With long-term support too.
    Premium,
}

impl Tier {
    /// Azure's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Free => "Free",
            Self::Standard => "Standard",
            Self::Premium => "Premium",
        }
    }

    /// Nodes below which the tier is recommended; `None` for any size. Source: azure-aks-docs, free-standard-pricing-tiers.md, 2026-07-06.
    #[must_use]
    pub const fn recommended_below(self) -> Option<u32> {
        match self {
            Self::Free => Some(10),
            Self::Standard | Self::Premium => None,
        }
    }

    /// Availability of the API server that the tier promises, in per cent, with and without availability zones; `None` without a promise.
    /// Source: azure-aks-docs, free-standard-pricing-tiers.md, 2026-07-06; the figures: Azure's page uptime-sla of AKS.
    #[must_use]
    pub const fn uptime_sla(self, zones: bool) -> Option<f64> {
        match (self, zones) {
            (Self::Free, _) => None,
            (_, true) => Some(99.95),
            (_, false) => Some(99.9),
        }
    }

    /// What the API server executes at once. Source: azure-aks-docs, best-practices-performance-scale-large.md, 2026-06-05; of the Free
    /// tier: azure-docs, container-service-limits.md, 2024-01-12.
    #[must_use]
    pub const fn inflight(self) -> Inflight {
        match self {
            Self::Free => Inflight { read_only: 100, mutating: 50 },
            Self::Standard | Self::Premium => Inflight { read_only: 400, mutating: 200 },
        }
    }

    /// Most nodes of a cluster. Source: azure-aks-docs, free-standard-pricing-tiers.md, 2026-07-06.
    #[must_use]
    pub const fn max_nodes(self) -> u32 {
        match self {
            Self::Free => 1000,
            Self::Standard | Self::Premium => 5000,
        }
    }
}

impl std::str::FromStr for Tier {
    type Err = UnknownName;
    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let tiers = [Self::Free, Self::Standard, Self::Premium];
        let found = tiers.into_iter().find(|tier| tier.name().eq_ignore_ascii_case(text));
        found.ok_or_else(|| UnknownName::new(text, "Free, Standard, Premium"))
    }
}

/// Requests that the API server executes at once; more have to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inflight {
    /// `get`, `list` and `watch`.
    pub read_only: u32,
    /// All others.
    pub mutating: u32,
}

/// A fixed size of the control plane: AKS's hyperscale profile, a preview.
///
/// What a size does to durations stands in `data/stage-timings.csv`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScalingSize {
    /// The smallest.
    H2,
    /// In between.
    H4,
    /// The largest.
    H8,
}

impl ScalingSize {
    /// The oldest version that has it. Source: azure-aks-docs, hyperscale-configuration-aks.md, 2026-08-19.
    pub const SINCE: KubernetesVersion = KubernetesVersion::minor(33);
    /// Parts of etcd, and the GiB of each. Same source.
    pub const ETCD: (u32, u32) = (6, 8);
    /// All sizes by name.
    pub const ALL: [(&str, Self); 3] = [("H2", Self::H2), ("H4", Self::H4), ("H8", Self::H8)];

    /// Azure's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        Self::ALL[self as usize].0
    }

    /// Requests that the API server executes at once. Same source.
    #[must_use]
    pub const fn inflight(self) -> u32 {
        match self {
            Self::H2 => 1750,
            Self::H4 => 3500,
            Self::H8 => 7000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_listed_in_their_order() {
        for (name, size) in ScalingSize::ALL {
            assert_eq!(size.name(), name);
        }
    }
}
