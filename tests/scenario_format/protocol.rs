//! Every form of a protocol: arms, allocation, looks, bounds, transition, combination; and what each refuses.

use crate::examples::{calendar, group_sequential, one_look, read, refused, seamless_alone, stratified, with, without};
use seamline::adaptive::combination::combining;
use seamline::engine::EngineKind;
use seamline::protocol::{Allocation, Combination, Design, Protocol, Seamless, Stage1, Weight};
use seamline::scenario::{Goal, Solve};
use seamline::sequential::{Assumption, EfficacyPlan, FutilityPlan, Prior};
use seamline::survival::Endpoint;
use seamline::transition::{Criterion, Resize, Statistic, Threshold, Trigger};
use serde_json::{Value, json};

fn protocol(file: &Value) -> Protocol {
    read(file).unwrap().candidates.remove(0).protocol
}

fn seamless_design(file: &Value) -> Seamless {
    match protocol(file).design {
        Design::Seamless(design) => *design,
        Design::GroupSequential(_) => panic!("not seamless"),
    }
}

fn events(count: f64, endpoint: Endpoint) -> Trigger {
    Trigger::Events { count, endpoint, stratum: None, arms: None }
}

#[test]
fn a_group_sequential_protocol() {
    let scenario = read(&group_sequential()).unwrap();
    let candidate = &scenario.candidates[0];
    let protocol = &candidate.protocol;
    assert_eq!(protocol.arms, ["control", "vaccine"], "the control comes first");
    match &protocol.design {
        Design::GroupSequential(design) => {
            assert_eq!((design.patients, &design.allocation), (480.0, &Allocation(vec![1, 2])));
        }
        Design::Seamless(_) => panic!("seamless"),
    }
    let triggers: Vec<&Trigger> = protocol.analyses.iter().map(|look| &look.when).collect();
    let expected = [150.0, 225.0, 300.0].map(|count| events(count, Endpoint::Os));
    assert_eq!(triggers, expected.iter().collect::<Vec<_>>());
    assert_eq!(candidate.event_fractions, [None, Some(0.75), None]);
    assert!(matches!(protocol.bounds.efficacy, EfficacyPlan::Spending(_)));
    match &protocol.bounds.futility {
        Some(FutilityPlan::Bounds(bounds)) => assert_eq!(bounds[..], [0.0, 0.6, f64::NEG_INFINITY]),
        other => panic!("{other:?}"),
    }
    assert_eq!(scenario.goal, Some(Goal { power: 0.9, solve: Solve::Events }));
    assert_eq!(scenario.run.engine, EngineKind::Analytic);
    assert_eq!(scenario.run.replicates, 100_000);
    assert_eq!(scenario.run.seed, 20_261_122);
    let seed = with(group_sequential(), "/run/seed", json!(u64::MAX));
    assert_eq!(read(&seed).unwrap().run.seed, u64::MAX, "no rounding through a real number");
}

#[test]
fn a_seamless_protocol() {
    let scenario = read(&seamless_alone()).unwrap();
    let protocol = &scenario.candidates[0].protocol;
    assert_eq!(protocol.primary.endpoint, Endpoint::Dfs);
    assert_eq!(protocol.analyses[0].when, events(100.0, Endpoint::Dfs));
    let design = seamless_design(&seamless_alone());
    assert_eq!((design.phase2_patients, design.phase3_patients), (180.0, 500.0));
    assert_eq!(design.phase3_allocation, Allocation(vec![1, 1, 1]), "phase II's where phase III has none");
    assert_eq!((design.decision_time, design.pause_enrollment), (1.0, true));
    assert_eq!(design.transition.keep.rule_name, "best");
    assert_eq!(design.transition.keep.by, Statistic::ResponseDifference);
    let not = Criterion::Not(Box::new(Criterion::Compare(Statistic::PfsHazardRatio, Threshold::AtLeast(1.1))));
    let difference = Criterion::Compare(Statistic::ResponseDifference, Threshold::AtLeast(0.2));
    assert_eq!(design.transition.go, Some(Criterion::All(vec![difference, not])));
    let follow_up = Trigger::MinFollowUp { months: 18.0 };
    assert_eq!(
        design.combination,
        Combination::TwoStage {
            function: combining("inverse_normal").unwrap(),
            weight: Weight::PlannedEvents,
            stage1: Stage1::OwnCohort { follow_up },
        }
    );
}

