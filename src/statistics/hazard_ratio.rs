//! Averages of a non-constant hazard ratio, in expectation.

use crate::numerics::roots::brent;
use crate::statistics::{StratumTable, Tabulation};

impl Tabulation {
    /// Event-weighted geometric mean of the hazard ratio up to look `look`, pooled over strata:
    /// exp(∫ ln(λ₁/λ₀) dn / ∫ dn) with dn the events of both arms (Mukhopadhyay et al. 2020; gsDesign2's `ahr`).
    /// `None` where one arm's hazard is zero while the other's is not, or no event is expected.
    pub fn average_hazard_ratio(&self, look: usize) -> Option<f64> {
        let entered = self.entered(self.months[look]);
        let (mut sum, mut events) = (0.0, 0.0);
        for stratum in &self.strata {
            for (i, share) in entered.iter().enumerate() {
                let density = self.shares[0] * stratum.events[0][i] + self.shares[1] * stratum.events[1][i];
                let weight = self.panels.weights()[i] * share * stratum.prevalence * density;
                if weight > 0.0 {
                    let ratio = (stratum.density[1][i] * stratum.survival[0][i])
                        / (stratum.density[0][i] * stratum.survival[1][i]);
                    sum += weight * ratio.ln();
                    events += weight;
                }
            }
        }
        let mean = sum / events;
        if mean.is_finite() { Some(mean.exp()) } else { None }
    }

    /// Large-sample limit of the Cox hazard ratio at look `look`: exp(β) with
    /// ∫ {(1−p_β) dn₁ − p_β dn₀} = 0, p_β = y₁e^β/(y₀ + y₁e^β) (Struthers and Kalbfleisch 1986). `None` when no finite
    /// root lies within |β| ≤ 20.
    pub fn cox_hazard_ratio(&self, look: usize) -> Option<f64> {
        let entered = self.entered(self.months[look]);
        let [pi0, pi1] = self.shares;
        let score = |beta: f64| {
            let factor = beta.exp();
            let of_stratum = |stratum: &StratumTable| {
                self.panels.integrate_with(|i| {
                    let (y0, y1) = (pi0 * stratum.at_risk[0][i], pi1 * stratum.at_risk[1][i] * factor);
                    if y0 + y1 <= 0.0 {
                        return 0.0;
                    }
                    entered[i] * (y0 * pi1 * stratum.events[1][i] - y1 * pi0 * stratum.events[0][i]) / (y0 + y1)
                })
            };
            self.strata.iter().map(|stratum| stratum.prevalence * of_stratum(stratum)).sum::<f64>()
        };
        brent(-20.0, 20.0, 1e-12, score).ok().map(f64::exp)
    }
}
