//! Test statistics: every form, every refusal, and what the engines say of them.

use crate::examples::{group_sequential, one_look, read, refused, seamless_alone, with, without};
use seamline::engine::{self, EngineError, EngineKind};
use serde_json::{Value, json};

const PLACE: &str = "/protocol/primary/test";

fn tested(test: Value) -> Value {
    with(one_look(), PLACE, test)
}

#[test]
fn every_test_has_a_name_and_is_told_by_its_label() {
    for (test, label) in [
        (json!("logrank"), "log-rank"),
        (json!({"fleming_harrington": {"rho": 0, "gamma": 0.5}}), "Fleming-Harrington (0, 0.5)"),
        (json!({"modestly_weighted": {"until": 6}}), "modestly weighted (until 6)"),
        (json!({"modestly_weighted": {"until": 6, "max_weight": 2}}), "modestly weighted (until 6, at most 2)"),
        (json!({"zero_early": {"until": 4}}), "log-rank from month 4"),
        (json!({"piecewise_weights": [{"for": 4, "weight": 0}, {"weight": 1}]}), "log-rank from month 4"),
        (
            json!({"piecewise_weights": [{"for": 4, "weight": 0.5}, {"for": 2, "weight": 1}, {"weight": 2}]}),
            "piecewise weights (0.5 from 0, 1 from 4, 2 from 6)",
        ),
        (json!({"rmst": {"to": 12}}), "restricted mean to month 12"),
        (json!({"milestone": {"at": 12}}), "milestone at month 12"),
        (
            json!({"max_combo": ["logrank", {"zero_early": {"until": 4}}]}),
            "max-combo of log-rank, log-rank from month 4",
        ),
    ] {
        let scenario = read(&tested(test)).unwrap();
        assert_eq!(scenario.candidates[0].protocol.primary.test.label(), label);
    }
}

#[test]
fn tests_out_of_range_are_refused_where_they_stand() {
    let no = |test: Value, place: &str, rule: &str| refused(&tested(test), &format!("{PLACE}{place}"), rule);
    no(
        json!({"fleming_harrington": {"rho": 0, "gamma": -1}}),
        "/fleming_harrington/gamma",
        "out of range: power of one minus pooled survival, 0 to 5: 1 stresses late differences",
    );
    no(
        json!({"fleming_harrington": {"rho": 0}}),
        "/fleming_harrington/gamma",
        "`fleming_harrington` needs `gamma`: power of one minus pooled survival, 0 to 5: 1 stresses late differences",
    );
    no(json!({"rmst": {"to": 12, "at": 3}}), "/rmst/at", "`rmst` has no parameter `at`");
    no(
        json!({"rmst": {"to": 12}, "milestone": {"at": 12}}),
        "",
        "needs exactly one of `rmst`, `milestone`, not several",
    );
    no(
        json!({"piecewise_weights": [{"for": 4, "weight": 0}, {"weight": 0}]}),
        "/piecewise_weights",
        "largest weight is 0, but it must be above 0",
    );
    no(
        json!({"piecewise_weights": [{"for": 4, "weight": 0}]}),
        "/piecewise_weights/0/for",
        "the last piece is open-ended and has no `for`",
    );
    no(json!({"max_combo": ["logrank"]}), "/max_combo", "must list 2 to 8 tests, not 1");
    no(
        json!({"max_combo": ["logrank", {"rmst": {"to": 12}}]}),
        "/max_combo/1",
        "a max-combo holds tests of the log-rank family, not `restricted mean to month 12`",
    );
    no(
        json!({"max_combo": [{"zero_early": {"until": 4}}, {"zero_early": {"until": 4}}]}),
        "/max_combo/1",
        "the test `log-rank from month 4` is listed twice",
    );
    no(
        json!({"max_combo": ["logrank", {"max_combo": ["logrank", "logrank"]}]}),
        "/max_combo/1/max_combo",
        "a max-combo cannot hold another",
    );
}

#[test]
fn bounds_that_a_test_cannot_have_are_refused() {
    let combo = json!({"max_combo": ["logrank", {"fleming_harrington": {"rho": 0, "gamma": 1}}]});
    refused(
        &with(group_sequential(), PLACE, combo.clone()),
        "/protocol/futility",
        "not yet computed by this version: futility bounds of a max-combo",
    );
    let without_futility = without(with(group_sequential(), PLACE, combo), "/protocol/futility");
    let family = json!({"family": "pocock"});
    refused(
        &with(without_futility, "/protocol/efficacy", family),
        "/protocol/efficacy/family",
        "not yet computed by this version: bounds of a family for a max-combo",
    );
    let mean = with(group_sequential(), PLACE, json!({"rmst": {"to": 6}}));
    refused(
        &with(mean, "/protocol/futility", json!({"hazard_ratio": [1.0, 1.0, null]})),
        "/protocol/futility/hazard_ratio",
        "a hazard ratio is a bound of the log-rank test only",
    );
}

/// `auto` is the analytic engine; what simulation does not have yet it says by name, in either kind of trial.
#[test]
fn engines_say_what_they_do_not_cover() {
    let test = json!({"fleming_harrington": {"rho": 0, "gamma": 1}});
    let scenario = read(&tested(test.clone())).unwrap();
    let candidate = &scenario.candidates[0];
    let answer = |engine: EngineKind| {
        let settings = engine::Settings { engine, replicates: 10, seed: 1, mcse: None };
        engine::evaluate(&candidate.protocol, &candidate.planning, &candidate.planning, &settings, None)
    };
    assert_eq!(answer(EngineKind::Auto).unwrap().engine, "analytic");
    assert_eq!(answer(EngineKind::Simulation).unwrap().engine, "simulation");

    let seamless = |test: Value| {
        let scenario = read(&with(seamless_alone(), PLACE, test)).unwrap();
        let candidate = &scenario.candidates[0];
        let settings = engine::Settings { engine: EngineKind::Auto, replicates: 10, seed: 1, mcse: None };
        engine::evaluate(&candidate.protocol, &candidate.planning, &candidate.planning, &settings, None)
    };
    assert_eq!(seamless(test.clone()).unwrap().engine, "simulation");
    let combo = json!({"max_combo": ["logrank", test]});
    let EngineError::NotCovered { engine: "simulation", feature } = seamless(combo).unwrap_err() else { panic!() };
    assert!(feature.contains("in a seamless design"), "{feature}");
}

/// A horizon beyond every patient's follow-up is a fault of the look, not a number.
#[test]
fn a_look_before_the_horizon_is_refused_by_the_engine() {
    let scenario = read(&tested(json!({"milestone": {"at": 300}}))).unwrap();
    let candidate = &scenario.candidates[0];
    let error = engine::plan(&candidate.protocol, &candidate.planning).unwrap_err();
    let EngineError::NoInformation { look: 0, reason } = error else { panic!("{error}") };
    assert!(reason.starts_with("the milestone at month 300 test needs patients followed for 300 months"), "{reason}");
}
