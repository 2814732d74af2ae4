//! Shapes that serde has no word for: a short form beside a full one, and objects that registered parts add keys to.
//!
//! All of them read map and list accesses in place, so that the path to an error stays exact.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// A short form (a number, a name) or a full one (an object, a list).
#[derive(Debug, Clone)]
pub enum Form<S, F> {
    /// The short form.
    Short(S),
    /// The full form.
    Full(F),
}

/// What may be written as a bare number or string.
pub trait Short: Sized {
    /// "a number", "a name".
    const WORDS: &'static str;

    /// From a number; `None` where a number is not allowed.
    fn from_number<E: Error>(_number: f64) -> Option<Result<Self, E>> {
        None
    }

    /// From a string; `None` where a string is not allowed.
    fn from_text<E: Error>(_text: &str) -> Option<Result<Self, E>> {
        None
    }
}

/// What may be written as an object or as a list.
pub trait Full {
    /// "an object", "a list".
    const WORDS: &'static str;
    /// Whether it is a list.
    const LIST: bool;
}

impl<T> Full for Vec<T> {
    const WORDS: &'static str = "a list";
    const LIST: bool = true;
}

/// Lets a struct be the full form of something.
macro_rules! full_objects {
    ($($name:ty),* $(,)?) => {
        $(impl $crate::scenario::raw::shape::Full for $name {
            const WORDS: &'static str = "an object";
            const LIST: bool = false;
        })*
    };
}
pub(crate) use full_objects;

/// Lets an enum of names be the short form of something.
macro_rules! short_names {
    ($($name:ty),* $(,)?) => {
        $(impl $crate::scenario::raw::shape::Short for $name {
            const WORDS: &'static str = "a name";

            fn from_text<E: serde::de::Error>(text: &str) -> Option<Result<Self, E>> {
                Some(<Self as serde::Deserialize>::deserialize(serde::de::IntoDeserializer::into_deserializer(text)))
            }
        })*
    };
}
pub(crate) use short_names;

impl Short for String {
    const WORDS: &'static str = "a name";

    fn from_text<E: Error>(text: &str) -> Option<Result<Self, E>> {
        Some(Ok(text.to_owned()))
    }
}

impl<'de, S: Short, F: Full + Deserialize<'de>> Deserialize<'de> for Form<S, F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FormVisitor(PhantomData))
    }
}

struct FormVisitor<S, F>(PhantomData<(S, F)>);

impl<'de, S: Short, F: Full + Deserialize<'de>> Visitor<'de> for FormVisitor<S, F> {
    type Value = Form<S, F>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} or {}", S::WORDS, F::WORDS)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        self.visit_f64(number as f64)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        self.visit_f64(number as f64)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        match S::from_number(number) {
            Some(short) => short.map(Form::Short),
            None => Err(E::invalid_type(serde::de::Unexpected::Float(number), &self)),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        match S::from_text(text) {
            Some(short) => short.map(Form::Short),
            None => Err(E::invalid_type(serde::de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        if F::LIST {
            return Err(A::Error::invalid_type(serde::de::Unexpected::Map, &self));
        }
        F::deserialize(MapAccessDeserializer::new(map)).map(Form::Full)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        if !F::LIST {
            return Err(A::Error::invalid_type(serde::de::Unexpected::Seq, &self));
        }
        F::deserialize(SeqAccessDeserializer::new(items)).map(Form::Full)
    }
}

impl<S: JsonSchema, F: JsonSchema> JsonSchema for Form<S, F> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}_or_{}", S::schema_name(), F::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [generator.subschema_for::<S>(), generator.subschema_for::<F>()] })
    }
}

/// One object, or a list of them.
#[derive(Debug, Clone)]
pub enum OneOrMany<T> {
    /// One.
    One(T),
    /// A list.
    Many(Vec<T>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrManyVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrManyVisitor<T> {
            type Value = OneOrMany<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object or a list")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(OneOrMany::One)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(items)).map(OneOrMany::Many)
            }
        }

        deserializer.deserialize_any(OneOrManyVisitor(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}_or_list", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [generator.subschema_for::<T>(), generator.subschema_for::<Vec<T>>()] })
    }
}

/// A key that must be one of `known`.
pub(crate) struct KnownKey(pub &'static [&'static str]);

impl<'de> DeserializeSeed<'de> for KnownKey {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        let key = String::deserialize(deserializer)?;
        if self.0.contains(&key.as_str()) { Ok(key) } else { Err(D::Error::unknown_field(&key, self.0)) }
    }
}

/// Reads an object with fixed keys, and others that registered parts bring, which land in the map `$rest`.
/// `$known` returns every key allowed.
macro_rules! open_object {
    ($name:ident { $($field:ident),* $(,)? } rest $rest:ident known $known:path) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct ObjectVisitor;

                impl<'de> serde::de::Visitor<'de> for ObjectVisitor {
                    type Value = $name;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        formatter.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        let mut object = $name::default();
                        while let Some(key) = map.next_key_seed($crate::scenario::raw::shape::KnownKey($known()))? {
                            match key.as_str() {
                                $(stringify!($field) => object.$field = map.next_value()?,)*
                                _ => {
                                    if let Some(value) = map.next_value()? {
                                        object.$rest.insert(key, value);
                                    }
                                }
                            }
                        }
                        Ok(object)
                    }
                }

                deserializer.deserialize_map(ObjectVisitor)
            }
        }

        $crate::scenario::raw::shape::full_objects!($name);
    };
}
pub(crate) use open_object;

/// Adds a property to an object's schema.
pub(crate) fn add_property(schema: &mut Schema, name: &str, property: Schema) {
    let properties = schema.ensure_object().entry("properties").or_insert_with(|| serde_json::json!({}));
    if let Some(properties) = properties.as_object_mut() {
        properties.insert(name.to_owned(), property.into());
    }
}

/// Makes a string's schema a choice of `names`; keeps `null` where it was allowed.
pub(crate) fn restrict_names<'a>(schema: &mut Schema, names: impl IntoIterator<Item = &'a str>) {
    let nullable = schema.get("type").is_some_and(serde_json::Value::is_array);
    let mut list: Vec<serde_json::Value> = names.into_iter().map(Into::into).collect();
    if nullable {
        list.push(serde_json::Value::Null);
    }
    schema.insert("enum".into(), list.into());
}
