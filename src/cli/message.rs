//! What reaches the terminal: data on stdout, messages on stderr.

use crate::cli::Failure;
use crate::scenario::ScenarioError;
use std::io::{ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

/// Writes data to stdout. A reader that has gone away (`| head`) is not an error.
pub(super) fn data(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::Fault(format!("cannot write: {error}"))),
        _ => Ok(()),
    }
}

/// Words that begin a message and are coloured on a terminal, with their colour (ANSI). The words themselves say as much.
const LABELS: [(&str, &str); 6] = [
    ("error:", "1;31"),
    ("no design:", "1;31"),
    ("interrupted:", "1;33"),
    ("warning:", "1;33"),
    ("hint:", "1;36"),
    ("wrote ", "1;32"),
];

/// The text with its labels coloured.
fn coloured(text: &str) -> String {
    let paint = |line: &str| match LABELS.iter().find(|(label, _)| line.starts_with(label)) {
        Some((label, colour)) => format!("\u{1b}[{colour}m{label}\u{1b}[0m{}", &line[label.len()..]),
        None => line.to_owned(),
    };
    text.split('\n').map(paint).collect::<Vec<_>>().join("\n")
}

/// Writes one message to stderr: coloured on a terminal, unless `NO_COLOR` is set or the terminal is a dumb one
/// (<https://no-color.org>).
pub(super) fn note(text: &str) {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let colour =
        std::io::stderr().is_terminal() && set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb");
    let text = if colour { coloured(text) } else { text.to_owned() };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_labels_at_the_beginning_of_a_line_are_coloured() {
        let text = coloured("error: /truth: a hint: is no label\n  value: 1\n\nhint: do this");
        assert_eq!(
            text,
            "\u{1b}[1;31merror:\u{1b}[0m /truth: a hint: is no label\n  value: 1\n\n\u{1b}[1;36mhint:\u{1b}[0m do this"
        );
    }
}
