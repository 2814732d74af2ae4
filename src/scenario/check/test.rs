//! Raw test statistics → [`Test`].

use super::bounds::parameters;
use super::hazard::starts;
use super::{exactly_one, length};
use crate::protocol::Test;
use crate::registry::find;
use crate::scenario::fault::{At, Checked};
use crate::scenario::raw::shape::Form;
use crate::scenario::raw::test as raw;
use crate::statistics::log_rank::{WeightedLogRank, weights::piecewise::Piecewise};
use crate::statistics::{TEST_STATISTICS, TestStatistic};
use std::sync::Arc;

/// Most tests of a max-combo.
const MOST_TESTS: usize = 8;

/// The test of a primary endpoint; log-rank where none is named.
pub(crate) fn test(raw: Option<&raw::Test>, at: &At<'_>) -> Checked<Test> {
    match raw {
        None => Ok(Test::log_rank()),
        Some(Form::Full(raw::TestObject { max_combo: Some(tests), piecewise_weights: None, registered }))
            if registered.is_empty() =>
        {
            max_combo(tests, &at.key("max_combo"))
        }
        Some(one) => statistic(one, at).map(Test::single),
    }
}

/// One statistic.
fn statistic(raw: &raw::Test, at: &At<'_>) -> Checked<Arc<dyn TestStatistic>> {
    let object = match raw {
        Form::Short(raw::TestName::Logrank) => return Ok(Test::log_rank().statistics.swap_remove(0)),
        Form::Full(object) => object,
    };
    let mut keys =
        vec![("max_combo", object.max_combo.is_some()), ("piecewise_weights", object.piecewise_weights.is_some())];
    keys.extend(raw::with_parameters().map(|entry| (entry.name, object.registered.contains_key(entry.name))));
    let key = exactly_one(&keys, at)?;
    let here = at.key(key);
    if let Some(pieces) = &object.piecewise_weights {
        let starts = starts(pieces, |piece: &raw::WeightPiece| piece.months.map(f64::from), &here)?;
        let weights: Vec<f64> = pieces.iter().map(|piece| f64::from(piece.weight)).collect();
        let weight = Piecewise::new(&starts, &weights).map_err(|invalid| here.invalid(&invalid))?;
        return Ok(Arc::new(WeightedLogRank::new(Arc::new(weight))));
    }
    match (find(TEST_STATISTICS, key), object.registered.get(key)) {
        (Some(entry), Some(given)) => Ok((entry.build)(&parameters(entry.name, entry.parameters, given, &here)?)),
        _ => Err(here.fail("a max-combo cannot hold another").hint("list all its tests in one max_combo")),
    }
}

fn max_combo(raw: &[raw::Test], at: &At<'_>) -> Checked<Test> {
    length(raw, 2, MOST_TESTS, "tests", at)?;
    let mut statistics: Vec<Arc<dyn TestStatistic>> = Vec::with_capacity(raw.len());
    for (index, one) in raw.iter().enumerate() {
        let here = at.index(index);
        let found = statistic(one, &here)?;
        if !found.is_weighted_log_rank() {
            let fault = here.fail(format!("a max-combo holds tests of the log-rank family, not `{}`", found.label()));
            return Err(
                fault.hint("its tests: logrank, fleming_harrington, modestly_weighted, zero_early, piecewise_weights")
            );
        }
        if statistics.iter().any(|other| other.label() == found.label()) {
            return Err(here.fail(format!("the test `{}` is listed twice", found.label())));
        }
        statistics.push(found);
    }
    Ok(Test { statistics })
}
