//! The same seed gives the same bytes, whatever the threads, the shards and the interruptions.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

mod output;

use output::{answered, refused};
use std::path::Path;
use std::process::{Command, Output};

fn answer(scenario: &str, threads: &str, seed: &str) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_seamline"))
        .args(["compare", &format!("{}/scenarios/{scenario}.json", env!("CARGO_MANIFEST_DIR"))])
        .args(["--json", "--engine", "simulation", "--replicates", "1500", "--threads", threads, "--seed", seed])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn json_is_byte_identical_on_one_and_two_threads() {
    for scenario in ["neoantigen-melanoma", "os-delayed-effect"] {
        let one = answer(scenario, "1", "5");
        assert!(one == answer(scenario, "2", "5"), "{scenario} depends on the threads");
        assert!(one != answer(scenario, "2", "6"), "{scenario} does not depend on the seed");
    }
}

const SCENARIO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/os-delayed-effect.json");
const SEAMLESS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/neoantigen-melanoma.json");

fn seamline(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_seamline")).current_dir(folder).args(arguments).output().unwrap()
}

fn evaluate<'a>(file: &'a str, replicates: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut all = vec!["evaluate", file, "--json", "--quiet", "--engine", "simulation", "--replicates", replicates];
    all.extend_from_slice(more);
    all
}

#[test]
fn merged_shards_are_the_run_in_one_piece() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for (file, replicates) in [(SCENARIO, "5003"), (SEAMLESS, "301")] {
        let whole = seamline(here, &evaluate(file, replicates, &[]));
        let mut merge = vec!["merge", "--json"];
        for (shard, part) in [("3/3", "c.json"), ("1/3", "a.json"), ("2/3", "b.json")] {
            let _ = std::fs::remove_file(here.join(part));
            let output = seamline(here, &evaluate(file, replicates, &["--shard", shard, "-o", part]));
            assert!(answered(&output).is_empty());
            merge.push(part);
        }
        assert!(answered(&whole) == answered(&seamline(here, &merge)), "{file}: merged parts differ");
    }
    // Part of the same run again, one too few, an unknown file, half a file, another run.
    refused(&seamline(here, &["merge", "a.json", "b.json", "c.json", "b.json"]), "overlap");
    refused(&seamline(here, &["merge", "a.json", "c.json"]), "are in no part");
    refused(&seamline(here, &["merge", "b.json", "c.json"]), "are in no part");
    refused(&seamline(here, &["merge", "a.json", "b.json"]), "are in no part");
    refused(&seamline(here, &["merge", "nowhere.json"]), "cannot read nowhere.json");
    let text = std::fs::read_to_string(here.join("b.json")).unwrap();
    let change = |from: &str, to: &str, words: &str| {
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "nothing to change: {from}");
        std::fs::write(here.join("x.json"), changed).unwrap();
        refused(&seamline(here, &["merge", "a.json", "x.json", "c.json"]), words);
    };
    change("\"alpha\\\": 0.025", "\"alpha\\\": 0.02", "changed");
    change("\"seamline\": \"", "\"seamline\": \"9.", "written by seamline 9.");
    change("\"replicates\": 301", "\"replicates\": 302", "another number of replicates");
    change("\"reject_any\": ", "\"reject_any\": 1000000", "do not belong");
    std::fs::write(here.join("x.json"), &text[..text.len() / 2]).unwrap();
    refused(&seamline(here, &["merge", "a.json", "x.json", "c.json"]), "not a whole part file");
    let other = evaluate(SEAMLESS, "301", &["--shard", "2/3", "-o", "y.json", "--set", "/protocol/alpha=0.02"]);
    assert!(answered(&seamline(here, &other)).is_empty());
    refused(&seamline(here, &["merge", "a.json", "y.json", "c.json"]), "another scenario");
    let other = evaluate(SEAMLESS, "301", &["--shard", "2/3", "-o", "z.json", "--seed", "4"]);
    assert!(answered(&seamline(here, &other)).is_empty());
    refused(&seamline(here, &["merge", "a.json", "z.json", "c.json"]), "another seed");
}

