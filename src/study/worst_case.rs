//! The largest type I error over what is unknown: every set of true nulls, every value inside stated ranges.

use crate::engine::asymptotic::Precision;
use crate::engine::{self, EngineError, EngineKind, Estimate, OperatingCharacteristics, Settings};
use crate::scenario::{Range, Scenario, pointer, tokens, without_questions};
use crate::search::{Effort, maximum};
use crate::study::sensitivity::moved as moved_nature;
use crate::study::{StudyError, locate};
use rayon::prelude::*;
use serde_json::{Map, Value, json};
use std::cell::Cell;

/// Name of the worst truth in the file written.
pub(super) const NAME: &str = "worst case";
/// Replicates of a point of the search where only simulation covers the design; the same patients at every point.
const SEARCH_REPLICATES: u64 = 20_000;
/// How hard the search looks for each set of true nulls.
const EFFORT: Effort = Effort { starts: 10, refined: 2, steps: 25 };

/// The worst case of one candidate.
#[derive(Debug, Clone)]
pub struct WorstCase {
    /// Candidate.
    pub candidate: String,
    /// Level of the design.
    pub alpha: f64,
    /// Arms without any effect on the course.
    pub nulls: Vec<String>,
    /// Values at which the type I error is largest, by path.
    pub at: Vec<(String, f64)>,
    /// Name of the engine of the search.
    pub engine: &'static str,
    /// Type I error it found there.
    pub searched: Estimate,
    /// Truths evaluated.
    pub evaluations: usize,
    /// The same truth simulated.
    pub simulated: OperatingCharacteristics,
    /// Scenario file of that truth.
    pub file: Value,
}

/// Type I error along one value through the worst truth of a candidate, everything else staying there.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Candidate.
    pub candidate: String,
    /// Path of the value.
    pub path: String,
    /// Value and type I error, in ascending order of the value.
    pub points: Vec<(f64, Estimate)>,
}

/// Points of a profile beside the worst.
const POINTS: usize = 8;

/// Profiles of the type I error through a worst case, one per value that was varied; a value that makes no truth is left out.
pub fn profiles(scenario: &Scenario, found: &WorstCase) -> Vec<Profile> {
    let Some(design) = scenario.candidates.iter().find(|design| design.name == found.candidate) else {
        return Vec::new();
    };
    let nulls: Vec<&str> = found.nulls.iter().map(String::as_str).collect();
    let ranges = scenario.worst_case.clone().unwrap_or_else(|| default_ranges(&scenario.source, &nulls));
    let patch = found.file.get("truths").and_then(|truths| truths.get(NAME)).and_then(Value::as_object);
    let at = |path: &str, value: f64| {
        let mut patch = patch.cloned().unwrap_or_default();
        put(&mut patch, path, json!(value));
        let moved = read(&file_of(&scenario.source, &design.name, &patch)).ok()?;
        let outcome = moved_nature(design, &moved.candidates[0].truths[0].1, &scenario.run).ok()?;
        Some((value, outcome.type_i_error?))
    };
    let of = |range: &Range| {
        let worst = found.at.iter().find(|(path, _)| *path == range.path).map(|(_, value)| *value);
        let even = (0..=POINTS).map(|i| range.from + (range.to - range.from) * i as f64 / POINTS as f64);
        let mut values: Vec<f64> = even.chain(worst).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let points = values.par_iter().filter_map(|&value| at(&range.path, value)).collect();
        Profile { candidate: design.name.clone(), path: range.path.clone(), points }
    };
    ranges.iter().map(of).collect()
}

