//! Raw protocol: arms, phases, looks, tests, combination.

use super::bounds::{Efficacy, Futility, Harm};
use super::quantity::{Count, Fraction, Level, Months, Part, Probability};
use super::shape::{OneOrMany, restrict_names};
use super::test::Test;
use super::transition::Transition;
use super::when::{Endpoint, When};
use crate::adaptive::INTERSECTIONS;
use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use std::borrow::Cow;
use std::fmt;

/// What is fixed in advance. A group-sequential trial has `patients`; a seamless one `phase2`, `transition` and `phase3`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// Names of the arms; one is `control`.
    pub arms: Vec<String>,
    /// Patients of each arm in a block, by arm; equal if absent. Whole numbers are made of fractions.
    pub allocation: Option<IndexMap<String, Part>>,
    /// Patients of all arms together, in a trial without a transition.
    pub patients: Option<Count>,
    /// One-sided level, in (0, 0.5).
    pub alpha: Level,
    /// What is tested: an endpoint, or a list of endpoints that share alpha (in a trial of two arms without a transition).
    pub primary: OneOrMany<Primary>,
    /// How several endpoints share alpha, and where a share goes when its hypothesis is rejected.
    pub graph: Option<Graph>,
    /// Phase II of a seamless trial.
    pub phase2: Option<Phase2>,
    /// Decision from phase II to phase III.
    pub transition: Option<Transition>,
    /// Phase III of a seamless trial.
    pub phase3: Option<Phase3>,
    /// Confirmatory looks, in order.
    pub analyses: Vec<Analysis>,
    /// Efficacy bounds; may be absent with one look, which then tests at alpha.
    pub efficacy: Option<Efficacy>,
    /// Futility bounds; none if absent.
    pub futility: Option<Futility>,
    /// Harm bounds of overall survival, in a trial without a transition; none if absent. The efficacy bounds do not count on them.
    pub harm: Option<Harm>,
    /// How phase II and phase III evidence make one test.
    pub combination: Option<Combination>,
    /// Test of an intersection hypothesis in the closed test; `dunnett` if absent.
    #[schemars(transform = intersection_choice)]
    pub intersection: Option<String>,
}

/// An endpoint and its test.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Primary {
    /// Endpoint.
    pub endpoint: Endpoint,
    /// Test statistic; `logrank` if absent.
    pub test: Option<Test>,
    /// Whether the test is stratified by the truth's strata; false if absent.
    pub stratified: Option<bool>,
    /// The endpoint's part of alpha, where there are several and no `graph`.
    pub alpha: Option<Level>,
}

/// A graphical procedure.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Graph {
    /// Share of alpha of each hypothesis.
    pub weights: IndexMap<String, Probability>,
    /// Share handed on from one hypothesis to another.
    pub transitions: IndexMap<String, IndexMap<String, Probability>>,
}

/// Phase II.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Phase2 {
    /// Patients of all arms together.
    pub patients: Count,
    /// Patients of each arm in a block, by arm; equal if absent.
    pub allocation: Option<IndexMap<String, Part>>,
}

/// Phase III.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Phase3 {
    /// Patients enrolled after phase II, of all arms together.
    pub patients: Count,
    /// Patients of each arm in a block, by arm, before arms are dropped; phase II's if absent.
    pub allocation: Option<IndexMap<String, Part>>,
    /// Months from the data cut to the decision, at least 0; 0 if absent.
    pub decision_time: Option<Months>,
    /// Whether enrolment pauses from the last phase II patient to the decision; false if absent.
    pub pause_enrollment: Option<bool>,
}

/// One confirmatory look.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Analysis {
    /// Name, unlike the other looks'.
    pub name: String,
    /// When it takes place.
    pub when: When,
    /// Endpoints tested, where there are several; all of them if absent.
    pub endpoints: Option<Vec<Endpoint>>,
}

/// How phase II and phase III evidence make one test.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Combination {
    /// The method.
    pub method: Method,
    /// Which evidence is stage 1; goes with `inverse_normal`, `fisher` and `conditional_error`.
    pub phase2_patients: Option<Phase2Patients>,
    /// Squared weight of stage 1 (its information share): `planned_events`, or a number in (0, 1); `planned_events` if
    /// absent. Fisher's product has none.
    pub weight: Option<Weight>,
    /// When the follow-up of the phase II cohort ends; needed with `own_cohort`.
    pub phase2_follow_up: Option<FollowUp>,
}

/// A combination method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Inverse normal of stage-wise p-values.
    InverseNormal,
    /// Fisher's product of stage-wise p-values.
    Fisher,
    /// The conditional error of the planned Dunnett test; one confirmatory look.
    ConditionalError,
    /// All patients as if the arms had been chosen beforehand: not valid, shown for comparison.
    NaivePooled,
    /// Only phase III patients are tested.
    Phase3Only,
}

impl Method {
    /// Name in the scenario file.
    pub fn name(self) -> &'static str {
        match self {
            Self::InverseNormal => "inverse_normal",
            Self::Fisher => "fisher",
            Self::ConditionalError => "conditional_error",
            Self::NaivePooled => "naive_pooled",
            Self::Phase3Only => "phase3_only",
        }
    }
}

/// Which evidence is stage 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase2Patients {
    /// The phase II cohort, with follow-up fixed in advance.
    OwnCohort,
    /// What had been seen at the transition; stage 2 is what everybody adds after it.
    IndependentIncrements,
}

/// Squared weight of stage 1: a number in (0, 1), or `planned_events`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Weight {
    /// Expected events of stage 1 over those of both stages at the final look.
    PlannedEvents,
    /// As given.
    Fixed(f64),
}

impl<'de> Deserialize<'de> for Weight {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WeightVisitor;

        impl Visitor<'_> for WeightVisitor {
            type Value = Weight;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number or `planned_events`")
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Weight, E> {
                let interval = Fraction::INTERVAL;
                if interval.holds(number) { Ok(Weight::Fixed(number)) } else { Err(E::custom(interval.rule())) }
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Weight, E> {
                self.visit_f64(number as f64)
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Weight, E> {
                self.visit_f64(number as f64)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Weight, E> {
                if text == "planned_events" {
                    Ok(Weight::PlannedEvents)
                } else {
                    Err(E::unknown_variant(text, &["planned_events"]))
                }
            }
        }

        deserializer.deserialize_any(WeightVisitor)
    }
}

impl JsonSchema for Weight {
    fn schema_name() -> Cow<'static, str> {
        "Weight".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [Fraction::INTERVAL.schema(), { "const": "planned_events" }] })
    }
}

/// When the follow-up of a cohort ends.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FollowUp {
    /// When; events and patients are those of phase II, in all arms.
    pub when: When,
}

/// The intersection test that the format has and this version does not compute.
pub const LATER_INTERSECTION: &str = "spiessens_debois";

/// Every name of an intersection test.
pub fn intersection_names() -> impl Iterator<Item = &'static str> {
    INTERSECTIONS.iter().map(|entry| entry.name).chain([LATER_INTERSECTION])
}

fn intersection_choice(schema: &mut Schema) {
    restrict_names(schema, intersection_names());
}
