//! The illness–death course of one class of patients: three transition hazards.
//!
//! States: 0 alive without progression → 1 progressed → 2 dead, and 0 → 2
//! (Meller, Beyersmann and Rufibach 2019; Fleischer, Gaschler-Markefski and Bluhmki 2009).

use crate::survival::{HazardRatio, PiecewiseHazard};

/// Which clock the hazard of death after progression runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// Restarts at progression (semi-Markov).
    SinceProgression,
    /// Goes on from randomisation (Markov).
    SinceRandomization,
}

/// Transition hazards of one class of patients. In an OS-only trial `progression` is zero.
///
/// The hazard of death at month s for a patient who progressed at month u is
/// `after_baseline(s − u or s, by clock) · after_effect(s)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// Progression (or recurrence), per month since randomisation; effect included.
    pub progression: PiecewiseHazard,
    /// Death without progression, per month since randomisation; effect included.
    pub death: PiecewiseHazard,
    /// Death after progression, per month on `clock`, without the arm's effect.
    pub after_baseline: PiecewiseHazard,
    /// Clock of `after_baseline`.
    pub clock: Clock,
    /// The arm's effect on death after progression, by months since randomisation.
    pub after_effect: HazardRatio,
}
