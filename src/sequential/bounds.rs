//! Efficacy bounds from what was asked for, and the whole set of bounds of a plan.

use super::crossing::{check_information, check_length, follow};
use super::recursion::Recursion;
use super::spending::SpendingFunction;
use super::{BoundPlan, Bounds, EfficacyPlan, FutilityPlan, futility};
use crate::invalid::{Invalid, require};
use crate::numerics::normal::{pdf, upper_quantile};
use crate::numerics::roots::{RootError, brent};

/// Why there are no bounds.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BoundError {
    /// A number that cannot be.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The interim bounds leave nothing of the level.
    #[error("the looks before look {look} spend {spent} of the level {level}, which leaves nothing")]
    LevelExhausted {
        /// The look that should take the rest, from 1.
        look: usize,
        /// Spent before it.
        spent: f64,
        /// The level.
        level: f64,
    },
    /// The continuation region holds less probability than should be spent.
    #[error("look {look} cannot spend {increment}: less probability than that reaches it")]
    Unreachable {
        /// The look, from 1.
        look: usize,
        /// What it should spend.
        increment: f64,
    },
    /// A constant or a drift could not be found.
    #[error(transparent)]
    Root(#[from] RootError),
}

/// One- or two-sided rejection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sides {
    /// Reject above the bound.
    One,
    /// Reject above the bound and below its negative; the level counts both.
    Two,
}

/// Below this no bound is looked for: nothing stands there.
const LOWEST: f64 = -10.0;

/// Less than this is not spent but saved for a later look: the bound is infinite.
const LEAST_INCREMENT: f64 = 1e-14;

/// Efficacy bounds on the z scale, one per look, as if there were no futility bounds; infinite where nothing is spent.
///
/// * `alpha`: one-sided level, in (0, 0.5).
/// * `information`: I_1 < … < I_K, positive, in any unit.
/// * `spending_time`: one per look, non-decreasing in [0, 1]; used by [`EfficacyPlan::Spending`] only. The last look spends
///   all that is left, whatever its spending time.
///
/// Under spending, look k's bound solves P₀(first crossing at k) = α*(t_k) − spent so far (Lan and DeMets 1983), to 1e-13 of the
/// increment. The covariance uses information, the level spending time (Lan and DeMets 1989).
///
/// # Errors
/// [`BoundError`] when an argument is impossible or the interim bounds exhaust the level.
pub fn efficacy_bounds(
    plan: &EfficacyPlan,
    alpha: f64,
    information: &[f64],
    spending_time: &[f64],
) -> Result<Vec<f64>, BoundError> {
    check_level("alpha", alpha)?;
    check_information(information)?;
    let looks = information.len();
    match plan {
        EfficacyPlan::Spending(function) => spend(function.as_ref(), alpha, information, spending_time),
        EfficacyPlan::Bounds(bounds) => {
            check_length("number of efficacy bounds", bounds.len(), looks)?;
            for &bound in bounds {
                require(!bound.is_nan(), "efficacy bound", bound, "must be a number")?;
            }
            Ok(bounds.clone())
        }
        EfficacyPlan::WangTsiatis { delta } => wang_tsiatis(*delta, alpha, information, Sides::One),
        EfficacyPlan::HaybittlePeto { z } => haybittle_peto(*z, alpha, information),
    }
}

