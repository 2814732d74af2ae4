//! Quadrature nodes and the normal law as this room needs them; thin, so that the numerics room can take their place.

use std::f64::consts::{FRAC_1_SQRT_2, PI};
use std::sync::LazyLock;

use statrs::distribution::{ContinuousCDF, Normal};

/// Gauss–Legendre rule on [−1, 1]: exact for polynomials of degree 2n − 1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GaussLegendre {
    /// Nodes, ascending.
    pub nodes: Vec<f64>,
    /// Weights; they sum to 2.
    pub weights: Vec<f64>,
}

impl GaussLegendre {
    /// The rule of `order` nodes, by Newton steps on the Legendre polynomial (Abramowitz and Stegun 1964, 25.4.29).
    pub(crate) fn new(order: usize) -> Self {
        let (mut nodes, mut weights) = (vec![0.0; order], vec![0.0; order]);
        let n = order as f64;
        for i in 0..order.div_ceil(2) {
            let mut x = (PI * (i as f64 + 0.75) / (n + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..32 {
                let (mut value, mut before) = (1.0, 0.0);
                for j in 0..order {
                    let j = j as f64;
                    (value, before) = (((2.0 * j + 1.0) * x * value - j * before) / (j + 1.0), value);
                }
                slope = n * (x * value - before) / (x * x - 1.0);
                let step = value / slope;
                x -= step;
                if step.abs() < 1e-15 {
                    break;
                }
            }
            let weight = 2.0 / ((1.0 - x * x) * slope * slope);
            nodes[i] = -x;
            nodes[order - 1 - i] = x;
            weights[i] = weight;
            weights[order - 1 - i] = weight;
        }
        if order % 2 == 1 {
            nodes[order / 2] = 0.0;
        }
        Self { nodes, weights }
    }
}

/// Rule for panels on which the integrand is nearly a low polynomial.
pub(crate) static SHORT: LazyLock<GaussLegendre> = LazyLock::new(|| GaussLegendre::new(5));
/// Rule for panels over which the fastest exponential falls by at most e⁻².
pub(crate) static MEDIUM: LazyLock<GaussLegendre> = LazyLock::new(|| GaussLegendre::new(8));
/// Rule for panels [x, 2x] of a graded partition.
pub(crate) static LONG: LazyLock<GaussLegendre> = LazyLock::new(|| GaussLegendre::new(14));

/// Φ(x), accurate in the lower tail.
pub(crate) fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

/// φ(x).
pub(crate) fn normal_density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}

/// Φ⁻¹(p) for p in [0, 1]; infinite at the ends.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    if p <= 0.0 {
        f64::NEG_INFINITY
    } else if p >= 1.0 {
        f64::INFINITY
    } else {
        Normal::standard().inverse_cdf(p)
    }
}

/// (1 − e⁻ˣ)/x for x ≥ 0, the mean of e⁻ᵘ over u in [0, x]; 1 at 0, 0 at infinity.
pub(crate) fn mean_decay(x: f64) -> f64 {
    if x < 0.05 {
        // Taylor series Σ (−x)ʲ/(j+1)!; the term left out is below 1e-15.
        1.0 - x / 2.0
            * (1.0 - x / 3.0 * (1.0 - x / 4.0 * (1.0 - x / 5.0 * (1.0 - x / 6.0 * (1.0 - x / 7.0 * (1.0 - x / 8.0))))))
    } else {
        -(-x).exp_m1() / x
    }
}

/// (1 − e⁻ˣ(1 + x))/x² for x ≥ 0, that is ∫₀¹ v e⁻ˣᵛ dv; ½ at 0.
pub(crate) fn first_moment_decay(x: f64) -> f64 {
    if x < 0.01 {
        // Taylor series Σ (−x)ʲ/(j!(j+2)); the term left out is below 1e-13.
        0.5 - x * (1.0 / 3.0 - x * (1.0 / 8.0 - x * (1.0 / 30.0 - x * (1.0 / 144.0 - x / 840.0))))
    } else {
        (-(-x).exp_m1() - x * (-x).exp()) / (x * x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_integrate_powers_exactly() {
        for order in [1, 2, 5, 8, 14] {
            let rule = GaussLegendre::new(order);
            for power in 0..2 * i32::try_from(order).unwrap() {
                let sum: f64 = rule.nodes.iter().zip(&rule.weights).map(|(x, w)| w * x.powi(power)).sum();
                let exact = if power % 2 == 0 { 2.0 / (f64::from(power) + 1.0) } else { 0.0 };
                assert!((sum - exact).abs() < 1e-14, "order {order} power {power}: {sum}");
            }
        }
    }

    #[test]
    fn decay_means_are_continuous_where_series_meet() {
        for x in [1e-12, 1e-6, 0.009_999_999, 0.010_000_001, 0.049_999, 0.050_001, 0.5, 30.0, 1e6] {
            let rule = GaussLegendre::new(30);
            let integral = |f: &dyn Fn(f64) -> f64| -> f64 {
                (0..64)
                    .map(|j| {
                        let (a, h) = (f64::from(j) / 64.0, 1.0 / 128.0);
                        rule.nodes.iter().zip(&rule.weights).map(|(u, w)| w * h * f(a + h * (1.0 + u))).sum::<f64>()
                    })
                    .sum()
            };
            if x < 100.0 {
                assert!((mean_decay(x) - integral(&|v| (-x * v).exp())).abs() < 1e-14);
                assert!((first_moment_decay(x) - integral(&|v| v * (-x * v).exp())).abs() < 2e-13);
            }
        }
        assert_eq!(mean_decay(f64::INFINITY), 0.0);
    }

    #[test]
    fn normal_law_inverts() {
        for p in [1e-12, 1e-3, 0.025, 0.5, 0.8, 1.0 - 1e-9] {
            assert!((normal_cdf(normal_quantile(p)) / p - 1.0).abs() < 1e-9, "{p}");
        }
    }
}
