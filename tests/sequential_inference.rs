//! Inference after and during a trial: other programs, independent derivations, simulated coverage.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sequential_common;
mod uniform;

use seamline::numerics::normal::{quantile, sf, upper_quantile};
use seamline::sequential::bounds::{bounds, efficacy_bounds};
use seamline::sequential::conditional::{Prior, conditional_crossing, final_conditional_power, predictive_power};
use seamline::sequential::crossing::canonical;
use seamline::sequential::futility::{Efficacy, close};
use seamline::sequential::inference::{
    Path, naive_interval, repeated_interval, repeated_p, stagewise_interval, stagewise_limit, stagewise_p,
};
use seamline::sequential::monitoring::{Held, Planned};
use seamline::sequential::power::{constant_effect, drift_for_power, inflation_factor};
use seamline::sequential::{BoundPlan, Bounds, EfficacyPlan, FutilityPlan};
use sequential_common::{assert_all, efficacy_only, equal, function, spending};
use uniform::Uniform;

fn repeated(plan: &EfficacyPlan, information: &[f64], times: &[f64], look: usize, z: f64) -> f64 {
    repeated_p(z, |alpha| efficacy_bounds(plan, alpha, information, times).map_or(f64::INFINITY, |b| b[look]))
        .unwrap()
        .unwrap()
}

/// `tables.md` B1, rpact: Wang–Tsiatis 0.25, z 1.52, 1.38, 2.90 at 8, 15, 38 events; the law at the planned rates, the scale by
/// events. The source's hazard ratio is above 1 where the experimental arm is better.
#[test]
fn b1_wang_tsiatis_three_looks() {
    let rates = [0.2, 0.4, 1.0];
    let plan = EfficacyPlan::WangTsiatis { delta: 0.25 };
    let upper = efficacy_bounds(&plan, 0.025, &rates, &rates).unwrap();
    let (z, events) = ([1.52, 1.38, 2.90], [8.0, 15.0, 38.0]);
    let intervals = [[0.342_179_73, 25.078_822], [0.545_535_09, 7.623_579_6], [1.325_822, 4.951_723_7]];
    let p = [0.222_491_82, 0.193_458_22, 0.001_964_611_5];
    for look in 0..3 {
        let found = repeated_interval(0.25 * events[look], z[look], upper[look]);
        assert!((found.low.exp() / intervals[look][0] - 1.0).abs() < 1e-6, "{found:?}");
        assert!((found.high.exp() / intervals[look][1] - 1.0).abs() < 1e-6, "{found:?}");
        let found = repeated(&plan, &rates, &rates, look, z[look]);
        // The source's search stops at about 1e-6; the family's level at this constant is exact.
        assert!((found - p[look]).abs() < 2e-6, "{look}: {found}");
        let constant = z[look] * rates[look].powf(0.25);
        let same = efficacy_only(&rates.map(|rate| constant * rate.powf(-0.25)));
        assert!((canonical(&rates, &[0.0; 3], &same).unwrap().reject() - found).abs() < 1e-9);
    }
    for (look, expected) in [(0, 0.076_909_306), (1, 0.067_473_058)] {
        let error = conditional_crossing(&rates, &[0.0; 3], &efficacy_only(&upper), look, z[look]).unwrap().reject();
        assert!((error - expected).abs() < 1e-7, "{error}");
    }
    let information = rates.map(|rate| 0.25 * 38.0 * rate);
    let path = Path { information: &information, efficacy: &upper[..2], futility: None, z: 2.90 };
    assert!((stagewise_p(&path, 0.0).unwrap() - 0.007_453_550_5).abs() < 1e-8);
    let found = stagewise_interval(&path, 0.025).unwrap();
    // The source stops its search at 1e-6.
    assert!((found.low.exp() - 1.222_663).abs() < 2e-6 && (found.high.exp() - 4.752_454).abs() < 1e-5, "{found:?}");
    assert!((found.estimate.exp() - 2.476_400_2).abs() < 2e-6, "{found:?}");
}

