//! What a trial showed: the second file of `seamline analyze`, raw → checked against the design it belongs to.

use crate::protocol::Design;
use crate::scenario::assemble::{digest, located};
use crate::scenario::check::exactly_one;
use crate::scenario::fault::{At, Checked};
use crate::scenario::raw::quantity::{Duration, Number, Positive, Ratio};
use crate::scenario::strict::decode;
use crate::scenario::{Candidate, Scenario, ScenarioError, document, suggest};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Deserialize;
use serde_json::Value;

/// Looks held so far of a trial of the design.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawObserved {
    /// Version of the format: 1.
    seamline: u64,
    /// The file's schema, for editors.
    #[serde(rename = "$schema")]
    #[expect(dead_code, reason = "editors read it")]
    schema: Option<String>,
    /// What the file is; for readers.
    #[expect(dead_code, reason = "people read it")]
    notes: Option<String>,
    /// Name of the candidate that was carried out; may be left out where the design has one.
    candidate: Option<String>,
    /// Looks held, in their order.
    looks: Vec<RawLook>,
}

/// One look held: its events, and exactly one of `z`, `score` with `variance` (log-rank tests, weighted or not), `hazard_ratio` or
/// `log_hazard_ratio` with `standard_error` (log-rank test), `difference` with `standard_error` (restricted mean, milestone).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawLook {
    /// Name of the analysis in the design.
    name: String,
    /// Month of the data cut.
    month: Option<Duration>,
    /// Events of the primary endpoint in the data tested, all arms, above 0.
    events: Positive,
    /// Standardised test statistic; positive favours the experimental arm.
    z: Option<Number>,
    /// Score: expected less observed events of the experimental arm; positive favours it.
    score: Option<Number>,
    /// Variance of the score, above 0.
    variance: Option<Positive>,
    /// Hazard ratio of the experimental arm, 0.001 to 1000; below 1 favours it.
    hazard_ratio: Option<Ratio>,
    /// Logarithm of the hazard ratio; negative favours the experimental arm.
    log_hazard_ratio: Option<Number>,
    /// Difference of restricted means (months) or of survival at the milestone; positive favours the experimental arm.
    difference: Option<Number>,
    /// Standard error of the logarithm of the hazard ratio, or of the difference, above 0.
    standard_error: Option<Positive>,
}

/// Looks held, checked against a design.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// SHA-256 of the file's bytes, hexadecimal.
    pub sha256: String,
    /// Number of the candidate in the scenario.
    pub candidate: usize,
    /// Looks, in order; at least one.
    pub looks: Vec<ObservedLook>,
}

/// One look held.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ObservedLook {
    /// Number of the analysis in the protocol.
    pub analysis: usize,
    /// Month of the data cut.
    pub month: Option<f64>,
    /// Events in the data tested.
    pub events: f64,
    /// Standardised statistic, positive in favour of the experimental arm.
    pub z: f64,
    /// Information of the log hazard ratio or of the difference: the score's variance or 1/se²; `None` where the file gives z alone. Given at every look
    /// or at none.
    pub information: Option<f64>,
}

/// JSON Schema of the file.
pub fn observed_schema() -> Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<RawObserved>().into()
}

impl Observed {
    /// Reads the file against its design.
    ///
    /// # Errors
    /// [`ScenarioError`] with the place, the value and the rule of the first thing that is wrong.
    pub fn from_json(text: &str, scenario: &Scenario) -> Result<Self, ScenarioError> {
        let document = document::parse(text)?;
        let observed = read(&document, scenario).map_err(|fault| located(&document, fault))?;
        Ok(Self { sha256: digest(text, &[]), ..observed })
    }
}

fn read(document: &Value, scenario: &Scenario) -> Checked<Observed> {
    let root = At::ROOT;
    let raw: RawObserved = decode(document, &[])?;
    if raw.seamline != 1 {
        return Err(root.key("seamline").fail("this version reads format 1"));
    }
    let candidate = candidate(raw.candidate.as_deref(), scenario)?;
    let looks_at = root.key("looks");
    let chosen = &scenario.candidates[candidate];
    refuse_design(chosen, &looks_at)?;
    if raw.looks.is_empty() {
        return Err(looks_at.fail("must list at least one look"));
    }
    let mut looks: Vec<ObservedLook> = Vec::new();
    for (index, raw) in raw.looks.iter().enumerate() {
        let here = looks_at.index(index);
        let look = look(raw, chosen, &here)?;
        if let Some(before) = looks.last() {
            follows(before, &look, raw, &here)?;
        }
        looks.push(look);
    }
    Ok(Observed { sha256: String::new(), candidate, looks })
}

fn candidate(name: Option<&str>, scenario: &Scenario) -> Checked<usize> {
    let at = At::ROOT.key("candidate");
    let names: Vec<&str> = scenario.candidates.iter().map(|candidate| candidate.name.as_str()).collect();
    match name {
        None if names.len() == 1 => Ok(0),
        None => Err(at
            .fail("the design has several candidates, `candidate` must name the one that was carried out")
            .hint(format!("one of {}", names.join(", ")))),
        Some(name) => names.iter().position(|known| *known == name).ok_or_else(|| {
            at.fail("the design has no such candidate").maybe_hint(suggest::hint(name, "candidates", &names))
        }),
    }
}

