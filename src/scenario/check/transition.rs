//! The transition: triggers, selection rule, criteria.

use super::when::{Setting, when};
use super::{Facts, exactly_one, length};
use crate::registry;
use crate::scenario::fault::{At, Checked};
use crate::scenario::limits::{self, Interval};
use crate::scenario::raw::quantity::Number;
use crate::scenario::raw::shape::Form;
use crate::scenario::raw::transition as raw;
use crate::scenario::suggest;
use crate::sequential::{Assumption, Prior};
use crate::survival::Endpoint;
use crate::transition::{
    Criterion, Gate, Keep, PARAMETRIZED, Resize, SELECTION_RULES, STATISTICS, Statistic, Threshold, Transition,
};
use indexmap::IndexMap;

/// The transition of a protocol.
pub(crate) fn transition(raw: &raw::Transition, setting: &Setting<'_>, at: &At<'_>) -> Checked<Transition> {
    at.refuse("population", raw.population.as_ref(), "choice of the population at the transition")?;
    let mut conditions = 0;
    let go = raw.go.as_ref().map(|go| criterion(go, setting.facts, &at.key("go"), &mut conditions));
    let gates_at = at.key("gates");
    let mut gates = Vec::new();
    for (index, gate) in raw.gates.iter().flatten().enumerate() {
        let here = gates_at.index(index);
        let go = criterion(&gate.go, setting.facts, &here.key("go"), &mut conditions)?;
        gates.push(Gate { when: when(&gate.when, setting, &here.key("when"))?, go });
    }
    if raw.gates.as_ref().is_some_and(|list| list.is_empty() || list.len() > limits::LOOKS) {
        return Err(gates_at.fail(format!("must list 1 to {} gates", limits::LOOKS)));
    }
    Ok(Transition {
        when: when(&raw.when, setting, &at.key("when"))?,
        gates,
        keep: keep(&raw.keep, setting, &at.key("keep"))?,
        go: go.transpose()?,
        resize: raw.resize.as_ref().map(|raw| resize(raw, &at.key("resize"))).transpose()?,
    })
}

fn under(raw: raw::Under) -> Assumption {
    match raw {
        raw::Under::Assumed => Assumption::Assumed,
        raw::Under::Trend => Assumption::Trend,
    }
}

fn resize(raw: &raw::Resize, at: &At<'_>) -> Checked<Resize> {
    let key = exactly_one(
        &[("promising_zone", raw.promising_zone.is_some()), ("conditional_power", raw.conditional_power.is_some())],
        at,
    )?;
    let here = at.key(key);
    let (lower, target, most, assumed) = match (&raw.promising_zone, &raw.conditional_power) {
        (Some(zone), _) => (zone.lower.get(), zone.upper.get(), zone.max_factor.get(), zone.under),
        (None, Some(aim)) => (0.0, aim.target.get(), aim.max_factor.get(), aim.under),
        (None, None) => return Err(here.fail("is empty")),
    };
    if lower >= target {
        return Err(here.key("lower").fail(format!("must be below `upper`, {target}")));
    }
    let factors = Interval::closed(1.0, 10.0, "");
    if !factors.holds(most) {
        return Err(here.key("max_factor").fail(factors.rule()));
    }
    Ok(Resize { lower, target, most, under: assumed.map_or(Assumption::Trend, under) })
}

fn keep(raw: &raw::Keep, setting: &Setting<'_>, at: &At<'_>) -> Checked<Keep> {
    let name = raw.rule.as_deref().ok_or_else(|| at.key("rule").fail("`rule` is required"))?;
    let rule_at = at.key("rule");
    let names: Vec<&str> = SELECTION_RULES.iter().map(|entry| entry.name).collect();
    let entry = registry::find(SELECTION_RULES, name)
        .ok_or_else(|| rule_at.fail("unknown name").maybe_hint(suggest::hint(name, "rules", &names)))?;
    let values = super::bounds::parameters(entry.name, entry.parameters, &raw.parameters, at)?;
    if let Some(r) = raw.parameters.get("r")
        && *r > (setting.arms.len() - 1) as f64
    {
        return Err(at
            .key("r")
            .fail(format!("must be at most the number of experimental arms, {}", setting.arms.len() - 1)));
    }
    let rule = (entry.build)(&values);
    let by = match &raw.by {
        Some(by) => statistic(by, setting.facts, &at.key("by"))?,
        // A rule that does not rank never looks at it; overall survival is defined under every truth.
        None if !rule.ranks() => Statistic::OsZ,
        None => {
            let rule = format!("rule `{}` needs `by`, the statistic by which arms are ranked", entry.name);
            return Err(at.key("by").fail(rule).hint("for example \"by\": \"response_difference\""));
        }
    };
    Ok(Keep { rule, rule_name: entry.name, by })
}

