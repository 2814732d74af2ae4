//! What the answers do when one thing is otherwise than assumed, the design staying as planned.

use crate::engine::{self, EngineError, EngineKind, Estimate, OperatingCharacteristics, Settings};
use crate::protocol::Design;
use crate::scenario::{Candidate, Goal, Quantity, Scenario};
use crate::search::{self, SizeOutcome};
use crate::statistics::{Cell, Comparison, EventLaw, StratumPair, Tabulation};
use crate::study::Answer;
use crate::truth::{EntryLaw, Truth};
use rayon::prelude::*;

/// Replicates of a point that only simulation covers.
const REPLICATES: u64 = 4000;
/// Months of delay at which a course is read.
const DELAYS: [f64; 9] = [0.0, 1.5, 3.0, 4.0, 6.0, 7.5, 9.0, 10.5, 12.0];
/// Correlations at which a course is read.
const CORRELATIONS: [f64; 9] = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];
/// What a quantity is divided and multiplied by, one at a time.
pub const SWING: f64 = 1.25;

/// Answers of one candidate along one number of the truth.
#[derive(Debug, Clone)]
pub struct Course {
    /// Candidate.
    pub candidate: String,
    /// In ascending order.
    pub points: Vec<CoursePoint>,
}

/// Name of an experimental arm; the average hazard ratio that each look sees of it, where it is defined.
pub type ArmAverages = (String, Vec<Option<f64>>);

/// One point of a course.
#[derive(Debug, Clone)]
pub struct CoursePoint {
    /// Value of the number.
    pub at: f64,
    /// The answer there.
    pub outcome: OperatingCharacteristics,
    /// Name of each experimental arm, and the average hazard ratio of the primary endpoint that each look sees of it.
    pub averages: Vec<ArmAverages>,
}

/// The size a candidate needs along the delay: the size, or `None` where no design reaches the goal.
#[derive(Debug, Clone)]
pub struct SizeCourse {
    /// Candidate.
    pub candidate: String,
    /// Delay in months, size.
    pub points: Vec<(f64, Option<f64>)>,
}

/// Power of one candidate under one truth, one quantity at a time lower and higher.
#[derive(Debug, Clone)]
pub struct Swings {
    /// Candidate.
    pub candidate: String,
    /// Truth.
    pub truth: String,
    /// Power as assumed, by the engine that answered the swings.
    pub power: Estimate,
    /// Largest swing first.
    pub swings: Vec<Swing>,
}

/// Power when one quantity is divided and multiplied by [`SWING`].
#[derive(Debug, Clone, Copy)]
pub struct Swing {
    /// The quantity.
    pub quantity: Quantity,
    /// Power with the quantity divided; `None` where the file's format refuses it or the design has no answer.
    pub lower: Option<Estimate>,
    /// Power with the quantity multiplied.
    pub higher: Option<Estimate>,
}

/// The first truth of a candidate under which a null is false: what the design is for.
pub(super) fn truth_with_benefit<'a>(answers: &'a [Answer], candidate: &str) -> Option<&'a str> {
    let benefit = |answer: &&Answer| answer.outcome.null_true.iter().any(|null| !null);
    answers.iter().filter(|answer| answer.candidate == candidate).find(benefit).map(|answer| answer.truth.as_str())
}

/// One candidate, planned as in `planned`, under a truth that was moved, by the engine without randomness where it covers the
/// design.
pub(super) fn moved(
    planned: &Candidate,
    truth: &Truth,
    settings: &Settings,
) -> Result<OperatingCharacteristics, EngineError> {
    let engine = match planned.protocol.design {
        Design::GroupSequential(_) => EngineKind::Analytic,
        Design::Seamless(_) => EngineKind::Asymptotic,
    };
    let evaluate = |settings: &Settings| engine::evaluate(&planned.protocol, truth, &planned.planning, settings, None);
    match evaluate(&Settings { engine, ..*settings }) {
        Err(EngineError::NotCovered { .. }) => evaluate(&Settings {
            engine: EngineKind::Simulation,
            replicates: settings.replicates.min(REPLICATES),
            ..*settings
        }),
        found => found,
    }
}

