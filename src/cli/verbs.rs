//! The verbs: read the file, ask the study, print.

use crate::cli::{Failure, Run, message, progress};
use crate::engine::EngineKind;
use crate::report::{self, Header};
use crate::scenario::{self, Observed, Scenario};
use crate::search::Assurance;
use crate::study::{self, Answer, Sized, StudyError};
use serde_json::{Value, json};
use std::io::Read;
use std::path::Path;
use std::time::Instant;

impl From<StudyError> for Failure {
    fn from(error: StudyError) -> Self {
        match error {
            StudyError::Scenario(error) => Self::Wrong(Box::new(error)),
            fault @ StudyError::Engine { .. } => Self::Fault(fault.to_string()),
        }
    }
}

/// The text of a file, or of standard input for `-`.
pub(super) fn read(file: &Path) -> Result<String, Failure> {
    let name = file.display();
    let mut bytes = Vec::new();
    let read = if file.as_os_str() == "-" {
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| ())
    } else {
        std::fs::read(file).map(|content| bytes = content)
    };
    read.map_err(|error| Failure::Argument(format!("cannot read {name}: {error}")))?;
    String::from_utf8(bytes)
        .map_err(|error| Failure::Argument(format!("{name} is not UTF-8 text: {}", error.utf8_error())))
}

/// Reads and checks the scenario, with the command line's changes.
pub(super) fn load(run: &Run) -> Result<Scenario, Failure> {
    load_text(run).map(|(scenario, _)| scenario)
}

/// The scenario, and the text of its file.
pub(super) fn load_text(run: &Run) -> Result<(Scenario, String), Failure> {
    if let Some(threads) = run.threads {
        if !(1..=1024).contains(&threads) {
            return Err(Failure::Argument(format!("--threads must be between 1 and 1024: {threads}")));
        }
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .map_err(|error| Failure::Fault(format!("cannot start threads: {error}")))?;
    }
    let text = read(&run.file)?;
    let mut scenario = Scenario::from_json(&text, &run.sets).map_err(|error| Failure::Wrong(Box::new(error)))?;
    replicates_in_range(run.replicates)?;
    run.overrides().apply(&mut scenario.run);
    if !run.quiet {
        for warning in &scenario.warnings {
            message::note(&format!("warning: {warning}"));
        }
    }
    Ok((scenario, text))
}

/// Checks `--replicates`.
pub(super) fn replicates_in_range(replicates: Option<u64>) -> Result<(), Failure> {
    match replicates.filter(|replicates| !(1..=1_000_000_000).contains(replicates)) {
        Some(wrong) => Err(Failure::Argument(format!("--replicates must be between 1 and 1e9: {wrong}"))),
        None => Ok(()),
    }
}

/// Prints a JSON answer.
pub(super) fn print(answer: &Value) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(answer).map_err(|error| Failure::Fault(error.to_string()))?;
    message::data(&(text + "\n"))
}

/// Replicates that all candidates and truths take together.
pub(super) fn simulated(scenario: &Scenario) -> u64 {
    let of = |c: &scenario::Candidate| scenario.run.engine.for_protocol(&c.protocol) == EngineKind::Simulation;
    scenario.candidates.iter().filter(|c| of(c)).map(|c| c.truths.len() as u64 * scenario.run.replicates).sum()
}

/// Answers of every candidate under every truth, with progress on a terminal. A failure comes beside the answers that
/// were already there.
fn answers(run: &Run, scenario: &Scenario, mut each: impl FnMut(&Answer)) -> (Vec<Answer>, f64, Result<(), Failure>) {
    let simulated = simulated(scenario);
    let bar = progress::bar(simulated, run.quiet);
    let start = Instant::now();
    let mut answers = Vec::new();
    let result = study::evaluate(scenario, Some(&|done| bar.inc(done)), |answer| {
        bar.suspend(|| each(&answer));
        answers.push(answer);
    });
    bar.finish_and_clear();
    let elapsed = start.elapsed().as_secs_f64();
    if !run.quiet && simulated > 0 && result.is_ok() {
        message::note(&format!(
            "{simulated} replicates in {elapsed:.1} s: {:.1} µs each on {} threads",
            1e6 * elapsed / simulated as f64,
            rayon::current_num_threads()
        ));
    }
    (answers, elapsed, result.map_err(|error| argument_at_fault(run, error)))
}

