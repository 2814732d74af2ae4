//! The detectable effect: the hazard ratio after the delay at which a fixed design has the goal's power.

use crate::engine::{EngineError, analytic, hypotheses, plan};
use crate::protocol::Protocol;
use crate::scenario::{Goal, Solve};
use crate::search::{Claim, SizeOutcome, Solved};
use crate::truth::Truth;
use argmin::core::{CostFunction, Error, Executor, State};
use argmin::solver::brent::BrentRoot;

/// Power of the fixed design as a function of the hazard ratio, minus the goal.
struct Gap<'a, F> {
    power: &'a F,
    goal: f64,
}

impl<F: Fn(f64) -> Result<f64, EngineError>> CostFunction for Gap<'_, F> {
    type Param = f64;
    type Output = f64;

    fn cost(&self, ratio: &f64) -> Result<f64, Error> {
        Ok((self.power)(*ratio)? - self.goal)
    }
}

/// Strongest and weakest hazard ratio tried.
const LIMITS: (f64, f64) = (0.02, 0.999);

/// The hazard ratio at which `protocol` (planned under `planning`, bounds fixed) reaches the goal's power; `truth_at(ratio)` is
/// the truth with that ratio in every effect. Power falls towards a ratio of 1, so the answer is the weakest effect found.
///
/// # Errors
/// [`EngineError`] of the engine.
pub fn detectable(
    protocol: &Protocol,
    planning: &Truth,
    goal: Goal,
    truth_at: impl Fn(f64) -> Option<Truth>,
) -> Result<SizeOutcome, EngineError> {
    let plan = plan(protocol, planning)?;
    let outcome = |ratio: f64| {
        let truth =
            truth_at(ratio).ok_or(EngineError::NothingToMove("no effect of this truth has a hazard ratio to move"))?;
        let hypotheses = hypotheses(&truth, protocol)?;
        analytic::evaluate(protocol, &truth, &plan, &hypotheses)
    };
    let power = |ratio: f64| Ok(outcome(ratio)?.reject_any.value);
    let strongest = power(LIMITS.0)?;
    if strongest < goal.power {
        return Ok(SizeOutcome::NoDesign { best_power: strongest, at: LIMITS.0 });
    }
    let gap = Gap { power: &power, goal: goal.power };
    let run = Executor::new(gap, BrentRoot::new(LIMITS.0, LIMITS.1, 1e-10))
        .configure(|state| state.param(0.7).max_iters(200))
        .run()
        .map_err(|error| EngineError::Numerics(error.to_string()))?;
    let value =
        *run.state().get_best_param().ok_or_else(|| EngineError::Numerics("the search returned nothing".into()))?;
    // A ratio is reported to three decimals, rounded to the side that keeps the power.
    let rounded = (value * 1000.0).floor() / 1000.0;
    Ok(SizeOutcome::Solved(Box::new(Solved {
        rounded: None,
        what: Solve::HazardRatio,
        value,
        integer: rounded,
        power_at_integer: power(rounded)?,
        power_falls: false,
        held_fixed: Solve::HazardRatio.held_fixed(),
        proportional_hazards_claim: Claim::NotDelayed,
        protocol: protocol.clone(),
        outcome: outcome(value)?,
        conditions: Vec::new(),
    })))
}
