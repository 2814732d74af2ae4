//! The few functions of the normal law the engine needs, in one place.

use crate::adaptive::Intersection;
use crate::numerics::{bivariate, normal};

pub use crate::numerics::normal::sf as upper_tail;

/// Normal quantile of the upper tail, kept finite: p is read as at least 1e−300 and at most 1 − 1e−16.
pub fn upper_quantile(p: f64) -> f64 {
    normal::upper_quantile(p.clamp(1e-300, 1.0 - 1e-16))
}

/// p-value of an intersection of hypotheses given its elementary statistics; `shares` holds the experimental arm's share
/// ρ of the patients of each comparison.
///
/// Dunnett (1955): `p = 1 − ∫ Π_j Φ((z_max + √ρ_j·x)/√(1 − ρ_j)) φ(x) dx`; two arms by the bivariate normal law with
/// correlation √(ρ₁ρ₂), more by the trapezoid rule, whose error on an entire integrand is below 1e−15 at this step.
pub fn intersection_p(test: Intersection, z: &[f64], shares: &[f64]) -> f64 {
    let largest = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match test {
        Intersection::Bonferroni => (z.len() as f64 * upper_tail(largest)).min(1.0),
        Intersection::Dunnett if z.len() == 2 => {
            2.0 * upper_tail(largest) - bivariate::upper(largest, largest, (shares[0] * shares[1]).sqrt())
        }
        Intersection::Dunnett => {
            let (mut p, mut total) = (0.0, 0.0);
            for i in -36i32..=36 {
                let x = 0.25 * f64::from(i);
                let weight = libm::exp(-0.5 * x * x);
                // 1 − Π(1 − q_j) = Σ q_j Π_{i < j}(1 − q_i), which keeps the tail.
                let (mut above, mut below) = (0.0, 1.0);
                for share in shares {
                    let q = upper_tail((largest + share.sqrt() * x) / (1.0 - share).sqrt());
                    above += q * below;
                    below *= 1.0 - q;
                }
                p += weight * above;
                total += weight;
            }
            p / total
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Critical values of Dunnett's test, equal allocation, one-sided 0.025 (tables G12).
    #[test]
    fn dunnett_gives_the_tabulated_level() {
        for (arms, critical) in [(2, 2.2121), (3, 2.3490), (4, 2.4418)] {
            let mut z = vec![0.3; arms];
            z[arms - 1] = critical;
            let p = intersection_p(Intersection::Dunnett, &z, &vec![0.5; arms]);
            assert!((p - 0.025).abs() < 5e-6, "{arms}: {p}");
        }
    }

    /// The two routes to Dunnett's p agree: a third arm with share 0 adds an independent comparison.
    #[test]
    fn two_arms_agree_with_the_quadrature() {
        for z in [-1.0, 0.5, 2.0, 5.0] {
            let two = intersection_p(Intersection::Dunnett, &[z, z - 1.0], &[0.4, 0.6]);
            let three = intersection_p(Intersection::Dunnett, &[z, z, z], &[0.4, 0.6, 0.0]);
            let expected = two + (1.0 - two) * upper_tail(z);
            assert!((three - expected).abs() < 1e-12 * expected.max(1e-3), "{z}: {three} {expected}");
        }
    }
}
