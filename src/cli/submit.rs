//! `sweep submit`: a sweep as a Slurm job array, a shard to a task, and a job that merges them when all have ended well.

use crate::cli::{Failure, message, sweep, verbs};
use crate::scenario::Scenario;
use crate::study::{Overrides, SweepPlan};
use clap::{Args, ValueEnum};
use serde_json::json;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Most tasks of an array that Slurm takes as it is installed (`MaxArraySize` 1001).
const TASKS: u64 = 1000;

/// What `sweep submit` takes.
#[derive(Debug, Args)]
pub(super) struct Submit {
    /// Scenario file (`-` reads standard input); its text is copied.
    file: PathBuf,
    /// Who runs the shards.
    #[arg(long, value_enum)]
    engine: Scheduler,
    /// Shards, each a task of the array.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=TASKS))]
    shards: u64,
    /// Store of the whole sweep; scripts, parts and logs stand in the folder STORE.job.
    #[arg(short, long, value_name = "STORE")]
    output: PathBuf,
    /// Processors, and threads, of every task.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    cpus: u16,
    /// One more option of sbatch for all jobs, as often as needed: --sbatch=--partition=long.
    #[arg(long = "sbatch", value_name = "OPTION", allow_hyphen_values = true)]
    options: Vec<String>,
    /// Writes the scripts and submits nothing.
    #[arg(long)]
    dry_run: bool,
    /// Simulated trials, instead of the file's.
    #[arg(long, value_name = "N")]
    replicates: Option<u64>,
    /// Seed, instead of the file's.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Changes one value of the file: /path=value, as often as needed.
    #[arg(long = "set", value_name = "/PATH=VALUE")]
    sets: Vec<String>,
    /// Answer as JSON.
    #[arg(long)]
    json: bool,
}

/// Schedulers.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Scheduler {
    /// Slurm: a job array.
    Slurm,
}

/// A word of a shell's command line.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

pub(super) fn submit(arguments: &Submit) -> Result<(), Failure> {
    let Scheduler::Slurm = arguments.engine;
    let text = verbs::read(&arguments.file)?;
    let scenario = Scenario::from_json(&text, &arguments.sets).map_err(|error| Failure::Wrong(Box::new(error)))?;
    let overrides = Overrides { engine: None, replicates: arguments.replicates, seed: arguments.seed };
    verbs::replicates_in_range(arguments.replicates)?;
    let plan = SweepPlan::new(scenario, overrides)?;
    let store = absolute(sweep::file_name(&arguments.output)?)?;
    if let Some(option) =
        arguments.options.iter().find(|option| !option.starts_with('-') || option.contains(['\n', '\r']))
    {
        return Err(Failure::Argument(format!(
            "--sbatch takes an option of sbatch such as --partition=long: {option}"
        )));
    }
    let mut name = store.file_name().unwrap_or_default().to_owned();
    name.push(".job");
    let folder = store.with_file_name(name);
    let failed = |file: &Path, error: &dyn std::fmt::Display| {
        Failure::Argument(format!("cannot write {}: {error}", file.display()))
    };
    std::fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
    let copy = folder.join("scenario.json");
    if std::fs::read(&copy).is_ok_and(|there| there != text.as_bytes()) {
        let rule = "holds the jobs of another scenario; take another --output or remove it";
        return Err(Failure::Argument(format!("{} {rule}", folder.display())));
    }
    let (array, merge) = (folder.join("array.sh"), folder.join("merge.sh"));
    let program =
        std::env::current_exe().map_err(|error| Failure::Fault(format!("cannot name this program: {error}")))?;
    let scripts = Scripts { arguments, program: &program, folder: &folder, store: &store };
    for (file, content) in [(&copy, &text), (&array, &scripts.array()), (&merge, &scripts.merge())] {
        std::fs::write(file, content).map_err(|error| failed(file, &error))?;
    }
    let jobs = if arguments.dry_run { None } else { submitted(&array, &merge)? };
    if arguments.json {
        return verbs::print(&json!({
            "folder": folder, "shards": arguments.shards, "units": plan.units(),
            "array_job": jobs.as_ref().map(|jobs| &jobs.0), "merge_job": jobs.as_ref().map(|jobs| &jobs.1),
        }));
    }
    let mut said = format!("{} units in {} shards\n", plan.units(), arguments.shards);
    let _ = match jobs {
        Some((first, last)) => writeln!(said, "submitted: job array {first}, then the merge {last}"),
        None => writeln!(
            said,
            "to submit:\n  job=$(sbatch --parsable {0})\n  sbatch --dependency=afterok:$job {1}",
            quoted(&array.to_string_lossy()),
            quoted(&merge.to_string_lossy())
        ),
    };
    let _ = writeln!(said, "the store will be {}", store.display());
    message::data(&said)
}

