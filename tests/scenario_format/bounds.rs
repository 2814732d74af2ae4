//! Bounds in the file: spending through points, futility of every kind, binding, looks without a bound.

use crate::examples::{calendar, group_sequential, read, seamless_alone, with, without};
use seamline::scenario::Scenario;
use seamline::sequential::bounds::Sides;
use seamline::sequential::{Assumption, BoundPlan, EfficacyPlan, FutilityPlan};
use serde_json::{Value, json};

fn plan(file: &Value) -> BoundPlan {
    let scenario: Scenario = read(file).unwrap_or_else(|error| panic!("{error:?}"));
    scenario.candidates[0].protocol.bounds.clone()
}

fn wrong(file: &Value, pointer: &str, rule: &str) {
    let error = read(file).unwrap_err();
    assert_eq!(error.pointer, pointer, "{error:?}");
    assert!(error.rule.contains(rule), "{error:?}");
}

fn efficacy(value: Value) -> Value {
    with(calendar(), "/protocol/efficacy", value)
}

fn futility(value: Value) -> Value {
    with(group_sequential(), "/protocol/futility", value)
}

#[test]
fn spending_by_parameters_and_through_points() {
    let spent = |value: Value, time: f64| match plan(&efficacy(value)).efficacy {
        EfficacyPlan::Spending(function) => function.spent(0.025, time),
        other => panic!("{other:?}"),
    };
    let points = json!([{"at": 0.25, "is": 0.1}, {"at": 0.5, "is": 0.3}]);
    for name in
        ["logistic", "normal", "cauchy", "extreme_value", "extreme_value_2", "beta_distribution", "piecewise_linear"]
    {
        assert!((spent(json!({"spending": name, "points": points}), 0.5) - 0.0075).abs() < 1e-12, "{name}");
    }
    assert!((spent(json!({"spending": "t_distribution", "df": 3, "points": points}), 0.25) - 0.0025).abs() < 1e-12);
    assert!((spent(json!({"spending": "step", "points": [{"at": 0.5, "is": 0.2}]}), 0.7) - 0.005).abs() < 1e-12);
    assert!((spent(json!({"spending": "beta_distribution", "a": 1, "b": 2}), 0.5) - 0.018_75).abs() < 1e-12);
    let between = json!({"spending": "kim_demets", "rho": 1, "between": {"from": 0.2, "until": 0.8}});
    assert!((spent(between, 0.5) - 0.0125).abs() < 1e-12);
    assert!((spent(json!({"spending": "obrien_fleming", "rho": 1.5}), 0.75) - 0.005_416_719_93).abs() < 1e-9);

    let at = "/protocol/efficacy";
    let refused = |value: Value, place: &str, rule: &str| wrong(&efficacy(value), &format!("{at}{place}"), rule);
    refused(json!({"spending": "pocock", "points": points}), "/points", "`pocock` takes no points");
    refused(json!({"spending": "piecewise_linear"}), "/points", "`piecewise_linear` needs `points`");
    refused(json!({"spending": "logistic"}), "/a", "`logistic` needs `a`");
    refused(json!({"spending": "logistic", "points": [{"at": 0.5, "is": 0.1}]}), "/points", "takes 2 points, not 1");
    refused(
        json!({"spending": "step", "points": [{"at": 0.5, "is": 0.1}, {"at": 0.4, "is": 0.2}]}),
        "/points/1/at",
        "must increase",
    );
    refused(
        json!({"spending": "step", "points": [{"at": 0.4, "is": 0.2}, {"at": 0.5, "is": 0.1}]}),
        "/points/1/is",
        "must not fall",
    );
    refused(
        json!({"spending": "normal", "points": [{"at": 0.4, "is": 0.1}, {"at": 0.5, "is": 0.1}]}),
        "/points",
        "must rise from point to point",
    );
    refused(
        json!({"spending": "step", "points": [{"at": 1, "is": 0.1}]}),
        "/points/0/at",
        "must be above 0 and below 1",
    );
    refused(
        json!({"spending": "pocock", "between": {"from": 0.8, "until": 0.8}}),
        "/between/until",
        "must be above `from`, 0.8",
    );
    refused(
        json!({"family": "pocock", "points": points}),
        "/points",
        "`points` goes with `spending`, not with `family`",
    );
}

#[test]
fn looks_without_a_bound() {
    let names: Vec<String> =
        read(&calendar()).unwrap().candidates[0].protocol.analyses.iter().map(|look| look.name.clone()).collect();
    let found = plan(&efficacy(json!({"spending": "pocock", "looks": [names[2]]})));
    assert_eq!(found.efficacy_at, Some(vec![false, false, true]));
    let at = "/protocol/efficacy";
    let refused = |value: Value, place: &str, rule: &str| wrong(&efficacy(value), &format!("{at}{place}"), rule);
    refused(json!({"spending": "pocock", "looks": [names[0]]}), "/looks", "must name the last look");
    refused(json!({"spending": "pocock", "looks": ["finish"]}), "/looks/0", "no analysis has this name");
    refused(json!({"spending": "pocock", "looks": [names[2], names[2]]}), "/looks/1", "named twice");
    refused(json!({"bounds": [3, 3, 2], "looks": [names[2]]}), "/looks", "does not go with `bounds`");

    let found =
        plan(&with(calendar(), "/protocol/futility", json!({"spending": "pocock", "beta": 0.1, "looks": [names[1]]})));
    assert_eq!(found.futility_at, Some(vec![false, true, false]));
    wrong(
        &with(calendar(), "/protocol/futility", json!({"spending": "pocock", "beta": 0.1, "looks": [names[2]]})),
        "/protocol/futility/looks/0",
        "the last look has no futility bound",
    );
    wrong(
        &with(calendar(), "/protocol/futility", json!({"p": [0.5, null, null], "looks": [names[1]]})),
        "/protocol/futility/looks",
        "`looks` goes with `spending`, not with `p`",
    );
}

