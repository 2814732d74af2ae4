//! Phase II under one truth and schedule: everything that rule, bounds and weights do not change.

use crate::adaptive::Intersection;
use crate::engine::asymptotic::confirmatory::Later;
use crate::engine::asymptotic::law::{Column, CoxLaw, Law, Source, transition_months};
use crate::engine::asymptotic::paths::Paths;
use crate::engine::asymptotic::readings::Readings;
use crate::engine::asymptotic::{Precision, not_covered};
use crate::engine::schedule::Laws;
use crate::engine::simulation::closed::{Testing, Tests};
use crate::engine::simulation::transition::{Needs, Values};
use crate::engine::{EngineError, SeamlessSchedule, seamless_schedule};
use crate::numerics::lattice::Shifted;
use crate::numerics::mvn::{MAX_DIMENSION, SHIFTS};
use crate::numerics::normal;
use crate::protocol::{Allocation, Design, Protocol, Seamless};
use crate::statistics::response::ResponseCount;
use crate::survival::Endpoint;
use crate::transition::Trigger;
use crate::truth::Truth;
use rayon::prelude::*;
use std::sync::Arc;

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

/// At every point of one shift.
pub struct Seen {
    /// What a transition may look at, arm by arm.
    pub values: Vec<Values<'static>>,
    /// Log-rank statistics of stage 1, arm by arm; empty without a stage 1.
    pub stage1: Vec<f64>,
}

/// Phase II under one truth and schedule.
pub struct Setup {
    pub(super) precision: Precision,
    pub(super) protocol: Protocol,
    pub(super) truth: Truth,
    needs: Needs,
    pub(super) base: SeamlessSchedule,
    pub(super) paths: Arc<Paths>,
    /// Statistics of phase II; empty where phase III does not share its patients.
    pub(super) columns: Vec<Column>,
    /// Number of statistics of phase II.
    pub(super) size: usize,
    pub(super) testing: Testing,
    pub(super) points: Shifted<'static>,
    pub(super) seen: Vec<Seen>,
    /// Stage 1 quantiles of every set at every point of every shift, by intersection test.
    quantiles: Vec<(String, Arc<Vec<Vec<f64>>>)>,
    /// Phase III designs met so far.
    pub(super) later: Vec<Later>,
}

/// Months fixed by the same conditions, of the same patients: all of `protocol` that phase II depends on, but for its rule.
pub(super) fn same_phase2(one: &Protocol, other: &Protocol) -> bool {
    let (Design::Seamless(a), Design::Seamless(b)) = (&one.design, &other.design) else { return false };
    let follow_up = |design: &Seamless| design.combination.phase2_follow_up().cloned();
    let pooled = |design: &Seamless| design.combination.is_naive_pooled();
    one.arms == other.arms
        && one.primary.endpoint == other.primary.endpoint
        && one.primary.stratified == other.primary.stratified
        && a.phase2_patients == b.phase2_patients
        && a.phase2_allocation == b.phase2_allocation
        && a.transition.when == b.transition.when
        && a.decision_time == b.decision_time
        && follow_up(a) == follow_up(b)
        && pooled(a) == pooled(b)
        && counted(one) == counted(other)
}

/// Endpoints whose events the looks count.
fn counted(protocol: &Protocol) -> [bool; 2] {
    let mut counted = [false; 2];
    for analysis in &protocol.analyses {
        for leaf in analysis.when.leaves() {
            if let Trigger::Events { endpoint, .. } = leaf {
                counted[usize::from(endpoint.is_death())] = true;
            }
        }
    }
    counted
}

/// The experimental arms' shares of each comparison's patients.
pub(super) fn shares(allocation: &Allocation) -> Vec<f64> {
    let of = |&patients: &u32| f64::from(patients) / f64::from(patients + allocation.0[0]);
    allocation.0[1..].iter().map(of).collect()
}

impl Setup {
    /// Whether a protocol under a truth can be answered from here.
    pub(super) fn serves(&self, protocol: &Protocol, truth: &Truth, needs: Needs, precision: Precision) -> bool {
        self.precision == precision
            && self.needs.holds(needs)
            && same_phase2(&self.protocol, protocol)
            && self.truth == *truth
    }

