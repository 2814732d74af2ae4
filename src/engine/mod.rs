//! Engines: (protocol, truth) → operating characteristics. No engine knows about files or terminals.

pub mod analytic;
pub mod asymptotic;
mod error;
mod hypotheses;
mod outcome;
mod planned;
mod planner;
mod schedule;
pub mod simulation;

pub use error::EngineError;
pub use hypotheses::hypotheses;
pub use outcome::{BoundAt, Estimate, Expected, LookOutcome, OperatingCharacteristics, TransitionOutcome};
pub use planned::{Hypotheses, Plan, PlannedEndpoint, PlannedLook};
pub use planner::{SeamlessSchedule, plan, planning_law, seamless_schedule, spends_by_events};
pub use schedule::ScheduledLook;

use crate::protocol::{Design, Protocol};
use crate::truth::Truth;

/// Which engine is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineKind {
    /// Analytic where it covers the design, else simulation.
    #[default]
    Auto,
    /// Closed form and quadrature; no data-driven selection.
    Analytic,
    /// Large-sample joint normal law, integrated over the transition rule.
    Asymptotic,
    /// Patient by patient.
    Simulation,
}

/// How an engine is run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Engine asked.
    pub engine: EngineKind,
    /// Simulated trials, at least 1.
    pub replicates: u64,
    /// Seed of every random draw.
    pub seed: u64,
    /// Monte Carlo standard error at which a simulation stops before `replicates`; see [`simulation::Tally::precise`].
    pub mcse: Option<f64>,
}

/// Called with the number of replicates just finished.
pub type Progress<'a> = Option<&'a (dyn Fn(u64) + Sync)>;

impl EngineKind {
    /// The engine that will answer for a protocol: `Auto` takes the analytic one where it covers the design.
    #[must_use]
    pub fn for_protocol(self, protocol: &Protocol) -> Self {
        match (self, &protocol.design) {
            (Self::Auto, Design::GroupSequential(_)) if protocol.several.is_none() => Self::Analytic,
            (Self::Auto, _) => Self::Simulation,
            (chosen, _) => chosen,
        }
    }
}

/// Operating characteristics of one protocol under one truth; bounds, fractions and weights are fixed under `planning`.
///
/// # Errors
/// [`EngineError`] when the plan cannot be made or the engine does not cover the design.
pub fn evaluate(
    protocol: &Protocol,
    truth: &Truth,
    planning: &Truth,
    settings: &Settings,
    progress: Progress,
) -> Result<OperatingCharacteristics, EngineError> {
    evaluate_from(&mut asymptotic::Library::new([protocol]), protocol, truth, planning, settings, progress)
}

/// As [`evaluate`]; what the asymptotic engine sets up is taken from the library and kept there.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_from(
    library: &mut asymptotic::Library,
    protocol: &Protocol,
    truth: &Truth,
    planning: &Truth,
    settings: &Settings,
    progress: Progress,
) -> Result<OperatingCharacteristics, EngineError> {
    let plan = plan(protocol, planning)?;
    let hypotheses = hypotheses(truth, protocol)?;
    match settings.engine.for_protocol(protocol) {
        EngineKind::Simulation => simulation::run(protocol, truth, &plan, &hypotheses, settings, progress),
        EngineKind::Asymptotic => library.evaluate(protocol, truth, &plan, &hypotheses, settings.mcse),
        EngineKind::Analytic | EngineKind::Auto => analytic::evaluate(protocol, truth, &plan, &hypotheses),
    }
}
