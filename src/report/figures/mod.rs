//! The figures of a report: data in, drawings out.

mod answers;
mod design;
mod sensitivity;

pub use answers::{operating_characteristics, pareto};
pub use design::{boundaries, calendar, hazard_ratios, survival};
pub use sensitivity::{average_hazard_ratio, correlation, sizes, tornado, type_one_error};

use crate::report::plot::{Kind, Series};

/// One figure: drawings that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// Name of its files, and its place in the page.
    pub id: &'static str,
    /// What it shows and how to read it.
    pub caption: String,
    /// Its drawings, SVG documents.
    pub panels: Vec<String>,
}

fn line(name: impl Into<String>, look: usize, points: Vec<(f64, f64)>) -> Series {
    Series { name: name.into(), points, errors: Vec::new(), look, kind: Kind::Line }
}

fn marked(name: impl Into<String>, look: usize, points: Vec<(f64, f64)>) -> Series {
    Series { kind: Kind::Marked, ..line(name, look, points) }
}

/// Every second coordinate of the series.
fn heights(series: &[Series]) -> impl Iterator<Item = f64> + '_ {
    series.iter().flat_map(|series| series.points.iter().map(|(_, y)| *y))
}