/// Bounds of a whole plan.
///
/// * `spending_time`: default spending times; those of the plan go first. Both errors use the same.
/// * `means`: E Z_k under the truth that β-spending plans on (used by it alone).
/// * `z_of_hazard_ratio`: the z at look k (from 0) of an observed hazard ratio (used by hazard-ratio futility alone).
///
/// Futility is non-binding: efficacy is as if there were none. It is never above efficacy, and −∞ at the last look.
///
/// # Errors
/// [`BoundError`] when an argument is impossible or no bounds exist.
pub fn bounds(
    plan: &BoundPlan,
    alpha: f64,
    information: &[f64],
    spending_time: &[f64],
    means: &[f64],
    z_of_hazard_ratio: impl Fn(usize, f64) -> f64,
) -> Result<Bounds, BoundError> {
    let spending_time = plan.spending_time.as_deref().unwrap_or(spending_time);
    let efficacy = efficacy_bounds(&plan.efficacy, alpha, information, spending_time)?;
    let looks = information.len();
    let mut futility = match &plan.futility {
        None => vec![f64::NEG_INFINITY; looks],
        Some(FutilityPlan::Bounds(bounds)) => bounds.clone(),
        Some(FutilityPlan::HazardRatio(ratios)) => {
            let z = |(look, &ratio): (usize, &f64)| {
                if ratio == f64::INFINITY { f64::NEG_INFINITY } else { z_of_hazard_ratio(look, ratio) }
            };
            ratios.iter().enumerate().map(z).collect()
        }
        Some(FutilityPlan::Spending { function, beta }) => {
            futility::spend(function.as_ref(), *beta, information, spending_time, means, &efficacy)?
        }
    };
    check_length("number of futility bounds", futility.len(), looks)?;
    for (bound, &ceiling) in futility.iter_mut().zip(&efficacy) {
        require(!bound.is_nan(), "futility bound", *bound, "must be a number")?;
        *bound = bound.min(ceiling);
    }
    futility[looks - 1] = f64::NEG_INFINITY;
    Ok(Bounds { efficacy, futility })
}

/// Bounds of an error-spending function.
fn spend(
    function: &dyn SpendingFunction,
    alpha: f64,
    information: &[f64],
    spending_time: &[f64],
) -> Result<Vec<f64>, BoundError> {
    check_spending_time(spending_time, information.len())?;
    let mut recursion = Recursion::new(information);
    let mut ledger = Ledger::new(function, alpha, spending_time);
    let mut bounds = Vec::with_capacity(information.len());
    for look in 0..information.len() {
        let bound = ledger.upper_bound(&recursion, look)?;
        bounds.push(bound);
        recursion.advance(f64::NEG_INFINITY, bound);
    }
    Ok(bounds)
}

/// What has been spent so far of an error.
pub(super) struct Ledger<'a> {
    function: &'a dyn SpendingFunction,
    total: f64,
    spending_time: &'a [f64],
    spent: f64,
}

impl<'a> Ledger<'a> {
    pub fn new(function: &'a dyn SpendingFunction, total: f64, spending_time: &'a [f64]) -> Self {
        Self { function, total, spending_time, spent: 0.0 }
    }

    /// What a look should spend; `None` when too little to be worth a bound.
    pub fn increment(&self, look: usize) -> Option<f64> {
        let last = look + 1 == self.spending_time.len();
        let due =
            if last { self.total } else { self.function.spent(self.total, self.spending_time[look]).min(self.total) };
        let increment = due - self.spent;
        let least = if last { 0.0 } else { LEAST_INCREMENT.min(1e-6 * self.total) };
        (increment > least).then_some(increment)
    }

    /// What has been written down so far.
    pub fn spent(&self) -> f64 {
        self.spent
    }

    /// Writes down what a look did spend.
    pub fn note(&mut self, spent: f64) {
        self.spent += spent;
    }

    /// The upper bound of the look ahead on the centred scale, written down.
    pub fn upper_bound(&mut self, recursion: &Recursion, look: usize) -> Result<f64, BoundError> {
        let Some(increment) = self.increment(look) else { return Ok(f64::INFINITY) };
        let bound = solve_up(recursion, increment, upper_quantile(self.spent + increment))
            .ok_or(BoundError::Unreachable { look: look + 1, increment })?;
        self.note(increment);
        Ok(bound)
    }
}

/// b with P(reach the look ahead, X ≥ b) = `target`; `None` when the probability of reaching it is not above `target`.
///
/// Newton's method on z(P(b)) = z(target), z = Φ̄⁻¹, which is a straight line at the first look and nearly one later; bisection
/// where Newton leaves the bracket.
pub(super) fn solve_up(recursion: &Recursion, target: f64, start: f64) -> Option<f64> {
    solve(target, start, |x| recursion.up_with_density(x))
}

/// a with P(reach the look ahead, X ≤ a) = `target`; `None` when the probability of reaching it is not above `target`.
pub(super) fn solve_down(recursion: &Recursion, target: f64, start: f64) -> Option<f64> {
    solve(target, -start, |x| (recursion.down(-x), recursion.density(-x))).map(|x| -x)
}

