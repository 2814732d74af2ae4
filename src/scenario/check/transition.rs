//! The transition: triggers, selection rule, criteria.

use super::when::{Setting, when};
use super::{Facts, exactly_one, length};
use crate::registry;
use crate::scenario::fault::{At, Checked};
use crate::scenario::limits::{self, Interval};
use crate::scenario::raw::shape::Form;
use crate::scenario::raw::transition as raw;
use crate::scenario::suggest;
use crate::transition::{Criterion, Keep, SELECTION_RULES, STATISTICS, Statistic, Threshold, Transition, UNRANKED};

/// The transition of a protocol.
pub(crate) fn transition(raw: &raw::Transition, setting: &Setting<'_>, at: &At<'_>) -> Checked<Transition> {
    at.refuse("population", raw.population.as_ref(), "choice of the population at the transition")?;
    at.refuse("resize", raw.resize.as_ref(), "sample-size re-estimation")?;
    let mut conditions = 0;
    let go = raw.go.as_ref().map(|go| criterion(go, setting.facts, &at.key("go"), &mut conditions));
    Ok(Transition {
        when: when(&raw.when, setting, &at.key("when"))?,
        keep: keep(&raw.keep, setting, &at.key("keep"))?,
        go: go.transpose()?,
    })
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
    let by = match &raw.by {
        Some(by) => statistic(by, setting.facts, &at.key("by"))?,
        // A rule that does not rank never looks at it; overall survival is defined under every truth.
        None if UNRANKED.contains(&entry.name) => Statistic::OsZ,
        None => {
            let rule = format!("rule `{}` needs `by`, the statistic by which arms are ranked", entry.name);
            return Err(at.key("by").fail(rule).hint("for example \"by\": \"response_difference\""));
        }
    };
    Ok(Keep { rule: (entry.build)(&values), rule_name: entry.name, by })
}

fn statistic(raw: &raw::Statistic, facts: &Facts, at: &At<'_>) -> Checked<Statistic> {
    match raw {
        Form::Short(name) => named(&name.0, facts, at),
        Form::Full(object) => {
            let key = exactly_one(
                &[
                    ("rmst_difference", object.rmst_difference.is_some()),
                    ("milestone_difference", object.milestone_difference.is_some()),
                    ("conditional_power", object.conditional_power.is_some()),
                    ("predictive_power", object.predictive_power.is_some()),
                ],
                at,
            )?;
            Err(at.key(key).not_yet(&format!("the statistic `{key}`")))
        }
    }
}

/// The statistic of a name, if it is computed and the truth defines it.
fn named(name: &str, facts: &Facts, at: &At<'_>) -> Checked<Statistic> {
    let Some((statistic, _)) = STATISTICS.iter().find(|(_, known)| *known == name) else {
        if raw::statistic_names().any(|known| known == name) {
            return Err(at.not_yet(&format!("the statistic `{name}`")));
        }
        let known: Vec<&str> = raw::statistic_names().collect();
        return Err(at.fail("unknown name").maybe_hint(suggest::hint(name, "statistics", &known)));
    };
    let missing = if statistic.needs_response() && !facts.has_response {
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
    at.refuse("score", raw.score.as_ref(), "weighted scores")?;
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
        let statistic = named(key, facts, &here)?;
        let limit = raw.statistics.get(key).ok_or_else(|| here.fail("needs a threshold"))?;
        Ok(Criterion::Compare(statistic, threshold(limit, statistic, &here)?))
    }
}

fn threshold(raw: &raw::Threshold, statistic: Statistic, at: &At<'_>) -> Checked<Threshold> {
    let parameters = [
        ("endpoint", raw.endpoint.is_some()),
        ("to", raw.to.is_some()),
        ("at", raw.at.is_some()),
        ("under", raw.under.is_some()),
        ("prior", raw.prior.is_some()),
    ];
    if let Some((key, _)) = parameters.iter().find(|(_, there)| *there) {
        return Err(at.key(key).fail(format!("`{}` has no parameter `{key}`", statistic.name())));
    }
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
        if statistic == Statistic::ResponseDifference {
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
        Statistic::ResponseDifference => Interval::closed(-1.0, 1.0, ""),
        Statistic::ResponseRate => Interval::closed(0.0, 1.0, ""),
        Statistic::PfsHazardRatio | Statistic::OsHazardRatio => crate::scenario::raw::quantity::Ratio::INTERVAL,
        Statistic::PfsZ | Statistic::OsZ => crate::scenario::raw::quantity::ZBound::INTERVAL,
    };
    match (raw.at_least, raw.at_most) {
        (Some(limit), _) => Ok(Threshold::AtLeast(within(limit.get(), interval)?)),
        (None, limit) => Ok(Threshold::AtMost(within(limit.map_or(0.0, f64::from), interval)?)),
    }
}
