//! Crossing probabilities against other ways to compute them, and against published ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

use proptest::prelude::*;
use seamline::numerics::{bivariate, mvn, normal};
use seamline::sequential::{Bounds, crossing::canonical};

/// Cases of each property; raised to thousands by hand when the recursion is touched.
const CASES: u32 = 60;

fn bounds(efficacy: &[f64], futility: &[f64]) -> Bounds {
    Bounds { efficacy: efficacy.to_vec(), futility: futility.to_vec() }
}

#[path = "sequential_common/twin.rs"]
mod twin;

/// `tables.md` A2: repeated testing at 1.96 with both bounds active, gsDesign test-outputs.R.
#[test]
fn a2_repeated_testing_at_196() {
    let z = normal::upper_quantile(0.025);
    for (looks, expected) in [(2, 0.042), (4, 0.063), (10, 0.097), (20, 0.124)] {
        let information: Vec<f64> = (1..=looks).map(f64::from).collect();
        let n = information.len();
        let crossing = canonical(&information, &vec![0.0; n], &bounds(&vec![z; n], &vec![-z; n])).unwrap();
        assert!((crossing.reject() - expected).abs() < 5.1e-4, "{looks}: {}", crossing.reject());
    }
}

/// `tables.md` A7: rpact 4.1 `getGroupSequentialProbabilities` (test-f_design_group_sequential.R), bounds ±z₀.₉₅ at equal looks.
#[test]
fn a7_exit_probabilities() {
    let information = [0.25, 0.5, 0.75, 1.0];
    let z = normal::upper_quantile(0.05);
    let crossing = canonical(&information, &[0.0; 4], &bounds(&[z; 4], &[-z; 4])).unwrap();
    for (look, expected) in [0.05, 0.030_074_925, 0.020_961_248, 0.015_958_48].into_iter().enumerate() {
        assert!((crossing.futility[look] - expected).abs() < 1e-9, "{}", crossing.futility[look]);
        assert!((crossing.efficacy[look] - crossing.futility[look]).abs() < 1e-13);
    }
    let mut continued = 1.0;
    for (look, expected) in [0.9, 0.839_850_15, 0.797_927_65].into_iter().enumerate() {
        continued -= crossing.efficacy[look] + crossing.futility[look];
        assert!((continued - expected).abs() < 1e-8, "{continued}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) })]

    /// Two looks in closed form: bivariate normal rectangles, information fractions as near to 1 as 1 − 1e-9.
    #[test]
    fn two_looks_are_bivariate_normal(
        gap in -9.0..-0.05_f64, b1 in -1.0..4.0_f64, b2 in -1.0..4.0_f64, depth1 in 0.1..6.0_f64, depth2 in 0.1..6.0_f64,
        m1 in -3.0..6.0_f64, m2 in -3.0..6.0_f64, open_below: bool, open_above: bool, level: bool,
    ) {
        let information = [1.0 - 10_f64.powf(gap), 1.0];
        let upper1 = if open_above { f64::INFINITY } else { b1 };
        let upper2 = if level { b1 / information[0].sqrt() } else { b2 };
        let lower1 = if open_below { f64::NEG_INFINITY } else { b1 - depth1 };
        let lower2 = upper2 - depth2;
        let m2 = if level { m1 } else { m2 };
        let crossing = canonical(&information, &[m1, m2], &bounds(&[upper1, upper2], &[lower1, lower2])).unwrap();
        let r = information[0].sqrt();
        let up = bivariate::rectangle([lower1 - m1, upper2 - m2], [upper1 - m1, f64::INFINITY], r);
        let down = bivariate::rectangle([lower1 - m1, f64::NEG_INFINITY], [upper1 - m1, lower2 - m2], r);
        prop_assert!((crossing.efficacy[1] - up).abs() < 1e-11, "{} {}", crossing.efficacy[1], up);
        prop_assert!((crossing.futility[1] - down).abs() < 1e-11, "{} {}", crossing.futility[1], down);
        prop_assert!((crossing.efficacy[0] - normal::sf(upper1 - m1)).abs() < 1e-15);
    }

    /// Three looks, however close: given the middle one the outer two are independent, which leaves one integral.
    #[test]
    fn three_looks_by_conditioning_on_the_middle_one(
        first in -8.0..0.5_f64, second in -8.0..0.5_f64, third in -8.0..0.5_f64, lift in prop::array::uniform3(0.0..3.5_f64),
        depth in prop::array::uniform3(0.05..6.0_f64), drift in -1.0..4.0_f64, level: bool,
    ) {
        let i1 = 10_f64.powf(first);
        let i2 = i1 + 10_f64.powf(second);
        let information = [i1, i2, i2 + 10_f64.powf(third)];
        let means = information.map(|level| drift * (level / information[2]).sqrt());
        let upper = if level { [lift[0]; 3] } else { lift };
        let lower = [0, 1, 2].map(|k| upper[k] - depth[k]);
        let crossing = canonical(&information, &means, &bounds(&upper, &lower)).unwrap();
        let (r, s) = ((i1 / i2).sqrt(), (i2 / information[2]).sqrt());
        let (p, q) = (((i2 - i1) / i2).sqrt(), ((information[2] - i2) / information[2]).sqrt());
        let (a, b) = ([0, 1, 2].map(|k| lower[k] - means[k]), [0, 1, 2].map(|k| upper[k] - means[k]));
        let mut breaks: Vec<f64> = vec![a[1], b[1]];
        for (at, width) in [(r * a[0], p), (r * b[0], p), (b[2] / s, q / s), (0.0, 1.0)] {
            // X₁ given X₂ = x has mean r x, so its step in x is at a/r.
            let at = if width == p { at / (r * r) } else { at };
            let width = if width == p { p / r } else { width };
            breaks.extend((-18..=18).map(|half| at + 0.5 * f64::from(half) * width));
        }
        breaks.retain(|x| *x >= a[1].max(-9.0) && *x <= b[1].min(9.0));
        breaks.sort_unstable_by(f64::total_cmp);
        let exact: f64 = breaks
            .windows(2)
            .map(|panel| {
                seamline::numerics::quadrature::legendre(24).integrate(panel[0], panel[1], |x| {
                    let inside = normal::cdf((b[0] - r * x) / p) - normal::cdf((a[0] - r * x) / p);
                    normal::pdf(x) * inside * normal::sf((b[2] - s * x) / q)
                })
            })
            .sum();
        prop_assert!((crossing.efficacy[2] - exact).abs() < 1e-11, "{} {}", crossing.efficacy[2], exact);
    }

    /// Any number of looks against the Simpson-grid twin; the twin's error falls as r⁻⁴ and is read off from two grids.
    #[test]
    fn agrees_with_the_simpson_twin(
        shares in prop::collection::vec(0.2..1.0_f64, 2..8), lift in 1.0..3.5_f64, depth in 0.5..4.0_f64, drift in -1.0..5.0_f64, bend in -1.0..1.0_f64,
    ) {
        let total: f64 = shares.iter().sum();
        let information: Vec<f64> = shares.iter().scan(0.0, |sum, share| { *sum += share / total; Some(*sum) }).collect();
        let means: Vec<f64> = information.iter().map(|t| drift * t.sqrt() * (1.0 + bend * t)).collect();
        let upper: Vec<f64> = information.iter().map(|t| lift / t.sqrt().sqrt()).collect();
        let lower: Vec<f64> = upper.iter().map(|b| b - depth).collect();
        let crossing = canonical(&information, &means, &bounds(&upper, &lower)).unwrap();
        let coarse = twin::crossing(&information, &means, &upper, &lower, 40);
        let fine = twin::crossing(&information, &means, &upper, &lower, 80);
        for k in 0..information.len() {
            let slack = 1e-9 + (fine[k].0 - coarse[k].0).abs() + (fine[k].1 - coarse[k].1).abs();
            prop_assert!(slack < 1e-5);
            prop_assert!((crossing.efficacy[k] - fine[k].0).abs() < slack, "look {}: {} {}", k, crossing.efficacy[k], fine[k].0);
            prop_assert!((crossing.futility[k] - fine[k].1).abs() < slack, "look {}: {} {}", k, crossing.futility[k], fine[k].1);
        }
    }

}

proptest! {
    // Lattices are slow.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES / 3) })]

    /// Two to six looks against the joint normal law, integrated without any recursion.
    #[test]
    fn agrees_with_multivariate_normal_rectangles(
        steps in prop::collection::vec(-4.0..0.0_f64, 2..=6), lift in 0.5..3.0_f64, depth in 0.5..4.0_f64, drift in -1.0..4.0_f64,
    ) {
        let mut information = Vec::new();
        let mut sum = 0.0;
        for step in &steps {
            sum += 10_f64.powf(*step);
            information.push(sum);
        }
        let looks = information.len();
        let means: Vec<f64> = information.iter().map(|level| drift * (level / sum).sqrt()).collect();
        let upper = vec![lift; looks];
        let lower: Vec<f64> = (0..looks).map(|k| if k % 2 == 0 { lift - depth } else { f64::NEG_INFINITY }).collect();
        let crossing = canonical(&information, &means, &bounds(&upper, &lower)).unwrap();
        for look in 0..looks {
            let covariance = nalgebra::DMatrix::from_fn(look + 1, look + 1, |i, j| {
                (information[i.min(j)] / information[i.max(j)]).sqrt()
            });
            let mut low = lower[..=look].to_vec();
            let mut high = upper[..=look].to_vec();
            (low[look], high[look]) = (upper[look], f64::INFINITY);
            let direct = mvn::rectangle(&low, &high, &means[..=look], &covariance, 2e-6, 200_000).unwrap();
            prop_assert!(direct.error < 1e-3);
            prop_assert!((crossing.efficacy[look] - direct.value).abs() < 2.0 * direct.error + 1e-11,
                "look {}: {} {:?}", look, crossing.efficacy[look], direct);
        }
    }
}
