//! Sweeps: axes over paths of the file, the points they make, and the scenario of one point.

use crate::engine::simulation::random::{Purpose, Stream};
use crate::scenario::assemble::assembled;
use crate::scenario::effects::without_questions;
use crate::scenario::fault::{pointer, tokens};
use crate::scenario::set::put;
use crate::scenario::{Scenario, ScenarioError};
use serde_json::Value;

/// How axes are combined to points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SweepDesign {
    /// Every combination; the first axis moves slowest.
    Grid,
    /// First with first, second with second; all axes have the same number of values.
    Zip,
    /// A space-filling sample of so many points.
    LatinHypercube(usize),
}

/// What an axis takes.
#[derive(Debug, Clone, PartialEq)]
pub enum Levels {
    /// These values.
    Values(Vec<Value>),
    /// Every number between two; in a Latin hypercube alone.
    Between(f64, f64),
}

/// A value of the file that moves.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepAxis {
    /// JSON pointer, below `/truth`, `/truths`, `/protocol`, `/candidates`, `/goal` or `/run`.
    pub path: String,
    /// What it takes.
    pub levels: Levels,
}

/// The points over which everything is repeated.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// How the axes are combined.
    pub design: SweepDesign,
    /// The axes.
    pub axes: Vec<SweepAxis>,
}

impl Sweep {
    /// Every point, one value per axis, in order. Only a Latin hypercube depends on the seed.
    ///
    /// A Latin hypercube of n points divides every axis into n equal parts and has one point in each, at the share
    /// x = (π(i) + u)/n of the axis, with an independent random permutation π per axis and u uniform on (0, 1) (McKay,
    /// Beckman and Conover 1979, Technometrics 21, 239–245, section 2.3). A list of k values takes its ⌊kx⌋-th.
    pub fn points(&self, seed: u64) -> Vec<Vec<Value>> {
        let value = |axis: &SweepAxis, index: usize| match &axis.levels {
            Levels::Values(values) => values.get(index).cloned().unwrap_or(Value::Null),
            Levels::Between(from, _) => Value::from(*from),
        };
        match self.design {
            SweepDesign::Zip => {
                let count = self.axes.iter().map(SweepAxis::count).min().unwrap_or(0);
                (0..count).map(|index| self.axes.iter().map(|axis| value(axis, index)).collect()).collect()
            }
            SweepDesign::Grid => {
                let count: usize = self.axes.iter().map(SweepAxis::count).product();
                let point = |index: usize| {
                    let mut rest = index;
                    let mut values: Vec<Value> = Vec::with_capacity(self.axes.len());
                    for axis in self.axes.iter().rev() {
                        values.push(value(axis, rest % axis.count()));
                        rest /= axis.count();
                    }
                    values.reverse();
                    values
                };
                (0..count).map(point).collect()
            }
            SweepDesign::LatinHypercube(count) => {
                let shares: Vec<Vec<f64>> = (0..self.axes.len()).map(|axis| hypercube(seed, axis, count)).collect();
                let at = |axis: &SweepAxis, share: f64| match &axis.levels {
                    Levels::Values(values) => {
                        value(axis, ((values.len() as f64 * share) as usize).min(values.len() - 1))
                    }
                    Levels::Between(from, to) => Value::from(from + (to - from) * share),
                };
                (0..count)
                    .map(|i| self.axes.iter().zip(&shares).map(|(axis, share)| at(axis, share[i])).collect())
                    .collect()
            }
        }
    }
}

impl SweepAxis {
    fn count(&self) -> usize {
        match &self.levels {
            Levels::Values(values) => values.len(),
            Levels::Between(..) => 1,
        }
    }
}

