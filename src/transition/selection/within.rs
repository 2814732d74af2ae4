//! `within`: every passing arm whose merit is within a margin of the best passing one.

use super::{SelectionRule, next_best};
use crate::registry::{Entry, Parameter};
use std::sync::Arc;

/// Keeps every passing arm within `margin` of the best (Friede and Stallard 2008, the ε-rule).
#[derive(Debug)]
pub struct Within {
    margin: f64,
}

impl SelectionRule for Within {
    fn keep(&self, merit: &[f64], passing: &[bool], kept: &mut [bool]) {
        let Some(best) = next_best(merit, passing, kept) else { return };
        for arm in 0..merit.len() {
            kept[arm] = passing[arm] && (arm == best || merit[arm] >= merit[best] - self.margin);
        }
    }

    fn planned_kept(&self, _arms: usize) -> usize {
        1
    }
}

const MARGIN: Parameter = Parameter {
    name: "margin",
    description: "largest distance from the best value of `by`, at least 0, on the scale of `by`",
    low: 0.0,
    low_open: false,
    high: f64::MAX,
    integer: false,
    default: None,
};

pub(super) const ENTRY: Entry<dyn SelectionRule> = Entry {
    name: "within",
    summary: "keep every passing arm whose value of `by` is within `margin` of the best",
    parameters: &[MARGIN],
    build: |values| Arc::new(Within { margin: values[0] }),
};
