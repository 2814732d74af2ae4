//! `exponential`: the exponential family.

use super::SpendingFunction;
use crate::registry::{Entry, Parameter};
use std::sync::Arc;

/// α*(t) = α^{t^{−ν}}, ν in (0, 1.5], t in (0, 1] (Anderson and Clark 2010); ν about 0.75 is near O'Brien–Fleming.
#[derive(Debug)]
pub struct Exponential {
    nu: f64,
}

impl SpendingFunction for Exponential {
    fn spent(&self, total: f64, time: f64) -> f64 {
        if time <= 0.0 {
            return 0.0;
        }
        if time >= 1.0 {
            return total;
        }
        libm::pow(total, libm::pow(time, -self.nu))
    }
}

const NU: Parameter = Parameter {
    name: "nu",
    description: "shape, above 0 and at most 1.5: about 0.75 is near O'Brien-Fleming",
    low: 0.0,
    low_open: true,
    high: 1.5,
    integer: false,
    default: None,
};

pub(super) const ENTRY: Entry<dyn SpendingFunction> = Entry {
    name: "exponential",
    summary: "exponential family: alpha to the power spending time to the power -nu",
    parameters: &[NU],
    build: |values| Arc::new(Exponential { nu: values[0] }),
};
