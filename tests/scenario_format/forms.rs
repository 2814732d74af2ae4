//! Every form of a truth: hazards, effects, drop-out, strata, immune response; and what each refuses.

use crate::examples::{
    calendar, group_sequential, one_look, read, refused, seamless, seamless_alone, stratified, with, without,
};
use seamline::survival::{Clock, HazardRatio, PiecewiseHazard};
use seamline::truth::{EnrollmentProcess, PositiveRule, Truth};
use serde_json::{Value, json};

fn truth(file: &Value) -> Truth {
    read(file).unwrap().candidates.remove(0).planning
}

/// The control's hazard of death when the file writes it so.
fn hazard(form: Value) -> PiecewiseHazard {
    truth(&with(group_sequential(), "/truth/control/death", form)).arms[0].strata[0].courses[0].death.clone()
}

#[track_caller]
fn hazard_refused(form: Value, place: &str, rule: &str) {
    let file = with(group_sequential(), "/truth/control/death", form);
    refused(&file, &format!("/truth/control/death{place}"), rule);
}

#[test]
fn every_form_of_a_hazard() {
    assert_eq!(hazard(json!({"hazard": 0.03})), PiecewiseHazard::constant(0.03).unwrap());
    let median = hazard(json!({"median": 14}));
    assert!((median.survival(14.0) - 0.5).abs() < 1e-15);
    let pieces = hazard(json!({"hazards": [{"for": 6, "hazard": 0.05}, {"hazard": 0.02}]}));
    assert_eq!(pieces, PiecewiseHazard::new(&[0.0, 6.0], &[0.05, 0.02]).unwrap());
    let points = hazard(json!({"survival": [{"at": 12, "is": 0.7}, {"at": 24, "is": 0.55}]}));
    assert!((points.survival(12.0) - 0.7).abs() < 1e-14 && (points.survival(24.0) - 0.55).abs() < 1e-14);
    assert!((points.survival(36.0) - 0.55 * 0.55 / 0.7).abs() < 1e-14, "the last hazard goes on");
    let weibull = hazard(json!({"weibull": {"shape": 1.2, "median": 14}}));
    for month in [0.5, 3.0, 14.0, 40.0, 90.0_f64] {
        let law = (-std::f64::consts::LN_2 * (month / 14.0).powf(1.2)).exp();
        assert!((weibull.survival(month) - law).abs() < 1e-6, "month {month}");
    }
    assert_eq!(hazard(json!({"hazard": 0, "median": null})), PiecewiseHazard::zero());
    let cured = truth(&calendar()).arms[1].strata[0].cured;
    assert_eq!((cured.death, cured.progression), (0.25, 0.0));
}

#[test]
fn a_hazard_that_is_none() {
    hazard_refused(json!({}), "", "needs exactly one of `hazard`, `median`, `hazards`, `survival`, `weibull`");
    hazard_refused(
        json!({"cured": 0.2}),
        "",
        "needs exactly one of `hazard`, `median`, `hazards`, `survival`, `weibull`",
    );
    hazard_refused(json!({"hazard": 1, "median": 2}), "", "needs exactly one of `hazard`, `median`, not several");
    hazard_refused(json!({"hazards": []}), "/hazards", "must list 1 to 200 pieces, not 0");
    hazard_refused(
        json!({"hazards": [{"hazard": 1}, {"hazard": 2}]}),
        "/hazards/0/for",
        "every piece but the last needs `for`, its length in months",
    );
    hazard_refused(
        json!({"hazards": [{"for": 3, "hazard": 1}]}),
        "/hazards/0/for",
        "the last piece is open-ended and has no `for`",
    );
    hazard_refused(
        json!({"survival": [{"at": 12, "is": 0.7}, {"at": 12, "is": 0.6}]}),
        "/survival/1/at",
        "must be later than the point before, at 12 months",
    );
    hazard_refused(
        json!({"survival": [{"at": 12, "is": 0.7}, {"at": 24, "is": 0.8}]}),
        "/survival/1/is",
        "must not be above the point before, 0.7",
    );
    hazard_refused(json!({"survival": [{"at": 12, "is": 0}]}), "/survival/0/is", "must be above 0 and at most 1");
    hazard_refused(json!({"median": 0}), "/median", "must be above 0 and at most 1200 months");
    hazard_refused(json!({"median": 1e-9}), "/median", "means a hazard of 693147180.5599452 per month, more than 100");
    hazard_refused(
        json!({"weibull": {"shape": 0, "median": 3}}),
        "/weibull/shape",
        "must be at least 0.1 and at most 10",
    );
    hazard_refused(json!({"weibull": {"shape": 2}}), "/weibull/median", "`median` is required");
    hazard_refused(json!({"hazard": 1, "cured": 1}), "/cured", "must be at least 0 and below 1");
}

