//! Crossing probabilities under joint normal laws without independent increments.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

use nalgebra::DMatrix;
use proptest::prelude::*;
use seamline::numerics::quadrature::legendre;
use seamline::numerics::{bivariate, mvn, normal};
use seamline::registry::find;
use seamline::sequential::spending::SPENDING_FUNCTIONS;
use seamline::sequential::{Bounds, EfficacyPlan, crossing::canonical, joint::joint, several};

/// Cases of each property.
const CASES: u32 = 40;

fn canonical_covariance(information: &[f64]) -> DMatrix<f64> {
    DMatrix::from_fn(information.len(), information.len(), |j, k| {
        (information[j.min(k)] / information[j.max(k)]).sqrt()
    })
}

/// A canonical law with a common disturbance: Z_k + c_k W, W standard normal. Not Markov of any order.
fn disturbed(information: &[f64], c: &[f64]) -> DMatrix<f64> {
    let c = nalgebra::DVector::from_column_slice(&c[..information.len()]);
    canonical_covariance(information) + &c * c.transpose()
}

fn increasing(steps: &[f64]) -> Vec<f64> {
    steps
        .iter()
        .scan(0.0, |sum, step| {
            *sum += step;
            Some(*sum)
        })
        .collect()
}

/// P(X_1 ∈ R_1, X_2 ∈ R_2, X_3 ≥ b): given the middle one, a bivariate rectangle.
fn three_looks_up(mean: &[f64], covariance: &DMatrix<f64>, bounds: &Bounds) -> f64 {
    let v = covariance[(1, 1)];
    let (b1, b3) = (covariance[(0, 1)] / v, covariance[(2, 1)] / v);
    let s1 = (covariance[(0, 0)] - b1 * covariance[(0, 1)]).sqrt();
    let s3 = (covariance[(2, 2)] - b3 * covariance[(2, 1)]).sqrt();
    let r = (covariance[(0, 2)] - b1 * covariance[(2, 1)]) / (s1 * s3);
    let low = bounds.futility[1].max(mean[1] - 9.0 * v.sqrt());
    let high = bounds.efficacy[1].min(mean[1] + 9.0 * v.sqrt());
    let panels = 60;
    (0..panels)
        .map(|panel| {
            let at = |edge: i32| low + (high - low) * f64::from(edge) / f64::from(panels);
            legendre(12).integrate(at(panel), at(panel + 1), |y| {
                let shift = y - mean[1];
                let (m1, m3) = (mean[0] + b1 * shift, mean[2] + b3 * shift);
                let rectangle = bivariate::rectangle(
                    [(bounds.futility[0] - m1) / s1, (bounds.efficacy[2] - m3) / s3],
                    [(bounds.efficacy[0] - m1) / s1, f64::INFINITY],
                    r,
                );
                normal::pdf(shift / v.sqrt()) / v.sqrt() * rectangle
            })
        })
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) })]

    #[test]
    fn three_looks_are_exact(
        steps in prop::array::uniform3(0.15..1.0_f64), c in prop::array::uniform3(-0.5..0.5_f64), mean in prop::array::uniform3(-1.0..3.0_f64),
        lift in prop::array::uniform3(0.5..3.0_f64), depth in prop::array::uniform3(0.5..6.0_f64),
    ) {
        let covariance = disturbed(&increasing(&steps), &c);
        let bounds = Bounds { efficacy: lift.to_vec(), futility: (0..3).map(|k| lift[k] - depth[k]).collect() };
        let crossing = joint(&mean, &covariance, &bounds).unwrap();
        let exact = three_looks_up(&mean, &covariance, &bounds);
        prop_assert!((crossing.efficacy[2] - exact).abs() < 1e-11, "{} {}", crossing.efficacy[2], exact);
    }

    #[test]
    fn the_canonical_law_comes_out_canonical(
        steps in prop::collection::vec(0.2..1.0_f64, 1..=6), drift in -1.0..5.0_f64, lift in 1.0..3.0_f64, depth in 0.5..8.0_f64,
    ) {
        let information = increasing(&steps);
        let looks = information.len();
        let means: Vec<f64> = information.iter().map(|level| drift * (level / information[looks - 1]).sqrt()).collect();
        let bounds = Bounds { efficacy: vec![lift; looks], futility: vec![lift - depth; looks] };
        let general = joint(&means, &canonical_covariance(&information), &bounds).unwrap();
        let special = canonical(&information, &means, &bounds).unwrap();
        for k in 0..looks {
            prop_assert!((general.efficacy[k] - special.efficacy[k]).abs() < 1e-11, "{:?} {:?}", general, special);
            prop_assert!((general.futility[k] - special.futility[k]).abs() < 1e-11, "{:?} {:?}", general, special);
        }
    }

}

