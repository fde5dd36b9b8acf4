//! An operation asked of AKS: accepted or refused, in progress, ended.

use crate::kernel::SimTime;

/// Why AKS refuses an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Azure's error code.
    pub code: &'static str,
    /// The message.
    pub message: String,
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