/// The hazard ratio over time of the vaccine when the file writes its effect so.
fn effect(form: Value) -> HazardRatio {
    let file = with(one_look(), "/truth/arms/vaccine/effect/death_after_progression", form);
    truth(&file).arms[1].strata[0].courses[0].after_effect.clone()
}

#[track_caller]
fn effect_refused(form: Value, place: &str, rule: &str) {
    let file = with(one_look(), "/truth/arms/vaccine/effect/death", form);
    refused(&file, &format!("/truth/arms/vaccine/effect/death{place}"), rule);
}

#[test]
fn every_form_of_an_effect() {
    assert_eq!(effect(json!(0.6)), HazardRatio::delayed(0.6, 0.0, 0.0).unwrap());
    assert_eq!(effect(json!({"hazard_ratio": 0.6})), HazardRatio::delayed(0.6, 0.0, 0.0).unwrap());
    let delayed = HazardRatio::delayed(0.6, 4.0, 2.0).unwrap();
    assert_eq!(effect(json!({"hazard_ratio": 0.6, "delay": 4, "ramp": 2})), delayed);
    assert_eq!(effect(json!({"hazard_ratio": 0.6, "delay": {"fixed": 4}, "ramp": 2})), delayed);
    let pieces = json!({"hazard_ratio": [{"for": 4, "is": 1.0}, {"for": 8, "is": 0.5}, {"is": 0.8}]});
    assert_eq!(effect(pieces), HazardRatio::new(&[0.0, 4.0, 12.0], &[1.0, 0.5, 0.8]).unwrap());
    assert!(effect(json!(null)).is_one());
}

#[test]
fn an_effect_that_is_none() {
    effect_refused(json!(-0.5), "", "must be at least 0.001 and at most 1000");
    effect_refused(json!({"delay": 3}), "/hazard_ratio", "`hazard_ratio` is required");
    effect_refused(
        json!({"hazard_ratio": [{"is": 0.5}], "delay": 3}),
        "/delay",
        "`delay` goes with a single hazard ratio, not with pieces over time",
    );
    effect_refused(
        json!({"hazard_ratio": 0.5, "delay": {"median": 4}}),
        "/delay",
        "needs `fixed`, or `median` and `shape`",
    );
    effect_refused(
        json!({"hazard_ratio": 0.5, "delay": {"fixed": 1, "median": 4, "shape": 3}}),
        "/delay",
        "has either `fixed`, or `median` and `shape`, not both",
    );
    effect_refused(json!({"hazard_ratio": 0.5, "delay": {}}), "/delay", "needs `fixed`, or `median` and `shape`");
    let file = with(one_look(), "/truth/arms/vaccine/effect/responders", json!({}));
    refused(
        &file,
        "/truth/arms/vaccine/effect/responders",
        "an effect is that of every patient or one by immune response, not both",
    );
    let file = with(one_look(), "/truth/arms/vaccine/effect", json!({"responders": {"death": 0.5}}));
    refused(
        &file,
        "/truth/arms/vaccine/effect/responders",
        "an effect by immune response needs `immune_response`, which is absent",
    );
    let file = with(group_sequential(), "/truth/arms/vaccine/effect", json!({"progression": 0.5}));
    refused(
        &file,
        "/truth/arms/vaccine/effect/progression",
        "`progression` needs `control.progression`, which is absent",
    );
}

