//! The simulation engine against other programs and exact levels. Tolerances: 4 combined Monte Carlo standard errors.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

mod simulation_support;

use seamline::engine::simulation::{Trial, run};
use seamline::engine::{Estimate, Hypotheses, Plan};
use seamline::protocol::{Combination, Design, Protocol};
use seamline::survival::Endpoint;
use seamline::transition::Statistic;
use seamline::truth::Truth;
use simulation_support::*;

const MEDIAN_12: f64 = std::f64::consts::LN_2 / 12.0;

fn two_arms(hazard_ratio: f64) -> Truth {
    let arms = vec![
        arm("control", death(constant(MEDIAN_12)), 0.002),
        arm("vaccine", death(constant(hazard_ratio * MEDIAN_12)), 0.002),
    ];
    truth(40.0, arms)
}

fn within(estimate: Estimate, expected: f64, source_mcse: f64) {
    let mcse = estimate.mcse.unwrap();
    let allowed = 4.0 * (mcse * mcse + source_mcse * source_mcse).sqrt();
    assert!((estimate.value - expected).abs() <= allowed, "{} ± {mcse}, not {expected}", estimate.value);
}

/// lrstat's `lrsim`, 100,000 trials (case a-ldobf-3-unequal): overall, per look, and mean months of the looks.
#[test]
fn three_looks_under_proportional_hazards() {
    let looks = [150, 225, 300].map(|count| events(count, Endpoint::Os));
    let protocol = protocol(&["control", "vaccine"], Endpoint::Os, &looks, group_sequential(480, &[1, 1]));
    let plan = plan(&[2.962_588_043, 2.359_017_708, 2.014_083_670], &[0.5, 0.75, 1.0], None);
    let hypotheses = Hypotheses { null_true: vec![false], best: vec![true] };
    let answer = run(&protocol, &two_arms(0.7), &plan, &hypotheses, &settings(20_000), None).unwrap();
    let source = |p: f64| (p * (1.0 - p) / 100_000.0).sqrt();
    within(answer.reject_any, 0.86523, source(0.86523));
    for (look, (expected, month)) in answer.looks.iter().zip([(0.2146, 14.06), (0.4130, 19.5), (0.2376, 27.2)]) {
        within(look.cross_efficacy, expected, source(expected));
        // Means over the trials that reach the look differ from the planned month by less than 1 %.
        assert!((look.month.value / month - 1.0).abs() < 0.01, "{:?}", look.month);
    }
    assert_eq!(answer.looks[2].events.value, 300.0);
    assert_eq!((answer.type_i_error, answer.correct_selection), (None, None));
    assert!(answer.warnings.is_empty());
    // 237.07 expected events by lrpower; tolerance of the case.
    assert!((answer.expected.events.value - 237.07).abs() < 0.966 + 4.0 * answer.expected.events.mcse.unwrap());
}

/// The log-rank test of 300 events keeps its level.
#[test]
fn level_of_a_single_look() {
    let protocol =
        protocol(&["control", "vaccine"], Endpoint::Os, &[events(300, Endpoint::Os)], group_sequential(480, &[1, 1]));
    let plan = plan(&[1.959_963_985], &[1.0], None);
    let answer = run(&protocol, &two_arms(1.0), &plan, &null(1), &settings(20_000), None).unwrap();
    within(answer.reject_any, 0.025, 0.0);
    assert_eq!(answer.type_i_error, Some(answer.reject_any));
}

fn null_seamless(combination: Combination) -> (Protocol, Truth) {
    let arms = ["control", "low", "high"];
    let patients = arms.iter().map(|name| arm(name, death(constant(MEDIAN_12)), 0.002)).collect();
    let design = seamless([180, 300], &[1, 1, 1], events(90, Endpoint::Os), Statistic::OsZ, combination);
    let looks = [events(180, Endpoint::Os)];
    (protocol(&arms, Endpoint::Os, &looks, Design::Seamless(Box::new(design))), truth(25.0, patients))
}

/// Case f-null-seamless-dunnett: the level is attained exactly in the normal limit; the log-rank's finite-sample law is
/// allowed 0.001.
#[test]
fn level_of_a_seamless_design_under_the_global_null() {
    let (protocol, truth) = null_seamless(own_cohort(0.5, events(90, Endpoint::Os)));
    let plan = plan(&[1.959_963_985], &[1.0], Some(0.5));
    let answer = run(&protocol, &truth, &plan, &null(2), &settings(40_000), None).unwrap();
    let mcse = answer.reject_any.mcse.unwrap();
    assert!((answer.reject_any.value - 0.025).abs() < 0.001 + 4.0 * mcse, "{:?}", answer.reject_any);
    assert_eq!(answer.type_i_error, Some(answer.reject_any));
    within(answer.selected[0], 0.5, 0.0);
    assert_eq!((answer.go.value, answer.stop.value), (1.0, 0.0));
    assert_eq!(answer.transition.unwrap().events[0].1.value, 90.0);
}

