//! Large-sample laws from influence functions: two arms tabulated over follow-up, and covariances between statistics at
//! any two looks.
//!
//! Symbols (s months since randomisation, t calendar month of the look; g = 0 control, 1 experimental): π_g share of
//! patients, S_g survival, f_g density, C_g survival of drop-out, G entry distribution, y_g = S_g C_g (the factor G(t−s)
//! is common to both arms), y = Σπ_g y_g, p = π₁y₁/y, λ̄ = Σπ_g f_g C_g / y; none but G depends on t.
//!
//! A statistic's influence is a stopped sum of jumps: ζ_i(t) = ∫ a(s) dN_i − b(s) Y_i ds over the patient's follow-up up
//! to t, with functions a, b of its arm and stratum. With B(x) = ∫₀ˣ b and M(x) = ∫₀ˣ (a f − b S) C ds, for looks
//! t_j ≤ t_k and a patient entering at e, x = t_j − e, x' = t_k − e,
//!
//! E[ζ_jζ_k | e] = ∫₀ˣ {(a_j a_k − a_j B_k − a_k B_j) f + (b_j B_k + b_k B_j) S} C ds − B_j(x){M_k(x') − M_k(x)}:
//!
//! what happens up to x by the product rule, what comes after through those still at risk at x. All integrals are
//! one-dimensional.
//!
//! Patients are dealt to the arms in permuted blocks, so that the number in each arm is fixed. With f_gj(e) = E[ζ_j | g, e] =
//! M_j(t_j − e), 0 for a patient not entered by t_j, the covariance per patient is
//!
//! * Σ_g π_g {E[ζ_jζ_k|g] − E[ζ_j|g]E[ζ_k|g]} where the patients of an arm enter independently of all others;
//! * Σ_g π_g {E[ζ_jζ_k|g] − E[f_gj f_gk]} where patient i enters when i are expected (steady enrolment);
//! * that and E[{f̄_j(e) − f̄_j(T)}{f̄_k(e) − f̄_k(T)}], f̄ = Σπ_g f_g, where the arms share one Poisson stream that ends with
//!   patient n, expected at T: in expected counts u patient i enters at Γ_i = i + √n W(i/n), W a Brownian motion, so that
//!   n^{-½}Σ{f̄(Γ_i) − f̄(i)} ≈ n^{-1}∫ f̄'(u) √n W(u/n) du, whose variance is n^{-1}∫{f̄(n) − f̄(u)}² du.
//!
//! The last holds for ζ as it is, not centred: Z is homogeneous of degree ½ in the measure of patients.

use crate::numerics::panels::{ORDER, Panels, Series};
use crate::statistics::Comparison;
use crate::truth::{EnrollmentProcess, EntryLaw};

/// Longest panel, months, whatever the rates.
const LONGEST_PANEL: f64 = 24.0;

/// Two arms tabulated over follow-up, for looks at given months.
pub struct Tabulation {
    /// Calendar months of the looks, ascending.
    pub months: Vec<f64>,
    /// Panels over follow-up, aligned with every kink.
    pub panels: Panels,
    /// Entry of the compared patients.
    pub entry: EntryLaw,
    /// Number of compared patients.
    pub patients: f64,
    /// Shares of control and experimental arm.
    pub shares: [f64; 2],
    /// One per stratum of the test.
    pub strata: Vec<StratumTable>,
}

/// One stratum at the nodes of [`Tabulation::panels`]. Pairs are control, experimental arm.
pub struct StratumTable {
    /// Share of the compared patients.
    pub prevalence: f64,
    /// Survival S.
    pub survival: [Vec<f64>; 2],
    /// Density f, per month.
    pub density: [Vec<f64>; 2],
    /// S·C.
    pub at_risk: [Vec<f64>; 2],
    /// f·C, per month.
    pub events: [Vec<f64>; 2],
    /// y = Σπ_g S_g C_g.
    pub pooled_at_risk: Vec<f64>,
    /// p = π₁S₁C₁/y.
    pub experimental_share: Vec<f64>,
    /// λ̄, per month.
    pub pooled_hazard: Vec<f64>,
}

