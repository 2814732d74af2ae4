//! `evaluate -o PART` and `merge`: a run shared out over machines, stopped and gone on with.

use crate::cli::{Failure, Run, message, progress, verbs};
use crate::report::{self, Header};
use crate::scenario::ScenarioError;
use crate::study::{Answer, Part, Shard};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Longest time whose work a kill can lose.
const SAVED_EVERY: Duration = Duration::from_secs(2);

/// What makes `evaluate` write a part.
#[derive(Debug, Args)]
pub(super) struct PartArguments {
    /// Simulates one shard of the replicates, K of N, and writes it to the file of --output.
    #[arg(long, value_name = "K/N", requires = "output")]
    shard: Option<Shard>,
    /// Part file: exact tallies of the replicates done, written again every few seconds and on Ctrl-C.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Goes on with the part file if it is there.
    #[arg(long, requires = "output")]
    resume: bool,
}

impl PartArguments {
    /// The part file, if one is asked for.
    pub(super) fn output(&self) -> Result<Option<&Path>, Failure> {
        match self.output.as_deref() {
            Some(file) if file.file_name().is_none() => {
                Err(Failure::Argument(format!("--output is no file name: {}", file.display())))
            }
            other => Ok(other),
        }
    }
}

/// Writes a part beside its place first, so that no moment leaves half a file there.
fn save(part: &Part, file: &Path) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::Argument(format!("cannot write {}: {error}", file.display()));
    let text = part.to_json().map_err(|error| failed(&error))?;
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".writing");
    let beside = file.with_file_name(name);
    let write = || {
        std::fs::write(&beside, text)?;
        std::fs::File::open(&beside)?.sync_all()?;
        std::fs::rename(&beside, file)
    };
    write().map_err(|error| {
        // What stood in the file before is untouched.
        let _ = std::fs::remove_file(&beside);
        failed(&error)
    })
}

fn open(file: &Path) -> Result<Part, Failure> {
    Part::from_json(&verbs::read(file)?).map_err(|error| Failure::Argument(format!("{}: {error}", file.display())))
}

/// The part to go on with: what the file holds, or a new one.
fn begun(fresh: Part, file: &Path, resume: bool) -> Result<Part, Failure> {
    if !file.exists() {
        return Ok(fresh);
    }
    let name = file.display();
    if !resume {
        return Err(Failure::Argument(format!("{name} is there already; --resume goes on with it")));
    }
    let part = open(file)?;
    fresh.same_run(&part).map_err(|error| Failure::Argument(format!("{name} is {error}")))?;
    if !fresh.same_range(&part) {
        let (from, to) = (part.from, part.to);
        return Err(Failure::Argument(format!("{name} is another shard: replicates {from} to {}", to.max(1) - 1)));
    }
    Ok(part)
}

/// A flag that Ctrl-C sets in place of ending the process.
pub(super) fn interruption() -> Result<Arc<AtomicBool>, Failure> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))
        .map_err(|error| Failure::Fault(format!("cannot catch Ctrl-C: {error}")))?;
    Ok(interrupted)
}

pub(super) fn evaluate(run: &Run, arguments: &PartArguments, file: &Path) -> Result<(), Failure> {
    let (scenario, text) = verbs::load_text(run)?;
    let shard = arguments.shard.unwrap_or(Shard::WHOLE);
    if let Some(mcse) = scenario.run.mcse
        && shard != Shard::WHOLE
    {
        return Err(Failure::Wrong(Box::new(ScenarioError {
            pointer: "/run/mcse".into(),
            value: mcse.to_string(),
            rule: "a run that stops at a wanted precision has no shards: where it stops is decided over all of it"
                .into(),
            hint: Some("--set /run/mcse=null, with as many --replicates as are wanted".into()),
        })));
    }
    let mut part = begun(Part::new(&scenario, &text, &run.sets, shard), file, arguments.resume)?;
    let interrupted = interruption()?;
    // A file that cannot be written is found out before the work.
    save(&part, file)?;
    let (done, all) = part.done();
    let bar = progress::bar(all, run.quiet);
    bar.inc(done);
    let mut saved = Ok(());
    let mut last = Instant::now();
    let result = part.advance(&scenario, Some(&|count| bar.inc(count)), |part| {
        if last.elapsed() >= SAVED_EVERY {
            saved = save(part, file);
            last = Instant::now();
        }
        saved.is_ok() && !interrupted.load(Ordering::Relaxed)
    });
    bar.finish_and_clear();
    saved?;
    save(&part, file)?;
    result.map_err(|error| verbs::argument_at_fault(run, error))?;
    let (done, all) = part.done();
    if done < all {
        let name = file.display();
        return Err(Failure::Interrupted(format!("{done} of {all} replicates are in {name}; --resume goes on")));
    }
    if shard == Shard::WHOLE { answer(&part, run.json) } else { Ok(()) }
}

pub(super) fn merge(files: &[PathBuf], json: bool) -> Result<(), Failure> {
    let mut parts = Vec::with_capacity(files.len());
    for file in files {
        parts.push((file.display().to_string(), open(file)?));
    }
    answer(&Part::merged(parts).map_err(|error| Failure::Argument(error.to_string()))?, json)
}

/// Prints what `evaluate` prints.
fn answer(part: &Part, json: bool) -> Result<(), Failure> {
    let scenario = part.scenario().map_err(|error| Failure::Argument(error.to_string()))?;
    let answers: Vec<Answer> = part.answers(&scenario)?;
    if json {
        let header = Header { scenario_sha256: scenario.sha256, seed: scenario.run.seed, elapsed_s: None };
        return verbs::print(&report::answers_json(&header, &answers));
    }
    let mut text = format!("{}\n\n", scenario.title);
    for answer in &answers {
        text.push_str(&report::answer_text(answer));
        text.push('\n');
    }
    message::data(&text)
}
