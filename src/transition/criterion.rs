//! Criteria: numbers compared with thresholds, combined by all, any and not.

use crate::transition::Statistic;

/// How a statistic is compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// Passes when the statistic is at least this.
    AtLeast(f64),
    /// Passes when the statistic is at most this.
    AtMost(f64),
    /// Passes when the statistic's standardised form (pooled-variance z, positive in favour of the arm) is at least this.
    ZAtLeast(f64),
}

/// A criterion of one arm.
#[derive(Debug, Clone, PartialEq)]
pub enum Criterion {
    /// One statistic compared with a threshold.
    Compare(Statistic, Threshold),
    /// A weighted sum of statistics is at least a value.
    Score(Vec<(Statistic, f64)>, f64),
    /// All must pass.
    All(Vec<Criterion>),
    /// Any must pass.
    Any(Vec<Criterion>),
    /// The inner one must not pass.
    Not(Box<Criterion>),
}

impl Criterion {
    /// Whether the arm passes; `value(statistic, standardised)` supplies the numbers. A statistic that cannot be computed
    /// is NaN and compares false.
    pub fn passes(&self, value: &impl Fn(Statistic, bool) -> f64) -> bool {
        match self {
            Self::Compare(statistic, Threshold::AtLeast(limit)) => value(*statistic, false) >= *limit,
            Self::Compare(statistic, Threshold::AtMost(limit)) => value(*statistic, false) <= *limit,
            Self::Compare(statistic, Threshold::ZAtLeast(limit)) => value(*statistic, true) >= *limit,
            Self::Score(parts, limit) => {
                parts.iter().map(|(statistic, weight)| weight * value(*statistic, false)).sum::<f64>() >= *limit
            }
            Self::All(parts) => parts.iter().all(|part| part.passes(value)),
            Self::Any(parts) => parts.iter().any(|part| part.passes(value)),
            Self::Not(inner) => !inner.passes(value),
        }
    }

    /// Every statistic looked at, left to right.
    pub fn statistics(&self) -> Vec<Statistic> {
        match self {
            Self::Compare(statistic, _) => vec![*statistic],
            Self::Score(parts, _) => parts.iter().map(|(statistic, _)| *statistic).collect(),
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::statistics).collect(),
            Self::Not(inner) => inner.statistics(),
        }
    }
}
