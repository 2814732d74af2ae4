//! `piecewise_linear`, `step`: the level spent as the file draws it.

use super::{SpendingFunction, ThroughPoints};
use std::sync::Arc;

/// Straight lines through (0, 0), the points (t_i, p_i) and (1, 1): α*(t) = α (p_i + (p_{i+1} − p_i)(t − t_i)/(t_{i+1} − t_i)).
#[derive(Debug)]
pub struct PiecewiseLinear {
    points: Vec<(f64, f64)>,
}

impl SpendingFunction for PiecewiseLinear {
    fn spent(&self, total: f64, time: f64) -> f64 {
        if time >= 1.0 {
            return total;
        }
        let time = time.max(0.0);
        let after = self.points.partition_point(|point| point.0 <= time);
        let (left, low) = if after == 0 { (0.0, 0.0) } else { self.points[after - 1] };
        let (right, high) = self.points.get(after).copied().unwrap_or((1.0, 1.0));
        total * (low + (high - low) * (time - left) / (right - left))
    }
}

/// Nothing before the first point, then p_i α from t_i on, and α at 1.
#[derive(Debug)]
pub struct Step {
    points: Vec<(f64, f64)>,
}

impl SpendingFunction for Step {
    fn spent(&self, total: f64, time: f64) -> f64 {
        if time >= 1.0 {
            return total;
        }
        let after = self.points.partition_point(|point| point.0 <= time);
        if after == 0 { 0.0 } else { total * self.points[after - 1].1 }
    }
}

/// Most points of a course.
const MOST: usize = 100;

pub(super) const PIECEWISE_LINEAR: ThroughPoints = ThroughPoints {
    name: "piecewise_linear",
    summary: "straight lines from nothing at 0 through the points to everything at 1",
    points: (1, MOST),
    parameters: &[],
    build: |points, _| Ok(Arc::new(PiecewiseLinear { points: points.to_vec() })),
};

pub(super) const STEP: ThroughPoints = ThroughPoints {
    name: "step",
    summary: "each point's share from its spending time on, everything at 1",
    points: (1, MOST),
    parameters: &[],
    build: |points, _| Ok(Arc::new(Step { points: points.to_vec() })),
};
