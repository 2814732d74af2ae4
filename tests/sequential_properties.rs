//! What holds for every design.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sequential_common;

use proptest::prelude::*;
use seamline::sequential::bounds::efficacy_bounds;
use seamline::sequential::crossing::canonical;
use seamline::sequential::futility::{Efficacy, close, spend};
use seamline::sequential::power::{drift_for_power, power};
use seamline::sequential::spending::{SPENDING_FUNCTIONS, SpendingFunction};
use seamline::sequential::{Bounds, EfficacyPlan};
use sequential_common::{efficacy_only, equal, function, spending};
use std::sync::Arc;

/// Any spending function, any number of looks, increments from 1e-12 of the whole on, levels from 1e-10 on.
fn arbitrary_design() -> impl Strategy<Value = (Arc<dyn SpendingFunction>, f64, Vec<f64>, Vec<f64>)> {
    (
        0..SPENDING_FUNCTIONS.len(),
        0.0..=1.0_f64,
        -10.0..-0.4_f64,
        prop::collection::vec((-12.0..0.0_f64, 0.0..1.0_f64), 1..=20),
    )
        .prop_map(|(which, share, exponent, steps)| {
            let entry = &SPENDING_FUNCTIONS[which];
            let values: Vec<f64> =
                entry.parameters.iter().map(|p| (p.low + share * (p.high - p.low)).max(p.low + 1e-3)).collect();
            let mut sum = 1e-3;
            let information: Vec<f64> = steps
                .iter()
                .map(|step| {
                    sum += 10_f64.powf(step.0);
                    sum
                })
                .collect();
            let mut time: Vec<f64> = steps.iter().map(|step| step.1).collect();
            time.sort_unstable_by(f64::total_cmp);
            *time.last_mut().unwrap() = 1.0;
            ((entry.build)(&values), 10_f64.powf(exponent), information, time)
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) })]

    #[test]
    fn the_level_is_spent_exactly((rule, alpha, information, time) in arbitrary_design()) {
        let upper = efficacy_bounds(&EfficacyPlan::Spending(rule.clone()), alpha, &information, &time).unwrap();
        prop_assert!(upper.iter().all(|b| !b.is_nan()));
        let crossing = canonical(&information, &vec![0.0; upper.len()], &efficacy_only(&upper)).unwrap();
        prop_assert!((crossing.reject() - alpha).abs() < (1e-9 * alpha).max(1e-14), "{} {}", crossing.reject(), alpha);
        let mut spent = 0.0;
        for (look, probability) in crossing.efficacy.iter().enumerate() {
            spent += probability;
            let due = if look + 1 == time.len() { alpha } else { rule.spent(alpha, time[look]) };
            prop_assert!((spent - due).abs() < 1e-9, "look {}: {} {}", look, spent, due);
        }
    }

    #[test]
    fn nothing_is_ever_not_a_number(
        (rule, alpha, information, time) in arbitrary_design(), beta in 0.001..0.9_f64,
        drifts in prop::collection::vec(-20.0..60.0_f64, 20),
    ) {
        let looks = information.len();
        let means = &drifts[..looks];
        let upper = efficacy_bounds(&EfficacyPlan::Spending(rule.clone()), alpha, &information, &time).unwrap();
        let lower = spend(rule.as_ref(), beta, &information, &time, means, &upper).unwrap();
        prop_assert!(lower.iter().zip(&upper).all(|(a, b)| a <= b));
        prop_assert_eq!(lower[looks - 1], f64::NEG_INFINITY);
        let crossing = canonical(&information, means, &Bounds { efficacy: upper, futility: lower }).unwrap();
        let all = || crossing.efficacy.iter().chain(&crossing.futility);
        prop_assert!(all().all(|p| (0.0..=1.0).contains(p)));
        prop_assert!(all().sum::<f64>() < 1.0 + 1e-10);
    }

    #[test]
    fn spending_more_lowers_the_bound(looks in 1..=6_u32, rho in 0.5..4.0_f64, alpha in 0.005..0.2_f64, factor in 1.01..2.0_f64) {
        let information = equal(looks);
        let less = spending("kim_demets", &[rho], alpha, &information, &information);
        let more = spending("kim_demets", &[rho], alpha * factor, &information, &information);
        prop_assert!(less.iter().zip(&more).all(|(a, b)| a > b));
    }

    #[test]
    fn solving_then_evaluating_returns_the_goal(
        looks in 1..=5_u32, gamma in -8.0..2.0_f64, beta in 0.01..0.6_f64, bend in -0.4..0.4_f64,
    ) {
        let information = equal(looks);
        let rule = function("hwang_shih_decani", &[gamma]);
        let upper = spending("pocock", &[], 0.025, &information, &information);
        let shape: Vec<f64> = information.iter().map(|t| t.sqrt() * (1.0 + bend * (t - 1.0))).collect();
        let drift = drift_for_power(&information, &efficacy_only(&upper), &shape, 1.0 - beta).unwrap();
        let means: Vec<f64> = shape.iter().map(|s| drift * s).collect();
        prop_assert!((power(&information, &means, &efficacy_only(&upper)).unwrap() - 1.0 + beta).abs() < 1e-10);
        let closed = close(Efficacy::NonBinding(&upper), rule.as_ref(), beta, &information, &information, &shape).unwrap();
        let means: Vec<f64> = shape.iter().map(|s| closed.scale * s).collect();
        prop_assert!((power(&information, &means, &closed.bounds).unwrap() - 1.0 + beta).abs() < 1e-10);
        let spent: f64 = canonical(&information, &means, &closed.bounds).unwrap().futility.iter().sum();
        prop_assert!(spent <= beta + 1e-9);
    }
}

/// Cases of each property.
const CASES: u32 = 60;
