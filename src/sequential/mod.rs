//! Group-sequential boundaries: spending functions, bounds, crossing probabilities. Knows nothing of what the statistic was.
//!
//! | file | holds |
//! |---|---|
//! | [`spending`] | error-spending functions, one file each |
//! | `plan` | what is asked for: [`BoundPlan`], and the answer: [`Bounds`] |
//! | [`crossing`] | probabilities of crossing given bounds, canonical law |

pub mod crossing;
mod mesh;
mod plan;
mod recursion;
pub mod spending;

pub use plan::{BoundPlan, Bounds, EfficacyPlan, FutilityPlan};
