//! Bounds against published ones and against other programs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

mod sequential_common;

use seamline::numerics::normal::{sf, upper_quantile};
use seamline::numerics::roots::brent;
use seamline::sequential::bounds::{BoundError, Sides, bounds as bounds_of, efficacy_bounds, wang_tsiatis};
use seamline::sequential::crossing::canonical;
use seamline::sequential::futility::{Efficacy, close};
use seamline::sequential::power::{constant_effect, drift_for_power, inflation_factor, power};
use seamline::sequential::{BoundPlan, Bounds, EfficacyPlan, FutilityPlan};
use sequential_common::{assert_all, efficacy_only, equal, function, spending};

/// `tables.md` A1: constants of Jennison and Turnbull 2000, tables 2.1 and 2.3, and inflation factors at power 0.9; two-sided.
#[test]
fn a1_pocock_and_obrien_fleming_constants() {
    for (looks, pocock, obrien_fleming, r_pocock, r_obrien_fleming) in [
        (2, 2.178_272, 1.977_431, 1.100_082_5, 1.007_126_4),
        (3, 2.289_478, 2.004_036, 1.150_639_2, 1.016_100_7),
        (4, 2.361_298, 2.024_295, 1.183_142_2, 1.022_163_0),
        (5, 2.413_176, 2.040_073, 1.206_603_2, 1.026_486_3),
        (10, 2.555_013, 2.086_502, 1.271_278_4, 1.037_457_2),
    ] {
        for (delta, constant, inflation) in [(0.5, pocock, r_pocock), (0.0, obrien_fleming, r_obrien_fleming)] {
            let information = equal(looks);
            let upper = wang_tsiatis(delta, 0.05, &information, Sides::Two).unwrap();
            assert!((upper.last().unwrap() - constant).abs() < 1e-6, "{looks} {delta}: {upper:?}");
            // The sources count rejections on the right side as power.
            let shape = constant_effect(&information);
            let lower: Vec<f64> = upper.iter().map(|b| -b).collect();
            let two_sided = Bounds { efficacy: upper, futility: lower };
            let drift = drift_for_power(&information, &two_sided, &shape, 0.9).unwrap();
            let factor = inflation_factor(drift, 0.025, 0.9);
            assert!((factor - inflation).abs() < 1e-6, "{looks} {delta}: {factor} {inflation}");
        }
    }
    for (alpha, looks, pocock, obrien_fleming) in [
        (0.01, 2, 2.771_808_6, 2.579_569_6),
        (0.01, 5, 2.986_271_8, 2.621_170_6),
        (0.10, 2, 1.875_423, 1.677_952_7),
        (0.10, 5, 2.121_682_5, 1.750_865_8),
    ] {
        let constant = |delta| *wang_tsiatis(delta, alpha, &equal(looks), Sides::Two).unwrap().last().unwrap();
        assert!((constant(0.5) - pocock).abs() < 1e-6, "{} {pocock}", constant(0.5));
        assert!((constant(0.0) - obrien_fleming).abs() < 1e-6, "{} {obrien_fleming}", constant(0.0));
    }
}

/// `tables.md` A3: gsDesign test-outputs.R.
#[test]
fn a3_obrien_fleming_four_looks() {
    let upper = wang_tsiatis(0.0, 0.05, &equal(4), Sides::Two).unwrap();
    assert_all(&upper, &[4.05, 2.86, 2.34, 2.02], 5.1e-3);
}

/// Bounds, β, largest sample size, and expected sample size at multiples of the alternative.
type SampleSizes<'a> = (Vec<f64>, f64, f64, &'a [(f64, f64)]);