/// An engine asked for on the command line is an argument at fault, not the file.
pub(super) fn argument_at_fault(run: &Run, error: StudyError) -> Failure {
    match (run.engine, error) {
        (Some(_), StudyError::Scenario(error)) if error.pointer == "/run/engine" => {
            Failure::Argument(format!("--engine: {}", error.rule))
        }
        (_, error) => Failure::from(error),
    }
}

pub(super) fn header(run: &Run, scenario: &Scenario, elapsed: f64) -> Header {
    Header {
        scenario_sha256: scenario.sha256.clone(),
        seed: scenario.run.seed,
        elapsed_s: run.timing.then_some(elapsed),
    }
}

pub(super) fn evaluate(run: &Run) -> Result<(), Failure> {
    let scenario = load(run)?;
    if run.json {
        let (answers, elapsed, result) = answers(run, &scenario, |_| {});
        if result.is_ok() || !answers.is_empty() {
            let mut value = report::answers_json(&header(run, &scenario, elapsed), &answers);
            for (index, assurance) in assurances(run, &scenario, result.is_ok())?.iter().enumerate() {
                value["results"][index]["assurance"] = report::assurance_json(assurance);
            }
            print(&value)?;
        }
        return result;
    }
    let mut title = format!("{}\n\n", scenario.title);
    let mut written = Ok(());
    let (answers, _, result) = answers(run, &scenario, |answer| {
        if written.is_ok() {
            written = message::data(&(std::mem::take(&mut title) + &report::answer_text(answer) + "\n"));
        }
    });
    written.and(result)?;
    let assurances = assurances(run, &scenario, true)?;
    match &scenario.prior {
        Some((paths, _)) => message::data(&report::assurance_text(paths, &answers, &assurances)),
        None => Ok(()),
    }
}

/// Assurance of every answer; none without a prior, or where the answers themselves failed.
fn assurances(run: &Run, scenario: &Scenario, answered: bool) -> Result<Vec<Assurance>, Failure> {
    if !answered {
        return Ok(Vec::new());
    }
    let found = study::assurance(scenario).map_err(|error| argument_at_fault(run, error))?;
    Ok(found.unwrap_or_default())
}

pub(super) fn compare(run: &Run) -> Result<(), Failure> {
    let scenario = load(run)?;
    let (answers, elapsed, result) = answers(run, &scenario, |_| {});
    if result.is_err() && answers.is_empty() {
        return result;
    }
    let alpha = |name: &str| {
        scenario.candidates.iter().find(|candidate| candidate.name == name).map_or(0.0, |c| c.protocol.alpha)
    };
    let ranked = study::rank(&answers, alpha);
    if run.json {
        let mut value = report::answers_json(&header(run, &scenario, elapsed), &answers);
        value["ranking"] = report::ranking_json(&ranked);
        print(&value)?;
    } else {
        let mut text = format!("{}\n\n{}", scenario.title, report::comparison_text(&answers));
        text.push_str(&report::ranking_text(&ranked));
        message::data(&text)?;
    }
    result
}

pub(super) fn curve(run: &Run, over: &str, values: &[String]) -> Result<(), Failure> {
    let scenario = load(run)?.along(over, values).map_err(|error| Failure::Wrong(Box::new(error)))?;
    let (answers, elapsed, result) = answers(run, &scenario, |_| {});
    if result.is_err() && answers.is_empty() {
        return result;
    }
    // One of candidate and truth is named after the value.
    let value_of = |answer: &Answer| {
        let name = if over.starts_with("/truth/") { &answer.truth } else { &answer.candidate };
        serde_json::from_str(name).unwrap_or_else(|_| Value::from(name.as_str()))
    };
    if run.json {
        let mut value = report::answers_json(&header(run, &scenario, elapsed), &answers);
        for (index, answer) in answers.iter().enumerate() {
            value["results"][index]["point"] = json!({ over: value_of(answer) });
        }
        print(&value)?;
    } else {
        message::data(&format!("{}\n\n{}", scenario.title, report::curve_text(over, &answers)))?;
    }
    result
}

