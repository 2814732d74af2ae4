//! The message a wrong file gets.

use serde_json::Value;

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

/// What is shown where nothing stands.
pub(crate) const ABSENT: &str = "(absent)";

/// Longest value shown.
const SHOWN: usize = 80;

/// Text cut to what a message shows.
pub(crate) fn shorten(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(SHOWN - 1).collect();
    short.push('…');
    short
}

/// A value as a message shows it.
pub(crate) fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| ABSENT.to_owned(), |value| shorten(&value.to_string()))
}
