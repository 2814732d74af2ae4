//! Raw experimental arms.

use super::hazard::Effect;
use super::quantity::{Duration, Months, Probability, Shape, Shift};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// What nature does in one experimental arm.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// The product's effect against the control course.
    pub effect: Option<Effects>,
    /// What is different in a stratum, by its name: each part given replaces the arm's own.
    pub strata: Option<IndexMap<String, ArmStratum>>,
    /// Rate of true immune response in the arm.
    pub immune_response: Option<ResponseRate>,
    /// Manufacturing of a personalised product. Not yet computed by this version.
    pub manufacturing: Option<Manufacturing>,
}

/// An arm in one stratum.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArmStratum {
    /// The effect in the stratum, in place of the arm's.
    pub effect: Option<Effects>,
    /// The rate of true immune response in the stratum, in place of the arm's.
    pub immune_response: Option<ResponseRate>,
}

/// Effects on the transitions, of every patient or by true immune response. A transition not named has no effect.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Effects {
    /// On progression, in every patient.
    pub progression: Option<Effect>,
    /// On death without progression, in every patient.
    pub death: Option<Effect>,
    /// On death after progression, in every patient, by months since randomisation.
    pub death_after_progression: Option<Effect>,
    /// In true responders only; goes with `non_responders`, not with effects of every patient.
    pub responders: Option<TransitionEffects>,
    /// In true non-responders only; no effect if absent.
    pub non_responders: Option<TransitionEffects>,
}

/// Effects on the transitions.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransitionEffects {
    /// On progression.
    pub progression: Option<Effect>,
    /// On death without progression.
    pub death: Option<Effect>,
    /// On death after progression, by months since randomisation.
    pub death_after_progression: Option<Effect>,
}

/// Rate of true immune response: exactly one of `rate` and `shift`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResponseRate {
    /// Probability of a true response, in [0, 1].
    pub rate: Option<Probability>,
    /// Shift of the latent standard normal response against the control arm.
    pub shift: Option<Shift>,
}

/// Manufacturing of a personalised product.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manufacturing {
    /// Months until the product is there.
    pub wait: Option<Wait>,
    /// Probability that the product fails.
    pub failure: Option<Probability>,
}

/// A waiting time: `fixed`, or `median` with `shape`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wait {
    /// The same number of months for everybody.
    pub fixed: Option<Months>,
    /// Median of a gamma law in months.
    pub median: Option<Duration>,
    /// Shape of the gamma law.
    pub shape: Option<Shape>,
}
