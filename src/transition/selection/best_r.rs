//! `best_r`: the r passing arms with the largest merit.

use super::{SelectionRule, next_best};
use crate::registry::{Entry, Parameter};
use std::sync::Arc;

/// Keeps the `r` best passing arms (all that pass, if fewer).
#[derive(Debug)]
pub struct BestR {
    r: usize,
}

impl SelectionRule for BestR {
    fn keep(&self, merit: &[f64], passing: &[bool], kept: &mut [bool]) {
        for _ in 0..self.r {
            let Some(arm) = next_best(merit, passing, kept) else { return };
            kept[arm] = true;
        }
    }

    fn planned_kept(&self, arms: usize) -> usize {
        self.r.min(arms)
    }
}

const R: Parameter = Parameter {
    name: "r",
    description: "arms to keep, a whole number of at least 1",
    low: 1.0,
    low_open: false,
    high: 20.0,
    integer: true,
    default: None,
};

pub(super) const ENTRY: Entry<dyn SelectionRule> = Entry {
    name: "best_r",
    summary: "keep the `r` passing arms with the best values of `by`",
    parameters: &[R],
    build: |values| Arc::new(BestR { r: values[0] as usize }),
};
