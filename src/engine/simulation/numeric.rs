//! The few functions of the normal law the engine needs, in one place.

use crate::adaptive::Intersection;

/// Normal quantile of the lower tail.
pub fn quantile(p: f64) -> f64 {
    -std::f64::consts::SQRT_2 * statrs::function::erf::erfc_inv(2.0 * p)
}

/// Normal probability of the upper tail.
pub fn upper_tail(z: f64) -> f64 {
    0.5 * libm::erfc(z / std::f64::consts::SQRT_2)
}

/// Normal quantile of the upper tail, kept finite: p is read as at least 1e−300 and at most 1 − 1e−16.
pub fn upper_quantile(p: f64) -> f64 {
    -quantile(p.clamp(1e-300, 1.0 - 1e-16))
}

/// p-value of an intersection of hypotheses given its elementary statistics; `shares` holds n_j/(n_0 + n_j) of each.
///
/// Dunnett (1955): p = 1 − ∫ Π_j Φ((z_max + √ρ_j·x)/√(1 − ρ_j)) φ(x) dx, ρ_j the share, by the trapezoid rule.
pub fn intersection_p(test: Intersection, z: &[f64], shares: &[f64]) -> f64 {
    let largest = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match test {
        Intersection::Bonferroni => (z.len() as f64 * upper_tail(largest)).min(1.0),
        Intersection::Dunnett => {
            let (mut p, mut total) = (0.0, 0.0);
            for i in -34i32..=34 {
                let x = 0.25 * f64::from(i);
                let weight = libm::exp(-0.5 * x * x);
                let below: f64 = shares
                    .iter()
                    .map(|share| upper_tail(-(largest + share.sqrt() * x) / (1.0 - share).sqrt()))
                    .product();
                p += weight * (1.0 - below);
                total += weight;
            }
            p / total
        }
    }
}
