//! Solves and curves through the command: what is solved is met when evaluated, and a curve is the single evaluations.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

use seamline::numerics::{normal, quadrature::legendre};
use serde_json::{Value, json};
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
        let rounded = &solved["results"][0]["solved"]["rounded"];
        if solve == "hazard_ratio" {
            assert!(rounded.is_null());
            continue;
        }
        // Whole events where a look counts them, and hardly another power.
        let power = number(rounded, "/reject_any/value");
        assert!((power - number(&solved, "/results/0/solved/power_at_integer")).abs() < 2e-3, "{solve} {power}");
        let looks = rounded["looks"].as_array().unwrap();
        for (whole, exact) in looks.iter().zip(solved["results"][0]["looks"].as_array().unwrap()) {
            if solve == "events" {
                let events = number(whole, "/events/value");
                assert!((events - events.round()).abs() < 1e-6, "{events}");
            }
            let (whole, exact) = (number(whole, "/efficacy_bound/z"), number(exact, "/efficacy_bound/z"));
            assert!((whole - exact).abs() < 0.02, "{solve} {whole} {exact}");
        }
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

/// The planned months of the looks are the months at which `describe` expects the looks' events.
#[test]
fn described_events_are_those_of_the_looks() {
    let file = "scenarios/os-delayed-effect.json";
    let evaluated = answer(&["evaluate", file, "--engine", "analytic"]);
    let months: Vec<f64> = [0, 1].map(|k| number(&evaluated, &format!("/results/0/looks/{k}/month/value"))).to_vec();
    let described = answer(&["describe", file, "--at", &format!("{},{},{}", months[1], months[0], months[0])]);
    for (k, events) in [200.0, 300.0].into_iter().enumerate() {
        let at = |key: &str| number(&described, &format!("/truths/0/calendar/{k}/{key}"));
        assert_eq!(at("month"), months[k]);
        assert!((at("events/os") - events).abs() < 1e-6, "{}", at("events/os"));
        // 500 patients at an even rate over 12 months, then nobody.
        assert!((at("follow_up") - (months[k] - 6.0)).abs() < 1e-9);
    }
    assert!(described["truths"][0]["calendar"][2].is_null(), "equal months are read once");
    for month in ["-1", "nan", "1201", "soon"] {
        let output =
            Command::new(env!("CARGO_BIN_EXE_seamline")).args(["describe", file, "--at", month]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{month}");
    }
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

/// Power of `scenarios/assurance.json` with numbers set, without the prior.
fn power_at(sets: &[(&str, f64)]) -> f64 {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/assurance.json")).unwrap();
    let mut file: Value = serde_json::from_str(&text).unwrap();
    file.as_object_mut().unwrap().remove("prior");
    for (path, value) in sets {
        *file.pointer_mut(path).unwrap() = Value::from(*value);
    }
    let scenario = seamline::scenario::Scenario::from_json(&file.to_string(), &[]).unwrap();
    let candidate = &scenario.candidates[0];
    // Planned on the file as it stands, whatever the truth.
    let planned = seamline::scenario::Scenario::from_json(&text, &[]).unwrap();
    let planning = &planned.candidates[0].planning;
    let truth = &candidate.truths[0].1;
    let outcome = seamline::engine::evaluate(&candidate.protocol, truth, planning, &scenario.run, None).unwrap();
    outcome.reject_any.value
}

const RATIO: &str = "/truth/arms/vaccine/effect/death/hazard_ratio";
const DELAY: &str = "/truth/arms/vaccine/effect/death/delay";

/// Assurance of the file with another prior.
fn assured(prior: &Value) -> Value {
    let set = format!("/prior={prior}");
    answer(&["evaluate", "scenarios/assurance.json", "--set", &set])["results"][0]["assurance"].take()
}

/// A discrete prior is the weighted sum of separate evaluations, without an error.
#[test]
fn assurance_over_a_discrete_prior_is_a_sum() {
    let prior = json!({
        RATIO: {"discrete": [{"value": 0.6, "weight": 2}, {"value": 0.8, "weight": 1}, {"value": 1, "weight": 1}]},
        DELAY: {"discrete": [{"value": 2, "weight": 0.3}, {"value": 7, "weight": 0.7}]},
    });
    let found = assured(&prior);
    let mut sum = 0.0;
    for (ratio, weight) in [(0.6, 0.5), (0.8, 0.25), (1.0, 0.25)] {
        for (delay, share) in [(2.0, 0.3), (7.0, 0.7)] {
            sum += weight * share * power_at(&[(RATIO, ratio), (DELAY, delay)]);
        }
    }
    assert!((number(&found, "/reject_any/value") - sum).abs() < 1e-12, "{found} {sum}");
    assert!((number(&found, "/benefit/value") - 0.75).abs() < 1e-12);
    assert!(found["reject_any"].get("mcse").is_none() && found["points"] == 6);
    let false_rejections = sum - number(&found, "/reject_any_and_benefit/value");
    let at_null = 0.25 * power_at(&[(RATIO, 1.0)]);
    assert!((false_rejections - at_null).abs() < 1e-12, "{false_rejections} {at_null}");
}

/// Against a product of Gauss–Legendre rules over the normal scores: ratio lognormal, delay uniform, correlation 0.5.
#[test]
fn assurance_agrees_with_quadrature_over_a_copula() {
    let prior = json!({
        RATIO: {"lognormal": {"median": 0.65, "log_sd": 0.2}},
        DELAY: {"uniform": {"from": 1, "to": 7}, "correlation": {RATIO: 0.5}},
    });
    let found = assured(&prior);
    let rule: Vec<(f64, f64)> = legendre(24).on(-4.5, 4.5).collect();
    let mut sum = 0.0;
    for &(z, weight) in &rule {
        for &(other, share) in &rule {
            let delay = 1.0 + 6.0 * normal::cdf(0.5 * z + 0.75_f64.sqrt() * other);
            let mass = weight * share * normal::pdf(z) * normal::pdf(other);
            sum += mass * power_at(&[(RATIO, 0.65 * (0.2 * z).exp()), (DELAY, delay)]);
        }
    }
    let (value, mcse) = (number(&found, "/reject_any/value"), number(&found, "/reject_any/mcse"));
    println!("{value} ± {mcse} against {sum}");
    // The rule's tails hold 1.4e-5 of the prior.
    assert!((value - sum).abs() < 4.0 * mcse + 2e-5, "{value} ± {mcse} {sum}");
    assert!(mcse < 1e-3 && number(&found, "/points") == 1536.0);
    let quantiles = ["0.05", "0.25", "0.5", "0.75", "0.95"].map(|p| found["power_quantiles"][p].as_f64().unwrap());
    assert!(quantiles.is_sorted(), "{quantiles:?}");
    // The power at the medians of both is near the median of the power.
    assert!((quantiles[2] - power_at(&[(RATIO, 0.65), (DELAY, 4.0)])).abs() < 0.03, "{quantiles:?}");
}

#[test]
fn wrong_priors_are_named() {
    let refused = |prior: Value, pointer: &str, rule: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_seamline"))
            .args(["evaluate", "scenarios/assurance.json", "--quiet", "--set", &format!("/prior={prior}")])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(pointer) && said.contains(rule), "{said}");
    };
    let ratio = "/prior/~1truth~1arms~1vaccine~1effect~1death~1hazard_ratio";
    refused(json!({RATIO: {}}), ratio, "exactly one of");
    refused(json!({RATIO: {"normal": {"mean": 1, "sd": 0}}}), &format!("{ratio}/normal/sd"), "must be above 0");
    refused(json!({"/protocol/patients": {"uniform": {"from": 1, "to": 2}}}), "/prior/", "below /truth");
    refused(json!({"/truth/nothing": {"uniform": {"from": 1, "to": 2}}}), "/prior/", "does not stand in the file");
    refused(json!({"/truth/arms": {"uniform": {"from": 1, "to": 2}}}), "/prior/", "must lead to a number");
    refused(json!({RATIO: {"uniform": {"from": 2, "to": 1}}}), ratio, "above the lower end");
    refused(
        json!({RATIO: {"normal": {"mean": 0.5, "sd": 0.5}}}),
        ratio,
        "the prior reaches a number that the format refuses",
    );
    let lonely = json!({RATIO: {"uniform": {"from": 0.5, "to": 1}, "correlation": {DELAY: 0.5}}});
    refused(lonely, &format!("{ratio}/correlation/"), "another unknown");
    let twice = json!({
        RATIO: {"uniform": {"from": 0.5, "to": 1}, "correlation": {DELAY: 0.5}},
        DELAY: {"uniform": {"from": 0, "to": 1}, "correlation": {RATIO: 0.4}},
    });
    refused(twice, "/correlation/", "gives this correlation as 0.5");
    let singular = json!({
        RATIO: {"uniform": {"from": 0.5, "to": 1}, "correlation": {DELAY: 1}}, DELAY: {"uniform": {"from": 0, "to": 1}},
    });
    refused(singular, "/prior", "eigenvalue");
    refused(json!({}), "/prior", "number of unknowns");
}
