//! `beta_distribution`: the beta family.

use super::{SpendingFunction, ThroughPoints};
use crate::invalid::Invalid;
use crate::numerics::roots::brent;
use crate::registry::{Entry, Parameter};
use statrs::function::beta::beta_reg;
use std::sync::Arc;

/// α*(t) = α I_t(a, b), the regularised incomplete beta function, a, b > 0, t in [0, 1] (Anderson and Clark 2010, section 3).
#[derive(Debug)]
pub struct BetaDistribution {
    a: f64,
    b: f64,
}

impl SpendingFunction for BetaDistribution {
    fn spent(&self, total: f64, time: f64) -> f64 {
        if time <= 0.0 {
            return 0.0;
        }
        if time >= 1.0 {
            return total;
        }
        total * beta_reg(self.a, self.b, time)
    }
}

/// ln a and ln b are looked for between minus and plus this.
const REACH: f64 = 6.0;

/// The member through two points: for each a, the b through the first one; then the a through the second.
fn through(points: &[(f64, f64)], _: &[f64]) -> Result<Arc<dyn SpendingFunction>, Invalid> {
    let [(t1, p1), (t2, p2)] = *points else {
        return Err(Invalid { what: "number of points", value: points.len() as f64, rule: "must be 2" });
    };
    let off =
        |log_a: f64, log_b: f64, time: f64, share: f64| beta_reg(libm::exp(log_a), libm::exp(log_b), time) - share;
    let b_of =
        |log_a: f64| brent(-2.0 * REACH, 2.0 * REACH, 1e-13, |log_b| off(log_a, log_b, t1, p1)).unwrap_or(f64::NAN);
    // For a far from the answer there may be no b: the bracket is walked inwards until both ends have one.
    let gap = |log_a: f64| off(log_a, b_of(log_a), t2, p2);
    let steps = (-24..=24).map(|step| REACH * f64::from(step) / 24.0);
    let ends: Vec<(f64, f64)> = steps.map(|log_a| (log_a, gap(log_a))).filter(|end| end.1.is_finite()).collect();
    let bracket = ends.windows(2).find(|pair| (pair[0].1 > 0.0) != (pair[1].1 > 0.0));
    let none =
        Invalid { what: "share spent", value: p2, rule: "no member of the beta family goes through both points" };
    let bracket = bracket.ok_or_else(|| none.clone())?;
    let log_a = brent(bracket[0].0, bracket[1].0, 1e-12, gap).map_err(|_| none)?;
    Ok(Arc::new(BetaDistribution { a: libm::exp(log_a), b: libm::exp(b_of(log_a)) }))
}

const fn shape(name: &'static str, description: &'static str) -> Parameter {
    Parameter { name, description, low: 0.0, low_open: true, high: 100.0, integer: false, default: None }
}

pub(super) const ENTRY: Entry<dyn SpendingFunction> = Entry {
    name: "beta_distribution",
    summary: "beta family: the incomplete beta function of the spending time",
    parameters: &[
        shape("a", "first shape, above 0 and at most 100: above 1 spends late"),
        shape("b", "second shape, above 0 and at most 100: above 1 spends early"),
    ],
    build: |values| Arc::new(BetaDistribution { a: values[0], b: values[1] }),
};

pub(super) const THROUGH: ThroughPoints = ThroughPoints {
    name: "beta_distribution",
    summary: "beta family through two points",
    points: (2, 2),
    parameters: &[],
    build: through,
};
