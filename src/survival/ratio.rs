//! Hazard ratios over time: the effect of an arm, with its delay.

use crate::invalid::{Invalid, require};
use crate::survival::PiecewiseHazard;
use std::sync::OnceLock;

/// A right-continuous step function of time since randomisation: hazard ratio against the control course.
#[derive(Debug, Clone, PartialEq)]
pub struct HazardRatio {
    /// Start of each piece in months; `starts[0] == 0`, strictly increasing.
    starts: Vec<f64>,
    /// Ratio on each piece; finite, at least 0.
    ratios: Vec<f64>,
}

/// Steps in which a linear ramp is cut; the cumulative hazard is exact at every step's end.
const RAMP_STEPS: usize = 32;

impl HazardRatio {
    /// A step function from piece starts (months, `starts[0] == 0`, strictly increasing) and ratios.
    ///
    /// # Errors
    /// [`Invalid`] for a negative or non-finite ratio, or starts that do not increase from 0.
    pub fn new(starts: &[f64], ratios: &[f64]) -> Result<Self, Invalid> {
        require(
            starts.len() == ratios.len() && !starts.is_empty(),
            "number of hazard ratio pieces",
            ratios.len() as f64,
            "there must be one ratio per piece and at least one piece",
        )?;
        require(starts[0] == 0.0, "start of the first hazard ratio piece", starts[0], "it must be 0")?;
        for pair in starts.windows(2) {
            require(
                pair[1].is_finite() && pair[1] > pair[0],
                "start of a hazard ratio piece",
                pair[1],
                "starts must be finite and increase",
            )?;
        }
        for &ratio in ratios {
            require(ratio.is_finite() && ratio >= 0.0, "hazard ratio", ratio, "it must be finite and at least 0")?;
        }
        Ok(Self { starts: starts.to_vec(), ratios: ratios.to_vec() })
    }

    /// No effect.
    pub fn one() -> Self {
        Self { starts: vec![0.0], ratios: vec![1.0] }
    }

    /// No effect, for ever alive.
    pub(crate) fn none() -> &'static Self {
        static NONE: OnceLock<HazardRatio> = OnceLock::new();
        NONE.get_or_init(Self::one)
    }

    /// The same course of the effect, `months` (finite, at least 0) later; no effect before.
    ///
    /// # Errors
    /// [`Invalid`] for a number out of range.
    pub fn later(&self, months: f64) -> Result<Self, Invalid> {
        require(
            months.is_finite() && months >= 0.0,
            "months to treatment",
            months,
            "it must be finite and at least 0",
        )?;
        if months == 0.0 || self.is_one() {
            return Ok(self.clone());
        }
        let starts = std::iter::once(0.0).chain(self.starts.iter().map(|start| start + months));
        let ratios = std::iter::once(1.0).chain(self.ratios.iter().copied());
        Self::new(&starts.collect::<Vec<_>>(), &ratios.collect::<Vec<_>>())
    }

    /// The ratio 1 for `delay` months, then a linear ramp of `ramp` months down (or up) to `ratio`, then `ratio`.
    ///
    /// # Errors
    /// [`Invalid`] for a negative or non-finite number.
    pub fn delayed(ratio: f64, delay: f64, ramp: f64) -> Result<Self, Invalid> {
        require(delay.is_finite() && delay >= 0.0, "delay", delay, "it must be finite and at least 0")?;
        require(ramp.is_finite() && ramp >= 0.0, "ramp", ramp, "it must be finite and at least 0")?;
        let (mut starts, mut ratios) = (Vec::new(), Vec::new());
        if delay > 0.0 {
            starts.push(0.0);
            ratios.push(1.0);
        }
        if ramp > 0.0 {
            for step in 0..RAMP_STEPS {
                let begun = step as f64 / RAMP_STEPS as f64;
                let middle = begun + 0.5 / RAMP_STEPS as f64;
                starts.push(delay + ramp * begun);
                ratios.push(1.0 + (ratio - 1.0) * middle);
            }
        }
        starts.push(delay + ramp);
        ratios.push(ratio);
        Self::new(&starts, &ratios)
    }

    /// Whether the ratio is 1 for ever.
    pub fn is_one(&self) -> bool {
        self.ratios.iter().all(|&ratio| ratio == 1.0)
    }

    /// Starts of the pieces, months; the first is 0.
    pub fn starts(&self) -> &[f64] {
        &self.starts
    }

    /// Ratios of the pieces.
    pub fn ratios(&self) -> &[f64] {
        &self.ratios
    }

    /// Hazard ratio at `time` (months since randomisation).
    pub fn at(&self, time: f64) -> f64 {
        self.ratios[self.starts.partition_point(|&start| start <= time).saturating_sub(1)]
    }

    /// The control hazard times this ratio, both on the clock since randomisation.
    ///
    /// # Errors
    /// [`Invalid`] if a product overflows.
    pub fn applied_to(&self, control: &PiecewiseHazard) -> Result<PiecewiseHazard, Invalid> {
        let mut starts: Vec<f64> = self.starts.iter().chain(control.starts()).copied().collect();
        starts.sort_unstable_by(f64::total_cmp);
        starts.dedup();
        let rates: Vec<f64> = starts.iter().map(|&start| control.rate(start) * self.at(start)).collect();
        PiecewiseHazard::new(&starts, &rates)
    }
}
