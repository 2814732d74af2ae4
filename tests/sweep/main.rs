//! Sweeps: the same answers as `evaluate`, the same bytes whatever the threads, shards and kills, and nothing lost by
//! anything that goes wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

mod damage;
mod kills;
#[path = "../output/mod.rs"]
mod output;
mod shards;
#[cfg(unix)]
mod slurm;
#[path = "../uniform/mod.rs"]
mod uniform;

use output::{answered, refused};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

const SWEEP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/delay-sweep.json");
const MELANOMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/neoantigen-melanoma.json");

fn seamline(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_seamline")).current_dir(folder).args(arguments).output().unwrap()
}

/// A simulated sweep of the shipped scenario: 15 points, two candidates, `replicates` each.
fn simulated<'a>(store: &'a str, replicates: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut all = vec!["sweep", SWEEP, "-o", store, "--engine", "simulation", "--replicates", replicates, "--quiet"];
    all.extend_from_slice(more);
    all
}

fn bytes(folder: &Path, file: &str) -> Vec<u8> {
    std::fs::read(folder.join(file)).unwrap()
}

/// Only these files stand in the folder.
fn stands(folder: &Path, files: &[&str]) {
    let mut found: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    found.sort();
    assert_eq!(found, files);
}

/// Rows of a store's results.
fn results(folder: &Path, store: &str, view: &str) -> Vec<Value> {
    let output = seamline(folder, &["sweep", "export", store, "--format", "jsonl", "--results", view]);
    let text = String::from_utf8(answered(&output).to_vec()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What `evaluate` says with the same values set.
fn evaluated(folder: &Path, file: &str, more: &[&str]) -> Value {
    let mut arguments = vec!["evaluate", file, "--json", "--quiet"];
    arguments.extend_from_slice(more);
    serde_json::from_slice(answered(&seamline(folder, &arguments))).unwrap()
}

/// A row of results has the figures of an answer, to the last bit.
fn same_answer(row: &Value, answer: &Value) {
    for key in ["candidate", "truth", "engine", "replicates"] {
        assert_eq!(row[key], answer[key], "{key}");
    }
    let figure = |name: &str, estimate: &Value| {
        assert_eq!(row[name].as_f64(), estimate["value"].as_f64(), "{name}");
        assert_eq!(row[format!("{name}_mcse")].as_f64(), estimate["mcse"].as_f64(), "{name}_mcse");
    };
    for name in ["reject_any", "type_i_error", "go", "stop", "correct_selection"] {
        figure(name, &answer[name]);
    }
    for name in ["patients", "events", "months"] {
        figure(name, &answer["expected"][name]);
    }
    figure("transition_month", &answer["transition"]["month"]);
    figure("transition_patients", &answer["transition"]["patients"]);
}

#[test]
fn a_point_is_the_file_with_its_values() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let text = std::fs::read_to_string(MELANOMA).unwrap();
    let mut file: Value = serde_json::from_str(&text).unwrap();
    let threshold = "/candidates/immune response only/transition/go/response_difference/at_least";
    file["sweep"] = serde_json::json!({"design": "zip", "axes": [
        {"path": threshold, "values": [0.1, 0.3]},
        {"path": "/truth/immune_response/prognostic/correlation", "values": [0, 0.5]},
    ]});
    std::fs::write(here.join("melanoma.json"), file.to_string()).unwrap();
    let run = ["--replicates", "300", "--seed", "11"];
    answered(&seamline(here, &[&["sweep", "melanoma.json", "-o", "m.sqlite"][..], &run].concat()));
    stands(here, &["m.sqlite", "melanoma.json"]);
    let rows = results(here, "m.sqlite", "results");
    assert_eq!(rows.len(), 2 * 4 * 4);
    let sets = [
        [format!("{threshold}=0.1"), "/truth/immune_response/prognostic/correlation=0".into()],
        [format!("{threshold}=0.3"), "/truth/immune_response/prognostic/correlation=0.5".into()],
    ];
    for (point, sets) in sets.iter().enumerate() {
        let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
        let answers = evaluated(here, "melanoma.json", &[&run[..], &sets].concat());
        for (pair, answer) in answers["results"].as_array().unwrap().iter().enumerate() {
            // Candidates outermost, then truths, then points.
            same_answer(&rows[2 * pair + point], answer);
        }
    }
    let hypotheses = results(here, "m.sqlite", "hypothesis_results");
    assert_eq!(hypotheses.len(), 64);
    let looks = results(here, "m.sqlite", "look_results");
    let answer = &evaluated(here, "melanoma.json", &[&run[..], &["--set", &sets[0][0], "--set", &sets[0][1]]].concat())
        ["results"][0];
    for (arm, hypothesis) in answer["reject"].as_object().unwrap().iter().enumerate() {
        assert_eq!(hypotheses[arm]["label"].as_str(), Some(hypothesis.0.as_str()));
        assert_eq!(hypotheses[arm]["reject"].as_f64(), hypothesis.1["value"].as_f64());
    }
    for (index, look) in answer["looks"].as_array().unwrap().iter().enumerate() {
        assert_eq!(looks[index]["analysis"], look["analysis"]);
        assert_eq!(looks[index]["month"].as_f64(), look["month"]["value"].as_f64());
        assert_eq!(looks[index]["efficacy_z"].as_f64(), look["efficacy_bound"]["z"].as_f64());
        assert_eq!(looks[index]["cross_efficacy_mcse"].as_f64(), look["cross_efficacy"]["mcse"].as_f64());
    }
}

#[test]
fn every_engine_answers_its_points_and_exports_agree() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let axes = r#"/sweep={"axes":[{"path":"/run/engine","values":["analytic","simulation"]},
        {"path":"/run/replicates","values":[100,3000]},{"path":"/truths/swept/arms/vaccine/effect/death/delay","from":0.1,"to":0.35,"step":0.1}]}"#;
    answered(&seamline(here, &["sweep", SWEEP, "-o", "e.sqlite", "--set", axes]));
    let rows = results(here, "e.sqlite", "results");
    assert_eq!(rows.len(), 2 * 2 * 2 * 3);
    for (point, row) in rows.iter().take(12).enumerate() {
        let simulation = point >= 6;
        assert_eq!(row["engine"], if simulation { "simulation" } else { "analytic" });
        assert_eq!(row["/run/engine"], row["engine"]);
        assert_eq!(row["replicates"].as_u64(), simulation.then_some(if point % 6 < 3 { 100 } else { 3000 }));
        // Steps have the decimals of the file.
        assert_eq!(row["/truths/swept/arms/vaccine/effect/death/delay"], [0.1, 0.2, 0.3][point % 3]);
    }
    let set = |row: &Value| {
        ["/run/engine", "/run/replicates", "/truths/swept/arms/vaccine/effect/death/delay"]
            .map(|path| format!("{path}={}", row[path]))
    };
    let [engine, replicates, delay] = set(&rows[11]);
    let answers = evaluated(here, SWEEP, &["--set", &engine, "--set", &replicates, "--set", &delay]);
    same_answer(&rows[11], &answers["results"][0]);
    // The same figures in CSV: names once, as many fields in every line, quotes where they must be.
    let csv = seamline(here, &["sweep", "export", "e.sqlite", "-o", "e.csv"]);
    assert!(answered(&csv).is_empty());
    let text = std::fs::read_to_string(here.join("e.csv")).unwrap();
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(lines.len(), 25);
    let at = lines[0].iter().position(|name| *name == "reject_any").unwrap();
    for (line, row) in lines[1..].iter().zip(&rows) {
        assert_eq!(line.len(), lines[0].len());
        assert_eq!(line[at].parse::<f64>().unwrap(), row["reject_any"].as_f64().unwrap());
    }
    refused(&seamline(here, &["sweep", "export", "e.sqlite", "--results", "tally"]), "look_results");
    // Two endpoints of one arm are two hypotheses.
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/pfs-and-os.json");
    let set = r#"/sweep={"axes":[{"path":"/protocol/patients","values":[500]}]}"#;
    let run = ["--engine", "simulation", "--replicates", "200", "--quiet"];
    answered(&seamline(here, &[&["sweep", file, "-o", "two.sqlite", "--set", set][..], &run].concat()));
    let row = &results(here, "two.sqlite", "results")[0];
    let answer = evaluated(here, file, &[&run[..4], &["--set", "/protocol/patients=500"]].concat());
    same_answer(row, &answer["results"][0]);
    assert_eq!(row["reject_all"].as_f64(), answer["results"][0]["reject_all"]["value"].as_f64());
    let two = results(here, "two.sqlite", "hypothesis_results");
    for (index, (label, share)) in answer["results"][0]["reject"].as_object().unwrap().iter().enumerate() {
        assert_eq!(two[index]["label"].as_str(), Some(label.as_str()));
        assert_eq!(two[index]["reject"].as_f64(), share["value"].as_f64());
    }
}

