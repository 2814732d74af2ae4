//! `dunnett`: many arms against one control, for any allocation.

use super::{IntersectionTest, MAX_ARMS};
use crate::invalid::{Invalid, require};
use crate::numerics::bivariate;
use crate::numerics::normal::{FRAC_1_SQRT_TAU, sf, upper_quantile};
use crate::numerics::roots::{RootError, brent};
use crate::registry::Entry;
use std::sync::Arc;

/// Dunnett's test with known variances (Dunnett 1955): the p-value of the largest statistic under its exact law.
#[derive(Debug, Clone, Copy)]
pub struct Dunnett;

impl IntersectionTest for Dunnett {
    fn p_value(&self, z: &[f64], shares: &[f64]) -> f64 {
        let arms = z.len().min(shares.len()).min(MAX_ARMS);
        if arms == 0 {
            return 1.0;
        }
        let largest = z[..arms].iter().copied().fold(f64::NEG_INFINITY, f64::max);
        any_above(&[largest; MAX_ARMS][..arms], shares)
    }
}

pub(super) const ENTRY: Entry<dyn IntersectionTest> = Entry {
    name: "dunnett",
    summary: "the largest statistic under its exact joint law with a common control, any allocation",
    parameters: &[],
    build: |_| Arc::new(Dunnett),
};

/// Shares are kept this far from 1, where there is no control.
const LARGEST_SHARE: f64 = 1.0 - 1e-6;

/// Relative accuracy asked of the trapezoidal rule, as −ln.
const DIGITS: f64 = 30.0;

/// P(Z_j ≥ c_j for some j) under the null, absolute error below 1e-13 and relative below 1e-9; allocates nothing.
///
/// * `thresholds`: c_j, one per arm, may be infinite; at most [`MAX_ARMS`].
/// * `shares`: ρ_j = n_j/(n_0 + n_j) in (0, 1), one per arm; Corr(Z_i, Z_j) = √(ρ_i ρ_j).
///
/// Given the control's mean x (standardised), the arms are independent: Z_j = √(1−ρ_j) ε_j − √ρ_j x, so that the answer is
/// ∫ [1 − Π_j Φ((c_j + √ρ_j x)/√(1−ρ_j))] φ(x) dx (Dunnett 1955). One and two arms have closed forms. Otherwise the
/// trapezoidal rule: the integrand is analytic on the whole line, and with m arms bends on the scale
/// (1 + m ρ/(1−ρ))^−½, so that a step h leaves exp(−2π²/(h²(1 + m ρ/(1−ρ)))) (Trefethen and Weideman 2014).
///
/// ```
/// // Three arms and a control of equal size: 2.3490 holds 0.025.
/// let level = seamline::adaptive::intersection::dunnett::any_above(&[2.3490; 3], &[0.5; 3]);
/// assert!((level - 0.025).abs() < 1e-5);
/// ```
pub fn any_above(thresholds: &[f64], shares: &[f64]) -> f64 {
    let mut arms = 0;
    let mut cut = [0.0; MAX_ARMS];
    let mut slope = [0.0; MAX_ARMS];
    let mut share = [0.0; MAX_ARMS];
    for (&c, &rho) in thresholds.iter().zip(shares).take(MAX_ARMS) {
        if c == f64::NEG_INFINITY {
            return 1.0;
        }
        if c < f64::INFINITY {
            let rho = rho.clamp(0.0, LARGEST_SHARE);
            let rest = (1.0 - rho).sqrt();
            (cut[arms], slope[arms], share[arms]) = (c / rest, rho.sqrt() / rest, rho);
            arms += 1;
        } else if c.is_nan() {
            return f64::NAN;
        }
    }
    let threshold = |arm: usize| cut[arm] * (1.0 - share[arm]).sqrt();
    match arms {
        0 => return 0.0,
        1 => return sf(threshold(0)),
        2 => {
            let (h, k) = (threshold(0), threshold(1));
            return sf(h) + sf(k) - bivariate::upper(h, k, (share[0] * share[1]).sqrt());
        }
        _ => {}
    }
    let equal = (1..arms).all(|arm| cut[arm] == cut[0] && slope[arm] == slope[0]);
    let steepness: f64 = slope[..arms].iter().map(|s| s * s).sum();
    let step = (2.0 * std::f64::consts::PI.powi(2) / (DIGITS * (1.0 + steepness))).sqrt();
    // To the left the integrand is below φ(−8.5); to the right a far tail needs a control that is far off too.
    let (low, high) = (-8.5_f64, 10.0_f64);
    let count = ((high - low) / step).ceil() as usize;
    let mut total = 0.0;
    for index in 0..=count {
        // x by −x: a poor control lifts every arm.
        let x = low + index as f64 * step;
        let below = |arm: usize| sf(cut[arm] - slope[arm] * x);
        let some = if equal {
            complement_power(below(0), arms)
        } else {
            (0..arms).fold(0.0, |some, arm| {
                let p = below(arm);
                some + p - some * p
            })
        };
        total += some * libm::exp(-0.5 * x * x);
    }
    (step * FRAC_1_SQRT_TAU * total).clamp(0.0, 1.0)
}

