//! The file as it is written: one struct per object, mirrored in the JSON Schema.
//!
//! Everything of the format is here, also what this version does not compute yet (the checks refuse that by name).
//! Doc comments become the schema's descriptions: each gives the meaning, the unit and the range.

pub mod arm;
pub mod bounds;
pub mod hazard;
pub mod prior;
pub mod protocol;
pub mod quantity;
pub mod shape;
pub mod test;
pub mod transition;
pub mod truth;
pub mod when;

use indexmap::IndexMap;
use quantity::{Fraction, Number, Points, Positive, Replicates};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;

/// A scenario of seamline: what nature does, what the protocol fixes in advance, and what is asked.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "seamline scenario")]
pub struct File {
    /// Where an editor finds this schema; not read.
    #[serde(rename = "$schema")]
    pub schema: Option<String>,
    /// Format version; 1.
    pub seamline: Version,
    /// One line that names the scenario in tables and reports.
    pub title: Option<String>,
    /// Free text: sources, assumptions, who decided what.
    pub notes: Option<String>,
    /// What nature does.
    #[schemars(with = "truth::Truth")]
    pub truth: Value,
    /// What is fixed in advance.
    #[schemars(with = "protocol::Protocol")]
    pub protocol: Value,
    /// Named variants of `truth`, each a merge patch (RFC 7396): keys given replace, `null` removes. Where it is absent
    /// the only truth is `base`; the unpatched truth is included only if an empty patch lists it.
    pub truths: Option<IndexMap<String, Patch>>,
    /// Named variants of `protocol`, each a merge patch (RFC 7396). Where it is absent the only candidate is `protocol`;
    /// the unpatched protocol is included only if an empty patch lists it.
    pub candidates: Option<IndexMap<String, Patch>>,
    /// What `size` solves; `1 - power` is also the type II error of β-spending.
    pub goal: Option<Goal>,
    /// Points over which `sweep` repeats everything; the other verbs answer for the file as it stands.
    pub sweep: Option<Sweep>,
    /// Distributions of unknown numbers of the truth, by JSON pointer: `evaluate` adds the assurance, the power averaged over them.
    pub prior: Option<IndexMap<String, prior::Distribution>>,
    /// What `optimize` makes large or small, what it moves and what must hold.
    pub optimize: Option<Optimize>,
    /// What `compare --break-even` moves to find where one candidate stops being better than another.
    pub break_even: Option<BreakEven>,
    /// What `check --worst-case` varies. Where it is absent: the response rates of arms without effect and of the controls, and the
    /// prognostic link of the response.
    pub worst_case: Option<WorstCase>,
    /// How engines are run.
    pub run: Option<Run>,
}

/// The format version: the number 1.
#[derive(Debug, Clone, Copy)]
pub struct Version;

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let version = f64::deserialize(deserializer)?;
        if version == 1.0 {
            Ok(Self)
        } else {
            Err(serde::de::Error::custom("must be 1, the only format version that this program reads"))
        }
    }
}

impl JsonSchema for Version {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Version".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "const": 1 })
    }
}

/// A merge patch: an object.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct Patch(pub serde_json::Map<String, Value>);

impl JsonSchema for Patch {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Patch".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "description": "A merge patch (RFC 7396)." })
    }
}

/// What `size` solves.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    /// Power to reach under every truth in which a null is false: a probability between alpha and 1.
    pub power: Fraction,
    /// What is moved to reach it; `patients` if absent.
    pub solve: Option<Solve>,
    /// Conditions on the solved design: metrics of `optimize`, over all truths or under one.
    pub subject_to: Option<Vec<Constraint>>,
}

/// What `size` moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Solve {
    /// Patients: the enrolment rate and the looks' conditions are kept, accrual lengthens. Of a seamless design the patients of phase
    /// III, the events of the looks in proportion.
    Patients,
    /// Patients of phase II of a seamless design; a count of them in the transition's `when` follows.
    Phase2Patients,
    /// Months of the `min_follow_up` in the transition's `when`.
    Transition,
    /// The first number that the transition's `go` compares with.
    Threshold,
    /// Events: all event-driven looks scale together, patients are kept.
    Events,
    /// The last look's `min_follow_up`.
    FollowUp,
    /// Months of enrolment at the file's rates; patients follow.
    Enrollment,
    /// The detectable hazard ratio: every effect's ratio that is not 1 takes one value, delays are kept.
    HazardRatio,
}

