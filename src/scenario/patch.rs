//! Merge patches (RFC 7396) of `truth` and `protocol`: what a patch may reach, how it is applied, and to which place of
//! the file an error in the merged document belongs.

use crate::scenario::fault::{At, Checked};
use crate::scenario::suggest;
use serde_json::{Map, Value};

/// The two parts of a file that variants patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// `truth`, patched by `truths`.
    Truth,
    /// `protocol`, patched by `candidates`.
    Protocol,
}

impl Part {
    /// Key of the part.
    pub fn base(self) -> &'static str {
        match self {
            Self::Truth => "truth",
            Self::Protocol => "protocol",
        }
    }

    /// Key of its variants.
    pub fn variants(self) -> &'static str {
        match self {
            Self::Truth => "truths",
            Self::Protocol => "candidates",
        }
    }

    /// Objects whose keys are names that a patch cannot invent, and what is named.
    fn named(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Truth => &[("arms", "arm"), ("subsequent_therapy", "arm"), ("crossover", "arm")],
            Self::Protocol => &[],
        }
    }
}

/// Checks that a patch reaches only what there is to patch: it removes nothing that is not there, and does not descend
/// into a name that does not exist. Keys unknown to the format are left to the parser.
pub(crate) fn check(part: Part, base: &Value, patch: &Map<String, Value>, at: &At<'_>) -> Checked<()> {
    descend(part, base, patch, at, true)
}

fn descend(part: Part, base: &Value, patch: &Map<String, Value>, at: &At<'_>, root: bool) -> Checked<()> {
    let Some(target) = base.as_object() else { return Ok(()) };
    for (key, change) in patch {
        let here = at.key(key);
        let there = target.get(key);
        let suggestion = || {
            let near = suggest::nearest(key, target.keys().map(String::as_str));
            near.map(|name| format!("did you mean `{name}`?"))
        };
        match (change, there) {
            (Value::Null, None) => {
                let fault =
                    here.fail(format!("the patch removes `{key}` from `{}`, where it does not stand", part.base()));
                return Err(fault.maybe_hint(suggestion()));
            }
            (Value::Object(inner), Some(next)) => {
                if root && let Some((_, kind)) = part.named().iter().find(|(name, _)| name == key) {
                    names(part, kind, next, inner, &here)?;
                }
                descend(part, next, inner, &here, false)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn names(part: Part, kind: &str, base: &Value, patch: &Map<String, Value>, at: &At<'_>) -> Checked<()> {
    let Some(target) = base.as_object() else { return Ok(()) };
    let Some(key) = patch.keys().find(|key| !target.contains_key(*key)) else { return Ok(()) };
    let known: Vec<&str> = target.keys().map(String::as_str).collect();
    let fault = at.key(key).fail(format!("the patch reaches an {kind} that `{}` does not have", part.base()));
    Err(fault.maybe_hint(suggest::hint(key, &format!("{kind}s"), &known)))
}

/// The document with the patch applied; key order is the base's, new keys follow.
pub(crate) fn merged(base: &Value, patch: &Map<String, Value>) -> Value {
    let mut result = base.clone();
    merge(&mut result, patch);
    result
}

fn merge(target: &mut Value, patch: &Map<String, Value>) {
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(object) = target else { return };
    for (key, change) in patch {
        match change {
            Value::Null => {
                object.shift_remove(key);
            }
            Value::Object(inner) => merge(object.entry(key.as_str()).or_insert(Value::Null), inner),
            other => {
                object.insert(key.clone(), other.clone());
            }
        }
    }
}

/// Where an error at `tokens` (below the part, in the merged document) stands in the file: in the patch if the patch put
/// or removed what is wrong, else in the base.
pub(crate) fn stands_in_patch(base: &Value, patch: &Map<String, Value>, tokens: &[String]) -> bool {
    let (mut patch, mut base) = (patch, Some(base));
    for (depth, token) in tokens.iter().enumerate() {
        let below = base.and_then(|value| child(value, token));
        match patch.get(token) {
            // The patch replaces (or removes) everything from here on.
            Some(Value::Object(inner)) if base.is_some() => {
                patch = inner;
                base = below;
            }
            Some(_) => return true,
            // The patch does not touch this: it stands in the base, unless it stands nowhere and the patch made its parent.
            None => return below.is_none() && (base.is_none() || (depth > 0 && depth + 1 == tokens.len())),
        }
    }
    true
}

/// The value below a value, by key or index.
pub(crate) fn child<'a>(value: &'a Value, token: &str) -> Option<&'a Value> {
    match value {
        Value::Object(object) => object.get(token),
        Value::Array(list) => token.parse::<usize>().ok().and_then(|index| list.get(index)),
        _ => None,
    }
}

/// The value at a path.
pub(crate) fn lookup<'a, T: AsRef<str>>(value: &'a Value, tokens: &[T]) -> Option<&'a Value> {
    tokens.iter().try_fold(value, |value, token| child(value, token.as_ref()))
}
