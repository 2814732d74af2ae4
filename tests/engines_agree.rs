//! The engines agree: random two-arm group-sequential scenarios, analytic against simulation; seamless ones, asymptotic against
//! simulation.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

#[path = "engines_agree/seamless.rs"]
mod seamless;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use seamline::engine::{EngineKind, OperatingCharacteristics};
use seamline::scenario::Scenario;
use serde_json::{Value, json};

/// An effect: proportional, delayed, delayed with a ramp, waning, or crossing.
fn effect() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0.5..0.9f64).prop_map(|hr| json!(hr)),
        (0.4..0.8f64, 1.0..8.0f64).prop_map(|(hr, delay)| json!({ "hazard_ratio": hr, "delay": delay })),
        (0.4..0.8f64, 1.0..5.0f64, 1.0..4.0f64)
            .prop_map(|(hr, delay, ramp)| json!({ "hazard_ratio": hr, "delay": delay, "ramp": ramp })),
        (0.4..0.7f64, 0.8..1.1f64, 6.0..15.0f64)
            .prop_map(|(hr, late, until)| json!({ "hazard_ratio": [{ "for": until, "is": hr }, { "is": late }] })),
        (1.05..1.4f64, 0.4..0.7f64, 2.0..5.0f64)
            .prop_map(|(early, hr, until)| json!({ "hazard_ratio": [{ "for": until, "is": early }, { "is": hr }] })),
    ]
}

fn control() -> impl Strategy<Value = Value> {
    prop_oneof![
        (8.0..20.0f64).prop_map(|median| json!({ "median": median })),
        (0.04..0.1f64, 0.02..0.06f64, 4.0..12.0f64).prop_map(
            |(early, late, until)| json!({ "hazards": [{ "for": until, "hazard": early }, { "hazard": late }] })
        ),
        (0.8..1.4f64, 8.0..18.0f64)
            .prop_map(|(shape, median)| json!({ "weibull": { "shape": shape, "median": median } })),
    ]
}

/// A whole scenario: OS alone or PFS/OS by illness–death, one or two strata, 1:1 or 2:1, one to three looks.
fn scenario() -> impl Strategy<Value = Value> {
    let truth = (control(), effect(), effect(), 0.0..0.01f64, 20.0..50.0f64, any::<bool>(), 0.2..0.8f64, 0.5..2.0f64);
    let design = (300u32..600, 1u32..3, 1usize..4, 0.5..0.65f64, any::<bool>(), any::<bool>(), 0usize..4);
    (truth, design, any::<bool>()).prop_map(|(truth, design, illness)| {
        let (death, one, two, dropout, rate, strata, prevalence, ratio) = truth;
        let (patients, allocation, looks, share, stratified, futility, spending) = design;
        let endpoint = if illness { "pfs" } else { "os" };
        let (control, effect) = if illness {
            (
                json!({ "progression": death, "death": { "hazard": 0.01 }, "death_after_progression": { "hazard": 0.06 } }),
                json!({ "progression": one, "death": two }),
            )
        } else {
            (json!({ "death": death }), json!({ "death": one }))
        };
        let final_events = (f64::from(patients) * share).floor();
        let analyses: Vec<Value> = (1..=looks)
            .map(|look| {
                let events = (final_events * (0.4 + 0.6 * look as f64 / looks as f64)).round();
                json!({ "name": format!("look {look}"), "when": { "events": events.min(final_events) } })
            })
            .collect();
        let efficacy = [
            json!({ "spending": "obrien_fleming" }),
            json!({ "spending": "pocock" }),
            json!({ "spending": "hwang_shih_decani", "gamma": -2 }),
            json!({ "spending": "kim_demets", "rho": 2 }),
        ][spending]
            .clone();
        let mut protocol = json!({
            "arms": ["control", "vaccine"],
            "allocation": { "control": 1, "vaccine": allocation },
            "patients": patients,
            "alpha": 0.025,
            "primary": { "endpoint": endpoint, "test": "logrank", "stratified": stratified && strata },
            "analyses": analyses,
            "efficacy": efficacy,
        });
        if futility && looks > 1 {
            let bounds: Vec<Value> = (1..=looks).map(|look| if look == looks { Value::Null } else { json!(0.1) }).collect();
            protocol["futility"] = json!({ "bounds": bounds, "binding": false });
        }
        let mut truth = json!({
            "enrollment": [{ "for": 3, "per_month": rate / 2.0 }, { "per_month": rate }],
            "dropout": { "hazard": dropout },
            "control": control,
            "arms": { "vaccine": { "effect": effect } },
        });
        if strata {
            let hazard_ratio = if illness { json!({ "progression": ratio }) } else { json!({ "death": ratio }) };
            truth["strata"] = json!([
                { "name": "one", "prevalence": prevalence },
                { "name": "two", "prevalence": 1.0 - prevalence, "hazard_ratio": hazard_ratio },
            ]);
        }
        json!({ "seamline": 1, "title": "random", "truth": truth, "protocol": protocol })
    })
}

