//! Searches: call an engine, move a number.

pub mod closed_form;
mod effect;
mod size;

pub use effect::detectable;
pub use size::{Claim, SizeOutcome, Solved, size};