    pub(super) fn new(
        protocol: &Protocol,
        design: &Seamless,
        truth: &Truth,
        needs: Needs,
        precision: Precision,
        paths: Option<Arc<Paths>>,
    ) -> Result<Self, EngineError> {
        let base = seamless_schedule(protocol, design, truth)?;
        if truth.enrollment.month_of(design.phase2_patients) > base.cut.month + 1e-9 {
            return not_covered("a data cut before phase II is enrolled; use simulation");
        }
        needs.check(truth)?;
        let paths = match paths {
            Some(paths) => paths,
            None => Arc::new(Paths::new(truth, precision.paths)?),
        };
        let source =
            Source { protocol, truth, paths: &paths, cohort: &base.phase2, entries: paths.entries(&base.phase2.entry) };
        let mut phase2 = Phase2::default();
        let clock = source.clock(&base.cut, &base.laws);
        let cut = base.cut.month;
        if needs.response {
            phase2.add_responses(&source, cut, &clock)?;
        }
        let experimental = 1..protocol.arms.len();
        for (index, endpoint) in [Endpoint::Pfs, Endpoint::Os].into_iter().enumerate() {
            if !needs.endpoint(index) {
                continue;
            }
            let laws = Laws::new(truth, endpoint)?;
            let pairs = experimental.clone().into_par_iter().map(|arm| {
                let pair = source.pair(&laws, arm, &transition_months(cut))?;
                let z = needs.z[index].then(|| pair.z(0).at(&clock));
                let ratio = needs.hazard_ratio[index].then(|| pair.log_hazard_ratio(0));
                Ok((z, ratio.map(|(column, law)| (column.at(&clock), law))))
            });
            let pairs = pairs.collect::<Result<Vec<_>, EngineError>>()?;
            let (z, ratios): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
            phase2.places.z[index] = needs.z[index].then_some(phase2.columns.len());
            phase2.columns.extend(z.into_iter().flatten());
            phase2.places.hazard_ratio[index] = needs.hazard_ratio[index].then_some(phase2.columns.len());
            for (column, law) in ratios.into_iter().flatten() {
                phase2.columns.push(column);
                phase2.ratios[index].push(law);
            }
        }
        let testing = if let Some(end) = &base.follow_up {
            phase2.places.stage1 = Some(phase2.columns.len());
            let clock = source.clock(end, &base.laws);
            let of = |arm| Ok(source.pair(&base.laws[0], arm, &[end.month])?.z(0).at(&clock));
            let columns = experimental.into_par_iter().map(of).collect::<Result<Vec<_>, EngineError>>()?;
            phase2.columns.extend(columns);
            Testing::Combined
        } else if design.combination.is_naive_pooled() {
            Testing::Elementary
        } else {
            Testing::Closed
        };
        let size = phase2.columns.len();
        if size > MAX_DIMENSION {
            return not_covered(format!("{size} statistics of phase II (at most {MAX_DIMENSION}); use simulation"));
        }
        let law = source.law(&phase2.columns)?;
        for (arm, readings) in phase2.readings.iter_mut().enumerate() {
            readings.deviations = law.deviations(arm);
        }
        let points = Shifted::new(precision.rule, SHIFTS);
        let arms = protocol.arms.len() - 1;
        let seen = (0..SHIFTS).into_par_iter().map(|shift| phase2.seen(&law, &points, shift, arms)).collect();
        let columns = if testing == Testing::Elementary { phase2.columns } else { Vec::new() };
        Ok(Self {
            precision,
            protocol: protocol.clone(),
            truth: truth.clone(),
            needs,
            base,
            paths,
            columns,
            size,
            testing,
            points,
            seen,
            quantiles: Vec::new(),
            later: Vec::new(),
        })
    }

