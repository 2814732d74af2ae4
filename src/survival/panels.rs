//! Panel-aligned quadrature over follow-up time: no panel straddles a kink, and panels grow geometrically away from one.
//!
//! Every integrand of this house is, between kinks, a sum of exponentials with rates up to some fastest rate r, times a
//! low polynomial. From each kink the panels are [0, 2/r], [2/r, 4/r], [4/r, 8/r], …: every exponential is either nearly
//! polynomial on a panel or already negligible there, whatever its rate, so that a fixed Gauss–Legendre rule per panel is
//! accurate to about 1e-12 of the integral with log₂(r·length) panels per cell.

use crate::numerics::quadrature::{Rule, legendre};

/// Nodes of a panel on which the integrand is nearly a low polynomial.
const SHORT: usize = 5;
/// Nodes of a panel over which the fastest exponential falls by at most e⁻².
const MEDIUM: usize = 8;
/// Nodes of a panel [x, 2x] of a graded partition.
const LONG: usize = 14;

/// Nodes (months, ascending) and weights of one integral over [from, to].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TimeGrid {
    /// Months, strictly inside the panels, ascending.
    pub times: Vec<f64>,
    /// Weights in months; they sum to the length of the interval.
    pub weights: Vec<f64>,
}

impl TimeGrid {
    /// A grid on [`from`, `to`] (months, finite) aligned with `cuts` (ascending; those outside are ignored).
    /// `fastest(t)` is the fastest exponential rate of the integrand per month on the cell that contains t.
    pub fn new(cuts: &[f64], from: f64, to: f64, fastest: impl Fn(f64) -> f64) -> Self {
        let mut grid = Self::default();
        if to <= from {
            return grid;
        }
        let mut start = from;
        let first = cuts.partition_point(|&cut| cut <= from);
        for &cut in cuts[first..].iter().take_while(|&&cut| cut < to).chain(std::iter::once(&to)) {
            if cut > start {
                grid.cell(start, cut, fastest(0.5 * (start + cut)));
                start = cut;
            }
        }
        grid
    }

    /// The integral of a function given by its values at the nodes.
    pub fn integrate(&self, values: impl IntoIterator<Item = f64>) -> f64 {
        self.weights.iter().zip(values).map(|(weight, value)| weight * value).sum()
    }

    fn cell(&mut self, start: f64, end: f64, rate: f64) {
        let reach = rate * (end - start);
        if reach <= 0.25 {
            self.panel(legendre(SHORT), start, end);
            return;
        }
        if reach <= 2.0 || !reach.is_finite() {
            self.panel(legendre(MEDIUM), start, end);
            return;
        }
        let mut low = start;
        // Not shorter than rounding allows.
        let mut high = start + (2.0 / rate).max(1e-13 * end);
        self.panel(legendre(MEDIUM), low, high);
        while high < end {
            low = high;
            let length = 2.0 * (low - start);
            // The last panel takes a short rest with it.
            high = if start + 1.25 * length >= end { end } else { start + length };
            self.panel(legendre(LONG), low, high);
        }
    }

    fn panel(&mut self, rule: &Rule, low: f64, high: f64) {
        let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
        for (node, weight) in rule.nodes.iter().zip(&rule.weights) {
            self.times.push(middle + half * node);
            self.weights.push(half * weight);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_of_all_rates_are_integrated_at_once() {
        let cuts = [0.5, 3.0, 3.000_001, 40.0];
        let grid = TimeGrid::new(&cuts, 0.0, 1e4, |_| 1e3);
        for rate in [1e-6, 1e-3, 0.05, 1.0, 17.0, 1e3] {
            let value = grid.integrate(grid.times.iter().map(|t| (-rate * t).exp()));
            let exact = -(-rate * 1e4_f64).exp_m1() / rate;
            assert!((value / exact - 1.0).abs() < 1e-12, "{rate}: {}", value / exact - 1.0);
        }
        assert!(grid.times.windows(2).all(|pair| pair[0] < pair[1]));
        assert!((grid.weights.iter().sum::<f64>() - 1e4).abs() < 1e-8);
        assert!(TimeGrid::new(&cuts, 2.0, 2.0, |_| 1.0).times.is_empty());
    }
}
