//! The asymptotic engine: a seamless trial from the large-sample joint law of its statistics.
//!
//! Phase II gives one normal vector: positive readings per arm, log-rank statistics and Cox estimates at the data cut, log-rank
//! statistics of stage 1. Numbers of positive readings are made binomial again through their own normal scores, so that
//! thresholds and ties fall on the lattice of whole patients. Given the arms kept, phase III is independent of phase II: its
//! statistics are a second normal vector. Both are drawn over a randomised lattice; the rule and the closed test are the code of
//! the simulation. Where one arm is kept, phase III is integrated by quadrature: alone under `phase3_only`, as a function of
//! stage 1 in a combination test.
//!
//! Errors: every shift of the lattice has its own paths, its own covariances and its own points, and figures carry the standard
//! error over the shifts: of the integral and of the covariances together. First-order theory leaves an error besides that
//! falls with the number of patients.

mod influence;
mod law;
mod one_arm;
mod outcome;
mod paths;
mod readings;
mod sums;
mod timetable;

use crate::engine::schedule::Cohort;
use crate::engine::simulation::closed::{Testing, Tests};
use crate::engine::simulation::transition::{Needs, Values};
use crate::engine::{EngineError, Hypotheses, OperatingCharacteristics, Plan, seamless_schedule};
use crate::numerics::mvn::{Lattice, MAX_DIMENSION, SHIFTS};
use crate::numerics::normal;
use crate::protocol::{Allocation, Combination, Design, Protocol, Seamless, Stage1};
use crate::sequential::crossing::Crossing;
use crate::sequential::joint;
use crate::statistics::response::ResponseCount;
use crate::statistics::{Expectation, Timing};
use crate::survival::Endpoint;
use crate::truth::Truth;
use law::{Clock, Column, CoxLaw, Law, Source, transition_months};
use one_arm::OneArm;
use paths::Paths;
use readings::Readings;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use sums::Sums;
use timetable::{AtDecision, Phase3};

/// Name of the engine in answers.
pub const NAME: &str = "asymptotic";

/// How many points are spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Precision {
    /// Paths of single patients per arm and shift, for the covariances.
    pub paths: usize,
    /// Lattice points per shift, for the integral.
    pub points: usize,
}

impl Precision {
    /// What an answer gets: errors of a few units in the fourth digit.
    pub const ANSWER: Self = Self { paths: 4096, points: 2048 };
    /// What a point of a search gets.
    pub const SEARCH: Self = Self { paths: 1024, points: 512 };
    /// Doublings of [`Precision::ANSWER`] at most, when an error is asked for.
    const DOUBLINGS: u32 = 5;

    /// Twice as many of each.
    fn doubled(self) -> Self {
        Self { paths: 2 * self.paths, points: 2 * self.points }
    }
}

fn not_covered<T>(feature: impl Into<String>) -> Result<T, EngineError> {
    Err(EngineError::NotCovered { engine: NAME, feature: feature.into() })
}

/// Operating characteristics of a seamless trial; a trial without a transition is the analytic engine's. Points are doubled until
/// the errors of power, type I error and the decision to go on are at most `mcse`, where one is asked for.
///
/// # Errors
/// [`EngineError::NotCovered`] names a feature that only simulation covers; errors of the numerics otherwise.
pub fn evaluate(
    protocol: &Protocol,
    truth: &Truth,
    plan: &Plan,
    hypotheses: &Hypotheses,
    mcse: Option<f64>,
) -> Result<OperatingCharacteristics, EngineError> {
    let mut precision = Precision::ANSWER;
    let mut found = evaluate_at(protocol, truth, plan, hypotheses, precision)?;
    for _ in 0..Precision::DOUBLINGS {
        let figures = [Some(found.reject_any), found.type_i_error, Some(found.go)];
        let error = figures.iter().flatten().filter_map(|figure| figure.mcse).fold(0.0, f64::max);
        if mcse.is_none_or(|wanted| error <= wanted) {
            break;
        }
        precision = precision.doubled();
        found = evaluate_at(protocol, truth, plan, hypotheses, precision)?;
    }
    Ok(found)
}