#[test]
fn a_stopped_run_goes_on_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let whole = seamline(here, &evaluate(SCENARIO, "9000", &[]));
    for (signal, status) in [("-INT", Some(130)), ("-KILL", None)] {
        let part = format!("part{signal}.json");
        let arguments = evaluate(SCENARIO, "9000", &["-o", &part, "--resume"]);
        let mut child = Command::new(env!("CARGO_BIN_EXE_seamline"))
            .current_dir(here)
            .args(&arguments)
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        while !here.join(&part).exists() {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert_eq!(child.wait().unwrap().code(), status, "{signal}");
        let plain = evaluate(SCENARIO, "9000", &["-o", &part]);
        refused(&seamline(here, &plain), "--resume goes on with it");
        refused(&seamline(here, &["merge", &part]), "is unfinished");
        let other = evaluate(SCENARIO, "9001", &["-o", &part, "--resume"]);
        refused(&seamline(here, &other), "another number of replicates");
        let other = evaluate(SCENARIO, "9000", &["-o", &part, "--resume", "--shard", "1/2"]);
        refused(&seamline(here, &other), "another shard");
        assert!(answered(&seamline(here, &arguments)) == answered(&whole), "{signal}: resumed answer differs");
        assert!(answered(&seamline(here, &["merge", "--json", &part])) == answered(&whole));
    }
}

#[test]
fn a_wanted_precision_stops_at_a_block_that_threads_and_kills_do_not_move() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let wanted = |mcse: &str| format!("/run/mcse={mcse}");
    let run_most = |most: &str, mcse: &str, more: &[&str]| {
        let set = wanted(mcse);
        let mut all = vec!["--set", &set];
        all.extend_from_slice(more);
        seamline(here, &evaluate(SCENARIO, most, &all))
    };
    let run = |mcse: &str, more: &[&str]| run_most("100000", mcse, more);
    let output = run("0.006", &["--threads", "1"]);
    let one = answered(&output);
    assert!(one == answered(&run("0.006", &["--threads", "2"])), "where it stops depends on the threads");
    assert!(one == answered(&run("0.006", &["-o", "part.json"])), "a part stops elsewhere");
    assert!(one == answered(&seamline(here, &["merge", "--json", "part.json"])), "merged, it differs");
    let answer: serde_json::Value = serde_json::from_slice(one).unwrap();
    let mut counts = Vec::new();
    for result in answer["results"].as_array().unwrap() {
        let count = result["replicates"].as_u64().unwrap();
        assert_eq!(count % 2048, 0, "not a whole number of blocks");
        // The same number of replicates asked for outright; one block fewer is not precise enough.
        let p = result["reject_any"]["value"].as_f64().unwrap();
        assert!(result["reject_any"]["mcse"].as_f64().unwrap() <= 0.006);
        let earlier = (count - 2048) as f64;
        assert!(count == 2048 || (p * (1.0 - p) / earlier).sqrt() > 0.0055, "{count} is more than it takes");
        counts.push(count);
    }
    assert!(counts.iter().any(|count| *count > 2048), "{counts:?}");
    // `replicates` is the most there are.
    let output = run_most("3000", "0.0001", &[]);
    let capped: serde_json::Value = serde_json::from_slice(answered(&output)).unwrap();
    assert_eq!(capped["results"][0]["replicates"], 3000);
    refused(&run("0.006", &["--shard", "1/2", "-o", "x.json"]), "/run/mcse: a run that stops");
}

#[test]
fn a_part_that_cannot_be_written_is_said_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    refused(&seamline(here, &evaluate(SCENARIO, "100", &["-o", "no/such/folder.json"])), "cannot write");
    refused(&seamline(here, &evaluate(SCENARIO, "100", &["-o", "/dev/full/x"])), "cannot write");
    for shard in ["0/3", "4/3", "1", "a/b", "1/0"] {
        let output = seamline(here, &evaluate(SCENARIO, "100", &["-o", "x.json", "--shard", shard]));
        assert_eq!(output.status.code(), Some(2));
    }
    assert!(!here.join("x.json").exists());
}

#[test]
fn completions_and_the_manual_page_name_every_verb() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for arguments in [&["completions", "bash"][..], &["completions", "zsh"], &["completions", "fish"], &["man"]] {
        let output = seamline(here, arguments);
        let text = String::from_utf8_lossy(answered(&output)).to_lowercase();
        for verb in ["describe", "evaluate", "compare", "size", "check", "merge"] {
            assert!(text.contains(verb), "{arguments:?} does not name {verb}");
        }
    }
}

#[test]
fn the_version_names_the_commit_where_there_is_one() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = seamline(here, &["--version"]);
    let text = String::from_utf8_lossy(answered(&output)).trim().to_owned();
    let rest = text.strip_prefix(concat!("seamline ", env!("CARGO_PKG_VERSION"))).unwrap();
    let commit = rest.strip_prefix(" (").and_then(|rest| rest.strip_suffix(')'));
    let hexadecimal = |commit: &str| commit.len() >= 12 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(rest.is_empty() || commit.is_some_and(hexadecimal), "{text}");
}
