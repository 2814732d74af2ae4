//! When looks take place in expectation: the month at which the expected number of events meets the plan.

use crate::engine::EngineError;
use crate::numerics::panels::{Panels, Series};
use crate::numerics::roots::brent;
use crate::statistics::EventLaw;
use crate::survival::{Endpoint, EndpointLaw, PiecewiseHazard};
use crate::transition::Trigger;
use crate::truth::{Enrollment, EntryLaw, Truth};

/// The marginal laws of one endpoint, arm by arm and stratum by stratum.
pub struct Laws {
    /// Endpoint.
    pub endpoint: Endpoint,
    /// `laws[arm][stratum]`.
    pub laws: Vec<Vec<EndpointLaw>>,
}

impl Laws {
    /// Builds the laws of one endpoint under one truth.
    ///
    /// # Errors
    /// [`EngineError::Invalid`] if a law cannot be built.
    pub fn new(truth: &Truth, endpoint: Endpoint) -> Result<Self, EngineError> {
        let laws = (0..truth.arms.len())
            .map(|arm| (0..truth.strata.len()).map(|stratum| truth.law(arm, stratum, endpoint)).collect())
            .collect::<Result<_, _>>()?;
        Ok(Self { endpoint, laws })
    }
}

/// Patients who enter together, and how many of them are in each arm.
#[derive(Debug, Clone)]
pub struct Cohort {
    /// Entry of the cohort.
    pub entry: EntryLaw,
    /// Patients in each arm.
    pub patients: Vec<f64>,
}

/// Expected events of one kind over calendar time.
struct Clock {
    /// Twice integrated events density of all patients, so that D(t) = Σ_pieces ρ (PP(t−a) − PP(t−b)).
    twice: Series,
    /// Months to which `twice` is tabulated.
    horizon: f64,
}

/// What counts: (patients, law, drop-out) of each class.
type Counted<'a> = Vec<(f64, &'a EndpointLaw, &'a PiecewiseHazard)>;

fn counted<'a>(
    truth: &'a Truth,
    laws: &'a Laws,
    cohort: &Cohort,
    stratum: Option<usize>,
    arms: Option<&[usize]>,
) -> Counted<'a> {
    let mut cells = Vec::new();
    for (arm, arm_truth) in truth.arms.iter().enumerate() {
        if cohort.patients[arm] == 0.0 || arms.is_some_and(|arms| !arms.contains(&arm)) {
            continue;
        }
        for (index, class) in truth.strata.iter().enumerate() {
            if stratum.is_none_or(|only| only == index) {
                cells.push((cohort.patients[arm] * class.prevalence, &laws.laws[arm][index], &arm_truth.dropout));
            }
        }
    }
    cells
}

impl Clock {
    fn new(cells: &Counted, horizon: f64) -> Self {
        let kinks = cells.iter().flat_map(|(_, law, dropout)| law.kinks().iter().chain(dropout.starts()).copied());
        let rate_at = |time: f64| {
            cells.iter().map(|(_, law, dropout)| law.fastest(time) + dropout.rate(time)).fold(1e-9, f64::max)
        };
        // Far out nothing is left: a panel may grow with its distance.
        let panels = Panels::new(kinks.collect::<Vec<_>>(), horizon, |left, right| {
            (1.0 / rate_at(f64::midpoint(left, right))).min(24.0).max(left / 8.0)
        });
        let nodes = panels.nodes();
        let (mut survival, mut density) = (vec![0.0; nodes.len()], vec![0.0; nodes.len()]);
        let mut total = vec![0.0; nodes.len()];
        for (patients, law, dropout) in cells {
            law.tabulate(nodes, &mut survival, &mut density);
            for i in 0..nodes.len() {
                total[i] += patients * density[i] * dropout.survival(nodes[i]);
            }
        }
        Self { twice: panels.antiderivative(&total).antiderivative(), horizon }
    }

    fn expected_by(&self, month: f64, entry: &EntryLaw) -> f64 {
        entry
            .pieces()
            .map(|(begin, end, share)| share * (self.twice.at(month - begin) - self.twice.at(month - end)))
            .sum()
    }
}

/// Expected events of the cohort by `month`, over all or the given arms and strata.
pub fn expected_events(
    truth: &Truth,
    laws: &Laws,
    cohort: &Cohort,
    stratum: Option<usize>,
    arms: Option<&[usize]>,
    month: f64,
) -> f64 {
    Clock::new(&counted(truth, laws, cohort, stratum, arms), month.max(0.0)).expected_by(month, &cohort.entry)
}