impl Tabulation {
    /// Tabulates a comparison for looks at `months` (ascending, positive), with extra panel edges at `kinks`.
    pub fn new(comparison: &Comparison, months: &[f64], kinks: &[f64]) -> Self {
        let panels = aligned_panels(comparison, months, kinks);
        let strata = comparison.strata.iter().map(|stratum| {
            let nodes = panels.nodes();
            let zeros = || [vec![0.0; nodes.len()], vec![0.0; nodes.len()]];
            let (mut survival, mut density, mut at_risk, mut events) = (zeros(), zeros(), zeros(), zeros());
            for g in 0..2 {
                stratum.arms[g].law.tabulate(nodes, &mut survival[g], &mut density[g]);
                for i in 0..nodes.len() {
                    let stays = stratum.arms[g].dropout.survival(nodes[i]);
                    at_risk[g][i] = survival[g][i] * stays;
                    events[g][i] = density[g][i] * stays;
                }
            }
            let [pi0, pi1] = comparison.shares;
            let pooled_at_risk: Vec<f64> =
                (0..nodes.len()).map(|i| pi0 * at_risk[0][i] + pi1 * at_risk[1][i]).collect();
            let ratio = |i: usize, top: f64| if pooled_at_risk[i] > 0.0 { top / pooled_at_risk[i] } else { 0.0 };
            let experimental_share = (0..nodes.len()).map(|i| ratio(i, pi1 * at_risk[1][i])).collect();
            let pooled_hazard = (0..nodes.len()).map(|i| ratio(i, pi0 * events[0][i] + pi1 * events[1][i])).collect();
            StratumTable {
                prevalence: stratum.prevalence,
                survival,
                density,
                at_risk,
                events,
                pooled_at_risk,
                experimental_share,
                pooled_hazard,
            }
        });
        let strata = strata.collect();
        Self {
            months: months.to_vec(),
            entry: comparison.entry.clone(),
            patients: comparison.patients,
            shares: comparison.shares,
            strata,
            panels,
        }
    }

    /// G(t − s) at the nodes.
    pub fn entered(&self, month: f64) -> Vec<f64> {
        self.panels.nodes().iter().map(|s| self.entry.share_by(month - s)).collect()
    }

    /// g(t − s), the share entering per month, at the nodes.
    pub fn entering(&self, month: f64) -> Vec<f64> {
        self.panels.nodes().iter().map(|s| self.entry.density(month - s)).collect()
    }

    /// Expected events per compared patient by `month`, and their rate per month then.
    pub fn events_and_rate(&self, month: f64) -> [f64; 2] {
        let (entered, entering) = (self.entered(month), self.entering(month));
        let [pi0, pi1] = self.shares;
        let mut sums = [0.0; 2];
        for stratum in &self.strata {
            for (i, weight) in self.panels.weights().iter().enumerate() {
                let events = weight * stratum.prevalence * (pi0 * stratum.events[0][i] + pi1 * stratum.events[1][i]);
                sums[0] += entered[i] * events;
                sums[1] += entering[i] * events;
            }
        }
        sums
    }

    /// D'': how the rate of expected events changes, per month squared.
    pub fn rate_of_events(&self, look: usize) -> f64 {
        let of = |stratum: &StratumTable| {
            let both = |(a, b): (&f64, &f64)| self.shares[0] * a + self.shares[1] * b;
            let events: Vec<f64> = stratum.events[0].iter().zip(&stratum.events[1]).map(both).collect();
            stratum.prevalence * self.curvature(self.months[look], &events)
        };
        self.strata.iter().map(of).sum()
    }

    /// Expected events per compared patient by `month`, by arm (each arm's share of all compared patients).
    pub fn events_by_arm(&self, month: f64) -> [f64; 2] {
        let entered = self.entered(month);
        [0, 1].map(|g: usize| {
            let sum: f64 = self
                .strata
                .iter()
                .map(|stratum| stratum.prevalence * self.panels.integrate_with(|i| entered[i] * stratum.events[g][i]))
                .sum();
            self.shares[g] * sum
        })
    }

