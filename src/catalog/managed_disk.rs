//! Which tier a managed disk is billed as: Azure bills the next larger of a few sizes.

use crate::units::Bytes;

/// Disk sizes in GiB with the tier that is billed for them: of premium and of standard SSDs.
/// Source: other-prices.csv, whose rows name size and tier; the sizes are those of azure-compute-docs, disks-types.md.
const TIERS: [(u64, &str, &str); 14] = [
    (4, "P1", "E1"),
    (8, "P2", "E2"),
    (16, "P3", "E3"),
    (32, "P4", "E4"),
    (64, "P6", "E6"),
    (128, "P10", "E10"),
    (256, "P15", "E15"),
    (512, "P20", "E20"),
    (1024, "P30", "E30"),
    (2048, "P40", "E40"),
    (4096, "P50", "E50"),
    (8192, "P60", "E60"),
    (16_384, "P70", "E70"),
    (32_767, "P80", "E80"),
];

/// The kinds of SSD that are billed by tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ssd {
    /// Premium SSD.
    Premium,
    /// Standard SSD, whose operations are billed on top.
    Standard,
}

impl Ssd {
    /// The kind behind a storage account type such as `Premium_LRS`, in any letter case; `None` for other disks and for those that are
    /// replicated over zones, whose prices are others.
    #[must_use]
    pub fn of_sku(sku: &str) -> Option<Self> {
        let known = [("Premium_LRS", Self::Premium), ("StandardSSD_LRS", Self::Standard)];
        known.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(sku)).map(|(_, kind)| kind)
    }

    /// The tier that a disk of this size is billed as, such as `P10` or `E10`; `None` above the largest.
    #[must_use]
    pub fn tier(self, size: Bytes) -> Option<&'static str> {
        let (_, premium, standard) = TIERS.iter().find(|(gib, ..)| size <= Bytes::from_gib(*gib))?;
        Some(match self {
            Self::Premium => premium,
            Self::Standard => standard,
        })
    }
}

/// What a premium SSD of the tier does without bursting: operations and MB a second. `None` for a tier that is not one of them.
/// Sources: azure-aks-docs, concepts-storage.md, 2026-07-30 (P10 to P30); azure-compute-docs, disks-types.md, for the others.
#[must_use]
pub fn premium_performance(tier: &str) -> Option<(u32, u32)> {
    Some(match tier {
        "P1" | "P2" | "P3" | "P4" => (120, 25),
        "P6" => (240, 50),
        "P10" => (500, 100),
        "P15" => (1100, 125),
        "P20" => (2300, 150),
        "P30" => (5000, 200),
        "P40" | "P50" => (7500, 250),
        "P60" => (16_000, 500),
        "P70" => (18_000, 750),
        "P80" => (20_000, 900),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Catalog, Region};

    #[test]
    fn a_disk_is_billed_as_the_next_larger_tier_of_its_kind() {
        for (sku, size, tier) in [
            ("Premium_LRS", Bytes::from_gib(4), Some("P1")),
            ("premium_lrs", Bytes::from_gib(5), Some("P2")),
            ("StandardSSD_LRS", Bytes::from_gib(100), Some("E10")),
            ("StandardSSD_LRS", Bytes::new(1), Some("E1")),
            ("StandardSSD_LRS", Bytes::from_gib(32_768), None),
            ("StandardSSD_ZRS", Bytes::from_gib(4), None),
            ("UltraSSD_LRS", Bytes::from_gib(4), None),
        ] {
            assert_eq!(Ssd::of_sku(sku).and_then(|kind| kind.tier(size)), tier, "{sku} of {size}");
        }
    }

    #[test]
    fn every_premium_tier_does_at_least_what_a_smaller_one_does() {
        let performance: Vec<(u32, u32)> = TIERS.iter().filter_map(|(_, tier, _)| premium_performance(tier)).collect();
        assert_eq!(performance.len(), TIERS.len());
        assert!(performance.is_sorted() && premium_performance("E10").is_none());
    }

    #[test]
    fn every_tier_has_a_price_in_every_region() {
        for (tier, region) in
            TIERS.iter().flat_map(|(_, p, e)| [*p, *e]).flat_map(|tier| Region::ALL.map(|r| (tier, r)))
        {
            assert!(Catalog::get().disk_price(tier, region).per_hour.micros() > 0, "{tier} in {region}");
        }
    }
}
