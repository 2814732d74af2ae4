//! A weighted log-rank statistic in expectation: drift, variance, influence and null information under any truth.
//!
//! Symbols as in [`crate::statistics::influence`]; w weight, S̄ = exp(−∫λ̄) pooled survival, W' = ∂w/∂S̄, r(s) = min(s, t*) the
//! month at which a weight reads it, m(s) = y p(1−p)(λ₁−λ₀).
//!
//! * mean score per patient μ(t) = ∫ w m G(t−s) ds (Yung and Liu 2020; Luo et al. 2019, "direct"),
//! * null variance per patient v(t) = ∫ w² p(1−p) Σπ_g f_g C_g G(t−s) ds (limit of the hypergeometric variance),
//! * weights fixed: ψ_i(t) = ∫ w (g−p)(dN_i − Y_i λ̄ ds) (Lin and Wei 1989): U ≈ Σψ_i under any alternative, and
//!   ψ_V,i(t) = ∫ w² p(1−p) dN_i + ∫ w² (1−2p)(g−p) Y_i λ̄ ds, the influence of the variance estimate.
//! * Weights estimated: Ŝ(r) − S̄(r) ≈ −S̄(r) n⁻¹ Σ_i ∫₀ʳ dM̄_i(u)/{y(u)G(t−u)} with dM̄_i = dN_i − Y_i λ̄ du, hence, by
//!   exchanging the integrals, ψ_i gains −∫ dM̄_i(u) Q(u)/{y(u)G(t−u)}, Q(u) = ∫_{s>u, r(s)>u} W' S̄(r(s)) m(s) G(t−s) ds,
//!   and ψ_V,i the same with 2 w W' p(1−p) Σπ_g f_g C_g in the place of W' m. Zero under the null but for sampling; under an
//!   alternative it is of the order of ψ itself.
//! * Z = −U/√V has mean −μ√(n/v) and influence −ψ_i/√v + μ ψ_V,i/(2v^{3/2}).
//! * Null information I(t) = ∫ w² p₀(1−p₀) Σπ_g f_g C_g G(t−s) ds with p₀ = π₁C₁/Σπ_gC_g, the share at risk were survival
//!   equal: with w = 1 and equal drop-out π₀π₁ times the expected events.

use crate::numerics::panels::Series;
use crate::numerics::roots::brent;
use crate::statistics::{
    Comparison, Evidence, JumpAndCompensator, LookExpectation, NoInformation, Parts, RiskSet, SecondOrder,
    StratumTable, Tabulation, TestStatistic,
    log_rank::{
        Weight,
        bias::{bias, null_covariance},
    },
};
use crate::truth::EntryLaw;
use std::sync::Arc;

/// A weighted log-rank test.
#[derive(Debug, Clone)]
pub struct WeightedLogRank {
    weight: Arc<dyn Weight>,
}

impl WeightedLogRank {
    /// The test with these weights.
    pub fn new(weight: Arc<dyn Weight>) -> Self {
        Self { weight }
    }

    /// Its weights.
    pub fn weight(&self) -> &Arc<dyn Weight> {
        &self.weight
    }

    /// Weights of one stratum at the nodes, and W'·S̄(r) where they are estimated.
    fn at_nodes(&self, table: &Tabulation, stratum: &StratumTable) -> Weights {
        let nodes = table.panels.nodes();
        if self.weight.slope(1.0).is_none() {
            let values = nodes.iter().map(|&s| self.weight.weight(s, 1.0)).collect();
            return Weights { values, reading: None };
        }
        let hazard = table.panels.antiderivative(&stratum.pooled_hazard);
        let until = self.weight.until();
        let latest = (-hazard.at(until)).exp();
        let survival: Vec<f64> = nodes
            .iter()
            .zip(hazard.along(nodes))
            .map(|(&s, hazard)| if s < until { (-hazard).exp() } else { latest })
            .collect();
        let values = nodes.iter().zip(&survival).map(|(&s, &read)| self.weight.weight(s, read)).collect();
        let slopes = survival.iter().map(|&read| self.weight.slope(read).unwrap_or(0.0) * read).collect();
        let bends = survival.iter().map(|&read| self.weight.bend(read) * read * read).collect();
        Weights { values, reading: Some(Reading { slopes, bends, until }) }
    }
}

