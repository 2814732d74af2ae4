//! `logrank`: every weight is 1.

use crate::registry::Entry;
use crate::statistics::TestStatistic;
use crate::statistics::log_rank::{Weight, WeightedLogRank};
use std::sync::Arc;

/// w = 1 (Mantel 1966).
#[derive(Debug, Clone, Copy)]
pub struct Unit;

impl Weight for Unit {
    fn label(&self) -> String {
        "log-rank".into()
    }

    fn weight(&self, _month: f64, _survival: f64) -> f64 {
        1.0
    }

    fn early_harm_can_win(&self) -> bool {
        false
    }

    fn is_unit(&self) -> bool {
        true
    }
}

/// The registry's line.
pub const ENTRY: Entry<dyn TestStatistic> = Entry {
    name: "logrank",
    summary: "log-rank: every event weighs the same",
    parameters: &[],
    build: |_| Arc::new(WeightedLogRank::new(Arc::new(Unit))),
};