/// As [`evaluate`], with the given number of points.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_at(
    protocol: &Protocol,
    truth: &Truth,
    plan: &Plan,
    hypotheses: &Hypotheses,
    precision: Precision,
) -> Result<OperatingCharacteristics, EngineError> {
    let design = match &protocol.design {
        Design::GroupSequential(_) => return crate::engine::analytic::evaluate(protocol, truth, plan, hypotheses),
        Design::Seamless(design) => design,
    };
    if !protocol.primary.test.is_log_rank() {
        return not_covered(format!("the test {} in a seamless design; use simulation", protocol.primary.test.label()));
    }
    let ratios = |allocation: &Allocation| -> Vec<f64> {
        allocation.0.iter().map(|&patients| f64::from(patients) / f64::from(allocation.0[0])).collect()
    };
    if let Combination::TwoStage { function, stage1, .. } = &design.combination {
        if *stage1 == Stage1::IndependentIncrements {
            return not_covered("stage 1 by independent increments; use simulation");
        }
        if function.name() != "inverse_normal" {
            return not_covered(format!("combination by {}; use simulation", function.name()));
        }
    }
    if let Some(other) = design.transition.reads().into_iter().find(|statistic| !statistic.has_joint_law()) {
        return not_covered(format!("{} at the transition; use simulation", other.name()));
    }
    if design.combination.is_naive_pooled() && ratios(&design.phase2_allocation) != ratios(&design.phase3_allocation) {
        return not_covered("naive pooling of phases with different allocations; use simulation");
    }
    Engine::new(protocol, design, truth, plan, precision)?.run(hypotheses)
}

/// Where each phase II statistic stands in the vector; `None` where it is not needed.
#[derive(Default)]
struct Places {
    /// Per arm, the control first.
    responses: Option<usize>,
    /// Likewise; `None` where every reading is due.
    due: Option<usize>,
    /// Per endpoint, the first experimental arm's.
    z: [Option<usize>; 2],
    hazard_ratio: [Option<usize>; 2],
    stage1: Option<usize>,
}

/// Phase III with one set of kept arms.
struct Confirmatory {
    phase3: Phase3,
    arms: Vec<usize>,
    /// Law of its statistics; pooled, of phase II's statistics and its own.
    law: Law,
    /// Crossing probabilities that do not depend on phase II.
    crossing: Option<Crossing>,
    /// Crossing probabilities given stage 1.
    one_arm: Option<OneArm>,
}

struct Engine<'a> {
    precision: Precision,
    protocol: &'a Protocol,
    design: &'a Seamless,
    truth: &'a Truth,
    plan: &'a Plan,
    base: crate::engine::SeamlessSchedule,
    start: AtDecision,
    paths: Paths,
    places: Places,
    columns: Vec<Column>,
    law: Law,
    readings: Vec<Readings>,
    /// Per endpoint and experimental arm.
    ratios: [Vec<CoxLaw>; 2],
    testing: Testing,
}

fn shares(allocation: &Allocation) -> Vec<f64> {
    let of = |&patients: &u32| f64::from(patients) / f64::from(patients + allocation.0[0]);
    allocation.0[1..].iter().map(of).collect()
}

impl<'a> Engine<'a> {
    fn new(
        protocol: &'a Protocol,
        design: &'a Seamless,
        truth: &'a Truth,
        plan: &'a Plan,
        precision: Precision,
    ) -> Result<Self, EngineError> {
        let base = seamless_schedule(protocol, design, truth)?;
        if truth.enrollment.month_of(design.phase2_patients) > base.cut.month + 1e-9 {
            return not_covered("a data cut before phase II is enrolled; use simulation");
        }
        let start = timetable::at_decision(design, truth, &base);
        let needs = Needs::of(&design.transition);
        needs.check(truth)?;
        let paths = Paths::new(truth, precision.paths)?;
        let source =
            Source { protocol, truth, paths: &paths, cohort: &base.phase2, entries: paths.entries(&base.phase2.entry) };
        let experimental = protocol.arms.len() - 1;
        let (mut columns, mut places, mut readings) = (Vec::new(), Places::default(), Vec::new());
        let mut ratios = [Vec::new(), Vec::new()];
        let clock = source.clock(&base.cut, &base.laws);
        let cut = base.cut.month;
        if let (true, Some(response)) = (needs.response, &truth.immune_response) {
            places.responses = Some(columns.len());
            let due = base.phase2.entry.share_by(cut - response.measured_at);
            let mut counted = Vec::with_capacity(experimental + 1);
            for arm in 0..=experimental {
                let seen = truth.observed_response_overall(arm)?;
                let (rate, read) =
                    seen.map_or((0.0, 1.0), |seen| (seen.rate(response.missing), seen.counted(response.missing)));
                let share = due * read;
                let random = share > 0.0 && share < 1.0 - 1e-9;
                readings.push(Readings::new(base.phase2.patients[arm], share, rate, random));
                columns.push(source.responses(arm, rate, response, cut));
                counted.push((read, random));
            }
            if counted.iter().any(|&(_, random)| random) {
                places.due = Some(columns.len());
                let column = |(arm, &(read, _)): (usize, &(f64, bool))| source.due(arm, read, response, cut).at(&clock);
                columns.extend(counted.iter().enumerate().map(column));
            }
        }
        for (index, endpoint) in [Endpoint::Pfs, Endpoint::Os].into_iter().enumerate() {
            if !needs.endpoint(index) {
                continue;
            }
            let laws = crate::engine::schedule::Laws::new(truth, endpoint)?;
            if needs.z[index] {
                places.z[index] = Some(columns.len());
                for arm in 1..=experimental {
                    columns.push(source.pair(&laws, arm, &transition_months(cut))?.z(0).at(&clock));
                }
            }
            if needs.hazard_ratio[index] {
                places.hazard_ratio[index] = Some(columns.len());
                for arm in 1..=experimental {
                    let pair = source.pair(&laws, arm, &transition_months(cut))?;
                    let (column, law) = pair.log_hazard_ratio(0);
                    columns.push(column.at(&clock));
                    ratios[index].push(law);
                }
            }
        }
        let testing = if let Some(end) = &base.follow_up {
            places.stage1 = Some(columns.len());
            let clock = source.clock(end, &base.laws);
            for arm in 1..=experimental {
                columns.push(source.pair(&base.laws[0], arm, &[end.month])?.z(0).at(&clock));
            }
            Testing::Combined
        } else if design.combination.is_naive_pooled() {
            Testing::Elementary
        } else {
            Testing::Closed
        };
        let law = source.law(&columns)?;
        for (arm, readings) in readings.iter_mut().enumerate() {
            readings.deviations = law.deviations(arm);
        }
        Ok(Self {
            precision,
            protocol,
            design,
            truth,
            plan,
            base,
            start,
            paths,
            places,
            columns,
            law,
            readings,
            ratios,
            testing,
        })
    }

