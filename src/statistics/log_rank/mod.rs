//! The log-rank family: the log-rank test from data, and every weighted log-rank test in expectation.

mod data;
mod expectation;
pub mod weights;

pub use data::{LogRank, log_rank};
pub use expectation::{WeightedLogRank, shared_information};
pub use weights::Weight;