/// `tables.md` B5, rpact: O'Brien–Fleming type spending, z 1.5 and 2.5 at 100 and 200 events.
#[test]
fn b5_obrien_fleming_two_looks() {
    let information = [25.0, 50.0];
    let plan = EfficacyPlan::Spending(function("obrien_fleming", &[]));
    let times = [0.5, 1.0];
    let upper = efficacy_bounds(&plan, 0.025, &information, &times).unwrap();
    let z = [1.5, 2.5];
    let intervals = [[0.409_623_14, 1.339_796_3], [0.531_551_68, 0.927_602_55]];
    let p = [0.194_940_22, 0.006_248_508];
    for look in 0..2 {
        let found = repeated_interval(information[look], z[look], upper[look]);
        assert_all(&[(-found.high).exp(), (-found.low).exp()], &intervals[look], 1e-6);
        assert!((repeated(&plan, &information, &times, look, z[look]) - p[look]).abs() < 2e-6);
    }
    let error = conditional_crossing(&information, &[0.0; 2], &efficacy_only(&upper), 0, 1.5).unwrap().reject();
    assert!((error - 0.099_568_413).abs() < 1e-7);
    let path = Path { information: &information, efficacy: &upper[..1], futility: None, z: 2.5 };
    assert!((stagewise_p(&path, 0.0).unwrap() - 0.007_141_776_1).abs() < 1e-8);
    let found = stagewise_interval(&path, 0.025).unwrap();
    assert_all(
        &[(-found.high).exp(), (-found.estimate).exp(), (-found.low).exp()],
        &[0.532_980_59, 0.703_876_39, 0.931_423_8],
        1e-6,
    );
}

/// `tables.md` B9 (gsDesign2), B11 (gsDesign gsCP at z = 1.2), B12 (gsDesign ssrCP, fixed sample size).
#[test]
fn b9_b11_b12_conditional_power() {
    let means = [0.1 * 15.0_f64.sqrt(), 0.2 * 35.0_f64.sqrt()];
    let found = final_conditional_power(&[15.0, 35.0], &means, 1.96, 0, 1.5).unwrap();
    assert!((found - 0.474_500_72).abs() < 1e-8);

    let information = equal(3);
    let upper = efficacy_only(&spending("hwang_shih_decani", &[-4.0], 0.025, &information, &information));
    let shape = constant_effect(&information);
    let drift = drift_for_power(&information, &upper, &shape, 0.9).unwrap();
    let trend = 1.2 / information[0].sqrt();
    for (scale, expected) in [(trend, 0.543_684_91), (0.0, 0.057_475_67), (drift, 0.859_148_95)] {
        let means: Vec<f64> = shape.iter().map(|share| scale * share).collect();
        let found = conditional_crossing(&information, &means, &upper, 0, 1.2).unwrap().reject();
        assert!((found - expected).abs() < 2e-6, "{found} {expected}");
    }

    let information = equal(2);
    let upper = efficacy_only(&spending("hwang_shih_decani", &[-4.0], 0.025, &information, &information));
    for (z, cut, power) in [(0.8, 2.001_743, 0.114_731_56), (1.16, 1.641_743, 0.314_994_26)] {
        let null = conditional_crossing(&information, &[0.0; 2], &upper, 0, z).unwrap().reject();
        assert!((null - sf(cut)).abs() < 1e-6);
        let trend = conditional_crossing(&information, &[z, z * 2.0_f64.sqrt()], &upper, 0, z).unwrap().reject();
        assert!((trend - power).abs() < 1e-6, "{trend} {power}");
    }
}

