//! What the truths imply, as text and as JSON.

use crate::report::dictionary::Format;
use crate::report::table::{folded, table};
use crate::study::{ArmDescription, CORRELATION_MONTH, TruthDescription};
use crate::truth::ObservedResponse;
use serde_json::{Value, json};
use std::fmt::Write;

fn optional(value: Option<f64>) -> Value {
    value.filter(|v| v.is_finite()).map_or(Value::Null, |v| json!(v))
}

fn arm_json(arm: &ArmDescription, months: &[f64]) -> Value {
    let endpoints: serde_json::Map<String, Value> = arm
        .endpoints
        .iter()
        .map(|e| {
            let curve = months.iter().zip(&e.survival).map(|(m, s)| json!({ "month": m, "value": s }));
            let ratio = months.iter().zip(&e.hazard_ratio).map(|(m, h)| json!({ "month": m, "value": optional(*h) }));
            let entry = json!({ "median": optional(e.median), "survival": curve.collect::<Vec<_>>(),
                                "hazard_ratio": ratio.collect::<Vec<_>>() });
            (e.endpoint.name().to_string(), entry)
        })
        .collect();
    let response = arm.response.as_ref().map_or(Value::Null, |r| {
        json!({ "true_rate": r.true_rate, "observed_rate": r.positive, "observed_rate_of_read": optional(r.positive_of_read()),
                "missing": r.missing,
                "positive_predictive_value": optional(r.positive_predictive_value()) })
    });
    json!({
        "arm": arm.arm,
        "endpoints": endpoints,
        "response": response,
        "correlations": {
            "pfs_os": optional(arm.correlations.pfs_os),
            "response_pfs": optional(arm.correlations.response_first_event_milestone),
            "response_os": optional(arm.correlations.response_os_milestone),
        },
    })
}

/// The answer of `describe --json`.
pub fn description_json(sha256: &str, descriptions: &[TruthDescription]) -> Value {
    let truths: Vec<Value> = descriptions
        .iter()
        .map(|d| {
            let milestones: Vec<Value> = d
                .milestones
                .iter()
                .map(|m| {
                    let events: serde_json::Map<String, Value> =
                        m.events.iter().map(|(e, count)| (e.name().to_string(), json!(count))).collect();
                    json!({ "month": m.month, "patients": m.patients, "follow_up": m.follow_up, "events": events })
                })
                .collect();
            let hazards: Vec<Value> = d
                .control_hazards
                .iter()
                .map(|(stratum, [progression, death, after])| {
                    json!({ "stratum": stratum, "progression": progression, "death": death,
                            "death_after_progression": after })
                })
                .collect();
            json!({ "truth": d.truth, "control_hazards": hazards, "arms": d.arms.iter().map(|arm| arm_json(arm, &d.months)).collect::<Vec<_>>(), "calendar": milestones })
        })
        .collect();
    json!({ "seamline": env!("CARGO_PKG_VERSION"), "scenario_sha256": sha256, "truths": truths })
}

/// Months side by side in a table of 80 columns.
const COLUMNS: usize = 7;

/// Survival and hazard ratios at some of the description's months.
fn curves(d: &TruthDescription, columns: &[usize]) -> comfy_table::Table {
    let months: Vec<String> = columns.iter().map(|&at| format!("m{}", d.months[at])).collect();
    let mut headings = vec!["arm", "", "median"];
    headings.extend(months.iter().map(String::as_str));
    let mut curves = table(&headings);
    for arm in &d.arms {
        for e in &arm.endpoints {
            let name = e.endpoint.name();
            let median = e.median.map_or_else(|| "–".into(), |m| Format::Months.text(m));
            let mut row = vec![arm.arm.clone(), format!("S {name}"), median];
            row.extend(columns.iter().map(|&at| Format::Ratio.text(e.survival[at])));
            curves.add_row(row);
            if e.hazard_ratio.iter().any(Option::is_some) {
                let mut row = vec![String::new(), format!("HR {name}"), String::new()];
                let ratio = |at: &usize| e.hazard_ratio[*at].map_or_else(|| "–".into(), |h| Format::Ratio.text(h));
                row.extend(columns.iter().map(ratio));
                curves.add_row(row);
            }
        }
    }
    curves
}

/// The answer of `describe`.
pub fn description_text(descriptions: &[TruthDescription]) -> String {
    let mut text = String::new();
    for d in descriptions {
        let _ = writeln!(text, "truth: {}\n", d.truth);
        for columns in (0..d.months.len()).collect::<Vec<_>>().chunks(COLUMNS) {
            let _ = writeln!(text, "{}\n", curves(d, columns));
        }
        for (stratum, [progression, death, after]) in &d.control_hazards {
            let whose = if d.control_hazards.len() == 1 { String::new() } else { format!(" in {stratum}") };
            text.push_str(&folded(
                "",
                &format!(
                    "control hazards per month{whose}: progression {progression:.4}, death {death:.4}, death after progression {after:.4}"
                ),
            ));
        }
        if let Some(pfs_os) =
            d.arms.first().and_then(|arm| arm.correlations.pfs_os).filter(|_| !d.control_hazards.is_empty())
        {
            let _ = writeln!(text, "correlation of PFS and OS in the control: {pfs_os:.3}\n");
        }
        if d.arms.iter().any(|arm| arm.response.is_some()) {
            let mut responses = table(&[
                "response",
                "true",
                "observed",
                "of read",
                "missing",
                "PPV",
                "corr. with S18 pfs/dfs",
                "S18 os",
            ]);
            for arm in &d.arms {
                let ratio = |value: Option<f64>| value.map_or_else(|| "–".into(), |v| Format::Ratio.text(v));
                let r = arm.response.as_ref();
                responses.add_row([
                    arm.arm.clone(),
                    ratio(r.map(|r| r.true_rate)),
                    ratio(r.map(|r| r.positive)),
                    ratio(r.and_then(ObservedResponse::positive_of_read)),
                    ratio(r.map(|r| r.missing)),
                    ratio(r.and_then(ObservedResponse::positive_predictive_value)),
                    ratio(arm.correlations.response_first_event_milestone),
                    ratio(arm.correlations.response_os_milestone),
                ]);
            }
            let _ = writeln!(text, "{responses}\n");
        }
        let mut calendar = table(&["calendar month", "patients", "follow-up", "events"]);
        for m in &d.milestones {
            let events: Vec<String> = m.events.iter().map(|(e, n)| format!("{n:.1} {}", e.name())).collect();
            calendar.add_row([
                m.month.to_string(),
                Format::Count.text(m.patients),
                Format::Months.text(m.follow_up),
                events.join(", "),
            ]);
        }
        let _ = writeln!(text, "{calendar}\n");
    }
    let _ = writeln!(
        text,
        "S survival, HR hazard ratio against control at that month; observed: read\n\
         positive, a missing reading counts as non-response; of read: among those whose\n\
         reading is not missing; correlations of the true response with survival beyond\n\
         month {CORRELATION_MONTH:.0}. Events as if every arm stayed open; follow-up: mean months since\n\
         enrolment."
    );
    text
}
