//! `bonferroni`: the smallest p-value times the number of arms.

use super::{IntersectionTest, smallest_p};
use crate::registry::Entry;
use std::sync::Arc;

/// min(1, m·p₍₁₎); valid under any correlation (Bonferroni 1936).
#[derive(Debug, Clone, Copy)]
pub struct Bonferroni;

impl IntersectionTest for Bonferroni {
    fn p_value(&self, z: &[f64], _shares: &[f64]) -> f64 {
        smallest_p(z).map_or(1.0, |p| (z.len() as f64 * p).min(1.0))
    }
}

pub(super) const ENTRY: Entry<dyn IntersectionTest> = Entry {
    name: "bonferroni",
    summary: "smallest p-value times the number of arms: valid under any correlation",
    parameters: &[],
    build: |_| Arc::new(Bonferroni),
};
