//! Where the sub-density of a recursion is kept: Gauss–Legendre nodes, on one panel or on many.
//!
//! The centred statistic at a look has a sub-density g over the continuation region: the density of reaching the look
//! and standing there. g is the normal density at the first look, and thereafter a normal kernel spread over the region
//! of the look before. It therefore bends on the scale 1, and near the ends of earlier regions on the scale of the
//! kernel's width (a *layer*). When looks are close together that width is small.
//!
//! * Ordinary case: one panel with as many nodes as the narrowest scale asks for. g times a normal kernel of combined
//!   width σ over a half-width L is integrated with error exp(−2n²σ²/L²) by n nodes (the integrand is entire; Trefethen
//!   2013, theorem 19.3), so n = 3.9 L/σ leaves 1e-13.
//! * Close looks: panels no wider than the layers they lie in, where g is a polynomial to 1e-13; a kernel narrower
//!   than its panel is integrated over the kernel's own reach, with g interpolated (barycentric formula, Berrut and
//!   Trefethen 2004; weights for Legendre nodes, Wang and Xiang 2012).

use crate::numerics::quadrature::{Rule, legendre};
use std::sync::OnceLock;

/// Nodes of a panel when there are several.
const PANEL_ORDER: usize = 16;

/// Widest panel, in units of the scale on which g bends: there 16 nodes interpolate it to 1e-13.
const PANEL_WIDTH: f64 = 2.0;

/// Most nodes of a single panel; more than that and panels are cheaper.
const SINGLE_ORDER: usize = 200;

/// Nodes across the reach of a narrow kernel.
const REACH_ORDER: usize = 44;

/// A kernel is cut off at this many standard deviations: Φ(−9) = 1e-19.
pub(super) const REACH: f64 = 9.0;

/// Nodes per half-width over width for an error of 1e-13.
const NODES_PER_WIDTH: f64 = 3.9;

/// A place where g bends on a scale below 1.
#[derive(Debug, Clone, Copy)]
struct Layer {
    at: f64,
    width: f64,
}

/// A stretch of the region with its own nodes.
#[derive(Debug, Clone, Copy)]
struct Panel {
    low: f64,
    high: f64,
    /// First node, and one past the last.
    first: usize,
    end: usize,
    /// Whether a kernel of the width promised to [`Mesh::lay`] is integrated by the nodes themselves.
    direct: bool,
}

/// The sub-density of one look.
#[derive(Debug, Default)]
pub(super) struct Mesh {
    panels: Vec<Panel>,
    layers: Vec<Layer>,
    /// Nodes, increasing.
    pub nodes: Vec<f64>,
    weights: Vec<f64>,
    /// g at the nodes.
    density: Vec<f64>,
    /// g at the nodes times weights.
    mass: Vec<f64>,
    /// The region, empty when `low >= high`.
    low: f64,
    high: f64,
    /// Whether the ends are bounds of the trial (else only cut off where nothing is left).
    real_ends: [bool; 2],
}

impl Mesh {
    /// Lays nodes over [`low`, `high`] for a density made from `before` by x = `ratio`·u + `width`·ε (`None` at the first
    /// look), to be integrated against kernels of width `kernel` (in x).
    pub fn lay(
        &mut self,
        (low, high): (f64, f64),
        real_ends: [bool; 2],
        before: Option<(&Mesh, f64, f64)>,
        kernel: f64,
    ) {
        (self.low, self.high, self.real_ends) = (low, high, real_ends);
        self.panels.clear();
        self.layers.clear();
        self.nodes.clear();
        self.weights.clear();
        if low >= high {
            return;
        }
        let mut narrowest = 1.0_f64;
        if let Some((mesh, ratio, width)) = before {
            let ends = [(mesh.low, mesh.real_ends[0]), (mesh.high, mesh.real_ends[1])];
            let fresh = ends.into_iter().filter(|end| end.1).map(|end| Layer { at: end.0, width: 0.0 });
            for layer in mesh.layers.iter().copied().chain(fresh) {
                let moved = Layer { at: layer.at * ratio, width: (layer.width * ratio).hypot(width) };
                let reach = REACH * moved.width;
                if moved.width < 1.0 && moved.at + reach > low && moved.at - reach < high {
                    narrowest = narrowest.min(moved.width);
                    self.layers.push(moved);
                }
            }
        }
        let scale = 1.0 / (1.0 / kernel).hypot(1.0 / narrowest);
        let order = NODES_PER_WIDTH * 0.5 * (high - low) / scale + 6.0;
        if order <= SINGLE_ORDER as f64 {
            self.push_panel(low, high, (order as usize).next_multiple_of(2), true);
        } else {
            self.lay_panels(kernel);
        }
    }

