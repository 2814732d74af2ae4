//! A deserialiser over a JSON value that says exactly what is wrong.
//!
//! It differs from `serde_json`'s in two ways: an object is never read from a list, and the error keeps its parts (the
//! known keys, the expected type) in place of a sentence. The path is kept by `serde_path_to_error`.

use crate::scenario::fault::{Checked, Fault};
use crate::scenario::suggest;
use serde::Deserialize;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, Deserializer, Expected, IntoDeserializer, Unexpected, Visitor};
use serde_json::Value;
use std::fmt::{self, Display};

/// Reads a typed part of the file that stands at `root`.
pub(crate) fn decode<'de, T: Deserialize<'de>>(value: &'de Value, root: &[&str]) -> Checked<T> {
    serde_path_to_error::deserialize(Strict(value)).map_err(|error| {
        let mut tokens: Vec<String> = root.iter().map(|&token| token.to_owned()).collect();
        tokens.extend(path_tokens(error.path()));
        error.into_inner().at(tokens)
    })
}

/// Reference tokens of a tracked path.
pub(crate) fn path_tokens(path: &serde_path_to_error::Path) -> Vec<String> {
    use serde_path_to_error::Segment;
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Map { key } => Some(key.clone()),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

/// Why a value does not have the form its place asks for.
#[derive(Debug)]
pub(crate) enum Mismatch {
    /// A key that the format does not know here.
    UnknownKey(&'static [&'static str]),
    /// A name that is not one of the known ones.
    UnknownName { name: String, known: &'static [&'static str] },
    /// A key that must be there.
    Missing(&'static str),
    /// A value of the wrong type.
    Type { expected: String, found: String },
    /// Any other rule.
    Rule(String),
}

impl Mismatch {
    fn at(self, mut tokens: Vec<String>) -> Fault {
        let rule = self.to_string();
        let hint = match self {
            Self::UnknownKey(known) => tokens.last().and_then(|key| suggest::hint(key, "keys", known)),
            Self::UnknownName { name, known } => suggest::hint(&name, "names", known),
            Self::Missing(key) => {
                tokens.push(key.to_owned());
                None
            }
            Self::Type { found, .. } if found == "null" => Some("leave the key out or give it a value".to_owned()),
            Self::Type { .. } | Self::Rule(_) => None,
        };
        Fault { tokens, rule, hint }
    }
}

impl Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey(_) => formatter.write_str("unknown key"),
            Self::UnknownName { .. } => formatter.write_str("unknown name"),
            Self::Missing(key) => write!(formatter, "`{key}` is required"),
            Self::Type { expected, found } => write!(formatter, "expected {expected}, found {found}"),
            Self::Rule(rule) => formatter.write_str(rule),
        }
    }
}

impl std::error::Error for Mismatch {}

const WHOLE: &str = "a whole number";

fn expected_words(expected: &dyn Expected) -> String {
    let text = expected.to_string();
    match text.as_str() {
        "f64" => "a number".to_owned(),
        "u64" => WHOLE.to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "an object".to_owned(),
        _ if text.starts_with("struct ") => "an object".to_owned(),
        _ if text.starts_with("enum ") || text.starts_with("variant ") => "a string".to_owned(),
        _ => text,
    }
}

fn found_words(found: &Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(_) => "a boolean".to_owned(),
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number".to_owned(),
        Unexpected::Str(_) | Unexpected::Char(_) => "a string".to_owned(),
        Unexpected::Unit | Unexpected::Option => "null".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "an object".to_owned(),
        other => other.to_string(),
    }
}

impl de::Error for Mismatch {
    fn custom<T: Display>(message: T) -> Self {
        Self::Rule(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = expected_words(expected);
        let found = match found {
            Unexpected::Float(_) if expected == WHOLE => "a decimal number".to_owned(),
            other => found_words(&other),
        };
        Self::Type { expected, found }
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Signed(_) => "a negative number".to_owned(),
            other => found_words(&other),
        };
        Self::Type { expected: expected_words(expected), found }
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::UnknownName { name: variant.to_owned(), known: expected }
    }

    fn unknown_field(_field: &str, expected: &'static [&'static str]) -> Self {
        Self::UnknownKey(expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }
}

/// The deserialiser.
#[derive(Debug, Clone, Copy)]
struct Strict<'de>(&'de Value);

impl<'de> Strict<'de> {
    fn unexpected(self) -> Unexpected<'de> {
        match self.0 {
            Value::Null => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Number(number) => Unexpected::Float(number.as_f64().unwrap_or(0.0)),
            Value::String(text) => Unexpected::Str(text),
            Value::Array(_) => Unexpected::Seq,
            Value::Object(_) => Unexpected::Map,
        }
    }
}

impl<'de> IntoDeserializer<'de, Mismatch> for Strict<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Strict<'de> {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => {
                if let Some(value) = number.as_u64() {
                    visitor.visit_u64(value)
                } else if let Some(value) = number.as_i64() {
                    visitor.visit_i64(value)
                } else {
                    visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN))
                }
            }
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => visitor.visit_seq(SeqDeserializer::new(items.iter().map(Strict))),
            Value::Object(map) => {
                visitor.visit_map(MapDeserializer::new(map.iter().map(|(key, value)| (key.as_str(), Strict(value)))))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        match self.0 {
            Value::Object(_) => self.deserialize_any(visitor),
            _ => Err(de::Error::invalid_type(self.unexpected(), &"an object")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        match self.0 {
            Value::String(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            _ => Err(de::Error::invalid_type(self.unexpected(), &"a string")),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}
