//! Size: the patients, events, follow-up or threshold at which the computed power meets the goal.

use crate::engine::asymptotic::{Library, Precision};
use crate::engine::{EngineError, OperatingCharacteristics, hypotheses, plan};
use crate::protocol::{Design, Protocol, Seamless};
use crate::scenario::{Goal, Solve};
use crate::search::Metric;
use crate::transition::{Criterion, Threshold, Trigger};
use crate::truth::Truth;
use argmin::core::{CostFunction, Error, Executor, State};
use argmin::solver::brent::BrentRoot;
use std::cell::RefCell;

/// A solved design.
#[derive(Debug, Clone)]
pub struct Solved {
    /// What was moved.
    pub what: Solve,
    /// The real number at which power equals the goal: patients, events of the last look, or months of follow-up.
    pub value: f64,
    /// The nearest whole number whose power is at least the goal.
    pub integer: f64,
    /// Power at `integer`.
    pub power_at_integer: f64,
    /// Whether power falls as the number grows (more patients end an event-driven trial earlier under a delay).
    pub power_falls: bool,
    /// What was held fixed, in words.
    pub held_fixed: Vec<&'static str>,
    /// What the same calculation would have claimed had the effect set in at once; filled by the study.
    pub proportional_hazards_claim: Claim,
    /// The design at `value`.
    pub protocol: Protocol,
    /// Operating characteristics at `value`.
    pub outcome: OperatingCharacteristics,
    /// Metrics of the solved design and whether their conditions hold; filled by the study.
    pub conditions: Vec<(Metric, f64, bool)>,
    /// The design at `integer` with every number of patients and events whole and its bounds derived again; `None` where nothing is
    /// rounded (a hazard ratio).
    pub rounded: Option<Box<OperatingCharacteristics>>,
}

/// What the same calculation claims when the effect sets in at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Claim {
    /// The effect is not delayed: the claim is the answer.
    NotDelayed,
    /// The number it claims.
    Solved(f64),
    /// It finds no design of the goal's power.
    NoDesign,
}

/// What a search for a size ends in.
#[derive(Debug, Clone)]
pub enum SizeOutcome {
    /// A design reaches the goal.
    Solved(Box<Solved>),
    /// None does within the limits.
    NoDesign {
        /// Highest power seen.
        best_power: f64,
        /// Where it was seen.
        at: f64,
    },
}

impl Solve {
    /// Name in the scenario file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Patients => "patients",
            Self::Phase2Patients => "phase2_patients",
            Self::Transition => "transition",
            Self::Threshold => "threshold",
            Self::Events => "events",
            Self::FollowUp => "follow_up",
            Self::Enrollment => "enrollment",
            Self::HazardRatio => "hazard_ratio",
        }
    }

    /// What is counted, in words.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Patients => "patients",
            Self::Phase2Patients => "patients of phase II",
            Self::Transition => "months of follow-up before the transition",
            Self::Threshold => "as threshold",
            Self::Events => "events",
            Self::FollowUp => "months of follow-up",
            Self::Enrollment => "months of enrolment",
            Self::HazardRatio => "hazard ratio",
        }
    }

    /// Smallest and largest value tried.
    fn limits(self, patients: f64) -> (f64, f64) {
        match self {
            Self::Patients => (8.0, 100_000.0),
            Self::Phase2Patients => (12.0, 10_000.0),
            Self::Transition => (0.1, 120.0),
            Self::Threshold => (0.01, 5.0),
            Self::Events => (4.0, patients),
            Self::FollowUp => (0.1, 600.0),
            Self::Enrollment => (0.1, 240.0),
            Self::HazardRatio => (0.02, 0.999),
        }
    }

    pub(super) fn held_fixed(self) -> Vec<&'static str> {
        match self {
            Self::Patients | Self::Enrollment => vec!["enrolment rate", "conditions of the looks", "alpha", "spending"],
            Self::Events => vec!["patients", "enrolment rate", "ratios of the looks' events", "alpha", "spending"],
            Self::FollowUp => {
                vec!["patients", "enrolment rate", "conditions of the earlier looks", "alpha", "spending"]
            }
            Self::Phase2Patients | Self::Transition | Self::Threshold => {
                vec!["the rest of the design", "enrolment rate", "alpha", "spending"]
            }
            Self::HazardRatio => vec!["the design", "control hazards", "delays and ramps"],
        }
    }
}

/// Power and its outcome at one value of the moved number; `None` where no design exists (unreachable events).
type Trial = Option<OperatingCharacteristics>;