    fn confirmatory(&self, kept: usize) -> Result<Confirmatory, EngineError> {
        let phase3 = timetable::phase3(self.protocol, self.design, self.truth, &self.base, &self.start, kept)?;
        let arms: Vec<usize> = (1..self.protocol.arms.len()).filter(|arm| kept >> (arm - 1) & 1 == 1).collect();
        let months: Vec<f64> = phase3.looks.iter().map(|look| look.month).collect();
        let death = self.protocol.primary.endpoint.is_death();
        let mut crossing = None;
        let entered = |law| Source {
            protocol: self.protocol,
            truth: self.truth,
            paths: &self.paths,
            cohort: &phase3.cohort,
            entries: self.paths.entries(law),
        };
        let mut law = Law { means: vec![], covariances: vec![], factors: vec![] };
        if let (Testing::Closed, [arm]) = (self.testing, &arms[..]) {
            let tests = &self.protocol.primary.test.statistics;
            let entry = phase3.cohort.entry.clone().in_blocks(self.truth.enrollment_process);
            let expectation = crate::engine::analytic::with_comparison(
                self.protocol,
                self.truth,
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
            let found = joint::joint(means.as_slice(), &covariance, &self.plan.bounds);
            crossing = Some(found.map_err(|error| EngineError::Numerics(error.to_string()))?);
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
        let tabulated = self.testing == Testing::Combined
            && arms.len() == 1
            && months.len() <= one_arm::MOST_LOOKS
            && self.plan.bounds.futility.iter().all(|bound| *bound == f64::NEG_INFINITY);
        let one_arm = tabulated.then(|| OneArm::new(&law, self.plan)).transpose();
        let one_arm = one_arm.map_err(|error| EngineError::Numerics(error.to_string()))?;
        Ok(Confirmatory { phase3, arms, law, crossing, one_arm })
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

    /// Whom the rule keeps at a point of the phase II vector.
    fn decide(&self, shift: usize, vector: &[f64], merit: &mut [f64], passing: &mut [bool], kept: &mut [bool]) {
        let count = |arm: usize| match self.places.responses {
            Some(first) => {
                let more = self.places.due.map_or(0.0, |due| vector[due + arm]);
                self.readings[arm].count(shift, vector[first + arm], more)
            }
            None => ResponseCount::default(),
        };
        for arm in 0..merit.len() {
            let at = |place: Option<usize>| place.map_or(f64::NAN, |first| vector[first + arm]);
            let ratio = |endpoint: usize| {
                let found = self.ratios[endpoint].get(arm);
                found.map_or(f64::NAN, |law| law.at(at(self.places.hazard_ratio[endpoint])).exp())
            };
            let values = Values {
                response: [count(0), count(arm + 1)],
                hazard_ratio: [ratio(0), ratio(1)],
                z: self.places.z.map(at),
                others: &[],
            };
            (merit[arm], passing[arm]) = values.judged(&self.design.transition);
        }
        kept.fill(false);
        self.design.transition.keep.rule.keep(merit, passing, kept);
    }

    fn run(&self, hypotheses: &Hypotheses) -> Result<OperatingCharacteristics, EngineError> {
        let (arms, looks) = (self.protocol.arms.len() - 1, self.plan.looks.len());
        let dimension = self.law.means.len() + arms * looks;
        if dimension > MAX_DIMENSION {
            return not_covered(format!(
                "{dimension} statistics over all arms and looks (at most {MAX_DIMENSION}); use simulation"
            ));
        }
        let lattice = Lattice::new(dimension);
        let (mut point, mut normals) = (vec![0.0; dimension], vec![0.0; dimension]);
        let (mut vector, mut efficacy) = (vec![0.0; self.law.means.len()], vec![0.0; looks]);
        let (mut merit, mut passing, mut kept) = (vec![0.0; arms], vec![false; arms], vec![false; arms]);
        let mut tests = Tests::new(arms, self.design.intersection.clone(), true);
        let shares = [shares(&self.design.phase2_allocation), shares(&self.design.phase3_allocation)];
        let mut parts: BTreeMap<usize, Confirmatory> = BTreeMap::new();
        let mut sums: Vec<Sums> = (0..SHIFTS).map(|_| Sums::new(arms, looks)).collect();
        for (shift, sum) in sums.iter_mut().enumerate() {
            for index in 0..self.precision.points {
                lattice.point(shift, index, &mut point);
                for (normal, u) in normals.iter_mut().zip(&point) {
                    *normal = normal::quantile(u.clamp(1e-12, 1.0 - 1e-12));
                }
                self.law.map(shift, &normals, &mut vector);
                self.decide(shift, &vector, &mut merit, &mut passing, &mut kept);
                let mask = kept.iter().enumerate().fold(0, |mask, (arm, &kept)| mask | usize::from(kept) << arm);
                if mask == 0 {
                    sum.end(self.start.patients, self.start.events, self.base.decision, 1.0);
                    continue;
                }
                sum.decided(&kept, hypotheses);
                let part = match parts.entry(mask) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => new.insert(self.confirmatory(mask)?),
                };
                if let Some(crossing) = &part.crossing {
                    sum.known(part, &crossing.efficacy, &crossing.futility, hypotheses);
                    continue;
                }
                tests.clear();
                if let Some(first) = self.places.stage1 {
                    tests.first_stage(&vector[first..first + arms], &shares[0], &kept);
                }
                if let Some(one_arm) = &part.one_arm {
                    one_arm.at(shift, tests.weakest(part.arms[0] - 1), &mut efficacy);
                    sum.known(part, &efficacy, &[], hypotheses);
                    continue;
                }
                let phase2 = if self.testing == Testing::Elementary { 0 } else { self.law.means.len() };
                self.confirm(part, shift, &normals[phase2..], &shares[1], &kept, &mut tests, sum, hypotheses);
            }
        }
        let mut outcome = self.outcome(&sums, hypotheses);
        outcome.warnings = self.warnings(parts.values());
        Ok(outcome)
    }

    #[expect(clippy::too_many_arguments, reason = "buffers of one point")]
    fn confirm(
        &self,
        part: &Confirmatory,
        shift: usize,
        normals: &[f64],
        shares: &[f64],
        kept: &[bool],
        tests: &mut Tests,
        sum: &mut Sums,
        hypotheses: &Hypotheses,
    ) {
        let looks = self.plan.looks.len();
        let mut z = [f64::NAN; crate::engine::simulation::closed::MOST_ARMS];
        let z = &mut z[..kept.len()];
        let mut statistics = [0.0; MAX_DIMENSION];
        let statistics = &mut statistics[..part.law.means.len()];
        part.law.map(shift, normals, statistics);
        let statistics = &statistics[part.law.means.len() - looks * part.arms.len()..];
        let mut first = None;
        for look in 0..looks {
            for (i, arm) in part.arms.iter().enumerate() {
                z[arm - 1] = statistics[look * part.arms.len() + i];
            }
            let bound = self.plan.bounds.efficacy[look];
            match self.testing {
                Testing::Combined => tests.combined(look, self.plan, z, shares, kept),
                Testing::Closed => tests.closed(z, shares, kept, bound),
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
        let wrong = tests.rejected.iter().zip(&hypotheses.null_true).any(|(rejected, null)| *rejected && *null);
        sum.type_i += f64::from(u8::from(wrong));
    }
}
