//! The law of an endpoint over classes of patients: survival, density, hazard, quantiles, restricted mean.

use crate::invalid::{Invalid, require};
use crate::survival::semi_markov::Panel;
use crate::survival::shapes::{Scaled, Shape};
use crate::survival::tabulated::Tabulated;
use crate::survival::{Course, Endpoint, Frailty, HazardRatio, PiecewiseHazard, TimeGrid, Treatment};

/// One class of patients: its share, its course, and the law of its frailty factor.
#[derive(Debug, Clone, PartialEq)]
pub struct Class {
    /// Share of patients, in [0, 1].
    pub weight: f64,
    /// Transition hazards for frailty factor 1.
    pub course: Course,
    /// Factor on all transition hazards, by patient.
    pub frailty: Frailty,
}

/// Patients who differ in the month in which their effect sets in: share of patients, courses by that month, frailty.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// Share of patients, in [0, 1].
    pub weight: f64,
    /// Courses by month of onset, and the law of that month.
    pub treatment: Treatment,
    /// Factor on all transition hazards, by patient; independent of the month of onset.
    pub frailty: Frailty,
}

/// The marginal law of an endpoint: a mixture over classes and frailty.
///
/// S(t) = Σ wᵢ Sᵢ(t), f(t) = Σ wᵢ fᵢ(t), hazard f/S: hazards of a mixture drift towards those of the patients who are left
/// (Vaupel, Manton and Stallard 1979). Times are months since randomisation; densities and hazards are per month and
/// right-continuous. Accuracy: 1e-13 per class; about 1e-10 over a frailty.
///
/// Cost per time: one exponential per class and frailty factor for PFS and for OS without progression, two for OS on the
/// clock since randomisation. Where the hazard after progression has several pieces and restarts its clock, one
/// exponential per factor and breakpoint: slow (tens of microseconds) if Weibull laws cut into hundreds of pieces meet.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointLaw {
    components: Vec<Component>,
    cuts: Vec<f64>,
}

#[derive(Debug, Clone, PartialEq)]
struct Component {
    shape: Shape,
    factors: Vec<f64>,
    weights: Vec<f64>,
    /// Markov: state probabilities per cell and factor, `[cell · factors + k]`.
    states: Vec<[f64; 2]>,
    /// Months from the first to before the second in which the component counts.
    window: [f64; 2],
    /// Whether only the patients alive after progression count.
    ill: bool,
}

/// From randomisation on.
const ALWAYS: [f64; 2] = [0.0, f64::INFINITY];

/// Weights (times the factor, if above 1) below this are left out.
const NEGLIGIBLE: f64 = 1e-14;
/// Latest month considered.
const FOREVER: f64 = 1e15;

impl EndpointLaw {
    /// The law of `endpoint` over `classes`, whose weights are scaled to sum to 1. Classes with equal laws are merged.
    ///
    /// # Errors
    /// [`Invalid`] if no class has a positive weight, a weight is negative, or hazards overflow.
    pub fn new(classes: &[Class], endpoint: Endpoint) -> Result<Self, Invalid> {
        Self::with_families(classes, &[], endpoint)
    }

