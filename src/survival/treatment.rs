//! A treatment whose effect sets in after a waiting time that may differ between patients: courses by month of onset.
//!
//! A patient waits W months for the product, and then Lₖ months for its effect on transition k. Whoever has the first
//! event before W never gets the product. The delays of one patient rise and fall together: `Lₖ = Fₖ⁻¹(U)` with one uniform
//! U per patient (comonotone), independent of W.

use crate::invalid::Invalid;
use crate::numerics::gamma;
use crate::numerics::quadrature::legendre;
use crate::survival::{Course, HazardRatio, Waiting};

/// The effect on one transition.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// Hazard ratio by months since the delay ended.
    pub ratio: HazardRatio,
    /// Delay from treatment.
    pub delay: Waiting,
}

/// Courses of patients who are given one product, by the month in which it takes effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Treatment {
    /// Course of a patient who never gets the product.
    pub untreated: Course,
    /// Months from randomisation to the product.
    pub wait: Waiting,
    /// Effects on progression, death without progression, and death after progression.
    pub effects: [Effect; 3],
}

/// Probability of the upper tail of a waiting time that is left out.
const TAIL: f64 = 1e-10;
/// Months beyond which an onset is never.
const NEVER: f64 = 5000.0;
/// A jump of the ratio below this is no kink worth a panel edge.
const JUMP: f64 = 0.04;
/// Nodes for the wait given the month of onset.
const SPLIT: usize = 8;
/// Most edges that cuts of the hazards may add.
const CUTS: usize = 64;

/// What the courses differ by, and its law.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Axis {
    /// Nothing.
    Point,
    /// The delay of this law; the wait is fixed.
    Delay(Waiting),
    /// The wait; delays are fixed.
    Wait,
    /// Wait and delay of this law: their sum.
    Sum(Waiting),
}

/// The month of onset as a variable of integration: panels on which every course is a smooth function of it.
#[derive(Debug, Clone)]
pub(crate) struct Onset<'a> {
    treatment: &'a Treatment,
    axis: Axis,
    /// Edges of the panels, ascending; what lies below the first is lumped there.
    pub edges: Vec<f64>,
    /// Months from the variable to the month of onset on the clock since randomisation.
    pub shift: f64,
    /// Where effects begin or jump as seen from the variable.
    pub jumps: Vec<Jump>,
    /// Months since randomisation at which an effect jumps in every patient.
    pub fixed: Vec<f64>,
}

/// A jump of an effect: so many months after the delay of this law has ended, or after the value of the variable.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Jump {
    /// A law of delay other than the variable's.
    law: Option<Waiting>,
    months: f64,
}

impl Treatment {
    /// The course of a patient whose product arrives at month `wait` and takes the `delays` to work.
    ///
    /// # Errors
    /// [`Invalid`] if a hazard overflows.
    pub fn course(&self, wait: f64, delays: [f64; 3]) -> Result<Course, Invalid> {
        let [first, death, after] = &self.effects;
        let untreated = &self.untreated;
        Ok(Course {
            progression: first.ratio.later(wait + delays[0])?.applied_to(&untreated.progression)?,
            death: death.ratio.later(wait + delays[1])?.applied_to(&untreated.death)?,
            after_effect: after.ratio.later(wait + delays[2])?,
            product_at: wait,
            ..untreated.clone()
        })
    }

    /// The course of all patients, if it is one.
    ///
    /// # Errors
    /// [`Invalid`] if a hazard overflows.
    pub fn fixed(&self) -> Result<Option<Course>, Invalid> {
        let onset = self.onset();
        if onset.axis != Axis::Point {
            return Ok(None);
        }
        self.course(self.wait.mean(), onset.delays(0.0, None)).map(Some)
    }

    /// The treatment of patients cured of the transitions that are `true`.
    #[must_use]
    pub fn cured_of(&self, progression: bool, death: bool, after_progression: bool) -> Self {
        Self { untreated: self.untreated.cured_of(progression, death, after_progression), ..self.clone() }
    }

