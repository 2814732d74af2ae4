//! `milestone`: difference of survival at a month.

use super::{Contrast, KaplanMeierTest};
use crate::registry::{Entry, Parameter};
use crate::statistics::TestStatistic;
use std::sync::Arc;

/// The registry's line: Z = {Ŝ₁(τ) − Ŝ₀(τ)}/√{V̂₁ + V̂₀} with Greenwood's variances of the two arms (unpooled).
pub const ENTRY: Entry<dyn TestStatistic> = Entry {
    name: "milestone",
    summary: "difference of Kaplan-Meier survival at month `at`, with Greenwood's variance of each arm",
    parameters: &[Parameter {
        name: "at",
        description: "month since randomisation, above 0 and at most 1200",
        low: 0.0,
        low_open: true,
        high: 1200.0,
        integer: false,
        default: None,
    }],
    build: |values| Arc::new(KaplanMeierTest { contrast: Contrast::Survival, horizon: values[0] }),
};
