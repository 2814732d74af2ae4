//! Assurance, as text and as JSON.

use crate::engine::Estimate;
use crate::report::dictionary::Format;
use crate::report::table::table;
use crate::search::{Assurance, PROBABILITIES};
use crate::study::Answer;
use serde_json::{Map, Value, json};
use std::fmt::Write;

fn estimate(estimate: &Estimate) -> Value {
    match estimate.mcse {
        None => json!({ "value": estimate.value }),
        Some(mcse) => json!({ "value": estimate.value, "mcse": mcse }),
    }
}

/// The `assurance` object that a prior adds to a result.
pub fn assurance_json(assurance: &Assurance) -> Value {
    let quantiles: Map<String, Value> = PROBABILITIES
        .iter()
        .zip(assurance.power_quantiles)
        .map(|(probability, power)| (probability.to_string(), json!(power)))
        .collect();
    let [patients, events, months] = &assurance.expected;
    json!({
        "reject_any": estimate(&assurance.reject_any),
        "benefit": estimate(&assurance.benefit),
        "reject_any_and_benefit": estimate(&assurance.reject_any_and_benefit),
        "expected": { "patients": estimate(patients), "events": estimate(events), "months": estimate(months) },
        "power_quantiles": quantiles,
        "points": assurance.points,
    })
}

/// Assurance of every answer over the unknowns at `paths`.
pub fn assurance_text(paths: &[String], answers: &[Answer], assurances: &[Assurance]) -> String {
    let mut text = String::new();
    let points = assurances.first().map_or(0, |assurance| assurance.points);
    let _ = writeln!(text, "assurance: averaged over {points} points of the prior of\n  {}\n", paths.join("\n  "));
    let mut rows = table(&["candidate · truth", "P(reject)", "P(benefit)", "both", "power: 5 %", "median", "95 %"]);
    for (answer, assurance) in answers.iter().zip(assurances) {
        let probability = |value: &Estimate| Format::Probability.estimate(value);
        let quantile = |index: usize| Format::Probability.text(assurance.power_quantiles[index]);
        rows.add_row([
            format!("{} · {}", answer.candidate, answer.truth),
            probability(&assurance.reject_any),
            probability(&assurance.benefit),
            probability(&assurance.reject_any_and_benefit),
            quantile(0),
            quantile(2),
            quantile(4),
        ]);
    }
    let _ = writeln!(text, "{rows}");
    text
}
