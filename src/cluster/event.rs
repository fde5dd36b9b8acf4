//! Everything that can happen next, as small ids only, so that an event can be printed, compared, counted and hashed.

use super::{FaultId, NodeId, OperationId, PodId, PoolId, SubnetId, WorkloadId};
use crate::kernel::Id;
use crate::scenario::plan::AutoUpgrade;

/// The rank of an event among those of one instant. The order decides results, so it is stated here with its reason.
///
/// The cluster changes first (machines, addresses), then workloads react (pods come and go), then control decides on the
/// state it finds (scheduler, autoscaler, upgrades), and last the accounts are settled for the time from this instant on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Class {
    /// Machines, disks and addresses.
    Cluster = 0,
    /// Pods and their controllers.
    Workload = 1,
    /// Decisions.
    Control = 2,
    /// Accounts and samples.
    Account = 3,
}

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The scale set compares its instances with the pool's target and creates what is missing.
    ReconcilePool(PoolId),
    /// The instance asks for its addresses: the VM is about to be allocated.
    AttachNic(NodeId),
    /// The instance finished the boot stage it is in.
    StageEnded(NodeId),
    /// The Node object appeared in the API; the node is not Ready yet.
    NodeRegistered(NodeId),
    /// The node became Ready: it takes pods from now on.
    NodeReady(NodeId),
    /// The node's addresses could not be had, or its creation failed otherwise.
    NodeFailed(NodeId),
    /// The node begins to be reimaged to the version of its pool.
    ReimageNode(NodeId),
    /// The scale set begins to delete the instance.
    DeleteNode(NodeId),
    /// The instance is gone.
    NodeDeleted(NodeId),
    /// The scale set begins to deallocate the instance's VM.
    DeallocateNode(NodeId),
    /// The VM is deallocated; the instance stays.
    NodeDeallocated(NodeId),
    /// The node takes pods again.
    NodeUncordoned(NodeId),
    /// The node compares the addresses that it holds for pods with those that they want.
    PodAddressesWanted(NodeId),
    /// The node's request for addresses for pods is answered.
    PodAddressesArrived(NodeId),
    /// An address that a pod on the node gave up can be used again.
    PodAddressReleased(NodeId),
    /// Addresses of the subnet that the node released can be taken again.
    AddressesFreed(SubnetId, NodeId),
    /// The front end of an internal load balancer asks for its address.
    FrontEndWanted(u32),

    /// A fault of the scenario begins.
    FaultBegins(FaultId),
    /// A fault of the scenario ends.
    FaultEnds(FaultId),
    /// Azure gives notice that it takes the spot instance back.
    SpotNotice(NodeId, FaultId),
    /// The notice is over: the spot instance goes.
    SpotEvicted(NodeId),
    /// The VM fails by itself.
    NodeCrashed(NodeId, FaultId),
    /// The VM stopped running, for whatever reason.
    NodeDown(NodeId),
    /// The kubelet was not heard of for the grace period: the Ready condition becomes Unknown.
    NodeUnreachable(NodeId),
    /// The cluster has found out that there is no VM behind the Node object any more.
    NodeVanished(NodeId),
    /// Node auto-repair takes its next step.
    RepairStep(NodeId),
    /// The VM runs again, and so does the kubelet.
    NodeRecovered(NodeId),

    /// Some pods on a node that was not heard of have tolerated it for long enough.
    TolerationEnded(NodeId),
    /// The controller compares its pods with what is wanted.
    ReconcileWorkload(WorkloadId),
    /// A CronJob creates a Job.
    CronFires(WorkloadId),
    /// The workload's CPU demand is read anew.
    DemandStep(WorkloadId),
    /// Pods of a trace come or go.
    TraceStep(WorkloadId),
    /// The pod exists and waits to be scheduled.
    PodCreated(PodId),
    /// The pod is bound: the kubelet begins with it.
    PodBound(PodId),
    /// The sandbox is made, a pull connected or an image arrived: the kubelet goes on with the pod.
    PullStep(PodId),
    /// All containers of the pod are started.
    ContainersStarted(PodId),
    /// The readiness probe of the pod succeeded.
    PodReady(PodId),
    /// The pod of a Job finished its work.
    PodFinished(PodId),
    /// The pod's deletion was asked for: it begins to terminate.
    PodDeleted(PodId),
    /// The containers have ended and the pod object is gone.
    PodGone(PodId),

    /// The scheduler takes the next pod from its queue.
    SchedulingCycle,
    /// The scheduler looks after pods in backoff and pods left over.
    FlushQueue,
    /// The cluster autoscaler's loop.
    AutoscalerScan,
    /// The scale set answers the autoscaler: raise the pool's target by the decided number.
    AutoscalerScaleUp(PoolId),
    /// AKS looks whether an auto-upgrade channel has something to do, and may do it now.
    AutoUpgrade(AutoUpgrade),
    /// The maintenance window that the operation was asked in closes.
    WindowClosed(OperationId),
    /// The operator asks for an operation.
    AskOperation(OperationId),
    /// The part of an operation that takes drawn time ended.
    OperationStep(OperationId),
    /// Begin to drain the node (it is cordoned).
    StartDrain(NodeId),
    /// Ask for the eviction of one pod of a draining node, again if need be.
    EvictPod(PodId),
    /// The drain timeout of the node is over.
    DrainTimeout(NodeId),
    /// All pods that had to go have left the node, or the timeout is over.
    DrainEnded(NodeId),
    /// The pool's upgrade takes its next step.
    UpgradeStep(PoolId),

    /// Share CPU anew from this instant on.
    SettleCpu,
    /// Count connections to the internet anew from this instant on.
    SettleOutbound,
    /// A burstable node's credits reach zero or leave it, unless its load changed since (then the number differs).
    CreditsTurn(NodeId, u32),
    /// Write one row of the time series.
    Sample,
}

