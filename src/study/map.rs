//! Type I error and power over a grid of two unknown values, the others at the worst case.

use crate::engine::asymptotic::Precision;
use crate::engine::{self, EngineError, Estimate, OperatingCharacteristics};
use crate::scenario::{Range, Scenario, ScenarioError};
use crate::study::worst_case::{NAME, WorstCase, default_ranges, file_of, put, read, without_effects};
use crate::study::{StudyError, locate};
use rayon::prelude::*;
use serde_json::{Map as Patch, json};

/// Values of each axis.
pub const SIDE: usize = 21;

/// Type I error and power of one candidate over two values.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// Candidate.
    pub candidate: String,
    /// Arms without effect in the map of the type I error.
    pub nulls: Vec<String>,
    /// Paths and values of the two axes.
    pub axes: [(String, Vec<f64>); 2],
    /// Paths and values of the rest.
    pub others: Vec<(String, f64)>,
    /// `type_i_error[second][first]` with the arms of `nulls` without effect.
    pub type_i_error: Vec<Vec<f64>>,
    /// `power[second][first]`: P(reject any) with the file's effects; `None` where they make every null true.
    pub power: Option<Vec<Vec<f64>>>,
    /// Values of the axes where the type I error is largest, and what it is there with all the points of an answer.
    pub maximum: ([f64; 2], Estimate),
}

/// Whether the file varies enough for a map: known before the search, which takes its time.
///
/// # Errors
/// [`StudyError`] with the place, where `worst_case.vary` names fewer than two values.
pub fn check_map(scenario: &Scenario) -> Result<(), StudyError> {
    match &scenario.worst_case {
        Some(ranges) if ranges.len() < 2 => Err(StudyError::Scenario(ScenarioError {
            pointer: "/worst_case/vary".into(),
            value: format!("{} value", ranges.len()),
            rule: "a map needs two values that vary".into(),
            hint: Some("its axes are the first two".into()),
        })),
        _ => Ok(()),
    }
}

/// The map of every candidate whose worst case was found, over the first two values that the search varied.
///
/// # Errors
/// [`StudyError`] where fewer than two values are varied, a value makes no truth, or the asymptotic engine does not cover a candidate.
pub fn maps(scenario: &Scenario, worst: &[WorstCase]) -> Result<Vec<Map>, StudyError> {
    worst.iter().enumerate().map(|(candidate, worst)| map(scenario, candidate, worst)).collect()
}

fn map(scenario: &Scenario, candidate: usize, worst: &WorstCase) -> Result<Map, StudyError> {
    let (source, design) = (&scenario.source, &scenario.candidates[candidate]);
    let failed = |error| locate(scenario, &design.name, NAME, error);
    let nulls: Vec<&str> = worst.nulls.iter().map(String::as_str).collect();
    let ranges = scenario.worst_case.clone().unwrap_or_else(|| default_ranges(source, &nulls));
    let [first, second, ..] = &ranges[..] else {
        return Err(failed(EngineError::Numerics("a map needs two values in `worst_case.vary`".into())));
    };
    let plan = engine::plan(&design.protocol, &design.planning).map_err(failed)?;
    let others: Vec<(String, f64)> = worst.at[2..].to_vec();
    let outcome = |at: [f64; 2], effects: bool, precision: Precision| -> Result<OperatingCharacteristics, StudyError> {
        let mut patch = if effects { Patch::new() } else { without_effects(source, &nulls) };
        let axes = [(&first.path, at[0]), (&second.path, at[1])];
        for (path, value) in axes.into_iter().chain(others.iter().map(|(path, value)| (path, *value))) {
            put(&mut patch, path, json!(value));
        }
        let moved = read(&file_of(source, &design.name, &patch))?;
        let truth = &moved.candidates[0].truths[0].1;
        let hypotheses = engine::hypotheses(truth, &design.protocol).map_err(failed)?;
        engine::asymptotic::evaluate_at(&design.protocol, truth, &plan, &hypotheses, precision).map_err(failed)
    };
    let along = |range: &Range| -> Vec<f64> {
        (0..SIDE).map(|i| range.from + (range.to - range.from) * i as f64 / (SIDE - 1) as f64).collect()
    };
    let axes = [along(first), along(second)];
    let grid = |effects: bool| -> Result<Vec<Vec<f64>>, StudyError> {
        let cell = |index: usize| {
            let outcome = outcome([axes[0][index % SIDE], axes[1][index / SIDE]], effects, Precision::SEARCH)?;
            let errors = outcome.type_i_error.map_or(0.0, |error| error.value);
            Ok(if effects { outcome.reject_any.value } else { errors })
        };
        let cells: Vec<f64> = (0..SIDE * SIDE).into_par_iter().map(cell).collect::<Result<_, StudyError>>()?;
        Ok(cells.chunks_exact(SIDE).map(<[f64]>::to_vec).collect())
    };
    let type_i_error = grid(false)?;
    let null = engine::hypotheses(&design.planning, &design.protocol).map_err(failed)?.null_true;
    let power = null.contains(&false).then(|| grid(true)).transpose()?;
    let cells =
        type_i_error.iter().enumerate().flat_map(|(j, row)| row.iter().enumerate().map(move |(i, v)| (*v, i, j)));
    let (_, i, j) = cells.fold((f64::NEG_INFINITY, 0, 0), |best, next| if next.0 > best.0 { next } else { best });
    let at = [axes[0][i], axes[1][j]];
    let there = outcome(at, false, Precision::ANSWER)?.type_i_error.unwrap_or(Estimate::exact(0.0));
    let [x, y] = axes;
    Ok(Map {
        candidate: design.name.clone(),
        nulls: worst.nulls.clone(),
        axes: [(first.path.clone(), x), (second.path.clone(), y)],
        others,
        type_i_error,
        power,
        maximum: (at, there),
    })
}
