//! What happens: one folder a process. Processes never import one another; they meet in the cluster's tables and through events.

pub mod cpu;
pub mod network;
pub mod node;
pub mod workload;
