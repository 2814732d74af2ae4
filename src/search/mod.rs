//! Searches: call an engine, move a number.

mod size;

pub use size::{Claim, SizeOutcome, Solved, size};
