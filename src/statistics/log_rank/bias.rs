//! Bias of second order of a weighted log-rank score and of its variance estimate, at a fixed month.
//!
//! Symbols as in [`crate::statistics::log_rank::WeightedLogRank`]'s expectation; further Ȳ_g(s) the share of all patients who are in
//! arm g and at risk, y_k = φyG its limit over both arms in a stratum of share φ, δ the deviation from a limit, Δ = λ₁ − λ₀.
//!
//! The at-risk process and the weights are known just before s, so that in the filtration of time since randomisation, exactly,
//!
//! * E U/n = E ∫ ŵ Δ h ds, h = Ȳ₀Ȳ₁/(Ȳ₀+Ȳ₁);  E V/n = E ∫ ŵ² k ds, k = h·(λ₀Ȳ₀+λ₁Ȳ₁)/(Ȳ₀+Ȳ₁).
//!
//! Both are of the form ȳ·K(p̂), p̂ = Ȳ₁/ȳ, ȳ = Ȳ₀+Ȳ₁, with K = p(1−p) and K = p(1−p)λ̄. A function homogeneous of degree 1 has a
//! Hessian of rank one, E ȳK(p̂) − y_k K(p) ≈ ½K''(p)·Var{pȲ₀ − (1−p)Ȳ₁}/y_k, and what both arms share (the count of entries) drops
//! out of that variance. Ȳ_g is binomial; with r_g the probability of being at risk in arm g and stratum, given entry where the
//! entries are one stream and not given it where arms enter independently, n·Var{…}/y_k = p(1−p)·{p(1−r₀) + (1−p)(1−r₁)}. For
//! Poisson counts of mean nȳ, E h = p(1−p)·{ȳ − (1−e^{−nȳ})/n} holds exactly whatever their size, which gives the factor
//! 1 − e^{−nφy}; G is left out of it, for nG is below 1 only until the first patient enters.
//!
//! A weight W(Ŝ) adds W'·(E δŜ·F + Cov(δŜ, δF)) + ½W''·Var Ŝ·F for F = h or k (and W² in the place of W for k). With the
//! Nelson–Aalen integral Λ̂ = ∫dN̄/ȳ read at r, its influence ξ = ∫₀ʳ dM̄/y_k, κ(r) = ∫₀ʳ λ̄/y_k, and
//! m_g = E[ξ|g] = ∫₀ʳ (λ_g−λ̄)S_gC_g/y (given entry: that over G):
//!
//! * n Var Λ̂ = κ − Σπ_g E[m_g²],  n E δΛ̂ = ∫₀ʳ Δ p(1−p)(r₁−r₀)/y_k,
//! * n E δŜ = S̄·{½ n Var Λ̂ − ½κ − n E δΛ̂}, the −½κ from Π(1−1/ȳ) against exp(−Σ1/ȳ),
//! * n Cov(δŜ, δF) = S̄ {κ·F + φG Σπ_g F_g S_gC_g m_g}, F_g = ∂F/∂Ȳ_g, since E[ξY(s)|g] = −κ(r)E[Y(s)|g] for r ≤ s: a patient at
//!   risk has had no event.

use super::expectation::Weights;
use crate::numerics::panels::Series;
use crate::statistics::{StratumTable, Tabulation};

/// Shares at risk below this are left out: no patient is there in any trial.
const LEAST_AT_RISK: f64 = 1e-12;

