//! Raw truth: enrolment, drop-out, strata, control, immune response, later therapy.

use super::arm::Arm;
use super::hazard::{Hazard, HazardAfterProgression};
use super::quantity::{Correlation, Duration, LogHazardSd, Months, PerMonth, Probability, Ratio, Share, Small};
use super::shape::{Form, full_objects, short_names};
use indexmap::IndexMap;
use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use std::fmt;

/// What nature does.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Truth {
    /// Patients per month over calendar time; every piece but the last has `for`.
    pub enrollment: Vec<EnrollmentPiece>,
    /// How trials enrol; `poisson` if absent. The analytic engine uses the expected rate, and the process in the covariance of the looks.
    pub enrollment_process: Option<EnrollmentProcess>,
    /// Drop-out hazard since randomisation, for all arms or per arm; none if absent.
    pub dropout: Option<Dropout>,
    /// Baseline strata; prevalences sum to 1.
    pub strata: Option<Vec<Stratum>>,
    /// Course of the control arm.
    pub control: Control,
    /// Experimental arms by name; those of the protocol.
    pub arms: IndexMap<String, Arm>,
    /// Immune response, measured once per patient.
    pub immune_response: Option<ImmuneResponse>,
    /// A severe toxicity: yes or no, once per patient.
    pub toxicity: Option<Toxicity>,
    /// Therapy after progression, by arm; none in an arm that is not named.
    pub subsequent_therapy: Option<IndexMap<String, SubsequentTherapy>>,
    /// Controls who receive the product at progression; the only key is `control`.
    pub crossover: Option<IndexMap<String, Crossover>>,
    /// Visits at which progression is seen. Not yet computed by this version.
    pub assessment: Option<Assessment>,
}

/// A severe toxicity, independent of the course of the disease.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Toxicity {
    /// Months after randomisation at which it is known.
    pub measured_at: Months,
    /// Probability in the control arm, and in an arm that names none.
    pub control_rate: Probability,
}

/// One piece of the enrolment rate.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrollmentPiece {
    /// Months the piece lasts, above 0; absent in the last piece, which is open-ended.
    #[serde(rename = "for")]
    pub months: Option<Duration>,
    /// Patients per month, at least 0; above 0 in the last piece.
    pub per_month: PerMonth,
}

/// How simulated trials enrol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EnrollmentProcess {
    /// As a Poisson process of the given rate.
    Poisson,
    /// Patient i when the expected count reaches i.
    Steady,
}

/// Drop-out: one HAZARD for all arms, or one per arm. The two are told apart by the keys.
#[derive(Debug, Clone, Default)]
pub struct Dropout {
    /// The hazard of all arms, if its keys are there.
    pub all: Option<Hazard>,
    /// Per arm.
    pub arms: IndexMap<String, Hazard>,
}

const HAZARD_KEYS: &[&str] = &["hazard", "median", "hazards", "survival", "weibull", "cured"];

impl<'de> Deserialize<'de> for Dropout {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DropoutVisitor;

        impl<'de> Visitor<'de> for DropoutVisitor {
            type Value = Dropout;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Dropout, A::Error> {
                let mut dropout = Dropout::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "hazard" => dropout.all.get_or_insert_default().hazard = map.next_value()?,
                        "median" => dropout.all.get_or_insert_default().median = map.next_value()?,
                        "hazards" => dropout.all.get_or_insert_default().hazards = map.next_value()?,
                        "survival" => dropout.all.get_or_insert_default().survival = map.next_value()?,
                        "weibull" => dropout.all.get_or_insert_default().weibull = map.next_value()?,
                        "cured" => dropout.all.get_or_insert_default().cured = map.next_value()?,
                        _ => {
                            let hazard = map.next_value_seed(ArmHazard)?;
                            dropout.arms.insert(key, hazard);
                        }
                    }
                }
                Ok(dropout)
            }
        }

        deserializer.deserialize_map(DropoutVisitor)
    }
}

/// The hazard of one arm. Where there is no object, the key was meant for a hazard's and is misspelt.
struct ArmHazard;

