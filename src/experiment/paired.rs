//! Differences between a variant and the baseline, seed by seed.
//!
//! Both meet the same pods, delays and demand under one seed, so most of the noise is in both and falls out of the difference.

use crate::observe::RunResult;

/// The metric of each run minus that of the baseline's run with the same seed, in seed order. A pair in which either has no value is
/// not a number. `None` when one of the two variants has no such metric.
///
/// # Panics
/// When the runs are not of the same seeds in the same order.
pub(super) fn differences(runs: &[RunResult], baseline: &[RunResult], metric: &str) -> Option<Vec<f64>> {
    assert_eq!(runs.len(), baseline.len(), "variants are run with the same seeds");
    let pairs = runs.iter().zip(baseline);
    pairs
        .map(|(run, base)| {
            assert_eq!(run.seed, base.seed, "runs are compared seed by seed");
            Some(run.metric(metric)? - base.metric(metric)?)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Statistics;

    fn runs(values: &[f64]) -> Vec<RunResult> {
        let run = |(seed, value): (usize, &f64)| RunResult {
            operation_errors: Vec::new(),
            seed: seed as u64,
            events: 0,
            fingerprint: 0,
            metrics: vec![("cost".to_owned(), *value)],
            series: crate::observe::Series::default(),
            pending_seconds: Vec::new(),
            boots: Vec::new(),
            detail: None,
        };
        values.iter().enumerate().map(run).collect()
    }

    #[test]
    fn pairs_tell_apart_what_two_separate_samples_cannot() {
        // The seeds differ by tens; the variant costs about 1 more under each of them.
        let base = [100.0, 120.0, 80.0, 140.0, 60.0];
        let variant = [101.1, 120.9, 81.0, 141.2, 60.8];
        let paired = Statistics::of(&differences(&runs(&variant), &runs(&base), "cost").unwrap());
        assert!((paired.mean - 1.0).abs() < 1e-9 && paired.ci95.0 > 0.5 && paired.ci95.1 < 1.5, "{paired:?}");
        let (a, b) = (Statistics::of(&variant), Statistics::of(&base));
        assert!(a.ci95.0 < b.mean && b.mean < a.ci95.1, "unpaired, the two are the same: {a:?} {b:?}");
    }

    #[test]
    fn a_metric_that_one_of_the_two_lacks_has_no_difference() {
        assert_eq!(differences(&runs(&[1.0]), &runs(&[2.0]), "credits_min_percent"), None);
    }

    #[test]
    #[should_panic(expected = "seed by seed")]
    fn other_seeds_are_our_mistake() {
        let mut other = runs(&[1.0]);
        other[0].seed = 7;
        let _ = differences(&runs(&[1.0]), &other, "cost");
    }
}