/// 1 − (1 − p)^m without cancellation.
fn complement_power(p: f64, m: usize) -> f64 {
    (0..m).fold(0.0, |some, _| some + p - some * p)
}

/// The value that the largest of the statistics exceeds with probability `alpha` under the null.
///
/// # Errors
/// [`RootError`] when `alpha` is not in (0, 1) or a share is not a number.
pub fn critical_value(alpha: f64, shares: &[f64]) -> Result<f64, RootError> {
    let shares = &shares[..shares.len().min(MAX_ARMS)];
    let arms = shares.len();
    // One arm spends at least the level here, Bonferroni at most.
    let (low, high) = (upper_quantile(alpha), upper_quantile(alpha / arms.max(1) as f64));
    if low == high {
        return Ok(low);
    }
    brent(low, high, 1e-13, |c| upper_quantile(any_above(&[c; MAX_ARMS][..arms], shares)) - upper_quantile(alpha))
}

/// Conditional error of Dunnett's test: P₀(some √t Z₁ⱼ + √(1−t) Z₂ⱼ ≥ `critical` | stage 1), t the share of stage 1 in the final
/// information (König, Brannath, Bretz and Posch 2008).
///
/// # Errors
/// [`Invalid`] when t is not in (0, 1) or lengths differ.
pub fn conditional_error(stage_1: &[f64], shares: &[f64], t: f64, critical: f64) -> Result<f64, Invalid> {
    require(t > 0.0 && t < 1.0, "information share", t, "must be above 0 and below 1")?;
    let arms = stage_1.len();
    require(arms == shares.len() && arms <= MAX_ARMS, "number of arms", arms as f64, "must agree and be at most 8")?;
    let mut thresholds = [0.0; MAX_ARMS];
    for (threshold, z) in thresholds.iter_mut().zip(stage_1) {
        *threshold = (critical - t.sqrt() * z) / (1.0 - t).sqrt();
    }
    Ok(any_above(&thresholds[..arms], shares))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::normal::{cdf, pdf};
    use crate::numerics::quadrature::legendre;
    use proptest::prelude::*;

    /// The same integral on fine Gauss–Legendre panels.
    fn by_panels(thresholds: &[f64], shares: &[f64]) -> f64 {
        (-900..1100)
            .map(|panel| {
                let low = 0.01 * f64::from(panel);
                legendre(8).integrate(low, low + 0.01, |x| {
                    let all: f64 = thresholds
                        .iter()
                        .zip(shares)
                        .map(|(c, rho)| cdf((c - rho.sqrt() * x) / (1.0 - rho).sqrt()))
                        .product();
                    pdf(x) * (1.0 - all)
                })
            })
            .sum()
    }

    #[test]
    fn far_tails_are_relative() {
        // In the far tail the arms exclude each other: m single tails, less the pairs.
        for z in [5.0, 6.0, 7.0, 8.0] {
            let pairs = 3.0 * bivariate::upper(z, z, 0.5);
            let ratio = any_above(&[z; 3], &[0.5; 3]) / (3.0 * sf(z) - pairs);
            assert!((ratio - 1.0).abs() < 1e-3 && ratio >= 1.0 - 1e-9, "{z}: {ratio}");
        }
    }

    #[test]
    fn ends() {
        assert_eq!(any_above(&[f64::INFINITY; 3], &[0.5; 3]), 0.0);
        assert_eq!(any_above(&[f64::NEG_INFINITY, 1.0], &[0.5; 2]), 1.0);
        assert!(any_above(&[1.0; 3], &[1.0; 3]).is_finite());
        assert!((any_above(&[-9.0; 4], &[0.5; 4]) - 1.0).abs() < 1e-13);
        assert!((any_above(&[1.0; 3], &[0.0; 3]) - (1.0 - cdf(1.0).powi(3))).abs() < 1e-13);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(50))]
        #[test]
        fn agrees_with_panels(
            arms in prop::collection::vec((-3.0..5.0_f64, 0.02..0.98_f64), 1..=5), same: bool,
        ) {
            let thresholds: Vec<f64> = arms.iter().map(|a| if same { arms[0].0 } else { a.0 }).collect();
            let shares: Vec<f64> = arms.iter().map(|a| if same { arms[0].1 } else { a.1 }).collect();
            let (fast, slow) = (any_above(&thresholds, &shares), by_panels(&thresholds, &shares));
            prop_assert!((fast - slow).abs() < 1e-12, "{} {}", fast, slow);
        }
    }
}