#[test]
fn triggers() {
    let protocol = protocol(&stratified());
    let low = Trigger::Events { count: 90.0, endpoint: Endpoint::Os, stratum: Some(1), arms: None };
    assert_eq!(protocol.analyses[0].when, low);
    let either = vec![events(260.0, Endpoint::Os), Trigger::Calendar { month: 40.0 }];
    assert_eq!(protocol.analyses[1].when, Trigger::Any(either));
    let arms = Trigger::Events { count: 300.0, endpoint: Endpoint::Os, stratum: None, arms: Some(vec![1, 0]) };
    assert_eq!(self::protocol(&one_look()).analyses[0].when, arms);
    assert_eq!(self::protocol(&calendar()).analyses[1].when, Trigger::AfterPrevious { months: 6.0 });

    let at = "/protocol/analyses/0/when";
    let wrong = |value: Value, place: &str, rule: &str| {
        refused(&with(group_sequential(), at, value), &format!("{at}{place}"), rule);
    };
    let keys = "`events`, `enrolled`, `calendar`, `min_follow_up`, `after_previous`, `event_fraction`, `all`, `any`";
    wrong(json!({}), "", &format!("needs exactly one of {keys}"));
    wrong(json!({"events": 3, "calendar": 4}), "", "needs exactly one of `events`, `calendar`, not several");
    wrong(json!({"events": 0}), "/events", "must be a whole number, at least 1 and at most 100000");
    wrong(json!({"calendar": 4, "endpoint": "os"}), "/endpoint", "`endpoint` goes with `events`, not with `calendar`");
    wrong(
        json!({"events": 9, "endpoint": "pfs"}),
        "/endpoint",
        "`pfs` needs `control.progression`, which `truth` does not have",
    );
    wrong(json!({"events": 9, "population": "young"}), "/population", "`truth` has no stratum `young`");
    wrong(json!({"events": 9, "arms": ["low"]}), "/arms/0", "`low` is not an arm of the protocol");
    wrong(json!({"events": 9, "arms": []}), "/arms", "must list 1 to 8 arms, not 0");
    wrong(json!({"all": []}), "/all", "must list 1 to 100 conditions, not 0");
    wrong(
        json!({"any": [{"events": 481}]}),
        "/any/0/events",
        "481 events can never be reached with the 480 patients of the trial",
    );
    wrong(json!({"event_fraction": 1}), "/event_fraction", "must be above 0 and below 1");
    let many: Vec<Value> = (0..100).map(|_| json!({"calendar": 5})).collect();
    wrong(json!({"all": many}), "/all/99", "a trigger has at most 100 conditions");

    let last = with(group_sequential(), "/protocol/analyses/2/when", json!({"event_fraction": 0.5}));
    refused(
        &last,
        "/protocol/analyses/2/when/event_fraction",
        "the final analysis cannot be a fraction of its own events",
    );
    let last = with(group_sequential(), "/protocol/analyses/2/when", json!({"calendar": 40}));
    refused(
        &last,
        "/protocol/analyses/1/when/event_fraction",
        "needs a final analysis with exactly one `events` condition, of which it is the fraction",
    );
    let both =
        with(group_sequential(), "/protocol/analyses/2/when", json!({"all": [{"events": 301}, {"calendar": 40}]}));
    assert_eq!(self::protocol(&both).analyses[1].when, events(226.0, Endpoint::Os), "0.75 × 301 = 225.75");
    let transition = with(seamless_alone(), "/protocol/transition/when", json!({"event_fraction": 0.5}));
    refused(
        &transition,
        "/protocol/transition/when/event_fraction",
        "a fraction of the final analysis's events has no meaning here",
    );
}

#[test]
fn looks_come_one_after_the_other() {
    let rule = "looks must come one after the other: 150 is not above the look before, 150";
    let file = with(group_sequential(), "/protocol/analyses/1/when", json!({"events": 150}));
    refused(&file, "/protocol/analyses/1/when/events", rule);
    let file = with(group_sequential(), "/protocol/analyses/1/when", json!({"event_fraction": 0.5}));
    refused(&file, "/protocol/analyses/1/when/event_fraction", rule);
    let file = with(calendar(), "/protocol/analyses/1/when", json!({"calendar": 18}));
    refused(
        &file,
        "/protocol/analyses/1/when/calendar",
        "looks must come one after the other: 18 is not above the look before, 18",
    );
    let file = with(group_sequential(), "/protocol/analyses/1/name", json!("final"));
    refused(&file, "/protocol/analyses/2/name", "two looks have the name `final`");
    refused(
        &with(one_look(), "/protocol/analyses", json!([])),
        "/protocol/analyses",
        "must list 1 to 20 analyses, not 0",
    );
}