#[test]
fn a_precision_stops_every_point_where_evaluate_stops() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let sets =
        ["--engine", "simulation", "--replicates", "9000", "--set", "/run/mcse=0.007", "--set", "/sweep/axes/0/to=4"];
    answered(&seamline(here, &[&["sweep", SWEEP, "-o", "p.sqlite", "--quiet"][..], &sets].concat()));
    let rows = results(here, "p.sqlite", "results");
    let done: Vec<u64> = rows.iter().map(|row| row["replicates"].as_u64().unwrap()).collect();
    assert!(done.iter().any(|other| *other != done[0]), "{done:?}");
    let path = |axis: &str| format!("/truths/swept/arms/vaccine/effect/death/{axis}");
    let point = ["delay", "hazard_ratio"].map(|axis| format!("{}={}", path(axis), rows[8][path(axis)]));
    let answer = evaluated(here, SWEEP, &[&sets[..], &["--set", &point[0], "--set", &point[1]]].concat());
    same_answer(&rows[8], &answer["results"][0]);
    // Where it stops is decided over a whole evaluation: shards never cut one.
    for (shard, part) in [("1/2", "a.sqlite"), ("2/2", "b.sqlite")] {
        answered(&seamline(
            here,
            &[&["sweep", "run", SWEEP, "--shard", shard, "-o", part, "--quiet"][..], &sets].concat(),
        ));
    }
    answered(&seamline(here, &["sweep", "merge", "b.sqlite", "a.sqlite", "-o", "merged.sqlite"]));
    assert!(bytes(here, "merged.sqlite") == bytes(here, "p.sqlite"));
}

