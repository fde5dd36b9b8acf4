//! What AKS reserves on a node, and what remains for pods.
//!
//! Source: azure-aks-docs, node-resource-reservations.md, 2026-06-11. The page computes in MB and GB; three published nodes (see the
//! tests) show that nodes compute in Mi and Gi under both rules, and from the size's nominal memory. Not known: the part of the
//! memory that the kernel keeps for itself (about 2 % on those nodes), so capacity is taken as nominal, and likewise the disk's.

use super::{KubernetesVersion, VmSize};
use crate::units::{Bytes, MilliCpu, Resources};

/// CPU reserved for the kubelet and the system: 60 m for the first core, 40 for the second, 20 each for the next two, 10 each
/// beyond. The page gives points only; this form, derived, meets all of them.
#[must_use]
pub const fn kube_reserved_cpu(vcpus: u32) -> MilliCpu {
    let millis = match vcpus {
        0 => 0,
        1 => 60,
        2 => 100,
        3 => 120,
        n => 100 + 10 * n as u64,
    };
    MilliCpu::from_millis(millis)
}

/// Memory reserved for the kubelet and the system.
#[must_use]
pub const fn kube_reserved_memory(version: KubernetesVersion, nominal: Bytes, max_pods: u32) -> Bytes {
    Bytes::new(reserved(version, nominal.get(), max_pods as u64, 1 << 20, 1 << 30))
}

/// The same in the page's own units, which are decimal: megabytes of a memory in gigabytes.
#[must_use]
pub const fn kube_reserved_megabytes(version: KubernetesVersion, gigabytes: u64, max_pods: u32) -> u64 {
    const MEGA: u64 = 1_000_000;
    const GIGA: u64 = 1000 * MEGA;
    reserved(version, gigabytes * GIGA, max_pods as u64, MEGA, GIGA) / MEGA
}

/// The kubelet evicts pods when less memory than this is available; pods may not request it.
#[must_use]
pub const fn eviction_threshold(version: KubernetesVersion) -> Bytes {
    Bytes::from_mib(if is_old_rule(version) { 750 } else { 100 })
}

/// What a node of this size gives to pods; `decimal` reserves memory in the page's own units and not in those of the published nodes.
#[must_use]
pub fn allocatable(
    version: KubernetesVersion,
    size: &VmSize,
    max_pods: u32,
    os_disk: Bytes,
    decimal: bool,
) -> Resources {
    let capacity = Resources {
        cpu: MilliCpu::from_cores(size.vcpus),
        memory: size.memory,
        ephemeral: os_disk,
        pods: max_pods,
        ..Resources::default()
    };
    let left = allocatable_of(version, size.memory, &capacity);
    if !decimal {
        return left;
    }
    // As many gigabytes as the size has GiB.
    let memory = (u128::from(size.memory.get()) * 1_000_000_000) >> 30;
    let memory = u64::try_from(memory).expect("a decimal size is less than the binary one");
    let reserved = Bytes::new(reserved(version, memory, max_pods.into(), 1_000_000, 1_000_000_000));
    let memory = size.memory.saturating_sub(reserved + eviction_threshold(version));
    Resources { memory, ..left }
}

/// What a node that reports this capacity gives to pods. The reservation follows the size's nominal memory.
///
/// # Panics
/// When the capacity has 2^32 vCPUs or more.
#[must_use]
pub fn allocatable_of(version: KubernetesVersion, nominal: Bytes, capacity: &Resources) -> Resources {
    let vcpus = u32::try_from(capacity.cpu.millis() / 1000).expect("a node has fewer than 2^32 vCPUs");
    let memory_reserved = kube_reserved_memory(version, nominal, capacity.pods) + eviction_threshold(version);
    Resources {
        cpu: capacity.cpu.saturating_sub(kube_reserved_cpu(vcpus)),
        memory: capacity.memory.saturating_sub(memory_reserved),
        ephemeral: capacity.ephemeral.saturating_sub(disk_eviction_threshold(capacity.ephemeral)),
        pods: capacity.pods,
        extended: capacity.extended.clone(),
    }
}

/// The kubelet evicts pods when less than 10 % of the disk is free. It keeps that share in single precision, where a tenth is
/// 13421773 / 2^27, which shows in the last bytes of what nodes report.
fn disk_eviction_threshold(disk: Bytes) -> Bytes {
    let threshold = (u128::from(disk.get()) * 13_421_773) >> 27;
    Bytes::new(u64::try_from(threshold).expect("a tenth of 64 bits fits 64 bits"))
}

const fn is_old_rule(version: KubernetesVersion) -> bool {
    version.minor < 29
}

/// The rule in bytes, for a page that counts in `mega` and `giga`.
const fn reserved(version: KubernetesVersion, memory: u64, max_pods: u64, mega: u64, giga: u64) -> u64 {
    if is_old_rule(version) {
        regressive(memory, mega, giga)
    } else {
        let by_pods = (20 * max_pods + 50) * mega;
        let quarter = memory / 4;
        if by_pods < quarter { by_pods } else { quarter }
    }
}

