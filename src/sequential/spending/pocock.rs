//! `pocock`: Lan and DeMets' spending function of Pocock type.

use super::SpendingFunction;
use crate::registry::Entry;
use std::sync::Arc;

/// α*(t) = α ln(1 + (e − 1)t), t in [0, 1] (Lan and DeMets 1983, α₂*).
#[derive(Debug)]
pub struct Pocock;

impl SpendingFunction for Pocock {
    fn spent(&self, total: f64, time: f64) -> f64 {
        if time >= 1.0 {
            return total;
        }
        total * libm::log1p((std::f64::consts::E - 1.0) * time.max(0.0))
    }
}

pub(super) const ENTRY: Entry<dyn SpendingFunction> = Entry {
    name: "pocock",
    summary: "Lan–DeMets, Pocock type: bounds of nearly the same height",
    parameters: &[],
    build: |_| Arc::new(Pocock),
};
