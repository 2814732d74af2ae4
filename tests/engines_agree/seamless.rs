//! Random seamless trials: the asymptotic engine against stored simulations.
//!
//! `tests/reference/seamless_agreement.json` holds the scenarios with their simulated figures, each with its mcse, replicates and
//! seed. `SEAMLINE_BLESS_AGREEMENT=1 cargo test --test engines_agree seamless` simulates every scenario anew (several minutes);
//! `SEAMLINE_BLESS_AGREEMENT=draw` draws the scenarios anew first; `SEAMLINE_BLESS_SHARE=0.1` runs a tenth of the replicates.

use super::evaluate;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use seamline::engine::{EngineKind, OperatingCharacteristics};
use serde_json::{Map, Value, json};

const STORED: &str = "tests/reference/seamless_agreement.json";
/// Replicates of a trial of 120 and 400 patients, and of one ten times as large, when blessed in full.
const REPLICATES: [f64; 2] = [50_000.0, 20_000.0];
const DRAWN: [usize; 2] = [30, 5];
/// What first-order theory may leave at the two sizes.
const ALLOWANCE: [f64; 2] = [0.006, 0.002];

/// A seamless trial of `scale` times 120 and 400 patients; effects shrink with the root of the scale, so that its probabilities do
/// not.
fn scenario(scale: f64) -> impl Strategy<Value = Value> {
    let root = scale.sqrt();
    let truth =
        (0.5..1.0f64, 0.5..1.0f64, 0.0..4.0f64, 0.0..0.35f64, 0.0..0.35f64, 0.0..0.8f64, 0.0..0.7f64, 0.5..1.5f64);
    let rule = (0usize..5, 0usize..5, 0.0..0.6f64, 0usize..3, 0usize..3, any::<bool>(), any::<bool>());
    let design = (0usize..3, 1usize..3, 0.2..0.45f64, 18.0..30.0f64, 0.45..0.65f64, any::<bool>(), 0usize..3);
    (truth, rule, design).prop_map(move |(truth, rule, design)| {
        let (first, second, delay, low, high, correlation, sd, speed) = truth;
        let (by, keep, strictness, go, trigger, two, survival) = rule;
        let (method, looks, weight, rate, share, pause, intersection) = design;
        let count = |n: f64| (n * scale).round();
        let closer = |ratio: f64| ratio.powf(1.0 / root);
        let arms: Vec<&str> = if two { vec!["control", "low", "high"] } else { vec!["control", "high"] };
        let allocation: Map<String, Value> = arms.iter().map(|arm| ((*arm).into(), json!(1))).collect();
        let response = |difference: f64| json!({ "rate": 0.15 + difference / root });
        let mut described = json!({
            "high": { "immune_response": response(high), "effect": {
                "progression": { "hazard_ratio": closer(first), "delay": delay }, "death_after_progression": closer(second) } },
        });
        if two {
            described["low"] = json!({ "immune_response": response(low), "effect": { "progression": closer(second) } });
        }
        let intersection = ["dunnett", "bonferroni", "sidak"][intersection];
        let statistic =
            ["response_difference", "pfs_z", "pfs_hazard_ratio", "os_z", "response_rate"][by];
        let rule = [
            json!({ "rule": "best", "by": statistic }),
            json!({ "rule": "all_passing", "by": statistic }),
            json!({ "rule": "best", "by": "pfs_hazard_ratio" }),
            json!({ "rule": "all", "by": statistic }),
            json!({ "rule": "best", "by": "response_difference" }),
        ][keep]
            .clone();
        let go = [
            json!({ "response_difference": { "at_least": (0.05 + 0.2 * strictness) / root } }),
            json!({ "pfs_hazard_ratio": { "at_most": closer(1.05 - 0.3 * strictness) } }),
            json!({ "all": [{ "response_difference": { "at_least": 0.0 } }, { "pfs_z": { "at_least": strictness } }] }),
        ][go]
            .clone();
        let when = [
            json!({ "all": [{ "enrolled": count(120.0) }, { "min_follow_up": 4 }] }),
            json!({ "all": [{ "enrolled": count(120.0) }, { "events": count(70.0), "endpoint": "pfs" }] }),
            json!({ "all": [{ "enrolled": count(120.0) }, { "min_follow_up": 1 }] }),
        ][trigger]
            .clone();
        let endpoint = if survival { "os" } else { "pfs" };
        // A third of the 400 patients may be in a dropped arm's place only before the decision: events of the kept arms.
        let last = count(400.0 * share);
        let analyses: Vec<Value> = (1..=looks)
            .map(|look| json!({ "name": format!("look {look}"),
                "when": { "events": (last * (0.5 + 0.5 * look as f64 / looks as f64)).round() } }))
            .collect();
        let combination = match method {
            0 => json!({ "method": "phase3_only" }),
            1 => json!({ "method": "inverse_normal", "phase2_patients": "own_cohort", "weight": weight,
                "phase2_follow_up": { "when": { "min_follow_up": 8 } } }),
            _ => json!({ "method": "naive_pooled" }),
        };
        json!({
            "seamline": 1, "title": "random seamless trial",
            "truth": {
                "enrollment": [{ "per_month": rate * scale }],
                "dropout": { "hazard": 0.004 },
                "control": { "progression": { "hazard": 0.08 * speed }, "death": { "hazard": 0.012 },
                    "death_after_progression": { "hazard": 0.07 * speed } },
                "immune_response": { "measured_at": 2, "control_rate": 0.15,
                    "prognostic": { "correlation": correlation, "log_hazard_sd": sd },
                    "assays": [{ "name": "assay", "sensitivity": 0.9, "specificity": 0.95 }],
                    "positive_if": "any", "missing_if_event_before": true },
                "arms": described,
            },
            "protocol": {
                "arms": arms, "alpha": 0.025,
                "phase2": { "patients": count(120.0), "allocation": allocation },
                "transition": { "when": when, "keep": rule, "go": go },
                "phase3": { "patients": count(400.0), "allocation": allocation, "decision_time": 1, "pause_enrollment": pause },
                "primary": { "endpoint": endpoint, "test": "logrank" },
                "analyses": analyses,
                "efficacy": { "spending": "obrien_fleming" },
                "combination": combination,
                "intersection": intersection,
            },
        })
    })
}

