//! The log-rank statistic in expectation: drift, variance and covariance between looks under any truth.
//!
//! Symbols (s months since randomisation, t calendar month of the look; g = 0 control, 1 experimental):
//! π_g share of patients, S_g survival, f_g density, λ_g = f_g/S_g, C_g survival of drop-out, G entry distribution,
//! y_g(s) = S_g C_g (the factor G(t−s) is common to both arms), y = Σπ_g y_g, p = π₁y₁/y, λ̄ = Σπ_g f_g C_g / y.
//!
//! * mean score per patient μ(t) = ∫ y p(1−p)(λ₁−λ₀) G(t−s) ds (Yung and Liu 2020; Luo et al. 2019, "direct"),
//! * null variance per patient v(t) = ∫ p(1−p) Σπ_g f_g C_g G(t−s) ds (limit of the hypergeometric variance),
//! * influence ψ_i(t) = ∫ (g−p)(dN_i − Y_i λ̄ ds) (Lin and Wei 1989), U ≈ Σψ_i under any alternative,
//! * ψ_V,i(t) = ∫ p(1−p) dN_i + ∫ (1−2p)(g−p) Y_i λ̄ ds, the influence of the variance estimate,
//! * at a look fixed by the number of events the random time of the look adds −(μ'/D')(N_i − D) to ψ_i and
//!   −(v'/D')(N_i − D) to ψ_V,i, with D(t) the expected events per patient and N_i patient i's event indicator,
//! * Z = −U/√V has mean −μ√(n/v) and influence ζ_i = ψ̃_i/√v − μ ψ̃_V,i /(2 v^{3/2}), up to sign; covariances are taken
//!   within arms, as for block randomisation.
//!
//! The covariance needs E[ζ_j ζ_k | g] for looks t_j ≤ t_k. Both are stopped sums of jumps a(s)dN − b(s)Y ds. With
//! B(x) = ∫₀ˣ b and M(x) = ∫₀ˣ (a f − b S) C ds, for a patient entering at e with x = t_j − e, x' = t_k − e,
//! E[ζ_jζ_k | e] = ∫₀ˣ {(a_j a_k − a_j B_k − a_k B_j) f + (b_j B_k + b_k B_j) S} C ds − B_j(x){M_k(x') − M_k(x)}:
//! what happens up to x by the product rule, what comes after through those still at risk at x. All are one-dimensional.

use crate::numerics::panels::{Panels, Series};
use crate::numerics::roots::brent;
use crate::statistics::Comparison;
use nalgebra::{DMatrix, DVector};

/// What random variable fixes the month of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// The month is fixed.
    Calendar,
    /// The look takes place at a given number of events of the tested endpoint among the compared patients.
    Events,
}

/// First-order quantities of one look, per compared patient unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LookMoments {
    /// Mean score μ.
    pub mean: f64,
    /// Null variance v.
    pub variance: f64,
    /// Expected events D.
    pub events: f64,
    /// Expected events per arm (of all compared patients' share).
    pub events_by_arm: [f64; 2],
    /// dμ/dt, dv/dt, dD/dt.
    slopes: [f64; 3],
}

/// One arm in one stratum on the common grid.
struct Tabulated {
    /// Share of all compared patients.
    share: f64,
    /// S·C at the nodes.
    at_risk: Vec<f64>,
    /// f·C at the nodes.
    events: Vec<f64>,
    /// Jump a and compensator b of U, V and N at the nodes.
    jump: [Vec<f64>; 3],
    compensator: [Vec<f64>; 3],
    /// B at the nodes and as a series; M as a series; for U, V, N.
    cumulative: [Vec<f64>; 3],
    cumulative_series: [Series; 3],
    drift_series: [Series; 3],
}

/// The log-rank statistic of one comparison at several looks.
pub struct LogRankExpectation {
    months: Vec<f64>,
    moments: Vec<LookMoments>,
    cells: [Vec<Tabulated>; 2],
    panels: Panels,
    entry: crate::truth::EntryLaw,
    patients: f64,
    shares: [f64; 2],
    /// Per stratum: (prevalence, λ₀, λ₁ at the nodes, total events density at the nodes).
    hazards: Vec<StratumHazards>,
}

