//! Harm bounds of overall survival, by both engines and at the analysis.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests fail loudly

use seamline::engine::{EngineKind, OperatingCharacteristics, Settings, evaluate, plan};
use seamline::numerics::bivariate;
use seamline::scenario::Scenario;
use seamline::sequential::spending::SPENDING_FUNCTIONS;
use seamline::study::check;
use serde_json::{Value, json};

/// A trial of overall survival, one of progression-free survival, each without any effect unless patched.
fn design(endpoint: &str, effect: &Value, keys: &Value) -> Scenario {
    let control = if endpoint == "os" {
        json!({"death": {"median": 12}})
    } else {
        json!({"progression": {"hazard": 0.08}, "death": {"hazard": 0.02}, "death_after_progression": {"hazard": 0.06}})
    };
    let mut file = json!({
        "seamline": 1,
        "truth": {"enrollment": [{"per_month": 30}], "control": control, "arms": {"vaccine": {"effect": effect}}},
        "protocol": {
            "arms": ["control", "vaccine"], "patients": 400, "alpha": 0.025,
            "primary": {"endpoint": endpoint, "test": "logrank"},
            "analyses": [
                {"name": "first", "when": {"events": 120}}, {"name": "second", "when": {"events": 180}},
                {"name": "final", "when": {"events": 240}}
            ],
            "efficacy": {"spending": "obrien_fleming"}
        }
    });
    for (key, value) in keys.as_object().unwrap() {
        file["protocol"][key] = value.clone();
    }
    Scenario::from_json(&file.to_string(), &[]).unwrap_or_else(|error| panic!("{error:?}"))
}

fn answer(scenario: &Scenario, engine: EngineKind, replicates: u64) -> OperatingCharacteristics {
    let candidate = &scenario.candidates[0];
    let settings = Settings { engine, replicates, seed: 11, mcse: None };
    evaluate(&candidate.protocol, &candidate.truths[0].1, &candidate.planning, &settings, None).unwrap()
}

fn harm(outcome: &OperatingCharacteristics) -> Vec<f64> {
    outcome.looks.iter().map(|look| look.cross_harm.unwrap().value).collect()
}

/// Where survival does not differ, Z₁, Z₂ are normal with correlation √(d₁/d₂): the first look stops for harm with what the
/// function spends by 120/240, the second with P(−h₁ < Z₁ < b₁, Z₂ ≤ −h₂), by the bivariate law.
#[test]
fn spending_is_what_happens_without_a_difference() {
    let scenario = design("os", &json!({"death": 1}), &json!({"harm": {"spending": "pocock", "level": 0.1}}));
    let outcome = answer(&scenario, EngineKind::Analytic, 1);
    let found = harm(&outcome);
    let function = (SPENDING_FUNCTIONS.iter().find(|entry| entry.name == "pocock").unwrap().build)(&[]);
    assert!((found[0] - function.spent(0.1, 0.5)).abs() < 1e-9);
    let z = |look: usize| outcome.looks[look].harm_bound.unwrap().z;
    let upper = outcome.looks[0].efficacy_bound.unwrap().z;
    let r = (120.0_f64 / 180.0).sqrt();
    let second = bivariate::rectangle([z(0), f64::NEG_INFINITY], [upper, z(1)], r);
    assert!((found[1] - second).abs() < 1e-9, "{} {second}", found[1]);
    // Less than the level by the trials that reject first and would have crossed later.
    let total: f64 = found.iter().sum();
    assert!(total <= 0.1 && total > 0.0999, "{total}");
}

/// Harm, futility and efficacy of each look within 4 mcse and 0.004, the second-order rest of the analytic engine at these events.
#[test]
fn engines_agree_on_harm_beside_futility() {
    for (ratio, futility) in [(1.25, json!({"p": [0.6, 0.4, null]})), (1.1, json!({"bounds": [-1.5, -1.0, null]}))] {
        let keys = json!({"harm": {"hazard_ratio": [1.2, null, 1.15]}, "futility": futility});
        let scenario = design("os", &json!({"death": ratio}), &keys);
        let (exact, simulated) =
            (answer(&scenario, EngineKind::Analytic, 1), answer(&scenario, EngineKind::Simulation, 20_000));
        for (a, b) in exact.looks.iter().zip(&simulated.looks) {
            let pairs = [
                (a.cross_harm.unwrap(), b.cross_harm.unwrap()),
                (a.cross_futility, b.cross_futility),
                (a.cross_efficacy, b.cross_efficacy),
            ];
            for (a, b) in pairs {
                assert!((a.value - b.value).abs() < 4.0 * b.mcse.unwrap() + 0.004, "{ratio}: {a:?} {b:?}");
            }
        }
        assert!(harm(&exact)[0] > 0.05 && harm(&exact)[1] == 0.0);
        let months = (exact.expected.months.value, simulated.expected.months.value);
        assert!((months.0 / months.1 - 1.0).abs() < 0.02, "{months:?}");
    }
}

