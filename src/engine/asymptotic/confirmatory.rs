//! Phase III given the arms kept: its law, once per design of phase III, and its crossing probabilities, once per plan.

use crate::engine::asymptotic::law::{Clock, Column, Law, Source};
use crate::engine::asymptotic::one_arm::{self, OneArm};
use crate::engine::asymptotic::setup::Setup;
use crate::engine::asymptotic::timetable::{self, AtDecision, Phase3};
use crate::engine::schedule::Cohort;
use crate::engine::simulation::closed::Testing;
use crate::engine::{EngineError, Plan};
use crate::protocol::{Design, Protocol, Seamless};
use crate::sequential::crossing::Crossing;
use crate::sequential::joint;
use crate::statistics::{Expectation, Timing};
use nalgebra::DMatrix;
use std::collections::BTreeMap;

/// One design of phase III.
pub struct Later {
    protocol: Protocol,
    /// The trial at the decision.
    pub start: AtDecision,
    /// By arms kept (bits).
    pub parts: BTreeMap<usize, Confirmatory>,
}

/// Phase III with one set of kept arms.
pub struct Confirmatory {
    /// Its months, patients and events.
    pub phase3: Phase3,
    /// The arms, numbered from 1.
    pub arms: Vec<usize>,
    /// Law of its statistics; pooled, of phase II's statistics and its own.
    pub law: Law,
    /// Means and covariance of the looks of one arm, where phase III stands alone.
    alone: Option<(Vec<f64>, DMatrix<f64>)>,
    /// Crossing probabilities under the plans met so far.
    known: Vec<(Plan, Known)>,
}

/// Crossing probabilities of one kept arm.
pub enum Known {
    /// They do not depend on phase II.
    Alone(Crossing),
    /// Given stage 1.
    GivenStage1(OneArm),
    /// Not tabulated: the statistics are coordinates of the lattice.
    Drawn,
}

impl Confirmatory {
    /// The crossing probabilities under a plan; computed by [`Setup::prepare`].
    pub fn known(&self, plan: &Plan) -> &Known {
        self.known.iter().find(|(known, _)| known == plan).map_or(&Known::Drawn, |(_, known)| known)
    }

    fn tabulate(&mut self, testing: Testing, plan: &Plan) -> Result<(), EngineError> {
        if self.known.iter().any(|(known, _)| known == plan) {
            return Ok(());
        }
        let numerics = |error: crate::invalid::Invalid| EngineError::Numerics(error.to_string());
        let tabulated = testing == Testing::Combined
            && self.arms.len() == 1
            && plan.looks.len() <= one_arm::MOST_LOOKS
            && plan.bounds.futility.iter().all(|bound| *bound == f64::NEG_INFINITY);
        let known = match &self.alone {
            Some((means, covariance)) => Known::Alone(joint::joint(means, covariance, &plan.bounds).map_err(numerics)?),
            None if tabulated => Known::GivenStage1(OneArm::new(&self.law, plan).map_err(numerics)?),
            None => Known::Drawn,
        };
        self.known.push((plan.clone(), known));
        Ok(())
    }
}

fn same_phase3(one: &Protocol, other: &Protocol) -> bool {
    let (Design::Seamless(a), Design::Seamless(b)) = (&one.design, &other.design) else { return false };
    one.analyses == other.analyses
        && a.phase3_patients == b.phase3_patients
        && a.phase3_allocation == b.phase3_allocation
        && a.pause_enrollment == b.pause_enrollment
}

impl Setup {
    /// The place of a protocol's phase III, which is met for the first time or known.
    pub(super) fn later_of(&mut self, protocol: &Protocol, design: &Seamless) -> usize {
        let known = self.later.iter().position(|later| same_phase3(&later.protocol, protocol));
        known.unwrap_or_else(|| {
            let start = timetable::at_decision(design, &self.truth, &self.base);
            self.later.push(Later { protocol: protocol.clone(), start, parts: BTreeMap::new() });
            self.later.len() - 1
        })
    }

