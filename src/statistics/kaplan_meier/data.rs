//! Differences of Kaplan–Meier survival or restricted means from data.

use crate::statistics::kaplan_meier::{Contrast, KaplanMeierTest};
use crate::statistics::{Evidence, RiskSet};

/// One arm's curve as far as it has been read.
struct Curve {
    survival: f64,
    /// Area under the curve up to the last event.
    area: f64,
    last: f64,
    /// Σ h, Σ h·a, Σ h·a² over the events so far, h = d/{n(n − d)}, a the area up to the event.
    sums: [f64; 3],
}

impl Curve {
    const WHOLE: Self = Self { survival: 1.0, area: 0.0, last: 0.0, sums: [0.0; 3] };

    /// Takes the curve through `events` of `at_risk` at `time`. Where all die the curve ends at 0 and what the event would add to
    /// a variance is multiplied by 0.
    #[inline]
    fn step(&mut self, time: f64, at_risk: u32, events: u32) {
        if events == 0 {
            return;
        }
        self.area += self.survival * (time - self.last);
        self.last = time;
        let left = at_risk - events;
        self.survival *= f64::from(left) / f64::from(at_risk);
        if left > 0 {
            let h = f64::from(events) / (f64::from(at_risk) * f64::from(left));
            self.sums[0] += h;
            self.sums[1] += h * self.area;
            self.sums[2] += h * self.area * self.area;
        }
    }

    /// Estimate and variance at the horizon. Â(u) = R̂ − (area up to u), so that Σ Â²h = R̂²Σh − 2R̂Σha + Σha².
    fn read(&self, contrast: Contrast, horizon: f64) -> [f64; 2] {
        let [whole, once, twice] = self.sums;
        match contrast {
            Contrast::Survival => [self.survival, self.survival * self.survival * whole],
            Contrast::RestrictedMean => {
                let mean = self.area + self.survival * (horizon - self.last);
                [mean, (mean * (mean * whole - 2.0 * once) + twice).max(0.0)]
            }
        }
    }
}

impl KaplanMeierTest {
    /// φ·(θ̂₁ − θ̂₀) and φ²·(V̂₁ + V̂₀) of one stratum with share φ.
    ///
    /// θ̂ = Ŝ(τ), V̂ = Ŝ(τ)²Σd/{n(n − d)} (Kaplan and Meier 1958; Greenwood 1926), or θ̂ = ∫₀^τ Ŝ,
    /// V̂ = ΣÂ(u)²d/{n(n − d)} (Klein and Moeschberger 2003, section 4.5), over event times u ≤ τ; d events, n at risk in the arm.
    /// A curve that ends in a censored time goes on at its last level.
    pub(super) fn difference_of_stratum(&self, sets: &[RiskSet], share: f64) -> Evidence {
        let mut curves = [Curve::WHOLE; 2];
        for set in sets.iter().take_while(|set| set.time <= self.horizon) {
            curves[0].step(set.time, set.control, set.control_events);
            curves[1].step(set.time, set.treated, set.treated_events);
        }
        let [control, treated] = curves.map(|curve| curve.read(self.contrast, self.horizon));
        Evidence { effect: share * (treated[0] - control[0]), variance: share * share * (control[1] + treated[1]) }
    }
}