#[test]
fn an_evaluation_without_an_answer_is_said_and_the_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let axes = r#"/sweep={"axes":[{"path":"/protocol/analyses/1/when/events","values":[300,499]}]}"#;
    for engine in ["analytic", "simulation"] {
        let _ = std::fs::remove_file(here.join("r.sqlite"));
        let run = ["sweep", SWEEP, "-o", "r.sqlite", "--set", axes, "--engine", engine, "--replicates", "50"];
        let output = seamline(here, &run);
        answered(&output);
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(message.contains("2 evaluations have no answer"), "{message}");
        assert!(message.contains("499 events must be reachable"), "{message}");
        let rows = results(here, "r.sqlite", "results");
        for (index, row) in rows.iter().enumerate() {
            assert_eq!(row["refused"].is_null(), index % 2 == 0);
            assert_eq!(row["reject_any"].is_null(), index % 2 == 1);
        }
    }
}

#[test]
fn wrong_axes_are_refused_at_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = |sweep: &str, pointer: &str, words: &str| {
        let set = format!("/sweep={sweep}");
        let output = seamline(folder.path(), &["sweep", SWEEP, "-o", "w.sqlite", "--set", &set]);
        refused(&output, words);
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(message.starts_with(&format!("error: {pointer}: ")), "wanted '{pointer}': {message}");
        stands(folder.path(), &[]);
    };
    let axis = |path: &str, values: &str| format!(r#"{{"axes":[{{"path":"{path}",{values}}}]}}"#);
    let at = "/sweep/axes/0/path";
    wrong(
        &axis("/truth/arms/vacine/effect/death", r#""values":[1]"#),
        at,
        "does not stand in the file (/truth/arms/vacine)",
    );
    wrong(&axis("/truth/arms/vacine/effect/death", r#""values":[1]"#), at, "did you mean `/truth/arms/vaccine`?");
    wrong(&axis("/protocol/analyses/2/when/events", r#""values":[1]"#), at, "the list has 2 elements");
    wrong(&axis("/title", r#""values":["a"]"#), at, "must be a path below /truth, /truths");
    wrong(&axis("delay", r#""values":[1]"#), at, "must be a path below /truth, /truths");
    wrong(&axis("/run/seed", r#""values":[1]"#), at, "the same random numbers");
    wrong(&axis("/candidates/new", r#""values":[{}]"#), at, "the same at every point");
    wrong(&axis("/protocol/patients", r#""from":1,"to":2"#), "/sweep/axes/0/step", "needs a step");
    wrong(&axis("/protocol/patients", r#""from":2,"to":1,"step":1"#), "/sweep/axes/0/to", "must be above `from`");
    wrong(&axis("/protocol/patients", r#""from":0,"to":9,"step":0.00001"#), "/sweep/axes/0/step", "are the most");
    wrong(&axis("/protocol/patients", r#""values":[1],"step":1"#), "/sweep/axes/0", "either `values`, or");
    wrong(&axis("/protocol/patients", r#""values":[]"#), "/sweep/axes/0/values", "1 to 100000 values");
    wrong(&axis("/protocol/pateints", r#""values":[400]"#), "/sweep/axes/0", "unknown key");
    wrong(&axis("/protocol/patients", r#""values":[400,400.5]"#), "/sweep/axes/0", "at /protocol/patients = 400.5");
    wrong(r#"{"axes":[]}"#, "/sweep/axes", "1 to 12 axes");
    wrong(r#"{"points":4,"axes":[{"path":"/protocol/patients","values":[400]}]}"#, "/sweep/points", "Latin hypercube");
    wrong(
        r#"{"design":"latin_hypercube","axes":[{"path":"/protocol/patients","values":[400]}]}"#,
        "/sweep/points",
        "needs a number",
    );
    let two = |design: &str, one: &str, other: &str| {
        format!(
            r#"{{"design":"{design}","axes":[{{"path":"/protocol/patients","values":[400,450]}},{{"path":"{one}","values":[{other}]}}]}}"#
        )
    };
    wrong(&two("zip", "/protocol/alpha", "0.1"), "/sweep/axes/1", "has 1 values and the first axis 2");
    wrong(&two("grid", "/protocol/patients", "1"), "/sweep/axes/1/path", "another axis moves the same value");
    let none = seamline(folder.path(), &["sweep", MELANOMA, "-o", "w.sqlite"]);
    refused(&none, "/sweep: a sweep needs axes");
    let both = axis("/run/replicates", r#""values":[10]"#);
    let output = seamline(
        folder.path(),
        &["sweep", SWEEP, "-o", "w.sqlite", "--replicates", "5", "--set", &format!("/sweep={both}")],
    );
    refused(&output, "the command line fixes what this axis moves");
}

#[test]
fn the_book_documents_every_table_and_column() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/book/src/sweeps.md")).unwrap();
    let documented = seamline::study::documentation();
    let (begin, end) = ("<!-- tables -->\n\n", "<!-- end of tables -->");
    let (before, rest) = page.split_once(begin).unwrap();
    let (found, after) = rest.split_once(end).unwrap();
    if std::env::var_os("SEAMLINE_BLESS").is_some() {
        let page = format!("{before}{begin}{documented}{end}{after}");
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/book/src/sweeps.md"), page).unwrap();
    } else {
        assert!(found == documented, "run SEAMLINE_BLESS=1 cargo test --test sweep the_book");
    }
}
