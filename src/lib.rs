//! aksim: a deterministic discrete-event simulator of Azure Kubernetes Service (AKS) cluster operations.
//!
//! The way through the crate is the way of a scenario: [`scenario::load`] reads a file and gives a [`scenario::plan::Study`], every
//! variant at every sweep point as a checked [`scenario::plan::Plan`]; [`experiment::run`] simulates each of them for every seed, in
//! parallel, and adds statistics; [`output::write_all`] makes tables, charts and a report of the result. One replication is
//! [`simulation::replicate`]: a pure function of plan and seed.
//!
//! ```no_run
//! use aksim::{experiment, scenario};
//! use std::path::Path;
//! use std::sync::Arc;
//!
//! let loaded = scenario::load(Path::new("scenarios/quickstart.yaml"), &[]).expect("a valid scenario");
//! let result = experiment::run(&Arc::new(loaded.study), &experiment::RunOptions::default())?;
//! for row in result.summary.iter().filter(|row| row.metric == "cost_month_usd") {
//!     println!("{}: {:.2} USD a month [{:.2}, {:.2}]", row.variant, row.mean, row.ci95_low, row.ci95_high);
//! }
//! # Ok::<(), experiment::ExperimentError>(())
//! ```
//!
//! Rooms use only rooms above them; `ARCHITECTURE.md` has the map, and a test holds it.

pub mod units;

pub mod kernel;

pub mod catalog;

pub mod scenario;

pub mod cluster;

pub mod placement;

pub mod process;

pub mod preflight;

pub mod observe;

pub mod simulation;

pub mod experiment;

pub mod output;

pub mod cli;
