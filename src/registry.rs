//! How named parts (spending functions, selection rules, intersection tests …) are listed: one [`Entry`] a part.
//!
//! A part lives in one file that exports one `ENTRY`; its room's `mod.rs` lists the entries in one `const` slice. The
//! scenario room reads names, parameters and ranges from there for parsing, for the JSON Schema and for hints, so that
//! a new part costs one file and one registry line.

use crate::invalid::Invalid;
use std::sync::Arc;

/// One numeric parameter of a part, with its admissible range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Key in the scenario file.
    pub name: &'static str,
    /// One sentence for the schema and the book.
    pub description: &'static str,
    /// Smallest admissible value.
    pub low: f64,
    /// Whether `low` itself is excluded.
    pub low_open: bool,
    /// Largest admissible value.
    pub high: f64,
    /// Whether the value must be a whole number.
    pub integer: bool,
    /// Value when the key is absent; `None` makes the key mandatory.
    pub default: Option<f64>,
}

impl Parameter {
    /// Checks one value against the range.
    ///
    /// # Errors
    /// [`Invalid`] naming the parameter when it lies outside.
    pub fn check(&self, value: f64) -> Result<f64, Invalid> {
        let low_ok = if self.low_open { value > self.low } else { value >= self.low };
        let ok = value.is_finite() && low_ok && value <= self.high && (!self.integer || value.fract() == 0.0);
        if ok { Ok(value) } else { Err(Invalid { what: self.name, value, rule: self.description }) }
    }
}

/// A named part: what the file calls it, what it needs, and how to make it.
#[derive(Debug)]
pub struct Entry<T: ?Sized + 'static> {
    /// Name in the scenario file.
    pub name: &'static str,
    /// One sentence for the schema and the book.
    pub summary: &'static str,
    /// Parameters in the order `build` takes them.
    pub parameters: &'static [Parameter],
    /// Makes the part from checked parameter values.
    pub build: fn(&[f64]) -> Arc<T>,
}

/// Finds an entry by name.
pub fn find<'a, T: ?Sized>(entries: &'a [Entry<T>], name: &str) -> Option<&'a Entry<T>> {
    entries.iter().find(|entry| entry.name == name)
}
