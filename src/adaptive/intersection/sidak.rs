//! `sidak`: the smallest p-value as if the arms were independent.

use super::{IntersectionTest, smallest_p};
use crate::registry::Entry;
use std::sync::Arc;

/// 1 − (1 − p₍₁₎)^m; valid for statistics that share a control (Šidák 1967).
#[derive(Debug, Clone, Copy)]
pub struct Sidak;

impl IntersectionTest for Sidak {
    fn p_value(&self, z: &[f64], _shares: &[f64]) -> f64 {
        smallest_p(z).map_or(1.0, |p| -libm::expm1(z.len() as f64 * libm::log1p(-p)))
    }
}

pub(super) const ENTRY: Entry<dyn IntersectionTest> = Entry {
    name: "sidak",
    summary: "smallest p-value as if the arms were independent",
    parameters: &[],
    build: |_| Arc::new(Sidak),
};
