//! `all`: no ranking; every arm that is not stopped by the go criterion goes on.

use super::SelectionRule;
use crate::registry::Entry;
use std::sync::Arc;

/// Keeps every arm; with a go criterion, "an arm that fails is dropped" still holds, which makes it `all_passing` with
/// the intention written down that no arm is meant to be dropped.
#[derive(Debug)]
pub struct All;

impl SelectionRule for All {
    fn keep(&self, _merit: &[f64], passing: &[bool], kept: &mut [bool]) {
        kept.copy_from_slice(passing);
    }

    fn planned_kept(&self, arms: usize) -> usize {
        arms
    }

    fn ranks(&self) -> bool {
        false
    }
}

pub(super) const ENTRY: Entry<dyn SelectionRule> = Entry {
    name: "all",
    summary: "keep every arm (an arm that fails `go` is dropped all the same)",
    parameters: &[],
    build: |_| Arc::new(All),
};