fn statistic(raw: &raw::Statistic, facts: &Facts, at: &At<'_>) -> Checked<Statistic> {
    let object = match raw {
        Form::Short(name) => return named(&name.0, facts, at),
        Form::Full(object) => object,
    };
    let given = |key: &'static str, there: bool| (key, there);
    let key = exactly_one(
        &[
            given("rmst_difference", object.rmst_difference.is_some()),
            given("milestone_difference", object.milestone_difference.is_some()),
            given("conditional_power", object.conditional_power.is_some()),
            given("predictive_power", object.predictive_power.is_some()),
            given("toxicity_posterior", object.toxicity_posterior.is_some()),
            given("toxicity_exact_p", object.toxicity_exact_p.is_some()),
            given("survival_over_history", object.survival_over_history.is_some()),
        ],
        at,
    )?;
    // The same parameters stand beside a threshold.
    let mut parameters = raw::Threshold::default();
    if let Some(raw) = &object.rmst_difference {
        (parameters.endpoint, parameters.to) = (Some(raw.endpoint), Some(raw.to));
    }
    if let Some(raw) = &object.milestone_difference {
        (parameters.endpoint, parameters.at) = (Some(raw.endpoint), Some(raw.at));
    }
    parameters.under = object.conditional_power.as_ref().map(|raw| raw.under);
    parameters.prior = object.predictive_power.as_ref().map(|raw| raw.prior);
    for raw in [&object.toxicity_posterior, &object.toxicity_exact_p].into_iter().flatten() {
        (parameters.above, parameters.prior) = (Some(raw.above), raw.prior);
    }
    if let Some(raw) = &object.survival_over_history {
        (parameters.endpoint, parameters.at, parameters.history) =
            (Some(raw.endpoint), Some(raw.at), Some(raw.history));
    }
    with_parameters(key, &parameters, facts, &at.key(key))
}

/// The prior of θ, minus the log hazard ratio.
fn prior(raw: Option<raw::Prior>, at: &At<'_>) -> Checked<Prior> {
    match raw {
        Some(raw::Prior { mean: Some(mean), sd: Some(sd), alpha: None, beta: None }) => {
            Ok(Prior::Normal { mean: -mean.get(), sd: sd.get() })
        }
        Some(raw::Prior { mean: None, sd: None, alpha: None, beta: None }) => Ok(Prior::Flat),
        _ => Err(at.fail("needs `mean` and `sd` of the log hazard ratio, or {} for a flat prior")),
    }
}

/// The Beta prior of a rate; uniform if absent or empty.
fn beta(raw: Option<raw::Prior>, at: &At<'_>) -> Checked<[f64; 2]> {
    match raw {
        None | Some(raw::Prior { mean: None, sd: None, alpha: None, beta: None }) => Ok([1.0, 1.0]),
        Some(raw::Prior { mean: None, sd: None, alpha: Some(alpha), beta: Some(beta) }) => {
            Ok([alpha.get(), beta.get()])
        }
        _ => Err(at.fail("needs `alpha` and `beta` of a Beta prior, or {} for the uniform one")),
    }
}

