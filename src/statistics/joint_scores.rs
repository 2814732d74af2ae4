//! Covariance of the log-rank scores of progression-free and overall survival, and of a biomarker difference with a log-rank
//! score, by double quadrature over the illness–death law: exact for Markov courses, and the check on every covariance that is
//! found from paths.
//!
//! Symbols (s, u months since randomisation, t, t' calendar months of the looks, g arm with share π_g): λ01, λ02, λ12 hazards of
//! progression, of death without it and of death after it, all on the clock since randomisation; S_P = exp(−Λ01 − Λ02),
//! P11(s, u) = exp(−∫_s^u λ12), S_C drop-out, G entry. S_O = S_P + e^{−Λ12} J, J(u) = ∫₀ᵘ S_P λ01 e^{Λ12}
//! (Meller, Beyersmann and Rufibach 2019); p and λ̄ of each endpoint as in [`crate::statistics::influence`]. Influences are those of Lin and
//! Wei (1989), ψ = ∫(g − p)(dN − Yλ̄ ds).

use crate::numerics::panels::{Panels, Series};
use crate::numerics::quadrature;
use crate::survival::PiecewiseHazard;
use crate::truth::EntryLaw;

/// Nodes per panel of either axis.
const NODES: usize = 10;

/// A Markov illness–death course of one arm, and its drop-out.
#[derive(Debug, Clone)]
pub struct MarkovArm {
    /// λ01, per month.
    pub progression: PiecewiseHazard,
    /// λ02, per month.
    pub death: PiecewiseHazard,
    /// λ12 since randomisation, per month.
    pub death_after_progression: PiecewiseHazard,
    /// Drop-out, per month.
    pub dropout: PiecewiseHazard,
}

/// Two arms of illness–death courses with one entry law.
pub struct JointScores {
    arms: [MarkovArm; 2],
    /// J of each arm.
    through: [Series; 2],
    shares: [f64; 2],
    entry: EntryLaw,
    kinks: Vec<f64>,
    longest: f64,
}

/// Mean product and means of the two influences in one arm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreMoments {
    /// E[ψ_P ψ_O | g].
    pub product: f64,
    /// E[ψ_P | g].
    pub progression: f64,
    /// E[ψ_O | g].
    pub death: f64,
}

impl JointScores {
    /// Control and experimental arm with their shares, looks up to month `end`.
    pub fn new(arms: [MarkovArm; 2], shares: [f64; 2], entry: EntryLaw, end: f64) -> Self {
        let hazards = |arm: &MarkovArm| {
            [&arm.progression, &arm.death, &arm.death_after_progression, &arm.dropout]
                .map(|h| h.starts().to_vec())
                .concat()
        };
        let kinks: Vec<f64> = arms.iter().flat_map(hazards).collect();
        let fastest = arms
            .iter()
            .flat_map(|arm| [&arm.progression, &arm.death, &arm.death_after_progression])
            .flat_map(PiecewiseHazard::rates)
            .fold(1e-3, |fastest: f64, &rate| fastest.max(rate));
        let longest = 0.7 / fastest;
        let panels = Panels::new(kinks.iter().copied(), end, |_, _| longest);
        let through = [0, 1].map(|g: usize| {
            let arm: &MarkovArm = &arms[g];
            let flow =
                |&s: &f64| alive(arm, s) * arm.progression.rate(s) * arm.death_after_progression.cumulative(s).exp();
            panels.antiderivative(&panels.nodes().iter().map(flow).collect::<Vec<f64>>())
        });
        Self { arms, through, shares, entry, kinks, longest }
    }

    /// S_O.
    fn living(&self, g: usize, u: f64) -> f64 {
        let arm = &self.arms[g];
        alive(arm, u) + (-arm.death_after_progression.cumulative(u)).exp() * self.through[g].at(u)
    }

    /// Density of death.
    fn dying(&self, g: usize, u: f64) -> f64 {
        let arm = &self.arms[g];
        let progressed = (-arm.death_after_progression.cumulative(u)).exp() * self.through[g].at(u);
        alive(arm, u) * arm.death.rate(u) + arm.death_after_progression.rate(u) * progressed
    }

    /// p and λ̄ of one endpoint.
    fn pooled(&self, at_risk: [f64; 2], density: [f64; 2], s: f64) -> [f64; 2] {
        let weight = |g: usize| self.shares[g] * self.arms[g].dropout.survival(s);
        let total = weight(0) * at_risk[0] + weight(1) * at_risk[1];
        if total <= 0.0 {
            return [self.shares[1], 0.0];
        }
        [weight(1) * at_risk[1] / total, (weight(0) * density[0] + weight(1) * density[1]) / total]
    }

    fn pooled_progression(&self, s: f64) -> [f64; 2] {
        let first = |arm: &MarkovArm| alive(arm, s) * (arm.progression.rate(s) + arm.death.rate(s));
        self.pooled([alive(&self.arms[0], s), alive(&self.arms[1], s)], [first(&self.arms[0]), first(&self.arms[1])], s)
    }

