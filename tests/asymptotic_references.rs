//! The asymptotic engine against other programs and against the analytic engine, where there is no choice or a choice they know.

#![expect(clippy::unwrap_used, reason = "helpers of a test: what goes wrong here fails the test")]

use seamline::engine::{Estimate, OperatingCharacteristics};
use seamline::scenario::Scenario;
use seamline::study;
use serde_json::{Value, json};

fn answer(scenario: &Value) -> OperatingCharacteristics {
    let scenario = Scenario::from_json(&scenario.to_string(), &[]).unwrap();
    let mut answers = Vec::new();
    study::evaluate(&scenario, None, |answer| answers.push(answer.outcome)).unwrap();
    answers.remove(0)
}

fn reference(name: &str) -> Value {
    let path = format!("{}/tests/reference/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Within the reference's tolerance (its own Monte Carlo error) and four of our standard errors.
fn agrees(reference: &Value, key: &str, found: Estimate) {
    let expected = &reference["expected"][key];
    let tolerance = expected["tolerance"].as_f64().unwrap() + 4.0 * found.mcse.unwrap_or(0.0);
    let gap = (found.value - expected["value"].as_f64().unwrap()).abs();
    assert!(gap <= tolerance, "{}: {key} {found:?}, not {expected}", reference["id"]);
}

/// Everybody goes on, phase III stands alone: the answer is the group-sequential trial's of the phase III patients.
#[test]
fn without_a_choice_it_is_the_analytic_engine() {
    let truth = json!({
        "enrollment": [{ "per_month": 30 }],
        "dropout": { "hazard": 0.003 },
        "control": { "progression": { "hazard": 0.07 }, "death": { "hazard": 0.01 }, "death_after_progression": { "hazard": 0.06 } },
        "arms": { "vaccine": { "effect": { "progression": { "hazard_ratio": 0.6, "delay": 3 }, "death_after_progression": 0.8 } } },
    });
    for (endpoint, looks) in [("os", json!([140, 220])), ("pfs", json!([150, 240, 300]))] {
        let analyses: Vec<Value> = looks
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
            .map(|(look, events)| json!({ "name": format!("look {look}"), "when": { "events": events } }))
            .collect();
        let protocol = |more: Value| {
            let mut protocol = json!({
                "arms": ["control", "vaccine"], "alpha": 0.025,
                "primary": { "endpoint": endpoint, "test": "logrank" },
                "analyses": analyses, "efficacy": { "spending": "obrien_fleming" },
            });
            protocol.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            protocol
        };
        let allocation = json!({ "control": 1, "vaccine": 1 });
        let seamless = protocol(json!({
            "phase2": { "patients": 60, "allocation": allocation },
            "transition": { "when": { "enrolled": 60 }, "keep": { "rule": "all", "by": "os_z" } },
            "phase3": { "patients": 400, "allocation": allocation, "decision_time": 0, "pause_enrollment": false },
            "combination": { "method": "phase3_only" },
        }));
        let alone = protocol(json!({ "patients": 400, "allocation": allocation }));
        let of = |protocol: &Value, engine: &str| {
            answer(&json!({ "seamline": 1, "truth": truth, "protocol": protocol, "run": { "engine": engine } }))
        };
        let (found, expected) = (of(&seamless, "asymptotic"), of(&alone, "analytic"));
        assert!((found.reject_any.value - expected.reject_any.value).abs() < 1e-6, "{found:?} {expected:?}");
        for (found, expected) in found.looks.iter().zip(&expected.looks) {
            assert!((found.cross_efficacy.value - expected.cross_efficacy.value).abs() < 1e-6);
            assert!((found.month.value - expected.month.value - 2.0).abs() < 1e-6, "two months of phase II before it");
        }
    }
}

/// Under the global null with the best arm kept the level is what the closed test's normal law says.
#[test]
fn the_level_of_a_seamless_null() {
    for name in ["f-null-seamless-dunnett", "f-null-seamless-bonferroni"] {
        let reference = reference(name);
        let mut scenario = reference["scenario"].clone();
        scenario["run"] = json!({ "engine": "asymptotic" });
        let found = answer(&scenario);
        agrees(&reference, "/results/0/reject_any/value", found.reject_any);
        agrees(&reference, "/results/0/type_i_error/value", found.type_i_error.unwrap());
        agrees(&reference, "/results/0/selected/low/value", found.selected[0]);
        agrees(&reference, "/results/0/selected/high/value", found.selected[1]);
    }
}

/// lrstat's design that keeps the best of two arms and tests all its patients against bounds that count the choice: pooled here, with
/// those bounds, in so many patients that hazard ratios near 1 give its drifts.
#[test]
fn exit_probabilities_of_lrstats_seamless_design() {
    let reference = reference("f-seamless-best-of-2-lrstat");
    let number = |key: &str| reference["expected"][key]["value"].as_f64().unwrap();
    let (events, root) = (24_000.0, number("max_information").sqrt());
    let ratio = |effect: f64| (-effect * root / f64::sqrt(events / 4.0)).exp();
    let allocation = json!({ "control": 1, "low": 1, "high": 1 });
    let scenario = json!({
        "seamline": 1,
        "truth": {
            "enrollment": [{ "per_month": 10_000 }],
            "dropout": { "hazard": 0.0 },
            "control": { "death": { "hazard": 0.05 } },
            "arms": { "low": { "effect": { "death": ratio(0.3) } }, "high": { "effect": { "death": ratio(0.5) } } },
        },
        "protocol": {
            "arms": ["control", "low", "high"], "alpha": 0.025,
            "phase2": { "patients": 45_000, "allocation": allocation },
            "transition": { "when": { "all": [{ "enrolled": 45_000 }, { "events": events / 2.0 }] }, "keep": { "rule": "best", "by": "os_z" } },
            "phase3": { "patients": 45_000, "allocation": allocation, "decision_time": 0, "pause_enrollment": true },
            "primary": { "endpoint": "os", "test": "logrank" },
            "analyses": [
                { "name": "selection", "when": { "after_previous": 0.001 } },
                { "name": "interim", "when": { "events": events * 2.0 / 3.0 } },
                { "name": "final", "when": { "events": events } },
            ],
            "efficacy": { "bounds": [number("efficacy_z_1"), number("efficacy_z_2"), number("efficacy_z_3")] },
            "combination": { "method": "naive_pooled" },
            "intersection": "dunnett",
        },
        "run": { "engine": "asymptotic" },
    });
    let found = answer(&scenario);
    for look in 0..3 {
        agrees(&reference, &format!("cross_efficacy_{}", look + 1), found.looks[look].cross_efficacy);
    }
}

/// asd's choice of the best of two arms by an early outcome that has nothing to do with the final one: responses of so many
/// patients that rates near one half give its drifts, and survival likewise.
#[test]
fn asds_early_outcome_without_correlation() {
    let reference = reference("f-asd-early-selection-corr-00");
    let input = |key: &str, arm: usize| reference["input"][key][arm].as_f64().unwrap();
    let size = |key: &str| reference["input"][key].as_f64().unwrap();
    // Drift of a comparison of n per arm with unit sd: effect·√(n/2).
    let (early, first) = (f64::sqrt(size("stage_1_per_arm") / 2.0), f64::sqrt(size("stage_1_per_arm") / 2.0));
    let (per_arm, events) = (15_000.0, 8_000.0);
    let rate = |arm: usize| 0.5 + input("early_means", arm) * early * f64::sqrt(0.5 / per_arm);
    let ratio = |arm: usize| (-input("final_means", arm) * first / f64::sqrt(events / 4.0)).exp();
    let growth = size("stage_2_per_arm") / size("stage_1_per_arm");
    let allocation = json!({ "control": 1, "low": 1, "high": 1 });
    let arm = |arm: usize| json!({ "immune_response": { "rate": rate(arm) }, "effect": { "death": ratio(arm) } });
    let scenario = json!({
        "seamline": 1,
        "truth": {
            "enrollment": [{ "per_month": 10_000 }],
            "dropout": { "hazard": 0.0 },
            "control": { "death": { "hazard": 0.05 } },
            "arms": { "low": arm(1), "high": arm(2) },
            "immune_response": { "measured_at": 0.01, "control_rate": 0.5,
                "assays": [{ "name": "early outcome", "sensitivity": 1, "specificity": 1 }], "positive_if": "any" },
        },
        "protocol": {
            "arms": ["control", "low", "high"], "alpha": 0.025,
            "phase2": { "patients": 3.0 * per_arm, "allocation": allocation },
            "transition": { "when": { "all": [{ "enrolled": 3.0 * per_arm }, { "min_follow_up": 0.05 }] },
                "keep": { "rule": "best", "by": "response_difference" } },
            "phase3": { "patients": 55_000, "allocation": allocation, "decision_time": 0, "pause_enrollment": true },
            "primary": { "endpoint": "os", "test": "logrank" },
            "analyses": [{ "name": "final", "when": { "events": events * growth } }],
            "combination": { "method": "inverse_normal", "phase2_patients": "own_cohort",
                "weight": size("information_share_stage_1"), "phase2_follow_up": { "when": { "events": 1.5 * events } } },
            "intersection": "dunnett",
        },
        "run": { "engine": "asymptotic" },
    });
    let found = answer(&scenario);
    agrees(&reference, "reject_any_if_dropped_arms_are_followed_up", found.reject_any);
    agrees(&reference, "select_arm_1", found.selected[0]);
    agrees(&reference, "select_arm_2", found.selected[1]);
}