/// 25 % of the first 4, 20 % of the next 4, 10 % of the next 8, 6 % of the next 112, 2 % above 128; in whole `mega`.
const fn regressive(memory: u64, mega: u64, giga: u64) -> u64 {
    const STEPS: [(u64, u64); 4] = [(4, 25), (4, 20), (8, 10), (112, 6)];
    let (mut left, mut hundredths, mut step) = (memory, 0, 0);
    while step < STEPS.len() {
        let (width, percent) = STEPS[step];
        let part = if left < width * giga { left } else { width * giga };
        hundredths += part * percent;
        left -= part;
        step += 1;
    }
    hundredths += left * 2;
    hundredths / 100 / mega * mega
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: KubernetesVersion = KubernetesVersion::minor(28);
    const NEW: KubernetesVersion = KubernetesVersion::minor(29);
    const MB: u64 = 1_000_000;
    const GB: u64 = 1_000_000_000;

    #[test]
    fn cpu_reservations_meet_the_published_points() {
        for (vcpus, millis) in [(1, 60), (2, 100), (4, 140), (8, 180), (16, 260), (32, 420), (64, 740)] {
            assert_eq!(kube_reserved_cpu(vcpus).millis(), millis, "{vcpus} vCPUs");
        }
    }

    /// The page's examples, in its decimal units: 8 GB with 30 pods, and 4 GB with 70 pods.
    #[test]
    fn memory_reservations_since_1_29() {
        assert_eq!(reserved(NEW, 8 * GB, 30, MB, GB), 650 * MB);
        assert_eq!(kube_reserved_megabytes(NEW, 8, 30), 650);
        assert_eq!(8 * GB - 650 * MB - 100 * MB, 7250 * MB, "90.625 % of 8 GB remain");
        assert_eq!(reserved(NEW, 4 * GB, 70, MB, GB), 1000 * MB, "a quarter, since 20 x 70 + 50 is 1,450 MB");
        assert_eq!(eviction_threshold(NEW), Bytes::from_mib(100));
    }

    /// The page's example: 7 GB give 0.75 + 1.0 + 0.6 GB not allocatable, 33.57 %.
    #[test]
    fn memory_reservations_before_1_29() {
        assert_eq!(reserved(OLD, 7 * GB, 30, MB, GB), 1600 * MB);
        assert!(((0.75 + 1.6) / 7.0 * 100.0f64 - 33.57).abs() < 0.005);
        assert_eq!(eviction_threshold(OLD), Bytes::from_mib(750));
    }

    fn check(version: KubernetesVersion, nominal_gib: u64, [cpu, memory, disk, pods]: [u64; 4], left: [u64; 3]) {
        let capacity = Resources {
            cpu: MilliCpu::from_millis(cpu),
            memory: Bytes::new(memory * 1024),
            ephemeral: Bytes::new(disk * 1024),
            pods: u32::try_from(pods).unwrap(),
            ..Resources::default()
        };
        let found = allocatable_of(version, Bytes::from_gib(nominal_gib), &capacity);
        assert_eq!([found.cpu.millis(), found.memory.get() / 1024, found.ephemeral.get()], left, "{version}");
        assert_eq!(found.pods, capacity.pods);
    }

    /// Capacity in millicores, Ki, Ki and pods; allocatable in millicores, Ki and bytes.
    #[test]
    fn published_nodes_are_met_to_the_last_byte() {
        // azure-aks-docs, best-practices-app-cluster-reliability.md, 2026-08-20.
        check(OLD, 32, [8000, 32_863_116, 129_886_128, 110], [7820, 28_362_636, 119_703_055_367]);
        // github.com/Azure/AKS/issues/3525, 2023-03-09: Kubernetes 1.24.
        let version = KubernetesVersion::minor(24);
        check(version, 4, [2000, 4_025_836, 259_966_896, 100], [1900, 2_209_260, 239_585_490_957]);
        // A public listing of a Standard_E4s_v3 with Kubernetes 1.30.7 and Overlay, 2025-02-21.
        let version = "1.30.7".parse().unwrap();
        check(version, 32, [4000, 32_865_016, 129_886_128, 250], [3860, 27_591_416, 119_703_055_367]);
    }

    #[test]
    fn a_size_of_the_catalogue_gives_pods_what_is_left() {
        let size = super::super::Catalog::get().vm_size("Standard_B4ms").unwrap();
        let left = allocatable(NEW, size, 110, Bytes::from_gib(128), false);
        assert_eq!((left.cpu.millis(), left.pods), (3860, 110));
        assert_eq!(left.memory, Bytes::from_mib(16 * 1024 - 2250 - 100));
    }

    #[test]
    fn a_tiny_size_has_nothing_left_rather_than_less_than_nothing() {
        let size = super::super::Catalog::get().vm_size("Standard_B1ls").unwrap();
        assert_eq!(allocatable(OLD, size, 110, Bytes::from_gib(128), false).memory, Bytes::ZERO);
    }
}
