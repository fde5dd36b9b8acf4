//! Whole simulations, with every process taking part.

mod faults;
mod ledger;
mod maintenance;
mod operations;
mod upgrades;