    /// Stage 1 quantiles of every set of arms, `[shift][point × sets + set]`, under an intersection test.
    pub(super) fn quantiles(&mut self, intersection: &Intersection, shares: &[f64]) -> Arc<Vec<Vec<f64>>> {
        let name = format!("{intersection:?}");
        if let Some((_, known)) = self.quantiles.iter().find(|(known, _)| *known == name) {
            return known.clone();
        }
        let (arms, all) = (shares.len(), vec![true; shares.len()]);
        let of_shift = |seen: &Seen| {
            let mut tests = Tests::new(arms, intersection.clone(), true);
            let mut quantiles = Vec::with_capacity((seen.stage1.len() / arms) << arms);
            for z in seen.stage1.chunks_exact(arms) {
                tests.first_stage(z, shares, &all);
                quantiles.extend_from_slice(tests.stage1());
            }
            quantiles
        };
        let found = Arc::new(self.seen.par_iter().map(of_shift).collect::<Vec<_>>());
        self.quantiles.push((name, found.clone()));
        found
    }
}

/// Phase II's statistics as they are put together.
#[derive(Default)]
struct Phase2 {
    places: Places,
    columns: Vec<Column>,
    readings: Vec<Readings>,
    /// Per endpoint and experimental arm.
    ratios: [Vec<CoxLaw>; 2],
}

impl Phase2 {
    fn add_responses(
        &mut self,
        source: &Source,
        cut: f64,
        clock: &crate::engine::asymptotic::law::Clock,
    ) -> Result<(), EngineError> {
        let Some(response) = &source.truth.immune_response else { return Ok(()) };
        let arms = source.cohort.patients.len();
        self.places.responses = Some(self.columns.len());
        let due = source.cohort.entry.share_by(cut - response.measured_at);
        let mut counted = Vec::with_capacity(arms);
        for arm in 0..arms {
            let seen = source.truth.observed_response_overall(arm)?;
            let (rate, read) =
                seen.map_or((0.0, 1.0), |seen| (seen.rate(response.missing), seen.counted(response.missing)));
            let share = due * read;
            let random = share > 0.0 && share < 1.0 - 1e-9;
            self.readings.push(Readings::new(source.cohort.patients[arm], share, rate, random));
            self.columns.push(source.responses(arm, rate, response, cut));
            counted.push((read, random));
        }
        if counted.iter().any(|&(_, random)| random) {
            self.places.due = Some(self.columns.len());
            let column = |(arm, &(read, _)): (usize, &(f64, bool))| source.due(arm, read, response, cut).at(clock);
            self.columns.extend(counted.iter().enumerate().map(column));
        }
        Ok(())
    }

    /// What stands at every point of a shift.
    fn seen(&self, law: &Law, points: &Shifted, shift: usize, arms: usize) -> Seen {
        let size = law.means.len();
        let (mut normals, mut vector) = (vec![0.0; size], vec![0.0; size]);
        let mut seen = Seen { values: Vec::with_capacity(points.points() * arms), stage1: Vec::new() };
        for index in 0..points.points() {
            fill(points, shift, index, 0, &mut normals);
            law.map(shift, &normals, &mut vector);
            let control = self.count(shift, &vector, 0);
            for arm in 0..arms {
                let at = |place: Option<usize>| place.map_or(f64::NAN, |first| vector[first + arm]);
                let ratio = |endpoint: usize| {
                    let found = self.ratios[endpoint].get(arm);
                    found.map_or(f64::NAN, |law| law.at(at(self.places.hazard_ratio[endpoint])).exp())
                };
                seen.values.push(Values {
                    response: [control, self.count(shift, &vector, arm + 1)],
                    hazard_ratio: [ratio(0), ratio(1)],
                    z: self.places.z.map(at),
                    others: &[],
                });
            }
            if let Some(first) = self.places.stage1 {
                seen.stage1.extend_from_slice(&vector[first..first + arms]);
            }
        }
        seen
    }

    fn count(&self, shift: usize, vector: &[f64], arm: usize) -> ResponseCount {
        self.places.responses.map_or(ResponseCount::default(), |first| {
            let more = self.places.due.map_or(0.0, |due| vector[due + arm]);
            self.readings[arm].count(shift, vector[first + arm], more)
        })
    }
}

/// Standard normal coordinates of a point, from an axis on.
pub(super) fn fill(points: &Shifted, shift: usize, index: usize, first: usize, normals: &mut [f64]) {
    for (axis, normal) in normals.iter_mut().enumerate() {
        let u = points.coordinate(shift, index, first + axis);
        *normal = normal::quantile(u.clamp(1e-12, 1.0 - 1e-12));
    }
}