struct StratumHazards {
    /// π₀ f₀ C₀ and π₁ f₁ C₁ times the prevalence.
    events: [Vec<f64>; 2],
    /// S_g C_g π_g times the prevalence.
    at_risk: [Vec<f64>; 2],
    survival: [Vec<f64>; 2],
    density: [Vec<f64>; 2],
}

/// Longest panel, months, whatever the rates.
const LONGEST_PANEL: f64 = 24.0;

impl LogRankExpectation {
    /// Tabulates the comparison for looks at the given calendar months (ascending, positive).
    pub fn new(comparison: &Comparison, months: &[f64]) -> Self {
        let end = months.last().copied().unwrap_or(0.0);
        let panels = aligned_panels(comparison, months, end);
        let nodes = panels.nodes();
        let count = nodes.len();
        let mut cells: [Vec<Tabulated>; 2] = [Vec::new(), Vec::new()];
        let mut hazards = Vec::with_capacity(comparison.strata.len());
        for stratum in &comparison.strata {
            let (mut survival, mut density) =
                ([vec![0.0; count], vec![0.0; count]], [vec![0.0; count], vec![0.0; count]]);
            let (mut at_risk, mut events) = (survival.clone(), survival.clone());
            for g in 0..2 {
                stratum.arms[g].law.tabulate(nodes, &mut survival[g], &mut density[g]);
                for i in 0..count {
                    let stays = stratum.arms[g].dropout.survival(nodes[i]);
                    at_risk[g][i] = survival[g][i] * stays;
                    events[g][i] = density[g][i] * stays;
                }
            }
            let [pi0, pi1] = comparison.shares;
            let mut probability = vec![0.0; count];
            let mut pooled = vec![0.0; count];
            for i in 0..count {
                let y = pi0 * at_risk[0][i] + pi1 * at_risk[1][i];
                if y > 0.0 {
                    probability[i] = pi1 * at_risk[1][i] / y;
                    pooled[i] = (pi0 * events[0][i] + pi1 * events[1][i]) / y;
                }
            }
            for g in 0..2 {
                let gap: Vec<f64> = probability.iter().map(|p| g as f64 - p).collect();
                let spread: Vec<f64> = probability.iter().map(|p| p * (1.0 - p)).collect();
                let jump = [gap.clone(), spread, vec![1.0; count]];
                let compensator = [
                    (0..count).map(|i| gap[i] * pooled[i]).collect::<Vec<f64>>(),
                    (0..count).map(|i| -(1.0 - 2.0 * probability[i]) * gap[i] * pooled[i]).collect(),
                    vec![0.0; count],
                ];
                let cumulative_series = [0, 1, 2].map(|x| panels.antiderivative(&compensator[x]));
                let cumulative = [0, 1, 2].map(|x: usize| nodes.iter().map(|&s| cumulative_series[x].at(s)).collect());
                let drift_series = [0, 1, 2].map(|x| {
                    let drift: Vec<f64> =
                        (0..count).map(|i| jump[x][i] * events[g][i] - compensator[x][i] * at_risk[g][i]).collect();
                    panels.antiderivative(&drift)
                });
                cells[g].push(Tabulated {
                    share: stratum.prevalence,
                    at_risk: at_risk[g].clone(),
                    events: events[g].clone(),
                    jump,
                    compensator,
                    cumulative,
                    cumulative_series,
                    drift_series,
                });
            }
            let scaled = |values: &[Vec<f64>; 2]| {
                [0, 1].map(|g: usize| {
                    values[g].iter().map(|v| stratum.prevalence * comparison.shares[g] * v).collect::<Vec<f64>>()
                })
            };
            hazards.push(StratumHazards { events: scaled(&events), at_risk: scaled(&at_risk), survival, density });
        }
        let mut tabulated = Self {
            months: months.to_vec(),
            moments: Vec::with_capacity(months.len()),
            cells,
            panels,
            entry: comparison.entry.clone(),
            patients: comparison.patients,
            shares: comparison.shares,
            hazards,
        };
        tabulated.moments = months.iter().map(|&month| tabulated.moments_at(month)).collect();
        tabulated
    }

    /// First-order quantities of each look.
    pub fn moments(&self) -> &[LookMoments] {
        &self.moments
    }

