//! Spending functions: one file each, listed in [`SPENDING_FUNCTIONS`].

use crate::registry::Entry;
use std::fmt::Debug;

/// A cumulative error-spending function.
pub trait SpendingFunction: Debug + Send + Sync {
    /// Error spent by spending time `time` in [0, 1], of `total` in (0, 1): 0 at 0, `total` at 1, non-decreasing.
    fn spent(&self, total: f64, time: f64) -> f64;
}

/// Every spending function of the scenario file.
pub const SPENDING_FUNCTIONS: &[Entry<dyn SpendingFunction>] = &[];