/// n(E U/n − μ) and n(E V/n − v) of one stratum at one look, entry as expected.
pub(super) fn bias(table: &Tabulation, stratum: &StratumTable, weights: &Weights, entered: &[f64]) -> [f64; 2] {
    let share = stratum.prevalence;
    let stream = table.entry.process().is_some();
    let hazards = |i: usize| {
        [0, 1].map(
            |g: usize| {
                if stratum.survival[g][i] > 0.0 { stratum.density[g][i] / stratum.survival[g][i] } else { 0.0 }
            },
        )
    };
    let at_risk = |i: usize| share * stratum.pooled_at_risk[i] * entered[i];
    let known = |i: usize| [0, 1].map(|g: usize| share * stratum.at_risk[g][i] * if stream { 1.0 } else { entered[i] });
    let counts = |i: usize| at_risk(i) > LEAST_AT_RISK;
    let reading = weights.reading.as_ref().map(|reading| {
        let nodes = table.panels.nodes();
        let read = |of: &dyn Fn(usize) -> f64| {
            let density: Vec<f64> = (0..nodes.len()).map(|i| if counts(i) { of(i) } else { 0.0 }).collect();
            let integral: Series = table.panels.antiderivative(&density);
            let latest = integral.at(reading.until);
            let mut values = integral.along(nodes);
            values.iter_mut().zip(nodes).filter(|(_, s)| **s >= reading.until).for_each(|(value, _)| *value = latest);
            values
        };
        let excess = |g: usize, i: usize| (hazards(i)[g] - stratum.pooled_hazard[i]) * stratum.at_risk[g][i];
        let scale = |i: usize| stratum.pooled_at_risk[i] * if stream { entered[i] } else { 1.0 };
        let means = [0, 1].map(|g: usize| read(&|i| excess(g, i) / scale(i)));
        let drift = read(&|i| {
            let ([control, treated], [r0, r1], p) = (hazards(i), known(i), stratum.experimental_share[i]);
            (treated - control) * p * (1.0 - p) * (r1 - r0) / at_risk(i)
        });
        let inverse = read(&|i| stratum.pooled_hazard[i] / at_risk(i));
        // Σπ_g E[m_g²].
        let squares = if stream {
            read(&|i| {
                let of = |g: usize| 2.0 * table.shares[g] * means[g][i] * excess(g, i) / stratum.pooled_at_risk[i];
                of(0) + of(1)
            })
        } else {
            (0..nodes.len()).map(|i| [0, 1].map(|g| table.shares[g] * means[g][i].powi(2)).iter().sum()).collect()
        };
        (means, drift, inverse, squares)
    });
    let mut sums = [0.0; 2];
    for (i, step) in table.panels.weights().iter().enumerate() {
        if !counts(i) {
            continue;
        }
        let (p, w, pooled, y) =
            (stratum.experimental_share[i], weights.values[i], stratum.pooled_hazard[i], at_risk(i));
        let ([control, treated], [r0, r1]) = (hazards(i), known(i));
        let difference = treated - control;
        let spread = p
            * (1.0 - p)
            * (p * (1.0 - r0) + (1.0 - p) * (1.0 - r1))
            * -(-table.patients * share * stratum.pooled_at_risk[i]).exp_m1();
        let mut score = -w * spread;
        let mut square = w * w * spread * (difference * (1.0 - 3.0 * p) - control);
        if let (Some(reading), Some((means, drift, inverse, squares))) = (&weights.reading, &reading) {
            let moved = |top: f64, slopes: [f64; 2]| {
                let of = |g: usize| table.shares[g] * slopes[g] * stratum.at_risk[g][i] * means[g][i];
                top * (inverse[i] - 0.5 * squares[i] - drift[i]) + share * entered[i] * (of(0) + of(1))
            };
            let variance = inverse[i] - squares[i];
            let (slope, bend) = (reading.slopes[i], reading.bends[i]);
            let whole = p * (1.0 - p);
            let h = y * whole;
            score += slope * moved(h, [p * p, (1.0 - p) * (1.0 - p)]) + 0.5 * bend * variance * h;
            let turn = (1.0 - 2.0 * p) * pooled + whole * difference;
            let k = whole * pooled;
            square += 2.0 * w * slope * moved(h * pooled, [k - p * turn, k + (1.0 - p) * turn])
                + (slope * slope + w * bend) * variance * h * pooled;
        }
        sums[0] += step * difference * score;
        sums[1] += step * square;
    }
    sums
}

/// Cov(−ψ_i, ψ_V,i) of one stratum as under the null, where ψ = ∫ w(g−p) dM with a martingale M and p, λ̄ are as they are:
/// ∫ w² p(1−p) λ̄ yG {(1−p)Λ_w − ∫₀ˢ w p λ̄} ds, Λ_w(s) = ∫₀ˢ w λ̄, since E[M(u)Y(s)] = −E[Y(s)] ∫₀ᵘ λ̄ for u ≤ s and
/// Σπ_g(g−p(s))(g−p(u))Y_g(s) = y p(1−p), all at s. With equal arms it is 0.
pub(super) fn null_covariance(table: &Tabulation, stratum: &StratumTable, weights: &[f64], entered: &[f64]) -> f64 {
    let along = |of: &dyn Fn(usize) -> f64| {
        let density: Vec<f64> = (0..weights.len()).map(of).collect();
        table.panels.antiderivative(&density).along(table.panels.nodes())
    };
    let hazard = |i: usize| weights[i] * stratum.pooled_hazard[i];
    let whole = along(&hazard);
    let treated = along(&|i| hazard(i) * stratum.experimental_share[i]);
    let density = |i: usize| {
        let p = stratum.experimental_share[i];
        let events = weights[i] * hazard(i) * stratum.pooled_at_risk[i] * entered[i];
        events * p * (1.0 - p) * ((1.0 - p) * whole[i] - treated[i])
    };
    stratum.prevalence * table.panels.integrate_with(density)
}
