//! From protocol and planning truth to numbers: information fractions, spending times, bounds, stage weights.

mod endpoints;
mod stages;

use crate::engine::schedule::{Cohort, Laws, ScheduleContext, ScheduledLook, cohort, expected_events, schedule};
use crate::engine::{EngineError, Plan, PlannedLook, analytic};
use crate::protocol::{Combination, Design, GroupSequential, Protocol, Seamless, Stage1, Weight};
use crate::sequential::{self, Bounds, FutilityPlan};
use crate::statistics::Expectation;
use crate::survival::Endpoint;
use crate::transition::Trigger;
use crate::truth::Truth;
use endpoints::endpoints;
use stages::{prospects, refuse_no_increment, together, two_stage_bounds};

/// Fixes information fractions, bounds and weights under the planning truth.
///
/// # Errors
/// [`EngineError::UnreachableEvents`] when a look needs more events than the planning truth will ever give;
/// [`EngineError`] of the numerics otherwise.
pub fn plan(protocol: &Protocol, planning: &Truth) -> Result<Plan, EngineError> {
    match &protocol.design {
        Design::GroupSequential(design) => group_sequential(protocol, design, planning),
        Design::Seamless(design) => seamless(protocol, design, planning),
    }
}

/// Laws of every endpoint the triggers count, and of the primary endpoint first.
pub(super) fn laws_for<'a>(
    protocol: &Protocol,
    triggers: impl Iterator<Item = &'a Trigger>,
    truth: &Truth,
) -> Result<Vec<Laws>, EngineError> {
    let mut endpoints = vec![protocol.primary.endpoint];
    for trigger in triggers {
        for leaf in trigger.leaves() {
            if let Trigger::Events { endpoint, .. } = leaf {
                endpoints.push(*endpoint);
            }
        }
    }
    let mut laws: Vec<Laws> = Vec::new();
    for endpoint in endpoints {
        if !laws.iter().any(|known| known.endpoint.is_death() == endpoint.is_death()) {
            laws.push(Laws::new(truth, endpoint)?);
        }
    }
    Ok(laws)
}

/// The cohort of a group-sequential trial.
pub(super) fn trial_cohort(design: &GroupSequential, truth: &Truth) -> Cohort {
    let patients = design.patients;
    let arms = design.allocation.shares().iter().map(|share| share * patients).collect();
    let cohort = cohort(&truth.enrollment, 0.0, patients, 0.0, arms);
    Cohort { entry: cohort.entry.in_blocks(truth.enrollment_process), ..cohort }
}

/// Every look of a group-sequential trial in expectation.
pub(super) fn trial_schedule(
    protocol: &Protocol,
    truth: &Truth,
    laws: &[Laws],
    cohort: &Cohort,
) -> Result<Vec<ScheduledLook>, EngineError> {
    let enrolled = |count: f64| truth.enrollment.month_of(count);
    let mut looks: Vec<ScheduledLook> = Vec::with_capacity(protocol.analyses.len());
    for analysis in &protocol.analyses {
        let previous = looks.last().map_or(0.0, |look| look.month);
        let context = ScheduleContext { truth, laws, cohort, enrolled: &enrolled, previous };
        looks.push(schedule(&analysis.when, &context)?);
    }
    Ok(looks)
}

fn refuse_unreachable(look: Option<usize>, scheduled: &ScheduledLook) -> Result<(), EngineError> {
    match scheduled.unreached {
        Some((needed, available)) => Err(EngineError::UnreachableEvents { look, needed, available }),
        None => Ok(()),
    }
}

/// The events that fix a look, if it is a plain count of the primary endpoint.
fn count_of(trigger: &Trigger, primary: Endpoint) -> Option<f64> {
    match trigger {
        Trigger::Events { count, endpoint, stratum: None, arms: None } if endpoint.is_death() == primary.is_death() => {
            Some(*count)
        }
        _ => None,
    }
}

/// Shares of the last value, each at most 1 and non-decreasing.
fn fractions(events: &[f64]) -> Vec<f64> {
    let last = events[events.len() - 1];
    let mut highest = 0.0f64;
    events
        .iter()
        .enumerate()
        .map(|(k, count)| {
            highest = if k + 1 == events.len() { 1.0 } else { highest.max((count / last).min(1.0)) };
            highest
        })
        .collect()
}

fn looks(protocol: &Protocol, stage2: &[f64], events: &[f64], weight: f64) -> Vec<PlannedLook> {
    stage2
        .iter()
        .enumerate()
        .map(|(k, &fraction)| PlannedLook {
            information_fraction: weight + (1.0 - weight) * fraction,
            stage2_fraction: fraction,
            spending_time: protocol.bounds.spending_time.as_ref().map_or(fraction, |times| times[k]),
            events: events[k],
        })
        .collect()
}

