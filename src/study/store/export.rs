//! A store's results as CSV or JSON Lines.

use crate::study::store::{RESULTS, Store, StoreError};
use rusqlite::types::ValueRef;
use serde_json::{Map, Value};
use std::io::Write;
use std::path::Path;

/// Form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// Comma-separated values with a header (RFC 4180); empty where there is no figure.
    Csv,
    /// One JSON object a line; null where there is no figure.
    JsonLines,
}

/// Writes one of the views of [`RESULTS`] of a store, row by row.
///
/// # Errors
/// [`StoreError`] when the store is damaged, the view is unknown, or nothing can be written.
pub fn export(file: &Path, view: &str, format: ExportFormat, out: &mut dyn Write) -> Result<(), StoreError> {
    let (store, _) = Store::open(file)?;
    if !RESULTS.iter().any(|(known, _)| *known == view) {
        let known = RESULTS.map(|(known, _)| known).join(", ");
        return Err(StoreError::new(file, &format_args!("has no results `{view}`: it has {known}")));
    }
    let failed = |error: rusqlite::Error| StoreError::of(file, &error);
    let mut query = store.connection.prepare(&format!("SELECT * FROM {view}")).map_err(failed)?;
    let names: Vec<String> = query.column_names().map(str::to_owned).collect();
    if format == ExportFormat::Csv {
        let heads: Vec<String> = names.iter().map(|name| quoted(name)).collect();
        line(out, &heads.join(","))?;
    }
    let mut rows = query.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let mut values = Vec::with_capacity(names.len());
        for index in 0..names.len() {
            values.push(value(row.get_ref(index).map_err(failed)?));
        }
        match format {
            ExportFormat::Csv => line(out, &values.iter().map(field).collect::<Vec<_>>().join(","))?,
            ExportFormat::JsonLines => {
                let object: Map<String, Value> = names.iter().cloned().zip(values).collect();
                line(out, &Value::Object(object).to_string())?;
            }
        }
    }
    Ok(())
}

fn line(out: &mut dyn Write, text: &str) -> Result<(), StoreError> {
    writeln!(out, "{text}").map_err(|error| StoreError(format!("cannot write: {error}")))
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(whole) => Value::from(whole),
        ValueRef::Real(real) => Value::from(real),
        ValueRef::Text(text) | ValueRef::Blob(text) => Value::from(String::from_utf8_lossy(text)),
    }
}

fn field(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
