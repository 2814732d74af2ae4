//! Raw experimental arms.

use super::hazard::{Delay, Effect};
use super::quantity::{Probability, Shift};
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
    /// Probability of severe toxicity in the arm; the control's if absent.
    pub toxicity: Option<ToxicityRate>,
    /// Manufacturing of a personalised product; everybody is treated at randomisation if absent.
    pub manufacturing: Option<Manufacturing>,
}

/// Probability of severe toxicity.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToxicityRate {
    /// The probability.
    pub rate: Probability,
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

/// Manufacturing of a personalised product. The effects' delays count from the treatment; a patient whose product fails, or
/// who progresses before it arrives, gets no effect.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manufacturing {
    /// Months from randomisation until the product is there; none if absent.
    pub wait: Option<Delay>,
    /// Probability that the product cannot be made, in [0, 1]; 0 if absent.
    pub failure: Option<Probability>,
}