pub(super) fn size(run: &Run) -> Result<(), Failure> {
    let scenario = load(run)?;
    let start = Instant::now();
    let goal = scenario.goal.ok_or_else(|| {
        Failure::Wrong(Box::new(scenario::ScenarioError {
            pointer: "/goal".into(),
            value: "(absent)".into(),
            rule: "`size` needs a goal".into(),
            hint: Some("add \"goal\": {\"power\": 0.9, \"solve\": \"patients\"}".into()),
        }))
    })?;
    let mut solved = Vec::new();
    let mut missed = Vec::new();
    for outcome in study::size(&scenario, goal)? {
        match outcome {
            Sized::Solved(answer, found) => {
                for (metric, value, _) in found.conditions.iter().filter(|(.., holds)| !holds) {
                    let (candidate, truth) = (&answer.candidate, &answer.truth);
                    missed.push(format!(
                        "{candidate} · {truth}: the solved design breaks a condition: {} is {value:.4}",
                        metric.name()
                    ));
                }
                solved.push((answer, found));
            }
            Sized::NoDesign { candidate, truth, best_power, at } => missed.push(format!(
                "{candidate} · {truth}: power {} is not reached; the highest power seen is {best_power:.4}, at {at:.1} {}",
                goal.power,
                goal.solve.unit()
            )),
        }
    }
    if solved.is_empty() && missed.is_empty() {
        return Err(Failure::NoDesign("every hypothesis is null under every truth: there is no power to reach".into()));
    }
    if run.json {
        let answers: Vec<Answer> = solved.iter().map(|(answer, _)| Answer::clone(answer)).collect();
        let mut value = report::answers_json(&header(run, &scenario, start.elapsed().as_secs_f64()), &answers);
        for (index, (_, found)) in solved.iter().enumerate() {
            value["results"][index]["solved"] = report::solved_json(found);
        }
        value["not_solved"] = json!(missed);
        print(&value)?;
    } else if !solved.is_empty() {
        let mut text = format!("{}\n\n", scenario.title);
        for (place, found) in &solved {
            text.push_str(&report::size_text(&place.candidate, &place.truth, found, goal.power));
            text.push('\n');
        }
        message::data(&text)?;
    }
    if missed.is_empty() { Ok(()) } else { Err(Failure::NoDesign(missed.join("\n"))) }
}

pub(super) fn check(run: &Run) -> Result<(), Failure> {
    let scenario = load(run)?;
    let verdicts = study::check(&scenario)?;
    if run.json {
        let list: Vec<Value> = verdicts
            .iter()
            .map(|(name, verdict)| {
                json!({ "candidate": name, "valid": verdict.guarantee.valid(),
                        "guarantee": verdict.guarantee.words(), "because": verdict.because })
            })
            .collect();
        return print(&json!({
            "seamline": env!("CARGO_PKG_VERSION"),
            "scenario_sha256": scenario.sha256,
            "checked": list,
        }));
    }
    let mut text = format!("{}\n\nThe file is right.\n\n", scenario.title);
    let mut said: Vec<(&study::Verdict, Vec<&str>)> = Vec::new();
    for (name, verdict) in &verdicts {
        match said.iter_mut().find(|(known, _)| *known == verdict) {
            Some((_, names)) => names.push(name),
            None => said.push((verdict, vec![name])),
        }
    }
    for (verdict, names) in said {
        text.push_str(&report::guarantee_text(&names.join(", "), verdict));
        text.push('\n');
    }
    message::data(&text)
}

pub(super) fn describe(run: &Run, at: &[f64]) -> Result<(), Failure> {
    let mut months = if at.is_empty() { study::MONTHS.to_vec() } else { at.to_vec() };
    if let Some(month) = months.iter().find(|month| !(0.0..=scenario::MOST_MONTHS).contains(*month)) {
        return Err(Failure::Argument(format!("--at {month}: a month lies between 0 and {}", scenario::MOST_MONTHS)));
    }
    months.sort_by(f64::total_cmp);
    months.dedup();
    let scenario = load(run)?;
    let descriptions = study::describe(&scenario, &months)?;
    if run.json {
        return print(&report::description_json(&scenario.sha256, &descriptions));
    }
    message::data(&format!("{}\n\n{}", scenario.title, report::description_text(&descriptions)))
}

pub(super) fn analyze(run: &Run, observed: &Path) -> Result<(), Failure> {
    if run.file.as_os_str() == "-" && observed.as_os_str() == "-" {
        return Err(Failure::Argument("only one of the two files can be standard input".into()));
    }
    let scenario = load(run)?;
    let observed = Observed::from_json(&read(observed)?, &scenario).map_err(|error| {
        message::note(&format!("in {}:", observed.display()));
        Failure::Wrong(Box::new(error))
    })?;
    let analysis = study::analyze(&scenario, &observed)?;
    if run.json {
        return print(&report::analysis_json(&scenario.sha256, &observed.sha256, &analysis));
    }
    message::data(&format!("{}\n\n{}", scenario.title, report::analysis_text(&analysis)))
}

pub(super) fn schema(observed: bool) -> Result<(), Failure> {
    print(&if observed { scenario::observed_schema() } else { scenario::schema() })
}
