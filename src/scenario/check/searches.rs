//! `worst_case`, `break_even` and `optimize`: what the searches move, and towards what.

use crate::scenario::fault::{At, Checked, tokens};
use crate::scenario::patch;
use crate::scenario::raw;
use crate::scenario::suggest;
use crate::scenario::{BreakEvenPlan, Condition, Objective, Optimization, Range, Varied};
use crate::search::{METRICS, Metric};
use serde_json::Value;

/// Most values that a search varies.
const VARIED: usize = 12;
/// Points of a strength where the file gives none, and most.
const POINTS: [usize; 2] = [9, 41];

fn counted<T>(list: &[T], at: &At) -> Checked<()> {
    if (1..=VARIED).contains(&list.len()) {
        Ok(())
    } else {
        Err(at.fail(format!("must list 1 to {VARIED} values, not {}", list.len())))
    }
}

/// The ranges of `worst_case`.
pub(in crate::scenario) fn ranges(raw: &raw::WorstCase, document: &Value) -> Checked<Vec<Range>> {
    let (block, root) = ("worst_case", At::ROOT);
    let block = root.key(block);
    let list = block.key("vary");
    counted(&raw.vary, &list)?;
    let range = |(index, vary): (usize, &raw::Vary)| {
        let at = list.index(index);
        let tokens = tokens(&vary.path).unwrap_or_default();
        if tokens.len() < 2 || tokens[0] != "truth" {
            let fault = at.key("path").fail("must be a path below /truth");
            return Err(fault.hint("for example /truth/immune_response/prognostic/correlation"));
        }
        let parents = (1..tokens.len()).map(|depth| patch::lookup(document, &tokens[..depth]));
        if !parents.into_iter().all(|parent| parent.is_none_or(Value::is_object)) {
            return Err(at.key("path").fail("must go through objects, not through a list or a value"));
        }
        at.refuse("integer", vary.integer.filter(|integer| *integer).as_ref(), "whole numbers in a worst case")?;
        let (from, to) = rising(vary, &at)?;
        Ok(Range { path: vary.path.clone(), from, to })
    };
    raw.vary.iter().enumerate().map(range).collect()
}

fn rising(vary: &raw::Vary, at: &At) -> Checked<(f64, f64)> {
    let (from, to) = (vary.from.get(), vary.to.get());
    if from < to { Ok((from, to)) } else { Err(at.key("to").fail(format!("must be above `from`, which is {from}"))) }
}

/// Place of a name in a list; the first where none is given.
fn named(name: Option<&String>, names: &[&str], at: &At) -> Checked<usize> {
    let Some(name) = name else { return Ok(0) };
    names.iter().position(|known| known == name).ok_or_else(|| {
        let hint = suggest::nearest(name, names.iter().copied()).map(|known| format!("did you mean `{known}`?"));
        at.fail("must name one that the file has").maybe_hint(hint)
    })
}

/// What `break_even` moves.
pub(in crate::scenario) fn break_even(
    raw: &raw::BreakEven,
    document: &Value,
    candidates: &[&str],
    truths: &[&str],
) -> Checked<BreakEvenPlan> {
    let root = At::ROOT;
    let block = root.key("break_even");
    let lines = |list: &[raw::Line], at: &At| -> Checked<Vec<Range>> {
        counted(list, at)?;
        let line = |(index, line): (usize, &raw::Line)| {
            let at = at.index(index);
            let tokens = tokens(&line.path).unwrap_or_default();
            let number = patch::lookup(document, &tokens).is_some_and(Value::is_number);
            if tokens.first().is_none_or(|first| first != "truth") || !number {
                let fault = at.key("path").fail("must be the path of a number that stands in the file below /truth");
                return Err(fault.hint("for example /truth/immune_response/prognostic/correlation"));
            }
            Ok(Range { path: line.path.clone(), from: line.from.get(), to: line.to.get() })
        };
        list.iter().enumerate().map(line).collect()
    };
    if candidates.len() < 2 {
        return Err(block.fail("needs a second candidate to compare with"));
    }
    let points = raw.points.map_or(POINTS[0], |points| points.get() as usize);
    if !(2..=POINTS[1]).contains(&points) {
        return Err(block.key("points").fail(format!("must be 2 to {}", POINTS[1])));
    }
    Ok(BreakEvenPlan {
        candidate: named(raw.candidate.as_ref(), candidates, &block.key("candidate"))?,
        truth: named(raw.truth.as_ref(), truths, &block.key("truth"))?,
        over: lines(&raw.over, &block.key("over"))?,
        across: raw.across.as_ref().map_or(Ok(Vec::new()), |across| lines(across, &block.key("across")))?,
        points,
    })
}

