//! The asymptotic engine: a seamless trial from the large-sample joint law of its statistics.
//!
//! Phase II gives one normal vector: positive readings per arm, log-rank statistics and Cox estimates at the data cut, log-rank
//! statistics of stage 1. Numbers of positive readings are made binomial again through their own normal scores, so that
//! thresholds and ties fall on the lattice of whole patients. Given the arms kept, phase III is independent of phase II: its
//! statistics are a second normal vector. Both are drawn over a randomised lattice; the rule and the closed test are the code of
//! the simulation. Where one arm is kept and phase III alone is tested, the crossing probabilities are those of the analytic
//! engine's law, without a lattice.
//!
//! Errors: figures carry the standard error over the lattice's shifts and, for probabilities, what the covariances' own
//! error can do ([`paths::PATH_ERROR`]). First-order theory leaves an error that falls with the number of patients.

mod influence;
mod law;
mod outcome;
mod paths;
mod sums;
mod timetable;

use crate::engine::simulation::closed::{Testing, Tests};
use crate::engine::simulation::transition::{Needs, Values};
use crate::engine::{EngineError, Hypotheses, OperatingCharacteristics, Plan, seamless_schedule};
use crate::numerics::mvn::{Lattice, MAX_DIMENSION, SHIFTS};
use crate::numerics::normal;
use crate::protocol::{Allocation, Combination, Design, Protocol, Seamless};
use crate::sequential::crossing::Crossing;
use crate::sequential::joint;
use crate::statistics::response::ResponseCount;
use crate::statistics::{Expectation, Timing};
use crate::survival::Endpoint;
use crate::truth::Truth;
use law::{Law, Source, transition_months};
use paths::Paths;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use sums::Sums;
use timetable::{AtDecision, Phase3};

/// Name of the engine in answers.
pub const NAME: &str = "asymptotic";

/// Lattice points per shift.
const POINTS: usize = 2048;

fn not_covered<T>(feature: impl Into<String>) -> Result<T, EngineError> {
    Err(EngineError::NotCovered { engine: NAME, feature: feature.into() })
}

/// Operating characteristics of a seamless trial; a trial without a transition is the analytic engine's.
///
/// # Errors
/// [`EngineError::NotCovered`] names a feature that only simulation covers; errors of the numerics otherwise.
pub fn evaluate(
    protocol: &Protocol,
    truth: &Truth,
    plan: &Plan,
    hypotheses: &Hypotheses,
) -> Result<OperatingCharacteristics, EngineError> {
    let design = match &protocol.design {
        Design::GroupSequential(_) => return crate::engine::analytic::evaluate(protocol, truth, plan, hypotheses),
        Design::Seamless(design) => design,
    };
    if !protocol.primary.test.is_log_rank() {
        return not_covered(format!("the test {} in a seamless design; use simulation", protocol.primary.test.label()));
    }
    if design.combination == Combination::NaivePooled {
        return not_covered("naive pooling; use simulation");
    }
    Engine::new(protocol, design, truth, plan)?.run(hypotheses)
}

/// Where each phase II statistic stands in the vector; `None` where it is not needed.
#[derive(Default)]
struct Places {
    /// Per arm, the control first.
    responses: Option<usize>,
    /// Per endpoint, the first experimental arm's.
    z: [Option<usize>; 2],
    hazard_ratio: [Option<usize>; 2],
    stage1: Option<usize>,
}

/// Binomial law of one arm's positive readings.
struct Readings {
    patients: u32,
    cumulative: Vec<f64>,
    sd: f64,
}

/// Phase III with one set of kept arms.
struct Confirmatory {
    phase3: Phase3,
    arms: Vec<usize>,
    law: Law,
    /// Crossing probabilities that do not depend on phase II.
    crossing: Option<Crossing>,
}

struct Engine<'a> {
    protocol: &'a Protocol,
    design: &'a Seamless,
    truth: &'a Truth,
    plan: &'a Plan,
    base: crate::engine::SeamlessSchedule,
    start: AtDecision,
    paths: Paths,
    places: Places,
    law: Law,
    readings: Vec<Readings>,
    testing: Testing,
}

