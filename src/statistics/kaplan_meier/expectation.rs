//! Differences of Kaplan–Meier survival or restricted means in expectation.
//!
//! Symbols: τ horizon (months since randomisation); g = 0 control, 1 experimental; k stratum with share φ_k; S, λ survival and
//! hazard of an arm in a stratum; Y(u) = π_g φ_k S C G(t−u) share of all patients at risk there; kernel K(u) = S(τ) for
//! survival, A(u) = ∫_u^τ S for the restricted mean; dM_i = dN_i − Y_iλ du.
//!
//! * effect Δ = Σ_k φ_k {θ₁k − θ₀k}, θ = S(τ) or ∫₀^τ S; the strata's shares are taken as fixed;
//! * its influence: ∓φ_k ∫₀^τ K dM_i/Y, minus in the experimental arm (Andersen, Borgan, Gill and Keiding 1993, section IV.3);
//! * n times its variance v = Σ_g Σ_k φ_k² ∫₀^τ K²λ/Y du, estimated by arm without pooling (Greenwood; Karrison 1987):
//!   φ_k² ∫ K̂² dN̄/Ȳ²;
//! * influence of that estimate, φ_k² {∫ K²/Y² dN_i − 2∫ K²λ/Y² Y_i du − 2∫ B/Y dM_i}, the terms being those of dN̄, of Ȳ and of
//!   K̂ with K̂(u) − K(u) ≈ −n⁻¹Σ∫ K(u∨x) dM_i(x)/Y(x), B(x) = K(x)∫₀ˣ Kλ/Y + ∫_x^τ K²λ/Y;
//! * Z = √n·Δ̂/√v̂; information 1/v, of which looks t ≤ t' share the part known at t (independent increments).

use crate::statistics::{
    Comparison, Evidence, JumpAndCompensator, LookExpectation, NoInformation, RiskSet, StratumTable, Tabulation,
    TestStatistic,
};

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contrast {
    /// Survival at the horizon.
    Survival,
    /// Mean survival time up to the horizon.
    RestrictedMean,
}

/// A difference of Kaplan–Meier estimates over its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KaplanMeierTest {
    /// What is compared.
    pub contrast: Contrast,
    /// τ, months since randomisation, above 0.
    pub horizon: f64,
}

/// One arm of one stratum at one look.
struct Arm {
    /// ±φ_k θ.
    effect: f64,
    variance: f64,
    slope: f64,
    /// (a, b) of effect and of variance at each node.
    influence: Vec<[(f64, f64); 2]>,
}

impl TestStatistic for KaplanMeierTest {
    fn label(&self) -> String {
        match self.contrast {
            Contrast::Survival => format!("milestone at month {}", self.horizon),
            Contrast::RestrictedMean => format!("restricted mean to month {}", self.horizon),
        }
    }

    fn of_stratum(&self, sets: &[RiskSet], share: f64) -> Evidence {
        self.difference_of_stratum(sets, share)
    }

    fn score_and_information(&self, found: &Evidence) -> [f64; 2] {
        // No variance: nobody has had an event up to the horizon, and nothing is known yet.
        if found.variance > 0.0 { [found.effect / found.variance, found.variance.recip()] } else { [0.0; 2] }
    }

    /// The horizon, and where 1/G(t−u) needs narrow panels: wherever G has doubled, seen from the horizon.
    fn kinks(&self, comparison: &Comparison, months: &[f64]) -> Vec<f64> {
        let entry = &comparison.entry;
        let doublings = |&month: &f64| {
            let entries = entry.doublings(entry.share_by(month - self.horizon));
            entries.into_iter().map(move |e| month - e)
        };
        std::iter::once(self.horizon).chain(months.iter().flat_map(doublings)).collect()
    }

    fn expectation(&self, table: &Tabulation) -> Result<Vec<LookExpectation>, NoInformation> {
        (0..table.months.len()).map(|look| self.at_look(table, look)).collect()
    }
}

