//! A product that must be made for each patient, or that takes longer to work in some patients than in others.

use crate::invalid::{Invalid, require};
use crate::survival::{Course, Effect, Treatment, Waiting};

/// What the patients of one arm and stratum wait for. Three draws of the patient's own decide, independently of each other
/// and of everything else about the patient: whether the product can be made, how long that takes, and how long it then
/// takes to work (one draw for the delays of all three transitions, which therefore rise and fall together).
///
/// A patient whose product fails, or who progresses before it arrives, gets no effect. The courses beside it
/// ([`crate::truth::ArmStratum::courses`]) are those of patients without the product.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    /// Probability that the product cannot be made, in [0, 1].
    pub failure: f64,
    /// Months from randomisation to the product.
    pub wait: Waiting,
    /// Effects on progression, death without progression and death after progression, in true non-responders (index 0) and
    /// true responders (index 1).
    pub effects: [[Effect; 3]; 2],
}

impl Product {
    /// The treatment of patients whose product can be made and who follow the course `untreated` without it.
    pub fn treatment(&self, untreated: &Course, responder: bool) -> Treatment {
        let effects = self.effects[usize::from(responder)].clone();
        Treatment { untreated: untreated.clone(), wait: self.wait, effects }
    }

    /// Verifies the numbers, and that `courses` are those of patients without the product.
    pub(super) fn check(&self, courses: &[Course; 2]) -> Result<(), Invalid> {
        let failure = self.failure;
        require((0.0..=1.0).contains(&failure), "probability of failure", failure, "it must be in [0, 1]")?;
        for (course, responder) in courses.iter().zip([false, true]) {
            let effect = course.after_effect.ratios().iter().copied().find(|&ratio| ratio != 1.0).unwrap_or(1.0);
            require(effect == 1.0, "hazard ratio after progression", effect, "without the product it must be 1")?;
            let treatment = self.treatment(course, responder);
            treatment.course(self.wait.mean(), treatment.effects.each_ref().map(|effect| effect.delay.mean()))?;
        }
        Ok(())
    }

    /// Pieces of the step functions of all effects.
    pub(crate) fn pieces(&self) -> usize {
        let effects = self.effects.iter().flatten();
        effects.map(|effect| effect.ratio.ratios().len()).sum()
    }
}
