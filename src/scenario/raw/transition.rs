//! Raw transition: when, whom to keep, what every kept arm must pass.

use super::quantity::{Duration, Fraction, Number, Positive, Probability};
use super::shape::{Form, add_property, full_objects, open_object, restrict_names};
use super::when::{Endpoint, When};
use crate::transition::{PARAMETRIZED, SELECTION_RULES, STATISTICS};
use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;
use std::sync::LazyLock;

/// The transition rule, fixed in advance.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transition {
    /// When the phase II data are cut; events and patients are those of phase II, in all arms.
    pub when: When,
    /// Gates before it, each at its own time: an arm that fails one is out, none left stops the trial there.
    pub gates: Option<Vec<Gate>>,
    /// Whom to keep among the arms that pass `go`.
    pub keep: Keep,
    /// What every kept arm must pass; an arm that fails is dropped, none left stops the trial. Every arm passes if absent.
    pub go: Option<Criterion>,
    /// Choice of the population. Not yet computed by this version.
    pub population: Option<PopulationChoice>,
    /// Sample-size re-estimation: more patients and events for phase III, by what was seen.
    pub resize: Option<Resize>,
}

/// A criterion at a time of its own, before the transition.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// When the data of the phase II patients enrolled by then are cut, at the latest at the transition's cut.
    pub when: When,
    /// What an arm must pass.
    pub go: Criterion,
}

/// Whom to keep: a rule with its parameters, and the statistic by which arms are ranked.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(deny_unknown_fields, transform = keep_parameters)]
pub struct Keep {
    /// Name of the rule.
    #[schemars(transform = rule_names)]
    pub rule: Option<String>,
    /// Statistic by which arms are ranked; may be absent where the rule does not rank.
    pub by: Option<Statistic>,
    /// Parameters of the rule.
    #[schemars(skip)]
    pub parameters: IndexMap<String, f64>,
}

static KEEP_KEYS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut keys = vec!["rule", "by"];
    keys.extend(SELECTION_RULES.iter().flat_map(|entry| entry.parameters).map(|parameter| parameter.name));
    keys
});

fn keep_keys() -> &'static [&'static str] {
    &KEEP_KEYS
}

open_object!(Keep { rule, by } rest parameters known keep_keys);

fn rule_names(schema: &mut Schema) {
    restrict_names(schema, SELECTION_RULES.iter().map(|entry| entry.name));
}

fn keep_parameters(schema: &mut Schema) {
    super::bounds::add_parameters(schema, SELECTION_RULES.iter().map(|entry| (entry.name, entry.parameters)));
    schema.insert("required".into(), serde_json::json!(["rule"]));
}

/// A statistic: a name, or an object with its parameters.
pub type Statistic = Form<StatisticName, StatisticObject>;

/// Name of a statistic.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct StatisticName(pub String);

impl super::shape::Short for StatisticName {
    const WORDS: &'static str = "the name of a statistic";

    fn from_text<E: serde::de::Error>(text: &str) -> Option<Result<Self, E>> {
        Some(Ok(Self(text.to_owned())))
    }
}

impl JsonSchema for StatisticName {
    fn schema_name() -> Cow<'static, str> {
        "StatisticName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A statistic of one experimental arm against the control in the phase II cohort.",
            "enum": STATISTICS.iter().map(|(_, name)| *name).collect::<Vec<_>>(),
        })
    }
}

/// A statistic with parameters: exactly one of its keys.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatisticObject {
    /// Difference of restricted mean survival times, months.
    pub rmst_difference: Option<RmstDifference>,
    /// Difference of survival at a milestone.
    pub milestone_difference: Option<MilestoneDifference>,
    /// Probability of success in the end, given the data, under an assumption.
    pub conditional_power: Option<ConditionalPower>,
    /// Probability of success in the end, given the data, over a prior.
    pub predictive_power: Option<PredictivePower>,
    /// Posterior probability that the arm's rate of severe toxicity is above a value.
    pub toxicity_posterior: Option<ToxicityAbove>,
    /// Exact p-value of "the arm's rate of severe toxicity is not above a value".
    pub toxicity_exact_p: Option<ToxicityAbove>,
    /// Survival of the arm at a month minus a historical value.
    pub survival_over_history: Option<SurvivalOverHistory>,
}

/// A rate of toxicity that is too high.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToxicityAbove {
    /// The rate.
    pub above: Fraction,
    /// Beta prior of the posterior; uniform if absent.
    pub prior: Option<Prior>,
}

/// A historical value of survival.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SurvivalOverHistory {
    /// Endpoint.
    pub endpoint: Endpoint,
    /// The month.
    pub at: Duration,
    /// Survival at that month in the past.
    pub history: Fraction,
}

/// Where a difference of restricted means is taken.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RmstDifference {
    /// Endpoint.
    pub endpoint: Endpoint,
    /// Months to which the mean is restricted.
    pub to: Duration,
}

/// Where a difference of survival is taken.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MilestoneDifference {
    /// Endpoint.
    pub endpoint: Endpoint,
    /// Month of the milestone.
    pub at: Duration,
}