/// `tables.md` A4: largest and expected sample size in percent of a fixed one (Jennison and Turnbull 2000, through gsDesign
/// test-outputs.R). Two-sided 0.05 there is one-sided 0.025 in gsDesign's test type 1.
#[test]
fn a4_sample_sizes() {
    let wt = |delta: f64, looks: u32| {
        let plan = EfficacyPlan::WangTsiatis { delta };
        efficacy_bounds(&plan, 0.025, &equal(looks), &equal(looks)).unwrap()
    };
    let kd = |rho: f64, looks: u32| spending("kim_demets", &[rho], 0.025, &equal(looks), &equal(looks));
    let cases: [SampleSizes; 7] = [
        (wt(0.0, 5), 0.2, 102.8, &[(0.0, 102.1)]),
        (wt(0.0, 20), 0.1, 104.5, &[(0.0, 103.4)]),
        (wt(0.5, 4), 0.2, 120.2, &[(0.0, 117.5), (0.5, 108.8), (1.0, 80.5), (1.5, 52.2)]),
        (wt(0.5, 15), 0.1, 130.5, &[(0.0, 126.4), (0.5, 111.2), (1.0, 66.4), (1.5, 35.4)]),
        (kd(1.0, 3), 0.2, 111.7, &[(0.0, 109.9), (0.5, 103.4), (1.0, 81.2), (1.5, 56.5)]),
        (kd(2.0, 10), 0.2, 108.1, &[(0.0, 106.6), (0.5, 99.7), (1.0, 76.2), (1.5, 51.0)]),
        (kd(3.0, 2), 0.2, 101.0, &[(0.0, 100.7), (0.5, 98.9), (1.0, 89.5), (1.5, 70.7)]),
    ];
    for (upper, beta, largest, expected) in cases {
        let information = equal(upper.len() as u32);
        let shape = constant_effect(&information);
        // The published figures are of symmetric two-sided designs.
        let two_sided = Bounds { efficacy: upper.clone(), futility: upper.iter().map(|b| -b).collect() };
        let drift = drift_for_power(&information, &two_sided, &shape, 1.0 - beta).unwrap();
        let inflation = inflation_factor(drift, 0.025, 1.0 - beta);
        assert!((100.0 * inflation - largest).abs() < 0.0501, "{inflation} {largest}");
        for &(multiple, percent) in expected {
            let means: Vec<f64> = shape.iter().map(|s| multiple * drift * s).collect();
            let crossing = canonical(&information, &means, &two_sided).unwrap();
            let last = information.len() - 1;
            let saved: f64 =
                (0..last).map(|k| (1.0 - information[k]) * (crossing.efficacy[k] + crossing.futility[k])).sum();
            let average = 100.0 * inflation * (1.0 - saved);
            assert!((average - percent).abs() < 0.0501, "{average} {percent}");
        }
    }
}

/// `tables.md` A5: one-sided designs with binding β-spending, power families, gsDesign test-outputs.R.
#[test]
fn a5_binding_beta_spending_sample_sizes() {
    for (looks, rho, beta, largest, expected) in [
        (5, 2.0, 0.05, 110.1, [63.4, 80.3, 63.4]),
        (10, 3.0, 0.05, 106.9, [63.1, 79.5, 63.1]),
        (3, 2.0, 0.1, 107.2, [68.1, 83.9, 73.8]),
        (4, 3.0, 0.1, 104.0, [69.2, 84.2, 74.2]),
        (2, 2.0, 0.2, 104.3, [74.5, 87.8, 84.6]),
        (15, 3.0, 0.2, 106.9, [62.2, 77.3, 73.0]),
    ] {
        let information = equal(looks);
        let rule = function("kim_demets", &[rho]);
        let shape = constant_effect(&information);
        let efficacy = Efficacy::Binding { function: rule.as_ref(), alpha: 0.05, spending_time: &information };
        let closed = close(efficacy, rule.as_ref(), beta, &information, &information, &shape).unwrap();
        let inflation = inflation_factor(closed.scale, 0.05, 1.0 - beta);
        assert!((100.0 * inflation - largest).abs() < 0.051, "{looks} {rho}: {inflation} {largest}");
        for (multiple, percent) in [0.0, 0.5, 1.0].into_iter().zip(expected) {
            let means: Vec<f64> = shape.iter().map(|s| multiple * closed.scale * s).collect();
            let crossing = canonical(&information, &means, &closed.bounds).unwrap();
            let saved: f64 = (0..information.len() - 1)
                .map(|k| (1.0 - information[k]) * (crossing.efficacy[k] + crossing.futility[k]))
                .sum();
            let average = 100.0 * inflation * (1.0 - saved);
            assert!((average - percent).abs() < 0.051, "{looks} {rho} at {multiple}: {average} {percent}");
        }
    }
}

/// `tables.md` A6: Wang–Tsiatis, two-sided 0.05, gsDesign test-outputs.R.
#[test]
fn a6_wang_tsiatis() {
    for (looks, delta, beta, inflation, last) in
        [(9, 0.1, 0.1, 1.048, 2.113), (6, 0.25, 0.2, 1.077, 2.154), (7, 0.4, 0.2, 1.159, 2.313)]
    {
        let information = equal(looks);
        let upper = wang_tsiatis(delta, 0.05, &information, Sides::Two).unwrap();
        assert!((upper.last().unwrap() - last).abs() < 5.1e-4, "{upper:?}");
        let drift =
            drift_for_power(&information, &efficacy_only(&upper), &constant_effect(&information), 1.0 - beta).unwrap();
        assert!((inflation_factor(drift, 0.025, 1.0 - beta) - inflation).abs() < 5.1e-4);
    }
}