fn group_sequential(protocol: &Protocol, design: &GroupSequential, truth: &Truth) -> Result<Plan, EngineError> {
    let laws = laws_for(protocol, protocol.analyses.iter().map(|a| &a.when), truth)?;
    let cohort = trial_cohort(design, truth);
    let scheduled = trial_schedule(protocol, truth, &laws, &cohort)?;
    for (k, look) in scheduled.iter().enumerate() {
        refuse_unreachable(Some(k), look)?;
    }
    let counts: Vec<Option<f64>> =
        protocol.analyses.iter().map(|analysis| count_of(&analysis.when, protocol.primary.endpoint)).collect();
    let events: Vec<f64> = counts
        .iter()
        .zip(&scheduled)
        .map(|(count, look)| count.unwrap_or_else(|| expected_events(truth, &laws[0], &cohort, None, None, look.month)))
        .collect();
    if let Some(several) = &protocol.several {
        let endpoints = endpoints(protocol, several, truth, &cohort, &scheduled)?;
        let looks = looks(protocol, &fractions(&events), &events, 0.0);
        let futility = vec![f64::NEG_INFINITY; looks.len()];
        let bounds = Bounds { efficacy: endpoints[0].bounds[0].clone(), futility };
        return Ok(Plan { looks, bounds, endpoints, ..Plan::default() });
    }
    let expectation = || analytic::expectation(protocol, truth, &laws[0], &cohort, &scheduled);
    if protocol.primary.test.is_log_rank() {
        let looks = looks(protocol, &fractions(&events), &events, 0.0);
        let bounds =
            bounds(protocol, &looks, &events, &shares(&cohort), || Ok(expectation()?.means().as_slice().to_vec()))?;
        return with_harm(protocol, truth, &cohort, &scheduled, Plan { looks, bounds, ..Plan::default() });
    }
    let expectation = expectation()?;
    let looks = looks_by_information(protocol, &expectation.information_fractions(), &events, &counts, 0.0)?;
    let bounds = if expectation.tests() > 1 {
        max_combo_bounds(protocol, &looks, &expectation)?
    } else {
        bounds(protocol, &looks, &events, &shares(&cohort), || Ok(expectation.means().as_slice().to_vec()))?
    };
    with_harm(protocol, truth, &cohort, &scheduled, Plan { looks, bounds, ..Plan::default() })
}

/// Adds the harm bounds of a group-sequential trial, from the deaths expected by its looks.
fn with_harm(
    protocol: &Protocol,
    truth: &Truth,
    cohort: &Cohort,
    scheduled: &[ScheduledLook],
    mut plan: Plan,
) -> Result<Plan, EngineError> {
    let Some(harm) = &protocol.harm else { return Ok(plan) };
    let laws = Laws::new(truth, Endpoint::Os)?;
    let counted = |(look, scheduled): (&PlannedLook, &ScheduledLook)| {
        if protocol.primary.endpoint.is_death() {
            look.events
        } else {
            expected_events(truth, &laws, cohort, None, None, scheduled.month)
        }
    };
    plan.deaths = plan.looks.iter().zip(scheduled).map(counted).collect();
    let shares = shares(cohort);
    let z_of = |look: usize, ratio: f64| -ratio.ln() * (shares[0] * shares[1] * plan.deaths[look]).sqrt();
    plan.harm = harm
        .bounds(&fractions(&plan.deaths), z_of)
        .map_err(|error| EngineError::Numerics(format!("harm bounds: {error}")))?;
    Ok(plan)
}

/// Looks of a test whose information is not its events: information fractions are the statistic's own (of a max-combo, the
/// smallest of its tests'), spending times planned events where a look is fixed by events, else those fractions.
fn looks_by_information(
    protocol: &Protocol,
    information: &[f64],
    events: &[f64],
    counts: &[Option<f64>],
    weight: f64,
) -> Result<Vec<PlannedLook>, EngineError> {
    let information = fractions(information);
    if let Some(look) = information.windows(2).position(|pair| pair[1] <= pair[0]) {
        let name = &protocol.analyses[look + 1].name;
        let reason = format!(
            "look '{name}' adds no information to the one before for the test {}",
            protocol.primary.test.label()
        );
        return Err(EngineError::NoInformation { look: look + 1, reason });
    }
    let by_events = fractions(events);
    let mut times: Vec<f64> =
        (0..counts.len()).map(|k| if counts[k].is_some() { by_events[k] } else { information[k] }).collect();
    for k in 1..times.len() {
        times[k] = times[k].max(times[k - 1]);
    }
    let mut looks = looks(protocol, &information, events, weight);
    if protocol.bounds.spending_time.is_none() {
        for (look, time) in looks.iter_mut().zip(times) {
            look.spending_time = time;
        }
    }
    Ok(looks)
}

