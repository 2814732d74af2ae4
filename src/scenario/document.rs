//! Text → JSON value: syntax errors with a place and a hint, duplicate keys refused.

use crate::scenario::ScenarioError;
use crate::scenario::fault;
use crate::scenario::limits;
use crate::scenario::strict::path_tokens;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Number, Value};
use std::fmt;

const DUPLICATE: &str = "this key stands twice in the same object";

/// Reads the text of a file.
pub(crate) fn parse(text: &str) -> Result<Value, ScenarioError> {
    if text.len() > limits::FILE_BYTES {
        return Err(ScenarioError {
            pointer: String::new(),
            value: format!("{} bytes", text.len()),
            rule: format!("a scenario file has at most {} bytes", limits::FILE_BYTES),
            hint: None,
        });
    }
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = serde_json::Deserializer::from_str(text);
    let Document(value) = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| syntax(text, &path_tokens(error.path()), error.inner()))?;
    reader.end().map_err(|error| syntax(text, &[], &error))?;
    Ok(value)
}

/// Reads the value of an override: JSON, or else a plain string.
pub(crate) fn value(text: &str) -> Value {
    serde_json::from_str(text).map_or_else(|_| Value::String(text.to_owned()), |Document(value)| value)
}

fn syntax(text: &str, tokens: &[String], error: &serde_json::Error) -> ScenarioError {
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let (line, column) = (error.line(), error.column());
    let rest = excerpt(text.lines().nth(line.saturating_sub(1)).unwrap_or_default(), column);
    let (rule, hint) = match error.classify() {
        Category::Eof => (
            format!("the file ends at line {line}, column {column}, in the middle of a value"),
            Some("the file seems cut off, close every string, list and object"),
        ),
        Category::Data => (format!("{DUPLICATE} (line {line}, column {column})"), Some("keep one of the two")),
        Category::Syntax | Category::Io => {
            (format!("not valid JSON at line {line}, column {column}: {message}"), hint(message, &rest))
        }
    };
    let value = match error.classify() {
        Category::Eof => "(end of file)".to_owned(),
        _ if rest.is_empty() => "(end of line)".to_owned(),
        _ => rest,
    };
    ScenarioError { pointer: fault::pointer(tokens), value, rule, hint: hint.map(str::to_owned) }
}

/// What stands at a column (bytes, from 1) of a line, from the start of the word it lies in.
fn excerpt(line: &str, column: usize) -> String {
    let mut start = column.saturating_sub(1).min(line.len());
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    while start > 0 && line.as_bytes().get(start - 1).is_some_and(word) {
        start -= 1;
    }
    line.get(start..).unwrap_or_default().chars().take(40).collect()
}

fn hint(message: &str, rest: &str) -> Option<&'static str> {
    let word = rest.trim_start_matches('-').to_lowercase();
    if word.starts_with("nan") || word.starts_with("inf") || message.contains("out of range") {
        Some("JSON has finite numbers only")
    } else if message.contains("trailing comma") {
        Some("remove the comma before the closing bracket")
    } else if word.starts_with("//") || word.starts_with("/*") || word.starts_with('#') {
        Some("JSON has no comments, write them in `notes`")
    } else if word.starts_with('\'') {
        Some("strings and keys stand in double quotes")
    } else if message.contains("trailing characters") {
        Some("one file holds one scenario, a single JSON object")
    } else if message.contains("recursion limit") {
        Some("the objects are nested too deeply")
    } else {
        None
    }
}

/// A JSON value whose objects have no key twice.
struct Document(Value);

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DocumentVisitor)
    }
}

struct DocumentVisitor;

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = Document;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Document, E> {
        Ok(Document(Value::Null))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Document, E> {
        Ok(Document(Value::Bool(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Document, E> {
        Ok(Document(Value::Number(value.into())))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Document, E> {
        Ok(Document(Value::Number(value.into())))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Document, E> {
        Number::from_f64(value)
            .map(|number| Document(Value::Number(number)))
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Document, E> {
        Ok(Document(Value::String(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Document, A::Error> {
        let mut list = Vec::new();
        while let Some(Document(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Document(Value::Array(list)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Document, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key_seed(NewKey(&map))? {
            let Document(value) = entries.next_value()?;
            map.insert(key, value);
        }
        Ok(Document(Value::Object(map)))
    }
}

/// A key that the object does not have yet.
struct NewKey<'a>(&'a Map<String, Value>);

impl<'de> DeserializeSeed<'de> for NewKey<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        let key = String::deserialize(deserializer)?;
        if self.0.contains_key(&key) { Err(D::Error::custom(DUPLICATE)) } else { Ok(key) }
    }
}
