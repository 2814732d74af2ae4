//! The engines agree: random two-arm group-sequential scenarios, analytic against simulation.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

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

/// First-order asymptotics at a few hundred events leave this much beside the Monte Carlo error.
const FINITE_SAMPLE: f64 = 0.003;

#[test]
fn analytic_agrees_with_simulation_on_random_group_sequential_trials() {
    const REPLICATES: u64 = 20_000;
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = scenario();
    let (mut compared, mut wrong) = (0, Vec::new());
    while compared < 20 {
        let value = strategy.new_tree(&mut runner).unwrap().current();
        let text = serde_json::to_string(&value).unwrap();
        // A drawn trial whose events are out of reach is no trial; draw again.
        let Ok(analytic) = evaluate(&text, EngineKind::Analytic, 1) else { continue };
        let simulated = evaluate(&text, EngineKind::Simulation, REPLICATES).unwrap();
        compared += 1;
        let mut compare = |what: String, a: f64, s: f64, mcse: f64| {
            // Under few crossings the simulated error estimate is too small: use the analytic probability's.
            let mcse = mcse.max((a * (1.0 - a) / REPLICATES as f64).sqrt());
            if (a - s).abs() > 4.0 * mcse + FINITE_SAMPLE {
                wrong.push(format!("trial {compared}: {what} analytic {a:.5}, simulation {s:.5} ± {mcse:.5}\n{text}"));
            }
        };
        let pair = (&analytic.reject_any, &simulated.reject_any);
        compare("power".into(), pair.0.value, pair.1.value, pair.1.mcse.unwrap());
        for (a, s) in analytic.looks.iter().zip(&simulated.looks) {
            let name = &a.analysis;
            compare(
                format!("{name} efficacy"),
                a.cross_efficacy.value,
                s.cross_efficacy.value,
                s.cross_efficacy.mcse.unwrap(),
            );
            compare(
                format!("{name} futility"),
                a.cross_futility.value,
                s.cross_futility.value,
                s.cross_futility.mcse.unwrap(),
            );
        }
    }
    assert!(wrong.is_empty(), "{} disagreements\n{}", wrong.len(), wrong.join("\n"));
}

/// Overall survival under therapy after progression, crossover, and solved control hazards: every truth of the scenarios.
#[test]
fn analytic_agrees_with_simulation_after_progression() {
    const REPLICATES: u64 = 10_000;
    for name in ["subsequent-therapy", "crossover"] {
        let path = format!("{}/scenarios/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let scenario = Scenario::from_json(&std::fs::read_to_string(path).unwrap(), &[]).unwrap();
        let candidate = &scenario.candidates[0];
        for (truth_name, truth) in &candidate.truths {
            let run = |engine| {
                let settings = seamline::engine::Settings { engine, replicates: REPLICATES, seed: 11 };
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