/// A statistic inside a criterion, where its parameters stand beside the threshold.
fn with_parameters(name: &str, raw: &raw::Threshold, facts: &Facts, at: &At<'_>) -> Checked<Statistic> {
    let given = [
        ("endpoint", raw.endpoint.is_some()),
        ("to", raw.to.is_some()),
        ("at", raw.at.is_some()),
        ("under", raw.under.is_some()),
        ("prior", raw.prior.is_some()),
        ("above", raw.above.is_some()),
        ("history", raw.history.is_some()),
    ];
    let wanted: &[&str] = match name {
        "rmst_difference" => &["endpoint", "to"],
        "milestone_difference" => &["endpoint", "at"],
        "conditional_power" => &["under"],
        "predictive_power" => &["prior"],
        "toxicity_posterior" | "toxicity_exact_p" => &["above"],
        "survival_over_history" => &["endpoint", "at", "history"],
        _ => &[],
    };
    let may = |key: &str| wanted.contains(&key) || (name == "toxicity_posterior" && key == "prior");
    if let Some((key, _)) = given.iter().find(|(key, there)| *there && !may(key)) {
        return Err(at.key(key).fail(format!("`{name}` has no parameter `{key}`")));
    }
    if let Some((key, _)) = given.iter().find(|(key, there)| !there && wanted.contains(key)) {
        return Err(at.key(key).fail(format!("`{name}` needs `{key}`")));
    }
    let endpoint = || raw.endpoint.map_or(Ok(Endpoint::Os), |raw| facts.endpoint(raw, &at.key("endpoint")));
    let no_toxicity = || {
        let rule = format!("`{name}` needs `toxicity`, which {} does not have", facts.whose());
        at.fail(rule).hint("add `toxicity` to the truth, or use another statistic")
    };
    if let (true, Some(above)) = (name.starts_with("toxicity"), raw.above) {
        if !facts.has_toxicity {
            return Err(no_toxicity());
        }
        let above = above.get();
        return Ok(if name == "toxicity_exact_p" {
            Statistic::ToxicityExactP { above }
        } else {
            Statistic::ToxicityPosterior { above, prior: beta(raw.prior, &at.key("prior"))? }
        });
    }
    if let (Some(history), Some(month)) = (raw.history, raw.at) {
        return Ok(Statistic::SurvivalOverHistory { endpoint: endpoint()?, at: month.into(), history: history.get() });
    }
    match (name, raw.to, raw.at, raw.under) {
        ("rmst_difference", Some(to), _, _) => Ok(Statistic::RmstDifference { endpoint: endpoint()?, to: to.into() }),
        ("milestone_difference", _, Some(month), _) => {
            Ok(Statistic::MilestoneDifference { endpoint: endpoint()?, at: month.into() })
        }
        ("conditional_power", _, _, Some(raw)) => Ok(Statistic::ConditionalPower { under: under(raw) }),
        ("predictive_power", ..) => Ok(Statistic::PredictivePower { prior: prior(raw.prior, &at.key("prior"))? }),
        _ => named(name, facts, at),
    }
}

/// The statistic of a name, if it is computed and the truth defines it.
fn named(name: &str, facts: &Facts, at: &At<'_>) -> Checked<Statistic> {
    let Some((statistic, _)) = STATISTICS.iter().find(|(_, known)| *known == name) else {
        if PARAMETRIZED.contains(&name) {
            return Err(at.fail(format!("`{name}` has parameters: write it as an object")));
        }
        let known: Vec<&str> = raw::statistic_names().collect();
        return Err(at.fail("unknown name").maybe_hint(suggest::hint(name, "statistics", &known)));
    };
    let missing = if statistic.needs_toxicity() && !facts.has_toxicity {
        Some(("toxicity", "add `toxicity` to the truth, or use another statistic"))
    } else if statistic.needs_response() && !facts.has_response {
        Some(("immune_response", "add `immune_response` to the truth, or use another statistic"))
    } else if statistic.needs_progression() && !facts.has_progression {
        Some(("control.progression", "add a progression (recurrence) hazard to `control`, or use `os_z`"))
    } else {
        None
    };
    match missing {
        Some((part, hint)) => {
            Err(at.fail(format!("`{name}` needs `{part}`, which {} does not have", facts.whose())).hint(hint))
        }
        None => Ok(*statistic),
    }
}

fn criterion(raw: &raw::Criterion, facts: &Facts, at: &At<'_>, conditions: &mut usize) -> Checked<Criterion> {
    *conditions += 1;
    if *conditions > limits::CONDITIONS {
        return Err(at.fail(format!("a criterion has at most {} conditions", limits::CONDITIONS)));
    }
    if let Some(parts) = &raw.score {
        return score(raw, parts, facts, at);
    }
    if raw.at_least.is_some() {
        return Err(at.key("at_least").fail("`at_least` stands inside a statistic, or beside `score`"));
    }
    let keys = [("all", raw.all.is_some()), ("any", raw.any.is_some()), ("not", raw.not.is_some())];
    let present: Vec<&str> = keys
        .iter()
        .filter(|(_, there)| *there)
        .map(|(key, _)| *key)
        .chain(raw.statistics.keys().map(String::as_str))
        .collect();
    let [key] = present[..] else {
        let rule = "a criterion has exactly one key: a statistic, `all`, `any` or `not`";
        let hint =
            (!present.is_empty()).then(|| "combine several with {\"all\": [ … ]} or {\"any\": [ … ]}".to_owned());
        return Err(at.fail(rule).maybe_hint(hint));
    };
    let here = at.key(key);
    let mut parts = |list: &[raw::Criterion]| -> Checked<Vec<Criterion>> {
        length(list, 1, limits::CONDITIONS, "criteria", &here)?;
        list.iter().enumerate().map(|(index, part)| criterion(part, facts, &here.index(index), conditions)).collect()
    };
    if let Some(list) = &raw.all {
        Ok(Criterion::All(parts(list)?))
    } else if let Some(list) = &raw.any {
        Ok(Criterion::Any(parts(list)?))
    } else if let Some(inner) = &raw.not {
        Ok(Criterion::Not(Box::new(criterion(inner, facts, &here, conditions)?)))
    } else {
        let limit = raw.statistics.get(key).ok_or_else(|| here.fail("needs a threshold"))?;
        let statistic = with_parameters(key, limit, facts, &here)?;
        Ok(Criterion::Compare(statistic, threshold(limit, statistic, &here)?))
    }
}

