//! Where one transition rule stops being better than another: candidates of equal expected patients along a line of truths.
//!
//! Symbols: s strength in [0, 1], which moves every value of `over` from its `from` to its `to`; D(s) power of the reference candidate
//! less that of another, whose phase III patients and events are scaled by the factor at which both expect the same number of
//! patients under that truth; a break-even is a root of D.

use crate::engine::asymptotic::{Library, Precision};
use crate::engine::{self, EngineError, Estimate, OperatingCharacteristics};
use crate::protocol::{Design, Protocol};
use crate::scenario::{BreakEvenPlan, Candidate, Range, Scenario, ScenarioError};
use crate::study::{StudyError, locate};
use crate::truth::Truth;
use rayon::prelude::*;

/// Smallest and largest factor on phase III.
const FACTORS: [f64; 2] = [0.05, 20.0];
/// Expected patients count as equal when this near, as a share.
const SAME_PATIENTS: f64 = 5e-4;
/// Steps to equal patients, and to a root, at most.
const STEPS: usize = 12;
/// Strengths nearer than this are the same.
const SAME_STRENGTH: f64 = 1e-3;

/// One candidate at one strength, with its phase III scaled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scaled {
    /// Factor on phase III patients and events.
    pub factor: f64,
    /// P(reject any hypothesis).
    pub power: Estimate,
    /// Expected patients.
    pub patients: f64,
    /// Expected months to the answer.
    pub months: f64,
}

/// All candidates at one strength.
#[derive(Debug, Clone, PartialEq)]
pub struct AtStrength {
    /// Strength.
    pub strength: f64,
    /// In file order; `None` where no size of a candidate expects as many patients as the reference.
    pub candidates: Vec<Option<Scaled>>,
}

/// A strength at which the reference and another candidate have the same power.
#[derive(Debug, Clone, PartialEq)]
pub struct Root {
    /// The other candidate.
    pub against: String,
    /// The strength.
    pub strength: f64,
    /// Its standard error: that of the difference in power over its slope.
    pub error: f64,
    /// The values there, in the order of `over`.
    pub values: Vec<f64>,
    /// Whether the reference is better above it.
    pub better_above: bool,
    /// Power of both there.
    pub power: f64,
    /// Expected months of the reference and of the other.
    pub months: [f64; 2],
}

/// The line for one value of `across` (one line without it).
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Strength of `across`, and its values.
    pub across: Option<(f64, Vec<f64>)>,
    /// Evenly spaced strengths.
    pub points: Vec<AtStrength>,
    /// Roots in order of candidates and strengths.
    pub roots: Vec<Root>,
}

/// What `compare --break-even` finds.
#[derive(Debug, Clone, PartialEq)]
pub struct BreakEven {
    /// The reference.
    pub candidate: String,
    /// Truth whose values move.
    pub truth: String,
    /// Candidates in file order.
    pub candidates: Vec<String>,
    /// Lines.
    pub lines: Vec<Line>,
}

/// Compares the reference candidate with every other along the scenario's `break_even`.
///
/// # Errors
/// [`StudyError`] where the block is missing, a value makes no truth, or an engine does not cover a candidate.
pub fn break_even(scenario: &Scenario) -> Result<BreakEven, StudyError> {
    let plan = scenario.break_even.as_ref().ok_or_else(|| ScenarioError {
        pointer: "/break_even".into(),
        value: "(absent)".into(),
        rule: "`compare --break-even` needs to know what moves".into(),
        hint: Some(
            "add \"break_even\": {\"over\": [{\"path\": \"/truth/immune_response/prognostic/correlation\", \"from\": 0, \"to\": 0.9}]}"
                .into(),
        ),
    })?;
    let question = Question { scenario, plan };
    let grid = |points: usize| (0..points).map(move |i| i as f64 / (points - 1) as f64);
    let lines = if plan.across.is_empty() {
        vec![question.line(None, Precision::ANSWER)?]
    } else {
        let strengths: Vec<f64> = grid(plan.points).collect();
        strengths.par_iter().map(|&across| question.line(Some(across), Precision::SEARCH)).collect::<Result<_, _>>()?
    };
    Ok(BreakEven {
        candidate: scenario.candidates[plan.candidate].name.clone(),
        truth: scenario.candidates[0].truths[plan.truth].0.clone(),
        candidates: scenario.candidates.iter().map(|candidate| candidate.name.clone()).collect(),
        lines,
    })
}

