//! What exists now: tables of pools, nodes, workloads, pods, budgets, subnets, claims and operations, and what may happen to them.
//!
//! Processes meet here. They read [`World`], change it through its methods where an invariant is at stake, schedule
//! [`Event`]s and state [`Fact`]s through [`Ctx`].

mod addresses;
mod budget;
mod claim;
mod context;
mod credits;
mod drain;
mod event;
mod eviction;
mod fact;
mod fault;
mod node;
mod node_info;
mod offer;
mod operation;
mod outbound;
mod pod;
mod pod_range;
mod pool;
mod power;
mod quota;
mod slots;
mod span;
mod subnet;
#[cfg(test)]
pub(crate) mod testing;
mod workload;
mod world;

pub use addresses::{NodeAddresses, PodAddress};
pub use budget::{Budget, BudgetStatus, disruptions_allowed, expected_and_desired, scale};
pub use claim::{Claim, Claims, PodClaims};
pub use context::{Ctx, Observer};
pub use credits::Credits;
pub use drain::{Drain, DrainOutcome};
pub use event::{Class, Event};
pub use eviction::EvictionRefused;
pub use fact::Fact;
pub use fault::{FaultState, Outage, OutageCause};
pub use node::{BootStage, Node, NodeFailure, NodePhase, NodeTimes, STAGES};
pub use node_info::{NOT_READY, NodeInfo, NodeInfos, PodGroup, Templates, UNREACHABLE};
pub use operation::{Operation, OperationState, Refusal};
pub use outbound::{InternalFrontEnd, Outbound, PortUse, Traffic};
pub use pod::{Pod, PodCpu, PodDraws, PodPhase, PodSteps, PodTimes};
pub use pod_range::PodRange;
pub use pool::{
    Broken, Pool, PoolHistory, PoolUpgrade, ProvisioningState, UpgradeOutcome, UpgradePurpose, UpgradeRequest,
};
pub use power::PowerState;
pub use quota::{QUOTA_EXCEEDED, QuotaUse};
pub use span::Spans;
pub use subnet::{AddressHolder, Subnet, SubnetIsFull, SubnetUse};
pub use workload::Workload;
pub use world::{CpuChange, CpuLedger, NodeChange, World};

use crate::kernel::define_id;

define_id! {
    /// A node pool.
    PoolId
}
define_id! {
    /// An instance of a scale set, from the request for it until it is gone.
    NodeId
}
define_id! {
    /// A controller or a bare pod's manifest.
    WorkloadId
}
define_id! {
    /// A pod.
    PodId
}
define_id! {
    /// A pod disruption budget.
    BudgetId
}
define_id! {
    /// A subnet of the VNet.
    SubnetId
}
define_id! {
    /// A PersistentVolumeClaim.
    ClaimId
}
define_id! {
    /// A fault of the scenario, in the plan's order.
    FaultId
}
define_id! {
    /// An operation asked of AKS.
    OperationId
}
