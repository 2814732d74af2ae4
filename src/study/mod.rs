//! Many evaluations: candidates × truths, in file order.

mod guarantee;
mod ranking;

pub use guarantee::{Guarantee, Verdict, guarantee};
pub use ranking::{Ranked, rank};

use crate::engine::{self, EngineError, OperatingCharacteristics, Progress};
use crate::scenario::{Scenario, ScenarioError};

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
pub fn evaluate(
    scenario: &Scenario,
    progress: Progress,
    mut each: impl FnMut(&Answer),
) -> Result<Vec<Answer>, StudyError> {
    let mut answers = Vec::new();
    for candidate in &scenario.candidates {
        for (truth_name, truth) in &candidate.truths {
            let outcome =
                engine::evaluate(&candidate.protocol, truth, &candidate.planning, &scenario.run, progress)
                    .map_err(|error| locate(scenario, &candidate.name, truth_name, error))?;
            let answer = Answer {
                candidate: candidate.name.clone(),
                truth: truth_name.clone(),
                hypotheses: candidate.hypotheses(),
                arms: candidate.protocol.arms[1..].to_vec(),
                outcome,
            };
            each(&answer);
            answers.push(answer);
        }
    }
    Ok(answers)
}

/// Turns an engine's complaint into a message that points into the file where the file is at fault.
pub fn locate(scenario: &Scenario, candidate: &str, truth: &str, error: EngineError) -> StudyError {
    match error {
        EngineError::UnreachableEvents { look, needed, available } => {
            let place = look.map_or("transition/when".to_string(), |k| format!("analyses/{k}/when"));
            StudyError::Scenario(ScenarioError {
                pointer: scenario.pointer_in_candidate(candidate, &place),
                value: needed.to_string(),
                rule: format!("the events must be reachable: at most {available:.1} are expected under the planning truth"),
                hint: Some("ask for fewer events, enrol more patients, or wait for a calendar month instead".into()),
            })
        }
        EngineError::NotCovered { engine, feature } => StudyError::Scenario(ScenarioError {
            pointer: "/run/engine".into(),
            value: format!("\"{engine}\""),
            rule: format!("the {engine} engine does not cover {feature}"),
            hint: Some("use \"engine\": \"simulation\" or leave it to \"auto\"".into()),
        }),
        other => StudyError::Engine {
            candidate: candidate.to_string(),
            truth: truth.to_string(),
            message: other.to_string(),
        },
    }
}
