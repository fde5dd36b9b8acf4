//! What Azure sells and promises: VM sizes, prices, limits, reservations, stage timings, AKS's own workloads, roles.
//!
//! Figures from outside stand in the data files beside this one, each row with its source and date. They are embedded in the
//! binary and read once; [`Catalog::get`] gives them to everyone.

pub mod api_removal;
pub mod auto_repair;
pub mod limits;
pub mod outbound;
pub mod pod_subnet;
pub mod reservations;

mod access;
mod autoscaler;
mod calendar;
mod cluster_role;
mod control_plane;
mod managed_disk;
mod os_disk;
mod price;
mod quota;
mod region;
mod spot;
mod storage;
mod system_workloads;
mod timing;
mod version;
mod vm;

pub use access::{AzureRole, action};
pub use autoscaler::{AutoscalerProfile, Expander, ProfilePreset};
pub use calendar::{Month, Release, Support};
pub use cluster_role::ClusterRole;
pub use control_plane::{Inflight, ScalingSize, Tier};
pub use managed_disk::{Ssd, premium_performance};
pub use os_disk::{OsDisk, OsDiskError, OsDiskKind};
pub use price::{Price, PriceKind};
pub use region::{Region, UnknownName};
pub use spot::{SPOT_LABEL, SpotEvictionPolicy, SpotMaxPrice, SpotMaxPriceError};
pub use storage::{BLOB_DRIVER, BuiltInClass, DISK_DRIVER, DISK_ZONE, FILE_DRIVER, ZONE_LABELS};
pub use system_workloads::{Plugins, SystemController, SystemWorkload};
pub use timing::{Basis, Confidence, Setup, Stage, Timings};
pub use version::{ContainerRuntime, KubernetesVersion, OsImage, SUPPORTED_AFTER_RELEASE_DAYS, VersionError};
pub use vm::{Arch, BurstSpec, VmFamily, VmSize};

use price::Prices;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The catalogue: everything of it that is data.
#[derive(Debug)]
pub struct Catalog {
    sizes: BTreeMap<String, VmSize>,
    prices: Prices,
    system_workloads: Vec<SystemWorkload>,
    storage_classes: Vec<BuiltInClass>,
    releases: Vec<Release>,
}

