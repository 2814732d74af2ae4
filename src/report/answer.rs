//! The JSON contract of an answer (`scenario.md`, "Answers").

use crate::engine::{BoundAt, Estimate, LookOutcome, OperatingCharacteristics};
use crate::search::{Claim, Solved};
use crate::study::{Answer, Ranked};
use serde_json::{Map, Value, json};

/// What stands above the results.
#[derive(Debug, Clone)]
pub struct Header {
    /// SHA-256 of the scenario file.
    pub scenario_sha256: String,
    /// Seed of the run.
    pub seed: u64,
    /// Seconds the run took; `None` leaves the key null, so that equal runs give equal bytes.
    pub elapsed_s: Option<f64>,
}

/// A finite number, or null.
fn number(value: f64) -> Value {
    if value.is_finite() { json!(value) } else { Value::Null }
}

pub(super) fn estimate(estimate: &Estimate) -> Value {
    match estimate.mcse {
        None => json!({ "value": number(estimate.value) }),
        Some(mcse) => json!({ "value": number(estimate.value), "mcse": number(mcse) }),
    }
}

fn optional(value: Option<&Estimate>) -> Value {
    value.map_or(Value::Null, estimate)
}

fn bound(bound: Option<&BoundAt>) -> Value {
    bound.map_or(Value::Null, |at| {
        json!({ "z": number(at.z), "p": number(at.p), "hazard_ratio": at.hazard_ratio.map_or(Value::Null, number) })
    })
}

fn named(names: &[String], values: &[Estimate]) -> Value {
    Value::Object(names.iter().cloned().zip(values.iter().map(estimate)).collect())
}

/// One look; the keys of harm bounds are there only in a trial that has them.
fn look(look: &LookOutcome) -> Value {
    let mut value = json!({
        "analysis": look.analysis,
        "month": estimate(&look.month),
        "events": estimate(&look.events),
        "patients": estimate(&look.patients),
        "information_fraction": number(look.information_fraction),
        "efficacy_bound": bound(look.efficacy_bound.as_ref()),
        "futility_bound": bound(look.futility_bound.as_ref()),
        "cross_efficacy": estimate(&look.cross_efficacy),
        "cross_futility": estimate(&look.cross_futility),
        "average_hazard_ratio": look.average_hazard_ratio.map_or(Value::Null, number),
        "cox_hazard_ratio": look.cox_hazard_ratio.map_or(Value::Null, number),
    });
    if let Some(cross) = &look.cross_harm {
        value["harm_bound"] = bound(look.harm_bound.as_ref());
        value["cross_harm"] = estimate(cross);
    }
    value
}

/// One entry of `results`.
pub fn answer_json(answer: &Answer) -> Value {
    let outcome: &OperatingCharacteristics = &answer.outcome;
    let transition = outcome.transition.as_ref().map_or(Value::Null, |transition| {
        let events: Map<String, Value> =
            transition.events.iter().map(|(name, count)| ((*name).to_string(), estimate(count))).collect();
        json!({ "month": estimate(&transition.month), "patients": estimate(&transition.patients), "events": events })
    });
    let mut value = json!({
        "candidate": answer.candidate,
        "truth": answer.truth,
        "engine": outcome.engine,
        "replicates": outcome.replicates,
        "reject_any": estimate(&outcome.reject_any),
        "reject": named(&answer.hypotheses, &outcome.reject),
        "type_i_error": optional(outcome.type_i_error.as_ref()),
        "go": estimate(&outcome.go),
        "stop": estimate(&outcome.stop),
        "selected": named(&answer.arms, &outcome.selected),
        "correct_selection": optional(outcome.correct_selection.as_ref()),
        "transition": transition,
        "looks": outcome.looks.iter().map(look).collect::<Vec<_>>(),
        "expected": {
            "patients": estimate(&outcome.expected.patients),
            "events": estimate(&outcome.expected.events),
            "months": estimate(&outcome.expected.months),
        },
    });
    if let Some(all) = &outcome.reject_all {
        value["reject_all"] = estimate(all);
    }
    value
}

/// The whole answer: header, results, warnings (each named by its candidate and truth).
pub fn answers_json(header: &Header, answers: &[Answer]) -> Value {
    let engines: Vec<&str> = answers.iter().map(|answer| answer.outcome.engine).collect();
    let engine = match engines.first() {
        Some(first) if engines.iter().all(|engine| engine == first) => first,
        Some(_) => "mixed",
        None => "none",
    };
    let warnings: Vec<String> = answers
        .iter()
        .flat_map(|a| a.outcome.warnings.iter().map(move |w| format!("{} · {}: {w}", a.candidate, a.truth)))
        .collect();
    json!({
        "seamline": env!("CARGO_PKG_VERSION"),
        "scenario_sha256": header.scenario_sha256,
        "engine": engine,
        "seed": header.seed,
        "replicates": answers.iter().filter_map(|answer| answer.outcome.replicates).max(),
        "elapsed_s": header.elapsed_s,
        "results": answers.iter().map(answer_json).collect::<Vec<_>>(),
        "warnings": warnings,
    })
}

/// The `ranking` list that `compare` adds.
pub fn ranking_json(ranked: &[Ranked]) -> Value {
    ranked
        .iter()
        .map(|r| {
            json!({
                "rank": r.rank,
                "candidate": r.candidate,
                "power": r.power,
                "type_i_error": r.type_i_error,
                "false_go": r.false_go,
                "net": number(r.net()),
                "patients": number(r.patients),
                "months": number(r.months),
                "level_held": r.level_held,
            })
        })
        .collect()
}

/// The `solved` object that `size` adds to a result.
pub fn solved_json(solved: &Solved) -> Value {
    json!({
        "what": solved.what.name(),
        "value": number(solved.value),
        "integer": number(solved.integer),
        "power_at_integer": number(solved.power_at_integer),
        "held_fixed": solved.held_fixed,
        "conditions": solved.conditions.iter().map(|(metric, value, holds)| json!({ "metric": metric.name(), "value": value,
            "holds": holds })).collect::<Vec<_>>(),
        "rounded": solved.rounded.as_ref().map_or(Value::Null, |rounded| json!({
            "reject_any": estimate(&rounded.reject_any),
            "looks": rounded.looks.iter().map(look).collect::<Vec<_>>(),
        })),
        "proportional_hazards_claim": match solved.proportional_hazards_claim {
            Claim::Solved(claim) => number(claim),
            Claim::NotDelayed | Claim::NoDesign => Value::Null,
        },
    })
}