#[test]
fn arms_and_allocation() {
    let at = |file: Value, pointer: &str, value: Value, place: &str, rule: &str| {
        refused(&with(file, pointer, value), place, rule);
    };
    let arms = "/protocol/arms";
    at(one_look(), arms, json!(["placebo", "vaccine"]), arms, "one of the arms must be named `control`");
    at(one_look(), arms, json!(["control", "control"]), "/protocol/arms/1", "two arms have the name `control`");
    at(one_look(), arms, json!(["control", ""]), "/protocol/arms/1", "the name of an arm must not be empty");
    at(one_look(), arms, json!(["control"]), arms, "must list 2 to 8 arms, not 1");
    let three = json!(["control", "vaccine", "other"]);
    at(one_look(), arms, three, arms, "a trial without a transition has exactly 2 arms, not 3");
    let allocation = "/protocol/allocation";
    at(
        one_look(),
        allocation,
        json!({"control": 1}),
        "/protocol/allocation/vaccine",
        "the allocation needs arm `vaccine`",
    );
    let other = json!({"control": 1, "vaccine": 1, "vacine": 1});
    at(one_look(), allocation, other, "/protocol/allocation/vacine", "`vacine` is not an arm of the protocol");
    let zero = json!({"control": 0, "vaccine": 1});
    at(one_look(), allocation, zero, "/protocol/allocation/control", "must be above 0 and at most 1000");
    let odd = json!({"control": 1, "vaccine": 3.1234});
    at(one_look(), allocation, odd, allocation, "must be in the ratio of whole numbers, the smallest at most 100");
    match protocol(&one_look()).design {
        Design::GroupSequential(design) => assert_eq!(design.allocation, Allocation(vec![2, 3])),
        Design::Seamless(_) => panic!("seamless"),
    }
    at(
        one_look(),
        "/protocol/patients",
        json!(1e6),
        "/protocol/patients",
        "must be a whole number, at least 1 and at most 100000",
    );
}

#[test]
fn efficacy() {
    let plan = |value: Value| protocol(&with(calendar(), "/protocol/efficacy", value)).bounds;
    let bounds = protocol(&calendar()).bounds;
    match (&bounds.efficacy, &bounds.futility) {
        (EfficacyPlan::Bounds(upper), Some(FutilityPlan::HazardRatio(ratios))) => {
            assert_eq!(upper[..], [f64::INFINITY, 2.4, 2.02]);
            assert_eq!(ratios[..], [1.1, f64::INFINITY, f64::INFINITY]);
        }
        other => panic!("{other:?}"),
    }
    let delta = |value: Value| match plan(value).efficacy {
        EfficacyPlan::WangTsiatis { delta } => delta,
        other => panic!("{other:?}"),
    };
    assert_eq!(delta(json!({"family": "wang_tsiatis", "delta": 0.25})), 0.25);
    assert_eq!(delta(json!({"family": "obrien_fleming"})), 0.0);
    assert_eq!(delta(json!({"family": "pocock"})), 0.5);
    assert!(matches!(plan(json!({"haybittle_peto": 3})).efficacy, EfficacyPlan::HaybittlePeto { z: 3.0 }));
    let spent = |value: Value| match plan(value).efficacy {
        EfficacyPlan::Spending(function) => function.spent(0.025, 0.5),
        other => panic!("{other:?}"),
    };
    // Hwang, Shih and DeCani: α(1 − e^(−γt))/(1 − e^(−γ)); Kim and DeMets: αt^ρ.
    let expected = 0.025 * (1.0 - 2.0_f64.exp()) / (1.0 - 4.0_f64.exp());
    assert!((spent(json!({"spending": "hwang_shih_decani", "gamma": -4})) - expected).abs() < 1e-15);
    assert!((spent(json!({"spending": "kim_demets", "rho": 2})) - 0.025 * 0.25).abs() < 1e-15);
    let timed = plan(json!({"spending": "pocock", "spending_time": [0.3, 0.6, 1]}));
    assert_eq!(timed.spending_time, Some(vec![0.3, 0.6, 1.0]));

    let at = "/protocol/efficacy";
    let wrong = |value: Value, place: &str, rule: &str| {
        refused(&with(calendar(), at, value), &format!("{at}{place}"), rule);
    };
    wrong(json!({}), "", "needs exactly one of `spending`, `bounds`, `family`, `haybittle_peto`, `pampallona_tsiatis`");
    wrong(json!({"spending": "obrien_flemming"}), "/spending", "unknown name");
    wrong(json!({"spending": "pocock", "gamma": 1}), "/gamma", "`pocock` has no parameter `gamma`");
    wrong(json!({"family": "pocock", "delta": 1}), "/delta", "`delta` goes with family `wang_tsiatis`");
    wrong(json!({"family": "wang_tsiatis"}), "/delta", "family `wang_tsiatis` needs `delta`");
    wrong(
        json!({"haybittle_peto": 3, "spending_time": [1]}),
        "/spending_time",
        "`spending_time` goes with `spending`, not with `haybittle_peto`",
    );
    wrong(json!({"bounds": [2, 2]}), "/bounds", "needs one entry per look: 3 looks, 2 entries");
    wrong(json!({"bounds": [2, 2, null]}), "/bounds/2", "the last look needs an efficacy bound");
    wrong(
        json!({"spending": "pocock", "spending_time": [0.6, 0.3, 1]}),
        "/spending_time/1",
        "spending times must increase",
    );
    wrong(
        json!({"spending": "pocock", "spending_time": [0.3, 0.6, 0.9]}),
        "/spending_time/2",
        "the last look spends all, its spending time is 1",
    );
    refused(&without(calendar(), at), at, "`efficacy` is required where there are several looks");
    let missing = read(&with(calendar(), at, json!({"spending": "kim_demets"}))).unwrap_err();
    assert_eq!(missing.pointer, "/protocol/efficacy/rho");
    assert!(missing.rule.starts_with("`kim_demets` needs `rho`: "), "{missing:?}");
}

