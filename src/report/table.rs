//! Terminal tables that fit 80 columns.

use crate::engine::{Estimate, OperatingCharacteristics};
use crate::report::dictionary::{Format, term};
use crate::scenario::Solve;
use crate::search::{Claim, Solved};
use crate::study::{Answer, Ranked, Verdict};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use std::fmt::Write;

/// A table without lines, its first column left-aligned, the rest right-aligned.
pub(super) fn table(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(80);
    table.set_header(headings);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding(if index == 0 { (0, 1) } else { (1, 0) });
        column.set_cell_alignment(if index == 0 { CellAlignment::Left } else { CellAlignment::Right });
    }
    table
}

fn show(key: &'static str, estimate: &Estimate) -> String {
    term(key).format.estimate(estimate)
}

fn maybe(key: &'static str, estimate: Option<&Estimate>) -> String {
    estimate.map_or_else(|| "–".into(), |estimate| show(key, estimate))
}

fn plain(format: Format, value: Option<f64>) -> String {
    value.map_or_else(|| "–".into(), |value| format.text(value))
}

/// One line of a figure and its error.
fn inline(key: &'static str, estimate: &Estimate) -> String {
    show(key, estimate).replace('\n', " ")
}

/// Everything about one answer.
pub fn answer_text(answer: &Answer) -> String {
    let outcome = &answer.outcome;
    let mut text = String::new();
    let replicates = outcome.replicates.map_or(String::new(), |n| format!(", {n} replicates"));
    let head = format!("{} · {}  ({}{replicates})", answer.candidate, answer.truth, outcome.engine);
    text.push_str(&folded("", &head));
    let _ = writeln!(text, "  P(reject any) {}", inline("reject_any", &outcome.reject_any));
    if let Some(all) = &outcome.reject_all {
        let _ = writeln!(text, "  P(reject all) {}", inline("reject_all", all));
    }
    if let Some(error) = &outcome.type_i_error {
        let futility = outcome.looks.iter().any(|look| look.futility_bound.is_some());
        let note = if futility { "  (stopping for futility obeyed)" } else { "" };
        let _ = writeln!(text, "  type I error  {}{note}", inline("type_i_error", error));
    }
    let expected = &outcome.expected;
    let _ = writeln!(
        text,
        "  expected      {} patients, {} events, {} months",
        inline("patients", &expected.patients),
        inline("events", &expected.events),
        inline("months", &expected.months)
    );
    if outcome.transition.is_some() || answer.hypotheses.len() > 1 {
        let _ = writeln!(text, "\n{}", arms_table(answer));
    }
    let _ = writeln!(text, "\n{}", looks_table(outcome));
    for warning in &outcome.warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
    text
}

fn arms_table(answer: &Answer) -> String {
    let outcome = &answer.outcome;
    let mut text = String::new();
    if let Some(transition) = &outcome.transition {
        let events: Vec<String> =
            transition.events.iter().map(|(name, count)| format!("{} {name}", inline("events", count))).collect();
        let _ = writeln!(
            text,
            "  transition at month {}, {} patients\n  events {}\n  P(go) {}   P(best kept) {}\n",
            inline("month", &transition.month),
            inline("patients", &transition.patients),
            events.join(", "),
            inline("go", &outcome.go),
            outcome.correct_selection.as_ref().map_or_else(|| "–".into(), |e| inline("correct_selection", e)),
        );
    }
    let mut table = table(&["hypothesis", term("selected").heading, term("reject").heading, "null"]);
    for (arm, hypothesis) in answer.hypotheses.iter().enumerate() {
        table.add_row([
            hypothesis.clone(),
            show("selected", &outcome.selected[arm]),
            show("reject", &outcome.reject[arm]),
            if outcome.null_true[arm] { "true".into() } else { "false".to_string() },
        ]);
    }
    text + &table.to_string()
}

