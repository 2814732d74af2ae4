//! Raw hazards and effects.

use super::quantity::{CuredFraction, Duration, Hazard as Rate, Months, Ratio, Shape, Share};
use super::shape::{Form, full_objects};
use schemars::JsonSchema;
use serde::Deserialize;

/// A hazard per month since its clock started: exactly one of `hazard`, `median`, `hazards`, `survival`, `weibull`, and
/// possibly `cured`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "HAZARD")]
#[expect(clippy::struct_field_names, reason = "the field has the name of the key")]
pub struct Hazard {
    /// Constant hazard per month, 0 to 100.
    pub hazard: Option<Rate>,
    /// Median time in months of a constant hazard, above 0.
    pub median: Option<Duration>,
    /// Piecewise-constant hazards; every piece but the last has `for`.
    pub hazards: Option<Vec<HazardPiece>>,
    /// Constant hazards between survival points; the last hazard goes on.
    pub survival: Option<Vec<SurvivalPoint>>,
    /// Weibull hazard, as constant hazards fine enough that survival is within 1e-6.
    pub weibull: Option<Weibull>,
    /// Share of patients who never have the event, in every arm, in [0, 1); the hazard is that of the other patients.
    pub cured: Option<CuredFraction>,
}

/// The hazard of death after progression, with its clock.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HazardAfterProgression {
    /// Constant hazard per month, 0 to 100.
    pub hazard: Option<Rate>,
    /// Median time in months of a constant hazard, above 0.
    pub median: Option<Duration>,
    /// Piecewise-constant hazards; every piece but the last has `for`.
    pub hazards: Option<Vec<HazardPiece>>,
    /// Constant hazards between survival points; the last hazard goes on.
    pub survival: Option<Vec<SurvivalPoint>>,
    /// Weibull hazard, as constant hazards fine enough that survival is within 1e-6.
    pub weibull: Option<Weibull>,
    /// Share of patients who never have the event, in every arm, in [0, 1); the hazard is that of the other patients.
    pub cured: Option<CuredFraction>,
    /// Clock of the hazard; `since_progression` if absent.
    pub clock: Option<Clock>,
}

impl HazardAfterProgression {
    /// The hazard without its clock.
    pub fn hazard(&self) -> Hazard {
        let Self { hazard, median, hazards, survival, weibull, cured, clock: _ } = self.clone();
        Hazard { hazard, median, hazards, survival, weibull, cured }
    }
}

/// The clock of death after progression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// Restarts at progression.
    SinceProgression,
    /// Goes on from randomisation.
    SinceRandomization,
}

/// One piece of a piecewise-constant hazard.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HazardPiece {
    /// Months the piece lasts, above 0; absent in the last piece, which is open-ended.
    #[serde(rename = "for")]
    pub months: Option<Duration>,
    /// Hazard per month, 0 to 100.
    pub hazard: Rate,
}

/// A point of a survival curve.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SurvivalPoint {
    /// Months, above 0, increasing from point to point.
    pub at: Duration,
    /// Survival then, in (0, 1], not increasing from point to point.
    pub is: Share,
}

/// A Weibull law.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Weibull {
    /// Shape, 0.1 to 10; 1 is the exponential law.
    pub shape: Shape,
    /// Median in months, above 0.
    pub median: Duration,
}

/// A hazard ratio against the control course: a number, or an object with its delay or its course over time.
pub type Effect = Form<Ratio, EffectOverTime>;

/// A hazard ratio that changes with the months since treatment.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "EFFECT")]
pub struct EffectOverTime {
    /// The hazard ratio after delay and ramp (0.001 to 1000), or its pieces over time.
    pub hazard_ratio: Form<Ratio, Vec<RatioPiece>>,
    /// Months without effect: a number, {"fixed": 4}, or a gamma law that differs between patients.
    pub delay: Option<Form<Months, Delay>>,
    /// Months over which the ratio goes linearly from 1 to `hazard_ratio` once the delay is over; 0 if absent.
    pub ramp: Option<Months>,
}

/// One piece of a hazard ratio over time.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RatioPiece {
    /// Months the piece lasts, above 0; absent in the last piece, which is open-ended.
    #[serde(rename = "for")]
    pub months: Option<Duration>,
    /// Hazard ratio, 0.001 to 1000.
    pub is: Ratio,
}

/// A delay or a waiting time: `fixed`, or `median` with `shape`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Delay {
    /// The same number of months for everybody.
    pub fixed: Option<Months>,
    /// Median of a gamma law in months: the delay differs between patients.
    pub median: Option<Duration>,
    /// Shape of the gamma law.
    pub shape: Option<Shape>,
}

full_objects!(EffectOverTime, Delay);
