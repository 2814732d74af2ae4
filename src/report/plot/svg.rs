//! SVG text, escaped.

use std::fmt::Write;

/// Fonts that hold Latin and Chinese, first the reader's own.
const FONTS: &str = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Sans CJK SC', 'PingFang SC', \
                     'Microsoft YaHei', sans-serif";
/// Size of text.
pub const TEXT: f64 = 13.0;

/// Text that can stand in HTML and SVG, in content and in quoted attributes. Characters that XML forbids become `�`.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\t' | '\n' | '\r' => safe.push(' '),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}

/// Width of a text as most fonts draw it, in units of its size: wide characters are square.
fn advance(character: char) -> f64 {
    match character {
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '(' | ')' | ' ' => 0.36,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.9,
        'A'..='Z' => 0.7,
        '\u{0}'..='\u{2ff}' => 0.58,
        '\u{370}'..='\u{52f}' => 0.62,
        _ => 1.0,
    }
}

/// Width of a text of size [`TEXT`], generously.
pub fn width(text: &str) -> f64 {
    TEXT * text.chars().map(advance).sum::<f64>()
}

/// The text, cut with an ellipsis where it is wider than `room`.
pub fn fitted(text: &str, room: f64) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    for character in text.chars() {
        if width(&kept) + TEXT * (advance(character) + 1.0) > room {
            break;
        }
        kept.push(character);
    }
    kept.trim_end().to_owned() + "…"
}

/// Where a text stands against its point.
#[derive(Debug, Clone, Copy)]
pub enum Anchor {
    /// Begins there.
    Start,
    /// Centred there.
    Middle,
    /// Ends there.
    End,
}

/// An SVG document being written.
pub struct Svg {
    body: String,
}

impl Svg {
    /// An empty drawing with the title and description that are read aloud.
    pub fn new(width: f64, height: f64, title: &str, description: &str) -> Self {
        let mut body = String::new();
        let (title, description) = (escape(title), escape(description));
        // Writing to a string cannot fail, here and below.
        let _ = write!(
            body,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
             role=\"img\" font-family=\"{FONTS}\" font-size=\"{TEXT}\" fill=\"#1a1a1a\">\n<title>{title}</title>\n\
             <desc>{description}</desc>\n<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
        );
        Self { body }
    }

    /// Text; `style` is further attributes.
    pub fn text(&mut self, x: f64, y: f64, anchor: Anchor, style: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escape(text);
        let _ = writeln!(self.body, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" {style}>{text}</text>");
    }

    /// A straight line.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), style: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let _ = writeln!(self.body, "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" {style}/>");
    }

    /// A line through points.
    pub fn polyline(&mut self, points: &[(f64, f64)], style: &str) {
        let mut list = String::new();
        for (x, y) in points {
            let _ = write!(list, "{x:.1},{y:.1} ");
        }
        let _ = writeln!(self.body, "<polyline class=\"mark\" points=\"{}\" fill=\"none\" {style}/>", list.trim_end());
    }

    /// A rectangle.
    pub fn rectangle(&mut self, x: f64, y: f64, width: f64, height: f64, style: &str) {
        let _ = writeln!(
            self.body,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{height:.1}\" {style}/>",
            width.max(0.0)
        );
    }

    /// A path that is a mark, `d` relative to its centre.
    pub fn mark(&mut self, x: f64, y: f64, d: &str, style: &str) {
        let _ = writeln!(self.body, "<path class=\"mark\" transform=\"translate({x:.1} {y:.1})\" d=\"{d}\" {style}/>");
    }

    /// The document.
    pub fn finish(mut self) -> String {
        self.body.push_str("</svg>\n");
        self.body
    }
}

/// How a series looks: colour, dashes and marker differ, so that any one of them tells it apart.
pub struct Look {
    /// Colour.
    pub colour: &'static str,
    /// Dash pattern; empty for a solid line.
    pub dashes: &'static str,
    /// Marker, a path around its centre.
    pub marker: &'static str,
    /// Whether the marker is filled.
    pub filled: bool,
}

const CIRCLE: &str = "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z";
const SQUARE: &str = "M-3.6 -3.6H3.6V3.6H-3.6Z";
const TRIANGLE: &str = "M0 -4.8L4.4 3.4H-4.4Z";
const DIAMOND: &str = "M0 -5L5 0L0 5L-5 0Z";

const LOOKS: [Look; 8] = [
    Look { colour: "#000000", dashes: "", marker: CIRCLE, filled: true },
    Look { colour: "#0072b2", dashes: "8 4", marker: SQUARE, filled: true },
    Look { colour: "#d55e00", dashes: "2.5 3", marker: TRIANGLE, filled: true },
    Look { colour: "#007a58", dashes: "10 3 2.5 3", marker: DIAMOND, filled: true },
    Look { colour: "#a84a80", dashes: "14 4", marker: CIRCLE, filled: false },
    Look { colour: "#a86b00", dashes: "5 2.5", marker: SQUARE, filled: false },
    Look { colour: "#2f7fb0", dashes: "10 3 2.5 3 2.5 3", marker: TRIANGLE, filled: false },
    Look { colour: "#666666", dashes: "1.5 2", marker: DIAMOND, filled: false },
];

impl Look {
    /// The look of a series by its number; after eight they come again.
    pub fn of(index: usize) -> &'static Self {
        &LOOKS[index % LOOKS.len()]
    }

    /// Style of the line.
    pub fn stroke(&self) -> String {
        let dashes =
            if self.dashes.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{}\"", self.dashes) };
        format!("stroke=\"{}\" stroke-width=\"1.8\"{dashes}", self.colour)
    }

    /// Style of the marker.
    pub fn fill(&self) -> String {
        let fill = if self.filled { self.colour } else { "#ffffff" };
        format!("fill=\"{fill}\" stroke=\"{}\" stroke-width=\"1.4\"", self.colour)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_text_or_attributes() {
        assert_eq!(escape("<b a=\"x\">&'\u{7}\n"), "&lt;b a=&quot;x&quot;&gt;&amp;&#39;\u{fffd} ");
    }

    #[test]
    fn long_names_are_cut_to_their_room() {
        let name = "a very long name of a candidate that says everything about itself";
        let cut = fitted(name, 150.0);
        assert!(cut.ends_with('…') && width(&cut) <= 150.0 && name.starts_with(cut.trim_end_matches('…')));
        assert_eq!(fitted("short", 150.0), "short");
        assert!(width("免疫应答") > width("abcd"));
    }
}
