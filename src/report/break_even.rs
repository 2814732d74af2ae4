//! Break-even strengths: for people and for programs.

use crate::report::answer::estimate;
use crate::scenario::Range;
use crate::study::{AtStrength, BreakEven, Line, Root};
use serde_json::{Value, json};
use std::fmt::Write;

fn root_json(root: &Root) -> Value {
    json!({ "against": root.against, "strength": root.strength, "error": root.error, "values": root.values,
        "better_above": root.better_above, "power": root.power, "months": root.months })
}

fn point_json(names: &[String], point: &AtStrength) -> Value {
    let of = |(name, scaled): (&String, &Option<crate::study::Scaled>)| {
        let scaled = scaled.as_ref().map(|scaled| {
            json!({ "factor": scaled.factor, "power": estimate(&scaled.power), "patients": scaled.patients,
                "months": scaled.months })
        });
        (name.clone(), json!(scaled))
    };
    let candidates: serde_json::Map<String, Value> = names.iter().zip(&point.candidates).map(of).collect();
    json!({ "strength": point.strength, "candidates": candidates })
}

/// All lines.
pub fn break_even_json(found: &BreakEven) -> Value {
    let line = |line: &Line| {
        json!({
            "across": line.across.as_ref().map(|(strength, values)| json!({ "strength": strength, "values": values })),
            "points": line.points.iter().map(|point| point_json(&found.candidates, point)).collect::<Vec<_>>(),
            "roots": line.roots.iter().map(root_json).collect::<Vec<_>>(),
        })
    };
    json!({ "candidate": found.candidate, "truth": found.truth, "lines": found.lines.iter().map(line).collect::<Vec<_>>() })
}

/// Width of a candidate's column.
fn width(name: &str) -> usize {
    name.chars().count().max(6) + 2
}

/// All lines, in words.
pub fn break_even_text(over: &[Range], across: &[Range], found: &BreakEven) -> String {
    let mut text = format!("Power of equal expected patients, by strength; truth: {}\n", found.truth);
    for (name, ranges) in [("strength", over), ("across", across)] {
        for range in ranges {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name}: {} from {} to {}", range.path, range.from, range.to);
        }
    }
    for line in &found.lines {
        if let Some((strength, _)) = &line.across {
            let _ = writeln!(text, "\nacross {strength:.2}");
        }
        text.push_str("\nstrength");
        for name in &found.candidates {
            let _ = write!(text, "{name:>width$}", width = width(name));
        }
        text.push('\n');
        for point in &line.points {
            let _ = write!(text, "{:<8.3}", point.strength);
            for (name, scaled) in found.candidates.iter().zip(&point.candidates) {
                let width = width(name);
                match scaled {
                    Some(scaled) => {
                        let _ = write!(text, "{:>width$.4}", scaled.power.value);
                    }
                    None => {
                        let _ = write!(text, "{:>width$}", "—");
                    }
                }
            }
            text.push('\n');
        }
        if line.roots.is_empty() {
            text.push_str("\nno break-even in this range\n");
        } else {
            text.push('\n');
        }
        for root in &line.roots {
            let side = if root.better_above { "above" } else { "below" };
            let values: Vec<String> = root.values.iter().map(|value| format!("{value:.3}")).collect();
            let _ = writeln!(
                text,
                "{} beats {} {side} strength {:.3} ± {:.3} ({}): power {:.3}, {:.1} months against {:.1}",
                found.candidate,
                root.against,
                root.strength,
                root.error,
                values.join(", "),
                root.power,
                root.months[0],
                root.months[1]
            );
        }
    }
    text
}