#[test]
fn futility_of_every_kind() {
    match plan(&futility(json!({"p": [0.5, null, null]}))).futility {
        Some(FutilityPlan::Bounds(bounds)) => {
            assert!(bounds[0].abs() < 1e-15);
            assert_eq!(bounds[1..], [f64::NEG_INFINITY; 2]);
        }
        other => panic!("{other:?}"),
    }
    let found = plan(&futility(json!({"conditional_power": [0.1, null, null]})));
    assert!(
        matches!(found.futility, Some(FutilityPlan::ConditionalPower { ref least, under: Assumption::Assumed }) if least == &[0.1, 0.0, 0.0])
    );
    assert!(!found.binding);
    let found = plan(&futility(json!({"conditional_power": [0.1, null, null], "under": "trend"})));
    assert!(matches!(found.futility, Some(FutilityPlan::ConditionalPower { under: Assumption::Trend, .. })));
    let found = plan(&futility(json!({"predictive_power": [null, 0.2, null]})));
    assert!(matches!(found.futility, Some(FutilityPlan::PredictivePower { ref least }) if least == &[0.0, 0.2, 0.0]));
    for value in [
        json!({"bounds": [0, null, null], "binding": true}),
        json!({"hazard_ratio": [1, null, null], "binding": true}),
        json!({"spending": "pocock", "binding": true}),
    ] {
        assert!(plan(&futility(value)).binding);
    }
    let at = "/protocol/futility";
    let refused = |value: Value, place: &str, rule: &str| wrong(&futility(value), &format!("{at}{place}"), rule);
    refused(json!({"p": [0.5, null, 0.5]}), "/p/2", "the last look has no futility bound");
    refused(json!({"p": [1, null, null]}), "/p/0", "must be above 0 and below 1");
    refused(json!({"conditional_power": [0.1, null]}), "/conditional_power", "needs one entry per look");
    refused(json!({"p": [0.5, null, null], "under": "trend"}), "/under", "`under` goes with `conditional_power`");
    refused(json!({"conditional_power": [0.1, null, null], "under": "trends"}), "/under", "unknown name");
    refused(json!({"conditional_power": [0.1, null, null], "binding": true}), "/binding", "binding futility goes with");
    refused(json!({"spending": "pocock", "beta": 0.99}), "/beta", "must be below 1 - alpha, 0.975");
    let seamless = with(seamless_alone(), at, json!({"bounds": [0, null], "binding": true}));
    wrong(&seamless, "/protocol/futility/binding", "need a single hypothesis");
}

#[test]
fn pampallona_tsiatis_and_two_sides() {
    let efficacy = |value: Value| without(efficacy(value), "/protocol/futility");
    let both = json!({"pampallona_tsiatis": {"delta_efficacy": 0, "delta_futility": 0.5, "beta": 0.2}});
    let found = plan(&efficacy(both.clone()));
    assert!(found.binding);
    let expected = |plan: &BoundPlan| {
        matches!(plan.efficacy, EfficacyPlan::PampallonaTsiatis { delta_efficacy: 0.0, delta_futility: 0.5, beta: 0.2 })
    };
    assert!(expected(&found));
    let open =
        json!({"pampallona_tsiatis": {"delta_efficacy": 0, "delta_futility": 0.5, "beta": 0.2, "binding": false}});
    assert!(!plan(&efficacy(open)).binding);
    let file = with(
        with(group_sequential(), "/protocol/efficacy", both.clone()),
        "/protocol/futility",
        json!({"p": [0.5, null, null]}),
    );
    wrong(&file, "/protocol/futility", "brings its own futility bounds");
    wrong(
        &efficacy(json!({"pampallona_tsiatis": {"delta_efficacy": 0.6, "delta_futility": 0, "beta": 0.2}})),
        "/protocol/efficacy/pampallona_tsiatis/delta_efficacy",
        "must be at most 0.5",
    );
    assert_eq!(plan(&efficacy(json!({"spending": "pocock", "sides": 2}))).sides, Sides::Two);
    assert_eq!(plan(&efficacy(json!({"spending": "pocock", "sides": 1}))).sides, Sides::One);
    wrong(
        &efficacy(json!({"spending": "pocock", "sides": 3})),
        "/protocol/efficacy/sides",
        "must be a whole number, at least 1 and at most 2",
    );
    wrong(&efficacy(json!({"bounds": [2, 0, 2], "sides": 2})), "/protocol/efficacy/bounds/1", "must be above 0");
    let file = with(
        with(group_sequential(), "/protocol/efficacy", json!({"spending": "pocock", "sides": 2})),
        "/protocol/futility",
        json!({"p": [0.5, null, null]}),
    );
    wrong(&file, "/protocol/futility", "a two-sided design has no futility bounds");
}
