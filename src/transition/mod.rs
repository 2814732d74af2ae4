//! The decision from phase II to phase III: when to look, what to compute, whom to keep.

mod criterion;
mod selection;
mod statistic;
mod trigger;

pub use criterion::{Criterion, Threshold};
pub use selection::{SELECTION_RULES, SelectionRule};
pub use statistic::{STATISTICS, Statistic};
pub use trigger::Trigger;

use std::sync::Arc;

/// The whole transition rule, fixed in advance.
#[derive(Debug, Clone)]
pub struct Transition {
    /// When the phase II data are cut.
    pub when: Trigger,
    /// Whom to keep among the arms that pass `go`.
    pub keep: Keep,
    /// What every kept arm must pass; `None` lets every arm pass.
    pub go: Option<Criterion>,
}

/// Whom to keep, and by which number the arms are ranked.
#[derive(Debug, Clone)]
pub struct Keep {
    /// The rule, from [`SELECTION_RULES`].
    pub rule: Arc<dyn SelectionRule>,
    /// Name of the rule in the file.
    pub rule_name: &'static str,
    /// The ranking statistic.
    pub by: Statistic,
}
