//! Times of analytic evaluations, printed; run with `cargo test --release --test timing_analytic -- --ignored --nocapture`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

use seamline::engine::{analytic, hypotheses, plan};
use seamline::scenario::Scenario;
use std::time::Instant;

fn fastest(label: &str, mut work: impl FnMut()) {
    let mut best = f64::INFINITY;
    for _ in 0..200 {
        let start = Instant::now();
        work();
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("{label}: {:.1} us", best * 1e6);
}

#[test]
#[ignore = "times, for a quiet machine"]
fn times() {
    let looks = r#"[{"name": "1", "when": {"events": 120}}, {"name": "2", "when": {"events": 220}}, {"name": "3", "when": {"events": 300}}]"#;
    let spending = r#"{"spending": "obrien_fleming"}"#;
    for test in [
        r#""logrank""#,
        r#"{"fleming_harrington": {"rho": 0, "gamma": 1}}"#,
        r#"{"fleming_harrington": {"rho": 0, "gamma": 0.5}}"#,
        r#"{"modestly_weighted": {"until": 6}}"#,
        r#"{"zero_early": {"until": 4}}"#,
        r#"{"rmst": {"to": 9}}"#,
        r#"{"max_combo": ["logrank", {"fleming_harrington": {"rho": 0, "gamma": 1}}]}"#,
        r#"{"max_combo": ["logrank", {"fleming_harrington": {"rho": 0, "gamma": 0.5}}, {"fleming_harrington": {"rho": 0.5, "gamma": 0.5}}]}"#,
    ] {
        for (looks, efficacy, count) in
            [(looks, spending, 3), (r#"[{"name": "1", "when": {"calendar": 30}}]"#, spending, 1)]
        {
            let text = format!(
                r#"{{"seamline": 1, "truth": {{"enrollment": [{{"per_month": 40}}], "dropout": {{"hazard": 0.002}},
                "control": {{"death": {{"hazard": 0.06}}}},
                "arms": {{"vaccine": {{"effect": {{"death": {{"hazard_ratio": 0.6, "delay": 4}}}}}}}}}},
                "protocol": {{"arms": ["control", "vaccine"], "patients": 480, "alpha": 0.025,
                "primary": {{"endpoint": "os", "test": {test}}}, "analyses": {looks}, "efficacy": {efficacy}}}}}"#
            );
            let scenario = Scenario::from_json(&text, &[]).unwrap();
            let (protocol, truth) = (&scenario.candidates[0].protocol, &scenario.candidates[0].planning);
            let planned = plan(protocol, truth).unwrap();
            let judged = hypotheses(truth, protocol.primary.endpoint).unwrap();
            println!("{test}, {count} looks");
            fastest("  plan", || drop(plan(protocol, truth).unwrap()));
            fastest("  hypotheses", || drop(hypotheses(truth, protocol.primary.endpoint).unwrap()));
            fastest("  evaluate", || drop(analytic::evaluate(protocol, truth, &planned, &judged).unwrap()));
        }
    }
}
