//! The inverse normal combination of any number of stages, in closed form.

use crate::invalid::{Invalid, require};
use crate::numerics::normal::sf;

/// The inverse normal combination with weights fixed in advance.
///
/// C = Σ_k w_k z_k / √(Σ_k w_k²), z_k = Φ⁻¹(1 − p_k); standard normal or smaller under the null for any adaptation that leaves the
/// stages' p-values conditionally at least uniform (Lehmacher and Wassmer 1999; Cui, Hung and Wang 1999). With w_k² the stages'
/// information, the combined statistics of the first 1, 2, … stages follow the canonical joint law with that information.
///
/// ```
/// use seamline::{adaptive::combination::InverseNormal, numerics::normal::upper_quantile};
/// let combination = InverseNormal::two_stage(0.4)?;
/// let z = combination.combine(&[upper_quantile(0.08), upper_quantile(0.011)]);
/// assert!((z - 2.662_756_610_75).abs() < 1e-10);
/// # Ok::<(), seamline::invalid::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct InverseNormal {
    /// w_k, with Σ w_k² = 1.
    weights: Vec<f64>,
}

impl InverseNormal {
    /// From the squared weights of the stages (any common unit, such as planned information), each at least 0, one above 0.
    ///
    /// # Errors
    /// [`Invalid`] when a squared weight is negative or not finite, or all are 0.
    pub fn new(squared: &[f64]) -> Result<Self, Invalid> {
        for &weight in squared {
            require(weight.is_finite() && weight >= 0.0, "squared weight", weight, "must be finite and at least 0")?;
        }
        let total: f64 = squared.iter().sum();
        require(total > 0.0 && total.is_finite(), "sum of squared weights", total, "must be above 0")?;
        Ok(Self { weights: squared.iter().map(|weight| (weight / total).sqrt()).collect() })
    }

    /// Two stages, w₁² as given in (0, 1).
    ///
    /// # Errors
    /// [`Invalid`] when it is not.
    pub fn two_stage(squared: f64) -> Result<Self, Invalid> {
        require(squared > 0.0 && squared < 1.0, "squared weight", squared, "must be above 0 and below 1")?;
        Self::new(&[squared, 1.0 - squared])
    }

    /// The combined statistic of the first `z.len()` stages; −∞ when none has weight. Allocates nothing.
    ///
    /// A stage with z = −∞ (p = 1: nothing left to test) makes the combination −∞ whatever the others say.
    pub fn combine(&self, z: &[f64]) -> f64 {
        let (mut sum, mut square) = (0.0, 0.0);
        for (&weight, &z) in self.weights.iter().zip(z) {
            if weight == 0.0 {
                continue;
            }
            if z == f64::NEG_INFINITY {
                return f64::NEG_INFINITY;
            }
            sum += weight * z;
            square += weight * weight;
        }
        if square == 0.0 { f64::NEG_INFINITY } else { sum / square.sqrt() }
    }

    /// Conditional error: P₀(C ≥ `bound` | the first stages), the last stage to come; A = Φ̄((c − Σ w_k z_k)/w_K)
    /// (Lehmacher and Wassmer 1999). `z` holds all stages but the last.
    pub fn conditional_error(&self, z: &[f64], bound: f64) -> f64 {
        let Some((last, before)) = self.weights.split_last() else { return 0.0 };
        let mut sum = 0.0;
        for (&weight, &z) in before.iter().zip(z) {
            if weight > 0.0 {
                if z == f64::NEG_INFINITY {
                    return 0.0;
                }
                sum += weight * z;
            }
        }
        let gap = bound - sum;
        if *last > 0.0 {
            sf(gap / last)
        } else if gap <= 0.0 {
            1.0
        } else {
            0.0
        }
    }

    /// w_k, Σ w_k² = 1.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infinite_evidence_is_never_not_a_number() {
        let combination = InverseNormal::new(&[1.0, 0.0, 3.0]).unwrap();
        assert_eq!(combination.combine(&[f64::INFINITY, 0.0, f64::NEG_INFINITY]), f64::NEG_INFINITY);
        assert_eq!(combination.combine(&[f64::INFINITY, f64::NEG_INFINITY, 1.0]), f64::INFINITY);
        assert_eq!(combination.combine(&[]), f64::NEG_INFINITY);
        assert_eq!(combination.combine(&[1.5]), 1.5);
        assert_eq!(combination.conditional_error(&[f64::NEG_INFINITY, 0.0], 2.0), 0.0);
        assert_eq!(combination.conditional_error(&[f64::INFINITY, 0.0], 2.0), 1.0);
        assert!(InverseNormal::new(&[]).is_err() && InverseNormal::new(&[0.0]).is_err());
        assert!(InverseNormal::two_stage(1.0).is_err() && InverseNormal::two_stage(f64::NAN).is_err());
    }
}
