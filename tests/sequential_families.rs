//! Binding, skipped and two-sided looks, Pampallona–Tsiatis, futility by conditional and predictive power.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sequential_common;

use seamline::numerics::mvn;
use seamline::numerics::normal::upper_quantile;
use seamline::sequential::bounds::{Sides, bounds, efficacy_bounds, wang_tsiatis};
use seamline::sequential::conditional::{Prior, conditional_crossing, predictive_power};
use seamline::sequential::crossing::canonical;
use seamline::sequential::families::pampallona_tsiatis;
use seamline::sequential::power::constant_effect;
use seamline::sequential::{Assumption, BoundPlan, Bounds, EfficacyPlan, FutilityPlan};
use sequential_common::{assert_all, efficacy_only, equal, function};

const NEVER: f64 = f64::NEG_INFINITY;

fn of(plan: &BoundPlan, alpha: f64, information: &[f64], means: &[f64]) -> Bounds {
    bounds(plan, alpha, information, information, means, |_, _| f64::NAN).unwrap()
}

fn null(information: &[f64], bounds: &Bounds) -> f64 {
    canonical(information, &vec![0.0; information.len()], bounds).unwrap().reject()
}

/// Every way of asking for efficacy, with binding z futility: the level is spent exactly with both bounds in force, and no bound is
/// above its non-binding fellow.
#[test]
fn binding_bounds_spend_the_level_with_futility_in_force() {
    let information = [0.3, 0.55, 0.8, 1.0];
    let plans = [
        EfficacyPlan::Spending(function("obrien_fleming", &[])),
        EfficacyPlan::Spending(function("pocock", &[])),
        EfficacyPlan::WangTsiatis { delta: 0.25 },
        EfficacyPlan::HaybittlePeto { z: 3.0 },
    ];
    for efficacy in plans {
        let mut plan = BoundPlan::of(efficacy);
        plan.futility = Some(FutilityPlan::Bounds(vec![-0.2, NEVER, 0.9, NEVER]));
        let open = of(&plan, 0.025, &information, &[]);
        plan.binding = true;
        let binding = of(&plan, 0.025, &information, &[]);
        assert!((null(&information, &binding) - 0.025).abs() < 1e-12, "{plan:?}");
        assert!((null(&information, &efficacy_only(&open.efficacy)) - 0.025).abs() < 1e-12, "{plan:?}");
        assert!(binding.efficacy.iter().zip(&open.efficacy).all(|(a, b)| *a <= b + 1e-12), "{binding:?} {open:?}");
        assert!(binding.efficacy[3] < open.efficacy[3] - 1e-3);
        assert_eq!(binding.futility, open.futility);
    }
}

/// β-spending in force spends both errors; the bounds of a design that closes are those of `close`.
#[test]
fn binding_beta_spending_by_the_plan() {
    let information = [0.5, 0.75, 1.0];
    // a-beta-spending-binding-3: drift of the closed design.
    let drift = 3.317_646_8;
    let means: Vec<f64> = constant_effect(&information).iter().map(|share| drift * share).collect();
    let mut plan = BoundPlan::of(EfficacyPlan::Spending(function("obrien_fleming", &[])));
    plan.futility = Some(FutilityPlan::Spending { function: function("hwang_shih_decani", &[-2.0]), beta: 0.1 });
    plan.binding = true;
    let found = of(&plan, 0.025, &information, &means);
    assert!((null(&information, &found) - 0.025).abs() < 1e-12);
    let stopped = canonical(&information, &means, &found).unwrap().futility;
    let spent = |time: f64| 0.1 * libm::expm1(2.0 * time) / libm::expm1(2.0);
    assert!((stopped[0] - spent(0.5)).abs() < 1e-12 && (stopped[0] + stopped[1] - spent(0.75)).abs() < 1e-12);
}

#[test]
fn circular_binding_is_refused() {
    let information = [0.5, 1.0];
    let mut plan = BoundPlan::of(EfficacyPlan::WangTsiatis { delta: 0.0 });
    plan.binding = true;
    plan.futility = Some(FutilityPlan::PredictivePower { least: vec![0.1, 0.0] });
    assert!(bounds(&plan, 0.025, &information, &information, &[], |_, _| f64::NAN).is_err());
    plan.futility = Some(FutilityPlan::Spending { function: function("pocock", &[]), beta: 0.1 });
    assert!(bounds(&plan, 0.025, &information, &information, &[1.0, 2.0], |_, _| f64::NAN).is_err());
}

