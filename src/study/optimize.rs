//! The best design of a family: numbers of the protocol moved to make metrics large or small under conditions, the winner simulated.

use crate::engine::asymptotic::{Library, Precision};
use crate::engine::{self, EngineError, EngineKind, OperatingCharacteristics, Settings};
use crate::scenario::{Optimization, Scenario, ScenarioError};
use crate::search::{Effort, Metric, maximum};
use crate::study::{StudyError, locate};
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// How hard the search looks with one objective, and for each weighting of two.
const ONE: Effort = Effort { starts: 16, refined: 2, steps: 40 };
const EACH: Effort = Effort { starts: 12, refined: 1, steps: 25 };
/// Weights of the first of two objectives.
const WEIGHTS: [f64; 5] = [1.0, 0.75, 0.5, 0.25, 0.0];
/// What a violated condition costs, per unit of its limit, in units of the objective at the file's design.
const PENALTY: f64 = 100.0;
/// A condition counts as met this near to its limit, as a share of it: the error of an answer's integral.
const SLACK: f64 = 0.01;
/// The value of a point where there is no design.
const NO_DESIGN: f64 = -1e6;

/// One design tried.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    /// Values of the moved numbers.
    pub values: Vec<f64>,
    /// Values of the objectives.
    pub objectives: Vec<f64>,
}

/// The best design of one candidate's family.
#[derive(Debug, Clone)]
pub struct Optimum {
    /// Candidate.
    pub candidate: String,
    /// Paths of the numbers that move in it.
    pub paths: Vec<String>,
    /// The winner: with two objectives, the best of the even weighting.
    pub best: Tried,
    /// Whether it meets every condition.
    pub holds: bool,
    /// Designs that no other beats in both objectives, by the first; with one objective, the winner alone.
    pub front: Vec<Tried>,
    /// Designs tried.
    pub evaluations: usize,
    /// The winner under every truth, computed and simulated.
    pub outcomes: Vec<(String, OperatingCharacteristics, OperatingCharacteristics)>,
    /// The winner as a scenario file.
    pub file: Value,
}

/// The best design of every candidate's family, the best candidate first; those that meet the conditions before those that do not.
///
/// # Errors
/// [`StudyError`] where the block is missing, a design is refused, or an engine fails.
pub fn optimize(scenario: &Scenario) -> Result<Vec<Optimum>, StudyError> {
    let plan = scenario.optimize.as_ref().ok_or_else(|| ScenarioError {
        pointer: "/optimize".into(),
        value: "(absent)".into(),
        rule: "`optimize` needs to know what moves, and towards what".into(),
        hint: Some(
            "add \"optimize\": {\"maximize\": \"power\", \"vary\": [{\"path\": \"/protocol/phase2/patients\", \"from\": 60, \
             \"to\": 240, \"integer\": true}]}"
                .into(),
        ),
    })?;
    let families = (0..scenario.candidates.len()).map(|candidate| Family::new(scenario, plan, candidate).best());
    let mut found = families.collect::<Result<Vec<_>, _>>()?;
    let merit = |optimum: &Optimum| plan.objectives[0].sign() * optimum.best.objectives[0];
    found.sort_by(|a, b| b.holds.cmp(&a.holds).then(merit(b).total_cmp(&merit(a))));
    Ok(found)
}

/// A design's objectives and the sum of its violations, relative to the limits.
#[derive(Debug, Clone)]
struct Judged {
    objectives: Vec<f64>,
    violation: f64,
}

struct Family<'a> {
    scenario: &'a Scenario,
    plan: &'a Optimization,
    candidate: usize,
    /// Indices of the numbers that stand in this candidate.
    moving: Vec<usize>,
    libraries: Vec<RefCell<Library>>,
    known: RefCell<BTreeMap<Vec<u64>, Option<Judged>>>,
    wrong: Cell<Option<StudyError>>,
}

