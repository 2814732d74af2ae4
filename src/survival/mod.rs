//! Survival laws of one patient: piecewise-constant hazards, hazard ratios over time, cure fractions, and the
//! illness–death course (progression, death, death after progression) with its PFS and OS laws.

mod course;
mod decay;
mod forms;
mod frailty;
mod hazard;
mod law;
mod medians;
mod moments;
mod panels;
mod ratio;
mod semi_markov;
mod shapes;
mod tabulated;
mod treatment;
mod waiting;

pub use course::{Clock, Course};
pub use frailty::Frailty;
pub use hazard::PiecewiseHazard;
pub use law::{Class, EndpointLaw, Family};
pub use medians::{ConstantHazards, Unreachable};
pub use moments::{Moments, joint_moments};
pub use panels::TimeGrid;
pub use ratio::HazardRatio;
pub use treatment::{Effect, Treatment};
pub use waiting::Waiting;

/// A time-to-event endpoint. `Dfs` is `Pfs` under the name used after resection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// Overall survival.
    Os,
    /// Progression-free survival.
    Pfs,
    /// Disease-free survival: the same law as `Pfs`.
    Dfs,
}

impl Endpoint {
    /// Name in the scenario file and in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Os => "os",
            Self::Pfs => "pfs",
            Self::Dfs => "dfs",
        }
    }

    /// Whether the event is death alone (else progression or death, whichever is first).
    pub fn is_death(self) -> bool {
        self == Self::Os
    }
}