/// Shares of one axis of a Latin hypercube, one per point; the shuffle is Fisher and Yates's (Knuth 1997, algorithm P).
fn hypercube(seed: u64, axis: usize, count: usize) -> Vec<f64> {
    let stream = Stream::new(seed, axis as u64);
    let mut parts: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        let other = (stream.uniform(last as u32, Purpose::Shuffle) * (last + 1) as f64) as usize;
        parts.swap(last, other.min(last));
    }
    let share = |(i, part): (usize, &usize)| (*part as f64 + stream.uniform(i as u32, Purpose::Jitter)) / count as f64;
    parts.iter().enumerate().map(share).collect()
}

impl Scenario {
    /// The scenario of one point of its sweep: the file with the axes' values in their places, without `sweep` and `prior`.
    /// Settings of `run` are those of the point's file.
    ///
    /// # Errors
    /// [`ScenarioError`] at the axis whose value the format refuses, or at the place where two values do not fit together.
    pub fn at_point(&self, axes: &[SweepAxis], point: &[Value]) -> Result<Self, ScenarioError> {
        let mut source = self.source.clone();
        for (axis, value) in axes.iter().zip(point) {
            let path = tokens(&axis.path).unwrap_or_default();
            put(&mut source, &path, value.clone()).map_err(|error| ScenarioError {
                pointer: error.pointer,
                value: axis.path.clone(),
                rule: error.rule,
                hint: error.hint,
            })?;
        }
        without_questions(&mut source);
        assembled(source).map(|scenario| Self { sha256: self.sha256.clone(), ..scenario }).map_err(|error| {
            let place = |(index, axis): (usize, &SweepAxis)| {
                let below = error.pointer.strip_prefix(&axis.path)?;
                (below.is_empty() || below.starts_with('/')).then(|| pointer(&["sweep", "axes", &index.to_string()]))
            };
            let values: Vec<String> =
                axes.iter().zip(point).map(|(axis, value)| format!("{} = {value}", axis.path)).collect();
            ScenarioError {
                pointer: axes.iter().enumerate().find_map(place).unwrap_or_else(|| error.pointer.clone()),
                rule: format!("at {}: {}: {}", values.join(", "), error.pointer, error.rule),
                ..error
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sweep(design: SweepDesign, levels: Vec<Levels>) -> Sweep {
        let axis = |(index, levels)| SweepAxis { path: format!("/truth/{index}"), levels };
        Sweep { design, axes: levels.into_iter().enumerate().map(axis).collect() }
    }

    #[test]
    fn a_grid_moves_its_first_axis_slowest_and_a_zip_pairs() {
        let levels = || vec![Levels::Values(vec![1.into(), 2.into()]), Levels::Values(vec!["a".into(), "b".into()])];
        let text = |sweep: Sweep| serde_json::to_string(&sweep.points(1)).unwrap();
        assert_eq!(text(sweep(SweepDesign::Grid, levels())), r#"[[1,"a"],[1,"b"],[2,"a"],[2,"b"]]"#);
        assert_eq!(text(sweep(SweepDesign::Zip, levels())), r#"[[1,"a"],[2,"b"]]"#);
    }

    #[test]
    fn a_latin_hypercube_has_one_point_in_every_part_of_every_axis() {
        let three = Levels::Values(vec![1.into(), 2.into(), 3.into()]);
        let sweep =
            sweep(SweepDesign::LatinHypercube(60), vec![Levels::Between(-2.0, 4.0), Levels::Between(0.0, 1.0), three]);
        let points = sweep.points(7);
        let part = |axis: usize, low: f64, width: f64| {
            let mut parts: Vec<usize> =
                points.iter().map(|point| ((point[axis].as_f64().unwrap() - low) / width * 60.0) as usize).collect();
            let order = parts.clone();
            parts.sort_unstable();
            assert_eq!(parts, (0..60).collect::<Vec<_>>());
            order
        };
        assert_ne!(part(0, -2.0, 6.0), part(1, 0.0, 1.0));
        for value in 1..=3 {
            assert_eq!(points.iter().filter(|point| point[2] == value).count(), 20);
        }
        assert_eq!(points, sweep.points(7));
        assert_ne!(points, sweep.points(8));
    }
}
