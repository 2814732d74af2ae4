//! The law of an endpoint over patients who differ in the month of onset: exact at nodes, smooth between them.
//!
//! `S(t) = ∫ S(t | x) dG(x)`, x the month of onset with density g, S(t | x) the closed form of the course with that onset.
//! As a function of x, S(t | x) has a kink where the effect begins (or jumps) just at t. For every t the integral over x is
//! cut at these points, so that Gauss–Legendre panels converge as for a smooth function (error below 1e-9 for one kind of
//! waiting). Between the nodes of t the cumulative hazard −ln S and the hazard are Chebyshev series on panels that end at
//! every kink of the law; error of a survival probability below 1e-8 (1e-5 with a ramp, whose small steps are not cut),
//! shown against direct sums in the tests.

use crate::invalid::Invalid;
use crate::numerics::quadrature::legendre;
use crate::survival::treatment::Onset;
use crate::survival::{Class, Course, Endpoint, EndpointLaw, Frailty, Treatment};

/// Months at which tables end; the hazard is constant beyond.
const END: f64 = 1e5;
/// Survival at which tables end.
const GONE: f64 = 1e-200;
/// Most kinks that get a panel edge each.
const KINKS: usize = 600;
/// Nodes in x on a panel.
const NODES: usize = 8;

/// Cumulative hazard and hazard on smooth panels of time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tabulated {
    /// Start of each panel, months; the first 0.
    starts: Vec<f64>,
    /// Where the last panel ends.
    end: f64,
    /// Place of each panel's coefficients; one more than panels.
    places: Vec<usize>,
    /// Per panel the Chebyshev coefficients of the cumulative hazard, then those of the hazard.
    coefficients: Vec<f64>,
    kinks: Vec<f64>,
    fastest: f64,
    /// Month after which nobody's effect sets in any more.
    settled: f64,
    /// Rate on which the law of onset varies, per month.
    onset: f64,
}

/// Nodes of one panel of time.
struct Panel {
    start: f64,
    end: f64,
    nodes: usize,
}

impl Tabulated {
    /// The law of `endpoint` under `treatment`, whose courses differ, over frailty.
    ///
    /// # Errors
    /// [`Invalid`] if hazards overflow.
    pub(crate) fn new(treatment: &Treatment, frailty: &Frailty, endpoint: Endpoint) -> Result<Self, Invalid> {
        let law_of = |courses: Vec<(f64, Course)>| -> Result<EndpointLaw, Invalid> {
            let class = |(weight, course)| Class { weight, course, frailty: frailty.clone() };
            EndpointLaw::new(&courses.into_iter().map(class).collect::<Vec<_>>(), endpoint)
        };
        let onset = treatment.onset();
        let never = law_of(vec![(1.0, treatment.untreated.clone())])?;
        let (kinks, panels) = time_panels(&onset, &never);
        let mut times = Vec::new();
        for panel in &panels {
            times.extend(nodes(panel));
        }
        let mut values = Values::new(times, &never);
        values.integrate(&onset, &law_of)?;
        Ok(values.fitted(&panels, kinks, &onset))
    }

    pub(crate) fn kinks(&self) -> &[f64] {
        &self.kinks
    }

    /// Fastest rate of change around `time`: of the hazards, and of the law of onset while there are onsets.
    pub(crate) fn fastest(&self, time: f64) -> f64 {
        if time < self.settled { self.fastest.max(self.onset) } else { self.fastest }
    }

    /// Cumulative hazard and hazard at `time`.
    pub(crate) fn at(&self, time: f64) -> [f64; 2] {
        let panel = self.starts.partition_point(|&start| start <= time).saturating_sub(1);
        let start = self.starts[panel];
        let end = self.starts.get(panel + 1).copied().unwrap_or(self.end);
        let inside = time.min(end);
        let x = (2.0 * (inside - start) / (end - start) - 1.0).clamp(-1.0, 1.0);
        let both = &self.coefficients[self.places[panel]..self.places[panel + 1]];
        let (cumulative, hazard) = both.split_at(both.len() / 2);
        let hazard = clenshaw(hazard, x).max(0.0);
        [(clenshaw(cumulative, x) + hazard * (time - inside)).max(0.0), hazard]
    }
}

