//! `modestly_weighted`: weights that rise with 1/survival up to a month, and stay.

use crate::registry::{Entry, Parameter};
use crate::statistics::TestStatistic;
use crate::statistics::log_rank::{Weight, WeightedLogRank};
use std::sync::Arc;

/// w(s) = min{1/Ŝ(min(s, t*)−), w_max}, Ŝ the pooled Kaplan–Meier estimate, t* > 0 months, w_max > 1: scores do not rise
/// with time, so that the strong null S₁ ≤ S₀ is kept (Magirr and Burman 2019; with w_max, Magirr 2021).
#[derive(Debug, Clone, Copy)]
pub struct ModestlyWeighted {
    until: f64,
    max_weight: f64,
}

impl Weight for ModestlyWeighted {
    fn early_harm_can_win(&self) -> bool {
        // With w = 1/S up to a limit the scores do not rise (Magirr and Burman 2019).
        false
    }

    fn label(&self) -> String {
        if self.max_weight < NO_LIMIT {
            format!("modestly weighted (until {}, at most {})", self.until, self.max_weight)
        } else {
            format!("modestly weighted (until {})", self.until)
        }
    }

    fn weight(&self, _month: f64, survival: f64) -> f64 {
        if survival * self.max_weight > 1.0 { survival.recip() } else { self.max_weight }
    }

    fn slope(&self, survival: f64) -> Option<f64> {
        Some(if survival * self.max_weight > 1.0 { -(survival * survival).recip() } else { 0.0 })
    }

    fn bend(&self, survival: f64) -> f64 {
        if survival * self.max_weight > 1.0 { 2.0 / (survival * survival * survival) } else { 0.0 }
    }

    fn until(&self) -> f64 {
        self.until
    }

    fn kinks(&self) -> Vec<f64> {
        vec![self.until]
    }

    fn kink_level(&self) -> Option<f64> {
        (self.max_weight < NO_LIMIT).then(|| self.max_weight.recip())
    }
}

/// A weight that no pooled curve of a trial reaches.
const NO_LIMIT: f64 = 1e6;

/// The registry's line.
pub const ENTRY: Entry<dyn TestStatistic> = Entry {
    name: "modestly_weighted",
    summary: "weighted log-rank: one over pooled survival, read at month `until` from then on",
    parameters: &[
        Parameter {
            name: "until",
            description: "month until which weights grow, above 0 and at most 1200",
            low: 0.0,
            low_open: true,
            high: 1200.0,
            integer: false,
            default: None,
        },
        Parameter {
            name: "max_weight",
            description: "largest weight, above 1; no limit if absent",
            low: 1.0,
            low_open: true,
            high: NO_LIMIT,
            integer: false,
            default: Some(NO_LIMIT),
        },
    ],
    build: |values| {
        Arc::new(WeightedLogRank::new(Arc::new(ModestlyWeighted { until: values[0], max_weight: values[1] })))
    },
};
