//! Raw triggers.

use super::quantity::{Count, Duration, Fraction, Months};
use schemars::JsonSchema;
use serde::Deserialize;

/// When something takes place: exactly one of `events`, `enrolled`, `calendar`, `min_follow_up`, `after_previous`,
/// `event_fraction`, `all`, `any`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WHEN")]
pub struct When {
    /// When so many events have been seen, at least 1.
    pub events: Option<Count>,
    /// Endpoint of `events`; the primary endpoint if absent.
    pub endpoint: Option<Endpoint>,
    /// Stratum whose `events` count; all patients if absent.
    pub population: Option<String>,
    /// Arms whose `events` count; every arm studied if absent.
    pub arms: Option<Vec<String>>,
    /// When so many patients are enrolled, at least 1.
    pub enrolled: Option<Count>,
    /// At this month since the trial opened, above 0.
    pub calendar: Option<Duration>,
    /// So many months after the last planned patient enrolled, at least 0.
    pub min_follow_up: Option<Months>,
    /// So many months after the previous analysis (after the transition for the first one), above 0.
    pub after_previous: Option<Duration>,
    /// At this fraction of the final analysis's planned events, in (0, 1), rounded to the nearest whole event.
    pub event_fraction: Option<Fraction>,
    /// When all of these hold.
    pub all: Option<Vec<When>>,
    /// When any of these holds.
    pub any: Option<Vec<When>>,
}

/// A time-to-event endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// Overall survival.
    Os,
    /// Progression-free survival.
    Pfs,
    /// Disease-free survival: the law of `pfs` under the name used after resection.
    Dfs,
}
