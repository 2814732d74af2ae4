//! Raw test statistics: those whose parameters are numbers come from the registry, each under its name.

use super::quantity::{Duration, NonNegative};
use super::shape::{Form, add_property, open_object, short_names};
use crate::registry::{Entry, Parameter};
use crate::statistics::{TEST_STATISTICS, TestStatistic};
use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, json_schema};
use serde::Deserialize;
use std::sync::LazyLock;

/// A test: a name, or an object with its parameters.
pub type Test = Form<TestName, TestObject>;

/// Name of a test without parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TestName {
    /// Log-rank.
    Logrank,
}

/// A test with parameters: exactly one of its keys.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(deny_unknown_fields, transform = registered_tests)]
pub struct TestObject {
    /// The largest of 2 to 8 different tests of the log-rank family.
    pub max_combo: Option<Vec<Test>>,
    /// Weighted log-rank with weights fixed in advance; every piece but the last has `for`.
    pub piecewise_weights: Option<Vec<WeightPiece>>,
    /// Registered tests by name, with their parameters.
    #[schemars(skip)]
    pub registered: IndexMap<String, IndexMap<String, f64>>,
}

/// One piece of weights.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeightPiece {
    /// Length in months since the piece before; absent in the last piece only.
    #[serde(rename = "for")]
    pub months: Option<Duration>,
    /// Weight of an event, at least 0.
    pub weight: NonNegative,
}

/// Registered tests that take parameters.
pub(crate) fn with_parameters() -> impl Iterator<Item = &'static Entry<dyn TestStatistic>> {
    TEST_STATISTICS.iter().filter(|entry| !entry.parameters.is_empty())
}

static KEYS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut keys = vec!["max_combo", "piecewise_weights"];
    keys.extend(with_parameters().map(|entry| entry.name));
    keys
});

fn keys() -> &'static [&'static str] {
    &KEYS
}

open_object!(TestObject { max_combo, piecewise_weights } rest registered known keys);

short_names!(TestName);

fn registered_tests(schema: &mut Schema) {
    for entry in with_parameters() {
        let mut object = json_schema!({
            "type": ["object", "null"],
            "description": format!("{}.", entry.summary),
            "additionalProperties": false,
        });
        for parameter in entry.parameters {
            add_property(&mut object, parameter.name, number(parameter));
        }
        let required: Vec<&str> =
            entry.parameters.iter().filter(|parameter| parameter.default.is_none()).map(|found| found.name).collect();
        object.insert("required".into(), required.into());
        add_property(schema, entry.name, object);
    }
}

fn number(parameter: &Parameter) -> Schema {
    let mut schema = json_schema!({
        "type": if parameter.integer { "integer" } else { "number" },
        "description": format!("{}.", parameter.description),
        "maximum": parameter.high,
    });
    schema.insert(if parameter.low_open { "exclusiveMinimum" } else { "minimum" }.into(), parameter.low.into());
    schema
}
