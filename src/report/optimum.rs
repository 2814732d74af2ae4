//! The best designs of their families: for people and for programs.

use crate::report::answer::estimate;
use crate::scenario::Optimization;
use crate::study::{Optimum, Tried};
use serde_json::{Value, json};
use std::fmt::Write;

/// Designs of a front that a text shows; the JSON answer has all.
const FRONT: usize = 12;

/// One family's best design.
pub fn optimum_json(plan: &Optimization, found: &Optimum) -> Value {
    let tried = |tried: &Tried| {
        let values: serde_json::Map<String, Value> =
            found.paths.iter().zip(&tried.values).map(|(path, value)| (path.clone(), json!(value))).collect();
        let objectives: serde_json::Map<String, Value> = plan
            .objectives
            .iter()
            .zip(&tried.objectives)
            .map(|(goal, value)| (goal.metric.name().to_string(), json!(value)))
            .collect();
        json!({ "values": values, "objectives": objectives })
    };
    let figures = |outcome: &crate::engine::OperatingCharacteristics| {
        json!({
            "engine": outcome.engine,
            "replicates": outcome.replicates,
            "reject_any": estimate(&outcome.reject_any),
            "type_i_error": outcome.type_i_error.as_ref().map(estimate),
            "go": estimate(&outcome.go),
            "expected": { "patients": estimate(&outcome.expected.patients), "events": estimate(&outcome.expected.events),
                "months": estimate(&outcome.expected.months) },
        })
    };
    let truths: Vec<Value> = found
        .outcomes
        .iter()
        .map(|(truth, computed, simulated)| json!({ "truth": truth, "computed": figures(computed), "simulated": figures(simulated) }))
        .collect();
    json!({
        "candidate": found.candidate,
        "best": tried(&found.best),
        "conditions_hold": found.holds,
        "front": found.front.iter().map(tried).collect::<Vec<_>>(),
        "evaluations": found.evaluations,
        "truths": truths,
        "scenario": found.file,
    })
}

/// One family's best design, in words.
pub fn optimum_text(plan: &Optimization, found: &Optimum) -> String {
    let goals = |tried: &Tried| {
        let list = plan.objectives.iter().zip(&tried.objectives);
        list.map(|(goal, value)| format!("{} {value:.4}", goal.metric.name())).collect::<Vec<_>>().join(", ")
    };
    let held = if found.holds { "" } else { "; no design meets every condition: this one comes nearest" };
    let mut text = format!("{}: {} ({} designs tried{held})\n", found.candidate, goals(&found.best), found.evaluations);
    for (path, value) in found.paths.iter().zip(&found.best.values) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {path} = {value:.4}");
    }
    for (truth, computed, simulated) in &found.outcomes {
        let _ = writeln!(
            text,
            "  {truth}: rejects {:.4}, simulated {:.4} ± {:.4}; goes on {:.4}, {:.4} ± {:.4}; expects {:.0} patients, {:.0}",
            computed.reject_any.value,
            simulated.reject_any.value,
            simulated.reject_any.mcse.unwrap_or(0.0),
            computed.go.value,
            simulated.go.value,
            simulated.go.mcse.unwrap_or(0.0),
            computed.expected.patients.value,
            simulated.expected.patients.value
        );
    }
    if plan.objectives.len() > 1 {
        text.push_str("  designs that no other beats in both:\n");
        let every = found.front.len().div_ceil(FRONT).max(1);
        for tried in found.front.iter().step_by(every) {
            let values: Vec<String> = tried.values.iter().map(|value| format!("{value:.4}")).collect();
            let _ = writeln!(text, "    {} at {}", goals(tried), values.join(", "));
        }
    }
    text
}