impl Event {
    /// The class of the event, which ranks it among events of the same instant.
    #[must_use]
    pub const fn class(self) -> Class {
        match self {
            Self::ReconcilePool(_)
            | Self::AttachNic(_)
            | Self::StageEnded(_)
            | Self::NodeRegistered(_)
            | Self::NodeReady(_)
            | Self::NodeFailed(_)
            | Self::ReimageNode(_)
            | Self::DeleteNode(_)
            | Self::NodeDeleted(_)
            | Self::DeallocateNode(_)
            | Self::NodeDeallocated(_)
            | Self::NodeUncordoned(_)
            | Self::PodAddressesWanted(_)
            | Self::PodAddressesArrived(_)
            | Self::PodAddressReleased(_)
            | Self::AddressesFreed(..)
            | Self::FrontEndWanted(_)
            | Self::FaultBegins(_)
            | Self::FaultEnds(_)
            | Self::SpotNotice(..)
            | Self::SpotEvicted(_)
            | Self::NodeCrashed(..)
            | Self::NodeDown(_)
            | Self::NodeUnreachable(_)
            | Self::NodeVanished(_)
            | Self::RepairStep(_)
            | Self::NodeRecovered(_) => Class::Cluster,
            Self::TolerationEnded(_)
            | Self::ReconcileWorkload(_)
            | Self::CronFires(_)
            | Self::DemandStep(_)
            | Self::TraceStep(_)
            | Self::PodCreated(_)
            | Self::PodBound(_)
            | Self::PullStep(_)
            | Self::ContainersStarted(_)
            | Self::PodReady(_)
            | Self::PodFinished(_)
            | Self::PodDeleted(_)
            | Self::PodGone(_) => Class::Workload,
            Self::SchedulingCycle
            | Self::FlushQueue
            | Self::AutoscalerScan
            | Self::AutoscalerScaleUp(_)
            | Self::AutoUpgrade(_)
            | Self::WindowClosed(_)
            | Self::AskOperation(_)
            | Self::OperationStep(_)
            | Self::StartDrain(_)
            | Self::EvictPod(_)
            | Self::DrainTimeout(_)
            | Self::DrainEnded(_)
            | Self::UpgradeStep(_) => Class::Control,
            Self::SettleCpu | Self::SettleOutbound | Self::CreditsTurn(..) | Self::Sample => Class::Account,
        }
    }

