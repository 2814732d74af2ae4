//! A candidate under a truth, planned and ready to be simulated.

use crate::engine::simulation::Trial;
use crate::engine::{self, EngineKind, Hypotheses, Plan};
use crate::scenario::{Candidate, Scenario};
use crate::study::{StudyError, locate};
use crate::truth::Truth;

/// A simulated pair made ready.
pub(super) struct Ready<'a> {
    candidate: &'a Candidate,
    name: &'a str,
    truth: &'a Truth,
    plan: Plan,
    /// Which nulls are true, and which arms best.
    pub hypotheses: Hypotheses,
}

/// Every candidate under every truth, in file order; whether it is simulated.
pub(super) fn pairs(scenario: &Scenario) -> impl Iterator<Item = (&Candidate, &str, &Truth, bool)> {
    scenario.candidates.iter().flat_map(|candidate| {
        let simulated = scenario.run.engine.for_protocol(&candidate.protocol) == EngineKind::Simulation;
        candidate.truths.iter().map(move |(name, truth)| (candidate, name.as_str(), truth, simulated))
    })
}

impl<'a> Ready<'a> {
    /// Plans the candidate under its planning truth.
    pub fn new(
        scenario: &Scenario,
        candidate: &'a Candidate,
        name: &'a str,
        truth: &'a Truth,
    ) -> Result<Self, StudyError> {
        let located = |error| locate(scenario, &candidate.name, name, error);
        let plan = engine::plan(&candidate.protocol, &candidate.planning).map_err(located)?;
        let hypotheses = engine::hypotheses(truth, &candidate.protocol).map_err(located)?;
        Ok(Self { candidate, name, truth, plan, hypotheses })
    }

    /// The trial that its replicates run through.
    pub fn trial(&self, scenario: &Scenario) -> Result<Trial<'_>, StudyError> {
        Trial::new(&self.candidate.protocol, self.truth, &self.plan, scenario.run.seed)
            .map_err(|error| locate(scenario, &self.candidate.name, self.name, error))
    }
}