    /// The courses as finitely many classes, with weights that sum to 1: for figures that need the joint law of both
    /// endpoints. Survival is within about 1e-5 of the exact mixture.
    ///
    /// # Errors
    /// [`Invalid`] if a hazard overflows.
    pub fn classes(&self) -> Result<Vec<(f64, Course)>, Invalid> {
        if let Some(course) = self.fixed()? {
            return Ok(vec![(1.0, course)]);
        }
        let onset = self.onset();
        let mut classes = Vec::new();
        let mut lowest = 1.0;
        for panel in onset.edges.windows(2) {
            let mass: f64 = legendre(8).on(panel[0], panel[1]).map(|(x, width)| width * onset.density(x)).sum();
            lowest -= mass;
            if mass < 1e-7 {
                continue;
            }
            let rule = legendre(if mass < 1e-3 { 1 } else { 4 });
            for (x, width) in rule.on(panel[0], panel[1]) {
                classes.extend(onset.courses(x)?.into_iter().map(|(weight, course)| (width * weight, course)));
            }
        }
        if lowest > 1e-9 {
            classes.extend(onset.lowest()?.into_iter().map(|(weight, course)| (lowest * weight, course)));
        }
        let total: f64 = classes.iter().map(|(weight, _)| weight).sum();
        for (weight, _) in &mut classes {
            *weight /= total;
        }
        Ok(classes)
    }

    pub(crate) fn onset(&self) -> Onset<'_> {
        let working = || self.effects.iter().filter(|effect| !effect.ratio.is_one());
        let lead = working().map(|effect| effect.delay).find(Waiting::is_random);
        let axis = match (self.wait.is_random() && working().next().is_some(), lead) {
            (false, None) => Axis::Point,
            (false, Some(law)) => Axis::Delay(law),
            (true, None) => Axis::Wait,
            (true, Some(law)) => Axis::Sum(law),
        };
        let (mut jumps, mut fixed_jumps) = (Vec::new(), vec![self.wait.mean()]);
        for effect in working() {
            let (law, months) = match (axis, effect.delay) {
                (Axis::Delay(lead) | Axis::Sum(lead), law) if law.is_random() => ((law != lead).then_some(law), 0.0),
                (_, delay) => (None, delay.mean()),
            };
            // The wait alone is no axis for a fixed delay where the sum of both is.
            let follows = axis == Axis::Wait || effect.delay.is_random();
            let mut before = 1.0;
            for (index, (start, &ratio)) in effect.ratio.starts().iter().zip(effect.ratio.ratios()).enumerate() {
                if follows && (index == 0 || (ratio - before).abs() >= JUMP) {
                    jumps.push(Jump { law, months: months + start });
                } else if !follows && !self.wait.is_random() {
                    fixed_jumps.push(self.wait.mean() + start + months);
                }
                before = ratio;
            }
        }
        jumps.sort_unstable_by(|one, other| one.months.total_cmp(&other.months));
        jumps.dedup();
        let shift = match axis {
            Axis::Delay(_) => self.wait.mean(),
            _ => 0.0,
        };
        let mut onset = Onset { treatment: self, axis, edges: Vec::new(), shift, jumps, fixed: fixed_jumps };
        onset.edges = onset.panels();
        onset
    }
}