fn absolute(file: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(file).map_err(|error| Failure::Argument(format!("--output: {error}")))
}

/// Submits the array and the merge that waits for it; `None` where there is no sbatch.
fn submitted(array: &Path, merge: &Path) -> Result<Option<(String, String)>, Failure> {
    let Some(first) = sbatch(&["--parsable"], array)? else {
        message::note("warning: sbatch is not on this machine: the scripts are written, nothing is submitted");
        return Ok(None);
    };
    let waits = format!("--dependency=afterok:{first}");
    Ok(sbatch(&["--parsable", "--kill-on-invalid-dep=yes", &waits], merge)?.map(|last| (first, last)))
}

/// Number of the job that sbatch makes of a script.
fn sbatch(options: &[&str], script: &Path) -> Result<Option<String>, Failure> {
    let output = match Command::new("sbatch").args(options).arg(script).output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|error| Failure::Argument(format!("cannot start sbatch: {error}")))?,
    };
    // "number" or "number;cluster".
    let said = String::from_utf8_lossy(&output.stdout);
    let job = said.trim().split(';').next().unwrap_or_default().to_owned();
    if output.status.success() && !job.is_empty() {
        return Ok(Some(job));
    }
    Err(Failure::Argument(format!(
        "sbatch refused {}: {}",
        script.display(),
        String::from_utf8_lossy(&output.stderr).trim()
    )))
}

struct Scripts<'a> {
    arguments: &'a Submit,
    program: &'a Path,
    folder: &'a Path,
    store: &'a Path,
}

impl Scripts<'_> {
    fn head(&self, name: &str, log: &str, lines: &[String]) -> String {
        let mut text = format!(
            "#!/bin/bash\n#SBATCH --job-name={name}\n#SBATCH --output=\"{}\"\n",
            self.folder.join(log).display()
        );
        for line in lines.iter().chain(&self.arguments.options) {
            let _ = writeln!(text, "#SBATCH {line}");
        }
        let _ = writeln!(text, "\ncd {} || exit 1", quoted(&self.folder.to_string_lossy()));
        text
    }

    /// A shard to a task. A task that is requeued goes on with its part.
    fn array(&self) -> String {
        let arguments = self.arguments;
        let lines = [
            format!("--array=1-{}", arguments.shards),
            format!("--cpus-per-task={}", arguments.cpus),
            "--requeue".to_owned(),
            "--open-mode=append".to_owned(),
        ];
        let mut text = self.head("seamline-sweep", "%a.log", &lines);
        let _ = write!(
            text,
            "exec {} sweep run scenario.json --shard \"$SLURM_ARRAY_TASK_ID/{}\" \\\n  -o \"part-$SLURM_ARRAY_TASK_ID.sqlite\" --resume --quiet --threads {}",
            quoted(&self.program.to_string_lossy()),
            arguments.shards,
            arguments.cpus
        );
        if let Some(replicates) = arguments.replicates {
            let _ = write!(text, " --replicates {replicates}");
        }
        if let Some(seed) = arguments.seed {
            let _ = write!(text, " --seed {seed}");
        }
        for set in &arguments.sets {
            let _ = write!(text, " \\\n  --set {}", quoted(set));
        }
        text + "\n"
    }

    fn merge(&self) -> String {
        let text = self.head("seamline-merge", "merge.log", &[]);
        let parts: Vec<String> = (1..=self.arguments.shards).map(|part| format!("part-{part}.sqlite")).collect();
        let (program, store) = (quoted(&self.program.to_string_lossy()), quoted(&self.store.to_string_lossy()));
        format!("{text}exec {program} sweep merge -o {store} \\\n  {}\n", parts.join(" "))
    }
}
