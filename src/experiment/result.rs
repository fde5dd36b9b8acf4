//! What an experiment gives: every replication of every point, and statistics over the seeds.

use crate::observe::RunResult;
use crate::scenario::plan::{Expectation, Study};
use serde::Serialize;
use std::sync::Arc;

/// The result of a whole study.
#[derive(Clone, Debug)]
pub struct ExperimentResult {
    /// What was asked for.
    pub study: Arc<Study>,
    /// One entry for each of the study's points, in its order.
    pub points: Vec<PointResult>,
    /// Statistics over seeds, rows of `summary.csv`: point by point, every metric, then every metric's difference from the baseline.
    pub summary: Vec<SummaryRow>,
    /// Verdict on each objective, for each point.
    pub verdicts: Vec<Verdict>,
}

/// All replications of one point, in seed order.
#[derive(Clone, Debug)]
pub struct PointResult {
    /// Index into the study's points.
    pub point: usize,
    /// Replications.
    pub runs: Vec<RunResult>,
}

/// Statistics of one metric at one point over the seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SummaryRow {
    /// Variant name.
    pub variant: String,
    /// `path=value` pairs joined by `;`, empty without a sweep.
    pub sweep: String,
    /// Metric name.
    pub metric: String,
    /// Empty for the metric itself; for a paired difference the variant that is subtracted.
    pub minus: String,
    /// Mean.
    pub mean: f64,
    /// Sample standard deviation; zero for a single seed.
    pub stddev: f64,
    /// Lower end of the 95 % confidence interval of the mean (Student's t).
    pub ci95_low: f64,
    /// Upper end.
    pub ci95_high: f64,
    /// 5 % quantile over the seeds.
    pub p5: f64,
    /// Median over the seeds.
    pub p50: f64,
    /// 95 % quantile over the seeds.
    pub p95: f64,
    /// Seeds in which the metric has a value; without any, the statistics are not numbers.
    pub n: u64,
}

/// Whether an objective holds at a point.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Index into the study's points.
    pub point: usize,
    /// The objective.
    pub expectation: Expectation,
    /// Mean of the metric over the seeds; `None` when the point has no such metric or no seed has a value of it.
    pub value: Option<f64>,
    /// True when it holds; never without a value.
    pub holds: bool,
}
