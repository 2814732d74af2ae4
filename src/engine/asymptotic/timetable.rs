//! Months of a seamless trial in expectation, for every set of arms that may be kept.

use crate::engine::EngineError;
use crate::engine::planner::SeamlessSchedule;
use crate::engine::schedule::{Cohort, ScheduleContext, ScheduledLook, expected_events, schedule};
use crate::protocol::{Protocol, Seamless};
use crate::truth::{EntryLaw, Truth};

/// Phase III with one set of kept arms.
pub struct Phase3 {
    /// Tested patients of the studied arms (0 in the others) and their entry: of phase III, or of both phases when pooled.
    pub cohort: Cohort,
    /// Those of phase III.
    pub second: Cohort,
    /// Looks.
    pub looks: Vec<ScheduledLook>,
    /// Events in the studied arms at each look.
    pub events: Vec<f64>,
    /// Patients of the whole trial enrolled by each look.
    pub patients: Vec<f64>,
}

/// The trial at the decision.
pub struct AtDecision {
    /// Patients enrolled.
    pub patients: f64,
    /// Events of the primary endpoint, all arms.
    pub events: f64,
    /// Phase III patients enrolled by then.
    before: f64,
    shift: f64,
}

/// The trial as it stands at the decision.
pub fn at_decision(design: &Seamless, truth: &Truth, base: &SeamlessSchedule) -> AtDecision {
    let (n2, n3, enrollment) = (design.phase2_patients, design.phase3_patients, &truth.enrollment);
    let shift = if design.pause_enrollment { (base.decision - enrollment.month_of(n2)).max(0.0) } else { 0.0 };
    let before = (enrollment.expected_by(base.decision - shift) - n2).clamp(0.0, n3);
    let mut events = expected_events(truth, &base.laws[0], &base.phase2, None, None, base.decision);
    if before > 0.0 {
        let patients = design.phase3_allocation.shares().iter().map(|share| share * before).collect();
        let early = Cohort { entry: EntryLaw::window(enrollment, n2, n2 + before, shift), patients };
        events += expected_events(truth, &base.laws[0], &early, None, None, base.decision);
    }
    AtDecision { patients: n2 + before, events, before, shift }
}

/// Phase III with the arms of `kept` (experimental arms as bits).
///
/// # Errors
/// As [`schedule`].
pub fn phase3(
    protocol: &Protocol,
    design: &Seamless,
    truth: &Truth,
    base: &SeamlessSchedule,
    start: &AtDecision,
    kept: usize,
) -> Result<Phase3, EngineError> {
    let (n2, n3, enrollment) = (design.phase2_patients, design.phase3_patients, &truth.enrollment);
    let block: Vec<f64> = design.phase3_allocation.0.iter().map(|&patients| f64::from(patients)).collect();
    let is_studied = |arm: usize| arm == 0 || kept >> (arm - 1) & 1 == 1;
    let all: f64 = block.iter().sum();
    let studied: f64 = (0..block.len()).filter(|&arm| is_studied(arm)).map(|arm| block[arm]).sum();
    let windows =
        [(start.before * studied / all, n2, n2 + start.before), (n3 - start.before, n2 + start.before, n2 + n3)];
    let total: f64 = windows.iter().map(|window| window.0).sum();
    let entry = EntryLaw::joined(
        &windows.map(|(patients, first, last)| (patients, EntryLaw::window(enrollment, first, last, start.shift))),
    );
    let patients: Vec<f64> =
        (0..block.len()).map(|arm| if is_studied(arm) { total * block[arm] / studied } else { 0.0 }).collect();
    let second = Cohort { entry, patients };
    let cohort = if design.combination.is_naive_pooled() {
        let first = (0..block.len()).map(|arm| if is_studied(arm) { base.phase2.patients[arm] } else { 0.0 });
        let first: Vec<f64> = first.collect();
        let size = |patients: &[f64]| patients.iter().sum::<f64>();
        let entry = EntryLaw::joined(&[
            (size(&first), base.phase2.entry.clone()),
            (size(&second.patients), second.entry.clone()),
        ]);
        Cohort { entry, patients: first.iter().zip(&second.patients).map(|(first, second)| first + second).collect() }
    } else {
        second.clone()
    };
    let enrolled = |count: f64| {
        let first = if design.combination.is_naive_pooled() { 0.0 } else { n2 };
        enrollment.month_of(first + count) + if first + count > n2 { start.shift } else { 0.0 }
    };
    let earliest = base.follow_up.map_or(0.0, |end| end.month);
    let mut looks: Vec<ScheduledLook> = Vec::new();
    for analysis in &protocol.analyses {
        let previous = looks.last().map_or(base.decision, |look| look.month);
        let context = ScheduleContext { truth, laws: &base.laws, cohort: &cohort, enrolled: &enrolled, previous };
        let mut look = schedule(&analysis.when, &context)?;
        if look.month < earliest {
            look = ScheduledLook { month: earliest, clock: None, follows_entry: false, ..look };
        }
        looks.push(look);
    }
    let events =
        looks.iter().map(|look| expected_events(truth, &base.laws[0], &cohort, None, None, look.month)).collect();
    let patients = looks.iter().map(|look| enrollment.expected_by(look.month - start.shift).min(n2 + n3)).collect();
    Ok(Phase3 { cohort, second, looks, events, patients })
}
