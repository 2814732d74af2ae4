//! The ten kinds of wrong file of the first issue, each with its pointer, value and rule; and their relatives.

use crate::examples::{group_sequential, one_look, refused, seamless, stratified, with, without};
use seamline::scenario::{Scenario, ScenarioError};
use serde_json::json;

fn text_refused(text: &str) -> ScenarioError {
    Scenario::from_json(text, &[]).err().unwrap()
}

#[test]
fn kind_1_unknown_key() {
    let error = refused(&with(group_sequential(), "/protocol/patiens", json!(480)), "/protocol/patiens", "unknown key");
    assert_eq!(error.value, "480");
    assert!(error.hint.unwrap().starts_with("did you mean `patients`? known keys: arms, allocation, patients, alpha"));

    refused(&with(group_sequential(), "/truht", json!({})), "/truht", "unknown key");
    refused(
        &with(group_sequential(), "/truth/control/death/medain", json!(1)),
        "/truth/control/death/medain",
        "unknown key",
    );
    refused(
        &with(group_sequential(), "/truth/dropout", json!({"hazrad": 0.1})),
        "/truth/dropout/hazrad",
        "unknown key",
    );
    refused(
        &with(group_sequential(), "/truth/arms/vaccine/effect/death/lag", json!(1)),
        "/truth/arms/vaccine/effect/death/lag",
        "unknown key",
    );
    let error = refused(
        &with(seamless(), "/protocol/transition/go", json!({"dfs_hazard_ratio": {"at_most": 1}})),
        "/protocol/transition/go/dfs_hazard_ratio",
        "unknown key",
    );
    assert!(error.hint.unwrap().starts_with("did you mean `pfs_hazard_ratio`? (DFS has the law of PFS"));
    refused(&with(seamless(), "/protocol/transition/keep/rr", json!(2)), "/protocol/transition/keep/rr", "unknown key");
    refused(&with(seamless(), "/protocol/efficacy/gama", json!(2)), "/protocol/efficacy/gama", "unknown key");
}

#[test]
fn kind_2_negative_hazard() {
    let rule = "must be at least 0 and at most 100 per month";
    let error = refused(
        &with(group_sequential(), "/truth/control/death", json!({"hazard": -0.03})),
        "/truth/control/death/hazard",
        rule,
    );
    assert_eq!(error.value, "-0.03");
    refused(
        &with(one_look(), "/truth/control/progression/hazards/1/hazard", json!(-1)),
        "/truth/control/progression/hazards/1/hazard",
        rule,
    );
    refused(
        &with(one_look(), "/truth/control/progression/hazards/1/hazard", json!(1e300)),
        "/truth/control/progression/hazards/1/hazard",
        rule,
    );
}

#[test]
fn kind_3_prevalences_do_not_sum_to_one() {
    let error = refused(
        &with(stratified(), "/truth/strata/1/prevalence", json!(0.5)),
        "/truth/strata",
        "prevalences must sum to 1, they sum to 1.1",
    );
    assert!(error.value.starts_with("[{\"name\":\"antigen_high\",\"prevalence\":0.6},"));
}

#[test]
fn kind_4_unreachable_events() {
    let error = refused(
        &with(group_sequential(), "/protocol/analyses/2/when/events", json!(481)),
        "/protocol/analyses/2/when/events",
        "481 events can never be reached with the 480 patients of the trial",
    );
    assert_eq!(error.value, "481");
    refused(
        &with(seamless(), "/protocol/transition/when/all/0/enrolled", json!(181)),
        "/protocol/transition/when/all/0/enrolled",
        "181 enrolled patients can never be reached with the 180 patients of phase II",
    );
    refused(
        &with(seamless(), "/protocol/combination/phase2_follow_up/when", json!({"events": 200})),
        "/protocol/combination/phase2_follow_up/when/events",
        "200 events can never be reached with the 180 patients of phase II",
    );
    refused(
        &with(seamless(), "/protocol/analyses/0/when/events", json!(501)),
        "/protocol/analyses/0/when/events",
        "501 events can never be reached with the 500 patients of phase III",
    );
}

#[test]
fn kind_5_empty_arms() {
    let file = with(group_sequential(), "/protocol/arms", json!([]));
    let error = refused(&file, "/protocol/arms", "must list 2 to 8 arms, not 0");
    assert_eq!(error.value, "[]");
    let rule = "must describe at least one experimental arm";
    refused(&without(with(group_sequential(), "/truth/arms", json!({})), "/truths"), "/truth/arms", rule);
}