#[test]
fn futility() {
    let at = "/protocol/futility";
    let plan = |value: Value| protocol(&with(group_sequential(), at, value)).bounds.futility;
    let beta = |value: Value| match plan(value) {
        Some(FutilityPlan::Spending { beta, .. }) => beta,
        other => panic!("{other:?}"),
    };
    assert!((beta(json!({"spending": "hwang_shih_decani", "gamma": -2})) - 0.1).abs() < 1e-15, "1 − goal.power");
    assert_eq!(beta(json!({"spending": "pocock", "beta": 0.2})), 0.2);
    assert!(plan(json!(null)).is_none());
    let wrong = |value: Value, place: &str, rule: &str| {
        refused(&with(group_sequential(), at, value), &format!("{at}{place}"), rule);
    };
    wrong(json!({"bounds": [0, 0.6, 1]}), "/bounds/2", "the last look has no futility bound");
    wrong(json!({"bounds": [0, null]}), "/bounds", "needs one entry per look: 3 looks, 2 entries");
    wrong(json!({"hazard_ratio": [0, 1, null]}), "/hazard_ratio/0", "must be at least 0.001 and at most 1000");
    wrong(json!({"bounds": [0, 0.6, null], "beta": 0.1}), "/beta", "`beta` goes with `spending`, not with `bounds`");
    wrong(json!({"spending": "pocock", "beta": 0.99}), "/beta", "must be below 1 - alpha, 0.975");
    let file = without(with(group_sequential(), at, json!({"spending": "pocock"})), "/goal");
    refused(&file, "/protocol/futility/beta", "β-spending needs `beta`, or `goal.power`");
    let file = with(calendar(), at, json!({"bounds": [null, 2.5, null]}));
    refused(&file, "/protocol/futility/bounds/1", "must be below the efficacy bound of the same look, 2.4");
}

#[test]
fn the_goal() {
    refused(&with(group_sequential(), "/goal/power", json!(0.02)), "/goal/power", "must be above alpha, 0.025");
    refused(&with(group_sequential(), "/goal/power", json!(1)), "/goal/power", "must be above 0 and below 1");
    refused(
        &with(group_sequential(), "/protocol/alpha", json!(0.5)),
        "/protocol/alpha",
        "must be above 0 and below 0.5",
    );
    refused(&with(group_sequential(), "/goal/solve", json!("patient")), "/goal/solve", "unknown name");
    let rule = "must be a whole number, at least 1 and at most 1000000000";
    refused(&with(group_sequential(), "/run/replicates", json!(0)), "/run/replicates", rule);
}

