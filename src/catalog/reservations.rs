//! What AKS reserves on a node, and what remains for pods.
//!
//! Source: azure-aks-docs, node-resource-reservations.md, 2026-06-11. The page computes in MB and GB; the one published node
//! (best-practices-app-cluster-reliability.md, 2026-08-20) shows that nodes compute in Mi and Gi, and from the size's nominal
//! memory. Not known: the part of the memory that the kernel keeps for itself, so capacity is taken as nominal.

use super::{KubernetesVersion, VmSize};
use crate::units::{Bytes, MilliCpu, Resources};

/// Share of the OS disk that pods may use as ephemeral storage, in per cent: from the published node.
const EPHEMERAL_PERCENT: u64 = 90;

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

/// The kubelet evicts pods when less memory than this is available; pods may not request it.
#[must_use]
pub const fn eviction_threshold(version: KubernetesVersion) -> Bytes {
    Bytes::from_mib(if is_old_rule(version) { 750 } else { 100 })
}

/// What a node gives to pods.
#[must_use]
pub fn allocatable(version: KubernetesVersion, size: &VmSize, max_pods: u32, os_disk: Bytes) -> Resources {
    let memory_reserved = kube_reserved_memory(version, size.memory, max_pods) + eviction_threshold(version);
    Resources {
        cpu: MilliCpu::from_cores(size.vcpus) - kube_reserved_cpu(size.vcpus),
        memory: size.memory.saturating_sub(memory_reserved),
        ephemeral: Bytes::new(os_disk.get() / 100 * EPHEMERAL_PERCENT),
        pods: max_pods,
        ..Resources::default()
    }
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

    /// best-practices-app-cluster-reliability.md, 2026-08-20: capacity 8 CPU and 32,863,116 Ki, allocatable 7,820 m and 28,362,636 Ki.
    #[test]
    fn the_published_node_is_met() {
        assert_eq!(8000 - kube_reserved_cpu(8).millis(), 7820);
        let capacity = Bytes::new(32_863_116 * 1024);
        let left = capacity - kube_reserved_memory(OLD, Bytes::from_gib(32), 110) - eviction_threshold(OLD);
        assert_eq!(left, Bytes::new(28_362_636 * 1024));
    }
}