/// Values of ranges at a strength.
fn values(ranges: &[Range], strength: f64) -> Vec<f64> {
    ranges.iter().map(|range| range.from + strength * (range.to - range.from)).collect()
}

struct Question<'a> {
    scenario: &'a Scenario,
    plan: &'a BreakEvenPlan,
}

impl Question<'_> {
    fn line(&self, across: Option<f64>, precision: Precision) -> Result<Line, StudyError> {
        let last = (self.plan.points - 1) as f64;
        let strengths: Vec<f64> = (0..self.plan.points).map(|i| i as f64 / last).collect();
        let points: Vec<AtStrength> =
            strengths.par_iter().map(|&strength| self.at(strength, across, precision)).collect::<Result<_, _>>()?;
        let mut roots = Vec::new();
        for other in (0..self.scenario.candidates.len()).filter(|&other| other != self.plan.candidate) {
            for pair in points.windows(2) {
                if let (Some(before), Some(after)) = (self.gap(&pair[0], other), self.gap(&pair[1], other))
                    && (before.value < 0.0) != (after.value < 0.0)
                {
                    roots.extend(self.root(other, across, precision, [&pair[0], &pair[1]])?);
                }
            }
        }
        Ok(Line { across: across.map(|strength| (strength, values(&self.plan.across, strength))), points, roots })
    }

    /// D at a strength, with its error.
    fn gap(&self, at: &AtStrength, other: usize) -> Option<Estimate> {
        let (mine, theirs) = (at.candidates[self.plan.candidate]?, at.candidates[other]?);
        let error = mine.power.mcse.unwrap_or(0.0).hypot(theirs.power.mcse.unwrap_or(0.0));
        Some(Estimate { value: mine.power.value - theirs.power.value, mcse: Some(error) })
    }

    /// The root between two strengths by false position with the value of the end that stays halved at every step (after Dowell and
    /// Jarratt 1971, who halve it from the second step on), until D is below a quarter of its error or after `STEPS` steps.
    fn root(
        &self,
        other: usize,
        across: Option<f64>,
        precision: Precision,
        between: [&AtStrength; 2],
    ) -> Result<Option<Root>, StudyError> {
        let [mut left, mut right] = between.map(Clone::clone);
        let gap = |at: &AtStrength| self.gap(at, other).map_or(f64::NAN, |gap| gap.value);
        let (mut at_left, mut at_right) = (gap(&left), gap(&right));
        let better_above = at_right > at_left;
        let slope = (at_right - at_left) / (right.strength - left.strength);
        let mut best = if at_left.abs() < at_right.abs() { left.clone() } else { right.clone() };
        for _ in 0..STEPS {
            let error = self.gap(&best, other).and_then(|gap| gap.mcse).unwrap_or(0.0);
            if gap(&best).abs() <= 0.25 * error || right.strength - left.strength < SAME_STRENGTH {
                break;
            }
            let strength = (left.strength * at_right - right.strength * at_left) / (at_right - at_left);
            let next = self.at(strength, across, precision)?;
            let value = gap(&next);
            if value.is_nan() {
                return Ok(None);
            }
            if value.abs() < gap(&best).abs() {
                best = next.clone();
            }
            if (value < 0.0) == (at_left < 0.0) {
                (left, at_left, at_right) = (next, value, 0.5 * at_right);
            } else {
                (right, at_right, at_left) = (next, value, 0.5 * at_left);
            }
        }
        let (Some(mine), Some(theirs)) = (best.candidates[self.plan.candidate], best.candidates[other]) else {
            return Ok(None);
        };
        let error = self.gap(&best, other).and_then(|gap| gap.mcse).unwrap_or(0.0);
        Ok(Some(Root {
            against: self.scenario.candidates[other].name.clone(),
            strength: best.strength,
            error: error.max(gap(&best).abs()) / slope.abs(),
            values: values(&self.plan.over, best.strength),
            better_above,
            power: mine.power.value,
            months: [mine.months, theirs.months],
        }))
    }

    /// Every candidate at a strength, of equal expected patients.
    fn at(&self, strength: f64, across: Option<f64>, precision: Precision) -> Result<AtStrength, StudyError> {
        let ranges = self.plan.over.iter().chain(across.iter().flat_map(|_| &self.plan.across));
        let paths: Vec<String> = ranges.map(|range| range.path.clone()).collect();
        let mut moved = values(&self.plan.over, strength);
        moved.extend(across.iter().flat_map(|&across| values(&self.plan.across, across)));
        let scenario = self.scenario.with_values_of("break_even", &paths, &moved)?;
        let mut library = Library::new(scenario.candidates.iter().map(|candidate| &candidate.protocol));
        let mut found = vec![None; scenario.candidates.len()];
        let reference = self.scaled(&mut library, &scenario, self.plan.candidate, 1.0, precision)?;
        let Some(reference) = reference else { return Ok(AtStrength { strength, candidates: found }) };
        for (index, place) in found.iter_mut().enumerate() {
            *place = if index == self.plan.candidate {
                Some(reference)
            } else {
                self.of_size(&mut library, &scenario, index, reference.patients, precision)?
            };
        }
        Ok(AtStrength { strength, candidates: found })
    }

    /// A candidate scaled to expect so many patients.
    fn of_size(
        &self,
        library: &mut Library,
        moved: &Scenario,
        index: usize,
        patients: f64,
        precision: Precision,
    ) -> Result<Option<Scaled>, StudyError> {
        let Some(first) = self.scaled(library, moved, index, 1.0, precision)? else { return Ok(None) };
        // What phase III adds grows nearly in proportion to the factor.
        let (mut known, mut next) = ((0.0, first.patients.min(self.fixed(index))), first);
        for _ in 0..STEPS {
            if (next.patients / patients - 1.0).abs() <= SAME_PATIENTS {
                return Ok(Some(next));
            }
            let slope = (next.patients - known.1) / (next.factor - known.0);
            let factor = next.factor + (patients - next.patients) / slope;
            if !(FACTORS[0]..=FACTORS[1]).contains(&factor) {
                return Ok(None);
            }
            known = (next.factor, next.patients);
            let Some(found) = self.scaled(library, moved, index, factor, precision)? else { return Ok(None) };
            next = found;
        }
        Ok(None)
    }

    /// Patients of phase II.
    fn fixed(&self, index: usize) -> f64 {
        match &self.scenario.candidates[index].protocol.design {
            Design::Seamless(design) => design.phase2_patients,
            Design::GroupSequential(_) => 0.0,
        }
    }

    /// A candidate with its phase III scaled; `None` where there is no such design (events out of reach).
    fn scaled(
        &self,
        library: &mut Library,
        moved: &Scenario,
        index: usize,
        factor: f64,
        precision: Precision,
    ) -> Result<Option<Scaled>, StudyError> {
        let candidate = &self.scenario.candidates[index];
        let protocol = candidate.protocol.scaled(factor);
        let (name, truth) = &moved.candidates[index].truths[self.plan.truth];
        match answer(library, candidate, &protocol, truth, precision) {
            Ok(outcome) => Ok(Some(Scaled {
                factor,
                power: outcome.reject_any,
                patients: outcome.expected.patients.value,
                months: outcome.expected.months.value,
            })),
            Err(EngineError::UnreachableEvents { .. } | EngineError::NoInformation { .. }) => Ok(None),
            Err(error) => Err(locate(self.scenario, &candidate.name, name, error)),
        }
    }
}

/// By the asymptotic engine (the analytic one without a transition).
fn answer(
    library: &mut Library,
    candidate: &Candidate,
    protocol: &Protocol,
    truth: &Truth,
    precision: Precision,
) -> Result<OperatingCharacteristics, EngineError> {
    let plan = engine::plan(protocol, &candidate.planning)?;
    let hypotheses = engine::hypotheses(truth, protocol)?;
    library.evaluate_at(protocol, truth, &plan, &hypotheses, precision)
}
