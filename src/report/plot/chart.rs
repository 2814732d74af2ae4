//! A chart of series over two axes, with a legend below.

use super::axis::Axis;
use super::svg::{Anchor, Look, Svg, TEXT, fitted, width};

/// How a series is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A line.
    Line,
    /// A line with a marker at every point.
    Marked,
    /// Markers alone.
    Markers,
}

/// One series.
#[derive(Debug, Clone)]
pub struct Series {
    /// Name in the legend.
    pub name: String,
    /// Points in order; one that is not finite or outside the axes interrupts the line.
    pub points: Vec<(f64, f64)>,
    /// Half-widths of the vertical error bars; empty for none.
    pub errors: Vec<f64>,
    /// Number of its look.
    pub look: usize,
    /// How it is drawn.
    pub kind: Kind,
}

/// A straight line across the chart, with its meaning.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Value on the vertical axis.
    pub at: f64,
    /// What it means.
    pub label: String,
}

/// A chart.
#[derive(Debug, Clone)]
pub struct Chart {
    /// Title.
    pub title: String,
    /// What it shows, read aloud.
    pub description: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// Series.
    pub series: Vec<Series>,
    /// Horizontal lines.
    pub rules: Vec<Rule>,
    /// Names written beside points.
    pub names: Vec<(f64, f64, String)>,
    /// Width of the drawing.
    pub width: f64,
    /// Height of the plotting area.
    pub height: f64,
}

const TOP: f64 = 34.0;
const RIGHT: f64 = 16.0;
const SAMPLE: f64 = 34.0;
const LINE: f64 = 20.0;
const GRID: &str = "stroke=\"#d9d9d9\" stroke-width=\"0.8\"";
const FRAME: &str = "stroke=\"#1a1a1a\" stroke-width=\"1\"";

impl Chart {
    /// An empty chart of the usual size.
    pub fn new(title: impl Into<String>, x: Axis, y: Axis) -> Self {
        let title = title.into();
        Self {
            description: title.clone(),
            title,
            x,
            y,
            series: Vec::new(),
            rules: Vec::new(),
            names: Vec::new(),
            width: 460.0,
            height: 250.0,
        }
    }

    /// The chart as an SVG document.
    pub fn svg(&self) -> String {
        let legend = self.legend();
        let ticks = self.y.ticks(5);
        let left = 34.0 + ticks.iter().map(|(_, text)| width(text)).fold(0.0, f64::max);
        let below = 52.0 + LINE * legend.last().map_or(0.0, |(_, row, _)| (row + 1) as f64);
        let mut svg = Svg::new(self.width, TOP + self.height + below, &self.title, &self.description);
        let frame = Frame { left, right: self.width - RIGHT, top: TOP, bottom: TOP + self.height };
        svg.text(8.0, 19.0, Anchor::Start, "font-weight=\"600\"", &fitted(&self.title, 0.93 * self.width));
        self.axes(&mut svg, &frame, &ticks);
        for series in &self.series {
            self.draw(&mut svg, &frame, series);
        }
        for (x, y, name) in &self.names {
            if self.x.holds(*x) && self.y.holds(*y) {
                let (px, py) = self.point(&frame, *x, *y);
                let name = fitted(name, 0.6 * (frame.right - frame.left));
                let (at, anchor) = if px + 9.0 + width(&name) > frame.right {
                    (px - 9.0, Anchor::End)
                } else {
                    (px + 9.0, Anchor::Start)
                };
                svg.text(at, py - 7.0, anchor, "", &name);
            }
        }
        for (x, row, index) in &legend {
            let y = frame.bottom + 60.0 + LINE * *row as f64;
            self.sample(&mut svg, *x, y, &self.series[*index]);
        }
        svg.finish()
    }

    fn point(&self, frame: &Frame, x: f64, y: f64) -> (f64, f64) {
        (
            frame.left + self.x.place(x) * (frame.right - frame.left),
            frame.bottom - self.y.place(y) * (frame.bottom - frame.top),
        )
    }

