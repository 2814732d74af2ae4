//! Many evaluations: candidates × truths, in file order.

mod analyze;
mod assurance;
mod break_even;
mod curves;
mod describe;
mod dossier;
mod guarantee;
mod map;
mod optimize;
mod part;
mod ranking;
mod ready;
mod sensitivity;
mod store;
mod sweep;
mod worst_case;

pub use analyze::{Analysis, AnalyzedLook, Conclusion, Decision, EffectInterval, EffectScale, analyze};
pub use assurance::assurance;
pub use break_even::{AtStrength, BreakEven, Line, Root, Scaled, break_even};
pub use curves::{ArmCurves, EndpointCurves, TruthCurves, curves};
pub use describe::{
    ArmDescription, CORRELATION_MONTH, EndpointDescription, MONTHS, Milestone, TruthDescription, describe,
};
pub use dossier::{Dossier, dossier};
pub use guarantee::{Guarantee, Refusal, Verdict, guarantee};
pub use map::{Map, SIDE, check_map, maps};
pub use optimize::{Optimum, Tried, optimize};
pub use part::{Part, PartError, PartTally, Shard};
pub use ranking::{Ranked, rank};
pub use sensitivity::{ArmAverages, Course, CoursePoint, SWING, SizeCourse, Swing, Swings};
pub use store::{ExportFormat, RESULTS, StoreError, documentation, export, merge_stores};
pub use sweep::{Ended, Hooks, Overrides, SweepError, SweepPlan, SweepRun};
pub use worst_case::{Profile, WorstCase, profiles, worst_case};

use crate::engine::asymptotic::{Library, Precision};
use crate::engine::{self, EngineError, OperatingCharacteristics, Progress};
use crate::protocol::{Design, Protocol};
use crate::scenario::{Candidate, Condition, Goal, Scenario, ScenarioError, Solve};
use crate::search::{self, Claim, Metric, SizeOutcome, Solved};

/// One answer of a study.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Candidate.
    pub candidate: String,
    /// Truth.
    pub truth: String,
    /// One label per experimental arm: "high vs control · os · full population".
    pub hypotheses: Vec<String>,
    /// Names of the experimental arms.
    pub arms: Vec<String>,
    /// The operating characteristics.
    pub outcome: OperatingCharacteristics,
}

/// Why a study gives no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StudyError {
    /// The file or the arguments are wrong.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The engine failed through no fault of the file.
    #[error("candidate '{candidate}', truth '{truth}': {message}")]
    Engine {
        /// Candidate.
        candidate: String,
        /// Truth.
        truth: String,
        /// What happened.
        message: String,
    },
}

/// Evaluates every candidate under every truth, handing each answer on as soon as it is there.
///
/// # Errors
/// [`StudyError`] of the first pair that cannot be answered; answers already handed on stay valid.
pub fn evaluate(scenario: &Scenario, progress: Progress, mut each: impl FnMut(Answer)) -> Result<(), StudyError> {
    let mut library = Library::new(scenario.candidates.iter().map(|candidate| &candidate.protocol));
    for candidate in &scenario.candidates {
        let (protocol, planning) = (&candidate.protocol, &candidate.planning);
        for (truth_name, truth) in &candidate.truths {
            let outcome = engine::evaluate_from(&mut library, protocol, truth, planning, &scenario.run, progress)
                .map_err(|error| locate(scenario, &candidate.name, truth_name, error))?;
            each(answer(candidate, truth_name, outcome));
        }
    }
    Ok(())
}

fn answer(candidate: &Candidate, truth: &str, outcome: OperatingCharacteristics) -> Answer {
    Answer {
        candidate: candidate.name.clone(),
        truth: truth.to_string(),
        hypotheses: candidate.hypotheses(),
        arms: candidate.protocol.arms[1..].to_vec(),
        outcome,
    }
}

/// What `size` found for one candidate under one truth.
#[derive(Debug, Clone)]
pub enum Sized {
    /// A design reaches the goal.
    Solved(Box<Answer>, Box<Solved>),
    /// None does: candidate, truth, highest power seen and where.
    NoDesign {
        /// Candidate.
        candidate: String,
        /// Truth.
        truth: String,
        /// Highest power seen.
        best_power: f64,
        /// Where it was seen.
        at: f64,
    },
}

/// Solves the goal for every candidate under every truth whose null is false; beside each solution stands what the same
/// calculation claims when every effect sets in at once.
///
/// # Errors
/// [`StudyError`] when the engine does not cover a design.
pub fn size(scenario: &Scenario, goal: Goal) -> Result<Vec<Sized>, StudyError> {
    let prompt = scenario.without_delays();
    let mut found = Vec::new();
    for (c, candidate) in scenario.candidates.iter().enumerate() {
        for (t, (name, truth)) in candidate.truths.iter().enumerate() {
            let located = |error| locate(scenario, &candidate.name, name, error);
            let null = engine::hypotheses(truth, &candidate.protocol).map_err(located)?.null_true;
            if null.iter().all(|null| *null) {
                continue;
            }
            let outcome = if goal.solve == Solve::HazardRatio {
                search::detectable(&candidate.protocol, &candidate.planning, goal, |ratio| {
                    scenario.with_hazard_ratio(ratio).map(|moved| moved.candidates[c].truths[t].1.clone())
                })
            } else {
                search::size(&candidate.protocol, truth, &candidate.planning, goal)
            };
            match outcome.map_err(located)? {
                SizeOutcome::Solved(mut solved) => {
                    solved.conditions = conditions(scenario, candidate, &solved.protocol).map_err(located)?;
                    if goal.solve != Solve::HazardRatio
                        && matches!(candidate.protocol.design, Design::GroupSequential(_))
                        && let Some(prompt) = &prompt
                    {
                        let (same, undelayed) = (&prompt.candidates[c], &prompt.candidates[c].truths[t].1);
                        if undelayed != truth {
                            let claim =
                                search::size(&same.protocol, undelayed, &same.planning, goal).map_err(located)?;
                            solved.proportional_hazards_claim = match claim {
                                SizeOutcome::Solved(claim) => Claim::Solved(claim.value),
                                SizeOutcome::NoDesign { .. } => Claim::NoDesign,
                            };
                        }
                    }
                    found.push(Sized::Solved(Box::new(answer(candidate, name, solved.outcome.clone())), solved));
                }
                SizeOutcome::NoDesign { best_power, at } => {
                    found.push(Sized::NoDesign {
                        candidate: candidate.name.clone(),
                        truth: name.clone(),
                        best_power,
                        at,
                    });
                }
            }
        }
    }
    Ok(found)
}

