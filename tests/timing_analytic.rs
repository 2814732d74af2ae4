//! Times of analytic evaluations, printed; run with `cargo test --release --test timing_analytic -- --ignored --nocapture`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

use seamline::engine::{analytic, hypotheses, plan};
use seamline::protocol::Test;
use seamline::scenario::Scenario;
use seamline::sequential::{Bounds, joint::joint};
use seamline::statistics::{Cell, Comparison, Expectation, StratumPair, Tabulation, Timing};
use seamline::survival::{Course, Endpoint, EndpointLaw, HazardRatio, PiecewiseHazard};
use seamline::truth::{Enrollment, EntryLaw};
use std::time::Instant;

fn fastest(label: &str, mut work: impl FnMut()) {
    let mut best = f64::INFINITY;
    let begin = Instant::now();
    while begin.elapsed().as_secs_f64() < 0.3 {
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

/// Where the time of a log-rank evaluation at three looks goes.
#[test]
#[ignore = "times, for a quiet machine"]
fn parts() {
    let control = PiecewiseHazard::constant(0.06).unwrap();
    let ratio = HazardRatio::new(&[0.0, 4.0], &[1.0, 0.6]).unwrap();
    let law = |ratio: &HazardRatio| {
        EndpointLaw::of_course(&Course::death_only(ratio.applied_to(&control).unwrap()), Endpoint::Os).unwrap()
    };
    let laws = [law(&HazardRatio::one()), law(&ratio)];
    let dropout = PiecewiseHazard::constant(0.002).unwrap();
    let entry = EntryLaw::window(&Enrollment::new(&[0.0], &[40.0]).unwrap(), 0.0, 480.0, 0.0);
    let arms = [0, 1].map(|g: usize| Cell { law: &laws[g], dropout: &dropout });
    let strata = vec![StratumPair { prevalence: 1.0, arms }];
    let comparison = Comparison { strata, shares: [0.5, 0.5], entry: &entry, patients: 480.0 };
    let months = [12.4, 19.0, 26.0];
    let tests = Test::log_rank().statistics;
    let expectation = Expectation::new(&tests, &comparison, &months).unwrap();
    println!("{} nodes", expectation.table().panels.nodes().len());
    fastest("Expectation::new", || drop(Expectation::new(&tests, &comparison, &months).unwrap()));
    fastest("Tabulation::new", || drop(Tabulation::new(&comparison, &months, &[])));
    fastest("joint_law", || drop(expectation.joint_law(&[Timing::Events; 3])));
    let (means, covariance) = expectation.joint_law(&[Timing::Events; 3]);
    let bounds = Bounds { efficacy: vec![3.3, 2.4, 2.01], futility: vec![f64::NEG_INFINITY; 3] };
    fastest("joint crossing", || drop(joint(means.as_slice(), &covariance, &bounds).unwrap()));
    fastest("average and cox hazard ratio, 3 looks", || {
        for look in 0..3 {
            assert!(expectation.table().average_hazard_ratio(look).is_some());
            assert!(expectation.table().cox_hazard_ratio(look).is_some());
        }
    });
}