fn evaluate(text: &str, engine: EngineKind, replicates: u64) -> Result<OperatingCharacteristics, String> {
    let mut scenario = Scenario::from_json(text, &[]).map_err(|error| format!("{error:?}"))?;
    scenario.run.engine = engine;
    scenario.run.replicates = replicates;
    let candidate = &scenario.candidates[0];
    let truth = &candidate.truths[0].1;
    seamline::engine::evaluate(&candidate.protocol, truth, &candidate.planning, &scenario.run, None)
        .map_err(|error| error.to_string())
}

/// What the law with its mean to order 1/√n leaves beside the Monte Carlo error: the skewness κ of Z moves a crossing probability by
/// κ/6·|x² − 1|·φ(x), at most 0.4·κ/6, and a score with experimental share p at risk has κ = |1 − 2p|/√(p(1−p)d), 0.045 at 2:1 and
/// d = 250 events. Weights read from the pooled curve and differences of curves are given no more.
const FINITE_SAMPLE: f64 = 0.003;

/// Draws scenarios until `count` can be answered and compares both engines on each; returns what is further apart than 4 mcse +
/// `allowance`. `alter` makes the drawn scenario the one that is run, or refuses it.
fn disagreements(
    seed: u8,
    count: usize,
    replicates: u64,
    allowance: f64,
    alter: impl Fn(&mut Value) -> bool,
) -> Vec<String> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = scenario();
    let (mut compared, mut drawn, mut wrong) = (0, 0, Vec::new());
    while compared < count {
        drawn += 1;
        assert!(drawn < 20 * count, "hardly any scenario can be answered");
        let mut value = strategy.new_tree(&mut runner).unwrap().current();
        if !alter(&mut value) {
            continue;
        }
        let text = serde_json::to_string(&value).unwrap();
        // A drawn trial whose events are out of reach, or whose looks come too early for its test, is no trial; draw again.
        let Ok(analytic) = evaluate(&text, EngineKind::Analytic, 1) else { continue };
        let simulated = evaluate(&text, EngineKind::Simulation, replicates).unwrap();
        compared += 1;
        let mut compare = |what: String, a: f64, s: f64, mcse: f64| {
            // Under few crossings the simulated error estimate is too small: use the analytic probability's.
            let mcse = mcse.max((a * (1.0 - a) / replicates as f64).sqrt());
            if (a - s).abs() > 4.0 * mcse + allowance {
                wrong.push(format!("trial {compared}: {what} analytic {a:.5}, simulation {s:.5} ± {mcse:.5}\n{text}"));
            }
        };
        let pair = (&analytic.reject_any, &simulated.reject_any);
        compare("power".into(), pair.0.value, pair.1.value, pair.1.mcse.unwrap());
        for (a, s) in analytic.looks.iter().zip(&simulated.looks) {
            for (what, a, s) in
                [("efficacy", a.cross_efficacy, s.cross_efficacy), ("futility", a.cross_futility, s.cross_futility)]
            {
                compare(format!("{what} {}", simulated.looks.len()), a.value, s.value, s.mcse.unwrap());
            }
        }
    }
    wrong
}

#[test]
fn analytic_agrees_with_simulation_on_random_group_sequential_trials() {
    let wrong = disagreements(7, 20, 20_000, FINITE_SAMPLE, |_| true);
    assert!(wrong.is_empty(), "{} disagreements\n{}", wrong.len(), wrong.join("\n"));
}

/// Ten random trials for each member of the log-rank family and a max-combo, looks fixed by events.
#[test]
fn engines_agree_on_weighted_log_rank_tests() {
    let tests = [
        json!({ "fleming_harrington": { "rho": 0, "gamma": 1 } }),
        json!({ "fleming_harrington": { "rho": 1, "gamma": 0.5 } }),
        json!({ "modestly_weighted": { "until": 8 } }),
        json!({ "modestly_weighted": { "until": 20, "max_weight": 1.5 } }),
        json!({ "zero_early": { "until": 3 } }),
        json!({ "piecewise_weights": [{ "for": 4, "weight": 0.3 }, { "weight": 1 }] }),
        json!({ "max_combo": ["logrank", { "fleming_harrington": { "rho": 0, "gamma": 1 } }] }),
    ];
    let mut found = Vec::new();
    for (number, test) in tests.iter().enumerate() {
        let wrong = disagreements(20 + number as u8, 10, 8000, FINITE_SAMPLE, |scenario| {
            let protocol = &mut scenario["protocol"];
            protocol["primary"]["test"] = test.clone();
            test.get("max_combo").is_none() || protocol.as_object_mut().unwrap().remove("futility").is_none()
        });
        found.extend(wrong.into_iter().map(|wrong| format!("{test}: {wrong}")));
    }
    assert!(found.is_empty(), "{} disagreements\n{}", found.len(), found.join("\n"));
}