struct Search<'a> {
    protocol: &'a Protocol,
    truth: &'a Truth,
    planning: &'a Truth,
    what: Solve,
    library: RefCell<Library>,
}

/// The first number a criterion compares with.
fn first_threshold(criterion: &mut Criterion) -> Option<&mut f64> {
    match criterion {
        Criterion::Compare(_, Threshold::AtLeast(limit) | Threshold::AtMost(limit) | Threshold::ZAtLeast(limit)) => {
            Some(limit)
        }
        Criterion::All(parts) | Criterion::Any(parts) => parts.iter_mut().find_map(first_threshold),
        Criterion::Not(inner) => first_threshold(inner),
        Criterion::Score(_, limit) => Some(limit),
    }
}

/// Months of the first `min_follow_up` of a trigger.
fn follow_up(trigger: &Trigger) -> Option<f64> {
    trigger.leaves().iter().find_map(|leaf| match leaf {
        Trigger::MinFollowUp { months } => Some(months.max(0.5)),
        _ => None,
    })
}

fn seamless(protocol: &Protocol) -> Option<&Seamless> {
    if let Design::Seamless(design) = &protocol.design { Some(design) } else { None }
}

impl Search<'_> {
    fn current(&self, patients: f64) -> Option<f64> {
        let last = self.protocol.analyses.last()?;
        let design = seamless(self.protocol);
        match self.what {
            Solve::Patients => Some(patients),
            Solve::Enrollment => design.is_none().then(|| self.truth.enrollment.month_of(patients)),
            Solve::HazardRatio => None,
            Solve::Phase2Patients => design.map(|design| design.phase2_patients),
            Solve::Transition => design.and_then(|design| follow_up(&design.transition.when)),
            Solve::Threshold => design.and_then(|design| first_threshold(&mut design.transition.go.clone()?).copied()),
            Solve::Events => last.when.leaves().iter().find_map(|leaf| leaf.planned_events()),
            Solve::FollowUp => follow_up(&last.when),
        }
    }

    /// The protocol with the moved number at `value`.
    fn moved(&self, value: f64, current: f64) -> Protocol {
        let mut protocol = self.protocol.clone();
        match self.what {
            Solve::Patients | Solve::Enrollment => {
                let months = self.what == Solve::Enrollment;
                match &mut protocol.design {
                    Design::GroupSequential(design) => {
                        design.patients = if months { self.truth.enrollment.expected_by(value) } else { value };
                    }
                    Design::Seamless(_) => return protocol.scaled(value / current),
                }
            }
            Solve::Phase2Patients | Solve::Transition | Solve::Threshold => {
                if let Design::Seamless(design) = &mut protocol.design {
                    let before = design.phase2_patients;
                    match self.what {
                        Solve::Phase2Patients => design.phase2_patients = value,
                        Solve::Threshold => {
                            if let Some(limit) = design.transition.go.as_mut().and_then(first_threshold) {
                                *limit = value;
                            }
                        }
                        _ => {}
                    }
                    design.transition.when.each_leaf_mut(&mut |leaf| match leaf {
                        Trigger::Enrolled { count } if self.what == Solve::Phase2Patients && *count == before => {
                            *count = value;
                        }
                        Trigger::MinFollowUp { months } if self.what == Solve::Transition => *months = value,
                        _ => {}
                    });
                }
            }
            Solve::HazardRatio => {}
            Solve::Events => {
                for analysis in &mut protocol.analyses {
                    analysis.when.each_leaf_mut(&mut |leaf| {
                        if let Trigger::Events { count, .. } = leaf {
                            *count *= value / current;
                        }
                    });
                }
            }
            Solve::FollowUp => {
                if let Some(last) = protocol.analyses.last_mut() {
                    last.when.each_leaf_mut(&mut |leaf| {
                        if let Trigger::MinFollowUp { months } = leaf {
                            *months = value;
                        }
                    });
                }
            }
        }
        protocol
    }

    fn at(&self, value: f64, current: f64) -> Result<Trial, EngineError> {
        self.of(&self.moved(value, current), Precision::ANSWER)
    }

    /// The design at `value` with whole patients and events: patients up, events to the nearest, each look after the one before.
    fn whole(&self, value: f64, current: f64) -> Result<Trial, EngineError> {
        let mut protocol = self.moved(value, current);
        let up = |patients: f64| (patients - 1e-6).ceil();
        let mut patients = f64::INFINITY;
        match &mut protocol.design {
            Design::GroupSequential(design) => {
                design.patients = up(design.patients);
                patients = design.patients;
            }
            Design::Seamless(design) => {
                let before = design.phase2_patients;
                design.phase2_patients = up(before);
                design.phase3_patients = up(design.phase3_patients);
                design.transition.when.each_leaf_mut(&mut |leaf| {
                    if let Trigger::Enrolled { count } = leaf
                        && *count == before
                    {
                        *count = up(before);
                    }
                });
            }
        }
        let mut before = 0.0f64;
        for analysis in &mut protocol.analyses {
            let mut here = before;
            analysis.when.each_leaf_mut(&mut |leaf| {
                if let Trigger::Events { count, .. } = leaf {
                    *count = count.round().max(before + 1.0).min(patients);
                    here = here.max(*count);
                }
            });
            before = here;
        }
        self.of(&protocol, Precision::ANSWER)
    }

    fn of(&self, protocol: &Protocol, precision: Precision) -> Result<Trial, EngineError> {
        let answer = plan(protocol, self.planning).and_then(|plan| {
            let hypotheses = hypotheses(self.truth, protocol)?;
            self.library.borrow_mut().evaluate_at(protocol, self.truth, &plan, &hypotheses, precision)
        });
        match answer {
            Ok(outcome) => Ok(Some(outcome)),
            Err(EngineError::UnreachableEvents { .. } | EngineError::NoInformation { .. }) => Ok(None),
            Err(other) => Err(other),
        }
    }

    fn power(&self, value: f64, current: f64) -> Result<Option<f64>, EngineError> {
        let found = self.of(&self.moved(value, current), Precision::SEARCH)?;
        Ok(found.map(|outcome| outcome.reject_any.value))
    }
}