/// What conditional power assumes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConditionalPower {
    /// The effect assumed.
    pub under: Under,
}

/// An effect assumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Under {
    /// The planning truth.
    Assumed,
    /// The estimate.
    Trend,
}

/// What predictive power averages over.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PredictivePower {
    /// The prior.
    pub prior: Prior,
}

/// A prior: normal, of the log hazard ratio of the primary endpoint, or Beta, of a rate; every value alike where it is empty.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Prior {
    /// Mean of a normal prior of the log hazard ratio.
    pub mean: Option<Number>,
    /// Its standard deviation.
    pub sd: Option<Positive>,
    /// First parameter of a Beta prior of a rate.
    pub alpha: Option<Positive>,
    /// Second parameter.
    pub beta: Option<Positive>,
}

/// A criterion of one arm: exactly one statistic with its threshold, or `all`, `any`, `not`, or `score` with `at_least`.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(rename = "CRITERION", deny_unknown_fields, transform = criterion_statistics)]
pub struct Criterion {
    /// All must pass.
    pub all: Option<Vec<Criterion>>,
    /// Any must pass.
    pub any: Option<Vec<Criterion>>,
    /// The inner one must not pass.
    pub not: Option<Box<Criterion>>,
    /// A weighted sum of statistics without parameters, by name.
    pub score: Option<IndexMap<String, Number>>,
    /// Smallest passing value of `score`.
    pub at_least: Option<Number>,
    /// Thresholds by name of the statistic.
    pub statistics: IndexMap<String, Threshold>,
}

static CRITERION_KEYS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut keys = vec!["all", "any", "not", "score", "at_least"];
    keys.extend(statistic_names());
    keys
});

fn criterion_keys() -> &'static [&'static str] {
    &CRITERION_KEYS
}

open_object!(Criterion { all, any, not, score, at_least } rest statistics known criterion_keys);

/// Every statistic that a criterion may name.
pub fn statistic_names() -> impl Iterator<Item = &'static str> {
    STATISTICS.iter().map(|(_, name)| *name).chain(PARAMETRIZED.iter().copied())
}

/// The map of thresholds becomes one property per statistic, and every key is optional.
fn criterion_statistics(schema: &mut Schema) {
    let object = schema.ensure_object();
    object.remove("required");
    let properties = object.get_mut("properties").and_then(Value::as_object_mut);
    let map = properties.and_then(|properties| properties.shift_remove("statistics"));
    let threshold = map.as_ref().and_then(|map| map.get("additionalProperties")).cloned();
    for name in statistic_names() {
        let property = threshold.clone().and_then(|threshold| Schema::try_from(threshold).ok()).unwrap_or_default();
        add_property(schema, name, property);
    }
}

/// A threshold of a statistic: exactly one of `at_least`, `at_most`, `z_at_least`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// Passes when the statistic is at least this.
    pub at_least: Option<Number>,
    /// Passes when the statistic is at most this.
    pub at_most: Option<Number>,
    /// Passes when the difference over its pooled standard error is at least this.
    pub z_at_least: Option<Number>,
    /// Endpoint of a restricted mean or milestone.
    pub endpoint: Option<Endpoint>,
    /// Months to which a mean is restricted.
    pub to: Option<Duration>,
    /// Month of a milestone.
    pub at: Option<Duration>,
    /// What conditional power assumes.
    pub under: Option<Under>,
    /// What predictive power averages over; the Beta prior of a rate of toxicity.
    pub prior: Option<Prior>,
    /// A rate of toxicity that is too high.
    pub above: Option<Fraction>,
    /// Survival in the past.
    pub history: Option<Fraction>,
}

/// Choice of the population at the transition. Not yet computed by this version.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PopulationChoice {
    /// What may be chosen.
    pub choose: PopulationKind,
    /// The stratum studied alone.
    pub stratum: Option<String>,
    /// Statistic by which it is chosen.
    pub by: Option<Statistic>,
    /// Threshold of the statistic.
    pub threshold: Option<Number>,
}

/// A kind of population choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PopulationKind {
    /// Everybody.
    Full,
    /// The stratum alone, if it passes.
    Enrich,
    /// Both.
    Both,
}

/// Sample-size re-estimation at the transition: exactly one of its keys.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resize {
    /// More patients and events where conditional power is promising.
    pub promising_zone: Option<PromisingZone>,
    /// More patients and events until conditional power is as wanted.
    pub conditional_power: Option<PowerTarget>,
}

/// The promising zone of conditional power.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PromisingZone {
    /// Lower end of the zone.
    pub lower: Probability,
    /// Upper end of the zone, and the conditional power aimed at.
    pub upper: Fraction,
    /// Largest factor on patients and events of phase III, at least 1.
    pub max_factor: Positive,
    /// Effect assumed for what is to come; `trend` if absent.
    pub under: Option<Under>,
}

/// A conditional power to reach.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PowerTarget {
    /// Conditional power aimed at.
    pub target: Fraction,
    /// Largest factor on patients and events of phase III, at least 1.
    pub max_factor: Positive,
    /// Effect assumed for what is to come; `trend` if absent.
    pub under: Option<Under>,
}

full_objects!(StatisticObject);