/// Σ cₖTₖ(x) (Clenshaw 1955).
fn clenshaw(coefficients: &[f64], x: f64) -> f64 {
    let (mut b1, mut b2) = (0.0, 0.0);
    for &c in coefficients[1..].iter().rev() {
        (b1, b2) = (c + 2.0 * x * b1 - b2, b1);
    }
    coefficients[0] + x * b1 - b2
}

/// Chebyshev points of the first kind of a panel, ascending: never on its edges.
fn nodes(panel: &Panel) -> impl Iterator<Item = f64> {
    let (middle, half, count) = (0.5 * (panel.start + panel.end), 0.5 * (panel.end - panel.start), panel.nodes);
    (0..count).map(move |i| middle - half * (std::f64::consts::PI * (i as f64 + 0.5) / count as f64).cos())
}

/// Kinks of the law, and panels of time on which it is smooth.
fn time_panels(onset: &Onset<'_>, never: &EndpointLaw) -> (Vec<f64>, Vec<Panel>) {
    let begins = || onset.first_months();
    let first = begins().fold(f64::INFINITY, f64::min);
    let mut kinks: Vec<f64> = begins().chain(never.cuts().iter().copied()).collect();
    kinks.extend(&onset.fixed);
    // Where the law of onset begins it may be no polynomial: graded edges there, for every integral over the law.
    kinks.extend(onset.edges.iter().map(|x| first + x));
    kinks.retain(|&month| month > 0.0);
    kinks.sort_unstable_by(f64::total_cmp);
    kinks.dedup_by(|b, a| *b - *a < 1e-7);
    let apart = kinks.len().div_ceil(KINKS);
    let mut edges: Vec<f64> = kinks.iter().copied().step_by(apart).collect();
    // Shape of the law of onset, seen from where each effect begins.
    for begin in begins().take(4).chain(onset.fixed.iter().copied()).take(6) {
        edges.extend(onset.edges.iter().map(|x| begin + x));
    }
    edges.push(0.0);
    edges.retain(|&month| month < END);
    edges.sort_unstable_by(f64::total_cmp);
    edges.dedup_by(|b, a| *b - *a < 1e-7);
    edges.push(END);
    let fine = 0.07 * onset.scale();
    let mut panels = Vec::new();
    for pair in edges.windows(2) {
        let (mut start, middle) = (pair[0], 0.5 * (pair[0] + pair[1]));
        let rate = never.fastest(if pair[1] == END { start } else { middle });
        let mut length = if rate > 0.0 { (1.5 / rate).max(1e-9 * pair[1]) } else { pair[1] - start };
        while start < pair[1] {
            let end = if start + 1.25 * length >= pair[1] { pair[1] } else { start + length };
            let short = rate * (end - start) < 0.05 && end - start < fine;
            panels.push(Panel { start, end, nodes: if short { 4 } else { 12 } });
            length = end - pair[0];
            start = end;
            if never.survival(start) < GONE {
                return (kinks, panels);
            }
        }
    }
    (kinks, panels)
}

/// Survival and density of the mixture at the nodes of time, being summed up.
struct Values {
    times: Vec<f64>,
    survival: Vec<f64>,
    density: Vec<f64>,
    never: [Vec<f64>; 2],
    scratch: [Vec<f64>; 2],
}

impl Values {
    fn new(times: Vec<f64>, never: &EndpointLaw) -> Self {
        let empty = vec![0.0; times.len()];
        let mut untreated = [empty.clone(), empty.clone()];
        let [survival, density] = &mut untreated;
        never.tabulate(&times, survival, density);
        Self {
            survival: empty.clone(),
            density: empty.clone(),
            never: untreated,
            scratch: [empty.clone(), empty],
            times,
        }
    }

    /// Adds `weight` times `law` at the times from index `first` on, and the untreated law before; times that are
    /// `skipped` are left alone.
    fn add(&mut self, weight: f64, law: &EndpointLaw, first: usize, skipped: impl Fn(usize) -> bool) {
        let [survival, density] = &mut self.scratch;
        law.tabulate(&self.times[first..], &mut survival[first..], &mut density[first..]);
        for i in 0..self.times.len() {
            if skipped(i) {
                continue;
            }
            let (s, f) =
                if i < first { (self.never[0][i], self.never[1][i]) } else { (self.scratch[0][i], self.scratch[1][i]) };
            self.survival[i] += weight * s;
            self.density[i] += weight * f;
        }
    }

