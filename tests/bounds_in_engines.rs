//! Every kind of bound, by both engines: what the simulation does at the looks is what the analytic engine computed.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests fail loudly

use seamline::engine::{EngineKind, Settings, evaluate, plan};
use seamline::scenario::Scenario;
use seamline::study::check;
use serde_json::{Value, json};

fn design(efficacy: &Value, futility: &Value) -> Scenario {
    let file = json!({
        "seamline": 1,
        "truth": {
            "enrollment": [{"per_month": 30}],
            "control": {"death": {"median": 12}},
            "arms": {"vaccine": {"effect": {"death": {"hazard_ratio": 0.68, "delay": 2}}}}
        },
        "protocol": {
            "arms": ["control", "vaccine"], "allocation": {"control": 1, "vaccine": 1}, "patients": 400, "alpha": 0.025,
            "primary": {"endpoint": "os", "test": "logrank"},
            "analyses": [
                {"name": "first", "when": {"events": 120}},
                {"name": "second", "when": {"events": 180}},
                {"name": "final", "when": {"events": 240}}
            ],
            "efficacy": efficacy, "futility": futility
        }
    });
    Scenario::from_json(&file.to_string(), &[]).unwrap_or_else(|error| panic!("{error:?}"))
}

/// Crossing probabilities agree within 4 mcse and 0.004, the second-order rest of the analytic engine at these events.
#[test]
fn engines_agree_on_every_kind_of_bound() {
    let kinds = [
        (json!({"spending": "pocock"}), json!({"p": [0.4, 0.2, null], "binding": true})),
        (json!({"spending": "pocock", "looks": ["second", "final"]}), json!({"conditional_power": [0.3, 0.3, null]})),
        (
            json!({"spending": "logistic", "points": [{"at": 0.5, "is": 0.1}, {"at": 0.75, "is": 0.4}]}),
            json!({"predictive_power": [0.2, 0.2, null]}),
        ),
        (
            json!({"spending": "obrien_fleming"}),
            json!({"spending": "pocock", "beta": 0.2, "binding": true, "looks": ["second"]}),
        ),
        (json!({"pampallona_tsiatis": {"delta_efficacy": 0.25, "delta_futility": 0, "beta": 0.2}}), json!(null)),
        (json!({"family": "pocock", "sides": 2}), json!(null)),
    ];
    for (efficacy, futility) in kinds {
        let scenario = design(&efficacy, &futility);
        let candidate = &scenario.candidates[0];
        let truth = &candidate.truths[0].1;
        let by = |engine| {
            let settings = Settings { engine, replicates: 20_000, seed: 7, mcse: None };
            evaluate(&candidate.protocol, truth, &candidate.planning, &settings, None).unwrap()
        };
        let (exact, simulated) = (by(EngineKind::Analytic), by(EngineKind::Simulation));
        for (a, b) in exact.looks.iter().zip(&simulated.looks) {
            for (a, b) in [(&a.cross_efficacy, &b.cross_efficacy), (&a.cross_futility, &b.cross_futility)] {
                let mcse = b.mcse.unwrap();
                assert!((a.value - b.value).abs() < 4.0 * mcse + 0.004, "{efficacy} {futility}: {a:?} {b:?}");
            }
        }
        let bounds = plan(&candidate.protocol, &candidate.planning).unwrap().bounds;
        assert!(bounds.futility.iter().zip(&bounds.efficacy).all(|(a, b)| a <= b), "{bounds:?}");
    }
}

/// `check` names what binding and two-sided bounds rest on.
#[test]
fn check_names_the_consequence_of_binding() {
    let because = |efficacy: Value, futility: Value| {
        let verdicts = check(&design(&efficacy, &futility)).unwrap();
        verdicts[0].1.because.join(" ")
    };
    let binding = because(json!({"spending": "pocock"}), json!({"p": [0.4, 0.2, null], "binding": true}));
    assert!(binding.contains("only if the bounds are obeyed"), "{binding}");
    let open = because(json!({"spending": "pocock"}), json!({"p": [0.4, 0.2, null]}));
    assert!(open.contains("non-binding"), "{open}");
    let two = because(json!({"spending": "pocock", "sides": 2}), json!(null));
    assert!(two.contains("level of each side"), "{two}");
}
