//! OS through progression when the hazard of death after progression restarts its clock at progression.

use crate::invalid::Invalid;
use crate::survival::nodes::mean_decay;
use crate::survival::shapes::Scaled;
use crate::survival::{Course, PiecewiseHazard};

/// Kinks are listed to second order (sums of cuts) only while there are at most this many of them; finer ones come from
/// finely cut Weibull laws, whose jumps are too small to matter.
const KINKS: usize = 512;

/// Semi-Markov illness–death law.
///
/// `S_O(s) = S_P(s) + ∫₀ˢ S_P(u)λ₀₁(u)P₁₁(u, s) du` with `P₁₁(u, s) = exp(−∫_uˢ h(v − u)e(v) dv)`, h the baseline since
/// progression, e the effect since randomisation (Meller, Beyersmann and Rufibach 2019). Between the breakpoints
/// {cuts of λ₀₁, λ₀₂} ∪ {eᵢ − bⱼ} ∪ {s − bⱼ} (eᵢ cuts of e, bⱼ cuts of h, 0 included) the exponent is linear in u and
/// λ₀₁(u), h(s − u) are constant, so that the integral is a finite sum of exponentials: exact, no quadrature.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SemiMarkov {
    course: Course,
    first: PiecewiseHazard,
    /// Breakpoints that do not move with s, ascending, above 0.
    fixed: Vec<f64>,
}

/// One panel of the integral over the time of progression, for frailty factor 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Panel {
    /// λ₀₁ times the panel's width.
    onset: f64,
    /// Hazard of death at s of those who progressed on the panel.
    hazard: f64,
    /// Smaller of the exponents `Λ_P(u) + Λ₁₂(u, s)` at the panel's ends.
    least: f64,
    /// Absolute difference of the exponents at the ends.
    range: f64,
}

impl SemiMarkov {
    pub(crate) fn new(course: &Course) -> Result<Self, Invalid> {
        let mut fixed: Vec<f64> = course.progression.starts().to_vec();
        fixed.extend(course.death.starts());
        for &effect in &course.after_effect.starts()[1..] {
            fixed.extend(course.after_baseline.starts().iter().map(|&clock| effect - clock));
        }
        fixed.retain(|&time| time > 0.0);
        fixed.sort_unstable_by(f64::total_cmp);
        fixed.dedup();
        Ok(Self { first: course.progression.plus(&course.death)?, course: course.clone(), fixed })
    }

    pub(crate) fn kinks(&self) -> Vec<f64> {
        let clock = self.course.after_baseline.starts();
        let mut kinks: Vec<f64> = self.first.starts().to_vec();
        kinks.extend(clock);
        kinks.extend(self.course.after_effect.starts());
        for onsets in [self.first.starts(), self.fixed.as_slice()] {
            if kinks.len() + onsets.len() * clock.len() <= KINKS {
                kinks.extend(onsets.iter().flat_map(|&onset| clock.iter().map(move |&since| onset + since)));
            }
        }
        kinks
    }

    pub(crate) fn fastest(&self, time: f64) -> f64 {
        let after = self.course.after_baseline.rates().iter().copied().fold(0.0, f64::max);
        self.first.rate(time).max(after * self.course.after_effect.at(time))
    }

    /// Fills `panels` with the panels of the integral for month `time`; reuses its memory.
    pub(crate) fn panels(&self, time: f64, panels: &mut Vec<Panel>) {
        panels.clear();
        let clock = self.course.after_baseline.starts();
        let effect = self.course.after_effect.at(time);
        // Moving breakpoints s − bⱼ in (0, s), ascending: j from the largest bⱼ below s down to 1.
        let mut moving = clock.partition_point(|&since| since < time);
        let mut fixed = 0;
        let mut low = 0.0;
        let mut low_exponent = self.course.after_cumulative(0.0, time);
        while low < time {
            let next_moving = if moving > 1 { time - clock[moving - 1] } else { time };
            let next_fixed = self.fixed.get(fixed).copied().unwrap_or(f64::INFINITY);
            let high = next_moving.min(next_fixed).min(time);
            if next_fixed <= high {
                fixed += 1;
            }
            if moving > 1 && next_moving <= high {
                moving -= 1;
            }
            if high <= low {
                continue;
            }
            let middle = 0.5 * (low + high);
            let exponent = self.first.cumulative(high) + self.course.after_cumulative(high, time);
            let onset = self.course.progression.rate(middle) * (high - low);
            if onset > 0.0 {
                panels.push(Panel {
                    onset,
                    hazard: self.course.after_baseline.rate(time - middle) * effect,
                    least: low_exponent.min(exponent),
                    range: (exponent - low_exponent).abs(),
                });
            }
            (low, low_exponent) = (high, exponent);
        }
    }

    /// Survival and density at `time` for `factor`, from the panels of that time, both times e^(`shift`).
    pub(crate) fn sum_panels(&self, time: f64, factor: f64, shift: f64, panels: &[Panel]) -> (f64, f64) {
        let well = (shift - factor * self.first.cumulative(time)).exp();
        let (mut survival, mut density) = (well, well * self.course.death.rate(time));
        for panel in panels {
            let share = factor * panel.onset * (shift - factor * panel.least).exp() * mean_decay(factor * panel.range);
            survival += share;
            density += share * panel.hazard;
        }
        (survival, factor * density)
    }

    pub(crate) fn scaled(&self, time: f64, factor: f64) -> Scaled {
        let mut panels = Vec::new();
        self.panels(time, &mut panels);
        let least = panels.iter().map(|panel| panel.least).fold(self.first.cumulative(time), f64::min);
        let shift = factor * least;
        let (survival, density) = self.sum_panels(time, factor, shift, &panels);
        Scaled { log_scale: -shift, survival, density }
    }
}