/// Shares at risk below this are left out of the weights' own influence: Q there is rounding, and its part of any variance
/// is below the share.
const LEAST_AT_RISK: f64 = 1e-12;

/// Months of entry at which the entered share has doubled since the end of the first piece of enrolment: where Q/(yG) needs
/// panels no wider than its distance from the zero of G's continuation. None for enrolment at one rate.
fn first_wave(entry: &EntryLaw) -> Vec<f64> {
    entry
        .pieces()
        .find(|(.., density)| *density > 0.0)
        .map_or_else(Vec::new, |(_, end, _)| entry.doublings(entry.share_by(end)))
}

/// Weights of one stratum at the nodes.
pub(super) struct Weights {
    pub values: Vec<f64>,
    /// How they move with the curve they are read from, if they are.
    pub reading: Option<Reading>,
}

/// How estimated weights move with pooled survival.
pub(super) struct Reading {
    /// W'·S̄(r).
    pub slopes: Vec<f64>,
    /// W''·S̄(r)².
    pub bends: Vec<f64>,
    /// Month after which no weight reads survival.
    pub until: f64,
}

/// Σπ_g f_g C_g at node i.
fn pooled_events(table: &Tabulation, stratum: &StratumTable, i: usize) -> f64 {
    table.shares[0] * stratum.events[0][i] + table.shares[1] * stratum.events[1][i]
}

/// p₀(1−p₀) at node i.
fn null_spread(table: &Tabulation, stratum: &StratumTable, i: usize) -> f64 {
    let [pi0, pi1] = table.shares;
    let stays = [0, 1].map(|g: usize| stratum.at_risk[g][i] / stratum.survival[g][i]);
    let (c0, c1) = (pi0 * stays[0], pi1 * stays[1]);
    let spread = c0 * c1 / ((c0 + c1) * (c0 + c1));
    if spread.is_finite() { spread } else { pi0 * pi1 }
}

/// Null information that two weighted log-rank tests share at a look, per patient: ∫ w_a w_b p₀(1−p₀) dn̄. Weights at the
/// nodes, one list per stratum.
pub fn shared_information(table: &Tabulation, look: usize, a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    let entered = table.entered(table.months[look]);
    let of = |(stratum, (a, b)): (&StratumTable, (&Vec<f64>, &Vec<f64>))| {
        let density =
            |i: usize| a[i] * b[i] * null_spread(table, stratum, i) * pooled_events(table, stratum, i) * entered[i];
        stratum.prevalence * table.panels.integrate_with(density)
    };
    table.strata.iter().zip(a.iter().zip(b)).map(of).sum()
}

impl TestStatistic for WeightedLogRank {
    fn label(&self) -> String {
        self.weight.label()
    }

    fn of_stratum(&self, sets: &[RiskSet], _share: f64) -> Evidence {
        self.score_of_stratum(sets)
    }

    fn score_and_information(&self, found: &Evidence) -> [f64; 2] {
        [found.effect, found.variance]
    }

    fn kinks(&self, comparison: &Comparison, months: &[f64]) -> Vec<f64> {
        let mut kinks = self.weight.kinks();
        if self.weight.slope(1.0).is_some() {
            kinks.extend(
                months.iter().flat_map(|&month| first_wave(comparison.entry).into_iter().map(move |e| month - e)),
            );
        }
        let end = months.last().copied().unwrap_or(0.0);
        if let Some(level) = self.weight.kink_level() {
            let table = Tabulation::new(comparison, months, &[]);
            for stratum in &table.strata {
                let hazard = table.panels.antiderivative(&stratum.pooled_hazard);
                kinks.extend(brent(0.0, end, 1e-10, |s| hazard.at(s) + level.ln()).ok());
            }
        }
        kinks
    }

