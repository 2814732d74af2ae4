//! Group-sequential boundaries: spending functions, bounds, crossing probabilities. Knows nothing of what the statistic was.
//!
//! | file | holds |
//! |---|---|
//! | [`spending`] | error-spending functions, one file each |
//! | `plan` | what is asked for: [`BoundPlan`], and the answer: [`Bounds`] |
//! | [`bounds`] | efficacy bounds from a plan and a level; all bounds of a plan |
//! | [`families`] | classical families: Wang–Tsiatis, Haybittle–Peto, Pampallona–Tsiatis; the last bound that exhausts a level |
//! | [`futility`] | β-spending, non-binding and binding; designs that close |
//! | [`harm`] | harm bounds of overall survival; stops for harm told from stops for futility |
//! | [`crossing`] | probabilities of crossing given bounds, canonical law |
//! | [`conditional`] | crossing later, given what a look showed: conditional and predictive power, the z they ask for |
//! | [`joint`] | probabilities of crossing under any joint normal law |
//! | [`power`] | power of given bounds; the drift a power asks for; inflation factor |
//! | [`several`] | several statistics a look, one bound: max-combo |
//! | [`inference`] | stage-wise p-value, median-unbiased estimate, repeated intervals and p-values |
//! | [`monitoring`] | bounds at observed information: under- and over-running |
//! | `recursion`, `mesh` | the recursion under all of these, and the nodes it lives on |

pub mod bounds;
pub mod conditional;
pub mod crossing;
pub mod families;
pub mod futility;
pub mod harm;
pub mod inference;
pub mod joint;
mod mesh;
pub mod monitoring;
mod plan;
pub mod power;
mod recursion;
pub mod several;
pub mod spending;

pub use conditional::Prior;
pub use plan::{Assumption, BoundPlan, Bounds, EfficacyPlan, FutilityPlan};
