//! Group-sequential designs that keep the best arm at their first look and count the selection in their bounds.
//!
//! Symbols: m arms against one control, ρ = n_j/(n_0 + n_j) the arms' common share; μ_j = E Z_j at full information;
//! t_0 < … < t_K = 1 information fractions, the selection at t_0. Corr(Z_i, Z_j) = ρ at the selection.

use crate::invalid::{Invalid, require};
use crate::numerics::normal::pdf;
use crate::numerics::normal::{cdf, upper_quantile};
use crate::numerics::quadrature::{hermite, legendre};
use crate::numerics::roots::brent;
use crate::sequential::bounds::BoundError;
use crate::sequential::conditional::conditional_crossing;
use crate::sequential::crossing::{Crossing, check_information};
use crate::sequential::{Bounds, crossing::MAX_LOOKS};

/// Nodes over the control's mean, nodes on a panel of unit width, and where the normal law ends: 1e-11.
const CONTROL_NODES: usize = 48;
const PANEL_NODES: usize = 12;
const EDGE: f64 = 8.5;

/// Density at x of "arm `best` has the largest statistic, and it is x".
///
/// `f_j(x) = φ(x − μ_j) E Π_{i≠j} Φ((x − μ_i − √ρ U)/√(1 − ρ))`, U ~ N(√ρ(x − μ_j), 1 − ρ) the control's part given Z_j = x
/// (Stallard and Todd 2003, section 3).
pub fn density(x: f64, means: &[f64], share: f64, best: usize) -> f64 {
    let (root, rest) = (share.sqrt(), (1.0 - share).sqrt());
    let centred = x - means[best];
    let rule = hermite(CONTROL_NODES);
    let others: f64 = rule
        .nodes
        .iter()
        .zip(&rule.weights)
        .map(|(node, weight)| {
            let control = root * (root * centred + rest * node);
            let below = means.iter().enumerate().filter(|&(i, _)| i != best);
            weight * below.map(|(_, mean)| cdf((x - mean - control) / rest)).product::<f64>()
        })
        .sum();
    pdf(centred) * others
}

/// ∫ of `f(x)` over [low, high] on panels of at most unit width.
fn integrate(low: f64, high: f64, mut f: impl FnMut(f64) -> f64) -> f64 {
    if low >= high {
        return 0.0;
    }
    let panels = (high - low).ceil().max(1.0);
    let step = (high - low) / panels;
    (0..panels as usize)
        .map(|panel| {
            let left = low + step * panel as f64;
            legendre(PANEL_NODES).integrate(left, left + step, &mut f)
        })
        .sum()
}

