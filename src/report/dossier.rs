//! What a report tells beside the answers, as JSON.

use crate::report::answer::estimate;
use crate::report::{ranking_json, worst_case_json};
use crate::study::{Course, CoursePoint, Dossier, Swing};
use serde_json::{Map, Value, json};

fn course(course: &Course) -> Value {
    let point = |point: &CoursePoint| {
        let outcome = &point.outcome;
        let ratios: Map<String, Value> = point.averages.iter().map(|(arm, seen)| (arm.clone(), json!(seen))).collect();
        json!({ "at": point.at, "engine": outcome.engine, "reject_any": estimate(&outcome.reject_any), "go": estimate(&outcome.go),
            "average_hazard_ratio": ratios })
    };
    let points: Vec<Value> = course.points.iter().map(point).collect();
    json!({ "candidate": course.candidate, "points": points })
}

/// Adds the ranking, the courses along delay and correlation, sizes, swings and worst cases to an answer.
pub fn dossier_json(answer: &mut Value, dossier: &Dossier) {
    let all = |courses: &[Course]| courses.iter().map(course).collect::<Vec<_>>();
    let swing = |swing: &Swing| {
        json!({ "quantity": format!("{:?}", swing.quantity), "lower": swing.lower.as_ref().map(estimate),
            "higher": swing.higher.as_ref().map(estimate) })
    };
    answer["ranking"] = ranking_json(&dossier.ranking);
    answer["sensitivity"] = json!({
        "truth": dossier.truth,
        "delay": all(&dossier.delay),
        "correlation": all(&dossier.correlation),
        "sizes": dossier.sizes.iter().map(|course| json!({ "candidate": course.candidate, "points": course.points }))
            .collect::<Vec<_>>(),
        "swings": dossier.swings.as_ref().map(|found| json!({ "candidate": found.candidate, "truth": found.truth,
            "power": estimate(&found.power), "factor": crate::study::SWING,
            "quantities": found.swings.iter().map(swing).collect::<Vec<_>>() })),
    });
    answer["worst_cases"] =
        json!(dossier.worst_cases.as_ref().map(|all| all.iter().map(worst_case_json).collect::<Vec<_>>()));
}