/// How engines are run.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Which engine answers; `auto` if absent: the analytic one where it covers the design, else simulation.
    pub engine: Option<Engine>,
    /// Simulated trials, a whole number from 1 to 1e9; 100000 if absent.
    pub replicates: Option<Replicates>,
    /// Seed of every random draw, a whole number from 0 to 2^64 - 1; 20261122 if absent.
    pub seed: Option<u64>,
    /// Monte Carlo standard error at which simulation stops: after the first 2048, 4096, … trials that know both
    /// `reject_any` and `type_i_error` so well; `replicates` stays the most there are.
    pub mcse: Option<Positive>,
}

/// An engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// Analytic where it covers the design, else simulation.
    Auto,
    /// Closed form and quadrature; designs without data-driven selection.
    Analytic,
    /// Joint normal law of all statistics, integrated over the transition rule.
    Asymptotic,
    /// Patient by patient.
    Simulation,
}

/// Points over which everything is repeated.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    /// How the axes are combined; `grid` if absent.
    pub design: Option<SweepDesign>,
    /// Points of a Latin hypercube, a whole number from 1 to 100000.
    pub points: Option<Points>,
    /// The axes, 1 to 12; together they make at most 100000 points.
    pub axes: Vec<Axis>,
}

/// How axes are combined.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SweepDesign {
    /// Every combination; the first axis moves slowest.
    Grid,
    /// First with first, second with second; axes have the same number of values.
    Zip,
    /// A space-filling sample of `points` points.
    LatinHypercube,
}

/// One axis of a sweep.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// JSON pointer of the value that moves, below /truth, /truths, /protocol, /candidates, /goal or /run.
    pub path: String,
    /// The values, of any kind; or `from`, `to` and `step`.
    pub values: Option<Vec<Value>>,
    /// First value, a number.
    pub from: Option<Number>,
    /// Largest value, above `from`; taken where the steps reach it.
    pub to: Option<Number>,
    /// Step, above 0; without it a Latin hypercube takes any number from `from` to `to`.
    pub step: Option<Positive>,
}

/// What `check --worst-case` varies to find the largest type I error.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorstCase {
    /// Values of `truth` and their ranges, 1 to 12; `--map` takes the first two as its axes.
    pub vary: Vec<Vary>,
}

/// What `compare --break-even` moves: one candidate against every other, of equal expected patients.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BreakEven {
    /// The candidate that is compared with the others; the first if absent.
    pub candidate: Option<String>,
    /// The truth whose values move; the first if absent.
    pub truth: Option<String>,
    /// Numbers of `truth` that a strength from 0 to 1 moves together, each from its `from` to its `to`; 1 to 12.
    pub over: Vec<Line>,
    /// Numbers of `truth` that a second strength moves: the search along `over` is repeated at every point of it.
    pub across: Option<Vec<Line>>,
    /// Points of each strength, a whole number from 2 to 41; 9 if absent.
    pub points: Option<Points>,
}

/// A number that moves along a line.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// JSON pointer of the number.
    pub path: String,
    /// Value at strength 0.
    pub from: Number,
    /// Value at strength 1.
    pub to: Number,
}

/// A search for the best protocol: one objective, or `maximize` and `minimize` together for the designs that no other beats in
/// both. Metrics: `power` (mean of `reject_any` over the truths with a false null), `type_i_error` (the largest over the truths),
/// `go`, `false_go` (where every null is true), `patients`, `events`, `months` (means over the truths).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Optimize {
    /// Metric to make large.
    pub maximize: Option<String>,
    /// Metric to make small.
    pub minimize: Option<String>,
    /// Truth under which the objectives are taken; over all truths if absent.
    pub truth: Option<String>,
    /// Numbers of `protocol` that are varied, 1 to 12; those that a candidate does not have stay out of its family.
    pub vary: Vec<Vary>,
    /// Conditions the answer must meet.
    pub subject_to: Option<Vec<Constraint>>,
}

/// A value that is varied.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vary {
    /// JSON pointer of the value.
    pub path: String,
    /// Smallest value.
    pub from: Number,
    /// Largest value.
    pub to: Number,
    /// Whether only whole numbers are tried; false if absent.
    pub integer: Option<bool>,
}

/// A condition on a metric.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Constraint {
    /// The metric.
    pub metric: String,
    /// Truth under which it is taken.
    pub truth: Option<String>,
    /// Smallest admissible value.
    pub at_least: Option<Number>,
    /// Largest admissible value.
    pub at_most: Option<Number>,
}
