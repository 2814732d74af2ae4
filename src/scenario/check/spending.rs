//! Spending functions: by parameters or through points, squeezed between two spending times.

use super::bounds::parameters;
use crate::registry;
use crate::scenario::fault::{At, Checked};
use crate::scenario::raw::bounds as raw;
use crate::scenario::suggest;
use crate::sequential::spending::{
    Between, SPENDING_FUNCTIONS, SPENDING_THROUGH_POINTS, SpendingFunction, ThroughPoints,
};
use indexmap::IndexMap;
use std::sync::Arc;

/// What the file says of a spending function.
pub(crate) struct Spending<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its parameters.
    pub parameters: &'a IndexMap<String, f64>,
    /// Its points.
    pub points: Option<&'a [raw::SpendingPoint]>,
    /// Where it is squeezed.
    pub between: Option<raw::Between>,
}

impl Spending<'_> {
    /// The function; `at` is the object the keys stand in.
    pub fn function(&self, at: &At<'_>) -> Checked<Arc<dyn SpendingFunction>> {
        let by_parameters = registry::find(SPENDING_FUNCTIONS, self.name);
        let by_points = SPENDING_THROUGH_POINTS.iter().find(|entry| entry.name == self.name);
        let inner = match (by_parameters, by_points, self.points) {
            (None, None, _) => {
                let names: Vec<&str> = raw::spending_function_names().collect();
                let fault = at.key("spending").fail("unknown name");
                return Err(fault.maybe_hint(suggest::hint(self.name, "spending functions", &names)));
            }
            (_, Some(entry), Some(points)) => self.through(entry, points, at)?,
            (_, None, Some(_)) => return Err(at.key("points").fail(format!("`{}` takes no points", self.name))),
            (Some(entry), _, None) => (entry.build)(&parameters(entry.name, entry.parameters, self.parameters, at)?),
            (None, Some(entry), None) => {
                let fault = at.key("points").fail(format!("`{}` needs `points`", entry.name));
                return Err(fault.hint("for example \"points\": [{\"at\": 0.5, \"is\": 0.1}]"));
            }
        };
        let Some(between) = self.between else { return Ok(inner) };
        let (from, until) = (between.from.get(), between.until.get());
        if until <= from {
            return Err(at.key("between").key("until").fail(format!("must be above `from`, {from}")));
        }
        Ok(Arc::new(Between { inner, from, until }))
    }

    fn through(
        &self,
        entry: &ThroughPoints,
        points: &[raw::SpendingPoint],
        at: &At<'_>,
    ) -> Checked<Arc<dyn SpendingFunction>> {
        let here = at.key("points");
        let (fewest, most) = entry.points;
        if !(fewest..=most).contains(&points.len()) {
            let count = if fewest == most { fewest.to_string() } else { format!("{fewest} to {most}") };
            return Err(here.fail(format!("`{}` takes {count} points, not {}", entry.name, points.len())));
        }
        let points: Vec<(f64, f64)> = points.iter().map(|point| (point.at.get(), point.is.get())).collect();
        for (index, pair) in points.windows(2).enumerate() {
            if pair[1].0 <= pair[0].0 {
                return Err(here.index(index + 1).key("at").fail("spending times must increase"));
            }
            if pair[1].1 < pair[0].1 {
                return Err(here.index(index + 1).key("is").fail("what is spent must not fall"));
            }
        }
        let values = parameters(entry.name, entry.parameters, self.parameters, at)?;
        (entry.build)(&points, &values).map_err(|invalid| here.invalid(&invalid))
    }
}
