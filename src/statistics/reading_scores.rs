//! Covariance of a difference of response rates with a log-rank score, by quadrature over the classes of patients.
//!
//! Symbols: L month of the reading since randomisation, t_B calendar month of the cut for readings, t of the log-rank look; B = 1 in
//! the share q_{g,1} of arm g, S_{gb} and f_{gb} survival and density of class b; a = g − p, λ̄ pooled hazard of the log-rank.
//! δ̂ = B̄₁ − B̄₀ has influence φ_i = ±Δ_i(B_i − m_g)/(π_g q_g), Δ_i that the reading counts, q_g = P(Δ = 1|g), m_g its mean; then
//! Var δ̂ = n⁻¹ Σ_g Var(B|Δ,g)/(π_g q_g) and Cov(δ̂, U(t)) = c₁ − c₀, c_g = q_g⁻¹ E[Δ(B − m_g)ψ(t)|g].

use crate::numerics::panels::Panels;
use crate::survival::PiecewiseHazard;
use crate::truth::{EntryLaw, Missing};

/// One arm: share of patients with B = 1, hazards of death with B = 0 and B = 1, drop-out.
#[derive(Debug, Clone)]
pub struct ReadArm {
    /// P(B = 1).
    pub responders: f64,
    /// Hazards by class, per month.
    pub hazards: [PiecewiseHazard; 2],
    /// Drop-out, per month.
    pub dropout: PiecewiseHazard,
}

/// Two arms read at `measured_at` months.
#[derive(Debug, Clone)]
pub struct ReadingScores {
    /// Control and experimental arm.
    pub arms: [ReadArm; 2],
    /// Shares of patients.
    pub shares: [f64; 2],
    /// Entry.
    pub entry: EntryLaw,
    /// L, months since randomisation.
    pub measured_at: f64,
}

impl ReadArm {
    fn share(&self, class: usize) -> f64 {
        if class == 1 { self.responders } else { 1.0 - self.responders }
    }

    /// Survival and density over classes.
    fn law(&self, s: f64) -> [f64; 2] {
        let mut law = [0.0; 2];
        for (class, hazard) in self.hazards.iter().enumerate() {
            let alive = self.share(class) * hazard.survival(s);
            law[0] += alive;
            law[1] += alive * hazard.rate(s);
        }
        law
    }
}

impl ReadingScores {
    /// (q_g, m_g) of arm `g` for readings up to month `cut`.
    pub fn reading(&self, g: usize, cut: f64, missing: Missing) -> [f64; 2] {
        let (arm, at) = (&self.arms[g], self.measured_at);
        let entered = self.entry.share_by(cut - at);
        let (positive, alive) = (arm.responders * arm.hazards[1].survival(at), arm.law(at)[0]);
        let stays = arm.dropout.survival(at);
        match missing {
            Missing::NonResponse => [entered, positive * stays],
            Missing::LeftOut => [entered * alive * stays, positive / alive],
        }
    }

    /// n·Var δ̂.
    pub fn variance(&self, cut: f64, missing: Missing) -> f64 {
        let of = |g: usize| {
            let [share, mean] = self.reading(g, cut, missing);
            mean * (1.0 - mean) / (self.shares[g] * share)
        };
        of(0) + of(1)
    }

    /// Cov(δ̂, U(t)) of readings up to month `cut` and the score at month `t`.
    pub fn covariance(&self, cut: f64, t: f64, missing: Missing) -> f64 {
        let at = self.measured_at;
        let hazards = || self.arms.iter().flat_map(|arm| arm.hazards.iter().chain([&arm.dropout]));
        let kinks = hazards().flat_map(|hazard| hazard.starts().iter().copied());
        let entries = self.entry.kinks().iter().map(|e| t - e);
        let fastest = hazards().flat_map(PiecewiseHazard::rates).fold(1e-3, |fastest: f64, &rate| fastest.max(rate));
        let panels = Panels::new(kinks.chain(entries).chain([at, t - cut + at]), t, |_, _| 1.0 / fastest);
        let c = |g: usize| {
            let arm = &self.arms[g];
            let [share, mean] = self.reading(g, cut, missing);
            let integrand = |i: usize| {
                let s = panels.nodes()[i];
                let pair = [0, 1].map(|g: usize| {
                    let [alive, density] = self.arms[g].law(s);
                    let stays = self.shares[g] * self.arms[g].dropout.survival(s);
                    [stays * alive, stays * density]
                });
                let total = pair[0][0] + pair[1][0];
                let (p, pooled) = (pair[1][0] / total, (pair[0][1] + pair[1][1]) / total);
                // E[1{read}{dN − Yλ̄}] of one class, per month.
                let read = |class: usize| {
                    let hazard = &arm.hazards[class];
                    let late = s.max(at);
                    let event = if s >= at { hazard.survival(s) * hazard.rate(s) } else { 0.0 };
                    arm.share(class) * arm.dropout.survival(late) * (event - pooled * hazard.survival(late))
                };
                let all = {
                    let [alive, density] = arm.law(s);
                    arm.dropout.survival(s) * (density - pooled * alive)
                };
                let sum = match missing {
                    Missing::NonResponse => read(1) - mean * all,
                    Missing::LeftOut => (1.0 - mean) * read(1) - mean * read(0),
                };
                (g as f64 - p) * self.entry.share_by((t - s).min(cut - at)) * sum
            };
            panels.integrate_with(integrand) / share
        };
        c(1) - c(0)
    }
}
