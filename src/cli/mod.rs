//! Verbs and flags. Data goes to stdout, everything else to stderr.
//!
//! Exit status: 0 answered · 2 the file or the arguments are wrong · 3 no design reaches the goal · 1 a fault of ours · 130 stopped by Ctrl-C.

mod manual;
mod message;
mod parts;
mod progress;
mod reporting;
mod searches;
mod starters;
mod submit;
mod sweep;
mod verbs;

use crate::engine::EngineKind;
use crate::study::Overrides;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;

/// Group-sequential and seamless phase II/III trials of therapies that work slowly: power, type I error, sample size.
#[derive(Debug, Parser)]
#[command(name = "seamline", version = env!("SEAMLINE_VERSION"), max_term_width = 80)]
struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// What the truths imply: survival, medians, hazard ratios, response rates, enrolment and events.
    Describe {
        /// What is described.
        #[command(flatten)]
        run: Run,
        /// Months at which curves and the trial's calendar are read, separated by commas.
        #[arg(long, value_name = "MONTH,…", value_delimiter = ',')]
        at: Vec<f64>,
    },
    /// Operating characteristics of every candidate under every truth.
    Evaluate {
        #[command(flatten)]
        run: Run,
        #[command(flatten)]
        part: parts::PartArguments,
    },
    /// The answer of a run whose replicates were shared out: all its part files, in any order.
    Merge {
        /// Part files of `evaluate --shard`.
        #[arg(required = true)]
        parts: Vec<PathBuf>,
        /// Answer as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Candidates side by side under every truth, and their ranking.
    Compare {
        #[command(flatten)]
        run: Run,
        /// Where one candidate stops being better than the others, of equal expected patients: moves what the file's `break_even`
        /// names.
        #[arg(long)]
        break_even: bool,
    },
    /// The best design of every candidate's family: moves what the file's `optimize` names, and simulates the winner.
    Optimize {
        #[command(flatten)]
        run: Run,
        /// Writes the best design as a scenario file.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// The size that meets the goal's power.
    Size(Run),
    /// Power along one path of the file: truths of the planned design, or designs.
    Curve {
        #[command(flatten)]
        run: Run,
        /// The path that moves, below /truth or /protocol.
        #[arg(long, value_name = "/PATH")]
        over: String,
        /// The values it takes, separated by commas.
        #[arg(long, value_name = "V,V,…", value_delimiter = ',', required = true)]
        values: Vec<String>,
    },
    /// Everything at every point of the file's axes, kept in one file that survives a kill.
    Sweep(sweep::Sweep),
    /// Whether the design is valid, which guarantee its type I error has, and why.
    Check {
        #[command(flatten)]
        run: Run,
        /// Searches the truths without effect for the largest type I error, and simulates what it finds.
        #[arg(long)]
        worst_case: bool,
        /// With --worst-case: type I error and power over a grid of the first two values that the search varies.
        #[arg(long, requires = "worst_case")]
        map: bool,
        /// With --worst-case: writes the worst truth of all candidates as a scenario file.
        #[arg(short, long, value_name = "FILE", requires = "worst_case")]
        output: Option<PathBuf>,
    },
    /// One self-contained HTML page for a protocol: the design in words, tables, figures, and how to reproduce it.
    Report {
        #[command(flatten)]
        run: Run,
        #[command(flatten)]
        report: reporting::ReportArguments,
    },
    /// A trial that was held: decisions, p-values and intervals at the information it had.
    Analyze {
        /// The design, and how it is read.
        #[command(flatten)]
        run: Run,
        /// What was observed: events and statistics of the looks held (`-` reads standard input).
        observed: PathBuf,
    },
    /// The JSON Schema of the scenario file.
    Schema {
        /// Of the observed file of `analyze` instead.
        #[arg(long)]
        observed: bool,
    },
    /// A starter scenario that explains itself.
    New {
        /// Kind of starter.
        #[arg(default_value = "group-sequential")]
        kind: starters::Kind,
    },
    /// Completions for a shell, to be sourced by it.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// The manual page (roff): seamline man | man -l -
    Man,
}

/// What every verb on a scenario file takes.
#[derive(Debug, Args)]
struct Run {
    /// Scenario file (`-` reads standard input).
    file: PathBuf,
    /// Answer as JSON.
    #[arg(long)]
    json: bool,
    /// Engine, instead of the file's.
    #[arg(long, value_enum)]
    engine: Option<EngineArgument>,
    /// Simulated trials, instead of the file's.
    #[arg(long, value_name = "N")]
    replicates: Option<u64>,
    /// Seed, instead of the file's.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Threads; results do not depend on it.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Changes one value of the file: /path=value, as often as needed.
    #[arg(long = "set", value_name = "/PATH=VALUE")]
    sets: Vec<String>,
    /// No progress, no timing, no warnings on stderr.
    #[arg(long)]
    quiet: bool,
    /// Writes the elapsed seconds into the JSON answer (null otherwise, so that equal runs give equal bytes).
    #[arg(long)]
    timing: bool,
}

impl Run {
    /// What is said of the file's `run`.
    fn overrides(&self) -> Overrides {
        let engine = self.engine.map(|engine| match engine {
            EngineArgument::Auto => EngineKind::Auto,
            EngineArgument::Analytic => EngineKind::Analytic,
            EngineArgument::Asymptotic => EngineKind::Asymptotic,
            EngineArgument::Simulation => EngineKind::Simulation,
        });
        Overrides { engine, replicates: self.replicates, seed: self.seed }
    }
}

/// Engines as the command line names them.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum EngineArgument {
    Auto,
    Analytic,
    Asymptotic,
    Simulation,
}

/// Why the command ends without an answer.
#[derive(Debug)]
enum Failure {
    /// Exit status 2.
    Wrong(Box<crate::scenario::ScenarioError>),
    /// Exit status 2: an argument or a file that cannot be read.
    Argument(String),
    /// Exit status 3; the text says what was tried.
    NoDesign(String),
    /// Exit status 130: the user stopped it; what was done is kept.
    Interrupted(String),
    /// Exit status 1.
    Fault(String),
}

/// Runs the command on the process's arguments.
pub fn run() -> ExitCode {
    let command = Command::parse();
    let result = match command.verb {
        Verb::Describe { run, at } => verbs::describe(&run, &at),
        Verb::Evaluate { run, part } => match part.output() {
            Ok(Some(file)) => parts::evaluate(&run, &part, file),
            Ok(None) => verbs::evaluate(&run),
            Err(failure) => Err(failure),
        },
        Verb::Merge { parts, json } => parts::merge(&parts, json),
        Verb::Compare { run, break_even: true } => searches::break_even(&run),
        Verb::Compare { run, .. } => verbs::compare(&run),
        Verb::Optimize { run, output } => searches::optimize(&run, output.as_deref()),
        Verb::Size(run) => verbs::size(&run),
        Verb::Curve { run, over, values } => verbs::curve(&run, &over, &values),
        Verb::Sweep(arguments) => sweep::sweep(&arguments),
        Verb::Check { run, worst_case: true, map, output } => searches::worst_case(&run, map, output.as_deref()),
        Verb::Check { run, .. } => verbs::check(&run),
        Verb::Report { run, report } => reporting::report(&run, &report),
        Verb::Analyze { run, observed } => verbs::analyze(&run, &observed),
        Verb::Schema { observed } => verbs::schema(observed),
        Verb::New { kind } => message::data(kind.text()),
        Verb::Completions { shell } => manual::completions(shell),
        Verb::Man => manual::man(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => message::failure(&failure),
    }
}
