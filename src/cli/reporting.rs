//! `report`: the page, its figures and its tables, written to files.

use crate::cli::{Failure, Run, message, progress, verbs};
use crate::report::{self, Language, Report};
use crate::study;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

/// What makes a report.
#[derive(Debug, Args)]
pub(super) struct ReportArguments {
    /// Where the page goes; standard output if absent.
    #[arg(short, long, value_name = "FILE.html")]
    output: Option<PathBuf>,
    /// Language of the report.
    #[arg(long, value_enum, default_value = "en")]
    lang: LanguageArgument,
    /// Writes every figure into this folder too, as SVG.
    #[arg(long, value_name = "DIR")]
    figures: Option<PathBuf>,
    /// Writes every table into this folder too, as CSV and as HTML to paste into a word processor.
    #[arg(long, value_name = "DIR")]
    tables: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LanguageArgument {
    /// English.
    En,
    /// Simplified Chinese.
    Zh,
}

impl From<LanguageArgument> for Language {
    fn from(argument: LanguageArgument) -> Self {
        match argument {
            LanguageArgument::En => Self::English,
            LanguageArgument::Zh => Self::Chinese,
        }
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| Failure::Argument(format!("cannot write {}: {error}", path.display())))
}

/// Months at which the page's table reads what the truths imply.
const MONTHS: [f64; 3] = [12.0, 24.0, 36.0];

/// A folder to write into, made if it is not there.
fn folder(path: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(path)
        .map_err(|error| Failure::Argument(format!("cannot make the folder {}: {error}", path.display())))
}

/// A word of a command line, quoted for a shell where it needs to be.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '=' | ',' | ':' | '+');
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// The command that gives the same report.
fn command(run: &Run, arguments: &ReportArguments, language: Language) -> String {
    let mut words = vec!["seamline".to_owned(), "report".to_owned(), quoted(&run.file.display().to_string())];
    if let Some(engine) = run.engine {
        words.push(format!("--engine {}", format!("{engine:?}").to_lowercase()));
    }
    if let Some(replicates) = run.replicates {
        words.push(format!("--replicates {replicates}"));
    }
    if let Some(seed) = run.seed {
        words.push(format!("--seed {seed}"));
    }
    words.extend(run.sets.iter().map(|set| format!("--set {}", quoted(set))));
    if language == Language::Chinese {
        words.push("--lang zh".to_owned());
    }
    if let Some(output) = &arguments.output {
        words.push(format!("-o {}", quoted(&output.display().to_string())));
    }
    words.join(" ")
}

pub(super) fn report(run: &Run, arguments: &ReportArguments) -> Result<(), Failure> {
    let (scenario, _) = verbs::load_text(run)?;
    // Folders that cannot be made are found out before the work.
    for path in [&arguments.figures, &arguments.tables].into_iter().flatten() {
        folder(path)?;
    }
    let bar = progress::bar(verbs::simulated(&scenario), run.quiet);
    let dossier = study::dossier(&scenario, Some(&|done| bar.inc(done)));
    bar.finish_and_clear();
    let dossier = dossier.map_err(|error| verbs::argument_at_fault(run, error))?;
    let described = study::describe(&scenario, &MONTHS)?;
    let language = Language::from(arguments.lang);
    let made = report::report(&scenario, &dossier, &described, &command(run, arguments, language), language)
        .map_err(|error| Failure::Fault(format!("cannot write the page: {error}")))?;
    if let Some(path) = &arguments.figures {
        figures(path, &made)?;
    }
    if let Some(path) = &arguments.tables {
        for sheet in &made.sheets {
            write(&path.join(format!("{}.csv", sheet.id)), &sheet.csv())?;
            write(&path.join(format!("{}.html", sheet.id)), &sheet.word(language.tag()))?;
        }
    }
    if let Some(path) = &arguments.output {
        write(path, &made.html)?;
        if !run.quiet {
            message::note(&format!("wrote {}", path.display()));
        }
    }
    if run.json {
        let mut answer = report::answers_json(&verbs::header(run, &scenario, 0.0), &dossier.answers);
        report::dossier_json(&mut answer, &dossier);
        verbs::print(&answer)
    } else if arguments.output.is_none() {
        message::data(&made.html)
    } else {
        Ok(())
    }
}

/// One file a panel: a figure of several numbers them.
fn figures(path: &Path, made: &Report) -> Result<(), Failure> {
    for figure in &made.figures {
        for (index, panel) in figure.panels.iter().enumerate() {
            let name = if figure.panels.len() == 1 {
                format!("{}.svg", figure.id)
            } else {
                format!("{}-{}.svg", figure.id, index + 1)
            };
            write(&path.join(name), panel)?;
        }
    }
    Ok(())
}