/// Per arm, the chance of being kept and crossing at each look, the selection's first.
///
/// * `means`: μ_j, one per arm, at least one; `share`: ρ in (0, 1).
/// * `information`: increasing; `bounds`: z, one per look. The kept arm is tested by all its patients at every look.
///
/// # Errors
/// [`Invalid`] when a number is impossible or lengths differ.
pub fn crossing(means: &[f64], share: f64, information: &[f64], bounds: &Bounds) -> Result<Vec<Crossing>, Invalid> {
    check_information(information)?;
    require(share > 0.0 && share < 1.0, "share", share, "must be above 0 and below 1")?;
    require(!means.is_empty(), "number of arms", 0.0, "must be at least 1")?;
    for &mean in means {
        require(mean.is_finite(), "mean", mean, "must be finite")?;
    }
    let looks = information.len();
    for length in [bounds.efficacy.len(), bounds.futility.len()] {
        require(length == looks, "number of bounds", length as f64, "must be the number of looks")?;
    }
    let full = information[looks - 1];
    let scale = |look: usize| (information[look] / full).sqrt();
    let at_selection: Vec<f64> = means.iter().map(|mean| mean * scale(0)).collect();
    let top = at_selection.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let bottom = at_selection.iter().copied().fold(f64::INFINITY, f64::min);
    let (low, high) = (bottom - EDGE, top + EDGE);
    let upper = bounds.efficacy[0].clamp(low, high);
    let lower = bounds.futility[0].clamp(low, upper);
    (0..means.len())
        .map(|arm| {
            let of_arm: Vec<f64> = (0..looks).map(|look| means[arm] * scale(look)).collect();
            let f = |x: f64| density(x, &at_selection, share, arm);
            let mut efficacy = vec![integrate(upper, high, f)];
            let mut futility = vec![integrate(low, lower, f)];
            if looks > 1 {
                let mut sums = [[0.0; MAX_LOOKS]; 2];
                let mut failed = None;
                // One pass: the integral of the sum has the nodes, the sums take what each node adds.
                let panels = (upper - lower).ceil().max(1.0);
                let step = (upper - lower) / panels;
                for panel in 0..panels as usize {
                    let left = lower + step * panel as f64;
                    for (x, weight) in legendre(PANEL_NODES).on(left, left + step) {
                        match conditional_crossing(information, &of_arm, bounds, 0, x) {
                            Ok(later) => {
                                let mass = weight * f(x);
                                for (sum, value) in sums[0].iter_mut().zip(&later.efficacy) {
                                    *sum += mass * value;
                                }
                                for (sum, value) in sums[1].iter_mut().zip(&later.futility) {
                                    *sum += mass * value;
                                }
                            }
                            Err(error) => failed = Some(error),
                        }
                    }
                }
                if let Some(error) = failed {
                    return Err(error);
                }
                efficacy.extend_from_slice(&sums[0][..looks - 1]);
                futility.extend_from_slice(&sums[1][..looks - 1]);
            }
            Ok(Crossing { efficacy, futility })
        })
        .collect()
}

/// Efficacy bounds that spend `spent[k]` (cumulative) by look k under the global null, the selection of the best of `arms` counted
/// (Stallard and Todd 2003). They hold for this rule alone: keeping any other arm may spend less, never more.
///
/// # Errors
/// [`BoundError`] when an argument is impossible or a bound cannot be found.
///
/// ```
/// // One look: Dunnett's critical value of two arms, 2.2121.
/// let bound = seamline::adaptive::select_best::bounds(2, 0.5, &[1.0], &[0.025])?;
/// assert!((bound[0] - 2.212_135).abs() < 1e-6);
/// # Ok::<(), seamline::sequential::bounds::BoundError>(())
/// ```
pub fn bounds(arms: usize, share: f64, information: &[f64], spent: &[f64]) -> Result<Vec<f64>, BoundError> {
    require(spent.len() == information.len(), "levels spent", spent.len() as f64, "must be one per look")?;
    let means = vec![0.0; arms];
    let mut efficacy: Vec<f64> = Vec::with_capacity(spent.len());
    let mut before = 0.0;
    for (look, &level) in spent.iter().enumerate() {
        let increment = level - before;
        require(increment > 0.0 && level < 0.5, "level spent", level, "must increase and be below 0.5")?;
        before = level;
        let mut failed = None;
        let goal = upper_quantile(increment);
        let mut trial = efficacy.clone();
        trial.push(0.0);
        let gap = |bound: f64| {
            trial[look] = bound;
            let bounds = Bounds { efficacy: trial.clone(), futility: vec![f64::NEG_INFINITY; look + 1] };
            match crossing(&means, share, &information[..=look], &bounds) {
                Ok(found) => {
                    let probability: f64 = found.iter().map(|arm| arm.efficacy[look]).sum();
                    upper_quantile(probability.clamp(1e-300, 1.0 - 1e-16)) - goal
                }
                Err(error) => {
                    failed = Some(error);
                    f64::NAN
                }
            }
        };
        // A single arm that spends all, and Bonferroni over the arms that spends the increment.
        let root =
            brent(upper_quantile(level) - 1e-6, upper_quantile(increment / arms.max(1) as f64) + 1e-6, 1e-11, gap);
        match (failed, root) {
            (Some(error), _) => return Err(error.into()),
            (None, Ok(bound)) => efficacy.push(bound),
            (None, Err(_)) => return Err(BoundError::Unreachable { look: look + 1, increment }),
        }
    }
    Ok(efficacy)
}
