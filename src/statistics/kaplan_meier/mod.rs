//! Differences of Kaplan–Meier survival and restricted means.

mod data;
mod expectation;
pub mod milestone;
pub mod rmst;

pub use expectation::{Contrast, KaplanMeierTest};