/// Values varied where the file has no `worst_case`: every rate of true response among arms without effect, the rate among the
/// controls, and the prognostic link of the response.
pub(super) fn default_ranges(source: &Value, nulls: &[&str]) -> Vec<Range> {
    let range = |path: String, from, to| Range { path, from, to };
    if source.pointer("/truth/immune_response").is_none() {
        return Vec::new();
    }
    let mut ranges: Vec<Range> = nulls
        .iter()
        .map(|arm| range(pointer(&["truth", "arms", arm, "immune_response", "rate"]), 0.02, 0.95))
        .collect();
    ranges.push(range("/truth/immune_response/control_rate".into(), 0.01, 0.5));
    ranges.push(range("/truth/immune_response/prognostic/correlation".into(), 0.0, 0.95));
    ranges.push(range("/truth/immune_response/prognostic/log_hazard_sd".into(), 0.0, 1.5));
    ranges
}

/// Sets one value in a merge patch of the truth; `path` is a JSON pointer below /truth.
pub(super) fn put(patch: &mut Map<String, Value>, path: &str, value: Value) {
    let tokens = tokens(path).unwrap_or_default();
    let Some((last, parents)) = tokens.get(1..).and_then(<[String]>::split_last) else { return };
    let mut place = patch;
    for token in parents {
        let entry = place.entry(token.as_str()).or_insert_with(|| json!({}));
        if !entry.is_object() {
            *entry = json!({});
        }
        let Value::Object(object) = entry else { return };
        place = object;
    }
    place.insert(last.clone(), value);
}

/// The patch that takes every effect from the arms of `nulls`.
pub(super) fn without_effects(source: &Value, nulls: &[&str]) -> Map<String, Value> {
    let mut patch = Map::new();
    for arm in nulls {
        let Some(described) = source.pointer(&pointer(&["truth", "arms", arm])) else { continue };
        if described.get("effect").is_some() {
            put(&mut patch, &pointer(&["truth", "arms", arm, "effect"]), Value::Null);
        }
        let strata = described.get("strata").and_then(Value::as_object);
        for (stratum, _) in strata.into_iter().flatten().filter(|(_, inner)| inner.get("effect").is_some()) {
            put(&mut patch, &pointer(&["truth", "arms", arm, "strata", stratum, "effect"]), Value::Null);
        }
    }
    patch
}

/// The largest type I error of every candidate.
///
/// Every non-empty set of experimental arms is taken as the true nulls in turn: those arms have no effect on the course, the others keep
/// the file's. Bounds and weights stay those planned on the file's own truth. The asymptotic engine searches where it covers the
/// design, else simulation.
///
/// # Errors
/// [`StudyError`] where a value inside the ranges makes no truth, or an engine fails.
pub fn worst_case(scenario: &Scenario) -> Result<Vec<WorstCase>, StudyError> {
    (0..scenario.candidates.len()).map(|candidate| of_candidate(scenario, candidate)).collect()
}

fn of_candidate(scenario: &Scenario, candidate: usize) -> Result<WorstCase, StudyError> {
    let source = &scenario.source;
    let design = &scenario.candidates[candidate];
    let failed = |error| locate(scenario, &design.name, NAME, error);
    let experimental = &design.protocol.arms[1..];
    let plan = engine::plan(&design.protocol, &design.planning).map_err(failed)?;
    let of_set = |set: usize| {
        let nulls: Vec<&str> =
            (0..experimental.len()).filter(|arm| set >> arm & 1 == 1).map(|arm| experimental[arm].as_str()).collect();
        let ranges = scenario.worst_case.clone().unwrap_or_else(|| default_ranges(source, &nulls));
        search(scenario, candidate, &nulls, &ranges, &plan).map(|found| (found, nulls))
    };
    let sets: Vec<(Search, Vec<&str>)> =
        (1..1_usize << experimental.len()).into_par_iter().map(of_set).collect::<Result<_, _>>()?;
    let evaluations = sets.iter().map(|(found, _)| found.evaluations).sum();
    let best = sets.into_iter().reduce(|best, next| if next.0.value.value > best.0.value.value { next } else { best });
    let Some((found, nulls)) = best else {
        return Err(failed(EngineError::Numerics("the design has no experimental arm".into())));
    };
    let file = file_of(source, &design.name, &found.patch);
    let truth = read(&file)?;
    let settings = Settings { engine: EngineKind::Simulation, ..scenario.run };
    let truth = &truth.candidates[0].truths[0].1;
    let simulated = engine::evaluate(&design.protocol, truth, &design.planning, &settings, None).map_err(failed)?;
    Ok(WorstCase {
        candidate: design.name.clone(),
        alpha: design.protocol.alpha,
        nulls: nulls.iter().map(ToString::to_string).collect(),
        at: found.at,
        engine: found.engine,
        searched: found.value,
        evaluations,
        simulated,
        file,
    })
}

