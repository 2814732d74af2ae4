//! The file format: raw → checked, patched, described by a JSON Schema.
//!
//! A file goes through these steps, each in a file of its own: text to value (`document`), overrides (`set`), merge
//! patches (`patch`), value to the structs that mirror the file (`raw`, read by `strict`), structs to checked types
//! (`check`), all put together in `assemble`. A fault carries its place through all of them.

mod assemble;
mod check;
mod checked;
mod document;
mod effects;
mod error;
mod fault;
mod limits;
mod meaning;
mod observed;
mod patch;
#[expect(dead_code, reason = "the format has fields that this version refuses by name and does not read")]
mod raw;
mod schema;
mod set;
mod strict;
mod suggest;
mod sweep;
mod variation;

pub use checked::{BreakEvenPlan, Candidate, Condition, Goal, Objective, Optimization, Range, Scenario, Solve, Varied};
pub(crate) use effects::without_questions;
pub use error::ScenarioError;
pub(crate) use fault::{pointer, tokens};
pub use limits::MONTHS as MOST_MONTHS;
pub use observed::{Observed, ObservedLook, observed_schema};
pub use schema::schema;
pub use set::apply_set;
pub use sweep::{Levels, Sweep, SweepAxis, SweepDesign};
pub use variation::Quantity;
