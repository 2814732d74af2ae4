//! Several statistics at every look, rejecting when any of them crosses the look's one bound: max-combo tests.
//!
//! Symbols: m tests, K looks, Z_{k,a} test a at look k, in the order Z_{1,1}, …, Z_{1,m}, Z_{2,1}, …; c_k the bound of look k.
//!
//! * Bounds: P(first crossing at k) = Σ_a P(Z_{j,b} < c_j for all j < k and b, Z_{k,b} < c_k for b < a, Z_{k,a} ≥ c_k): disjoint
//!   rectangles. Z_{k,a} ≥ c_k is drawn first, then the rest given it, where little is left to exclude: the integrand is
//!   nearly constant, and a lattice accurate in relative terms however little is spent.
//! * Power: with s the test most likely to cross, P(some crossing by k) = P(s crosses by k) + Σ_{j≤k, a≠s} P(s does not cross
//!   by k, Z_{j,a} ≥ c_j, no test but s crosses before it). The first is integrated without a lattice ([`joint`]); the rest,
//!   often a tenth of it, as above, the looks after j last, so that one lattice serves every k.

use super::bounds::{BoundError, Ledger, check_level, check_spending_time};
use super::{Bounds, EfficacyPlan, joint::joint};
use crate::invalid::{Invalid, require};
use crate::numerics::lattice::{COARSE, FINE, FINEST, Rule};
use crate::numerics::normal::{cdf, pdf, sf, upper_quantile};
use crate::numerics::quadrature::legendre;
use crate::numerics::roots::brent;
use crate::numerics::{bivariate, mvn};
use nalgebra::DMatrix;

/// Error asked: as a share of the level when bounds are sought, absolute for given bounds. What misses it with the first rule
/// is integrated by a finer one.
const LEVEL_ERROR: f64 = 1e-3;
const POWER_ERROR: f64 = 1e-4;

/// Shifts of the lattice; the error is three standard errors over them. Two where only the neighbourhood of a root is sought.
const SHIFTS: usize = 8;
const COARSE_SHIFTS: usize = 2;

/// Error asked of three coordinates too closely tied for quadrature, and most points spent on them.
const TIED: (f64, usize) = (5e-6, 48_000);

/// A conditional sd below this counts as 0.
const SINGULAR: f64 = 1e-7;

/// Paths with less mass than this are given up.
const NEGLIGIBLE: f64 = 1e-13;

/// Conditional ends beyond this exclude nothing: Φ(−6.5) = 4e-11.
const OPEN: f64 = 6.5;

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
/// Deterministic: the lattice's shifts are fixed. Absolute error below 1e-9 up to three statistics in all, otherwise below 1e-4, of
/// bounds that spend little far below.
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
    let law = Law::new(means, covariance, tests);
    if size <= 3 {
        return (0..bounds.len()).map(|look| Ok(law.first_crossing(&bounds[..=look], &FINE, SHIFTS)?.0)).collect();
    }
    let (found, error) = law.through_strongest(bounds, &FINE)?;
    if error <= POWER_ERROR { Ok(found) } else { Ok(law.through_strongest(bounds, &FINEST)?.0) }
}

