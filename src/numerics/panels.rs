//! Piecewise-analytic functions of time: panels aligned with every kink, Gauss–Legendre nodes on each panel, and
//! antiderivatives that can be read off anywhere.
//!
//! Survival integrands are analytic between the kinks of hazards, drop-out and entry, so that [`ORDER`] nodes a panel
//! reach rounding error when no panel is much longer than the time scale of its rates. A misaligned grid of hundreds of
//! panels is wrong in the third digit.

use std::sync::OnceLock;

/// Nodes per panel.
pub const ORDER: usize = 10;

/// Reference rule on [−1, 1]: nodes, weights, and the matrix that turns node values into Legendre coefficients.
struct Rule {
    nodes: [f64; ORDER],
    weights: [f64; ORDER],
    /// `to_coefficients[k][i] = (2k+1)/2 · w_i · P_k(x_i)`.
    to_coefficients: [[f64; ORDER]; ORDER],
}

/// Legendre polynomials P_0 … P_{len−1} at `x` by the three-term recurrence.
fn legendre(x: f64, values: &mut [f64]) {
    for k in 0..values.len() {
        values[k] = match k {
            0 => 1.0,
            1 => x,
            _ => {
                let k_ = k as f64;
                ((2.0 * k_ - 1.0) * x * values[k - 1] - (k_ - 1.0) * values[k - 2]) / k_
            }
        };
    }
}

fn rule() -> &'static Rule {
    static RULE: OnceLock<Rule> = OnceLock::new();
    RULE.get_or_init(|| {
        let gauss = crate::numerics::quadrature::legendre(ORDER);
        let mut rule = Rule { nodes: [0.0; ORDER], weights: [0.0; ORDER], to_coefficients: [[0.0; ORDER]; ORDER] };
        for i in 0..ORDER {
            rule.nodes[i] = gauss.nodes[i];
            rule.weights[i] = gauss.weights[i];
            let mut values = [0.0; ORDER];
            legendre(rule.nodes[i], &mut values);
            for (k, value) in values.iter().enumerate() {
                rule.to_coefficients[k][i] = (k as f64 + 0.5) * rule.weights[i] * value;
            }
        }
        rule
    })
}

/// Panels over [first break, last break] with [`ORDER`] nodes on each.
#[derive(Debug, Clone, PartialEq)]
pub struct Panels {
    breaks: Vec<f64>,
    nodes: Vec<f64>,
    weights: Vec<f64>,
}

impl Panels {
    /// Panels between the given kinks (any order, repeats allowed) inside [0, `end`], cut further so that no panel is
    /// wider than `widest(left, right)` (months) at its ends. Pass the time scale of the rates there.
    pub fn new(kinks: impl IntoIterator<Item = f64>, end: f64, widest: impl Fn(f64, f64) -> f64) -> Self {
        let mut edges: Vec<f64> = kinks.into_iter().filter(|&kink| kink > 0.0 && kink < end).collect();
        edges.push(0.0);
        edges.push(end.max(0.0));
        edges.sort_unstable_by(f64::total_cmp);
        edges.dedup_by(|b, a| *b - *a <= 1e-9 * (1.0 + a.abs()));
        let mut breaks = vec![edges[0]];
        for pair in edges.windows(2) {
            let width = pair[1] - pair[0];
            let pieces = (width / widest(pair[0], pair[1]).max(1e-6)).ceil().clamp(1.0, 200.0);
            for piece in 1..=pieces as usize {
                breaks.push(if piece == pieces as usize { pair[1] } else { pair[0] + width * piece as f64 / pieces });
            }
        }
        let rule = rule();
        let panels = breaks.len() - 1;
        let (mut nodes, mut weights) = (Vec::with_capacity(panels * ORDER), Vec::with_capacity(panels * ORDER));
        for pair in breaks.windows(2) {
            let (middle, half) = (f64::midpoint(pair[0], pair[1]), 0.5 * (pair[1] - pair[0]));
            for i in 0..ORDER {
                nodes.push(middle + half * rule.nodes[i]);
                weights.push(half * rule.weights[i]);
            }
        }
        Self { breaks, nodes, weights }
    }

