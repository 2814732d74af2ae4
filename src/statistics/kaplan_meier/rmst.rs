//! `rmst`: difference of restricted mean survival times.

use super::{Contrast, KaplanMeierTest};
use crate::registry::{Entry, Parameter};
use crate::statistics::TestStatistic;
use std::sync::Arc;

/// The registry's line: Z = {R̂₁ − R̂₀}/√{V̂₁ + V̂₀}, R̂_g = ∫₀^τ Ŝ_g, with Greenwood-type variances of the two arms (unpooled).
pub const ENTRY: Entry<dyn TestStatistic> = Entry {
    name: "rmst",
    summary: "difference of mean survival restricted to month `to`, with a Greenwood-type variance of each arm",
    parameters: &[Parameter {
        name: "to",
        description: "months to which the mean is restricted, above 0 and at most 1200",
        low: 0.0,
        low_open: true,
        high: 1200.0,
        integer: false,
        default: None,
    }],
    build: |values| Arc::new(KaplanMeierTest { contrast: Contrast::RestrictedMean, horizon: values[0] }),
};
