//! Cost of one simulated trial and, as throughput, of one patient in it, beside a plain two-arm simulation written for clarity in
//! the same run.

#![allow(clippy::unwrap_used, missing_docs)] // a bench fails by panicking; criterion writes the entry point

#[path = "../tests/simulation_support/mod.rs"]
mod simulation_support;

use criterion::{Throughput, criterion_group, criterion_main};
use seamline::engine::simulation::Trial;
use seamline::engine::{Plan, plan};
use seamline::protocol::{Design, Protocol};
use seamline::scenario::Scenario;
use seamline::statistics::{Observations, log_rank::log_rank};
use seamline::survival::{Clock, Course, Endpoint, HazardRatio};
use seamline::transition::{Criterion, Statistic, Threshold, Trigger};
use seamline::truth::{Assay, ImmuneResponse, Missing, PositiveRule, Prognostic, Truth};
use simulation_support::{
    arm, constant, events, group_sequential, own_cohort, plan as bounds, protocol, seamless, truth,
};
use std::hint::black_box;

fn case(name: &str, candidate: usize) -> (Protocol, Truth, Plan) {
    let path = format!("{}/scenarios/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let scenario = Scenario::from_json(&std::fs::read_to_string(path).unwrap(), &[]).unwrap();
    let candidate = scenario.candidates[candidate].clone();
    let plan = plan(&candidate.protocol, &candidate.planning).unwrap();
    (candidate.protocol, candidate.truths[0].1.clone(), plan)
}

/// The obvious way: draw every patient, sort per look, textbook log-rank.
fn plain(state: &mut u64) -> [f64; 2] {
    let mut uniform = || {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((*state >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    };
    let hazard = std::f64::consts::LN_2 / 12.0;
    let (mut entry, mut time, mut treated) = (Vec::new(), Vec::new(), Vec::new());
    let mut clock = 0.0;
    for patient in 0..500 {
        clock += -uniform().ln() * 12.0 / 500.0;
        let arm = patient % 2 == 1;
        let target = -uniform().ln() / hazard;
        let event = if arm && target > 4.0 { 4.0 + (target - 4.0) / 0.6 } else { target };
        let dropout = -uniform().ln() / 0.002;
        entry.push(clock);
        time.push((event.min(dropout), event <= dropout));
        treated.push(arm);
    }
    let mut months: Vec<f64> =
        entry.iter().zip(&time).filter(|(_, (_, event))| *event).map(|(entry, (time, _))| entry + time).collect();
    months.sort_unstable_by(f64::total_cmp);
    [200, 300].map(|events: usize| {
        let cut = months[events - 1];
        let seen: Vec<usize> = (0..500).filter(|&i| entry[i] <= cut).collect();
        let times: Vec<f64> = seen.iter().map(|&i| time[i].0.min(cut - entry[i])).collect();
        let status: Vec<bool> = seen.iter().map(|&i| time[i].1 && time[i].0 <= cut - entry[i]).collect();
        let arms: Vec<bool> = seen.iter().map(|&i| treated[i]).collect();
        log_rank(&Observations { time: &times, event: &status, treated: &arms, stratum: None }).unwrap().z()
    })
}

/// Two arms and an illness-death course: progression under a delayed effect, death before and after it.
fn illness_death(factor: f64) -> Course {
    let effect = HazardRatio::delayed(factor, 4.0, 0.0).unwrap();
    Course {
        progression: effect.applied_to(&constant(0.08)).unwrap(),
        death: constant(0.01),
        after_baseline: constant(0.06),
        clock: Clock::SinceProgression,
        after_effect: HazardRatio::one(),
        product_at: 0.0,
    }
}

/// Three arms, response and progression-free survival at the transition, a closed Dunnett test of overall survival.
fn three_arms() -> (Protocol, Truth, Plan) {
    let mut arms: Vec<_> = [("control", 1.0), ("low", 1.0), ("high", 0.6)]
        .map(|(name, factor)| arm(name, illness_death(factor), 0.002))
        .into();
    for (arm, rate) in arms.iter_mut().zip([0.05, 0.4, 0.6]) {
        arm.strata[0].response_rate = rate;
    }
    let mut nature = truth(20.0, arms);
    nature.immune_response = Some(ImmuneResponse {
        measured_at: 2.0,
        prognostic: Prognostic { correlation: 0.0, log_hazard_sd: 0.0 },
        assays: vec![Assay { name: "ELISpot".into(), sensitivity: 0.9, specificity: 0.95 }],
        positive_if: PositiveRule::Any,
        missing_if_event_before: true,
        missing: Missing::NonResponse,
    });
    let when = Trigger::All(vec![Trigger::Enrolled { count: 120.0 }, events(35, Endpoint::Pfs)]);
    let combination = own_cohort(0.3, events(60, Endpoint::Os));
    let mut design = seamless([120, 380], &[1, 1, 1], when, Statistic::PfsHazardRatio, combination);
    design.transition.go = Some(Criterion::Compare(Statistic::ResponseDifference, Threshold::AtLeast(0.1)));
    let looks = [100, 160].map(|count| events(count, Endpoint::Os));
    let protocol = protocol(&["control", "low", "high"], Endpoint::Os, &looks, Design::Seamless(Box::new(design)));
    (protocol, nature, bounds(&[2.4, 2.0], &[0.6, 1.0], Some(0.3)))
}

fn trials(criterion: &mut criterion::Criterion) {
    let mut group = criterion.benchmark_group("one trial");
    group.throughput(Throughput::Elements(500));
    let mut state = 7;
    group.bench_function("(a) two arms, 500 patients, looks at 200 and 300 events, plain (reference)", |bencher| {
        bencher.iter(|| black_box(plain(&mut state)));
    });
    let course = |factor| arm("arm", illness_death(factor), 0.002);
    let nature = truth(500.0 / 12.0, vec![course(1.0), course(0.6)]);
    let two_looks = |endpoint, looks: [u32; 2]| {
        let looks = looks.map(|count| events(count, endpoint));
        let protocol = protocol(&["control", "vaccine"], endpoint, &looks, group_sequential(500, &[1, 1]));
        (protocol, nature.clone(), bounds(&[2.4, 2.0], &[0.67, 1.0], None))
    };
    for (label, (protocol, truth, plan)) in [
        ("(a) two arms, 500 patients, looks at 200 and 300 events", case("os-delayed-effect", 0)),
        ("(b) the progression-free half, illness-death", two_looks(Endpoint::Pfs, [200, 300])),
        ("(b) the overall half, illness-death", two_looks(Endpoint::Os, [150, 250])),
        ("(c) seamless, three arms, 120 + 380 patients", three_arms()),
    ] {
        let trial = Trial::new(&protocol, &truth, &plan, 5).unwrap();
        let mut workspace = trial.workspace();
        let mut replicate = 0;
        group.bench_function(label, |bencher| {
            bencher.iter(|| {
                replicate += 1;
                black_box(trial.replicate(&mut workspace, replicate).looks.len())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, trials);
criterion_main!(benches);
