//! Crossing probabilities by nested Gauss–Legendre integration of the joint normal law, an independent route to 1e-8.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sequential_common;
mod uniform;

use nalgebra::DMatrix;
use seamline::numerics::{normal, quadrature};
use seamline::sequential::Bounds;
use seamline::sequential::bounds::efficacy_bounds;
use seamline::sequential::crossing::canonical;
use seamline::sequential::{EfficacyPlan, spending::SPENDING_FUNCTIONS};
use std::sync::Arc;
use uniform::Uniform;

/// P(low_i < Z_i < high_i for i < k, Z_k ≥ high_k) for Z normal with these means and this covariance: Z = μ + L x with L the
/// Cholesky factor, integrated over x₁, x₂, … from the outside in, each over what the bounds leave of [−R, R], by the rule
/// `nodes` on [−1, 1]; the last coordinate in closed form. Nothing is carried from look to look, and
/// nothing is interpolated.
///
/// What lies outside [−R, R] in some coordinate is at most 2(K − 1)Φ(−R) = 5e-11 for K = 6 and R = 6.8.
fn nested(low: &[f64], high: &[f64], means: &[f64], covariance: &DMatrix<f64>, nodes: &[(f64, f64)]) -> f64 {
    let factor = covariance.clone().cholesky().unwrap().l();
    inner(low, high, means, &factor, nodes, &mut Vec::with_capacity(low.len()))
}

const R: f64 = 6.8;

fn inner(
    low: &[f64],
    high: &[f64],
    means: &[f64],
    factor: &DMatrix<f64>,
    nodes: &[(f64, f64)],
    x: &mut Vec<f64>,
) -> f64 {
    let i = x.len();
    let before: f64 = means[i] + x.iter().enumerate().map(|(j, value)| factor[(i, j)] * value).sum::<f64>();
    if i + 1 == low.len() {
        return normal::sf((high[i] - before) / factor[(i, i)]);
    }
    let a = ((low[i] - before) / factor[(i, i)]).max(-R);
    let b = ((high[i] - before) / factor[(i, i)]).min(R);
    if a >= b {
        return 0.0;
    }
    let (middle, half) = (0.5 * (a + b), 0.5 * (b - a));
    let mut sum = 0.0;
    for &(node, weight) in nodes {
        let value = middle + half * node;
        x.push(value);
        sum += weight * half * normal::pdf(value) * inner(low, high, means, factor, nodes, x);
        x.pop();
    }
    sum
}

/// Nodes and weights on [−1, 1]: equal panels, each with a Gauss–Legendre rule.
fn rule(panels: usize, order: usize) -> Vec<(f64, f64)> {
    let width = 2.0 / panels as f64;
    let panel = |i: usize| -1.0 + width * i as f64;
    (0..panels).flat_map(|i| quadrature::legendre(order).on(panel(i), panel(i + 1))).collect()
}

/// Two rules for so many looks; their difference bounds the coarser one's error, and the finer one is used.
fn rules(looks: usize) -> [Vec<(f64, f64)>; 2] {
    match looks {
        2..=4 => [rule(4, 16), rule(5, 20)],
        5 => [rule(3, 13), rule(3, 16)],
        _ => [rule(1, 27), rule(1, 32)],
    }
}

/// Look by look, P(first upward crossing there), from bounds and means, with the error of the route.
fn directly(information: &[f64], means: &[f64], bounds: &Bounds) -> Vec<(f64, f64)> {
    let canonical = |k: usize| DMatrix::from_fn(k, k, |i, j| (information[i.min(j)] / information[i.max(j)]).sqrt());
    let outside = 2.0 * normal::sf(R);
    (1..=information.len())
        .map(|k| {
            let covariance = canonical(k);
            let [coarse, fine] = rules(k.max(2))
                .map(|nodes| nested(&bounds.futility[..k], &bounds.efficacy[..k], &means[..k], &covariance, &nodes));
            (fine, (fine - coarse).abs() + outside * (k - 1) as f64)
        })
        .collect()
}

/// Looks with random spacings: steps of the information between 1 and 4.
fn spacings(looks: usize, uniform: &mut Uniform) -> Vec<f64> {
    let steps: Vec<f64> = (0..looks).map(|_| 1.0 + 3.0 * uniform.next()).collect();
    let total: f64 = steps.iter().sum();
    steps
        .iter()
        .scan(0.0, |sum, step| {
            *sum += step;
            Some(*sum / total)
        })
        .collect()
}

#[test]
fn crossing_probabilities_to_eight_digits() {
    let mut uniform = Uniform(20_230_401);
    for looks in [2, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6] {
        let information = spacings(looks, &mut uniform);
        let drift = -1.0 + 5.0 * uniform.next();
        let means: Vec<f64> = information.iter().map(|t| drift * t.sqrt() * (0.7 + 0.3 * t)).collect();
        let lift = 1.8 + 0.6 * uniform.next();
        let depth = 1.0 + 2.0 * uniform.next();
        let efficacy: Vec<f64> = information.iter().map(|t| lift / t.sqrt().sqrt()).collect();
        let futility = efficacy.iter().enumerate().map(|(k, b)| if k % 3 == 2 { f64::NEG_INFINITY } else { b - depth });
        let bounds = Bounds { futility: futility.collect(), efficacy };
        let found = canonical(&information, &means, &bounds).unwrap();
        for (look, (exact, error)) in directly(&information, &means, &bounds).into_iter().enumerate() {
            assert!(error < 1e-8, "{looks} looks, look {look}: the reference is off by up to {error:e}");
            assert!(
                (found.efficacy[look] - exact).abs() < 1e-8,
                "{looks} looks, look {look}: {} {exact}",
                found.efficacy[look]
            );
        }
    }
}

/// Bounds of every spending function spend, look by look, what they are to spend, integrated without the recursion that made them.
#[test]
fn bounds_spend_to_nine_digits() {
    let mut uniform = Uniform(77);
    let alpha = 0.025;
    for entry in SPENDING_FUNCTIONS {
        let parameters: Vec<f64> =
            entry.parameters.iter().map(|p| p.low + (0.2 + 0.6 * uniform.next()) * (p.high - p.low)).collect();
        let function = (entry.build)(&parameters);
        let information = spacings(3, &mut uniform);
        let efficacy =
            efficacy_bounds(&EfficacyPlan::Spending(Arc::clone(&function)), alpha, &information, &information).unwrap();
        let bounds = Bounds { futility: vec![f64::NEG_INFINITY; efficacy.len()], efficacy };
        let mut spent = 0.0;
        for (look, (exact, error)) in directly(&information, &[0.0; 3], &bounds).into_iter().enumerate() {
            spent += exact;
            let due = if look == 2 { alpha } else { function.spent(alpha, information[look]) };
            assert!(error < 1e-9 && (spent - due).abs() < 1e-9, "{} look {look}: {spent} {due} {error:e}", entry.name);
        }
    }
}
