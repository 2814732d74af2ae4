//! Searches: call an engine, move a number.

mod assurance;
pub mod closed_form;
mod effect;
mod maximum;
mod metric;
mod prior;
mod size;

pub use assurance::{Assurance, AtPoint, FEW_POINTS, POINTS, PROBABILITIES, assurance};
pub use effect::detectable;
pub use maximum::{Effort, Maximum, maximum};
pub use metric::{METRICS, Metric};
pub use prior::{Distribution, MAX_UNKNOWNS, Marginal, Prior};
pub use size::{Claim, SizeOutcome, Solved, size};
