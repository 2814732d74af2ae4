//! `analyze`: a design and what was observed, to decisions and inference; wrong files; the command.

#![allow(clippy::unwrap_used, clippy::panic, clippy::needless_pass_by_value)] // helpers of tests fail loudly, and take values

use seamline::scenario::{Observed, Scenario};
use seamline::sequential::conditional::conditional_crossing;
use seamline::sequential::inference::{Path, stagewise_p};
use seamline::sequential::{Bounds, EfficacyPlan, bounds::efficacy_bounds};
use seamline::study::{Analysis, Decision, EffectScale, analyze};
use serde_json::{Value, json};

fn design() -> Value {
    json!({
        "seamline": 1,
        "title": "a trial to analyse",
        "truth": {
            "enrollment": [{"per_month": 30}],
            "control": {"death": {"median": 12}},
            "arms": {"vaccine": {"effect": {"death": {"hazard_ratio": 0.65, "delay": 3}}}}
        },
        "protocol": {
            "arms": ["control", "vaccine"], "allocation": {"control": 1, "vaccine": 1}, "patients": 400, "alpha": 0.025,
            "primary": {"endpoint": "os", "test": "logrank"},
            "analyses": [
                {"name": "first", "when": {"events": 100}},
                {"name": "second", "when": {"events": 150}},
                {"name": "final", "when": {"events": 200}}
            ],
            "efficacy": {"spending": "obrien_fleming"},
            "futility": {"hazard_ratio": [1, null, null]}
        }
    })
}

fn scenario(design: &Value) -> Scenario {
    Scenario::from_json(&design.to_string(), &[]).unwrap_or_else(|error| panic!("{error:?}"))
}

fn run(design: &Value, looks: Value) -> Analysis {
    let scenario = scenario(design);
    let file = json!({"seamline": 1, "looks": looks});
    let observed = Observed::from_json(&file.to_string(), &scenario).unwrap_or_else(|error| panic!("{error:?}"));
    analyze(&scenario, &observed).unwrap()
}

#[test]
fn a_trial_that_ends_at_its_second_look() {
    let analysis = run(
        &design(),
        json!([{"name": "first", "month": 14, "events": 108, "z": 1.2}, {"name": "second", "events": 143, "z": 2.9}]),
    );
    let information = [27.0, 35.75, 50.0];
    // Spending time: the smaller of planned and observed share.
    let times = [0.5, 0.715, 1.0];
    let plan = EfficacyPlan::Spending((seamline::registry::find(
        seamline::sequential::spending::SPENDING_FUNCTIONS,
        "obrien_fleming",
    )
    .unwrap()
    .build)(&[]));
    let upper = efficacy_bounds(&plan, 0.025, &information, &times).unwrap();
    assert_eq!(analysis.looks.len(), 2);
    for (look, (bound, time)) in analysis.looks.iter().zip(upper.iter().zip(times)) {
        assert!((look.efficacy_bound.as_ref().unwrap().z - bound).abs() < 1e-9);
        assert!((look.spending_time - time).abs() < 1e-12);
    }
    assert_eq!(analysis.looks[0].decision, Decision::GoOn);
    assert!(analysis.looks[0].futility_bound.as_ref().unwrap().z.abs() < 1e-12, "hazard ratio 1");
    assert_eq!(analysis.looks[1].decision, Decision::Efficacy);
    let conclusion = &analysis.conclusion;
    assert!(conclusion.ended && conclusion.look == 1);
    let path = Path { information: &information[..2], efficacy: &upper[..1], futility: None, z: 2.9 };
    assert!((conclusion.p - stagewise_p(&path, 0.0).unwrap()).abs() < 1e-12);
    let ratio = |z: f64, level: f64| (-z / level.sqrt()).exp();
    assert!((conclusion.naive.estimate - ratio(2.9, 35.75)).abs() < 1e-12);
    let repeated = analysis.looks[1].repeated.unwrap();
    assert!((repeated.high - ratio(2.9 - upper[1], 35.75)).abs() < 1e-9 && repeated.high < 1.0);
    // Stopping early overestimates: the median-unbiased estimate is nearer 1, its interval excludes 1 as the test does.
    assert!(conclusion.median_unbiased.estimate > conclusion.naive.estimate);
    assert!(conclusion.median_unbiased.high < 1.0);
    assert!(conclusion.sequential_p.unwrap() < 0.025);
    let all = Bounds { efficacy: upper, futility: vec![f64::NEG_INFINITY; 3] };
    let error = conditional_crossing(&information, &[0.0; 3], &all, 0, 1.2).unwrap().reject();
    assert!((analysis.looks[0].conditional_error.unwrap() - error).abs() < 1e-9);
    assert!(analysis.looks[0].conditional_power_assumed.unwrap() > error);
    assert!(analysis.warnings.is_empty());
}

