//! A table of the validation page: cases, their evidence, and the figure of each that stands nearest to its limit.

use std::fmt::Write;

/// One case: what was checked, by which evidence, and how far off the worst of its figures was.
pub struct Row {
    /// Name of the case.
    pub case: String,
    /// Where the expected figures come from.
    pub evidence: String,
    /// Figures compared.
    pub figures: usize,
    /// The figure that used most of its tolerance.
    pub worst: Worst,
}

/// One figure.
#[derive(Clone, Default)]
pub struct Worst {
    /// Its name.
    pub name: String,
    /// Ours.
    pub got: f64,
    /// Expected.
    pub expected: f64,
    /// Largest difference allowed.
    pub tolerance: f64,
}

impl Worst {
    /// Share of the tolerance used.
    pub fn share(&self) -> f64 {
        if self.tolerance > 0.0 { (self.got - self.expected).abs() / self.tolerance } else { 0.0 }
    }
}

/// A number in few characters.
fn short(value: f64) -> String {
    if value != 0.0 && value.abs() < 1e-3 { format!("{value:.1e}") } else { format!("{value:.6}") }
}

/// The table of a block.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| case | evidence | figures | nearest to its limit | ours | expected | tolerance | share used |\n|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let worst = &row.worst;
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | `{}` | {} | {} | {} | {:.0} % |",
            row.case,
            row.evidence.replace('|', "/"),
            row.figures,
            worst.name,
            short(worst.got),
            short(worst.expected),
            short(worst.tolerance),
            100.0 * worst.share()
        );
    }
    text
}
