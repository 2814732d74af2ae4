//! Bounds at the information that was observed: under- and over-running, looks not held, the last look taking what is left.

use super::bounds::{BoundError, Frame, bounds};
use super::families::last_bound;
use super::{BoundPlan, Bounds, EfficacyPlan, FutilityPlan};
use crate::invalid::{Invalid, require};

/// A plan with the numbers it was planned at; one entry per planned look.
#[derive(Debug, Clone, Copy)]
pub struct Planned<'a> {
    /// What was asked for.
    pub plan: &'a BoundPlan,
    /// One-sided level.
    pub alpha: f64,
    /// Information, in the unit of the observed.
    pub information: &'a [f64],
    /// Spending times.
    pub spending_time: &'a [f64],
    /// E Z_k under the planning truth.
    pub means: &'a [f64],
}

/// A look that was held.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Held {
    /// Its number in the plan, from 0.
    pub look: usize,
    /// Observed information.
    pub information: f64,
    /// Observed share of the planned final information by which the level is spent.
    pub fraction: f64,
}

/// The looks held, and those of the plan that are still to come.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// Number in the plan of every look.
    pub looks: Vec<usize>,
    /// How many were held.
    pub held: usize,
    /// Information: observed, then planned.
    pub information: Vec<f64>,
    /// Spending times.
    pub spending_time: Vec<f64>,
    /// E Z_k under the planning truth, at this information.
    pub means: Vec<f64>,
}

/// Share by which the information of a last look to come exceeds what is already there, when the plan's does not.
const OVERRUN: f64 = 1.05;

