//! The same scenario with every effect setting in at once: what a proportional-hazards calculation assumes.

use crate::scenario::Scenario;
use crate::scenario::assemble::assembled;
use serde_json::Value;

impl Scenario {
    /// The scenario with `delay` and `ramp` of every effect removed and a stepwise hazard ratio replaced by its last
    /// step; `None` if no effect is delayed.
    pub fn without_delays(&self) -> Option<Self> {
        let mut source = self.source.clone();
        for part in ["truth", "truths"] {
            if let Some(part) = source.get_mut(part) {
                undelay(part, false);
            }
        }
        if source == self.source {
            return None;
        }
        assembled(source).ok().map(|scenario| Self { sha256: self.sha256.clone(), ..scenario })
    }
}

/// Changes what stands below an `effect`, where every key is the format's own (a patch may give a delay alone).
fn undelay(value: &mut Value, inside: bool) {
    match value {
        Value::Object(object) => {
            if inside {
                if let Some(ratio) = object.get_mut("hazard_ratio")
                    && let Some(last) = ratio.as_array().and_then(|steps| steps.last()).and_then(|step| step.get("is"))
                {
                    *ratio = last.clone();
                }
                for key in ["delay", "ramp"] {
                    if let Some(months) = object.get_mut(key)
                        && months.as_f64() != Some(0.0)
                    {
                        *months = Value::from(0.0);
                    }
                }
            }
            for (key, inner) in object.iter_mut() {
                undelay(inner, inside || key == "effect");
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| undelay(inner, inside)),
        _ => {}
    }
}
