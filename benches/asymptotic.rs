//! The asymptotic engine on the melanoma scenario: the set-up of one truth and schedule, and one candidate under it from the
//! set-up. The reference is the same figure by simulation, per 1000 trials, in the same run.

#![allow(clippy::unwrap_used, missing_docs)] // a bench fails by panicking; criterion writes the entry point

use criterion::{Criterion, criterion_group, criterion_main};
use seamline::engine::asymptotic::{Library, Precision};
use seamline::engine::{EngineKind, evaluate, hypotheses, plan};
use seamline::scenario::Scenario;

/// Targets: the set-up (with the first answer) under 300 ms, a candidate after it under 5 ms.
fn melanoma(criterion: &mut Criterion) {
    let path = format!("{}/scenarios/neoantigen-melanoma.json", env!("CARGO_MANIFEST_DIR"));
    let mut file = Scenario::from_json(&std::fs::read_to_string(path).unwrap(), &[]).unwrap();
    let candidate =
        file.candidates.iter().find(|candidate| candidate.name == "immune response and DFS").unwrap().clone();
    let (protocol, truth) = (&candidate.protocol, &candidate.truths[0].1);
    let planned = plan(protocol, &candidate.planning).unwrap();
    let judged = hypotheses(truth, protocol).unwrap();
    let all = || Library::new(file.candidates.iter().map(|candidate| &candidate.protocol));
    let mut group = criterion.benchmark_group("melanoma");
    group.sample_size(10);
    for (name, precision) in [("answer", Precision::ANSWER), ("search", Precision::SEARCH)] {
        group.bench_function(format!("set up, {name}"), |bencher| {
            bencher.iter(|| all().evaluate_at(protocol, truth, &planned, &judged, precision).unwrap());
        });
        let mut library = all();
        group.bench_function(format!("one candidate, {name}"), |bencher| {
            bencher.iter(|| library.evaluate_at(protocol, truth, &planned, &judged, precision).unwrap());
        });
    }
    file.run.engine = EngineKind::Simulation;
    file.run.replicates = 1000;
    group.bench_function("simulate 1000 trials (reference)", |bencher| {
        bencher.iter(|| evaluate(protocol, truth, &candidate.planning, &file.run, None).unwrap());
    });
    group.finish();
}

criterion_group!(benches, melanoma);
criterion_main!(benches);
