//! How bounds are asked for, and the bounds themselves.

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
}

/// Futility bounds as asked for (non-binding: the efficacy bounds are computed as if there were none).
#[derive(Debug, Clone)]
pub enum FutilityPlan {
    /// z bounds, one per look; −infinity where a look has none.
    Bounds(Vec<f64>),
    /// Hazard ratios, one per look: stop when the observed ratio is at or above; infinite where a look has none.
    HazardRatio(Vec<f64>),
    /// β-spending: the given type II error is spent under the drift of the planning truth.
    Spending {
        /// Spending function.
        function: Arc<dyn SpendingFunction>,
        /// Type II error to spend, in (0, 1).
        beta: f64,
    },
}

/// Bounds on the z scale, one per look.
#[derive(Debug, Clone, PartialEq)]
pub struct Bounds {
    /// Reject at or above; infinite where a look has no efficacy bound.
    pub efficacy: Vec<f64>,
    /// Stop for futility at or below (and not above efficacy); −infinity where a look has none. At the last look it is −infinity: not rejecting ends
    /// the trial anyway.
    pub futility: Vec<f64>,
}
