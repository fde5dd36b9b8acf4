//! From replications to the rows of `summary.csv` and to verdicts.

use super::paired::differences;
use super::result::{PointResult, SummaryRow, Verdict};
use super::statistics::Statistics;
use crate::observe::{FITS_WINDOW, RunResult};
use crate::scenario::plan::{Comparison, Expectation, Point, Study};

/// Point by point: first every metric, then every metric's difference from the baseline at the same sweep values.
pub(super) fn summarise(study: &Study, results: &[PointResult]) -> Vec<SummaryRow> {
    let mut rows = Vec::new();
    for result in results {
        let point = &study.points[result.point];
        for metric in metric_names(&result.runs) {
            let values: Option<Vec<f64>> = result.runs.iter().map(|run| run.metric(metric)).collect();
            let values = values.expect("every seed of a plan has the same metrics");
            let is_outcome = metric == FITS_WINDOW;
            let statistics = if is_outcome { Statistics::of_outcomes(&values) } else { Statistics::of(&values) };
            rows.push(row(point, metric, "", statistics));
        }
        if let Some(baseline) = baseline_of(study, results, point) {
            let minus = &study.points[baseline.point].variant;
            for metric in metric_names(&result.runs) {
                if let Some(values) = differences(&result.runs, &baseline.runs, metric) {
                    rows.push(row(point, metric, minus, Statistics::of(&values)));
                }
            }
        }
    }
    rows
}

/// Every objective at every point, point by point. An objective about something that never happened does not hold: nothing shows
/// that it would.
pub(super) fn verdicts(study: &Study, results: &[PointResult]) -> Vec<Verdict> {
    let judge = |result: &PointResult, expectation: &Expectation| {
        let values: Option<Vec<f64>> = result.runs.iter().map(|run| run.metric(&expectation.metric)).collect();
        let value = values.map(|values| Statistics::of(&values).mean).filter(|mean| !mean.is_nan());
        let holds = value.is_some_and(|value| compare(value, expectation.comparison, expectation.limit));
        Verdict { point: result.point, expectation: expectation.clone(), value, holds }
    };
    results.iter().flat_map(|result| study.expect.iter().map(move |expectation| judge(result, expectation))).collect()
}

/// The runs of the baseline at the sweep values of `point`; `None` for the baseline itself and where nothing is compared.
fn baseline_of<'a>(study: &Study, results: &'a [PointResult], point: &Point) -> Option<&'a PointResult> {
    let baseline = study.baseline.as_ref().filter(|baseline| **baseline != point.variant)?;
    results.iter().find(|result| {
        let other = &study.points[result.point];
        other.variant == *baseline && other.sweep == point.sweep
    })
}

fn metric_names(runs: &[RunResult]) -> impl Iterator<Item = &str> {
    runs.first().into_iter().flat_map(|run| run.metrics.iter().map(|(name, _)| name.as_str()))
}

fn row(point: &Point, metric: &str, minus: &str, statistics: Statistics) -> SummaryRow {
    let sweep: Vec<String> = point.sweep.iter().map(|(path, value)| format!("{path}={value}")).collect();
    SummaryRow {
        variant: point.variant.clone(),
        sweep: sweep.join(";"),
        metric: metric.to_owned(),
        minus: minus.to_owned(),
        mean: statistics.mean,
        stddev: statistics.stddev,
        ci95_low: statistics.ci95.0,
        ci95_high: statistics.ci95.1,
        p5: statistics.p5,
        p50: statistics.p50,
        p95: statistics.p95,
        n: statistics.n,
    }
}

fn compare(value: f64, comparison: Comparison, limit: f64) -> bool {
    match comparison {
        Comparison::Less => value < limit,
        Comparison::LessOrEqual => value <= limit,
        Comparison::Equal => value == limit,
        Comparison::GreaterOrEqual => value >= limit,
        Comparison::Greater => value > limit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_met_or_not_at_the_limit_itself_as_the_operator_says() {
        use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
        for (comparison, below, at, above) in [
            (Less, true, false, false),
            (LessOrEqual, true, true, false),
            (Equal, false, true, false),
            (GreaterOrEqual, false, true, true),
            (Greater, false, false, true),
        ] {
            let met = [1.0, 2.0, 3.0].map(|value| compare(value, comparison, 2.0));
            assert_eq!(met, [below, at, above], "{comparison:?}");
        }
    }
}