    /// Has everything ready that phase III needs with these arms kept.
    pub(super) fn prepare(
        &mut self,
        later: usize,
        design: &Seamless,
        kept: &[usize],
        plan: &Plan,
    ) -> Result<(), EngineError> {
        for &mask in kept {
            let mut part = match self.later[later].parts.remove(&mask) {
                Some(part) => part,
                None => self.confirmatory(&self.later[later], design, mask)?,
            };
            part.tabulate(self.testing, plan)?;
            self.later[later].parts.insert(mask, part);
        }
        Ok(())
    }

    fn confirmatory(&self, later: &Later, design: &Seamless, kept: usize) -> Result<Confirmatory, EngineError> {
        let protocol = &later.protocol;
        let phase3 = timetable::phase3(protocol, design, &self.truth, &self.base, &later.start, kept)?;
        let arms: Vec<usize> = (1..protocol.arms.len()).filter(|arm| kept >> (arm - 1) & 1 == 1).collect();
        let months: Vec<f64> = phase3.looks.iter().map(|look| look.month).collect();
        let death = protocol.primary.endpoint.is_death();
        let entered = |law| Source {
            protocol,
            truth: &self.truth,
            paths: &self.paths,
            cohort: &phase3.cohort,
            entries: self.paths.entries(law),
        };
        let mut law = Law { means: vec![], covariances: vec![], factors: vec![] };
        let mut alone = None;
        if let (Testing::Closed, [arm]) = (self.testing, &arms[..]) {
            let tests = &protocol.primary.test.statistics;
            let entry = phase3.cohort.entry.clone().in_blocks(self.truth.enrollment_process);
            let expectation = crate::engine::analytic::with_comparison(
                protocol,
                &self.truth,
                &self.base.laws[0],
                &Cohort { entry, ..phase3.cohort.clone() },
                *arm,
                |comparison| Expectation::new(tests, comparison, &months),
            )?;
            let timing: Vec<Timing> = phase3
                .looks
                .iter()
                .map(|look| match look.clock {
                    Some((endpoint, true)) if endpoint.is_death() == death => Timing::Events,
                    _ => Timing::Calendar,
                })
                .collect();
            let (means, covariance) = expectation.joint_law(&timing);
            alone = Some((means.as_slice().to_vec(), covariance));
        } else {
            let second = self.statistics(&entered(&phase3.second.entry), &phase3, &arms)?;
            if self.testing == Testing::Elementary {
                let first = self.statistics(&entered(&self.base.phase2.entry), &phase3, &arms)?;
                let all: Vec<Option<&Column>> = self.columns.iter().chain(&first).map(Some).collect();
                let later: Vec<Option<&Column>> =
                    self.columns.iter().map(|_| None).chain(second.iter().map(Some)).collect();
                let mut covariances = self.paths.covariances(&self.base.phase2.patients, &all);
                let more = self.paths.covariances(&phase3.second.patients, &later);
                covariances.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
                law = Law::new(self.columns.iter().chain(&second), covariances)?;
            } else {
                law = entered(&phase3.second.entry).law(&second)?;
            }
        }
        Ok(Confirmatory { phase3, arms, law, alone, known: Vec::new() })
    }

    /// The statistics of every look and kept arm, as the source's patients move them.
    fn statistics(&self, source: &Source, phase3: &Phase3, arms: &[usize]) -> Result<Vec<Column>, EngineError> {
        let months: Vec<f64> = phase3.looks.iter().map(|look| look.month).collect();
        let clocks: Vec<Clock> = phase3.looks.iter().map(|look| source.clock(look, &self.base.laws)).collect();
        let pairs = arms.iter().map(|&arm| source.pair(&self.base.laws[0], arm, &months));
        let pairs = pairs.collect::<Result<Vec<_>, _>>()?;
        let mut columns = Vec::with_capacity(months.len() * arms.len());
        for look in 0..months.len() {
            for pair in &pairs {
                columns.push(if self.testing == Testing::Combined {
                    let [later, earlier] = pair.increment(look);
                    let before = look.checked_sub(1).map_or(&Clock::Fixed, |before| &clocks[before]);
                    later.at(&clocks[look]).less(&earlier.at(before))
                } else {
                    pair.z(look).at(&clocks[look])
                });
            }
        }
        Ok(columns)
    }
}