/// Cumulative binomial probabilities by the ratio of neighbours, from the mode outwards.
fn cumulative_binomial(n: u32, p: f64) -> Vec<f64> {
    let mode = (f64::from(n + 1) * p).floor().clamp(0.0, f64::from(n)) as usize;
    let mut mass = vec![0.0; n as usize + 1];
    mass[mode] = 1.0;
    for k in mode + 1..mass.len() {
        mass[k] = mass[k - 1] * (n as usize + 1 - k) as f64 / k as f64 * p / (1.0 - p);
    }
    for k in (0..mode).rev() {
        mass[k] = mass[k + 1] * (k + 1) as f64 / (n as usize - k) as f64 * (1.0 - p) / p;
    }
    let total: f64 = mass.iter().sum();
    let mut sum = 0.0;
    mass.iter()
        .map(|m| {
            sum += m / total;
            sum
        })
        .collect()
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
    ) -> Result<Self, EngineError> {
        let base = seamless_schedule(protocol, design, truth)?;
        if truth.enrollment.month_of(design.phase2_patients) > base.cut.month + 1e-9 {
            return not_covered("a data cut before phase II is enrolled; use simulation");
        }
        let start = timetable::at_decision(design, truth, &base);
        let needs = Needs::of(&design.transition);
        needs.check(truth)?;
        let paths = Paths::new(truth)?;
        let source =
            Source { protocol, truth, paths: &paths, cohort: &base.phase2, entries: paths.entries(&base.phase2.entry) };
        let experimental = protocol.arms.len() - 1;
        let (mut columns, mut places, mut readings) = (Vec::new(), Places::default(), Vec::new());
        let clock = source.clock(&base.cut, &base.laws);
        let cut = base.cut.month;
        if let (true, Some(response)) = (needs.response, &truth.immune_response) {
            places.responses = Some(columns.len());
            let due = base.phase2.entry.share_by(cut - response.measured_at);
            for arm in 0..=experimental {
                let seen = truth.observed_response_overall(arm)?;
                let (rate, counted) =
                    seen.map_or((0.0, 1.0), |seen| (seen.rate(response.missing), seen.counted(response.missing)));
                let patients = (base.phase2.patients[arm] * due * counted).round();
                let cumulative = if rate > 0.0 && rate < 1.0 {
                    cumulative_binomial(patients as u32, rate)
                } else {
                    vec![0.0; if rate >= 1.0 { patients as usize } else { 0 }]
                };
                readings.push(Readings { patients: patients as u32, cumulative, sd: 0.0 });
                columns.push(source.responses(arm, rate, response, cut));
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
                    columns.push(source.pair(&laws, arm, &transition_months(cut))?.z(0).at(clock.as_ref()));
                }
            }
            if needs.hazard_ratio[index] {
                places.hazard_ratio[index] = Some(columns.len());
                for arm in 1..=experimental {
                    let pair = source.pair(&laws, arm, &transition_months(cut))?;
                    columns.push(pair.log_hazard_ratio(0).at(clock.as_ref()));
                }
            }
        }
        let testing = if let Some(end) = &base.follow_up {
            places.stage1 = Some(columns.len());
            let clock = source.clock(end, &base.laws);
            for arm in 1..=experimental {
                columns.push(source.pair(&base.laws[0], arm, &[end.month])?.z(0).at(clock.as_ref()));
            }
            Testing::Combined
        } else {
            Testing::Closed
        };
        let law = source.law(columns)?;
        for (arm, readings) in readings.iter_mut().enumerate() {
            readings.sd = law.factor.row(arm).norm();
        }
        Ok(Self { protocol, design, truth, plan, base, start, paths, places, law, readings, testing })
    }

    fn confirmatory(&self, kept: usize) -> Result<Confirmatory, EngineError> {
        let phase3 = timetable::phase3(self.protocol, self.design, self.truth, &self.base, &self.start, kept)?;
        let arms: Vec<usize> = (1..self.protocol.arms.len()).filter(|arm| kept >> (arm - 1) & 1 == 1).collect();
        let months: Vec<f64> = phase3.looks.iter().map(|look| look.month).collect();
        let death = self.protocol.primary.endpoint.is_death();
        let mut crossing = None;
        let mut columns = Vec::new();
        let entries = self.paths.entries(&phase3.cohort.entry);
        let source =
            Source { protocol: self.protocol, truth: self.truth, paths: &self.paths, cohort: &phase3.cohort, entries };
        if let (Testing::Closed, [arm]) = (self.testing, &arms[..]) {
            let tests = &self.protocol.primary.test.statistics;
            let expectation = crate::engine::analytic::with_comparison(
                self.protocol,
                self.truth,
                &self.base.laws[0],
                &phase3.cohort,
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
            let clocks: Vec<_> = phase3.looks.iter().map(|look| source.clock(look, &self.base.laws)).collect();
            for look in 0..months.len() {
                for &arm in &arms {
                    let pair = source.pair(&self.base.laws[0], arm, &months)?;
                    columns.push(if self.testing == Testing::Combined {
                        let [later, earlier] = pair.increment(look);
                        let before = look.checked_sub(1).and_then(|before| clocks[before].as_ref());
                        later.at(clocks[look].as_ref()).less(&earlier.at(before))
                    } else {
                        pair.z(look).at(clocks[look].as_ref())
                    });
                }
            }
        }
        let law = if columns.is_empty() {
            Law { means: vec![], factor: nalgebra::DMatrix::zeros(0, 0) }
        } else {
            source.law(columns)?
        };
        Ok(Confirmatory { phase3, arms, law, crossing })
    }

    /// Whom the rule keeps at a point of the phase II vector.
    fn decide(&self, vector: &[f64], merit: &mut [f64], passing: &mut [bool], kept: &mut [bool]) {
        let count = |arm: usize| match self.places.responses {
            Some(first) => self.readings[arm].count(vector[first + arm]),
            None => ResponseCount::default(),
        };
        for arm in 0..merit.len() {
            let at = |place: Option<usize>| place.map_or(f64::NAN, |first| vector[first + arm]);
            let values = Values {
                response: [count(0), count(arm + 1)],
                hazard_ratio: self.places.hazard_ratio.map(|place| at(place).exp()),
                z: self.places.z.map(at),
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
        let mut vector = vec![0.0; self.law.means.len()];
        let (mut merit, mut passing, mut kept) = (vec![0.0; arms], vec![false; arms], vec![false; arms]);
        let mut tests = Tests::new(arms, self.design.intersection.clone(), true);
        let shares = [shares(&self.design.phase2_allocation), shares(&self.design.phase3_allocation)];
        let mut parts: BTreeMap<usize, Confirmatory> = BTreeMap::new();
        let mut sums: Vec<Sums> = (0..SHIFTS).map(|_| Sums::new(arms, looks)).collect();
        for (shift, sum) in sums.iter_mut().enumerate() {
            for index in 0..POINTS {
                lattice.point(shift, index, &mut point);
                for (normal, u) in normals.iter_mut().zip(&point) {
                    *normal = normal::quantile(u.clamp(1e-12, 1.0 - 1e-12));
                }
                map(&self.law, &normals, &mut vector);
                self.decide(&vector, &mut merit, &mut passing, &mut kept);
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
                    sum.known(part, crossing, hypotheses);
                    continue;
                }
                tests.clear();
                if let Some(first) = self.places.stage1 {
                    tests.first_stage(&vector[first..first + arms], &shares[0], &kept);
                }
                let rest = &normals[self.law.means.len()..];
                self.confirm(part, rest, &shares[1], &kept, &mut tests, sum, hypotheses);
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
        map(&part.law, normals, statistics);
        let mut first = None;
        for look in 0..looks {
            for (i, arm) in part.arms.iter().enumerate() {
                z[arm - 1] = statistics[look * part.arms.len() + i];
            }
            if self.testing == Testing::Combined {
                tests.combined(look, self.plan, z, shares, kept);
            } else {
                tests.closed(z, shares, kept, self.plan.bounds.efficacy[look]);
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

impl Readings {
    /// The count whose normal score is `score`, a normal of mean 0 and standard deviation `sd`.
    fn count(&self, score: f64) -> ResponseCount {
        let u = if self.sd > 0.0 { normal::cdf(score / self.sd) } else { 0.5 };
        ResponseCount {
            responders: self.cumulative.partition_point(|&below| below < u) as u32,
            patients: self.patients,
        }
    }
}

/// means + factor·normals.
fn map(law: &Law, normals: &[f64], vector: &mut [f64]) {
    for (i, value) in vector.iter_mut().enumerate() {
        *value = law.means[i] + (0..=i).map(|j| law.factor[(i, j)] * normals[j]).sum::<f64>();
    }
}
