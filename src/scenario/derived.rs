//! What other rooms ask of a checked scenario: labels of hypotheses, places in the file, the same file without delays.

use super::assemble::assembled;
use super::{Candidate, Scenario};
use serde_json::Value;

impl Candidate {
    /// One label per experimental arm: "high vs control · os · full population".
    pub fn hypotheses(&self) -> Vec<String> {
        let endpoint = self.protocol.primary.endpoint.name();
        let [control, experimental @ ..] = self.protocol.arms.as_slice() else { return Vec::new() };
        experimental.iter().map(|arm| format!("{arm} vs {control} · {endpoint} · full population")).collect()
    }
}

impl Scenario {
    /// JSON pointer of a place in a candidate's protocol ("analyses/0/when"): into its patch if that put the value there,
    /// else into `protocol`.
    pub fn pointer_in_candidate(&self, candidate: &str, place: &str) -> String {
        self.error_at(candidate, "", &format!("/protocol/{place}"), "", None).pointer
    }

    /// The same scenario with every effect setting in at once: delays and ramps removed, leading pieces without effect
    /// dropped. `None` if the file has no such thing.
    pub fn without_delays(&self) -> Option<Self> {
        let mut document = self.source.clone();
        for part in ["truth", "truths"] {
            if let Some(truth) = document.get_mut(part) {
                in_effects(truth, false);
            }
        }
        if document == self.source {
            return None;
        }
        assembled(document).ok().map(|scenario| Self { sha256: self.sha256.clone(), ..scenario })
    }
}

/// Removes delays below every `effect`, whose keys are all the format's own.
fn in_effects(value: &mut Value, inside: bool) {
    match value {
        Value::Object(object) => {
            if inside {
                object.shift_remove("delay");
                object.shift_remove("ramp");
                if let Some(Value::Array(pieces)) = object.get_mut("hazard_ratio") {
                    let none = |piece: &Value| piece.get("is").and_then(Value::as_f64) == Some(1.0);
                    let leading = pieces.iter().take_while(|piece| none(piece)).count();
                    pieces.drain(..leading.min(pieces.len().saturating_sub(1)));
                }
            }
            for (key, below) in object.iter_mut() {
                in_effects(below, inside || key == "effect");
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|below| in_effects(below, inside)),
        _ => {}
    }
}
