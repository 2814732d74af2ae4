//! Fisher's product over several stages: other programs, published levels, and a count of random trials.

use crate::check;
use crate::uniform::Uniform;
use seamline::adaptive::fisher::{
    Fisher, Sharing, bauer_koehne_first_level, fisher_final_level, fisher_overall_p, inverse_normal_final_level,
    worst_case_level,
};
use seamline::numerics::normal::sf;
use seamline::numerics::quadrature::legendre;

fn critical(test: &Fisher, key: &str) -> Option<f64> {
    let (name, stage) = key.rsplit_once('_')?;
    let stage: usize = stage.parse().ok()?;
    match name {
        "critical_value" => Some(test.critical_values()[stage - 1]),
        "alpha_spent" => Some(test.alpha_spent()[stage - 1]),
        _ => None,
    }
}

pub fn h_fisher() {
    let cases = [
        ("h-fisher-equal-alpha-3", Sharing::EqualAlpha, vec![1.0; 3], vec![1.0; 2]),
        ("h-fisher-full-alpha-2", Sharing::FullAlpha, vec![1.0; 2], vec![1.0]),
        ("h-fisher-alpha0-2", Sharing::EqualAlpha, vec![1.0; 2], vec![0.5]),
    ];
    for (id, sharing, weights, futility) in cases {
        let test = Fisher::new(sharing, 0.025, &weights, &futility).unwrap();
        check(id, |key| critical(&test, key));
    }
}

pub fn g_bauer_koehne() {
    let c = |alpha: f64| Fisher::new(Sharing::FullAlpha, alpha, &[1.0; 2], &[1.0]).unwrap().critical_values()[1];
    check("g-bauer-koehne-alpha1", |key| match key {
        "c_alpha_05" => Some(c(0.05)),
        "c_alpha_025" => Some(c(0.025)),
        _ => {
            let (alpha, stop) = key.strip_prefix("alpha1_")?.split_once("_alpha0_")?;
            let number = |digits: &str| format!("0.{digits}").parse::<f64>().ok();
            bauer_koehne_first_level(number(alpha)?, number(alpha)?, number(stop)?).ok()
        }
    });
}

type Case<'a> = (Sharing, f64, Vec<f64>, &'a [f64], &'a [f64]);

/// `tables.md` B6: rpact's critical values.
#[test]
fn b6_fisher_critical_values() {
    let weights = |rates: &[f64]| -> Vec<f64> {
        let mut before = 0.0;
        rates.iter().map(|&t| ((t - std::mem::replace(&mut before, t)) / rates[0]).sqrt()).collect()
    };
    let cases: [Case; 4] = [
        (Sharing::EqualAlpha, 0.025, vec![1.0; 3], &[1.0, 1.0], &[0.012_308_547, 0.001_663_592_3, 0.000_291_066_87]),
        (Sharing::FullAlpha, 0.05, vec![1.0; 2], &[0.5], &[0.023_314_852, 0.008_704_940_7]),
        (
            Sharing::EqualAlpha,
            0.025,
            weights(&[0.1, 0.3, 1.0]),
            &[0.7, 0.5],
            &[0.011_823_636, 3.669_879_4e-4, 3.063_129_3e-7],
        ),
        (Sharing::EqualAlpha, 0.025, vec![1.0; 2], &[1.0], &[0.015_788_073, 0.002_220_543_8]),
    ];
    for (sharing, alpha, weights, futility, expected) in cases {
        let test = Fisher::new(sharing, alpha, &weights, futility).unwrap();
        for (found, value) in test.critical_values().iter().zip(expected) {
            assert!((found / value - 1.0).abs() < 1e-6, "{sharing:?} {:?} {expected:?}", test.critical_values());
        }
        assert!((test.alpha_spent().last().unwrap() - alpha).abs() < 1e-11);
    }
    let spent = Fisher::new(Sharing::EqualAlpha, 0.025, &[1.0; 3], &[1.0; 2]).unwrap().alpha_spent();
    assert!((spent[1] - 0.019_624_13).abs() < 1e-8);
}