/// The average hazard ratio that each look sees of each experimental arm: event-weighted geometric mean up to the look's month, over
/// the patients whom the look tests. Of a seamless trial these are phase III patients, whose enrolment begins when phase II is full
/// (after the decision, if it pauses), with phase II patients where the looks read them again; every arm as if it were kept.
fn averages(
    planned: &Candidate,
    truth: &Truth,
    outcome: &OperatingCharacteristics,
) -> Result<Vec<ArmAverages>, EngineError> {
    let protocol = &planned.protocol;
    let Design::Seamless(design) = &protocol.design else {
        let seen = outcome.looks.iter().map(|look| look.average_hazard_ratio).collect();
        return Ok(vec![(protocol.arms[1].clone(), seen)]);
    };
    let (two, three) = (design.phase2_patients, design.phase3_patients);
    let cut = outcome.transition.as_ref().map_or(0.0, |transition| transition.month.value);
    let wait = cut + design.decision_time - truth.enrollment.accrual_end(two);
    let shift = if design.pause_enrollment { wait.max(0.0) } else { 0.0 };
    let later = EntryLaw::window(&truth.enrollment, two, two + three, shift);
    let (entry, patients) = if design.combination.looks_read_phase2() {
        let first = EntryLaw::window(&truth.enrollment, 0.0, two, 0.0);
        (EntryLaw::joined(&[(two, first), (three, later)]), two + three)
    } else {
        (later, three)
    };
    let months: Vec<f64> = outcome.looks.iter().map(|look| look.month.value).collect();
    let shares = design.phase3_allocation.shares();
    let control = truth.population_law(0, protocol.primary.endpoint)?;
    let mut found = Vec::with_capacity(protocol.arms.len() - 1);
    for (arm, name) in protocol.arms.iter().enumerate().skip(1) {
        let law = truth.population_law(arm, protocol.primary.endpoint)?;
        let cell = |law, arm: usize| Cell { law, dropout: &truth.arms[arm].dropout };
        let pair = shares[0] + shares[arm];
        let comparison = Comparison {
            strata: vec![StratumPair { prevalence: 1.0, arms: [cell(&control as &dyn EventLaw, 0), cell(&law, arm)] }],
            shares: [shares[0] / pair, shares[arm] / pair],
            entry: &entry,
            patients: patients * pair,
        };
        // A look that nobody reaches has no month.
        let seen = |&month: &f64| {
            (month > 0.0).then(|| Tabulation::new(&comparison, &[month], &[]).average_hazard_ratio(0)).flatten()
        };
        found.push((name.clone(), months.iter().map(seen).collect()));
    }
    Ok(found)
}

fn truth_named<'a>(scenario: &'a Scenario, candidate: usize, name: &str) -> Option<&'a Truth> {
    scenario.candidates.get(candidate)?.truths.iter().find(|(truth, _)| truth == name).map(|(_, truth)| truth)
}

/// Answers of every candidate under `truth` along a number; `at` gives the scenario with the number moved. A point that cannot
/// be answered is left out; fewer than two points make no course, nor do points that do not change the truth.
fn along(scenario: &Scenario, truth: &str, values: &[f64], at: impl Fn(f64) -> Option<Scenario> + Sync) -> Vec<Course> {
    let scenarios: Vec<(f64, Scenario)> = values.iter().filter_map(|&value| Some((value, at(value)?))).collect();
    let of = |index: usize| {
        let planned = &scenario.candidates[index];
        let truths: Vec<(f64, &Truth)> =
            scenarios.iter().filter_map(|(value, moved)| Some((*value, truth_named(moved, index, truth)?))).collect();
        let moves = truths.windows(2).any(|pair| pair[0].1 != pair[1].1);
        let points: Vec<CoursePoint> = truths
            .par_iter()
            .filter_map(|(value, truth)| {
                let outcome = moved(planned, truth, &scenario.run).ok()?;
                let averages = averages(planned, truth, &outcome).ok()?;
                Some(CoursePoint { at: *value, outcome, averages })
            })
            .collect();
        (moves && points.len() > 1).then(|| Course { candidate: planned.name.clone(), points })
    };
    (0..scenario.candidates.len()).into_par_iter().filter_map(of).collect()
}

