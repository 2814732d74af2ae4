//! The terminal: tables fit 80 columns, nothing is coloured where nobody looks, every verb that answers has JSON, starters are right,
//! completions and manual page know every verb.

#![expect(clippy::unwrap_used, reason = "helpers of a test: what goes wrong here fails the test")]

use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};

fn seamline(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_seamline"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments)
        .output()
        .unwrap()
}

fn out(arguments: &[&str]) -> String {
    let output = seamline(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn scenarios() -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| format!("scenarios/{}", entry.unwrap().file_name().into_string().unwrap()))
        .filter(|name| name != "scenarios/schema.json")
        .collect();
    names.sort();
    names
}

/// The first line is the file's title, which is as long as its author made it.
fn assert_narrow(arguments: &[&str]) {
    for line in out(arguments).lines().skip(1) {
        assert!(line.chars().count() <= 80, "{arguments:?} prints {} columns: {line}", line.chars().count());
    }
}

#[test]
fn answers_fit_eighty_columns() {
    for file in scenarios() {
        for verb in ["describe", "evaluate", "compare", "check"] {
            assert_narrow(&[verb, &file, "--quiet", "--replicates", "50"]);
        }
    }
    assert_narrow(&["size", "scenarios/os-delayed-effect.json", "--quiet"]);
}

#[test]
fn help_fits_eighty_columns() {
    for verb in verbs() {
        for line in out(&[&verb, "--help"]).lines() {
            assert!(line.chars().count() <= 80, "{verb} --help: {line}");
        }
    }
}

/// Every verb, from the help.
fn verbs() -> Vec<String> {
    let help = out(&["--help"]);
    let list = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let names = list.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    names.map(|line| line.split_whitespace().next().unwrap().to_owned()).filter(|name| name != "help").collect()
}

#[test]
fn completions_and_manual_know_every_verb() {
    let (manual, verbs) = (out(&["man"]), verbs());
    assert!(verbs.len() >= 12, "{verbs:?}");
    for verb in &verbs {
        assert!(manual.contains(&format!("SEAMLINE {}", verb.to_uppercase())), "{verb} is not in the manual");
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = out(&["completions", shell]);
        for verb in &verbs {
            assert!(script.contains(verb.as_str()), "{shell} does not complete {verb}");
        }
    }
}

#[test]
fn every_verb_on_a_file_answers_in_json_and_says_nothing_when_quiet() {
    let file = "scenarios/os-delayed-effect.json";
    for verb in ["describe", "evaluate", "compare", "size", "check", "report"] {
        let output = seamline(&[verb, file, "--json", "--quiet", "--engine", "analytic"]);
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{verb}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(answer["scenario_sha256"].is_string(), "{verb} does not name its scenario");
    }
}

#[test]
fn nothing_is_coloured_that_is_not_a_terminal() {
    let output = seamline(&["check", "no-such-file.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!output.stderr.contains(&0x1b) && output.stderr.starts_with(b"error: "));
}

#[test]
fn every_starter_is_right_explains_itself_and_is_answered() {
    let kinds = out(&["new", "--help"]);
    let folder = tempfile::tempdir().unwrap();
    for kind in ["group-sequential", "seamless-dose", "personalised", "dfs"] {
        assert!(kinds.contains(&format!("- {kind}:")), "{kind} is not in the help");
        let path = folder.path().join(format!("{kind}.json"));
        let text = out(&["new", kind]);
        let file: Value = serde_json::from_str(&text).unwrap();
        assert!(file["notes"].as_str().is_some_and(|notes| notes.len() > 150), "{kind} explains nothing");
        std::fs::write(&path, text).unwrap();
        let path = path.to_str().unwrap();
        out(&["check", path, "--quiet"]);
        let answer: Value =
            serde_json::from_str(&out(&["evaluate", path, "--quiet", "--json", "--replicates", "50"])).unwrap();
        assert!(answer["results"].as_array().is_some_and(|results| results.len() > 1), "{kind}");
    }
}

#[test]
fn the_version_names_the_release() {
    let version = out(&["--version"]);
    assert!(version.starts_with(&format!("seamline {}", env!("CARGO_PKG_VERSION"))), "{version}");
}
