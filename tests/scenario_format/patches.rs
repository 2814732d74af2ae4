//! Merge patches and overrides: what they change, and where their errors point.

use crate::examples::{group_sequential, read, read_with, refused, seamless, stratified, with};
use seamline::protocol::{Combination, Design, Stage1};
use seamline::scenario::apply_set;
use seamline::survival::HazardRatio;
use seamline::transition::Trigger;
use serde_json::json;

#[test]
fn variants_keep_the_order_of_the_file() {
    let scenario = read(&seamless()).unwrap();
    let names: Vec<&str> = scenario.candidates.iter().map(|candidate| candidate.name.as_str()).collect();
    assert_eq!(names, ["both", "response", "no gate"]);
    assert_eq!(scenario.candidates[0].truths.len(), 1);
    assert_eq!(scenario.candidates[0].truths[0].0, "base");
    let scenario = read(&group_sequential()).unwrap();
    assert_eq!(scenario.candidates[0].name, "protocol");
    let names: Vec<&str> = scenario.candidates[0].truths.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["as assumed", "null"]);
}

#[test]
fn a_patch_replaces_adds_and_removes() {
    let scenario = read(&group_sequential()).unwrap();
    let candidate = &scenario.candidates[0];
    assert_eq!(candidate.truths[0].1, candidate.planning);
    let course = |truth: &seamline::truth::Truth, arm: usize| truth.arms[arm].strata[0].courses[0].clone();
    assert_eq!(course(&candidate.truths[1].1, 0), course(&candidate.truths[1].1, 1));
    assert_ne!(course(&candidate.planning, 0), course(&candidate.planning, 1));

    let scenario = read(&seamless()).unwrap();
    let go = |index: usize| match &scenario.candidates[index].protocol.design {
        Design::Seamless(design) => design.transition.go.clone(),
        Design::GroupSequential(_) => panic!("not seamless"),
    };
    assert_eq!(go(0).unwrap().statistics().len(), 2);
    assert_eq!(go(1).unwrap().statistics().len(), 1);
    assert_eq!(go(2), None);
}

#[test]
fn an_error_points_into_the_patch_that_caused_it() {
    let patched = |patch| with(group_sequential(), "/truths/null", patch);
    let rule = "must be at least 0 and at most 100 per month";
    let patch = json!({"control": {"death": {"median": null, "hazard": -1}}});
    let error = refused(&patched(patch), "/truths/null/control/death/hazard", rule);
    assert_eq!(error.value, "-1");
    // The object as a whole is wrong, base and patch together.
    let rule = "needs exactly one of `hazard`, `median`, not several";
    let patch = json!({"control": {"death": {"hazard": 0.05}}});
    let error = refused(&patched(patch), "/truths/null/control/death", rule);
    assert_eq!(error.hint.as_deref(), Some("keep one; a patch removes the other with null"));
    // Something was removed that is needed.
    let patch = json!({"control": {"death": null}});
    let error = refused(&patched(patch), "/truths/null/control/death", "`death` is required");
    assert_eq!(error.value, "null");
    // A list is replaced as a whole.
    let patch = json!({"enrollment": [{"per_month": 0}]});
    refused(
        &patched(patch),
        "/truths/null/enrollment/0/per_month",
        "must be above 0 in the last piece, which is open-ended",
    );
    let candidates = json!({"big": {"analyses": [{"name": "one", "when": {"events": 900}}], "futility": null}});
    refused(
        &with(group_sequential(), "/candidates", candidates),
        "/candidates/big/analyses/0/when/events",
        "900 events can never be reached with the 480 patients of the trial",
    );
}

#[test]
fn an_error_of_the_base_points_into_the_base() {
    // The candidate has nothing to do with the wrong look.
    let file = with(group_sequential(), "/candidates", json!({"small": {"patients": 290}}));
    refused(
        &file,
        "/protocol/analyses/2/when/events",
        "300 events can never be reached with the 290 patients of the trial",
    );
    // An error in the base that every candidate repairs is none.
    let file = with(group_sequential(), "/protocol/patients", json!(200));
    refused(
        &file,
        "/protocol/analyses/2/when/events",
        "300 events can never be reached with the 200 patients of the trial",
    );
    read(&with(file, "/candidates", json!({"large": {"patients": 480}}))).unwrap();
}