/// `tables.md` B15: lrstat repeatedPValue, and gsDesign sequentialPValue.
#[test]
fn b15_repeated_and_sequential_p() {
    let plan = EfficacyPlan::Spending(function("obrien_fleming", &[]));
    let information = [529.0, 700.0, 800.0];
    let times = [0.627_118_6, 0.830_508_5, 1.0];
    for (look, (p, expected)) in
        [(0.2, 0.310_167_26), (0.15, 0.225_899_25), (0.1, 0.123_218_63)].into_iter().enumerate()
    {
        let found = repeated(&plan, &information, &times, look, upper_quantile(p));
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }
    // Sources stop their searches at about 1e-6.
    let thirds = equal(3);
    for (p, expected) in [
        ([0.0062, 0.0002], [0.114_057_75, 0.002_393_358_8]),
        ([0.017, 0.0035], [0.168_213_68, 0.017_160_592_3]),
        ([0.009, 0.002], [0.131_536_57, 0.011_648_306_3]),
        ([0.13, 0.06], [0.382_027_48, 0.128_460_197]),
    ] {
        for look in 0..2 {
            let found = repeated(&plan, &thirds, &thirds, look, upper_quantile(p[look]));
            assert!((found - expected[look]).abs() < 1e-6, "{found} {expected:?}");
        }
    }
    // gsDesign(k = 4, timing 0.4 0.7 0.85, n.fix = 100), type 4, observed at the next whole numbers.
    let timing = [0.4, 0.7, 0.85, 1.0];
    let (up, down) = (function("hwang_shih_decani", &[-4.0]), function("hwang_shih_decani", &[-2.0]));
    let planned = efficacy_bounds(&EfficacyPlan::Spending(up.clone()), 0.025, &timing, &timing).unwrap();
    let closed =
        close(Efficacy::NonBinding(&planned), down.as_ref(), 0.1, &timing, &timing, &constant_effect(&timing)).unwrap();
    let largest = 100.0 * inflation_factor(closed.scale, 0.025, 0.9);
    let information = timing.map(|share| (largest * share).ceil());
    let times = information.map(|level| (level / largest).min(1.0));
    let plan = EfficacyPlan::Spending(up);
    let z = [1.5, 2.0, 2.2, 2.4];
    let sequential = (0..4).map(|look| repeated(&plan, &information, &times, look, z[look])).fold(1.0, f64::min);
    assert!((sequential - 0.010_393_369).abs() < 2e-5, "{sequential}");
}

/// A single look is the textbook: p, estimate, interval.
#[test]
fn a_single_look() {
    let path = Path { information: &[64.0], efficacy: &[], futility: None, z: 2.1 };
    let found = stagewise_interval(&path, 0.025).unwrap();
    let naive = naive_interval(64.0, 2.1, 0.025);
    assert_all(&[found.low, found.estimate, found.high], &[naive.low, naive.estimate, naive.high], 1e-10);
    assert!(stagewise_limit(&path, 1.0).is_err() && stagewise_limit(&Path { z: f64::NAN, ..path }, 0.5).is_err());
    assert_eq!(repeated_p(2.0, |_| 3.0).unwrap(), None);
    assert_eq!(repeated_p(-5.0, upper_quantile).unwrap(), Some(0.5));
    assert_eq!(repeated_p(12.0, upper_quantile).unwrap(), Some(1e-12));
}

/// Where the design just rejects at look k, the stage-wise p-value is the level spent by then, and the interval's end is 0 at the last.
#[test]
fn at_a_bound_the_p_value_is_what_was_spent() {
    let information = [30.0, 60.0, 110.0];
    let times = [0.3, 0.6, 1.0];
    let rule = function("pocock", &[]);
    let upper = spending("pocock", &[], 0.025, &information, &times);
    for look in 0..3 {
        let path =
            Path { information: &information[..=look], efficacy: &upper[..look], futility: None, z: upper[look] };
        assert!((stagewise_p(&path, 0.0).unwrap() - rule.spent(0.025, times[look])).abs() < 1e-11);
        let plan = EfficacyPlan::Spending(rule.clone());
        assert!((repeated(&plan, &information, &times, look, upper[look]) - 0.025).abs() < 1e-9);
    }
    let path = Path { information: &information, efficacy: &upper[..2], futility: None, z: upper[2] };
    assert!(stagewise_limit(&path, 0.025).unwrap().abs() < 1e-9);
}