/// Power minus goal, as argmin sees it.
struct Gap<'a> {
    search: &'a Search<'a>,
    current: f64,
    goal: f64,
}

impl CostFunction for Gap<'_> {
    type Param = f64;
    type Output = f64;

    fn cost(&self, value: &f64) -> Result<f64, Error> {
        match self.search.power(*value, self.current)? {
            Some(power) => Ok(power - self.goal),
            None => Err(Error::msg("no design at this value")),
        }
    }
}

/// Share of the value to which a seamless design is solved: its power is known to three digits.
const SEAMLESS_TOLERANCE: f64 = 1e-3;

/// Steps of the bracketing search: each moves by this factor.
const STEP: f64 = 1.25;

/// Finds the value nearest to the file's at which power meets the goal under `truth`; bounds are planned under `planning`.
///
/// # Errors
/// [`EngineError::NothingToMove`] for a goal that the design does not allow (no event count or no follow-up condition to move); errors of the engine otherwise.
pub fn size(protocol: &Protocol, truth: &Truth, planning: &Truth, goal: Goal) -> Result<SizeOutcome, EngineError> {
    let (patients, whole) = match &protocol.design {
        Design::GroupSequential(design) => (design.patients, true),
        Design::Seamless(design) => (design.phase3_patients, false),
    };
    let library = RefCell::new(Library::new([protocol]));
    let search = Search { protocol, truth, planning, what: goal.solve, library };
    let Some(current) = search.current(patients) else {
        return Err(EngineError::NothingToMove(match goal.solve {
            Solve::Events => "solving events needs a last look that counts events",
            Solve::HazardRatio => "a detectable hazard ratio is solved over truths, not over designs",
            Solve::Phase2Patients => "solving phase2_patients needs a seamless design",
            Solve::Transition => "solving transition needs a transition with min_follow_up",
            Solve::Threshold => "solving threshold needs a transition with a go criterion",
            Solve::Enrollment => "solving enrollment needs a trial without a transition",
            _ => "solving follow_up needs a last look with min_follow_up",
        }));
    };
    let limits = goal.solve.limits(patients);
    let mut best = (0.0f64, current);
    let start = current.clamp(limits.0, limits.1);
    let Some((inside, outside)) = bracket(&search, start, current, limits, goal.power, &mut best)? else {
        return Ok(SizeOutcome::NoDesign { best_power: best.0, at: best.1 });
    };
    let value = if inside == outside {
        inside
    } else {
        let gap = Gap { search: &search, current, goal: goal.power };
        let tolerance = if whole { 1e-9 } else { SEAMLESS_TOLERANCE * inside.max(outside) };
        let solver = BrentRoot::new(inside.min(outside), inside.max(outside), tolerance);
        let run = Executor::new(gap, solver)
            .configure(|state| state.param(inside).max_iters(200))
            .run()
            .map_err(|error| EngineError::Numerics(error.to_string()))?;
        *run.state().get_best_param().ok_or_else(|| EngineError::Numerics("the root search returned nothing".into()))?
    };
    let value = match goal.solve {
        _ if whole => value,
        // Power is a step function of a threshold on counts: the side of the step that keeps the goal.
        Solve::Threshold => value + 2.0 * SEAMLESS_TOLERANCE * inside.max(outside) * (inside - outside).signum(),
        _ => corrected(&search, value, current, (inside, outside), goal.power)?,
    };
    let protocol = search.moved(value, current);
    let outcome = search
        .at(value, current)?
        .ok_or_else(|| EngineError::Numerics("the solved design cannot be evaluated".into()))?;
    // `inside` reaches the goal: round towards it.
    let near = value.round();
    let mut integer = if goal.solve == Solve::Threshold {
        value
    } else if (near - value).abs() < 1e-6 {
        near
    } else if inside >= value {
        value.ceil()
    } else {
        value.floor()
    };
    let power_at =
        |value: f64| Ok::<_, EngineError>(search.at(value, current)?.map_or(f64::NAN, |at| at.reject_any.value));
    let mut power_at_integer = power_at(integer)?;
    if power_at_integer < goal.power - 1e-9 && goal.solve != Solve::Threshold {
        integer += if inside >= value { 1.0 } else { -1.0 };
        power_at_integer = power_at(integer)?;
    }
    let rounded = if goal.solve == Solve::Threshold { None } else { search.whole(integer, current)?.map(Box::new) };
    Ok(SizeOutcome::Solved(Box::new(Solved {
        rounded,
        what: goal.solve,
        value,
        integer,
        power_at_integer,
        power_falls: inside < outside,
        held_fixed: goal.solve.held_fixed(),
        proportional_hazards_claim: Claim::NotDelayed,
        protocol,
        outcome,
        conditions: Vec::new(),
    })))
}

