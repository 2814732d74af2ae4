//! β-spending: futility bounds that spend the type II error, non-binding or binding, and designs that close.

use super::Bounds;
use super::bounds::{BoundError, Ledger, check_level, check_spending_time, solve_down};
use super::crossing::{check_information, check_length, follow};
use super::power::scale_for_power;
use super::recursion::Recursion;
use super::spending::SpendingFunction;
use crate::invalid::{Invalid, require};
use crate::numerics::normal::quantile;
use std::cell::Cell;

/// Where the efficacy bounds of a β-spending design come from.
#[derive(Debug, Clone, Copy)]
pub enum Efficacy<'a> {
    /// Given, as if there were no futility bounds: non-binding.
    NonBinding(&'a [f64]),
    /// Spent by a function of the level with the futility bounds in force: binding.
    Binding {
        /// Spending function of the type I error.
        function: &'a dyn SpendingFunction,
        /// One-sided level, in (0, 0.5).
        alpha: f64,
        /// Spending times of the level.
        spending_time: &'a [f64],
    },
}

/// A design whose last bounds meet: the type II error is spent exactly.
#[derive(Debug, Clone, PartialEq)]
pub struct Closed {
    /// E Z_k = `scale` · shape_k under the alternative.
    pub scale: f64,
    /// Bounds; futility at the last look is −∞, standing for the efficacy bound it meets.
    pub bounds: Bounds,
}

/// Non-binding futility bounds on the z scale: at each look but the last, P₁(first stop at k for futility) = β*(t_k) − spent so far,
/// with the efficacy bounds in force; −∞ at the last look and where nothing is spent.
///
/// * `beta`: type II error to spend, in (0, 1). * `means`: E Z_k under the alternative.
/// * A bound that would pass the efficacy bound is set to it, and spends what it then spends.
///
/// Chang, Hwang and Shih 1998; Pampallona, Tsiatis and Kim 2001.
///
/// # Errors
/// [`BoundError`] when an argument is impossible.
pub fn spend(
    function: &dyn SpendingFunction,
    beta: f64,
    information: &[f64],
    spending_time: &[f64],
    means: &[f64],
    efficacy: &[f64],
) -> Result<Vec<f64>, BoundError> {
    spend_both(Efficacy::NonBinding(efficacy), function, beta, information, spending_time, means)
        .map(|bounds| bounds.futility)
}

/// Both bounds under β-spending at the given alternative, look by look; see [`spend`] and [`Efficacy`].
///
/// # Errors
/// [`BoundError`] when an argument is impossible, or binding futility leaves too little probability to spend the level.
pub fn spend_both(
    efficacy: Efficacy,
    function: &dyn SpendingFunction,
    beta: f64,
    information: &[f64],
    spending_time: &[f64],
    means: &[f64],
) -> Result<Bounds, BoundError> {
    check(efficacy, beta, information, spending_time)?;
    let looks = information.len();
    check_length("number of means", means.len(), looks)?;
    let mut null = Recursion::new(information);
    let mut alternative = Recursion::new(information);
    let mut alpha_ledger = match efficacy {
        Efficacy::NonBinding(_) => None,
        Efficacy::Binding { function, alpha, spending_time } => Some(Ledger::new(function, alpha, spending_time)),
    };
    let mut beta_ledger = Ledger::new(function, beta, spending_time);
    let mut bounds = Bounds { efficacy: Vec::with_capacity(looks), futility: Vec::with_capacity(looks) };
    for look in 0..looks {
        let b = match (efficacy, &mut alpha_ledger) {
            (Efficacy::NonBinding(given), _) => given[look],
            (Efficacy::Binding { .. }, Some(ledger)) => ledger.upper_bound(&null, look)?,
            (Efficacy::Binding { .. }, None) => f64::INFINITY,
        };
        let centred_b = b - means[look];
        let mut a = f64::NEG_INFINITY;
        if look + 1 < looks
            && let Some(increment) = beta_ledger.increment(look)
        {
            let solved = solve_down(&alternative, increment, quantile(increment));
            match solved {
                Some(centred_a) if centred_a < centred_b => {
                    beta_ledger.note(increment);
                    a = centred_a + means[look];
                }
                _ => {
                    beta_ledger.note(alternative.down(centred_b));
                    a = b;
                }
            }
        }
        alternative.advance(a - means[look], centred_b);
        if alpha_ledger.is_some() {
            null.advance(a, b);
        }
        bounds.efficacy.push(b);
        bounds.futility.push(a);
    }
    Ok(bounds)
}

/// The β-spending design that closes: the multiple of `shape` at which P₁(reject) = 1 − β with the futility bounds in force, so that
/// futility and efficacy meet at the last look, and its bounds.
///
/// `shape` holds E Z_k per unit of `scale`, positive at the last look: √(I_k/I_K) gives the drift at full information.
///
/// # Errors
/// [`BoundError`] when an argument is impossible or no multiple closes.
pub fn close(
    efficacy: Efficacy,
    function: &dyn SpendingFunction,
    beta: f64,
    information: &[f64],
    spending_time: &[f64],
    shape: &[f64],
) -> Result<Closed, BoundError> {
    check(efficacy, beta, information, spending_time)?;
    let binding = matches!(efficacy, Efficacy::Binding { .. });
    let meets_early = |bounds: &Bounds| bounds.futility.iter().zip(&bounds.efficacy).any(|(a, b)| a == b);
    let failure = Cell::new(None);
    let means_at = |scale: f64| shape.iter().map(|share| scale * share).collect::<Vec<f64>>();
    let power = |scale: f64| {
        let means = means_at(scale);
        match spend_both(efficacy, function, beta, information, spending_time, &means) {
            Ok(bounds) if !(binding && meets_early(&bounds)) => {
                follow(information, &means, &bounds.efficacy, &bounds.futility).reject()
            }
            // Binding futility that meets efficacy before the last look, or leaves the null too little to spend: too far.
            Ok(_) | Err(BoundError::Unreachable { .. }) => 1.0,
            Err(error) => {
                failure.set(Some(error));
                f64::NAN
            }
        }
    };
    let found = scale_for_power(1.0 - beta, power);
    if let Some(error) = failure.into_inner() {
        return Err(error);
    }
    let scale = found?;
    let means = means_at(scale);
    let bounds = spend_both(efficacy, function, beta, information, spending_time, &means)?;
    Ok(Closed { scale, bounds })
}

fn check(efficacy: Efficacy, beta: f64, information: &[f64], spending_time: &[f64]) -> Result<(), Invalid> {
    check_information(information)?;
    check_spending_time(spending_time, information.len())?;
    require(beta > 0.0 && beta < 1.0, "beta", beta, "must be above 0 and below 1")?;
    match efficacy {
        Efficacy::NonBinding(bounds) => check_length("number of efficacy bounds", bounds.len(), information.len()),
        Efficacy::Binding { alpha, spending_time, .. } => {
            check_spending_time(spending_time, information.len())?;
            check_level("alpha", alpha)
        }
    }
}
