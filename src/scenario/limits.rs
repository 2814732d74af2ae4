//! Limits of the format: one place for the ranges that parsing enforces, the schema states and the hints quote.
//!
//! Beyond what mathematics asks for (a probability in [0, 1]), every number has an upper limit that no trial comes near,
//! so that no file can make an engine run for ever.

use schemars::Schema;

/// A range of admissible numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Whether `low` itself is refused.
    pub low_open: bool,
    /// Upper end.
    pub high: f64,
    /// Whether `high` itself is refused.
    pub high_open: bool,
    /// Whether the number must be whole.
    pub whole: bool,
    /// Unit after a number, with its leading space ("", " months").
    pub unit: &'static str,
}

impl Interval {
    /// `[low, high]`.
    pub const fn closed(low: f64, high: f64, unit: &'static str) -> Self {
        Self { low, low_open: false, high, high_open: false, whole: false, unit }
    }

    /// `(low, high]`.
    pub const fn above(low: f64, high: f64, unit: &'static str) -> Self {
        Self { low_open: true, ..Self::closed(low, high, unit) }
    }

    /// `(low, high)`.
    pub const fn open(low: f64, high: f64) -> Self {
        Self { low_open: true, high_open: true, ..Self::closed(low, high, "") }
    }

    /// Whole numbers of `[low, high]`.
    pub const fn whole(low: f64, high: f64, unit: &'static str) -> Self {
        Self { whole: true, ..Self::closed(low, high, unit) }
    }

    /// Whether `value` lies inside.
    pub fn holds(&self, value: f64) -> bool {
        let low = if self.low_open { value > self.low } else { value >= self.low };
        let high = if self.high_open { value < self.high } else { value <= self.high };
        low && high && (!self.whole || value.fract() == 0.0)
    }

    /// The rule in words: "must be above 0 and at most 1200 months".
    pub fn rule(&self) -> String {
        format!(
            "must be {}{} {} and {} {}{}",
            if self.whole { "a whole number, " } else { "" },
            if self.low_open { "above" } else { "at least" },
            self.low,
            if self.high_open { "below" } else { "at most" },
            self.high,
            self.unit
        )
    }

    /// JSON Schema of a number in the range.
    pub fn schema(&self) -> Schema {
        let number = |value: f64| {
            if value.fract() == 0.0 && value.abs() < 1e15 {
                serde_json::Value::from(value as i64)
            } else {
                serde_json::Value::from(value)
            }
        };
        let mut schema = Schema::default();
        schema.insert("type".into(), if self.whole { "integer" } else { "number" }.into());
        schema.insert(if self.low_open { "exclusiveMinimum" } else { "minimum" }.into(), number(self.low));
        schema.insert(if self.high_open { "exclusiveMaximum" } else { "maximum" }.into(), number(self.high));
        schema
    }
}

/// Bytes of a scenario file.
pub const FILE_BYTES: usize = 4_000_000;
/// Pieces of one step function.
pub const PIECES: usize = 200;
/// Patients of one trial.
pub const PATIENTS: f64 = 100_000.0;
/// Confirmatory looks.
pub const LOOKS: usize = 20;
/// Arms, the control included.
pub const ARMS: usize = 8;
/// Baseline strata.
pub const STRATA: usize = 50;
/// Assays.
pub const ASSAYS: usize = 20;
/// Conditions in one trigger or criterion.
pub const CONDITIONS: usize = 100;
/// Named truths, and named candidates.
pub const VARIANTS: usize = 100;
/// Axes of a sweep.
pub const AXES: usize = 12;
/// Points of a sweep.
pub const POINTS: usize = 100_000;
/// Candidates × truths × arms × strata, what one scenario may hold.
pub const COURSES: usize = 10_000;
/// Pieces of all step functions that one scenario may hold (a Weibull hazard has hundreds).
pub const ALL_PIECES: usize = 10_000_000;
/// Months, of anything.
pub const MONTHS: f64 = 1200.0;
/// Hazard per month.
pub const HAZARD: f64 = 100.0;
