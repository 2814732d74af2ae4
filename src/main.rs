//! The `seamline` command: see `seamline --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    seamline::cli::run()
}
