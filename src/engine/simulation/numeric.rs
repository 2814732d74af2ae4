//! The few functions of the normal law the engine needs, in one place.

use crate::numerics::normal;

/// Normal quantile of the upper tail, kept finite: p is read as at least 1e−300 and at most 1 − 1e−16.
pub fn upper_quantile(p: f64) -> f64 {
    normal::upper_quantile(p.clamp(1e-300, 1.0 - 1e-16))
}
