//! The same scenario with other effects: without delays, or with another hazard ratio; and along one path.

use crate::scenario::assemble::assembled;
use crate::scenario::fault::pointer;
use crate::scenario::patch::merged;
use crate::scenario::{Scenario, ScenarioError, apply_set};
use serde_json::{Map, Value};

impl Scenario {
    /// The scenario with `delay` and `ramp` of every effect removed, nobody waiting for a product, and a stepwise hazard ratio
    /// replaced by its last step; `None` if no effect is delayed.
    pub fn without_delays(&self) -> Option<Self> {
        self.with_effects(&mut undelay_one)
    }

    /// The scenario in which every hazard ratio that is not 1 is `ratio`, delays and ramps kept; `None` if there is none.
    pub fn with_hazard_ratio(&self, ratio: f64) -> Option<Self> {
        self.with_effects(&mut |key, value| {
            if matches!(key, "hazard_ratio" | "is" | "progression" | "death" | "death_after_progression")
                && value.as_f64().is_some_and(|old| old != 1.0)
            {
                *value = Value::from(ratio);
            }
        })
    }

    fn with_effects(&self, change: &mut impl FnMut(&str, &mut Value)) -> Option<Self> {
        let mut source = self.source.clone();
        for part in ["truth", "truths"] {
            if let Some(part) = source.get_mut(part) {
                below_effects(part, false, change);
            }
        }
        if source == self.source {
            return None;
        }
        assembled(source).ok().map(|scenario| Self { sha256: self.sha256.clone(), ..scenario })
    }

    /// The scenario with other numbers at `paths`, JSON pointers of numbers in the file, and without its prior and sweep.
    ///
    /// # Errors
    /// [`ScenarioError`] at the path in `prior` whose value the format refuses.
    pub fn with_values(&self, paths: &[String], values: &[f64]) -> Result<Self, ScenarioError> {
        self.with_values_of("prior", paths, values)
    }

    /// As [`Scenario::with_values`], for the block `prior` or `break_even` of the file.
    ///
    /// # Errors
    /// [`ScenarioError`] at the block, or at the path in it whose value the format refuses.
    pub fn with_values_of(&self, block: &str, paths: &[String], values: &[f64]) -> Result<Self, ScenarioError> {
        let mut source = self.source.clone();
        for (path, value) in paths.iter().zip(values) {
            if let Some(place) = source.pointer_mut(path) {
                *place = Value::from(*value);
            }
        }
        without_questions(&mut source);
        assembled(source).map(|scenario| Self { sha256: self.sha256.clone(), run: self.run, ..scenario }).map_err(
            |error| {
                let path = paths.iter().find(|path| error.pointer.starts_with(path.as_str())).unwrap_or(&error.pointer);
                ScenarioError {
                    pointer: if block == "prior" { pointer(&[block, path.as_str()]) } else { pointer(&[block]) },
                    rule: format!(
                        "the {} reaches a number that the format refuses: {} {}",
                        block.replace('_', "-"),
                        error.pointer,
                        error.rule
                    ),
                    hint: Some(if block == "prior" {
                        "keep the unknown \"within\" a range".into()
                    } else {
                        "move less far".into()
                    }),
                    ..error
                }
            },
        )
    }

    /// The protocol of a candidate as the file states it, its patch applied.
    pub fn protocol_source(&self, candidate: &str) -> Value {
        let base = self.source.get("protocol").cloned().unwrap_or(Value::Null);
        let patch = self.source.get("candidates").and_then(|all| all.get(candidate)).and_then(Value::as_object);
        patch.map_or_else(|| base.clone(), |patch| merged(&base, patch))
    }

    /// Whether a candidate's protocol has a number at a path below /protocol.
    pub fn candidate_has(&self, candidate: usize, path: &str) -> bool {
        let protocol = self.protocol_source(&self.candidates[candidate].name);
        path.strip_prefix("/protocol").and_then(|path| protocol.pointer(path)).is_some_and(Value::is_number)
    }