#[test]
fn truths_must_suit_the_protocol() {
    let file = with(
        stratified(),
        "/truths",
        json!({"swapped": {"strata": [
            {"name": "antigen_low", "prevalence": 0.4},
            {"name": "antigen_high", "prevalence": 0.6}
        ]}}),
    );
    refused(
        &file,
        "/truths/swapped/strata",
        "strata keep their order in every truth where a trigger names a `population`",
    );
    let file = with(group_sequential(), "/truth/arms/extra", json!({"effect": {"death": 0.5}}));
    refused(&file, "/truth/arms/extra", "no protocol has this arm");
    let file = with(group_sequential(), "/truths/null", json!({"arms": {"vaccine": null}}));
    refused(&file, "/truths/null/arms", "must describe at least one experimental arm");
    let file = with(group_sequential(), "/protocol/arms", json!(["control", "vacine"]));
    let error = refused(
        &with(file, "/protocol/allocation", json!(null)),
        "/protocol/arms/1",
        "`truth` does not describe arm `vacine`",
    );
    assert_eq!(error.hint.as_deref(), Some("did you mean `vaccine`? known arms: vaccine"));
    // Candidates may study different arms, as long as every arm is studied.
    let file = with(seamless(), "/candidates/response/arms", json!(["control", "high"]));
    let file = with(file, "/candidates/response/phase2", json!({"allocation": {"low": null}}));
    assert_eq!(read(&file).unwrap().candidates[1].planning.arms.len(), 2);
}

#[test]
fn names_of_variants() {
    let file = with(group_sequential(), "/truths", json!({}));
    refused(&file, "/truths", "must name 1 to 100 variants, not 0");
    let file = with(group_sequential(), "/truths", json!({" ": {}}));
    refused(&file, "/truths/ ", "the name of a variant must not be empty");
    let file = with(group_sequential(), "/truths", json!({"a/b~c": {"control": 1}}));
    refused(&file, "/truths/a~1b~0c/control", "expected an object, found a number");
}

#[test]
fn overrides_replace_and_add() {
    let scenario = read_with(
        &group_sequential(),
        &["/protocol/patients=600", "/title=a=b", "/protocol/analyses/0/when/events=120", "/run/replicates=1e4"],
    )
    .unwrap();
    assert_eq!(scenario.title, "a=b");
    assert_eq!(scenario.run.replicates, 10_000);
    let protocol = &scenario.candidates[0].protocol;
    assert_eq!(protocol.analyses[0].when.planned_events(), Some(120.0));
    match &protocol.design {
        Design::GroupSequential(design) => assert_eq!(design.patients, 600.0),
        Design::Seamless(_) => panic!("seamless"),
    }
    let plain = read(&group_sequential()).unwrap();
    assert_ne!(plain.sha256, scenario.sha256);
    assert_eq!(plain.sha256.len(), 64);
    assert_eq!(scenario.source["protocol"]["patients"], 600);

    let fixed = read_with(&seamless(), &["/protocol/combination/weight=0.4"]).unwrap();
    match &fixed.candidates[0].protocol.design {
        Design::Seamless(design) => match &design.combination {
            Combination::TwoStage { function, weight, stage1: Stage1::OwnCohort { follow_up } } => {
                assert_eq!(function.name(), "inverse_normal");
                assert_eq!(*weight, seamline::protocol::Weight::Fixed(0.4));
                assert_eq!(*follow_up, Trigger::MinFollowUp { months: 18.0 });
            }
            other => panic!("{other:?}"),
        },
        Design::GroupSequential(_) => panic!("not seamless"),
    }
}

