//! What happens: one folder a process. Processes never import one another; they meet in the cluster's tables and through events.

pub mod autoscaler;
pub mod billing;
pub mod control_plane;
pub mod cpu;
pub mod drain;
pub mod faults;
pub mod maintenance;
pub mod network;
pub mod node;
pub mod outbound;
pub mod scheduler;
pub mod upgrade;
pub mod workload;
