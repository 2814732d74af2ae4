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
    Comparison, Evidence, JumpAndCompensator, LookExpectation, NoInformation, Parts, RiskSet, SecondOrder,
    StratumTable, Tabulation, TestStatistic,
};
use crate::truth::EnrollmentProcess;

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
    /// Variance, d/dt and d²/dt² of it, and n times the bias of its estimate.
    variance: [f64; 4],
    /// (a, b) of effect and of variance at each node, and d/dt of them.
    influence: Vec<[[(f64, f64); 2]; 2]>,
    /// −π_g² Cov(e_i, ν_i) but for the sign of the arm.
    skew: f64,
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
        let (mut effect, mut sums) = (0.0, [0.0; 4]);
        let arms = [0, 1].map(|g: usize| {
            let arms: Vec<Arm> =
                table.strata.iter().map(|stratum| self.arm(table, stratum, g, month, [&entered, &entering])).collect();
            for arm in &arms {
                effect += arm.effect;
                sums.iter_mut().zip(arm.variance).for_each(|(sum, value)| *sum += value);
            }
            arms
        });
        let [variance, slope, curvature, bias] = sums;
        if !(variance > 0.0 && variance.is_finite()) {
            let reason = format!(
                "the {} test has no variance at month {month:.2}: no event is expected, or nobody is left at risk",
                self.label()
            );
            return Err(NoInformation { look, reason });
        }
        let (score, spread) = (1.0 / variance.sqrt(), -effect / (2.0 * variance.powf(1.5)));
        let parts = |moment: usize, [score, spread]: [f64; 2]| -> Parts {
            let of = |arm: &Arm| -> JumpAndCompensator {
                let sum = |pair: &[[(f64, f64); 2]; 2]| {
                    let [effect, variance] = pair[moment];
                    (score * effect.0 + spread * variance.0, score * effect.1 + spread * variance.1)
                };
                arm.influence.iter().map(sum).unzip()
            };
            arms.each_ref().map(|arms| arms.iter().map(of).collect())
        };
        // With equal curves Cov(e, ν) = −k(1/π₁² − 1/π₀²), k the arms' mean.
        let [pi0, pi1] = table.shares;
        let skew = |g: usize| arms[g].iter().map(|arm| arm.skew).sum::<f64>();
        let null_covariance = -(pi0 * skew(0) + pi1 * skew(1)) * (1.0 / (pi1 * pi1) - 1.0 / (pi0 * pi0));
        let second_order = SecondOrder {
            bias: [0.0, bias],
            null_covariance,
            curvature: [0.0, curvature],
            variance: parts(0, [0.0, 1.0]),
            turning: Some(parts(1, [score, spread])),
        };
        let information = variance.recip();
        let parts = parts(0, [score, spread]);
        Ok(LookExpectation { effect, variance, slopes: [0.0, slope], information, parts, second_order })
    }

    fn arm(&self, table: &Tabulation, stratum: &StratumTable, g: usize, month: f64, entry: [&[f64]; 2]) -> Arm {
        let [entered, entering] = entry;
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
        // λ/Y and d/dt of it, zero beyond the horizon.
        let at_risk: Vec<f64> =
            (0..inside).map(|i| table.shares[g] * share * stratum.at_risk[g][i] * entered[i]).collect();
        let hazard = |i: usize| stratum.events[g][i] / stratum.at_risk[g][i];
        let younger = |i: usize| entering[i] / entered[i];
        let (mut once, mut twice) = ([0, 1].map(|_| vec![0.0; nodes.len()]), [0, 1].map(|_| vec![0.0; nodes.len()]));
        for i in 0..inside {
            let value = kernel[i] * hazard(i) / at_risk[i];
            (once[0][i], once[1][i]) = (value, -value * younger(i));
            (twice[0][i], twice[1][i]) = (kernel[i] * value, -kernel[i] * value * younger(i));
        }
        let along = |values: &Vec<f64>| panels.antiderivative(values).along(nodes);
        let (below, above) = (once.each_ref().map(along), twice.each_ref().map(along));
        let totals = twice.each_ref().map(|values| panels.integrate(values));
        let mut influence = vec![[[(0.0, 0.0); 2]; 2]; nodes.len()];
        for i in 0..inside {
            let (kernel, hazard, at_risk, younger) = (kernel[i], hazard(i), at_risk[i], younger(i));
            let effect = -sign * share * kernel / at_risk;
            let square = share * share * (kernel / at_risk).powi(2);
            let spread = [0, 1].map(|m: usize| kernel * below[m][i] + totals[m] - above[m][i]);
            let estimated =
                [spread[0], spread[1] - spread[0] * younger].map(|spread| 2.0 * share * share * spread / at_risk);
            let pair = |effect: f64, square: f64, estimated: f64| {
                [(effect, effect * hazard), (square - estimated, 2.0 * square * hazard - estimated * hazard)]
            };
            influence[i] =
                [pair(effect, square, estimated[0]), pair(-effect * younger, -2.0 * square * younger, estimated[1])];
        }
        // Martingales: ∫ K³λ/Y² − 2∫ KBλ/Y + ∫ (K²λ/Y) ∫₀ Kλ/Y.
        let skew = panels.integrate_with(|i| {
            if i >= inside {
                return 0.0;
            }
            let spread = kernel[i] * below[0][i] + totals[0] - above[0][i];
            twice[0][i] * (kernel[i] / at_risk[i] + below[0][i]) - 2.0 * once[0][i] * spread
        });
        let scale = share * share;
        let per_entered: Vec<f64> =
            (0..nodes.len()).map(|i| if i < inside { twice[0][i] / entered[i] } else { 0.0 }).collect();
        let steep = panels.integrate_with(|i| if i < inside { twice[0][i] * younger(i).powi(2) } else { 0.0 });
        let curvature = 2.0 * steep - table.curvature(month, &per_entered);
        Arm {
            effect: sign * share * if self.contrast == Contrast::Survival { at_horizon } else { mean },
            variance: [totals[0], totals[1], curvature, bias(table, g, &twice[0], entered)].map(|value| scale * value),
            influence,
            skew: skew * share * scale * table.shares[g] * table.shares[g],
        }
    }
}

/// n times the bias of ∫ K̂² dN̄/{Ȳ(Ȳ−1/n)}, its limit's integrand at the nodes being `twice`.
///
/// To second order the terms are ∫ K²λ(2−r)/Y², of E 1/(Ȳ−1/n) with Ȳ binomial, r the probability of being at risk;
/// −2∫ K²λ/Y² − 2∫ K²λκ/Y, κ(u) = ∫₀ᵘ λ/Y, of the covariance of K̂ with dN̄ and with 1/Ȳ; and ∫ {K²κ + ∫_u^τ K²λ/Y} λ/Y of Var K̂.
/// All cancel but −∫ K²λr/Y²: without censoring the factor 1 − 1/n_g of a binomial variance. r is that given entry where entries
/// are one stream; a Poisson one adds its own variance, ∫ K²λ/(YG) where enrolment goes on.
fn bias(table: &Tabulation, g: usize, twice: &[f64], entered: &[f64]) -> f64 {
    let process = table.entry.process();
    table.panels.integrate_with(|i| {
        if twice[i] == 0.0 {
            return 0.0;
        }
        let given = if process.is_some() { entered[i] } else { 1.0 };
        let shared =
            if process == Some(EnrollmentProcess::Poisson) && entered[i] < 1.0 { entered[i].recip() } else { 0.0 };
        twice[i] * (shared - 1.0 / (table.shares[g] * given))
    })
}
