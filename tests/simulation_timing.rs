//! Cost per replicate; run with `cargo test --release --test simulation_timing -- --ignored --nocapture`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

mod simulation_support;

use seamline::engine::simulation::Trial;
use seamline::protocol::Design;
use seamline::survival::{Clock, Course, Endpoint, HazardRatio};
use seamline::transition::{Criterion, Statistic, Threshold, Trigger};
use seamline::truth::{Assay, ImmuneResponse, PositiveRule, Prognostic};
use simulation_support::*;

fn time(name: &str, trial: &Trial) {
    let mut workspace = trial.workspace();
    let mut best = f64::INFINITY;
    for round in 0..100 {
        let start = std::time::Instant::now();
        for replicate in 0..50 {
            trial.replicate(&mut workspace, round * 50 + replicate);
        }
        best = best.min(start.elapsed().as_secs_f64() * 2e4);
    }
    println!("{name}: {best:.1} µs per replicate");
}

#[test]
#[ignore = "a measurement"]
fn cost_per_replicate() {
    let control = constant(std::f64::consts::LN_2 / 12.0);
    let delayed = HazardRatio::delayed(0.6, 4.0, 0.0).unwrap();
    let treated = delayed.applied_to(&control).unwrap();
    let nature =
        truth(500.0 / 12.0, vec![arm("control", death(control.clone()), 0.002), arm("vaccine", death(treated), 0.002)]);
    let looks = [200, 300].map(|count| events(count, Endpoint::Os));
    let a = protocol(&["control", "vaccine"], Endpoint::Os, &looks, group_sequential(500, &[1, 1]));
    let bounds = plan(&[2.4, 2.0], &[0.67, 1.0], None);
    time("(a) two arms, 500 patients, looks at 200 and 300 deaths", &Trial::new(&a, &nature, &bounds, SEED).unwrap());

    let course = |effect: &HazardRatio| Course {
        progression: effect.applied_to(&constant(0.08)).unwrap(),
        death: constant(0.01),
        after_baseline: constant(0.06),
        clock: Clock::SinceProgression,
        after_effect: HazardRatio::one(),
        product_at: 0.0,
    };
    let mut arms = vec![
        arm("control", course(&HazardRatio::one()), 0.002),
        arm("low", course(&HazardRatio::one()), 0.002),
        arm("high", course(&delayed), 0.002),
    ];
    for (arm, rate) in arms.iter_mut().zip([0.05, 0.4, 0.6]) {
        arm.strata[0].response_rate = rate;
    }
    let mut nature = truth(20.0, arms);
    nature.immune_response = Some(ImmuneResponse {
        measured_at: 2.0,
        prognostic: Prognostic { correlation: 0.3, log_hazard_sd: 0.5 },
        assays: vec![Assay { name: "ELISpot".into(), sensitivity: 0.9, specificity: 0.95 }],
        positive_if: PositiveRule::Any,
        missing_if_event_before: true,
        missing: seamline::truth::Missing::NonResponse,
    });
    let when = Trigger::All(vec![Trigger::Enrolled { count: 120.0 }, events(35, Endpoint::Pfs)]);
    let follow_up = events(60, Endpoint::Os);
    let mut design = seamless([120, 380], &[1, 1, 1], when, Statistic::PfsHazardRatio, own_cohort(0.3, follow_up));
    design.transition.go = Some(Criterion::All(vec![
        Criterion::Compare(Statistic::ResponseDifference, Threshold::AtLeast(0.1)),
        Criterion::Compare(Statistic::PfsZ, Threshold::AtLeast(-0.5)),
    ]));
    let looks = [100, 160].map(|count| events(count, Endpoint::Os));
    let c = protocol(&["control", "low", "high"], Endpoint::Os, &looks, Design::Seamless(Box::new(design)));
    let bounds = plan(&[2.4, 2.0], &[0.6, 1.0], Some(0.3));
    time("(c) seamless, three arms, 120 + 380 patients", &Trial::new(&c, &nature, &bounds, SEED).unwrap());
}
