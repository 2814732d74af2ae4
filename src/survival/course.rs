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
/// `after_baseline(s − u or s, by clock) · after_effect(s)`, without the effect where u is before `product_at`.
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
    /// Month in which the product arrives, 0 where nobody waits for one: a patient who progresses earlier never gets it, so
    /// that `after_effect` is that of patients who progress at this month or later.
    pub product_at: f64,
}

impl Course {
    /// A course without progression: death alone.
    pub fn death_only(death: PiecewiseHazard) -> Self {
        Self {
            progression: PiecewiseHazard::zero(),
            death,
            after_baseline: PiecewiseHazard::zero(),
            clock: Clock::SinceRandomization,
            after_effect: HazardRatio::one(),
            product_at: 0.0,
        }
    }

    /// The course of a patient cured of the transitions that are `true`: their hazards are zero.
    #[must_use]
    pub fn cured_of(&self, progression: bool, death: bool, after_progression: bool) -> Self {
        let mut course = self.clone();
        if progression {
            course.progression = PiecewiseHazard::zero();
        }
        if death {
            course.death = PiecewiseHazard::zero();
        }
        if after_progression {
            course.after_baseline = PiecewiseHazard::zero();
        }
        course
    }

    /// Probability of neither progression nor death by `time` (months): exp(−Λ₀₁ − Λ₀₂).
    pub fn pfs_survival(&self, time: f64) -> f64 {
        (-self.progression.cumulative(time) - self.death.cumulative(time)).exp()
    }

    /// Hazard per month of progression or death at `time` (months): λ₀₁ + λ₀₂.
    pub fn pfs_hazard(&self, time: f64) -> f64 {
        self.progression.rate(time) + self.death.rate(time)
    }

    /// Hazard of death per month at `time` for a patient who progressed at `progressed` (months, at most `time`).
    pub fn after_hazard(&self, progressed: f64, time: f64) -> f64 {
        self.after_baseline.rate(time - self.clock_zero(progressed)) * self.effect_on(progressed).at(time)
    }

    /// Cumulative hazard of death from progression at month `progressed` to month `time`:
    /// Λ₁₂(u, s) = Σᵢ eᵢ·[B(min(s, cᵢ₊₁) − o) − B(max(u, cᵢ) − o)] over the pieces [cᵢ, cᵢ₊₁) of `after_effect` with
    /// ratio eᵢ; B is the cumulative baseline and o the zero of its clock (u or 0).
    pub fn after_cumulative(&self, progressed: f64, time: f64) -> f64 {
        let zero = self.clock_zero(progressed);
        let effect = self.effect_on(progressed);
        let (starts, ratios) = (effect.starts(), effect.ratios());
        let first = starts.partition_point(|&start| start <= progressed).saturating_sub(1);
        let mut total = 0.0;
        let mut low = self.after_baseline.cumulative(progressed - zero);
        for (i, &ratio) in ratios.iter().enumerate().skip(first) {
            let end = starts.get(i + 1).copied().unwrap_or(f64::INFINITY).min(time);
            let high = self.after_baseline.cumulative(end - zero);
            total += ratio * (high - low).max(0.0);
            if end >= time {
                break;
            }
            low = high;
        }
        total
    }

    /// P₁₁(u, s): probability that a patient who progressed at month `progressed` is alive at month `time`.
    pub fn stays_alive(&self, progressed: f64, time: f64) -> f64 {
        (-self.after_cumulative(progressed, time)).exp()
    }

    /// Whether death after progression depends on months since randomisation alone (a constant baseline has no clock).
    pub fn is_markov(&self) -> bool {
        self.clock == Clock::SinceRandomization || self.after_baseline.rates().len() == 1
    }

    /// The effect on death after progression at month `progressed`.
    pub(crate) fn effect_on(&self, progressed: f64) -> &HazardRatio {
        if progressed < self.product_at { HazardRatio::none() } else { &self.after_effect }
    }

    fn clock_zero(&self, progressed: f64) -> f64 {
        if self.clock == Clock::SinceProgression { progressed } else { 0.0 }
    }
}
