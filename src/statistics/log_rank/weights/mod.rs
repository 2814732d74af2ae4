//! Weights of the log-rank family: one file each.

pub mod fleming_harrington;
pub mod modestly_weighted;
pub mod piecewise;
pub mod unit;
pub mod zero_early;

use std::fmt::Debug;

/// A weight w(s) = W(s, Ŝ(r(s)−)) of a log-rank test: s months since randomisation, Ŝ the pooled Kaplan–Meier estimate (of
/// the stratum, if the test is stratified), r(s) = min(s, until) the month at which it is read.
pub trait Weight: Debug + Send + Sync {
    /// Name with its parameters.
    fn label(&self) -> String;

    /// W at month `month`, `survival` being the pooled survival in [0, 1] read at r(month).
    fn weight(&self, month: f64, survival: f64) -> f64;

    /// ∂W/∂S, where the weight is estimated; `None` for a weight that the data do not change.
    fn slope(&self, _survival: f64) -> Option<f64> {
        None
    }

    /// ∂²W/∂S², 0 where it has none.
    fn bend(&self, _survival: f64) -> f64 {
        0.0
    }

    /// Month after which pooled survival is read there and no later; infinite if there is none.
    fn until(&self) -> f64 {
        f64::INFINITY
    }

    /// Months at which the weight has a kink or jump.
    fn kinks(&self) -> Vec<f64> {
        Vec::new()
    }

    /// A level of pooled survival at which the weight has a kink.
    fn kink_level(&self) -> Option<f64> {
        None
    }

    /// Whether a test with these weights may reject an arm that is harmful early and nowhere better: its scores rise with time.
    fn early_harm_can_win(&self) -> bool {
        true
    }

    /// Whether every weight is 1.
    fn is_unit(&self) -> bool {
        false
    }
}
