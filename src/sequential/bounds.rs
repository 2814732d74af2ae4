//! Efficacy bounds from what was asked for, and the whole set of bounds of a plan.

use super::conditional::{z_for_conditional_power, z_for_predictive_power};
use super::crossing::{check_information, check_length};
use super::families::{haybittle_peto, pampallona_tsiatis, wang_tsiatis_framed};
use super::recursion::Recursion;
use super::spending::SpendingFunction;
use super::{BoundPlan, Bounds, EfficacyPlan, FutilityPlan, futility};
use crate::invalid::{Invalid, require};
use crate::numerics::normal::{pdf, upper_quantile};
use crate::numerics::roots::RootError;

pub use super::families::wang_tsiatis;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sides {
    /// Reject above the bound.
    #[default]
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
    framed(plan, alpha, information, spending_time, Frame::default())
}

/// What stands around the efficacy bounds while they are computed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Frame<'a> {
    /// Whether the lower bound is the mirror image; the level is then that of each side.
    pub sides: Sides,
    /// Lower bounds that the trial obeys.
    pub lower: Option<&'a [f64]>,
    /// Per look, whether it has an efficacy bound.
    pub at: Option<&'a [bool]>,
}

impl Frame<'_> {
    /// Whether a look has an efficacy bound.
    pub fn has(self, look: usize) -> bool {
        self.at.is_none_or(|at| at[look])
    }

    /// The lower bound of a look whose upper bound is `upper`.
    pub fn below(self, look: usize, upper: f64) -> f64 {
        match (self.sides, self.lower) {
            (Sides::Two, _) => -upper,
            (Sides::One, Some(lower)) => lower[look].min(upper),
            (Sides::One, None) => f64::NEG_INFINITY,
        }
    }

    /// Spending times under which looks without a bound spend nothing.
    fn times(at: Option<&[bool]>, spending_time: &[f64]) -> Vec<f64> {
        let mut spent_by = 0.0;
        let time = |(look, &time): (usize, &f64)| {
            if at.is_none_or(|at| at.get(look).copied().unwrap_or(true)) {
                spent_by = time;
            }
            spent_by
        };
        spending_time.iter().enumerate().map(time).collect()
    }
}

/// [`efficacy_bounds`] within a frame.
pub(super) fn framed(
    plan: &EfficacyPlan,
    alpha: f64,
    information: &[f64],
    spending_time: &[f64],
    frame: Frame,
) -> Result<Vec<f64>, BoundError> {
    check_level("alpha", alpha)?;
    check_information(information)?;
    let looks = information.len();
    if let Some(at) = frame.at {
        check_length("number of looks with or without an efficacy bound", at.len(), looks)?;
        require(at[looks - 1], "last look", looks as f64, "must have an efficacy bound")?;
    }
    match plan {
        EfficacyPlan::Spending(function) => {
            let times = Frame::times(frame.at, spending_time);
            spend(function.as_ref(), alpha, information, &times, frame)
        }
        EfficacyPlan::Bounds(bounds) => {
            check_length("number of efficacy bounds", bounds.len(), looks)?;
            for &bound in bounds {
                require(!bound.is_nan(), "efficacy bound", bound, "must be a number")?;
            }
            Ok(bounds.clone())
        }
        EfficacyPlan::WangTsiatis { delta } => wang_tsiatis_framed(*delta, alpha, information, frame),
        EfficacyPlan::HaybittlePeto { z } => haybittle_peto(*z, alpha, information, frame),
        EfficacyPlan::PampallonaTsiatis { delta_efficacy, delta_futility, beta } => {
            pampallona_tsiatis([*delta_efficacy, *delta_futility], [alpha, *beta], information, true)
                .map(|b| b.efficacy)
        }
    }
}

