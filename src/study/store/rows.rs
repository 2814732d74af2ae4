//! An answer as rows of the store's tables.

use crate::engine::{BoundAt, Estimate, LookOutcome};
use crate::study::Answer;
use rusqlite::types::Value;
use std::iter::once;

/// Rows per table of the answers, in the order of [`super::schema::answers`].
pub(super) type Rows = [Vec<Vec<Value>>; 5];

fn number(value: f64) -> Value {
    if value.is_finite() { Value::Real(value) } else { Value::Null }
}

fn optional(value: Option<f64>) -> Value {
    value.map_or(Value::Null, number)
}

fn figure(estimate: Option<&Estimate>) -> [Value; 2] {
    [optional(estimate.map(|estimate| estimate.value)), optional(estimate.and_then(|estimate| estimate.mcse))]
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn whole(number: u64) -> Value {
    i64::try_from(number).map_or(Value::Null, Value::Integer)
}

/// The rows of one evaluation, of a candidate under a truth at a point.
pub(super) fn rows(
    evaluation: u64,
    (point, candidate, truth): (usize, &str, &str),
    answer: &Result<Answer, String>,
) -> Rows {
    let head = |rest: [Value; 3]| {
        let names = [whole(evaluation), whole(point as u64), text(candidate), text(truth)];
        names.into_iter().chain(rest).collect::<Vec<_>>()
    };
    let outcome = match answer {
        Ok(answer) => &answer.outcome,
        Err(why) => {
            let mut row = head([Value::Null, Value::Null, text(why)]);
            row.resize(super::schema::answers()[0].columns.len(), Value::Null);
            return [vec![row], vec![], vec![], vec![], vec![]];
        }
    };
    let transition = outcome.transition.as_ref();
    let figures = [
        Some(&outcome.reject_any),
        outcome.reject_all.as_ref(),
        outcome.type_i_error.as_ref(),
        Some(&outcome.go),
        Some(&outcome.stop),
        outcome.correct_selection.as_ref(),
        transition.map(|transition| &transition.month),
        transition.map(|transition| &transition.patients),
        Some(&outcome.expected.patients),
        Some(&outcome.expected.events),
        Some(&outcome.expected.months),
    ];
    let mut row = head([text(outcome.engine), outcome.replicates.map_or(Value::Null, whole), Value::Null]);
    row.extend(figures.into_iter().flat_map(figure));
    let (labels, arms) =
        answer.as_ref().map_or((&[][..], &[][..]), |answer| (&answer.hypotheses[..], &answer.arms[..]));
    // Several endpoints are hypotheses of the one experimental arm.
    let last = arms.len().saturating_sub(1);
    let hypothesis = |index: usize| {
        let arm = arms.get(index.min(last)).map_or("", String::as_str);
        let names = [whole(evaluation), whole(index as u64), text(&labels[index]), text(arm)];
        let null = Value::Integer(i64::from(outcome.null_true[index]));
        let kept = outcome.selected.get(index.min(last));
        let shares = [Some(&outcome.reject[index]), kept].into_iter().flat_map(figure);
        names.into_iter().chain(once(null)).chain(shares).collect()
    };
    let events = transition.map_or(&[][..], |transition| &transition.events[..]);
    [
        vec![row],
        (0..labels.len()).map(hypothesis).collect(),
        outcome.looks.iter().enumerate().map(|(index, one)| look(evaluation, index, one)).collect(),
        events
            .iter()
            .map(|(name, count)| [whole(evaluation), text(name)].into_iter().chain(figure(Some(count))).collect())
            .collect(),
        outcome
            .warnings
            .iter()
            .enumerate()
            .map(|(index, warning)| vec![whole(evaluation), whole(index as u64), text(warning)])
            .collect(),
    ]
}

fn look(evaluation: u64, index: usize, look: &LookOutcome) -> Vec<Value> {
    let bound = |bound: Option<&BoundAt>| {
        [optional(bound.map(|at| at.z)), optional(bound.map(|at| at.p)), optional(bound.and_then(|at| at.hazard_ratio))]
    };
    let mut row = vec![whole(evaluation), whole(index as u64), text(&look.analysis)];
    row.extend([&look.month, &look.events, &look.patients].into_iter().flat_map(|count| figure(Some(count))));
    row.push(number(look.information_fraction));
    row.extend(bound(look.efficacy_bound.as_ref()));
    row.extend(bound(look.futility_bound.as_ref()));
    row.extend([&look.cross_efficacy, &look.cross_futility].into_iter().flat_map(|share| figure(Some(share))));
    row.extend([optional(look.average_hazard_ratio), optional(look.cox_hazard_ratio)]);
    row
}
