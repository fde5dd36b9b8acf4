//! What Azure sells and promises: VM sizes, prices, limits, reservations, stage timings, AKS's own workloads.
//!
//! Figures from outside stand in the data files beside this one, each row with its source and date. They are embedded in the
//! binary and read once; [`Catalog::get`] gives them to everyone.

pub mod limits;
pub mod reservations;

mod autoscaler;
mod os_disk;
mod price;
mod region;
mod system_workloads;
mod timing;
mod version;
mod vm;

pub use autoscaler::{AutoscalerProfile, Expander};
pub use os_disk::{OsDisk, OsDiskError, OsDiskKind};
pub use price::{Price, PriceKind, Tier};
pub use region::{Region, UnknownName};
pub use system_workloads::{Plugins, SystemController, SystemWorkload};
pub use timing::{Basis, Stage, Timings};
pub use version::{ContainerRuntime, KubernetesVersion, OsImage, VersionError};
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
        })
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
        let similarity =
            |size: &&String| strsim::normalized_damerau_levenshtein(&size.to_lowercase(), &name.to_lowercase());
        let best = self.sizes.keys().max_by(|a, b| similarity(a).total_cmp(&similarity(b)))?;
        (similarity(&best) > 0.6).then_some(best.as_str())
    }

    /// The price of a VM size; `None` where the feeds have none.
    #[must_use]
    pub fn vm_price(&self, size: &str, region: Region, kind: PriceKind) -> Option<Price> {
        self.prices.vm(size, region, kind)
    }

    /// The price of a premium SSD such as `P10`. A region without a published figure gets West Europe's, marked as an assumption.
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