    fn axes(&self, svg: &mut Svg, frame: &Frame, ticks: &[(f64, String)]) {
        for (value, text) in ticks {
            let y = frame.bottom - self.y.place(*value) * (frame.bottom - frame.top);
            svg.line((frame.left, y), (frame.right, y), GRID);
            svg.text(frame.left - 7.0, y + 0.35 * TEXT, Anchor::End, "", text);
        }
        let count = ((frame.right - frame.left) / 62.0) as usize;
        for (value, text) in self.x.ticks(count) {
            let x = frame.left + self.x.place(value) * (frame.right - frame.left);
            svg.line((x, frame.bottom), (x, frame.bottom + 5.0), FRAME);
            svg.text(x, frame.bottom + 19.0, Anchor::Middle, "", &text);
        }
        svg.line((frame.left, frame.top), (frame.left, frame.bottom), FRAME);
        svg.line((frame.left, frame.bottom), (frame.right, frame.bottom), FRAME);
        let middle = f64::midpoint(frame.left, frame.right);
        let label = fitted(&self.x.label, 0.97 * self.width);
        let half = 0.5 * width(&label);
        svg.text(
            middle.clamp(half.min(0.5 * self.width), (self.width - half).max(0.5 * self.width)),
            frame.bottom + 38.0,
            Anchor::Middle,
            "",
            &label,
        );
        let y = f64::midpoint(frame.top, frame.bottom);
        svg.text(
            15.0,
            y,
            Anchor::Middle,
            &format!("transform=\"rotate(-90 15 {y:.1})\""),
            &fitted(&self.y.label, self.height + 30.0),
        );
        for rule in self.rules.iter().filter(|rule| self.y.holds(rule.at)) {
            let y = frame.bottom - self.y.place(rule.at) * (frame.bottom - frame.top);
            svg.line(
                (frame.left, y),
                (frame.right, y),
                "stroke=\"#1a1a1a\" stroke-width=\"1\" stroke-dasharray=\"4 3\"",
            );
            svg.text(
                frame.right - 3.0,
                y - 4.0,
                Anchor::End,
                "font-size=\"11.5\"",
                &fitted(&rule.label, frame.right - frame.left),
            );
        }
    }

    fn draw(&self, svg: &mut Svg, frame: &Frame, series: &Series) {
        let look = Look::of(series.look);
        let seen = |&(x, y): &(f64, f64)| self.x.holds(x) && self.y.holds(y);
        if series.kind != Kind::Markers {
            for run in series.points.split(|point| !seen(point)).filter(|run| run.len() > 1) {
                let points: Vec<(f64, f64)> = run.iter().map(|&(x, y)| self.point(frame, x, y)).collect();
                svg.polyline(&points, &look.stroke());
            }
        }
        for (index, &(x, y)) in series.points.iter().enumerate().filter(|(_, point)| seen(point)) {
            let (px, py) = self.point(frame, x, y);
            if let Some(error) = series.errors.get(index).filter(|error| **error > 0.0) {
                let place = |value: f64| self.y.place(value).clamp(0.0, 1.0);
                let at = |value: f64| frame.bottom - place(value) * (frame.bottom - frame.top);
                svg.line(
                    (px, at(y - error)),
                    (px, at(y + error)),
                    &format!("stroke=\"{}\" stroke-width=\"1.2\"", look.colour),
                );
            }
            if series.kind != Kind::Line {
                svg.mark(px, py, look.marker, &look.fill());
            }
        }
    }

    /// Place and row of every series in the legend; one series alone needs none unless it is named.
    fn legend(&self) -> Vec<(f64, usize, usize)> {
        let (mut x, mut row, mut places) = (10.0, 0, Vec::new());
        for (index, series) in self.series.iter().enumerate().filter(|(_, series)| !series.name.is_empty()) {
            let needed = SAMPLE + 8.0 + width(&fitted(&series.name, self.width - 70.0)) + 18.0;
            if x > 10.0 && x + needed > self.width {
                x = 10.0;
                row += 1;
            }
            places.push((x, row, index));
            x += needed;
        }
        places
    }

    fn sample(&self, svg: &mut Svg, x: f64, y: f64, series: &Series) {
        let look = Look::of(series.look);
        let middle = y - 0.33 * TEXT;
        if series.kind != Kind::Markers {
            svg.line((x, middle), (x + SAMPLE, middle), &look.stroke());
        }
        if series.kind != Kind::Line {
            svg.mark(x + 0.5 * SAMPLE, middle, look.marker, &look.fill());
        }
        svg.text(x + SAMPLE + 8.0, y, Anchor::Start, "", &fitted(&series.name, self.width - 70.0));
    }
}

struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}