    /// Panel edges, ascending.
    pub fn breaks(&self) -> &[f64] {
        &self.breaks
    }

    /// All nodes, ascending.
    pub fn nodes(&self) -> &[f64] {
        &self.nodes
    }

    /// All weights, months.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Integral of the function with these node values.
    pub fn integrate(&self, values: &[f64]) -> f64 {
        self.weights.iter().zip(values).map(|(weight, value)| weight * value).sum()
    }

    /// Integral of `function(i)`, the value at node i.
    pub fn integrate_with(&self, function: impl Fn(usize) -> f64) -> f64 {
        self.weights.iter().enumerate().map(|(i, weight)| weight * function(i)).sum()
    }

    /// Value at `x` of the function with these node values, as a polynomial on the panel of `x`; 0 outside.
    pub fn value(&self, values: &[f64], x: f64) -> f64 {
        let last = self.breaks.len() - 1;
        if last == 0 || x < self.breaks[0] || x > self.breaks[last] {
            return 0.0;
        }
        let panel = (self.breaks.partition_point(|&edge| edge <= x).max(1) - 1).min(last - 1);
        let (left, right) = (self.breaks[panel], self.breaks[panel + 1]);
        let mut polynomials = [0.0; ORDER];
        legendre((2.0 * x - left - right) / (right - left), &mut polynomials);
        let values = &values[panel * ORDER..(panel + 1) * ORDER];
        let coefficients =
            rule().to_coefficients.iter().map(|row| row.iter().zip(values).map(|(a, b)| a * b).sum::<f64>());
        coefficients.zip(polynomials).map(|(c, p)| c * p).sum()
    }

    /// The antiderivative from the first break of the function with these node values.
    pub fn antiderivative(&self, values: &[f64]) -> Series {
        let rule = rule();
        let mut coefficients = Vec::with_capacity((self.breaks.len() - 1) * ORDER);
        for panel in values.chunks_exact(ORDER) {
            for row in &rule.to_coefficients {
                coefficients.push(row.iter().zip(panel).map(|(a, b)| a * b).sum());
            }
        }
        Series { breaks: self.breaks.clone(), stride: ORDER, coefficients }.antiderivative()
    }
}

/// A function given on each panel by Legendre coefficients; constant beyond the last break, zero before the first.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    breaks: Vec<f64>,
    stride: usize,
    coefficients: Vec<f64>,
}

impl Series {
    /// The antiderivative that is zero at the first break.
    #[must_use]
    pub fn antiderivative(&self) -> Self {
        let stride = self.stride + 1;
        let panels = self.breaks.len() - 1;
        let mut coefficients = Vec::with_capacity(panels * stride);
        let mut total = 0.0;
        for panel in 0..panels {
            let half = 0.5 * (self.breaks[panel + 1] - self.breaks[panel]);
            let from = &self.coefficients[panel * self.stride..(panel + 1) * self.stride];
            let at = coefficients.len();
            // ∫_{−1}^{x} P_k = (P_{k+1}(x) − P_{k−1}(x))/(2k+1), and ∫_{−1}^{x} P_0 = P_1 + P_0.
            coefficients.resize(at + stride, 0.0);
            for (k, &c) in from.iter().enumerate() {
                let share = half * c / (2.0 * k as f64 + 1.0);
                coefficients[at + k + 1] += share;
                coefficients[at + if k == 0 { 0 } else { k - 1 }] += if k == 0 { share } else { -share };
            }
            coefficients[at] += total;
            total += 2.0 * half * from[0];
        }
        Self { breaks: self.breaks.clone(), stride, coefficients }
    }

