//! aksim: a deterministic discrete-event simulator of Azure Kubernetes Service (AKS) cluster operations.

pub mod kernel;
pub mod units;
