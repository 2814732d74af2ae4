//! Every scenario of `tests/reference` through the public path: file in, JSON out, compared with the other program's
//! figures. What is skipped is named, with its reason, and a skipped case that would now run makes the test fail.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

mod validation_page;
#[path = "validation_page/table.rs"]
mod validation_table;

use serde_json::Value;
use std::path::Path;
use std::process::Command;
use validation_table::{Row, Worst};

/// Cases with a scenario that this version refuses as not yet computed, by id, with the reason.
const NOT_YET: &[(&str, &str)] = &[];

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Runs one case; `Ok` holds its row of the validation page and the disagreements, `Err` what the command said.
fn run(case: &Value, folder: &Path) -> Result<(Row, Vec<String>), String> {
    let id = case["id"].as_str().unwrap();
    let file = folder.join(format!("{id}.json"));
    std::fs::write(&file, serde_json::to_string(&case["scenario"]).unwrap()).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_seamline"))
        .args([case["verb"].as_str().unwrap(), file.to_str().unwrap(), "--json", "--quiet"])
        .output()
        .unwrap();
    if !output.status.success() {
        return Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr)));
    }
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let (mut wrong, mut worst) = (Vec::new(), Worst::default());
    for (pointer, want) in case["expected"].as_object().unwrap() {
        let (value, tolerance) = (want["value"].as_f64().unwrap(), want["tolerance"].as_f64().unwrap());
        let got = answer.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN);
        if (got - value).abs().partial_cmp(&tolerance).is_none_or(std::cmp::Ordering::is_gt) {
            wrong.push(format!("{id} {pointer}: got {got}, reference {value} ± {tolerance}"));
        }
        let figure = Worst { name: pointer.trim_start_matches("/results/").into(), got, expected: value, tolerance };
        if worst.name.is_empty() || figure.share() > worst.share() {
            worst = figure;
        }
    }
    let figures = case["expected"].as_object().unwrap().len();
    let evidence = case["source"].as_str().unwrap().to_string();
    Ok((Row { case: id.into(), evidence, figures, worst }, wrong))
}

#[test]
fn every_reference_scenario_is_reproduced_or_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut paths: Vec<_> = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    paths.sort();
    let (mut wrong, mut rows, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
    for path in paths {
        let case = read(&path);
        let id = case["id"].as_str().unwrap().to_string();
        if case["verb"] == "library" {
            continue;
        }
        let reason = NOT_YET.iter().find(|(name, _)| *name == id).map(|(_, reason)| *reason);
        match (run(&case, folder.path()), reason) {
            (Ok((row, found)), None) => {
                wrong.extend(found);
                rows.push(row);
            }
            (Err(message), Some(reason)) if message.contains("not yet") => {
                println!("skipped {id}: {reason}");
                skipped.push(id);
            }
            (Ok(_), Some(_)) => wrong.push(format!("{id} runs now: take it off the list of skipped cases")),
            (Err(message), _) => wrong.push(format!("{id} failed: {message}")),
        }
    }
    println!("{} reproduced, {} skipped", rows.len(), skipped.len());
    assert_eq!(skipped.len(), NOT_YET.len());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    validation_page::block("reference cases", &validation_table::table(&rows));
}
