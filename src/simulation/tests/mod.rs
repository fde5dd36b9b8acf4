//! Whole simulations, with every process taking part.

mod faults;
mod maintenance;
mod operations;
mod upgrades;
