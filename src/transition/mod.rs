//! The decision from phase II to phase III: when to look, what to compute, whom to keep.

mod criterion;
mod selection;
mod statistic;
mod trigger;

pub use criterion::{Criterion, Threshold};
pub use selection::{SELECTION_RULES, SelectionRule};
pub use statistic::{PARAMETRIZED, STATISTICS, Statistic};
pub use trigger::Trigger;

use crate::sequential::Assumption;
use std::sync::Arc;

/// The whole transition rule, fixed in advance.
#[derive(Debug, Clone)]
pub struct Transition {
    /// When the phase II data are cut.
    pub when: Trigger,
    /// Gates before it, each at its own time: an arm that fails one is out, and none left stops the trial there.
    pub gates: Vec<Gate>,
    /// Whom to keep among the arms that pass `go`.
    pub keep: Keep,
    /// What every kept arm must pass; `None` lets every arm pass.
    pub go: Option<Criterion>,
    /// More patients and events for phase III, by what was seen; `None` keeps what was planned.
    pub resize: Option<Resize>,
}

impl Transition {
    /// Every statistic that the decision looks at, each once.
    pub fn reads(&self) -> Vec<Statistic> {
        let mut read: Vec<Statistic> = Vec::new();
        let ranked = self.keep.ranks().then_some(self.keep.by);
        let sized = self.resize.map(|resize| Statistic::ConditionalPower { under: resize.under });
        let gates = self.gates.iter().map(|gate| &gate.go).chain(&self.go).flat_map(Criterion::statistics);
        for statistic in ranked.into_iter().chain(gates).chain(sized) {
            if !read.contains(&statistic) {
                read.push(statistic);
            }
        }
        read
    }

    /// Whether it can drop an arm and keep another.
    pub fn drops_arms(&self) -> bool {
        self.go.is_some() || !self.gates.is_empty() || self.keep.ranks()
    }
}

/// A criterion at a time of its own, before the transition, on the phase II patients enrolled by then.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// When the data are cut.
    pub when: Trigger,
    /// What an arm must pass.
    pub go: Criterion,
}

/// Sample-size re-estimation at the transition: where the conditional power of the kept arm that has most of it lies in [lower, target),
/// phase III grows by the factor that brings it to the target, at most `most`; patients and every count of events and patients in the
/// looks' conditions grow alike (Mehta and Pocock 2011; with `lower` 0, the conditional-power solve with a cap).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resize {
    /// Lower end of the zone, in [0, target).
    pub lower: f64,
    /// Conditional power aimed at, in (0, 1).
    pub target: f64,
    /// Largest factor, at least 1.
    pub most: f64,
    /// Effect assumed for what is to come.
    pub under: Assumption,
}

impl Keep {
    /// Whether the rule ranks the arms.
    pub fn ranks(&self) -> bool {
        self.rule.ranks()
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