/// Simulated: the stage-wise p-value at the true θ is uniform (so that intervals cover and the estimate is median-unbiased), also
/// with binding futility; within 4 mcse.
#[test]
fn stagewise_p_is_uniform_at_the_truth() {
    let information = [20.0_f64, 50.0, 90.0];
    let times = [0.2, 0.5, 1.0];
    let upper = spending("pocock", &[], 0.025, &information, &times);
    let lower = [-0.5, 0.6, f64::NEG_INFINITY];
    let trials = 20_000_u32;
    for (run, (theta, binding)) in [(0.0, false), (0.3, false), (0.0, true), (0.25, true)].into_iter().enumerate() {
        let mut counts = [0_u32; 5];
        let shares = [0.025, 0.1, 0.5, 0.9, 0.975];
        for trial in 0..trials {
            let mut stream = Draws(Uniform(u64::from(trial) + 1_000_003 * run as u64));
            let (mut score, mut before) = (0.0, 0.0);
            for look in 0..3 {
                let step = information[look] - before;
                score += theta * step + step.sqrt() * stream.normal();
                before = information[look];
                let z = score / before.sqrt();
                if look == 2 || z >= upper[look] || (binding && z <= lower[look]) {
                    let path = Path {
                        information: &information[..=look],
                        efficacy: &upper[..look],
                        futility: binding.then_some(&lower[..look]),
                        z,
                    };
                    let p = stagewise_p(&path, theta).unwrap();
                    for (count, share) in counts.iter_mut().zip(shares) {
                        *count += u32::from(p <= share);
                    }
                    break;
                }
            }
        }
        for (count, share) in counts.into_iter().zip(shares) {
            let seen = f64::from(count) / f64::from(trials);
            let mcse = (share * (1.0 - share) / f64::from(trials)).sqrt();
            assert!((seen - share).abs() < 4.0 * mcse, "{theta} {binding} {share}: {seen}");
        }
    }
}

/// Normal draws by inversion.
struct Draws(Uniform);

impl Draws {
    fn normal(&mut self) -> f64 {
        quantile(self.0.inside())
    }
}

fn no_ratio(_: usize, _: f64) -> f64 {
    f64::NAN
}

/// At the planned information the bounds are the planned ones, for every way of asking for them.
#[test]
fn monitoring_at_the_planned_information() {
    let information = [40.0, 75.0, 100.0];
    let times = [0.4, 0.75, 1.0];
    let means: Vec<f64> = constant_effect(&information).iter().map(|share| 3.2 * share).collect();
    let mut plans: Vec<BoundPlan> = [
        EfficacyPlan::Spending(function("obrien_fleming", &[])),
        EfficacyPlan::WangTsiatis { delta: 0.25 },
        EfficacyPlan::HaybittlePeto { z: 3.0 },
        EfficacyPlan::Bounds(vec![3.0, f64::INFINITY, 2.0]),
        EfficacyPlan::PampallonaTsiatis { delta_efficacy: 0.0, delta_futility: 0.0, beta: 0.1 },
    ]
    .map(BoundPlan::of)
    .to_vec();
    plans[4].binding = true;
    plans[0].futility = Some(FutilityPlan::Spending { function: function("pocock", &[]), beta: 0.1 });
    plans[1].futility = Some(FutilityPlan::Bounds(vec![0.0, 0.5, f64::NEG_INFINITY]));
    plans[1].binding = true;
    for plan in &plans {
        let planned = Planned { plan, alpha: 0.025, information: &information, spending_time: &times, means: &means };
        let expected = bounds(plan, 0.025, &information, &times, &means, no_ratio).unwrap();
        for held in 1..=3 {
            let looks: Vec<Held> =
                (0..held).map(|look| Held { look, information: information[look], fraction: times[look] }).collect();
            let course = planned.course(&looks).unwrap();
            assert_eq!(course.information, information);
            assert_all(&course.means, &means, 1e-12);
            let found = planned.bounds(&course, 0.025, no_ratio).unwrap();
            for look in 0..3 {
                let same = |a: f64, b: f64| a == b || (a - b).abs() < 1e-9;
                assert!(same(found.efficacy[look], expected.efficacy[look]), "{plan:?} {found:?} {expected:?}");
                assert!(same(found.futility[look], expected.futility[look]), "{plan:?} {found:?} {expected:?}");
            }
        }
    }
}

