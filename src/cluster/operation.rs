//! An operation asked of AKS: accepted or refused, in progress, ended.

use super::{Ctx, Fact, NodeFailure, OperationId, PoolId, World};
use crate::kernel::{Id, SimTime};

/// Why AKS refuses an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Azure's error code.
    pub code: &'static str,
    /// The message.
    pub message: String,
}

impl Refusal {
    /// What an aborted operation ends with. The code is not documented.
    #[must_use]
    pub fn aborted() -> Self {
        Self { code: "Canceled", message: "the operation was aborted; what it had done stays done".to_owned() }
    }
}

/// Where an operation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperationState {
    /// Its time has not come.
    Planned,
    /// Accepted and in progress.
    Running,
    /// Refused: nothing was changed.
    Refused(Refusal),
    /// Ended well.
    Succeeded,
    /// Ended with an error; what it had done stays done.
    Failed(Refusal),
    /// Aborted, or pre-empted by another operation; what it had done stays done.
    Canceled(Refusal),
}

/// An operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Index into the plan's operations.
    pub plan: usize,
    /// Where it is.
    pub state: OperationState,
    /// When it was asked for.
    pub asked: Option<SimTime>,
    /// When it ended.
    pub ended: Option<SimTime>,
}

impl World {
    /// Puts the operation into this state, at its end with the time.
    pub fn set_operation(&mut self, operation: OperationId, state: OperationState, ctx: &mut Ctx<'_>) {
        let row = &mut self.operations[operation];
        if !matches!(state, OperationState::Planned | OperationState::Running) {
            row.ended = Some(ctx.now);
        }
        row.state = state;
        ctx.observe(Fact::OperationChanged(operation));
    }

    /// The error of an operation whose instance could not be created.
    ///
    /// Source of the form for a full subnet: support articles for AKS, subnetisfull-error.md, 2024-10-10.
    #[must_use]
    pub fn provisioning_error(&self, pool: PoolId, failure: NodeFailure) -> Refusal {
        let pool_name = &self.pool_plan(pool).name;
        let message = match failure {
            NodeFailure::SubnetIsFull => {
                let subnet = self.subnet_of(pool).expect("only a scale set asks for addresses");
                let subnet = &self.plan.cluster.subnets[subnet.index()];
                format!(
                    "agent pool {pool_name}: subnet {} with address prefix {} doesn't have enough capacity for IP addresses",
                    subnet.name, subnet.prefix
                )
            }
            NodeFailure::QuotaExceeded => {
                // What the scale set was told when it asked.
                return self.quota_refusals.get(&pool).cloned().expect("a request that was refused left its refusal");
            }
            NodeFailure::Allocation(code) => format!("agent pool {pool_name}: {}", code.message()),
            NodeFailure::PodCidrExhausted => {
                format!("agent pool {pool_name}: no /24 of the pod CIDR is left for another node")
            }
        };
        Refusal { code: failure.code(), message }
    }
}