#[test]
fn keep_and_go() {
    let keep =
        |value: Value| seamless_design(&with(seamless_alone(), "/protocol/transition/keep", value)).transition.keep;
    assert_eq!(keep(json!({"rule": "best_r", "r": 2, "by": "pfs_z"})).rule_name, "best_r");
    assert_eq!(keep(json!({"rule": "within", "margin": 0.1, "by": "response_rate"})).by, Statistic::ResponseRate);
    assert_eq!(keep(json!({"rule": "all_passing"})).rule_name, "all_passing");
    assert_eq!(keep(json!({"rule": "all", "by": "os_hazard_ratio"})).by, Statistic::OsHazardRatio);
    let at = "/protocol/transition/keep";
    let wrong = |value: Value, place: &str, rule: &str| {
        refused(&with(seamless_alone(), at, value), &format!("{at}{place}"), rule);
    };
    wrong(json!({"by": "os_z"}), "/rule", "`rule` is required");
    wrong(json!({"rule": "bets", "by": "os_z"}), "/rule", "unknown name");
    wrong(json!({"rule": "best"}), "/by", "rule `best` needs `by`, the statistic by which arms are ranked");
    wrong(json!({"rule": "best", "by": "dfs_z"}), "/by", "unknown name");
    wrong(json!({"rule": "best", "by": "os_z", "r": 2}), "/r", "`best` has no parameter `r`");
    wrong(
        json!({"rule": "best_r", "by": "os_z", "r": 0}),
        "/r",
        "out of range: arms to keep, a whole number of at least 1",
    );
    wrong(json!({"rule": "best_r", "by": "os_z", "r": 3}), "/r", "must be at most the number of experimental arms, 2");

    let go = |value: Value| seamless_design(&with(seamless_alone(), "/protocol/transition/go", value)).transition.go;
    let z = Criterion::Compare(Statistic::ResponseDifference, Threshold::ZAtLeast(1.0));
    assert_eq!(go(json!({"any": [{"response_difference": {"z_at_least": 1}}]})), Some(Criterion::Any(vec![z])));
    let compare = |statistic, least| Some(Criterion::Compare(statistic, Threshold::AtLeast(least)));
    let month = Statistic::MilestoneDifference { endpoint: Endpoint::Os, at: 18.0 };
    assert_eq!(
        go(json!({"milestone_difference": {"endpoint": "os", "at": 18, "at_least": 0.05}})),
        compare(month, 0.05)
    );
    let power = Statistic::ConditionalPower { under: Assumption::Assumed };
    assert_eq!(go(json!({"conditional_power": {"under": "assumed", "at_least": 0.3}})), compare(power, 0.3));
    let flat = Statistic::PredictivePower { prior: Prior::Flat };
    assert_eq!(go(json!({"predictive_power": {"prior": {}, "at_least": 0.3}})), compare(flat, 0.3));
    let normal = Statistic::PredictivePower { prior: Prior::Normal { mean: 0.3, sd: 0.2 } };
    let prior = json!({"mean": -0.3, "sd": 0.2});
    assert_eq!(go(json!({"predictive_power": {"prior": prior, "at_least": 0.3}})), compare(normal, 0.3));
    let score = Criterion::Score(vec![(Statistic::ResponseDifference, 2.0), (Statistic::OsZ, 0.5)], 0.7);
    assert_eq!(go(json!({"score": {"response_difference": 2, "os_z": 0.5}, "at_least": 0.7})), Some(score));
    let rmst = Statistic::RmstDifference { endpoint: Endpoint::Dfs, to: 24.0 };
    assert_eq!(keep(json!({"rule": "best", "by": {"rmst_difference": {"endpoint": "dfs", "to": 24}}})).by, rmst);

    let resize =
        |value: Value| seamless_design(&with(seamless_alone(), "/protocol/transition/resize", value)).transition.resize;
    let zone = Resize { lower: 0.3, target: 0.9, most: 1.5, under: Assumption::Trend };
    assert_eq!(resize(json!({"promising_zone": {"lower": 0.3, "upper": 0.9, "max_factor": 1.5}})), Some(zone));
    let solve = Resize { lower: 0.0, target: 0.8, most: 2.0, under: Assumption::Assumed };
    let given = json!({"conditional_power": {"target": 0.8, "max_factor": 2, "under": "assumed"}});
    assert_eq!(resize(given), Some(solve));
    let wrong = |value: Value, place: &str, rule: &str| {
        let at = "/protocol/transition/resize";
        refused(&with(seamless_alone(), at, value), &format!("{at}{place}"), rule);
    };
    let zone = |lower: f64, most: f64| json!({"promising_zone": {"lower": lower, "upper": 0.8, "max_factor": most}});
    wrong(zone(0.9, 2.0), "/promising_zone/lower", "must be below `upper`, 0.8");
    wrong(zone(0.3, 0.5), "/promising_zone/max_factor", "must be at least 1 and at most 10");
    wrong(json!({}), "", "needs exactly one of `promising_zone`, `conditional_power`");
    let at = "/protocol/transition/go";
    let wrong = |value: Value, place: &str, rule: &str| {
        refused(&with(seamless_alone(), at, value), &format!("{at}{place}"), rule)
    };
    wrong(
        json!({"rmst_difference": {"to": 24, "at_least": 0}}),
        "/rmst_difference/endpoint",
        "`rmst_difference` needs `endpoint`",
    );
    wrong(
        json!({"conditional_power": {"at_least": 0.1}}),
        "/conditional_power/under",
        "`conditional_power` needs `under`",
    );
    wrong(
        json!({"predictive_power": {"prior": {"mean": 0}, "at_least": 0.1}}),
        "/predictive_power/prior",
        "needs `mean` and `sd` of the log hazard ratio, or {} for a flat prior",
    );
    wrong(json!({"score": {}, "at_least": 0}), "/score", "must list 1 to 100 statistics, not 0");
    wrong(json!({"score": {"os_z": 1}}), "/at_least", "`score` needs `at_least`, its smallest passing value");
    wrong(json!({"score": {"os_y": 1}, "at_least": 1}), "/score/os_y", "unknown name");
    wrong(json!({"score": {"os_z": 1}, "at_least": 1, "any": []}), "", "`score` stands alone, with `at_least`");
    wrong(json!({}), "", "a criterion has exactly one key: a statistic, `all`, `any` or `not`");
    let error = wrong(
        json!({"os_z": {"at_least": 0}, "pfs_z": {"at_least": 0}}),
        "",
        "a criterion has exactly one key: a statistic, `all`, `any` or `not`",
    );
    assert!(error.hint.unwrap().starts_with("combine several with {\"all\""));
    wrong(json!({"os_z": {}}), "/os_z", "needs exactly one of `at_least`, `at_most`, `z_at_least`");
    wrong(json!({"os_z": {"at_least": 1, "to": 3}}), "/os_z/to", "`os_z` has no parameter `to`");
    wrong(json!({"os_z": 1}), "/os_z", "expected an object, found a number");
    wrong(json!({"os_z": {"z_at_least": 1}}), "/os_z/z_at_least", "`z_at_least` goes with `response_difference`");
    wrong(
        json!({"response_difference": {"at_least": 2}}),
        "/response_difference/at_least",
        "must be at least -1 and at most 1",
    );
    wrong(json!({"not": {"all": []}}), "/not/all", "must list 1 to 100 criteria, not 0");
    wrong(json!({"at_least": 1}), "/at_least", "`at_least` stands inside a statistic, or beside `score`");
}