/// P(X_1 < u_1, …, X_{d−1} < u_{d−1}, X_d ≥ u_d) of standard normal variables with correlations `r`.
///
/// d = 3: ∫_{u_3}^∞ φ(x) P(X_1 < u_1, X_2 < u_2 | X_3 = x) dx, the bivariate probabilities in closed form.
fn last_above(ends: &[f64], r: &DMatrix<f64>) -> Result<f64, Invalid> {
    let size = ends.len();
    let spread = [0, 1].map(|i: usize| if size == 3 { ((1.0 - r[(i, 2)]) * (1.0 + r[(i, 2)])).sqrt() } else { 0.0 });
    let width = spread.iter().enumerate().map(|(i, s)| if size == 3 { s / r[(i, 2)].abs() } else { 0.0 });
    let width = width.fold(1.0, f64::min);
    if size != 3 || width < 0.02 {
        let mut lower = vec![f64::NEG_INFINITY; size];
        let mut upper = ends.to_vec();
        lower[size - 1] = ends[size - 1];
        upper[size - 1] = f64::INFINITY;
        return Ok(mvn::rectangle(&lower, &upper, &vec![0.0; size], r, TIED.0, TIED.1)?.value);
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

/// All statistics, standardised.
struct Law<'a> {
    means: &'a [f64],
    sd: Vec<f64>,
    correlation: DMatrix<f64>,
    tests: usize,
}

impl<'a> Law<'a> {
    fn new(means: &'a [f64], covariance: &DMatrix<f64>, tests: usize) -> Self {
        let sd: Vec<f64> = (0..means.len()).map(|i| covariance[(i, i)].sqrt()).collect();
        let correlation = DMatrix::from_fn(sd.len(), sd.len(), |i, j| {
            if i == j { 1.0 } else { (covariance[(i, j)] / (sd[i] * sd[j])).clamp(-1.0, 1.0) }
        });
        Self { means, sd, correlation, tests }
    }

    fn end(&self, bounds: &[f64], i: usize) -> f64 {
        (bounds[i / self.tests] - self.means[i]) / self.sd[i]
    }

    /// P(first crossing at the last of the given looks), and its error.
    fn first_crossing(&self, bounds: &[f64], rule: &Rule, shifts: usize) -> Result<(f64, f64), Invalid> {
        let (look, tests) = (bounds.len() - 1, self.tests);
        if bounds[look] == f64::INFINITY {
            return Ok((0.0, 0.0));
        }
        let (mut exact, mut sums) = (0.0, vec![vec![0.0]; shifts]);
        for test in 0..tests {
            let tail = look * tests + test;
            let before = (look * tests..tail).chain((0..look).rev().flat_map(|k| k * tests..(k + 1) * tests));
            let mut order = vec![tail];
            order.extend(before.filter(|i| bounds[i / tests] < f64::INFINITY));
            if order.len() <= 3 {
                order.reverse();
                let ends: Vec<f64> = order.iter().map(|&i| self.end(bounds, i)).collect();
                let size = order.len();
                exact +=
                    last_above(&ends, &DMatrix::from_fn(size, size, |a, b| self.correlation[(order[a], order[b])]))?;
            } else {
                Chain::new(self, &order, order.len(), bounds).sweep(rule, &mut sums);
            }
        }
        let (value, error) = mean_and_error(&sums, 0);
        Ok((exact + value, error))
    }

    /// P(first crossing at each look), and the largest error of their sums.
    fn through_strongest(&self, bounds: &[f64], rule: &Rule) -> Result<(Vec<f64>, f64), Invalid> {
        let (looks, tests) = (bounds.len(), self.tests);
        let likely = |a: &usize| sf(self.end(bounds, (looks - 1) * tests + a));
        let strongest = (0..tests).max_by(|a, b| likely(a).total_cmp(&likely(b))).unwrap_or(0);
        let at = |look: usize| look * tests + strongest;
        let covariance =
            DMatrix::from_fn(looks, looks, |j, k| self.correlation[(at(j), at(k))] * self.sd[at(j)] * self.sd[at(k)]);
        let means: Vec<f64> = (0..looks).map(|look| self.means[at(look)]).collect();
        let alone = Bounds { efficacy: bounds.to_vec(), futility: vec![f64::NEG_INFINITY; looks] };
        let alone = joint(&means, &covariance, &alone)?;
        let mut sums = vec![vec![0.0; looks]; SHIFTS];
        for look in (0..looks).filter(|&look| bounds[look] < f64::INFINITY) {
            for test in (0..tests).filter(|&test| test != strongest) {
                let other = |b: &usize| *b != strongest;
                let mut order = vec![look * tests + test, at(look)];
                order.extend((0..test).filter(other).map(|b| look * tests + b));
                for earlier in (0..look).rev() {
                    order.push(at(earlier));
                    order.extend((0..tests).filter(other).map(|b| earlier * tests + b));
                }
                let needed = order.len();
                order.extend((look + 1..looks).map(at));
                let mut from_here: Vec<Vec<f64>> = vec![vec![0.0; looks - look]; SHIFTS];
                Chain::new(self, &order, needed, bounds).sweep(rule, &mut from_here);
                for (sums, found) in sums.iter_mut().zip(&from_here) {
                    sums[look..].iter_mut().zip(found).for_each(|(sum, value)| *sum += value);
                }
            }
        }
        let (mut by_alone, mut before, mut worst) = (0.0, 0.0, 0.0f64);
        let mut crossing = Vec::with_capacity(looks);
        for look in 0..looks {
            let (rest, error) = mean_and_error(&sums, look);
            by_alone += alone.efficacy[look];
            crossing.push((by_alone + rest - before).max(0.0));
            before = by_alone + rest;
            worst = worst.max(error);
        }
        Ok((crossing, worst))
    }
}

/// Coordinates in the order they are drawn: the first beyond its end, all others below theirs.
struct Chain {
    ends: Vec<f64>,
    /// Rows of the lower Cholesky factor; 0 on the diagonal where a coordinate follows from those before.
    factor: Vec<Vec<f64>>,
    /// Coordinates that the first figure needs; each further one gives another figure.
    needed: usize,
}

impl Chain {
    fn new(law: &Law, order: &[usize], needed: usize, bounds: &[f64]) -> Self {
        let mut factor: Vec<Vec<f64>> = Vec::with_capacity(order.len());
        for (i, &here) in order.iter().enumerate() {
            let mut row = Vec::with_capacity(i + 1);
            for (j, &there) in order[..=i].iter().enumerate() {
                let shared = |other: &[f64]| (0..j).map(|k| row[k] * other[k]).sum::<f64>();
                if j == i {
                    let sd = (1.0 - shared(&row)).max(0.0).sqrt();
                    row.push(if sd > SINGULAR { sd } else { 0.0 });
                } else {
                    let (rest, sd) = (law.correlation[(here, there)] - shared(&factor[j]), factor[j][j]);
                    row.push(if sd > 0.0 { rest / sd } else { 0.0 });
                }
            }
            factor.push(row);
        }
        Self { ends: order.iter().map(|&i| law.end(bounds, i)).collect(), factor, needed }
    }

    /// Adds to `sums[shift]` the mean of P(first beyond, the next `needed` − 1 + m below) over the lattice, m = 0, 1, ….
    fn sweep(&self, rule: &Rule, sums: &mut [Vec<f64>]) {
        let size = self.ends.len();
        let tail = sf(self.ends[0]);
        let mut x = vec![0.0; size];
        let mut total = vec![0.0; size - self.needed + 1];
        for (points, sums) in rule.shifted(size, sums.len()).iter().zip(sums) {
            total.fill(0.0);
            for point in points.chunks_exact(size) {
                let mut weight = tail;
                x[0] = upper_quantile(point[0] * tail);
                for j in 1..size {
                    let row = &self.factor[j];
                    let shift: f64 = row[..j].iter().zip(&x).map(|(factor, x)| factor * x).sum();
                    let (slack, sd) = (self.ends[j] - shift, row[j]);
                    if slack > OPEN * sd {
                        x[j] = -upper_quantile(point[j]);
                    } else if sd > 0.0 {
                        let mass = cdf(slack / sd);
                        weight *= mass;
                        x[j] = if j + 1 < size { -upper_quantile(point[j] * mass) } else { 0.0 };
                    } else {
                        weight = if slack < -1e-9 { 0.0 } else { weight };
                        x[j] = 0.0;
                    }
                    if weight < NEGLIGIBLE {
                        break;
                    }
                    if j + 1 >= self.needed {
                        total[j + 1 - self.needed] += weight;
                    }
                }
            }
            let count = (points.len() / size) as f64;
            sums.iter_mut().zip(&total).for_each(|(sum, total)| *sum += total / count);
        }
    }
}

/// Mean over the shifts of one figure, and three standard errors.
fn mean_and_error(sums: &[Vec<f64>], figure: usize) -> (f64, f64) {
    let count = sums.len() as f64;
    let mean = sums.iter().map(|sums| sums[figure]).sum::<f64>() / count;
    let spread: f64 = sums.iter().map(|sums| (sums[figure] - mean).powi(2)).sum();
    (mean, 3.0 * (spread / (count * (count - 1.0))).sqrt())
}

/// Bounds of a max-combo under the null, no futility: look k's c_k solves P₀(first crossing at k) = what it spends.
///
/// * `correlation`: of all statistics under the null, looks outermost, `tests` a look.
/// * `alpha`, `spending_time` as for [`super::bounds::efficacy_bounds`]. `plan`: spending functions, given bounds, or
///   [`EfficacyPlan::HaybittlePeto`].
///
/// Spending holds to 1e-7 up to three statistics in all, otherwise to the error of the lattice, below a thousandth of alpha.
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
    let law = Law::new(&means, correlation, tests);
    let goal = LEVEL_ERROR * alpha;
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
                        law.solve(increment, ledger.spent(), &efficacy, goal)?
                    }
                };
                efficacy.push(bound);
            }
        }
        EfficacyPlan::HaybittlePeto { z } => {
            let mut spent = 0.0;
            for _ in 1..looks {
                efficacy.push(*z);
                spent += law.fine(&efficacy, goal)?;
            }
            if spent >= alpha {
                return Err(BoundError::LevelExhausted { look: looks, spent, level: alpha });
            }
            let last = law.solve(alpha - spent, alpha, &efficacy, goal)?;
            efficacy.push(last);
        }
        EfficacyPlan::WangTsiatis { delta } | EfficacyPlan::PampallonaTsiatis { delta_efficacy: delta, .. } => {
            let rule = "the bounds of a max-combo come from spending, `bounds` or `haybittle_peto`, not from a family";
            return Err(Invalid { what: "delta", value: *delta, rule }.into());
        }
    }
    Ok(Bounds { futility: vec![f64::NEG_INFINITY; looks], efficacy })
}

