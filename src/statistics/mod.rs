//! Every statistic once, in its two forms: from data and in expectation.
//!
//! From data: [`Observations`] are plain slices for library users; [`FollowUp`] is the same data kept sorted, so that an
//! engine can look at many calendar cuts without sorting or allocating again. Both hand the same [`RiskSet`]s to the
//! same formulas.

mod comparison;
pub mod cox;
mod evidence;
mod expectation;
mod follow_up;
mod hazard_ratio;
mod influence;
mod joint_scores;
pub mod kaplan_meier;
pub mod log_rank;
mod observations;
mod reading_scores;
pub mod response;
mod second_order;
mod test;
pub mod toxicity;

pub use comparison::{Cell, Comparison, EventLaw, MixtureLaw, StratumPair};
pub use evidence::{Evidence, from_data};
pub use expectation::{Expectation, Timing};
pub use follow_up::{FollowUp, Role};
pub use influence::{Influence, StratumTable, Tabulation};
pub use joint_scores::{JointScores, MarkovArm, ScoreMoments};
pub use observations::{Observations, RiskSet};
pub use reading_scores::{ReadArm, ReadingScores};
pub use test::{
    JumpAndCompensator, LookExpectation, NoInformation, Parts, SecondOrder, TEST_STATISTICS, TestStatistic,
};
