//! Power of given bounds, and the drift that a power asks for.

use super::Bounds;
use super::bounds::BoundError;
use super::crossing::{canonical, check_information, check_looks, follow};
use crate::invalid::{Invalid, require};
use crate::numerics::normal::{quantile, upper_quantile};
use crate::numerics::roots::{RootError, bracket_monotone, brent};

/// P(any efficacy bound is crossed) with futility in force, canonical law; see [`canonical`].
///
/// # Errors
/// As [`canonical`].
pub fn power(information: &[f64], means: &[f64], bounds: &Bounds) -> Result<f64, Invalid> {
    canonical(information, means, bounds).map(|crossing| crossing.reject())
}

/// The multiple of `shape` (E Z_k per unit) at which the bounds have the given power, to 1e-12.
///
/// `shape` = √(I_k/I_K) gives the drift at full information, δ = θ√I_K.
///
/// # Errors
/// [`BoundError`] when an argument is impossible or no multiple up to 1000 has that power.
pub fn drift_for_power(information: &[f64], bounds: &Bounds, shape: &[f64], power: f64) -> Result<f64, BoundError> {
    check_information(information)?;
    check_looks(information.len(), shape, bounds)?;
    require(power > 0.0 && power < 1.0, "power", power, "must be above 0 and below 1")?;
    let mut means = vec![0.0; shape.len()];
    let found = scale_for_power(power, |scale| {
        for (mean, share) in means.iter_mut().zip(shape) {
            *mean = scale * share;
        }
        follow(information, &means, &bounds.efficacy, &bounds.futility).reject()
    });
    Ok(found?)
}

/// Maximum information of a design over that of a single look of the same one-sided level and power:
/// R = δ²/(z_α + z_β)², δ the drift at full information (Jennison and Turnbull 2000, section 2.3).
pub fn inflation_factor(drift: f64, alpha: f64, power: f64) -> f64 {
    (drift / (upper_quantile(alpha) - upper_quantile(power))).powi(2)
}

/// √(I_k/I_K): E Z_k per unit of drift at full information, under a constant effect.
pub fn constant_effect(information: &[f64]) -> Vec<f64> {
    let full = information.last().copied().unwrap_or(1.0);
    information.iter().map(|level| (level / full).sqrt()).collect()
}

/// The scale at which a rising power reaches its goal; solved on the z scale, where it is nearly a straight line.
pub(super) fn scale_for_power(goal: f64, mut power: impl FnMut(f64) -> f64) -> Result<f64, RootError> {
    let z_goal = quantile(goal);
    // Probabilities are kept off 0 and 1, so that certain outcomes are far away and not infinite.
    let mut distance = |scale: f64| {
        let power = power(scale);
        if power.is_nan() { f64::NAN } else { quantile(power.clamp(1e-300, 1.0 - 1e-16)) - z_goal }
    };
    let (low, high) = bracket_monotone(3.0, 0.5, (0.0, 1000.0), &mut distance)?;
    brent(low, high, 1e-12, &mut distance)
}