    /// An influence from its jump and compensator at the nodes, `parts[g][stratum] = (a, b)`.
    pub fn influence(&self, look: usize, parts: [Vec<(Vec<f64>, Vec<f64>)>; 2]) -> Influence {
        let month = self.months[look];
        let entered = self.entered(month);
        let nodes = self.panels.nodes();
        let mut means = [0.0; 2];
        let mut g = 0;
        let parts = parts.map(|strata| {
            let arm = g;
            g += 1;
            strata
                .into_iter()
                .zip(&self.strata)
                .map(|((jump, compensator), table)| {
                    let drift: Vec<f64> = (0..nodes.len())
                        .map(|i| jump[i] * table.events[arm][i] - compensator[i] * table.at_risk[arm][i])
                        .collect();
                    means[arm] += table.prevalence * self.panels.integrate_with(|i| drift[i] * entered[i]);
                    let cumulative = self.panels.antiderivative(&compensator);
                    let integral = self.panels.antiderivative(&drift);
                    Part {
                        at_nodes: cumulative.along(nodes),
                        mean_at_nodes: integral.along(nodes),
                        drift: integral,
                        rate: drift,
                        jump,
                        compensator,
                        cumulative,
                    }
                })
                .collect()
        });
        Influence { month, parts, means }
    }

    /// Panels on which functions of x and of x + `gap` have no kink, where anybody enters `x` months before `month`.
    fn later(&self, month: f64, gap: f64) -> Later {
        let breaks = self.panels.breaks();
        let kinks = breaks.iter().copied().chain(breaks.iter().map(|edge| edge - gap));
        let panels = Panels::new(kinks, month, |_, _| LONGEST_PANEL);
        let mut later = Later { points: Vec::new(), shifted: Vec::new(), weights: Vec::new() };
        for (points, weights) in panels.nodes().chunks_exact(ORDER).zip(panels.weights().chunks_exact(ORDER)) {
            // The entry rate is constant on a panel.
            let entering = self.entry.density(month - points[ORDER / 2]);
            if entering > 0.0 {
                later.points.extend_from_slice(points);
                later.shifted.extend(points.iter().map(|x| x + gap));
                later.weights.extend(weights.iter().map(|weight| weight * entering));
            }
        }
        later
    }

    /// Quadrature over follow-up at the earlier of two looks `gap` months apart.
    fn entries(&self, month: f64, gap: f64) -> Later {
        if gap > 0.0 {
            return self.later(month, gap);
        }
        let weights =
            self.entering(month).iter().zip(self.panels.weights()).map(|(entering, w)| entering * w).collect();
        Later { points: Vec::new(), shifted: Vec::new(), weights }
    }

    /// Covariance of two influences, per compared patient.
    pub fn covariance(&self, one: &Influence, other: &Influence) -> f64 {
        let (j, k) = if one.month <= other.month { (one, other) } else { (other, one) };
        let entered = self.entered(j.month);
        let gap = k.month - j.month;
        let process = self.entry.process();
        let entries = (gap > 0.0 || process.is_some()).then(|| self.entries(j.month, gap));
        let points = entries.as_ref().map_or(0, |entries| entries.weights.len());
        // f̄_j and f̄_k.
        let mut pooled = [vec![0.0; points], vec![0.0; points]];
        let mut total = 0.0;
        for g in 0..2 {
            let mut product = 0.0;
            // f_gj and f_gk.
            let mut mean = [vec![0.0; points], vec![0.0; points]];
            for (table, (pj, pk)) in self.strata.iter().zip(j.parts[g].iter().zip(&k.parts[g])) {
                let mut inner = self.panels.integrate_with(|i| {
                    let jumps = pj.jump[i] * pk.jump[i] - pj.jump[i] * pk.at_nodes[i] - pk.jump[i] * pj.at_nodes[i];
                    let risks = pj.compensator[i] * pk.at_nodes[i] + pk.compensator[i] * pj.at_nodes[i];
                    (jumps * table.events[g][i] + risks * table.at_risk[g][i]) * entered[i]
                });
                match &entries {
                    Some(entries) if gap > 0.0 => {
                        let after = pk.drift.along(&entries.shifted);
                        let cumulative = pj.cumulative.along(&entries.points);
                        let before = pk.drift.along(&entries.points);
                        for (i, weight) in entries.weights.iter().enumerate() {
                            inner -= weight * cumulative[i] * (after[i] - before[i]);
                        }
                        if process.is_some() {
                            add(&mut mean[0], table.prevalence, &pj.drift.along(&entries.points));
                            add(&mut mean[1], table.prevalence, &after);
                        }
                    }
                    Some(_) => {
                        add(&mut mean[0], table.prevalence, &pj.mean_at_nodes);
                        add(&mut mean[1], table.prevalence, &pk.mean_at_nodes);
                    }
                    None => {}
                }
                product += table.prevalence * inner;
            }
            total += self.shares[g] * product;
            match &entries {
                Some(entries) if process.is_some() => total -= self.shares[g] * entries.mean_product(&mean, [0.0; 2]),
                _ => total -= self.shares[g] * j.means[g] * k.means[g],
            }
            pooled.iter_mut().zip(&mean).for_each(|(pooled, mean)| add(pooled, self.shares[g], mean));
        }
        match (&entries, process) {
            (Some(entries), Some(EnrollmentProcess::Poisson)) => {
                total + entries.mean_product(&pooled, [j, k].map(|influence| self.of_last(influence)))
            }
            _ => total,
        }
    }