/// Progression is tested, deaths are watched. Nothing delays progression or death: the harm bounds spend their level, within
/// 4 mcse and 0.01 for the deaths expected by an event-driven look in place of those seen. A product that kills stops, and does
/// not reject.
#[test]
fn overall_survival_is_watched_beside_progression() {
    let keys = json!({"harm": {"spending": "pocock", "level": 0.1}});
    let by = |effect: &Value, keys: &Value| answer(&design("pfs", effect, keys), EngineKind::Simulation, 20_000);
    let none = json!({"progression": 1, "death": 1, "death_after_progression": 1});
    let outcome = by(&none, &keys);
    let total: f64 = harm(&outcome).iter().sum();
    assert!((total - 0.1).abs() < 4.0 * (0.09_f64 / 20_000.0).sqrt() + 0.01, "{total}");
    let deadly = json!({"progression": 0.5, "death": 1.5, "death_after_progression": 2});
    let (watched, unwatched) = (by(&deadly, &keys), by(&deadly, &json!({})));
    let stopped: f64 = harm(&watched).iter().sum();
    assert!(stopped > 0.5, "{stopped}");
    assert!(watched.reject_any.value + stopped <= 1.0 + 1e-12);
    // Every trial that stops for harm had its chance to reject: the loss is large, and no more than the stops.
    let lost = unwatched.reject_any.value - watched.reject_any.value;
    assert!(lost > 0.25 && lost <= stopped, "{lost} {stopped}");
    assert!(unwatched.looks[0].cross_harm.is_none());
}

/// The hazard-ratio bound of a look is at the deaths expected by then.
#[test]
fn a_hazard_ratio_becomes_z_by_expected_deaths() {
    let none = json!({"progression": 1, "death": 1, "death_after_progression": 1});
    let scenario = design("pfs", &none, &json!({"harm": {"hazard_ratio": [null, 1.3, 1.2]}}));
    let candidate = &scenario.candidates[0];
    let planned = plan(&candidate.protocol, &candidate.planning).unwrap();
    assert_eq!(planned.harm[0], f64::NEG_INFINITY);
    assert!((planned.harm[1] + 1.3_f64.ln() * (planned.deaths[1] / 4.0).sqrt()).abs() < 1e-12);
    let simulated = answer(&scenario, EngineKind::Simulation, 200);
    assert!((simulated.looks[1].harm_bound.unwrap().hazard_ratio.unwrap() - 1.3).abs() < 1e-9);
    let because = check(&scenario).unwrap()[0].1.because.join(" ");
    assert!(because.contains("harm"), "{because}");
    let settings = Settings { engine: EngineKind::Analytic, replicates: 1, seed: 1, mcse: None };
    let refused = evaluate(&candidate.protocol, &candidate.truths[0].1, &candidate.planning, &settings, None);
    assert!(refused.unwrap_err().to_string().contains("harm"));
}

#[test]
fn wrong_harm_bounds_are_named() {
    let refused = |harm: Value, more: Value| {
        let mut file = json!({
            "seamline": 1,
            "truth": {"enrollment": [{"per_month": 30}], "control": {"death": {"median": 12}},
                "arms": {"vaccine": {"effect": {"death": 0.7}}}},
            "protocol": {"arms": ["control", "vaccine"], "patients": 400, "alpha": 0.025, "primary": {"endpoint": "os"},
                "analyses": [{"name": "a", "when": {"events": 120}}, {"name": "b", "when": {"events": 200}}],
                "efficacy": {"spending": "pocock"}, "harm": harm}
        });
        for (key, value) in more.as_object().unwrap() {
            file["protocol"][key] = value.clone();
        }
        Scenario::from_json(&file.to_string(), &[]).unwrap_err().to_string()
    };
    for (harm, more, words) in [
        (json!({"bounds": [0.5, null]}), json!({}), ["/protocol/harm/bounds/0", "at most 0"]),
        (json!({"hazard_ratio": [0.9, null]}), json!({}), ["/protocol/harm/hazard_ratio/0", "at least 1"]),
        (json!({"hazard_ratio": [1.2]}), json!({}), ["/protocol/harm/hazard_ratio", "one entry per look"]),
        (json!({"spending": "pocock"}), json!({}), ["/protocol/harm/level", "needs `level`"]),
        (json!({"bounds": [-1, null], "level": 0.1}), json!({}), ["/protocol/harm/level", "goes with `spending`"]),
        (
            json!({"bounds": [-1, null]}),
            json!({"efficacy": {"spending": "pocock", "sides": 2}}),
            ["/protocol/harm", "two-sided"],
        ),
        (json!({"bonds": [-1, null]}), json!({}), ["/protocol/harm/bonds", "unknown key"]),
    ] {
        let message = refused(harm.clone(), more);
        assert!(words.iter().all(|word| message.contains(word)), "{harm}: {message}");
    }
}
