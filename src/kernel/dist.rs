//! Distributions of durations and other positive amounts, sampled by inverse transform.
//!
//! Every draw is one uniform number put through the quantile function, for three reasons: a stream advances by one draw
//! whatever the distribution, so that policies stay comparable; a correlated uniform (the copula of a scale-up batch) can be put
//! through any of them; and only `libm` is used, so that results do not differ between machines.

use super::{SimDuration, Stream, normal_cdf, normal_quantile};

/// A distribution of a non-negative amount. Where the amount is a duration, parameters are in seconds.
#[derive(Clone, Debug, PartialEq)]
pub enum Dist {
    /// Always the same.
    Constant(f64),
    /// Equally likely anywhere between the two.
    Uniform {
        /// Smallest value.
        low: f64,
        /// Largest value.
        high: f64,
    },
    /// Rising linearly to the mode and falling linearly from it.
    Triangular {
        /// Smallest value.
        low: f64,
        /// Most likely value.
        mode: f64,
        /// Largest value.
        high: f64,
    },
    /// A normal distribution cut off below zero.
    Normal {
        /// Mean before the cut.
        mean: f64,
        /// Standard deviation before the cut.
        sd: f64,
    },
    /// A log-normal distribution through two published percentiles, on top of a fixed part.
    Lognormal {
        /// Half of the values are below `shift + median`.
        median: f64,
        /// 95 % of the values are below `shift + p95`.
        p95: f64,
        /// A fixed amount added to every value.
        shift: f64,
    },
    /// Exponential with this mean.
    Exponential {
        /// Mean.
        mean: f64,
    },
    /// Weibull.
    Weibull {
        /// Shape: below 1 a falling, above 1 a rising hazard.
        shape: f64,
        /// Scale: the 63.2 % quantile.
        scale: f64,
    },
    /// Gamma.
    Gamma {
        /// Shape.
        shape: f64,
        /// Scale; the mean is shape times scale.
        scale: f64,
    },
    /// Straight lines through given quantiles, each a pair (probability, value), probabilities rising from 0 to 1.
    Empirical(Vec<(f64, f64)>),
    /// One of several distributions, chosen by weight.
    Mixture(Vec<(f64, Dist)>),
}

/// A distribution whose parameters make no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DistError(&'static str);

