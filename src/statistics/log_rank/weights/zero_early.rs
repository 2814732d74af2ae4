//! `zero_early`: events before a month do not count.

use super::piecewise::Piecewise;
use crate::registry::{Entry, Parameter};
use crate::statistics::TestStatistic;
use crate::statistics::log_rank::WeightedLogRank;
use std::sync::Arc;

/// The registry's line: w(s) = 0 for s < t*, then 1, t* > 0 months, the weights of the piecewise log-rank test for a delay
/// of t* (Xu, Zhen, Park and Zhu 2017). Patients with an early event leave the risk set as ever.
pub const ENTRY: Entry<dyn TestStatistic> = Entry {
    name: "zero_early",
    summary: "weighted log-rank: events before month `until` weigh nothing, later ones 1",
    parameters: &[Parameter {
        name: "until",
        description: "month before which events weigh nothing, above 0 and at most 1200",
        low: 0.0,
        low_open: true,
        high: 1200.0,
        integer: false,
        default: None,
    }],
    build: |values| Arc::new(WeightedLogRank::new(Arc::new(Piecewise::zero_early(values[0])))),
};
