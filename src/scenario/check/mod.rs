//! Raw → checked: what a number's own range cannot say. One file per object of the format.

pub(super) mod allocation;
pub(super) mod bounds;
pub(super) mod endpoints;
pub(super) mod hazard;
pub(super) mod later;
pub(super) mod prior;
pub(super) mod product;
pub(super) mod protocol;
pub(super) mod searches;
pub(super) mod spending;
pub(super) mod sweep;
pub(super) mod test;
pub(super) mod transition;
pub(super) mod truth;
pub(super) mod when;

use crate::scenario::fault::{At, Checked};
use crate::scenario::raw;
use crate::survival::Endpoint;

/// What a protocol needs to know of a truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    /// Name of the truth, `None` for the unpatched one.
    pub truth: Option<String>,
    /// Names of the strata; empty without strata.
    pub strata: Vec<String>,
    /// Whether there is a progression state.
    pub has_progression: bool,
    /// Whether there is an immune response.
    pub has_response: bool,
    /// Whether there is a toxicity.
    pub has_toxicity: bool,
}

impl Facts {
    /// Facts of a raw truth.
    pub fn of(truth: &raw::truth::Truth, name: Option<&str>) -> Self {
        let strata = truth.strata.iter().flatten().map(|stratum| stratum.name.clone()).collect();
        Self {
            truth: name.map(str::to_owned),
            strata,
            has_progression: truth.control.has_progression(),
            has_response: truth.immune_response.is_some(),
            has_toxicity: truth.toxicity.is_some(),
        }
    }

    /// "truth `NAME`" or "`truth`".
    pub fn whose(&self) -> String {
        self.truth.as_ref().map_or_else(|| "`truth`".to_owned(), |name| format!("truth `{name}`"))
    }

    /// The endpoint, if the truth defines it.
    pub fn endpoint(&self, raw: raw::when::Endpoint, at: &At<'_>) -> Checked<Endpoint> {
        let endpoint = match raw {
            raw::when::Endpoint::Os => return Ok(Endpoint::Os),
            raw::when::Endpoint::Pfs => Endpoint::Pfs,
            raw::when::Endpoint::Dfs => Endpoint::Dfs,
        };
        if self.has_progression {
            Ok(endpoint)
        } else {
            let rule =
                format!("`{}` needs `control.progression`, which {} does not have", endpoint.name(), self.whose());
            Err(at.fail(rule).hint("add a progression (recurrence) hazard to `control`, or use `os`"))
        }
    }
}

/// Checks a number of elements.
pub(super) fn length<T>(list: &[T], low: usize, high: usize, what: &str, at: &At<'_>) -> Checked<()> {
    if (low..=high).contains(&list.len()) {
        Ok(())
    } else {
        Err(at.fail(format!("must list {low} to {high} {what}, not {}", list.len())))
    }
}

/// Checks that names are there and unlike each other; `one` and `many` say of what ("an arm", "arms"), `fail` makes the
/// fault at the name of an index.
pub(super) fn unique<'a>(
    names: impl IntoIterator<Item = &'a str>,
    (one, many): (&str, &str),
    fail: impl Fn(usize, String) -> crate::scenario::fault::Fault,
) -> Checked<()> {
    let mut seen: Vec<&str> = Vec::new();
    for (index, name) in names.into_iter().enumerate() {
        if name.trim().is_empty() {
            return Err(fail(index, format!("the name of {one} must not be empty")));
        }
        if seen.contains(&name) {
            return Err(fail(index, format!("two {many} have the name `{name}`")));
        }
        seen.push(name);
    }
    Ok(())
}

/// Checks that exactly one of the listed keys is there and returns its name.
pub(in crate::scenario) fn exactly_one(keys: &[(&'static str, bool)], at: &At<'_>) -> Checked<&'static str> {
    let list = |keys: &mut dyn Iterator<Item = &'static str>| {
        keys.map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
    };
    let present: Vec<&'static str> = keys.iter().filter(|(_, there)| *there).map(|(key, _)| *key).collect();
    match present[..] {
        [key] => Ok(key),
        [] => Err(at.fail(format!("needs exactly one of {}", list(&mut keys.iter().map(|(key, _)| *key))))),
        _ => Err(at
            .fail(format!("needs exactly one of {}, not several", list(&mut present.iter().copied())))
            .hint("keep one; a patch removes the other with null")),
    }
}
