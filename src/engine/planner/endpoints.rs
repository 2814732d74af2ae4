//! Plans of several primary endpoints: events, fractions, and bounds at every level an endpoint may come to hold.

use super::{count_of, fractions};
use crate::engine::schedule::{Cohort, Laws, ScheduledLook, expected_events};
use crate::engine::{EngineError, PlannedEndpoint};
use crate::protocol::{Protocol, Several};
use crate::sequential::{self, BoundPlan};
use crate::truth::Truth;

/// Every endpoint with its own information and, for every set of hypotheses rejected so far, the bounds of its share of the level then
/// (Maurer and Bretz 2013). The share is spent over the looks at which the endpoint is tested, as if it had been held from the start.
pub(super) fn endpoints(
    protocol: &Protocol,
    several: &Several,
    truth: &Truth,
    cohort: &Cohort,
    scheduled: &[ScheduledLook],
) -> Result<Vec<PlannedEndpoint>, EngineError> {
    let looks = scheduled.len();
    let count = several.endpoints.len();
    let mut found = Vec::with_capacity(count);
    for (index, &endpoint) in several.endpoints.iter().enumerate() {
        let laws = Laws::new(truth, endpoint)?;
        let events: Vec<f64> = protocol
            .analyses
            .iter()
            .zip(scheduled)
            .map(|(analysis, look)| {
                let expected = || expected_events(truth, &laws, cohort, None, None, look.month);
                count_of(&analysis.when, endpoint).unwrap_or_else(expected)
            })
            .collect();
        let tested: Vec<usize> = (0..looks).filter(|&look| several.tested[look][index]).collect();
        let own: Vec<f64> = tested.iter().map(|&look| events[look]).collect();
        let information = fractions(&own);
        if let Some(later) = information.windows(2).position(|pair| pair[1] <= pair[0]) {
            let look = tested[later + 1];
            let name = &protocol.analyses[look].name;
            let reason = format!("look '{name}' adds no events of {} to the one before", endpoint.name());
            return Err(EngineError::NoInformation { look, reason });
        }
        let times: Vec<f64> = match &protocol.bounds.spending_time {
            Some(times) => tested.iter().map(|&look| times[look]).collect(),
            None => information.clone(),
        };
        let plan = BoundPlan { spending_time: None, ..protocol.bounds.clone() };
        let mut known: Vec<(f64, Vec<f64>)> = Vec::new();
        let mut bounds = Vec::with_capacity(1 << count);
        for set in 0..1_usize << count {
            let mut graph = several.graph.clone();
            (0..count).filter(|rejected| set >> rejected & 1 == 1).for_each(|rejected| graph.reject(rejected));
            let level = protocol.alpha * graph.weight(index);
            let mut at_looks = vec![f64::INFINITY; looks];
            if level > LEAST_LEVEL {
                let at = match known.iter().find(|(same, _)| (same - level).abs() < 1e-12) {
                    Some((_, at)) => at.clone(),
                    None => {
                        sequential::bounds::bounds(&plan, level, &information, &times, &[], |_, _| f64::NAN)
                            .map_err(|error| EngineError::Numerics(error.to_string()))?
                            .efficacy
                    }
                };
                for (&look, &bound) in tested.iter().zip(&at) {
                    at_looks[look] = bound;
                }
                known.push((level, at));
            }
            bounds.push(at_looks);
        }
        found.push(PlannedEndpoint { events, bounds });
    }
    Ok(found)
}

/// A level below this is none.
const LEAST_LEVEL: f64 = 1e-10;