    fn pooled_death(&self, u: f64) -> [f64; 2] {
        self.pooled([self.living(0, u), self.living(1, u)], [self.dying(0, u), self.dying(1, u)], u)
    }

    /// Moments in arm `g` of the progression-free score at month `t` and the overall survival score at month `u`:
    ///
    /// `E[ψ_Pψ_O]` = ∫ a b f02 K du + ∬ a b K {…} with a = g − p_P(s), b = g − p_O(u), K = S_C(s∨u) G(min(t − s, t' − u)) and, for
    /// u ≤ s, −λ̄_O(u) S_P(s){λ01 + λ02 − λ̄_P}(s); for u > s, S_P λ01(s) P11(s, u){λ12 − λ̄_O}(u) − λ̄_P(s){f02(u) + λ12(u)(H − S_P(u)) −
    /// λ̄_O(u) H}, H = S_P(u) + e^{−Λ12(u)}{J(u) − J(s)}.
    pub fn moments(&self, g: usize, t: f64, later: f64) -> ScoreMoments {
        let (arm, indicator) = (&self.arms[g], g as f64);
        let rule = quadrature::legendre(NODES);
        let entries = self.entry.kinks();
        let kept = |s: f64, u: f64| arm.dropout.survival(s.max(u)) * self.entry.share_by((t - s).min(later - u));
        let seen = entries.iter().flat_map(|e| [t - e, later - e]);
        let outer = self.edges(t, seen.chain(self.kinks.iter().map(|k| t - later + k)).chain([t - later, later]));
        let axis =
            |end: f64, more: &[f64]| self.edges(end, entries.iter().map(|e| end - e).chain(more.iter().copied()));
        let mut found = ScoreMoments { product: 0.0, progression: 0.0, death: 0.0 };
        for pair in outer.windows(2) {
            for (s, weight) in rule.on(pair[0], pair[1]) {
                let [p, pooled] = self.pooled_progression(s);
                let (a, at_risk) = (indicator - p, alive(arm, s));
                let excess = arm.progression.rate(s) + arm.death.rate(s) - pooled;
                found.progression +=
                    weight * a * excess * at_risk * arm.dropout.survival(s) * self.entry.share_by(t - s);
                let flow = at_risk * arm.progression.rate(s);
                let (cumulative, through) = (arm.death_after_progression.cumulative(s), self.through[g].at(s));
                let inner = |u: f64| {
                    let [p, pooled_death] = self.pooled_death(u);
                    let core = if u <= s {
                        -pooled_death * at_risk * excess
                    } else {
                        let (first, after) = (alive(arm, u), arm.death_after_progression.rate(u));
                        let total = arm.death_after_progression.cumulative(u);
                        let between = (-total).exp() * (self.through[g].at(u) - through);
                        flow * (cumulative - total).exp() * (after - pooled_death)
                            - pooled * (first * arm.death.rate(u) + after * between - pooled_death * (first + between))
                    };
                    (indicator - p) * core * kept(s, u)
                };
                let edges = axis(later, &[s, later - t + s]);
                let sum: f64 = edges.windows(2).map(|pair| rule.integrate(pair[0], pair[1], inner)).sum();
                found.product += weight * a * sum;
            }
        }
        let both: Vec<f64> = entries.iter().map(|e| t - e).chain([t]).collect();
        for pair in axis(later, &both).windows(2) {
            for (u, weight) in rule.on(pair[0], pair[1]) {
                let [p, pooled] = self.pooled_death(u);
                let b = indicator - p;
                let score = self.dying(g, u) - pooled * self.living(g, u);
                found.death += weight * b * score * arm.dropout.survival(u) * self.entry.share_by(later - u);
                let direct = alive(arm, u) * arm.death.rate(u);
                found.product += weight * (indicator - self.pooled_progression(u)[0]) * b * direct * kept(u, u);
            }
        }
        found
    }

    /// Covariance per patient of the progression-free score at month `t` and the overall survival score at month `later` (any
    /// order), within arms: Σπ_g{E[ψ_Pψ_O|g] − E[ψ_P|g]E[ψ_O|g]}.
    pub fn covariance(&self, t: f64, later: f64) -> f64 {
        let of = |g: usize| {
            let found = self.moments(g, t, later);
            self.shares[g] * (found.product - found.progression * found.death)
        };
        of(0) + of(1)
    }

    /// Panel edges over [0, `end`].
    fn edges(&self, end: f64, more: impl Iterator<Item = f64>) -> Vec<f64> {
        Panels::new(self.kinks.iter().copied().chain(more), end, |_, _| self.longest).breaks().to_vec()
    }
}

/// S_P.
fn alive(arm: &MarkovArm, s: f64) -> f64 {
    (-arm.progression.cumulative(s) - arm.death.cumulative(s)).exp()
}
