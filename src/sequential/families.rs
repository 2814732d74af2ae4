//! Classical families of bounds: Wang–Tsiatis, Haybittle–Peto, Pampallona–Tsiatis.

use super::Bounds;
use super::bounds::{BoundError, Frame, Sides, check_level, solve_up};
use super::crossing::{check_information, follow};
use super::recursion::Recursion;
use crate::invalid::require;
use crate::numerics::normal::{quantile, upper_quantile};
use crate::numerics::roots::{bracket_monotone, brent};

/// Bounds C·τ_k^{Δ−1/2}, τ_k = I_k/I_K, with C such that the level is exhausted (Wang and Tsiatis 1987); Δ = 0 is O'Brien and
/// Fleming (1979), Δ = ½ Pocock (1977). The last bound is C.
///
/// # Errors
/// [`BoundError`] when an argument is impossible.
///
/// ```
/// // Pocock's constant for five looks, two-sided 0.05: 2.413.
/// use seamline::sequential::bounds::{Sides, wang_tsiatis};
/// let bounds = wang_tsiatis(0.5, 0.05, &[1.0, 2.0, 3.0, 4.0, 5.0], Sides::Two)?;
/// assert!((bounds[0] - 2.413_176).abs() < 1e-6);
/// # Ok::<(), seamline::sequential::bounds::BoundError>(())
/// ```
pub fn wang_tsiatis(delta: f64, alpha: f64, information: &[f64], sides: Sides) -> Result<Vec<f64>, BoundError> {
    let level = if sides == Sides::Two { 0.5 * alpha } else { alpha };
    wang_tsiatis_framed(delta, level, information, Frame { sides, ..Frame::default() })
}

/// [`wang_tsiatis`] within a frame; `alpha` is the level of each side.
pub(super) fn wang_tsiatis_framed(
    delta: f64,
    alpha: f64,
    information: &[f64],
    frame: Frame,
) -> Result<Vec<f64>, BoundError> {
    require(delta.is_finite() && delta.abs() <= 10.0, "delta", delta, "must be between -10 and 10")?;
    check_level("alpha", alpha)?;
    check_information(information)?;
    let looks = information.len();
    let shape: Vec<f64> = power_shape(delta, information)
        .into_iter()
        .enumerate()
        .map(|(look, share)| if frame.has(look) { share } else { f64::INFINITY })
        .collect();
    let zeros = vec![0.0; looks];
    let mut upper = vec![0.0; looks];
    let mut lower = vec![f64::NEG_INFINITY; looks];
    let z_level = upper_quantile(alpha);
    let mut excess = |constant: f64| {
        for look in 0..looks {
            upper[look] = constant * shape[look];
            lower[look] = frame.below(look, upper[look]);
        }
        upper_quantile(follow(information, &zeros, &upper, &lower).reject()) - z_level
    };
    // The largest single look spends no more than the whole level, Bonferroni no less; obeyed futility bounds leave more.
    let least = shape.iter().copied().fold(f64::INFINITY, f64::min);
    let low = if frame.lower.is_some() { 1e-3 } else { 0.999 * z_level / least };
    let high = 1.001 * upper_quantile(alpha / looks as f64) / least;
    let constant = brent(low, high, 1e-13, &mut excess)?;
    Ok(shape.iter().map(|share| constant * share).collect())
}

/// τ_k^{Δ−½}, τ_k = I_k/I_K.
fn power_shape(delta: f64, information: &[f64]) -> Vec<f64> {
    let full = information[information.len() - 1];
    information.iter().map(|level| libm::pow(level / full, delta - 0.5)).collect()
}

/// `z` at every look but the last, which takes what is left of the level (Haybittle 1971; Peto et al. 1976).
///
/// # Errors
/// [`BoundError::LevelExhausted`] when nothing is left.
pub(super) fn haybittle_peto(z: f64, alpha: f64, information: &[f64], frame: Frame) -> Result<Vec<f64>, BoundError> {
    require(!z.is_nan(), "haybittle_peto", z, "must be a number")?;
    let last = information.len() - 1;
    let mut bounds: Vec<f64> = (0..last).map(|look| if frame.has(look) { z } else { f64::INFINITY }).collect();
    bounds.push(last_bound(alpha, information, &bounds, frame)?);
    Ok(bounds)
}

