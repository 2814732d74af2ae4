//! OS through progression when the hazard of death after progression restarts its clock at progression.

use crate::invalid::Invalid;
use crate::survival::decay::mean_decay;
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
///
/// The exponent's slope is λ₀₁ + λ₀₂ − Σⱼ Δhⱼ·e(u + bⱼ) over bⱼ < s − u, Δhⱼ the jump of h at bⱼ (Δh₀ = h(0)); it is
/// carried from breakpoint to breakpoint, so that a panel costs no search.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SemiMarkov {
    course: Course,
    first: PiecewiseHazard,
    /// Breakpoints that do not move with s, ascending, above 0.
    fixed: Vec<Break>,
    /// Jumps Δhⱼ of the baseline at its cuts bⱼ, the first from 0.
    jumps: Vec<f64>,
}

/// A breakpoint of the integral over the time of progression that does not move with s.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Break {
    /// Month of progression u.
    at: f64,
    /// Change of the exponent's slope.
    slope: f64,
    /// Counts only for s beyond this month (the cut eᵢ of the effect; 0 for cuts of the first hazards).
    beyond: f64,
    /// λ₀₁ from here on, if this is a cut of the first hazards.
    onset: Option<f64>,
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
        let first = course.progression.plus(&course.death)?;
        let mut cuts: Vec<f64> = course.progression.starts().iter().chain(course.death.starts()).copied().collect();
        cuts.retain(|&cut| cut > 0.0);
        cuts.sort_unstable_by(f64::total_cmp);
        cuts.dedup();
        let total = |time: f64| course.progression.rate(time) + course.death.rate(time);
        let mut before = total(0.0);
        let mut fixed = Vec::new();
        for at in cuts {
            let after = total(at);
            let onset = Some(course.progression.rate(at));
            fixed.push(Break { at, slope: after - before, beyond: 0.0, onset });
            before = after;
        }
        let rates = course.after_baseline.rates();
        let jumps: Vec<f64> =
            (0..rates.len()).map(|j| if j == 0 { rates[0] } else { rates[j] - rates[j - 1] }).collect();
        let (starts, ratios) = (course.after_effect.starts(), course.after_effect.ratios());
        for (effect, ratio) in starts.windows(2).zip(ratios.windows(2)) {
            for (since, jump) in course.after_baseline.starts().iter().zip(&jumps) {
                let (at, slope) = (effect[1] - since, -jump * (ratio[1] - ratio[0]));
                if at > 0.0 {
                    fixed.push(Break { at, slope, beyond: effect[1], onset: None });
                }
            }
        }
        fixed.sort_by(|one, other| one.at.total_cmp(&other.at));
        Ok(Self { course: course.clone(), first, fixed, jumps })
    }

    pub(crate) fn kinks(&self) -> Vec<f64> {
        let clock = self.course.after_baseline.starts();
        let mut kinks: Vec<f64> = self.first.starts().to_vec();
        kinks.extend(clock);
        kinks.extend(self.course.after_effect.starts());
        let fixed: Vec<f64> = self.fixed.iter().map(|point| point.at).collect();
        for onsets in [self.first.starts(), fixed.as_slice()] {
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
        let course = &self.course;
        let (clock, rates) = (course.after_baseline.starts(), course.after_baseline.rates());
        let effect = course.after_effect.at(time);
        let (starts, ratios) = (course.after_effect.starts(), course.after_effect.ratios());
        // The effect just before s, which the terms of the slope carry when their age reaches s.
        let until = ratios[starts.partition_point(|&start| start < time).saturating_sub(1)];
        // Ages bⱼ below s; the largest is passed first as u grows.
        let mut ages = clock.partition_point(|&since| since < time);
        let mut onset = course.progression.rate(0.0);
        let mut slope = onset + course.death.rate(0.0);
        for (&since, jump) in clock[..ages].iter().zip(&self.jumps) {
            slope -= jump * course.after_effect.at(since);
        }
        let mut fixed = self.fixed.iter().filter(|point| point.beyond < time).peekable();
        let mut low = 0.0;
        let mut exponent = course.after_cumulative(0.0, time);
        while low < time {
            let moving = if ages > 1 { time - clock[ages - 1] } else { time };
            let high = fixed.peek().map_or(moving, |point| point.at.min(moving)).min(time);
            if high > low {
                let end = exponent + slope * (high - low);
                if onset > 0.0 {
                    panels.push(Panel {
                        onset: onset * (high - low),
                        hazard: rates[ages.max(1) - 1] * effect,
                        least: exponent.min(end).max(0.0),
                        range: (end - exponent).abs(),
                    });
                }
                (low, exponent) = (high, end);
            }
            if ages > 1 && moving <= low {
                slope += self.jumps[ages - 1] * until;
                ages -= 1;
            }
            while let Some(point) = fixed.next_if(|point| point.at <= low) {
                slope += point.slope;
                onset = point.onset.unwrap_or(onset);
            }
        }
    }

    /// Survival and density at `time` for `factor`, from the panels of that time, both times e^(`shift`); without
    /// `with_well`, of the patients after progression alone.
    pub(crate) fn sum_panels(
        &self,
        time: f64,
        factor: f64,
        shift: f64,
        panels: &[Panel],
        with_well: bool,
    ) -> (f64, f64) {
        let well = if with_well { (shift - factor * self.first.cumulative(time)).exp() } else { 0.0 };
        let (mut survival, mut density) = (well, well * self.course.death.rate(time));
        for panel in panels {
            let share = factor * panel.onset * (shift - factor * panel.least).exp() * mean_decay(factor * panel.range);
            survival += share;
            density += share * panel.hazard;
        }
        (survival, factor * density)
    }

    pub(crate) fn scaled(&self, time: f64, factor: f64, with_well: bool) -> Scaled {
        let mut panels = Vec::new();
        self.panels(time, &mut panels);
        let well = if with_well { self.first.cumulative(time) } else { f64::INFINITY };
        let least = panels.iter().map(|panel| panel.least).fold(well, f64::min);
        let shift = if least.is_finite() { factor * least } else { 0.0 };
        let (survival, density) = self.sum_panels(time, factor, shift, &panels, with_well);
        Scaled { log_scale: -shift, survival, density }
    }
}
