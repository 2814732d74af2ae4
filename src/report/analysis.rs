//! The analysis of a trial, as text and as JSON.

use crate::engine::BoundAt;
use crate::report::dictionary::Format;
use crate::report::table::table;
use crate::study::{Analysis, AnalyzedLook, EffectInterval, EffectScale};
use serde_json::{Value, json};
use std::fmt::Write;

fn number(value: f64) -> Value {
    if value.is_finite() { json!(value) } else { Value::Null }
}

fn maybe(value: Option<f64>) -> Value {
    value.map_or(Value::Null, number)
}

fn bound(bound: Option<&BoundAt>) -> Value {
    bound.map_or(
        Value::Null,
        |at| json!({ "z": number(at.z), "p": number(at.p), "hazard_ratio": maybe(at.hazard_ratio) }),
    )
}

fn interval(scale: EffectScale, interval: &EffectInterval) -> Value {
    json!({ scale.name(): number(interval.estimate), "low": number(interval.low), "high": number(interval.high) })
}

/// Heading of an effect.
fn heading(scale: EffectScale) -> &'static str {
    match scale {
        EffectScale::HazardRatio => "HR",
        EffectScale::PerWeight => "effect/w",
        EffectScale::Difference => "diff.",
    }
}

/// The analysis as JSON; `scenario_sha256` and `observed_sha256` name the files.
pub fn analysis_json(scenario_sha256: &str, observed_sha256: &str, analysis: &Analysis) -> Value {
    let look = |look: &AnalyzedLook| {
        json!({
            "analysis": look.analysis,
            "month": maybe(look.month),
            "events": number(look.events),
            "information": number(look.information),
            "information_fraction": number(look.information_fraction),
            "spending_time": number(look.spending_time),
            "z": number(look.z),
            "p": number(look.p),
            "efficacy_bound": bound(look.efficacy_bound.as_ref()),
            "futility_bound": bound(look.futility_bound.as_ref()),
            "decision": look.decision.words(),
            "repeated_p": maybe(look.repeated_p),
            "repeated_interval": look.repeated.as_ref().map_or(Value::Null, |found| interval(analysis.scale, found)),
            "conditional_error": maybe(look.conditional_error),
            "conditional_power": {
                "assumed": maybe(look.conditional_power_assumed),
                "trend": maybe(look.conditional_power_trend),
            },
            "predictive_power": maybe(look.predictive_power),
        })
    };
    let conclusion = &analysis.conclusion;
    json!({
        "seamline": env!("CARGO_PKG_VERSION"),
        "scenario_sha256": scenario_sha256,
        "observed_sha256": observed_sha256,
        "candidate": analysis.candidate,
        "hypothesis": analysis.hypothesis,
        "alpha": analysis.alpha,
        "coverage": 1.0 - 2.0 * analysis.alpha,
        "information_from": information_from(analysis),
        "looks": analysis.looks.iter().map(look).collect::<Vec<_>>(),
        "conclusion": {
            "analysis": analysis.looks[conclusion.look].analysis,
            "decision": analysis.looks[conclusion.look].decision.words(),
            "ended": conclusion.ended,
            "stagewise_p": number(conclusion.p),
            "sequential_p": maybe(conclusion.sequential_p),
            "median_unbiased": interval(analysis.scale, &conclusion.median_unbiased),
            "naive": interval(analysis.scale, &conclusion.naive),
        },
        "warnings": analysis.warnings,
    })
}

fn information_from(analysis: &Analysis) -> &'static str {
    match (analysis.information_given, analysis.scale) {
        (true, _) => "the file",
        (false, EffectScale::HazardRatio) => "events",
        (false, _) => "the plan",
    }
}

fn shown(format: Format, value: Option<f64>) -> String {
    value.map_or_else(|| "–".into(), |value| format.text(value))
}

fn span(interval: &EffectInterval) -> String {
    format!("{:.3} ({:.3} to {:.3})", interval.estimate, interval.low, interval.high)
}

/// The analysis as text.
pub fn analysis_text(analysis: &Analysis) -> String {
    let coverage = 100.0 * (1.0 - 2.0 * analysis.alpha);
    let mut text = format!("{} · {}\n\n", analysis.candidate, analysis.hypothesis);
    let mut bounds = table(&["look", "events", "info", "spending", "z", "z eff.", "z fut.", "decision"]);
    for look in &analysis.looks {
        bounds.add_row([
            look.analysis.clone(),
            Format::Count.text(look.events),
            Format::Ratio.text(look.information_fraction),
            Format::Ratio.text(look.spending_time),
            Format::Z.text(look.z),
            shown(Format::Z, look.efficacy_bound.as_ref().map(|bound| bound.z)),
            shown(Format::Z, look.futility_bound.as_ref().map(|bound| bound.z)),
            look.decision.words().into(),
        ]);
    }
    let _ = writeln!(text, "{bounds}\n");
    let effect = heading(analysis.scale);
    let repeated = format!("repeated {effect} interval");
    let mut later = table(&["look", "repeated p", &repeated, "cond. error", "CP assumed", "CP trend", "pred. power"]);
    for look in &analysis.looks {
        later.add_row([
            look.analysis.clone(),
            shown(Format::Probability, look.repeated_p),
            look.repeated.as_ref().map_or_else(|| "–".into(), span),
            shown(Format::Probability, look.conditional_error),
            shown(Format::Probability, look.conditional_power_assumed),
            shown(Format::Probability, look.conditional_power_trend),
            shown(Format::Probability, look.predictive_power),
        ]);
    }
    let _ = writeln!(text, "{later}\n");
    let conclusion = &analysis.conclusion;
    let look = &analysis.looks[conclusion.look];
    let ended = if conclusion.ended { "" } else { ", as if the trial ended here" };
    let _ = writeln!(text, "at {}: {}{ended}", look.analysis, look.decision.words());
    let _ = writeln!(text, "  stage-wise p (one-sided)  {:.6}", conclusion.p);
    if let Some(p) = conclusion.sequential_p {
        let _ = writeln!(text, "  sequential p              {p:.6}");
    }
    for (which, found) in [("median-unbiased", &conclusion.median_unbiased), ("naive", &conclusion.naive)] {
        let _ = writeln!(text, "  {:<25} {}", format!("{which} {effect}"), span(found));
    }
    let _ = writeln!(text, "intervals cover with probability {coverage:.1} %");
    let from = match information_from(analysis) {
        "the file" => "given",
        "events" => "events times the arms' shares",
        _ => "as planned",
    };
    let _ = writeln!(text, "{}: {from}", analysis.scale.information());
    if analysis.scale == EffectScale::PerWeight {
        let _ = writeln!(text, "effect/w: the log hazard ratio is minus this, times the test's weight");
    }
    for warning in &analysis.warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
    text
}
