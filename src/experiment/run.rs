//! Runs a study on a pool of threads.

use super::result::{ExperimentResult, PointResult};
use super::summary::{summarise, verdicts};
use crate::kernel::SimDuration;
use crate::observe::RunResult;
use crate::scenario::plan::{Plan, Study};
use crate::simulation::replicate;
use rayon::prelude::*;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How to run a study. Nothing here changes a result, but for how much of it is kept.
#[derive(Clone, Copy)]
pub struct RunOptions<'a> {
    /// Threads; 0 for one on each processor.
    pub threads: usize,
    /// Seeds of each point, from the first, whose detail rows are kept.
    pub keep_detail: usize,
    /// Called after every replication, from any thread, with the replications done and all there are.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

impl Default for RunOptions<'_> {
    /// Every processor, the detail of the first seed, and silence.
    fn default() -> Self {
        Self { threads: 0, keep_detail: 1, progress: &|_, _| {} }
    }
}

impl fmt::Debug for RunOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { threads, keep_detail, progress: _ } = self;
        f.debug_struct("RunOptions").field("threads", threads).field("keep_detail", keep_detail).finish_non_exhaustive()
    }
}

/// An experiment that could not be run.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// The operating system gave no threads.
    #[error("could not start {0} threads")]
    Threads(usize, #[source] rayon::ThreadPoolBuildError),
}

/// Runs every point of the study with every seed. The result is the same whatever the number of threads.
///
/// # Errors
/// [`ExperimentError`] when the threads cannot be started.
pub fn run(study: &Arc<Study>, options: &RunOptions<'_>) -> Result<ExperimentResult, ExperimentError> {
    run_with(study, options, replicate)
}

/// As [`run`], with any way to replicate.
fn run_with(
    study: &Arc<Study>,
    options: &RunOptions<'_>,
    replicate: impl Fn(&Arc<Plan>, u64, bool) -> RunResult + Sync,
) -> Result<ExperimentResult, ExperimentError> {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(options.threads).build();
    let threads = threads.map_err(|error| ExperimentError::Threads(options.threads, error))?;
    let seeds = usize::try_from(study.seeds.count).expect("a study's seeds can be counted");
    let total = study.points.len() * seeds;
    let done = AtomicUsize::new(0);
    let one = |task: usize| {
        let (point, nth) = (task / seeds, task % seeds);
        let plan = &study.points[point].plan;
        let result = replicate(plan, study.seeds.first + nth as u64, nth < options.keep_detail);
        (options.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, total);
        result
    };
    // One task at a time: runs of different plans take very different times.
    let mut runs: Vec<RunResult> = threads.install(|| (0..total).into_par_iter().with_max_len(1).map(one).collect());
    let points: Vec<PointResult> =
        (0..study.points.len()).map(|point| PointResult { point, runs: runs.drain(..seeds).collect() }).collect();
    Ok(ExperimentResult {
        summary: summarise(study, &points),
        verdicts: verdicts(study, &points),
        study: Arc::clone(study),
        points,
    })
}

