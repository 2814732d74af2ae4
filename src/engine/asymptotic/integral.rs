//! The integral: the rule at every point of the lattice, and phase III given the arms it keeps.

use crate::engine::asymptotic::confirmatory::{Confirmatory, Known, Later};
use crate::engine::asymptotic::not_covered;
use crate::engine::asymptotic::setup::{Setup, fill, shares};
use crate::engine::asymptotic::sums::Sums;
use crate::engine::simulation::closed::{MOST_ARMS, Testing, Tests};
use crate::engine::{EngineError, Hypotheses, OperatingCharacteristics, Plan};
use crate::numerics::mvn::{MAX_DIMENSION, SHIFTS};
use crate::protocol::{Protocol, Seamless};
use rayon::prelude::*;
use std::collections::BTreeSet;

/// One question: the parts of a protocol that a set-up does not know.
struct Question<'a> {
    setup: &'a Setup,
    later: &'a Later,
    design: &'a Seamless,
    plan: &'a Plan,
    hypotheses: &'a Hypotheses,
    shares: Vec<f64>,
}

impl Setup {
    /// Operating characteristics of a protocol on this schedule.
    pub(super) fn evaluate(
        &mut self,
        protocol: &Protocol,
        design: &Seamless,
        plan: &Plan,
        hypotheses: &Hypotheses,
    ) -> Result<OperatingCharacteristics, EngineError> {
        let (arms, looks) = (protocol.arms.len() - 1, plan.looks.len());
        let dimension = self.size + arms * looks;
        if dimension > MAX_DIMENSION {
            return not_covered(format!(
                "{dimension} statistics over all arms and looks (at most {MAX_DIMENSION}); use simulation"
            ));
        }
        let kept: Vec<Vec<usize>> = (0..SHIFTS).into_par_iter().map(|shift| self.kept(shift, design, arms)).collect();
        let sets: BTreeSet<usize> = kept.iter().flatten().copied().filter(|&mask| mask > 0).collect();
        let sets: Vec<usize> = sets.into_iter().collect();
        let later = self.later_of(protocol, design);
        self.prepare(later, design, &sets, plan)?;
        let combined = self.testing == Testing::Combined;
        let quantiles = combined.then(|| self.quantiles(&design.intersection, &shares(&design.phase2_allocation)));
        let question = Question {
            setup: self,
            later: &self.later[later],
            design,
            plan,
            hypotheses,
            shares: shares(&design.phase3_allocation),
        };
        let of_shift = |shift: usize| {
            let quantiles = quantiles.as_ref().map_or(&[][..], |quantiles| &quantiles[shift]);
            question.sums(shift, &kept[shift], quantiles, arms)
        };
        let sums: Vec<Sums> = (0..SHIFTS).into_par_iter().map(of_shift).collect();
        let mut outcome = self.outcome(protocol, design, plan, &sums, hypotheses);
        outcome.warnings = self.warnings(protocol, sets.iter().filter_map(|mask| question.later.parts.get(mask)));
        Ok(outcome)
    }

    /// Whom the rule keeps at every point of a shift, as bits.
    fn kept(&self, shift: usize, design: &Seamless, arms: usize) -> Vec<usize> {
        let (mut merit, mut passing, mut kept) = (vec![0.0; arms], vec![false; arms], vec![false; arms]);
        let of_point = |values: &[crate::engine::simulation::transition::Values]| {
            for (arm, values) in values.iter().enumerate() {
                (merit[arm], passing[arm]) = values.judged(design.transition.keep.by, design.transition.go.as_ref());
            }
            kept.fill(false);
            design.transition.keep.rule.keep(&merit, &passing, &mut kept);
            kept.iter().enumerate().fold(0, |mask, (arm, &kept)| mask | usize::from(kept) << arm)
        };
        self.seen[shift].values.chunks_exact(arms).map(of_point).collect()
    }
}

