//! One value of the file replaced before it is read: `--set /path=value`, and the axes of a sweep.

use crate::scenario::document;
use crate::scenario::error::{ABSENT, ScenarioError, shorten};
use crate::scenario::fault::{self, pointer};
use crate::scenario::suggest;
use serde_json::Value;

/// Applies one `/path=value` to a document. The value is read as JSON, else taken as a string. The path must stand in the
/// document, or its parent object must; whether a new key is known is left to the parser.
///
/// # Errors
/// A [`ScenarioError`] that names the path where the argument is malformed or the path's parent does not exist.
pub fn apply_set(document: &mut Value, set: &str) -> Result<(), ScenarioError> {
    let failed = |pointer: String, rule: &str, hint: Option<String>| ScenarioError {
        pointer,
        value: if set.is_empty() { ABSENT.to_owned() } else { shorten(set) },
        rule: rule.to_owned(),
        hint,
    };
    let form = || Some("for example --set /protocol/patients=500".to_owned());
    let Some((path, text)) = set.split_once('=') else {
        return Err(failed(String::new(), "an override is a path, an equals sign and a value", form()));
    };
    let Some(tokens) = fault::tokens(path) else {
        return Err(failed(String::new(), "the path of an override starts with a slash", form()));
    };
    if tokens.is_empty() {
        return Err(failed(String::new(), "an override cannot replace the whole file", form()));
    }
    put(document, &tokens, document::value(text)).map_err(|error| failed(error.pointer, &error.rule, error.hint))
}

/// Why a value cannot be put at a path.
pub(super) struct NoPlace {
    /// The first part of the path that does not stand.
    pub pointer: String,
    /// The rule broken.
    pub rule: String,
    /// What to do.
    pub hint: Option<String>,
}

/// Puts a value at a path, which must stand in the document, or its parent object must.
pub(super) fn put(document: &mut Value, tokens: &[String], value: Value) -> Result<(), NoPlace> {
    let failed = |pointer, rule: &str| NoPlace { pointer, rule: rule.to_owned(), hint: None };
    let below = "the path goes on below a value that is no object and no list";
    let Some((last, parents)) = tokens.split_last() else {
        return Err(failed(String::new(), "a path names a value below the whole file"));
    };
    let mut place = document;
    for (depth, token) in parents.iter().enumerate() {
        let here = pointer(&parents[..=depth]);
        place = match place {
            Value::Object(object) => {
                let near = suggest::nearest(token, object.keys().map(String::as_str));
                let hint = near.map(|name| format!("did you mean `{}`?", sibling(&parents[..depth], name)));
                object
                    .get_mut(token)
                    .ok_or_else(|| NoPlace { hint, ..failed(here, "the path does not stand in the file") })?
            }
            Value::Array(list) => {
                let length = list.len();
                element(list, token).ok_or_else(|| failed(here, &indices(length)))?
            }
            _ => return Err(failed(here, below)),
        };
    }
    let here = pointer(tokens);
    match place {
        Value::Object(object) => {
            object.insert(last.clone(), value);
            Ok(())
        }
        Value::Array(list) => {
            let length = list.len();
            *element(list, last).ok_or_else(|| failed(here, &indices(length)))? = value;
            Ok(())
        }
        _ => Err(failed(here, below)),
    }
}

fn sibling(parents: &[String], name: &str) -> String {
    pointer(&parents.iter().map(String::as_str).chain([name]).collect::<Vec<_>>())
}

fn indices(length: usize) -> String {
    format!("the list has {length} elements, counted from 0")
}

fn element<'a>(list: &'a mut [Value], token: &str) -> Option<&'a mut Value> {
    token.parse::<usize>().ok().and_then(|index| list.get_mut(index))
}
