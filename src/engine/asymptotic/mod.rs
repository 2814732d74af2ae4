//! The asymptotic engine: a seamless trial from the large-sample joint law of its statistics.
//!
//! Phase II gives one normal vector: positive readings per arm, log-rank statistics and Cox estimates at the data cut, log-rank
//! statistics of stage 1. Numbers of positive readings are made binomial again through their own normal scores, so that
//! thresholds and ties fall on the lattice of whole patients. Given the arms kept, phase III is independent of phase II: its
//! statistics are a second normal vector. Both are drawn over a randomised lattice; the rule and the closed test are the code of
//! the simulation. Where one arm is kept, phase III is integrated by quadrature: alone under `phase3_only`, as a function of
//! stage 1 in a combination test.
//!
//! What a rule, bounds and weights do not change is set up once per truth and schedule (`setup`) and kept ([`Library`]): the laws,
//! and at every point of the lattice the numbers that a transition looks at.
//!
//! Errors: every shift of the lattice has its own paths, its own covariances and its own points, and figures carry the standard
//! error over the shifts: of the integral and of the covariances together. First-order theory leaves an error besides that
//! falls with the number of patients.

mod confirmatory;
mod influence;
mod integral;
mod law;
mod library;
mod one_arm;
mod outcome;
mod paths;
mod readings;
mod setup;
mod sums;
mod timetable;

pub use library::Library;

use crate::engine::{EngineError, Hypotheses, OperatingCharacteristics, Plan};
use crate::numerics::lattice::{FINE, FINEST, LARGE, LARGER, LARGEST, Rule};
use crate::protocol::{Allocation, Combination, Design, Protocol, Seamless, Stage1};
use crate::truth::Truth;

/// Name of the engine in answers.
pub const NAME: &str = "asymptotic";

/// How many points are spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Precision {
    /// Paths of single patients per arm and shift, for the covariances.
    paths: usize,
    /// Lattice points per shift, for the integral.
    rule: &'static Rule,
}

impl Precision {
    /// What an answer gets: errors of a few units in the fourth digit.
    pub const ANSWER: Self = Self { paths: 4096, rule: &FINEST };
    /// What a point of a search gets.
    pub const SEARCH: Self = Self { paths: 1024, rule: &FINE };
    /// What an answer gets, one after the other, when an error is asked for.
    const FINER: [Self; 3] = [
        Self { paths: 16_384, rule: &LARGE },
        Self { paths: 32_768, rule: &LARGER },
        Self { paths: 131_072, rule: &LARGEST },
    ];
}

fn not_covered<T>(feature: impl Into<String>) -> Result<T, EngineError> {
    Err(EngineError::NotCovered { engine: NAME, feature: feature.into() })
}

/// Operating characteristics of a seamless trial; a trial without a transition is the analytic engine's. Points are added until
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
    Library::new([protocol]).evaluate(protocol, truth, plan, hypotheses, mcse)
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
    Library::new([protocol]).evaluate_at(protocol, truth, plan, hypotheses, precision)
}

/// The seamless design, if this engine covers it.
fn covered(protocol: &Protocol) -> Result<&Seamless, EngineError> {
    let Design::Seamless(design) = &protocol.design else { return not_covered("a trial without a transition") };
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
    if !design.transition.gates.is_empty() {
        return not_covered("gates before the transition; use simulation");
    }
    if let Some(other) = design.transition.reads().into_iter().find(|statistic| !statistic.has_joint_law()) {
        return not_covered(format!("{} at the transition; use simulation", other.name()));
    }
    if protocol.harm.is_some() {
        return not_covered("harm bounds in a seamless design; use simulation");
    }
    if design.combination.is_naive_pooled() && ratios(&design.phase2_allocation) != ratios(&design.phase3_allocation) {
        return not_covered("naive pooling of phases with different allocations; use simulation");
    }
    Ok(design)
}
