//! Several statistics at every look, rejecting when any of them crosses the look's one bound: max-combo tests.
//!
//! Symbols: m tests, K looks, Z_{k,a} test a at look k, in the order Z_{1,1}, …, Z_{1,m}, Z_{2,1}, …; c_k the bound of look k.
//! P(first crossing at k) = Σ_a P(Z_{j,b} < c_j for all j < k and b, Z_{k,b} < c_k for b < a, Z_{k,a} ≥ c_k): disjoint
//! rectangles, each small where the level spent is small, so that the lattice of [`mvn`] is accurate in relative terms.

use super::bounds::{BoundError, Ledger, check_level, check_spending_time};
use super::{Bounds, EfficacyPlan};
use crate::invalid::{Invalid, require};
use crate::numerics::normal::{pdf, upper_quantile};
use crate::numerics::quadrature::legendre;
use crate::numerics::roots::brent;
use crate::numerics::{bivariate, mvn};
use nalgebra::DMatrix;

/// Error asked of a rectangle, as a share of the level when bounds are sought, absolute for given bounds.
const LEVEL_ERROR: f64 = 2e-4;
const POWER_ERROR: f64 = 1e-5;

/// Most lattice points spent on a rectangle.
const MOST_POINTS: usize = 48_000;

/// Beyond this many standard deviations nothing is left.
const EDGE: f64 = 8.5;

/// Panels, in units of the width on which the conditional probability moves, and their nodes: 1e-10 (the tests' lattice).
const PANEL_WIDTH: f64 = 2.5;
const PANEL_NODES: usize = 12;

/// P(first crossing at each look) of several statistics with any joint normal law; no futility.
///
/// * `means`, `covariance`: of all statistics, looks outermost; `tests` a look, at most [`mvn::MAX_DIMENSION`] together.
/// * `bounds`: z, one per look, infinite where a look has none.
///
/// Deterministic: the lattice's shifts are fixed. Absolute error below 1e-9 up to three statistics in all, otherwise about 1e-5.
///
/// # Errors
/// [`Invalid`] when lengths differ, there are too many statistics, or a number is NaN.
///
/// ```
/// use nalgebra::DMatrix;
/// // Two uncorrelated tests at one look, c = 1.96: 1 − Φ(1.96)² = 0.0494.
/// let crossing = seamline::sequential::several::crossing(&[0.0; 2], &DMatrix::identity(2, 2), 2, &[1.959_964])?;
/// assert!((crossing[0] - (1.0 - 0.975_f64.powi(2))).abs() < 1e-8);
/// # Ok::<(), seamline::invalid::Invalid>(())
/// ```
pub fn crossing(means: &[f64], covariance: &DMatrix<f64>, tests: usize, bounds: &[f64]) -> Result<Vec<f64>, Invalid> {
    let size = means.len();
    require(
        tests > 0 && size == tests * bounds.len(),
        "number of means",
        size as f64,
        "must be one per test and look",
    )?;
    let order = covariance.nrows();
    require(order == size && covariance.ncols() == size, "size of the covariance", order as f64, "must fit the means")?;
    check_count(size)?;
    (0..bounds.len()).map(|look| first_crossing(means, covariance, tests, &bounds[..=look], POWER_ERROR)).collect()
}

/// P(X_1 < u_1, …, X_{d−1} < u_{d−1}, X_d ≥ u_d) of standard normal variables with correlations `r`.
///
/// d = 3: ∫_{u_3}^∞ φ(x) P(X_1 < u_1, X_2 < u_2 | X_3 = x) dx, the bivariate probabilities in closed form; above, the lattice.
fn last_above(ends: &[f64], r: &DMatrix<f64>, error: f64) -> Result<f64, Invalid> {
    let size = ends.len();
    let spread = [0, 1].map(|i: usize| if size == 3 { ((1.0 - r[(i, 2)]) * (1.0 + r[(i, 2)])).sqrt() } else { 0.0 });
    let width = spread.iter().enumerate().map(|(i, s)| if size == 3 { s / r[(i, 2)].abs() } else { 0.0 });
    let width = width.fold(1.0, f64::min);
    if size != 3 || width < 0.02 {
        let mut lower = vec![f64::NEG_INFINITY; size];
        let mut upper = ends.to_vec();
        lower[size - 1] = ends[size - 1];
        upper[size - 1] = f64::INFINITY;
        return Ok(mvn::rectangle(&lower, &upper, &vec![0.0; size], r, error, MOST_POINTS)?.value);
    }
    let partial = ((r[(0, 1)] - r[(0, 2)] * r[(1, 2)]) / (spread[0] * spread[1])).clamp(-1.0, 1.0);
    let low = ends[2].clamp(-EDGE, EDGE);
    let panels = ((EDGE - low) / (PANEL_WIDTH * width)).ceil().max(1.0);
    let step = (EDGE - low) / panels;
    let rule = legendre(PANEL_NODES);
    let of_panel = |panel: usize| {
        let left = low + step * panel as f64;
        rule.integrate(left, left + step, |x| {
            let conditional = [0, 1].map(|i: usize| (ends[i] - r[(i, 2)] * x) / spread[i]);
            pdf(x) * bivariate::rectangle([f64::NEG_INFINITY; 2], conditional, partial)
        })
    };
    Ok((0..panels as usize).map(of_panel).sum())
}