/// Null information of a test by one statistic at every look of a seamless trial, summed over the tested cohorts and averaged over
/// the experimental arms.
fn seamless_information(
    protocol: &Protocol,
    truth: &Truth,
    schedule: &SeamlessSchedule,
    cohorts: &[&Cohort],
) -> Result<Vec<f64>, EngineError> {
    let months: Vec<f64> = schedule.looks.iter().map(|look| look.month).collect();
    let mut information = vec![0.0; months.len()];
    for cohort in cohorts {
        for arm in 1..protocol.arms.len() {
            let found = analytic::with_comparison(protocol, truth, &schedule.laws[0], cohort, arm, |comparison| {
                Expectation::new(&protocol.primary.test.statistics, comparison, &months)
            })?;
            for (look, sum) in information.iter_mut().enumerate() {
                *sum += (cohort.patients[0] + cohort.patients[arm]) * found.at(0, look).information;
            }
        }
    }
    Ok(information)
}

/// Bounds of a max-combo from its joint law under the null.
fn max_combo_bounds(
    protocol: &Protocol,
    looks: &[PlannedLook],
    expectation: &Expectation,
) -> Result<Bounds, EngineError> {
    if protocol.bounds.futility.is_some() {
        return Err(EngineError::NotCovered {
            engine: analytic::NAME,
            feature: "futility bounds of a max-combo".into(),
        });
    }
    let times: Vec<f64> = looks.iter().map(|look| look.spending_time).collect();
    sequential::several::bounds(
        &protocol.bounds.efficacy,
        protocol.alpha,
        &expectation.null_correlation(),
        expectation.tests(),
        &times,
    )
    .map_err(|error| EngineError::Numerics(error.to_string()))
}

/// What a group-sequential design is planned on: E Z_k of every look under the planning truth, and the information its last look has
/// then under the null, in the test's own unit (of a score, its variance; of a difference, 1/variance).
///
/// # Errors
/// As [`plan`]; [`EngineError::NotCovered`] for a seamless design.
pub fn planning_law(protocol: &Protocol, planning: &Truth) -> Result<(Vec<f64>, f64), EngineError> {
    let Design::GroupSequential(design) = &protocol.design else {
        return Err(EngineError::NotCovered { engine: analytic::NAME, feature: "a data-driven transition".into() });
    };
    let laws = laws_for(protocol, protocol.analyses.iter().map(|a| &a.when), planning)?;
    let cohort = trial_cohort(design, planning);
    let scheduled = trial_schedule(protocol, planning, &laws, &cohort)?;
    let expectation = analytic::expectation(protocol, planning, &laws[0], &cohort, &scheduled)?;
    let last = expectation.at(0, scheduled.len() - 1).information * cohort.patients.iter().sum::<f64>();
    Ok((expectation.means().as_slice().to_vec(), last))
}

/// Per look, whether its spending time is planned by a count of primary events.
pub fn spends_by_events(protocol: &Protocol) -> Vec<bool> {
    protocol.analyses.iter().map(|look| count_of(&look.when, protocol.primary.endpoint).is_some()).collect()
}

/// Shares of control and experimental arms together.
fn shares(cohort: &Cohort) -> [f64; 2] {
    let total: f64 = cohort.patients.iter().sum();
    [cohort.patients[0] / total, 1.0 - cohort.patients[0] / total]
}

/// Bounds of the planned looks; `events` are the planned events and `shares` the arms' shares behind a hazard-ratio
/// bound, `drift` supplies E Z_k under the planning truth for β-spending.
fn bounds(
    protocol: &Protocol,
    looks: &[PlannedLook],
    events: &[f64],
    shares: &[f64; 2],
    drift: impl Fn() -> Result<Vec<f64>, EngineError>,
) -> Result<Bounds, EngineError> {
    let information: Vec<f64> = looks.iter().map(|look| look.information_fraction).collect();
    let times: Vec<f64> = looks.iter().map(|look| look.spending_time).collect();
    let means = if protocol.bounds.needs_drift() { drift()? } else { Vec::new() };
    if matches!(protocol.bounds.futility, Some(FutilityPlan::HazardRatio(_))) && !protocol.primary.test.is_log_rank() {
        let feature = format!("futility by hazard ratio with the test {}", protocol.primary.test.label());
        return Err(EngineError::NotCovered { engine: analytic::NAME, feature });
    }
    let z_of = |look: usize, ratio: f64| -ratio.ln() * (shares[0] * shares[1] * events[look]).sqrt();
    sequential::bounds::bounds(&protocol.bounds, protocol.alpha, &information, &times, &means, z_of)
        .map_err(|error| EngineError::Numerics(error.to_string()))
}

