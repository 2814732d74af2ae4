//! Right files changed at random: never a panic, always a scenario of finite numbers or an error with a place.

use crate::examples;
use proptest::prelude::*;
use proptest::sample::Index;
use seamline::protocol::Design;
use seamline::scenario::{Scenario, ScenarioError};
use seamline::sequential::{EfficacyPlan, FutilityPlan};
use seamline::transition::{Criterion, Threshold, Trigger};
use seamline::truth::Truth;
use serde_json::{Value, json};

/// One change of a file.
#[derive(Debug, Clone)]
enum Change {
    Replace(Index, Value),
    Delete(Index),
    Duplicate(Index),
    Move(Index, Index),
    Rename(Index),
}

fn numbers() -> impl Strategy<Value = Value> {
    prop_oneof![
        prop::sample::select(vec![
            json!(0),
            json!(-0.0),
            json!(1),
            json!(-1),
            json!(2),
            json!(0.5),
            json!(1e-300),
            json!(5e-324),
            json!(1e300),
            json!(f64::MAX),
            json!(1200),
            json!(u64::MAX),
            json!(i64::MIN),
            json!(100),
            json!(0.999_999_999),
            json!(1e-9),
            json!(0.1),
        ]),
        (-3.0..3.0).prop_map(|value: f64| json!(value)),
        (0u32..700).prop_map(|value| json!(value)),
    ]
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => numbers(),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::Bool),
        2 => prop::sample::select(vec!["", "control", "high", "low", "vaccine", "NaN", "os", "pfs", "dfs", "best", "~/", "any"])
            .prop_map(Value::from),
    ];
    let keys = prop::sample::select(vec![
        "hazard",
        "median",
        "for",
        "is",
        "at",
        "events",
        "calendar",
        "min_follow_up",
        "all",
        "any",
        "not",
        "control",
        "vaccine",
        "high",
        "bounds",
        "spending",
        "delta",
        "r",
        "responders",
        "progression",
        "death",
        "hazard_ratio",
        "delay",
        "survival",
        "x",
    ]);
    leaf.prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((keys.clone(), inner), 0..4).prop_map(|pairs| Value::Object(
                pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            )),
        ]
    })
}

fn changes() -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => (any::<Index>(), values()).prop_map(|(index, value)| Change::Replace(index, value)),
        4 => (any::<Index>(), numbers()).prop_map(|(index, value)| Change::Replace(index, value)),
        2 => any::<Index>().prop_map(Change::Delete),
        1 => any::<Index>().prop_map(Change::Duplicate),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Change::Move(from, to)),
        1 => any::<Index>().prop_map(Change::Rename),
    ]
}

/// Pointers of every node but the root.
fn nodes(value: &Value, place: &str, list: &mut Vec<String>) {
    let mut below = |key: &str, value: &Value| {
        let place = format!("{place}/{}", key.replace('~', "~0").replace('/', "~1"));
        nodes(value, &place, list);
        list.push(place);
    };
    match value {
        Value::Object(object) => object.iter().for_each(|(key, value)| below(key, value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, value)| below(&index.to_string(), value)),
        _ => {}
    }
}

fn change(file: &mut Value, change: &Change) {
    let mut places = Vec::new();
    nodes(file, "", &mut places);
    if places.is_empty() {
        return;
    }
    let place = |index: &Index| index.get(&places).clone();
    let split = |place: &str| {
        let (parent, key) = place.rsplit_once('/').unwrap();
        (parent.to_owned(), key.replace("~1", "/").replace("~0", "~"))
    };
    match change {
        Change::Replace(index, value) => *file.pointer_mut(&place(index)).unwrap() = value.clone(),
        Change::Move(from, to) => {
            let value = file.pointer(&place(from)).unwrap().clone();
            *file.pointer_mut(&place(to)).unwrap() = value;
        }
        Change::Delete(index) | Change::Duplicate(index) | Change::Rename(index) => {
            let (parent, key) = split(&place(index));
            match (file.pointer_mut(&parent).unwrap(), change) {
                (Value::Object(object), Change::Delete(_)) => drop(object.shift_remove(&key)),
                (Value::Array(list), Change::Delete(_)) => drop(list.remove(key.parse().unwrap())),
                (Value::Object(object), _) => {
                    let value = object[&key].clone();
                    object.insert(format!("{key}2"), value);
                    if matches!(change, Change::Rename(_)) {
                        object.shift_remove(&key);
                    }
                }
                (Value::Array(list), _) => {
                    let copy = list[key.parse::<usize>().unwrap()].clone();
                    list.push(copy);
                }
                _ => {}
            }
        }
    }
}

fn judge(result: &Result<Scenario, ScenarioError>) -> Result<(), TestCaseError> {
    match result {
        Err(error) => {
            prop_assert!(error.pointer.is_empty() || error.pointer.starts_with('/'), "{error:?}");
            prop_assert!(!error.rule.is_empty() && !error.rule.ends_with('.'), "{error:?}");
            prop_assert!(error.value.chars().count() <= 80 && !error.value.is_empty(), "{error:?}");
        }
        Ok(scenario) => {
            for candidate in &scenario.candidates {
                let mut numbers = vec![candidate.protocol.alpha];
                protocol_numbers(candidate, &mut numbers);
                for truth in candidate.truths.iter().map(|(_, truth)| truth).chain([&candidate.planning]) {
                    truth.check().map_err(|invalid| TestCaseError::fail(invalid.to_string()))?;
                    prop_assert_eq!(truth.arms.len(), candidate.protocol.arms.len());
                    truth_numbers(truth, &mut numbers);
                }
                prop_assert!(numbers.iter().all(|number| number.is_finite()), "{:?}", candidate);
            }
        }
    }
    Ok(())
}

