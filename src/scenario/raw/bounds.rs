//! Raw efficacy and futility bounds.

use super::quantity::{Delta, Fraction, Level, Probability, Ratio, Share, Sides, ZBound};
use super::shape::{add_property, open_object, restrict_names};
use crate::registry::Parameter;
use crate::sequential::spending::{SPENDING_FUNCTIONS, SPENDING_THROUGH_POINTS};
use indexmap::IndexMap;
use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use std::sync::LazyLock;

/// Efficacy bounds: exactly one of `spending` (with the function's parameters or points), `bounds`, `family`, `haybittle_peto` and
/// `pampallona_tsiatis`.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(deny_unknown_fields, transform = spending_parameters)]
pub struct Efficacy {
    /// Error-spending function.
    #[schemars(transform = spending_names)]
    pub spending: Option<String>,
    /// z bounds, one per look; `null` where a look has none (not at the last).
    pub bounds: Option<Vec<Option<ZBound>>>,
    /// Family of classical bounds.
    pub family: Option<Family>,
    /// Parameter of the Wang-Tsiatis family, -1 to 1: 0 is classical O'Brien-Fleming, 0.5 classical Pocock.
    pub delta: Option<Delta>,
    /// z of every look but the last, which exhausts alpha.
    pub haybittle_peto: Option<ZBound>,
    /// Efficacy and futility bounds of Pampallona and Tsiatis, which meet at the last look; in place of `futility`.
    pub pampallona_tsiatis: Option<PampallonaTsiatis>,
    /// Points of the spending function's course, in place of its parameters.
    pub points: Option<Vec<SpendingPoint>>,
    /// Squeezes the spending function between two spending times: nothing is spent before `from`, everything by `until`.
    pub between: Option<Between>,
    /// Names of the looks that have an efficacy bound, the last among them; every look if absent.
    pub looks: Option<Vec<String>>,
    /// 2 mirrors the efficacy bounds below zero; `alpha` is the level of each side. 1 if absent.
    pub sides: Option<Sides>,
    /// Spending time of each look, increasing to 1; in place of planned information.
    pub spending_time: Option<Vec<Share>>,
    /// Parameters of the spending function.
    #[schemars(skip)]
    pub parameters: IndexMap<String, f64>,
}

static EFFICACY_KEYS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut keys = vec![
        "spending",
        "bounds",
        "family",
        "delta",
        "haybittle_peto",
        "pampallona_tsiatis",
        "points",
        "between",
        "looks",
        "sides",
        "spending_time",
    ];
    keys.extend(spending_parameter_names());
    keys
});

fn efficacy_keys() -> &'static [&'static str] {
    &EFFICACY_KEYS
}

open_object!(
    Efficacy {
        spending, bounds, family, delta, haybittle_peto, pampallona_tsiatis, points, between, looks, sides, spending_time
    } rest parameters known efficacy_keys
);

/// A point of a spending function.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpendingPoint {
    /// Spending time, in (0, 1), increasing from point to point.
    pub at: Fraction,
    /// Share of the error spent by then, in [0, 1], not falling from point to point.
    pub is: Probability,
}

/// Two spending times.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Between {
    /// Nothing is spent up to here, in [0, 1].
    pub from: Probability,
    /// Everything is spent from here on, in [0, 1], above `from`.
    pub until: Probability,
}

/// Bounds of Pampallona and Tsiatis.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PampallonaTsiatis {
    /// Shape of the efficacy bounds, -1 to 0.5: 0 is like O'Brien-Fleming, 0.5 like Pocock.
    pub delta_efficacy: Delta,
    /// Shape of the futility bounds, -1 to 0.5.
    pub delta_futility: Delta,
    /// Type II error under the drift that the bounds imply, in (0, 1); 1 - `goal.power` if absent.
    pub beta: Option<Fraction>,
    /// Whether the efficacy bounds count on the trial's stopping for futility; true if absent.
    pub binding: Option<bool>,
}

/// A family of classical group-sequential bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Wang-Tsiatis bounds with parameter `delta`.
    WangTsiatis,
    /// Classical O'Brien-Fleming bounds.
    ObrienFleming,
    /// Classical Pocock bounds.
    Pocock,
}

/// Futility bounds: exactly one of `spending` (with the function's parameters or points), `bounds`, `p`, `hazard_ratio`,
/// `conditional_power` and `predictive_power`.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(deny_unknown_fields, transform = spending_parameters)]
pub struct Futility {
    /// β-spending function.
    #[schemars(transform = spending_names)]
    pub spending: Option<String>,
    /// Type II error that `spending` spends, in (0, 1); 1 - `goal.power` if absent.
    pub beta: Option<Fraction>,
    /// z bounds, one per look; `null` where a look has none, as the last.
    pub bounds: Option<Vec<Option<ZBound>>>,
    /// Observed hazard ratios at or above which the trial stops, one per look; `null` where a look has none, as the last.
    pub hazard_ratio: Option<Vec<Option<Ratio>>>,
    /// Conditional powers at or below which the trial stops, one per look, in (0, 1): the chance of crossing a later efficacy bound
    /// given the look's z. `null` where a look has none, as the last.
    pub conditional_power: Option<Vec<Option<Fraction>>>,
    /// What `conditional_power` assumes for the time to come; `assumed` if absent.
    pub under: Option<Under>,
    /// Predictive powers at or below which the trial stops, one per look, in (0, 1): conditional power averaged over the posterior of
    /// the effect under a flat prior. `null` where a look has none, as the last.
    pub predictive_power: Option<Vec<Option<Fraction>>>,
    /// One-sided p-values at or above which the trial stops, one per look, in (0, 1); `null` where a look has none, as the last.
    pub p: Option<Vec<Option<Fraction>>>,
    /// Points of the spending function's course, in place of its parameters.
    pub points: Option<Vec<SpendingPoint>>,
    /// Squeezes the spending function between two spending times: nothing is spent before `from`, everything by `until`.
    pub between: Option<Between>,
    /// Names of the looks to which `spending` gives a futility bound; every look but the last if absent.
    pub looks: Option<Vec<String>>,
    /// Whether the efficacy bounds count on the trial's stopping; false if absent. True buys power, and the level then holds only if
    /// the trial obeys the futility bounds.
    pub binding: Option<bool>,
    /// Parameters of the spending function.
    #[schemars(skip)]
    pub parameters: IndexMap<String, f64>,
}