    /// The scenario of one candidate alone, with other numbers at `paths` below /protocol; a number that was whole stays whole.
    ///
    /// # Errors
    /// [`ScenarioError`] where the format refuses a value.
    pub fn with_design_values(
        &self,
        candidate: usize,
        paths: &[String],
        values: &[f64],
    ) -> Result<Self, ScenarioError> {
        let mut source = self.source.clone();
        let mut protocol = self.protocol_source(&self.candidates[candidate].name);
        for (path, value) in paths.iter().zip(values) {
            if let Some(place) = path.strip_prefix("/protocol").and_then(|path| protocol.pointer_mut(path)) {
                let whole = value.fract() == 0.0 && value.abs() < 1e15;
                *place = if whole { Value::from(*value as i64) } else { Value::from(*value) };
            }
        }
        if let Some(file) = source.as_object_mut() {
            file.insert("protocol".into(), protocol);
            let name = self.candidates[candidate].name.clone();
            file.insert("candidates".into(), Value::Object(Map::from_iter([(name, Value::Object(Map::new()))])));
        }
        without_questions(&mut source);
        assembled(source).map(|scenario| Self { sha256: self.sha256.clone(), run: self.run, ..scenario })
    }

    /// The scenario with one candidate or truth per value of `path`, and nothing else varied: below `/truth` the values are truths
    /// of the design as planned (bounds stay fixed), below `/protocol` they are designs.
    ///
    /// # Errors
    /// [`ScenarioError`] for a path outside `/truth` and `/protocol` or not in the file, or a value the format refuses.
    pub fn along(&self, path: &str, values: &[String]) -> Result<Self, ScenarioError> {
        let part = path.split('/').nth(1).unwrap_or("");
        let variants = match part {
            "truth" => "truths",
            "protocol" => "candidates",
            _ => {
                return Err(ScenarioError {
                    pointer: path.to_owned(),
                    value: path.to_owned(),
                    rule: "a curve runs along a path below /truth or /protocol".into(),
                    hint: Some("for example --over /truth/arms/vaccine/effect/death/delay".into()),
                });
            }
        };
        let mut patches = Map::new();
        for value in values {
            let mut moved = self.source.clone();
            apply_set(&mut moved, &format!("{path}={value}"))?;
            let key = path.split('/').nth(2).unwrap_or("");
            let subtree = moved.get(part).and_then(|part| part.get(key)).cloned().unwrap_or(Value::Null);
            patches.insert(value.clone(), Value::Object(Map::from_iter([(key.to_owned(), subtree)])));
        }
        let mut source = self.source.clone();
        if let Some(file) = source.as_object_mut() {
            file.insert(variants.into(), Value::Object(patches));
        }
        without_questions(&mut source);
        assembled(source).map(|scenario| Self { sha256: self.sha256.clone(), run: self.run, ..scenario })
    }
}

/// Takes out of a file whose design or truths were changed what asks about those of the file as it stood: blocks that name
/// candidates, truths or values which need not be there any more. `goal.power` stays, since β-spending may rest on it.
pub(crate) fn without_questions(file: &mut Value) {
    if let Some(file) = file.as_object_mut() {
        for block in ["prior", "sweep", "break_even", "optimize"] {
            file.shift_remove(block);
        }
        if let Some(goal) = file.get_mut("goal").and_then(Value::as_object_mut) {
            goal.shift_remove("subject_to");
        }
    }
}

/// Calls `change` on every key and value below an `effect` or a `manufacturing`, where every key is the format's own.
fn below_effects(value: &mut Value, inside: bool, change: &mut impl FnMut(&str, &mut Value)) {
    match value {
        Value::Object(object) => {
            for (key, inner) in object.iter_mut() {
                if inside {
                    change(key, inner);
                }
                below_effects(inner, inside || matches!(key.as_str(), "effect" | "manufacturing"), change);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| below_effects(inner, inside, change)),
        _ => {}
    }
}

/// Takes a delay, ramp or wait away; a stepwise ratio becomes its last step (a patch may give a delay alone).
fn undelay_one(key: &str, value: &mut Value) {
    let last = value.as_array().and_then(|steps| steps.last()).and_then(|step| step.get("is")).cloned();
    match (key, last) {
        ("hazard_ratio", Some(last)) => *value = last,
        ("delay" | "ramp", _) if value.as_f64() != Some(0.0) => *value = Value::from(0.0),
        // A patch that is laid over another law takes that one away.
        ("wait", _) => *value = serde_json::json!({"fixed": 0.0, "median": null, "shape": null}),
        _ => {}
    }
}