/// `tables.md` A8: rpact default design, three looks, one-sided O'Brien–Fleming.
#[test]
fn a8_one_sided_obrien_fleming() {
    let information = equal(3);
    let upper = efficacy_bounds(&EfficacyPlan::WangTsiatis { delta: 0.0 }, 0.025, &information, &information).unwrap();
    assert_all(&upper, &[3.471_091_4, 2.454_432_3, 2.004_035_6], 1e-7);
    let crossing = canonical(&information, &[0.0; 3], &efficacy_only(&upper)).unwrap();
    let spent: Vec<f64> = crossing
        .efficacy
        .iter()
        .scan(0.0, |sum, p| {
            *sum += p;
            Some(*sum)
        })
        .collect();
    assert_all(&spent, &[0.000_259_173_72, 0.007_160_059_4, 0.025], 1e-8);
    assert_all(
        &upper.iter().map(|&b| sf(b)).collect::<Vec<_>>(),
        &[0.000_259_173_72, 0.007_055_361_6, 0.022_533_125],
        1e-8,
    );
}

/// `tables.md` A9: Hwang–Shih–DeCani with γ = 0, rpact `getDesignCharacteristics`.
#[test]
fn a9_linear_spending() {
    let information = [0.2, 0.4, 1.0];
    let upper = spending("hwang_shih_decani", &[0.0], 0.03, &information, &information);
    assert_all(&upper, &[2.512_144_3, 2.422_874_7, 2.028_039_2], 1e-7);
    let shape = constant_effect(&information);
    let drift = drift_for_power(&information, &efficacy_only(&upper), &shape, 0.86).unwrap();
    assert!((drift * drift - 9.459_410_1).abs() < 1e-6, "{}", drift * drift);
    assert!((inflation_factor(drift, 0.03, 0.86) - 1.078_832_7).abs() < 1e-7);
    let means: Vec<f64> = shape.iter().map(|s| drift * s).collect();
    let crossing = canonical(&information, &means, &efficacy_only(&upper)).unwrap();
    let power: Vec<f64> = crossing
        .efficacy
        .iter()
        .scan(0.0, |sum, p| {
            *sum += p;
            Some(*sum)
        })
        .collect();
    assert_all(&power, &[0.127_834_51, 0.340_551_65, 0.86], 1e-7);
}

/// `tables.md` A12: O'Brien–Fleming-type α, power-family β; binding and not; rpact.
#[test]
fn a12_binding_and_non_binding() {
    let information = [0.4, 0.75, 1.0];
    let shape = constant_effect(&information);
    let (alpha, beta) = (0.13, 0.41);
    let of = function("obrien_fleming", &[]);
    let kd = function("kim_demets", &[2.5]);
    let upper = spending("obrien_fleming", &[], alpha, &information, &information);
    assert_all(&upper, &[2.128_073_2, 1.436_856_5, 1.246_899_4], 1e-7);
    let closed = close(Efficacy::NonBinding(&upper), kd.as_ref(), beta, &information, &information, &shape).unwrap();
    assert_all(&closed.bounds.futility[..2], &[-0.837_257_62, 0.359_925_47], 1e-6);
    let binding = Efficacy::Binding { function: of.as_ref(), alpha, spending_time: &information };
    let closed = close(binding, kd.as_ref(), beta, &information, &information, &shape).unwrap();
    assert_all(&closed.bounds.efficacy, &[2.128_073_2, 1.436_289_6, 1.221_866_2], 1e-6);
    assert_all(&closed.bounds.futility[..2], &[-0.849_376_86, 0.343_289_14], 1e-6);
}

/// `tables.md` A14: Haybittle–Peto; rpact.
#[test]
fn a14_haybittle_peto() {
    for (looks, last) in [(4, 1.982_751_4), (5, 1.990_047_7)] {
        let upper =
            efficacy_bounds(&EfficacyPlan::HaybittlePeto { z: 3.0 }, 0.025, &equal(looks), &equal(looks)).unwrap();
        assert!(upper[..upper.len() - 1].iter().all(|&b| b == 3.0));
        assert!((upper.last().unwrap() - last).abs() < 1e-7, "{upper:?}");
    }
    let exhausted = efficacy_bounds(&EfficacyPlan::HaybittlePeto { z: 1.0 }, 0.025, &equal(3), &equal(3));
    assert!(matches!(exhausted, Err(BoundError::LevelExhausted { look: 3, .. })));
}

