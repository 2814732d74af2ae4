//! Searches: call an engine, move a number.

pub mod closed_form;
mod effect;
mod maximum;
mod size;

pub use effect::detectable;
pub use maximum::{Effort, Maximum, maximum};
pub use size::{Claim, SizeOutcome, Solved, size};