/// The last look's bound when the looks before have these: it takes what is left of the level.
///
/// # Errors
/// [`BoundError::LevelExhausted`] when nothing is left.
pub(super) fn last_bound(alpha: f64, information: &[f64], before: &[f64], frame: Frame) -> Result<f64, BoundError> {
    let mut recursion = Recursion::new(information);
    let mut spent = 0.0;
    for (look, &bound) in before.iter().enumerate() {
        spent += recursion.up(bound);
        recursion.advance(frame.below(look, bound), bound);
    }
    let exhausted = BoundError::LevelExhausted { look: before.len() + 1, spent, level: alpha };
    if spent >= alpha {
        return Err(exhausted);
    }
    solve_up(&recursion, alpha - spent, upper_quantile(alpha)).ok_or(exhausted)
}

/// Bounds of Pampallona and Tsiatis (1994): efficacy b_k = C₁ τ_k^{Δ₁−½}, futility a_k = δ√τ_k − C₀ τ_k^{Δ₀−½}, τ_k = I_k/I_K, with
/// δ = C₁ + C₀ (they meet at the last look), P₀(reject) = α and P_δ(reject) = 1 − β under the constant effect with drift δ at full
/// information.
///
/// * `deltas`: Δ₁ and Δ₀. * `errors`: α in (0, 0.5), β in (0, 1 − α).
/// * `binding`: whether C₁ counts on the futility bounds; else it is that of Wang and Tsiatis.
///
/// # Errors
/// [`BoundError`] when an argument is impossible or no constants exist.
pub fn pampallona_tsiatis(
    deltas: [f64; 2],
    errors: [f64; 2],
    information: &[f64],
    binding: bool,
) -> Result<Bounds, BoundError> {
    let ([alpha, beta], looks) = (errors, information.len());
    for delta in deltas {
        require((-10.0..=0.5).contains(&delta), "delta", delta, "must be between -10 and 0.5")?;
    }
    check_level("alpha", alpha)?;
    require(beta > 0.0 && beta < 1.0 - alpha, "beta", beta, "must be above 0 and below 1 - alpha")?;
    check_information(information)?;
    let [upper_shape, lower_shape] = deltas.map(|delta| power_shape(delta, information));
    let root_share = power_shape(1.0, information);
    let at = |c1: f64, c0: f64| {
        let efficacy: Vec<f64> = upper_shape.iter().map(|share| c1 * share).collect();
        let futility = (0..looks).map(|k| ((c1 + c0) * root_share[k] - c0 * lower_shape[k]).min(efficacy[k]));
        Bounds { futility: futility.collect(), efficacy }
    };
    let open = if binding {
        None
    } else {
        wang_tsiatis_framed(deltas[0], alpha, information, Frame::default())?.last().copied()
    };
    let zeros = vec![0.0; looks];
    // C₁ that holds the level beside a C₀.
    let efficacy_constant = |c0: f64| {
        open.map_or_else(
            || {
                let excess = |c1: f64| {
                    let bounds = at(c1, c0);
                    let level = follow(information, &zeros, &bounds.efficacy, &bounds.futility).reject();
                    quantile(alpha) - quantile(level.clamp(1e-300, 1.0 - 1e-16))
                };
                let start = upper_quantile(alpha);
                bracket_monotone(start, 0.2 * start, (1e-3, 40.0), excess)
                    .and_then(|(low, high)| brent(low, high, 1e-13, excess))
            },
            Ok,
        )
    };
    let shortfall = |c0: f64| {
        let Ok(c1) = efficacy_constant(c0) else { return f64::NAN };
        let bounds = at(c1, c0);
        let means: Vec<f64> = root_share.iter().map(|share| (c1 + c0) * share).collect();
        let power = follow(information, &means, &bounds.efficacy, &bounds.futility).reject();
        quantile(power.clamp(1e-300, 1.0 - 1e-16)) - quantile(1.0 - beta)
    };
    let start = upper_quantile(beta);
    let (low, high) = bracket_monotone(start, 0.3, (start - 1.0, start + 20.0), shortfall)?;
    let c0 = brent(low, high, 1e-12, shortfall)?;
    let c1 = efficacy_constant(c0)?;
    let mut bounds = at(c1, c0);
    bounds.futility[looks - 1] = f64::NEG_INFINITY;
    Ok(bounds)
}
