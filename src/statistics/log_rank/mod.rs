//! The log-rank test, from data and in expectation.

mod data;
mod expectation;

pub use data::{LogRank, log_rank};
pub use expectation::{LogRankExpectation, LookMoments, Timing};
