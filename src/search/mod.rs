//! Searches: call an engine, move a number.

mod effect;
mod size;

pub use effect::detectable;
pub use size::{Claim, SizeOutcome, Solved, size};
