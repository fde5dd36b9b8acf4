//! A node: an instance of a scale set, from the request for it until it is gone.

use super::{Credits, NodeAddresses, NodeInfo, PodId, PoolId, Spans, SubnetId};
use crate::catalog::KubernetesVersion;
use crate::kernel::{SimDuration, SimTime};
use crate::scenario::plan::AllocationCode;
use crate::units::MilliCpu;

/// The stages of a node's boot, in order.
pub const STAGES: [BootStage; 9] = [
    BootStage::RequestAccepted,
    BootStage::VmProvisioned,
    BootStage::OsBooted,
    BootStage::Bootstrapped,
    BootStage::RuntimeStarted,
    BootStage::KubeletStarted,
    BootStage::Registered,
    BootStage::NetworkReady,
    BootStage::Untainted,
];

/// A stage of a node's boot, named for what is true at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BootStage {
    /// Azure Resource Manager accepted the request.
    RequestAccepted,
    /// The VM is allocated and its kernel starts.
    VmProvisioned,
    /// The operating system is up.
    OsBooted,
    /// The custom script extension has configured the node.
    Bootstrapped,
    /// containerd (Docker before Kubernetes 1.19) runs.
    RuntimeStarted,
    /// The kubelet runs.
    KubeletStarted,
    /// The Node object exists.
    Registered,
    /// CNI and DaemonSets are ready: the Ready condition is true.
    NetworkReady,
    /// Start-up taints are gone.
    Untainted,
}

impl BootStage {
    /// Column name in `nodes.csv` and label in charts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RequestAccepted => "request_accepted",
            Self::VmProvisioned => "vm_provisioned",
            Self::OsBooted => "os_booted",
            Self::Bootstrapped => "bootstrapped",
            Self::RuntimeStarted => "runtime_started",
            Self::KubeletStarted => "kubelet_started",
            Self::Registered => "registered",
            Self::NetworkReady => "network_ready",
            Self::Untainted => "untainted",
        }
    }

    /// The stage after this one, or `None` after the last.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        STAGES.get(self as usize + 1).copied()
    }
}

/// Where an instance is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodePhase {
    /// In this stage of its boot.
    Booting(BootStage),
    /// Takes pods, unless it is cordoned.
    Ready,
    /// Its kubelet was not heard of for so long that the node lifecycle controller set its Ready condition to Unknown.
    NotReady,
    /// Its OS disk is being replaced; it comes back with the version of its pool.
    Reimaging,
    /// Its VM is being deallocated.
    Deallocating,
    /// Its VM is deallocated: it is not billed, its disk and its addresses stay, and it can be started again.
    Deallocated,
    /// The scale set is deleting it.
    Deleting,
    /// Gone.
    Deleted,
    /// Its creation failed.
    Failed(NodeFailure),
}

/// Why an instance could not be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeFailure {
    /// The subnet has not enough free addresses.
    SubnetIsFull(SubnetId),
    /// The pod CIDR has no /24 left for the node.
    PodCidrExhausted,
    /// The request takes more vCPUs than the quota has room for.
    QuotaExceeded,
    /// Azure has no VM to give.
    Allocation(AllocationCode),
}

impl NodeFailure {
    /// Azure's error code, or ours where Azure has none.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SubnetIsFull(_) => "SubnetIsFull",
            Self::PodCidrExhausted => "PodCidrExhausted",
            Self::QuotaExceeded => super::QUOTA_EXCEEDED,
            Self::Allocation(code) => code.name(),
        }
    }
}

/// When what happened to an instance.
#[derive(Clone, Debug, Default)]
pub struct NodeTimes {
    /// When it was asked for.
    pub requested: SimTime,
    /// When it was last started: as asked for, or again after its VM was deallocated.
    pub started: SimTime,
    /// When the machine was there: a VM is billed from then on.
    pub allocated: Option<SimTime>,
    /// When it became a regular node, having been a surge node or a green one before.
    pub kept: Option<SimTime>,
    /// When its last reimage ended.
    pub reimaged: Option<SimTime>,
    /// When its Node object appeared.
    pub registered: Option<SimTime>,
    /// When it first became Ready.
    pub ready: Option<SimTime>,
    /// When the VM ended.
    pub deleted: Option<SimTime>,
    /// When the VM was deallocated.
    pub deallocated: Spans,
}

