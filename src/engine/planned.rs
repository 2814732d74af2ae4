//! The protocol made numbers before any patient: information fractions, bounds, weights.

use crate::adaptive::Prospect;
use crate::sequential::Bounds;

/// What the protocol and its planning truth fix before the first patient.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// Looks in order.
    pub looks: Vec<PlannedLook>,
    /// Bounds of the test statistic of each look (the log-rank z, or the combined z of a seamless design).
    pub bounds: Bounds,
    /// Harm bounds of the log-rank statistic of overall survival, one per look, −∞ for none; empty without harm bounds.
    pub harm: Vec<f64>,
    /// Deaths expected by each look under the planning truth; empty without harm bounds.
    pub deaths: Vec<f64>,
    /// Squared weight of stage 1 in the combination; `None` unless the design combines two stages.
    pub stage1_weight: Option<f64>,
    /// Several primary endpoints: what is planned of each; empty where there is one.
    pub endpoints: Vec<PlannedEndpoint>,
    /// What the transition's powers of the final test need, per experimental arm; empty where it asks for none.
    pub prospects: Vec<Prospect>,
}

/// One of several primary endpoints as planned.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedEndpoint {
    /// Planned events by look.
    pub events: Vec<f64>,
    /// Efficacy bounds per set of hypotheses rejected so far (a bit mask) and look; infinite where it is not tested or holds no level.
    pub bounds: Vec<Vec<f64>>,
}

/// One look as planned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlannedLook {
    /// Share of the final information of the tested statistic, in (0, 1]; the last is 1. With two stages it counts stage 1.
    pub information_fraction: f64,
    /// Share of stage 2's (or, without stages, the only stage's) final information, in (0, 1]; the last is 1.
    pub stage2_fraction: f64,
    /// Spending time, in (0, 1]; the last is 1.
    pub spending_time: f64,
    /// Planned events of the primary endpoint: the look's count, or those expected under the planning truth.
    pub events: f64,
}

/// What is true about the hypotheses under one truth; one entry per experimental arm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hypotheses {
    /// Whether the arm is no better than the control on the primary endpoint (its survival curve is nowhere above).
    pub null_true: Vec<bool>,
    /// Whether the arm is (one of) the truly best, by restricted mean of the primary endpoint; all false when every null
    /// is true.
    pub best: Vec<bool>,
}
