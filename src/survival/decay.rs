//! Means of e⁻ᵘ over an interval, without cancellation: the bricks of the closed forms.

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
    fn decay_means_are_continuous_where_series_meet() {
        for x in [1e-12, 1e-6, 0.009_999_999, 0.010_000_001, 0.049_999, 0.050_001, 0.5, 30.0, 1e6] {
            let rule = crate::numerics::quadrature::legendre(30);
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
}
