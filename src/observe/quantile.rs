//! The one definition of a quantile that every table, file and chart uses.

/// The `p` quantile of values in rising order, by straight lines between order statistics; not a number when there are none.
///
/// With n values the quantile lies at position `p (n - 1)`, counted from zero: type 7 of Hyndman and Fan, Sample Quantiles in
/// Statistical Packages (The American Statistician 50, 1996), the default of R and NumPy.
///
/// # Panics
/// When `p` is not between 0 and 1.
#[must_use]
pub fn quantile(sorted: &[f64], p: f64) -> f64 {
    assert!((0.0..=1.0).contains(&p), "{p} is not a probability");
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let position = p * last as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (position - below as f64) * (sorted[above] - sorted[below])
}

/// The values in rising order.
#[must_use]
pub(super) fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R: quantile(c(1, 2, 4, 8, 16), c(0, .05, .5, .9, 1), type = 7).
    #[test]
    fn quantiles_are_those_of_r() {
        let values = [1.0, 2.0, 4.0, 8.0, 16.0];
        for (p, expected) in [(0.0, 1.0), (0.05, 1.2), (0.5, 4.0), (0.9, 12.8), (1.0, 16.0)] {
            assert!((quantile(&values, p) - expected).abs() < 1e-12, "{p}");
        }
    }

    #[test]
    fn one_value_is_every_quantile_and_none_has_no_quantile() {
        assert_eq!(quantile(&[3.0], 0.95), 3.0);
        assert!(quantile(&[], 0.5).is_nan());
    }
}
