//! From a scenario file to a plan: `Spec` is what is written, `Plan` is what it means.

pub mod manifest;
pub mod plan;
