//! A sweep killed at random moments and gone on with has the bytes of one that was left alone.

use crate::uniform::Uniform;
use crate::{MELANOMA, answered, bytes, refused, seamline, simulated, stands};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn start(folder: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seamline"));
    command.current_dir(folder).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Runs a sweep alone and one that is killed ten times, and compares their files.
fn survives_ten_kills(here: &Path, sweep: &dyn Fn(&'static str) -> Vec<&'static str>) {
    let began = Instant::now();
    answered(&seamline(here, &sweep("alone.sqlite")));
    let took = began.elapsed();
    let mut killed = sweep("killed.sqlite");
    killed.push("--resume");
    let begun = || std::fs::metadata(here.join("killed.sqlite-wal")).is_ok_and(|log| log.len() > 0);
    let mut moments = Uniform(7);
    for kill in 0..10 {
        let mut child = start(here, &killed);
        // The first is killed in the middle of its work, so that there is something to go on with; the others after waits of at
        // most a twentieth of the time it takes alone. On a machine that has become faster since, a late one may have ended.
        while kill == 0 && !begun() {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it began");
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(took.mul_f64(moments.next() / 20.0).max(Duration::from_millis(5)));
        child.kill().unwrap();
        let ended = child.wait().unwrap().success();
        assert!(kill > 0 || !ended, "it had ended before it was killed");
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
    let mut child = start(here, &simulated("stopped.sqlite", "1000000", &[]));
    while !here.join("stopped.sqlite").exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it began its store");
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
