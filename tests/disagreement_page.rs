//! The reconciliation page: our figures in its tables are what we answer today, and the bold figure of a row is the one nearest to its
//! simulation. `SEAMLINE_BLESS=1` writes both anew.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;

/// Our answer to a case: overall power, and that of the first look.
fn ours(id: &str) -> [f64; 2] {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/reference/{id}.json"));
    let case: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let scenario = seamline::scenario::Scenario::from_json(&case["scenario"].to_string(), &[])
        .unwrap_or_else(|error| panic!("{id}: {error:?}"));
    let candidate = &scenario.candidates[0];
    let settings = seamline::engine::Settings { engine: seamline::engine::EngineKind::Analytic, ..scenario.run };
    let truth = &candidate.truths[0].1;
    let outcome = seamline::engine::evaluate(&candidate.protocol, truth, &candidate.planning, &settings, None).unwrap();
    [outcome.reject_any.value, outcome.looks[0].cross_efficacy.value]
}

/// The number at the start of a cell, bold or not.
fn number(cell: &str) -> Option<f64> {
    let text = cell.trim().trim_start_matches("**");
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    text[..end].parse().ok()
}

/// A row with our figure as computed and the nearest in bold; everything else as it stands.
fn corrected(row: &str, headings: &[String], first_look: bool, known: &mut HashMap<String, [f64; 2]>) -> String {
    let mut cells: Vec<String> = row.trim_matches('|').split('|').map(|cell| cell.trim().to_string()).collect();
    let id = cells[0].trim_matches('`').to_string();
    let column = |name: &str| headings.iter().position(|heading| heading == name).unwrap();
    let (our, simulated) = (column("ours"), column("simulated"));
    let value = known.entry(id.clone()).or_insert_with(|| ours(&id))[usize::from(first_look)];
    cells[our] = format!("{value:.4}");
    let target = number(&cells[simulated]).unwrap_or_else(|| panic!("{id}: no simulated figure"));
    let away = |value: f64| (value - target).abs();
    let others: Vec<(usize, f64)> =
        (our + 1..simulated).filter_map(|column| Some((column, number(&cells[column])?))).collect();
    // Ours with all its digits against figures of four: a tie to the eye is decided by it.
    let nearest = others.iter().min_by(|a, b| away(a.1).total_cmp(&away(b.1)));
    let best = nearest.filter(|other| away(other.1) < away(value)).map_or(our, |other| other.0);
    for (column, cell) in cells.iter_mut().enumerate().take(simulated).skip(our) {
        let bare = cell.replace("**", "");
        *cell = if column == best { format!("**{bare}**") } else { bare };
    }
    format!("| {} |", cells.join(" | ")).replace("|  |", "| |")
}

#[test]
fn the_page_prints_what_we_answer() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("book/src/disagreement.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let mut known = HashMap::new();
    let mut headings: Vec<String> = Vec::new();
    let (mut lines, mut rows, mut power_tables) = (Vec::new(), 0, 0);
    for line in page.lines() {
        let cells: Vec<String> = line.trim_matches('|').split('|').map(|cell| cell.trim().to_string()).collect();
        let table = headings.iter().any(|heading| heading == "simulated") && headings.iter().any(|h| h == "ours");
        if line.starts_with("| case |") {
            headings = cells;
            power_tables += 1;
            lines.push(line.to_string());
        } else if line.starts_with("| `") && table {
            rows += 1;
            // The table without a column for the design is that of first looks.
            let first_look = !headings.iter().any(|heading| heading.starts_with("design") || heading.contains("test"));
            lines.push(corrected(line, &headings, first_look, &mut known));
        } else {
            if !line.starts_with('|') {
                headings.clear();
            }
            lines.push(line.to_string());
        }
    }
    assert!(rows >= 30 && power_tables >= 3, "{rows} rows in {power_tables} tables");
    let written = lines.join("\n") + "\n";
    if std::env::var_os("SEAMLINE_BLESS").is_some() {
        std::fs::write(&path, written).unwrap();
        return;
    }
    let stale: Vec<String> = page
        .lines()
        .zip(written.lines())
        .filter(|(was, now)| was != now)
        .map(|(was, now)| format!("- {was}\n+ {now}"))
        .collect();
    assert!(stale.is_empty(), "SEAMLINE_BLESS=1 writes these rows anew:\n{}", stale.join("\n"));
}