/// Month at which the expected events reach a count.
enum Reached {
    /// It is reached.
    At(f64),
    /// It never is: events expected in the long run, and the month at which all but half an event are seen.
    Never { available: f64, exhausted: f64 },
}

fn month_of_events(cells: &Counted, entry: &EntryLaw, count: f64) -> Reached {
    let mut horizon = entry.end() + 60.0;
    loop {
        let clock = Clock::new(cells, horizon);
        let available = clock.expected_by(horizon, entry);
        let last = horizon > 10_000.0;
        if available >= count || last {
            let reachable = available >= count;
            let target = if reachable { count } else { (available - 0.5).max(0.5 * available) };
            let root = brent(0.0, clock.horizon, 1e-11, |month| clock.expected_by(month, entry) - target);
            let month = root.unwrap_or(clock.horizon);
            return if reachable { Reached::At(month) } else { Reached::Never { available, exhausted: month } };
        }
        horizon *= 4.0;
    }
}

/// One look in expectation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScheduledLook {
    /// Calendar month.
    pub month: f64,
    /// The event-count condition that fixes the month, if one does: its endpoint, and whether it counts all patients.
    pub clock: Option<(Endpoint, bool)>,
    /// Whether the month follows the random entry of the cohort's last patient.
    pub follows_entry: bool,
    /// Events asked for and events ever expected, where the count is never reached; the look is then placed where all
    /// but half an event are seen.
    pub unreached: Option<(f64, f64)>,
}

/// What a trigger needs to know of the trial.
pub struct ScheduleContext<'a> {
    /// Truth.
    pub truth: &'a Truth,
    /// Laws by endpoint, as many as the triggers ask for.
    pub laws: &'a [Laws],
    /// The cohort whose events and patients are counted.
    pub cohort: &'a Cohort,
    /// Expected entry month of the cohort's patient number `count`.
    pub enrolled: &'a dyn Fn(f64) -> f64,
    /// Month of the previous analysis.
    pub previous: f64,
}

/// The month of one trigger in expectation.
///
/// # Errors
/// [`EngineError::Numerics`] if the laws of a counted endpoint were not supplied.
pub fn schedule(trigger: &Trigger, context: &ScheduleContext) -> Result<ScheduledLook, EngineError> {
    let mut missing = false;
    let mut leaves: Vec<ScheduledLook> = Vec::new();
    let month = trigger.month(&mut |leaf| {
        let (month, clock, follows_entry, unreached) = match leaf {
            Trigger::Events { count, endpoint, stratum, arms } => {
                let Some(laws) = context.laws.iter().find(|l| l.endpoint.is_death() == endpoint.is_death()) else {
                    missing = true;
                    return 0.0;
                };
                let cells = counted(context.truth, laws, context.cohort, *stratum, arms.as_deref());
                let clock = Some((*endpoint, stratum.is_none() && arms.is_none()));
                match month_of_events(&cells, &context.cohort.entry, *count) {
                    Reached::At(month) => (month, clock, false, None),
                    Reached::Never { available, exhausted } => (exhausted, None, false, Some((*count, available))),
                }
            }
            Trigger::Enrolled { count } => {
                let month = (context.enrolled)(*count);
                (month, None, month >= context.cohort.entry.end(), None)
            }
            Trigger::Calendar { month } => (*month, None, false, None),
            Trigger::MinFollowUp { months } => (context.cohort.entry.end() + months, None, true, None),
            Trigger::AfterPrevious { months } => (context.previous + months, None, false, None),
            Trigger::All(_) | Trigger::Any(_) => (0.0, None, false, None),
        };
        leaves.push(ScheduledLook { month, clock, follows_entry, unreached });
        month
    });
    if missing {
        return Err(EngineError::Numerics("a trigger counts events of an endpoint the truth does not have".into()));
    }
    let binding = leaves.iter().find(|leaf| leaf.month == month);
    let behind = month < context.previous;
    Ok(ScheduledLook {
        month: month.max(context.previous),
        clock: if behind { None } else { binding.and_then(|leaf| leaf.clock) },
        follows_entry: !behind && binding.is_some_and(|leaf| leaf.follows_entry),
        unreached: binding.and_then(|leaf| leaf.unreached),
    })
}

/// Entry of a cohort made of patients number `first` (exclusive) to `last`, moved later by `shift` months, with the
/// patients of each arm.
pub fn cohort(enrollment: &Enrollment, first: f64, last: f64, shift: f64, patients: Vec<f64>) -> Cohort {
    Cohort { entry: EntryLaw::window(enrollment, first, last, shift), patients }
}
