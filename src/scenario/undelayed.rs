//! The same scenario with every effect setting in at once: what a proportional-hazards calculation assumes.

use crate::scenario::Scenario;
use serde_json::Value;

impl Scenario {
    /// The scenario with `delay` and `ramp` of every effect removed and a stepwise hazard ratio replaced by its last
    /// step; `None` if no effect is delayed.
    pub fn without_delays(&self) -> Option<Self> {
        let mut source = self.source.clone();
        let mut changed = false;
        if let Some(arms) = source.pointer_mut("/truth/arms") {
            undelay(arms, &mut changed);
        }
        if let Some(truths) = source.get_mut("truths") {
            undelay(truths, &mut changed);
        }
        if !changed {
            return None;
        }
        Self::from_json(&source.to_string(), &[]).ok()
    }
}

fn undelay(value: &mut Value, changed: &mut bool) {
    match value {
        Value::Object(object) => {
            if let Some(ratio) = object.get_mut("hazard_ratio") {
                if let Some(last) = ratio.as_array().and_then(|steps| steps.last()).and_then(|step| step.get("is")) {
                    *ratio = last.clone();
                    *changed = true;
                }
                for key in ["delay", "ramp"] {
                    if object.get(key).is_some_and(|months| months.as_f64() != Some(0.0)) {
                        object.insert(key.into(), Value::from(0.0));
                        *changed = true;
                    }
                }
            }
            for inner in object.values_mut() {
                undelay(inner, changed);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| undelay(inner, changed)),
        _ => {}
    }
}
