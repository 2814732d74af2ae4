//! A sweep killed at random moments and gone on with has the bytes of one that was left alone.

use crate::{MELANOMA, answered, bytes, refused, seamline, simulated, stands};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn start(folder: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seamline"));
    command.current_dir(folder).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Uniforms in [0, 1) of a linear congruential generator (Knuth's MMIX constants), so that the moments are the same every time.
fn moments(seed: u64) -> impl Iterator<Item = f64> {
    let step =
        |state: &u64| Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
    std::iter::successors(Some(seed), step).skip(1).map(|state| (state >> 11) as f64 / (1u64 << 53) as f64)
}

/// Runs a sweep alone and one that is killed ten times, and compares their files.
fn survives_ten_kills(here: &Path, sweep: &dyn Fn(&'static str) -> Vec<&'static str>) {
    let began = Instant::now();
    answered(&seamline(here, &sweep("alone.sqlite")));
    let took = began.elapsed();
    let mut killed = sweep("killed.sqlite");
    killed.push("--resume");
    // Ten waits of at most a twentieth of the time it takes: it is never finished before the tenth.
    for share in moments(7).take(10) {
        let mut child = start(here, &killed);
        std::thread::sleep(took.mul_f64(share / 20.0).max(Duration::from_millis(5)));
        child.kill().unwrap();
        assert!(!child.wait().unwrap().success(), "it had ended before it was killed");
    }
    answered(&seamline(here, &killed));
    assert!(bytes(here, "alone.sqlite") == bytes(here, "killed.sqlite"), "the resumed file has other bytes");
}

#[test]
fn ten_kills_leave_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    survives_ten_kills(here, &|store| simulated(store, "10000", &[]));
    stands(here, &["alone.sqlite", "killed.sqlite"]);
    // One thread and a finished store that is asked to go on: the same bytes again.
    let one = ["--threads", "1", "--resume"];
    answered(&seamline(here, &simulated("killed.sqlite", "10000", &one)));
    assert!(bytes(here, "alone.sqlite") == bytes(here, "killed.sqlite"));
    refused(&seamline(here, &simulated("killed.sqlite", "10000", &[])), "is there already; --resume goes on with it");
    answered(&seamline(here, &simulated("few.sqlite", "500", &["--threads", "1"])));
    answered(&seamline(here, &simulated("again.sqlite", "500", &["--threads", "2"])));
    assert!(bytes(here, "few.sqlite") == bytes(here, "again.sqlite"));
}

/// 500 points × 16 evaluations × 10 000 replicates of the melanoma scenario: over an hour on two cores.
#[test]
#[ignore = "eighty million seamless trials"]
fn ten_kills_of_a_large_sweep_leave_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    survives_ten_kills(folder.path(), &|store| {
        let points = r#"/sweep={"design":"latin_hypercube","points":500,"axes":[
            {"path":"/truth/immune_response/prognostic/correlation","from":0,"to":0.9},
            {"path":"/truth/immune_response/prognostic/log_hazard_sd","from":0.1,"to":0.8}]}"#;
        vec!["sweep", MELANOMA, "-o", store, "--replicates", "10000", "--set", points, "--quiet"]
    });
}

#[cfg(unix)]
#[test]
fn an_interrupted_sweep_says_so_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let child = start(here, &simulated("stopped.sqlite", "1000000", &[]));
    while !here.join("stopped.sqlite").exists() {
        std::thread::sleep(Duration::from_millis(2));
    }
    std::thread::sleep(Duration::from_millis(400));
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    // What is done is in one file, and another run does not take it for its own.
    refused(&seamline(here, &simulated("stopped.sqlite", "500", &["--resume"])), "was run with other arguments");
    refused(&seamline(here, &["sweep", "merge", "stopped.sqlite", "-o", "all.sqlite"]), "is unfinished");
    stands(here, &["stopped.sqlite"]);
}