impl<'de> DeserializeSeed<'de> for ArmHazard {
    type Value = Hazard;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Hazard, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ArmHazard {
    type Value = Hazard;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Hazard, E> {
        Err(E::unknown_field("", HAZARD_KEYS))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Hazard, E> {
        Err(E::unknown_field("", HAZARD_KEYS))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Hazard, E> {
        Err(E::unknown_field("", HAZARD_KEYS))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Hazard, A::Error> {
        Hazard::deserialize(serde::de::value::MapAccessDeserializer::new(map))
    }
}

impl JsonSchema for Dropout {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Dropout".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> Schema {
        let hazard = generator.subschema_for::<Hazard>();
        schemars::json_schema!({
            "description": "A HAZARD for all arms, or an object with one HAZARD per arm.",
            "anyOf": [ hazard, { "type": "object", "minProperties": 1, "additionalProperties": hazard } ]
        })
    }
}

/// One baseline stratum.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stratum {
    /// Name.
    pub name: String,
    /// Share of patients, in (0, 1].
    pub prevalence: Share,
    /// Hazard ratios of the stratum against the hazards of `control`, in every arm; 1 where absent.
    pub hazard_ratio: Option<TransitionRatios>,
}

/// A hazard ratio for each transition.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransitionRatios {
    /// On progression; 1 if absent.
    pub progression: Option<Ratio>,
    /// On death without progression; 1 if absent.
    pub death: Option<Ratio>,
    /// On death after progression; 1 if absent.
    pub death_after_progression: Option<Ratio>,
}

/// Course of the control arm: hazards of the transitions, or `medians` with `correlation`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Hazard of recurrence or progression; absent in an OS-only trial.
    pub progression: Option<Hazard>,
    /// Hazard of death without progression (of death, where there is no progression).
    pub death: Option<Hazard>,
    /// Hazard of death after progression; needed where there is progression.
    pub death_after_progression: Option<HazardAfterProgression>,
    /// Medians that constant hazards are solved for, with `correlation`; in place of the hazards.
    pub medians: Option<Medians>,
    /// Pearson correlation of PFS and OS without censoring that constant hazards are solved for, with `medians`.
    pub correlation: Option<Correlation>,
}

impl Control {
    /// Whether there is a progression state.
    pub fn has_progression(&self) -> bool {
        self.progression.is_some() || self.medians.is_some()
    }
}

/// Medians of PFS and OS in months.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Medians {
    /// Median PFS, months.
    pub pfs: Duration,
    /// Median OS, months.
    pub os: Duration,
}

/// Immune response, measured once per patient.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImmuneResponse {
    /// Months from randomisation to the reading, at least 0.
    pub measured_at: Months,
    /// Probability of a true response in the control arm, in [0, 1].
    pub control_rate: Probability,
    /// Link between response and outcome in every single patient, whatever the arm; none if absent.
    pub prognostic: Option<Prognostic>,
    /// Assays read; a perfect one if absent.
    pub assays: Option<Vec<Assay>>,
    /// How the assays make a patient positive; `any` if absent.
    pub positive_if: Option<Form<PositiveName, PositiveAtLeast>>,
    /// Whether an event or drop-out before the reading makes it missing; true if absent.
    pub missing_if_event_before: Option<bool>,
    /// What the trial makes of a missing reading; `non_response` if absent.
    pub missing: Option<Missing>,
}

/// What the trial makes of a missing reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// Counts as non-response.
    NonResponse,
    /// The patient is left out of the response rate.
    LeftOut,
}

/// Individual-level link between latent response and outcome.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Prognostic {
    /// Correlation of latent response with good prognosis, in [-1, 1].
    pub correlation: Correlation,
    /// Standard deviation of the log-hazard frailty, 0 to 5.
    pub log_hazard_sd: LogHazardSd,
}

/// One assay.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assay {
    /// Name.
    pub name: String,
    /// Probability of a positive reading in true responders, in [0, 1].
    pub sensitivity: Probability,
    /// Probability of a negative reading in true non-responders, in [0, 1].
    pub specificity: Probability,
}

/// Which assays must be positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PositiveName {
    /// At least one.
    Any,
    /// Every one.
    All,
}

/// How many assays must be positive.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PositiveAtLeast {
    /// Assays that must be positive, from 1 to the number of assays.
    pub at_least: Small,
}

/// Therapy after progression in one arm.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubsequentTherapy {
    /// Probability that a patient who progresses receives it, in [0, 1].
    pub probability: Probability,
    /// Its hazard ratio on death after progression, from progression on; on top of the arm's effect.
    pub hazard_ratio: Ratio,
}

/// Crossover of one arm.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Crossover {
    /// Probability that a patient who progresses crosses over, in [0, 1].
    pub probability: Probability,
    /// Arm whose product is received at progression: its effect on death after progression applies, with delay and ramp
    /// counted from there.
    pub to: String,
}

/// Visits.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assessment {
    /// Months between visits.
    pub every: Duration,
    /// Pseudo-progression by arm.
    pub pseudo_progression: Option<IndexMap<String, PseudoProgression>>,
}

/// Pseudo-progression in one arm.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PseudoProgression {
    /// Probability that a patient shows it.
    pub probability: Probability,
    /// Months since randomisation within which it shows.
    pub within: Duration,
}

full_objects!(PositiveAtLeast);
short_names!(PositiveName);
