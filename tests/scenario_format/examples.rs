//! Small right files, and a way to change them.

use seamline::scenario::{Scenario, ScenarioError};
use serde_json::{Value, json};

/// Two arms, three looks, futility, a delayed effect.
pub fn group_sequential() -> Value {
    json!({
        "seamline": 1,
        "title": "two arms",
        "truth": {
            "enrollment": [{"for": 6, "per_month": 15}, {"per_month": 30}],
            "dropout": {"hazard": 0.002},
            "control": {"death": {"median": 12}},
            "arms": {"vaccine": {"effect": {"death": {"hazard_ratio": 0.65, "delay": 4}}}}
        },
        "protocol": {
            "arms": ["vaccine", "control"],
            "allocation": {"control": 1, "vaccine": 2},
            "patients": 480,
            "alpha": 0.025,
            "primary": {"endpoint": "os", "test": "logrank"},
            "analyses": [
                {"name": "first", "when": {"events": 150}},
                {"name": "second", "when": {"event_fraction": 0.75}},
                {"name": "final", "when": {"events": 300}}
            ],
            "efficacy": {"spending": "obrien_fleming"},
            "futility": {"bounds": [0, 0.6, null], "binding": false}
        },
        "truths": {"as assumed": {}, "null": {"arms": {"vaccine": {"effect": {"death": 1}}}}},
        "goal": {"power": 0.9, "solve": "events"},
        "run": {"engine": "analytic"}
    })
}

/// Three arms, immune response and progression at the transition, inverse normal.
pub fn seamless() -> Value {
    json!({
        "seamline": 1,
        "$schema": "schema.json",
        "title": "seamless",
        "notes": "an example",
        "truth": {
            "enrollment": [{"per_month": 25}],
            "enrollment_process": "steady",
            "dropout": {"hazard": 0.003},
            "control": {
                "progression": {"survival": [{"at": 18, "is": 0.62}, {"at": 60, "is": 0.5}]},
                "death": {"hazard": 0.0005},
                "death_after_progression": {"hazard": 0.0165, "clock": "since_progression"}
            },
            "arms": {
                "low": {
                    "immune_response": {"rate": 0.35},
                    "effect": {"responders": {"progression": {"hazard_ratio": 0.4, "delay": 4}}}
                },
                "high": {
                    "immune_response": {"shift": 2.2},
                    "effect": {
                        "responders": {"progression": {"hazard_ratio": 0.4, "delay": {"fixed": 4}, "ramp": 2}},
                        "non_responders": {"progression": 1}
                    }
                }
            },
            "immune_response": {
                "measured_at": 3,
                "control_rate": 0.05,
                "prognostic": {"correlation": 0.3, "log_hazard_sd": 0.5},
                "assays": [
                    {"name": "ELISpot", "sensitivity": 0.9, "specificity": 0.95},
                    {"name": "multimer", "sensitivity": 0.85, "specificity": 0.97}
                ],
                "positive_if": {"at_least": 2},
                "missing_if_event_before": true
            }
        },
        "protocol": {
            "arms": ["control", "low", "high"],
            "alpha": 0.025,
            "phase2": {"patients": 180, "allocation": {"control": 1, "low": 1, "high": 1}},
            "transition": {
                "when": {"all": [{"enrolled": 180}, {"min_follow_up": 6}]},
                "keep": {"rule": "best", "by": "response_difference"},
                "go": {"all": [
                    {"response_difference": {"at_least": 0.2}},
                    {"not": {"pfs_hazard_ratio": {"at_least": 1.1}}}
                ]}
            },
            "phase3": {"patients": 500, "decision_time": 1, "pause_enrollment": true},
            "primary": {"endpoint": "dfs"},
            "analyses": [
                {"name": "interim", "when": {"events": 100}},
                {"name": "final", "when": {"all": [{"events": 150}, {"min_follow_up": 6}]}}
            ],
            "efficacy": {"spending": "hwang_shih_decani", "gamma": -4},
            "combination": {
                "method": "inverse_normal",
                "phase2_patients": "own_cohort",
                "weight": "planned_events",
                "phase2_follow_up": {"when": {"min_follow_up": 18}}
            },
            "intersection": "dunnett"
        },
        "candidates": {
            "both": {},
            "response": {"transition": {"go": {"all": null, "response_difference": {"at_least": 0.2}}}},
            "no gate": {"transition": {"keep": {"by": "pfs_hazard_ratio"}, "go": null}}
        },
        "run": {"engine": "simulation", "replicates": 1000}
    })
}

/// The same without candidates.
pub fn seamless_alone() -> Value {
    without(seamless(), "/candidates")
}

