//! The one integration-test binary.

mod broken;
mod explain;
mod golden;
mod layers;
mod openb;
mod scenarios;
