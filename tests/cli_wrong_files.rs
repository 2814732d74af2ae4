//! Wrong files through the command: exit status 2, the pointer, the value, the rule; never a panic.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

use serde_json::{Value, json};
use std::process::{Command, Output};

fn scenario(name: &str) -> Value {
    let path = format!("{}/scenarios/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn run(verb: &str, text: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wrong.json");
    std::fs::write(&file, text).unwrap();
    Command::new(env!("CARGO_BIN_EXE_seamline")).arg(verb).arg(&file).output().unwrap()
}

/// The file is refused at `pointer` by every verb that reads it, with the value shown and a rule that says `rule`.
fn refused(text: &str, pointer: &str, value: &str, rule: &str) {
    for verb in ["describe", "evaluate", "compare", "size", "check"] {
        let output = run(verb, text);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{verb}: {message}");
        assert!(message.starts_with(&format!("error: {pointer}: ")), "{verb}: {message}");
        assert!(message.contains(&format!("\n  value: {value}")), "{verb}: {message}");
        assert!(message.contains(rule), "{verb}: {message}");
        assert!(message.contains("\n\nhint: "), "{verb} gives no hint: {message}");
        assert!(output.stdout.is_empty(), "{verb} printed an answer");
    }
}

fn changed(name: &str, pointer: &str, value: Value) -> String {
    let mut file = scenario(name);
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match file.pointer_mut(parent).unwrap() {
        Value::Object(object) => drop(object.insert(key.to_string(), value)),
        Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
        other => panic!("{other} has no children"),
    }
    file.to_string()
}

#[test]
fn unknown_key() {
    let text = changed("os-delayed-effect", "/protocol/alhpa", json!(0.025));
    refused(&text, "/protocol/alhpa", "0.025", "unknown key");
    assert!(String::from_utf8(run("check", &text).stderr).unwrap().contains("alpha"));
}

#[test]
fn negative_hazard() {
    let text = changed("os-delayed-effect", "/truth/dropout/hazard", json!(-0.002));
    refused(&text, "/truth/dropout/hazard", "-0.002", "at least 0");
}

#[test]
fn prevalence_not_summing_to_one() {
    let strata = json!([{ "name": "high", "prevalence": 0.6 }, { "name": "low", "prevalence": 0.3 }]);
    refused(&changed("os-delayed-effect", "/truth/strata", strata), "/truth/strata", "[", "sum");
}

#[test]
fn unreachable_events() {
    // More events than patients is seen in the file; more than nature gives, by the engine.
    let text = changed("os-delayed-effect", "/protocol/analyses/1/when/events", json!(501));
    refused(&text, "/protocol/analyses/1/when/events", "501", "500");
    let text = changed("os-delayed-effect", "/protocol/analyses/1/when/events", json!(499));
    for verb in ["evaluate", "check"] {
        let output = run(verb, &text);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.starts_with("error: /protocol/analyses/1/when"), "{message}");
        assert!(message.contains("at most"), "{message}");
    }
}

#[test]
fn empty_arms() {
    let text = changed("os-delayed-effect", "/protocol/arms", json!([]));
    refused(&text, "/protocol/arms", "[]", "");
}

#[test]
fn not_a_number() {
    let text = scenario("os-delayed-effect").to_string().replace("\"alpha\":0.025", "\"alpha\":NaN");
    refused(&text, "/protocol/alpha", "", "line 1");
    let text = changed("os-delayed-effect", "/protocol/alpha", json!("NaN"));
    refused(&text, "/protocol/alpha", "\"NaN\"", "number");
}

#[test]
fn wrong_type() {
    let text = changed("os-delayed-effect", "/truth/control/death", json!([12]));
    refused(&text, "/truth/control/death", "[12]", "object");
}

#[test]
fn patch_to_a_missing_path() {
    let text =
        changed("neoantigen-melanoma", "/truths/global null/arms/hgih", json!({ "immune_response": { "rate": 0 } }));
    refused(&text, "/truths/global null/arms/hgih", "{", "");
    let text = changed("neoantigen-melanoma", "/candidates/no gate/transition/goo", Value::Null);
    refused(&text, "/candidates/no gate/transition/goo", "null", "");
}

#[test]
fn criterion_on_an_absent_endpoint() {
    let mut file: Value =
        serde_json::from_str(&changed("neoantigen-melanoma", "/truth/control", json!({ "death": { "hazard": 0.02 } })))
            .unwrap();
    file["protocol"]["primary"] = json!({ "endpoint": "os", "test": "logrank" });
    for arm in ["low", "high"] {
        file["truth"]["arms"][arm]["effect"] = json!({ "death": 1 });
    }
    file.as_object_mut().unwrap().remove("truths");
    file.as_object_mut().unwrap().remove("candidates");
    refused(&file.to_string(), "/protocol/transition/go/all/1/pfs_hazard_ratio", "{", "");
}

#[test]
fn truncated_file() {
    let text = scenario("os-delayed-effect").to_string();
    let cut = text.find("\"per_month\"").unwrap() + 13;
    refused(&text[..cut], "/truth/enrollment/0", "(end of file)", "line 1");
}

#[test]
fn files_that_are_not_there_or_not_text() {
    let command = |path: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_seamline")).args(["check", path]).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (status, message) = command("no-such-file.json");
    assert_eq!(status, Some(2));
    assert!(message.starts_with("error: cannot read no-such-file.json"), "{message}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("binary.json");
    std::fs::write(&file, [0xff, 0xfe, 0x00]).unwrap();
    let (status, message) = command(file.to_str().unwrap());
    assert_eq!(status, Some(2));
    assert!(message.contains("UTF-8"), "{message}");
}

/// `own_cohort` fixes the end of the phase II follow-up; a look that comes before it is refused.
#[test]
fn a_look_before_the_phase_2_follow_up_ends() {
    let text =
        changed("neoantigen-melanoma", "/protocol/combination/phase2_follow_up/when", json!({ "min_follow_up": 60 }));
    let output = run("check", &text);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.starts_with("error: /protocol/analyses/0/when"), "{message}");
    assert!(message.contains("own_cohort"), "{message}");
}

/// What was answered before the failure is not lost: the second truth never reaches its events in expectation only for
/// the plan, the first candidate is printed.
#[test]
fn answers_before_a_failure_are_kept() {
    let mut file = scenario("os-delayed-effect");
    file["candidates"] = json!({ "as planned": {}, "too late": { "analyses": [
        { "name": "interim", "when": { "events": 200 } }, { "name": "final", "when": { "events": 499 } } ] } });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("half.json");
    std::fs::write(&path, file.to_string()).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_seamline")).args(["evaluate", "--json"]).arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.starts_with("error: /candidates/too late/analyses/1/when"), "{message}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["results"].as_array().unwrap().len(), 2);
}