impl Onset<'_> {
    /// Length of the panels where they are not halved: the scale on which its density varies, months.
    pub(crate) fn scale(&self) -> f64 {
        1.5 * self.sd()
    }

    /// Standard deviation of the variable.
    pub(crate) fn sd(&self) -> f64 {
        match self.axis {
            Axis::Point => 0.0,
            Axis::Delay(law) => law.sd(),
            Axis::Wait => self.treatment.wait.sd(),
            Axis::Sum(law) => law.sd().hypot(self.treatment.wait.sd()),
        }
    }

    /// Edges from the largest value down: steps of 1.5 standard deviations, halved near 0 until what is left there is
    /// nothing, and the cuts of the hazards.
    fn panels(&self) -> Vec<f64> {
        let wait = &self.treatment.wait;
        let (highest, below): (f64, Box<dyn Fn(f64) -> f64>) = match self.axis {
            Axis::Point => return Vec::new(),
            Axis::Delay(law) => (law.upper_quantile(TAIL), Box::new(move |x| law.over_by(x))),
            Axis::Wait => (wait.upper_quantile(TAIL), Box::new(|x| wait.over_by(x))),
            Axis::Sum(law) => (
                wait.upper_quantile(TAIL) + law.upper_quantile(TAIL),
                Box::new(move |x| law.over_by(x) * wait.over_by(x)),
            ),
        };
        let step = self.scale();
        let mut x = highest.min(NEVER);
        let mut edges = vec![x];
        while x > 1e-12 && x * below(x) > 1e-10 {
            x = (x - step).max(0.5 * x);
            edges.push(x);
        }
        let (low, high) = (x, edges[0]);
        let untreated = &self.treatment.untreated;
        let hazards = [&untreated.progression, &untreated.death, &untreated.after_baseline];
        let cuts: Vec<f64> = hazards
            .iter()
            .flat_map(|hazard| &hazard.starts()[1..])
            .flat_map(|&cut| self.values_at(cut))
            .filter(|&x| x > low && x < high)
            .collect();
        if cuts.len() <= CUTS {
            edges.extend(cuts);
        }
        edges.sort_unstable_by(f64::total_cmp);
        edges.dedup_by(|b, a| *b - *a < 1e-9);
        edges
    }

    /// Values of the variable for which an effect jumps just at month `time`.
    pub(crate) fn values_at(&self, time: f64) -> impl Iterator<Item = f64> {
        self.jumps.iter().map(move |jump| {
            let months = time - self.shift - jump.months;
            match (jump.law, self.axis) {
                (Some(law), Axis::Delay(lead)) if months > 0.0 => comonotone(law, lead, months),
                _ => months,
            }
        })
    }

    /// Month at which the first effect begins for the value `x` of the variable.
    pub(crate) fn begins(&self, x: f64) -> f64 {
        let begin = |jump: &Jump| {
            let months = match (jump.law, self.axis) {
                (Some(law), Axis::Delay(lead)) => comonotone(lead, law, x),
                // Given the sum, the delay of another law may be as short as you please.
                (Some(_), _) => 0.0,
                (None, _) => x,
            };
            self.shift + jump.months + months
        };
        let fixed = self.fixed.iter().copied().fold(f64::INFINITY, f64::min);
        let sum_of_other = matches!(self.axis, Axis::Sum(_)) && self.has_fixed_delay();
        self.jumps
            .iter()
            .map(begin)
            .fold(if sum_of_other || self.fixed.len() > 1 { fixed } else { f64::INFINITY }, f64::min)
    }

    /// Months at which features of the law begin, for the smallest values of the variable.
    pub(crate) fn first_months(&self) -> impl Iterator<Item = f64> {
        self.jumps.iter().map(|jump| self.shift + jump.months)
    }

    fn has_fixed_delay(&self) -> bool {
        self.treatment.effects.iter().any(|effect| !effect.ratio.is_one() && !effect.delay.is_random())
    }

    /// Density of the variable at `x`.
    pub(crate) fn density(&self, x: f64) -> f64 {
        match self.axis {
            Axis::Point => 0.0,
            Axis::Delay(law) => law.density(x),
            Axis::Wait => self.treatment.wait.density(x),
            Axis::Sum(law) => tanh_sinh(x, |wait, delay| self.treatment.wait.density(wait) * law.density(delay)),
        }
    }

    /// Courses at `x`, weighted by the density of the variable there.
    pub(crate) fn courses(&self, x: f64) -> Result<Vec<(f64, Course)>, Invalid> {
        let treatment = self.treatment;
        let wait = treatment.wait.mean();
        Ok(match self.axis {
            Axis::Point => Vec::new(),
            Axis::Delay(law) => vec![(law.density(x), treatment.course(wait, self.delays(x, Some(law)))?)],
            Axis::Wait => vec![(treatment.wait.density(x), treatment.course(x, self.delays(0.0, None))?)],
            Axis::Sum(law) => {
                if self.sum_is_enough(law) {
                    return Ok(vec![(self.density(x), treatment.course(0.0, [x; 3])?)]);
                }
                let joint = |wait: f64, delay: f64| treatment.wait.density(wait) * law.density(delay);
                let mut courses = Vec::with_capacity(SPLIT);
                for (wait, weight) in gauss_of(x, joint) {
                    courses.push((weight, treatment.course(wait, self.delays(x - wait, Some(law)))?));
                }
                courses
            }
        })
    }

    /// Courses of those below the first edge, with weights that sum to 1.
    pub(crate) fn lowest(&self) -> Result<Vec<(f64, Course)>, Invalid> {
        let x = 0.5 * self.edges.first().copied().unwrap_or(0.0);
        let mut courses = self.courses(x)?;
        let total: f64 = courses.iter().map(|(weight, _)| weight).sum();
        if total > 0.0 {
            for (weight, _) in &mut courses {
                *weight /= total;
            }
        } else {
            courses.truncate(1);
            for (weight, _) in &mut courses {
                *weight = 1.0;
            }
        }
        Ok(courses)
    }

    /// Whether the courses depend on the sum of wait and delay alone: one law of delay, and no patient who progresses
    /// while waiting whose later hazard the product would have changed.
    fn sum_is_enough(&self, law: Waiting) -> bool {
        let treatment = self.treatment;
        let one_law = treatment.effects.iter().all(|effect| effect.ratio.is_one() || effect.delay == law);
        one_law && (treatment.effects[2].ratio.is_one() || treatment.untreated.progression.is_zero())
    }

    /// Delays of the three transitions when the one of law `lead` is `months`.
    fn delays(&self, months: f64, lead: Option<Waiting>) -> [f64; 3] {
        let delay = |effect: &Effect| match (effect.delay, lead) {
            (Waiting::Fixed(fixed), _) => fixed,
            (law, Some(lead)) if law == lead => months,
            (law, Some(lead)) => comonotone(lead, law, months),
            (law, None) => law.mean(),
        };
        [delay(&self.treatment.effects[0]), delay(&self.treatment.effects[1]), delay(&self.treatment.effects[2])]
    }
}

