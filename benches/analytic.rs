//! Analytic figures: bounds, a delayed-effect evaluation, a size solve. Each stands beside a plain reference in the same
//! run, so that a ratio can be read whatever the machine: bounds beside the Simpson-grid recursion of the tests.

#![allow(clippy::unwrap_used, missing_docs)] // a bench fails by panicking; criterion writes the entry point

use criterion::{Criterion, criterion_group, criterion_main};
use seamline::engine::{EngineKind, evaluate};
use seamline::registry::find;
use seamline::scenario::{Goal, Scenario, Solve};
use seamline::search;
use seamline::sequential::spending::SPENDING_FUNCTIONS;
use seamline::sequential::{Bounds, EfficacyPlan, bounds::efficacy_bounds, crossing::canonical};
use std::hint::black_box;

#[path = "../tests/sequential_common/twin.rs"]
mod twin;

const INFORMATION: [f64; 3] = [0.5, 0.75, 1.0];

fn scenario(name: &str) -> Scenario {
    let path = format!("{}/scenarios/{name}.json", env!("CARGO_MANIFEST_DIR"));
    Scenario::from_json(&std::fs::read_to_string(path).unwrap(), &[]).unwrap()
}

/// Target: three bounds under 100 µs; the crossing many times faster than the Simpson grid at a thousandth of its error.
fn boundaries(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("three looks");
    let function = (find(SPENDING_FUNCTIONS, "obrien_fleming").unwrap().build)(&[]);
    let plan = EfficacyPlan::Spending(function);
    group.bench_function("bounds", |bencher| {
        bencher.iter(|| efficacy_bounds(&plan, black_box(0.025), &INFORMATION, &INFORMATION).unwrap());
    });
    let bounds = Bounds { efficacy: vec![2.962_588, 2.359_018, 2.014_084], futility: vec![f64::NEG_INFINITY; 3] };
    let means = [2.0, 2.45, 2.83];
    group.bench_function("crossing", |bencher| {
        bencher.iter(|| canonical(&INFORMATION, black_box(&means), &bounds).unwrap());
    });
    group.bench_function("crossing, Simpson grid (reference)", |bencher| {
        bencher.iter(|| twin::crossing(&INFORMATION, black_box(&means), &bounds.efficacy, &bounds.futility, 18));
    });
    group.finish();
}

/// Targets: an evaluation under 200 µs, a size under 2 ms. The reference is the same power by simulation, per 1000 trials.
fn designs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("delayed effect");
    let mut file = scenario("os-delayed-effect");
    let candidate = file.candidates[0].clone();
    let truth = candidate.truths[0].1.clone();
    group.bench_function("evaluate", |bencher| {
        bencher.iter(|| evaluate(&candidate.protocol, &truth, &candidate.planning, &file.run, None).unwrap());
    });
    let goal = Goal { power: 0.9, solve: Solve::Events };
    group.bench_function("size", |bencher| {
        bencher.iter(|| search::size(&candidate.protocol, &truth, &candidate.planning, goal).unwrap());
    });
    file.run.engine = EngineKind::Simulation;
    file.run.replicates = 1000;
    group.sample_size(10);
    group.bench_function("simulate 1000 trials (reference)", |bencher| {
        bencher.iter(|| evaluate(&candidate.protocol, &truth, &candidate.planning, &file.run, None).unwrap());
    });
    group.finish();
}

criterion_group!(benches, boundaries, designs);
criterion_main!(benches);