/// Expected events of the control and of all experimental arms together, in one cohort by a month.
fn stage_events(truth: &Truth, laws: &Laws, cohort: &Cohort, month: f64) -> (f64, f64) {
    let experimental: Vec<usize> = (1..truth.arms.len()).collect();
    (
        expected_events(truth, laws, cohort, None, Some(&[0]), month),
        expected_events(truth, laws, cohort, None, Some(&experimental), month),
    )
}

/// A seamless trial in expectation.
pub struct SeamlessSchedule {
    /// Data cut of the transition.
    pub cut: ScheduledLook,
    /// Month of the decision.
    pub decision: f64,
    /// End of the phase II cohort's follow-up, where the combination fixes one.
    pub follow_up: Option<ScheduledLook>,
    /// Confirmatory looks.
    pub looks: Vec<ScheduledLook>,
    pub(super) phase2: Cohort,
    phase3: Cohort,
    /// Patients whom the looks read.
    tested: Cohort,
    /// Arms planned to be kept.
    kept: f64,
    pub(super) laws: Vec<Laws>,
}

/// Every month of a seamless trial in expectation. Which arms are kept is not known beforehand, so that every
/// experimental arm counts as kept with the probability (planned kept arms)/(experimental arms).
///
/// # Errors
/// [`EngineError`] if a law cannot be built.
pub fn seamless_schedule(
    protocol: &Protocol,
    design: &Seamless,
    truth: &Truth,
) -> Result<SeamlessSchedule, EngineError> {
    let (n2, n3) = (design.phase2_patients, design.phase3_patients);
    let follow_up = design.combination.phase2_follow_up();
    let transition =
        std::iter::once(&design.transition.when).chain(design.transition.gates.iter().map(|gate| &gate.when));
    let laws = laws_for(protocol, protocol.analyses.iter().map(|a| &a.when).chain(transition).chain(follow_up), truth)?;
    let enrollment = &truth.enrollment;
    let arms2 = design.phase2_allocation.shares().iter().map(|share| share * n2).collect();
    let phase2 = cohort(enrollment, 0.0, n2, 0.0, arms2);
    let enrolled = |count: f64| enrollment.month_of(count);
    let context = ScheduleContext { truth, laws: &laws, cohort: &phase2, enrolled: &enrolled, previous: 0.0 };
    let cut = schedule(&design.transition.when, &context)?;
    let follow_up = follow_up.map(|trigger| schedule(trigger, &context)).transpose()?;
    let decision = cut.month + design.decision_time;

    let experimental = (protocol.arms.len() - 1) as f64;
    let kept = design.transition.keep.rule.planned_kept(protocol.arms.len() - 1) as f64;
    let shift = if design.pause_enrollment { (decision - enrollment.month_of(n2)).max(0.0) } else { 0.0 };
    let before = ((enrollment.expected_by(decision - shift) - n2) / n3).clamp(0.0, 1.0);
    let blocks: Vec<f64> = design.phase3_allocation.0.iter().map(|&patients| f64::from(patients)).collect();
    let all: f64 = blocks.iter().sum();
    let studied: f64 = blocks[0] + kept / experimental * (all - blocks[0]);
    let arms3 = blocks.iter().enumerate().map(|(arm, block)| {
        let chance = if arm == 0 { 1.0 } else { kept / experimental };
        n3 * chance * block * (before / all + (1.0 - before) / studied)
    });
    let phase3 = cohort(enrollment, n2, n2 + n3, shift, arms3.collect());
    let both = design.combination.looks_read_phase2();
    let tested = if both { together(&phase2, &phase3, kept / experimental) } else { phase3.clone() };
    let enrolled3 = |count: f64| {
        let number = if both { count } else { n2 + count };
        enrollment.month_of(number) + if number > n2 { shift } else { 0.0 }
    };
    let mut looks: Vec<ScheduledLook> = Vec::new();
    for analysis in &protocol.analyses {
        let previous = looks.last().map_or(decision, |look| look.month);
        let context = ScheduleContext { truth, laws: &laws, cohort: &tested, enrolled: &enrolled3, previous };
        looks.push(schedule(&analysis.when, &context)?);
    }
    Ok(SeamlessSchedule { cut, decision, follow_up, looks, phase2, phase3, tested, kept, laws })
}