#[test]
fn the_illness_death_course() {
    let truth = truth(&one_look());
    assert!(truth.has_progression);
    let [control, vaccine] = &truth.arms[..] else { panic!("two arms") };
    let (control, vaccine) = (&control.strata[0].courses[0], &vaccine.strata[0].courses[0]);
    assert_eq!(control.clock, Clock::SinceRandomization);
    assert_eq!(vaccine.progression, control.progression.scaled(0.7).unwrap());
    assert_eq!(vaccine.death, control.death.scaled(0.8).unwrap());
    assert_eq!(vaccine.after_baseline, control.after_baseline);
    assert!(control.after_effect.is_one());
    let file = without(one_look(), "/truth/control/death_after_progression/clock");
    assert_eq!(self::truth(&file).arms[0].strata[0].courses[0].clock, Clock::SinceProgression);
    refused(
        &without(one_look(), "/truth/control/death_after_progression"),
        "/truth/control/death_after_progression",
        "`death_after_progression` is required where there is `progression`",
    );
    refused(&without(one_look(), "/truth/control/death"), "/truth/control/death", "`death` is required");
    let file = with(one_look(), "/truth/control/medians", json!({"pfs": 6, "os": 16}));
    refused(&file, "/truth/control/progression", "a control has hazards, or `medians` with `correlation`, not both");
}

#[test]
fn strata_scale_hazards_and_override_effects() {
    let truth = truth(&stratified());
    assert_eq!(
        truth.strata.iter().map(|stratum| stratum.name.as_str()).collect::<Vec<_>>(),
        ["antigen_high", "antigen_low"]
    );
    let death = |arm: usize, stratum: usize| truth.arms[arm].strata[stratum].courses[0].death.clone();
    assert_eq!(death(0, 0), PiecewiseHazard::constant(0.04).unwrap());
    assert_eq!(death(0, 1), PiecewiseHazard::constant(0.08).unwrap());
    assert_eq!(death(1, 0), PiecewiseHazard::new(&[0.0, 4.0], &[0.04, 0.024]).unwrap());
    assert_eq!(death(1, 1), PiecewiseHazard::constant(0.08 * 0.9).unwrap());
    assert_eq!(truth.arms[0].dropout, PiecewiseHazard::constant(0.01).unwrap());
    assert_eq!(truth.arms[1].dropout, PiecewiseHazard::from_median(300.0).unwrap());

    let file = with(stratified(), "/truth/arms/vaccine/strata", json!({"antigen_lo": {}}));
    let error = refused(&file, "/truth/arms/vaccine/strata/antigen_lo", "no stratum is named `antigen_lo`");
    assert!(error.hint.unwrap().starts_with("did you mean `antigen_low`?"));
    let file = with(stratified(), "/truth/strata/1/name", json!("antigen_high"));
    let file = without(file, "/protocol/analyses/0/when/population");
    refused(&file, "/truth/strata/1/name", "two strata have the name `antigen_high`");
    let file = without(stratified(), "/truth/dropout/vaccine");
    refused(&file, "/truth/dropout/vaccine", "drop-out given per arm needs every arm");
    let file = with(stratified(), "/truth/dropout/vacine", json!({"hazard": 1}));
    refused(&file, "/truth/dropout/vacine", "no arm is named `vacine`");
    let file = with(stratified(), "/truth/dropout/hazard", json!(1));
    refused(&file, "/truth/dropout/control", "unknown key");
    let file = with(stratified(), "/truth/dropout", json!({"hazard": 0.1, "cured": 0.1}));
    refused(&file, "/truth/dropout/cured", "`cured` has no meaning for drop-out");
    refused(
        &with(stratified(), "/truth/dropout", json!({})),
        "/truth/dropout",
        "needs a hazard, or one hazard per arm",
    );
}

