//! Which OS disk a node gets.
//!
//! Sources: azure-aks-docs, concepts-storage.md, 2026-07-30, and create-node-pools.md, 2026-07-13. A size without
//! premium storage (Av2, Dv2, Dv3) can have neither an ephemeral OS disk nor a premium SSD (azure-compute-docs, av2-series.md and
//! dv3-series.md, 2024-07-29); that it gets a standard SSD of the same size is an assumption.

use super::{Ssd, VmSize};
use crate::units::Bytes;

/// The size of a node's OS disk unless the size of the VM says otherwise.
const DEFAULT_GIB: u64 = 128;

/// The largest OS disk. Source: API specification of 2025-05-01.
const LARGEST_GIB: u64 = 2048;

/// The OS disk of every node of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OsDisk {
    /// Where it is.
    pub kind: OsDiskKind,
    /// Its size.
    pub size: Bytes,
}

/// Where an OS disk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OsDiskKind {
    /// On the VM's host, free of charge.
    Ephemeral,
    /// A managed disk of this tier, such as `P10` (premium SSD) or `E10` (standard SSD), billed while the VM exists.
    Managed(&'static str),
}

/// An OS disk that the VM size cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OsDiskError {
    /// The disk wanted is larger than the local disk.
    #[error(
        "an ephemeral OS disk of {wanted} GiB does not fit: {vm} has {room} GiB of local disk; write osDiskType: Managed"
    )]
    DoesNotFit {
        /// VM size.
        vm: String,
        /// GiB wanted.
        wanted: u64,
        /// GiB of temporary disk or cache, whichever is larger.
        room: u64,
    },
    /// The size has no premium storage.
    #[error("{0} supports no ephemeral OS disk; write osDiskType: Managed")]
    Unsupported(String),
}

impl OsDisk {
    /// The disk that AKS chooses: ephemeral when the wanted size (128 GiB by default) fits the temporary disk or cache, and then
    /// of the whole temporary disk when no size was asked for; managed otherwise, by default sized by the number of vCPUs.
    ///
    /// `ephemeral` is `Some` when `osDiskType` is written; `gib` when `osDiskSizeGB` is and is not 0.
    ///
    /// # Errors
    /// [`OsDiskError`] when an ephemeral disk is demanded and does not fit.
    pub fn choose(vm: &VmSize, ephemeral: Option<bool>, gib: Option<u64>) -> Result<Self, OsDiskError> {
        match ephemeral {
            Some(true) => Self::ephemeral(vm, gib),
            Some(false) => Ok(Self::managed(vm, gib)),
            None => Ok(Self::ephemeral(vm, gib).unwrap_or_else(|_| Self::managed(vm, gib))),
        }
    }

    fn ephemeral(vm: &VmSize, gib: Option<u64>) -> Result<Self, OsDiskError> {
        if !vm.has_premium_storage() {
            return Err(OsDiskError::Unsupported(vm.name.clone()));
        }
        let wanted = gib.unwrap_or(DEFAULT_GIB);
        let room = vm.temp_disk.max(vm.cache_disk.unwrap_or(Bytes::ZERO));
        if Bytes::from_gib(wanted) > room {
            return Err(OsDiskError::DoesNotFit { vm: vm.name.clone(), wanted, room: room.get() >> 30 });
        }
        let whole = vm.temp_disk.max(Bytes::from_gib(wanted)).min(Bytes::from_gib(LARGEST_GIB));
        let size = if gib.is_none() { whole } else { Bytes::from_gib(wanted) };
        Ok(Self { kind: OsDiskKind::Ephemeral, size })
    }

