//! The JSON Schema: the shipped file is the generated one, and every right file validates against it.

use crate::examples;
use boon::{Compiler, Schemas};
use serde_json::Value;
use std::path::Path;

fn scenarios() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// Validates, with the schema's complaint.
fn validate(value: &Value) -> Result<(), String> {
    let mut compiler = Compiler::new();
    compiler.add_resource("schema.json", seamline::scenario::schema()).unwrap();
    let mut schemas = Schemas::new();
    let index = compiler.compile("schema.json", &mut schemas).unwrap();
    schemas.validate(value, index).map_err(|error| format!("{error:#}"))
}

#[test]
fn the_shipped_schema_is_the_generated_one() {
    let path = scenarios().join("schema.json");
    let generated = format!("{:#}\n", seamline::scenario::schema());
    if std::env::var_os("SEAMLINE_BLESS").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let shipped = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(shipped, generated, "run the tests once with SEAMLINE_BLESS=1 and look at the difference");
}

#[test]
fn every_shipped_scenario_validates_and_is_read() {
    let mut seen = 0;
    for entry in std::fs::read_dir(scenarios()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") || path.ends_with("schema.json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        validate(&serde_json::from_str(&text).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        seamline::scenario::Scenario::from_json(&text, &[])
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        seen += 1;
    }
    assert!(seen >= 3, "{seen} scenarios");
}

#[test]
fn examples_validate_and_wrong_ones_do_not() {
    for file in examples::all() {
        validate(&file).unwrap();
    }
    let wrong = [
        ("/truth/control/death", serde_json::json!({"hazard": -1})),
        ("/protocol/patients", serde_json::json!(1.5)),
        ("/protocol/efficacy", serde_json::json!({"spending": "obrien_flemming"})),
        ("/protocol/analysis", serde_json::json!([])),
        ("/goal/power", serde_json::json!(1)),
        ("/seamline", serde_json::json!(2)),
        ("/run/engine", serde_json::json!("fast")),
    ];
    for (pointer, value) in wrong {
        let file = examples::with(examples::group_sequential(), pointer, value);
        assert!(validate(&file).is_err(), "{pointer}");
    }
    let file = examples::with(examples::seamless(), "/protocol/transition/keep/rule", serde_json::json!("bets"));
    assert!(validate(&file).is_err());
}

#[test]
fn registered_names_are_in_the_schema() {
    let text = seamline::scenario::schema().to_string();
    let spending = seamline::sequential::spending::SPENDING_FUNCTIONS.iter().map(|entry| entry.name);
    let rules = seamline::transition::SELECTION_RULES.iter().map(|entry| entry.name);
    let statistics = seamline::transition::STATISTICS.iter().map(|(_, name)| *name);
    for name in spending.chain(rules).chain(statistics) {
        assert!(text.contains(&format!("\"{name}\"")), "{name}");
    }
}

/// Every property of the format has a description.
#[test]
fn every_property_is_described() {
    fn visit(value: &Value, place: &str) {
        if let Some(properties) = value.get("properties").and_then(Value::as_object) {
            for (name, property) in properties {
                let described = property.get("description").is_some() || property.get("$ref").is_some();
                assert!(described, "{place}/{name} has no description");
            }
        }
        match value {
            Value::Object(object) => object.iter().for_each(|(key, below)| visit(below, &format!("{place}/{key}"))),
            Value::Array(list) => list.iter().for_each(|below| visit(below, place)),
            _ => {}
        }
    }
    visit(&seamline::scenario::schema(), "");
}
