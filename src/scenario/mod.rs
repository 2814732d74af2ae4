//! The file format: raw → checked, patched, described by a JSON Schema.

mod checked;
mod error;

pub use checked::{Candidate, Goal, Scenario, Solve};
pub use error::ScenarioError;
