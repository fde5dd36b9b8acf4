//! From facts to results: counters, time series, histograms and the fingerprint of a run.

mod result;

pub use result::{AddressRow, CostRow, Detail, NodeRow, OperationRow, PodRow, RunResult, Series};
