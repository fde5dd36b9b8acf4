//! aksim: a deterministic discrete-event simulator of Azure Kubernetes Service (AKS) cluster operations.

pub mod catalog;
pub mod cli;
pub mod cluster;
pub mod experiment;
pub mod kernel;
pub mod observe;
pub mod output;
pub mod placement;
pub mod process;
pub mod scenario;
pub mod simulation;
pub mod units;