    /// The event as three numbers (kind, entity, detail), the same in every build: the fingerprint is made of them.
    #[must_use]
    pub fn code(self) -> [u32; 3] {
        fn id<I: Id>(id: I) -> u32 {
            u32::try_from(id.index()).expect("ids are 32-bit")
        }
        match self {
            Self::ReconcilePool(pool) => [1, id(pool), 0],
            Self::AttachNic(node) => [2, id(node), 0],
            Self::StageEnded(node) => [3, id(node), 0],
            Self::NodeRegistered(node) => [9, id(node), 0],
            Self::NodeReady(node) => [4, id(node), 0],
            Self::NodeFailed(node) => [5, id(node), 0],
            Self::ReimageNode(node) => [6, id(node), 0],
            Self::DeleteNode(node) => [7, id(node), 0],
            Self::NodeDeleted(node) => [8, id(node), 0],
            Self::NodeUncordoned(node) => [10, id(node), 0],
            Self::DeallocateNode(node) => [11, id(node), 0],
            Self::NodeDeallocated(node) => [12, id(node), 0],
            Self::PodAddressesWanted(node) => [13, id(node), 0],
            Self::PodAddressesArrived(node) => [14, id(node), 0],
            Self::PodAddressReleased(node) => [15, id(node), 0],
            Self::AddressesFreed(subnet, node) => [16, id(subnet), id(node)],
            Self::FrontEndWanted(front_end) => [17, front_end, 0],
            Self::ReconcileWorkload(workload) => [20, id(workload), 0],
            Self::CronFires(workload) => [21, id(workload), 0],
            Self::DemandStep(workload) => [22, id(workload), 0],
            Self::PodCreated(pod) => [23, id(pod), 0],
            Self::PodBound(pod) => [24, id(pod), 0],
            Self::PullStep(pod) => [25, id(pod), 0],
            Self::ContainersStarted(pod) => [26, id(pod), 0],
            Self::PodReady(pod) => [27, id(pod), 0],
            Self::PodFinished(pod) => [28, id(pod), 0],
            Self::PodDeleted(pod) => [29, id(pod), 0],
            Self::PodGone(pod) => [30, id(pod), 0],
            Self::TraceStep(workload) => [31, id(workload), 0],
            Self::SchedulingCycle => [40, 0, 0],
            Self::FlushQueue => [41, 0, 0],
            Self::AutoscalerScan => [42, 0, 0],
            Self::AutoscalerScaleUp(pool) => [43, id(pool), 0],
            Self::AskOperation(operation) => [44, id(operation), 0],
            Self::OperationStep(operation) => [45, id(operation), 0],
            Self::StartDrain(node) => [46, id(node), 0],
            Self::EvictPod(pod) => [47, id(pod), 0],
            Self::DrainTimeout(node) => [48, id(node), 0],
            Self::DrainEnded(node) => [49, id(node), 0],
            Self::UpgradeStep(pool) => [50, id(pool), 0],
            Self::FaultBegins(fault) => [100, id(fault), 0],
            Self::FaultEnds(fault) => [101, id(fault), 0],
            Self::SpotNotice(node, fault) => [102, id(node), id(fault)],
            Self::SpotEvicted(node) => [103, id(node), 0],
            Self::NodeCrashed(node, fault) => [104, id(node), id(fault)],
            Self::NodeDown(node) => [105, id(node), 0],
            Self::NodeUnreachable(node) => [106, id(node), 0],
            Self::NodeVanished(node) => [107, id(node), 0],
            Self::RepairStep(node) => [108, id(node), 0],
            Self::NodeRecovered(node) => [109, id(node), 0],
            Self::TolerationEnded(node) => [110, id(node), 0],
            Self::AutoUpgrade(AutoUpgrade::Cluster) => [51, 0, 0],
            Self::AutoUpgrade(AutoUpgrade::NodeOs) => [51, 1, 0],
            Self::WindowClosed(operation) => [52, id(operation), 0],
            Self::SettleCpu => [60, 0, 0],
            Self::CreditsTurn(node, turn) => [61, id(node), turn],
            Self::Sample => [62, 0, 0],
            Self::SettleOutbound => [63, 0, 0],
        }
    }
}
