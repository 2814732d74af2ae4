//! Random seamless trials: the asymptotic engine against stored simulations, at 120 and 400 patients and at ten times as many.
//!
//! `tests/reference/simulated/seamless-*.json` hold the scenarios and their simulated figures with Monte Carlo standard errors.
//! `SEAMLINE_SIMULATE=missing cargo test --test engines_agree simulate_seamless` draws the scenarios and simulates those that are
//! absent, `SEAMLINE_SIMULATE=all` every one anew.

use super::evaluate;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use seamline::engine::{EngineKind, OperatingCharacteristics};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

const REPLICATES: u64 = 50_000;
const TRIALS: [usize; 2] = [30, 8];
const SCALES: [f64; 2] = [1.0, 10.0];
/// What first-order theory may leave at the two sizes.
const ALLOWANCE: [f64; 2] = [0.006, 0.002];

/// A seamless trial at every scale, of `scale` times 120 and 400 patients; effects shrink with the root of the scale, so that its
/// probabilities do not.
fn scenarios() -> impl Strategy<Value = [Value; 2]> {
    let truth =
        (0.5..1.0f64, 0.5..1.0f64, 0.0..4.0f64, 0.0..0.35f64, 0.0..0.35f64, 0.0..0.8f64, 0.0..0.7f64, 0.5..1.5f64);
    let rule = (0usize..5, 0usize..5, 0.0..0.6f64, 0usize..3, 0usize..3, any::<bool>(), any::<bool>());
    let design = (0usize..3, 1usize..3, 0.2..0.45f64, 18.0..30.0f64, 0.45..0.65f64, any::<bool>(), 0usize..3);
    (truth, rule, design).prop_map(|(truth, rule, design)| SCALES.map(|scale| {
        let root = scale.sqrt();
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
    }))
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

/// The drawn trials at every scale.
fn drawn() -> Vec<[Value; 2]> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[11; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = scenarios();
    // A drawn trial whose events are out of reach is no trial.
    let possible = |trial: &Value| {
        evaluate(&trial.to_string(), EngineKind::Asymptotic, 1).is_ok_and(|outcome| outcome.warnings.is_empty())
    };
    let mut draw = || strategy.new_tree(&mut runner).unwrap().current();
    std::iter::repeat_with(&mut draw).filter(|trials| trials.iter().all(possible)).take(TRIALS[0]).collect()
}

fn place(trial: usize, size: usize) -> PathBuf {
    let size = ["", "-tenfold"][size];
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/reference/simulated/seamless-{trial:02}{size}.json"))
}

/// Writes the stored simulations when asked to.
#[test]
fn simulate_seamless() {
    let Ok(which) = std::env::var("SEAMLINE_SIMULATE") else { return };
    let drawn = drawn();
    for (size, &trials) in TRIALS.iter().enumerate() {
        for (trial, scenario) in drawn.iter().map(|scenarios| &scenarios[size]).take(trials).enumerate() {
            let path = place(trial, size);
            if which == "missing" && path.exists() {
                continue;
            }
            let simulated = evaluate(&scenario.to_string(), EngineKind::Simulation, REPLICATES).unwrap();
            let figures: Map<String, Value> = figures(&simulated, patients(scenario))
                .into_iter()
                .map(|(name, value, mcse)| (name, json!({ "value": value, "mcse": mcse })))
                .collect();
            let stored = json!({
                "command": "SEAMLINE_SIMULATE=all cargo test --test engines_agree simulate_seamless",
                "replicates": REPLICATES,
                "seed": "the scenario file's default",
                "simulated": figures,
                "scenario": scenario,
            });
            std::fs::write(&path, serde_json::to_string_pretty(&stored).unwrap() + "\n").unwrap();
            println!("{}", path.display());
        }
    }
}

fn stored(trial: usize, size: usize) -> Value {
    let text = std::fs::read_to_string(place(trial, size)).expect("the stored figures");
    serde_json::from_str(&text).unwrap()
}

/// Figures of an outcome beyond `allowance` and four standard errors from stored ones; the largest gap beyond the errors.
fn gaps(outcome: &OperatingCharacteristics, stored: &Value, allowance: f64) -> (Vec<String>, f64) {
    let (mut wrong, mut largest) = (Vec::new(), f64::NEG_INFINITY);
    for (name, value, error) in figures(outcome, patients(&stored["scenario"])) {
        let known = |what: &str| stored["simulated"][&name][what].as_f64().unwrap();
        let (expected, mcse) = (known("value"), known("mcse"));
        // Where nothing or everything was counted the simulated error is 0: use the computed probability's.
        let binomial = (value * (1.0 - value)).max(0.0) / stored["replicates"].as_f64().unwrap();
        let beyond = (value - expected).abs() - 4.0 * mcse.max(binomial.sqrt()).hypot(error);
        largest = largest.max(beyond);
        if beyond > allowance {
            wrong.push(format!("{name} {value:.5}, stored {expected:.5} ± {mcse:.5}"));
        }
    }
    (wrong, largest)
}

#[test]
fn seamless_trials_agree_with_stored_simulations() {
    let mut all = Vec::new();
    for (size, &allowance) in ALLOWANCE.iter().enumerate() {
        let mut worst = f64::NEG_INFINITY;
        for trial in 0..TRIALS[size] {
            let stored = stored(trial, size);
            let outcome = evaluate(&stored["scenario"].to_string(), EngineKind::Asymptotic, 1).unwrap();
            let (wrong, largest) = gaps(&outcome, &stored, allowance);
            worst = worst.max(largest);
            all.extend(wrong.into_iter().map(|wrong| format!("trial {trial}, scale {}: {wrong}", SCALES[size])));
        }
        println!("scale {}: largest gap beyond four standard errors {worst:.4}", SCALES[size]);
    }
    assert!(all.is_empty(), "\n{}", all.join("\n"));
}

/// The stored figures are what the simulation of today says: a few trials with fewer replicates and another seed.
#[test]
fn a_live_subset_of_seamless_trials_agrees_with_the_stored_simulations() {
    for trial in [0, 7, 19] {
        let stored = stored(trial, 0);
        let mut scenario = stored["scenario"].clone();
        scenario["run"] = json!({ "seed": 7 });
        let live = evaluate(&scenario.to_string(), EngineKind::Simulation, 4000).unwrap();
        let (wrong, _) = gaps(&live, &stored, 0.0);
        assert!(wrong.is_empty(), "trial {trial}:\n{}", wrong.join("\n"));
    }
}

/// Asked for a smaller error, the engine spends more points and reports it.
#[test]
fn more_digits_come_when_asked_for() {
    let mut scenario = stored(0, 0)["scenario"].clone();
    let plain = evaluate(&scenario.to_string(), EngineKind::Asymptotic, 1).unwrap();
    // The decision to go on is what is known least.
    scenario["run"] = json!({ "mcse": plain.go.mcse.unwrap() / 4.0 });
    let better = evaluate(&scenario.to_string(), EngineKind::Asymptotic, 1).unwrap();
    assert!(better.go.mcse.unwrap() <= plain.go.mcse.unwrap() / 4.0, "{:?}", better.go);
    for (plain, better) in [(plain.go, better.go), (plain.reject_any, better.reject_any)] {
        let spread = better.mcse.unwrap().hypot(plain.mcse.unwrap());
        assert!((better.value - plain.value).abs() < 4.0 * spread, "{plain:?} {better:?}");
    }
}