    fn managed(vm: &VmSize, gib: Option<u64>) -> Self {
        let by_vcpus = match vm.vcpus {
            0..=7 => 128,
            8..=15 => 256,
            16..=63 => 512,
            _ => 1024,
        };
        let size = Bytes::from_gib(gib.unwrap_or(by_vcpus));
        let kind = if vm.has_premium_storage() { Ssd::Premium } else { Ssd::Standard };
        // What is written may be larger than any disk, which is said where it is checked.
        let tier = kind.tier(size.min(Bytes::from_gib(LARGEST_GIB))).expect("the largest OS disk has a tier");
        Self { kind: OsDiskKind::Managed(tier), size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    /// A size with so many vCPUs, GiB of temporary disk and GiB of cache.
    fn vm(vcpus: u32, temp: u64, cache: Option<u64>) -> VmSize {
        let model = Catalog::get().vm_size("Standard_D2s_v5").unwrap().clone();
        VmSize { vcpus, temp_disk: Bytes::from_gib(temp), cache_disk: cache.map(Bytes::from_gib), ..model }
    }

    #[test]
    fn documented_choices() {
        let ephemeral = |gib| OsDisk { kind: OsDiskKind::Ephemeral, size: Bytes::from_gib(gib) };
        assert_eq!(OsDisk::choose(&vm(8, 300, None), None, None), Ok(ephemeral(300)), "D8ds_v5");
        assert_eq!(OsDisk::choose(&vm(2, 75, None), None, Some(60)), Ok(ephemeral(60)), "E2bds_v5 with 60");
        assert_eq!(OsDisk::choose(&vm(4, 150, None), None, Some(100)), Ok(ephemeral(100)), "E4bds_v5 with 100");
        let managed = OsDisk::choose(&vm(2, 75, None), None, Some(100)).unwrap();
        assert_eq!(managed.kind, OsDiskKind::Managed("P10"), "E2bds_v5 with 100");
        assert!(OsDisk::choose(&vm(2, 75, None), Some(true), Some(100)).is_err(), "demanded, does not fit");
        assert!(OsDisk::choose(&vm(2, 14, Some(86)), Some(true), Some(128)).is_err(), "DS2_v2");
        assert_eq!(OsDisk::choose(&vm(4, 28, Some(172)), None, None).unwrap().kind, OsDiskKind::Ephemeral, "DS3_v2");
    }

    #[test]
    fn managed_disks_grow_with_the_vcpus() {
        for (vcpus, tier, gib) in
            [(1, "P10", 128), (7, "P10", 128), (8, "P15", 256), (16, "P20", 512), (64, "P30", 1024)]
        {
            let disk = OsDisk::choose(&vm(vcpus, 0, None), None, None).unwrap();
            assert_eq!(disk, OsDisk { kind: OsDiskKind::Managed(tier), size: Bytes::from_gib(gib) }, "{vcpus} vCPUs");
        }
    }

    #[test]
    fn sizes_of_the_catalogue_get_the_disk_of_their_kind() {
        let choose = |name| OsDisk::choose(Catalog::get().vm_size(name).unwrap(), None, None).unwrap();
        for (name, kind, gib) in [
            ("Standard_D8ds_v5", OsDiskKind::Ephemeral, 300),
            ("Standard_D96ds_v5", OsDiskKind::Ephemeral, 2048),
            ("Standard_DS2_v2", OsDiskKind::Managed("P10"), 128),
            ("Standard_DS3_v2", OsDiskKind::Ephemeral, 128),
            ("Standard_B4ms", OsDiskKind::Managed("P10"), 128),
            ("Standard_D4s_v5", OsDiskKind::Managed("P10"), 128),
            ("Standard_A4_v2", OsDiskKind::Managed("E10"), 128),
            ("Standard_D3_v2", OsDiskKind::Managed("E10"), 128),
        ] {
            assert_eq!(choose(name), OsDisk { kind, size: Bytes::from_gib(gib) }, "{name}");
        }
    }

    #[test]
    fn a_written_managed_size_is_billed_as_the_next_larger_tier() {
        for (gib, tier) in [(30, "P4"), (64, "P6"), (65, "P10"), (200, "P15"), (1025, "P40"), (2048, "P40")] {
            let disk = OsDisk::choose(&vm(4, 0, None), Some(false), Some(gib)).unwrap();
            assert_eq!(disk, OsDisk { kind: OsDiskKind::Managed(tier), size: Bytes::from_gib(gib) });
        }
    }

    #[test]
    fn every_size_of_the_catalogue_gets_a_disk_that_has_a_price() {
        let catalog = Catalog::get();
        for size in catalog.vm_sizes() {
            if let OsDiskKind::Managed(tier) = OsDisk::choose(size, None, None).unwrap().kind {
                assert!(catalog.disk_price(tier, crate::catalog::Region::PolandCentral).per_hour.micros() > 0);
            }
        }
    }

    #[test]
    fn a_refusal_says_what_does_not_fit() {
        let refusal = |vm: &VmSize| OsDisk::choose(vm, Some(true), Some(100)).unwrap_err().to_string();
        assert!(refusal(&vm(2, 75, None)).contains("100 GiB does not fit: Standard_D2s_v5 has 75 GiB"));
        let a8 = Catalog::get().vm_size("Standard_A8_v2").unwrap();
        assert!(refusal(a8).contains("Standard_A8_v2 supports no ephemeral OS disk"));
    }
}
