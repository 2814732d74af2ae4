//! The message a wrong file gets.

/// What is wrong with a file or an argument: where, what stands there, which rule it breaks, and what to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{pointer}: {rule}")]
pub struct ScenarioError {
    /// JSON pointer into the file as the user wrote it ("" is the whole file); a patch's error points into the patch.
    pub pointer: String,
    /// What stands there, as compact JSON cut to 80 characters, or "(absent)".
    pub value: String,
    /// The rule it breaks: a sentence without a full stop.
    pub rule: String,
    /// What to do; a sentence without a full stop.
    pub hint: Option<String>,
}
