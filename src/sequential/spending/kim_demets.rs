//! `kim_demets`: the power family.

use super::SpendingFunction;
use crate::registry::{Entry, Parameter};
use std::sync::Arc;

/// α*(t) = α t^ρ, ρ > 0, t in [0, 1] (Kim and DeMets 1987).
#[derive(Debug)]
pub struct KimDeMets {
    rho: f64,
}

impl SpendingFunction for KimDeMets {
    fn spent(&self, total: f64, time: f64) -> f64 {
        total * libm::pow(time.clamp(0.0, 1.0), self.rho)
    }
}

const RHO: Parameter = Parameter {
    name: "rho",
    description: "power, above 0 and at most 50: 1 is linear, 3 is near O'Brien-Fleming",
    low: 0.0,
    low_open: true,
    high: 50.0,
    integer: false,
    default: None,
};

pub(super) const ENTRY: Entry<dyn SpendingFunction> = Entry {
    name: "kim_demets",
    summary: "power family: alpha times spending time to the power rho",
    parameters: &[RHO],
    build: |values| Arc::new(KimDeMets { rho: values[0] }),
};
