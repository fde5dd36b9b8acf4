//! Seeds times variants times sweep points, in parallel, and statistics over the replications.

mod result;

pub use result::{ExperimentResult, PointResult, SummaryRow, Verdict};