/// The figures compared, by name: (value, mcse).
fn figures(outcome: &OperatingCharacteristics, patients: f64) -> Vec<(String, f64, f64)> {
    let mut list = vec![
        ("go".to_string(), outcome.go, 1.0),
        ("reject any".to_string(), outcome.reject_any, 1.0),
        ("expected patients over all".to_string(), outcome.expected.patients, patients),
    ];
    list.extend(outcome.type_i_error.map(|estimate| ("type I error".to_string(), estimate, 1.0)));
    list.extend(outcome.selected.iter().enumerate().map(|(arm, e)| (format!("selected {arm}"), *e, 1.0)));
    list.extend(outcome.reject.iter().enumerate().map(|(arm, e)| (format!("reject {arm}"), *e, 1.0)));
    list.into_iter().map(|(name, e, unit)| (name, e.value / unit, e.mcse.unwrap_or(0.0) / unit)).collect()
}

fn patients(scenario: &Value) -> f64 {
    ["/protocol/phase2/patients", "/protocol/phase3/patients"]
        .iter()
        .map(|place| scenario.pointer(place).and_then(Value::as_f64).unwrap())
        .sum()
}

fn drawn() -> Vec<Value> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[11; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut cases = Vec::new();
    for (size, (scale, wanted)) in [1.0, 10.0].into_iter().zip(DRAWN).enumerate() {
        let strategy = scenario(scale);
        while cases.len() < wanted + size * DRAWN[0] {
            let value = strategy.new_tree(&mut runner).unwrap().current();
            // A drawn trial whose events are out of reach is no trial.
            if evaluate(&value.to_string(), EngineKind::Asymptotic, 1).is_ok_and(|outcome| outcome.warnings.is_empty())
            {
                cases.push(json!({ "scale": scale, "scenario": value }));
            }
        }
    }
    cases
}

/// Simulates every stored scenario and writes the file.
fn bless(mut cases: Vec<Value>) -> Vec<Value> {
    let share: f64 = std::env::var("SEAMLINE_BLESS_SHARE").map_or(1.0, |share| share.parse().unwrap());
    for (index, case) in cases.iter_mut().enumerate() {
        let replicates = (share * REPLICATES[usize::from(case["scale"] == json!(10.0))]) as u64;
        let simulated = evaluate(&case["scenario"].to_string(), EngineKind::Simulation, replicates).unwrap();
        let figures: Map<String, Value> = figures(&simulated, patients(&case["scenario"]))
            .into_iter()
            .map(|(name, value, mcse)| (name, json!({ "value": value, "mcse": mcse })))
            .collect();
        case["replicates"] = json!(replicates);
        case["simulated"] = json!(figures);
        println!("{index}");
    }
    let text = serde_json::to_string_pretty(&json!({
        "command": "SEAMLINE_BLESS_AGREEMENT=1 cargo test --test engines_agree seamless",
        "seed": "the scenario file's default",
        "cases": cases,
    }));
    std::fs::write(STORED, text.unwrap() + "\n").unwrap();
    cases
}

fn stored() -> Vec<Value> {
    let read = || {
        let text = std::fs::read_to_string(STORED).expect("the stored figures");
        serde_json::from_str::<Value>(&text).unwrap()["cases"].as_array().unwrap().clone()
    };
    match std::env::var("SEAMLINE_BLESS_AGREEMENT").as_deref() {
        Ok("draw") => bless(drawn()),
        Ok(_) => bless(read()),
        Err(_) => read(),
    }
}

#[test]
fn seamless_trials_agree_with_stored_simulations() {
    let cases = stored();
    let (mut wrong, mut largest) = (Vec::new(), [0.0f64; 2]);
    for (index, case) in cases.iter().enumerate() {
        let size = usize::from(case["scale"] == json!(10.0));
        let outcome = evaluate(&case["scenario"].to_string(), EngineKind::Asymptotic, 1).unwrap();
        for (name, value, error) in figures(&outcome, patients(&case["scenario"])) {
            let simulated = &case["simulated"][&name];
            let (expected, mcse) = (simulated["value"].as_f64().unwrap(), simulated["mcse"].as_f64().unwrap());
            // Where nothing or everything was counted the simulated error is 0: use the computed probability's.
            let binomial = (value * (1.0 - value)).max(0.0) / case["replicates"].as_f64().unwrap();
            let noise = 4.0 * mcse.max(binomial.sqrt()).hypot(error);
            largest[size] = largest[size].max((value - expected).abs() - noise);
            if (value - expected).abs() > noise + ALLOWANCE[size] {
                wrong.push(format!(
                    "case {index}, scale {}: {name} asymptotic {value:.5}, simulation {expected:.5} ± {mcse:.5}",
                    case["scale"]
                ));
            }
        }
    }
    println!("largest gap beyond four standard errors: {largest:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
