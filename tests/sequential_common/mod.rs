//! What the tests of the sequential room share.

#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses a part; a test fails by panicking")]

use seamline::registry::find;
use seamline::sequential::bounds::efficacy_bounds;
use seamline::sequential::spending::{SPENDING_FUNCTIONS, SpendingFunction};
use seamline::sequential::{Bounds, EfficacyPlan};
use std::sync::Arc;

/// A spending function of the registry.
pub fn function(name: &str, parameters: &[f64]) -> Arc<dyn SpendingFunction> {
    (find(SPENDING_FUNCTIONS, name).unwrap().build)(parameters)
}

/// Bounds of a spending function.
pub fn spending(name: &str, parameters: &[f64], alpha: f64, information: &[f64], time: &[f64]) -> Vec<f64> {
    efficacy_bounds(&EfficacyPlan::Spending(function(name, parameters)), alpha, information, time).unwrap()
}

/// Bounds without futility.
pub fn efficacy_only(efficacy: &[f64]) -> Bounds {
    Bounds { efficacy: efficacy.to_vec(), futility: vec![f64::NEG_INFINITY; efficacy.len()] }
}

/// Equal information fractions.
pub fn equal(looks: u32) -> Vec<f64> {
    (1..=looks).map(|k| f64::from(k) / f64::from(looks)).collect()
}

/// Asserts one tolerance for all.
pub fn assert_all(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < tolerance, "{found:?} {expected:?}");
    }
}
