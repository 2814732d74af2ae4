//! The log-rank statistic in expectation: drift, variance and covariance between looks under any truth.
//!
//! Symbols as in [`crate::statistics::influence`].
//!
//! * mean score per patient μ(t) = ∫ y p(1−p)(λ₁−λ₀) G(t−s) ds (Yung and Liu 2020; Luo et al. 2019, "direct"),
//! * null variance per patient v(t) = ∫ p(1−p) Σπ_g f_g C_g G(t−s) ds (limit of the hypergeometric variance),
//! * influence ψ_i(t) = ∫ (g−p)(dN_i − Y_i λ̄ ds) (Lin and Wei 1989): U ≈ Σψ_i under any alternative,
//! * ψ_V,i(t) = ∫ p(1−p) dN_i + ∫ (1−2p)(g−p) Y_i λ̄ ds, the influence of the variance estimate,
//! * at a look fixed by the number of events the random month of the look adds −(μ'/D')(N_i − D) to ψ_i and
//!   −(v'/D')(N_i − D) to ψ_V,i, with D(t) the expected events per patient and N_i patient i's event indicator,
//! * Z = −U/√V has mean −μ√(n/v) and influence ζ_i = ψ̃_i/√v − μ ψ̃_V,i /(2 v^{3/2}), up to sign.

use crate::numerics::roots::brent;
use crate::statistics::{Comparison, Influence, Tabulation};
use nalgebra::{DMatrix, DVector};

/// What random variable fixes the month of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// The month is fixed.
    Calendar,
    /// The look takes place at a given number of events of the tested endpoint among the compared patients.
    Events,
}

/// First-order quantities of one look, per compared patient.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LookMoments {
    /// Mean score μ.
    pub mean: f64,
    /// Null variance v.
    pub variance: f64,
    /// Expected events D.
    pub events: f64,
    /// dμ/dt, dv/dt, dD/dt, per month.
    pub slopes: [f64; 3],
}

/// The log-rank statistic of one comparison at several looks.
pub struct LogRankExpectation {
    table: Tabulation,
    moments: Vec<LookMoments>,
}

impl LogRankExpectation {
    /// Tabulates the comparison for looks at the given calendar months (ascending, positive).
    pub fn new(comparison: &Comparison, months: &[f64]) -> Self {
        let table = Tabulation::new(comparison, months, &[]);
        let moments = months.iter().map(|&month| moments_at(&table, month)).collect();
        Self { table, moments }
    }

    /// First-order quantities of each look.
    pub fn moments(&self) -> &[LookMoments] {
        &self.moments
    }

    /// Mean vector and covariance matrix of Z (positive in favour of the experimental arm) over the looks.
    pub fn joint_law(&self, timing: &[Timing]) -> (DVector<f64>, DMatrix<f64>) {
        let n = self.table.patients;
        let looks = self.moments.len();
        let means = DVector::from_iterator(looks, self.moments.iter().map(|m| -m.mean * (n / m.variance).sqrt()));
        let influences: Vec<Influence> = (0..looks).map(|look| self.influence(look, timing[look])).collect();
        let mut covariance = DMatrix::zeros(looks, looks);
        for j in 0..looks {
            for k in j..looks {
                let value = self.table.covariance(&influences[j], &influences[k]);
                covariance[(j, k)] = value;
                covariance[(k, j)] = value;
            }
        }
        (means, covariance)
    }

    /// ζ of one look.
    fn influence(&self, look: usize, timing: Timing) -> Influence {
        let m = &self.moments[look];
        let score = 1.0 / m.variance.sqrt();
        let spread = -m.mean / (2.0 * m.variance.powf(1.5));
        let clock = if timing == Timing::Events && m.slopes[2] > 0.0 {
            -(score * m.slopes[0] + spread * m.slopes[1]) / m.slopes[2]
        } else {
            0.0
        };
        let parts = [0.0, 1.0].map(|g| {
            self.table
                .strata
                .iter()
                .map(|table| {
                    table
                        .experimental_share
                        .iter()
                        .zip(&table.pooled_hazard)
                        .map(|(&p, &hazard)| {
                            let jump = score * (g - p) + spread * p * (1.0 - p) + clock;
                            let compensator = (score - spread * (1.0 - 2.0 * p)) * (g - p) * hazard;
                            (jump, compensator)
                        })
                        .unzip()
                })
                .collect()
        });
        self.table.influence(look, parts)
    }

    /// Event-weighted geometric mean of the hazard ratio up to look `look`, pooled over strata:
    /// exp(∫ ln(λ₁/λ₀) dn / ∫ dn) with dn the events of both arms (Mukhopadhyay et al. 2020; gsDesign2's `ahr`).
    /// `None` where one arm's hazard is zero while the other's is not, or no event is expected.
    pub fn average_hazard_ratio(&self, look: usize) -> Option<f64> {
        let entered = self.table.entered(self.table.months[look]);
        let (mut sum, mut events) = (0.0, 0.0);
        for stratum in &self.table.strata {
            for (i, share) in entered.iter().enumerate() {
                let density = self.table.shares[0] * stratum.events[0][i] + self.table.shares[1] * stratum.events[1][i];
                let weight = self.table.panels.weights()[i] * share * stratum.prevalence * density;
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
        let entered = self.table.entered(self.table.months[look]);
        let [pi0, pi1] = self.table.shares;
        let score = |beta: f64| {
            let factor = beta.exp();
            let of_stratum = |stratum: &crate::statistics::StratumTable| {
                self.table.panels.integrate_with(|i| {
                    let (y0, y1) = (pi0 * stratum.at_risk[0][i], pi1 * stratum.at_risk[1][i] * factor);
                    if y0 + y1 <= 0.0 {
                        return 0.0;
                    }
                    entered[i] * (y0 * pi1 * stratum.events[1][i] - y1 * pi0 * stratum.events[0][i]) / (y0 + y1)
                })
            };
            self.table.strata.iter().map(|stratum| stratum.prevalence * of_stratum(stratum)).sum::<f64>()
        };
        brent(-20.0, 20.0, 1e-12, score).ok().map(f64::exp)
    }
}

fn moments_at(table: &Tabulation, month: f64) -> LookMoments {
    let (entered, entering) = (table.entered(month), table.entering(month));
    let [pi0, pi1] = table.shares;
    let mut moments = LookMoments::default();
    for stratum in &table.strata {
        for (i, weight) in table.panels.weights().iter().enumerate() {
            let (d0, d1) = (pi0 * stratum.events[0][i], pi1 * stratum.events[1][i]);
            let p = stratum.experimental_share[i];
            let weight = weight * stratum.prevalence;
            // y p(1−p)(λ₁−λ₀) = (1−p) π₁f₁C₁ − p π₀f₀C₀, free of division by a vanishing survival.
            let mean = (1.0 - p) * d1 - p * d0;
            let variance = p * (1.0 - p) * (d0 + d1);
            moments.mean += weight * entered[i] * mean;
            moments.variance += weight * entered[i] * variance;
            moments.events += weight * entered[i] * (d0 + d1);
            moments.slopes[0] += weight * entering[i] * mean;
            moments.slopes[1] += weight * entering[i] * variance;
            moments.slopes[2] += weight * entering[i] * (d0 + d1);
        }
    }
    moments
}
