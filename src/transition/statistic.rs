//! The statistics a transition may look at. Each compares one experimental arm with the control in the phase II cohort.

use crate::sequential::{Assumption, Prior};
use crate::survival::Endpoint;

/// A number computed per experimental arm at the transition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    /// Observed response rate of the arm minus that of the control.
    ResponseDifference,
    /// Observed response rate of the arm.
    ResponseRate,
    /// Cox hazard ratio of PFS (DFS) against the control.
    PfsHazardRatio,
    /// Log-rank statistic of PFS (DFS), positive in favour of the arm.
    PfsZ,
    /// Cox hazard ratio of OS against the control.
    OsHazardRatio,
    /// Log-rank statistic of OS, positive in favour of the arm.
    OsZ,
    /// Log hazard ratio of the primary endpoint, responders of the arm against its non-responders, from the month of the reading on
    /// (landmark).
    ResponseOutcomeAssociation,
    /// Observed rate of severe toxicity of the arm.
    ToxicityRate,
    /// Posterior probability that the arm's rate of severe toxicity is above a value.
    ToxicityPosterior {
        /// The value.
        above: f64,
        /// Beta prior.
        prior: [f64; 2],
    },
    /// Exact p-value of "the arm's rate of severe toxicity is not above a value".
    ToxicityExactP {
        /// The value.
        above: f64,
    },
    /// Kaplan–Meier survival of the arm at a month minus a historical value: what a single-arm trial looks at.
    SurvivalOverHistory {
        /// Endpoint.
        endpoint: Endpoint,
        /// The month.
        at: f64,
        /// The historical value.
        history: f64,
    },
    /// Difference of restricted means, months, arm minus control.
    RmstDifference {
        /// Endpoint.
        endpoint: Endpoint,
        /// Months to which it is restricted.
        to: f64,
    },
    /// Difference of Kaplan–Meier survival at a month, arm minus control.
    MilestoneDifference {
        /// Endpoint.
        endpoint: Endpoint,
        /// The month.
        at: f64,
    },
    /// Conditional power of the final test of the primary endpoint.
    ConditionalPower {
        /// Effect assumed for what is to come.
        under: Assumption,
    },
    /// Predictive power of the final test of the primary endpoint; the prior is of θ, minus the log hazard ratio.
    PredictivePower {
        /// Prior.
        prior: Prior,
    },
}

/// Every statistic without parameters, with its name in the file: the one list that parsing, schema and tables read.
pub const STATISTICS: &[(Statistic, &str)] = &[
    (Statistic::ResponseDifference, "response_difference"),
    (Statistic::ResponseRate, "response_rate"),
    (Statistic::PfsHazardRatio, "pfs_hazard_ratio"),
    (Statistic::PfsZ, "pfs_z"),
    (Statistic::OsHazardRatio, "os_hazard_ratio"),
    (Statistic::OsZ, "os_z"),
    (Statistic::ResponseOutcomeAssociation, "response_outcome_association"),
    (Statistic::ToxicityRate, "toxicity_rate"),
];

/// Names of the statistics with parameters.
pub const PARAMETRIZED: &[&str] = &[
    "rmst_difference",
    "milestone_difference",
    "conditional_power",
    "predictive_power",
    "toxicity_posterior",
    "toxicity_exact_p",
    "survival_over_history",
];

impl Statistic {
    /// Name in the scenario file.
    pub fn name(self) -> &'static str {
        match self {
            Self::RmstDifference { .. } => PARAMETRIZED[0],
            Self::MilestoneDifference { .. } => PARAMETRIZED[1],
            Self::ConditionalPower { .. } => PARAMETRIZED[2],
            Self::PredictivePower { .. } => PARAMETRIZED[3],
            Self::ToxicityPosterior { .. } => PARAMETRIZED[4],
            Self::ToxicityExactP { .. } => PARAMETRIZED[5],
            Self::SurvivalOverHistory { .. } => PARAMETRIZED[6],
            _ => STATISTICS.iter().find(|(statistic, _)| *statistic == self).map_or("", |(_, name)| name),
        }
    }

    /// Whether a larger value favours the arm.
    pub fn larger_is_better(self) -> bool {
        !matches!(
            self,
            Self::PfsHazardRatio
                | Self::OsHazardRatio
                | Self::ResponseOutcomeAssociation
                | Self::ToxicityRate
                | Self::ToxicityPosterior { .. }
        )
    }

    /// Whether it reads the data of one endpoint alone, the tested one.
    pub fn reads_only(self, primary: Endpoint) -> bool {
        match self {
            Self::OsHazardRatio | Self::OsZ => primary.is_death(),
            Self::PfsHazardRatio | Self::PfsZ => !primary.is_death(),
            Self::RmstDifference { endpoint, .. }
            | Self::MilestoneDifference { endpoint, .. }
            | Self::SurvivalOverHistory { endpoint, .. } => endpoint.is_death() == primary.is_death(),
            Self::ConditionalPower { .. } | Self::PredictivePower { .. } => true,
            Self::ResponseDifference
            | Self::ResponseRate
            | Self::ResponseOutcomeAssociation
            | Self::ToxicityRate
            | Self::ToxicityPosterior { .. }
            | Self::ToxicityExactP { .. } => false,
        }
    }

    /// Whether it needs an immune response.
    pub fn needs_response(self) -> bool {
        matches!(self, Self::ResponseDifference | Self::ResponseRate | Self::ResponseOutcomeAssociation)
    }

    /// Whether it needs a progression state.
    pub fn needs_progression(self) -> bool {
        match self {
            Self::PfsHazardRatio | Self::PfsZ => true,
            Self::RmstDifference { endpoint, .. }
            | Self::MilestoneDifference { endpoint, .. }
            | Self::SurvivalOverHistory { endpoint, .. } => !endpoint.is_death(),
            _ => false,
        }
    }

    /// Whether it needs a toxicity.
    pub fn needs_toxicity(self) -> bool {
        matches!(self, Self::ToxicityRate | Self::ToxicityPosterior { .. } | Self::ToxicityExactP { .. })
    }

    /// Whether it is a power of the final test.
    pub fn is_power(self) -> bool {
        matches!(self, Self::ConditionalPower { .. } | Self::PredictivePower { .. })
    }

    /// Whether the large-sample engine knows its law.
    pub fn has_joint_law(self) -> bool {
        matches!(
            self,
            Self::ResponseDifference
                | Self::ResponseRate
                | Self::PfsHazardRatio
                | Self::PfsZ
                | Self::OsHazardRatio
                | Self::OsZ
        )
    }
}