    /// The law of `endpoint` over `classes` and `families` together; all weights are scaled to sum to 1.
    ///
    /// A family's law is tabulated: survival within 1e-8 (1e-5 with a ramp), see `survival/tabulated.rs`.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_families(classes: &[Class], families: &[Family], endpoint: Endpoint) -> Result<Self, Invalid> {
        let weights = || classes.iter().map(|class| class.weight).chain(families.iter().map(|family| family.weight));
        let total: f64 = weights().sum();
        require(total.is_finite() && total > 0.0, "sum of class weights", total, "it must be finite and above 0")?;
        for weight in weights() {
            require(weight >= 0.0, "class weight", weight, "it must be at least 0")?;
        }
        let mut components: Vec<Component> = Vec::new();
        for class in classes.iter().filter(|class| class.weight > 0.0) {
            for component in parts(class, class.weight / total, endpoint)? {
                let same = |other: &&mut Component| {
                    other.shape == component.shape
                        && other.factors == component.factors
                        && (other.window, other.ill) == (component.window, component.ill)
                };
                if let Some(other) = components.iter_mut().find(same) {
                    other.weights.iter_mut().zip(component.weights).for_each(|(sum, weight)| *sum += weight);
                } else {
                    components.push(component);
                }
            }
        }
        for family in families.iter().filter(|family| family.weight > 0.0) {
            let share = family.weight / total;
            if let Some(course) = family.treatment.fixed()? {
                let class = Class { weight: 1.0, course, frailty: family.frailty.clone() };
                components.extend(parts(&class, share, endpoint)?);
                continue;
            }
            let shape = Shape::Tabulated(Box::new(Tabulated::new(&family.treatment, &family.frailty, endpoint)?));
            components.push(Component::new(shape, vec![1.0], vec![share]));
        }
        let mut cuts = Vec::new();
        for component in &mut components {
            component.prepare();
            cuts.extend(component.shape.kinks());
            cuts.extend(component.window);
        }
        cuts.retain(|&cut| cut > 0.0 && cut < f64::INFINITY);
        cuts.sort_unstable_by(f64::total_cmp);
        cuts.dedup();
        Ok(Self { components, cuts })
    }

    /// The law of `endpoint` for patients who all follow `course`.
    ///
    /// # Errors
    /// [`Invalid`] if hazards overflow.
    pub fn of_course(course: &Course, endpoint: Endpoint) -> Result<Self, Invalid> {
        let class = Class { weight: 1.0, course: course.clone(), frailty: Frailty::none() };
        Self::new(&[class], endpoint)
    }

    /// Months at which the hazard has a kink, ascending, without 0: the panel edges of any quadrature.
    pub fn cuts(&self) -> &[f64] {
        &self.cuts
    }

    /// Fastest exponential rate of the law per month around `time`, for [`TimeGrid::new`].
    pub fn fastest(&self, time: f64) -> f64 {
        self.components.iter().map(|component| component.fastest(time)).fold(0.0, f64::max)
    }

    /// Survival and density (per month) at `times` (months, ascending; other orders are answered, but slowly).
    /// The three slices have one length; what is beyond the shortest is left as it is.
    pub fn tabulate(&self, times: &[f64], survival: &mut [f64], density: &mut [f64]) {
        survival.fill(0.0);
        density.fill(0.0);
        for component in &self.components {
            component.add(times, survival, density);
        }
        for value in survival {
            *value = value.min(1.0);
        }
    }

    /// Probability of no event by `time` (months; 1 before 0).
    pub fn survival(&self, time: f64) -> f64 {
        self.both(time).0
    }

    /// Density of the event at `time`, per month; 0 before month 0.
    pub fn density(&self, time: f64) -> f64 {
        if time < 0.0 { 0.0 } else { self.both(time).1 }
    }

    /// Hazard of the event at `time`, per month, of the patients still without it; well defined however few they are.
    pub fn hazard(&self, time: f64) -> f64 {
        if time < 0.0 {
            return 0.0;
        }
        let (survival, density) = self.both(time);
        if survival > 1e-250 {
            return density / survival;
        }
        let time = within(time);
        let mut parts = Vec::new();
        for component in self.components.iter().filter(|component| component.counts_at(time)) {
            for (&factor, &weight) in component.factors.iter().zip(&component.weights) {
                parts.push((weight, component.scaled(time, factor)));
            }
        }
        let top = parts.iter().map(|(_, part)| part.log_scale).fold(f64::NEG_INFINITY, f64::max);
        let (mut survival, mut density) = (0.0, 0.0);
        for (weight, part) in parts {
            let weight = weight * (part.log_scale - top).exp();
            survival += weight * part.survival;
            density += weight * part.density;
        }
        if survival > 0.0 { density / survival } else { 0.0 }
    }

    /// Time by which half the patients have had the event; `None` if that is never reached.
    pub fn median(&self) -> Option<f64> {
        self.quantile(0.5)
    }

    /// First time by which a share `probability` (in [0, 1]) of the patients have had the event; `None` if it is never
    /// reached. Bisection on the survival function to the last digit.
    pub fn quantile(&self, probability: f64) -> Option<f64> {
        if probability <= 0.0 {
            return Some(0.0);
        }
        let reached = |time: f64| self.survival(time) <= 1.0 - probability;
        let mut high = self.cuts.last().copied().unwrap_or(0.0).max(1.0);
        while !reached(high) {
            high *= 4.0;
            if high > FOREVER {
                return None;
            }
        }
        let mut low = 0.0;
        for _ in 0..1100 {
            let middle = if low > 0.0 && high > 4.0 * low { (low * high).sqrt() } else { 0.5 * (low + high) };
            if middle <= low || middle >= high {
                break;
            }
            if reached(middle) {
                high = middle;
            } else {
                low = middle;
            }
        }
        Some(high)
    }

    /// Restricted mean ∫₀ᵗ S(s) ds, months, up to month `to`, by aligned Gauss–Legendre panels (1e-12 relative).
    pub fn restricted_mean(&self, to: f64) -> f64 {
        let grid = self.grid(0.0, to);
        let (mut survival, mut density) = (vec![0.0; grid.times.len()], vec![0.0; grid.times.len()]);
        self.tabulate(&grid.times, &mut survival, &mut density);
        grid.integrate(survival)
    }

    /// The aligned quadrature grid of this law on [`from`, `to`] (months).
    pub fn grid(&self, from: f64, to: f64) -> TimeGrid {
        TimeGrid::new(&self.cuts, from, to.min(FOREVER), |time| self.fastest(time))
    }

    fn both(&self, time: f64) -> (f64, f64) {
        let time = [within(time)];
        let (mut survival, mut density) = ([0.0], [0.0]);
        self.tabulate(&time, &mut survival, &mut density);
        (survival[0], density[0])
    }
}