impl Question<'_> {
    /// What the points of one shift add up to.
    fn sums(&self, shift: usize, kept: &[usize], quantiles: &[f64], arms: usize) -> Sums {
        let (looks, sets) = (self.plan.looks.len(), 1 << arms);
        let mut sum = Sums::new(arms, looks);
        let stopped = kept.iter().filter(|mask| **mask == 0).count();
        let start = &self.later.start;
        sum.end(start.patients, start.events, self.setup.base.decision, stopped as f64);
        let mut here = vec![0.0; looks];
        for (&mask, part) in &self.later.parts {
            let points = || kept.iter().enumerate().filter(|(_, kept)| **kept == mask).map(|(index, _)| index);
            let count = points().count() as f64;
            if count == 0.0 {
                continue;
            }
            sum.decided(mask, count, self.hypotheses);
            match part.known(self.plan) {
                Known::Alone(crossing) => {
                    let times = |values: &[f64]| values.iter().map(|value| count * value).collect::<Vec<f64>>();
                    sum.known(part, count, &times(&crossing.efficacy), &times(&crossing.futility), self.hypotheses);
                }
                Known::GivenStage1(table) => {
                    let arm = part.arms[0] - 1;
                    let mut efficacy = vec![0.0; looks];
                    for index in points() {
                        let of_sets = &quantiles[index * sets..(index + 1) * sets];
                        let holding = (1..sets).filter(|set| set >> arm & 1 == 1);
                        let weakest = holding.map(|set| of_sets[set]).fold(f64::INFINITY, f64::min);
                        table.at(shift, weakest, &mut here);
                        efficacy.iter_mut().zip(&here).for_each(|(sum, here)| *sum += here);
                    }
                    sum.known(part, count, &efficacy, &[], self.hypotheses);
                }
                Known::Drawn => self.draw(part, mask, shift, points(), quantiles, &mut sum),
            }
        }
        sum
    }

    /// Phase III's statistics as coordinates of the lattice.
    fn draw(
        &self,
        part: &Confirmatory,
        mask: usize,
        shift: usize,
        points: impl Iterator<Item = usize>,
        quantiles: &[f64],
        sum: &mut Sums,
    ) {
        let (setup, looks, arms) = (self.setup, self.plan.looks.len(), self.hypotheses.null_true.len());
        let kept: Vec<bool> = (0..arms).map(|arm| mask >> arm & 1 == 1).collect();
        let mut tests = Tests::new(arms, self.design.intersection.clone(), true);
        let size = part.law.means.len();
        // Pooled statistics go on from phase II's.
        let first = if setup.testing == Testing::Elementary { 0 } else { setup.size };
        let (mut normals, mut vector) = (vec![0.0; size], vec![0.0; size]);
        for index in points {
            tests.clear();
            if setup.testing == Testing::Combined {
                tests.start(&quantiles[index << arms..(index + 1) << arms]);
            }
            fill(&setup.points, shift, index, first, &mut normals);
            part.law.map(shift, &normals, &mut vector);
            self.confirm(part, &kept, &vector[size - looks * part.arms.len()..], &mut tests, sum);
        }
    }

    fn confirm(&self, part: &Confirmatory, kept: &[bool], statistics: &[f64], tests: &mut Tests, sum: &mut Sums) {
        let looks = self.plan.looks.len();
        let mut z = [f64::NAN; MOST_ARMS];
        let z = &mut z[..kept.len()];
        let mut first = None;
        for look in 0..looks {
            for (i, arm) in part.arms.iter().enumerate() {
                z[arm - 1] = statistics[look * part.arms.len() + i];
            }
            let bound = self.plan.bounds.efficacy[look];
            match self.setup.testing {
                Testing::Combined => tests.combined(look, self.plan, z, &self.shares, kept),
                Testing::Closed => tests.closed(z, &self.shares, kept, bound),
                Testing::Elementary => tests.elementary(z, kept, bound),
            }
            sum.reached(part, look, 1.0);
            let any = tests.rejected.contains(&true);
            if any && first.is_none() {
                first = Some(look);
                sum.efficacy[look] += 1.0;
            }
            let futile = tests.futile(kept, self.plan.bounds.futility[look]);
            if futile && !any {
                sum.futility[look] += 1.0;
            }
            if tests.all_rejected(kept) || futile || look + 1 == looks {
                let phase3 = &part.phase3;
                sum.end(phase3.patients[look], phase3.events[look], phase3.looks[look].month, 1.0);
                break;
            }
        }
        for (total, &rejected) in sum.reject.iter_mut().zip(&tests.rejected) {
            *total += f64::from(u8::from(rejected));
        }
        sum.any += f64::from(u8::from(first.is_some()));
        let wrong = tests.rejected.iter().zip(&self.hypotheses.null_true).any(|(rejected, null)| *rejected && *null);
        sum.type_i += f64::from(u8::from(wrong));
    }
}