/// Harm bounds at the analysis: by the hazard ratio at the information seen, or spent by the share of it.
#[test]
fn harm_is_looked_at_first() {
    let mut file = design();
    file["protocol"]["harm"] = json!({"hazard_ratio": [1.2, null, null]});
    // 108 events: z = −ln(1.2)·√27 = −0.947; below the futility bound 0 too.
    let decision =
        |file: &Value, z: f64| run(file, json!([{"name": "first", "events": 108, "z": z}])).looks[0].decision;
    assert_eq!(decision(&file, -0.95), Decision::StopForHarm);
    assert_eq!(decision(&file, -0.94), Decision::Futility);
    file["protocol"]["harm"] = json!({"spending": "pocock", "level": 0.1});
    // Share of the information 108/200: 0.1·ln(1 + 1.71828·0.54) = 0.0656, z = −1.509.
    assert_eq!(decision(&file, -1.51), Decision::StopForHarm);
    assert_eq!(decision(&file, -1.50), Decision::Futility);
}

/// z, score with variance and hazard ratio with standard error say the same.
#[test]
fn three_ways_to_give_a_statistic() {
    let z = run(&design(), json!([{"name": "first", "events": 100, "z": 1.5}]));
    let score = run(&design(), json!([{"name": "first", "events": 100, "score": 7.5, "variance": 25}]));
    let log =
        run(&design(), json!([{"name": "first", "events": 100, "log_hazard_ratio": -0.3, "standard_error": 0.2}]));
    let ratio: f64 = (-0.3_f64).exp();
    let plain = run(&design(), json!([{"name": "first", "events": 100, "hazard_ratio": ratio, "standard_error": 0.2}]));
    assert!(!z.information_given && score.information_given && log.information_given);
    assert_eq!(z.looks, score.looks);
    for other in [&log, &plain] {
        assert!((other.looks[0].z - 1.5).abs() < 1e-12);
        assert!((other.conclusion.p - z.conclusion.p).abs() < 1e-10);
    }
    assert!(!z.conclusion.ended);
    assert_eq!(z.conclusion.look, 0);
}

#[test]
fn the_last_look_spends_all_and_warnings_speak() {
    let last = run(&design(), json!([{"name": "final", "events": 170, "z": 1.97}]));
    assert_eq!(last.looks[0].decision, Decision::Efficacy);
    assert!((last.looks[0].efficacy_bound.as_ref().unwrap().z - 1.959_963_985).abs() < 1e-8);
    assert!(last.warnings[0].starts_with("Planned but not held: first, second."), "{:?}", last.warnings);
    assert!(last.looks[0].conditional_error.is_none() && last.looks[0].predictive_power.is_none());

    let mut binding = design();
    binding["protocol"]["futility"]["binding"] = json!(true);
    let looks = json!([{"name": "first", "events": 100, "z": -0.5}, {"name": "final", "events": 200, "z": 1.0}]);
    let analysis = run(&binding, looks.clone());
    assert_eq!(analysis.looks[0].decision, Decision::Futility);
    assert_eq!(analysis.looks[1].decision, Decision::NotRejected);
    assert!(analysis.warnings.iter().any(|warning| warning.contains("no longer holds")), "{:?}", analysis.warnings);
    assert!(run(&design(), looks).warnings.iter().all(|warning| !warning.contains("no longer holds")));

    let went_on = json!([{"name": "first", "events": 100, "z": 3.5}, {"name": "second", "events": 150, "z": 2.0}]);
    let analysis = run(&design(), went_on);
    assert_eq!(analysis.conclusion.look, 0);
    assert!(analysis.warnings[0].contains("decided the trial"));
}