/// Under- and over-running, and a look not held: the level is spent exactly, the interim spends by the smaller share, and a look not
/// held leaves its level to the next.
#[test]
fn monitoring_off_plan_holds_the_level() {
    let information = [40.0, 75.0, 100.0];
    let times = [0.4, 0.75, 1.0];
    let held = |values: &[(usize, f64)]| -> Vec<Held> {
        values.iter().map(|&(look, level)| Held { look, information: level, fraction: level / 100.0 }).collect()
    };
    for efficacy in [
        EfficacyPlan::Spending(function("obrien_fleming", &[])),
        EfficacyPlan::WangTsiatis { delta: 0.0 },
        EfficacyPlan::HaybittlePeto { z: 2.9 },
    ] {
        let plan = BoundPlan::of(efficacy.clone());
        let planned =
            Planned { plan: &plan, alpha: 0.025, information: &information, spending_time: &times, means: &[] };
        for looks in [
            held(&[(0, 35.0), (1, 80.0), (2, 92.0)]),
            held(&[(0, 44.0), (1, 70.0), (2, 130.0)]),
            held(&[(1, 81.0), (2, 99.0)]),
            held(&[(2, 60.0)]),
            held(&[(0, 20.0)]),
            held(&[(0, 120.0)]),
        ] {
            let course = planned.course(&looks).unwrap();
            let found = planned.bounds(&course, 0.025, no_ratio).unwrap();
            let zeros = vec![0.0; course.information.len()];
            let spent = canonical(&course.information, &zeros, &efficacy_only(&found.efficacy)).unwrap();
            assert!((spent.reject() - 0.025).abs() < 1e-11, "{efficacy:?} {looks:?} {found:?}");
            if let EfficacyPlan::Spending(function) = &efficacy {
                for (index, look) in looks.iter().enumerate() {
                    let time = if look.look == 2 { 1.0 } else { times[look.look].min(look.fraction) };
                    let so_far: f64 = spent.efficacy[..=index].iter().sum();
                    assert!((so_far - function.spent(0.025, time)).abs() < 1e-11);
                }
            }
        }
        assert!(planned.course(&held(&[(1, 50.0), (0, 60.0)])).is_err());
        assert!(planned.course(&held(&[(0, 50.0), (1, 50.0)])).is_err());
        assert!(planned.course(&[]).is_err());
    }
}

/// Predictive power at the design stage averages to the posterior's: a martingale over the next look.
#[test]
fn predictive_power_is_a_martingale() {
    let information = [30.0, 60.0, 100.0];
    let bounds = Bounds { efficacy: vec![f64::INFINITY, f64::INFINITY, 2.0], futility: vec![f64::NEG_INFINITY; 3] };
    let now = predictive_power(&information, &bounds, 0, 1.3, Prior::Flat).unwrap();
    // Z_2 | Z_1 under the flat prior: score N(z√I₁ + θ̂Δ, Δ + Δ²/I₁).
    let (mean, sd) = (1.3 / 30.0_f64.sqrt() * 60.0, (30.0_f64 + 30.0 * 30.0 / 30.0).sqrt());
    let rule = seamline::numerics::quadrature::hermite(60);
    let average: f64 = rule
        .nodes
        .iter()
        .zip(&rule.weights)
        .map(|(x, weight)| {
            weight * predictive_power(&information, &bounds, 1, (mean + sd * x) / 60.0_f64.sqrt(), Prior::Flat).unwrap()
        })
        .sum();
    assert!((now - average).abs() < 1e-8, "{now} {average}");
}
