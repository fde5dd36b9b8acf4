//! The one integration-test binary.

mod broken;
mod golden_k8s;
mod layers;
mod openb;
mod scenarios;
