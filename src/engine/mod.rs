//! Engines: (protocol, truth) → operating characteristics. No engine knows about files or terminals.

mod error;
mod outcome;
mod planned;
pub mod simulation;

pub use error::EngineError;
pub use outcome::{BoundAt, Estimate, Expected, LookOutcome, OperatingCharacteristics, TransitionOutcome};
pub use planned::{Hypotheses, Plan, PlannedLook};

/// Which engine is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EngineKind {
    /// Analytic where it covers the design, else simulation.
    #[default]
    Auto,
    /// Closed form and quadrature; no data-driven selection.
    Analytic,
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
}
