//! What a test statistic is: the role, the parts that play it, and what each says of data and of itself in expectation.

use crate::registry::Entry;
use crate::statistics::{Comparison, Evidence, RiskSet, Tabulation, kaplan_meier, log_rank};
use std::fmt::Debug;

/// A two-sample test statistic Z, positive when it favours the experimental arm.
///
/// Z = √n·ê/√v̂ with an effect estimate ê (per compared patient) and the estimate v̂ of its variance that the test uses. A
/// part gives its large-sample law; what only looks fixed by events or several looks need is added once, in
/// [`crate::statistics::Expectation`].
pub trait TestStatistic: Debug + Send + Sync {
    /// Name with its parameters, for messages and tables ("Fleming-Harrington (0, 1)").
    fn label(&self) -> String;

    /// From data: what one stratum adds to effect and variance. `sets` are the risk sets of all its event times, ascending, and
    /// `share` is its share of the patients (1 of an unstratified test). Allocates nothing.
    fn of_stratum(&self, sets: &[RiskSet], share: f64) -> Evidence;

    /// Score and information on whose scale looks have independent increments under the null, Z = score/√information.
    fn score_and_information(&self, found: &Evidence) -> [f64; 2];

    /// Months since randomisation at which the panels must have an edge: kinks of weights, horizons.
    fn kinks(&self, comparison: &Comparison, months: &[f64]) -> Vec<f64>;

    /// The statistic at every look of the tabulation.
    ///
    /// # Errors
    /// [`NoInformation`] names the first look at which the statistic does not exist.
    fn expectation(&self, table: &Tabulation) -> Result<Vec<LookExpectation>, NoInformation>;

    /// The weights at the nodes, one list per stratum, of a member of the log-rank family; `None` of another statistic.
    fn log_rank_weights(&self, _table: &Tabulation) -> Option<Vec<Vec<f64>>> {
        None
    }

    /// Whether a max-combo may hold it: the joint law under the null is known in the log-rank family.
    fn is_weighted_log_rank(&self) -> bool {
        false
    }

    /// Whether it may reject an arm that is harmful early and nowhere better (Magirr and Burman 2019).
    fn early_harm_can_win(&self) -> bool {
        false
    }

    /// Whether this is the log-rank test itself, whose bounds read as hazard ratios.
    fn is_log_rank(&self) -> bool {
        false
    }
}

/// Jump a and compensator b of an influence at the nodes.
pub type JumpAndCompensator = (Vec<f64>, Vec<f64>);

/// One statistic at one look.
#[derive(Debug, Clone)]
pub struct LookExpectation {
    /// Limit of the effect estimate: −μ, minus the mean score per patient (log-rank family), or a difference of survival or of
    /// restricted means (months).
    pub effect: f64,
    /// Limit of n times the test's own variance estimate (for a score: of the variance estimate over n).
    pub variance: f64,
    /// d effect/dt and d variance/dt, per calendar month.
    pub slopes: [f64; 2],
    /// Information per patient under the null, in the statistic's own unit: for its fractions and correlations between looks.
    pub information: f64,
    /// Influence of Z per patient, `parts[g][stratum]`, the month of the look taken as fixed.
    pub parts: Parts,
    /// What E Z needs beyond its limit.
    pub second_order: SecondOrder,
}

/// Terms of second order of one statistic at one look.
#[derive(Debug, Clone)]
pub struct SecondOrder {
    /// n(E ê − effect) and n(E v̂ − variance) at a fixed month, entry as expected.
    pub bias: [f64; 2],
    /// Cov(e_i, ν_i) as it would be under the null; not 0 where the arms differ in size or drop-out.
    pub null_covariance: f64,
    /// d² effect/dt² and d² variance/dt², per month squared.
    pub curvature: [f64; 2],
    /// Influence of v̂ per patient.
    pub variance: Parts,
    /// d/dt of the jumps and compensators of √v ζ, as far as they depend on t other than through effect and variance; `None` of
    /// an influence that only grows.
    pub turning: Option<Parts>,
}

/// Jump and compensator of an influence at the nodes, `parts[g][stratum]`.
pub type Parts = [Vec<JumpAndCompensator>; 2];

impl LookExpectation {
    /// E Z/√n.
    pub fn mean(&self) -> f64 {
        self.effect / self.variance.sqrt()
    }

    /// d(E Z/√n)/dt, per month.
    pub fn slope(&self) -> f64 {
        (self.slopes[0] - 0.5 * self.effect * self.slopes[1] / self.variance) / self.variance.sqrt()
    }

    /// d²(E Z/√n)/dt², per month squared.
    pub fn curvature(&self) -> f64 {
        let ([effect, variance], v) = (self.second_order.curvature, self.variance);
        let [slope, growth] = self.slopes;
        let outer = effect - slope * growth / v - 0.5 * self.effect * variance / v;
        (outer + 0.75 * self.effect * growth * growth / (v * v)) / v.sqrt()
    }
}

/// A statistic that does not exist at a look.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{reason}")]
pub struct NoInformation {
    /// Index of the look.
    pub look: usize,
    /// Why, in a sentence.
    pub reason: String,
}

/// Every test statistic whose parameters are numbers, as the scenario file names them.
pub const TEST_STATISTICS: &[Entry<dyn TestStatistic>] = &[
    log_rank::weights::unit::ENTRY,
    log_rank::weights::fleming_harrington::ENTRY,
    log_rank::weights::modestly_weighted::ENTRY,
    log_rank::weights::zero_early::ENTRY,
    kaplan_meier::rmst::ENTRY,
    kaplan_meier::milestone::ENTRY,
];
