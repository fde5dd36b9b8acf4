//! From facts to results: counters, time series, detail rows and the fingerprint of a run.
//!
//! [`Recorder`] sees every event. What the world remembers by itself (times of nodes and pods, operations) is read from it once at the
//! end; only what passes without a trace is counted on the way.

mod activity;
mod addresses;
mod behind_nat;
mod burst;
mod counters;
mod detail;
mod faults;
mod fingerprint;
mod integral;
pub mod inventory;
mod metrics;
mod outbound;
mod quantile;
mod quota;
mod recorder;
mod requested;
mod result;
mod series;
#[cfg(test)]
mod tests;
mod waits;
mod window;

pub use metrics::FITS_WINDOW;
pub use quantile::quantile;
pub use recorder::Recorder;
pub use result::{
    ActivityRow, AddressRow, CostRow, Detail, NodeRow, OperationError, OperationRow, PodRow, RunResult, Series,
};
pub use series::{POD_CIDR_BLOCKS, PORTS_BUSY, PORTS_FAILING, sample_interval};