    /// An influence with the same jump and compensator in every arm and stratum.
    pub fn counted(&self, look: usize, jump: f64, compensator: f64) -> Influence {
        let nodes = self.panels.nodes().len();
        let part = || (vec![jump; nodes], vec![compensator; nodes]);
        self.influence(look, [0, 1].map(|_| self.strata.iter().map(|_| part()).collect()))
    }

    /// Covariance per compared patient of the rate at which an influence ζ grows as calendar time passes its look,
    /// d E[ζ_i|what is known]/dt = M'(t − e) of a patient then at risk, with the events N_i counted by then. A patient at risk has no
    /// event, so that E[M' N|g] = 0 and only the products of means and what a common stream of entries shares are left.
    pub fn rate_with_events(&self, one: &Influence, events: &Influence) -> f64 {
        let entering = self.entering(one.month);
        let weights: Vec<f64> = self.panels.weights().iter().zip(&entering).map(|(w, entering)| w * entering).collect();
        let zeros = || [vec![0.0; weights.len()], vec![0.0; weights.len()]];
        let (mut pooled, mut total) = (zeros(), 0.0);
        for g in 0..2 {
            let mut mean = zeros();
            for (table, (rate, counted)) in self.strata.iter().zip(one.parts[g].iter().zip(&events.parts[g])) {
                add(&mut mean[0], table.prevalence, &rate.rate);
                add(&mut mean[1], table.prevalence, &counted.mean_at_nodes);
            }
            let sum = |of: &dyn Fn(usize) -> f64| -> f64 { weights.iter().enumerate().map(|(i, w)| w * of(i)).sum() };
            total -= self.shares[g]
                * match self.entry.process() {
                    Some(_) => sum(&|i| mean[0][i] * mean[1][i]),
                    None => sum(&|i| mean[0][i]) * events.means[g],
                };
            pooled.iter_mut().zip(&mean).for_each(|(pooled, mean)| add(pooled, self.shares[g], mean));
        }
        if self.entry.process() == Some(EnrollmentProcess::Poisson) {
            let last = [self.rate_of_last(one), self.of_last(events)];
            let shared = pooled[0].iter().zip(&pooled[1]).map(|(rate, count)| (rate - last[0]) * (count - last[1]));
            total += weights.iter().zip(shared).map(|(weight, shared)| weight * shared).sum::<f64>();
        }
        total
    }

    /// Twice n times what the random end of a Poisson stream of entries adds to the mean of the influences' average, 0 of another
    /// enrolment: the stream ends with patient n, Campbell's formula holds for a stream without end, and the difference is
    /// E Σ_{i≤n} f̄(Γ_i) − ∫₀ⁿ f̄ = f̄'(n)/2 in expected counts, f̄'(n) = −M̄'(t − T)/(n G'(T)).
    pub fn end_of_enrolment(&self, influence: &Influence) -> f64 {
        let rate = self.entry.last_rate();
        if self.entry.process() == Some(EnrollmentProcess::Poisson) && rate > 0.0 {
            -self.rate_of_last(influence) / rate
        } else {
            0.0
        }
    }

