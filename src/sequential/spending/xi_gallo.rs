//! `xi_gallo_1`, `xi_gallo_2`, `xi_gallo_3`: spending with a conditional error in view.

use super::SpendingFunction;
use crate::numerics::normal::{sf, upper_quantile};
use crate::registry::{Entry, Parameter};
use std::sync::Arc;

/// α*(t) = 2 − 2Φ((z_{α/2} − z_γ h(t))/√t), z_γ = Φ⁻¹(1 − γ), with h(t) = √(1 − t), 1 − t or 1 − √t (Xi and Gallo 2019): a trial
/// that just meets the interim bound rejects at its end, were the null true, with probability about γ.
#[derive(Debug)]
pub struct XiGallo {
    which: u8,
    gamma: f64,
}

impl SpendingFunction for XiGallo {
    fn spent(&self, total: f64, time: f64) -> f64 {
        if time <= 0.0 {
            return 0.0;
        }
        if time >= 1.0 {
            return total;
        }
        let left = match self.which {
            1 => (1.0 - time).sqrt(),
            2 => 1.0 - time,
            _ => 1.0 - time.sqrt(),
        };
        2.0 * sf((upper_quantile(0.5 * total) - upper_quantile(self.gamma) * left) / time.sqrt())
    }
}

const GAMMA: Parameter = Parameter {
    name: "gamma",
    description: "conditional error at the interim bound, at least 0.5 and at most 0.999",
    low: 0.5,
    low_open: false,
    high: 0.999,
    integer: false,
    default: None,
};

macro_rules! member {
    ($entry:ident, $which:literal, $name:literal, $left:literal) => {
        pub(super) const $entry: Entry<dyn SpendingFunction> = Entry {
            name: $name,
            summary: concat!("Xi-Gallo: conditional error gamma at the interim bound, by ", $left),
            parameters: &[GAMMA],
            build: |values| Arc::new(XiGallo { which: $which, gamma: values[0] }),
        };
    };
}

member!(FIRST, 1, "xi_gallo_1", "the root of the time left");
member!(SECOND, 2, "xi_gallo_2", "the time left");
member!(THIRD, 3, "xi_gallo_3", "one less the root of the time");
