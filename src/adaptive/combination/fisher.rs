//! `fisher`: the product of the stages' p-values.

use super::{CombinationFunction, quantile_of};
use crate::numerics::normal::{sf, upper_quantile};
use crate::numerics::roots::brent;
use crate::registry::Entry;
use std::sync::Arc;

/// Rejects where p₁p₂ is small (Bauer and Köhne 1994); a p₁ that is small enough decides alone. It has no weight.
#[derive(Debug, Clone, Copy)]
struct Product;

impl CombinationFunction for Product {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn combine(&self, first: f64, second: f64, _share: f64) -> f64 {
        quantile_of(fisher_two_stage(sf(first), sf(second)))
    }

    fn needed(&self, first: f64, bound: f64, _share: f64) -> f64 {
        let ratio = product_of(sf(bound)) / sf(first);
        if ratio >= 1.0 { f64::NEG_INFINITY } else { upper_quantile(ratio) }
    }

    fn certain(&self, bound: f64) -> f64 {
        upper_quantile(product_of(sf(bound)))
    }

    fn canonical(&self) -> bool {
        false
    }

    fn weighted(&self) -> bool {
        false
    }
}

pub(super) const ENTRY: Entry<dyn CombinationFunction> = Entry {
    name: "fisher",
    summary: "the product of the stages' p-values",
    parameters: &[],
    build: |_| Arc::new(Product),
};

/// p-value of Fisher's product: P(U₁U₂ ≤ p₁p₂) = q(1 − ln q), q = p₁p₂ (Bauer and Köhne 1994).
///
/// ```
/// let p = seamline::adaptive::combination::fisher_two_stage(0.08, 0.011);
/// assert!((p - 0.007_071_318_012_43).abs() < 1e-13);
/// ```
pub fn fisher_two_stage(first: f64, second: f64) -> f64 {
    let product = first * second;
    if product <= 0.0 { 0.0 } else { (product * (1.0 - libm::log(product))).min(1.0) }
}

/// The product q with q(1 − ln q) = `level`; 0 where the level is 0.
fn product_of(level: f64) -> f64 {
    if level <= 0.0 {
        return 0.0;
    }
    if level >= 1.0 {
        return 1.0;
    }
    // With x = −ln q: ln(1 + x) − x = ln level, falling in x; it is below ln(1 + x₀) − x₀ = … at x₀ = 2(1 − ln level).
    let goal = libm::log(level);
    let far = 2.0 * (1.0 - goal);
    brent(0.0, far, 1e-15, |x| libm::log1p(x) - x - goal).map_or(0.0, |x| libm::exp(-x))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published: c = exp(−χ²_{4;0.975}/2) = 0.0038042235 at the one-sided level 0.025 (Bauer and Köhne 1994).
    #[test]
    fn the_product_of_a_level() {
        assert!((product_of(0.025) - 0.003_804_223_5).abs() < 1e-10);
        for level in [1e-12, 1e-4, 0.3, 0.99] {
            let q = product_of(level);
            assert!((q * (1.0 - q.ln()) / level - 1.0).abs() < 1e-10, "{level}");
        }
        assert_eq!((product_of(0.0), product_of(1.0)), (0.0, 1.0));
    }
}
