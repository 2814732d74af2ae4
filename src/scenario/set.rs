//! `--set /path=value`: one value of the file replaced before it is read.

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
    let failed = |pointer: String, rule: String, hint: Option<String>| ScenarioError {
        pointer,
        value: if set.is_empty() { ABSENT.to_owned() } else { shorten(set) },
        rule,
        hint,
    };
    let form = || Some("for example --set /protocol/patients=500".to_owned());
    let Some((path, text)) = set.split_once('=') else {
        return Err(failed(String::new(), "an override is a path, an equals sign and a value".to_owned(), form()));
    };
    let Some(mut parents) = fault::tokens(path) else {
        return Err(failed(String::new(), "the path of an override starts with a slash".to_owned(), form()));
    };
    let Some(last) = parents.pop() else {
        return Err(failed(String::new(), "an override cannot replace the whole file".to_owned(), form()));
    };
    let value = document::value(text);

    let mut place = document;
    for (depth, token) in parents.iter().enumerate() {
        let here = pointer(&parents[..=depth]);
        place = match place {
            Value::Object(object) => {
                let hint = suggest::nearest(token, object.keys().map(String::as_str));
                let hint = hint.map(|name| format!("did you mean `{}`?", pointer(&sibling(&parents[..depth], name))));
                object
                    .get_mut(token)
                    .ok_or_else(|| failed(here, "the path does not stand in the file".to_owned(), hint))?
            }
            Value::Array(list) => {
                let length = list.len();
                element(list, token).ok_or_else(|| failed(here, indices(length), None))?
            }
            _ => {
                return Err(failed(
                    here,
                    "the path goes on below a value that is no object and no list".to_owned(),
                    None,
                ));
            }
        };
    }
    let here = pointer(&sibling(&parents, &last));
    match place {
        Value::Object(object) => {
            object.insert(last, value);
            Ok(())
        }
        Value::Array(list) => {
            let length = list.len();
            *element(list, &last).ok_or_else(|| failed(here, indices(length), None))? = value;
            Ok(())
        }
        _ => Err(failed(here, "the path goes on below a value that is no object and no list".to_owned(), None)),
    }
}

fn sibling(parents: &[String], name: &str) -> Vec<String> {
    parents.iter().cloned().chain([name.to_owned()]).collect()
}

fn indices(length: usize) -> String {
    format!("the list has {length} elements, counted from 0")
}

fn element<'a>(list: &'a mut [Value], token: &str) -> Option<&'a mut Value> {
    token.parse::<usize>().ok().and_then(|index| list.get_mut(index))
}
