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
    /// When it stopped.
    pub began: SimTime,
    /// When its node will be found missing.
    pub noticed: SimTime,
    /// When it was tainted so that its pods are driven away; `None` before.
    pub tainted: Option<SimTime>,
    /// When it comes back, once that is known.
    pub recovers: Option<SimTime>,
    /// True when a reimage was asked for meanwhile: it follows when the VM is back.
    pub reimage: bool,
    /// True when node auto-repair has tried everything in vain: it stays as it is.
    pub given_up: bool,
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

    /// True for a node that stays down, since node auto-repair has given it up.
    #[must_use]
    pub fn is_given_up(&self, node: NodeId) -> bool {
        self.faults.outages.get(&node).is_some_and(|outage| outage.given_up)
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

    /// True when the region turns down the request for a control plane that an operation of this name makes.
    #[must_use]
    pub fn is_short_of_control_planes(&self, operation: &str) -> bool {
        self.active_faults().any(|fault| {
            let FaultKind::ControlPlaneCapacity { probability } = fault.kind else { return false };
            let name = format!("{}/{operation}", fault.name);
            self.streams.stream("control plane capacity", &name).chance(probability)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::{Bench, deployment, plan, pool, workload};
    use crate::cluster::{NodePhase, Outage, OutageCause, WorkloadId};
    use crate::scenario::plan::{Controller, PoolPlan, Toleration};

    fn fault(name: &str, kind: FaultKind) -> FaultPlan {
        FaultPlan { name: name.into(), at: SimTime::ZERO, until: None, rate: None, kind }
    }

    fn refusing(code: Option<AllocationCode>, zone: Option<u8>, probability: f64) -> FaultKind {
        FaultKind::AllocationFailure { pool: Some(0), zone, vm_size: None, code, probability }
    }

    /// The world with one fault in progress: a pool with zones 1 and 2, and one without.
    fn world(kind: FaultKind) -> World {
        let mut plan = plan(vec![PoolPlan { zones: vec![1, 2], ..pool("apps", 2) }, pool("other", 1)]);
        plan.faults = vec![fault("fault", kind)];
        let mut world = Bench::new(plan).world;
        world.faults.active.insert(FaultId::from_index(0));
        world
    }

    #[test]
    fn only_the_requests_that_a_fault_is_about_are_turned_down() {
        let (apps, other) = (PoolId::from_index(0), PoolId::from_index(1));
        let plain = world(refusing(None, None, 1.0));
        assert_eq!(plain.allocation_failure(apps, None, "a"), Some(AllocationCode::AllocationFailed));
        assert_eq!(plain.allocation_failure(apps, Some(1), "a"), Some(AllocationCode::ZonalAllocationFailed));
        assert_eq!(plain.allocation_failure(other, None, "a"), None);
        let zonal = world(refusing(Some(AllocationCode::SkuNotAvailable), Some(2), 1.0));
        assert_eq!(zonal.allocation_failure(apps, Some(1), "a"), None);
        assert_eq!(zonal.allocation_failure(apps, Some(2), "a"), Some(AllocationCode::SkuNotAvailable));
        let dark = world(FaultKind::ZoneOutage { zone: 2 });
        assert_eq!(dark.allocation_failure(other, Some(2), "a"), Some(AllocationCode::ZonalAllocationFailed));
        assert_eq!(dark.allocation_failure(other, Some(1), "a"), None);
    }

    #[test]
    fn a_share_of_the_requests_is_drawn_by_the_names_of_the_instances() {
        let world = world(refusing(None, None, 0.3));
        let fails = |instance: u32| {
            world.allocation_failure(PoolId::from_index(0), None, &format!("vmss{instance:06}")).is_some()
        };
        let failed = (0..1000).filter(|instance| fails(*instance)).count();
        assert!((250..350).contains(&failed), "{failed} of 1000");
        assert_eq!(fails(7), fails(7));
    }

    #[test]
    fn a_fault_that_is_not_in_progress_does_nothing() {
        let mut world = world(refusing(None, None, 1.0));
        world.faults.active.clear();
        assert_eq!(world.allocation_failure(PoolId::from_index(0), Some(1), "a"), None);
        assert_eq!(world.slow_boot(PoolId::from_index(0), "a"), (1.0, SimDuration::ZERO));
        assert_eq!(world.registry_rate(), None);
    }

    #[test]
    fn pods_tolerate_an_unreachable_node_for_five_minutes_unless_they_say_otherwise() {
        let tolerating = |lasts: &[Option<u64>]| {
            let mut web = deployment("web", 1);
            web.template.tolerations = lasts
                .iter()
                .map(|seconds| Toleration {
                    key: Some(UNREACHABLE.into()),
                    value: None,
                    effect: Some(TaintEffect::NoExecute),
                    lasts: seconds.map(SimDuration::from_secs),
                })
                .collect();
            web
        };
        let check = |of, expected: Option<u64>| {
            let mut plan = plan(vec![pool("apps", 1)]);
            plan.workloads = vec![of];
            let mut bench = Bench::new(plan);
            let pod = bench.ready_pod(0, NodeId::from_index(0));
            assert_eq!(bench.world.toleration_of_unreachable(pod), expected.map(SimDuration::from_secs));
        };
        check(tolerating(&[]), Some(300));
        check(tolerating(&[Some(30)]), Some(30));
        check(tolerating(&[None]), None);
        check(tolerating(&[None, Some(60), Some(30)]), Some(30));
        check(workload("agent", Controller::DaemonSet), None);
    }

    #[test]
    fn a_pod_on_a_node_that_is_down_is_stranded_until_the_node_is_back_or_gone() {
        let mut plan = plan(vec![pool("apps", 1)]);
        plan.workloads = vec![deployment("web", 1)];
        let mut bench = Bench::new(plan);
        let node = NodeId::from_index(0);
        let pod = bench.ready_pod(0, node);
        let waiting = bench.act(|world, ctx| world.create_pod(WorkloadId::from_index(0), 0, None, ctx));
        assert!(!bench.world.is_stranded(pod));
        let outage = Outage {
            cause: OutageCause::Zone,
            began: SimTime::ZERO,
            noticed: SimTime::ZERO,
            tainted: None,
            recovers: None,
            reimage: false,
            given_up: false,
        };
        bench.world.faults.outages.insert(node, outage);
        assert!(bench.world.is_stranded(pod) && !bench.world.is_stranded(waiting));
        bench.world.set_phase(node, NodePhase::NotReady);
        let taints =
            |world: &World| world.nodes[node].info.taints.iter().map(|t| (t.key.to_string(), t.effect)).collect();
        let expected: Vec<(String, TaintEffect)> =
            [TaintEffect::NoSchedule, TaintEffect::NoExecute].map(|effect| (UNREACHABLE.to_owned(), effect)).into();
        let found: Vec<(String, TaintEffect)> = taints(&bench.world);
        assert_eq!(found, expected);
        bench.world.set_phase(node, NodePhase::Ready);
        let found: Vec<(String, TaintEffect)> = taints(&bench.world);
        assert!(found.is_empty());
    }
}
