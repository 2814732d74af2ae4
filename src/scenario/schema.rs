//! JSON Schema of the format, made from the raw types.

use crate::scenario::raw::File;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// JSON Schema (2020-12) of a scenario file: descriptions, units, ranges, and the names of every registered part.
pub fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    generator.into_root_schema_for::<File>().into()
}
