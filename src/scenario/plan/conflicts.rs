//! Which of two Microsoft documents is followed where they disagree. docs/limits.md names the documents.

use crate::catalog::{KubernetesVersion, VmSize, limits};
use crate::units::Bytes;

/// The choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflicts {
    /// Fewest vCPUs of a VM in a system pool.
    pub system_pool_vcpus: u32,
    /// False when a system pool with a burstable size is refused.
    pub burstable_system_pools: bool,
    /// Minor versions that a pool may be behind the control plane, from 1.28 on.
    pub version_skew: u32,
    /// False when no pool can be rolled back.
    pub rollback: bool,
    /// True when a pool can be rolled back after a finished blue-green upgrade.
    pub rollback_after_blue_green: bool,
    /// True when a scale beyond the quota is accepted and fails.
    pub scale_beyond_quota_fails: bool,
    /// True when the kubelet's memory is reserved in megabytes and gigabytes.
    pub decimal_reservations: bool,
}

impl Default for Conflicts {
    fn default() -> Self {
        Self {
            system_pool_vcpus: limits::SYSTEM_VM.0,
            burstable_system_pools: true,
            version_skew: 3,
            rollback: true,
            rollback_after_blue_green: false,
            scale_beyond_quota_fails: false,
            decimal_reservations: false,
        }
    }
}

impl Conflicts {
    /// Minor versions that a pool may be behind a control plane of this version. Source: azure-aks-docs, upgrade-aks-control-plane.md,
    /// 2026-07-30; two before 1.28 by upgrade-node-pools.md, 2023-07-19.
    #[must_use]
    pub const fn most_skew(&self, control_plane: KubernetesVersion) -> u32 {
        if control_plane.minor >= 28 { self.version_skew } else { 2 }
    }

    /// True when AKS takes a VM with so many vCPUs and so much memory for a pool.
    #[must_use]
    pub fn takes(&self, system: bool, vcpus: u32, memory: Bytes) -> bool {
        let (least, gib) = self.least_vm(system);
        vcpus >= least && memory >= Bytes::from_gib(gib)
    }

    const fn least_vm(&self, system: bool) -> (u32, u64) {
        if system { (self.system_pool_vcpus, limits::SYSTEM_VM.1) } else { limits::USER_VM }
    }

    /// Why AKS takes no VM of this size for a pool; `None` when it does.
    #[must_use]
    pub fn refuses_vm(&self, system: bool, vm: &VmSize) -> Option<String> {
        if !self.takes(system, vm.vcpus, vm.memory) {
            let (vcpus, gib) = self.least_vm(system);
            return Some(format!("{} has less than {vcpus} vCPUs and {gib} GiB", vm.name));
        }
        let refused = system && vm.burst.is_some() && !self.burstable_system_pools;
        refused.then(|| format!("{} is burstable, which a system pool cannot be", vm.name))
    }
}
