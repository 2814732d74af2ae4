//! JSON Schema of the format, made from the raw types.

use crate::scenario::raw::File;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use serde_json::Value;

/// JSON Schema (2020-12) of a scenario file: descriptions, units, ranges, and the names of every registered part.
pub fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<File>();
    // Descriptions are doc comments: their line breaks mean nothing.
    RecursiveTransform(|schema: &mut schemars::Schema| {
        if let Some(Value::String(text)) = schema.get_mut("description") {
            *text = text.replace('\n', " ");
        }
    })
    .transform(&mut schema);
    schema.into()
}
