//! Assurance: operating characteristics averaged over what is not known.
//!
//! Assurance is ∫ P(reject | truth) dπ(truth) (Spiegelhalter and Freedman 1986; O'Hagan, Stevens and Campbell 2005, equation 1). The
//! design stays as planned: bounds and information fractions are those of the planning truth at every point.

use crate::engine::Estimate;
use crate::numerics::mvn::{Lattice, SHIFTS};
use crate::search::Prior;
use rayon::prelude::*;

/// Lattice points per shift.
pub const POINTS: usize = 128;
/// Where an answer takes as long as the asymptotic engine's.
pub const FEW_POINTS: usize = 32;

/// What one answer is at one point of the prior.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AtPoint {
    /// P(reject any hypothesis).
    pub power: f64,
    /// Whether some hypothesis is false there.
    pub benefit: bool,
    /// Expected patients, events and months.
    pub expected: [f64; 3],
}

/// One answer averaged over the prior.
#[derive(Debug, Clone, PartialEq)]
pub struct Assurance {
    /// P(reject any hypothesis): the assurance.
    pub reject_any: Estimate,
    /// Probability that there is a benefit.
    pub benefit: Estimate,
    /// Probability of a benefit and a rejection.
    pub reject_any_and_benefit: Estimate,
    /// Expected patients, events and months.
    pub expected: [Estimate; 3],
    /// Quantiles of the power over the prior at [`PROBABILITIES`].
    pub power_quantiles: [f64; 5],
    /// Points of the prior at which the design was evaluated.
    pub points: usize,
}

/// Probabilities of the power's quantiles.
pub const PROBABILITIES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// Averages `answers` answers over the prior. `evaluate(values, point, points)` gives all of them at one point, of which `points` are
/// asked for; `per_shift` points belong to each shift of the lattice.
///
/// A discrete prior of independent unknowns is summed exactly. Otherwise the points are a randomly shifted lattice under the prior's
/// quantiles, and the errors are the standard errors over the shifts (Genz and Bretz 2009, section 4.2.2).
///
/// # Errors
/// The first error of `evaluate`, in order of the points.
pub fn assurance<E: Send>(
    prior: &Prior,
    answers: usize,
    per_shift: usize,
    evaluate: impl Fn(&[f64], usize, usize) -> Result<Vec<AtPoint>, E> + Sync,
) -> Result<Vec<Assurance>, E> {
    if let Some(atoms) = prior.atoms() {
        let count = atoms.len();
        let found: Vec<Vec<AtPoint>> = atoms
            .par_iter()
            .enumerate()
            .map(|(index, (values, _))| evaluate(values, index, count))
            .collect::<Result<_, E>>()?;
        let weights: Vec<f64> = atoms.iter().map(|(_, weight)| *weight).collect();
        return Ok((0..answers).map(|answer| averaged(&found, answer, &weights, None)).collect());
    }
    let lattice = Lattice::new(prior.dimension());
    let count = SHIFTS * per_shift;
    let found: Vec<Vec<AtPoint>> = (0..count)
        .into_par_iter()
        .map(|index| {
            let mut point = vec![0.0; prior.dimension()];
            lattice.point(index / per_shift, index % per_shift, &mut point);
            evaluate(&prior.at(&point), index, count)
        })
        .collect::<Result<_, E>>()?;
    let weights = vec![1.0 / count as f64; count];
    Ok((0..answers).map(|answer| averaged(&found, answer, &weights, Some(per_shift))).collect())
}

/// One answer averaged; `per_shift` points belong to each shift, if there are shifts.
fn averaged(found: &[Vec<AtPoint>], answer: usize, weights: &[f64], per_shift: Option<usize>) -> Assurance {
    let mean = |of: &dyn Fn(&AtPoint) -> f64| {
        let value = found.iter().zip(weights).map(|(all, weight)| weight * of(&all[answer])).sum();
        let mcse = per_shift.map(|points| {
            let shifts = found
                .chunks(points)
                .map(|chunk| chunk.iter().map(|all| of(&all[answer])).sum::<f64>() / chunk.len() as f64);
            let spread: f64 = shifts.map(|shift| (shift - value) * (shift - value)).sum();
            (spread / (SHIFTS * (SHIFTS - 1)) as f64).sqrt()
        });
        Estimate { value, mcse }
    };
    let benefit = |at: &AtPoint| f64::from(u8::from(at.benefit));
    let mut powers: Vec<(f64, f64)> =
        found.iter().zip(weights).map(|(all, weight)| (all[answer].power, *weight)).collect();
    powers.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let quantile = |probability: f64| {
        let mut below = 0.0;
        let at = powers.iter().find(|(_, weight)| {
            below += weight;
            below >= probability - 1e-12
        });
        at.or(powers.last()).map_or(f64::NAN, |(power, _)| *power)
    };
    Assurance {
        reject_any: mean(&|at| at.power),
        benefit: mean(&benefit),
        reject_any_and_benefit: mean(&|at| at.power * benefit(at)),
        expected: [0, 1, 2].map(|what: usize| mean(&|at| at.expected[what])),
        power_quantiles: PROBABILITIES.map(quantile),
        points: found.len(),
    }
}