#[test]
fn kind_6_text_like_nan() {
    let text = group_sequential().to_string().replace("\"median\":12", "\"median\":NaN");
    let error = text_refused(&text);
    assert_eq!(error.pointer, "/truth/control/death/median");
    assert!(error.rule.starts_with("not valid JSON at line 1, column "), "{error:?}");
    assert!(error.value.starts_with("NaN}"), "{error:?}");
    assert_eq!(error.hint.as_deref(), Some("JSON has finite numbers only"));
    for word in ["Infinity", "-Infinity", "1e999", "-1e999", "nan"] {
        let error = text_refused(&text.replace("NaN", word));
        assert_eq!(error.pointer, "/truth/control/death/median", "{word}");
        assert_eq!(error.hint.as_deref(), Some("JSON has finite numbers only"), "{word}: {error:?}");
    }
    let file = with(group_sequential(), "/truth/control/death/median", json!("NaN"));
    let error = refused(&file, "/truth/control/death/median", "expected a number, found a string");
    assert_eq!(error.value, "\"NaN\"");
}

#[test]
fn kind_7_wrong_type() {
    let at = |pointer: &str, value, rule: &str| {
        refused(&with(group_sequential(), pointer, value), pointer, rule);
    };
    at("/protocol/patients", json!("480"), "expected a number, found a string");
    at("/protocol/patients", json!(480.5), "must be a whole number, at least 1 and at most 100000");
    at("/protocol/alpha", json!([0.025]), "expected a number, found a list");
    at("/protocol/alpha", json!(null), "expected a number, found null");
    at("/protocol/arms", json!("control"), "expected a list, found a string");
    at("/protocol/primary", json!("os"), "expected an object or a list, found a string");
    at("/protocol/primary/endpoint", json!(1), "expected a string, found a number");
    at("/protocol/primary/endpoint", json!("rfs"), "unknown name");
    at("/protocol/primary/stratified", json!("yes"), "expected a boolean, found a string");
    at("/protocol/efficacy", json!(["obrien_fleming"]), "expected an object, found a list");
    at("/truth", json!([]), "expected an object, found a list");
    at("/truth/control", json!(0.03), "expected an object, found a number");
    at("/truth/control/death", json!([0.03]), "expected an object, found a list");
    at("/truth/enrollment", json!({"per_month": 40}), "expected a list, found an object");
    at("/truth/enrollment/1", json!(40), "expected an object, found a number");
    at("/truth/arms/vaccine/effect/death", json!("0.6"), "expected a number or an object, found a string");
    at("/truth/arms/vaccine/effect/death", json!([0.6]), "expected a number or an object, found a list");
    at("/truth/arms/vaccine/effect/death/hazard_ratio", json!({}), "expected a number or a list, found an object");
    at("/truth/arms/vaccine/effect/death/delay", json!(false), "expected a number or an object, found a boolean");
    at("/goal/power", json!(true), "expected a number, found a boolean");
    at("/run/seed", json!(-1), "expected a whole number, found a negative number");
    at("/run/seed", json!(0.5), "expected a whole number, found a decimal number");
    at("/truths", json!([]), "expected an object, found a list");
    at("/truths/null", json!(1), "expected an object, found a number");
    at("/seamline", json!(2), "must be 1, the only format version that this program reads");
    at("/seamline", json!("1"), "expected a number, found a string");
    refused(&json!([]), "", "expected an object, found a list");
    refused(&json!(null), "", "expected an object, found null");
    let error = refused(&without(group_sequential(), "/protocol/alpha"), "/protocol/alpha", "`alpha` is required");
    assert_eq!(error.value, "(absent)");
    refused(&without(group_sequential(), "/truth"), "/truth", "`truth` is required");
    refused(&without(group_sequential(), "/seamline"), "/seamline", "`seamline` is required");
}

#[test]
fn kind_8_patch_to_a_missing_path() {
    let file = with(seamless(), "/truths", json!({"x": {"arms": {"hgih": {"effect": {}}}}}));
    let error = refused(&file, "/truths/x/arms/hgih", "the patch reaches an arm that `truth` does not have");
    assert_eq!(error.value, "{\"effect\":{}}");
    assert_eq!(error.hint.as_deref(), Some("did you mean `high`? known arms: low, high"));
    let file = with(seamless(), "/truths", json!({"x": {"crossover": null}}));
    refused(&file, "/truths/x/crossover", "the patch removes `crossover` from `truth`, where it does not stand");
    let file = with(seamless(), "/candidates/both", json!({"transitoin": {"go": null}}));
    refused(&file, "/candidates/both/transitoin", "unknown key");
    let file = with(seamless(), "/candidates/both", json!({"transition": {"go": {"any": null}}}));
    refused(
        &file,
        "/candidates/both/transition/go/any",
        "the patch removes `any` from `protocol`, where it does not stand",
    );
}

