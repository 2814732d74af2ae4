//! The plain Simpson twin of a delayed-effect design and ours: where both compute the same they agree, where ours knows more the
//! difference is what it knows.

#[path = "sequential_common/plain.rs"]
mod plain;
mod sequential_common;
#[path = "sequential_common/twin.rs"]
mod twin;

use plain::Delayed;
use seamline::engine::{evaluate, planning_law};
use seamline::scenario::{Goal, Scenario, Solve};
use seamline::search;
use sequential_common::{function, spending};

/// `scenarios/os-delayed-effect.json`.
const TRIAL: Delayed = Delayed {
    hazard: std::f64::consts::LN_2 / 12.0,
    ratio: 0.6,
    delay: 4.0,
    dropout: 0.002,
    patients: 500.0,
    accrual: 12.0,
};

#[test]
fn the_plain_twin_agrees() {
    let path = format!("{}/scenarios/os-delayed-effect.json", env!("CARGO_MANIFEST_DIR"));
    let file = Scenario::from_json(&std::fs::read_to_string(path).unwrap(), &[]).unwrap();
    let candidate = &file.candidates[0];
    let (protocol, truth) = (&candidate.protocol, &candidate.truths[0].1);
    let outcome = evaluate(protocol, truth, &candidate.planning, &file.run, None).unwrap();

    // Months and drifts are the same integrals: Simpson's error at 200 intervals, and 1e-9 cut off at jumps.
    let drift = planning_law(protocol, &candidate.planning).unwrap().0;
    for (k, events) in [200.0, 300.0].into_iter().enumerate() {
        let month = TRIAL.month(events);
        assert!((month - outcome.looks[k].month.value).abs() < 1e-6, "{month}");
        assert!((TRIAL.drift(month) - drift[k]).abs() < 1e-6, "{} {}", TRIAL.drift(month), drift[k]);
    }

    // Bounds: the grid of r = 18 is good to about 1e-6 (Jennison and Turnbull 2000, section 19.3).
    let information = [2.0 / 3.0, 1.0];
    let rule = function("obrien_fleming", &[]);
    let ours = spending("obrien_fleming", &[], 0.025, &information, &information);
    let theirs = plain::bounds(&information, &information.map(|t| rule.spent(0.025, t)));
    for (a, b) in ours.iter().zip(&theirs) {
        assert!((a - b).abs() < 1e-5, "{ours:?} {theirs:?}");
    }

    // Power: the twin takes Var Z = 1 and the look's month as fixed; the effect of both is below 0.006 in every case of the
    // reconciliation page (reasons a and b).
    let power = TRIAL.power(&[200.0, 300.0], &theirs);
    assert!((power - outcome.reject_any.value).abs() < 0.006, "{power} {}", outcome.reject_any.value);
    // Size: 0.006 of power is 2.3 % of the events at 0.9, since d(power)/d(ln events) is about 0.26 there for a drift of 3.24.
    let goal = Goal { power: 0.9, solve: Solve::Events };
    let search::SizeOutcome::Solved(solved) = search::size(protocol, truth, &candidate.planning, goal).unwrap() else {
        panic!("a size exists");
    };
    let size = TRIAL.size(&information, &theirs, 0.9);
    assert!((size / solved.value - 1.0).abs() < 0.023, "{size} {}", solved.value);
}