/// A look without a bound spends nothing: the others' bounds are those of a design that has only them.
#[test]
fn skipped_looks() {
    let information = [0.25, 0.5, 0.75, 1.0];
    let at = [false, true, false, true];
    let kept = [0.5, 1.0];
    let plans = [
        EfficacyPlan::Spending(function("hwang_shih_decani", &[-2.0])),
        EfficacyPlan::WangTsiatis { delta: 0.5 },
        EfficacyPlan::HaybittlePeto { z: 2.8 },
    ];
    for efficacy in plans {
        let expected = efficacy_bounds(&efficacy, 0.025, &kept, &kept).unwrap();
        let mut plan = BoundPlan::of(efficacy);
        plan.efficacy_at = Some(at.to_vec());
        let found = of(&plan, 0.025, &information, &[]).efficacy;
        assert_eq!([found[0], found[2]], [f64::INFINITY; 2]);
        assert_all(&[found[1], found[3]], &expected, 1e-10);
    }
    // Efficacy at the last look only: z of the level. Futility at the second look only.
    let mut plan = BoundPlan::of(EfficacyPlan::Spending(function("pocock", &[])));
    plan.efficacy_at = Some(vec![false, false, false, true]);
    plan.futility = Some(FutilityPlan::Spending { function: function("pocock", &[]), beta: 0.2 });
    plan.futility_at = Some(vec![false, true, false, false]);
    let means: Vec<f64> = constant_effect(&information).iter().map(|share| 3.0 * share).collect();
    let found = of(&plan, 0.025, &information, &means);
    assert!((found.efficacy[3] - upper_quantile(0.025)).abs() < 1e-12);
    assert_eq!([found.futility[0], found.futility[2], found.futility[3]], [NEVER; 3]);
    let stopped = canonical(&information, &means, &found).unwrap().futility;
    let spent = function("pocock", &[]).spent(0.2, 0.5);
    assert!((stopped[1] - spent).abs() < 1e-12, "{stopped:?} {spent}");
    plan.efficacy_at = Some(vec![true, true, true, false]);
    assert!(bounds(&plan, 0.025, &information, &information, &means, |_, _| f64::NAN).is_err());
}

/// Two-sided: the level of each side, lower bounds the mirror image. `tables.md` A1 and A2 by the plan.
#[test]
fn two_sided_plans() {
    let information = equal(5);
    for (delta, expected) in [(0.5, 2.413_176), (0.0, 2.040_073)] {
        let mut plan = BoundPlan::of(EfficacyPlan::WangTsiatis { delta });
        plan.sides = Sides::Two;
        let found = of(&plan, 0.025, &information, &[]);
        assert!((found.efficacy[4] - expected).abs() < 1e-6);
        assert_eq!(found.efficacy, wang_tsiatis(delta, 0.05, &information, Sides::Two).unwrap());
        assert!((0..4).all(|look| found.futility[look] == -found.efficacy[look]));
    }
    let mut plan = BoundPlan::of(EfficacyPlan::Spending(function("pocock", &[])));
    plan.sides = Sides::Two;
    let found = of(&plan, 0.025, &information, &[]);
    let crossing = canonical(&information, &[0.0; 5], &found).unwrap();
    assert!((crossing.reject() - 0.025).abs() < 1e-12);
    assert!((0..4).all(|look| (crossing.efficacy[look] - crossing.futility[look]).abs() < 1e-13));
}

/// Pampallona–Tsiatis by their definition, and by an independent route: the multivariate normal law of two looks.
#[test]
fn pampallona_tsiatis_holds_both_errors_and_closes() {
    for (deltas, looks, alpha, beta) in [
        ([0.0, 0.0], 2, 0.05, 0.2),
        ([0.5, 0.5], 5, 0.025, 0.1),
        ([0.25, -0.5], 3, 0.025, 0.2),
        ([0.0, 0.0], 1, 0.025, 0.1),
    ] {
        let information = equal(looks);
        for binding in [true, false] {
            let mut found = pampallona_tsiatis(deltas, [alpha, beta], &information, binding).unwrap();
            let last = information.len() - 1;
            let c1 = found.efficacy[last];
            let open = wang_tsiatis(deltas[0], alpha, &information, Sides::One).unwrap();
            assert!(if binding { c1 <= open[last] + 1e-10 } else { (c1 - open[last]).abs() < 1e-10 });
            if binding {
                assert!((null(&information, &found) - alpha).abs() < 1e-11);
            } else {
                assert!((null(&information, &efficacy_only(&found.efficacy)) - alpha).abs() < 1e-11);
            }
            // δ from the first look: a_1 = δ√τ − (δ − C₁) τ^{Δ₀−½}.
            if looks > 1 {
                let (t, d0) = (information[0], deltas[1]);
                let power = libm::pow(t, d0 - 0.5);
                let delta = (found.futility[0] - c1 * power) / (t.sqrt() - power);
                let means: Vec<f64> = constant_effect(&information).iter().map(|share| delta * share).collect();
                found.futility[last] = c1;
                let crossing = canonical(&information, &means, &found).unwrap();
                assert!((crossing.futility.iter().sum::<f64>() - beta).abs() < 1e-9, "{deltas:?} {crossing:?}");
                assert!((crossing.reject() - 1.0 + beta).abs() < 1e-9);
            }
            if looks == 2 && binding {
                let law = nalgebra::DMatrix::from_row_slice(2, 2, &[1.0, 0.5_f64.sqrt(), 0.5_f64.sqrt(), 1.0]);
                let (low, high) = ([found.futility[0], c1], [found.efficacy[0], f64::INFINITY]);
                let later = mvn::rectangle(&low, &high, &[0.0; 2], &law, 1e-7, 1_000_000).unwrap().value;
                let first = seamline::numerics::normal::sf(found.efficacy[0]);
                assert!((first + later - alpha).abs() < 1e-6);
            }
        }
    }
}

