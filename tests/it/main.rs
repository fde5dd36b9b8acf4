//! The one integration-test binary.

mod access;
mod addresses;
mod broken;
mod explain;
mod golden;
mod inventory;
mod ip;
mod layers;
mod openb;
mod preflight;
mod scenarios;