impl Catalog {
    /// The embedded catalogue.
    ///
    /// # Panics
    /// When an embedded data file is malformed: a mistake of ours that a test would have found.
    #[must_use]
    pub fn get() -> &'static Self {
        static CATALOG: OnceLock<Catalog> = OnceLock::new();
        CATALOG.get_or_init(|| Self {
            sizes: vm::load(),
            prices: Prices::load(),
            system_workloads: system_workloads::load(),
            storage_classes: storage::load(),
            releases: calendar::load(),
        })
    }

    /// AKS's calendar of Kubernetes minor versions, oldest first.
    #[must_use]
    pub fn releases(&self) -> &[Release] {
        &self.releases
    }

    /// The storage classes that AKS installs.
    #[must_use]
    pub fn storage_classes(&self) -> &[BuiltInClass] {
        &self.storage_classes
    }

    /// The VM size of this name, upper and lower case not distinguished, as Azure does not.
    #[must_use]
    pub fn vm_size(&self, name: &str) -> Option<&VmSize> {
        self.sizes.get(name).or_else(|| self.sizes.values().find(|size| size.name.eq_ignore_ascii_case(name)))
    }

    /// All VM sizes, sorted by series, then vCPUs, then memory.
    #[must_use]
    pub fn vm_sizes(&self) -> Vec<&VmSize> {
        let mut sizes: Vec<&VmSize> = self.sizes.values().collect();
        sizes.sort_by_key(|size| (&size.series, size.vcpus, size.memory, &size.name));
        sizes
    }

    /// The known VM size whose name is most like `name`; `None` when none is like it.
    #[must_use]
    pub fn closest_vm_size(&self, name: &str) -> Option<&str> {
        self.closest_vm_sizes(name, 1).first().copied()
    }

    /// Up to `count` known VM sizes with names like `name`, the most alike first. The prefix `Standard_` may be missing.
    #[must_use]
    pub fn closest_vm_sizes(&self, name: &str, count: usize) -> Vec<&str> {
        const ALIKE: f64 = 0.7;
        let written = name.to_lowercase();
        // People say "B4ms"; without the prefix every name would be equally far.
        let written = if written.starts_with("standard") { written } else { format!("standard_{written}") };
        let similarity = |size: &str| strsim::normalized_damerau_levenshtein(&size.to_lowercase(), &written);
        let mut alike: Vec<(f64, &str)> = self.sizes.keys().map(|size| (similarity(size), size.as_str())).collect();
        alike.retain(|(similarity, _)| *similarity > ALIKE);
        alike.sort_by(|(a, one), (b, other)| b.total_cmp(a).then(one.cmp(other)));
        alike.into_iter().take(count).map(|(_, size)| size).collect()
    }

    /// The price of a VM size; `None` where the feeds have none.
    #[must_use]
    pub fn vm_price(&self, size: &str, region: Region, kind: PriceKind) -> Option<Price> {
        self.prices.vm(size, region, kind)
    }

    /// The price of a premium SSD such as `P10` or a standard one such as `E10` (without its operations). A region without a published figure gets West Europe's, marked as an assumption.
    #[must_use]
    pub fn disk_price(&self, sku: &str, region: Region) -> Price {
        self.prices.disk(sku, region)
    }

    /// The price of the control plane's tier.
    #[must_use]
    pub fn tier_price(&self, tier: Tier, region: Region) -> Price {
        self.prices.tier(tier, region)
    }

    /// The price of a standard load balancer with up to five rules.
    #[must_use]
    pub fn load_balancer_price(&self) -> Price {
        self.prices.load_balancer()
    }

    /// The price of one of its rules beyond those.
    #[must_use]
    pub fn load_balancer_rule_price(&self) -> Price {
        self.prices.load_balancer_rule()
    }

    /// The price of a NAT gateway, without its addresses and the data that it processes.
    #[must_use]
    pub fn nat_gateway_price(&self, region: Region) -> Price {
        self.prices.nat_gateway(region)
    }

    /// The price of one standard static public IPv4 address.
    #[must_use]
    pub fn public_ip_price(&self, region: Region) -> Price {
        self.prices.public_ip(region)
    }

    /// The latest date of any price.
    #[must_use]
    pub fn price_date(&self) -> &str {
        self.prices.latest_date()
    }

    /// The workloads that AKS puts on a new cluster.
    #[must_use]
    pub fn system_workloads(&self) -> &[SystemWorkload] {
        &self.system_workloads
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_size_finds_the_one_meant() {
        for (written, meant) in [
            ("Standard_B4mss", "Standard_B4ms"),
            ("B4ms", "Standard_B4ms"),
            ("d4s_v5", "Standard_D4s_v5"),
            ("Standard-D4s-v5", "Standard_D4s_v5"),
        ] {
            assert_eq!(Catalog::get().closest_vm_size(written), Some(meant), "{written}");
        }
        assert!(Catalog::get().closest_vm_sizes("Standard_D4s_v55", 3).contains(&"Standard_D4s_v5"));
        assert_eq!(Catalog::get().closest_vm_size("t3.large"), None);
    }

    #[test]
    fn a_size_is_found_in_any_letter_case() {
        assert_eq!(Catalog::get().vm_size("standard_b4MS").unwrap().name, "Standard_B4ms");
        assert!(Catalog::get().vm_size("Standard_Z9").is_none());
    }

    #[test]
    fn every_size_has_a_price_somewhere() {
        let catalog = Catalog::get();
        for size in catalog.vm_sizes() {
            let price = |region| catalog.vm_price(&size.name, region, PriceKind::PayAsYouGo);
            assert!(Region::ALL.into_iter().any(|region| price(region).is_some()), "{}", size.name);
        }
    }
}