/// Every way of asking for bounds can be analysed.
#[test]
fn every_kind_of_bound() {
    let kinds = [
        (json!({"family": "pocock"}), json!(null)),
        (json!({"haybittle_peto": 3}), json!({"predictive_power": [0.1, 0.2, null]})),
        (json!({"bounds": [3, null, 2]}), json!({"conditional_power": [0.1, 0.2, null], "under": "trend"})),
        (json!({"spending": "pocock"}), json!({"spending": "pocock", "beta": 0.1, "binding": true})),
        (json!({"spending": "pocock", "looks": ["final"]}), json!({"p": [0.5, null, null], "binding": true})),
        (json!({"spending": "pocock"}), json!({"conditional_power": [0.1, 0.2, null]})),
        (json!({"pampallona_tsiatis": {"delta_efficacy": 0, "delta_futility": 0, "beta": 0.2}}), json!(null)),
        (json!({"spending": "obrien_fleming", "sides": 2}), json!(null)),
        (json!({"spending": "pocock", "spending_time": [0.3, 0.6, 1]}), json!(null)),
    ];
    for (efficacy, futility) in kinds {
        let mut design = design();
        design["protocol"]["efficacy"] = efficacy;
        design["protocol"]["futility"] = futility;
        let looks = json!([{"name": "first", "events": 93, "z": 0.9}, {"name": "second", "events": 158, "z": 1.3}, {"name": "final", "events": 190, "z": -2.8}]);
        let analysis = run(&design, looks);
        let two = design["protocol"]["efficacy"]["sides"] == json!(2);
        assert_eq!(analysis.looks[2].decision, if two { Decision::Harm } else { Decision::NotRejected });
        // Under binding futility whoever stopped early stands below this trial.
        let binding = design["protocol"]["futility"]["binding"] == json!(true)
            || design["protocol"]["efficacy"]["pampallona_tsiatis"].is_object();
        assert!(analysis.conclusion.p > if binding { 0.025 } else { 0.9 }, "{design}");
        assert!(binding || analysis.conclusion.median_unbiased.estimate > 1.0);
        assert!(analysis.conclusion.median_unbiased.low < analysis.conclusion.median_unbiased.high);
    }
}

/// Piecewise weights that are all 2 make the log-rank test, with twice its score, four times its variance and half its effect per unit
/// of weight.
#[test]
fn a_weighted_test_of_even_weights_is_the_log_rank_test() {
    let looks = |weight: f64| {
        let look = |name: &str, events: f64, score: f64, variance: f64| json!({"name": name, "events": events, "score": weight * score, "variance": weight * weight * variance});
        json!([look("first", 105.0, 6.5, 26.0), look("second", 150.0, 16.0, 37.2)])
    };
    let mut file = design();
    file["protocol"]["futility"] = json!({"bounds": [0, null, null]});
    let plain = run(&file, looks(1.0));
    file["protocol"]["primary"]["test"] = json!({"piecewise_weights": [{"for": 4, "weight": 2}, {"weight": 2}]});
    let weighted = run(&file, looks(2.0));
    assert_eq!(weighted.scale, EffectScale::PerWeight);
    for (a, b) in plain.looks.iter().zip(&weighted.looks) {
        assert_eq!((a.z, a.spending_time, a.decision), (b.z, b.spending_time, b.decision));
        let (a_bound, b_bound) = (a.efficacy_bound.unwrap(), b.efficacy_bound.unwrap());
        assert!((a_bound.z - b_bound.z).abs() < 1e-9 && b_bound.hazard_ratio.is_none());
        // The information to come is events/4 for the one and the statistic's own null information for the other, which differ by
        // the drift of the arms' shares at risk, below 1 %.
        assert!((a.conditional_power_assumed.unwrap() - b.conditional_power_assumed.unwrap()).abs() < 0.01);
        let (ratio, effect) = (a.repeated.unwrap(), b.repeated.unwrap());
        assert!((ratio.low - (-2.0 * effect.high).exp()).abs() < 1e-12);
    }
    assert!((plain.conclusion.p - weighted.conclusion.p).abs() < 1e-10);
    let (ratio, effect) = (plain.conclusion.median_unbiased, weighted.conclusion.median_unbiased);
    assert!((ratio.estimate.ln() + 2.0 * effect.estimate).abs() < 1e-7, "{ratio:?} {effect:?}");
}

