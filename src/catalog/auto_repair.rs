//! Node auto-repair: when AKS takes a node for unhealthy, and what it does then.
//!
//! Source: azure-aks-docs, node-auto-repair.md, 2026-07-01.

use crate::kernel::SimDuration;

/// A node that reports NotReady on consecutive checks within this time is unhealthy.
pub const NOT_READY_WINDOW: SimDuration = SimDuration::from_mins(10);
/// A node that reports no status for this time is unhealthy.
pub const NO_STATUS: SimDuration = SimDuration::from_mins(10);
/// A node that is unhealthy for this time is repaired.
pub const UNHEALTHY: SimDuration = SimDuration::from_mins(5);
/// Times that the sequence of actions is gone through.
pub const SEQUENCES: u32 = 3;
/// No action is begun after this time.
pub const LONGEST: SimDuration = SimDuration::from_hours(1);

/// Something that AKS does to an unhealthy node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepairAction {
    /// Its VM is rebooted.
    Reboot,
    /// Its OS disk is replaced.
    Reimage,
    /// Its VM moves to another host.
    Redeploy,
}

impl RepairAction {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reboot => "reboot",
            Self::Reimage => "reimage",
            Self::Redeploy => "redeploy",
        }
    }
}

/// The actions in their order, on Linux or on Windows.
#[must_use]
pub const fn sequence(windows: bool) -> &'static [RepairAction] {
    const ALL: &[RepairAction] = &[RepairAction::Reboot, RepairAction::Reimage, RepairAction::Redeploy];
    if windows { ALL.split_at(2).0 } else { ALL }
}
