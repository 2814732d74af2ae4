//! The worst case of every candidate: for people and for programs.

use crate::report::answer::estimate;
use crate::study::WorstCase;
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// One worst case.
pub fn worst_case_json(found: &WorstCase) -> Value {
    let at: Map<String, Value> = found.at.iter().map(|(path, value)| (path.clone(), json!(value))).collect();
    json!({
        "candidate": found.candidate,
        "alpha": found.alpha,
        "without_effect": found.nulls,
        "at": at,
        "search": { "engine": found.engine, "evaluations": found.evaluations,
            "type_i_error": estimate(&found.searched) },
        "simulation": { "replicates": found.simulated.replicates,
            "type_i_error": found.simulated.type_i_error.as_ref().map(estimate) },
        "scenario": found.file,
    })
}

/// One worst case, in words.
pub fn worst_case_text(found: &WorstCase) -> String {
    let mut text = format!("{}: largest type I error found\n", found.candidate);
    let simulated = found.simulated.type_i_error.map_or_else(String::new, |found_there| {
        format!(
            ", simulated there {:.4} ± {:.4} ({} replicates)",
            found_there.value,
            found_there.mcse.unwrap_or(0.0),
            found.simulated.replicates.unwrap_or(0)
        )
    });
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "  {:.4} by the {} engine over {} truths{simulated}; level {}",
        found.searched.value, found.engine, found.evaluations, found.alpha
    );
    let _ = writeln!(text, "  without effect: {}", found.nulls.join(", "));
    for (path, value) in &found.at {
        let _ = writeln!(text, "  {path} = {value:.4}");
    }
    text
}