fn check_count(size: usize) -> Result<(), Invalid> {
    require(
        size <= mvn::MAX_DIMENSION,
        "number of tests times looks",
        size as f64,
        "a max-combo may have at most 25 statistics over all looks",
    )
    .map(drop)
}

/// P(first crossing at the last of the given looks), each of its rectangles to `error`.
fn first_crossing(
    means: &[f64],
    covariance: &DMatrix<f64>,
    tests: usize,
    bounds: &[f64],
    error: f64,
) -> Result<f64, Invalid> {
    let look = bounds.len() - 1;
    if bounds[look] == f64::INFINITY {
        return Ok(0.0);
    }
    let mut total = 0.0;
    for test in 0..tests {
        let size = look * tests + test + 1;
        let upper: Vec<f64> = (0..size).map(|i| bounds[i / tests]).collect();
        let kept: Vec<usize> = (0..size).filter(|&i| upper[i] < f64::INFINITY).collect();
        let sd = |i: usize| covariance[(i, i)].sqrt();
        let ends: Vec<f64> = kept.iter().map(|&i| (upper[i] - means[i]) / sd(i)).collect();
        let correlation = DMatrix::from_fn(kept.len(), kept.len(), |a, b| {
            let (i, j) = (kept[a], kept[b]);
            if i == j { 1.0 } else { (covariance[(i, j)] / (sd(i) * sd(j))).clamp(-1.0, 1.0) }
        });
        total += last_above(&ends, &correlation, error)?;
    }
    Ok(total)
}

/// Bounds of a max-combo under the null, no futility: look k's c_k solves P₀(first crossing at k) = what it spends.
///
/// * `correlation`: of all statistics under the null, looks outermost, `tests` a look.
/// * `alpha`, `spending_time` as for [`super::bounds::efficacy_bounds`]. `plan`: spending functions, given bounds, or
///   [`EfficacyPlan::HaybittlePeto`].
///
/// Spending holds to 1e-7 up to three statistics in all, otherwise to the error of the lattice, a few 1e-6.
///
/// # Errors
/// [`BoundError`] when an argument is impossible, the plan is of the Wang–Tsiatis family, or nothing is left to spend.
pub fn bounds(
    plan: &EfficacyPlan,
    alpha: f64,
    correlation: &DMatrix<f64>,
    tests: usize,
    spending_time: &[f64],
) -> Result<Bounds, BoundError> {
    check_level("alpha", alpha)?;
    check_count(correlation.nrows())?;
    check_spending_time(spending_time, spending_time.len())?;
    let looks = spending_time.len();
    let means = vec![0.0; looks * tests];
    let first = |bounds: &[f64]| first_crossing(&means, correlation, tests, bounds, LEVEL_ERROR * alpha);
    let mut efficacy: Vec<f64> = Vec::with_capacity(looks);
    match plan {
        EfficacyPlan::Bounds(given) => efficacy.clone_from(given),
        EfficacyPlan::Spending(function) => {
            let mut ledger = Ledger::new(function.as_ref(), alpha, spending_time);
            for look in 0..looks {
                let bound = match ledger.increment(look) {
                    None => f64::INFINITY,
                    Some(increment) => {
                        ledger.note(increment);
                        solve(increment, ledger.spent(), tests, &efficacy, look, &first)?
                    }
                };
                efficacy.push(bound);
            }
        }
        EfficacyPlan::HaybittlePeto { z } => {
            let mut spent = 0.0;
            for _ in 1..looks {
                efficacy.push(*z);
                spent += first(&efficacy)?;
            }
            if spent >= alpha {
                return Err(BoundError::LevelExhausted { look: looks, spent, level: alpha });
            }
            let last = solve(alpha - spent, alpha, tests, &efficacy, looks - 1, &first)?;
            efficacy.push(last);
        }
        EfficacyPlan::WangTsiatis { delta } | EfficacyPlan::PampallonaTsiatis { delta_efficacy: delta, .. } => {
            let rule = "the bounds of a max-combo come from spending, `bounds` or `haybittle_peto`, not from a family";
            return Err(Invalid { what: "delta", value: *delta, rule }.into());
        }
    }
    Ok(Bounds { futility: vec![f64::NEG_INFINITY; looks], efficacy })
}

/// c with P(first crossing at the next look) = `increment`, `spent` being the level with it: between the bound of a single
/// test that spends all and that of m tests that never cross together.
fn solve(
    increment: f64,
    spent: f64,
    tests: usize,
    before: &[f64],
    look: usize,
    first: &impl Fn(&[f64]) -> Result<f64, Invalid>,
) -> Result<f64, BoundError> {
    let (low, high) = (upper_quantile(spent) - 1e-6, upper_quantile(increment / tests as f64) + 1e-6);
    let mut bounds = before.to_vec();
    bounds.push(low);
    let mut failed = None;
    let z_goal = upper_quantile(increment);
    let root = brent(low, high, 1e-6, |bound| {
        bounds[look] = bound;
        match first(&bounds) {
            Ok(probability) => upper_quantile(probability.clamp(1e-300, 0.5)) - z_goal,
            Err(error) => {
                failed = Some(error);
                f64::NAN
            }
        }
    });
    match (failed, root) {
        (Some(error), _) => Err(error.into()),
        (None, Ok(bound)) => Ok(bound),
        (None, Err(_)) => Err(BoundError::Unreachable { look: look + 1, increment }),
    }
}
