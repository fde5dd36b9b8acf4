//! Kubernetes manifests to the workloads and budgets of a plan.

mod budget;
mod cron;
mod fault;
mod fields;
mod inventory;
mod kind;
mod object;
mod pod;
mod quantity;
mod requests;
mod selector;
mod workload;
