//! Mean, spread and confidence interval of a metric over seeds.

use crate::kernel::normal_quantile;
use crate::observe::quantile;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// The probability below the upper end of a two-sided 95 % interval.
const UPPER: f64 = 0.975;

/// Statistics of a sample. None of them is a number when the sample is empty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistics {
    /// Mean.
    pub mean: f64,
    /// Sample standard deviation; zero for a single value.
    pub stddev: f64,
    /// Ends of the 95 % confidence interval of the mean, assuming that means are normally distributed (Student's t). A single value
    /// has no known spread: its interval is the value itself.
    pub ci95: (f64, f64),
    /// 5 % quantile.
    pub p5: f64,
    /// Median.
    pub p50: f64,
    /// 95 % quantile.
    pub p95: f64,
    /// Values.
    pub n: u64,
}

impl Statistics {
    /// The statistics of these values; those that are not a number are left out.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let mut values: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        let (mean, stddev) = mean_and_stddev(&values);
        let half_width = half_width(stddev, values.len());
        values.sort_by(f64::total_cmp);
        Self {
            mean,
            stddev,
            ci95: (mean - half_width, mean + half_width),
            p5: quantile(&values, 0.05),
            p50: quantile(&values, 0.5),
            p95: quantile(&values, 0.95),
            n: values.len() as u64,
        }
    }

    /// The statistics of what happened (1) or did not (0) in each run: the mean is the share of runs, and its interval is Wilson's, which
    /// stays between 0 and 1 and does not take what always happened in some runs for certain.
    ///
    /// Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", J. Am. Stat. Assoc. 22 (1927).
    #[must_use]
    pub fn of_outcomes(values: &[f64]) -> Self {
        let statistics = Self::of(values);
        if statistics.n < 2 {
            return statistics;
        }
        let (share, n) = (statistics.mean, statistics.n as f64);
        let z = normal_quantile(UPPER);
        let scale = 1.0 + z * z / n;
        let centre = (share + z * z / (2.0 * n)) / scale;
        let half = z / scale * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
        Self { ci95: ((centre - half).max(0.0), (centre + half).min(1.0)), ..statistics }
    }
}

/// The mean and the sample standard deviation. Both are taken from the first value, so that equal values give exactly that value
/// and zero, and large means lose no digits.
fn mean_and_stddev(values: &[f64]) -> (f64, f64) {
    let Some(&first) = values.first() else {
        return (f64::NAN, f64::NAN);
    };
    let n = values.len() as f64;
    let mean = first + values.iter().map(|value| value - first).sum::<f64>() / n;
    if values.len() == 1 {
        return (mean, 0.0);
    }
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (mean, (squares / (n - 1.0)).sqrt())
}

/// Half the width of the 95 % confidence interval of the mean of `n` values.
fn half_width(stddev: f64, n: usize) -> f64 {
    // A spread of zero is known without a table, and Student's t has no distribution for a single value.
    if n < 2 || stddev == 0.0 { stddev } else { students_t(n - 1) * stddev / (n as f64).sqrt() }
}

/// The 97.5 % quantile of Student's t distribution.
///
/// # Panics
/// Without a degree of freedom.
fn students_t(degrees_of_freedom: usize) -> f64 {
    let t = StudentsT::new(0.0, 1.0, degrees_of_freedom as f64).expect("a sample of two has a degree of freedom");
    t.inverse_cdf(UPPER)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2, and R's qt(0.975, df).
    #[test]
    fn quantiles_of_students_t_are_those_of_the_table() {
        for (df, expected) in [
            (1, 12.706_204_736),
            (2, 4.302_652_730),
            (4, 2.776_445_105),
            (9, 2.262_157_163),
            (29, 2.045_229_642),
            (99, 1.984_216_952),
            (999, 1.962_341_461),
        ] {
            let t = students_t(df);
            assert!((t - expected).abs() < 1e-6, "{df}: {t}");
        }
    }

    /// The inverse is a search: for some probabilities, though none we use, statrs 0.19 ends it too early.
    #[test]
    fn a_quantile_of_students_t_has_its_probability_below_it() {
        for df in 1..2000 {
            let below = StudentsT::new(0.0, 1.0, df as f64).unwrap().cdf(students_t(df));
            assert!((below - UPPER).abs() < 1e-9, "{df}: {below}");
        }
    }

    #[test]
    fn a_sample_of_five_has_the_interval_computed_by_hand() {
        // Deviations -2, -1, 0, 1, 2: variance 10 / 4, standard error sqrt(0.5).
        let statistics = Statistics::of(&[3.0, 1.0, 2.0, 5.0, 4.0]);
        assert_eq!((statistics.mean, statistics.p50, statistics.n), (3.0, 3.0, 5));
        assert!((statistics.stddev - 2.5f64.sqrt()).abs() < 1e-12);
        assert!((statistics.ci95.1 - (3.0 + 2.776_445_105 * 0.5f64.sqrt())).abs() < 1e-6);
        assert!((statistics.p5 - 1.2).abs() < 1e-12 && (statistics.p95 - 4.8).abs() < 1e-12);
    }

    #[test]
    fn equal_values_give_an_interval_of_no_width() {
        let statistics = Statistics::of(&[0.1; 7]);
        assert_eq!((statistics.mean, statistics.stddev, statistics.ci95), (0.1, 0.0, (0.1, 0.1)));
    }

    /// R's prop.test(x, n, correct = FALSE).
    #[test]
    fn a_share_of_runs_has_wilsons_interval() {
        let runs = |yes: usize, all: usize| (0..all).map(|run| f64::from(u8::from(run < yes))).collect::<Vec<_>>();
        for (yes, all, low, high) in [(10, 10, 0.722_467, 1.0), (0, 10, 0.0, 0.277_533), (5, 20, 0.111_861, 0.468_701)]
        {
            let (found_low, found_high) = Statistics::of_outcomes(&runs(yes, all)).ci95;
            assert!((found_low - low).abs() < 1e-5 && (found_high - high).abs() < 1e-5, "{found_low} {found_high}");
        }
        assert_eq!(Statistics::of_outcomes(&[1.0]).ci95, (1.0, 1.0), "one run has no interval");
    }

    #[test]
    fn a_single_value_is_its_own_interval() {
        let statistics = Statistics::of(&[42.0]);
        assert_eq!((statistics.stddev, statistics.ci95, statistics.n), (0.0, (42.0, 42.0), 1));
    }

    #[test]
    fn runs_without_a_value_are_left_out() {
        assert_eq!(Statistics::of(&[f64::NAN, 2.0, 4.0]), Statistics::of(&[2.0, 4.0]));
        let none = Statistics::of(&[f64::NAN]);
        assert!(none.n == 0 && none.mean.is_nan() && none.ci95.0.is_nan() && none.p95.is_nan());
    }
}
