//! The log-rank test.

mod data;

pub use data::{LogRank, log_rank};
