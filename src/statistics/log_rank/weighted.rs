//! Weighted log-rank statistics from data.

use crate::statistics::log_rank::{Weight, WeightedLogRank};
use crate::statistics::{Evidence, RiskSet};

/// The pooled Kaplan–Meier curve as a weight reads it: Ŝ(min(s, until)−).
struct Pooled {
    read: f64,
    until: f64,
}

impl Pooled {
    fn new(until: f64) -> Self {
        Self { read: 1.0, until }
    }

    /// Goes past the event time of `set`; an event at `until` itself is not read any more.
    #[inline]
    fn pass(&mut self, set: &RiskSet) {
        if set.time < self.until {
            let at_risk = set.control + set.treated;
            let events = set.control_events + set.treated_events;
            self.read *= f64::from(at_risk - events) / f64::from(at_risk);
        }
    }
}

/// Events expected in the experimental arm and their hypergeometric variance at one event time:
/// d·n₁/n and d·(n₁/n)(n₀/n)·(n − d)/(n − 1); none of a time at which one arm has nobody at risk.
#[inline]
pub(super) fn hypergeometric(set: &RiskSet) -> Option<(f64, f64)> {
    if set.control == 0 || set.treated == 0 {
        return None;
    }
    let (n0, n1) = (f64::from(set.control), f64::from(set.treated));
    let (n, d) = (n0 + n1, f64::from(set.control_events + set.treated_events));
    // One division for the usual single event: divisions are what this costs.
    let reciprocal = n.recip();
    let (share, rest) = (n1 * reciprocal, n0 * reciprocal);
    Some((d * share, if d == 1.0 { share * rest } else { d * share * rest * ((n - d) / (n - 1.0)) }))
}

impl WeightedLogRank {
    /// −U and V of one stratum: U = Σ w·(d₁ − d·n₁/n), V = Σ w²·d·(n₁/n)(n₀/n)·(n − d)/(n − 1), w(s) = W(s, Ŝ(min(s, until)−))
    /// with the stratum's pooled Kaplan–Meier estimate (Fleming and Harrington 1991, sections 7.1 and 7.3).
    pub(super) fn score_of_stratum(&self, sets: &[RiskSet]) -> Evidence {
        let weight = self.weight();
        let mut pooled = Pooled::new(weight.until());
        let mut found = Evidence::default();
        for set in sets {
            if let Some((expected, variance)) = hypergeometric(set) {
                let w = weight.weight(set.time, pooled.read);
                found.effect += w * (expected - f64::from(set.treated_events));
                found.variance += w * w * variance;
            }
            pooled.pass(set);
        }
        found
    }
}

/// Covariance of two weighted log-rank scores of one stratum: Σ w_a w_b·d·(n₁/n)(n₀/n)·(n − d)/(n − 1) (Karrison 2016).
pub fn covariance(a: &dyn Weight, b: &dyn Weight, sets: &[RiskSet]) -> f64 {
    let mut pooled = [a, b].map(|weight| Pooled::new(weight.until()));
    let mut sum = 0.0;
    for set in sets {
        if let Some((_, variance)) = hypergeometric(set) {
            sum += a.weight(set.time, pooled[0].read) * b.weight(set.time, pooled[1].read) * variance;
        }
        for curve in &mut pooled {
            curve.pass(set);
        }
    }
    sum
}
