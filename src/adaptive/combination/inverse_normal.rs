//! `inverse_normal`: the weighted sum of the stages' normal quantiles.

use super::CombinationFunction;
use crate::registry::Entry;
use std::sync::Arc;

/// `C = √s·z₁ + √(1 − s)·z₂` with s fixed in advance (Lehmacher and Wassmer 1999; Cui, Hung and Wang 1999).
#[derive(Debug, Clone, Copy)]
pub(super) struct Normal;

impl CombinationFunction for Normal {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn combine(&self, first: f64, second: f64, share: f64) -> f64 {
        share.sqrt() * first + (1.0 - share).sqrt() * second
    }

    fn needed(&self, first: f64, bound: f64, share: f64) -> f64 {
        (bound - share.sqrt() * first) / (1.0 - share).sqrt()
    }

    fn certain(&self, _bound: f64) -> f64 {
        f64::INFINITY
    }

    fn canonical(&self) -> bool {
        true
    }

    fn weighted(&self) -> bool {
        true
    }
}

pub(super) const ENTRY: Entry<dyn CombinationFunction> = Entry {
    name: "inverse_normal",
    summary: "the weighted sum of the stages' normal quantiles",
    parameters: &[],
    build: |_| Arc::new(Normal),
};
