//! `best`: the one passing arm with the largest merit.

use super::{SelectionRule, next_best};
use crate::registry::Entry;
use std::sync::Arc;

/// Keeps the best passing arm.
#[derive(Debug)]
pub struct Best;

impl SelectionRule for Best {
    fn keep(&self, merit: &[f64], passing: &[bool], kept: &mut [bool]) {
        if let Some(arm) = next_best(merit, passing, kept) {
            kept[arm] = true;
        }
    }

    fn planned_kept(&self, _arms: usize) -> usize {
        1
    }
}

pub(super) const ENTRY: Entry<dyn SelectionRule> = Entry {
    name: "best",
    summary: "keep the passing arm with the best value of `by`",
    parameters: &[],
    build: |_| Arc::new(Best),
};
