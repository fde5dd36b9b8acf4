//! aksim: a deterministic discrete-event simulator of Azure Kubernetes Service (AKS) cluster operations.

pub mod catalog;
pub mod kernel;
pub mod scenario;
pub mod units;
