//! The largest value of a function over a box: quasi-random starts, the best of them refined by Nelder–Mead.

use crate::engine::EngineError;
use crate::numerics::mvn::{Lattice, MAX_DIMENSION, SHIFTS};
use argmin::core::{CostFunction, Error, Executor};
use argmin::solver::neldermead::NelderMead;
use std::cell::{Cell, RefCell};

/// How hard to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Points of the first pass, spread over the box.
    pub starts: usize,
    /// Best of them refined.
    pub refined: usize,
    /// Nelder–Mead steps of each.
    pub steps: u64,
}

/// Where the function is largest.
#[derive(Debug, Clone, PartialEq)]
pub struct Maximum {
    /// The point, in the box.
    pub at: Vec<f64>,
    /// The value there.
    pub value: f64,
    /// Points evaluated.
    pub evaluations: usize,
}

/// Edge of the first simplex, as a share of the box.
const SIMPLEX: f64 = 0.15;

/// Coordinates of the unit cube, any real number folded back into it.
fn folded(x: f64) -> f64 {
    let x = x.rem_euclid(2.0);
    if x > 1.0 { 2.0 - x } else { x }
}

struct Box<'a, F> {
    ranges: &'a [[f64; 2]],
    function: &'a F,
    evaluations: Cell<usize>,
    best: RefCell<Option<(Vec<f64>, f64)>>,
}

impl<F: Fn(&[f64]) -> Result<f64, EngineError>> Box<'_, F> {
    fn value(&self, unit: &[f64]) -> Result<f64, EngineError> {
        let point: Vec<f64> =
            unit.iter().zip(self.ranges).map(|(x, [from, to])| from + folded(*x) * (to - from)).collect();
        self.evaluations.set(self.evaluations.get() + 1);
        let value = (self.function)(&point)?;
        let mut best = self.best.borrow_mut();
        if best.as_ref().is_none_or(|(_, known)| value > *known) {
            *best = Some((point, value));
        }
        Ok(value)
    }
}

impl<F: Fn(&[f64]) -> Result<f64, EngineError>> CostFunction for &Box<'_, F> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, unit: &Vec<f64>) -> Result<f64, Error> {
        Ok(-self.value(unit)?)
    }
}

/// The largest value of `function` over the box `ranges` ([from, to] of each coordinate, at most 25). With no coordinate the one
/// value there is. Every start is a lattice point, so that the same question gives the same answer.
///
/// # Errors
/// The function's own; [`EngineError::Numerics`] of the optimiser.
pub fn maximum<F: Fn(&[f64]) -> Result<f64, EngineError>>(
    ranges: &[[f64; 2]],
    effort: Effort,
    function: &F,
) -> Result<Maximum, EngineError> {
    let wrong = |what: String| EngineError::Numerics(what);
    if ranges.len() > MAX_DIMENSION {
        return Err(wrong(format!("{} values to vary, at most {MAX_DIMENSION}", ranges.len())));
    }
    let space = Box { ranges, function, evaluations: Cell::new(0), best: RefCell::new(None) };
    if ranges.is_empty() {
        space.value(&[])?;
    } else {
        let lattice = Lattice::new(ranges.len());
        let mut starts = Vec::with_capacity(effort.starts);
        for index in 0..effort.starts.max(1) {
            let mut unit = vec![0.0; ranges.len()];
            lattice.point(index % SHIFTS, index / SHIFTS, &mut unit);
            starts.push((space.value(&unit)?, unit));
        }
        starts.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (_, start) in starts.iter().take(effort.refined) {
            let vertex = |axis: usize| {
                let mut vertex = start.clone();
                vertex[axis] += if vertex[axis] > 0.5 { -SIMPLEX } else { SIMPLEX };
                vertex
            };
            let simplex = std::iter::once(start.clone()).chain((0..ranges.len()).map(vertex)).collect();
            let solver = NelderMead::new(simplex).with_sd_tolerance(1e-6).map_err(|error| wrong(error.to_string()))?;
            Executor::new(&space, solver)
                .configure(|state| state.max_iters(effort.steps))
                .run()
                .map_err(|error| wrong(error.to_string()))?;
        }
    }
    let evaluations = space.evaluations.get();
    match space.best.into_inner() {
        Some((at, value)) => Ok(Maximum { at, value, evaluations }),
        None => Err(wrong("nothing was evaluated".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EFFORT: Effort = Effort { starts: 16, refined: 3, steps: 80 };

    #[test]
    fn the_higher_of_two_peaks_and_a_corner_are_found() {
        let two = |x: &[f64]| {
            let peak = |a: f64, b: f64, height: f64| height * (-((x[0] - a).powi(2) + (x[1] - b).powi(2)) / 0.08).exp();
            Ok(peak(1.2, 0.3, 1.0) + peak(1.8, 0.8, 1.1))
        };
        let found = maximum(&[[1.0, 2.0], [0.0, 1.0]], EFFORT, &two).unwrap();
        assert!((found.at[0] - 1.8).abs() < 0.02 && (found.at[1] - 0.8).abs() < 0.02, "{found:?}");
        let corner = maximum(&[[0.0, 1.0], [-3.0, 5.0]], EFFORT, &|x: &[f64]| Ok(x[0] - x[1])).unwrap();
        assert!((corner.value - 4.0).abs() < 0.02, "{corner:?}");
        assert_eq!(maximum(&[], EFFORT, &|_: &[f64]| Ok(7.0)).unwrap().value, 7.0);
    }
}
