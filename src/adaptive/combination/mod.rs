//! Combination functions of two stages: one file each, listed in [`COMBINATION_FUNCTIONS`].
//!
//! | file | holds |
//! |---|---|
//! | `inverse_normal` | `inverse_normal` |
//! | `fisher` | `fisher`, and the p-value of Fisher's product |
//! | `conditional_error` | `conditional_error`: the conditional Dunnett test |
//! | `bounds` | bounds of several looks where the combined statistics do not follow the canonical law |
//! | `weights` | the inverse normal of any number of stages, in closed form |

pub mod bounds;
mod conditional_error;
mod fisher;
mod inverse_normal;
mod weights;

pub use fisher::fisher_two_stage;
pub use weights::InverseNormal;

use super::IntersectionTest;
use crate::numerics::normal::{sf, upper_quantile};
use crate::registry::{Entry, find};
use std::fmt::Debug;
use std::sync::Arc;

/// A combination function as a protocol holds it.
pub type Combining = Arc<dyn CombinationFunction>;

/// What stage 1 is made of, for one intersection hypothesis.
#[derive(Debug, Clone, Copy)]
pub struct FirstStage<'a> {
    /// Statistics of its arms, at most [`super::MAX_ARMS`].
    pub z: &'a [f64],
    /// Each arm's share of the patients of its comparison with the control.
    pub shares: &'a [f64],
    /// Squared weight of stage 1 at the last look, in (0, 1).
    pub weight: f64,
    /// One-sided level, in (0, 0.5).
    pub alpha: f64,
    /// What [`CombinationFunction::constant`] gave for these shares.
    pub constant: f64,
}

/// How the evidence of two independent stages makes one test of an intersection hypothesis.
///
/// Stage 1 is read once, as a number on the z scale; stage 2 grows from look to look. A symbol throughout: s, the squared weight of
/// stage 1 at the look, its share of the information planned by then.
pub trait CombinationFunction: Debug + Send + Sync {
    /// Name in the registry.
    fn name(&self) -> &'static str;

    /// What stage 1 of an intersection needs that depends on the allocation alone; NaN where it needs nothing.
    fn constant(&self, _alpha: f64, _shares: &[f64]) -> f64 {
        f64::NAN
    }

    /// Stage 1 of an intersection on the z scale: Φ⁻¹(1 − p) of its intersection test, unless the function reads the arms themselves.
    fn first(&self, intersection: &dyn IntersectionTest, stage: &FirstStage<'_>) -> f64 {
        quantile_of(intersection.p_value(stage.z, stage.shares))
    }

    /// The combined statistic on the z scale, standard normal when both stages are (or stochastically smaller when they are).
    fn combine(&self, first: f64, second: f64, share: f64) -> f64;

    /// The second-stage z from which the combined statistic reaches `bound`: −∞ where it does whatever comes, ∞ where it cannot.
    fn needed(&self, first: f64, bound: f64, share: f64) -> f64;

    /// The first-stage z from which `bound` is reached whatever comes; ∞ where there is none.
    fn certain(&self, bound: f64) -> f64;

    /// A(z₁) = P₀(combined statistic ≥ `bound` | stage 1), one look to come.
    fn conditional_error(&self, first: f64, bound: f64, share: f64) -> f64 {
        sf(self.needed(first, bound, share))
    }

    /// Whether the combined statistics of several looks follow the canonical joint law with the planned information.
    fn canonical(&self) -> bool;

    /// Whether stage 1 has a weight.
    fn weighted(&self) -> bool;

    /// Whether several looks can be held after the transition.
    fn several_looks(&self) -> bool {
        true
    }
}

/// Every combination function that a protocol can name.
pub const COMBINATION_FUNCTIONS: &[Entry<dyn CombinationFunction>] =
    &[inverse_normal::ENTRY, fisher::ENTRY, conditional_error::ENTRY];

/// The function of a name.
pub fn combining(name: &str) -> Option<Combining> {
    find(COMBINATION_FUNCTIONS, name).map(|entry| (entry.build)(&[]))
}

/// Φ⁻¹(1 − p), kept finite: p is read as at least 1e−300 and at most 1 − 1e−16.
fn quantile_of(p: f64) -> f64 {
    upper_quantile(p.clamp(1e-300, 1.0 - 1e-16))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adaptive::Bonferroni;
    use crate::numerics::normal::pdf;
    use crate::numerics::quadrature::legendre;

    /// `needed` is where `combine` meets the bound, and the conditional error averages to the level over stage 1.
    #[test]
    fn every_function_keeps_the_level_at_one_look() {
        for entry in COMBINATION_FUNCTIONS {
            let function = (entry.build)(&[]);
            assert_eq!(function.name(), entry.name);
            for (alpha, share) in [(0.025, 0.4), (0.1, 0.7)] {
                let bound = upper_quantile(alpha);
                for first in [-2.0, 0.0, 0.7, 1.5, 2.5] {
                    let needed = function.needed(first, bound, share);
                    if needed.is_finite() {
                        let met = function.combine(first, needed, share);
                        assert!((met - bound).abs() < 1e-9, "{} {first}: {met}", entry.name);
                    }
                }
                let certain = function.certain(bound).min(9.0);
                let level: f64 = (0..40)
                    .map(|panel| {
                        let width = (certain + 9.0) / 40.0;
                        let low = -9.0 + width * f64::from(panel);
                        legendre(16)
                            .integrate(low, low + width, |z| pdf(z) * function.conditional_error(z, bound, share))
                    })
                    .sum();
                assert!((level + sf(certain) - alpha).abs() < 1e-9, "{} {alpha}: {level}", entry.name);
                let constant = function.constant(alpha, &[0.5]);
                let stage = FirstStage { z: &[1.1], shares: &[0.5], weight: share, alpha, constant };
                assert!((function.first(&Bonferroni, &stage) - 1.1).abs() < 1e-9, "{}: one arm is its own", entry.name);
            }
        }
        assert!(combining("minimum").is_none());
    }
}
