//! Conditional power: the chance of crossing later, given what a look showed.

use super::Bounds;
use super::crossing::{Crossing, canonical, check_information, check_looks};
use crate::invalid::{Invalid, require};

/// Crossing probabilities of the looks after `look` (from 0), given Z = `z` there and that the trial goes on.
///
/// * `information`, `means`, `bounds`: of all looks, as for [`canonical`]; `means` under whatever is assumed for the future. Their
///   increments count, √I_j E Z_j − √I_L E Z_L, so that a delayed effect keeps its course.
///
/// Given Z_L = z the later looks are canonical again, with information I_j − I_L and bounds
/// (b_j√I_j − z√I_L)/√(I_j − I_L) (Jennison and Turnbull 2000, chapter 10; Müller and Schäfer 2001).
///
/// # Errors
/// [`Invalid`] as [`canonical`], or when there is no later look.
pub fn conditional_crossing(
    information: &[f64],
    means: &[f64],
    bounds: &Bounds,
    look: usize,
    z: f64,
) -> Result<Crossing, Invalid> {
    check_information(information)?;
    check_looks(information.len(), means, bounds)?;
    require(look + 1 < information.len(), "look", look as f64 + 1.0, "must have a later look")?;
    require(z.is_finite(), "observed z", z, "must be finite")?;
    let (now, later) = (information[look], look + 1..information.len());
    let remaining: Vec<f64> = later.clone().map(|j| information[j] - now).collect();
    let score = |j: usize, value: f64| value * information[j].sqrt();
    let shifted = |values: &[f64], origin: f64| -> Vec<f64> {
        later.clone().zip(&remaining).map(|(j, left)| (score(j, values[j]) - origin) / left.sqrt()).collect()
    };
    let future = Bounds {
        efficacy: shifted(&bounds.efficacy, score(look, z)),
        futility: shifted(&bounds.futility, score(look, z)),
    };
    canonical(&remaining, &shifted(means, score(look, means[look])), &future)
}
