//! Therapy after progression, crossover, control hazards solved from medians, and products that patients wait for.

use crate::examples::{one_look, read, refused, seamless_alone, stratified, with, without};
use seamline::survival::{Clock, Effect, Endpoint, HazardRatio, Waiting};
use seamline::truth::{Crossover, Later, Therapy, Truth};
use serde_json::{Value, json};

fn truth(file: &Value) -> Truth {
    read(file).unwrap().candidates[0].truths[0].1.clone()
}

/// One look, with a hazard after progression that restarts its clock and an effect that is delayed.
fn restarting() -> Value {
    let file = without(one_look(), "/truth/control/death_after_progression/clock");
    with(file, "/truth/arms/vaccine/effect/death_after_progression", json!({"hazard_ratio": 0.5, "delay": 4}))
}

#[test]
fn therapy_and_crossover_by_arm() {
    let therapy = json!({"control": {"probability": 0.5, "hazard_ratio": 0.7}});
    let file = with(restarting(), "/truth/subsequent_therapy", therapy);
    let file = with(file, "/truth/crossover", json!({"control": {"probability": 0.3, "to": "vaccine"}}));
    let made = truth(&file);
    let crossover = Crossover { probability: 0.3, effect: HazardRatio::delayed(0.5, 4.0, 0.0).unwrap() };
    let therapy = Therapy { probability: 0.5, hazard_ratio: 0.7 };
    let later = Later { therapy: Some(therapy), crossover: Some(crossover) };
    assert_eq!(made.arms[0].strata[0].later, Some(later.clone()));
    assert_eq!(made.arms[1].strata[0].later, None);
    // The delay counts from the crossover.
    let course = &made.arms[0].strata[0].courses[0];
    let [neither, treated, crossed, both] = later.histories(course).unwrap();
    let shares = [neither.0, treated.0, crossed.0, both.0];
    assert_eq!(shares.map(|share| (share * 1e6).round()), [350_000.0, 350_000.0, 150_000.0, 150_000.0]);
    assert_eq!(crossed.1.clock, Clock::SinceProgression);
    assert_eq!((crossed.1.after_hazard(10.0, 13.9), crossed.1.after_hazard(10.0, 14.0)), (0.08, 0.04));
    assert!((both.1.after_hazard(2.0, 7.0) - 0.08 * 0.7 * 0.5).abs() < 1e-15);
    assert_eq!(treated.1.after_baseline, course.after_baseline.scaled(0.7).unwrap());

    // A truth without either is the plain one; a stratum's own effect is that of its crossed over.
    assert!(truth(&restarting()).arms.iter().all(|arm| arm.strata[0].later.is_none()));
    let strata = json!([{"name": "s", "prevalence": 0.5}, {"name": "t", "prevalence": 0.5}]);
    let file = with(with(file, "/truth/strata", strata), "/truth/arms/vaccine/strata", json!({"t": {"effect": {}}}));
    let made = truth(&file);
    let effects = [0, 1].map(|stratum| made.arms[0].strata[stratum].later.clone().unwrap().crossover.unwrap().effect);
    assert!(!effects[0].is_one() && effects[1].is_one());
}

#[test]
fn therapy_and_crossover_refused() {
    let one = json!({"control": {"probability": 0.3, "to": "vaccine"}});
    let file = with(stratified(), "/truth/crossover", one.clone());
    refused(&file, "/truth/crossover", "`crossover` needs `control.progression`, which is absent");
    let file = with(one_look(), "/truth/crossover", json!({"control": {"probability": 0.3, "to": "vacine"}}));
    let error = refused(&file, "/truth/crossover/control/to", "no experimental arm is named `vacine`");
    assert!(error.hint.unwrap().contains("vaccine"));
    let file = with(one_look(), "/truth/crossover", json!({"vaccine": {"probability": 0.3, "to": "vaccine"}}));
    refused(&file, "/truth/crossover/vaccine", "only patients of `control` cross over, not those of `vaccine`");
    let file =
        with(one_look(), "/truth/subsequent_therapy", json!({"kontrol": {"probability": 0.3, "hazard_ratio": 1}}));
    refused(&file, "/truth/subsequent_therapy/kontrol", "no arm is named `kontrol`");
    let file = with(one_look(), "/truth/crossover", json!({"control": {"probability": 1.3, "to": "vaccine"}}));
    assert!(read(&file).is_err());
    // Two clocks at once.
    let file = with(one_look(), "/truth/crossover", one);
    let two = json!({"hazards": [{"for": 6, "hazard": 0.1}, {"hazard": 0.05}], "clock": "since_randomization"});
    let file = with(file, "/truth/control/death_after_progression", two);
    assert!(read(&file).is_ok());
    let file =
        with(file, "/truth/arms/vaccine/effect/death_after_progression", json!({"hazard_ratio": 0.5, "delay": 4}));
    refused(
        &file,
        "/truth/crossover/control",
        "pieces of the hazard of death after progression is 2, but it must be constant or restart at progression where a \
         crossover's effect changes over time",
    );
    let file = with(seamless_alone(), "/truth/crossover", json!({"control": {"probability": 0.3, "to": "low"}}));
    let effect = json!({"death_after_progression": 0.7});
    refused(
        &with(file, "/truth/arms/low/effect/responders", effect),
        "/truth/arms/low/effect/responders",
        "not yet computed by this version: crossover to an arm whose effect on death after progression depends on the \
         immune response",
    );
}

