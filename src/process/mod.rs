//! What happens: one room a process. Processes never use one another; they meet in the cluster's tables and through events.

pub mod control_plane;
pub mod drain;
pub mod upgrade;
