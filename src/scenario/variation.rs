//! The same scenario with one quantity of nature moved, wherever the file states it.

use crate::scenario::Scenario;
use crate::scenario::assemble::assembled;
use crate::scenario::effects::without_questions;
use serde_json::{Value, json};

/// A quantity of the truth that may turn out otherwise than assumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Months until an effect sets in (the median, where it differs between patients).
    Delay,
    /// Log hazard ratio of every effect.
    LogHazardRatio,
    /// Hazards of the control arm.
    ControlHazard,
    /// Patients enrolled per month.
    Enrollment,
    /// Hazard of dropping out.
    Dropout,
    /// Probability of a true immune response in the experimental arms.
    ResponseRate,
    /// Correlation of response and prognosis.
    Correlation,
    /// Probability that an assay is wrong, in either direction.
    AssayError,
    /// Months a product takes to be made.
    Wait,
    /// Probability that a product cannot be made.
    Failure,
}

impl Quantity {
    /// Every quantity.
    pub const ALL: [Self; 10] = [
        Self::Delay,
        Self::LogHazardRatio,
        Self::ControlHazard,
        Self::Enrollment,
        Self::Dropout,
        Self::ResponseRate,
        Self::Correlation,
        Self::AssayError,
        Self::Wait,
        Self::Failure,
    ];

    /// Whether the quantity stands at `path` (keys below `truth`), and what `factor` makes of it there.
    fn scaled(self, path: &[&str], value: f64, factor: f64) -> Option<f64> {
        let within = |key: &str| path.contains(&key);
        let last = path.last().copied().unwrap_or("");
        let effect = within("effect");
        match self {
            Self::Delay => (effect && (last == "delay" || (within("delay") && matches!(last, "fixed" | "median"))))
                .then_some(value * factor),
            Self::LogHazardRatio => (effect
                && matches!(last, "hazard_ratio" | "is" | "progression" | "death" | "death_after_progression")
                && value > 0.0)
                .then(|| value.powf(factor)),
            Self::ControlHazard => (path.first() == Some(&"control")).then(|| rescaled(path, value, factor)).flatten(),
            Self::Dropout => (path.first() == Some(&"dropout")).then(|| rescaled(path, value, factor)).flatten(),
            Self::Enrollment => (path.first() == Some(&"enrollment") && last == "per_month").then_some(value * factor),
            Self::ResponseRate => {
                (within("arms") && within("immune_response") && last == "rate").then(|| (value * factor).min(1.0))
            }
            Self::Correlation => {
                (within("prognostic") && last == "correlation").then(|| (value * factor).clamp(-0.99, 0.99))
            }
            Self::AssayError => (within("assays") && matches!(last, "sensitivity" | "specificity"))
                .then(|| (1.0 - (1.0 - value) * factor).clamp(0.5, 1.0)),
            Self::Wait => (within("wait") && matches!(last, "fixed" | "median")).then_some(value * factor),
            Self::Failure => (within("manufacturing") && last == "failure").then(|| (value * factor).min(0.99)),
        }
    }
}

/// A hazard law with its hazard times `factor`: a median is divided, a survival probability raised to it.
fn rescaled(path: &[&str], value: f64, factor: f64) -> Option<f64> {
    let last = path.last().copied().unwrap_or("");
    match last {
        "hazard" => Some(value * factor),
        "median" => Some(value / factor),
        "is" if path.contains(&"survival") => Some(value.powf(factor)),
        "pfs" | "os" if path.contains(&"medians") => Some(value / factor),
        _ => None,
    }
}

impl Scenario {
    /// The scenario with `quantity` times `factor` wherever `truth` and its variants state it (a hazard ratio and a survival
    /// probability are raised to it, a share stays within its range); `None` if it stands nowhere, nothing changes, or the
    /// format refuses what comes out.
    pub fn scaled(&self, quantity: Quantity, factor: f64) -> Option<Self> {
        self.moved(&mut |path, value| quantity.scaled(path, value, factor))
    }