/// `time` moved into [0, [`FOREVER`]]; what is not a number becomes 0.
fn within(time: f64) -> f64 {
    if time > 0.0 { time.min(FOREVER) } else { 0.0 }
}

/// The components of one class of `share`.
///
/// Where patients wait for a product until month w and it changes death after progression, those who progress before w
/// and those who are well at w go different ways: up to w nobody has the effect; from w on the law is that of the
/// untreated ill plus that of the patients well at w, of whom a share exp(−κΛ(w)) is left, Λ the cumulative hazard of
/// progression or death and κ the frailty factor.
fn parts(class: &Class, share: f64, endpoint: Endpoint) -> Result<Vec<Component>, Invalid> {
    let course = &class.course;
    let factors = class.frailty.factors();
    let weights: Vec<f64> = class.frailty.weights().iter().map(|weight| share * weight).collect();
    let waits = course.product_at > 0.0
        && endpoint.is_death()
        && !course.progression.is_zero()
        && !course.after_effect.is_one();
    if !waits {
        return Ok(vec![Component::new(Shape::new(course, endpoint)?, factors.to_vec(), weights)]);
    }
    let (never, arrival) = (PiecewiseHazard::zero(), course.product_at);
    let untreated = Course { after_effect: HazardRatio::one(), product_at: 0.0, ..course.clone() };
    let ill = Course { progression: course.progression.switched(&never, arrival)?, ..untreated.clone() };
    let well = Course {
        progression: never.switched(&course.progression, arrival)?,
        death: never.switched(&course.death, arrival)?,
        product_at: 0.0,
        ..course.clone()
    };
    let first = course.progression.cumulative(arrival) + course.death.cumulative(arrival);
    let left = weights.iter().zip(factors).map(|(weight, factor)| weight * (-factor * first).exp()).collect();
    let component = |shape, weights| Component::new(shape, factors.to_vec(), weights);
    Ok(vec![
        Component { window: [0.0, arrival], ..component(Shape::new(&untreated, endpoint)?, weights.clone()) },
        Component {
            window: [arrival, f64::INFINITY],
            ill: true,
            ..component(Shape::through_progression(&ill)?, weights)
        },
        Component { window: [arrival, f64::INFINITY], ..component(Shape::new(&well, endpoint)?, left) },
    ])
}

impl Component {
    fn new(shape: Shape, factors: Vec<f64>, weights: Vec<f64>) -> Self {
        Self { shape, factors, weights, states: Vec::new(), window: ALWAYS, ill: false }
    }

    fn counts_at(&self, time: f64) -> bool {
        self.window[0] <= time && time < self.window[1]
    }

    fn scaled(&self, time: f64, factor: f64) -> Scaled {
        if self.ill { self.shape.scaled_ill(time, factor) } else { self.shape.scaled(time, factor) }
    }

    /// Drops negligible factors and tabulates the Markov chain at its cells' starts.
    fn prepare(&mut self) {
        let keep: Vec<bool> = self
            .factors
            .iter()
            .zip(&self.weights)
            .map(|(factor, weight)| weight * factor.max(1.0) > NEGLIGIBLE)
            .collect();
        if keep.iter().any(|&kept| kept) {
            let mut kept = keep.iter();
            self.factors.retain(|_| kept.next().copied().unwrap_or(false));
            let mut kept = keep.iter();
            self.weights.retain(|_| kept.next().copied().unwrap_or(false));
        }
        if let Shape::Markov(markov) = &self.shape {
            let chains: Vec<Vec<[f64; 2]>> = self.factors.iter().map(|&factor| markov.states(factor)).collect();
            self.states =
                (0..markov.starts.len()).flat_map(|cell| chains.iter().map(move |chain| chain[cell])).collect();
        }
    }