static FUTILITY_KEYS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut keys = vec![
        "spending",
        "beta",
        "bounds",
        "p",
        "hazard_ratio",
        "conditional_power",
        "under",
        "predictive_power",
        "points",
        "between",
        "looks",
        "binding",
    ];
    keys.extend(spending_parameter_names());
    keys
});

fn futility_keys() -> &'static [&'static str] {
    &FUTILITY_KEYS
}

open_object!(
    Futility {
        spending, beta, bounds, p, hazard_ratio, conditional_power, under, predictive_power, points, between, looks, binding
    } rest parameters known futility_keys
);

/// Harm bounds, on the log-rank statistic of overall survival: exactly one of `spending` (with the function's parameters or
/// points, and `level`), `bounds` and `hazard_ratio`.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(deny_unknown_fields, transform = spending_parameters)]
pub struct Harm {
    /// Function that spends `level` over the looks, by the deaths expected at each.
    #[schemars(transform = spending_names)]
    pub spending: Option<String>,
    /// Chance of stopping for harm at any look where overall survival does not differ, in (0, 0.5).
    pub level: Option<Level>,
    /// z bounds, one per look, at most 0: the trial stops at or below. `null` where a look has none.
    pub bounds: Option<Vec<Option<ZBound>>>,
    /// Hazard ratios of overall survival at or above which the trial stops, one per look, at least 1; `null` where a look has none.
    pub hazard_ratio: Option<Vec<Option<Ratio>>>,
    /// Points of the spending function's course, in place of its parameters.
    pub points: Option<Vec<SpendingPoint>>,
    /// Squeezes the spending function between two spending times: nothing is spent before `from`, everything by `until`.
    pub between: Option<Between>,
    /// Parameters of the spending function.
    #[schemars(skip)]
    pub parameters: IndexMap<String, f64>,
}

static HARM_KEYS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut keys = vec!["spending", "level", "bounds", "hazard_ratio", "points", "between"];
    keys.extend(spending_parameter_names());
    keys
});

fn harm_keys() -> &'static [&'static str] {
    &HARM_KEYS
}

open_object!(Harm { spending, level, bounds, hazard_ratio, points, between } rest parameters known harm_keys);

/// What conditional power assumes for the time to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Under {
    /// The drift of the planning truth: a delayed effect keeps its course.
    Assumed,
    /// The effect seen so far.
    Trend,
    /// No effect.
    Null,
}

fn spending_parameter_names() -> impl Iterator<Item = &'static str> {
    SPENDING_FUNCTIONS.iter().flat_map(|entry| entry.parameters).map(|parameter| parameter.name)
}

/// Names of every spending function, by parameters or by points.
pub(crate) fn spending_function_names() -> impl Iterator<Item = &'static str> {
    let by_parameters = SPENDING_FUNCTIONS.iter().map(|entry| entry.name);
    let by_points = SPENDING_THROUGH_POINTS.iter().map(|entry| entry.name);
    by_parameters.chain(by_points.filter(|name| SPENDING_FUNCTIONS.iter().all(|entry| entry.name != *name)))
}

fn spending_names(schema: &mut Schema) {
    restrict_names(schema, spending_function_names());
}

fn spending_parameters(schema: &mut Schema) {
    add_parameters(schema, SPENDING_FUNCTIONS.iter().map(|entry| (entry.name, entry.parameters)));
}

/// Adds the parameters of registered parts to an object's schema. A name that several parts use gets the widest type.
pub(super) fn add_parameters<'a>(schema: &mut Schema, entries: impl Iterator<Item = (&'a str, &'a [Parameter])>) {
    let mut users: IndexMap<&str, Vec<(&str, &Parameter)>> = IndexMap::new();
    for (part, parameters) in entries {
        for parameter in parameters {
            users.entry(parameter.name).or_default().push((part, parameter));
        }
    }
    for (name, users) in users {
        let kind = if users.iter().all(|(_, parameter)| parameter.integer) { "integer" } else { "number" };
        let description: Vec<String> =
            users.iter().map(|(part, parameter)| format!("Of `{part}`: {}.", parameter.description)).collect();
        add_property(
            schema,
            name,
            schemars::json_schema!({ "type": [kind, "null"], "description": description.join(" ") }),
        );
    }
}
