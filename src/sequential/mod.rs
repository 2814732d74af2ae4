//! Group-sequential boundaries: spending functions, bounds, crossing probabilities. Knows nothing of what the statistic was.

mod plan;
pub mod spending;

pub use plan::{BoundPlan, Bounds, EfficacyPlan, FutilityPlan};