fn metric(name: &str, at: &At) -> Checked<Metric> {
    Metric::named(name).ok_or_else(|| {
        let names: Vec<String> = METRICS.iter().map(|(_, name)| format!("`{name}`")).collect();
        at.fail(format!("must be one of {}", names.join(", ")))
    })
}

/// The conditions of `subject_to` in a block.
pub(in crate::scenario) fn conditions(
    list: &[raw::Constraint],
    truths: &[&str],
    block: &At,
) -> Checked<Vec<Condition>> {
    let place = block.key("subject_to");
    let condition = |(index, raw): (usize, &raw::Constraint)| {
        let at = place.index(index);
        if raw.at_least.is_none() && raw.at_most.is_none() {
            return Err(at.fail("needs `at_least` or `at_most`"));
        }
        let truth = raw.truth.as_ref().map(|_| named(raw.truth.as_ref(), truths, &at.key("truth")));
        Ok(Condition {
            metric: metric(&raw.metric, &at.key("metric"))?,
            truth: truth.transpose()?,
            at_least: raw.at_least.map(raw::quantity::Number::get),
            at_most: raw.at_most.map(raw::quantity::Number::get),
        })
    };
    list.iter().enumerate().map(condition).collect()
}

/// What `optimize` looks for; `protocols` are the candidates' protocols.
pub(in crate::scenario) fn optimization(
    raw: &raw::Optimize,
    protocols: &[Value],
    truths: &[&str],
) -> Checked<Optimization> {
    let root = At::ROOT;
    let block = root.key("optimize");
    let truth = |name: Option<&String>, at: &At| name.map(|_| named(name, truths, at)).transpose();
    let under = truth(raw.truth.as_ref(), &block.key("truth"))?;
    let mut objectives = Vec::new();
    for (key, name, maximize) in [("maximize", &raw.maximize, true), ("minimize", &raw.minimize, false)] {
        if let Some(name) = name {
            objectives.push(Objective { metric: metric(name, &block.key(key))?, truth: under, maximize });
        }
    }
    if objectives.is_empty() {
        return Err(block.fail("needs `maximize`, `minimize` or both"));
    }
    let list = block.key("vary");
    counted(&raw.vary, &list)?;
    let varied = |(index, vary): (usize, &raw::Vary)| {
        let at = list.index(index);
        let tokens = tokens(&vary.path).unwrap_or_default();
        let below = tokens.first().is_some_and(|first| first == "protocol");
        let stands = |protocol: &Value| patch::lookup(protocol, &tokens[1..]).is_some_and(Value::is_number);
        if !below || !protocols.iter().any(stands) {
            let fault = at.key("path").fail("must be the path of a number below /protocol that some candidate has");
            return Err(fault.hint("for example /protocol/transition/go/response_difference/at_least"));
        }
        let (from, to) = rising(vary, &at)?;
        Ok(Varied { path: vary.path.clone(), from, to, integer: vary.integer.unwrap_or(false) })
    };
    Ok(Optimization {
        objectives,
        vary: raw.vary.iter().enumerate().map(varied).collect::<Checked<_>>()?,
        subject_to: conditions(raw.subject_to.as_ref().map_or(&[], Vec::as_slice), truths, &block)?,
    })
}