/// `tables.md` B6, "no interaction": c_2 to c_4 agree; c_1 does not, and the source is wrong. Its level is a sum of closed forms
/// ∫…∫ dp/p over p_3 from c_3/(p_1p_2) to α0_3, which count where the lower end lies above the upper one (c_2 < c_3/α0_3) with a
/// negative sign. With that sign its c_1 gives 0.025; without, as trials run, more.
#[test]
fn b6_no_interaction() {
    let (source, stop) = ([0.009_860_369_3, 5.191_590_5e-4, 3.114_954_3e-4, 1.557_477_2e-4_f64], [0.7, 0.6, 0.5_f64]);
    let test = Fisher::new(Sharing::NoInteraction, 0.025, &[1.0; 4], &stop).unwrap();
    for (found, value) in test.critical_values()[1..].iter().zip(&source[1..]) {
        assert!((found / value - 1.0).abs() < 1e-6);
    }
    assert!((test.alpha_spent()[3] - 0.025).abs() < 1e-11);
    let rule = legendre(40);
    let (low, high) = (source[0].ln(), stop[0].ln());
    let last = |u: f64| {
        let inner = |v: f64| stop[2].ln() - source[2].ln() + u + v;
        rule.on(source[1].ln() - u, stop[1].ln()).map(|(v, weight)| weight * inner(v)).sum::<f64>()
    };
    let signed = source[0]
        + source[1] * (high - low)
        + rule
            .on(low, high)
            .map(|(u, weight)| weight * (source[2] * (stop[1].ln() - source[1].ln() + u) + source[3] * last(u)))
            .sum::<f64>();
    assert!((signed - 0.025).abs() < 1e-8, "{signed}");
    assert!(test.critical_values()[0] < source[0] - 1e-5);
}

/// `tables.md` B7: adaptTest, and B16.
#[test]
fn b7_two_stage_levels() {
    for (alpha, stop, expected) in [
        (0.1, 0.5, 0.054_775_057),
        (0.05, 0.3, 0.029_938_178),
        (0.05, 0.5, 0.023_314_851),
        (0.05, 0.7, 0.018_257_3),
        (0.05, 1.0, 0.008_704_940_7),
        (0.025, 0.5, 0.010_189_03),
        (0.025, 1.0, 0.003_804_223_5),
    ] {
        let found = bauer_koehne_first_level(alpha, alpha, stop).unwrap();
        assert!((found - expected).abs() < 1e-7, "{alpha} {stop}: {found} {expected}");
    }
    assert!((fisher_final_level(0.1, 0.05, 0.5).unwrap() - 0.104_877_01).abs() < 1e-8);
    assert!((inverse_normal_final_level(0.1, 0.05, 0.5, 0.5).unwrap() - 0.079_221_735).abs() < 1e-8);
    assert!((inverse_normal_final_level(0.025, 0.01, 0.5, 0.5).unwrap() - 0.019_161_289).abs() < 1e-8);
    assert!((fisher_overall_p(0.1, 0.05, 0.0102, 0.5).unwrap() - 0.029_661_102).abs() < 1e-9);
    assert!((worst_case_level(0.05) - 0.114_630_68).abs() < 1e-8);
}

/// `tables.md` B4: conditional errors of rpact's three-stage design; the stage-wise p-values come from log-rank increments.
#[test]
fn b4_conditional_error() {
    let weights = [1.0, 0.5_f64.sqrt(), 1.0];
    let test = Fisher::new(Sharing::EqualAlpha, 0.025, &weights, &[0.5, 0.4]).unwrap();
    let (d1, d2) = (8.0_f64, 15.0_f64);
    let second = (2.0 * d2.sqrt() - 1.52 * d1.sqrt()) / (d2 - d1).sqrt();
    let p = [sf(1.52), sf(second)];
    let first = test.conditional_error(&p[..1]).unwrap();
    let both = test.conditional_error(&p).unwrap();
    assert!((first - 0.043_454_839).abs() < 1e-6, "{first}");
    assert!((both - 0.062_873_928).abs() < 1e-6, "{both}");
}

/// An independent route: the product followed through two million uniform trials (a linear congruential lattice).
#[test]
fn spent_level_by_counting() {
    let weights = [1.0, 1.7, 0.6];
    let futility = [0.6, 0.45];
    let test = Fisher::new(Sharing::EqualAlpha, 0.1, &weights, &futility).unwrap();
    let trials = 2_000_000_u32;
    let (mut counts, mut uniform) = ([0_u32; 3], Uniform(20_261_122));
    for _ in 0..trials {
        let mut product = 1.0;
        for k in 0..3 {
            let p = uniform.next();
            product *= p.powf(weights[k]);
            if product <= test.critical_values()[k] {
                counts[k] += 1;
                break;
            }
            if k < 2 && p > futility[k] {
                break;
            }
        }
    }
    let mut seen = 0.0;
    for (count, spent) in counts.iter().zip(test.alpha_spent()) {
        seen += f64::from(*count) / f64::from(trials);
        assert!((seen - spent).abs() < 4.0 * (spent / f64::from(trials)).sqrt(), "{seen} {spent}");
    }
}