fn truth_numbers(truth: &Truth, numbers: &mut Vec<f64>) {
    numbers.extend(truth.enrollment.starts());
    numbers.extend(truth.enrollment.rates());
    for arm in &truth.arms {
        numbers.extend(arm.dropout.rates());
        for stratum in &arm.strata {
            numbers.push(stratum.response_rate);
            for course in &stratum.courses {
                for hazard in [&course.progression, &course.death, &course.after_baseline] {
                    numbers.extend(hazard.starts());
                    numbers.extend(hazard.rates());
                    numbers.push(hazard.cumulative(1200.0));
                }
                numbers.extend(course.after_effect.starts());
                numbers.extend(course.after_effect.ratios());
            }
        }
    }
}

fn trigger_numbers(trigger: &Trigger, numbers: &mut Vec<f64>) {
    for leaf in trigger.leaves() {
        match leaf {
            Trigger::Events { count, .. } | Trigger::Enrolled { count } => numbers.push(*count),
            Trigger::Calendar { month } => numbers.push(*month),
            Trigger::MinFollowUp { months } | Trigger::AfterPrevious { months } => numbers.push(*months),
            Trigger::All(_) | Trigger::Any(_) => {}
        }
    }
}

fn criterion_numbers(criterion: &Criterion, numbers: &mut Vec<f64>) {
    match criterion {
        Criterion::Compare(_, Threshold::AtLeast(limit) | Threshold::AtMost(limit) | Threshold::ZAtLeast(limit)) => {
            numbers.push(*limit);
        }
        Criterion::Score(parts, limit) => {
            numbers.extend(parts.iter().map(|(_, weight)| *weight));
            numbers.push(*limit);
        }
        Criterion::All(parts) | Criterion::Any(parts) => parts.iter().for_each(|part| criterion_numbers(part, numbers)),
        Criterion::Not(inner) => criterion_numbers(inner, numbers),
    }
}

fn protocol_numbers(candidate: &seamline::scenario::Candidate, numbers: &mut Vec<f64>) {
    let protocol = &candidate.protocol;
    protocol.analyses.iter().for_each(|look| trigger_numbers(&look.when, numbers));
    // A look without a bound has an infinite one; a bound is never NaN, and the last efficacy bound is finite.
    let bounded =
        |bounds: &[f64]| bounds.iter().map(|bound| if bound.is_infinite() { 0.0 } else { *bound }).collect::<Vec<_>>();
    match &protocol.bounds.efficacy {
        EfficacyPlan::Spending(function) => {
            numbers.extend([0.0, 0.3, 1.0].map(|time| function.spent(protocol.alpha, time)));
        }
        EfficacyPlan::Bounds(bounds) => {
            numbers.extend(bounded(bounds));
            numbers.extend(bounds.last());
        }
        EfficacyPlan::WangTsiatis { delta } => numbers.push(*delta),
        EfficacyPlan::HaybittlePeto { z } => numbers.push(*z),
        EfficacyPlan::PampallonaTsiatis { delta_efficacy, delta_futility, beta } => {
            numbers.extend([*delta_efficacy, *delta_futility, *beta]);
        }
    }
    match &protocol.bounds.futility {
        None => {}
        Some(FutilityPlan::Bounds(bounds) | FutilityPlan::HazardRatio(bounds)) => numbers.extend(bounded(bounds)),
        Some(FutilityPlan::ConditionalPower { least, .. } | FutilityPlan::PredictivePower { least }) => {
            numbers.extend(least);
        }
        Some(FutilityPlan::Spending { beta, function }) => numbers.extend([*beta, function.spent(*beta, 0.5)]),
    }
    match &protocol.design {
        Design::GroupSequential(design) => {
            numbers.push(design.patients);
            numbers.extend(design.allocation.shares());
        }
        Design::Seamless(design) => {
            numbers.extend([design.phase2_patients, design.phase3_patients, design.decision_time]);
            numbers.extend(design.phase2_allocation.shares());
            numbers.extend(design.phase3_allocation.shares());
            trigger_numbers(&design.transition.when, numbers);
            for gate in &design.transition.gates {
                trigger_numbers(&gate.when, numbers);
                criterion_numbers(&gate.go, numbers);
            }
            design.transition.go.iter().for_each(|go| criterion_numbers(go, numbers));
            design.combination.phase2_follow_up().iter().for_each(|end| trigger_numbers(end, numbers));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_file_never_panics(
        start in any::<Index>(),
        changes in prop::collection::vec(changes(), 1..4),
        cut in prop::option::weighted(0.1, any::<Index>()),
    ) {
        let mut file = start.get(&examples::all()).clone();
        for one in &changes {
            change(&mut file, one);
        }
        let mut text = file.to_string();
        if let Some(cut) = cut {
            let end = (0..=cut.index(text.len() + 1)).rev().find(|&end| text.is_char_boundary(end)).unwrap();
            text.truncate(end);
        }
        judge(&Scenario::from_json(&text, &[]))?;
    }

    #[test]
    fn any_text_and_any_override_never_panic(text in ".{0,60}", set in "(/[a-z0-9~]{0,8}){0,4}=?.{0,12}") {
        judge(&Scenario::from_json(&text, &[]))?;
        judge(&Scenario::from_json(&examples::seamless().to_string(), &[set]))?;
    }
}

/// The changes are not so wild that everything is refused: the property sees many right files too.
#[test]
fn many_changed_files_are_right() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let files = examples::all();
    let right = (0..1000)
        .filter(|round| {
            let mut file = files[round % files.len()].clone();
            change(&mut file, &changes().new_tree(&mut runner).unwrap().current());
            examples::read(&file).is_ok()
        })
        .count();
    assert!((20..900).contains(&right), "{right} of 1000");
}