/// The delay of law `other` in a patient whose delay of law `lead` is `months`: the same quantile of both.
fn comonotone(lead: Waiting, other: Waiting, months: f64) -> f64 {
    match lead {
        Waiting::Fixed(_) => other.mean(),
        Waiting::Gamma { shape, scale, .. } => {
            let below = gamma::cdf(shape, months / scale);
            if below < 0.5 {
                other.quantile(below)
            } else {
                other.upper_quantile(gamma::sf(shape, months / scale).max(1e-300))
            }
        }
    }
}

/// Nodes of [`tanh_sinh`]: step and reach of the transformed variable.
const STEP: f64 = 0.11;
const REACH: i32 = 34;

/// Points (w, x − w) of [0, `x`] with weights, double exponentially dense at both ends (Takahasi and Mori 1974), so that
/// the powers of gamma densities at 0 do no harm.
fn ends(x: f64) -> impl Iterator<Item = (f64, f64, f64)> {
    (-REACH..=REACH).map(move |i| {
        let t = STEP * f64::from(i);
        let (sinh, cosh) = (std::f64::consts::FRAC_PI_2 * t.sinh(), std::f64::consts::FRAC_PI_2 * t.cosh());
        let low = 1.0 / (1.0 + (-2.0 * sinh).exp());
        let high = 1.0 / (1.0 + (2.0 * sinh).exp());
        (x * low, x * high, x * STEP * 2.0 * low * high * cosh)
    })
}

/// ∫₀ˣ f(w, x − w) dw.
fn tanh_sinh(x: f64, f: impl Fn(f64, f64) -> f64) -> f64 {
    ends(x).map(|(low, high, weight)| weight * f(low, high)).sum()
}

/// Gauss rule of [`SPLIT`] nodes for the measure f(w, x − w) dw on [0, `x`]: pairs of w and weight. The recurrence of its
/// orthogonal polynomials by Stieltjes's procedure on a discretised measure (Gautschi 2004, section 2.2), nodes and
/// weights by Golub and Welsch 1969.
fn gauss_of(x: f64, f: impl Fn(f64, f64) -> f64) -> Vec<(f64, f64)> {
    let points: Vec<(f64, f64)> = ends(x).map(|(low, high, weight)| (low / x, weight * f(low, high))).collect();
    let total: f64 = points.iter().map(|point| point.1).sum();
    if !(total > 0.0 && total.is_finite()) {
        return vec![(0.5 * x, 0.0)];
    }
    let (mut diagonal, mut beside) = (Vec::new(), Vec::new());
    let mut before = vec![0.0; points.len()];
    let mut here = vec![1.0; points.len()];
    let (mut norm, mut norm_before) = (total, 0.0);
    for k in 0..SPLIT {
        let alpha = points.iter().zip(&here).map(|((w, mass), p)| mass * w * p * p).sum::<f64>() / norm;
        let beta = if k == 0 { 0.0 } else { norm / norm_before };
        diagonal.push(alpha);
        if k > 0 {
            beside.push(beta.sqrt());
        }
        let next: Vec<f64> =
            points.iter().zip(&here).zip(&before).map(|(((w, _), p), q)| (w - alpha) * p - beta * q).collect();
        before = std::mem::replace(&mut here, next);
        norm_before = norm;
        norm = points.iter().zip(&here).map(|((_, mass), p)| mass * p * p).sum();
        if norm <= 1e-26 * total {
            break;
        }
    }
    let size = diagonal.len();
    let jacobi = nalgebra::DMatrix::from_fn(size, size, |row, column| match row.abs_diff(column) {
        0 => diagonal[row],
        1 => beside[row.min(column)],
        _ => 0.0,
    });
    let eigen = jacobi.symmetric_eigen();
    (0..size).map(|i| (x * eigen.eigenvalues[i].clamp(0.0, 1.0), total * eigen.eigenvectors[(0, i)].powi(2))).collect()
}
