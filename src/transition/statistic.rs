//! The statistics a transition may look at. Each compares one experimental arm with the control in the phase II cohort.

use crate::survival::Endpoint;

/// A number computed per experimental arm at the transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
}

/// Every statistic with its name in the file: the one list that parsing, schema and tables read.
pub const STATISTICS: &[(Statistic, &str)] = &[
    (Statistic::ResponseDifference, "response_difference"),
    (Statistic::ResponseRate, "response_rate"),
    (Statistic::PfsHazardRatio, "pfs_hazard_ratio"),
    (Statistic::PfsZ, "pfs_z"),
    (Statistic::OsHazardRatio, "os_hazard_ratio"),
    (Statistic::OsZ, "os_z"),
];

impl Statistic {
    /// Name in the scenario file.
    pub fn name(self) -> &'static str {
        STATISTICS.iter().find(|(statistic, _)| *statistic == self).map_or("", |(_, name)| name)
    }

    /// Whether a larger value favours the arm.
    pub fn larger_is_better(self) -> bool {
        !matches!(self, Self::PfsHazardRatio | Self::OsHazardRatio)
    }

    /// Whether it reads the data of one endpoint alone.
    pub fn reads_only(self, endpoint: Endpoint) -> bool {
        match self {
            Self::OsHazardRatio | Self::OsZ => endpoint.is_death(),
            Self::PfsHazardRatio | Self::PfsZ => !endpoint.is_death(),
            Self::ResponseDifference | Self::ResponseRate => false,
        }
    }

    /// Whether it needs an immune response.
    pub fn needs_response(self) -> bool {
        matches!(self, Self::ResponseDifference | Self::ResponseRate)
    }

    /// Whether it needs a progression state.
    pub fn needs_progression(self) -> bool {
        matches!(self, Self::PfsHazardRatio | Self::PfsZ)
    }
}