#[test]
fn combinations() {
    let combination =
        |value: Value| seamless_design(&with(seamless_alone(), "/protocol/combination", value)).combination;
    assert_eq!(combination(json!({"method": "phase3_only"})), Combination::Phase3Only);
    assert_eq!(combination(json!({"method": "naive_pooled"})), Combination::NaivePooled);
    let at = "/protocol/combination";
    let wrong = |place: &str, value: Value, rule: &str| {
        let pointer = format!("{at}{place}");
        refused(&with(seamless_alone(), &pointer, value), &pointer, rule)
    };
    wrong("/weight", json!(1), "must be above 0 and below 1");
    wrong("/weight", json!("events"), "unknown name");
    wrong("/weight", json!([]), "expected a number or `planned_events`, found a list");
    wrong("/phase2_follow_up", json!(null), "`own_cohort` needs `phase2_follow_up`, fixed in advance");
    wrong(
        "/phase2_patients",
        json!(null),
        "method `inverse_normal` needs `phase2_patients`, which evidence is stage 1",
    );
    let file = with(seamless_alone(), "/protocol/combination/method", json!("naive_pooled"));
    let error = refused(
        &file,
        "/protocol/combination/phase2_patients",
        "`phase2_patients` goes with a method of two stages, not with `naive_pooled`",
    );
    assert_eq!(error.hint.as_deref(), Some("remove it; a patch removes it with null"));
    refused(&without(seamless_alone(), at), at, "a seamless trial needs `combination`, how the phases make one test");
}

#[test]
fn combinations_of_two_stages() {
    let at = "/protocol/combination";
    let two = |method: &str| json!({"method": method, "phase2_patients": "own_cohort", "phase2_follow_up": {"when": {"min_follow_up": 18}}});
    for method in ["inverse_normal", "fisher", "conditional_error"] {
        let one_look =
            with(seamless_alone(), "/protocol/analyses", json!([{"name": "final", "when": {"events": 200}}]));
        let stage1 = Stage1::OwnCohort { follow_up: Trigger::MinFollowUp { months: 18.0 } };
        let function = combining(method).unwrap();
        let expected = Combination::TwoStage { function, weight: Weight::PlannedEvents, stage1 };
        let found = seamless_design(&with(without(one_look, "/protocol/efficacy"), at, two(method))).combination;
        assert_eq!(found, expected);
    }
    let file = with(seamless_alone(), at, two("fisher"));
    let weighted = with(file, "/protocol/combination/weight", json!(0.4));
    refused(&weighted, "/protocol/combination/weight", "`fisher` has no weight");
    let error = refused(
        &with(seamless_alone(), at, two("conditional_error")),
        "/protocol/combination/method",
        "`conditional_error` tests at one confirmatory look, not 2",
    );
    assert_eq!(error.hint.as_deref(), Some("take `inverse_normal`, or a single look"));
    let increments = with(seamless_alone(), "/protocol/combination/phase2_patients", json!("independent_increments"));
    refused(
        &increments,
        "/protocol/combination/phase2_follow_up",
        "under `independent_increments` stage 1 ends at the transition",
    );
    let increments = without(increments, "/protocol/combination/phase2_follow_up");
    let found = seamless_design(&increments).combination;
    let function = combining("inverse_normal").unwrap();
    let stage1 = Stage1::IndependentIncrements;
    assert_eq!(found, Combination::TwoStage { function, weight: Weight::PlannedEvents, stage1 });
    refused(
        &with(increments.clone(), "/protocol/primary/test", json!({"rmst": {"to": 24}})),
        "/protocol/combination/phase2_patients",
        "`independent_increments` are those of the log-rank test, which `primary` does not use",
    );
    refused(
        &with(increments, "/protocol/phase3/allocation", json!({"control": 2, "low": 1, "high": 1})),
        "/protocol/phase3/allocation",
        "under `independent_increments` with several experimental arms both phases have the same allocation",
    );
}

