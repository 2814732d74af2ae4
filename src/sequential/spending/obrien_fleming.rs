//! `obrien_fleming`: Lan and DeMets' spending function of O'Brien–Fleming type.

use super::SpendingFunction;
use crate::numerics::normal::{sf, upper_quantile};
use crate::registry::{Entry, Parameter};
use std::sync::Arc;

/// α*(t) = 2 − 2Φ(z_{α/2}/t^{ρ/2}), one-sided α in (0, 1), t in (0, 1], ρ > 0 (ρ = 1: Lan and DeMets 1983, α₁*; any ρ: Liu,
/// Lim, Nuamah and Li 2012).
#[derive(Debug)]
pub struct OBrienFleming {
    rho: f64,
}

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
        2.0 * sf(upper_quantile(0.5 * total) / libm::pow(time, 0.5 * self.rho))
    }
}

const RHO: Parameter = Parameter {
    name: "rho",
    description: "shape, above 0 and at most 20: 1 (if absent) is the classical function, more spends later",
    low: 0.0,
    low_open: true,
    high: 20.0,
    integer: false,
    default: Some(1.0),
};

pub(super) const ENTRY: Entry<dyn SpendingFunction> = Entry {
    name: "obrien_fleming",
    summary: "Lan–DeMets, O'Brien–Fleming type: very little early",
    parameters: &[RHO],
    build: |values| Arc::new(OBrienFleming { rho: values.first().copied().unwrap_or(1.0) }),
};
