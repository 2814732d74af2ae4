//! `conditional_error`: stage 2 is tested at the level that the planned Dunnett test still has, given stage 1.

use super::inverse_normal::Normal;
use super::{CombinationFunction, FirstStage, quantile_of};
use crate::adaptive::IntersectionTest;
use crate::adaptive::intersection::dunnett;
use crate::numerics::normal::upper_quantile;
use crate::registry::Entry;
use std::sync::Arc;

/// The conditional Dunnett test (König, Brannath, Bretz and Posch 2008): had no arm been dropped, an intersection I would be rejected
/// where max_j √w·Z₁ⱼ + √(1 − w)·Z₂ⱼ ≥ d_I. Whatever is done after stage 1 may be tested at the conditional error
///
/// `A_I = P₀(max_{j ∈ I} √w·Z₁ⱼ + √(1 − w)·Z₂ⱼ ≥ d_I | Z₁)` (Müller and Schäfer 2001).
///
/// With one look to come, p₂ ≤ A_I is the same as an inverse normal combination whose first stage is
/// `(z_α − √(1 − w)·Φ⁻¹(1 − A_I))/√w`; that is how it is written here. Of one arm it *is* the inverse normal.
#[derive(Debug, Clone, Copy)]
struct ConditionalDunnett;

impl CombinationFunction for ConditionalDunnett {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn constant(&self, alpha: f64, shares: &[f64]) -> f64 {
        dunnett::critical_value(alpha, shares).unwrap_or(f64::NAN)
    }

    fn first(&self, intersection: &dyn IntersectionTest, stage: &FirstStage<'_>) -> f64 {
        let &FirstStage { z, shares, weight, alpha, constant } = stage;
        if z.len() == 1 {
            return z[0];
        }
        match dunnett::conditional_error(z, shares, weight, constant) {
            Ok(error) if !error.is_nan() => {
                (upper_quantile(alpha) - (1.0 - weight).sqrt() * quantile_of(error)) / weight.sqrt()
            }
            _ => quantile_of(intersection.p_value(z, shares)),
        }
    }

    fn combine(&self, first: f64, second: f64, share: f64) -> f64 {
        Normal.combine(first, second, share)
    }

    fn needed(&self, first: f64, bound: f64, share: f64) -> f64 {
        Normal.needed(first, bound, share)
    }

    fn certain(&self, bound: f64) -> f64 {
        Normal.certain(bound)
    }

    fn canonical(&self) -> bool {
        true
    }

    fn weighted(&self) -> bool {
        true
    }

    fn several_looks(&self) -> bool {
        false
    }
}

pub(super) const ENTRY: Entry<dyn CombinationFunction> = Entry {
    name: "conditional_error",
    summary: "stage 2 at the conditional error of the planned Dunnett test",
    parameters: &[],
    build: |_| Arc::new(ConditionalDunnett),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adaptive::Dunnett;
    use crate::numerics::normal::{pdf, sf};
    use crate::numerics::quadrature::legendre;

    /// Over what two arms may show in stage 1, the conditional error averages to the level, and is above that of the combined
    /// Dunnett p-values where both arms did the same (there the pair has lost least).
    #[test]
    fn the_conditional_error_averages_to_the_level() {
        let (alpha, weight, shares) = (0.025, 0.4, [0.5, 0.5]);
        let bound = upper_quantile(alpha);
        let error = |z: [f64; 2]| {
            let constant = ConditionalDunnett.constant(alpha, &shares);
            let stage = FirstStage { z: &z, shares: &shares, weight, alpha, constant };
            sf(Normal.needed(ConditionalDunnett.first(&Dunnett, &stage), bound, weight))
        };
        // Z_j = (X_j − X_0)/√2: the difference of the arms and their sum are independent.
        let mut mean = 0.0;
        for (sum, one) in legendre(40).on(-8.0, 8.0) {
            for (difference, other) in legendre(40).on(-8.0, 8.0) {
                let (common, own) = (0.75_f64.sqrt() * sum, 0.5 * difference);
                mean += one * other * pdf(sum) * pdf(difference) * error([common + own, common - own]);
            }
        }
        assert!((mean - alpha).abs() < 1e-7, "{mean}");
    }
}
