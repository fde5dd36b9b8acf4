//! Whether the cluster runs: it may not have been created yet, or be stopped.

use super::World;

/// Azure's `powerState` of a cluster, with the ways there and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerState {
    /// It was not created yet.
    Absent,
    /// It is being created, or started: there is no API server yet.
    Starting,
    /// It runs.
    Running,
    /// Its nodes are being drained and deallocated.
    Stopping,
    /// Nothing of it runs.
    Stopped,
}

impl World {
    /// True while controllers act: they rest from the moment at which the cluster is stopped until it runs again.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.power == PowerState::Running
    }
}
