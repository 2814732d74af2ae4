//! What happens after progression that the protocol did not randomise: later therapy, and crossover to the product.

use crate::invalid::{Invalid, require};
use crate::survival::{Clock, Course, HazardRatio};

/// What the patients of one arm and stratum may receive once they have progressed. Both are decided at progression by a
/// draw of their own, independent of each other and of everything else about the patient; a patient may receive both, and
/// the hazard ratios then multiply.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Later {
    /// Therapy after progression.
    pub therapy: Option<Therapy>,
    /// Crossover to an experimental arm's product.
    pub crossover: Option<Crossover>,
}

/// Therapy after progression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Therapy {
    /// Probability that a patient who progresses receives it, in [0, 1].
    pub probability: f64,
    /// Its hazard ratio on death after progression, from progression on.
    pub hazard_ratio: f64,
}

/// Crossover at progression.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossover {
    /// Probability that a patient who progresses crosses over, in [0, 1].
    pub probability: f64,
    /// The product's effect on death after progression by months since the crossover: its delay starts anew there.
    pub effect: HazardRatio,
}

impl Later {
    /// The four histories after progression with their probabilities, in the order: neither, therapy, crossover, both.
    ///
    /// With p the probability of therapy, q of crossover: (1 − p)(1 − q), p(1 − q), (1 − p)q, pq. Given the month u of
    /// progression, survival after it is the mixture `P₁₁(u, s) = Σ wᵢ·exp(−Λ₁₂ᵢ(u, s))` (Luo, Mao, Chen, Qiu, Yang and Gould
    /// 2019 treat the same hybrid), and since the wᵢ do not depend on u, every law is the mixture of the four courses.
    ///
    /// # Errors
    /// [`Invalid`] for a number out of range, or a crossover effect that changes over time where the hazard of death after
    /// progression goes on from randomisation and changes too: that would be two clocks.
    pub fn histories(&self, course: &Course) -> Result<[(f64, Course); 4], Invalid> {
        let therapy = self.therapy.unwrap_or(Therapy { probability: 0.0, hazard_ratio: 1.0 });
        let p = require_probability(therapy.probability, "probability of later therapy")?;
        let q = self.crossover.as_ref().map_or(0.0, |crossover| crossover.probability);
        let q = require_probability(q, "probability of crossover")?;
        let treated = |course: &Course| -> Result<Course, Invalid> {
            Ok(Course { after_baseline: course.after_baseline.scaled(therapy.hazard_ratio)?, ..course.clone() })
        };
        let crossed = match &self.crossover {
            Some(crossover) => crossover.course(course)?,
            None => course.clone(),
        };
        Ok([
            ((1.0 - p) * (1.0 - q), course.clone()),
            (p * (1.0 - q), treated(course)?),
            ((1.0 - p) * q, crossed.clone()),
            (p * q, treated(&crossed)?),
        ])
    }
}

fn require_probability(value: f64, what: &'static str) -> Result<f64, Invalid> {
    require((0.0..=1.0).contains(&value), what, value, "it must be in [0, 1]")
}

impl Crossover {
    /// The course of a patient who crosses over: the effect joins the baseline, on the clock since progression.
    fn course(&self, course: &Course) -> Result<Course, Invalid> {
        let baseline = &course.after_baseline;
        if let [ratio] = self.effect.ratios() {
            return Ok(Course { after_baseline: baseline.scaled(*ratio)?, ..course.clone() });
        }
        let pieces = baseline.rates().len();
        require(
            course.clock == Clock::SinceProgression || pieces == 1,
            "pieces of the hazard of death after progression",
            pieces as f64,
            "it must be constant or restart at progression where a crossover's effect changes over time",
        )?;
        let after_baseline = self.effect.applied_to(baseline)?;
        Ok(Course { after_baseline, clock: Clock::SinceProgression, ..course.clone() })
    }
}