impl Dist {
    /// A log-normal through its median and 95th percentile, both in seconds.
    #[must_use]
    pub const fn lognormal(median: f64, p95: f64) -> Self {
        Self::Lognormal { median, p95, shift: 0.0 }
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`DistError`] says which rule is broken.
    pub fn validate(&self) -> Result<(), DistError> {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        let amount = |x: f64| x.is_finite() && x >= 0.0;
        let (ok, rule) = match self {
            Self::Constant(value) => (amount(*value), "a constant must be a finite number of at least 0"),
            Self::Uniform { low, high } => {
                (amount(*low) && amount(*high) && low <= high, "uniform needs 0 <= low <= high")
            }
            Self::Triangular { low, mode, high } => (
                amount(*low) && low <= mode && mode <= high && high.is_finite(),
                "triangular needs 0 <= low <= mode <= high",
            ),
            Self::Normal { mean, sd } => (amount(*mean) && amount(*sd), "normal needs a mean and an sd of at least 0"),
            Self::Lognormal { median, p95, shift } => (
                positive(*median) && p95.is_finite() && p95 >= median && amount(*shift),
                "lognormal needs 0 < median <= p95",
            ),
            Self::Exponential { mean } => (amount(*mean), "exponential needs a mean of at least 0"),
            Self::Weibull { shape, scale } => {
                (positive(*shape) && positive(*scale), "weibull needs shape and scale above 0")
            }
            Self::Gamma { shape, scale } => {
                (positive(*shape) && positive(*scale), "gamma needs shape and scale above 0")
            }
            Self::Empirical(points) => (
                points.len() >= 2
                    && points[0].0 == 0.0
                    && points[points.len() - 1].0 == 1.0
                    && points.iter().all(|(_, value)| amount(*value))
                    && points.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1),
                "empirical needs rising quantiles from probability 0 to 1, with values that do not fall",
            ),
            Self::Mixture(parts) => {
                for (_, part) in parts {
                    part.validate()?;
                }
                (
                    !parts.is_empty() && parts.iter().all(|(weight, _)| positive(*weight)),
                    "a mixture needs parts with weights above 0",
                )
            }
        };
        if ok { Ok(()) } else { Err(DistError(rule)) }
    }

    /// The value at probability `u` in (0, 1). For a mixture `u` first picks the part and then the value within it.
    #[must_use]
    pub fn quantile(&self, u: f64) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Uniform { low, high } => low + u * (high - low),
            Self::Triangular { low, mode, high } => triangular(*low, *mode, *high, u),
            Self::Normal { mean, sd } => {
                if *sd == 0.0 {
                    return *mean;
                }
                let below_zero = normal_cdf(-mean / sd);
                (mean + sd * normal_quantile(below_zero + u * (1.0 - below_zero))).max(0.0)
            }
            Self::Lognormal { median, p95, shift } => {
                let sigma = libm::log(p95 / median) / normal_quantile(0.95);
                shift + median * libm::exp(sigma * normal_quantile(u))
            }
            Self::Exponential { mean } => -mean * libm::log1p(-u),
            Self::Weibull { shape, scale } => scale * libm::pow(-libm::log1p(-u), 1.0 / shape),
            Self::Gamma { shape, scale } => scale * gamma_quantile(*shape, u),
            Self::Empirical(points) => interpolate(points, u),
            Self::Mixture(parts) => {
                let total: f64 = parts.iter().map(|(weight, _)| weight).sum();
                let mut left = u * total;
                for (weight, part) in &parts[..parts.len() - 1] {
                    if left < *weight {
                        return part.quantile(inside(left / weight));
                    }
                    left -= weight;
                }
                let (weight, part) = &parts[parts.len() - 1];
                part.quantile(inside(left / weight))
            }
        }
    }

    /// One draw.
    pub fn sample(&self, stream: &mut Stream) -> f64 {
        self.quantile(stream.uniform())
    }

    /// One draw as a span of virtual time.
    pub fn draw(&self, stream: &mut Stream) -> SimDuration {
        SimDuration::from_secs_f64(self.sample(stream))
    }

    /// The span of virtual time at probability `u`.
    #[must_use]
    pub fn span_at(&self, u: f64) -> SimDuration {
        SimDuration::from_secs_f64(self.quantile(u))
    }
}

/// Keeps a rescaled probability off the ends, where rounding may have put it.
fn inside(u: f64) -> f64 {
    u.clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON)
}

fn triangular(low: f64, mode: f64, high: f64, u: f64) -> f64 {
    let width = high - low;
    if width == 0.0 {
        return low;
    }
    let turn = (mode - low) / width;
    if u < turn { low + (u * width * (mode - low)).sqrt() } else { high - ((1.0 - u) * width * (high - mode)).sqrt() }
}

fn interpolate(points: &[(f64, f64)], u: f64) -> f64 {
    let right = points.partition_point(|(p, _)| *p < u).clamp(1, points.len() - 1);
    let ((p0, v0), (p1, v1)) = (points[right - 1], points[right]);
    v0 + (v1 - v0) * (u - p0) / (p1 - p0)
}