fn seamless(protocol: &Protocol, design: &Seamless, truth: &Truth) -> Result<Plan, EngineError> {
    crate::engine::simulation::check_test(protocol)?;
    let schedule = seamless_schedule(protocol, design, truth)?;
    refuse_unreachable(None, &schedule.cut)?;
    if let Some(end) = &schedule.follow_up {
        refuse_unreachable(None, end)?;
    }
    let experimental = (protocol.arms.len() - 1) as f64;
    let pooled = design.combination.is_naive_pooled();
    let events_by = |cohort: &Cohort, month: f64| stage_events(truth, &schedule.laws[0], cohort, month);
    let mut events = Vec::with_capacity(schedule.looks.len());
    for (k, (analysis, look)) in protocol.analyses.iter().zip(&schedule.looks).enumerate() {
        let (control, arms) = events_by(&schedule.tested, look.month);
        let expected = control + arms;
        if !pooled {
            refuse_unreachable(Some(k), look)?;
        }
        events.push(count_of(&analysis.when, protocol.primary.endpoint).unwrap_or(expected));
    }
    let last = schedule.looks[schedule.looks.len() - 1].month;
    // Events of one comparison, the control and a kept arm, among so many of all kept arms.
    let per_comparison = |events: f64| {
        let (control, arms) = events_by(&schedule.tested, last);
        events * (control + arms / schedule.kept) / (control + arms)
    };
    let mut stage2 = events.clone();
    let stage1_weight = match &design.combination {
        Combination::TwoStage { weight, stage1, .. } => {
            let increments = *stage1 == Stage1::IndependentIncrements;
            let end = schedule.follow_up.as_ref().unwrap_or(&schedule.cut).month;
            let (control, arms) = events_by(&schedule.phase2, end);
            let first = control + arms / experimental;
            let total = per_comparison(events[events.len() - 1]) + if increments { 0.0 } else { first };
            if increments {
                let before = control + schedule.kept / experimental * arms;
                for events in &mut stage2 {
                    *events -= before;
                }
                refuse_no_increment(&stage2, before)?;
            }
            Some(match weight {
                Weight::Fixed(weight) => *weight,
                Weight::PlannedEvents => first / total,
            })
        }
        Combination::Phase3Only | Combination::NaivePooled => None,
    };
    let looks = if protocol.primary.test.is_log_rank() {
        looks(protocol, &fractions(&stage2), &events, stage1_weight.unwrap_or(0.0))
    } else {
        let cohorts = [&schedule.phase3, &schedule.phase2];
        let tested = if pooled { &cohorts[..] } else { &cohorts[..1] };
        let information = seamless_information(protocol, truth, &schedule, tested)?;
        let counts: Vec<Option<f64>> =
            protocol.analyses.iter().map(|analysis| count_of(&analysis.when, protocol.primary.endpoint)).collect();
        looks_by_information(protocol, &information, &events, &counts, stage1_weight.unwrap_or(0.0))?
    };
    // A hazard-ratio bound is read per comparison: the control and one kept arm.
    let control = f64::from(design.phase3_allocation.0[0]);
    let one_arm =
        design.phase3_allocation.0[1..].iter().map(|&patients| f64::from(patients)).sum::<f64>() / experimental;
    let pair = [control / (control + one_arm), one_arm / (control + one_arm)];
    let per_comparison = (control + one_arm) / (control + schedule.kept * one_arm);
    let comparison: Vec<f64> = events.iter().map(|count| count * per_comparison).collect();
    if let (Combination::TwoStage { function, .. }, Some(weight)) = (&design.combination, stage1_weight)
        && !function.canonical()
    {
        let bounds = two_stage_bounds(protocol, function, weight, &looks)?;
        let prospects = prospects(protocol, design, truth, &schedule, stage1_weight, &bounds)?;
        return Ok(Plan { looks, bounds, stage1_weight, prospects, ..Plan::default() });
    }
    let bounds = bounds(protocol, &looks, &comparison, &pair, || {
        Err(EngineError::NotCovered {
            engine: "analytic",
            feature: "futility planned on a drift (β-spending, conditional power) in a seamless design".into(),
        })
    })?;
    let prospects = prospects(protocol, design, truth, &schedule, stage1_weight, &bounds)?;
    Ok(Plan { looks, bounds, stage1_weight, prospects, ..Plan::default() })
}
