//! The error of every checked constructor below the scenario room: which number broke which rule.

/// A number that no trial can have.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{what} is {value}, but {rule}")]
pub struct Invalid {
    /// What the number stands for, in the words of the field ("hazard", "prevalence").
    pub what: &'static str,
    /// The number itself.
    pub value: f64,
    /// The rule it breaks ("must be finite and at least 0").
    pub rule: &'static str,
}

/// Returns `value` if `holds`, else the error that names it.
///
/// # Errors
/// [`Invalid`] when `holds` is false.
pub fn require(holds: bool, what: &'static str, value: f64, rule: &'static str) -> Result<f64, Invalid> {
    if holds { Ok(value) } else { Err(Invalid { what, value, rule }) }
}
