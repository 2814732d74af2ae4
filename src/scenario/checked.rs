//! A scenario that is right: nothing but this room's parser can make one.

use crate::engine::Settings;
use crate::protocol::Protocol;
use crate::scenario::Sweep;
use crate::search::{Metric, Prior};
use crate::survival::Endpoint;
use crate::truth::Truth;
use serde_json::Value;

/// A checked scenario.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Title; empty when the file has none.
    pub title: String,
    /// Notes; empty when the file has none.
    pub notes: String,
    /// SHA-256 of the file's bytes, hexadecimal; with overrides, of the bytes followed by each override on a line of its own.
    pub sha256: String,
    /// Candidates in file order; the only one is named "protocol" when the file lists none.
    pub candidates: Vec<Candidate>,
    /// What `size` solves.
    pub goal: Option<Goal>,
    /// What a solved design is held against.
    pub goal_conditions: Vec<Condition>,
    /// What the search for the largest type I error varies, where the file says.
    pub worst_case: Option<Vec<Range>>,
    /// What `compare --break-even` moves.
    pub break_even: Option<BreakEvenPlan>,
    /// What `optimize` looks for.
    pub optimize: Option<Optimization>,
    /// How engines are run.
    pub run: Settings,
    /// What is not known of the truth: JSON pointers of numbers, and their joint distribution.
    pub prior: Option<(Vec<String>, Prior)>,
    /// The points that `sweep` goes through, where the file has them.
    pub sweep: Option<Sweep>,
    /// Cautions about the file, in full sentences.
    pub warnings: Vec<String>,
    /// The file as read, overrides applied.
    pub source: Value,
}

/// One protocol, with every truth resolved for its arms.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Name.
    pub name: String,
    /// The protocol.
    pub protocol: Protocol,
    /// Per look, the fraction of the final look's events where the file gives one (`event_fraction`), so that planned
    /// events can follow the final look when it moves.
    pub event_fractions: Vec<Option<f64>>,
    /// The unpatched truth: what the design is planned on.
    pub planning: Truth,
    /// Truths in file order; the only one is named "base" when the file lists none.
    pub truths: Vec<(String, Truth)>,
}

impl Candidate {
    /// One label per hypothesis (experimental arm, or endpoint where there are several): "high vs control · os · full population".
    pub fn hypotheses(&self) -> Vec<String> {
        let control = &self.protocol.arms[0];
        if let Some(several) = &self.protocol.several {
            let arm = &self.protocol.arms[1];
            let label = |endpoint: &Endpoint| format!("{arm} vs {control} · {} · full population", endpoint.name());
            return several.endpoints.iter().map(label).collect();
        }
        let endpoint = self.protocol.primary.endpoint.name();
        self.protocol.arms[1..].iter().map(|arm| format!("{arm} vs {control} · {endpoint} · full population")).collect()
    }
}

/// A value of `truth` and the range it is varied over.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    /// JSON pointer, below /truth, through objects alone.
    pub path: String,
    /// Smallest value.
    pub from: f64,
    /// Largest value, above `from`.
    pub to: f64,
}

/// What `compare --break-even` moves.
#[derive(Debug, Clone, PartialEq)]
pub struct BreakEvenPlan {
    /// Index of the candidate compared with the others.
    pub candidate: usize,
    /// Index of the truth.
    pub truth: usize,
    /// Numbers moved by the strength, from its value at 0 to that at 1 (in any order).
    pub over: Vec<Range>,
    /// Numbers moved by the second strength; empty without one.
    pub across: Vec<Range>,
    /// Points of each strength, at least 2.
    pub points: usize,
}

/// What `optimize` looks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimization {
    /// One or two.
    pub objectives: Vec<Objective>,
    /// What moves.
    pub vary: Vec<Varied>,
    /// What must hold.
    pub subject_to: Vec<Condition>,
}

/// A metric to make large or small.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Objective {
    /// The metric.
    pub metric: Metric,
    /// Index of the truth under which it is taken; over all if `None`.
    pub truth: Option<usize>,
    /// Whether it is made large.
    pub maximize: bool,
}

impl Objective {
    /// 1 for a metric to make large, −1 for one to make small.
    pub fn sign(self) -> f64 {
        if self.maximize { 1.0 } else { -1.0 }
    }
}

/// A number of the protocol that moves.
#[derive(Debug, Clone, PartialEq)]
pub struct Varied {
    /// JSON pointer, below /protocol.
    pub path: String,
    /// Smallest value.
    pub from: f64,
    /// Largest value, above `from`.
    pub to: f64,
    /// Whether it is a whole number.
    pub integer: bool,
}

/// A condition on a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition {
    /// The metric.
    pub metric: Metric,
    /// Index of the truth under which it is taken; over all if `None`.
    pub truth: Option<usize>,
    /// Smallest admissible value.
    pub at_least: Option<f64>,
    /// Largest admissible value.
    pub at_most: Option<f64>,
}

impl Condition {
    /// Whether a value meets it.
    pub fn holds(self, value: f64) -> bool {
        self.at_least.is_none_or(|least| value >= least) && self.at_most.is_none_or(|most| value <= most)
    }
}

/// What `size` solves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Goal {
    /// Power to reach, in (alpha, 1).
    pub power: f64,
    /// What is moved to reach it.
    pub solve: Solve,
}

/// What `size` moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Solve {
    /// Patients: the enrolment rate and the looks' conditions are kept; of a seamless design those of phase III, with the looks' events.
    Patients,
    /// Patients of phase II.
    Phase2Patients,
    /// Months of follow-up before the transition.
    Transition,
    /// The first threshold of the transition's go criterion.
    Threshold,
    /// Events: all event-driven looks scale together; patients are kept.
    Events,
    /// The last look's `min_follow_up`.
    FollowUp,
    /// Months of enrolment at the file's rates; patients follow.
    Enrollment,
    /// The hazard ratio of every effect that has one (detectable after the delay).
    HazardRatio,
}
