//! Bounds of the combined statistic at several looks, for any combination function of two stages.

use super::CombinationFunction;
use crate::invalid::{Invalid, require};
use crate::numerics::normal::{pdf, upper_quantile};
use crate::numerics::quadrature::legendre;
use crate::numerics::roots::brent;
use crate::sequential::bounds::BoundError;
use crate::sequential::{Bounds, crossing::canonical};

/// Below this a first stage decides nothing.
const LOWEST: f64 = -8.5;
/// Panels between two kinks of the integrand.
const PANELS: u32 = 4;
/// No normal number is below this.
const FAR: f64 = -38.0;
/// A look that spends less has no bound.
const LEAST: f64 = 1e-12;

/// Bounds b_1, …, b_K that spend the level as told, each solved in turn:
///
/// `P₀(first crossing at k) = ∫ φ(z₁) P₀(Z₂ first reaches needed(z₁, b_k) at k) dz₁`,
///
/// Z₂ the cumulative second-stage statistic with the canonical law of `fractions`. Stage 1 is known before the first look.
///
/// * `weight`: squared weight of stage 1 at the last look, in (0, 1).
/// * `fractions`: stage 2's information by look, increasing, the last 1.
/// * `spent`: cumulative level by look, non-decreasing; a look that spends nothing has the bound ∞.
///
/// Bounds are found to about 1e-9 of the level.
///
/// # Errors
/// [`BoundError`] when a number is impossible or a look cannot spend its share.
pub fn bounds(
    function: &dyn CombinationFunction,
    weight: f64,
    fractions: &[f64],
    spent: &[f64],
) -> Result<Vec<f64>, BoundError> {
    require(weight > 0.0 && weight < 1.0, "squared weight", weight, "must be above 0 and below 1")?;
    require(
        spent.len() == fractions.len() && !spent.is_empty(),
        "number of looks",
        spent.len() as f64,
        "must be that of the fractions",
    )?;
    let mut found: Vec<f64> = Vec::with_capacity(spent.len());
    for look in 0..spent.len() {
        let increment = spent[look] - if look == 0 { 0.0 } else { spent[look - 1] };
        if increment < LEAST {
            found.push(f64::INFINITY);
            continue;
        }
        let goal = upper_quantile(increment);
        let mut failure = None;
        let mut excess = |bound: f64| {
            let mut all = found.clone();
            all.push(bound);
            match crossing(function, weight, &fractions[..=look], &all) {
                Ok(p) => upper_quantile(p.clamp(1e-300, 1.0 - 1e-16)) - goal,
                Err(error) => {
                    failure = Some(error);
                    f64::NAN
                }
            }
        };
        // A look alone would take z of its increment; what earlier looks have taken already makes the bound lower.
        let root = brent(goal - 4.0, goal + 1e-6, 1e-11, &mut excess);
        if let Some(error) = failure {
            return Err(error.into());
        }
        found.push(root?);
    }
    Ok(found)
}

/// P₀(the combined statistic first reaches its bound at the last of these looks).
///
/// # Errors
/// [`Invalid`] when a fraction is impossible.
pub fn crossing(
    function: &dyn CombinationFunction,
    weight: f64,
    fractions: &[f64],
    bounds: &[f64],
) -> Result<f64, Invalid> {
    let looks = bounds.len();
    let share = |look: usize| weight / (weight + (1.0 - weight) * fractions[look]);
    // Where a bound becomes certain the integrand has a kink. From the earliest looks' certainty on nothing is left.
    let ends = bounds[..looks - 1].iter().map(|&bound| function.certain(bound)).fold(9.0_f64, f64::min);
    let mut cuts = vec![LOWEST, ends];
    let last = function.certain(bounds[looks - 1]);
    if last > LOWEST && last < ends {
        cuts.insert(1, last);
    }
    let mut total = 0.0;
    let mut needed = Bounds { efficacy: vec![0.0; looks], futility: vec![f64::NEG_INFINITY; looks] };
    let means = vec![0.0; looks];
    for piece in cuts.windows(2) {
        let width = (piece[1] - piece[0]) / f64::from(PANELS);
        for panel in 0..PANELS {
            let low = piece[0] + width * f64::from(panel);
            for (z, step) in legendre(16).on(low, low + width) {
                for (look, needed) in needed.efficacy.iter_mut().enumerate() {
                    *needed = function.needed(z, bounds[look], share(look)).max(FAR);
                }
                let paths = canonical(fractions, &means, &needed)?;
                total += step * pdf(z) * paths.efficacy[looks - 1];
            }
        }
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adaptive::combination::combining;
    use crate::numerics::normal::sf;
    use crate::registry::find;
    use crate::sequential::{EfficacyPlan, bounds::efficacy_bounds, spending::SPENDING_FUNCTIONS};

    /// The inverse normal is canonical: its bounds are those of the recursion.
    #[test]
    fn the_inverse_normal_has_the_canonical_bounds() {
        let (weight, fractions) = (0.4, [0.3, 0.7, 1.0]);
        let function = (find(SPENDING_FUNCTIONS, "pocock").unwrap().build)(&[]);
        let spent = fractions.map(|t| function.spent(0.025, t));
        let information = fractions.map(|f| weight + (1.0 - weight) * f);
        let exact = efficacy_bounds(&EfficacyPlan::Spending(function), 0.025, &information, &fractions).unwrap();
        let found = bounds(combining("inverse_normal").unwrap().as_ref(), weight, &fractions, &spent).unwrap();
        for (found, exact) in found.iter().zip(&exact) {
            assert!((found - exact).abs() < 1e-7, "{found} {exact}");
        }
    }

    /// Fisher's product the other way round: p₁ is uniform, so that P(some look) = E min(1, max_k q_k/p₂ₖ) over the second stage's path.
    #[test]
    fn fishers_bounds_spend_the_level() {
        let fractions = [0.5, 1.0];
        let fisher = combining("fisher").unwrap();
        let found = bounds(fisher.as_ref(), 0.3, &fractions, &[0.01, 0.025]).unwrap();
        assert!((sf(found[0]) - 0.01).abs() < 1e-9, "{}", sf(found[0]));
        let product = found.iter().map(|&bound| sf(fisher.certain(bound))).collect::<Vec<_>>();
        let (mut level, half) = (0.0, 0.5_f64.sqrt());
        for panel in 0..48 {
            let low = -9.0 + 0.375 * f64::from(panel);
            for (first, one) in legendre(12).on(low, low + 0.375) {
                for other in 0..48 {
                    let low = -9.0 + 0.375 * f64::from(other);
                    for (more, two) in legendre(12).on(low, low + 0.375) {
                        let reached = (product[0] / sf(first)).max(product[1] / sf(half * (first + more)));
                        level += one * two * pdf(first) * pdf(more) * reached.min(1.0);
                    }
                }
            }
        }
        // The kinks along the curves of equal evidence cost the twin about 1e-6.
        assert!((level - 0.025).abs() < 3e-6, "{level}");
    }
}