    fn push_panel(&mut self, low: f64, high: f64, order: usize, direct: bool) {
        let first = self.nodes.len();
        for (node, weight) in legendre(order).on(low, high) {
            self.nodes.push(node);
            self.weights.push(weight);
        }
        self.panels.push(Panel { low, high, first, end: self.nodes.len(), direct });
    }

    /// Sweeps panels over the region: at most [`PANEL_WIDTH`] wide, in units of the layer's width within reach of
    /// a layer.
    fn lay_panels(&mut self, kernel: f64) {
        let mut low = self.low;
        while low < self.high {
            let mut step = PANEL_WIDTH;
            for layer in &self.layers {
                let (begin, end) = (layer.at - REACH * layer.width, layer.at + REACH * layer.width);
                if low < begin - layer.width {
                    step = step.min(begin - low);
                } else if low < end {
                    step = step.min(PANEL_WIDTH * layer.width);
                }
            }
            let mut high = low + step;
            // A step lost in rounding ends the sweep.
            if high >= self.high || high <= low {
                high = self.high;
            }
            self.push_panel(low, high, PANEL_ORDER, kernel >= 0.25 * 0.5 * (high - low));
            low = high;
        }
    }

    /// Sets g at the nodes.
    pub fn fill(&mut self, mut density: impl FnMut(f64) -> f64) {
        self.density.clear();
        self.density.extend(self.nodes.iter().map(|&node| density(node)));
        self.mass.clear();
        self.mass.extend(self.density.iter().zip(&self.weights).map(|(density, weight)| density * weight));
    }

    /// ∫ g(u) f(u) du, where f varies only within [`REACH`] `kernel` of `centre` and is `left` below and `right` above.
    pub fn integrate(&self, centre: f64, kernel: f64, (left, right): (f64, f64), f: impl Fn(f64) -> f64) -> f64 {
        let (begin, end) = (centre - REACH * kernel, centre + REACH * kernel);
        let mut total = 0.0;
        for panel in &self.panels {
            let range = panel.first..panel.end;
            if panel.direct {
                total +=
                    self.nodes[range.clone()].iter().zip(&self.mass[range]).map(|(&u, mass)| mass * f(u)).sum::<f64>();
                continue;
            }
            if panel.low >= end || panel.high <= begin {
                let level = if panel.low >= end { right } else { left };
                if level != 0.0 {
                    total += level * self.mass[range].iter().sum::<f64>();
                }
                continue;
            }
            let (from, to) = (begin.max(panel.low), end.min(panel.high));
            if left != 0.0 && panel.low < from {
                total += left * self.interpolated(panel, legendre(PANEL_ORDER), (panel.low, from), |_| 1.0);
            }
            total += self.interpolated(panel, legendre(REACH_ORDER), (from, to), &f);
            if right != 0.0 && to < panel.high {
                total += right * self.interpolated(panel, legendre(PANEL_ORDER), (to, panel.high), |_| 1.0);
            }
        }
        total
    }

    /// ∫ g f over a part of a panel, g interpolated from the panel's nodes.
    fn interpolated(&self, panel: &Panel, rule: &Rule, (low, high): (f64, f64), f: impl Fn(f64) -> f64) -> f64 {
        let lambda = barycentric();
        let nodes = &legendre(PANEL_ORDER).nodes;
        let density = &self.density[panel.first..panel.end];
        let (centre, half) = (0.5 * (panel.low + panel.high), 0.5 * (panel.high - panel.low));
        let mut total = 0.0;
        for (u, weight) in rule.on(low, high) {
            let at = (u - centre) / half;
            let (mut numerator, mut denominator) = (0.0, 0.0);
            let mut exact = None;
            for i in 0..PANEL_ORDER {
                let distance = at - nodes[i];
                if distance == 0.0 {
                    exact = Some(density[i]);
                    break;
                }
                let share = lambda[i] / distance;
                numerator += share * density[i];
                denominator += share;
            }
            total += weight * f(u) * exact.unwrap_or(numerator / denominator);
        }
        total
    }

    /// The nodes and g times weights when there is a single panel, for the plain inner loop.
    pub fn single(&self) -> Option<(&[f64], &[f64])> {
        (self.panels.len() == 1 && self.panels[0].direct).then_some((&self.nodes[..], &self.mass[..]))
    }
}

/// Barycentric weights (−1)^i √((1 − x_i²) w_i) of the panel's Legendre nodes.
fn barycentric() -> &'static [f64] {
    static WEIGHTS: OnceLock<Vec<f64>> = OnceLock::new();
    WEIGHTS.get_or_init(|| {
        let rule = legendre(PANEL_ORDER);
        let magnitude = rule.nodes.iter().zip(&rule.weights).map(|(x, w)| ((1.0 - x * x) * w).sqrt());
        magnitude.enumerate().map(|(i, weight)| if i % 2 == 0 { weight } else { -weight }).collect()
    })
}