impl Planned<'_> {
    /// The course of a trial that held these looks.
    ///
    /// Spending time of a look held: the plan's own where the file gives spending times, else the smaller of the planned and the
    /// observed share, so that neither early nor late looks spend more than planned (Lan and DeMets 1989; the rule is fixed
    /// without looking at z). The plan's last look spends all, whether it under- or over-runs. Looks to come keep the plan's
    /// information if there is not as much already; where even the last has less, it is taken to add 5 %.
    ///
    /// # Errors
    /// [`Invalid`] when no look was held, looks are out of order, or information does not increase.
    pub fn course(&self, held: &[Held]) -> Result<Course, Invalid> {
        let last = self.information.len() - 1;
        let mut course = Course {
            looks: Vec::new(),
            held: held.len(),
            information: Vec::new(),
            spending_time: Vec::new(),
            means: Vec::new(),
        };
        require(!held.is_empty(), "number of looks held", 0.0, "must be at least 1")?;
        let mut before = 0.0;
        for (index, look) in held.iter().enumerate() {
            let in_order = look.look <= last && held[..index].last().is_none_or(|earlier| earlier.look < look.look);
            require(in_order, "look", look.look as f64 + 1.0, "must be one of the plan's, in their order")?;
            require(
                look.information.is_finite() && look.information > before,
                "information",
                look.information,
                "must increase",
            )?;
            before = look.information;
            course.looks.push(look.look);
            course.information.push(look.information);
            course.spending_time.push(self.time(look.look, look.fraction));
        }
        let now = held[held.len() - 1];
        for look in now.look + 1..=last {
            let information = self.information[look];
            if information > before {
                course.push(look, information, self.spending_time[look]);
            } else if look == last {
                course.push(look, before * OVERRUN, 1.0);
            }
        }
        let mut highest = 0.0_f64;
        for time in &mut course.spending_time {
            highest = highest.max(time.clamp(0.0, 1.0));
            *time = highest;
        }
        course.means = course.information.iter().map(|&level| self.mean_at(level)).collect();
        Ok(course)
    }

    fn time(&self, look: usize, fraction: f64) -> f64 {
        let planned = self.spending_time[look];
        if look + 1 == self.information.len() {
            1.0
        } else if self.plan.spending_time.is_some() {
            planned
        } else {
            planned.min(fraction)
        }
    }

    /// E Z at an information level: √I E Z goes in straight lines between the planned looks, from 0, and on beyond the last.
    fn mean_at(&self, level: f64) -> f64 {
        let points: Vec<(f64, f64)> = std::iter::once((0.0, 0.0))
            .chain(self.information.iter().zip(self.means).map(|(&i, &mean)| (i, mean * i.sqrt())))
            .collect();
        if points.len() < 2 {
            return 0.0;
        }
        let after = points.partition_point(|point| point.0 < level).clamp(1, points.len() - 1);
        let ((left, low), (right, high)) = (points[after - 1], points[after]);
        (low + (high - low) * (level - left) / (right - left)) / level.sqrt()
    }

    /// Bounds of every look of a course at one-sided level `alpha` (the plan's own, or another for repeated p-values).
    ///
    /// Spending functions spend by the course's spending times, with its information. Classical families keep the z that the plan
    /// gave each interim look, and the last takes what is left of the level. Bounds given in the plan stay. Futility is
    /// re-derived at the course's information in its own scale: β-spending, conditional and predictive power; z, p and hazard
    /// ratios by `z_of_hazard_ratio(look of the course, ratio)`.
    ///
    /// # Errors
    /// [`BoundError`] when no bounds exist.
    pub fn bounds(
        &self,
        course: &Course,
        alpha: f64,
        z_of_hazard_ratio: impl Fn(usize, f64) -> f64,
    ) -> Result<Bounds, BoundError> {
        let of = |values: &[f64]| course.looks.iter().map(|&look| values[look]).collect::<Vec<f64>>();
        let at = |flags: &Option<Vec<bool>>| {
            flags.as_ref().map(|flags| course.looks.iter().map(|&look| flags[look]).collect::<Vec<bool>>())
        };
        let mut plan = self.plan.clone();
        plan.spending_time = None;
        plan.efficacy_at = at(&self.plan.efficacy_at);
        plan.futility_at = at(&self.plan.futility_at);
        plan.futility = self.plan.futility.as_ref().map(|futility| match futility {
            FutilityPlan::Bounds(bounds) => FutilityPlan::Bounds(of(bounds)),
            FutilityPlan::HazardRatio(ratios) => FutilityPlan::HazardRatio(of(ratios)),
            FutilityPlan::ConditionalPower { least, under } => {
                FutilityPlan::ConditionalPower { least: of(least), under: *under }
            }
            FutilityPlan::PredictivePower { least } => FutilityPlan::PredictivePower { least: of(least) },
            FutilityPlan::Spending { function, beta } => {
                FutilityPlan::Spending { function: function.clone(), beta: *beta }
            }
        });
        match &self.plan.efficacy {
            EfficacyPlan::Spending(_) => {}
            EfficacyPlan::Bounds(given) => plan.efficacy = EfficacyPlan::Bounds(of(given)),
            _ => {
                let planned = bounds(self.plan, alpha, self.information, self.spending_time, self.means, |_, _| {
                    f64::NEG_INFINITY
                })?;
                let mut efficacy = of(&planned.efficacy);
                let lower = self.lower(course, &planned, &z_of_hazard_ratio);
                let frame = Frame { sides: plan.sides, lower: lower.as_deref(), at: None };
                efficacy.pop();
                efficacy.push(last_bound(alpha, &course.information, &efficacy, frame)?);
                if matches!(self.plan.efficacy, EfficacyPlan::PampallonaTsiatis { .. }) {
                    plan.futility = Some(FutilityPlan::Bounds(of(&planned.futility)));
                }
                plan.efficacy = EfficacyPlan::Bounds(efficacy);
                plan.efficacy_at = None;
            }
        }
        bounds(&plan, alpha, &course.information, &course.spending_time, &course.means, z_of_hazard_ratio)
    }

    /// Lower bounds that the last bound of a family counts on.
    fn lower(&self, course: &Course, planned: &Bounds, z_of: impl Fn(usize, f64) -> f64) -> Option<Vec<f64>> {
        let lower = |(index, &look): (usize, &usize)| match &self.plan.futility {
            Some(FutilityPlan::HazardRatio(ratios)) if ratios[look].is_finite() => z_of(index, ratios[look]),
            _ => planned.futility[look],
        };
        self.plan.binding.then(|| course.looks.iter().enumerate().map(lower).collect())
    }
}

impl Course {
    fn push(&mut self, look: usize, information: f64, spending_time: f64) {
        self.looks.push(look);
        self.information.push(information);
        self.spending_time.push(spending_time);
    }
}
