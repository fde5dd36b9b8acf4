//! Whole simulations, with every process taking part.

mod operations;
mod upgrades;
