//! Searches: call an engine, move a number.

mod size;

pub use size::{SizeOutcome, Solved, size};