    fn moments_at(&self, month: f64) -> LookMoments {
        let nodes = self.panels.nodes();
        let entered: Vec<f64> = nodes.iter().map(|s| self.entry.share_by(month - s)).collect();
        let entering: Vec<f64> = nodes.iter().map(|s| self.entry.density(month - s)).collect();
        let mut moments = LookMoments::default();
        for stratum in &self.hazards {
            for i in 0..nodes.len() {
                let [d0, d1] = [stratum.events[0][i], stratum.events[1][i]];
                let [y0, y1] = [stratum.at_risk[0][i], stratum.at_risk[1][i]];
                let y = y0 + y1;
                if y <= 0.0 {
                    continue;
                }
                let weight = self.panels.weights()[i];
                // y p(1−p)(λ₁−λ₀) = (y₀ d₁ − y₁ d₀)/y, free of division by a vanishing survival.
                let mean = (y0 * d1 - y1 * d0) / y;
                let variance = (y0 / y) * (y1 / y) * (d0 + d1);
                moments.mean += weight * entered[i] * mean;
                moments.variance += weight * entered[i] * variance;
                moments.events_by_arm[0] += weight * entered[i] * d0;
                moments.events_by_arm[1] += weight * entered[i] * d1;
                moments.slopes[0] += weight * entering[i] * mean;
                moments.slopes[1] += weight * entering[i] * variance;
                moments.slopes[2] += weight * entering[i] * (d0 + d1);
            }
        }
        moments.events = moments.events_by_arm[0] + moments.events_by_arm[1];
        moments
    }

    /// Mean vector and covariance matrix of Z (positive in favour of the experimental arm) over the looks.
    pub fn joint_law(&self, timing: &[Timing]) -> (DVector<f64>, DMatrix<f64>) {
        let looks = self.months.len();
        let n = self.patients;
        let means = DVector::from_iterator(looks, self.moments.iter().map(|m| -m.mean * (n / m.variance).sqrt()));
        // ζ_j = Σ_x coefficient[j][x] · X_x(t_j) + constant, X over U, V, N; the constant drops out of a covariance.
        let coefficients: Vec<[f64; 3]> = (0..looks)
            .map(|j| {
                let m = &self.moments[j];
                let score = 1.0 / m.variance.sqrt();
                let spread = -m.mean / (2.0 * m.variance.powf(1.5));
                let clock = if timing[j] == Timing::Events && m.slopes[2] > 0.0 {
                    -(score * m.slopes[0] + spread * m.slopes[1]) / m.slopes[2]
                } else {
                    0.0
                };
                [score, spread, clock]
            })
            .collect();
        let mut covariance = DMatrix::zeros(looks, looks);
        for j in 0..looks {
            for k in j..looks {
                let value = self.covariance(j, k, &coefficients[j], &coefficients[k]);
                covariance[(j, k)] = value;
                covariance[(k, j)] = value;
            }
        }
        (means, covariance)
    }

    /// Σ_g π_g {E[ζ_jζ_k|g] − E[ζ_j|g]E[ζ_k|g]} for j ≤ k.
    fn covariance(&self, j: usize, k: usize, cj: &[f64; 3], ck: &[f64; 3]) -> f64 {
        let (tj, tk) = (self.months[j], self.months[k]);
        let nodes = self.panels.nodes();
        let entered: Vec<f64> = nodes.iter().map(|s| self.entry.share_by(tj - s)).collect();
        let later = if tk > tj { Some(self.shifted_panels(tj, tk - tj)) } else { None };
        let mut total = 0.0;
        for (g, cells) in self.cells.iter().enumerate() {
            let (mut product, mut mean_j, mut mean_k) = (0.0, 0.0, 0.0);
            for cell in cells {
                let combine = |values: &[Vec<f64>; 3], c: &[f64; 3], i: usize| {
                    c[0] * values[0][i] + c[1] * values[1][i] + c[2] * values[2][i]
                };
                let mut inner = self.panels.integrate_with(|i| {
                    let (aj, ak) = (combine(&cell.jump, cj, i), combine(&cell.jump, ck, i));
                    let (bj, bk) = (combine(&cell.compensator, cj, i), combine(&cell.compensator, ck, i));
                    let (big_j, big_k) = (combine(&cell.cumulative, cj, i), combine(&cell.cumulative, ck, i));
                    let change = (aj * ak - aj * big_k - ak * big_j) * cell.events[i]
                        + (bj * big_k + bk * big_j) * cell.at_risk[i];
                    change * entered[i]
                });
                if let Some(later) = &later {
                    let series = |all: &[Series; 3], c: &[f64; 3], x: f64| {
                        (0..3).filter(|&i| c[i] != 0.0).map(|i| c[i] * all[i].at(x)).sum::<f64>()
                    };
                    let points = later.nodes();
                    inner -= later.integrate_with(|i| {
                        let x = points[i];
                        let increment =
                            series(&cell.drift_series, ck, x + (tk - tj)) - series(&cell.drift_series, ck, x);
                        self.entry.density(tj - x) * series(&cell.cumulative_series, cj, x) * increment
                    });
                }
                product += cell.share * inner;
                let drift = |c: &[f64; 3], t: f64| {
                    self.panels.integrate_with(|i| {
                        let drift = combine(&cell.jump, c, i) * cell.events[i]
                            - combine(&cell.compensator, c, i) * cell.at_risk[i];
                        drift * self.entry.share_by(t - nodes[i])
                    })
                };
                mean_j += cell.share * drift(cj, tj);
                mean_k += cell.share * drift(ck, tk);
            }
            total += self.shares[g] * (product - mean_j * mean_k);
        }
        total
    }

