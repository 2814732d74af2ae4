//! Tables as data: written as CSV with full figures, as HTML for a page, and as HTML that word processors take over.

use crate::engine::Estimate;
use crate::report::dictionary::Format;
use crate::report::plot::escape;
use std::fmt::Write;

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A figure.
    Figure(f64, Format),
    /// A figure with its Monte Carlo standard error, if it was simulated.
    Estimate(Estimate, Format),
    /// Nothing, where there is no such figure.
    None,
}

impl Cell {
    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A figure that may be missing or not finite.
    pub fn maybe(value: Option<f64>, format: Format) -> Self {
        value.filter(|value| value.is_finite()).map_or(Self::None, |value| Self::Figure(value, format))
    }

    /// An estimate that may be missing.
    pub fn estimate(value: Option<&Estimate>, format: Format) -> Self {
        value.map_or(Self::None, |value| Self::Estimate(*value, format))
    }

    /// As it is printed.
    pub fn printed(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Figure(value, format) => format.text(*value).replace('-', "−"),
            Self::Estimate(estimate, format) => {
                format.estimate(estimate).replace('-', "−").replace('\n', " ").replace('±', "±\u{a0}")
            }
            Self::None => "–".into(),
        }
    }

    fn is_words(&self) -> bool {
        matches!(self, Self::Text(_))
    }
}

/// One table.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// Name of its files, and its place in the page.
    pub id: &'static str,
    /// Title.
    pub title: String,
    /// What its columns mean; empty for nothing.
    pub note: String,
    /// Column headings.
    pub headings: Vec<String>,
    /// Rows, each as long as `headings`.
    pub rows: Vec<Vec<Cell>>,
}

/// One field of a CSV file (RFC 4180).
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

impl Sheet {
    /// Whether a column holds words.
    fn words(&self, column: usize) -> bool {
        self.rows.iter().any(|row| row[column].is_words())
    }

    /// The table as CSV (RFC 4180, UTF-8): figures in full, Monte Carlo standard errors in columns of their own, nothing where there
    /// is no figure.
    pub fn csv(&self) -> String {
        let simulated = |column: usize| {
            self.rows.iter().any(|row| matches!(&row[column], Cell::Estimate(estimate, _) if estimate.mcse.is_some()))
        };
        let columns: Vec<bool> = (0..self.headings.len()).map(simulated).collect();
        let mut heading = Vec::new();
        for (name, simulated) in self.headings.iter().zip(&columns) {
            heading.push(field(name));
            if *simulated {
                heading.push(field(&format!("{name} mcse")));
            }
        }
        let mut text = heading.join(",") + "\r\n";
        for row in &self.rows {
            let mut fields = Vec::with_capacity(heading.len());
            for (cell, simulated) in row.iter().zip(&columns) {
                let (value, error) = match cell {
                    Cell::Text(text) => (field(text), None),
                    Cell::Figure(value, _) => (value.to_string(), None),
                    Cell::Estimate(estimate, _) => (estimate.value.to_string(), estimate.mcse),
                    Cell::None => (String::new(), None),
                };
                fields.push(value);
                if *simulated {
                    fields.push(error.map_or_else(String::new, |error| error.to_string()));
                }
            }
            text.push_str(&fields.join(","));
            text.push_str("\r\n");
        }
        text
    }

    /// The table for a page, styled by its sheet.
    pub fn html(&self) -> String {
        self.written("", "", "")
    }

    /// A document of the table alone, every style where it applies: what word processors take over from the clipboard.
    pub fn word(&self, language: &str) -> String {
        let (id, title, note) = (self.id, escape(&self.title), escape(&self.note));
        let cell = "font-family:'Times New Roman',SimSun,serif;font-size:10.5pt;padding:2pt 6pt;border:none;";
        let table = self.written(
            " style=\"border-collapse:collapse;border-top:1.5pt solid black;border-bottom:1.5pt solid black\"",
            &format!("{cell}border-bottom:0.75pt solid black;"),
            cell,
        );
        format!(
            "<!DOCTYPE html>\n<html lang=\"{language}\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
             <body id=\"{id}\">\n<p style=\"font-family:'Times New Roman',SimSun,serif;font-size:10.5pt\"><b>{title}</b></p>\n\
             {table}<p style=\"font-family:'Times New Roman',SimSun,serif;font-size:9pt\">{note}</p>\n</body>\n</html>\n"
        )
    }

    fn written(&self, table: &str, head: &str, body: &str) -> String {
        // Writing to a string cannot fail.
        let mut text = format!("<table{table}>\n<thead><tr>");
        let style = |base: &str, column: usize| {
            let words = self.words(column);
            match (base.is_empty(), words) {
                (true, true) => String::new(),
                (true, false) => " class=\"figure\"".to_owned(),
                (false, words) => format!(" style=\"{base}text-align:{}\"", if words { "left" } else { "right" }),
            }
        };
        for (column, heading) in self.headings.iter().enumerate() {
            let _ = write!(text, "<th scope=\"col\"{}>{}</th>", style(head, column), escape(heading));
        }
        text.push_str("</tr></thead>\n<tbody>\n");
        for row in &self.rows {
            text.push_str("<tr>");
            for (column, cell) in row.iter().enumerate() {
                let _ = write!(text, "<td{}>{}</td>", style(body, column), escape(&cell.printed()));
            }
            text.push_str("</tr>\n");
        }
        text.push_str("</tbody>\n</table>\n");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        let estimate = |value, mcse| Cell::Estimate(Estimate { value, mcse }, Format::Probability);
        Sheet {
            id: "a",
            title: "A <title>".into(),
            note: String::new(),
            headings: vec!["name, \"quoted\"".into(), "power".into(), "HR".into()],
            rows: vec![
                vec![Cell::text("<script>"), estimate(0.812_345_6, Some(0.01)), Cell::maybe(Some(0.7), Format::Ratio)],
                vec![Cell::text("b"), estimate(0.5, None), Cell::maybe(Some(f64::INFINITY), Format::Ratio)],
            ],
        }
    }

    #[test]
    fn csv_keeps_figures_whole_and_errors_apart() {
        let wanted = "\"name, \"\"quoted\"\"\",power,power mcse,HR\r\n<script>,0.8123456,0.01,0.7\r\nb,0.5,,\r\n";
        assert_eq!(sheet().csv(), wanted);
    }

    #[test]
    fn names_cannot_break_the_markup() {
        for text in [sheet().html(), sheet().word("en")] {
            assert!(
                !text.contains("<script>") && text.contains("&lt;script&gt;") && text.contains("0.8123 ±\u{a0}0.0100")
            );
        }
    }
}
