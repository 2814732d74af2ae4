//! Horizontal bars away from one value: a tornado.

use super::axis::Axis;
use super::svg::{Anchor, Svg, TEXT, fitted, width};

/// One row: where the value goes to the one side and to the other.
#[derive(Debug, Clone)]
pub struct Bar {
    /// What is moved.
    pub name: String,
    /// Value with it lower.
    pub lower: Option<f64>,
    /// Value with it higher.
    pub higher: Option<f64>,
}

/// A tornado.
#[derive(Debug, Clone)]
pub struct Bars {
    /// Title.
    pub title: String,
    /// The value, with its unit.
    pub axis: Axis,
    /// The value as assumed.
    pub base: f64,
    /// What a bar with the quantity lower, and with it higher, is called.
    pub sides: [String; 2],
    /// Rows, the first on top.
    pub rows: Vec<Bar>,
}

const WIDTH: f64 = 720.0;
const ROW: f64 = 30.0;
const TOP: f64 = 34.0;
const STYLES: [&str; 2] = [
    "fill=\"#ffffff\" stroke=\"#0072b2\" stroke-width=\"1.6\" stroke-dasharray=\"4 2\"",
    "fill=\"#0072b2\" stroke=\"#0072b2\" stroke-width=\"1.6\"",
];

impl Bars {
    /// The tornado as an SVG document.
    pub fn svg(&self) -> String {
        let names = self.rows.iter().map(|bar| width(&bar.name)).fold(60.0, f64::max).min(0.42 * WIDTH);
        let (left, right) = (names + 16.0, WIDTH - 20.0);
        let bottom = TOP + ROW * self.rows.len() as f64;
        let mut svg = Svg::new(WIDTH, bottom + 76.0, &self.title, &self.title);
        svg.text(8.0, 19.0, Anchor::Start, "font-weight=\"600\"", &fitted(&self.title, 0.93 * WIDTH));
        let at = |value: f64| left + self.axis.place(value).clamp(0.0, 1.0) * (right - left);
        for (value, text) in self.axis.ticks(7) {
            svg.line((at(value), TOP), (at(value), bottom), "stroke=\"#d9d9d9\" stroke-width=\"0.8\"");
            svg.text(at(value), bottom + 17.0, Anchor::Middle, "", &text);
        }
        for (row, bar) in self.rows.iter().enumerate() {
            let top = TOP + ROW * row as f64 + 5.0;
            svg.text(left - 8.0, top + 0.5 * (ROW - 10.0) + 0.35 * TEXT, Anchor::End, "", &fitted(&bar.name, names));
            // The shorter bar lies in front where both go to the same side.
            let mut sides = [(bar.lower, STYLES[0]), (bar.higher, STYLES[1])];
            sides.sort_by(|a, b| {
                let length = |side: &Option<f64>| side.map_or(0.0, |value| (value - self.base).abs());
                length(&b.0).total_cmp(&length(&a.0))
            });
            for (value, style) in sides {
                if let Some(value) = value {
                    let (from, to) = (at(self.base.min(value)), at(self.base.max(value)));
                    svg.rectangle(from, top, (to - from).max(1.0), ROW - 10.0, &format!("class=\"mark\" {style}"));
                }
            }
        }
        svg.line((at(self.base), TOP - 4.0), (at(self.base), bottom), "stroke=\"#1a1a1a\" stroke-width=\"1.4\"");
        svg.text(
            f64::midpoint(left, right),
            bottom + 36.0,
            Anchor::Middle,
            "",
            &fitted(&self.axis.label, right - left),
        );
        let mut x = 10.0;
        for (side, style) in self.sides.iter().zip(STYLES) {
            svg.rectangle(x, bottom + 51.0, 30.0, 14.0, style);
            svg.text(x + 38.0, bottom + 63.0, Anchor::Start, "", &fitted(side, 0.45 * WIDTH - 60.0));
            x += 38.0 + width(side) + 24.0;
        }
        svg.finish()
    }
}
