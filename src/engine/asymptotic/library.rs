//! Set-ups kept, so that every rule, threshold, bound and weight on the same schedule under the same truth is answered from one.

use crate::engine::asymptotic::paths::Paths;
use crate::engine::asymptotic::setup::{Setup, same_phase2};
use crate::engine::asymptotic::{Precision, covered};
use crate::engine::simulation::transition::Needs;
use crate::engine::{EngineError, Hypotheses, OperatingCharacteristics, Plan, analytic};
use crate::protocol::{Design, Protocol};
use crate::truth::Truth;
use std::sync::Arc;

/// Set-ups kept at most; the oldest goes first.
const MOST: usize = 12;

/// Answers protocols, and keeps what they share.
pub struct Library {
    /// What every protocol on a schedule asks for; a set-up computes all of it.
    asked: Vec<(Protocol, Needs)>,
    setups: Vec<Setup>,
}

impl Library {
    /// For questions about these protocols. Others are answered too, from set-ups of their own where they ask for more.
    pub fn new<'p>(protocols: impl IntoIterator<Item = &'p Protocol>) -> Self {
        let asked = protocols.into_iter().filter_map(|protocol| match &protocol.design {
            Design::Seamless(design) => Some((protocol.clone(), Needs::of(&design.transition))),
            Design::GroupSequential(_) => None,
        });
        Self { asked: asked.collect(), setups: Vec::new() }
    }

    /// As [`evaluate`](crate::engine::asymptotic::evaluate).
    ///
    /// # Errors
    /// As there.
    pub fn evaluate(
        &mut self,
        protocol: &Protocol,
        truth: &Truth,
        plan: &Plan,
        hypotheses: &Hypotheses,
        mcse: Option<f64>,
    ) -> Result<OperatingCharacteristics, EngineError> {
        let mut found = self.evaluate_at(protocol, truth, plan, hypotheses, Precision::ANSWER)?;
        for precision in Precision::FINER {
            let figures = [Some(found.reject_any), found.type_i_error, Some(found.go)];
            let error = figures.iter().flatten().filter_map(|figure| figure.mcse).fold(0.0, f64::max);
            if mcse.is_none_or(|wanted| error <= wanted) {
                break;
            }
            found = self.evaluate_at(protocol, truth, plan, hypotheses, precision)?;
        }
        Ok(found)
    }

    /// As [`evaluate_at`](crate::engine::asymptotic::evaluate_at).
    ///
    /// # Errors
    /// As there.
    pub fn evaluate_at(
        &mut self,
        protocol: &Protocol,
        truth: &Truth,
        plan: &Plan,
        hypotheses: &Hypotheses,
        precision: Precision,
    ) -> Result<OperatingCharacteristics, EngineError> {
        if let Design::GroupSequential(_) = protocol.design {
            return analytic::evaluate(protocol, truth, plan, hypotheses);
        }
        let design = covered(protocol)?;
        let needs = Needs::of(&design.transition);
        let serving = self.setups.iter().position(|setup| setup.serves(protocol, truth, needs, precision));
        let place = if let Some(place) = serving {
            place
        } else {
            let all = self
                .asked
                .iter()
                .filter(|(other, _)| same_phase2(other, protocol))
                .fold(needs, |all, (_, more)| all.and(*more));
            let known = |setup: &&Setup| setup.precision == precision && setup.truth == *truth;
            let paths: Option<Arc<Paths>> = self.setups.iter().find(known).map(|setup| setup.paths.clone());
            let setup = Setup::new(protocol, design, truth, all, precision, paths)?;
            if self.setups.len() == MOST {
                self.setups.remove(0);
            }
            self.setups.push(setup);
            self.setups.len() - 1
        };
        self.setups[place].evaluate(protocol, design, plan, hypotheses)
    }
}
