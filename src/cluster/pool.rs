//! A node pool: a virtual machine scale set whose instances are all configured alike, or brought-along nodes that are.

use super::{OperationId, Refusal};
use crate::catalog::KubernetesVersion;
use crate::kernel::SimTime;
use crate::scenario::plan::{AutoscalingRange, PoolPlan};
use std::sync::Arc;

/// The state of a node pool.
#[derive(Clone, Debug)]
pub struct Pool {
    /// Index into the plan's pools.
    pub plan: usize,
    /// False before an operation adds the pool, and after it was deleted.
    pub exists: bool,
    /// Its plan with the settings that operations have changed.
    pub changed: Option<Arc<PoolPlan>>,
    /// True while its VMs are deallocated by an operation, and its autoscaler rests.
    pub stopped: bool,
    /// The autoscaler's bounds while it manages the pool.
    pub autoscaling: Option<AutoscalingRange>,
    /// Nodes wanted, surge nodes left out. The scale set follows it.
    pub target: u32,
    /// Surge nodes wanted on top during an upgrade.
    pub surge: u32,
    /// Version of nodes that are created or reimaged from now on.
    pub version: KubernetesVersion,
    /// The number that the next instance gets.
    pub next_instance: u32,
    /// Scale-up requests so far: names the streams of a batch of instances.
    pub batches: u32,
    /// When its eTag last changed.
    pub etag: SimTime,
    /// What the pool is busy with.
    pub state: ProvisioningState,
    /// What has to be done again before it is sound; its state is `Failed` so long.
    pub broken: Option<Broken>,
    /// Instances that could not be had and are not wanted any more: a repair asks for them again.
    pub missing: u32,
    /// The upgrade it is in.
    pub upgrade: Option<PoolUpgrade>,
    /// The moment whose latest node image all its nodes have: when its last upgrade that ended well began.
    pub image_as_of: SimTime,
    /// What it can be rolled back to.
    pub history: PoolHistory,
}

/// What left a pool failed, the worse the later: each is repaired by the same again, or by a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broken {
    /// Instances could not be had.
    Scale,
    /// Nodes were not upgraded.
    Upgrade,
    /// Nodes did not get the cluster's new network.
    Network,
}

impl Pool {
    /// An operation on the pool has ended in this state, one that breaks and repairs what `by` says. What is broken and not repaired keeps it
    /// failed.
    pub fn settle(&mut self, by: Option<Broken>, ended: ProvisioningState) {
        match ended {
            ProvisioningState::Failed => self.broken = self.broken.max(by.or(Some(Broken::Scale))),
            // Of what an upgrade broke only what a scale repairs is scaled: admission sees to it.
            ProvisioningState::Succeeded if by == Some(Broken::Scale) && self.broken == Some(Broken::Upgrade) => {
                self.broken = None;
            }
            ProvisioningState::Succeeded if by >= self.broken => self.broken = None,
            _ => {}
        }
        self.state = if self.broken.is_some() { ProvisioningState::Failed } else { ended };
    }
}

/// What a pool was before, as far as a roll-back asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PoolHistory {
    /// It was never upgraded.
    #[default]
    New,
    /// It was upgraded, to the end or not.
    Upgraded {
        /// Version before.
        from: KubernetesVersion,
        /// True when only the node image was replaced.
        image_only: bool,
        /// When the upgrade ended; `None` while it is in progress.
        ended: Option<SimTime>,
    },
    /// Its last upgrade was a blue-green one that is finished: the nodes before are gone.
    Replaced,
    /// Its last upgrade was rolled back.
    RolledBack,
}

/// The upgrade of one pool, as the control plane asks for it and is answered.
#[derive(Clone, Debug)]
pub struct PoolUpgrade {
    /// The operation it is part of.
    pub operation: OperationId,
    /// What is asked of it.
    pub request: UpgradeRequest,
    /// When it began.
    pub began: SimTime,
    /// True when the operation was aborted: no further node is touched.
    pub aborted: bool,
    /// True in the final soak of a blue-green upgrade: a roll-back takes its place.
    pub reversible: bool,
    /// How it ended; `None` while it is in progress.
    pub outcome: Option<UpgradeOutcome>,
}

/// What an upgrade is to do with a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpgradeRequest {
    /// Version to upgrade to; `None` for a node-image upgrade, which every node takes part in.
    pub version: Option<KubernetesVersion>,
    /// True when pods are evicted whatever their budgets say.
    pub force: bool,
    /// What it is for.
    pub purpose: UpgradePurpose,
}

/// What the nodes of a pool are replaced for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpgradePurpose {
    /// To have another version or node image.
    Upgrade,
    /// To go back to what they were before the last upgrade.
    Rollback,
    /// To have the cluster's new network: no upgrade, so that what the pool can be rolled back to stays as it is.
    Network,
}

/// How the upgrade of a pool ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpgradeOutcome {
    /// Every node is upgraded.
    Succeeded,
    /// Not every node is; what was done stays done.
    Failed(Refusal),
    /// It was aborted, or more nodes were blocked than there were surge nodes to replace them; what was done stays done.
    Canceled(Refusal),
}

/// Azure's `provisioningState` of a node pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProvisioningState {
    /// Nothing is in progress.
    Succeeded,
    /// It is being created.
    Creating,
    /// Its settings are being changed.
    Updating,
    /// Its VMs are being deallocated.
    Stopping,
    /// Its VMs are being started.
    Starting,
    /// It is being deleted.
    Deleting,
    /// The last operation was aborted; what it had done stays done.
    Canceled,
    /// The node count is being changed.
    Scaling,
    /// The nodes are being upgraded.
    Upgrading,
    /// The last operation failed; the next one repairs.
    Failed,
}

impl ProvisioningState {
    /// Azure's word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "Succeeded",
            Self::Creating => "Creating",
            Self::Updating => "Updating",
            Self::Stopping => "Stopping",
            Self::Starting => "Starting",
            Self::Deleting => "Deleting",
            Self::Scaling => "Scaling",
            Self::Upgrading => "Upgrading",
            Self::Failed => "Failed",
            Self::Canceled => "Canceled",
        }
    }
}