/// At the converted z the chance is what was asked for; at a higher z the trial goes on.
#[test]
fn conditional_and_predictive_power_bounds() {
    let information = [0.4, 0.7, 1.0];
    // A delayed effect: nothing at the first look.
    let means = [0.1, 1.4, 3.2];
    for under in [Assumption::Assumed, Assumption::Trend, Assumption::Null] {
        let least = vec![0.2, 0.05, 0.0];
        let mut plan = BoundPlan::of(EfficacyPlan::Spending(function("obrien_fleming", &[])));
        plan.futility = Some(FutilityPlan::ConditionalPower { least: least.clone(), under });
        let found = of(&plan, 0.025, &information, &means);
        assert_eq!(found.futility[2], NEVER);
        for look in 0..2 {
            let z = found.futility[look];
            let assumed: Vec<f64> = match under {
                Assumption::Assumed => means.to_vec(),
                Assumption::Trend => information.iter().map(|t| z * (t / information[look]).sqrt()).collect(),
                Assumption::Null => vec![0.0; 3],
            };
            let bounds = efficacy_only(&found.efficacy);
            let power = conditional_crossing(&information, &assumed, &bounds, look, z).unwrap().reject();
            assert!((power - least[look]).abs() < 1e-9, "{under:?} {look}: {power}");
        }
    }
    let mut plan = BoundPlan::of(EfficacyPlan::WangTsiatis { delta: 0.5 });
    plan.futility = Some(FutilityPlan::PredictivePower { least: vec![0.0, 0.1, 0.0] });
    let found = of(&plan, 0.025, &information, &[]);
    assert_eq!(found.futility[0], NEVER);
    let bounds = efficacy_only(&found.efficacy);
    let power = predictive_power(&information, &bounds, 1, found.futility[1], Prior::Flat).unwrap();
    assert!((power - 0.1).abs() < 1e-9);
}

/// Predictive power under a normal prior: closed form against quadrature at a single later look, its limits, and the law of total
/// probability over the prior.
#[test]
fn predictive_power_under_a_normal_prior() {
    use seamline::numerics::quadrature::hermite;
    use seamline::sequential::conditional::final_predictive_power;
    let information = [40.0, 100.0];
    let bound = 1.98;
    let bounds = efficacy_only(&[f64::INFINITY, bound]);
    let prior = Prior::Normal { mean: 0.3, sd: 0.1 };
    let z = 1.1;
    let closed = final_predictive_power(&information, bound, 0, z, prior).unwrap();
    assert!((closed - predictive_power(&information, &bounds, 0, z, prior).unwrap()).abs() < 1e-11);
    let flat = final_predictive_power(&information, bound, 0, z, Prior::Flat).unwrap();
    let wide = final_predictive_power(&information, bound, 0, z, Prior::Normal { mean: 0.3, sd: 1e4 }).unwrap();
    assert!((flat - wide).abs() < 1e-7);
    let sure = final_predictive_power(&information, bound, 0, z, Prior::Normal { mean: 0.3, sd: 1e-7 }).unwrap();
    let conditional =
        conditional_crossing(&information, &[0.3 * 40.0_f64.sqrt(), 3.0], &bounds, 0, z).unwrap().reject();
    assert!((sure - conditional).abs() < 1e-7);
    // Averaged over what the first look may show under the prior, it is the prior's power: Z_K ~ N(0.3·10, 1 + 0.01·100).
    let sd = (1.0 + 0.01 * 40.0_f64).sqrt();
    let rule = hermite(60);
    let average: f64 = rule
        .nodes
        .iter()
        .zip(&rule.weights)
        .map(|(x, weight)| {
            weight * final_predictive_power(&information, bound, 0, 0.3 * 40.0_f64.sqrt() + sd * x, prior).unwrap()
        })
        .sum::<f64>()
        / rule.weights.iter().sum::<f64>();
    let power = seamline::numerics::normal::sf((bound - 3.0) / 2.0_f64.sqrt());
    assert!((average - power).abs() < 1e-9, "{average} {power}");
}