    fn fastest(&self, time: f64) -> f64 {
        if !self.counts_at(time) {
            return 0.0;
        }
        let heavy = self.factors.iter().zip(&self.weights).filter(|(factor, weight)| *weight * **factor > 1e-11);
        let factor = heavy.map(|(factor, _)| *factor).fold(self.factors[0], f64::max);
        factor * self.shape.fastest(time)
    }

    fn add(&self, times: &[f64], survival: &mut [f64], density: &mut [f64]) {
        let always = self.window == ALWAYS;
        let points = times.iter().zip(survival.iter_mut().zip(density.iter_mut()));
        let points = points.filter(|(time, _)| always || self.counts_at(**time));
        match &self.shape {
            Shape::Single(hazard) if self.factors.len() == 1 => {
                let (factor, weight) = (self.factors[0], self.weights[0]);
                let mut walk = Walk::new(hazard.starts());
                for (&time, (survival, density)) in points {
                    let piece = walk.to(time);
                    let rate = factor * hazard.rates()[piece];
                    let value =
                        weight * (-factor * hazard.totals()[piece] - rate * (time - hazard.starts()[piece])).exp();
                    *survival += value;
                    *density += rate * value;
                }
            }
            Shape::Single(hazard) => {
                let mut walk = Walk::new(hazard.starts());
                for (&time, (survival, density)) in points {
                    let piece = walk.to(time);
                    let rate = hazard.rates()[piece];
                    let total = hazard.totals()[piece] + rate * (time - hazard.starts()[piece]);
                    let (mut alive, mut dying) = (0.0, 0.0);
                    for (factor, weight) in self.factors.iter().zip(&self.weights) {
                        let value = weight * (-factor * total).exp();
                        alive += value;
                        dying += factor * value;
                    }
                    *survival += alive;
                    *density += rate * dying;
                }
            }
            Shape::Markov(markov) => {
                let mut walk = Walk::new(&markov.starts);
                let many = self.factors.len();
                for (&time, (survival, density)) in points {
                    let piece = walk.to(time);
                    let (cell, width) = (&markov.cells[piece], time - markov.starts[piece]);
                    let states = &self.states[piece * many..(piece + 1) * many];
                    let well_counts = f64::from(u8::from(!self.ill));
                    let (mut alive, mut dying) = (0.0, 0.0);
                    for ((&factor, weight), &state) in self.factors.iter().zip(&self.weights).zip(states) {
                        let [well, ill] = cell.advance(state, factor, width);
                        let well = well_counts * well;
                        alive += weight * (well + ill);
                        dying += weight * factor * (well * cell.death + ill * cell.after);
                    }
                    *survival += alive;
                    *density += dying;
                }
            }
            Shape::Tabulated(table) => {
                let weight = self.weights[0];
                for (&time, (survival, density)) in points {
                    let [cumulative, hazard] = table.at(time);
                    let value = weight * (-cumulative).exp();
                    *survival += value;
                    *density += hazard * value;
                }
            }
            Shape::SemiMarkov(semi) => {
                let mut panels: Vec<Panel> = Vec::new();
                for (&time, (survival, density)) in points {
                    semi.panels(time, &mut panels);
                    for (&factor, weight) in self.factors.iter().zip(&self.weights) {
                        let (alive, dying) = semi.sum_panels(time, factor, 0.0, &panels, !self.ill);
                        *survival += weight * alive;
                        *density += weight * dying;
                    }
                }
            }
        }
    }
}

/// Finds the piece of ascending times without searching.
struct Walk<'a> {
    starts: &'a [f64],
    piece: usize,
}

impl<'a> Walk<'a> {
    fn new(starts: &'a [f64]) -> Self {
        Self { starts, piece: 0 }
    }

    #[inline]
    fn to(&mut self, time: f64) -> usize {
        if time < self.starts[self.piece] {
            self.piece = self.starts.partition_point(|&start| start <= time).saturating_sub(1);
        }
        while self.piece + 1 < self.starts.len() && self.starts[self.piece + 1] <= time {
            self.piece += 1;
        }
        self.piece
    }
}
