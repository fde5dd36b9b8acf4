//! What happened: the past-tense vocabulary that observers count, record and draw.

use super::{BootStage, BudgetId, NodeFailure, NodeId, OperationId, PodId, PoolId, SubnetId};
use crate::kernel::SimDuration;

/// Something that happened. Observers see facts and the world, and cannot schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A pod object was created.
    PodCreated(PodId),
    /// The scheduler found no node for the pod; the reason is in the pod.
    PodUnschedulable(PodId),
    /// The pod was bound to its node.
    PodScheduled(PodId),
    /// All images of the pod are on its node.
    PodPulled(PodId),
    /// The pod answered its readiness probe.
    PodReady(PodId),
    /// The pod's deletion was asked for.
    PodDeleted(PodId),
    /// The pod succeeded, or is gone.
    PodEnded(PodId),
    /// The eviction API refused to evict the pod because of this budget.
    EvictionRefused(PodId, BudgetId),
    /// The eviction API accepted to evict the pod.
    PodEvicted(PodId),
    /// The pod was taken away although this budget forbade it.
    BudgetViolated(PodId, BudgetId),
    /// The pod has to make room for the second, which is more important.
    PodPreempted(PodId, PodId),
    /// An instance was asked of the scale set.
    NodeRequested(NodeId),
    /// The instance finished a stage of its boot.
    StageEnded(NodeId, BootStage, SimDuration),
    /// The node became Ready.
    NodeReady(NodeId),
    /// The instance could not be created.
    NodeFailed(NodeId, NodeFailure),
    /// The node was cordoned.
    NodeCordoned(NodeId),
    /// The node could not be drained, and its upgrade left it behind.
    NodeQuarantined(NodeId),
    /// The node's drain ended; `true` when every pod left in time.
    NodeDrained(NodeId, bool),
    /// The node's drain was given up by whoever asked for it.
    DrainCanceled(NodeId),
    /// The node was reimaged.
    NodeReimaged(NodeId),
    /// The instance is gone.
    NodeDeleted(NodeId),
    /// Azure gave notice that it takes the spot instance back.
    SpotNoticed(NodeId),
    /// The spot instance was taken back.
    SpotEvicted(NodeId),
    /// The VM failed by itself.
    NodeCrashed(NodeId),
    /// Node auto-repair brought the node back.
    NodeRepaired(NodeId),
    /// A fault took the pod's place from it before it was asked to leave.
    PodLost(PodId),
    /// The instance's VM is deallocated.
    NodeDeallocated(NodeId),
    /// The number of addresses in use in the subnet changed, on behalf of this node.
    AddressesChanged(SubnetId, NodeId),
    /// The front end of an internal load balancer, by its index, got an address of the subnet, or found none.
    FrontEndChanged(SubnetId, u32),
    /// Connections to the internet, or the ports for them, were counted anew.
    OutboundChanged,
    /// The pod found no address on its node: it waits for one.
    PodWaitsForAddress(PodId),
    /// The autoscaler asked for so many more nodes.
    ScaledUp(PoolId, u32),
    /// The autoscaler began to remove the node.
    ScaledDown(NodeId),
    /// The state of the operation changed.
    OperationChanged(OperationId),
    /// The maintenance window that the operation was asked in closed; the operation knows the nodes that were left.
    WindowClosed(OperationId),
}
