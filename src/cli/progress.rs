//! The progress bar: only on a terminal, only where patients are simulated.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;

/// A bar over the replicates of a sweep, of which some are done already; hidden like [`bar`].
pub(super) fn sweep(units: u64, done: u64, all: u64, quiet: bool) -> ProgressBar {
    let bar = bar(all, quiet);
    if let Ok(style) =
        ProgressStyle::with_template("{bar:30} {percent:>3} % of {msg}  {per_sec} replicates  {eta} left")
    {
        bar.set_style(style);
    }
    bar.set_message(format!("{units} units"));
    bar.set_position(done);
    bar.reset_eta();
    bar
}

/// A bar over `replicates` in all; hidden when quiet or when stderr is no terminal.
pub(super) fn bar(replicates: u64, quiet: bool) -> ProgressBar {
    if quiet || replicates == 0 || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(replicates);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3} %  {per_sec} replicates  {eta} left") {
        bar.set_style(style);
    }
    bar
}