/// Along the months until the effects set in.
pub(super) fn along_delay(scenario: &Scenario, truth: &str) -> Vec<Course> {
    along(scenario, truth, &DELAYS, |months| scenario.with_delay(months).or_else(|| unmoved(scenario, months)))
}

/// The scenario itself where it has a delay of just `months` already.
fn unmoved(scenario: &Scenario, months: f64) -> Option<Scenario> {
    scenario.with_delay(months + 1.0).map(|_| scenario.clone())
}

const CORRELATION: &str = "/truth/immune_response/prognostic/correlation";

/// Along the correlation of response and prognosis.
pub(super) fn along_correlation(scenario: &Scenario, truth: &str) -> Vec<Course> {
    if scenario.source.pointer(CORRELATION).is_none() {
        return Vec::new();
    }
    along(scenario, truth, &CORRELATIONS, |value| scenario.with_values(&[CORRELATION.to_owned()], &[value]).ok())
}

/// The size that meets `goal` along the delay, for the candidates without a transition.
pub(super) fn size_along_delay(scenario: &Scenario, truth: &str, goal: Goal) -> Vec<SizeCourse> {
    let scenarios: Vec<(f64, Scenario)> = DELAYS
        .iter()
        .filter_map(|&months| Some((months, scenario.with_delay(months).or_else(|| unmoved(scenario, months))?)))
        .collect();
    let of = |index: usize| {
        let size = |(months, moved): &(f64, Scenario)| {
            let design = &moved.candidates[index];
            let found = search::size(&design.protocol, truth_named(moved, index, truth)?, &design.planning, goal);
            match found.ok()? {
                SizeOutcome::Solved(solved) => Some((*months, Some(solved.value))),
                SizeOutcome::NoDesign { .. } => Some((*months, None)),
            }
        };
        let points: Vec<_> = scenarios.par_iter().filter_map(size).collect();
        let solved = points.iter().filter(|(_, size)| size.is_some()).count();
        (solved > 1).then(|| SizeCourse { candidate: scenario.candidates[index].name.clone(), points })
    };
    (0..scenario.candidates.len()).into_par_iter().filter_map(of).collect()
}

/// Every quantity of the truth, one at a time; `None` where the candidate has no answer as assumed or nothing moves it.
pub(super) fn swings(scenario: &Scenario, candidate: &str, truth: &str) -> Option<Swings> {
    let index = scenario.candidates.iter().position(|known| known.name == candidate)?;
    let planned = &scenario.candidates[index];
    let power = |truth: &Truth| moved(planned, truth, &scenario.run).ok().map(|outcome| outcome.reject_any);
    let base = truth_named(scenario, index, truth)?;
    let at = |quantity, factor| {
        let moved = scenario.scaled(quantity, factor)?;
        truth_named(&moved, index, truth).filter(|moved| *moved != base).and_then(power)
    };
    let swing = |&quantity: &Quantity| {
        let (lower, higher) = (at(quantity, SWING.recip()), at(quantity, SWING));
        (lower.is_some() || higher.is_some()).then_some(Swing { quantity, lower, higher })
    };
    let mut swings: Vec<Swing> = Quantity::ALL.par_iter().filter_map(swing).collect();
    let power = power(base)?;
    let size = |swing: &Swing| {
        [swing.lower, swing.higher].iter().flatten().map(|at| (at.value - power.value).abs()).fold(0.0, f64::max)
    };
    swings.sort_by(|a, b| size(b).total_cmp(&size(a)));
    (!swings.is_empty()).then(|| Swings { candidate: candidate.to_owned(), truth: truth.to_owned(), power, swings })
}
