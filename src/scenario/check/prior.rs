//! Priors: paths into the truth, distributions, and the correlation that joins them.

use crate::scenario::fault::{self, At, Checked, Fault};
use crate::scenario::patch;
use crate::scenario::raw::prior::Distribution as Raw;
use crate::search::{Distribution, Marginal, Prior};
use indexmap::IndexMap;
use nalgebra::DMatrix;
use serde_json::Value;

/// The prior of a file, with the paths of its unknowns in order.
pub fn prior(raw: &IndexMap<String, Raw>, document: &Value, at: &At<'_>) -> Checked<(Vec<String>, Prior)> {
    let paths: Vec<String> = raw.keys().cloned().collect();
    let mut correlation = DMatrix::identity(raw.len(), raw.len());
    let mut given = vec![vec![false; raw.len()]; raw.len()];
    let mut marginals = Vec::with_capacity(raw.len());
    for (row, (path, entry)) in raw.iter().enumerate() {
        let here = at.key(path);
        known(path, document, &here)?;
        for (other, share) in entry.correlation.iter().flatten() {
            let key = here.key("correlation");
            let there = key.key(other);
            let Some(column) = paths.iter().position(|known| known == other).filter(|column| *column != row) else {
                return Err(there.fail("must be the path of another unknown of this prior"));
            };
            let value = share.get();
            if given[row][column] && correlation[(row, column)] != value {
                let rule = format!("the other unknown gives this correlation as {}", correlation[(row, column)]);
                return Err(there.fail(rule).hint("give the correlation of two unknowns once"));
            }
            for (a, b) in [(row, column), (column, row)] {
                given[a][b] = true;
                correlation[(a, b)] = value;
            }
        }
        let within = entry.within.map(|ends| (ends[0].get(), ends[1].get()));
        marginals.push(Marginal::new(distribution(entry, &here)?, within).map_err(|invalid| here.invalid(&invalid))?);
    }
    let prior = Prior::new(marginals, &correlation).map_err(|invalid| at.invalid(&invalid))?;
    Ok((paths, prior))
}

/// Checks that a path leads to a number of the truth.
fn known(path: &str, document: &Value, at: &At<'_>) -> Checked<()> {
    let wrong = |rule: &str| -> Fault {
        at.fail(rule).hint("for example \"/truth/arms/vaccine/effect/death/delay\", where the file has that number")
    };
    if !path.starts_with("/truth/") {
        return Err(wrong("the path of an unknown must lie below /truth"));
    }
    let tokens = fault::tokens(path).unwrap_or_default();
    match patch::lookup(document, &tokens) {
        Some(Value::Number(_)) => Ok(()),
        Some(_) => Err(wrong("the path of an unknown must lead to a number")),
        None => Err(wrong("the path does not stand in the file")),
    }
}

fn distribution(raw: &Raw, at: &At<'_>) -> Checked<Distribution> {
    let found: Vec<Distribution> = [
        raw.normal.map(|law| Distribution::Normal { mean: law.mean.get(), sd: law.sd.get() }),
        raw.lognormal.map(|law| Distribution::Lognormal { median: law.median.get(), log_sd: law.log_sd.get() }),
        raw.beta.map(|law| Distribution::Beta { a: law.a.get(), b: law.b.get() }),
        raw.gamma.map(|law| Distribution::Gamma { shape: law.shape.get(), rate: law.rate.get() }),
        raw.uniform.map(|law| Distribution::Uniform { from: law.from.get(), to: law.to.get() }),
        raw.discrete
            .as_ref()
            .map(|values| Distribution::Discrete(values.iter().map(|at| (at.value.get(), at.weight.get())).collect())),
    ]
    .into_iter()
    .flatten()
    .collect();
    <[Distribution; 1]>::try_from(found).map(|[law]| law).map_err(|_| {
        at.fail("exactly one of `normal`, `lognormal`, `beta`, `gamma`, `uniform` and `discrete` must be given")
    })
}
