//! Which OS disk a node gets.
//!
//! Sources: azure-aks-docs, concepts-storage.md, 2026-07-30, and create-node-pools.md, 2026-07-13.

use super::VmSize;
use crate::units::Bytes;

/// The size of a node's OS disk unless the size of the VM says otherwise.
const DEFAULT_GIB: u64 = 128;

/// Premium SSD sizes in GiB with the tier that is billed for them.
const TIERS: [(u64, &str); 8] =
    [(32, "P4"), (64, "P6"), (128, "P10"), (256, "P15"), (512, "P20"), (1024, "P30"), (2048, "P40"), (4096, "P50")];

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
    /// A premium SSD of this tier, billed while the VM exists.
    Managed(&'static str),
}

/// An OS disk that the VM size cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an ephemeral OS disk of {wanted} GiB does not fit: {vm} has {room} GiB of local disk; write osDiskType: Managed"
)]
pub struct OsDiskError {
    vm: String,
    wanted: u64,
    room: u64,
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
        let wanted = gib.unwrap_or(DEFAULT_GIB);
        let local = vm.temp_disk.max(vm.cache_disk.unwrap_or(Bytes::ZERO));
        let fits = Bytes::from_gib(wanted) <= local;
        match ephemeral {
            Some(true) if !fits => Err(OsDiskError { vm: vm.name.clone(), wanted, room: local.get() >> 30 }),
            Some(false) => Ok(Self::managed(vm, gib)),
            None if !fits => Ok(Self::managed(vm, gib)),
            _ => {
                let size =
                    if gib.is_none() { vm.temp_disk.max(Bytes::from_gib(wanted)) } else { Bytes::from_gib(wanted) };
                Ok(Self { kind: OsDiskKind::Ephemeral, size })
            }
        }
    }

    fn managed(vm: &VmSize, gib: Option<u64>) -> Self {
        let by_vcpus = match vm.vcpus {
            0..=7 => 128,
            8..=15 => 256,
            16..=63 => 512,
            _ => 1024,
        };
        let gib = gib.unwrap_or(by_vcpus);
        let tier = TIERS.iter().find(|(size, _)| *size >= gib).unwrap_or(&TIERS[TIERS.len() - 1]);
        Self { kind: OsDiskKind::Managed(tier.1), size: Bytes::from_gib(gib) }
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
}
