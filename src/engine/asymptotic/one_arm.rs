//! Phase III with one kept arm in the combined closed test, as a function of stage 1.
//!
//! Every set of hypotheses that holds the kept arm has the same stage 2, so that the arm is rejected when the set with the
//! smallest stage 1 quantile q is: at the first look k with Σ_{i≤k} √((1 − w)(f_i − f_{i−1}))·Z_i ≥ b_k √(w + (1 − w)f_k) − √w·q
//! (symbols of [`crate::engine::simulation::closed::Tests::combined`]). Those crossing probabilities are tabulated in q by
//! quadrature and read by cubic interpolation.

use crate::engine::Plan;
use crate::engine::asymptotic::law::Law;
use crate::invalid::Invalid;
use crate::sequential::{Bounds, joint};
use nalgebra::{DMatrix, DVector};

/// Quantiles tabulated: from −`REACH` to `REACH`.
const REACH: f64 = 6.0;
/// Looks up to which the recursion is exact and fast enough to be tabulated.
pub const MOST_LOOKS: usize = 3;

/// Crossing probabilities over q.
pub struct OneArm {
    step: f64,
    /// `efficacy[shift][point][look]`.
    efficacy: Vec<Vec<Vec<f64>>>,
}

impl OneArm {
    /// From the law of the standardised increments of phase III.
    ///
    /// # Errors
    /// As [`joint::joint`].
    pub fn new(law: &Law, plan: &Plan) -> Result<Self, Invalid> {
        let looks = plan.looks.len();
        let step = if looks < MOST_LOOKS { 0.125 } else { 0.25 };
        let weight = plan.stage1_weight.unwrap_or(0.0);
        let fraction = |k: usize| plan.looks[k].stage2_fraction;
        // Sums of increments over their null standard deviation.
        let sums = DMatrix::from_fn(looks, looks, |k, i| {
            let before = if i == 0 { 0.0 } else { fraction(i - 1) };
            if i <= k { ((fraction(i) - before) / fraction(k)).max(0.0).sqrt() } else { 0.0 }
        });
        let means = &sums * DVector::from_column_slice(&law.means);
        let points = (2.0 * REACH / step).round() as usize;
        let mut efficacy = Vec::with_capacity(law.covariances.len());
        for covariance in &law.covariances {
            let covariance = &sums * covariance * sums.transpose();
            let mut table = Vec::with_capacity(points + 1);
            for point in 0..=points {
                let q = point as f64 * step - REACH;
                let bound = |k: usize| {
                    let scale = ((1.0 - weight) * fraction(k)).sqrt();
                    (plan.bounds.efficacy[k] * (weight + (1.0 - weight) * fraction(k)).sqrt() - weight.sqrt() * q)
                        / scale
                };
                let bounds =
                    Bounds { efficacy: (0..looks).map(bound).collect(), futility: vec![f64::NEG_INFINITY; looks] };
                table.push(joint::joint(means.as_slice(), &covariance, &bounds)?.efficacy);
            }
            efficacy.push(table);
        }
        Ok(Self { step, efficacy })
    }

    /// First crossing of each look at stage 1 quantile `q`, by the cubic through four neighbours.
    pub fn at(&self, shift: usize, q: f64, efficacy: &mut [f64]) {
        let table = &self.efficacy[shift];
        let place = ((q + REACH) / self.step).clamp(0.0, (table.len() - 1) as f64);
        let first = (place as usize).saturating_sub(1).min(table.len() - 4);
        let x = place - first as f64;
        let weights = [
            -(x - 1.0) * (x - 2.0) * (x - 3.0) / 6.0,
            x * (x - 2.0) * (x - 3.0) / 2.0,
            -x * (x - 1.0) * (x - 3.0) / 2.0,
            x * (x - 1.0) * (x - 2.0) / 6.0,
        ];
        for (look, value) in efficacy.iter_mut().enumerate() {
            let cubic: f64 = weights.iter().enumerate().map(|(i, weight)| weight * table[first + i][look]).sum();
            *value = cubic.clamp(0.0, 1.0);
        }
    }
}