    fn expectation(&self, table: &Tabulation) -> Result<Vec<LookExpectation>, NoInformation> {
        let weights: Vec<Weights> = table.strata.iter().map(|stratum| self.at_nodes(table, stratum)).collect();
        (0..table.months.len()).map(|look| self.at_look(table, &weights, look)).collect()
    }

    fn log_rank_weights(&self, table: &Tabulation) -> Option<Vec<Vec<f64>>> {
        Some(table.strata.iter().map(|stratum| self.at_nodes(table, stratum).values).collect())
    }

    fn is_weighted_log_rank(&self) -> bool {
        true
    }

    fn early_harm_can_win(&self) -> bool {
        self.weight.early_harm_can_win()
    }

    fn is_log_rank(&self) -> bool {
        self.weight.is_unit()
    }
}

impl WeightedLogRank {
    fn at_look(&self, table: &Tabulation, weights: &[Weights], look: usize) -> Result<LookExpectation, NoInformation> {
        let month = table.months[look];
        let (entered, entering) = (table.entered(month), table.entering(month));
        let (mut mean, mut variance, mut slopes, mut information) = (0.0, 0.0, [0.0; 2], 0.0);
        let (mut biased, mut curvature, mut shared) = ([0.0; 2], [0.0; 2], 0.0);
        for (stratum, w) in table.strata.iter().zip(weights) {
            let mut densities = [Vec::with_capacity(w.values.len()), Vec::with_capacity(w.values.len())];
            for (i, (step, w)) in table.panels.weights().iter().zip(&w.values).enumerate() {
                let events = pooled_events(table, stratum, i);
                let p = stratum.experimental_share[i];
                let step = step * stratum.prevalence;
                let (score, square) = (w * score_density(table, stratum, i), w * w * events);
                mean += step * entered[i] * score;
                variance += step * entered[i] * p * (1.0 - p) * square;
                slopes[0] -= step * entering[i] * score;
                slopes[1] += step * entering[i] * p * (1.0 - p) * square;
                information += step * entered[i] * null_spread(table, stratum, i) * square;
                densities[0].push(-score);
                densities[1].push(p * (1.0 - p) * square);
            }
            let [score, square] = bias(table, stratum, w, &entered);
            biased = [biased[0] - score, biased[1] + square];
            shared += null_covariance(table, stratum, &w.values, &entered);
            curvature.iter_mut().zip(&densities).for_each(|(sum, density)| {
                *sum += stratum.prevalence * table.curvature(month, density);
            });
        }
        if variance <= 0.0 || !variance.is_finite() {
            let reason = format!("no event is expected to count in the {} test by month {month:.2}", self.label());
            return Err(NoInformation { look, reason });
        }
        let (score, spread) = (-1.0 / variance.sqrt(), mean / (2.0 * variance.powf(1.5)));
        let estimated: Vec<Option<[Vec<f64>; 2]>> =
            table.strata.iter().zip(weights).map(|(stratum, w)| estimation(table, stratum, w, &entered)).collect();
        let of_variance: Parts = [0.0, 1.0].map(|g| {
            let of = |((stratum, w), estimated): ((&StratumTable, &Weights), &Option<[Vec<f64>; 2]>)| {
                let at = |i: usize| {
                    let (p, hazard, w) = (stratum.experimental_share[i], stratum.pooled_hazard[i], w.values[i]);
                    let extra = estimated.as_ref().map_or(0.0, |[_, qv]| qv[i]);
                    (w * w * p * (1.0 - p) - extra, -(w * w * (1.0 - 2.0 * p) * (g - p) + extra) * hazard)
                };
                (0..w.values.len()).map(at).unzip()
            };
            table.strata.iter().zip(weights).zip(&estimated).map(of).collect()
        });
        let mut arm = 0;
        let parts = [0.0, 1.0].map(|g| {
            let of_variance = &of_variance[arm];
            arm += 1;
            let of = |(k, stratum): (usize, &StratumTable)| {
                let (w, estimated, (jumps, compensators)) = (&weights[k], &estimated[k], &of_variance[k]);
                let at = |i: usize| {
                    let (p, hazard, w) = (stratum.experimental_share[i], stratum.pooled_hazard[i], w.values[i]);
                    let own = w * (g - p) - estimated.as_ref().map_or(0.0, |[q, _]| q[i]);
                    (score * own + spread * jumps[i], score * own * hazard + spread * compensators[i])
                };
                (0..w.values.len()).map(at).unzip()
            };
            table.strata.iter().enumerate().map(of).collect()
        });
        let turning = weights.iter().any(|w| w.reading.is_some()).then(|| {
            let turned: Vec<JumpAndCompensator> = table
                .strata
                .iter()
                .zip(weights)
                .zip(&estimated)
                .map(|((stratum, w), estimated)| {
                    let rates = estimation_with(table, stratum, w, &entering, &entered);
                    let at = |i: usize| {
                        let older = if entered[i] > 0.0 { entering[i] / entered[i] } else { 0.0 };
                        let of = |m: usize| match (&rates, estimated) {
                            (Some(rates), Some(now)) => rates[m][i] - now[m][i] * older,
                            _ => 0.0,
                        };
                        let turn = -score * of(0) - spread * of(1);
                        (turn, turn * stratum.pooled_hazard[i])
                    };
                    (0..w.values.len()).map(at).unzip()
                })
                .collect();
            [turned.clone(), turned]
        });
        let second_order =
            SecondOrder { bias: biased, null_covariance: shared, curvature, variance: of_variance, turning };
        Ok(LookExpectation { effect: -mean, variance, slopes, information, parts, second_order })
    }
}

