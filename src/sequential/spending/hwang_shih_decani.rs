//! `hwang_shih_decani`: the gamma family.

use super::SpendingFunction;
use crate::registry::{Entry, Parameter};
use std::sync::Arc;

/// α*(t) = α (1 − e^{−γt})/(1 − e^{−γ}), αt at γ = 0; t in [0, 1] (Hwang, Shih and DeCani 1990).
#[derive(Debug)]
pub struct HwangShihDeCani {
    gamma: f64,
}

impl SpendingFunction for HwangShihDeCani {
    fn spent(&self, total: f64, time: f64) -> f64 {
        let time = time.clamp(0.0, 1.0);
        if time == 1.0 {
            return total;
        }
        // Both differences are small together: expm1 keeps their ratio. Below 1e-12 it is t to rounding.
        if self.gamma.abs() < 1e-12 {
            return total * time;
        }
        total * libm::expm1(-self.gamma * time) / libm::expm1(-self.gamma)
    }
}

const GAMMA: Parameter = Parameter {
    name: "gamma",
    description: "shape, between -40 and 40: below 0 spends late (-4 is near O'Brien-Fleming), 1 is near Pocock, 0 is linear",
    low: -40.0,
    low_open: false,
    high: 40.0,
    integer: false,
    default: None,
};

pub(super) const ENTRY: Entry<dyn SpendingFunction> = Entry {
    name: "hwang_shih_decani",
    summary: "gamma family: from late to early spending by one parameter",
    parameters: &[GAMMA],
    build: |values| Arc::new(HwangShihDeCani { gamma: values[0] }),
};
