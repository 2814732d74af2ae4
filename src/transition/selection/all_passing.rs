//! `all_passing`: every arm that passes the go criterion.

use super::SelectionRule;
use crate::registry::Entry;
use std::sync::Arc;

/// Keeps every passing arm, whatever its merit.
#[derive(Debug)]
pub struct AllPassing;

impl SelectionRule for AllPassing {
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
    name: "all_passing",
    summary: "keep every arm that passes `go`",
    parameters: &[],
    build: |_| Arc::new(AllPassing),
};