/// Ten random trials for each Kaplan-Meier difference, looks at calendar months.
#[test]
fn engines_agree_on_milestone_and_restricted_mean_tests() {
    for (number, test) in [json!({ "rmst": { "to": 12 } }), json!({ "milestone": { "at": 10 } })].iter().enumerate() {
        let wrong = disagreements(40 + number as u8, 10, 8000, FINITE_SAMPLE, |scenario| {
            let rate = scenario["truth"]["enrollment"][1]["per_month"].as_f64().unwrap();
            let protocol = &mut scenario["protocol"];
            let enrolled = protocol["patients"].as_f64().unwrap() / rate + 1.5;
            protocol["primary"]["test"] = test.clone();
            for (look, analysis) in protocol["analyses"].as_array_mut().unwrap().iter_mut().enumerate() {
                analysis["when"] = json!({ "calendar": (enrolled + 4.0 + 4.0 * look as f64).round() });
            }
            true
        });
        assert!(wrong.is_empty(), "{test}: {} disagreements\n{}", wrong.len(), wrong.join("\n"));
    }
}

/// Overall survival under therapy after progression, crossover, solved control hazards, and products that patients wait for:
/// every truth of the scenarios.
#[test]
fn analytic_agrees_with_simulation_of_what_happens_to_patients() {
    const REPLICATES: u64 = 10_000;
    for name in ["subsequent-therapy", "crossover", "random-delay", "personalised-product"] {
        let path = format!("{}/scenarios/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let scenario = Scenario::from_json(&std::fs::read_to_string(path).unwrap(), &[]).unwrap();
        let candidate = &scenario.candidates[0];
        for (truth_name, truth) in &candidate.truths {
            let run = |engine| {
                let settings = seamline::engine::Settings { engine, replicates: REPLICATES, seed: 11, mcse: None };
                seamline::engine::evaluate(&candidate.protocol, truth, &candidate.planning, &settings, None).unwrap()
            };
            let (analytic, simulated) = (run(EngineKind::Analytic), run(EngineKind::Simulation));
            let close = |a: f64, s: f64| {
                let mcse = (a * (1.0 - a) / REPLICATES as f64).sqrt();
                assert!((a - s).abs() <= 4.0 * mcse + FINITE_SAMPLE, "{name}, {truth_name}: {a} and {s} ± {mcse}");
            };
            close(analytic.reject_any.value, simulated.reject_any.value);
            for (a, s) in analytic.looks.iter().zip(&simulated.looks) {
                close(a.cross_efficacy.value, s.cross_efficacy.value);
                assert!((a.month.value - s.month.value).abs() < 0.2, "{} and {}", a.month.value, s.month.value);
            }
        }
    }
}

/// Asymptotic and simulated figures of every candidate and truth; returns those further apart than 4 mcse + `allowance`.
fn asymptotic_disagreements(text: &str, replicates: u64, allowance: f64) -> Vec<String> {
    let mut scenario = Scenario::from_json(text, &[]).unwrap();
    scenario.run.replicates = replicates;
    let mut wrong = Vec::new();
    for candidate in &scenario.candidates {
        for (name, truth) in &candidate.truths {
            let [asymptotic, simulated] = [EngineKind::Asymptotic, EngineKind::Simulation].map(|engine| {
                scenario.run.engine = engine;
                seamline::engine::evaluate(&candidate.protocol, truth, &candidate.planning, &scenario.run, None)
                    .unwrap()
            });
            let mut pairs = vec![
                ("go", asymptotic.go.value, simulated.go.value),
                ("reject", asymptotic.reject_any.value, simulated.reject_any.value),
            ];
            if let (Some(a), Some(s)) = (asymptotic.type_i_error, simulated.type_i_error) {
                pairs.push(("type I error", a.value, s.value));
            }
            pairs.extend(
                asymptotic.selected.iter().zip(&simulated.selected).map(|(a, s)| ("selected", a.value, s.value)),
            );
            pairs
                .extend(asymptotic.reject.iter().zip(&simulated.reject).map(|(a, s)| ("reject arm", a.value, s.value)));
            for (what, a, s) in pairs {
                let p = 0.5 * (a + s);
                if (a - s).abs() > 4.0 * (p * (1.0 - p) / replicates as f64).sqrt() + allowance {
                    wrong.push(format!("{} · {name}: {what} asymptotic {a:.4}, simulation {s:.4}", candidate.name));
                }
            }
        }
    }
    wrong
}

#[test]
fn asymptotic_agrees_with_simulation_on_the_melanoma_scenario() {
    let text = include_str!("../scenarios/neoantigen-melanoma.json");
    let wrong = asymptotic_disagreements(text, 3000, 0.006);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Two experimental arms, progression decides at an event-driven cut, several arms may go on, overall survival is tested.
fn several_arms(combination: &Value, scale: f64) -> String {
    let count = |n: f64| (n * scale).round();
    json!({
        "seamline": 1, "title": "several arms",
        "truth": {
            "enrollment": [{ "per_month": 20.0 * scale }],
            "dropout": { "hazard": 0.003 },
            "control": { "progression": { "hazard": 0.09 }, "death": { "hazard": 0.01 }, "death_after_progression": { "hazard": 0.07 } },
            "arms": {
                "low": { "effect": { "progression": 0.8, "death_after_progression": 0.9 } },
                "high": { "effect": { "progression": { "hazard_ratio": 0.6, "delay": 2 }, "death": 0.8 } }
            }
        },
        "protocol": {
            "arms": ["control", "low", "high"], "alpha": 0.025,
            "phase2": { "patients": count(120.0), "allocation": { "control": 1, "low": 1, "high": 1 } },
            "transition": {
                "when": { "all": [{ "enrolled": count(120.0) }, { "events": count(80.0), "endpoint": "pfs" }] },
                "keep": { "rule": "all_passing", "by": "pfs_z" },
                "go": { "pfs_z": { "at_least": 0.3 } }
            },
            "phase3": { "patients": count(400.0), "allocation": { "control": 1, "low": 1, "high": 1 }, "decision_time": 1, "pause_enrollment": false },
            "primary": { "endpoint": "os", "test": "logrank" },
            "analyses": [{ "name": "interim", "when": { "events": count(160.0) } }, { "name": "final", "when": { "events": count(240.0) } }],
            "efficacy": { "spending": "obrien_fleming" },
            "combination": combination,
            "intersection": "dunnett"
        }
    })
    .to_string()
}

#[test]
fn asymptotic_agrees_with_simulation_where_several_arms_go_on() {
    let own = json!({ "method": "inverse_normal", "phase2_patients": "own_cohort", "weight": 0.25,
        "phase2_follow_up": { "when": { "min_follow_up": 12 } } });
    for combination in [json!({ "method": "phase3_only" }), own] {
        let wrong = asymptotic_disagreements(&several_arms(&combination, 1.0), 6000, 0.006);
        assert!(wrong.is_empty(), "{combination}: {}", wrong.join("\n"));
    }
}

/// A rule that ignores the data and phase III alone tested: the fixed design of phase III's patients, a shift of the calendar.
#[test]
fn asymptotic_is_the_fixed_design_where_nothing_is_selected() {
    let truth = json!({
        "enrollment": [{ "per_month": 25 }], "control": { "death": { "hazard": 0.04 } },
        "arms": { "vaccine": { "effect": { "death": { "hazard_ratio": 0.65, "delay": 4 } } } }
    });
    let analyses =
        json!([{ "name": "interim", "when": { "events": 150 } }, { "name": "final", "when": { "events": 250 } }]);
    let common = |mut protocol: Value| {
        protocol["arms"] = json!(["control", "vaccine"]);
        protocol["alpha"] = json!(0.025);
        protocol["primary"] = json!({ "endpoint": "os", "test": "logrank" });
        protocol["analyses"] = analyses.clone();
        protocol["efficacy"] = json!({ "spending": "obrien_fleming" });
        json!({ "seamline": 1, "title": "fixed", "truth": truth, "protocol": protocol }).to_string()
    };
    let equal = json!({ "control": 1, "vaccine": 1 });
    let fixed = common(json!({ "patients": 400, "allocation": equal }));
    let seamless = common(json!({
        "phase2": { "patients": 100, "allocation": equal },
        "transition": { "when": { "enrolled": 100 }, "keep": { "rule": "all", "by": "os_z" } },
        "phase3": { "patients": 400, "allocation": equal, "decision_time": 1, "pause_enrollment": false },
        "combination": { "method": "phase3_only" }, "intersection": "dunnett"
    }));
    let fixed = evaluate(&fixed, EngineKind::Analytic, 1).unwrap();
    let asymptotic = evaluate(&seamless, EngineKind::Asymptotic, 1).unwrap();
    for (a, f) in asymptotic.looks.iter().zip(&fixed.looks) {
        let (a, f) = (a.cross_efficacy.value, f.cross_efficacy.value);
        assert!((a - f).abs() < 1e-6, "{a} {f}");
    }
    assert!((asymptotic.reject_any.value - fixed.reject_any.value).abs() < 1e-6);
    assert_eq!(asymptotic.go.value, 1.0);
}