    /// Panels over [0, t_j] aligned with every kink and every kink moved earlier by `gap`.
    fn shifted_panels(&self, end: f64, gap: f64) -> Panels {
        let breaks = self.panels.breaks();
        let kinks = breaks.iter().copied().chain(breaks.iter().map(|edge| edge - gap));
        Panels::new(kinks, end, |_, _| LONGEST_PANEL)
    }

    /// Event-weighted geometric mean of the hazard ratio up to look `look`, pooled over strata:
    /// exp(∫ ln(λ₁/λ₀) dn / ∫ dn) with dn the events of both arms (Mukhopadhyay et al. 2020; gsDesign2's `ahr`).
    /// `None` where one arm's hazard is zero while the other's is not, or no event is expected.
    pub fn average_hazard_ratio(&self, look: usize) -> Option<f64> {
        let nodes = self.panels.nodes();
        let (mut sum, mut events) = (0.0, 0.0);
        for stratum in &self.hazards {
            for i in 0..nodes.len() {
                let weight = self.panels.weights()[i]
                    * self.entry.share_by(self.months[look] - nodes[i])
                    * (stratum.events[0][i] + stratum.events[1][i]);
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
        let nodes = self.panels.nodes();
        let entered: Vec<f64> = nodes.iter().map(|s| self.entry.share_by(self.months[look] - s)).collect();
        let score = |beta: f64| {
            let factor = beta.exp();
            self.hazards
                .iter()
                .map(|h| {
                    self.panels.integrate_with(|i| {
                        let (y0, y1) = (h.at_risk[0][i], h.at_risk[1][i] * factor);
                        if y0 + y1 <= 0.0 {
                            return 0.0;
                        }
                        entered[i] * (y0 * h.events[1][i] - y1 * h.events[0][i]) / (y0 + y1)
                    })
                })
                .sum::<f64>()
        };
        brent(-20.0, 20.0, 1e-12, score).ok().map(f64::exp)
    }
}

/// Panels over [0, `end`] aligned with every kink of laws, drop-out and entry seen from each look.
fn aligned_panels(comparison: &Comparison, months: &[f64], end: f64) -> Panels {
    let cells = || comparison.strata.iter().flat_map(|stratum| stratum.arms.iter());
    let kinks = cells()
        .flat_map(|cell| cell.law.kinks().iter().chain(cell.dropout.starts()).copied())
        .chain(months.iter().flat_map(|&month| comparison.entry.kinks().iter().map(move |kink| month - kink)))
        .chain(months.iter().copied())
        .collect::<Vec<f64>>();
    // A panel is cut so that rate × width stays below 1.
    let widest = |left: f64, right: f64| {
        let middle = f64::midpoint(left, right);
        let rate = cells().map(|cell| cell.law.fastest(middle) + cell.dropout.rate(middle)).fold(1e-9, f64::max);
        LONGEST_PANEL.min(1.0 / rate)
    };
    Panels::new(kinks, end, widest)
}