proptest! {
    // Lattices are slow.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES / 4) })]

    /// Beyond three looks, with a disturbance of up to a tenth of the variance, against the plain lattice and its own error.
    #[test]
    fn later_looks_agree_with_rectangles(
        steps in prop::collection::vec(0.3..1.0_f64, 4..=6), c in prop::collection::vec(-0.32..0.32_f64, 6), drift in 0.0..4.0_f64,
        depth in 1.0..6.0_f64,
    ) {
        let information = increasing(&steps);
        let looks = information.len();
        let covariance = disturbed(&information, &c);
        let share = |k: usize| information[k] / information[looks - 1];
        let means: Vec<f64> = (0..looks).map(|k| drift * share(k).sqrt()).collect();
        let efficacy: Vec<f64> = (0..looks).map(|k| 2.0 / share(k).sqrt()).collect();
        let futility: Vec<f64> = efficacy.iter().map(|b| b - 2.0 - depth).collect();
        let bounds = Bounds { efficacy: efficacy.clone(), futility: futility.clone() };
        let crossing = joint(&means, &covariance, &bounds).unwrap();
        for k in 3..looks {
            let law = covariance.view((0, 0), (k + 1, k + 1)).into_owned();
            let (mut low, mut high) = (futility[..=k].to_vec(), efficacy[..=k].to_vec());
            (low[k], high[k]) = (efficacy[k], f64::INFINITY);
            let direct = mvn::rectangle(&low, &high, &means[..=k], &law, 3e-6, 400_000).unwrap();
            let off = (crossing.efficacy[k] - direct.value).abs();
            prop_assert!(off < 1e-5 + 1.5 * direct.error, "look {}: {} {:?}", k, crossing.efficacy[k], direct);
        }
    }
}

#[test]
fn close_and_coinciding_looks_are_answered() {
    let bounds = Bounds { efficacy: vec![2.0; 3], futility: vec![f64::NEG_INFINITY; 3] };
    let same = joint(&[0.0; 3], &DMatrix::from_element(3, 3, 1.0), &bounds).unwrap();
    assert!((same.efficacy[0] - normal::sf(2.0)).abs() < 1e-15);
    assert!(same.efficacy[1] < 1e-5 && same.efficacy[2] < 1e-5);
    let information = [1.0, 1.0001, 1.0002];
    let close = joint(&[0.0; 3], &canonical_covariance(&information), &bounds).unwrap();
    let exact = canonical(&information, &[0.0; 3], &bounds).unwrap();
    for k in 0..3 {
        assert!((close.efficacy[k] - exact.efficacy[k]).abs() < 1e-5, "{close:?} {exact:?}");
    }
    assert!(joint(&[0.0; 3], &DMatrix::zeros(3, 3), &bounds).is_err());
    assert!(joint(&[0.0; 3], &DMatrix::zeros(2, 2), &bounds).is_err());
}

/// P(no crossing by each look) when every Z_{k,a} = μ_{k,a} + √r W + √(1−r) ε_{k,a}: given W all are independent.
fn stays_by_one_factor(means: &[f64], r: f64, tests: usize, bounds: &[f64]) -> Vec<f64> {
    let stays = |looks: usize| -> f64 {
        let given = |w: f64| -> f64 {
            let below = |i: usize| normal::cdf((bounds[i / tests] - means[i] - r.sqrt() * w) / (1.0 - r).sqrt());
            (0..looks * tests).map(below).product()
        };
        (-18..18)
            .map(|panel| {
                let low = 0.5 * f64::from(panel);
                legendre(16).integrate(low, low + 0.5, |w| normal::pdf(w) * given(w))
            })
            .sum()
    };
    (1..=bounds.len()).map(stays).collect()
}

/// Several tests a look: power and spending against one-dimensional quadrature, to the errors the functions state.
#[test]
fn several_tests_a_look_agree_with_a_one_factor_law() {
    let plan = EfficacyPlan::Spending((find(SPENDING_FUNCTIONS, "obrien_fleming").unwrap().build)(&[]));
    for (tests, looks, r) in [(2, 3, 0.8), (3, 3, 0.7), (4, 2, 0.9), (3, 4, 0.6), (2, 2, 0.3), (5, 1, 0.85)] {
        let size = tests * looks;
        let correlation = DMatrix::from_fn(size, size, |i, j| if i == j { 1.0 } else { r });
        let times: Vec<f64> = (1..=looks).map(|k| k as f64 / looks as f64).collect();
        let bounds = several::bounds(&plan, 0.025, &correlation, tests, &times).unwrap().efficacy;
        let function = (find(SPENDING_FUNCTIONS, "obrien_fleming").unwrap().build)(&[]);
        let stays = stays_by_one_factor(&vec![0.0; size], r, tests, &bounds);
        for (stays, &time) in stays.iter().zip(&times) {
            let (spent, want) = (1.0 - stays, function.spent(0.025, time));
            assert!((spent - want).abs() < 1e-3 * 0.025 * looks as f64, "{tests} {looks}: spends {spent}, not {want}");
        }
        let means: Vec<f64> = (0..size).map(|i| 0.9 * (1 + i / tests) as f64 + 0.3 * (i % tests) as f64).collect();
        let stays = stays_by_one_factor(&means, r, tests, &bounds);
        let found = several::crossing(&means, &correlation, tests, &bounds).unwrap();
        let mut before = 1.0;
        for (stays, found) in stays.iter().zip(&found) {
            println!("{tests} {looks} {r}: {found} off by {:e}", found - (before - stays));
            assert!((found - (before - stays)).abs() < 1e-4, "{tests} {looks}: {found} {}", before - stays);
            before = *stays;
        }
    }
}