/// The metrics that objectives name and that no point has, and the names of those that there are.
///
/// Which metrics there are depends on the plan, so its first second is simulated.
#[must_use]
pub fn unknown_metrics(study: &Study) -> (Vec<String>, Vec<String>) {
    let mut unknown: Vec<String> = study.expect.iter().map(|expectation| expectation.metric.clone()).collect();
    let mut known = Vec::new();
    for point in &study.points {
        if unknown.is_empty() {
            break;
        }
        let mut plan = (*point.plan).clone();
        plan.warmup = SimDuration::ZERO;
        plan.duration = SimDuration::from_secs(1);
        let run = replicate(&Arc::new(plan), study.seeds.first, false);
        known = run.metrics.into_iter().map(|(name, _)| name).collect();
        unknown.retain(|metric| !known.contains(metric));
    }
    (unknown, known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::{plan, pool};
    use crate::kernel::stable_hash;
    use crate::observe::{Detail, Series};
    use crate::scenario::plan::{Comparison, Expectation, Point, SeedRange};
    use std::sync::Mutex;

    /// Two variants at two sweep values each, five seeds from 10 on.
    fn study() -> Arc<Study> {
        let point = |variant: &str, count: u32| Point {
            variant: variant.to_owned(),
            sweep: vec![("cluster.agentPoolProfiles[apps].count".to_owned(), count.to_string())],
            plan: Arc::new(plan(vec![pool(variant, count)])),
        };
        let expect = |metric: &str, limit: f64| Expectation {
            text: format!("{metric} <= {limit}"),
            metric: metric.to_owned(),
            comparison: Comparison::LessOrEqual,
            limit,
        };
        Arc::new(Study {
            name: "study".to_owned(),
            description: String::new(),
            hash: String::new(),
            seeds: SeedRange { first: 10, count: 5 },
            points: vec![point("b", 1), point("b", 2), point("d", 1), point("d", 2)],
            baseline: Some("d".to_owned()),
            expect: vec![expect("cost", 150.0), expect("never", 1.0), expect("unknown", 1.0)],
        })
    }

    /// A stand-in for a simulation: some number that depends on the plan and the seed alone.
    fn fake(plan: &Arc<Plan>, seed: u64, detail: bool) -> RunResult {
        let pool = &plan.cluster.pools[0];
        let noise = (stable_hash(&seed.to_le_bytes()) % 1000) as f64 / 100.0;
        let dearer = if pool.name == "d" { 50.0 } else { 0.0 };
        let cost = 100.0 * f64::from(pool.count) + dearer + noise;
        RunResult {
            operation_errors: Vec::new(),
            seed,
            events: 1,
            fingerprint: seed,
            metrics: vec![("cost".to_owned(), cost), ("never".to_owned(), f64::NAN)],
            series: Series::default(),
            pending_seconds: Vec::new(),
            boots: Vec::new(),
            detail: detail.then(Detail::default),
        }
    }

    fn run_fake(threads: usize) -> ExperimentResult {
        run_with(&study(), &RunOptions { threads, ..RunOptions::default() }, fake).unwrap()
    }

    #[test]
    fn the_number_of_threads_changes_no_digit() {
        let one = run_fake(1);
        for threads in [2, 8] {
            let many = run_fake(threads);
            assert_eq!(format!("{:?}", one.summary), format!("{:?}", many.summary));
            assert_eq!(format!("{:?}", one.points), format!("{:?}", many.points));
            assert_eq!(one.verdicts, many.verdicts);
        }
    }

    #[test]
    fn runs_stand_in_the_order_of_points_and_seeds() {
        let result = run_fake(2);
        for (index, point) in result.points.iter().enumerate() {
            assert_eq!(point.point, index);
            let seeds: Vec<u64> = point.runs.iter().map(|run| run.seed).collect();
            assert_eq!(seeds, [10, 11, 12, 13, 14]);
            let detailed: Vec<bool> = point.runs.iter().map(|run| run.detail.is_some()).collect();
            assert_eq!(detailed, [true, false, false, false, false]);
        }
    }

    #[test]
    fn every_run_is_reported_as_done_once() {
        let seen = Mutex::new(Vec::new());
        let progress = |done, total| seen.lock().unwrap().push((done, total));
        run_with(&study(), &RunOptions { threads: 2, keep_detail: 0, progress: &progress }, fake).unwrap();
        let mut seen = seen.into_inner().unwrap();
        seen.sort_unstable();
        assert_eq!(seen, (1..=20).map(|done| (done, 20)).collect::<Vec<_>>());
    }

    #[test]
    fn a_variant_is_compared_with_the_baseline_at_the_same_sweep_value() {
        let summary = run_fake(1).summary;
        let rows: Vec<_> = summary.iter().filter(|row| row.metric == "cost" && !row.minus.is_empty()).collect();
        assert_eq!(rows.len(), 2, "the baseline is not compared with itself");
        for (row, count) in rows.iter().zip(["1", "2"]) {
            assert_eq!((row.variant.as_str(), row.minus.as_str(), row.n), ("b", "d", 5));
            assert!(row.sweep.ends_with(count));
            // The noise is the same under each seed: only the price difference is left.
            assert!((row.mean + 50.0).abs() < 1e-9 && row.ci95_high - row.ci95_low < 1e-9, "{row:?}");
        }
        let level = summary.iter().find(|row| row.metric == "cost" && row.minus.is_empty()).unwrap();
        assert!(level.ci95_high - level.ci95_low > 1.0, "{level:?}");
    }

    #[test]
    fn an_objective_holds_where_its_mean_does() {
        let verdicts = run_fake(1).verdicts;
        let of = |metric: &str| verdicts.iter().filter(|v| v.expectation.metric == metric).collect::<Vec<_>>();
        assert_eq!(of("cost").iter().map(|v| v.holds).collect::<Vec<_>>(), [true, false, false, false]);
        assert!(of("cost").iter().all(|v| v.value.is_some()));
        assert!(of("never").iter().all(|v| v.value.is_none() && !v.holds), "it never happened");
        assert!(of("unknown").iter().all(|v| v.value.is_none() && !v.holds), "there is no such metric");
    }
}