/// The root that a search with few points found, moved by what an answer's points say there, along the bracket's slope.
fn corrected(
    search: &Search,
    value: f64,
    current: f64,
    (inside, outside): (f64, f64),
    goal: f64,
) -> Result<f64, EngineError> {
    let [a, b] = [inside, outside].map(|value| search.power(value, current));
    let (Some(a), Some(b), Some(here)) = (a?, b?, search.at(value, current)?) else { return Ok(value) };
    let slope = (a - b) / (inside - outside);
    let moved = value + (goal - here.reject_any.value) / slope;
    Ok(if moved.is_finite() { moved.clamp(inside.min(outside), inside.max(outside)) } else { value })
}

/// Two values, the first with at least the goal's power and the second below it, as near to `start` as found by
/// alternating steps upward and downward. Where no design exists beyond a value, the edge is found by bisection.
fn bracket(
    search: &Search,
    start: f64,
    current: f64,
    limits: (f64, f64),
    goal: f64,
    best: &mut (f64, f64),
) -> Result<Option<(f64, f64)>, EngineError> {
    let mut power = |value: f64| -> Result<Option<f64>, EngineError> {
        let power = search.power(value, current)?;
        if let Some(power) = power
            && power > best.0
        {
            *best = (power, value);
        }
        Ok(power)
    };
    let first = power(start)?;
    let mut fronts = [(start, first, STEP), (start, first, 1.0 / STEP)];
    let order = |a: f64, pa: f64, b: f64| if pa >= goal { (a, b) } else { (b, a) };
    for _ in 0..60 {
        let mut moved = false;
        for front in &mut fronts {
            let (value, at_value, factor) = *front;
            if factor == 1.0 {
                continue;
            }
            let mut next = (value * factor).clamp(limits.0, limits.1);
            if next == value {
                front.2 = 1.0;
                continue;
            }
            moved = true;
            let mut there = power(next)?;
            let mut stop = false;
            if let (Some(_), None) = (at_value, there) {
                // The edge of what exists: bisect to it, then stop in this direction.
                let (mut exists, mut missing) = (value, next);
                for _ in 0..30 {
                    let middle = f64::midpoint(exists, missing);
                    match power(middle)? {
                        Some(at_middle) => {
                            exists = middle;
                            there = Some(at_middle);
                        }
                        None => missing = middle,
                    }
                }
                next = exists;
                stop = true;
            }
            if let (Some(a), Some(b)) = (at_value, there)
                && (a >= goal) != (b >= goal)
            {
                return Ok(Some(order(value, a, next)));
            }
            *front = (next, there, if stop { 1.0 } else { factor });
        }
        if !moved {
            break;
        }
    }
    Ok(None)
}
