//! The figures of the book are drawn from today's answers; `SEAMLINE_BLESS=1` draws them anew. The map takes a minute and is compared,
//! or drawn, with `-- --include-ignored`.

#![expect(clippy::unwrap_used, reason = "helpers of a test: what goes wrong here fails the test")]

use seamline::scenario::Scenario;
use seamline::study;
use serde_json::Value;
use std::fmt::Write;
use std::path::{Path, PathBuf};

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 400.0;
/// Left, right, top and bottom margin.
const MARGIN: [f64; 4] = [60.0, 150.0, 20.0, 50.0];
const COLOURS: [&str; 5] = ["#1b6ca8", "#c8553d", "#588b3a", "#7a5195", "#b08900"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn file(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(root().join(format!("scenarios/{name}.json"))).unwrap()).unwrap()
}

/// The plane of a figure: axes with ticks and names.
struct Plane {
    x: [f64; 2],
    y: [f64; 2],
    svg: String,
}

impl Plane {
    fn new(title: &str, x: [f64; 2], y: [f64; 2], names: [&str; 2]) -> Self {
        let mut plane = Self { x, y, svg: String::new() };
        let _ = write!(
            plane.svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" font-family=\"sans-serif\" \
             font-size=\"12\">\n<title>{title}</title>\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n"
        );
        for i in 0..=5 {
            let share = f64::from(i) / 5.0;
            let (x, y) = (plane.x[0] + share * (x[1] - x[0]), plane.y[0] + share * (y[1] - y[0]));
            let (left, bottom) = (MARGIN[0] - 6.0, HEIGHT - MARGIN[3] + 16.0);
            plane.text(plane.at_x(x), bottom, "middle", &format!("{x:.2}"));
            plane.text(left, plane.at_y(y) + 4.0, "end", &format!("{y:.2}"));
        }
        let middle = MARGIN[0] + 0.5 * (WIDTH - MARGIN[0] - MARGIN[1]);
        plane.text(middle, HEIGHT - 12.0, "middle", names[0]);
        plane.text(MARGIN[0], 14.0, "start", names[1]);
        plane
    }

    fn at_x(&self, x: f64) -> f64 {
        MARGIN[0] + (x - self.x[0]) / (self.x[1] - self.x[0]) * (WIDTH - MARGIN[0] - MARGIN[1])
    }

    fn at_y(&self, y: f64) -> f64 {
        HEIGHT - MARGIN[3] - (y - self.y[0]) / (self.y[1] - self.y[0]) * (HEIGHT - MARGIN[2] - MARGIN[3])
    }

    fn text(&mut self, x: f64, y: f64, anchor: &str, text: &str) {
        let _ = writeln!(self.svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
    }

    fn line(&mut self, points: &[[f64; 2]], colour: &str, dash: &str) {
        let points: Vec<String> =
            points.iter().map(|[x, y]| format!("{:.1},{:.1}", self.at_x(*x), self.at_y(*y))).collect();
        let _ = writeln!(
            self.svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dash}\"/>",
            points.join(" ")
        );
    }

    fn cell(&mut self, from: [f64; 2], to: [f64; 2], shade: f64) {
        let (x, y) = (self.at_x(from[0]), self.at_y(to[1]));
        let (width, height) = (self.at_x(to[0]) - x, self.at_y(from[1]) - y);
        // From white to a dark red.
        let channel = |dark: f64| (255.0 + shade * (dark - 255.0)).round();
        let _ = writeln!(
            self.svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"rgb({},{},{})\"/>",
            channel(150.0),
            channel(20.0),
            channel(30.0)
        );
    }

    fn end(mut self) -> String {
        let (left, right) = (MARGIN[0], WIDTH - MARGIN[1]);
        let (top, bottom) = (MARGIN[2], HEIGHT - MARGIN[3]);
        let _ =
            writeln!(self.svg, "<path d=\"M{left} {top}V{bottom}H{right}\" fill=\"none\" stroke=\"black\"/>\n</svg>");
        self.svg
    }
}

fn agrees(name: &str, svg: &str) {
    let path: PathBuf = root().join("book/src/figures").join(name);
    if std::env::var_os("SEAMLINE_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, svg).unwrap();
    }
    let drawn = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(drawn == svg, "{name} is not what is drawn today: SEAMLINE_BLESS=1 writes it anew");
}

