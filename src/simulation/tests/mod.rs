//! Whole simulations, with every process taking part.

mod faults;
mod operations;
mod upgrades;
