//! `sweep`: everything at every point of the file's axes, kept in one file; planned, shared out, merged, exported.

use crate::cli::submit::{self, Submit};
use crate::cli::{Failure, Run, message, parts, progress, verbs};
use crate::study::{
    Ended, ExportFormat, Hooks, RESULTS, Shard, SweepError, SweepPlan, SweepRun, export as write_export, merge_stores,
};
use clap::{ArgMatches, Args, FromArgMatches, Subcommand, ValueEnum};
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// `sweep FILE -o STORE`, or one of its verbs.
#[derive(Debug)]
pub(super) enum Sweep {
    Whole(Box<Whole>),
    Verb(Box<SweepVerb>),
}

impl FromArgMatches for Sweep {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        if matches.subcommand_name().is_some() {
            SweepVerb::from_arg_matches(matches).map(|verb| Self::Verb(Box::new(verb)))
        } else {
            Whole::from_arg_matches(matches).map(|whole| Self::Whole(Box::new(whole)))
        }
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Sweep {
    fn augment_args(command: clap::Command) -> clap::Command {
        let command = SweepVerb::augment_subcommands(Whole::augment_args(command));
        command.args_conflicts_with_subcommands(true).subcommand_negates_reqs(true)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

/// A sweep in one piece.
#[derive(Debug, Args)]
pub(super) struct Whole {
    #[command(flatten)]
    run: Run,
    /// Store: one SQLite file; every finished unit is in it at once.
    #[arg(short, long, value_name = "STORE")]
    output: PathBuf,
    /// Goes on with the store if it is there.
    #[arg(long)]
    resume: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum SweepVerb {
    /// What there is to do: points, evaluations, units of work.
    Plan(Run),
    /// One shard of the units.
    #[command(name = "run")]
    Share {
        #[command(flatten)]
        run: Run,
        /// The shard, K of N.
        #[arg(long, value_name = "K/N")]
        shard: Shard,
        /// Store: one SQLite file; every finished unit is in it at once.
        #[arg(short, long, value_name = "STORE")]
        output: PathBuf,
        /// Goes on with the store if it is there.
        #[arg(long)]
        resume: bool,
    },
    /// The stores of all shards put together, in any order.
    Merge {
        /// Finished stores of `sweep run`.
        #[arg(required = true)]
        parts: Vec<PathBuf>,
        /// Store of the whole sweep.
        #[arg(short, long, value_name = "STORE")]
        output: PathBuf,
        /// Answer as JSON.
        #[arg(long)]
        json: bool,
    },
    /// A Slurm job array that runs the shards, and a job that merges them.
    Submit(Submit),
    /// Results of a store as CSV or JSON Lines.
    Export {
        /// The store.
        store: PathBuf,
        /// Form.
        #[arg(long, value_enum, default_value = "csv")]
        format: Format,
        /// Which results: one row per evaluation, per hypothesis, or per look.
        #[arg(long, value_name = "VIEW", default_value = RESULTS[0].0, value_parser = RESULTS.map(|(view, _)| view))]
        results: String,
        /// File; standard output where it is absent.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

/// Forms of an export.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Format {
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

impl From<SweepError> for Failure {
    fn from(error: SweepError) -> Self {
        match error {
            SweepError::Study(error) => error.into(),
            SweepError::Store(error) => Self::Argument(error.to_string()),
        }
    }
}

pub(super) fn sweep(arguments: &Sweep) -> Result<(), Failure> {
    let verb = match arguments {
        Sweep::Whole(whole) => return go(&whole.run, Shard::WHOLE, &whole.output, whole.resume),
        Sweep::Verb(verb) => verb,
    };
    match &**verb {
        SweepVerb::Plan(run) => plan(run),
        SweepVerb::Share { run, shard, output, resume } => go(run, *shard, output, *resume),
        SweepVerb::Merge { parts, output, json } => {
            let ended = merge_stores(parts, file_name(output)?)?;
            told(*json, output, &ended)
        }
        SweepVerb::Submit(arguments) => submit::submit(arguments),
        SweepVerb::Export { store, format, results, output } => export(store, *format, results, output.as_deref()),
    }
}

pub(super) fn file_name(file: &Path) -> Result<&Path, Failure> {
    if file.file_name().is_none() || file.is_dir() {
        return Err(Failure::Argument(format!("--output is no file name: {}", file.display())));
    }
    Ok(file)
}

/// The plan of a file, with the file's text.
fn planned(run: &Run) -> Result<(SweepPlan, String), Failure> {
    let (scenario, text) = verbs::load_text(run)?;
    Ok((SweepPlan::new(scenario, run.overrides())?, text))
}

fn plan(run: &Run) -> Result<(), Failure> {
    let (plan, _) = planned(run)?;
    let (points, candidates, truths) = (plan.points().len(), plan.candidates().len(), plan.truths().len());
    let all = 0..plan.units();
    if run.json {
        let points: Vec<_> = plan
            .points()
            .iter()
            .map(|point| plan.paths().iter().cloned().zip(point.iter().cloned()).collect::<serde_json::Map<_, _>>())
            .collect();
        return verbs::print(&json!({
            "seamline": env!("CARGO_PKG_VERSION"),
            "scenario_sha256": plan.scenario().sha256,
            "seed": plan.scenario().run.seed,
            "points": points,
            "candidates": plan.candidates(),
            "truths": plan.truths(),
            "evaluations": plan.evaluations(),
            "units": plan.units(),
            "replicates": plan.replicates(&all),
        }));
    }
    let axes: Vec<String> = plan.paths().iter().map(|path| format!("  {path}")).collect();
    message::data(&format!(
        "{}\n\naxes\n{}\n\n{points} points × {candidates} candidates × {truths} truths = {} evaluations\n\
         {} units of work, {} replicates at most\n",
        plan.scenario().title,
        axes.join("\n"),
        plan.evaluations(),
        plan.units(),
        plan.replicates(&all)
    ))
}

fn go(run: &Run, shard: Shard, output: &Path, resume: bool) -> Result<(), Failure> {
    let file = file_name(output)?;
    let (plan, text) = planned(run)?;
    let interrupted = parts::interruption()?;
    let bar = OnceLock::new();
    let begins = |units: u64, done: u64, all: u64| {
        let _ = bar.set(progress::sweep(units, done, all, run.quiet));
    };
    let count = |replicates: u64| {
        if let Some(bar) = bar.get() {
            bar.inc(replicates);
        }
    };
    let go_on = || !interrupted.load(std::sync::atomic::Ordering::Relaxed);
    let hooks = Hooks { begins: &begins, progress: &count, go_on: &go_on };
    let ended = SweepRun::new(&plan, &text, &run.sets, shard, file).go(resume, &hooks);
    if let Some(bar) = bar.get() {
        bar.finish_and_clear();
    }
    told(run.json, file, &ended?)
}

/// Says how a sweep ended.
fn told(json: bool, file: &Path, ended: &Ended) -> Result<(), Failure> {
    let name = file.display();
    match ended {
        Ended::Stopped { done, of } => Err(Failure::Interrupted(format!(
            "{done} of {of} evaluations are answered in {name}, and what is done of others is kept; --resume goes on"
        ))),
        Ended::Complete { evaluations, refused, first } => {
            if let Some(first) = first {
                message::note(&format!("warning: {refused} evaluations have no answer; the first: {first}"));
            }
            if json {
                return verbs::print(&json!({ "store": file, "evaluations": evaluations, "refused": refused }));
            }
            message::data(&format!("{name}: {evaluations} evaluations\n"))
        }
    }
}

fn export(store: &Path, format: Format, view: &str, output: Option<&Path>) -> Result<(), Failure> {
    let format = match format {
        Format::Csv => ExportFormat::Csv,
        Format::Jsonl => ExportFormat::JsonLines,
    };
    if output
        .is_some_and(|file| file.canonicalize().is_ok_and(|file| store.canonicalize().is_ok_and(|store| file == store)))
    {
        return Err(Failure::Argument(format!("{} is the store itself; export to another file", store.display())));
    }
    let mut bytes = Vec::new();
    write_export(store, view, format, &mut bytes).map_err(|error| Failure::Argument(error.to_string()))?;
    match output {
        Some(file) => std::fs::File::create(file)
            .and_then(|mut out| out.write_all(&bytes))
            .map_err(|error| Failure::Argument(format!("cannot write {}: {error}", file.display()))),
        None => message::data(&String::from_utf8_lossy(&bytes)),
    }
}