    /// Sums over the month of onset.
    fn integrate(
        &mut self,
        onset: &Onset<'_>,
        law_of: &impl Fn(Vec<(f64, Course)>) -> Result<EndpointLaw, Invalid>,
    ) -> Result<(), Invalid> {
        let mut mass = 0.0;
        for panel in onset.edges.windows(2) {
            let (low, high) = (panel[0], panel[1]);
            // Times whose kinks lie on this panel are done one by one.
            let cut: Vec<bool> =
                self.times.iter().map(|&time| onset.values_at(time).any(|x| x > low && x < high)).collect();
            for (x, width) in legendre(NODES).on(low, high) {
                let courses = onset.courses(x)?;
                let weight = width * courses.iter().map(|(weight, _)| weight).sum::<f64>();
                mass += weight;
                if weight < 1e-15 {
                    continue;
                }
                let first = self.times.partition_point(|&time| time < onset.begins(x));
                self.add(weight, &law_of(courses)?, first, |i| cut[i]);
            }
            for i in (0..self.times.len()).filter(|&i| cut[i]) {
                let time = self.times[i];
                let mut edges: Vec<f64> =
                    onset.values_at(time).filter(|&x| x > low && x < high).chain([low, high]).collect();
                edges.sort_unstable_by(f64::total_cmp);
                for part in edges.windows(2) {
                    for (x, width) in legendre(NODES).on(part[0], part[1]) {
                        if onset.begins(x) > time {
                            let weight = width * onset.density(x);
                            self.survival[i] += weight * self.never[0][i];
                            self.density[i] += weight * self.never[1][i];
                            continue;
                        }
                        let courses = onset.courses(x)?;
                        let weight = width * courses.iter().map(|(weight, _)| weight).sum::<f64>();
                        if weight < 1e-15 {
                            continue;
                        }
                        let law = law_of(courses)?;
                        self.survival[i] += weight * law.survival(time);
                        self.density[i] += weight * law.density(time);
                    }
                }
            }
        }
        let rest = 1.0 - mass;
        if rest > 0.0 {
            let first = self.times.partition_point(|&time| time < onset.begins(0.0));
            self.add(rest, &law_of(onset.lowest()?)?, first, |_| false);
        }
        Ok(())
    }

    /// Chebyshev series through the values.
    fn fitted(self, panels: &[Panel], kinks: Vec<f64>, onset: &Onset<'_>) -> Tabulated {
        let mut table = Tabulated {
            starts: Vec::with_capacity(panels.len()),
            end: END,
            places: vec![0],
            coefficients: Vec::new(),
            kinks,
            fastest: 0.0,
            settled: onset.shift + onset.edges.last().copied().unwrap_or(0.0),
            onset: 2.0 / onset.scale(),
        };
        let mut from = 0;
        for panel in panels {
            let (survival, density) =
                (&self.survival[from..from + panel.nodes], &self.density[from..from + panel.nodes]);
            from += panel.nodes;
            if survival.iter().any(|&s| s < GONE) && !table.starts.is_empty() {
                break;
            }
            table.starts.push(panel.start);
            table.end = panel.end;
            let cumulative: Vec<f64> = survival.iter().map(|&s| -s.max(f64::MIN_POSITIVE).ln()).collect();
            let hazard: Vec<f64> = survival.iter().zip(density).map(|(&s, f)| f / s.max(f64::MIN_POSITIVE)).collect();
            table.fastest = hazard.iter().copied().fold(table.fastest, f64::max);
            series(&cumulative, &mut table.coefficients);
            series(&hazard, &mut table.coefficients);
            table.places.push(table.coefficients.len());
        }
        table
    }
}

/// Appends the Chebyshev coefficients of the interpolant through values at [`nodes`].
fn series(values: &[f64], into: &mut Vec<f64>) {
    let count = values.len() as f64;
    for k in 0..values.len() {
        // The nodes ascend, so that node i lies at −cos(π(i + ½)/n).
        let sum: f64 = values
            .iter()
            .rev()
            .enumerate()
            .map(|(i, value)| value * (std::f64::consts::PI * k as f64 * (i as f64 + 0.5) / count).cos())
            .sum();
        into.push(if k == 0 { sum / count } else { 2.0 * sum / count });
    }
}