/// Bounds of a whole plan.
///
/// * `spending_time`: default spending times; those of the plan go first. Both errors use the same.
/// * `means`: E Z_k under the truth that β-spending plans on (used by it alone).
/// * `z_of_hazard_ratio`: the z at look k (from 0) of an observed hazard ratio (used by hazard-ratio futility alone).
///
/// Unless the plan is binding, efficacy is as if there were no futility. Futility is never above efficacy, and −∞ at the last look.
/// Under a two-sided plan `futility` holds the lower bounds, −b_k.
///
/// # Errors
/// [`BoundError`] when an argument is impossible, no bounds exist, or a binding plan is circular (futility by conditional or
/// predictive power; β-spending beside efficacy that is not spent).
pub fn bounds(
    plan: &BoundPlan,
    alpha: f64,
    information: &[f64],
    spending_time: &[f64],
    means: &[f64],
    z_of_hazard_ratio: impl Fn(usize, f64) -> f64,
) -> Result<Bounds, BoundError> {
    check_information(information)?;
    let spending_time = plan.spending_time.as_deref().unwrap_or(spending_time);
    let looks = information.len();
    let given = match &plan.futility {
        Some(FutilityPlan::Bounds(bounds)) => Some(bounds.clone()),
        Some(FutilityPlan::HazardRatio(ratios)) => {
            let z = |(look, &ratio): (usize, &f64)| {
                if ratio == f64::INFINITY { f64::NEG_INFINITY } else { z_of_hazard_ratio(look, ratio) }
            };
            Some(ratios.iter().enumerate().map(z).collect())
        }
        _ => None,
    };
    if let Some(given) = &given {
        check_length("number of futility bounds", given.len(), looks)?;
    }
    let at = plan.efficacy_at.as_deref();
    let lower = given.as_deref().filter(|_| plan.binding);
    let frame = Frame { sides: plan.sides, lower, at };
    let mut bounds = match (&plan.efficacy, &plan.futility) {
        (EfficacyPlan::PampallonaTsiatis { delta_efficacy, delta_futility, beta }, None) => {
            pampallona_tsiatis([*delta_efficacy, *delta_futility], [alpha, *beta], information, plan.binding)?
        }
        (_, Some(FutilityPlan::Spending { function, beta })) => {
            let beta_time = Frame::times(plan.futility_at.as_deref(), spending_time);
            let alpha_time = Frame::times(at, spending_time);
            let fixed;
            let efficacy = match (&plan.efficacy, plan.binding) {
                (EfficacyPlan::Spending(alpha_function), true) => {
                    futility::Efficacy::Binding { function: alpha_function.as_ref(), alpha, spending_time: &alpha_time }
                }
                (EfficacyPlan::Bounds(given), true) => futility::Efficacy::NonBinding(given),
                (_, true) => return Err(circular()),
                (_, false) => {
                    fixed = framed(&plan.efficacy, alpha, information, spending_time, frame)?;
                    futility::Efficacy::NonBinding(&fixed)
                }
            };
            futility::spend_both(efficacy, function.as_ref(), *beta, information, &beta_time, means)?
        }
        (_, futility) => {
            let efficacy = framed(&plan.efficacy, alpha, information, spending_time, frame)?;
            let futility = match (futility, &given) {
                (_, Some(given)) => given.clone(),
                (Some(FutilityPlan::ConditionalPower { .. } | FutilityPlan::PredictivePower { .. }), None)
                    if plan.binding =>
                {
                    return Err(circular());
                }
                (Some(FutilityPlan::ConditionalPower { least, under }), None) => {
                    z_for_conditional_power(information, means, &efficacy, least, *under)?
                }
                (Some(FutilityPlan::PredictivePower { least }), None) => {
                    z_for_predictive_power(information, &efficacy, least)?
                }
                _ => vec![f64::NEG_INFINITY; looks],
            };
            Bounds { efficacy, futility }
        }
    };
    for (look, (bound, &ceiling)) in bounds.futility.iter_mut().zip(&bounds.efficacy).enumerate() {
        require(!bound.is_nan(), "futility bound", *bound, "must be a number")?;
        *bound = if plan.sides == Sides::Two { frame.below(look, ceiling) } else { bound.min(ceiling) };
    }
    bounds.futility[looks - 1] = f64::NEG_INFINITY;
    Ok(bounds)
}

/// The refusal of a plan in which each bound would need the other first.
fn circular() -> BoundError {
    Invalid {
        what: "binding",
        value: 1.0,
        rule: "goes with futility given as z, p or hazard ratio, and with β-spending beside efficacy by spending",
    }
    .into()
}

/// Bounds of an error-spending function.
fn spend(
    function: &dyn SpendingFunction,
    alpha: f64,
    information: &[f64],
    spending_time: &[f64],
    frame: Frame,
) -> Result<Vec<f64>, BoundError> {
    check_spending_time(spending_time, information.len())?;
    let mut recursion = Recursion::new(information);
    let mut ledger = Ledger::new(function, alpha, spending_time);
    let mut bounds = Vec::with_capacity(information.len());
    for look in 0..information.len() {
        let bound = ledger.upper_bound(&recursion, look)?;
        bounds.push(bound);
        recursion.advance(frame.below(look, bound), bound);
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