fn looks_table(outcome: &OperatingCharacteristics) -> String {
    let keys = ["month", "events", "information_fraction", "efficacy_bound", "hazard_ratio_bound", "cross_efficacy"];
    let mut headings = vec!["look"];
    headings.extend(keys.map(|key| term(key).heading));
    let futility = outcome.looks.iter().any(|look| look.futility_bound.is_some());
    let average = outcome.looks.iter().any(|look| look.average_hazard_ratio.is_some());
    if futility {
        headings.extend([term("futility_bound").heading, term("cross_futility").heading]);
    }
    let harm = outcome.looks.iter().any(|look| look.cross_harm.is_some());
    if harm {
        headings.extend([term("harm_bound").heading, term("cross_harm").heading]);
    }
    if average {
        headings.push(term("average_hazard_ratio").heading);
    }
    let mut table = table(&headings);
    for look in &outcome.looks {
        let bound = look.efficacy_bound.as_ref();
        let mut row = vec![
            look.analysis.clone(),
            show("month", &look.month),
            show("events", &look.events),
            Format::Ratio.text(look.information_fraction),
            plain(Format::Z, bound.map(|b| b.z)),
            plain(Format::Ratio, bound.and_then(|b| b.hazard_ratio)),
            show("cross_efficacy", &look.cross_efficacy),
        ];
        if futility {
            row.push(plain(Format::Z, look.futility_bound.as_ref().map(|b| b.z)));
            row.push(show("cross_futility", &look.cross_futility));
        }
        if harm {
            row.push(plain(Format::Ratio, look.harm_bound.as_ref().and_then(|b| b.hazard_ratio)));
            row.push(look.cross_harm.as_ref().map_or_else(|| "–".into(), |cross| show("cross_harm", cross)));
        }
        if average {
            row.push(plain(Format::Ratio, look.average_hazard_ratio));
        }
        table.add_row(row);
    }
    table.to_string()
}

/// Candidates side by side under each truth.
pub fn comparison_text(answers: &[Answer]) -> String {
    let mut truths: Vec<&str> = Vec::new();
    for answer in answers {
        if !truths.contains(&answer.truth.as_str()) {
            truths.push(&answer.truth);
        }
    }
    let keys = ["go", "correct_selection", "reject_any", "type_i_error", "patients", "months"];
    let mut text = String::new();
    for truth in truths {
        let _ = writeln!(text, "truth: {truth}\n");
        let mut headings = vec!["candidate"];
        headings.extend(keys.map(|key| term(key).heading));
        let mut table = table(&headings);
        for answer in answers.iter().filter(|answer| answer.truth == truth) {
            let outcome = &answer.outcome;
            table.add_row([
                answer.candidate.clone(),
                show("go", &outcome.go),
                maybe("correct_selection", outcome.correct_selection.as_ref()),
                show("reject_any", &outcome.reject_any),
                maybe("type_i_error", outcome.type_i_error.as_ref()),
                show("patients", &outcome.expected.patients),
                show("months", &outcome.expected.months),
            ]);
        }
        let _ = writeln!(text, "{table}\n");
    }
    text.push_str(
        "P(best): a truly best arm is kept; type I: a true null is rejected; – where that\ncannot happen; ± Monte Carlo \
         standard error; patients, months: expected\n\n",
    );
    text
}

/// A paragraph indented by two and broken at 80 columns.
fn wrapped(paragraph: &str) -> String {
    folded("  ", paragraph)
}

