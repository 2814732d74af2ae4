//! Harm bounds: stop when the experimental arm does worse on overall survival.

use crate::sequential::bounds::{BoundError, efficacy_bounds};
use crate::sequential::crossing::Crossing;
use crate::sequential::spending::SpendingFunction;
use crate::sequential::{Bounds, EfficacyPlan};
use std::sync::Arc;

/// Harm bounds as the protocol asks for them; one entry per look, the last included.
#[derive(Debug, Clone)]
pub enum HarmPlan {
    /// z at or below which the trial stops, at most 0; −∞ for none.
    Bounds(Vec<f64>),
    /// Hazard ratios of overall survival at or above which the trial stops, at least 1; ∞ for none.
    HazardRatio(Vec<f64>),
    /// The chance of stopping for harm where overall survival does not differ is spent over the looks.
    Spending {
        /// The spending function.
        function: Arc<dyn SpendingFunction>,
        /// The whole chance, in (0, 0.5).
        level: f64,
    },
}

impl HarmPlan {
    /// The plan of a trial that holds only these looks, numbered from 0.
    #[must_use]
    pub fn of_looks(&self, looks: &[usize]) -> Self {
        let chosen = |list: &[f64]| looks.iter().map(|&look| list[look]).collect();
        match self {
            Self::Bounds(bounds) => Self::Bounds(chosen(bounds)),
            Self::HazardRatio(ratios) => Self::HazardRatio(chosen(ratios)),
            Self::Spending { .. } => self.clone(),
        }
    }

    /// z bounds of the log-rank statistic of overall survival (positive favours the experimental arm), −∞ for none.
    ///
    /// `information` are the deaths expected by each look over those by the last, which are also the spending times (kept from
    /// falling, the last 1); `z_of` turns the hazard ratio of a look into z. Spending bounds are the mirror image of efficacy
    /// bounds of the same level, computed without efficacy or futility: −Z is as good a canonical process as Z under the null
    /// (Jennison and Turnbull 2000, section 7.2).
    ///
    /// # Errors
    /// [`BoundError`] when information does not increase.
    pub fn bounds(&self, information: &[f64], z_of: impl Fn(usize, f64) -> f64) -> Result<Vec<f64>, BoundError> {
        match self {
            Self::Bounds(bounds) => Ok(bounds.clone()),
            Self::HazardRatio(ratios) => Ok(ratios
                .iter()
                .enumerate()
                .map(|(look, &ratio)| if ratio.is_finite() { z_of(look, ratio) } else { f64::NEG_INFINITY })
                .collect()),
            Self::Spending { function, level } => {
                let plan = EfficacyPlan::Spending(Arc::clone(function));
                let mirrored = efficacy_bounds(&plan, *level, information, information)?;
                Ok(mirrored.into_iter().map(|bound| -bound).collect())
            }
        }
    }
}

/// A crossing whose way down is told apart.
#[derive(Debug, Clone, PartialEq)]
pub struct HarmCrossing {
    /// Upward and, without harm, downward crossings per look.
    pub crossing: Crossing,
    /// Per look, the probability of stopping there at or below the harm bound.
    pub harm: Vec<f64>,
}

/// Splits the stops of a trial whose one statistic has efficacy, futility and harm bounds: the trial stops at the higher of the two
/// lower bounds, for harm at or below the harm bound and for futility between. `crossing` computes the probabilities of crossing
/// given bounds of the first looks.
///
/// # Errors
/// Those of `crossing`.
pub fn split<E>(
    bounds: &Bounds,
    harm: &[f64],
    crossing: impl Fn(&Bounds) -> Result<Crossing, E>,
) -> Result<HarmCrossing, E> {
    let lower: Vec<f64> = bounds.futility.iter().zip(harm).map(|(a, b)| a.max(*b)).collect();
    let mut all = crossing(&Bounds { efficacy: bounds.efficacy.clone(), futility: lower.clone() })?;
    let mut stops = vec![0.0; harm.len()];
    for look in (0..harm.len()).filter(|&look| harm[look].is_finite()) {
        stops[look] = if harm[look] >= bounds.futility[look] {
            all.futility[look]
        } else {
            let mut futility = lower[..=look].to_vec();
            futility[look] = harm[look];
            crossing(&Bounds { efficacy: bounds.efficacy[..=look].to_vec(), futility })?.futility[look]
        };
        all.futility[look] = (all.futility[look] - stops[look]).max(0.0);
    }
    Ok(HarmCrossing { crossing: all, harm: stops })
}
