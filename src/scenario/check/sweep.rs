//! Sweeps: the design, its axes, and whether their paths stand in the file.

use crate::scenario::fault::{self, At, Checked};
use crate::scenario::limits;
use crate::scenario::raw;
use crate::scenario::set::put;
use crate::scenario::{Levels, Sweep, SweepAxis, SweepDesign};
use serde_json::Value;

/// Parts of the file that an axis can reach.
const REACHED: [&str; 6] = ["truth", "truths", "protocol", "candidates", "goal", "run"];

/// The sweep of a file.
pub fn sweep(raw: &raw::Sweep, document: &Value, at: &At<'_>) -> Checked<Sweep> {
    let list = at.key("axes");
    if !(1..=limits::AXES).contains(&raw.axes.len()) {
        return Err(list.fail(format!("must list 1 to {} axes, not {}", limits::AXES, raw.axes.len())));
    }
    let points = raw.points.map(|points| points.get() as usize);
    let hypercube = matches!(raw.design, Some(raw::SweepDesign::LatinHypercube));
    let design = match (raw.design, points) {
        (Some(raw::SweepDesign::LatinHypercube), Some(points)) => SweepDesign::LatinHypercube(points),
        (Some(raw::SweepDesign::LatinHypercube), None) => {
            return Err(at.key("points").fail("a Latin hypercube needs a number of points"));
        }
        (_, Some(_)) => {
            let fault = at.key("points").fail("only a Latin hypercube has a number of points: here the axes make them");
            return Err(fault.hint("\"design\": \"latin_hypercube\", or leave `points` out"));
        }
        (Some(raw::SweepDesign::Zip), None) => SweepDesign::Zip,
        (None | Some(raw::SweepDesign::Grid), None) => SweepDesign::Grid,
    };
    let mut axes: Vec<SweepAxis> = Vec::with_capacity(raw.axes.len());
    for (index, axis) in raw.axes.iter().enumerate() {
        let here = list.index(index);
        let levels = levels(axis, hypercube, &here)?;
        path(&axis.path, &levels, document, &here)?;
        let inside = |one: &str, other: &str| {
            one.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if let Some(other) =
            axes.iter().find(|other| inside(&other.path, &axis.path) || inside(&axis.path, &other.path))
        {
            return Err(here.key("path").fail(format!("another axis moves the same value: {}", other.path)));
        }
        axes.push(SweepAxis { path: axis.path.clone(), levels });
    }
    let counts = axes.iter().map(|axis| match &axis.levels {
        Levels::Values(values) => values.len(),
        Levels::Between(..) => 1,
    });
    match design {
        SweepDesign::Grid => {
            let all = counts.fold(1, usize::saturating_mul);
            if all > limits::POINTS {
                return Err(list.fail(format!("make {all} points, and {} are the most", limits::POINTS)));
            }
        }
        SweepDesign::Zip => {
            let counts: Vec<usize> = counts.collect();
            if let Some(index) = counts.iter().position(|count| *count != counts[0]) {
                let rule = format!("has {} values and the first axis {}: they are paired", counts[index], counts[0]);
                return Err(list.index(index).fail(rule).hint("\"design\": \"grid\" takes every combination"));
            }
        }
        SweepDesign::LatinHypercube(_) => {}
    }
    Ok(Sweep { design, axes })
}

fn levels(axis: &raw::Axis, hypercube: bool, at: &At<'_>) -> Checked<Levels> {
    match (&axis.values, axis.from, axis.to, axis.step) {
        (Some(values), None, None, None) => {
            if values.is_empty() || values.len() > limits::POINTS {
                let rule = format!("must list 1 to {} values, not {}", limits::POINTS, values.len());
                return Err(at.key("values").fail(rule));
            }
            Ok(Levels::Values(values.clone()))
        }
        (None, Some(from), Some(to), step) => {
            let (from, to) = (from.get(), to.get());
            if from >= to {
                return Err(at.key("to").fail(format!("must be above `from`, which is {from}")));
            }
            match step {
                Some(step) => steps(from, to, step.get(), at),
                None if hypercube => Ok(Levels::Between(from, to)),
                None => Err(at
                    .key("step")
                    .fail("an axis from one number to another needs a step")
                    .hint("or \"design\": \"latin_hypercube\", which takes any number between them")),
            }
        }
        _ => Err(at.fail("an axis has either `values`, or `from`, `to` and `step`")),
    }
}

/// `from`, `from + step`, … up to `to`, with the decimals that the file writes: 0.1, 0.2, 0.3 and not 0.30000000000000004.
fn steps(from: f64, to: f64, step: f64, at: &At<'_>) -> Checked<Levels> {
    let count = ((to - from) / step + 1e-9).floor() + 1.0;
    if count > limits::POINTS as f64 {
        return Err(at.key("step").fail(format!("makes {count} values, and {} are the most", limits::POINTS)));
    }
    let decimals = |number: f64| number.to_string().split_once('.').map_or(0, |(_, digits)| digits.len());
    let digits = decimals(from).max(decimals(step));
    let value = |k: u32| {
        let number = from + f64::from(k) * step;
        if digits == 0 {
            Value::from(number.round() as i64)
        } else {
            format!("{number:.digits$}").parse().map_or(Value::from(number), |number: f64| Value::from(number))
        }
    };
    Ok(Levels::Values((0..count as u32).map(value).collect()))
}

/// Checks that a path leads to a place of the file that a point can change.
fn path(path: &str, levels: &Levels, document: &Value, at: &At<'_>) -> Checked<()> {
    let here = at.key("path");
    let tokens = fault::tokens(path).unwrap_or_default();
    if tokens.len() < 2 || !REACHED.contains(&tokens[0].as_str()) {
        let rule = format!("must be a path below {}", REACHED.map(|part| format!("/{part}")).join(", "));
        return Err(here.fail(rule).hint("for example /truth/arms/vaccine/effect/death/delay"));
    }
    if path == "/run/seed" {
        return Err(here
            .fail("every point of a sweep has the same random numbers, so that points differ by their values alone"));
    }
    if tokens.len() == 2 && matches!(tokens[0].as_str(), "truths" | "candidates") {
        return Err(here
            .fail("the truths and candidates of a sweep are the same at every point")
            .hint("an axis moves a value inside one of them"));
    }
    let first = match levels {
        Levels::Values(values) => values[0].clone(),
        Levels::Between(from, _) => Value::from(*from),
    };
    put(&mut document.clone(), &tokens, first)
        .map_err(|error| here.fail(format!("{} ({})", error.rule, error.pointer)).maybe_hint(error.hint))
}