#[test]
fn immune_response() {
    let truth = truth(&seamless());
    let response = truth.immune_response.as_ref().unwrap();
    assert_eq!(response.positive_if, PositiveRule::AtLeast(2));
    assert_eq!(response.assays.len(), 2);
    assert!(response.missing_if_event_before);
    assert_eq!(response.missing, seamline::truth::Missing::NonResponse);
    let file = with(seamless_alone(), "/truth/immune_response/missing", json!("left_out"));
    let made = read(&file).unwrap().candidates[0].truths[0].1.clone();
    assert_eq!(made.immune_response.unwrap().missing, seamline::truth::Missing::LeftOut);
    let rate = |arm: usize| truth.arms[arm].strata[0].response_rate;
    assert_eq!((rate(0), rate(1)), (0.05, 0.35));
    // Φ(Φ⁻¹(0.05) + 2.2) = Φ(0.555146…): Φ of it from published tables, 0.7106.
    assert!((rate(2) - 0.710_6).abs() < 1e-4, "{}", rate(2));
    let [non_responders, responders] = &truth.arms[1].strata[0].courses;
    assert_eq!(non_responders.progression, truth.arms[0].strata[0].courses[0].progression);
    assert_ne!(responders.progression, non_responders.progression);
    assert_eq!(truth.enrollment_process, EnrollmentProcess::Steady);

    let plain = without(without(seamless(), "/truth/immune_response/assays"), "/truth/immune_response/positive_if");
    let plain = self::truth(&plain).immune_response.unwrap();
    assert_eq!((plain.assays.len(), plain.assays[0].sensitivity, plain.positive_if), (1, 1.0, PositiveRule::Any));

    let at = "/truth/immune_response";
    let wrong = |place: &str, value: Value, rule: &str| {
        let pointer = format!("{at}{place}");
        refused(&with(seamless(), &pointer, value), &pointer, rule);
    };
    wrong("/assays", json!([]), "must list 1 to 20 assays, not 0");
    wrong("/assays/0/sensitivity", json!(1.2), "must be at least 0 and at most 1");
    wrong("/assays/1/name", json!("ELISpot"), "two assays have the name `ELISpot`");
    wrong("/positive_if/at_least", json!(3), "must be at most the number of assays, 2");
    wrong("/positive_if", json!("most"), "unknown name");
    wrong("/positive_if", json!(2), "expected a name or an object, found a number");
    wrong("/prognostic/correlation", json!(1.5), "must be at least -1 and at most 1");
    wrong("/prognostic/log_hazard_sd", json!(-1), "must be at least 0 and at most 5");
    refused(
        &without(seamless(), "/truth/arms/low/immune_response"),
        "/truth/arms/low/immune_response",
        "the truth has an immune response, so every arm needs its rate",
    );
    let file = with(seamless(), "/truth/arms/low/immune_response/shift", json!(1));
    refused(&file, "/truth/arms/low/immune_response", "needs exactly one of `rate`, `shift`, not several");
    let file = with(seamless(), "/truth/immune_response/control_rate", json!(0));
    refused(&file, "/truth/arms/high/immune_response/shift", "a shift needs a `control_rate` above 0 and below 1");
    let file = with(group_sequential(), "/truth/arms/vaccine/immune_response", json!({"rate": 0.5}));
    refused(&file, "/truth/arms/vaccine/immune_response", "needs `immune_response` of the truth, which is absent");
}

#[test]
fn enrolment() {
    let file = with(group_sequential(), "/truth/enrollment", json!([{"per_month": 0.1}]));
    refused(&file, "/truth/enrollment", "enrolling 480 patients takes 4800 months, more than 1200");
    let file = with(group_sequential(), "/truth/enrollment", json!([]));
    refused(&file, "/truth/enrollment", "must list 1 to 200 pieces, not 0");
    let file = with(group_sequential(), "/truth/enrollment/0/per_month", json!(-1));
    refused(&file, "/truth/enrollment/0/per_month", "must be at least 0 and at most 10000 patients per month");
}

#[test]
fn what_the_format_has_and_this_version_does_not_compute() {
    let later = |pointer: &str, value: Value, feature: &str| {
        refused(
            &with(seamless_alone(), pointer, value),
            pointer,
            &format!("not yet computed by this version: {feature}"),
        );
    };
    later("/truth/assessment", json!({"every": 2}), "visits at which progression is seen");
    let two = json!([{"endpoint": "dfs", "alpha": 0.02}, {"endpoint": "os", "alpha": 0.005}]);
    later("/protocol/primary", two, "several primary endpoints in a seamless design");
    later("/protocol/transition/population", json!({"choose": "full"}), "choice of the population at the transition");
    later("/protocol/intersection", json!("spiessens_debois"), "the intersection test `spiessens_debois`");
    refused(
        &with(seamless_alone(), "/protocol/intersection", json!("dunnet")),
        "/protocol/intersection",
        "unknown name",
    );
}
