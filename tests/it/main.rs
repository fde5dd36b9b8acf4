//! The one integration-test binary.

mod golden_k8s;
mod layers;