/// A node.
#[derive(Clone, Debug)]
pub struct Node {
    /// What the scheduler knows of it. Its name is as Azure makes it, `aks-<pool>-<8 digits>-vmss<6 base-36 digits>`, or its
    /// own when the scenario brings it along.
    pub info: NodeInfo,
    /// Its pool.
    pub pool: PoolId,
    /// The number of the instance in its scale set.
    pub instance: u32,
    /// Availability zone, if the pool has zones.
    pub zone: Option<u8>,
    /// Where it is in its life.
    pub phase: NodePhase,
    /// True for a surge node of an upgrade.
    pub surge: bool,
    /// Version of its kubelet.
    pub version: KubernetesVersion,
    /// Pods bound to it that are not terminal, in the order of binding.
    pub pods: Vec<PodId>,
    /// Pods that may run nowhere else (DaemonSets'), bound or not, until they are gone.
    pub pinned: Vec<PodId>,
    /// True for a deallocated node whose pool was upgraded: it is reimaged when it starts.
    pub reimage_due: bool,
    /// True when an upgrade left it behind and a surge node took its place for good.
    pub replaced: bool,
    /// When the boot stage or the reimage that it is in ends; an end at any other moment is stale.
    pub stage_ends: SimTime,
    /// Drawn duration of each boot stage.
    pub boot: [SimDuration; STAGES.len()],
    /// Drawn duration of a reimage, from the node leaving the API until its kubelet runs again.
    pub reimage_delay: SimDuration,
    /// Drawn duration of the deletion.
    pub delete_delay: SimDuration,
    /// Addresses that it holds.
    pub addresses: NodeAddresses,
    /// CPU its pods use.
    pub cpu_used: MilliCpu,
    /// CPU its pods want, limits applied.
    pub cpu_wanted: MilliCpu,
    /// Credit bank of a burstable size.
    pub credits: Option<Credits>,
    /// When what happened.
    pub times: NodeTimes,
}

/// The label of a node that an upgrade could not drain, and its value.
/// Source: API specification of 2025-05-01, `undrainableNodeBehavior`.
pub(super) const UPGRADE_STATUS: &str = "kubernetes.azure.com/upgrade-status";
/// See [`UPGRADE_STATUS`].
pub(super) const QUARANTINED: &str = "Quarantined";

impl Node {
    /// True when an upgrade could not drain it and left it behind, cordoned and at its old version.
    #[must_use]
    pub fn is_quarantined(&self) -> bool {
        self.info.labels.get(UPGRADE_STATUS).is_some_and(|status| status == QUARANTINED)
    }

    /// True when the Node object exists in the API and is there to stay: a node that is being deleted or reimaged takes nothing.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        self.times.registered.is_some()
            && !matches!(
                self.phase,
                NodePhase::Reimaging
                    | NodePhase::Deallocating
                    | NodePhase::Deallocated
                    | NodePhase::Deleting
                    | NodePhase::Deleted
                    | NodePhase::Failed(_)
            )
    }

    /// True when the Ready condition is true, cordoned or not.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.phase == NodePhase::Ready
    }

    /// True for a node that has joined the cluster and has not been taken out since: Ready, or not Ready any more.
    #[must_use]
    pub fn is_in_service(&self) -> bool {
        matches!(self.phase, NodePhase::Ready | NodePhase::NotReady)
    }

    /// Until when it is a node that an upgrade added: one that became a regular node until then; `None` for one that never was.
    #[must_use]
    pub fn surge_until(&self) -> Option<SimTime> {
        self.times.kept.or(self.surge.then_some(SimTime::MAX))
    }

    /// True when the instance counts towards its pool's size: asked for and not on its way out. An evicted spot instance does not, though
    /// its Node object is there for a while.
    #[must_use]
    pub fn is_member(&self) -> bool {
        !self.is_evicted()
            && !matches!(
                self.phase,
                NodePhase::Deallocating
                    | NodePhase::Deallocated
                    | NodePhase::Deleting
                    | NodePhase::Deleted
                    | NodePhase::Failed(_)
            )
    }

    /// True for a spot instance whose VM is gone, or stopped, while its Node object is left.
    #[must_use]
    pub fn is_evicted(&self) -> bool {
        self.is_in_service() && (self.times.deleted.is_some() || self.times.deallocated.is_open())
    }

    /// True while the machine exists, deallocated or not: its disk is billed then.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.times.allocated.is_some() && self.times.deleted.is_none()
    }

    /// True while the machine is allocated: a VM is billed then.
    #[must_use]
    pub fn is_billed(&self) -> bool {
        self.exists() && !self.times.deallocated.is_open()
    }
}