    /// The scenario in which every effect that is delayed in the unpatched truth sets in after `months` (the median, where
    /// it differs between patients); `None` if no effect of it is delayed.
    pub fn with_delay(&self, months: f64) -> Option<Self> {
        let is_delay = |path: &[&str]| Quantity::Delay.scaled(path, 1.0, 1.0).is_some();
        self.moved(&mut |path, value| (is_delay(path) && value > 0.0).then_some(months))
    }

    fn moved(&self, change: &mut impl FnMut(&[&str], f64) -> Option<f64>) -> Option<Self> {
        let mut source = self.source.clone();
        if let Some(truth) = source.get_mut("truth") {
            walk(truth, &mut Vec::new(), change);
        }
        for (_, patch) in source.get_mut("truths").and_then(Value::as_object_mut).into_iter().flatten() {
            walk(patch, &mut Vec::new(), change);
        }
        if source == self.source {
            return None;
        }
        without_questions(&mut source);
        assembled(source).ok().map(|scenario| Self { sha256: self.sha256.clone(), run: self.run, ..scenario })
    }
}

/// Calls `change` on every number with the keys above it (list indices left out).
fn walk<'a>(value: &'a mut Value, path: &mut Vec<&'a str>, change: &mut impl FnMut(&[&str], f64) -> Option<f64>) {
    match value {
        Value::Object(object) => {
            for (key, inner) in object.iter_mut() {
                path.push(key.as_str());
                walk(inner, path, change);
                path.pop();
            }
        }
        Value::Array(list) => {
            for inner in list {
                walk(inner, path, change);
            }
        }
        Value::Number(number) => {
            if let Some(new) = number.as_f64().and_then(|old| change(path, old).filter(|new| *new != old)) {
                *value = json!(new);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn melanoma() -> Scenario {
        Scenario::from_json(include_str!("../../scenarios/neoantigen-melanoma.json"), &[]).unwrap()
    }

    #[test]
    fn a_factor_reaches_every_place_of_its_quantity_and_no_other() {
        let scenario = melanoma();
        let changed = |quantity, factor| {
            let moved = scenario.scaled(quantity, factor).unwrap();
            let mut paths = Vec::new();
            differences(&scenario.source, &moved.source, String::new(), &mut paths);
            paths
        };
        // Four stated delays: two arms of the truth, two courses of the two arms of one variant.
        assert_eq!(changed(Quantity::Delay, 2.0).len(), 6);
        assert_eq!(changed(Quantity::Enrollment, 1.2).len(), 2);
        assert_eq!(changed(Quantity::Dropout, 1.5), ["/truth/dropout/hazard"]);
        assert_eq!(changed(Quantity::ControlHazard, 1.2).len(), 4);
        assert_eq!(changed(Quantity::AssayError, 2.0).len(), 4);
        assert_eq!(changed(Quantity::Correlation, 0.5), ["/truth/immune_response/prognostic/correlation"]);
        assert!(scenario.scaled(Quantity::Wait, 2.0).is_none() && scenario.scaled(Quantity::Failure, 2.0).is_none());
    }

    #[test]
    fn a_survival_probability_is_raised_to_the_factor() {
        let moved = melanoma().scaled(Quantity::ControlHazard, 2.0).unwrap();
        let at = |source: &Value| source.pointer("/truth/control/progression/survival/0/is").unwrap().as_f64().unwrap();
        assert_eq!(at(&moved.source), at(&melanoma().source).powi(2));
    }

    #[test]
    fn a_delay_is_set_where_there_is_one() {
        let moved = melanoma().with_delay(7.0).unwrap();
        let high = moved.source.pointer("/truth/arms/high/effect/responders/progression/delay").unwrap();
        assert_eq!(high, &json!(7.0));
    }

    fn differences(one: &Value, other: &Value, path: String, found: &mut Vec<String>) {
        match (one, other) {
            (Value::Object(a), Value::Object(b)) => {
                a.iter().for_each(|(key, inner)| differences(inner, &b[key], format!("{path}/{key}"), found));
            }
            (Value::Array(a), Value::Array(b)) => {
                a.iter().zip(b).enumerate().for_each(|(i, (x, y))| differences(x, y, format!("{path}/{i}"), found));
            }
            (a, b) if a != b => found.push(path),
            _ => {}
        }
    }
}
