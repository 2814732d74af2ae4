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

impl Transition {
    /// Every statistic that the decision looks at, each once.
    pub fn reads(&self) -> Vec<Statistic> {
        let mut read: Vec<Statistic> = Vec::new();
        let ranked = self.keep.ranks().then_some(self.keep.by);
        for statistic in ranked.into_iter().chain(self.go.iter().flat_map(Criterion::statistics)) {
            if !read.contains(&statistic) {
                read.push(statistic);
            }
        }
        read
    }

    /// Whether it can drop an arm and keep another.
    pub fn drops_arms(&self) -> bool {
        self.go.is_some() || self.keep.ranks()
    }
}

/// Rules that keep every arm that passes: they rank nothing.
pub const UNRANKED: &[&str] = &["all", "all_passing"];

impl Keep {
    /// Whether the rule ranks the arms.
    pub fn ranks(&self) -> bool {
        !UNRANKED.contains(&self.rule_name)
    }
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
