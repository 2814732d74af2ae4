//! Searches: call an engine, move a number.

mod assurance;
pub mod closed_form;
mod effect;
mod prior;
mod size;

pub use assurance::{Assurance, AtPoint, PROBABILITIES, assurance};
pub use effect::detectable;
pub use prior::{Distribution, MAX_UNKNOWNS, Marginal, Prior};
pub use size::{Claim, SizeOutcome, Solved, size};
