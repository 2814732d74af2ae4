//! The log-rank family: every weighted log-rank test and the largest of several, from data and in expectation.

mod bias;
mod data;
mod expectation;
mod max_combo;
mod weighted;
pub mod weights;

pub use data::{LogRank, log_rank};
pub use expectation::{WeightedLogRank, shared_information};
pub use max_combo::{MaxCombo, max_combo};
pub use weighted::covariance;
pub use weights::Weight;
