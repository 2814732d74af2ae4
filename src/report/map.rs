//! Maps of type I error and power: for people and for programs.

use crate::report::answer::estimate;
use crate::study::Map;
use serde_json::{Value, json};
use std::fmt::Write;

/// Every how many values a table shows one.
const SHOWN: usize = 5;

/// One map.
pub fn map_json(map: &Map) -> Value {
    let axis = |(path, values): &(String, Vec<f64>)| json!({ "path": path, "values": values });
    let others: serde_json::Map<String, Value> =
        map.others.iter().map(|(path, value)| (path.clone(), json!(value))).collect();
    json!({
        "candidate": map.candidate,
        "without_effect": map.nulls,
        "axes": map.axes.iter().map(axis).collect::<Vec<_>>(),
        "others": others,
        "type_i_error": map.type_i_error,
        "power": map.power,
        "maximum": { "at": map.maximum.0, "type_i_error": estimate(&map.maximum.1) },
    })
}

/// One map, in words: every fifth value of each axis.
pub fn map_text(map: &Map) -> String {
    let ([x, y], (at, largest)) = (&map.axes, &map.maximum);
    let mut text = format!(
        "{}: type I error over {} (across) and {} (down)\n  largest {:.4} ± {:.4} at {:.4} and {:.4}\n",
        map.candidate,
        x.0,
        y.0,
        largest.value,
        largest.mcse.unwrap_or(0.0),
        at[0],
        at[1]
    );
    let power = map.power.as_ref().map(|power| ("power with the file's effects", power));
    for (name, grid) in std::iter::once(("type I error", &map.type_i_error)).chain(power) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\n  {name}");
        let _ = write!(text, "{:>10}", "");
        x.1.iter().step_by(SHOWN).for_each(|value| {
            let _ = write!(text, "{value:>9.3}");
        });
        text.push('\n');
        for (value, row) in y.1.iter().zip(grid).step_by(SHOWN) {
            let _ = write!(text, "{value:>10.3}");
            row.iter().step_by(SHOWN).for_each(|cell| {
                let _ = write!(text, "{cell:>9.4}");
            });
            text.push('\n');
        }
    }
    text
}
