//! Whole simulations, with every process taking part.

mod faults;
mod ledger;
mod maintenance;
mod network;
mod operations;
mod repair;
mod upgrades;
