//! Analytic figures: bounds, a delayed-effect evaluation, a size solve. Each stands beside a plain reference in the same
//! run, so that a ratio can be read whatever the machine: bounds beside the Simpson-grid recursion of the tests.

#![allow(clippy::unwrap_used, missing_docs)] // a bench fails by panicking; criterion writes the entry point

use criterion::{Criterion, criterion_group, criterion_main};
use seamline::engine::{EngineKind, analytic, evaluate, hypotheses, plan};
use seamline::registry::find;
use seamline::scenario::{Goal, Scenario, Solve};
use seamline::search;
use seamline::sequential::spending::SPENDING_FUNCTIONS;
use seamline::sequential::{Bounds, EfficacyPlan, bounds::efficacy_bounds, crossing::canonical};
use std::hint::black_box;

#[path = "../tests/sequential_common/plain.rs"]
mod plain;
#[path = "../tests/sequential_common/twin.rs"]
mod twin;

const INFORMATION: [f64; 3] = [0.5, 0.75, 1.0];

fn scenario(name: &str) -> Scenario {
    let path = format!("{}/scenarios/{name}.json", env!("CARGO_MANIFEST_DIR"));
    Scenario::from_json(&std::fs::read_to_string(path).unwrap(), &[]).unwrap()
}

/// Target: three bounds under 100 µs; bounds and crossing many times faster than on the Simpson grid, at a thousandth of its error.
fn boundaries(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("three looks");
    let function = (find(SPENDING_FUNCTIONS, "obrien_fleming").unwrap().build)(&[]);
    let plan = EfficacyPlan::Spending(function);
    group.bench_function("bounds", |bencher| {
        bencher.iter(|| efficacy_bounds(&plan, black_box(0.025), &INFORMATION, &INFORMATION).unwrap());
    });
    let rule = (find(SPENDING_FUNCTIONS, "obrien_fleming").unwrap().build)(&[]);
    let spent = INFORMATION.map(|t| rule.spent(0.025, t));
    group.bench_function("bounds, Simpson grid and bisection (reference)", |bencher| {
        bencher.iter(|| plain::bounds(&INFORMATION, black_box(&spent)));
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

/// `scenarios/os-delayed-effect.json`, for the plain twin.
const TRIAL: plain::Delayed = plain::Delayed {
    hazard: std::f64::consts::LN_2 / 12.0,
    ratio: 0.6,
    delay: 4.0,
    dropout: 0.002,
    patients: 500.0,
    accrual: 12.0,
};

/// Targets: an evaluation (bounds included) under 200 µs, a size under 2 ms. The references: Simpson sums, the Simpson grid and
/// bisection; and the same power by simulation, per 1000 trials.
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
    let fractions = [2.0 / 3.0, 1.0];
    let rule = (find(SPENDING_FUNCTIONS, "obrien_fleming").unwrap().build)(&[]);
    let spent = fractions.map(|t| rule.spent(0.025, t));
    group.sample_size(20);
    group.bench_function("evaluate, Simpson sums (reference)", |bencher| {
        bencher.iter(|| TRIAL.power(&[200.0, 300.0], &plain::bounds(&fractions, black_box(&spent))));
    });
    group.sample_size(10);
    group.bench_function("size, Simpson sums and bisection (reference)", |bencher| {
        bencher.iter(|| TRIAL.size(&fractions, &plain::bounds(&fractions, black_box(&spent)), 0.9));
    });
    file.run.engine = EngineKind::Simulation;
    file.run.replicates = 1000;
    group.sample_size(10);
    group.bench_function("simulate 1000 trials (reference)", |bencher| {
        bencher.iter(|| evaluate(&candidate.protocol, &truth, &candidate.planning, &file.run, None).unwrap());
    });
    group.finish();
}

/// Three looks at 120, 220 and 300 events of 480 patients under a delay, by test statistic.
fn design_of(test: &str) -> Scenario {
    let text = format!(
        r#"{{"seamline": 1, "truth": {{"enrollment": [{{"per_month": 40}}], "dropout": {{"hazard": 0.002}},
        "control": {{"death": {{"hazard": 0.06}}}},
        "arms": {{"vaccine": {{"effect": {{"death": {{"hazard_ratio": 0.6, "delay": 4}}}}}}}}}},
        "protocol": {{"arms": ["control", "vaccine"], "patients": 480, "alpha": 0.025,
        "primary": {{"endpoint": "os", "test": {test}}},
        "analyses": [{{"name": "1", "when": {{"events": 120}}}}, {{"name": "2", "when": {{"events": 220}}}},
        {{"name": "3", "when": {{"events": 300}}}}], "efficacy": {{"spending": "obrien_fleming"}}}}}}"#
    );
    Scenario::from_json(&text, &[]).unwrap()
}

/// Plan (bounds from the null) and evaluation of each test at three looks. Target: a max-combo under 20 ms together; the
/// Simpson grid of one statistic, three looks, in the same run is the reference.
fn test_statistics(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("three looks by test");
    group.sample_size(20);
    for (name, test) in [
        ("logrank", r#""logrank""#),
        ("fleming_harrington 0 1", r#"{"fleming_harrington": {"rho": 0, "gamma": 1}}"#),
        ("modestly_weighted", r#"{"modestly_weighted": {"until": 6}}"#),
        ("rmst", r#"{"rmst": {"to": 9}}"#),
        ("max_combo of 2", r#"{"max_combo": ["logrank", {"fleming_harrington": {"rho": 0, "gamma": 1}}]}"#),
        (
            "max_combo of 3",
            r#"{"max_combo": ["logrank", {"fleming_harrington": {"rho": 0, "gamma": 0.5}},
            {"fleming_harrington": {"rho": 0.5, "gamma": 0.5}}]}"#,
        ),
    ] {
        let file = design_of(test);
        let (protocol, truth) = (&file.candidates[0].protocol, &file.candidates[0].planning);
        let planned = plan(protocol, truth).unwrap();
        let judged = hypotheses(truth, protocol).unwrap();
        group.bench_function(format!("{name}: plan"), |bencher| bencher.iter(|| plan(protocol, truth).unwrap()));
        group.bench_function(format!("{name}: evaluate"), |bencher| {
            bencher.iter(|| analytic::evaluate(protocol, truth, &planned, &judged).unwrap());
        });
    }
    let bounds = [3.3, 2.4, 2.01];
    group.bench_function("Simpson grid (reference)", |bencher| {
        bencher
            .iter(|| twin::crossing(&INFORMATION, black_box(&[2.0, 2.45, 2.83]), &bounds, &[f64::NEG_INFINITY; 3], 18));
    });
    group.finish();
}

criterion_group!(benches, boundaries, designs, test_statistics);
criterion_main!(benches);