    /// M̄'(t − T): the rate of the pooled mean influence of a patient who enters when the last one is expected.
    fn rate_of_last(&self, influence: &Influence) -> f64 {
        let follow_up = influence.month - self.entry.end();
        if follow_up <= 0.0 {
            return 0.0;
        }
        let of_arm = |g: usize| -> f64 {
            let strata = self.strata.iter().zip(&influence.parts[g]);
            strata.map(|(table, part)| table.prevalence * self.panels.value(&part.rate, follow_up)).sum()
        };
        self.shares[0] * of_arm(0) + self.shares[1] * of_arm(1)
    }

    /// ∫ G''(t − s) h(s) ds for a function h with these node values: the curvature of ∫ G(t − s) h(s) ds in t. G' jumps where the
    /// rate of entry changes.
    pub fn curvature(&self, month: f64, values: &[f64]) -> f64 {
        let at = |entry: f64| if month > entry { self.panels.value(values, month - entry) } else { 0.0 };
        self.entry.pieces().map(|(begin, end, density)| density * (at(begin) - at(end))).sum()
    }

    /// f̄(T): the pooled mean influence of a patient who enters when the last one is expected.
    fn of_last(&self, influence: &Influence) -> f64 {
        let follow_up = (influence.month - self.entry.end()).max(0.0);
        let of_arm = |g: usize| -> f64 {
            let strata = self.strata.iter().zip(&influence.parts[g]);
            strata.map(|(table, part)| table.prevalence * part.drift.at(follow_up)).sum()
        };
        self.shares[0] * of_arm(0) + self.shares[1] * of_arm(1)
    }
}

fn add(to: &mut [f64], scale: f64, values: &[f64]) {
    to.iter_mut().zip(values).for_each(|(to, value)| *to += scale * value);
}

/// Quadrature over the follow-up x that the patients entering have at the earlier of two looks, and what it is at the later. Of two
/// looks in the same month the points are the nodes of the tabulation, and are not listed.
struct Later {
    points: Vec<f64>,
    shifted: Vec<f64>,
    /// Weights times the share entering per month.
    weights: Vec<f64>,
}

impl Later {
    /// E[(f_j(e) − c_j)(f_k(e) − c_k)] over the patients who enter by the earlier look.
    fn mean_product(&self, functions: &[Vec<f64>; 2], less: [f64; 2]) -> f64 {
        let pairs = functions[0].iter().zip(&functions[1]);
        self.weights.iter().zip(pairs).map(|(weight, (j, k))| weight * (j - less[0]) * (k - less[1])).sum()
    }
}

/// The influence of one statistic at one look.
pub struct Influence {
    month: f64,
    /// `parts[g][stratum]`.
    parts: [Vec<Part>; 2],
    /// E[ζ | g].
    means: [f64; 2],
}

struct Part {
    jump: Vec<f64>,
    compensator: Vec<f64>,
    /// B at the nodes.
    at_nodes: Vec<f64>,
    /// B.
    cumulative: Series,
    /// M' at the nodes.
    rate: Vec<f64>,
    /// M.
    drift: Series,
    /// M at the nodes.
    mean_at_nodes: Vec<f64>,
}

/// Panels over follow-up up to the last look, aligned with every kink of laws, drop-out and entry seen from each look.
fn aligned_panels(comparison: &Comparison, months: &[f64], kinks: &[f64]) -> Panels {
    let cells = || comparison.strata.iter().flat_map(|stratum| stratum.arms.iter());
    let edges = cells()
        .flat_map(|cell| cell.law.kinks().iter().chain(cell.dropout.starts()).copied())
        .chain(months.iter().flat_map(|&month| comparison.entry.kinks().iter().map(move |kink| month - kink)))
        .chain(months.iter().chain(kinks).copied())
        .collect::<Vec<f64>>();
    // A panel is cut so that rate × width stays below 1.
    let widest = |left: f64, right: f64| {
        let middle = f64::midpoint(left, right);
        let rate = cells().map(|cell| cell.law.fastest(middle) + cell.dropout.rate(middle)).fold(1e-9, f64::max);
        LONGEST_PANEL.min(1.0 / rate)
    };
    Panels::new(edges, months.last().copied().unwrap_or(0.0), widest)
}
