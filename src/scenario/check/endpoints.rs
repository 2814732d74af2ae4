//! Several primary endpoints: their shares of alpha, the graph, the looks at which each is tested.

use super::{Facts, unique};
use crate::adaptive::graph::Graph;
use crate::protocol::{Primary, Several};
use crate::scenario::fault::{At, Checked};
use crate::scenario::raw::protocol as raw;
use crate::scenario::raw::shape::OneOrMany;
use crate::sequential::{BoundPlan, EfficacyPlan, bounds::Sides};
use crate::survival::Endpoint;

/// Most endpoints of a trial.
const MOST: usize = 4;

/// The list, if there are several.
pub(super) fn listed(raw: &OneOrMany<raw::Primary>) -> Option<&[raw::Primary]> {
    match raw {
        OneOrMany::Many(list) if list.len() > 1 => Some(list),
        _ => None,
    }
}

/// What goes with several endpoints only.
pub(super) fn refuse_alone(raw: &raw::Protocol, at: &At<'_>) -> Checked<()> {
    const RULE: &str = "goes with a list of several primary endpoints";
    if raw.graph.is_some() {
        return Err(at.key("graph").fail(format!("`graph` {RULE}")));
    }
    if let OneOrMany::One(raw::Primary { alpha: Some(_), .. }) = &raw.primary {
        return Err(at.key("primary").key("alpha").fail(format!("`alpha` of an endpoint {RULE}")));
    }
    match raw.analyses.iter().position(|look| look.endpoints.is_some()) {
        Some(look) => Err(at.key("analyses").index(look).key("endpoints").fail(format!("`endpoints` {RULE}"))),
        None => Ok(()),
    }
}

/// The endpoints of `list`; `settled` is what else is known of the protocol: facts, whether it has a transition, the first endpoint, bounds.
pub(super) fn several(
    raw: &raw::Protocol,
    list: &[raw::Primary],
    (facts, seamless, first, bounds): (&Facts, bool, &Primary, &BoundPlan),
    at: &At<'_>,
) -> Checked<Several> {
    let primary_at = at.key("primary");
    if seamless {
        return Err(primary_at.not_yet("several primary endpoints in a seamless design"));
    }
    if list.len() > MOST {
        return Err(primary_at.fail(format!("must list at most {MOST} endpoints, not {}", list.len())));
    }
    let mut endpoints = Vec::with_capacity(list.len());
    for (index, one) in list.iter().enumerate() {
        let here = primary_at.index(index);
        let checked = super::protocol::primary(one, facts, &here)?;
        endpoints.push(checked.endpoint);
        if !checked.test.is_log_rank() {
            return Err(here.key("test").not_yet("several primary endpoints tested by other than `logrank`"));
        }
        if checked.stratified != first.stratified {
            return Err(here.key("stratified").fail("must be the same for every endpoint"));
        }
    }
    let names: Vec<&str> = endpoints.iter().map(|endpoint: &Endpoint| endpoint.name()).collect();
    unique(names.iter().copied(), ("an endpoint", "endpoints"), |index, rule| {
        primary_at.index(index).key("endpoint").fail(rule)
    })?;
    for (key, there) in [("futility", raw.futility.is_some()), ("harm", raw.harm.is_some())] {
        if there {
            return Err(at.key(key).not_yet(&format!("`{key}` with several primary endpoints")));
        }
    }
    if !matches!(bounds.efficacy, EfficacyPlan::Spending(_))
        || bounds.sides == Sides::Two
        || bounds.efficacy_at.is_some()
    {
        let fault =
            at.key("efficacy").fail("several primary endpoints take one-sided bounds by `spending`, at every look");
        return Err(fault.hint("`endpoints` of a look says which are tested there"));
    }
    let graph = graph(raw, list, &names, at)?;
    let tested = tested(raw, &endpoints, facts, at)?;
    Ok(Several { endpoints, graph, tested })
}

/// The shares and where they go: from `graph`, or from the endpoints' own alphas, which go nowhere.
fn graph(raw: &raw::Protocol, list: &[raw::Primary], names: &[&str], at: &At<'_>) -> Checked<Graph> {
    let count = names.len();
    let place = |name: &str, at: &At<'_>| {
        let place = names.iter().position(|known| *known == name);
        place.ok_or_else(|| at.fail(format!("no primary endpoint is named `{name}`: they are {}", names.join(", "))))
    };
    let mut weights = vec![0.0; count];
    let mut transitions = vec![vec![0.0; count]; count];
    let with_alpha = list.iter().position(|one| one.alpha.is_some());
    let here = if let Some(graph) = &raw.graph {
        let graph_at = at.key("graph");
        if let Some(index) = with_alpha {
            let fault = at.key("primary").index(index).key("alpha").fail("`graph` says how alpha is shared");
            return Err(fault.hint("remove it, or remove `graph`"));
        }
        for (name, weight) in &graph.weights {
            weights[place(name, &graph_at.key("weights").key(name))?] = weight.get();
        }
        for (from, row) in &graph.transitions {
            let row_at = graph_at.key("transitions");
            let row_at = row_at.key(from);
            let source = place(from, &row_at)?;
            for (to, part) in row {
                transitions[source][place(to, &row_at.key(to))?] = part.get();
            }
        }
        graph_at
    } else {
        let alpha = raw.alpha.get();
        for (index, (weight, one)) in weights.iter_mut().zip(list).enumerate() {
            let own = one.alpha.ok_or_else(|| {
                let fault =
                    at.key("primary").index(index).key("alpha").fail("several endpoints need their part of alpha");
                fault.hint("give every endpoint an `alpha`, or the protocol a `graph`")
            })?;
            *weight = own.get() / alpha;
        }
        at.key("primary")
    };
    Graph::new(&weights, &transitions).map_err(|invalid| here.invalid(&invalid))
}

/// Which endpoints each look tests.
fn tested(raw: &raw::Protocol, endpoints: &[Endpoint], facts: &Facts, at: &At<'_>) -> Checked<Vec<Vec<bool>>> {
    let looks_at = at.key("analyses");
    let mut tested = Vec::with_capacity(raw.analyses.len());
    for (look, analysis) in raw.analyses.iter().enumerate() {
        let here = looks_at.index(look);
        let here = here.key("endpoints");
        let Some(list) = &analysis.endpoints else {
            tested.push(vec![true; endpoints.len()]);
            continue;
        };
        let mut row = vec![false; endpoints.len()];
        for (index, &raw) in list.iter().enumerate() {
            let endpoint = facts.endpoint(raw, &here.index(index))?;
            let place = endpoints.iter().position(|known| *known == endpoint);
            row[place.ok_or_else(|| here.index(index).fail("is no primary endpoint"))?] = true;
        }
        tested.push(row);
    }
    match (0..endpoints.len()).find(|&index| !tested.iter().any(|row: &Vec<bool>| row[index])) {
        Some(index) => {
            let rule = format!("no look tests the primary endpoint `{}`", endpoints[index].name());
            Err(looks_at.fail(rule))
        }
        None => Ok(tested),
    }
}