/// The quantile of a gamma distribution of scale 1: bisection on the distribution function, bracketed by doubling.
fn gamma_quantile(shape: f64, u: f64) -> f64 {
    let (mut low, mut high) = (0.0, shape.max(1.0));
    while gamma_cdf(shape, high) < u {
        low = high;
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle == low || middle == high {
            break;
        }
        if gamma_cdf(shape, middle) < u { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// The regularised lower incomplete gamma function: its power series for small `x`, Lentz's continued fraction beyond.
fn gamma_cdf(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let front = libm::exp(a * libm::log(x) - x - libm::lgamma(a));
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        while term > sum * 1e-17 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        front * sum
    } else {
        let mut b = x + 1.0 - a;
        let mut c = 1.0 / f64::MIN_POSITIVE;
        let mut d = 1.0 / b;
        let mut fraction = d;
        for i in 1..10_000 {
            let k = f64::from(i);
            let numerator = -k * (k - a);
            b += 2.0;
            d = 1.0 / nonzero(numerator * d + b);
            c = nonzero(b + numerator / c);
            let step = d * c;
            fraction *= step;
            if (step - 1.0).abs() < 1e-16 {
                break;
            }
        }
        1.0 - front * fraction
    }
}

fn nonzero(x: f64) -> f64 {
    if x.abs() < f64::MIN_POSITIVE { f64::MIN_POSITIVE } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{ContinuousCDF, Exp, Gamma, LogNormal, Weibull};

    const PROBABILITIES: [f64; 7] = [0.001, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999];

    fn check(dist: &Dist, expected: impl Fn(f64) -> f64) {
        dist.validate().unwrap();
        for u in PROBABILITIES {
            let (got, want) = (dist.quantile(u), expected(u));
            assert!((got - want).abs() <= 1e-7 * want.abs().max(1e-9), "{dist:?} at {u}: {got}, expected {want}");
        }
    }

    #[test]
    fn quantiles_agree_with_a_statistics_library() {
        check(&Dist::Exponential { mean: 4.0 }, |u| Exp::new(0.25).unwrap().inverse_cdf(u));
        check(&Dist::Weibull { shape: 1.7, scale: 3.0 }, |u| Weibull::new(1.7, 3.0).unwrap().inverse_cdf(u));
        for shape in [0.3, 1.0, 2.5, 40.0] {
            let reference = Gamma::new(shape, 0.5).unwrap();
            let dist = Dist::Gamma { shape, scale: 2.0 };
            for u in PROBABILITIES {
                let back = reference.cdf(dist.quantile(u));
                assert!((back - u).abs() < 1e-9, "gamma({shape}) at {u}: {back}");
            }
        }
        let sigma = libm::log(45.0 / 15.0) / 1.644_853_626_951_472;
        check(&Dist::lognormal(15.0, 45.0), |u| LogNormal::new(libm::log(15.0), sigma).unwrap().inverse_cdf(u));
    }

    #[test]
    fn a_lognormal_goes_through_its_two_percentiles() {
        let dist = Dist::Lognormal { median: 58.0, p95: 285.0, shift: 200.0 };
        assert!((dist.quantile(0.5) - 258.0).abs() < 1e-9);
        assert!((dist.quantile(0.95) - 485.0).abs() < 1e-6);
    }

    #[test]
    fn an_empirical_distribution_interpolates_between_its_quantiles() {
        let dist = Dist::Empirical(vec![(0.0, 1.0), (0.5, 2.0), (1.0, 10.0)]);
        assert_eq!(dist.quantile(0.25), 1.5);
        assert_eq!(dist.quantile(0.75), 6.0);
    }

    #[test]
    fn a_mixture_picks_its_parts_by_weight() {
        let dist = Dist::Mixture(vec![(3.0, Dist::Constant(1.0)), (1.0, Dist::Uniform { low: 10.0, high: 20.0 })]);
        assert_eq!(dist.quantile(0.74), 1.0);
        assert!((dist.quantile(0.875) - 15.0).abs() < 1e-9);
    }

    #[test]
    fn a_truncated_normal_is_never_negative() {
        let dist = Dist::Normal { mean: 1.0, sd: 5.0 };
        assert!(PROBABILITIES.iter().all(|u| dist.quantile(*u) >= 0.0));
    }

    #[test]
    fn senseless_parameters_are_refused() {
        for dist in [
            Dist::Constant(f64::NAN),
            Dist::Uniform { low: 2.0, high: 1.0 },
            Dist::lognormal(10.0, 5.0),
            Dist::Empirical(vec![(0.0, 1.0)]),
            Dist::Mixture(vec![]),
            Dist::Mixture(vec![(1.0, Dist::Constant(-1.0))]),
        ] {
            assert!(dist.validate().is_err(), "{dist:?}");
        }
    }
}
