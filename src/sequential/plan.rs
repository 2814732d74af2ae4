//! How bounds are asked for, and the bounds themselves.

use crate::sequential::bounds::Sides;
use crate::sequential::spending::SpendingFunction;
use std::sync::Arc;

/// Efficacy and futility as the protocol asks for them.
#[derive(Debug, Clone)]
pub struct BoundPlan {
    /// Efficacy bounds.
    pub efficacy: EfficacyPlan,
    /// Spending times that replace the default ones, one per look, increasing to 1.
    pub spending_time: Option<Vec<f64>>,
    /// Futility bounds; `None` for none.
    pub futility: Option<FutilityPlan>,
    /// Whether the efficacy bounds count on the trial's stopping at the futility bounds. If not, they are computed as if there were
    /// none.
    pub binding: bool,
    /// Two-sided: the level is that of each side, and the lower bound mirrors the upper one; without futility bounds only.
    pub sides: Sides,
    /// Per look, whether it has an efficacy bound; `None` when every look has. A look without one spends nothing. The last look has one.
    pub efficacy_at: Option<Vec<bool>>,
    /// Per look, whether β-spending gives it a futility bound; `None` when every look but the last has.
    pub futility_at: Option<Vec<bool>>,
}

impl BoundPlan {
    /// One-sided efficacy at every look, no futility.
    pub fn of(efficacy: EfficacyPlan) -> Self {
        Self {
            efficacy,
            spending_time: None,
            futility: None,
            binding: false,
            sides: Sides::One,
            efficacy_at: None,
            futility_at: None,
        }
    }

    /// Whether [`super::bounds::bounds`] needs E Z_k under the planning truth.
    pub fn needs_drift(&self) -> bool {
        matches!(
            self.futility,
            Some(FutilityPlan::Spending { .. } | FutilityPlan::ConditionalPower { under: Assumption::Assumed, .. })
        )
    }
}

/// Efficacy bounds as asked for.
#[derive(Debug, Clone)]
pub enum EfficacyPlan {
    /// The last look alone, at z of the level (no `efficacy` in the file and one look), or an error-spending function.
    Spending(Arc<dyn SpendingFunction>),
    /// z bounds as given, one per look; infinite where a look has none.
    Bounds(Vec<f64>),
    /// Wang–Tsiatis family with parameter Δ: 0 is classical O'Brien–Fleming, 0.5 classical Pocock (equal-bound) design.
    WangTsiatis {
        /// Δ.
        delta: f64,
    },
    /// The given z at every look but the last, which exhausts the level.
    HaybittlePeto {
        /// z of the interim looks.
        z: f64,
    },
    /// Pampallona–Tsiatis: efficacy C₁ τ^{Δ₁−½} and futility δ√τ − C₀ τ^{Δ₀−½}, which meet at the last look; brings its own futility.
    PampallonaTsiatis {
        /// Δ₁.
        delta_efficacy: f64,
        /// Δ₀.
        delta_futility: f64,
        /// Type II error under the drift δ that the bounds imply, in (0, 1 − α).
        beta: f64,
    },
}

/// Futility bounds as asked for; [`BoundPlan::binding`] says whether efficacy counts on them.
#[derive(Debug, Clone)]
pub enum FutilityPlan {
    /// z bounds, one per look; −infinity where a look has none.
    Bounds(Vec<f64>),
    /// Hazard ratios, one per look: stop when the observed ratio is at or above; infinite where a look has none.
    HazardRatio(Vec<f64>),
    /// Conditional powers, one per look: stop when the chance of crossing a later efficacy bound is at or below; 0 where a look has
    /// none.
    ConditionalPower {
        /// Per look, in [0, 1).
        least: Vec<f64>,
        /// Under what.
        under: Assumption,
    },
    /// Predictive powers under a flat prior, one per look: stop when at or below; 0 where a look has none.
    PredictivePower {
        /// Per look, in [0, 1).
        least: Vec<f64>,
    },
    /// β-spending: the given type II error is spent under the drift of the planning truth.
    Spending {
        /// Spending function.
        function: Arc<dyn SpendingFunction>,
        /// Type II error to spend, in (0, 1).
        beta: f64,
    },
}

/// What conditional power assumes for the patients to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Assumption {
    /// The drift of the planning truth: a delayed effect keeps its course.
    #[default]
    Assumed,
    /// The effect seen so far.
    Trend,
    /// No effect.
    Null,
}

/// Bounds on the z scale, one per look.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bounds {
    /// Reject at or above; infinite where a look has no efficacy bound.
    pub efficacy: Vec<f64>,
    /// Stop for futility at or below (and not above efficacy); −infinity where a look has none. At the last look it is −infinity: not rejecting ends
    /// the trial anyway.
    pub futility: Vec<f64>,
}
