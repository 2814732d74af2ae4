//! Triggers: when an analysis or a transition takes place, as an algebra of conditions on the data.

use crate::survival::Endpoint;

/// A condition that is met at one calendar month of a trial.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// So many events have been seen.
    Events {
        /// Events needed, at least 1; whole in a file, real while a size is solved.
        count: f64,
        /// Endpoint counted.
        endpoint: Endpoint,
        /// Stratum counted (index into the truth's strata), or all.
        stratum: Option<usize>,
        /// Arms counted (indices into the protocol's arms), or all that the context studies.
        arms: Option<Vec<usize>>,
    },
    /// So many patients of the cohort are enrolled.
    Enrolled {
        /// Patients needed, at least 1.
        count: f64,
    },
    /// A calendar month since the first patient could enrol.
    Calendar {
        /// Months, above 0.
        month: f64,
    },
    /// So many months after the last planned patient of the cohort enrolled.
    MinFollowUp {
        /// Months, at least 0.
        months: f64,
    },
    /// So many months after the previous analysis (after the transition for the first one; after month 0 if there is none).
    AfterPrevious {
        /// Months, above 0.
        months: f64,
    },
    /// All of these (the latest).
    All(Vec<Trigger>),
    /// Any of these (the earliest).
    Any(Vec<Trigger>),
}

impl Trigger {
    /// The planned events if the trigger is a plain event count, else `None`.
    pub fn planned_events(&self) -> Option<f64> {
        match self {
            Self::Events { count, .. } => Some(*count),
            _ => None,
        }
    }

    /// Month of the trigger, given the month of each leaf condition (infinite for one that is never met).
    pub fn month(&self, leaf: &mut impl FnMut(&Self) -> f64) -> f64 {
        match self {
            Self::All(parts) => parts.iter().map(|part| part.month(leaf)).fold(0.0, f64::max),
            Self::Any(parts) => parts.iter().map(|part| part.month(leaf)).fold(f64::INFINITY, f64::min),
            condition => leaf(condition),
        }
    }

    /// Every leaf condition, left to right.
    pub fn leaves(&self) -> Vec<&Self> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::leaves).collect(),
            condition => vec![condition],
        }
    }

    /// Calls `change` on every leaf condition.
    pub fn each_leaf_mut(&mut self, change: &mut impl FnMut(&mut Self)) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter_mut().for_each(|part| part.each_leaf_mut(change)),
            leaf => change(leaf),
        }
    }
}
