//! Solves and curves through the command: what is solved is met when evaluated, and a curve is the single evaluations.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

use serde_json::Value;
use std::process::Command;

fn answer(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_seamline"))
        .args(arguments)
        .args(["--json", "--quiet"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn number(value: &Value, pointer: &str) -> f64 {
    value.pointer(pointer).and_then(Value::as_f64).unwrap_or_else(|| panic!("{pointer} is missing"))
}

/// Solving and then evaluating the solved design returns the goal.
#[test]
fn solved_designs_have_the_goals_power() {
    for (file, solve) in [
        ("scenarios/size-under-delay.json", "patients"),
        ("scenarios/size-under-delay.json", "follow_up"),
        ("scenarios/size-under-delay.json", "enrollment"),
        ("scenarios/os-delayed-effect.json", "events"),
        ("scenarios/os-delayed-effect.json", "hazard_ratio"),
    ] {
        let solved = answer(&["size", file, "--set", &format!("/goal/solve={solve}")]);
        assert!((number(&solved, "/results/0/reject_any/value") - 0.9).abs() < 1e-6, "{solve}");
        assert!(number(&solved, "/results/0/solved/power_at_integer") >= 0.9, "{solve}");
        assert_eq!(solved["results"][0]["solved"]["what"], *solve);
    }
    // Once more from outside: the whole number of patients, evaluated as a file of its own.
    let solved = answer(&["size", "scenarios/size-under-delay.json"]);
    let patients = number(&solved, "/results/0/solved/integer");
    let again =
        answer(&["evaluate", "scenarios/size-under-delay.json", "--set", &format!("/protocol/patients={patients}")]);
    let power = number(&solved, "/results/0/solved/power_at_integer");
    assert!((number(&again, "/results/0/reject_any/value") - power).abs() < 1e-9);
    let fewer = answer(&[
        "evaluate",
        "scenarios/size-under-delay.json",
        "--set",
        &format!("/protocol/patients={}", patients - 1.0),
    ]);
    assert!(number(&fewer, "/results/0/reject_any/value") < 0.9);
}

#[test]
fn a_goal_out_of_reach_ends_with_status_3() {
    let output = Command::new(env!("CARGO_BIN_EXE_seamline"))
        .args([
            "size",
            "scenarios/os-delayed-effect.json",
            "--set",
            "/truth/arms/vaccine/effect/death/hazard_ratio=0.97",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.starts_with("no design: "), "{message}");
}

/// Along a truth the design stays as planned: every point is the evaluation of that truth, and a longer delay never helps.
#[test]
fn a_curve_is_its_points() {
    let file = "scenarios/os-delayed-effect.json";
    let path = "/truth/arms/vaccine/effect/death/delay";
    let curve = answer(&["curve", file, "--over", path, "--values", "0,2,4,6,8"]);
    let powers: Vec<f64> = (0..5).map(|i| number(&curve, &format!("/results/{i}/reject_any/value"))).collect();
    assert!(powers.windows(2).all(|pair| pair[1] < pair[0]), "{powers:?}");
    let point = curve["results"][3]["point"][path].as_f64();
    assert_eq!(point, Some(6.0));
    let single = answer(&["evaluate", file, "--set", &format!("{path}=6")]);
    assert!((number(&single, "/results/0/reject_any/value") - powers[3]).abs() < 1e-12);
}