impl<'a> Family<'a> {
    fn new(scenario: &'a Scenario, plan: &'a Optimization, candidate: usize) -> Self {
        let moving = (0..plan.vary.len()).filter(|&i| scenario.candidate_has(candidate, &plan.vary[i].path)).collect();
        let design = &scenario.candidates[candidate];
        let library = |_| RefCell::new(Library::new([&design.protocol]));
        Self {
            scenario,
            plan,
            candidate,
            moving,
            libraries: design.truths.iter().map(library).collect(),
            known: RefCell::new(BTreeMap::new()),
            wrong: Cell::new(None),
        }
    }

    fn paths(&self) -> Vec<String> {
        self.moving.iter().map(|&i| self.plan.vary[i].path.clone()).collect()
    }

    /// The values as the file would hold them.
    fn whole(&self, point: &[f64]) -> Vec<f64> {
        self.moving
            .iter()
            .zip(point)
            .map(|(&i, value)| if self.plan.vary[i].integer { value.round() } else { *value })
            .collect()
    }

    fn moved(&self, values: &[f64]) -> Result<Scenario, ScenarioError> {
        self.scenario.with_design_values(self.candidate, &self.paths(), values)
    }

    /// The design under every truth.
    fn outcomes(&self, moved: &Scenario, precision: Precision) -> Result<Vec<OperatingCharacteristics>, EngineError> {
        let design = &moved.candidates[0];
        let plan = engine::plan(&design.protocol, &design.planning)?;
        let of = |((_, truth), library): (&(String, crate::truth::Truth), &RefCell<Library>)| {
            let hypotheses = engine::hypotheses(truth, &design.protocol)?;
            library.borrow_mut().evaluate_at(&design.protocol, truth, &plan, &hypotheses, precision)
        };
        design.truths.iter().zip(&self.libraries).map(of).collect()
    }

    fn judged(&self, outcomes: &[OperatingCharacteristics]) -> Judged {
        let metric = |metric: Metric, truth: Option<usize>| match truth {
            Some(truth) => metric.of([&outcomes[truth]]),
            None => metric.of(outcomes),
        };
        let objectives = self.plan.objectives.iter();
        let violation = self.plan.subject_to.iter().map(|condition| {
            // What no truth defines cannot be met.
            let Some(value) = metric(condition.metric, condition.truth) else { return 1.0 };
            let over = condition.at_most.map_or(0.0, |limit| (value - limit) / limit.abs().max(1e-6));
            let under = condition.at_least.map_or(0.0, |limit| (limit - value) / limit.abs().max(1e-6));
            over.max(under).max(0.0)
        });
        Judged {
            objectives: objectives.map(|goal| metric(goal.metric, goal.truth).unwrap_or(0.0)).collect(),
            violation: violation.sum(),
        }
    }

    /// What a point is worth; `None` where it is no design.
    fn at(&self, point: &[f64]) -> Result<Option<Judged>, EngineError> {
        let values = self.whole(point);
        let key: Vec<u64> = values.iter().map(|value| value.to_bits()).collect();
        if let Some(known) = self.known.borrow().get(&key) {
            return Ok(known.clone());
        }
        let moved = match self.moved(&values) {
            Ok(moved) => moved,
            Err(error) => {
                let message = error.to_string();
                self.wrong.set(Some(StudyError::Scenario(error)));
                return Err(EngineError::Numerics(message));
            }
        };
        let found = match self.outcomes(&moved, Precision::SEARCH) {
            Ok(outcomes) => Some(self.judged(&outcomes)),
            Err(EngineError::UnreachableEvents { .. } | EngineError::NoInformation { .. }) => None,
            Err(error) => return Err(error),
        };
        self.known.borrow_mut().insert(key, found.clone());
        Ok(found)
    }

