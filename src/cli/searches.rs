//! The verbs that search: worst case and its map, break-even, optimisation.

use crate::cli::verbs::{load, print};
use crate::cli::{Failure, Run, message};
use crate::report;
use crate::scenario::Scenario;
use crate::study;
use serde_json::{Map, Value, json};
use std::path::Path;

/// Writes a scenario that was found.
fn write(path: Option<&Path>, file: Option<&Value>) -> Result<(), Failure> {
    let (Some(path), Some(file)) = (path, file) else { return Ok(()) };
    std::fs::write(path, format!("{file:#}\n"))
        .map_err(|error| Failure::Argument(format!("cannot write {}: {error}", path.display())))
}

/// What heads every answer, and the answer under its name.
fn answer(scenario: &Scenario, found: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let mut answer = Map::new();
    answer.insert("seamline".into(), json!(env!("CARGO_PKG_VERSION")));
    answer.insert("scenario_sha256".into(), json!(scenario.sha256));
    answer.insert("seed".into(), json!(scenario.run.seed));
    answer.extend(found.into_iter().map(|(name, value)| (name.to_string(), value)));
    Value::Object(answer)
}

/// The largest type I error of every candidate, and its map if asked; the worst of all goes to `output`.
pub(super) fn worst_case(run: &Run, map: bool, output: Option<&Path>) -> Result<(), Failure> {
    let scenario = load(run)?;
    if map {
        study::check_map(&scenario)?;
    }
    let found = study::worst_case(&scenario)?;
    let excess = |case: &study::WorstCase| case.searched.value - case.alpha;
    let worst = found.iter().max_by(|a, b| excess(a).total_cmp(&excess(b)));
    write(output, worst.map(|worst| &worst.file))?;
    let maps = if map { study::maps(&scenario, &found)? } else { Vec::new() };
    if run.json {
        let cases = json!(found.iter().map(report::worst_case_json).collect::<Vec<Value>>());
        let maps = map.then(|| ("maps", json!(maps.iter().map(report::map_json).collect::<Vec<Value>>())));
        return print(&answer(&scenario, [("worst_cases", cases)].into_iter().chain(maps)));
    }
    let texts = found.iter().map(report::worst_case_text).chain(maps.iter().map(report::map_text));
    message::data(&format!("{}\n\n{}", scenario.title, texts.collect::<Vec<String>>().join("\n")))
}

/// Where one candidate stops being better than the others.
pub(super) fn break_even(run: &Run) -> Result<(), Failure> {
    let scenario = load(run)?;
    let found = study::break_even(&scenario)?;
    if run.json {
        return print(&answer(&scenario, [("break_even", report::break_even_json(&found))]));
    }
    let (over, across) = scenario.break_even.as_ref().map_or((&[][..], &[][..]), |plan| (&plan.over, &plan.across));
    message::data(&format!("{}\n\n{}", scenario.title, report::break_even_text(over, across, &found)))
}

/// The best design of every family; the best of all goes to `output`.
pub(super) fn optimize(run: &Run, output: Option<&Path>) -> Result<(), Failure> {
    let scenario = load(run)?;
    let found = study::optimize(&scenario)?;
    let Some(plan) = &scenario.optimize else { return Ok(()) };
    write(output, found.first().map(|best| &best.file))?;
    if run.json {
        let optima: Vec<Value> = found.iter().map(|found| report::optimum_json(plan, found)).collect();
        return print(&answer(&scenario, [("optima", json!(optima))]));
    }
    let texts: Vec<String> = found.iter().map(|found| report::optimum_text(plan, found)).collect();
    message::data(&format!("{}\n\n{}", scenario.title, texts.join("\n")))
}