fn refuse_design(candidate: &Candidate, at: &At<'_>) -> Checked<()> {
    if matches!(candidate.protocol.design, Design::Seamless(_)) {
        return Err(at.not_yet("the analysis of a trial with a transition"));
    }
    if candidate.protocol.several.is_some() {
        return Err(at.not_yet("the analysis of several primary endpoints"));
    }
    if candidate.protocol.primary.test.is_max_combo() {
        let rule = "a max-combo cannot be analysed look by look: its bounds need the joint law of all its tests, which one z does not tell";
        return Err(at.fail(rule));
    }
    Ok(())
}

fn look(raw: &RawLook, candidate: &Candidate, at: &At<'_>) -> Checked<ObservedLook> {
    let names: Vec<&str> = candidate.protocol.analyses.iter().map(|look| look.name.as_str()).collect();
    let analysis = names.iter().position(|known| *known == raw.name).ok_or_else(|| {
        at.key("name").fail("the design has no such analysis").maybe_hint(suggest::hint(&raw.name, "analyses", &names))
    })?;
    let form = exactly_one(
        &[
            ("z", raw.z.is_some()),
            ("score", raw.score.is_some()),
            ("hazard_ratio", raw.hazard_ratio.is_some()),
            ("log_hazard_ratio", raw.log_hazard_ratio.is_some()),
            ("difference", raw.difference.is_some()),
        ],
        at,
    )?;
    let test = &candidate.protocol.primary.test;
    let statistic = &test.statistics[0];
    let fits = match form {
        "hazard_ratio" | "log_hazard_ratio" => statistic.is_log_rank(),
        "score" => statistic.is_weighted_log_rank(),
        "difference" => !statistic.is_weighted_log_rank(),
        _ => true,
    };
    if !fits {
        let fault = at.key(form).fail(format!("`{form}` is not a figure of the design's test, {}", test.label()));
        return Err(fault.hint("`z` goes with every test"));
    }
    let spread = |key: &'static str, value: Option<Positive>| match (value, form == "z") {
        (Some(value), false) => Ok(value.get()),
        (None, false) => Err(at.key(key).fail(format!("`{form}` needs `{key}`"))),
        (_, true) => Ok(0.0),
    };
    for (key, there, with) in [
        ("variance", raw.variance.is_some(), &["score"][..]),
        ("standard_error", raw.standard_error.is_some(), &["hazard_ratio", "log_hazard_ratio", "difference"]),
    ] {
        if there && !with.contains(&form) {
            return Err(at.key(key).fail(format!("`{key}` goes with `{}`, not with `{form}`", with.join("` or `"))));
        }
    }
    let (z, information) = if let Some(z) = raw.z {
        (z.get(), None)
    } else if let Some(score) = raw.score {
        let variance = spread("variance", raw.variance)?;
        (score.get() / variance.sqrt(), Some(variance))
    } else if let Some(difference) = raw.difference {
        let se = spread("standard_error", raw.standard_error)?;
        (difference.get() / se, Some(1.0 / (se * se)))
    } else {
        let se = spread("standard_error", raw.standard_error)?;
        let log =
            raw.log_hazard_ratio.map_or_else(|| raw.hazard_ratio.map_or(0.0, |ratio| ratio.get().ln()), Number::get);
        (-log / se, Some(1.0 / (se * se)))
    };
    if z.abs() > 30.0 {
        return Err(at.key(form).fail(format!("the standardised statistic is {z:.1}, it must be between -30 and 30")));
    }
    Ok(ObservedLook { analysis, month: raw.month.map(f64::from), events: raw.events.get(), z, information })
}

/// What one look must not do after another.
fn follows(before: &ObservedLook, look: &ObservedLook, raw: &RawLook, at: &At<'_>) -> Checked<()> {
    if look.analysis <= before.analysis {
        return Err(at.key("name").fail("looks stand in the design's order, each once"));
    }
    if look.events <= before.events {
        return Err(at.key("events").fail(format!("must be above those of the look before, {}", before.events)));
    }
    if let (Some(earlier), Some(month)) = (before.month, look.month)
        && month <= earlier
    {
        return Err(at.key("month").fail(format!("must be after the look before, {earlier}")));
    }
    match (before.information, look.information) {
        (Some(earlier), Some(now)) if now <= earlier => {
            let key = if raw.score.is_some() { "variance" } else { "standard_error" };
            Err(at.key(key).fail(format!("information must rise: {now:.3} after {earlier:.3}")))
        }
        (Some(_), None) | (None, Some(_)) => {
            Err(at.fail("information is given at every look (`variance`, `standard_error`) or at none (`z`)"))
        }
        _ => Ok(()),
    }
}
