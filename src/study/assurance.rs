//! Assurance of every candidate under every truth: the file's numbers moved over its prior, the designs as planned.

use crate::engine::asymptotic::{Library, Precision};
use crate::engine::{self, EngineKind, Settings};
use crate::protocol::Design;
use crate::scenario::Scenario;
use crate::search::{self, Assurance, AtPoint};
use crate::study::{StudyError, locate};

/// Assurance of every answer of [`evaluate`](crate::study::evaluate), in the same order; `None` without a prior.
///
/// The asymptotic engine takes a quarter of the points, each with as many of its own as a search gets. A simulated design shares its replicates out over the points of the prior, each point with a seed of its own.
///
/// # Errors
/// [`StudyError`] when a point of the prior lies outside what the file format admits, or an engine fails there.
pub fn assurance(scenario: &Scenario) -> Result<Option<Vec<Assurance>>, StudyError> {
    let Some((paths, prior)) = &scenario.prior else { return Ok(None) };
    let answers = scenario.candidates.iter().map(|candidate| candidate.truths.len()).sum();
    let asymptotic = |protocol: &crate::protocol::Protocol| {
        matches!(protocol.design, Design::Seamless(_)) && scenario.run.engine == EngineKind::Asymptotic
    };
    let some = scenario.candidates.iter().any(|candidate| asymptotic(&candidate.protocol));
    let per_shift = if some { search::FEW_POINTS } else { search::POINTS };
    let found = search::assurance(prior, answers, per_shift, |values, point, points| {
        let moved = scenario.with_values(paths, values)?;
        let mut library = Library::new(scenario.candidates.iter().map(|candidate| &candidate.protocol));
        let mut all = Vec::with_capacity(answers);
        for (candidate, moved) in scenario.candidates.iter().zip(&moved.candidates) {
            let simulated = scenario.run.engine.for_protocol(&candidate.protocol) == EngineKind::Simulation;
            let run = if simulated { share_of(&scenario.run, point, points) } else { scenario.run };
            for (name, truth) in &moved.truths {
                let located = |error| locate(scenario, &candidate.name, name, error);
                let (protocol, planning) = (&candidate.protocol, &candidate.planning);
                let outcome = if asymptotic(protocol) {
                    let plan = engine::plan(protocol, planning).map_err(located)?;
                    let hypotheses = engine::hypotheses(truth, protocol).map_err(located)?;
                    library.evaluate_at(protocol, truth, &plan, &hypotheses, Precision::SEARCH).map_err(located)?
                } else {
                    engine::evaluate(protocol, truth, planning, &run, None).map_err(located)?
                };
                let expected = &outcome.expected;
                all.push(AtPoint {
                    power: outcome.reject_any.value,
                    benefit: outcome.null_true.iter().any(|null| !null),
                    expected: [expected.patients.value, expected.events.value, expected.months.value],
                });
            }
        }
        Ok::<_, StudyError>(all)
    })?;
    Ok(Some(found))
}

/// The settings of one point: its share of the replicates, under a seed that no other point has.
fn share_of(run: &Settings, point: usize, points: usize) -> Settings {
    let seed = run.seed.wrapping_add((point as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    Settings { replicates: run.replicates.div_ceil(points as u64), seed, mcse: None, ..*run }
}
