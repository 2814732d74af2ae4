//! The log-rank statistic from data.

use crate::invalid::Invalid;
use crate::statistics::log_rank::weighted::hypergeometric;
use crate::statistics::{FollowUp, Observations, RiskSet, Role};

/// Score and variance of the log-rank test. Scores and variances of independent sets of patients (strata) add up.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LogRank {
    /// U: events observed minus expected in the experimental arm; negative when the arm is better.
    pub score: f64,
    /// V: sum of hypergeometric variances, the information on the log hazard ratio.
    pub variance: f64,
    /// Events of both groups.
    pub events: u32,
}

impl LogRank {
    /// Adds one event time.
    ///
    /// With n₀, n₁ at risk (n = n₀ + n₁) and d₀, d₁ events (d = d₀ + d₁):
    /// U += d₁ − d·n₁/n, V += d·(n₁/n)·(n₀/n)·(n − d)/(n − 1)
    /// (Mantel 1966; Kalbfleisch and Prentice 2002, equations 1.20 and 1.21). Ties enter through the hypergeometric variance.
    #[inline]
    pub fn add(&mut self, set: RiskSet) {
        self.events += set.control_events + set.treated_events;
        if let Some((expected, variance)) = hypergeometric(&set) {
            self.score += f64::from(set.treated_events) - expected;
            self.variance += variance;
        }
    }

    /// Z = −U/√V, positive when the experimental arm is better; NaN without information (V = 0).
    #[inline]
    pub fn z(&self) -> f64 {
        if self.variance > 0.0 { -self.score / self.variance.sqrt() } else { f64::NAN }
    }

    /// The sum of two statistics of different patients.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            score: self.score + other.score,
            variance: self.variance + other.variance,
            events: self.events + other.events,
        }
    }
}

/// The log-rank statistic, stratified if the observations carry strata: scores and variances are added over strata.
///
/// # Errors
/// [`Invalid`] when lengths differ or a time is not a number of at least 0.
///
/// ```
/// use seamline::statistics::{Observations, log_rank::log_rank};
/// // Control 1, 2, 2+ ; treated 2, 3: at time 1 n = (3, 2); at time 2 n = (2, 2) with one event each; at time 3 n = (0, 1).
/// let data = Observations {
///     time: &[1.0, 2.0, 2.0, 2.0, 3.0],
///     event: &[true, true, false, true, true],
///     treated: &[false, false, false, true, true],
///     stratum: None,
/// };
/// let answer = log_rank(&data)?;
/// assert!((answer.score - (0.0 - 0.4 + 1.0 - 1.0)).abs() < 1e-15);
/// assert!((answer.variance - (0.4 * 0.6 + 2.0 * 0.25 * 2.0 / 3.0)).abs() < 1e-15);
/// assert!(answer.z() > 0.0);
/// # Ok::<(), seamline::invalid::Invalid>(())
/// ```
pub fn log_rank(observations: &Observations) -> Result<LogRank, Invalid> {
    observations.check()?;
    let (mut total, mut current, mut last) = (LogRank::default(), LogRank::default(), 0);
    observations.for_each_risk_set(|stratum, set| {
        if stratum != last {
            total = total.plus(std::mem::take(&mut current));
            last = stratum;
        }
        current.add(set);
    });
    Ok(total.plus(current))
}

impl FollowUp {
    /// The log-rank statistic of the data as cut at calendar month `cut`, patients grouped by `roles` (one entry per
    /// cell). Allocates nothing.
    pub fn log_rank(&self, cut: f64, roles: &[Role]) -> LogRank {
        let mut answer = LogRank::default();
        self.for_each_risk_set(cut, roles, |set| answer.add(set));
        answer
    }
}
