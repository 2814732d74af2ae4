//! The same seed gives the same bytes, whatever the threads.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

use std::process::Command;

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