impl Law<'_> {
    /// P(first crossing at the last of the given looks) to an error of `goal`.
    fn fine(&self, bounds: &[f64], goal: f64) -> Result<f64, Invalid> {
        let (value, error) = self.first_crossing(bounds, &FINE, SHIFTS)?;
        if error <= goal { Ok(value) } else { Ok(self.first_crossing(bounds, &FINEST, SHIFTS)?.0) }
    }

    /// c with P(first crossing at the next look) = `increment`, `spent` being the level with it: between the bound of a single
    /// test that spends all and that of m tests that never cross together. On the scale of normal quantiles the probability is
    /// nearly linear in c: the root is found on a coarse lattice and mended by one Newton step on a fine one, whose own error is
    /// of second order.
    fn solve(&self, increment: f64, spent: f64, before: &[f64], goal: f64) -> Result<f64, BoundError> {
        let (low, high) = (upper_quantile(spent) - 1e-6, upper_quantile(increment / self.tests as f64) + 1e-6);
        let look = before.len();
        let exact = (look + 1) * self.tests <= 3;
        let mut bounds = before.to_vec();
        bounds.push(low);
        let z_goal = upper_quantile(increment);
        let z_of = |probability: f64| upper_quantile(probability.clamp(1e-300, 0.5)) - z_goal;
        let mut failed = None;
        let mut coarse = |bound: f64| {
            bounds[look] = bound;
            match self.first_crossing(&bounds, &COARSE, COARSE_SHIFTS) {
                Ok((probability, _)) => z_of(probability),
                Err(error) => {
                    failed = Some(error);
                    f64::NAN
                }
            }
        };
        let root = brent(low, high, if exact { 1e-10 } else { 1e-3 }, &mut coarse);
        // Where the coarse lattice sees no root, the fine one starts from the middle.
        let start = match root {
            Ok(bound) if exact => return Ok(bound),
            Ok(bound) => bound,
            Err(_) if exact => f64::NAN,
            Err(_) => f64::midpoint(low, high),
        };
        let slope = (coarse(start + 0.01) - coarse(start)) / 0.01;
        if let Some(error) = failed {
            return Err(error.into());
        }
        bounds[look] = start;
        for _ in 0..20 {
            let step = z_of(self.fine(&bounds, goal)?) / slope;
            if !step.is_finite() {
                break;
            }
            bounds[look] -= step;
            if step.abs() < 2e-3 {
                return Ok(bounds[look]);
            }
        }
        Err(BoundError::Unreachable { look: look + 1, increment })
    }
}