/// Differences of restricted means and milestones, by hand at a first look: intervals d ± z·se, the stage-wise p that of z, bounds
/// at the share of the information seen.
#[test]
fn differences_are_read_on_their_own_scale() {
    let mut file = design();
    file["protocol"]["futility"] = json!(null);
    file["protocol"]["analyses"] = json!([
        {"name": "first", "when": {"calendar": 20}}, {"name": "final", "when": {"calendar": 30}}
    ]);
    for test in [json!({"rmst": {"to": 15}}), json!({"milestone": {"at": 12}})] {
        file["protocol"]["primary"]["test"] = test;
        let planned = run(&file, json!([{"name": "first", "events": 130, "z": 1.8}]));
        let [look] = &planned.looks[..] else { panic!("one look") };
        assert!(!planned.information_given && look.information_fraction < 1.0);
        let se = look.information.sqrt().recip();
        let analysis =
            run(&file, json!([{"name": "first", "events": 130, "difference": 1.8 * se, "standard_error": se}]));
        assert_eq!(analysis.scale, EffectScale::Difference);
        assert!((analysis.looks[0].efficacy_bound.unwrap().z - look.efficacy_bound.unwrap().z).abs() < 1e-7);
        let naive = analysis.conclusion.naive;
        assert!(
            (naive.estimate - 1.8 * se).abs() < 1e-9 * se && (naive.low - (1.8 - 1.959_963_985) * se).abs() < 1e-7 * se
        );
        let repeated = analysis.looks[0].repeated.unwrap();
        let bound = analysis.looks[0].efficacy_bound.unwrap().z;
        assert!((repeated.low - (1.8 - bound) * se).abs() < 1e-7 * se);
        assert!((analysis.conclusion.p - seamline::numerics::normal::sf(1.8)).abs() < 1e-9);
        // Twice the information of the plan at the first look: no more is spent than planned.
        let early = run(&file, json!([{"name": "first", "events": 130, "difference": se, "standard_error": se / 1.1}]));
        assert!((early.looks[0].spending_time - look.spending_time).abs() < 1e-9);
    }
}

#[test]
fn a_figure_must_belong_to_the_test() {
    let mut file = design();
    file["protocol"]["futility"] = json!(null);
    for (test, look, place, rule) in [
        (json!("logrank"), json!({"difference": 1, "standard_error": 1}), "/looks/0/difference", "not a figure"),
        (json!({"rmst": {"to": 9}}), json!({"score": 1, "variance": 1}), "/looks/0/score", "not a figure"),
        (
            json!({"fleming_harrington": {"rho": 0, "gamma": 1}}),
            json!({"hazard_ratio": 0.7, "standard_error": 0.2}),
            "/looks/0/hazard_ratio",
            "not a figure",
        ),
        (json!({"rmst": {"to": 9}}), json!({"difference": 1}), "/looks/0/standard_error", "needs"),
        (
            json!({"max_combo": ["logrank", {"fleming_harrington": {"rho": 0, "gamma": 1}}]}),
            json!({"z": 1}),
            "/looks",
            "joint law",
        ),
    ] {
        file["protocol"]["primary"]["test"] = test;
        let mut looks = json!([{"name": "first", "events": 100}]);
        looks[0].as_object_mut().unwrap().extend(look.as_object().unwrap().clone());
        let observed = json!({"seamline": 1, "looks": looks});
        let error = Observed::from_json(&observed.to_string(), &scenario(&file)).unwrap_err();
        assert_eq!(error.pointer, place, "{error:?}");
        assert!(error.rule.contains(rule), "{error:?}");
    }
}

