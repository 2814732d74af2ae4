//! Bivariate normal probabilities.
//!
//! X, Y standard normal with correlation r in [−1, 1]; h, k any real or infinite bounds.

use super::normal::sf;
use super::quadrature::legendre;
use std::f64::consts::TAU;

/// Correlations beyond this are integrated from the degenerate law downwards instead of from independence upwards.
const NEAR_ONE: f64 = 0.925;

/// P(X > h, Y > k), absolute error below 1e-14.
///
/// For |r| ≤ 0.925, L = Φ̄(h) Φ̄(k) + (1/2π) ∫_0^{asin r} exp(−(h² − 2hk sin θ + k²)/(2 cos² θ)) dθ
/// (Drezner and Wesolowsky 1990; Genz 2004). Nearer to 1 the integral runs from r to 1 instead,
/// L = Φ̄(max(h, k)) − (1/2π) ∫_0^{√(1−r²)} exp(−(h − k)²/(2x²) − hk/(1 + √(1−x²))) / √(1−x²) dx with x = cos θ, over panels
/// that grow threefold from where exp(−(h − k)²/(2x²)) begins to count. Nearer to −1, Y is mirrored.
///
/// ```
/// // Φ₂(0, 0; ½) = 1/4 + asin(½)/(2π) = 1/3 (Sheppard 1899).
/// let third = seamline::numerics::bivariate::upper(0.0, 0.0, 0.5);
/// assert!((third - 1.0 / 3.0).abs() < 1e-15);
/// ```
pub fn upper(h: f64, k: f64, r: f64) -> f64 {
    if h.is_nan() || k.is_nan() || r.is_nan() {
        return f64::NAN;
    }
    if h == f64::INFINITY || k == f64::INFINITY {
        return 0.0;
    }
    if h == f64::NEG_INFINITY {
        return sf(k);
    }
    if k == f64::NEG_INFINITY {
        return sf(h);
    }
    let r = r.clamp(-1.0, 1.0);
    let probability = if r.abs() <= NEAR_ONE {
        let cross = h * k;
        let squares = 0.5 * (h * h + k * k);
        let integral = legendre(24).integrate(0.0, libm::asin(r), |theta| {
            let sine = libm::sin(theta);
            libm::exp((sine * cross - squares) / (1.0 - sine * sine))
        });
        sf(h) * sf(k) + integral / TAU
    } else if r > 0.0 {
        sf(h.max(k)) - missing(h, k, r)
    } else {
        (sf(h) - sf(h.max(-k))) + missing(h, -k, -r)
    };
    probability.clamp(0.0, 1.0)
}

/// Φ̄(max(h, k)) − P(X > h, Y > k) for r near 1.
fn missing(h: f64, k: f64, r: f64) -> f64 {
    let end = ((1.0 - r) * (1.0 + r)).sqrt();
    if end == 0.0 {
        return 0.0;
    }
    let half_square = 0.5 * (h - k) * (h - k);
    let cross = h * k;
    let integrand = |x: f64| {
        let root = (1.0 - x * x).sqrt();
        libm::exp(-half_square / (x * x) - cross / (1.0 + root)) / root
    };
    let rule = legendre(24);
    if half_square == 0.0 {
        return rule.integrate(0.0, end, integrand) / TAU;
    }
    // Below |h − k|/9.5 the integrand is under e^−45 of its scale; below 1e-17 the panel itself does not count.
    let mut low = ((h - k).abs() / 9.5).max(1e-17);
    let mut integral = 0.0;
    while low < end {
        let high = (3.0 * low).min(end);
        integral += rule.integrate(low, high, integrand);
        low = high;
    }
    integral / TAU
}

/// P(lower₁ < X < upper₁, lower₂ < Y < upper₂), absolute error below 4e-14; 0 for an empty rectangle.
///
/// By inclusion and exclusion over the four corners.
pub fn rectangle(lower: [f64; 2], upper_ends: [f64; 2], r: f64) -> f64 {
    if lower[0] >= upper_ends[0] || lower[1] >= upper_ends[1] {
        return 0.0;
    }
    let value = upper(lower[0], lower[1], r) - upper(upper_ends[0], lower[1], r) - upper(lower[0], upper_ends[1], r)
        + upper(upper_ends[0], upper_ends[1], r);
    value.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::normal::pdf;
    use proptest::prelude::*;

    /// ∫_h^∞ φ(x) Φ̄((k − rx)/√(1−r²)) dx over panels around the step of the integrand.
    fn by_conditioning(h: f64, k: f64, r: f64) -> f64 {
        let scale = ((1.0 - r) * (1.0 + r)).sqrt();
        let (step, width) = (k / r, scale / r.abs());
        let mut breaks: Vec<f64> =
            [-9.0, -6.0, -3.0, -1.5, 0.0, 1.5, 3.0, 6.0, 9.0].iter().map(|multiple| step + multiple * width).collect();
        breaks.extend((-20..=20).map(|half| 0.5 * f64::from(half)));
        breaks.retain(|&x| x > h.max(-10.0) && x < 10.0);
        breaks.extend([h.clamp(-10.0, 10.0), 10.0]);
        breaks.sort_unstable_by(f64::total_cmp);
        breaks
            .windows(2)
            .map(|panel| legendre(32).integrate(panel[0], panel[1], |x| pdf(x) * sf((k - r * x) / scale)))
            .sum()
    }

    #[test]
    fn orthants_have_their_closed_form() {
        for r in [-1.0, -0.999, -0.95, -0.5, 0.0, 0.3, 0.92, 0.93, 0.999_999, 1.0] {
            let exact = 0.25 + libm::asin(r) / TAU;
            assert!((upper(0.0, 0.0, r) - exact).abs() < 1e-15, "{r}: {} {exact}", upper(0.0, 0.0, r));
        }
    }

    #[test]
    fn infinite_bounds_reduce_the_dimension() {
        assert_eq!(upper(f64::INFINITY, 0.0, 0.4), 0.0);
        assert_eq!(upper(f64::NEG_INFINITY, 0.0, 0.4), 0.5);
        assert_eq!(rectangle([f64::NEG_INFINITY; 2], [f64::INFINITY; 2], 0.3), 1.0);
        assert_eq!(rectangle([1.0, 0.0], [0.0, 1.0], 0.3), 0.0);
        assert!(upper(f64::NAN, 0.0, 0.0).is_nan());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn agrees_with_conditioning(h in -6.0..6.0_f64, k in -6.0..6.0_f64, r in 0.01..1.0_f64, closeness in 0.0..8.0_f64, sign: bool, near: bool) {
            let r = if near { 1.0 - 10_f64.powf(-closeness - 0.5) } else { r.min(0.999) };
            let r = if sign { r } else { -r };
            prop_assert!((upper(h, k, r) - by_conditioning(h, k, r)).abs() < 1e-14, "{} {}", upper(h, k, r), by_conditioning(h, k, r));
        }

        #[test]
        fn is_exact_on_near_diagonals(h in -6.0..6.0_f64, gap in -12.0..0.0_f64, closeness in 1.2..10.0_f64) {
            let (k, r) = (h + 10_f64.powf(gap), 1.0 - 10_f64.powf(-closeness));
            prop_assert!((upper(h, k, r) - by_conditioning(h, k, r)).abs() < 1e-14);
        }
    }
}