/// x with tail(x) = `target`, for a falling tail given with minus its derivative.
fn solve(target: f64, start: f64, tail: impl Fn(f64) -> (f64, f64)) -> Option<f64> {
    let (mut low, mut high) = (LOWEST, 40.0);
    let z_target = upper_quantile(target);
    let mut x = start.clamp(low, high);
    for _ in 0..120 {
        let (probability, density) = tail(x);
        if probability > target {
            low = x;
        } else {
            high = x;
        }
        let z = upper_quantile(probability);
        let step = (z_target - z) * pdf(z) / density;
        // Quadratic convergence: the error after a step of 1e-7 is rounding.
        if step.abs() < 1e-7 {
            return Some(x + step);
        }
        x += step;
        if !(x > low && x < high) {
            if high - low < 1e-14 * high.abs().max(1.0) {
                return (low > LOWEST).then_some(low);
            }
            x = 0.5 * (low + high);
        }
    }
    (low > LOWEST).then_some(x)
}

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
    require(delta.is_finite() && delta.abs() <= 10.0, "delta", delta, "must be between -10 and 10")?;
    let level = if sides == Sides::Two { 0.5 * alpha } else { alpha };
    check_level("alpha", level)?;
    check_information(information)?;
    let looks = information.len();
    let full = information[looks - 1];
    let shape: Vec<f64> = information.iter().map(|level| libm::pow(level / full, delta - 0.5)).collect();
    let zeros = vec![0.0; looks];
    let mut upper = vec![0.0; looks];
    let mut lower = vec![f64::NEG_INFINITY; looks];
    let z_level = upper_quantile(level);
    let mut excess = |constant: f64| {
        for look in 0..looks {
            upper[look] = constant * shape[look];
            if sides == Sides::Two {
                lower[look] = -upper[look];
            }
        }
        upper_quantile(follow(information, &zeros, &upper, &lower).reject()) - z_level
    };
    // The largest single look spends no more than the whole level, Bonferroni no less.
    let least = shape.iter().copied().fold(f64::INFINITY, f64::min);
    let (low, high) = (0.999 * z_level / least, 1.001 * upper_quantile(level / looks as f64) / least);
    let constant = brent(low, high, 1e-13, &mut excess)?;
    Ok(shape.iter().map(|share| constant * share).collect())
}

/// `z` at every look but the last, which takes what is left of the level (Haybittle 1971; Peto et al. 1976).
///
/// # Errors
/// [`BoundError::LevelExhausted`] when nothing is left.
fn haybittle_peto(z: f64, alpha: f64, information: &[f64]) -> Result<Vec<f64>, BoundError> {
    require(!z.is_nan(), "haybittle_peto", z, "must be a number")?;
    let last = information.len() - 1;
    let mut recursion = Recursion::new(information);
    let mut spent = 0.0;
    for _ in 0..last {
        spent += recursion.up(z);
        recursion.advance(f64::NEG_INFINITY, z);
    }
    let exhausted = BoundError::LevelExhausted { look: last + 1, spent, level: alpha };
    if spent >= alpha {
        return Err(exhausted);
    }
    let mut bounds = vec![z; last];
    bounds.push(solve_up(&recursion, alpha - spent, upper_quantile(alpha)).ok_or(exhausted)?);
    Ok(bounds)
}

/// Checks a one-sided level: in (0, 0.5).
pub(super) fn check_level(what: &'static str, level: f64) -> Result<(), Invalid> {
    require(level > 0.0 && level < 0.5, what, level, "must be above 0 and below 0.5 (one-sided)").map(drop)
}

/// Checks spending times: one a look, in [0, 1], non-decreasing.
pub(super) fn check_spending_time(spending_time: &[f64], looks: usize) -> Result<(), Invalid> {
    check_length("number of spending times", spending_time.len(), looks)?;
    let mut before = 0.0;
    for &time in spending_time {
        require(
            time >= before && time <= 1.0,
            "spending time",
            time,
            "must be in [0, 1] and not fall from look to look",
        )?;
        before = time;
    }
    Ok(())
}