/// `tables.md` A16: bounds at rpact's optimal Δ = 0.393 (three digits of Δ leave 1e-3).
#[test]
fn a16_wang_tsiatis_at_the_optimum() {
    let information = [0.3, 0.8, 1.0];
    let upper =
        efficacy_bounds(&EfficacyPlan::WangTsiatis { delta: 0.393 }, 0.025, &information, &information).unwrap();
    assert_all(&upper, &[2.470_075_4, 2.223_983_4, 2.171_511_7], 1e-3);
}

/// `tables.md` A17: no early efficacy, futility at 0 and 0.5, two interim looks; rpact. The source takes futility bounds (0, 0.5, 1)
/// of four equal looks.
#[test]
fn a17_no_early_efficacy() {
    let information = equal(4);
    let mut bounds = Bounds { efficacy: vec![f64::INFINITY; 4], futility: vec![0.0, 0.5, 1.0, f64::NEG_INFINITY] };
    let last = brent(1.0, 3.0, 1e-12, |b| {
        bounds.efficacy[3] = b;
        canonical(&information, &[0.0; 4], &bounds).unwrap().reject() - 0.025
    })
    .unwrap();
    assert!((last - 1.884_863_4).abs() < 1e-6, "{last}");
    let non_binding = efficacy_bounds(
        &EfficacyPlan::Spending(function("kim_demets", &[50.0])),
        0.025,
        &information,
        &[0.0, 0.0, 0.0, 1.0],
    )
    .unwrap();
    assert_eq!(non_binding[..3], [f64::INFINITY; 3]);
    assert!((non_binding[3] - 1.959_964).abs() < 1e-6);
}

/// `tables.md` A19: gsDesign() default (type 4) and its relatives.
#[test]
fn a19_gsdesign_default() {
    let information = equal(3);
    let shape = constant_effect(&information);
    let (up, down) = (function("hwang_shih_decani", &[-4.0]), function("hwang_shih_decani", &[-2.0]));
    let upper = spending("hwang_shih_decani", &[-4.0], 0.025, &information, &information);
    assert_all(&upper, &[3.010_739_5, 2.546_530_6, 1.999_226_4], 1e-6);
    let closed = close(Efficacy::NonBinding(&upper), down.as_ref(), 0.1, &information, &information, &shape).unwrap();
    assert_all(&closed.bounds.futility[..2], &[-0.238_723_96, 0.941_067_35], 2e-6);
    assert!((inflation_factor(closed.scale, 0.025, 0.9) - 1.069_883_20).abs() < 1e-6);
    let null = canonical(&information, &[0.0; 3], &closed.bounds).unwrap();
    assert_all(&null.efficacy, &[0.001_303_061_7, 0.004_938_309_2, 0.017_063_144_1], 1e-7);
    let means: Vec<f64> = shape.iter().map(|s| closed.scale * s).collect();
    let alternative = canonical(&information, &means, &closed.bounds).unwrap();
    assert_all(&alternative.efficacy, &[0.141_196_103, 0.440_273_668, 0.318_530_241], 1e-6);
    // Type 3: binding.
    let efficacy = Efficacy::Binding { function: up.as_ref(), alpha: 0.025, spending_time: &information };
    let binding = close(efficacy, down.as_ref(), 0.1, &information, &information, &shape).unwrap();
    // The source stops at 1e-6 of n, which leaves 2e-5 at the last look; ours spends 0.025 to 1e-12.
    assert_all(&binding.bounds.efficacy, &[3.010_739_49, 2.546_219_05, 1.964_319_5], 2e-5);
    assert!((canonical(&information, &[0.0; 3], &binding.bounds).unwrap().reject() - 0.025).abs() < 1e-12);
    assert_all(&binding.bounds.futility[..2], &[-0.257_933_81, 0.913_891_91], 2e-5);
    assert!((inflation_factor(binding.scale, 0.025, 0.9) - 1.048_754_42).abs() < 2e-5);
    // Type 1: no futility.
    let drift = drift_for_power(&information, &efficacy_only(&upper), &shape, 0.9).unwrap();
    assert!((inflation_factor(drift, 0.025, 0.9) - 1.015_196_69).abs() < 1e-6);
}