/// Strata with their own effects, drop-out per arm, a stratified test.
pub fn stratified() -> Value {
    json!({
        "seamline": 1,
        "truth": {
            "enrollment": [{"per_month": 40}],
            "dropout": {"control": {"hazard": 0.01}, "vaccine": {"median": 300}},
            "strata": [
                {"name": "antigen_high", "prevalence": 0.6},
                {"name": "antigen_low", "prevalence": 0.4, "hazard_ratio": {"death": 2}}
            ],
            "control": {"death": {"hazard": 0.04}},
            "arms": {"vaccine": {
                "effect": {"death": {"hazard_ratio": [{"for": 4, "is": 1}, {"is": 0.6}]}},
                "strata": {"antigen_low": {"effect": {"death": 0.9}}}
            }}
        },
        "protocol": {
            "arms": ["control", "vaccine"],
            "patients": 480,
            "alpha": 0.025,
            "primary": {"endpoint": "os", "test": "logrank", "stratified": true},
            "analyses": [
                {"name": "interim", "when": {"events": 90, "population": "antigen_low"}},
                {"name": "final", "when": {"any": [{"events": 260}, {"calendar": 40}]}}
            ],
            "efficacy": {"family": "wang_tsiatis", "delta": 0.25}
        }
    })
}

/// Calendar looks with given bounds.
pub fn calendar() -> Value {
    json!({
        "seamline": 1,
        "truth": {
            "enrollment": [{"per_month": 40}],
            "control": {"death": {"weibull": {"shape": 1.2, "median": 14}, "cured": 0.25}},
            "arms": {"vaccine": {"effect": {"death": 0.65}}}
        },
        "protocol": {
            "arms": ["control", "vaccine"],
            "patients": 480,
            "alpha": 0.025,
            "primary": {"endpoint": "os"},
            "analyses": [
                {"name": "one", "when": {"calendar": 18}},
                {"name": "two", "when": {"after_previous": 6}},
                {"name": "three", "when": {"calendar": 36}}
            ],
            "efficacy": {"bounds": [null, 2.4, 2.02]},
            "futility": {"hazard_ratio": [1.1, null, null]}
        }
    })
}

/// One look at the level, PFS of an illness–death course.
pub fn one_look() -> Value {
    json!({
        "seamline": 1,
        "truth": {
            "enrollment": [{"per_month": 41.5}],
            "control": {
                "progression": {"hazards": [{"for": 6, "hazard": 0.1}, {"hazard": 0.05}]},
                "death": {"hazard": 0.02},
                "death_after_progression": {"hazard": 0.08, "clock": "since_randomization"}
            },
            "arms": {"vaccine": {"effect": {"progression": 0.7, "death": 0.8, "death_after_progression": 0.9}}}
        },
        "protocol": {
            "arms": ["control", "vaccine"],
            "allocation": {"control": 1, "vaccine": 1.5},
            "patients": 500,
            "alpha": 0.025,
            "primary": {"endpoint": "pfs"},
            "analyses": [{"name": "final", "when": {"events": 300, "endpoint": "os", "arms": ["vaccine", "control"]}}]
        }
    })
}

/// All of the above.
pub fn all() -> Vec<Value> {
    vec![group_sequential(), seamless(), stratified(), calendar(), one_look()]
}

/// Reads a file given as a value.
pub fn read(file: &Value) -> Result<Scenario, ScenarioError> {
    Scenario::from_json(&file.to_string(), &[])
}

/// Reads a file with overrides.
pub fn read_with(file: &Value, sets: &[&str]) -> Result<Scenario, ScenarioError> {
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    Scenario::from_json(&file.to_string(), &sets)
}

/// The file with the value at a pointer replaced, or added to its parent object.
pub fn with(mut file: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match file.pointer_mut(parent).unwrap() {
        Value::Object(object) => {
            object.insert(key.to_owned(), value);
        }
        Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
        other => panic!("{other} has no {key}"),
    }
    file
}

/// The file without the value at a pointer.
pub fn without(mut file: Value, pointer: &str) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    file.pointer_mut(parent).unwrap().as_object_mut().unwrap().shift_remove(key).unwrap();
    file
}

/// Asserts that a file is refused at a pointer with a rule, and returns the error.
#[track_caller]
pub fn refused(file: &Value, pointer: &str, rule: &str) -> ScenarioError {
    let Err(error) = read(file) else { panic!("the file is accepted") };
    assert_eq!((error.pointer.as_str(), error.rule.as_str()), (pointer, rule), "{error:?}");
    error
}
