//! Seeds times variants times sweep points, in parallel, and statistics over the replications.
//!
//! Threads work only on whole replications, which know nothing of one another. Their results are put in the order of
//! (point, seed) before anything is added up, so that the number of threads changes no byte of the outcome.

mod paired;
mod result;
mod run;
mod statistics;
mod summary;

pub use result::{ExperimentResult, PointResult, SummaryRow, Verdict};
pub use run::{ExperimentError, RunOptions, run, unknown_metrics};
pub use statistics::Statistics;