/// The goal's conditions on a solved design.
fn conditions(
    scenario: &Scenario,
    candidate: &Candidate,
    protocol: &Protocol,
) -> Result<Vec<(Metric, f64, bool)>, EngineError> {
    if scenario.goal_conditions.is_empty() {
        return Ok(Vec::new());
    }
    let plan = engine::plan(protocol, &candidate.planning)?;
    let mut library = Library::new([protocol]);
    let mut outcomes = Vec::with_capacity(candidate.truths.len());
    for (_, truth) in &candidate.truths {
        let hypotheses = engine::hypotheses(truth, protocol)?;
        outcomes.push(library.evaluate_at(protocol, truth, &plan, &hypotheses, Precision::ANSWER)?);
    }
    let judged = |condition: &Condition| {
        let value = match condition.truth {
            Some(truth) => condition.metric.of([&outcomes[truth]]),
            None => condition.metric.of(&outcomes),
        };
        let value = value.ok_or_else(|| {
            let reason = format!("`goal.subject_to`: no truth of the file defines {}", condition.metric.name());
            EngineError::Numerics(reason)
        })?;
        Ok((condition.metric, value, condition.holds(value)))
    };
    scenario.goal_conditions.iter().map(judged).collect()
}

/// How messages call the truth a design is planned on.
const PLANNING: &str = "planned on";

/// Judges every candidate: its plan must exist, and a design that breaks the rules of its own combination is refused.
///
/// # Errors
/// [`StudyError`] of the first candidate that is refused.
pub fn check(scenario: &Scenario) -> Result<Vec<(String, Verdict)>, StudyError> {
    let mut verdicts = Vec::new();
    for candidate in &scenario.candidates {
        let located = |error| locate(scenario, &candidate.name, PLANNING, error);
        let planned = std::iter::once((PLANNING, &candidate.planning));
        let truths = planned.chain(candidate.truths.iter().map(|(name, truth)| (name.as_str(), truth)));
        let verdict = guarantee(&candidate.protocol, &candidate.planning, truths).map_err(located)?;
        if let Some(refusal) = &verdict.refusal {
            let pointer = format!("/protocol{}", refusal.place);
            let (rule, hint) = (refusal.rule.clone(), Some(refusal.hint.clone()));
            return Err(StudyError::Scenario(scenario.error_at(&candidate.name, &refusal.truth, &pointer, rule, hint)));
        }
        verdicts.push((candidate.name.clone(), verdict));
    }
    Ok(verdicts)
}

/// Turns an engine's complaint into a message that points into the file where the file is at fault.
pub fn locate(scenario: &Scenario, candidate: &str, truth: &str, error: EngineError) -> StudyError {
    match error {
        EngineError::UnreachableEvents { look, needed, available } => {
            let place = look.map_or("transition/when".to_string(), |k| format!("analyses/{k}/when"));
            let rule = format!(
                "{needed} events must be reachable: at most {available:.1} are expected under the planning truth"
            );
            let hint = "ask for fewer events, enrol more patients, or wait for a calendar month instead";
            StudyError::Scenario(scenario.error_at(
                candidate,
                truth,
                &format!("/protocol/{place}"),
                rule,
                Some(hint.into()),
            ))
        }
        EngineError::NotCovered { engine, feature } => {
            let rule = format!("the {engine} engine does not cover {feature}");
            let other = if engine == engine::analytic::NAME { "simulation" } else { "analytic" };
            let hint = format!("use \"engine\": \"{other}\" or leave it to \"auto\"");
            StudyError::Scenario(scenario.error_at(candidate, truth, "/run/engine", rule, Some(hint)))
        }
        EngineError::NoInformation { look, reason } => {
            let hint = "move the look later, or choose another test";
            let place = format!("/protocol/analyses/{look}/when");
            StudyError::Scenario(scenario.error_at(candidate, truth, &place, reason, Some(hint.into())))
        }
        EngineError::NothingToMove(rule) => {
            let hint = "\"solve\" is \"patients\", \"events\", \"follow_up\", \"enrollment\" or \"hazard_ratio\"";
            StudyError::Scenario(scenario.error_at(candidate, truth, "/goal/solve", rule, Some(hint.into())))
        }
        other => StudyError::Engine {
            candidate: candidate.to_string(),
            truth: truth.to_string(),
            message: other.to_string(),
        },
    }
}