#[test]
fn hazards_from_medians() {
    let control = json!({"medians": {"pfs": 6, "os": 16}, "correlation": 0.5});
    let file = with(one_look(), "/truth/control", control);
    let made = truth(&file);
    assert!(made.has_progression);
    for (endpoint, median) in [(Endpoint::Pfs, 6.0), (Endpoint::Os, 16.0)] {
        assert!((made.law(0, 0, endpoint).unwrap().median().unwrap() - median).abs() < 1e-9);
    }
    assert!((made.correlations(0, 18.0).unwrap().pfs_os.unwrap() - 0.5).abs() < 1e-9);

    let refuse = |pointer: &str, value: Value, rule: &str| refused(&with(file.clone(), pointer, value), pointer, rule);
    let rule = "no constant hazards have these medians and this correlation of PFS and OS";
    let error = refuse("/truth/control/correlation", json!(0.7), rule);
    assert_eq!(error.hint.as_deref(), Some("with medians 6 and 16 it is above 0 and at most 0.638"));
    refuse("/truth/control/correlation", json!(0), rule);
    refuse("/truth/control/correlation", json!(-0.2), rule);
    refuse("/truth/control/medians/os", json!(6), "must be above the median of PFS, 6, by more than a rounding error");
    let file = without(file.clone(), "/truth/control/correlation");
    refused(&file, "/truth/control/correlation", "`medians` needs `correlation` beside it, that of PFS and OS");
}

#[test]
fn a_delay_that_differs_between_patients() {
    let delayed = json!({"hazard_ratio": 0.5, "delay": {"median": 4, "shape": 3}, "ramp": 2});
    let file = with(restarting(), "/truth/arms/vaccine/effect/progression", delayed);
    let made = truth(&file);
    let arm = &made.arms[1].strata[0];
    let product = arm.product.clone().unwrap();
    assert_eq!((product.failure, product.wait), (0.0, Waiting::NONE));
    let ratio = HazardRatio::delayed(0.5, 0.0, 2.0).unwrap();
    let effect = Effect { ratio, delay: Waiting::gamma(4.0, 3.0).unwrap() };
    assert_eq!(product.effects[0][0], effect);
    assert_eq!(product.effects[0], product.effects[1]);
    // The courses beside it are those of the control; an effect of a fixed delay alone needs no product.
    assert_eq!(arm.courses, made.arms[0].strata[0].courses);
    assert!(truth(&restarting()).arms.iter().all(|arm| arm.strata[0].product.is_none()));
    let one = json!({"control": {"probability": 0.3, "to": "vaccine"}});
    let file = with(restarting(), "/truth/crossover", one);
    let random = json!({"hazard_ratio": 0.5, "delay": {"median": 4, "shape": 3}});
    refused(
        &with(file.clone(), "/truth/arms/vaccine/effect/death_after_progression", random),
        "/truth/arms/vaccine/effect/death_after_progression/delay",
        "not yet computed by this version: crossover to a product whose delay differs between patients",
    );
    refused(
        &with(file, "/truth/arms/vaccine/manufacturing", json!({"failure": 0.1})),
        "/truth/arms/vaccine/manufacturing",
        "not yet computed by this version: crossover to an arm whose product must be made",
    );
}

#[test]
fn a_product_that_must_be_made() {
    let manufacturing = json!({"wait": {"fixed": 1.5}, "failure": 0.07});
    let file = with(restarting(), "/truth/arms/vaccine/manufacturing", manufacturing);
    let made = truth(&file);
    let product = made.arms[1].strata[0].product.clone().unwrap();
    assert_eq!((product.failure, product.wait), (0.07, Waiting::fixed(1.5).unwrap()));
    assert_eq!(product.effects[1][2].delay, Waiting::fixed(4.0).unwrap());
    let at = "/truth/arms/vaccine/manufacturing";
    let refuse = |value: Value, pointer: &str, rule: &str| {
        refused(&with(restarting(), at, value), &format!("{at}{pointer}"), rule);
    };
    refuse(json!({}), "", "needs `wait` or `failure`");
    refuse(json!({"wait": {}}), "/wait", "needs `fixed`, or `median` and `shape`");
    refuse(json!({"wait": {"median": 2}}), "/wait", "needs `fixed`, or `median` and `shape`");
    refuse(json!({"failure": 1.2}), "/failure", "must be at least 0 and at most 1");
}
