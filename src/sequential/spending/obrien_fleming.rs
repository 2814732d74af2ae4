//! `obrien_fleming`: Lan and DeMets' spending function of O'Brien–Fleming type.

use super::SpendingFunction;
use crate::numerics::normal::{sf, upper_quantile};
use crate::registry::Entry;
use std::sync::Arc;

/// α*(t) = 2 − 2Φ(z_{α/2}/√t), one-sided α in (0, 1), t in (0, 1] (Lan and DeMets 1983, α₁*).
#[derive(Debug)]
pub struct OBrienFleming;

impl SpendingFunction for OBrienFleming {
    /// ```
    /// use seamline::{registry::find, sequential::spending::SPENDING_FUNCTIONS};
    /// let function = (find(SPENDING_FUNCTIONS, "obrien_fleming").unwrap().build)(&[]);
    /// assert!((function.spent(0.025, 0.5) - 0.001_525_322_757_99).abs() < 1e-14);
    /// ```
    fn spent(&self, total: f64, time: f64) -> f64 {
        if time <= 0.0 {
            return 0.0;
        }
        if time >= 1.0 {
            return total;
        }
        2.0 * sf(upper_quantile(0.5 * total) / time.sqrt())
    }
}

pub(super) const ENTRY: Entry<dyn SpendingFunction> = Entry {
    name: "obrien_fleming",
    summary: "Lan–DeMets, O'Brien–Fleming type: very little early",
    parameters: &[],
    build: |_| Arc::new(OBrienFleming),
};
