//! `fleming_harrington`: weights from the pooled survival curve.

use crate::invalid::Invalid;
use crate::registry::{Entry, Parameter};
use crate::statistics::TestStatistic;
use crate::statistics::log_rank::{Weight, WeightedLogRank};
use std::sync::Arc;

/// w(s) = Ŝ(s−)^ρ (1 − Ŝ(s−))^γ, ρ, γ ≥ 0 (Fleming and Harrington 1991, section 7.3): (0, 1) stresses late differences,
/// (1, 0) early ones.
#[derive(Debug, Clone, Copy)]
pub struct FlemingHarrington {
    rho: f64,
    gamma: f64,
}

impl FlemingHarrington {
    /// With powers ρ and γ from 0 to 5.
    ///
    /// # Errors
    /// [`Invalid`] for a power outside.
    pub fn new(rho: f64, gamma: f64) -> Result<Self, Invalid> {
        Ok(Self { rho: ENTRY.parameters[0].check(rho)?, gamma: ENTRY.parameters[1].check(gamma)? })
    }
}

/// x^e with 0^0 = 1; the usual exponents without a call.
fn power(x: f64, e: f64) -> f64 {
    match e {
        0.0 => 1.0,
        1.0 => x,
        _ => libm::pow(x, e),
    }
}

/// d x^e/dx, 0 where e is 0.
fn power_slope(x: f64, e: f64) -> f64 {
    if e == 0.0 { 0.0 } else { e * power(x, e - 1.0) }
}

/// d² x^e/dx², 0 where e is 0 or 1.
fn power_bend(x: f64, e: f64) -> f64 {
    if e == 0.0 || e == 1.0 { 0.0 } else { e * (e - 1.0) * power(x, e - 2.0) }
}

impl Weight for FlemingHarrington {
    fn label(&self) -> String {
        format!("Fleming-Harrington ({}, {})", self.rho, self.gamma)
    }

    fn weight(&self, _month: f64, survival: f64) -> f64 {
        power(survival, self.rho) * power((1.0 - survival).max(0.0), self.gamma)
    }

    fn slope(&self, survival: f64) -> Option<f64> {
        let lost = (1.0 - survival).max(0.0);
        let slope = power_slope(survival, self.rho) * power(lost, self.gamma)
            - power(survival, self.rho) * power_slope(lost, self.gamma);
        // At no event yet (S = 1), or none left, a fractional power has no slope; nothing happens there.
        Some(if slope.is_finite() { slope } else { 0.0 })
    }

    fn bend(&self, survival: f64) -> f64 {
        let lost = (1.0 - survival).max(0.0);
        let bend = power_bend(survival, self.rho) * power(lost, self.gamma)
            - 2.0 * power_slope(survival, self.rho) * power_slope(lost, self.gamma)
            + power(survival, self.rho) * power_bend(lost, self.gamma);
        if bend.is_finite() { bend } else { 0.0 }
    }

    /// A fractional γ bends the weight without bound at month 0: panels are graded towards it.
    fn kinks(&self) -> Vec<f64> {
        if self.gamma.fract() == 0.0 { Vec::new() } else { vec![1.0, 0.125, 0.015_625, 2e-3, 2.5e-4, 3e-5] }
    }

    fn early_harm_can_win(&self) -> bool {
        self.gamma > 0.0
    }

    fn is_unit(&self) -> bool {
        self.rho == 0.0 && self.gamma == 0.0
    }
}

const fn exponent(name: &'static str, description: &'static str) -> Parameter {
    Parameter { name, description, low: 0.0, low_open: false, high: 5.0, integer: false, default: None }
}

/// The registry's line.
pub const ENTRY: Entry<dyn TestStatistic> = Entry {
    name: "fleming_harrington",
    summary: "weighted log-rank: pooled survival to the power rho times one minus it to the power gamma",
    parameters: &[
        exponent("rho", "power of pooled survival, 0 to 5"),
        exponent("gamma", "power of one minus pooled survival, 0 to 5: 1 stresses late differences"),
    ],
    build: |values| Arc::new(WeightedLogRank::new(Arc::new(FlemingHarrington { rho: values[0], gamma: values[1] }))),
};
