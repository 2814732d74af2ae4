//! Sample size: the patients, events or follow-up at which the analytic engine's power meets the goal.

use crate::engine::{EngineError, OperatingCharacteristics, analytic, hypotheses, plan};
use crate::protocol::{Design, Protocol};
use crate::scenario::{Goal, Solve};
use crate::transition::Trigger;
use crate::truth::Truth;
use argmin::core::{CostFunction, Error, Executor, State};
use argmin::solver::brent::BrentRoot;

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
}

impl Search<'_> {
    fn current(&self, patients: f64) -> Option<f64> {
        let last = self.protocol.analyses.last()?;
        match self.what {
            Solve::Patients => Some(patients),
            Solve::Enrollment => Some(self.truth.enrollment.month_of(patients)),
            Solve::HazardRatio => None,
            Solve::Events => last.when.leaves().iter().find_map(|leaf| leaf.planned_events()),
            Solve::FollowUp => last.when.leaves().iter().find_map(|leaf| match leaf {
                Trigger::MinFollowUp { months } => Some(months.max(0.5)),
                _ => None,
            }),
        }
    }

    /// The protocol with the moved number at `value`.
    fn moved(&self, value: f64, current: f64) -> Protocol {
        let mut protocol = self.protocol.clone();
        match self.what {
            Solve::Patients | Solve::Enrollment => {
                if let Design::GroupSequential(design) = &mut protocol.design {
                    let months = self.what == Solve::Enrollment;
                    design.patients = if months { self.truth.enrollment.expected_by(value) } else { value };
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
        self.of(&self.moved(value, current))
    }

    /// The design at `value` with whole patients and events: patients up, events to the nearest, each look after the one before.
    fn whole(&self, value: f64, current: f64) -> Result<Trial, EngineError> {
        let mut protocol = self.moved(value, current);
        let mut patients = f64::INFINITY;
        if let Design::GroupSequential(design) = &mut protocol.design {
            design.patients = (design.patients - 1e-6).ceil();
            patients = design.patients;
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
        self.of(&protocol)
    }

    fn of(&self, protocol: &Protocol) -> Result<Trial, EngineError> {
        let answer = plan(protocol, self.planning).and_then(|plan| {
            let hypotheses = hypotheses(self.truth, protocol)?;
            analytic::evaluate(protocol, self.truth, &plan, &hypotheses)
        });
        match answer {
            Ok(outcome) => Ok(Some(outcome)),
            Err(EngineError::UnreachableEvents { .. } | EngineError::NoInformation { .. }) => Ok(None),
            Err(other) => Err(other),
        }
    }

    fn power(&self, value: f64, current: f64) -> Result<Option<f64>, EngineError> {
        Ok(self.at(value, current)?.map(|outcome| outcome.reject_any.value))
    }
}

impl Trigger {
    /// Calls `change` on every leaf condition.
    fn each_leaf_mut(&mut self, change: &mut impl FnMut(&mut Self)) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter_mut().for_each(|part| part.each_leaf_mut(change)),
            leaf => change(leaf),
        }
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

/// Steps of the bracketing search: each moves by this factor.
const STEP: f64 = 1.25;

/// Finds the value nearest to the file's at which power meets the goal under `truth`; bounds are planned under `planning`.
///
/// # Errors
/// [`EngineError::NothingToMove`] for a seamless design or a goal that the looks do not allow (no event count or no
/// follow-up condition to move); errors of the engine otherwise.
pub fn size(protocol: &Protocol, truth: &Truth, planning: &Truth, goal: Goal) -> Result<SizeOutcome, EngineError> {
    let Design::GroupSequential(design) = &protocol.design else {
        return Err(EngineError::NothingToMove("`size` solves group-sequential designs, not yet seamless ones"));
    };
    let search = Search { protocol, truth, planning, what: goal.solve };
    let Some(current) = search.current(design.patients) else {
        return Err(EngineError::NothingToMove(match goal.solve {
            Solve::Events => "solving events needs a last look that counts events",
            Solve::HazardRatio => "a detectable hazard ratio is solved over truths, not over designs",
            _ => "solving follow_up needs a last look with min_follow_up",
        }));
    };
    let limits = goal.solve.limits(design.patients);
    let mut best = (0.0f64, current);
    let start = current.clamp(limits.0, limits.1);
    let Some((inside, outside)) = bracket(&search, start, current, limits, goal.power, &mut best)? else {
        return Ok(SizeOutcome::NoDesign { best_power: best.0, at: best.1 });
    };
    let value = if inside == outside {
        inside
    } else {
        let gap = Gap { search: &search, current, goal: goal.power };
        let solver = BrentRoot::new(inside.min(outside), inside.max(outside), 1e-9);
        let run = Executor::new(gap, solver)
            .configure(|state| state.param(inside).max_iters(200))
            .run()
            .map_err(|error| EngineError::Numerics(error.to_string()))?;
        *run.state().get_best_param().ok_or_else(|| EngineError::Numerics("the root search returned nothing".into()))?
    };
    let protocol = search.moved(value, current);
    let outcome = search
        .at(value, current)?
        .ok_or_else(|| EngineError::Numerics("the solved design cannot be evaluated".into()))?;
    // `inside` reaches the goal: round towards it.
    let near = value.round();
    let mut integer = if (near - value).abs() < 1e-6 {
        near
    } else if inside >= value {
        value.ceil()
    } else {
        value.floor()
    };
    let mut power_at_integer = search.power(integer, current)?.unwrap_or(f64::NAN);
    if power_at_integer < goal.power - 1e-9 {
        integer += if inside >= value { 1.0 } else { -1.0 };
        power_at_integer = search.power(integer, current)?.unwrap_or(f64::NAN);
    }
    let rounded = search.whole(integer, current)?.map(Box::new);
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
    })))
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
