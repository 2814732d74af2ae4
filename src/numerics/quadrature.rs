//! Gauss–Legendre and Gauss–Hermite nodes.

use std::sync::OnceLock;

/// Largest order of a rule.
pub const MAX_ORDER: usize = 256;

/// A quadrature rule: Σ `weights[i]`·f(`nodes[i]`), nodes increasing.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Nodes, increasing.
    pub nodes: Vec<f64>,
    /// Weights, positive, one per node.
    pub weights: Vec<f64>,
}

impl Rule {
    /// Nodes and weights of a rule on [−1, 1] carried over to [`low`, `high`].
    pub fn on(&self, low: f64, high: f64) -> impl Iterator<Item = (f64, f64)> + '_ {
        let centre = 0.5 * (low + high);
        let half = 0.5 * (high - low);
        self.nodes.iter().zip(&self.weights).map(move |(&node, &weight)| (centre + half * node, half * weight))
    }

    /// ∫ f over [`low`, `high`], for a rule on [−1, 1].
    ///
    /// ```
    /// use seamline::numerics::quadrature::legendre;
    /// let pi = legendre(16).integrate(0.0, 1.0, |x| 4.0 / (1.0 + x * x));
    /// assert!((pi - std::f64::consts::PI).abs() < 1e-15);
    /// ```
    pub fn integrate(&self, low: f64, high: f64, mut f: impl FnMut(f64) -> f64) -> f64 {
        self.on(low, high).map(|(x, weight)| weight * f(x)).sum()
    }
}

/// Gauss–Legendre rule of `order` nodes on [−1, 1], made once; `order` is brought into 1..=[`MAX_ORDER`].
///
/// Exact for polynomials of degree 2·order − 1.
///
/// Nodes are the roots of the Legendre polynomial P_n, weights 2/((1 − x²) P_n'(x)²) (Abramowitz and Stegun 1964,
/// 25.4.29), found by Newton's method from x_i ≈ cos(π(i − ¼)/(n + ½)) (ibid. 22.16.6).
pub fn legendre(order: usize) -> &'static Rule {
    static RULES: [OnceLock<Rule>; MAX_ORDER + 1] = [const { OnceLock::new() }; MAX_ORDER + 1];
    let order = order.clamp(1, MAX_ORDER);
    RULES[order].get_or_init(|| make_legendre(order))
}

/// Gauss–Hermite rule of `order` nodes for the standard normal law, made once: Σ w f(x) ≈ ∫ f(x) φ(x) dx, Σ w = 1;
/// `order` is brought into 1..=[`MAX_ORDER`].
///
/// Nodes are the roots of the orthonormal Hermite polynomial h_n of weight φ, first as eigenvalues of the Jacobi matrix
/// with off-diagonal √k (Golub and Welsch 1969), then one Newton step with h_n' = √n h_{n−1}; weights 1/Σ_{k<n} h_k(x)².
pub fn hermite(order: usize) -> &'static Rule {
    static RULES: [OnceLock<Rule>; MAX_ORDER + 1] = [const { OnceLock::new() }; MAX_ORDER + 1];
    let order = order.clamp(1, MAX_ORDER);
    RULES[order].get_or_init(|| make_hermite(order))
}

fn make_legendre(order: usize) -> Rule {
    let n = order as f64;
    let mut nodes = vec![0.0; order];
    let mut weights = vec![0.0; order];
    for i in 0..order.div_ceil(2) {
        let mut x = libm::cos(std::f64::consts::PI * (i as f64 + 0.75) / (n + 0.5));
        if 2 * i + 1 == order {
            x = 0.0;
        }
        let mut slope = legendre_value_and_slope(order, x).1;
        for _ in 0..8 {
            let (value, derivative) = legendre_value_and_slope(order, x);
            let step = value / derivative;
            x -= step;
            slope = legendre_value_and_slope(order, x).1;
            if step.abs() < 1e-16 {
                break;
            }
        }
        let weight = 2.0 / ((1.0 - x * x) * slope * slope);
        nodes[i] = -x;
        nodes[order - 1 - i] = x;
        weights[i] = weight;
        weights[order - 1 - i] = weight;
    }
    Rule { nodes, weights }
}