#[test]
fn wrong_files() {
    let scenario = scenario(&design());
    let wrong = |looks: Value, pointer: &str, rule: &str| {
        let file = json!({"seamline": 1, "looks": looks});
        let error = Observed::from_json(&file.to_string(), &scenario).unwrap_err();
        assert_eq!(error.pointer, pointer, "{error:?}");
        assert!(error.rule.contains(rule), "{error:?}");
    };
    wrong(json!([]), "/looks", "at least one look");
    wrong(json!([{"name": "fist", "events": 100, "z": 1}]), "/looks/0/name", "no such analysis");
    wrong(json!([{"name": "first", "events": 0, "z": 1}]), "/looks/0/events", "must be above 0");
    wrong(json!([{"name": "first", "events": 100}]), "/looks/0", "needs exactly one of `z`, `score`");
    wrong(json!([{"name": "first", "events": 100, "score": 3}]), "/looks/0/variance", "`score` needs `variance`");
    wrong(
        json!([{"name": "first", "events": 100, "z": 3, "variance": 3}]),
        "/looks/0/variance",
        "`variance` goes with `score`",
    );
    wrong(json!([{"name": "first", "events": 100, "z": 31}]), "/looks/0/z", "between -30 and 30");
    wrong(json!([{"name": "first", "events": 100, "zz": 3}]), "/looks/0/zz", "unknown key");
    let then = |second: Value| json!([{"name": "first", "events": 100, "month": 12, "z": 1}, second]);
    wrong(then(json!({"name": "first", "events": 120, "z": 1})), "/looks/1/name", "the design's order");
    wrong(
        then(json!({"name": "final", "events": 100, "z": 1})),
        "/looks/1/events",
        "must be above those of the look before",
    );
    wrong(then(json!({"name": "final", "events": 120, "month": 12, "z": 1})), "/looks/1/month", "must be after");
    wrong(then(json!({"name": "final", "events": 120, "score": 1, "variance": 30})), "/looks/1", "at every look");
    let named = json!({"seamline": 1, "candidate": "other", "looks": [{"name": "first", "events": 100, "z": 1}]});
    assert_eq!(Observed::from_json(&named.to_string(), &scenario).unwrap_err().pointer, "/candidate");
    let version = json!({"seamline": 2, "looks": [{"name": "first", "events": 100, "z": 1}]});
    assert_eq!(Observed::from_json(&version.to_string(), &scenario).unwrap_err().pointer, "/seamline");
}

#[test]
fn the_command() {
    let folder = tempfile::tempdir().unwrap();
    let [plan, seen, bad] = ["design.json", "observed.json", "bad.json"].map(|name| folder.path().join(name));
    std::fs::write(&plan, design().to_string()).unwrap();
    std::fs::write(&seen, json!({"seamline": 1, "looks": [{"name": "first", "events": 100, "z": 1.5}]}).to_string())
        .unwrap();
    std::fs::write(&bad, json!({"seamline": 1, "looks": [{"name": "firs", "events": 100, "z": 1.5}]}).to_string())
        .unwrap();
    let command = || assert_cmd::Command::cargo_bin("seamline").unwrap();
    let output = command().arg("analyze").args([&plan, &seen]).arg("--json").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["conclusion"]["decision"], "go on");
    assert_eq!(answer["coverage"], 0.95);
    let text = command().arg("analyze").args([&plan, &seen]).output().unwrap();
    assert!(String::from_utf8(text.stdout).unwrap().contains("median-unbiased HR"));
    let output = command().arg("analyze").args([&plan, &bad]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("/looks/0/name") && message.contains("first"), "{message}");
    let schema = command().args(["schema", "--observed"]).output().unwrap();
    assert!(String::from_utf8(schema.stdout).unwrap().contains("log_hazard_ratio"));
}
