//! Plans of two stages: the patients behind them, bounds off the canonical law, what powers at the transition need.

use super::SeamlessSchedule;
use crate::adaptive::combination::bounds as two_stage;
use crate::adaptive::{Combining, Prospect};
use crate::engine::schedule::Cohort;
use crate::engine::{EngineError, PlannedLook, analytic};
use crate::protocol::{Combination, Protocol, Seamless, Stage1};
use crate::sequential::bounds::Sides;
use crate::sequential::{Bounds, EfficacyPlan, FutilityPlan};
use crate::statistics::Expectation;
use crate::transition::Statistic;
use crate::truth::{EntryLaw, Truth};

/// The studied patients of both phases; an experimental arm of phase II is studied with the chance `kept`.
pub(super) fn together(phase2: &Cohort, phase3: &Cohort, kept: f64) -> Cohort {
    let first: Vec<f64> =
        phase2.patients.iter().enumerate().map(|(arm, n)| if arm == 0 { *n } else { kept * n }).collect();
    let size = |patients: &[f64]| patients.iter().sum::<f64>();
    let entry =
        EntryLaw::joined(&[(size(&first), phase2.entry.clone()), (size(&phase3.patients), phase3.entry.clone())]);
    Cohort { entry, patients: first.iter().zip(&phase3.patients).map(|(first, second)| first + second).collect() }
}

/// A look that is planned with no more events than stage 1 has shown has nothing to test.
pub(super) fn refuse_no_increment(stage2: &[f64], before: f64) -> Result<(), EngineError> {
    match stage2.iter().position(|&events| events <= 0.0) {
        Some(look) => {
            let planned = stage2[look] + before;
            let reason = format!(
                "the look is planned with {planned:.1} events of the kept arms, but stage 1 is expected to have shown {before:.1} \
                 of them"
            );
            Err(EngineError::NoInformation { look, reason })
        }
        None => Ok(()),
    }
}

/// Bounds of a combination whose statistics do not follow the canonical law: found look by look (see [`two_stage::bounds`]).
pub(super) fn two_stage_bounds(
    protocol: &Protocol,
    function: &Combining,
    weight: f64,
    looks: &[PlannedLook],
) -> Result<Bounds, EngineError> {
    let not_covered = |feature: &str| {
        let feature = format!("{feature} with combination by {}", function.name());
        Err(EngineError::NotCovered { engine: "simulation", feature })
    };
    let (plan, count) = (&protocol.bounds, looks.len());
    if plan.sides == Sides::Two || plan.binding {
        return not_covered("two-sided bounds or binding futility");
    }
    let futility = match &plan.futility {
        None => vec![f64::NEG_INFINITY; count],
        Some(FutilityPlan::Bounds(bounds)) => bounds.clone(),
        Some(_) => return not_covered("futility other than bounds on the z scale"),
    };
    let efficacy = match &plan.efficacy {
        EfficacyPlan::Bounds(bounds) => bounds.clone(),
        _ if count == 1 => vec![crate::numerics::normal::upper_quantile(protocol.alpha)],
        EfficacyPlan::Spending(spending) => {
            let mut spent = 0.0;
            let cumulative: Vec<f64> = (0..count)
                .map(|k| {
                    if k + 1 == count {
                        spent = protocol.alpha;
                    } else if plan.efficacy_at.as_ref().is_none_or(|at| at[k]) {
                        spent = spending.spent(protocol.alpha, looks[k].spending_time);
                    }
                    spent
                })
                .collect();
            let fractions: Vec<f64> = looks.iter().map(|look| look.stage2_fraction).collect();
            two_stage::bounds(function.as_ref(), weight, &fractions, &cumulative)
                .map_err(|error| EngineError::Numerics(error.to_string()))?
        }
        _ => return not_covered("a family of bounds at several looks"),
    };
    Ok(Bounds { efficacy, futility })
}

/// Information and E score of a comparison.
#[derive(Debug, Clone, Copy, Default)]
struct Score {
    information: f64,
    mean: f64,
}

impl Score {
    fn less(self, other: Self) -> Self {
        Self { information: self.information - other.information, mean: self.mean - other.mean }
    }

    fn plus(self, other: Self) -> Self {
        Self { information: self.information + other.information, mean: self.mean + other.mean }
    }

    /// θ.
    fn drift(self) -> f64 {
        if self.information > 0.0 { self.mean / self.information } else { 0.0 }
    }
}

/// What the powers of the final test need, per experimental arm; nothing where the transition asks for none.
pub(super) fn prospects(
    protocol: &Protocol,
    design: &Seamless,
    truth: &Truth,
    schedule: &SeamlessSchedule,
    weight: Option<f64>,
    bounds: &Bounds,
) -> Result<Vec<Prospect>, EngineError> {
    if !design.transition.reads().into_iter().any(Statistic::is_power) {
        return Ok(Vec::new());
    }
    if !protocol.primary.test.is_log_rank() {
        let feature = format!("the power of a {} at the transition", protocol.primary.test.label());
        return Err(EngineError::NotCovered { engine: "simulation", feature });
    }
    let experimental = protocol.arms.len() - 1;
    let last = schedule.looks[schedule.looks.len() - 1].month;
    let score = |cohort: &Cohort, arm: usize, month: f64| -> Result<Score, EngineError> {
        let found = analytic::with_comparison(protocol, truth, &schedule.laws[0], cohort, arm, |comparison| {
            Expectation::new(&protocol.primary.test.statistics, comparison, &[month])
        })?;
        let patients = cohort.patients[0] + cohort.patients[arm];
        let information = patients * found.at(0, 0).information;
        Ok(Score { information, mean: patients.sqrt() * found.at(0, 0).mean() * information.sqrt() })
    };
    (1..=experimental)
        .map(|arm| {
            // The arm as it will be if it is kept.
            let mut phase3 = schedule.phase3.clone();
            phase3.patients[arm] *= experimental as f64 / schedule.kept;
            let cut = score(&schedule.phase2, arm, schedule.cut.month)?;
            let second = score(&phase3, arm, last)?;
            let later =
                |until: f64| -> Result<Score, EngineError> { Ok(score(&schedule.phase2, arm, until)?.less(cut)) };
            let (weight, end, rest, second) = match &design.combination {
                Combination::Phase3Only => (0.0, None, Score::default(), second),
                Combination::NaivePooled => {
                    let second = second.plus(later(last)?);
                    (cut.information / (cut.information + second.information), None, Score::default(), second)
                }
                Combination::TwoStage { stage1: Stage1::IndependentIncrements, .. } => {
                    (weight.unwrap_or(0.5), None, Score::default(), second.plus(later(last)?))
                }
                Combination::TwoStage { .. } => {
                    let rest = later(schedule.follow_up.as_ref().map_or(schedule.cut.month, |end| end.month))?;
                    (weight.unwrap_or(0.5), Some(cut.information + rest.information), rest, second)
                }
            };
            let bound = bounds.efficacy[bounds.efficacy.len() - 1];
            let planned = [rest.drift(), second.drift()];
            Ok(Prospect { weight, stage1: end, stage2: second.information, planned, bound })
        })
        .collect()
}