/// Choosing the arm by the endpoint that is then tested on the same patients is not valid: two arms, best kept, all
/// patients pooled.
#[test]
fn naive_pooling_inflates_the_level() {
    let (protocol, truth) = null_seamless(Combination::NaivePooled);
    let plan = plan(&[1.959_963_985], &[1.0], None);
    let answer = run(&protocol, &truth, &plan, &null(2), &settings(20_000), None).unwrap();
    assert!(answer.reject_any.value > 0.03, "{:?}", answer.reject_any);
    let (protocol, truth) = null_seamless(Combination::Phase3Only);
    let answer = run(&protocol, &truth, &plan, &null(2), &settings(20_000), None).unwrap();
    within(answer.reject_any, 0.025, 0.0);
}

/// One thread, two threads, and shards in any order: the same bits.
#[test]
fn any_bracketing_gives_the_same_bits() {
    let (protocol, truth) = null_seamless(own_cohort(0.5, events(90, Endpoint::Os)));
    let plan = plan(&[1.959_963_985], &[1.0], Some(0.5));
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| run(&protocol, &truth, &plan, &null(2), &settings(1000), None).unwrap())
    };
    let one = on(1);
    assert_eq!(one, on(2));
    let trial = Trial::new(&protocol, &truth, &plan, SEED).unwrap();
    let shard = |range| trial.tally(&null(2), range, None).unwrap();
    let merged = shard(700..1000).merge(&shard(0..333)).merge(&shard(333..700));
    assert_eq!(one, trial.outcome(&merged, &null(2)));
}

#[test]
fn progress_counts_every_replicate() {
    let (protocol, truth) = null_seamless(Combination::Phase3Only);
    let done = std::sync::atomic::AtomicU64::new(0);
    let count = |more: u64| {
        done.fetch_add(more, std::sync::atomic::Ordering::Relaxed);
    };
    run(&protocol, &truth, &plan(&[2.0], &[1.0], None), &null(2), &settings(300), Some(&count)).unwrap();
    assert_eq!(done.into_inner(), 300);
}

/// Under the null a futility bound of z = 0.5 at half the information stops Φ(0.5) of the trials; efficacy at the last
/// look is then rarer than 0.025. An unreachable count is answered when information ends, and said.
#[test]
fn futility_stops_and_unreachable_conditions_are_said() {
    let looks = [150, 10_000].map(|count| events(count, Endpoint::Os));
    let protocol = protocol(&["control", "vaccine"], Endpoint::Os, &looks, group_sequential(320, &[1, 1]));
    let mut plan = plan(&[f64::INFINITY, 1.959_963_985], &[0.5, 1.0], None);
    plan.bounds.futility[0] = 0.5;
    let answer = run(&protocol, &two_arms(1.0), &plan, &null(1), &settings(10_000), None).unwrap();
    within(answer.looks[0].cross_futility, 0.691_462, 0.001);
    assert_eq!(answer.looks[0].cross_efficacy.value, 0.0);
    assert!(answer.reject_any.value < 0.024 && answer.reject_any.value > 0.015);
    assert!(answer.looks[0].efficacy_bound.is_none() && answer.looks[0].futility_bound.is_some());
    let hazard_ratio = answer.looks[1].efficacy_bound.unwrap().hazard_ratio.unwrap();
    let events = answer.looks[1].events.value;
    assert!((hazard_ratio - (-1.959_963_985 * 2.0 / events.sqrt()).exp()).abs() < 1e-12);
    assert_eq!(answer.warnings.len(), 1);
    assert!(answer.warnings[0].contains("never met"), "{}", answer.warnings[0]);
}

/// Inputs that do not belong together are errors that name the number.
#[test]
fn wrong_inputs_are_refused() {
    let looks = [events(150, Endpoint::Os)];
    let protocol = protocol(&["control", "vaccine"], Endpoint::Os, &looks, group_sequential(320, &[1, 1]));
    let good = plan(&[1.96], &[1.0], None);
    let truth = two_arms(1.0);
    let refused = |protocol: &Protocol, truth: &Truth, plan: &Plan, arms, replicates, says: &str| {
        let error = run(protocol, truth, plan, &null(arms), &settings(replicates), None).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    };
    refused(&protocol, &truth, &good, 1, 0, "replicates");
    refused(&protocol, &truth, &good, 2, 10, "hypotheses");
    refused(&protocol, &truth, &plan(&[1.96, 1.9], &[0.5, 1.0], None), 1, 10, "planned looks");
    let mut other = protocol.clone();
    other.primary.endpoint = Endpoint::Pfs;
    refused(&other, &truth, &good, 1, 10, "progression");
    other = protocol.clone();
    other.analyses[0].when = events(0, Endpoint::Os);
    refused(&other, &truth, &good, 1, 10, "events of a condition");
    let (seamless, truth) = null_seamless(own_cohort(0.5, events(90, Endpoint::Os)));
    refused(&seamless, &truth, &good, 2, 10, "weight of stage 1");
}
