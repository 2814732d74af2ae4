//! The standard normal law, accurate in its tails.
//!
//! φ(x) = exp(−x²/2)/√(2π), Φ(x) = ∫_{−∞}^x φ, Φ̄ = 1 − Φ; x dimensionless, any real or infinite number.

use statrs::function::erf::erfc_inv;
use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

/// 1/√(2π).
pub const FRAC_1_SQRT_TAU: f64 = 0.398_942_280_401_432_7;

/// What is lost when 1/√2 is rounded: 1/√2 − [`FRAC_1_SQRT_2`].
const FRAC_1_SQRT_2_REST: f64 = -4.833_646_656_726_457e-17;

/// 2^27 + 1, splits a number into two halves of 26 bits (Dekker 1971).
const SPLITTER: f64 = 134_217_729.0;

/// Density φ(x).
///
/// ```
/// assert!((seamline::numerics::normal::pdf(0.0) - 0.398_942_280_401_432_7).abs() < 1e-16);
/// ```
pub fn pdf(x: f64) -> f64 {
    FRAC_1_SQRT_TAU * libm::exp(-0.5 * x * x)
}

/// Distribution function Φ(x), relative error below 1e-15 for −37 < x.
///
/// Source: Φ(x) = ½ erfc(−x/√2) (Abramowitz and Stegun 1964, 26.2.29 and 7.1.2).
///
/// ```
/// assert!((seamline::numerics::normal::cdf(1.959_963_984_540_054) - 0.975).abs() < 1e-15);
/// ```
pub fn cdf(x: f64) -> f64 {
    sf(-x)
}

/// Upper tail Φ̄(x) = 1 − Φ(x), relative error below 1e-15 for x < 37.
///
/// x/√2 is rounded to t, and erfc magnifies a relative error of its argument by 2t²: 1e-13 at x = 37. The rounding
/// residual e is recovered exactly (Dekker 1971) and fed back to first order, erfc(t + e) ≈ erfc(t) − (2/√π) exp(−t²) e.
///
/// ```
/// let tail = seamline::numerics::normal::sf(10.0);
/// assert!((tail / 7.619_853_024_160_527e-24 - 1.0).abs() < 1e-15);
/// ```
pub fn sf(x: f64) -> f64 {
    let t = x * FRAC_1_SQRT_2;
    if !(t > 1.0 && t < 27.5) {
        return 0.5 * libm::erfc(t);
    }
    let residual = product_residual(x, FRAC_1_SQRT_2, t) + x * FRAC_1_SQRT_2_REST;
    0.5 * libm::erfc(t) - FRAC_1_SQRT_PI * libm::exp(-t * t) * residual
}

/// 1/√π.
const FRAC_1_SQRT_PI: f64 = 0.564_189_583_547_756_3;

/// a·b − product, exactly, where `product` is a·b rounded (Dekker 1971).
fn product_residual(a: f64, b: f64, product: f64) -> f64 {
    let (a_high, a_low) = split(a);
    let (b_high, b_low) = split(b);
    ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
}

fn split(a: f64) -> (f64, f64) {
    let scaled = SPLITTER * a;
    let high = scaled - (scaled - a);
    (high, a - high)
}

/// Quantile Φ⁻¹(p), p in [0, 1]; −∞ at 0, ∞ at 1. Relative error below 1e-15 for p ≤ ½; nearer to 1 use
/// [`upper_quantile`].
///
/// ```
/// assert!((seamline::numerics::normal::quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-14);
/// ```
pub fn quantile(p: f64) -> f64 {
    -upper_quantile(p)
}

/// Upper quantile z_p = Φ⁻¹(1 − p), p in [0, 1]; ∞ at 0, −∞ at 1. Relative error below 1e-15 for p ≤ ½.
///
/// ```
/// assert!((seamline::numerics::normal::upper_quantile(0.025) - 1.959_963_984_540_054).abs() < 1e-14);
/// ```
pub fn upper_quantile(p: f64) -> f64 {
    SQRT_2 * erfc_inv(2.0 * p)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Φ̄ by the continued fraction Φ̄(x) = φ(x)/(x + 1/(x + 2/(x + …))) (Laplace 1805), with φ in split arithmetic.
    fn continued_fraction(x: f64) -> f64 {
        let mut fraction = x;
        for k in (1..=400).rev() {
            fraction = x + f64::from(k) / fraction;
        }
        let square = x * x;
        let residual = product_residual(x, x, square);
        FRAC_1_SQRT_TAU * (-0.5 * square).exp() * (1.0 - 0.5 * residual) / fraction
    }

    #[test]
    fn tail_agrees_with_the_continued_fraction() {
        for step in 0..340 {
            let x = 3.0 + 0.1 * f64::from(step) + 0.012_345_6;
            let ratio = sf(x) / continued_fraction(x);
            assert!((ratio - 1.0).abs() < 2e-15, "x {x}: {ratio}");
        }
    }

    #[test]
    fn ends_are_exact_and_nan_stays_nan() {
        assert_eq!(sf(f64::INFINITY), 0.0);
        assert_eq!(sf(f64::NEG_INFINITY), 1.0);
        assert_eq!(cdf(f64::INFINITY), 1.0);
        assert_eq!(quantile(0.0), f64::NEG_INFINITY);
        assert_eq!(quantile(1.0), f64::INFINITY);
        assert_eq!(upper_quantile(0.0), f64::INFINITY);
        assert!(sf(f64::NAN).is_nan() && upper_quantile(f64::NAN).is_nan());
        assert!(upper_quantile(1e-300).is_finite() && sf(38.0) > 0.0 && sf(60.0) == 0.0);
    }

    proptest! {
        #[test]
        fn quantile_inverts_the_tail(exponent in -300.0..-0.302_f64) {
            let p = 10_f64.powf(exponent);
            let z = upper_quantile(p);
            // dp/p = −(φ/Φ̄) dz: the hazard times the rounding of z.
            let slack = (pdf(z) / sf(z) * z.abs() * 1e-15).max(4e-15);
            prop_assert!((sf(z) / p - 1.0).abs() < slack, "{} {}", p, sf(z) / p - 1.0);
        }

        #[test]
        fn tails_are_complementary(x in -40.0..40.0_f64) {
            prop_assert!((sf(x) + cdf(x) - 1.0).abs() < 3e-16);
        }
    }
}