/// A weighted sum of statistics; its other keys must be absent.
fn score(raw: &raw::Criterion, parts: &IndexMap<String, Number>, facts: &Facts, at: &At<'_>) -> Checked<Criterion> {
    let others = [raw.all.is_some(), raw.any.is_some(), raw.not.is_some(), !raw.statistics.is_empty()];
    if others.contains(&true) {
        return Err(at.fail("`score` stands alone, with `at_least`"));
    }
    let least =
        raw.at_least.ok_or_else(|| at.key("at_least").fail("`score` needs `at_least`, its smallest passing value"))?;
    let here = at.key("score");
    if parts.is_empty() || parts.len() > limits::CONDITIONS {
        return Err(here.fail(format!("must list 1 to {} statistics, not {}", limits::CONDITIONS, parts.len())));
    }
    let part = |(name, weight): (&String, &Number)| Ok((named(name, facts, &here.key(name))?, weight.get()));
    Ok(Criterion::Score(parts.iter().map(part).collect::<Checked<_>>()?, least.get()))
}

fn threshold(raw: &raw::Threshold, statistic: Statistic, at: &At<'_>) -> Checked<Threshold> {
    let key = exactly_one(
        &[
            ("at_least", raw.at_least.is_some()),
            ("at_most", raw.at_most.is_some()),
            ("z_at_least", raw.z_at_least.is_some()),
        ],
        at,
    )?;
    let here = at.key(key);
    let within = |value: f64, interval: Interval| {
        if interval.holds(value) { Ok(value) } else { Err(here.fail(interval.rule())) }
    };
    if let Some(z) = raw.z_at_least {
        if matches!(
            statistic,
            Statistic::ResponseDifference
                | Statistic::RmstDifference { .. }
                | Statistic::MilestoneDifference { .. }
                | Statistic::SurvivalOverHistory { .. }
        ) {
            return Ok(Threshold::ZAtLeast(within(z.get(), crate::scenario::raw::quantity::ZBound::INTERVAL)?));
        }
        let hint = match statistic {
            Statistic::PfsHazardRatio => "use {\"pfs_z\": {\"at_least\": … }}",
            Statistic::OsHazardRatio => "use {\"os_z\": {\"at_least\": … }}",
            _ => "use `at_least`",
        };
        return Err(here.fail("`z_at_least` goes with `response_difference`").hint(hint));
    }
    let interval = match statistic {
        Statistic::ResponseDifference
        | Statistic::MilestoneDifference { .. }
        | Statistic::SurvivalOverHistory { .. } => Interval::closed(-1.0, 1.0, ""),
        Statistic::ResponseRate
        | Statistic::ConditionalPower { .. }
        | Statistic::PredictivePower { .. }
        | Statistic::ToxicityRate
        | Statistic::ToxicityPosterior { .. }
        | Statistic::ToxicityExactP { .. } => Interval::closed(0.0, 1.0, ""),
        Statistic::RmstDifference { .. } => Interval::closed(-limits::MONTHS, limits::MONTHS, " months"),
        Statistic::ResponseOutcomeAssociation => Interval::closed(-20.0, 20.0, ""),
        Statistic::PfsHazardRatio | Statistic::OsHazardRatio => crate::scenario::raw::quantity::Ratio::INTERVAL,
        Statistic::PfsZ | Statistic::OsZ => crate::scenario::raw::quantity::ZBound::INTERVAL,
    };
    match (raw.at_least, raw.at_most) {
        (Some(limit), _) => Ok(Threshold::AtLeast(within(limit.get(), interval)?)),
        (None, limit) => Ok(Threshold::AtMost(within(limit.map_or(0.0, f64::from), interval)?)),
    }
}
