//! The normal distribution's two functions and the correlated draw built on them, through `libm` only.

/// The probability that a standard normal draw is below `z`.
#[must_use]
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
}

/// The standard normal quantile of `p` in (0, 1): Acklam's rational approximation with one Halley step, good to 1e-15.
///
/// Source: P. J. Acklam, "An algorithm for computing the inverse normal cumulative distribution function", 2003.
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] =
        [7.784_695_709_041_462e-3, 3.224_671_290_700_398e-1, 2.445_134_137_142_996, 3.754_408_661_907_416];
    const LOW: f64 = 0.024_25;

    let tail = |q: f64| polynomial(&C, q) / (polynomial(&D, q) * q + 1.0);
    let z = if p < LOW {
        tail((-2.0 * libm::log(p)).sqrt())
    } else if p <= 1.0 - LOW {
        let q = p - 0.5;
        let r = q * q;
        polynomial(&A, r) * q / (polynomial(&B, r) * r + 1.0)
    } else {
        -tail((-2.0 * libm::log(1.0 - p)).sqrt())
    };
    let error = normal_cdf(z) - p;
    let step = error * (2.0 * std::f64::consts::PI).sqrt() * libm::exp(z * z / 2.0);
    z - step / (1.0 + z * step / 2.0)
}

/// A uniform draw whose normal score has correlation `rho` with `shared`: the Gaussian copula of one scale-up batch.
///
/// `shared` is the batch's standard normal score, `own` the entity's.
#[must_use]
pub fn correlated(shared: f64, own: f64, rho: f64) -> f64 {
    normal_cdf(rho.sqrt() * shared + (1.0 - rho).sqrt() * own)
}

fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().fold(0.0, |sum, c| sum * x + c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_quantiles() {
        for (p, z) in
            [(0.5, 0.0), (0.975, 1.959_963_984_540_054), (0.95, 1.644_853_626_951_472), (0.001, -3.090_232_306_167_813)]
        {
            assert!((normal_quantile(p) - z).abs() < 1e-12, "{p}");
        }
    }

    #[test]
    fn quantile_and_distribution_function_undo_each_other() {
        for i in 1..1000 {
            let p = f64::from(i) / 1000.0;
            assert!((normal_cdf(normal_quantile(p)) - p).abs() < 1e-13, "{p}");
        }
    }
}