    /// Values at ascending points; quickest where runs of [`ORDER`] points lie in one panel, as nodes do.
    pub fn along(&self, points: &[f64]) -> Vec<f64> {
        let mut values = vec![0.0; points.len()];
        let last = self.breaks.len() - 1;
        for (points, values) in points.chunks(ORDER).zip(values.chunks_mut(ORDER)) {
            let panel = self.breaks.partition_point(|&edge| edge <= points[0]);
            let within =
                panel > 0 && panel <= last && points[points.len() - 1] <= self.breaks[panel] && points.len() == ORDER;
            if !within {
                for (value, &x) in values.iter_mut().zip(points) {
                    *value = self.at(x);
                }
                continue;
            }
            let (left, right) = (self.breaks[panel - 1], self.breaks[panel]);
            let c = &self.coefficients[(panel - 1) * self.stride..panel * self.stride];
            let scale = 1.0 / (right - left);
            let mut t = [0.0; ORDER];
            for (t, x) in t.iter_mut().zip(points) {
                *t = (2.0 * x - left - right) * scale;
            }
            // Clenshaw's recurrence, all points at once: the steps of one point wait for each other, those of ten do not.
            let (mut b1, mut b2) = ([0.0; ORDER], [0.0; ORDER]);
            for k in (1..self.stride).rev() {
                let k_ = k as f64;
                let (near, far) = ((2.0 * k_ + 1.0) / (k_ + 1.0), (k_ + 1.0) / (k_ + 2.0));
                for i in 0..ORDER {
                    let b = c[k] + near * t[i] * b1[i] - far * b2[i];
                    b2[i] = b1[i];
                    b1[i] = b;
                }
            }
            for i in 0..ORDER {
                values[i] = c[0] + t[i] * b1[i] - 0.5 * b2[i];
            }
        }
        values
    }

    /// Value at `x`.
    pub fn at(&self, x: f64) -> f64 {
        let last = self.breaks.len() - 1;
        if x <= self.breaks[0] || last == 0 {
            return 0.0;
        }
        let x = x.min(self.breaks[last]);
        let panel = (self.breaks.partition_point(|&edge| edge <= x) - 1).min(last - 1);
        let (left, right) = (self.breaks[panel], self.breaks[panel + 1]);
        let t = (2.0 * x - left - right) / (right - left);
        // Clenshaw's recurrence for Legendre series.
        let c = &self.coefficients[panel * self.stride..(panel + 1) * self.stride];
        let (mut b1, mut b2) = (0.0, 0.0);
        for k in (1..self.stride).rev() {
            let k_ = k as f64;
            let b = c[k] + (2.0 * k_ + 1.0) / (k_ + 1.0) * t * b1 - (k_ + 1.0) / (k_ + 2.0) * b2;
            b2 = b1;
            b1 = b;
        }
        c[0] + t * b1 - 0.5 * b2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn antiderivatives_of_an_exponential_are_exact() {
        let panels = Panels::new([3.0, 7.5], 20.0, |_, _| 5.0);
        let values: Vec<f64> = panels.nodes().iter().map(|s| (-0.2 * s).exp()).collect();
        let once = panels.antiderivative(&values);
        let twice = once.antiderivative();
        assert!((panels.integrate(&values) - (1.0 - (-4.0f64).exp()) / 0.2).abs() < 1e-13);
        for x in [0.0, 0.1, 2.9, 3.0, 7.6, 12.34, 20.0] {
            let first = (1.0 - (-0.2f64 * x).exp()) / 0.2;
            assert!((once.at(x) - first).abs() < 1e-12, "once at {x}");
            assert!((twice.at(x) - (x - first) / 0.2).abs() < 1e-11, "twice at {x}");
        }
        let points: Vec<f64> = (0..97).map(|i| -0.5 + 0.23 * f64::from(i)).collect();
        for points in [panels.nodes(), &points] {
            for (value, &x) in twice.along(points).iter().zip(points) {
                assert!((value - twice.at(x)).abs() < 1e-13, "along at {x}");
            }
        }
        assert_eq!(once.at(-1.0), 0.0);
        assert_eq!(once.at(25.0), once.at(20.0));
        for x in [0.0, 0.1, 3.0, 7.6, 20.0] {
            assert!((panels.value(&values, x) - (-0.2 * x).exp()).abs() < 1e-10, "value at {x}");
        }
        assert_eq!(panels.value(&values, 20.1), 0.0);
    }

    #[test]
    fn panels_respect_kinks_and_width() {
        let panels = Panels::new([4.0, 4.0, 30.0, -2.0], 10.0, |_, _| 2.5);
        assert_eq!(panels.breaks(), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        let empty = Panels::new([], 0.0, |_, _| 1.0);
        assert_eq!(empty.nodes().len(), 0);
    }
}