/// P_n(x) and P_n'(x) by the three-term recurrence (Abramowitz and Stegun 1964, 22.7.10 and 22.8.5).
fn legendre_value_and_slope(order: usize, x: f64) -> (f64, f64) {
    let (mut previous, mut current) = (1.0, x);
    for k in 2..=order {
        let k = k as f64;
        (previous, current) = (current, ((2.0 * k - 1.0) * x * current - (k - 1.0) * previous) / k);
    }
    (current, order as f64 * (previous - x * current) / (1.0 - x * x))
}

fn make_hermite(order: usize) -> Rule {
    let jacobi = nalgebra::DMatrix::from_fn(order, order, |row, column| {
        if row.abs_diff(column) == 1 { (row.max(column) as f64).sqrt() } else { 0.0 }
    });
    let mut nodes: Vec<f64> = jacobi.symmetric_eigenvalues().iter().copied().collect();
    nodes.sort_unstable_by(f64::total_cmp);
    let mut weights = vec![0.0; order];
    for i in 0..order.div_ceil(2) {
        let mut x = if 2 * i + 1 == order { 0.0 } else { 0.5 * (nodes[i] - nodes[order - 1 - i]) };
        for _ in 0..2 {
            let (value, previous, _) = hermite_values(order, x);
            x -= value / (previous * (order as f64).sqrt());
        }
        let weight = 1.0 / hermite_values(order, x).2;
        nodes[i] = x;
        nodes[order - 1 - i] = -x;
        weights[i] = weight;
        weights[order - 1 - i] = weight;
    }
    Rule { nodes, weights }
}

/// h_n(x), h_{n−1}(x) and Σ_{k<n} h_k(x)² of the orthonormal Hermite polynomials of weight φ.
fn hermite_values(order: usize, x: f64) -> (f64, f64, f64) {
    let (mut previous, mut current) = (0.0, 1.0);
    let mut squares = 0.0;
    for k in 0..order {
        squares += current * current;
        let k = k as f64;
        (previous, current) = (current, (x * current - k.sqrt() * previous) / (k + 1.0).sqrt());
    }
    (current, previous, squares)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legendre_is_exact_for_even_powers() {
        for order in [1, 2, 5, 16, 47, 64, 200, 256] {
            let rule = legendre(order);
            assert!(rule.nodes.is_sorted());
            for power in [0, 2.min(2 * order - 2), 2 * order - 2] {
                let moment = rule.integrate(-1.0, 1.0, |x| libm::pow(x, power as f64));
                let exact = 2.0 / (power as f64 + 1.0);
                assert!((moment / exact - 1.0).abs() < 1e-12, "order {order}, power {power}: {moment} {exact}");
            }
            let total: f64 = rule.weights.iter().sum();
            assert!((total - 2.0).abs() < 4e-15, "order {order}: {total}");
        }
        // Abramowitz and Stegun 1964, table 25.4, n = 5.
        assert!((legendre(5).nodes[4] - 0.906_179_845_938_664).abs() < 1e-15);
        assert!((legendre(5).weights[4] - 0.236_926_885_056_189).abs() < 1e-15);
    }

    #[test]
    fn hermite_has_the_moments_of_the_normal_law() {
        for order in [1, 4, 9, 32, 64, 128, 256] {
            let rule = hermite(order);
            let mut exact = 1.0;
            for half_power in 0..12.min(order as u32) {
                let power = 2 * half_power;
                let moment: f64 =
                    rule.nodes.iter().zip(&rule.weights).map(|(x, w)| w * libm::pow(*x, f64::from(power))).sum();
                assert!((moment / exact - 1.0).abs() < 1e-12, "order {order}, power {power}: {moment} {exact}");
                exact *= f64::from(power + 1);
            }
        }
    }
}
