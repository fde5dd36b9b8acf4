//! What goes wrong in the cluster's data centre, and when.

use crate::kernel::{SimDuration, SimTime};

/// A fault that the scenario injects.
#[derive(Clone, Debug)]
pub struct FaultPlan {
    /// Its name, which also names the streams that it draws from: no other fault has it.
    pub name: String,
    /// When it begins; of one that recurs, from when on it may.
    pub at: SimTime,
    /// When it ends; `None` for what lasts to the end of the scenario, or recurs.
    pub until: Option<SimTime>,
    /// How it comes again and again.
    pub rate: Option<FaultRate>,
    /// What goes wrong.
    pub kind: FaultKind,
}

/// A fault that comes at a rate and not at a time: a renewal process, whose free times are exponentially distributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultRate {
    /// Mean time from the end of one (at first: from when on it may begin) to the beginning of the next.
    pub mean: SimDuration,
    /// How long each lasts.
    pub lasts: SimDuration,
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum FaultKind {
    /// Requests for instances are turned down.
    AllocationFailure {
        /// Only those of this pool (index into the cluster's pools).
        pool: Option<usize>,
        /// Only those for this zone.
        zone: Option<u8>,
        /// Only those for this VM size.
        vm_size: Option<&'static str>,
        /// Azure's answer; by default the zonal one for an instance with a zone and the plain one for any other.
        code: Option<AllocationCode>,
        /// Which share of them, 0 to 1.
        probability: f64,
    },
    /// Azure takes spot instances back.
    SpotEviction {
        /// Only those of this pool.
        pool: Option<usize>,
        /// Which of them.
        reach: EvictionReach,
    },
    /// Every VM of a zone stops, and no new one can be had there.
    ZoneOutage {
        /// The zone.
        zone: u8,
    },
    /// VMs stop.
    NodeFailure {
        /// Only those of this pool.
        pool: Option<usize>,
        /// Which of them.
        reach: FailureReach,
        /// How it shows.
        symptom: Symptom,
        /// How node auto-repair fares with them.
        repair: RepairPlan,
    },
    /// Requests to create or to start the cluster are turned down: the region has no room for control planes.
    ControlPlaneCapacity {
        /// Which share of them, 0 to 1.
        probability: f64,
    },
    /// The registry sends all pulls together no more than this, in bytes per second.
    SlowRegistry {
        /// The rate.
        rate: u64,
    },
    /// New nodes boot slowly.
    SlowBoot {
        /// Only those of this pool.
        pool: Option<usize>,
        /// Which share of them, 0 to 1.
        probability: f64,
        /// What every stage after the request's acceptance is multiplied with.
        factor: f64,
        /// What the provisioning of the VM takes more.
        delay: SimDuration,
    },
}

/// Which spot instances are evicted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum EvictionReach {
    /// This share (0 to 1) of those that are there when the fault begins, rounded up.
    Share(f64),
    /// Each one with this probability within an hour, while the fault lasts.
    PerHour(f64),
}

/// How the failure of a node shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Symptom {
    /// Its kubelet is not heard of any more: the VM does not run.
    #[default]
    Silent,
    /// Its kubelet reports that the node is not ready, such as when its container runtime does not answer.
    NotReady,
}

impl Symptom {
    /// The words in scenarios.
    pub const ALL: [(&str, Self); 2] = [("Silent", Self::Silent), ("NotReady", Self::NotReady)];
}

/// Which nodes fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureReach {
    /// So many of those that are there when the fault begins.
    Nodes(u32),
    /// Each one once in this time on average, while the fault lasts.
    MeanTime(SimDuration),
}

/// The chances that a step of node auto-repair brings the node back, 0 to 1 each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RepairPlan {
    /// Of a reboot.
    pub by_reboot: f64,
    /// Of a reimage.
    pub by_reimage: f64,
    /// Of a redeployment to another host.
    pub by_redeploy: f64,
}

impl Default for RepairPlan {
    /// Assumed: nothing is published. Most failures are transient, and another host is a healthy one.
    fn default() -> Self {
        Self { by_reboot: 0.7, by_reimage: 0.5, by_redeploy: 1.0 }
    }
}

/// Azure's answer to a request that it has no capacity for.
///
/// Sources: support articles for AKS, zonalallocation-allocationfailed-error.md, 2024-09-05; azure-docs,
/// error-sku-not-available.md, 2023-01-03.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AllocationCode {
    /// The region has no capacity for the size.
    AllocationFailed,
    /// The zone has no capacity for the size.
    ZonalAllocationFailed,
    /// The constraints of the request (size, zone, disk, network) cannot be met together.
    OverconstrainedAllocationRequest,
    /// The size is not offered to the subscription in the region or zone, or there is no spot capacity.
    SkuNotAvailable,
}

impl AllocationCode {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::AllocationFailed,
        Self::ZonalAllocationFailed,
        Self::OverconstrainedAllocationRequest,
        Self::SkuNotAvailable,
    ];

    /// Azure's word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AllocationFailed => "AllocationFailed",
            Self::ZonalAllocationFailed => "ZonalAllocationFailed",
            Self::OverconstrainedAllocationRequest => "OverconstrainedAllocationRequest",
            Self::SkuNotAvailable => "SkuNotAvailable",
        }
    }

    /// What it means; the sentences are ours, Azure's are longer.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::AllocationFailed => "the region has no capacity for the VM size now; try later or another size",
            Self::ZonalAllocationFailed => "the zone has no capacity for the VM size now; try another zone or size",
            Self::OverconstrainedAllocationRequest => {
                "no host meets all constraints of the request (size, zone, disk, network); loosen one of them"
            }
            Self::SkuNotAvailable => {
                "the VM size is not available to the subscription here; try another size or region"
            }
        }
    }
}