struct Search {
    patch: Map<String, Value>,
    at: Vec<(String, f64)>,
    engine: &'static str,
    value: Estimate,
    evaluations: usize,
}

fn search(
    scenario: &Scenario,
    candidate: usize,
    nulls: &[&str],
    ranges: &[Range],
    plan: &engine::Plan,
) -> Result<Search, StudyError> {
    let source = &scenario.source;
    let design = &scenario.candidates[candidate];
    let patch = |point: &[f64]| {
        let mut patch = without_effects(source, nulls);
        for (range, value) in ranges.iter().zip(point) {
            put(&mut patch, &range.path, json!(value));
        }
        patch
    };
    let wrong: Cell<Option<StudyError>> = Cell::new(None);
    let asymptotic = Cell::new(true);
    let outcome = |point: &[f64], precision: Precision| {
        let read = read(&file_of(source, &design.name, &patch(point)));
        let truths = match read {
            Ok(read) => read.candidates,
            Err(error) => {
                let message = error.to_string();
                wrong.set(Some(error));
                return Err(EngineError::Numerics(message));
            }
        };
        let truth = &truths[0].truths[0].1;
        let hypotheses = engine::hypotheses(truth, &design.protocol)?;
        if asymptotic.get() {
            match engine::asymptotic::evaluate_at(&design.protocol, truth, plan, &hypotheses, precision) {
                Err(EngineError::NotCovered { .. }) => asymptotic.set(false),
                found => return found,
            }
        }
        let settings = Settings { engine: EngineKind::Simulation, replicates: SEARCH_REPLICATES, ..scenario.run };
        engine::evaluate(&design.protocol, truth, &design.planning, &settings, None)
    };
    // Where no tested hypothesis is true there is no type I error.
    let type_i_error = |outcome: &OperatingCharacteristics| outcome.type_i_error.unwrap_or(Estimate::exact(0.0));
    let value = |point: &[f64]| outcome(point, Precision::SEARCH).map(|outcome| type_i_error(&outcome).value);
    let box_of: Vec<[f64; 2]> = ranges.iter().map(|range| [range.from, range.to]).collect();
    let found = maximum(&box_of, EFFORT, &value);
    if let Some(error) = wrong.take() {
        return Err(error);
    }
    let failed = |error| locate(scenario, &design.name, NAME, error);
    let found = found.map_err(failed)?;
    let answer = outcome(&found.at, Precision::ANSWER).map_err(failed)?;
    Ok(Search {
        patch: patch(&found.at),
        at: ranges.iter().map(|range| range.path.clone()).zip(found.at).collect(),
        engine: answer.engine,
        value: type_i_error(&answer),
        evaluations: found.evaluations,
    })
}

pub(super) fn read(file: &Value) -> Result<Scenario, StudyError> {
    Ok(Scenario::from_json(&file.to_string(), &[])?)
}

/// The scenario with one candidate and the one truth of a patch.
pub(super) fn file_of(source: &Value, candidate: &str, patch: &Map<String, Value>) -> Value {
    let mut file = source.clone();
    let design = source.get("candidates").and_then(|all| all.get(candidate)).cloned();
    if let Some(object) = file.as_object_mut() {
        if let Some(design) = design {
            object.insert("candidates".into(), json!({ candidate: design }));
        }
        object.insert("truths".into(), json!({ NAME: patch }));
    }
    without_questions(&mut file);
    file
}
