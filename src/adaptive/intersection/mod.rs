//! Tests of intersection hypotheses: one file each, listed in [`INTERSECTIONS`].

mod bonferroni;
pub mod dunnett;
mod sidak;
mod simes;

pub use bonferroni::Bonferroni;
pub use dunnett::Dunnett;

use crate::registry::Entry;
use std::fmt::Debug;
use std::sync::Arc;

/// Most experimental arms.
pub const MAX_ARMS: usize = 8;

/// How the p-value of an intersection hypothesis is made.
pub type Intersection = Arc<dyn IntersectionTest>;

/// A test of "none of these arms is better than the control", from one stage's data.
pub trait IntersectionTest: Debug + Send + Sync {
    /// One-sided p-value, in [0, 1], from the arms' statistics against the common control; allocates nothing.
    ///
    /// * `z`: one per arm of the intersection, at most [`MAX_ARMS`]; positive favours the arm. 1 for an empty intersection.
    /// * `shares`: the same arms' share of the information of their comparison, ρ_j = n_j/(n_0 + n_j) in (0, 1), n patients or
    ///   events: two arms' statistics correlate as √(ρ_i ρ_j). Tests that use no correlation ignore it.
    fn p_value(&self, z: &[f64], shares: &[f64]) -> f64;
}

/// Every intersection test of the scenario file.
pub const INTERSECTIONS: &[Entry<dyn IntersectionTest>] =
    &[dunnett::ENTRY, bonferroni::ENTRY, sidak::ENTRY, simes::ENTRY];

/// Upper tail of the largest statistic; `None` for no arms.
fn smallest_p(z: &[f64]) -> Option<f64> {
    (!z.is_empty()).then(|| crate::numerics::normal::sf(z.iter().copied().fold(f64::NEG_INFINITY, f64::max)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::find;

    fn p(test: &str, z: &[f64]) -> f64 {
        (find(INTERSECTIONS, test).unwrap().build)(&[]).p_value(z, &vec![0.5; z.len()])
    }

    #[test]
    fn every_test_of_one_arm_is_its_own_p() {
        for entry in INTERSECTIONS {
            for z in [-9.0, -1.0, 0.0, 1.96, 6.0] {
                let ratio = p(entry.name, &[z]) / crate::numerics::normal::sf(z);
                assert!((ratio - 1.0).abs() < 1e-14, "{} {z}: {ratio}", entry.name);
            }
            assert_eq!(p(entry.name, &[]), 1.0);
            assert_eq!(p(entry.name, &[f64::NEG_INFINITY; 3]), 1.0, "{}", entry.name);
            assert_eq!(p(entry.name, &[f64::INFINITY, 0.0]), 0.0, "{}", entry.name);
        }
    }

    /// Dunnett ≤ Šidák ≤ Bonferroni, and Simes ≤ Bonferroni.
    #[test]
    fn the_tests_are_ordered() {
        for z in [[2.2, 1.9, -0.3], [0.0, 0.0, 0.0], [-1.0, 3.5, 2.0], [1.0, 1.0, 1.0]] {
            let (dunnett, sidak) = (p("dunnett", &z), p("sidak", &z));
            let (simes, bonferroni) = (p("simes", &z), p("bonferroni", &z));
            assert!(dunnett < sidak && sidak <= bonferroni && simes <= bonferroni, "{z:?}");
        }
    }
}
