//! `simes`: the ordered p-values, each against its share.

use super::{IntersectionTest, MAX_ARMS};
use crate::numerics::normal::sf;
use crate::registry::Entry;
use std::sync::Arc;

/// min_i m·p₍ᵢ₎/i; valid for one-sided statistics that share a control (Simes 1986; Sarkar 1998).
#[derive(Debug, Clone, Copy)]
pub struct Simes;

impl IntersectionTest for Simes {
    fn p_value(&self, z: &[f64], _shares: &[f64]) -> f64 {
        let arms = z.len().min(MAX_ARMS);
        let mut sorted = [f64::NEG_INFINITY; MAX_ARMS];
        sorted[..arms].copy_from_slice(&z[..arms]);
        sorted[..arms].sort_unstable_by(|a, b| b.total_cmp(a));
        let ordered = sorted[..arms].iter().enumerate();
        ordered.map(|(i, &z)| arms as f64 * sf(z) / (i as f64 + 1.0)).fold(1.0, f64::min)
    }
}

pub(super) const ENTRY: Entry<dyn IntersectionTest> = Entry {
    name: "simes",
    summary: "ordered p-values, the i-th times the number of arms over i",
    parameters: &[],
    build: |_| Arc::new(Simes),
};