#[test]
fn kind_9_criterion_on_an_absent_endpoint() {
    let file = with(seamless(), "/protocol/primary/endpoint", json!("os"));
    let mut no_progression = without(file, "/truth/control/progression");
    no_progression = without(no_progression, "/truth/control/death_after_progression");
    no_progression = with(no_progression, "/truth/arms/low/effect", json!({"death": 0.7}));
    no_progression = with(no_progression, "/truth/arms/high/effect", json!({"death": 0.7}));
    let error = refused(
        &no_progression,
        "/protocol/transition/go/all/1/not/pfs_hazard_ratio",
        "`pfs_hazard_ratio` needs `control.progression`, which `truth` does not have",
    );
    assert_eq!(error.value, "{\"at_least\":1.1}");
    let file = with(no_progression, "/protocol/primary/endpoint", json!("dfs"));
    refused(&file, "/protocol/primary/endpoint", "`dfs` needs `control.progression`, which `truth` does not have");

    let silent = json!({"immune_response": null, "arms": {
        "low": {"immune_response": null, "effect": {"responders": null, "progression": 0.7}},
        "high": {"immune_response": null, "effect": {"responders": null, "non_responders": null, "progression": 0.7}}
    }});
    let file = with(seamless(), "/protocol/transition/keep/by", json!("os_z"));
    let file = with(file, "/truths", json!({"silent": silent}));
    refused(
        &file,
        "/protocol/transition/go/all/0/response_difference",
        "`response_difference` needs `immune_response`, which truth `silent` does not have",
    );
}

#[test]
fn kind_10_truncated_file() {
    let text = serde_json::to_string_pretty(&group_sequential()).unwrap();
    let cut = text.find("\"patients\": 480").unwrap() + "\"patients\": ".len();
    let error = text_refused(&text[..cut]);
    assert_eq!(error.pointer, "/protocol/patients");
    assert_eq!(error.value, "(end of file)");
    let (line, column) = (text[..cut].lines().count(), text[..cut].lines().last().unwrap().len());
    assert_eq!(error.rule, format!("the file ends at line {line}, column {column}, in the middle of a value"));
    assert_eq!(error.hint.as_deref(), Some("the file seems cut off, close every string, list and object"));
    assert_eq!(text_refused("").pointer, "");
    assert_eq!(text_refused("").value, "(end of file)");
}

#[test]
fn other_syntax_errors_have_a_place_and_a_hint() {
    let error = text_refused("{\n  \"seamline\": 1,\n  \"truth\": {\"arms\": [1, 2,]}\n}");
    assert_eq!(error.pointer, "/truth/arms");
    assert_eq!(error.hint.as_deref(), Some("remove the comma before the closing bracket"), "{error:?}");
    assert!(error.rule.contains("line 3"), "{error:?}");
    let error = text_refused("{\"seamline\": 1, // version\n}");
    assert_eq!(error.hint.as_deref(), Some("JSON has no comments, write them in `notes`"), "{error:?}");
    let error = text_refused("{\"seamline\": 1} {}");
    assert_eq!(error.hint.as_deref(), Some("one file holds one scenario, a single JSON object"), "{error:?}");
    let error = text_refused("{\"truth\": {\"arms\": {}, \"arms\": {}}}");
    assert_eq!(error.pointer, "/truth/arms");
    assert_eq!(error.rule, "this key stands twice in the same object (line 1, column 29)");
    assert!(text_refused(&"[".repeat(10_000)).rule.contains("recursion limit"));
    assert!(text_refused(&" ".repeat(4_000_001)).rule.contains("at most 4000000 bytes"));
    // A byte order mark, as some editors write, is no fault.
    Scenario::from_json(&format!("\u{feff}{}", group_sequential()), &[]).unwrap();
}

#[test]
fn a_long_value_is_cut() {
    let error =
        refused(&with(group_sequential(), "/truth/notes", json!("ü".repeat(500))), "/truth/notes", "unknown key");
    assert_eq!(error.value.chars().count(), 80);
    assert!(error.value.ends_with('…'));
}
