//! What is going wrong at the moment: where the fault process and those who suffer from it meet.

use super::{Ctx, Fact, FaultId, NodeId, PodId, PoolId, UNREACHABLE, World};
use crate::kernel::{Id, SimDuration, SimTime};
use crate::scenario::plan::{AllocationCode, FaultKind, FaultPlan, Taint, TaintEffect};
use std::collections::{BTreeMap, BTreeSet};

/// How long a pod stays bound to a node that was not heard of, unless it says otherwise: the toleration that an admission plug-in of the
/// API server gives it. Source: Kubernetes documentation, "Taints and Tolerations", taint-based evictions, 1.34.
pub const DEFAULT_TOLERATION: SimDuration = SimDuration::from_secs(300);

/// The faults in progress and what they have done.
#[derive(Clone, Debug, Default)]
pub struct FaultState {
    /// Faults that have begun and not ended.
    pub active: BTreeSet<FaultId>,
    /// VMs that do not run although their nodes should.
    pub outages: BTreeMap<NodeId, Outage>,
    /// Instances that Azure will turn down when it comes to their allocation.
    pub doomed: BTreeMap<NodeId, AllocationCode>,
}

/// A VM that does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Why.
    pub cause: OutageCause,
    /// When its node will be found missing.
    pub noticed: SimTime,
    /// When it was tainted so that its pods are driven away; `None` before.
    pub tainted: Option<SimTime>,
    /// When it comes back, once that is known.
    pub recovers: Option<SimTime>,
    /// True when a reimage was asked for meanwhile: it follows when the VM is back.
    pub reimage: bool,
}

/// Why a VM does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutageCause {
    /// It failed by itself: node auto-repair looks after it.
    Failure(FaultId),
    /// Its zone is dark.
    Zone,
    /// Azure took the spot instance back: there is no VM any more.
    Eviction,
}

impl World {
    /// The plan of a fault.
    #[must_use]
    pub fn fault_plan(&self, fault: FaultId) -> &FaultPlan {
        &self.plan.faults[fault.index()]
    }

    /// The faults in progress.
    pub fn active_faults(&self) -> impl Iterator<Item = &FaultPlan> {
        self.faults.active.iter().map(|fault| self.fault_plan(*fault))
    }

    /// True while the VM of the node does not run although it should.
    #[must_use]
    pub fn is_down(&self, node: NodeId) -> bool {
        self.faults.outages.contains_key(&node)
    }

    /// True for a pod that cannot end: the kubelet that would report it is down.
    #[must_use]
    pub fn is_stranded(&self, pod: PodId) -> bool {
        let pod = &self.pods[pod];
        !pod.is_terminal() && pod.node.is_some_and(|node| self.is_down(node))
    }

    /// True while the zone is dark.
    #[must_use]
    pub fn is_dark(&self, zone: u8) -> bool {
        self.active_faults().any(|fault| matches!(fault.kind, FaultKind::ZoneOutage { zone: dark } if dark == zone))
    }

    /// Azure's answer to the request for an instance of this name; `None` when it will be allocated.
    #[must_use]
    pub fn allocation_failure(&self, pool: PoolId, zone: Option<u8>, name: &str) -> Option<AllocationCode> {
        if zone.is_some_and(|zone| self.is_dark(zone)) {
            return Some(AllocationCode::ZonalAllocationFailed);
        }
        let size = self.pool_plan(pool).scale_set.as_ref().map(|scale_set| scale_set.vm.name.as_str());
        self.active_faults().find_map(|fault| {
            let FaultKind::AllocationFailure { pool: only, zone: only_zone, vm_size, code, probability } = fault.kind
            else {
                return None;
            };
            let concerned = only.is_none_or(|only| only == self.pools[pool].plan)
                && only_zone.is_none_or(|only| zone == Some(only))
                && vm_size.is_none_or(|only| size == Some(only));
            let plain =
                if zone.is_some() { AllocationCode::ZonalAllocationFailed } else { AllocationCode::AllocationFailed };
            let fails = || self.streams.stream("allocation", &format!("{}/{name}", fault.name)).chance(probability);
            (concerned && fails()).then(|| code.unwrap_or(plain))
        })
    }

    /// What faults make of the boot of an instance of this name: a factor for every stage, and what its provisioning takes more.
    #[must_use]
    pub fn slow_boot(&self, pool: PoolId, name: &str) -> (f64, SimDuration) {
        let (mut slower, mut more) = (1.0, SimDuration::ZERO);
        for fault in self.active_faults() {
            if let FaultKind::SlowBoot { pool: only, probability, factor, delay } = fault.kind
                && only.is_none_or(|only| only == self.pools[pool].plan)
                && self.streams.stream("slow boot", &format!("{}/{name}", fault.name)).chance(probability)
            {
                slower *= factor;
                more += delay;
            }
        }
        (slower, more)
    }

    /// What the registry sends in a second to all pulls together, if that is limited.
    #[must_use]
    pub fn registry_rate(&self) -> Option<u64> {
        let rates = self.active_faults().filter_map(|fault| match fault.kind {
            FaultKind::SlowRegistry { rate } => Some(rate),
            _ => None,
        });
        rates.min()
    }

    /// How long the pod stays bound to a node that was not heard of; `None` for ever. A DaemonSet's pod always stays.
    ///
    /// Of several tolerations the shortest counts. Source: Kubernetes documentation, "Taints and Tolerations", 1.34.
    #[must_use]
    pub fn toleration_of_unreachable(&self, pod: PodId) -> Option<SimDuration> {
        if self.is_daemon(pod) {
            return None;
        }
        let taint = Taint { key: UNREACHABLE.into(), value: "".into(), effect: TaintEffect::NoExecute };
        let own = self.template(pod).tolerations.iter().filter(|toleration| toleration.tolerates(&taint));
        let lasts: Vec<Option<SimDuration>> = own.map(|toleration| toleration.lasts).collect();
        match lasts.is_empty() {
            true => Some(DEFAULT_TOLERATION),
            false => lasts.into_iter().flatten().min(),
        }
    }

    /// States that a fault took the pod's place from it, unless it was about to leave anyway or belongs to the node.
    pub fn observe_loss(&self, pod: PodId, ctx: &mut Ctx<'_>) {
        if self.pods[pod].times.deleted.is_none() && !self.is_daemon(pod) {
            ctx.observe(Fact::PodLost(pod));
        }
    }
}