impl KaplanMeierTest {
    fn at_look(&self, table: &Tabulation, look: usize) -> Result<LookExpectation, NoInformation> {
        let month = table.months[look];
        if table.entry.share_by(month - self.horizon) <= 0.0 {
            let reason = format!(
                "the {} test needs patients followed for {} months, and by month {month:.2} nobody has been",
                self.label(),
                self.horizon
            );
            return Err(NoInformation { look, reason });
        }
        let (entered, entering) = (table.entered(month), table.entering(month));
        let (mut effect, mut variance, mut slope) = (0.0, 0.0, 0.0);
        let arms = [0, 1].map(|g: usize| {
            let arms: Vec<Arm> =
                table.strata.iter().map(|stratum| self.arm(table, stratum, g, &entered, &entering)).collect();
            for arm in &arms {
                effect += arm.effect;
                variance += arm.variance;
                slope += arm.slope;
            }
            arms
        });
        if !(variance > 0.0 && variance.is_finite()) {
            let reason = format!(
                "the {} test has no variance at month {month:.2}: no event is expected, or nobody is left at risk",
                self.label()
            );
            return Err(NoInformation { look, reason });
        }
        let (score, spread) = (1.0 / variance.sqrt(), -effect / (2.0 * variance.powf(1.5)));
        let parts = arms.map(|arms| {
            let standardised = |arm: Arm| -> JumpAndCompensator {
                let sum = |[effect, variance]: [(f64, f64); 2]| {
                    (score * effect.0 + spread * variance.0, score * effect.1 + spread * variance.1)
                };
                arm.influence.into_iter().map(sum).unzip()
            };
            arms.into_iter().map(standardised).collect()
        });
        Ok(LookExpectation { effect, variance, slopes: [0.0, slope], information: variance.recip(), parts })
    }

    fn arm(&self, table: &Tabulation, stratum: &StratumTable, g: usize, entered: &[f64], entering: &[f64]) -> Arm {
        let panels = &table.panels;
        let nodes = panels.nodes();
        let inside = nodes.partition_point(|&s| s < self.horizon);
        let share = stratum.prevalence;
        let sign = if g == 1 { 1.0 } else { -1.0 };
        let survived = panels.antiderivative(&stratum.survival[g]);
        let mean = survived.at(self.horizon);
        let at_horizon = {
            let density = panels.antiderivative(&stratum.density[g]);
            1.0 - density.at(self.horizon)
        };
        let kernel: Vec<f64> = match self.contrast {
            Contrast::Survival => vec![at_horizon; inside],
            Contrast::RestrictedMean => survived.along(nodes)[..inside].iter().map(|so_far| mean - so_far).collect(),
        };
        // λ/Y, zero beyond the horizon.
        let at_risk: Vec<f64> =
            (0..inside).map(|i| table.shares[g] * share * stratum.at_risk[g][i] * entered[i]).collect();
        let hazard = |i: usize| stratum.events[g][i] / stratum.at_risk[g][i];
        let mut once = vec![0.0; nodes.len()];
        let mut twice = vec![0.0; nodes.len()];
        for i in 0..inside {
            once[i] = kernel[i] * hazard(i) / at_risk[i];
            twice[i] = kernel[i] * once[i];
        }
        let (below, above) = (panels.antiderivative(&once).along(nodes), panels.antiderivative(&twice).along(nodes));
        let total = panels.integrate(&twice);
        let mut influence = vec![[(0.0, 0.0); 2]; nodes.len()];
        for i in 0..inside {
            let (kernel, hazard, at_risk) = (kernel[i], hazard(i), at_risk[i]);
            let effect = -sign * share * kernel / at_risk;
            let square = share * share * (kernel / at_risk).powi(2);
            let spread = kernel * below[i] + total - above[i];
            let estimated = 2.0 * share * share * spread / at_risk;
            influence[i] =
                [(effect, effect * hazard), (square - estimated, 2.0 * square * hazard - estimated * hazard)];
        }
        let slope = panels.integrate_with(|i| if i < inside { twice[i] * entering[i] / entered[i] } else { 0.0 });
        Arm {
            effect: sign * share * if self.contrast == Contrast::Survival { at_horizon } else { mean },
            variance: share * share * total,
            slope: -share * share * slope,
            influence,
        }
    }
}
