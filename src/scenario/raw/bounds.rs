//! Raw efficacy and futility bounds.

use super::quantity::{Delta, Fraction, Probability, Ratio, Share, ZBound};
use super::shape::{add_property, open_object, restrict_names};
use crate::registry::Parameter;
use crate::sequential::spending::SPENDING_FUNCTIONS;
use indexmap::IndexMap;
use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use std::sync::LazyLock;

/// Efficacy bounds: exactly one of `spending` (with the function's parameters), `bounds`, `family` and `haybittle_peto`.
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
    /// Spending time of each look, increasing to 1; in place of planned information.
    pub spending_time: Option<Vec<Share>>,
    /// Parameters of the spending function.
    #[schemars(skip)]
    pub parameters: IndexMap<String, f64>,
}

static EFFICACY_KEYS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut keys = vec!["spending", "bounds", "family", "delta", "haybittle_peto", "spending_time"];
    keys.extend(spending_parameter_names());
    keys
});

fn efficacy_keys() -> &'static [&'static str] {
    &EFFICACY_KEYS
}

open_object!(Efficacy { spending, bounds, family, delta, haybittle_peto, spending_time } rest parameters known efficacy_keys);

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

/// Futility bounds: exactly one of `spending` (with the function's parameters), `bounds`, `hazard_ratio` and
/// `conditional_power`.
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
    /// Conditional powers below which the trial stops. Not yet computed by this version.
    pub conditional_power: Option<Vec<Option<Probability>>>,
    /// Whether the efficacy bounds count on the trial's stopping; false if absent. True is not yet computed by this version.
    pub binding: Option<bool>,
    /// Parameters of the spending function.
    #[schemars(skip)]
    pub parameters: IndexMap<String, f64>,
}

static FUTILITY_KEYS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut keys = vec!["spending", "beta", "bounds", "hazard_ratio", "conditional_power", "binding"];
    keys.extend(spending_parameter_names());
    keys
});

fn futility_keys() -> &'static [&'static str] {
    &FUTILITY_KEYS
}

open_object!(
    Futility { spending, beta, bounds, hazard_ratio, conditional_power, binding } rest parameters known futility_keys
);

fn spending_parameter_names() -> impl Iterator<Item = &'static str> {
    SPENDING_FUNCTIONS.iter().flat_map(|entry| entry.parameters).map(|parameter| parameter.name)
}

fn spending_names(schema: &mut Schema) {
    restrict_names(schema, SPENDING_FUNCTIONS.iter().map(|entry| entry.name));
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
