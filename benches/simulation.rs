//! Cost of one simulated trial, beside a plain two-arm simulation written for clarity in the same run.

#![allow(clippy::unwrap_used, missing_docs)] // a bench fails by panicking; criterion writes the entry point

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use seamline::engine::simulation::Trial;
use seamline::engine::{Plan, plan};
use seamline::protocol::Protocol;
use seamline::scenario::Scenario;
use seamline::statistics::{Observations, log_rank::log_rank};
use seamline::truth::Truth;
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

fn trials(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one trial");
    group.throughput(Throughput::Elements(500));
    let mut state = 7;
    group.bench_function("two arms, 500 patients, looks at 200 and 300 events, plain (reference)", |bencher| {
        bencher.iter(|| black_box(plain(&mut state)));
    });
    for (label, file, candidate, patients) in [
        ("two arms, 500 patients, looks at 200 and 300 events", "os-delayed-effect", 0, 500),
        ("seamless, three arms, 180 + 500 patients, no gate", "neoantigen-melanoma", 3, 680),
    ] {
        let (protocol, truth, plan) = case(file, candidate);
        let trial = Trial::new(&protocol, &truth, &plan, 5).unwrap();
        let mut workspace = trial.workspace();
        let mut replicate = 0;
        group.throughput(Throughput::Elements(patients));
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
