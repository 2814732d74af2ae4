//! Conditional and predictive power: the chance of crossing later, given what a look showed, and the z that gives a chance.

use super::bounds::BoundError;
use super::crossing::{Crossing, canonical, check_information, check_length, check_looks};
use super::{Assumption, Bounds};
use crate::invalid::{Invalid, require};
use crate::numerics::normal::{cdf, quantile};
use crate::numerics::quadrature::legendre;
use crate::numerics::roots::brent;

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

/// E Z_j of all looks under what is assumed for the future of a trial with Z = `z` at `look`. Only increments after `look` count.
pub fn assumed_means(assumption: Assumption, information: &[f64], planned: &[f64], look: usize, z: f64) -> Vec<f64> {
    let now = information[look];
    match assumption {
        Assumption::Assumed => planned.to_vec(),
        Assumption::Trend => information.iter().map(|level| z * (level / now).sqrt()).collect(),
        Assumption::Null => vec![0.0; information.len()],
    }
}

/// Conditional power by the last look alone: P(Z_K ≥ b_K | Z_L = z) = Φ((z√I_L + D − b_K√I_K)/√(I_K − I_L)), D = √I_K E Z_K − √I_L E Z_L
/// (Lan, Simon and Halperin 1982; Jennison and Turnbull 2000, section 10.2).
///
/// # Errors
/// [`Invalid`] as [`conditional_crossing`].
pub fn final_conditional_power(
    information: &[f64],
    means: &[f64],
    bound: f64,
    look: usize,
    z: f64,
) -> Result<f64, Invalid> {
    check_information(information)?;
    check_length("number of means", means.len(), information.len())?;
    check_place(information, look, z)?;
    let last = information.len() - 1;
    let score = |j: usize, value: f64| value * information[j].sqrt();
    let drift = score(last, means[last]) - score(look, means[look]);
    Ok(cdf((score(look, z) + drift - score(last, bound)) / (information[last] - information[look]).sqrt()))
}

fn check_place(information: &[f64], look: usize, z: f64) -> Result<(), Invalid> {
    require(look + 1 < information.len(), "look", look as f64 + 1.0, "must have a later look")?;
    require(z.is_finite(), "observed z", z, "must be finite").map(drop)
}

/// A prior of θ, the drift per unit of information: E Z_k = θ√I_k.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Prior {
    /// Every θ alike.
    Flat,
    /// Normal.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation, above 0.
        sd: f64,
    },
}

impl Prior {
    /// Mean and variance of θ given Z = `z` at information `level`: N(z/√I, 1/I) under the flat prior, precision-weighted with
    /// N(m, s²) under a normal one.
    pub(crate) fn posterior(self, level: f64, z: f64) -> Result<(f64, f64), Invalid> {
        match self {
            Self::Flat => Ok((z / level.sqrt(), 1.0 / level)),
            Self::Normal { mean, sd } => {
                require(mean.is_finite(), "prior mean", mean, "must be finite")?;
                require(sd > 0.0 && sd.is_finite(), "prior sd", sd, "must be above 0 and finite")?;
                let precision = 1.0 / (sd * sd) + level;
                Ok(((mean / (sd * sd) + z * level.sqrt()) / precision, 1.0 / precision))
            }
        }
    }
}

/// Predictive power by the last look alone: the conditional power averaged over the posterior N(m, v) of θ. The score still to
/// come, of Δ = I_K − I_L, is N(mΔ, Δ + vΔ²), so that it is Φ((z√I_L + mΔ − b_K√I_K)/√(Δ + vΔ²)) (Spiegelhalter, Freedman and Blackburn
/// 1986; Jennison and Turnbull 2000, section 10.3).
///
/// # Errors
/// [`Invalid`] as [`conditional_crossing`], or when the prior is impossible.
pub fn final_predictive_power(
    information: &[f64],
    bound: f64,
    look: usize,
    z: f64,
    prior: Prior,
) -> Result<f64, Invalid> {
    check_information(information)?;
    check_place(information, look, z)?;
    let (now, full) = (information[look], information[information.len() - 1]);
    let (mean, variance) = prior.posterior(now, z)?;
    let left = full - now;
    Ok(cdf((z * now.sqrt() + mean * left - bound * full.sqrt()) / (left + variance * left * left).sqrt()))
}