/// `tables.md` A20: spending bounds; gsDesign 3.11.
#[test]
fn a20_lan_demets_bounds() {
    let five = equal(5);
    for (name, parameters, expected, tolerance) in [
        ("obrien_fleming", &[][..], [4.876_884_95, 3.357_010_99, 2.680_279_58, 2.289_816_68, 2.031_032_22], 1e-6),
        ("pocock", &[], [2.437_976_69, 2.426_813_69, 2.410_194_12, 2.396_649_3, 2.385_999_73], 1e-6),
        ("hwang_shih_decani", &[-4.0], [3.252_668_49, 2.986_045_75, 2.691_657_34, 2.373_666_19, 2.025_321_26], 1e-6),
        ("kim_demets", &[3.0], [3.540_083_8, 2.974_309_98, 2.604_514_05, 2.306_356_8, 2.045_480_01], 1e-6),
    ] {
        assert_all(&spending(name, parameters, 0.025, &five, &five), &expected, tolerance);
    }
    let unequal = [0.5, 0.75, 1.0];
    let found = spending("obrien_fleming", &[], 0.025, &unequal, &unequal);
    assert_all(&found, &[2.962_588_04, 2.359_017_72, 2.014_083_71], 1e-6);
    for (first, expected) in [(0.5, [2.962_588_04, 1.968_595_53]), (2.0 / 3.0, [2.509_308_51, 1.992_884_16])] {
        assert_all(&spending("obrien_fleming", &[], 0.025, &[first, 1.0], &[first, 1.0]), &expected, 1e-6);
    }
    for (name, inflation) in [("obrien_fleming", 1.023_077_77), ("pocock", 1.192_331_15)] {
        let upper = spending(name, &[], 0.025, &five, &five);
        let drift = drift_for_power(&five, &efficacy_only(&upper), &constant_effect(&five), 0.9).unwrap();
        assert!((inflation_factor(drift, 0.025, 0.9) - inflation).abs() < 1e-6, "{name}");
    }
}

/// `tables.md` A21: spending time apart from information; gsDesign 3.11.
#[test]
fn a21_calendar_spending() {
    let information = [0.4, 0.8, 1.0];
    let upper = spending("obrien_fleming", &[], 0.025, &information, &[0.3, 0.6, 1.0]);
    assert_all(&upper, &[3.928_572_54, 2.669_971_4, 1.965_439_33], 1e-6);
    let crossing = canonical(&information, &[0.0; 3], &efficacy_only(&upper)).unwrap();
    assert_all(&crossing.efficacy, &[4.272_578_74e-5, 0.003_765_337_52, 0.021_191_936_7], 1e-9);
}

/// The nearest thing to a design of the house: hazard-ratio futility converted by the caller, never above efficacy.
#[test]
fn bounds_of_a_whole_plan() {
    let information: [f64; 3] = [0.5, 0.75, 1.0];
    let plan = BoundPlan {
        efficacy: EfficacyPlan::Spending(function("obrien_fleming", &[])),
        spending_time: Some(vec![0.4, 0.8, 1.0]),
        futility: Some(FutilityPlan::HazardRatio(vec![1.0, 0.1, f64::INFINITY])),
        ..BoundPlan::of(EfficacyPlan::Bounds(vec![]))
    };
    let z = |look: usize, ratio: f64| -ratio.ln() * (information[look] * 300.0 / 4.0).sqrt();
    let found = bounds_of(&plan, 0.025, &information, &information, &[0.0; 3], z).unwrap();
    assert_eq!(found.efficacy, spending("obrien_fleming", &[], 0.025, &information, &[0.4, 0.8, 1.0]));
    assert_eq!(found.futility, [0.0, found.efficacy[1], f64::NEG_INFINITY]);
    let plan = BoundPlan { futility: Some(FutilityPlan::Bounds(vec![0.0; 2])), ..plan };
    assert!(bounds_of(&plan, 0.025, &information, &information, &[0.0; 3], z).is_err());
    assert!(efficacy_bounds(&plan.efficacy, 0.5, &information, &information).is_err());
    assert!(efficacy_bounds(&plan.efficacy, 0.025, &[0.5, 0.5], &[0.5, 1.0]).is_err());
    assert!(efficacy_bounds(&plan.efficacy, 0.025, &[0.5, 1.0], &[0.5, f64::NAN]).is_err());
    assert!(power(&[1.0], &[f64::NAN], &efficacy_only(&[2.0])).is_err());
}

/// `upper_quantile` and the first look's bound are one thing.
#[test]
fn a_single_look_is_a_fixed_design() {
    assert_all(&spending("obrien_fleming", &[], 0.025, &[1.0], &[1.0]), &[upper_quantile(0.025)], 1e-15);
}
