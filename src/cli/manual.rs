//! Shell completions and the manual page, made from the command's own description.

use crate::cli::{Command, Failure, message};
use clap::CommandFactory;

/// Completions of one shell.
pub(super) fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Command::command(), "seamline", &mut script);
    message::data(&String::from_utf8_lossy(&script))
}

/// The manual page, one section per verb after the summary.
pub(super) fn man() -> Result<(), Failure> {
    let mut command = Command::command();
    command.build();
    let mut page = Vec::new();
    let failed = |error: std::io::Error| Failure::Fault(format!("cannot make the manual page: {error}"));
    clap_mangen::Man::new(command.clone()).render(&mut page).map_err(failed)?;
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        page.extend_from_slice(format!(".SH \"SEAMLINE {}\"\n", verb.get_name().to_uppercase()).as_bytes());
        let man = clap_mangen::Man::new(verb.clone());
        man.render_description_section(&mut page).map_err(failed)?;
        man.render_options_section(&mut page).map_err(failed)?;
    }
    message::data(&String::from_utf8_lossy(&page))
}