/// Nodes over the posterior, and how many standard deviations they reach: Φ(−8.5) = 1e-17.
const POSTERIOR: (usize, f64) = (48, 8.5);

/// Predictive power over all later looks: the conditional crossing probability averaged over the posterior of θ by quadrature,
/// futility in force; absolute error below 1e-9.
///
/// # Errors
/// [`Invalid`] as [`conditional_crossing`], or when the prior is impossible.
pub fn predictive_power(
    information: &[f64],
    bounds: &Bounds,
    look: usize,
    z: f64,
    prior: Prior,
) -> Result<f64, Invalid> {
    check_information(information)?;
    check_place(information, look, z)?;
    let (mean, variance) = prior.posterior(information[look], z)?;
    let sd = variance.sqrt();
    let mut total = 0.0;
    for (x, weight) in legendre(POSTERIOR.0).on(-POSTERIOR.1, POSTERIOR.1) {
        let means: Vec<f64> = information.iter().map(|level| (mean + sd * x) * level.sqrt()).collect();
        let reject = conditional_crossing(information, &means, bounds, look, z)?.reject();
        total += weight * crate::numerics::normal::pdf(x) * reject;
    }
    Ok(total.clamp(0.0, 1.0))
}

/// Futility bounds on z: at look k the z whose conditional power (of crossing any later efficacy bound, futility ignored) is
/// `least[k]`; −∞ where that is 0 and at the last look.
///
/// `means`: E Z_k under the planning truth, used under [`Assumption::Assumed`] alone.
///
/// # Errors
/// [`BoundError`] when an argument is impossible.
pub fn z_for_conditional_power(
    information: &[f64],
    means: &[f64],
    efficacy: &[f64],
    least: &[f64],
    under: Assumption,
) -> Result<Vec<f64>, BoundError> {
    if under == Assumption::Assumed {
        check_length("number of means", means.len(), information.len())?;
    }
    z_for(information, efficacy, least, |bounds, look, z| {
        let means = assumed_means(under, information, means, look, z);
        conditional_crossing(information, &means, bounds, look, z).map(|crossing| crossing.reject())
    })
}

/// Futility bounds on z: at look k the z whose predictive power under a flat prior is `least[k]`; −∞ where that is 0 and at the last
/// look. See [`z_for_conditional_power`].
///
/// # Errors
/// [`BoundError`] when an argument is impossible.
pub fn z_for_predictive_power(information: &[f64], efficacy: &[f64], least: &[f64]) -> Result<Vec<f64>, BoundError> {
    z_for(information, efficacy, least, |bounds, look, z| predictive_power(information, bounds, look, z, Prior::Flat))
}

fn z_for(
    information: &[f64],
    efficacy: &[f64],
    least: &[f64],
    chance: impl Fn(&Bounds, usize, f64) -> Result<f64, Invalid>,
) -> Result<Vec<f64>, BoundError> {
    let looks = information.len();
    check_information(information)?;
    check_length("number of efficacy bounds", efficacy.len(), looks)?;
    check_length("number of powers", least.len(), looks)?;
    let bounds = Bounds { efficacy: efficacy.to_vec(), futility: vec![f64::NEG_INFINITY; looks] };
    let bound = |look: usize| {
        let goal = require(least[look] >= 0.0 && least[look] < 1.0, "power", least[look], "must be in [0, 1)")?;
        if goal == 0.0 || look + 1 == looks {
            return Ok(f64::NEG_INFINITY);
        }
        let z_goal = quantile(goal);
        let distance = |z: f64| {
            let chance = chance(&bounds, look, z).unwrap_or(f64::NAN);
            quantile(chance.clamp(1e-300, 1.0 - 1e-16)) - z_goal
        };
        // The chance rises in z. Beyond the ends nobody ever sees a z.
        let (low, high) = (-30.0, 30.0);
        let (at_low, at_high) = (distance(low), distance(high));
        if at_low >= 0.0 {
            return Ok(f64::NEG_INFINITY);
        }
        if at_high <= 0.0 {
            return Ok(f64::INFINITY);
        }
        Ok(brent(low, high, 1e-11, distance)?)
    };
    (0..looks).map(bound).collect()
}
