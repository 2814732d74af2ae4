//! What a command that was run must have said.

use std::process::Output;

/// The answer of a command that succeeded.
pub fn answered(output: &Output) -> &[u8] {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    &output.stdout
}

/// Exit status 2 with a message that says `words`, and no answer.
pub fn refused(output: &Output, words: &str) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains(words), "wanted '{words}': {message}");
    assert!(output.stdout.is_empty());
}