    fn best(&self) -> Result<Optimum, StudyError> {
        let design = &self.scenario.candidates[self.candidate];
        let failed =
            |error| self.wrong.take().unwrap_or_else(|| locate(self.scenario, &design.name, "optimize", error));
        let goals = &self.plan.objectives;
        let ranges: Vec<[f64; 2]> =
            self.moving.iter().map(|&i| [self.plan.vary[i].from, self.plan.vary[i].to]).collect();
        let middle: Vec<f64> = ranges.iter().map(|[from, to]| f64::midpoint(*from, *to)).collect();
        let scale: Vec<f64> = match self.at(&middle).map_err(failed)? {
            Some(judged) => judged.objectives.iter().map(|value| value.abs().max(1e-6)).collect(),
            None => vec![1.0; goals.len()],
        };
        let worth = |judged: &Judged, weights: &[f64]| {
            let parts = goals.iter().zip(&judged.objectives).zip(&scale).zip(weights);
            let sum: f64 = parts.map(|(((goal, value), scale), weight)| weight * goal.sign() * value / scale).sum();
            sum - PENALTY * judged.violation
        };
        let search = |weights: &[f64], effort: Effort| {
            let value = |point: &[f64]| Ok(self.at(point)?.map_or(NO_DESIGN, |judged: Judged| worth(&judged, weights)));
            maximum(&ranges, effort, &value)
        };
        let best = if goals.len() == 1 {
            search(&[1.0], ONE).map_err(failed)?.at
        } else {
            for weight in WEIGHTS.into_iter().filter(|weight| *weight != 0.5) {
                search(&[weight, 1.0 - weight], EACH).map_err(failed)?;
            }
            search(&[0.5, 0.5], EACH).map_err(failed)?.at
        };
        let values = self.whole(&best);
        let moved = self.moved(&values)?;
        let computed = self.outcomes(&moved, Precision::ANSWER).map_err(failed)?;
        let judged = self.judged(&computed);
        let settings = Settings { engine: EngineKind::Simulation, ..self.scenario.run };
        let winner = &moved.candidates[0];
        let mut outcomes = Vec::with_capacity(computed.len());
        for ((name, truth), computed) in winner.truths.iter().zip(computed) {
            let simulated =
                engine::evaluate(&winner.protocol, truth, &winner.planning, &settings, None).map_err(failed)?;
            outcomes.push((name.clone(), computed, simulated));
        }
        let best = Tried { values, objectives: judged.objectives };
        let front = if goals.len() == 1 { vec![best.clone()] } else { self.front() };
        Ok(Optimum {
            candidate: design.name.clone(),
            paths: self.paths(),
            best,
            holds: judged.violation <= SLACK,
            front,
            evaluations: self.known.borrow().len(),
            outcomes,
            file: moved.source,
        })
    }

    /// Designs within the conditions that none other beats in one objective without losing in the other.
    fn front(&self) -> Vec<Tried> {
        let known = self.known.borrow();
        let signs: Vec<f64> = self.plan.objectives.iter().map(|goal| goal.sign()).collect();
        let mut tried: Vec<Tried> = known
            .iter()
            .filter_map(|(key, judged)| judged.as_ref().map(|judged| (key, judged)))
            .filter(|(_, judged)| judged.violation <= SLACK)
            .map(|(key, judged)| Tried {
                values: key.iter().map(|bits| f64::from_bits(*bits)).collect(),
                objectives: judged.objectives.clone(),
            })
            .collect();
        // The best in the first objective first; then only what gains in the second stays.
        tried.sort_by(|a, b| {
            (signs[0] * b.objectives[0])
                .total_cmp(&(signs[0] * a.objectives[0]))
                .then((signs[1] * b.objectives[1]).total_cmp(&(signs[1] * a.objectives[1])))
        });
        let mut second = f64::NEG_INFINITY;
        tried.retain(|design| {
            let gains = signs[1] * design.objectives[1] > second;
            second = second.max(signs[1] * design.objectives[1]);
            gains
        });
        tried
    }
}