/// A paragraph broken at 80 columns, its first line after `first`, the others indented by two.
pub(super) fn folded(first: &str, paragraph: &str) -> String {
    if first.chars().count() + paragraph.chars().count() <= 80 {
        return format!("{first}{paragraph}\n");
    }
    let mut text = String::new();
    let mut line = first.to_owned();
    let mut empty = true;
    for word in paragraph.split_whitespace() {
        if !empty && line.chars().count() + 1 + word.chars().count() > 80 {
            text.push_str(&line);
            text.push('\n');
            line = String::from("  ");
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    text + &line + "\n"
}

/// Answers along one path.
pub fn curve_text(path: &str, answers: &[Answer]) -> String {
    let keys = ["reject_any", "type_i_error", "patients", "events", "months"];
    let mut headings = vec!["candidate · truth"];
    headings.extend(keys.map(|key| term(key).heading));
    let mut table = table(&headings);
    for answer in answers {
        let outcome = &answer.outcome;
        table.add_row([
            format!("{} · {}", answer.candidate, answer.truth),
            show("reject_any", &outcome.reject_any),
            maybe("type_i_error", outcome.type_i_error.as_ref()),
            show("patients", &outcome.expected.patients),
            show("events", &outcome.expected.events),
            show("months", &outcome.expected.months),
        ]);
    }
    format!("along {path}\n\n{table}\n")
}

/// The ranking of candidates.
pub fn ranking_text(ranked: &[Ranked]) -> String {
    let keys = ["power", "false_go", "net", "type_i_error", "patients"];
    let mut headings = vec!["rank  candidate"];
    headings.extend(keys.map(|key| term(key).heading));
    headings.push("level");
    let mut table = table(&headings);
    for r in ranked {
        table.add_row([
            format!("{:>4}  {}", r.rank, r.candidate),
            plain(Format::Probability, r.power),
            plain(Format::Probability, r.false_go),
            Format::Probability.text(r.net()),
            plain(Format::Probability, r.type_i_error),
            Format::Count.text(r.patients),
            if r.level_held { "held".into() } else { "EXCEEDED".to_string() },
        ]);
    }
    format!(
        "ranking: candidates that hold the level first, then by net\n  power    {}\n  false go {}\n  net      {}\n  type I   \
         largest over truths; patients: mean over truths\n\n{table}\n",
        term("power").meaning,
        term("false_go").meaning,
        term("net").meaning
    )
}

/// What `size` found for one candidate and truth.
pub fn size_text(candidate: &str, truth: &str, solved: &Solved, goal: f64) -> String {
    let unit = solved.what.unit();
    let (what, power, root) = (solved.integer, solved.power_at_integer, solved.value);
    let found = if solved.what == Solve::Threshold {
        format!("threshold {root:.4} for power {goal} (power {power:.4})")
    } else if solved.what == Solve::HazardRatio {
        format!("hazard ratio {what} is detected with power {goal} (power {power:.4}; exact {root:.4})")
    } else {
        format!("{what} {unit} for power {goal} (power {power:.4}; exact root {root:.2})")
    };
    let mut text = folded("", &format!("{candidate} · {truth}: {found}"));
    if solved.power_falls && solved.what != Solve::Threshold {
        text.push_str(&wrapped(&format!(
            "power falls as {unit} grow here: more of them end an event-driven trial earlier, and under a delay earlier \
             means less effect seen; {} is the most that keeps the goal",
            solved.integer
        )));
    }
    let prompt = "a proportional-hazards calculation (the same effect from month 0)";
    match solved.proportional_hazards_claim {
        Claim::NotDelayed => {}
        Claim::Solved(claim) => text.push_str(&wrapped(&format!("{prompt} would have claimed {:.0}", claim.ceil()))),
        Claim::NoDesign => text.push_str(&wrapped(&format!("{prompt} finds no design of just this power"))),
    }
    text.push_str(&wrapped(&format!("held fixed: {}", solved.held_fixed.join(", "))));
    for (metric, value, holds) in &solved.conditions {
        let verdict = if *holds { "holds" } else { "fails" };
        text.push_str(&wrapped(&format!("{} {value:.4}: the condition {verdict}", metric.name())));
    }
    text.push('\n');
    let _ = writeln!(text, "{}", looks_table(&solved.outcome));
    if let Some(rounded) = &solved.rounded {
        text.push_str(&rounded_text(&solved.outcome, rounded));
    }
    text
}

/// The design in whole patients and events, its bounds beside those of the exact one.
fn rounded_text(exact: &OperatingCharacteristics, rounded: &OperatingCharacteristics) -> String {
    let patients = rounded.looks.last().map_or(0.0, |look| look.patients.value);
    let mut text = format!(
        "in whole numbers, bounds derived again: {patients:.0} patients, power {}\n\n",
        inline("reject_any", &rounded.reject_any)
    );
    let mut table = table(&["look", "events", "z eff.", "was", "z fut.", "was"]);
    for (whole, look) in rounded.looks.iter().zip(&exact.looks) {
        let z = |bound: Option<&crate::engine::BoundAt>| plain(Format::Z, bound.map(|bound| bound.z));
        table.add_row([
            whole.analysis.clone(),
            show("events", &whole.events),
            z(whole.efficacy_bound.as_ref()),
            z(look.efficacy_bound.as_ref()),
            z(whole.futility_bound.as_ref()),
            z(look.futility_bound.as_ref()),
        ]);
    }
    let _ = writeln!(text, "{table}");
    text
}

/// The guarantee of one candidate.
pub fn guarantee_text(candidate: &str, verdict: &Verdict) -> String {
    let mut text = folded("", &format!("{candidate}: type I error {}", verdict.guarantee.words()));
    for reason in &verdict.because {
        text.push_str(&wrapped(reason));
    }
    text
}
