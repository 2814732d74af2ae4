//! What reaches the terminal: data on stdout, messages on stderr.

use crate::cli::Failure;
use crate::scenario::ScenarioError;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

/// Writes data to stdout. A reader that has gone away (`| head`) is not an error.
pub(super) fn data(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::Fault(format!("cannot write: {error}"))),
        _ => Ok(()),
    }
}

/// Writes one line to stderr.
pub(super) fn note(text: &str) {
    // Nobody is left to tell if stderr is gone.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Writes a failure to stderr and gives its exit status.
pub(super) fn failure(failure: &Failure) -> ExitCode {
    match failure {
        Failure::Wrong(error) => {
            note(&wrong(error));
            ExitCode::from(2)
        }
        Failure::Argument(text) => {
            note(&format!("error: {text}"));
            ExitCode::from(2)
        }
        Failure::NoDesign(text) => {
            note(&format!("no design: {text}"));
            ExitCode::from(3)
        }
        Failure::Interrupted(text) => {
            note(&format!("interrupted: {text}"));
            ExitCode::from(130)
        }
        Failure::Fault(text) => {
            note(&format!("error: {text}"));
            ExitCode::FAILURE
        }
    }
}

/// A wrong file in words: pointer, rule, value, hint.
fn wrong(error: &ScenarioError) -> String {
    let pointer = if error.pointer.is_empty() { "(whole file)" } else { &error.pointer };
    let mut text = format!("error: {pointer}: {}\n  value: {}", error.rule, error.value);
    if let Some(hint) = &error.hint {
        text.push_str("\n\nhint: ");
        text.push_str(hint);
    }
    text
}
