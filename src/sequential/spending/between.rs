//! A spending function squeezed between two spending times: nothing before, everything after.

use super::SpendingFunction;
use std::sync::Arc;

/// α*(t) = 0 up to t₁, f((t − t₁)/(t₂ − t₁)) between, α from t₂ on, 0 ≤ t₁ < t₂ ≤ 1.
#[derive(Debug)]
pub struct Between {
    /// f.
    pub inner: Arc<dyn SpendingFunction>,
    /// t₁.
    pub from: f64,
    /// t₂.
    pub until: f64,
}

impl SpendingFunction for Between {
    fn spent(&self, total: f64, time: f64) -> f64 {
        if time <= self.from {
            return 0.0;
        }
        if time >= self.until {
            return total;
        }
        self.inner.spent(total, (time - self.from) / (self.until - self.from))
    }
}