/// m(s) = y p(1−p)(λ₁−λ₀) = (1−p)π₁f₁C₁ − pπ₀f₀C₀ at node i, free of division by a vanishing survival.
fn score_density(table: &Tabulation, stratum: &StratumTable, i: usize) -> f64 {
    let p = stratum.experimental_share[i];
    (1.0 - p) * table.shares[1] * stratum.events[1][i] - p * table.shares[0] * stratum.events[0][i]
}

/// Q(u)/{y(u)G(t−u)} of score and of variance at the nodes, for the weights of one stratum; `None` of weights that are fixed.
fn estimation(table: &Tabulation, stratum: &StratumTable, weights: &Weights, entered: &[f64]) -> Option<[Vec<f64>; 2]> {
    estimation_with(table, stratum, weights, entered, entered)
}

/// The same with `counted` in the place of G(t−s) in Q, but not below it.
fn estimation_with(
    table: &Tabulation,
    stratum: &StratumTable,
    weights: &Weights,
    counted: &[f64],
    entered: &[f64],
) -> Option<[Vec<f64>; 2]> {
    let Reading { slopes, until, .. } = weights.reading.as_ref()?;
    let count = slopes.len();
    let score = (0..count).map(|i| slopes[i] * score_density(table, stratum, i) * counted[i]).collect();
    let square = |i: usize| {
        let p = stratum.experimental_share[i];
        2.0 * weights.values[i] * slopes[i] * p * (1.0 - p) * pooled_events(table, stratum, i) * counted[i]
    };
    let densities = [score, (0..count).map(square).collect()];
    Some(densities.map(|density: Vec<f64>| {
        let integral: Series = table.panels.antiderivative(&density);
        let total = table.panels.integrate(&density);
        let integral = integral.along(table.panels.nodes());
        let divide = |i: usize| {
            let (s, at_risk) = (table.panels.nodes()[i], stratum.pooled_at_risk[i] * entered[i]);
            if at_risk > LEAST_AT_RISK && s < *until { (total - integral[i]) / at_risk } else { 0.0 }
        };
        (0..count).map(divide).collect()
    }))
}