#[test]
fn the_two_kinds_of_trial_do_not_mix() {
    let absent = |key: &str| format!("a seamless trial needs `phase2`, `transition` and `phase3`, `{key}` is absent");
    for key in ["phase2", "transition", "phase3"] {
        let pointer = format!("/protocol/{key}");
        refused(&without(seamless_alone(), &pointer), &pointer, &absent(key));
    }
    for (key, value) in [("patients", json!(500)), ("allocation", json!({"control": 1, "low": 1, "high": 1}))] {
        let pointer = format!("/protocol/{key}");
        let rule = format!("a seamless trial has `{key}` in `phase2` and `phase3`, not here");
        refused(&with(seamless_alone(), &pointer, value), &pointer, &rule);
    }
    refused(
        &without(group_sequential(), "/protocol/patients"),
        "/protocol/patients",
        "`patients` is required in a trial without a transition",
    );
    let file = with(group_sequential(), "/protocol/intersection", json!("dunnett"));
    refused(
        &file,
        "/protocol/intersection",
        "`intersection` goes with a seamless trial (`phase2`, `transition`, `phase3`)",
    );
}

/// A trial with progression, two primary endpoints and a graph.
fn two_endpoints() -> Value {
    let list = json!([{"endpoint": "pfs"}, {"endpoint": "os"}]);
    let file = with(one_look(), "/protocol/primary", list);
    let graph = json!({"weights": {"pfs": 0.2, "os": 0.8}, "transitions": {"pfs": {"os": 1}, "os": {"pfs": 1}}});
    let file = with(file, "/protocol/graph", graph);
    let looks = json!([{"name": "first", "when": {"events": 100, "endpoint": "pfs"}, "endpoints": ["pfs"]},
                       {"name": "second", "when": {"events": 200, "endpoint": "os"}, "endpoints": ["os"]}]);
    with(with(file, "/protocol/analyses", looks), "/protocol/efficacy", json!({"spending": "obrien_fleming"}))
}

#[test]
fn several_endpoints_share_alpha() {
    let made = protocol(&two_endpoints());
    let several = made.several.clone().unwrap();
    assert_eq!((made.primary.endpoint, &several.endpoints[..]), (Endpoint::Pfs, &[Endpoint::Pfs, Endpoint::Os][..]));
    assert_eq!(several.tested, [[true, false], [false, true]]);
    assert_eq!((several.graph.weight(0), several.graph.weight(1)), (0.2, 0.8));
    assert_eq!(several.graph.transition(1, 0), 1.0);
    assert_eq!(made.hypotheses(), 2);

    // Parts of alpha instead of a graph go nowhere.
    let parts = without(two_endpoints(), "/protocol/graph");
    let alpha = made.alpha;
    let list = json!([{"endpoint": "pfs", "alpha": 0.2 * alpha}, {"endpoint": "os", "alpha": 0.8 * alpha}]);
    let split = protocol(&with(parts.clone(), "/protocol/primary", list)).several.unwrap();
    assert!((split.graph.weight(1) - 0.8).abs() < 1e-12);
    assert_eq!(split.graph.transition(0, 1), 0.0);
    let error = refused(&parts, "/protocol/primary/0/alpha", "several endpoints need their part of alpha");
    assert!(error.hint.unwrap().contains("`graph`"));

    let wrong = |pointer: &str, value: Value, place: &str, rule: &str| {
        refused(&with(two_endpoints(), pointer, value), place, rule);
    };
    wrong(
        "/protocol/graph/weights",
        json!({"dfs": 1}),
        "/protocol/graph/weights/dfs",
        "no primary endpoint is named `dfs`: they are pfs, os",
    );
    let over = json!({"pfs": 0.6, "os": 0.6});
    wrong("/protocol/graph/weights", over, "/protocol/graph", "weight is 1.2, but must not sum to more than 1");
    wrong("/protocol/primary/0/alpha", json!(0.01), "/protocol/primary/0/alpha", "`graph` says how alpha is shared");
    wrong(
        "/protocol/analyses/0/endpoints",
        json!(["dfs"]),
        "/protocol/analyses/0/endpoints/0",
        "is no primary endpoint",
    );
    wrong(
        "/protocol/analyses/1/endpoints",
        json!(["pfs"]),
        "/protocol/analyses",
        "no look tests the primary endpoint `os`",
    );
    wrong(
        "/protocol/efficacy",
        json!({"family": "wang_tsiatis", "delta": 0.25}),
        "/protocol/efficacy",
        "several primary endpoints take one-sided bounds by `spending`, at every look",
    );
    let one = with(one_look(), "/protocol/graph", json!({"weights": {}, "transitions": {}}));
    refused(&one, "/protocol/graph", "`graph` goes with a list of several primary endpoints");
    let one = with(one_look(), "/protocol/primary/alpha", json!(0.02));
    refused(&one, "/protocol/primary/alpha", "`alpha` of an endpoint goes with a list of several primary endpoints");
}