/// Power of equal expected patients against the strength, with the break-even strengths of the reference.
#[test]
fn power_against_the_strength_of_the_response() {
    let scenario = Scenario::from_json(&file("break-even").to_string(), &[]).unwrap();
    let found = study::break_even(&scenario).unwrap();
    let line = &found.lines[0];
    let powers = line.points.iter().flat_map(|point| &point.candidates).flatten().map(|scaled| scaled.power.value);
    let top = (powers.fold(0.0, f64::max) * 10.0).ceil() / 10.0;
    let title = "Power of equal expected patients against the strength of the response";
    let names = ["share of the effect that goes through the response (strength)", "power"];
    let mut plane = Plane::new(title, [0.0, 1.0], [0.0, top], names);
    for (index, name) in found.candidates.iter().enumerate() {
        let points: Vec<[f64; 2]> = line
            .points
            .iter()
            .filter_map(|point| point.candidates[index].map(|scaled| [point.strength, scaled.power.value]))
            .collect();
        plane.line(&points, COLOURS[index], "");
        let (x, y) = (WIDTH - MARGIN[1] + 12.0, 40.0 + 18.0 * index as f64);
        let _ = writeln!(
            plane.svg,
            "<rect x=\"{x}\" y=\"{}\" width=\"14\" height=\"3\" fill=\"{}\"/>",
            y - 5.0,
            COLOURS[index]
        );
        plane.text(x + 20.0, y, "start", name);
    }
    for root in &line.roots {
        let colour = COLOURS[found.candidates.iter().position(|name| *name == root.against).unwrap()];
        plane.line(&[[root.strength, 0.0], [root.strength, root.power]], colour, "4 3");
    }
    agrees("break-even.svg", &plane.end());
}

/// Type I error of naive pooling over the prognostic link, its maximum marked.
#[test]
#[ignore = "eight hundred truths"]
fn type_one_error_over_the_prognostic_link() {
    let mut source = file("worst-case");
    source["candidates"].as_object_mut().unwrap().shift_remove("own cohort");
    let vary = source["worst_case"]["vary"].as_array_mut().unwrap();
    vary.rotate_right(2);
    source["run"]["replicates"] = 1000.into();
    let scenario = Scenario::from_json(&source.to_string(), &[]).unwrap();
    let map = study::maps(&scenario, &study::worst_case(&scenario).unwrap()).unwrap().remove(0);
    let [x, y] = [&map.axes[0].1, &map.axes[1].1];
    let cells = || map.type_i_error.iter().flatten().copied();
    let (low, high) = (cells().fold(1.0, f64::min), cells().fold(0.0, f64::max));
    let steps = [x[1] - x[0], y[1] - y[0]];
    let last = study::SIDE - 1;
    let ends = [[x[0] - 0.5 * steps[0], x[last] + 0.5 * steps[0]], [y[0] - 0.5 * steps[1], y[last] + 0.5 * steps[1]]];
    let names = ["prognostic correlation of the response", "standard deviation of the log hazard"];
    let mut plane = Plane::new("Type I error of naive pooling", ends[0], ends[1], names);
    for (j, row) in map.type_i_error.iter().enumerate() {
        for (i, value) in row.iter().enumerate() {
            let from = [x[i] - 0.5 * steps[0], y[j] - 0.5 * steps[1]];
            plane.cell(from, [from[0] + steps[0], from[1] + steps[1]], (value - low) / (high - low));
        }
    }
    let ([a, b], largest) = map.maximum;
    let (a, b) = (plane.at_x(a), plane.at_y(b));
    let _ = writeln!(
        plane.svg,
        "<circle cx=\"{a:.1}\" cy=\"{b:.1}\" r=\"7\" fill=\"none\" stroke=\"black\" stroke-width=\"2\"/>"
    );
    let x = WIDTH - MARGIN[1] + 12.0;
    plane.text(x, 40.0, "start", "largest (circle)");
    plane.text(x, 58.0, "start", &format!("{:.4} ± {:.4}", largest.value, largest.mcse.unwrap_or(0.0)));
    plane.text(x, 86.0, "start", &format!("white {low:.4}"));
    plane.text(x, 104.0, "start", &format!("dark {high:.4}"));
    agrees("worst-case.svg", &plane.end());
}