#[test]
fn wrong_overrides_say_where() {
    let wrong = |set: &str| apply_set(&mut seamless(), set).unwrap_err();
    let error = wrong("/truth/arms/hgih/effect/death=1");
    assert_eq!(error.pointer, "/truth/arms/hgih");
    assert_eq!(error.rule, "the path does not stand in the file");
    assert_eq!(error.hint.as_deref(), Some("did you mean `/truth/arms/high`?"));
    assert_eq!(error.value, "/truth/arms/hgih/effect/death=1");
    let error = wrong("/protocol/analyses/2/name=x");
    assert_eq!(error.pointer, "/protocol/analyses/2");
    assert_eq!(error.rule, "the list has 2 elements, counted from 0");
    assert_eq!(wrong("/protocol/analyses/7=1").pointer, "/protocol/analyses/7");
    assert_eq!(wrong("/title/x=1").pointer, "/title/x");
    assert_eq!(wrong("/title/x/y=1").pointer, "/title/x");
    assert_eq!(wrong("protocol/alpha=1").rule, "the path of an override starts with a slash");
    assert_eq!(wrong("/protocol/alpha").rule, "an override is a path, an equals sign and a value");
    assert_eq!(wrong("=1").rule, "an override cannot replace the whole file");
    let error = read_with(&seamless(), &["/protocol/alhpa=0.05"]).unwrap_err();
    assert_eq!((error.pointer.as_str(), error.rule.as_str()), ("/protocol/alhpa", "unknown key"));
    let error = read_with(&seamless(), &["/protocol/alpha=NaN"]).unwrap_err();
    assert_eq!(error.rule, "expected a number, found a string");
}

#[test]
fn places_labels_and_the_file_without_delays() {
    let candidates = json!({"a": {"analyses": [{"name": "one", "when": {"events": 300}}], "futility": null}, "b": {}});
    let scenario = read(&with(group_sequential(), "/candidates", candidates)).unwrap();
    let place = |candidate: &str| scenario.error_at(candidate, "null", "/protocol/analyses/0/when", "is odd", None);
    assert_eq!(
        (place("a").pointer.as_str(), place("a").value.as_str()),
        ("/candidates/a/analyses/0/when", "{\"events\":300}")
    );
    assert_eq!(place("b").pointer, "/protocol/analyses/0/when");
    assert_eq!(scenario.candidates[0].hypotheses(), ["vaccine vs control · os · full population"]);
    let error = scenario.error_at("a", "null", "/truth/arms/vaccine/effect/death", "is odd", None);
    assert_eq!((error.pointer.as_str(), error.value.as_str()), ("/truths/null/arms/vaccine/effect/death", "1"));

    let prompt = read(&stratified()).unwrap().without_delays().unwrap();
    let (control, vaccine) = (&prompt.candidates[0].planning.arms[0], &prompt.candidates[0].planning.arms[1]);
    let ratio = HazardRatio::delayed(0.6, 0.0, 0.0).unwrap();
    let expected = ratio.applied_to(&control.strata[0].courses[0].death).unwrap();
    assert_eq!(vaccine.strata[0].courses[0].death, expected);
    assert!(prompt.without_delays().is_none());
    // A patch may give a delay alone.
    let patch = json!({"late": {"arms": {"vaccine": {"effect": {"death": {"delay": 9}}}}}});
    let late = read(&with(group_sequential(), "/truths", patch)).unwrap();
    let prompt = late.without_delays().unwrap();
    assert_eq!(prompt.candidates[0].truths[0].1, prompt.candidates[0].planning);
    // Nobody waits for a product, whichever law the wait has.
    let file = with(group_sequential(), "/truth/arms/vaccine/manufacturing", json!({"wait": {"fixed": 2}}));
    let patch = json!({"arms": {"vaccine": {"manufacturing": {"wait": {"fixed": null, "median": 2, "shape": 4}}}}});
    let prompt = read(&with(file, "/truths", json!({"random": patch}))).unwrap().without_delays().unwrap();
    let product = prompt.candidates[0].truths[0].1.arms[1].strata[0].product.as_ref().unwrap();
    assert_eq!(product.wait, seamline::survival::Waiting::NONE);
}