#[test]
fn gates_toxicity_and_history() {
    let toxic = with(seamless_alone(), "/truth/toxicity", json!({"measured_at": 3, "control_rate": 0.05}));
    let toxic = with(toxic, "/truth/arms/high/toxicity", json!({"rate": 0.2}));
    let made = read(&toxic).unwrap().candidates[0].truths[0].1.clone();
    assert_eq!(made.toxicity.unwrap().rates, [0.05, 0.05, 0.2]);
    let at = "/protocol/transition/go";
    let go = |value: Value| seamless_design(&with(toxic.clone(), at, value)).transition.go.unwrap();
    let rate = Criterion::Compare(Statistic::ToxicityRate, Threshold::AtMost(0.3));
    assert_eq!(go(json!({"toxicity_rate": {"at_most": 0.3}})), rate);
    let posterior = Statistic::ToxicityPosterior { above: 0.3, prior: [1.0, 1.0] };
    let found = go(json!({"toxicity_posterior": {"above": 0.3, "at_most": 0.8}}));
    assert_eq!(found, Criterion::Compare(posterior, Threshold::AtMost(0.8)));
    let posterior = Statistic::ToxicityPosterior { above: 0.3, prior: [0.6, 1.4] };
    let prior = json!({"alpha": 0.6, "beta": 1.4});
    let found = go(json!({"toxicity_posterior": {"above": 0.3, "prior": prior, "at_most": 0.8}}));
    assert_eq!(found, Criterion::Compare(posterior, Threshold::AtMost(0.8)));
    let exact = Criterion::Compare(Statistic::ToxicityExactP { above: 0.3 }, Threshold::AtLeast(0.05));
    assert_eq!(go(json!({"toxicity_exact_p": {"above": 0.3, "at_least": 0.05}})), exact);
    let history = Statistic::SurvivalOverHistory { endpoint: Endpoint::Os, at: 24.0, history: 0.7 };
    let value = json!({"survival_over_history": {"endpoint": "os", "at": 24, "history": 0.7, "z_at_least": 1.96}});
    assert_eq!(go(value), Criterion::Compare(history, Threshold::ZAtLeast(1.96)));

    let gates = json!([{"when": {"enrolled": 90}, "go": {"response_rate": {"at_least": 0.3}}}]);
    let made = seamless_design(&with(seamless_alone(), "/protocol/transition/gates", gates)).transition.gates;
    assert_eq!(made[0].when, Trigger::Enrolled { count: 90.0 });
    assert_eq!(made[0].go, Criterion::Compare(Statistic::ResponseRate, Threshold::AtLeast(0.3)));

    let wrong = |value: Value, place: &str, rule: &str| {
        refused(&with(seamless_alone(), at, value), &format!("{at}{place}"), rule)
    };
    let absent = |name: &str| format!("`{name}` needs `toxicity`, which `truth` does not have");
    wrong(json!({"toxicity_rate": {"at_most": 0.3}}), "/toxicity_rate", &absent("toxicity_rate"));
    let value = json!({"toxicity_exact_p": {"above": 0.3, "at_least": 0.05}});
    wrong(value, "/toxicity_exact_p", &absent("toxicity_exact_p"));
    let file = with(seamless_alone(), "/truth/arms/high/toxicity", json!({"rate": 0.2}));
    refused(&file, "/truth/arms/high/toxicity", "`toxicity` of an arm needs `toxicity` of the truth, which is absent");
    refused(
        &with(seamless_alone(), "/protocol/transition/gates", json!([])),
        "/protocol/transition/gates",
        "must list 1 to 20 gates",
    );
}
