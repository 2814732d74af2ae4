//! The engine against a plain, obvious twin, replicate by replicate: same data cuts, same statistics, same decisions.
//! The twin keeps a list of people, sorts whenever it needs an order, and follows the documents, not the engine.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

mod simulation_support;

use proptest::prelude::*;
use seamline::adaptive::combination::combining;
use seamline::adaptive::graph::Graph;
use seamline::adaptive::{Prospect, Seen};
use seamline::engine::simulation::random::{Purpose, Stream, exponentials};
use seamline::engine::simulation::{Record, Trial};
use seamline::engine::{Plan, PlannedEndpoint};
use seamline::numerics::{bivariate, normal};
use seamline::protocol::{Combination, Design, Protocol, Seamless, Several, Stage1, Test, Weight};
use seamline::registry::find;
use seamline::sequential::{Assumption, Prior};
use seamline::statistics::cox::cox;
use seamline::statistics::{Evidence, Observations, TEST_STATISTICS, TestStatistic, from_data};
use seamline::survival::{Clock, Course, Endpoint, HazardRatio, PiecewiseHazard};
use seamline::transition::{Criterion, Resize, Statistic, Threshold, Trigger};
use seamline::truth::{Assay, ImmuneResponse, PositiveRule, Prognostic, Truth};
use simulation_support::*;

#[derive(Debug, Clone)]
struct Person {
    entry: f64,
    arm: usize,
    pfs: f64,
    os: f64,
    dropout: f64,
    responder: bool,
}

impl Person {
    fn event(&self, death: bool) -> f64 {
        if death { self.os } else { self.pfs }
    }

    fn event_month(&self, death: bool) -> f64 {
        if self.event(death) <= self.dropout { self.entry + self.event(death) } else { f64::INFINITY }
    }
}

fn exponential(uniform: f64) -> f64 {
    let mut value = [uniform];
    exponentials(&mut value);
    value[0]
}

fn entries(truth: &Truth, stream: &Stream, patients: usize) -> Vec<f64> {
    let mut sum = 0.0;
    (0..patients)
        .map(|i| {
            sum += exponential(stream.uniform(i as u32, Purpose::Enrollment));
            truth.enrollment.month_of(sum)
        })
        .collect()
}

fn person(truth: &Truth, stream: &Stream, i: usize, entry: f64, arm: usize) -> Person {
    let of = &truth.arms[arm];
    let i = i as u32;
    let responds = stream.uniform(i, Purpose::Response) > 1.0 - of.strata[0].response_rate;
    let course = &of.strata[0].courses[usize::from(responds)];
    let progression = course.progression.time_of_cumulative(exponential(stream.uniform(i, Purpose::Progression)));
    let death = course.death.time_of_cumulative(exponential(stream.uniform(i, Purpose::Death)));
    let pfs = progression.min(death);
    let after = exponential(stream.uniform(i, Purpose::AfterProgression));
    let os = if progression < death { progression + course.after_baseline.time_of_cumulative(after) } else { death };
    let dropout = of.dropout.time_of_cumulative(exponential(stream.uniform(i, Purpose::Dropout)));
    let measured_at = truth.immune_response.as_ref().map_or(0.0, |response| response.measured_at);
    Person { entry, arm, pfs, os, dropout, responder: responds && pfs.min(dropout) >= measured_at }
}

/// Arms of the patients `from..to`, blocks starting at `from`.
fn allot(stream: &Stream, allocation: &[u32], open: &[bool], from: usize, to: usize) -> Vec<usize> {
    let mut arms = Vec::new();
    while arms.len() < to - from {
        let mut block: Vec<usize> = Vec::new();
        for (arm, &count) in allocation.iter().enumerate() {
            for _ in 0..if open[arm] { count } else { 0 } {
                block.push(arm);
            }
        }
        let first = (from + arms.len()) as u32;
        for i in 0..block.len() - 1 {
            let word = stream.word(first + i as u32, Purpose::Allocation);
            let j = i + (f64::from(word) / 4_294_967_296.0 * (block.len() - i) as f64) as usize;
            block.swap(i, j);
        }
        arms.extend(block);
    }
    arms.truncate(to - from);
    arms
}

fn cut(people: &[Person], month: f64, arm: usize, death: bool) -> (Vec<f64>, Vec<bool>, Vec<bool>) {
    let seen = people.iter().filter(|p| p.entry <= month && (p.arm == 0 || p.arm == arm));
    let mut data = (Vec::new(), Vec::new(), Vec::new());
    for p in seen {
        let end = p.event(death).min(p.dropout);
        let ended = p.entry + end <= month;
        data.0.push(if ended { end } else { month - p.entry });
        data.1.push(p.event_month(death) <= month);
        data.2.push(p.arm == arm);
    }
    data
}

/// What every statistic of the protocol's test finds.
fn test_of(protocol: &Protocol, people: &[Person], month: f64, arm: usize) -> Vec<Evidence> {
    let (time, event, treated) = cut(people, month, arm, protocol.primary.endpoint.is_death());
    let data = Observations { time: &time, event: &event, treated: &treated, stratum: None };
    protocol.primary.test.statistics.iter().map(|statistic| from_data(statistic.as_ref(), &data).unwrap()).collect()
}

/// The largest Z of those that exist.
fn largest(found: &[Evidence]) -> f64 {
    found.iter().map(Evidence::z).filter(|z| !z.is_nan()).reduce(f64::max).unwrap_or(f64::NAN)
}

/// Tests by number: the log-rank test, weights of all sorts, the largest of two, Kaplan-Meier differences. The last two do not
/// enter as scores.
fn test_number(number: usize) -> Test {
    let of = |name: &str, parameters: &[f64]| (find(TEST_STATISTICS, name).unwrap().build)(parameters);
    Test::single(match number {
        1 => of("fleming_harrington", &[0.0, 1.0]),
        2 => of("modestly_weighted", &[5.0, 1.6]),
        3 => of("zero_early", &[2.0]),
        4 => of("rmst", &[6.0]),
        5 => of("milestone", &[5.0]),
        6 => return Test { statistics: vec![of("logrank", &[]), of("fleming_harrington", &[0.0, 0.5])] },
        _ => return Test::log_rank(),
    })
}

/// Score and information of the one statistic.
fn information(number: usize, found: &Evidence) -> [f64; 2] {
    if matches!(number, 4 | 5) && found.variance == 0.0 {
        [0.0; 2]
    } else if matches!(number, 4 | 5) {
        [found.effect / found.variance, 1.0 / found.variance]
    } else {
        [found.effect, found.variance]
    }
}

fn month_of(people: &[Person], trigger: &Trigger, open: &[bool], previous: f64) -> f64 {
    match trigger {
        Trigger::Events { count, endpoint, arms, .. } => {
            let counted = |p: &&Person| arms.as_ref().map_or(open[p.arm], |arms| arms.contains(&p.arm));
            let mut months: Vec<f64> =
                people.iter().filter(counted).map(|p| p.event_month(endpoint.is_death())).collect();
            months.sort_by(f64::total_cmp);
            months.get(*count as usize - 1).copied().unwrap_or(f64::INFINITY)
        }
        Trigger::Enrolled { count } => people.get(*count as usize - 1).map_or(f64::INFINITY, |p| p.entry),
        Trigger::Calendar { month } => *month,
        Trigger::MinFollowUp { months } => people.last().unwrap().entry + months,
        Trigger::AfterPrevious { months } => previous + months,
        Trigger::All(parts) => parts.iter().map(|part| month_of(people, part, open, previous)).fold(0.0, f64::max),
        Trigger::Any(parts) => {
            parts.iter().map(|part| month_of(people, part, open, previous)).fold(f64::INFINITY, f64::min)
        }
    }
}

/// Month of a trigger, or the end of everybody's information if it is never met (second: whether it was not).
fn reached(people: &[Person], trigger: &Trigger, open: &[bool], previous: f64, death: bool) -> (f64, bool) {
    let month = month_of(people, trigger, open, previous);
    if month.is_finite() {
        return (month, false);
    }
    let ends = people.iter().map(|p| p.entry + p.event(death).min(p.dropout)).filter(|end| end.is_finite());
    (ends.fold(people.last().unwrap().entry, f64::max), true)
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Story {
    looks: Vec<(f64, u32, u32)>,
    statistics: Vec<f64>,
    rejected: Vec<bool>,
    kept: Vec<bool>,
    end: (f64, u32, u32),
    never_met: bool,
}

/// The looks at `tested`, one statistic and a rejection rule per look given by `decide(look, log-ranks by arm)`.
fn confirm(
    protocol: &Protocol,
    everybody: &[Person],
    tested: &[Person],
    (decision, earliest): (f64, f64),
    story: &mut Story,
    mut decide: impl FnMut(usize, &[Option<Vec<Evidence>>], &mut Story),
) {
    let death = protocol.primary.endpoint.is_death();
    let open: Vec<bool> = std::iter::once(true).chain(story.kept.iter().copied()).collect();
    let mut previous = decision;
    for (look, analysis) in protocol.analyses.iter().enumerate() {
        let (month, never) = reached(tested, &analysis.when, &open, previous, death);
        let month = month.max(previous).max(earliest);
        previous = month;
        story.never_met |= never;
        let events = tested.iter().filter(|p| open[p.arm] && p.event_month(death) <= month).count() as u32;
        let patients = everybody.iter().filter(|p| p.entry <= month).count() as u32;
        story.looks.push((month, events, patients));
        story.end = (month, events, patients);
        let ranks: Vec<Option<Vec<Evidence>>> =
            (1..open.len()).map(|arm| open[arm].then(|| test_of(protocol, tested, month, arm))).collect();
        decide(look, &ranks, story);
        if story.kept.iter().zip(&story.rejected).all(|(kept, rejected)| !kept || *rejected) {
            return;
        }
    }
}

fn elementary(plan: &Plan) -> impl FnMut(usize, &[Option<Vec<Evidence>>], &mut Story) + '_ {
    |look, ranks, story| {
        for (arm, rank) in ranks.iter().enumerate() {
            let z = rank.as_ref().map_or(f64::NAN, |rank| largest(rank));
            story.statistics.push(z);
            story.rejected[arm] |= z >= plan.bounds.efficacy[look];
        }
    }
}

fn group_sequential_twin(protocol: &Protocol, truth: &Truth, plan: &Plan, replicate: u64) -> Story {
    let Design::GroupSequential(design) = &protocol.design else { panic!("not group-sequential") };
    let stream = Stream::new(SEED, replicate);
    let n = design.patients as usize;
    let arms = allot(&stream, &design.allocation.0, &[true; 3], 0, n);
    let people: Vec<Person> =
        entries(truth, &stream, n).iter().enumerate().map(|(i, &e)| person(truth, &stream, i, e, arms[i])).collect();
    let experimental = protocol.arms.len() - 1;
    let mut story = Story { kept: vec![true; experimental], rejected: vec![false; experimental], ..Story::default() };
    confirm(protocol, &people, &people, (0.0, 0.0), &mut story, elementary(plan));
    story
}

/// Two experimental arms, best by PFS hazard ratio among those whose response difference is at least 0.
#[expect(clippy::too_many_lines, reason = "one trial told once, from its first patient to its last look")]
fn seamless_twin(
    (protocol, number): (&Protocol, usize),
    design: &Seamless,
    truth: &Truth,
    plan: &Plan,
    replicate: u64,
) -> Story {
    let stream = Stream::new(SEED, replicate);
    let death = protocol.primary.endpoint.is_death();
    let n2 = design.phase2_patients as usize;
    let open = [true; 3];
    let raw = entries(truth, &stream, n2 + 3 * design.phase3_patients as usize);
    let arms = allot(&stream, &design.phase2_allocation.0, &open, 0, n2);
    let mut people: Vec<Person> = (0..n2).map(|i| person(truth, &stream, i, raw[i], arms[i])).collect();
    let (snapshot, never) = reached(&people, &design.transition.when, &open, 0.0, death);
    let mut story = Story { kept: vec![false; 2], rejected: vec![false; 2], never_met: never, ..Story::default() };
    people.retain(|p| p.entry <= snapshot);
    let cohort = people.len();
    let rate = |arm: usize| {
        let due =
            |p: &&Person| p.arm == arm && p.entry + truth.immune_response.as_ref().unwrap().measured_at <= snapshot;
        let n = people.iter().filter(due).count() as f64;
        people.iter().filter(due).filter(|p| p.responder).count() as f64 / n
    };
    let ratio = |arm: usize| {
        let (time, event, treated) = cut(&people, snapshot, arm, false);
        cox(&Observations { time: &time, event: &event, treated: &treated, stratum: None }).unwrap().hazard_ratio()
    };
    let slices = |arm: usize, death: bool, statistic: &dyn TestStatistic| {
        let (time, event, treated) = cut(&people, snapshot, arm, death);
        from_data(statistic, &Observations { time: &time, event: &event, treated: &treated, stratum: None }).unwrap()
    };
    let contrast = |name: &str, month: f64| (find(TEST_STATISTICS, name).unwrap().build)(&[month]);
    // Responders against non-responders of one arm, from the reading on.
    let association = |arm: usize| {
        let read = truth.immune_response.as_ref().unwrap().measured_at;
        let seen = |p: &&Person| p.arm == arm && p.pfs > read && p.dropout > read && p.entry + read <= snapshot;
        let mut data = (Vec::new(), Vec::new(), Vec::new());
        for p in people.iter().filter(seen) {
            data.0.push(p.event(death).min(p.dropout).min(snapshot - p.entry) - read);
            data.1.push(p.event_month(death) <= snapshot);
            data.2.push(p.responder);
        }
        cox(&Observations { time: &data.0, event: &data.1, treated: &data.2, stratum: None })
            .unwrap()
            .hazard_ratio()
            .ln()
    };
    let seen = |arm: usize| {
        let found = slices(arm, death, Test::log_rank().statistics[0].as_ref());
        Seen { z: found.effect / found.variance.sqrt(), information: found.variance }
    };
    let value = |statistic: Statistic, arm: usize| match statistic {
        Statistic::RmstDifference { endpoint, to } => {
            slices(arm, endpoint.is_death(), contrast("rmst", to).as_ref()).effect
        }
        Statistic::MilestoneDifference { endpoint, at } => {
            slices(arm, endpoint.is_death(), contrast("milestone", at).as_ref()).effect
        }
        Statistic::ResponseOutcomeAssociation => association(arm),
        Statistic::ConditionalPower { under } => plan.prospects[arm - 1].conditional_power(&seen(arm), under, 1.0),
        Statistic::PredictivePower { prior } => {
            plan.prospects[arm - 1].predictive_power(&seen(arm), prior).unwrap_or(f64::NAN)
        }
        _ => rate(arm) - rate(0),
    };
    let passes = |arm: usize| match design.transition.go.as_ref().unwrap() {
        Criterion::Compare(statistic, Threshold::AtLeast(least)) => value(*statistic, arm) >= *least,
        Criterion::Compare(statistic, Threshold::AtMost(most)) => value(*statistic, arm) <= *most,
        Criterion::Score(parts, least) => {
            parts.iter().map(|(s, weight)| weight * value(*s, arm)).sum::<f64>() >= *least
        }
        other => panic!("{other:?}"),
    };
    let mut best: Option<(usize, f64)> = None;
    for arm in 1..3 {
        if passes(arm) && best.is_none_or(|(_, hazard_ratio)| ratio(arm) < hazard_ratio) {
            best = Some((arm, ratio(arm)));
        }
    }
    let factor = match (&design.transition.resize, best) {
        (Some(resize), Some((arm, _))) => {
            let (seen, prospect) = (seen(arm), &plan.prospects[arm - 1]);
            let power = prospect.conditional_power(&seen, resize.under, 1.0);
            let inside = power >= resize.lower && power < resize.target;
            if inside { prospect.factor_for(&seen, resize.under, resize.target, resize.most) } else { 1.0 }
        }
        _ => 1.0,
    };
    // Patients and events of phase III grow alike.
    let mut resized = protocol.clone();
    for look in &mut resized.analyses {
        if let Trigger::Events { count, .. } = &mut look.when {
            *count = (factor * *count - 1e-9).ceil();
        }
    }
    let protocol = &resized;
    let decision = snapshot + design.decision_time;
    let total = cohort + (factor * design.phase3_patients - 1e-9).ceil() as usize;
    let pause = match (design.pause_enrollment, cohort == n2) {
        (false, _) => 0.0,
        (true, true) => decision - raw[n2 - 1],
        (true, false) => decision - snapshot,
    };
    let entry: Vec<f64> = (0..total).map(|i| raw[i] + if i < cohort { 0.0 } else { pause }).collect();
    let early = entry.iter().filter(|&&e| e <= decision).count();
    for (i, arm) in (cohort..early).zip(allot(&stream, &design.phase3_allocation.0, &open, cohort, early)) {
        people.push(person(truth, &stream, i, entry[i], arm));
    }
    let Some((kept, _)) = best else {
        let events = people.iter().filter(|p| p.event_month(death) <= decision).count() as u32;
        story.end = (decision, events, people.len() as u32);
        return story;
    };
    story.kept[kept - 1] = true;
    let open: Vec<bool> = (0..3).map(|arm| arm == 0 || arm == kept).collect();
    for (i, arm) in (early..total).zip(allot(&stream, &design.phase3_allocation.0, &open, early, total)) {
        people.push(person(truth, &stream, i, entry[i], arm));
    }
    let (phase2, phase3) = people.split_at(cohort);
    match &design.combination {
        Combination::NaivePooled => {
            confirm(protocol, &people, &people, (decision, decision), &mut story, elementary(plan));
        }
        Combination::Phase3Only => {
            confirm(protocol, &people, phase3, (decision, decision), &mut story, elementary(plan));
        }
        Combination::TwoStage { .. } => {
            // Stage 1 of independent increments ends at the data cut, and everybody's later events are stage 2.
            let (end, never) = match design.combination.phase2_follow_up() {
                Some(when) => reached(phase2, when, &[true; 3], snapshot, death),
                None => (snapshot, false),
            };
            let increments = design.combination.phase2_follow_up().is_none();
            story.never_met |= never;
            let z1: Vec<f64> = (1..3)
                .map(|arm| largest(&test_of(protocol, phase2, end, arm)))
                .map(|z| if z.is_nan() { 0.0 } else { z })
                .collect();
            let top = z1[0].max(z1[1]);
            // Allocation 1:1:1: both comparisons share half their patients, correlation ½.
            let pair = normal::upper_quantile(2.0 * normal::sf(top) - bivariate::upper(top, top, 0.5));
            let weight = plan.stage1_weight.unwrap();
            let (mut second, mut before, mut fallen) = (0.0, [0.0; 2], [false; 2]);
            if increments {
                before = information(number, &test_of(protocol, phase2, snapshot, kept)[0]);
            }
            let decide = |look: usize, ranks: &[Option<Vec<Evidence>>], story: &mut Story| {
                let now = information(number, &ranks[kept - 1].as_ref().unwrap()[0]);
                // No new information says nothing: 0.
                let more = now[1] - before[1];
                let z = if more > 1e-9 * now[1] { (now[0] - before[0]) / more.sqrt() } else { 0.0 };
                before = now;
                let f = |k: usize| plan.looks[k].stage2_fraction;
                let step = f(look) - if look == 0 { 0.0 } else { f(look - 1) };
                second += ((1.0 - weight) * step).sqrt() * z;
                let scale = (weight + (1.0 - weight) * f(look)).sqrt();
                let combined = [z1[kept - 1], pair].map(|q1| (weight.sqrt() * q1 + second) / scale);
                for (fallen, c) in fallen.iter_mut().zip(combined) {
                    *fallen |= c >= plan.bounds.efficacy[look];
                }
                story.statistics.extend((0..2).map(|arm| if arm == kept - 1 { combined[0] } else { f64::NAN }));
                story.rejected[kept - 1] = fallen == [true; 2];
            };
            let tested = if increments { &people[..] } else { phase3 };
            confirm(protocol, &people, tested, (decision, decision.max(end)), &mut story, decide);
        }
    }
    story
}

fn story_of(record: &Record) -> Story {
    let triple = |look: &seamline::engine::simulation::LookRecord| (look.month, look.events, look.patients);
    Story {
        looks: record.looks.iter().map(triple).collect(),
        statistics: record.statistics.clone(),
        rejected: record.rejected.clone(),
        kept: record.kept.clone(),
        end: record.end.as_ref().map(triple).unwrap(),
        never_met: record.never_met,
    }
}

fn same(engine: &Record, twin: &Story, tolerance: f64) {
    let mut engine = story_of(engine);
    let close =
        |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan() || (a - b).abs() <= tolerance;
    assert!(
        engine.statistics.len() == twin.statistics.len() && engine.statistics.iter().zip(&twin.statistics).all(close),
        "{:?}\n{:?}",
        engine.statistics,
        twin.statistics
    );
    // NaN is not equal to itself, so that the statistics are compared above.
    let mut twin = twin.clone();
    engine.statistics.clear();
    twin.statistics.clear();
    assert_eq!(engine, twin);
}

fn illness_death(factor: f64) -> Course {
    Course {
        progression: PiecewiseHazard::new(&[0.0, 4.0], &[0.08, 0.08 * factor]).unwrap(),
        death: constant(0.02),
        after_baseline: PiecewiseHazard::new(&[0.0, 3.0], &[0.1, 0.05]).unwrap(),
        clock: Clock::SinceProgression,
        after_effect: HazardRatio::one(),
        product_at: 0.0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(20_261_122), cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// Random group-sequential trials, one or two experimental arms, every kind of condition, statistic for statistic.
    #[test]
    fn group_sequential_designs(
        patients in 20u32..150, rate in 2.0f64..40.0, factor in 0.3f64..1.2, dropout in 0.0f64..0.05,
        allocation in proptest::collection::vec(1u32..4, 2..4), first in 3u32..60, more in 1u32..60, os in any::<bool>(), kind in 0..4,
        number in 0usize..7,
    ) {
        let arms: Vec<_> = (0..allocation.len())
            .map(|arm| simulation_support::arm("arm", illness_death(factor.powf(f64::from(u8::try_from(arm).unwrap()))), dropout)).collect();
        let endpoint = if os { Endpoint::Os } else { Endpoint::Dfs };
        let last = match kind {
            0 => events(first + more, endpoint),
            1 => Trigger::All(vec![events(first + more, Endpoint::Pfs), Trigger::MinFollowUp { months: 3.0 }]),
            2 => Trigger::Any(vec![events(first + more, Endpoint::Os), Trigger::AfterPrevious { months: 10.0 }]),
            _ => Trigger::All(vec![Trigger::Enrolled { count: f64::from(patients) }, Trigger::Calendar { month: 14.0 }]),
        };
        let looks = [events(first, endpoint), last];
        let names = ["control", "low", "high"];
        let mut protocol = protocol(&names[..arms.len()], endpoint, &looks, group_sequential(patients, &allocation));
        protocol.primary.test = test_number(number);
        let truth = truth(rate, arms);
        let plan = plan(&[2.2, 1.5], &[0.5, 1.0], None);
        let trial = Trial::new(&protocol, &truth, &plan, SEED).unwrap();
        let mut workspace = trial.workspace();
        for replicate in 0..10 {
            let twin = group_sequential_twin(&protocol, &truth, &plan, replicate);
            same(trial.replicate(&mut workspace, replicate), &twin, 0.0);
        }
    }

    /// Random trials with two endpoints that share alpha, against the closed test by its definition.
    #[test]
    fn graphical_designs(
        patients in 40u32..150, rate in 4.0f64..40.0, factor in 0.3f64..1.0, first in 5u32..40, more in 1u32..40,
        weight in 0.0f64..1.0, recycled in any::<bool>(), separate in any::<bool>(),
    ) {
        let arms = vec![illness_death(1.0), illness_death(factor)];
        let arms = arms.into_iter().map(|course| simulation_support::arm("arm", course, 0.01)).collect();
        let looks = [events(first, Endpoint::Os), events(first + more, Endpoint::Os)];
        let mut protocol = protocol(&["control", "high"], Endpoint::Pfs, &looks, group_sequential(patients, &[1, 1]));
        let part = if recycled { 1.0 } else { 0.0 };
        let graph = Graph::new(&[weight, 1.0 - weight], &[vec![0.0, part], vec![part, 0.0]]).unwrap();
        let tested = if separate { vec![vec![true, true], vec![false, true]] } else { vec![vec![true; 2]; 2] };
        protocol.several = Some(Several { endpoints: vec![Endpoint::Pfs, Endpoint::Os], graph: graph.clone(), tested: tested.clone() });
        // A generous level, so that much is rejected; an earlier look asks for more.
        let bound = |level: f64, look: usize| if level > 0.0 { normal::upper_quantile(0.3 * level) + if look == 0 { 0.4 } else { 0.0 } } else { f64::INFINITY };
        let share = |index: usize, set: usize| {
            let mut graph = graph.clone();
            (0..2).filter(|j| set >> j & 1 == 1).for_each(|j| graph.reject(j));
            graph.weight(index)
        };
        let planned = |index: usize| PlannedEndpoint {
            events: vec![0.0; 2],
            bounds: (0..4)
                .map(|set| (0..2).map(|look| if tested[look][index] { bound(share(index, set), look) } else { f64::INFINITY }).collect())
                .collect(),
        };
        let plan = Plan { endpoints: vec![planned(0), planned(1)], ..plan(&[2.0, 2.0], &[0.5, 1.0], None) };
        let truth = truth(rate, arms);
        let trial = Trial::new(&protocol, &truth, &plan, SEED).unwrap();
        let mut workspace = trial.workspace();
        for replicate in 0..10 {
            let stream = Stream::new(SEED, replicate);
            let n = patients as usize;
            let arms = allot(&stream, &[1, 1], &[true; 3], 0, n);
            let people: Vec<Person> =
                entries(&truth, &stream, n).iter().enumerate().map(|(i, &e)| person(&truth, &stream, i, e, arms[i])).collect();
            // Closed test: of {PFS}, {OS} and both, each by weighted Bonferroni at the latest look of its members.
            let mut fallen = [false; 4];
            let mut latest = [None; 2];
            let mut previous = 0.0;
            for (look, analysis) in protocol.analyses.iter().enumerate() {
                let (month, _) = reached(&people, &analysis.when, &[true; 3], previous, false);
                previous = month.max(previous);
                for index in 0..2 {
                    if tested[look][index] {
                        let (time, event, treated) = cut(&people, previous, 1, index == 1);
                        let data = Observations { time: &time, event: &event, treated: &treated, stratum: None };
                        let found = from_data(Test::log_rank().statistics[0].as_ref(), &data).unwrap();
                        latest[index] = Some((found.z(), look));
                    }
                }
                for (set, fallen) in fallen.iter_mut().enumerate().skip(1) {
                    *fallen |= (0..2).any(|index| {
                        set >> index & 1 == 1
                            && latest[index].is_some_and(|(z, at)| z >= bound(share(index, 3 ^ set), at))
                    });
                }
                if fallen[1] && fallen[2] && fallen[3] {
                    break;
                }
            }
            let rejected = [fallen[1] && fallen[3], fallen[2] && fallen[3]];
            assert_eq!(trial.replicate(&mut workspace, replicate).rejected, rejected);
        }
    }

    /// Random seamless trials of every combination, with and without a pause, cuts before and after phase II is full.
    #[test]
    fn seamless_designs(
        phase2 in 20u32..90, phase3 in 20u32..120, rate in 4.0f64..40.0, factor in 0.3f64..1.2, cut_at in 5u32..60,
        decision_time in 0.0f64..3.0, pause in any::<bool>(), method in 0..4, first in 5u32..40, more in 1u32..40, os in any::<bool>(),
        number in 0usize..6, statistic in 0usize..7, resize in any::<bool>(),
    ) {
        let mut arms = vec![illness_death(1.0), illness_death(1.0), illness_death(factor)];
        let mut arms: Vec<_> = arms.drain(..).map(|course| simulation_support::arm("arm", course, 0.01)).collect();
        for (arm, rate) in arms.iter_mut().zip([0.2, 0.3, 0.5]) {
            arm.strata[0].response_rate = rate;
        }
        let mut truth = truth(rate, arms);
        truth.immune_response = Some(ImmuneResponse {
            measured_at: 1.5,
            prognostic: Prognostic::default(),
            assays: vec![Assay { name: "perfect".into(), sensitivity: 1.0, specificity: 1.0 }],
            positive_if: PositiveRule::Any,
            missing_if_event_before: true,
            missing: seamline::truth::Missing::NonResponse,
        });
        let when = events(cut_at, Endpoint::Pfs);
        let combination = match method {
            0 => own_cohort(0.4, Trigger::AfterPrevious { months: 6.0 }),
            1 => Combination::Phase3Only,
            3 => Combination::TwoStage {
                function: combining("inverse_normal").unwrap(),
                weight: Weight::Fixed(0.4),
                stage1: Stage1::IndependentIncrements,
            },
            _ => Combination::NaivePooled,
        };
        let mut design = seamless([phase2, phase3], &[1, 1, 1], when, Statistic::PfsHazardRatio, combination);
        let os_at = |at: f64| Statistic::MilestoneDifference { endpoint: Endpoint::Os, at };
        let trend = Statistic::ConditionalPower { under: Assumption::Trend };
        let predictive = Statistic::PredictivePower { prior: Prior::Normal { mean: 0.1, sd: 0.3 } };
        design.transition.go = Some(match statistic {
            1 => Criterion::Compare(os_at(4.0), Threshold::AtLeast(-0.05)),
            2 => {
                let rmst = Statistic::RmstDifference { endpoint: Endpoint::Pfs, to: 3.0 };
                Criterion::Compare(rmst, Threshold::AtLeast(-0.2))
            }
            3 => Criterion::Compare(Statistic::ResponseOutcomeAssociation, Threshold::AtMost(0.1)),
            4 => Criterion::Compare(trend, Threshold::AtLeast(0.2)),
            5 => Criterion::Compare(predictive, Threshold::AtLeast(0.3)),
            6 => Criterion::Score(vec![(Statistic::ResponseDifference, 1.0), (os_at(3.0), 2.0)], 0.0),
            _ => Criterion::Compare(Statistic::ResponseDifference, Threshold::AtLeast(0.0)),
        });
        let zone = Resize { lower: 0.2, target: 0.8, most: 2.5, under: Assumption::Trend };
        design.transition.resize = resize.then_some(zone);
        design.decision_time = decision_time;
        design.pause_enrollment = pause;
        let endpoint = if os { Endpoint::Os } else { Endpoint::Pfs };
        let looks = [events(first, endpoint), events(first + more, endpoint)];
        let names = ["control", "low", "high"];
        let mut protocol = protocol(&names, endpoint, &looks, Design::Seamless(Box::new(design.clone())));
        let combined = method == 0 || method == 3;
        // Increments are those of the log-rank test.
        let number = if method == 3 { 0 } else { number };
        protocol.primary.test = test_number(number);
        // Powers are those of the log-rank test.
        if number > 0 && (resize || matches!(statistic, 4 | 5)) {
            protocol.primary.test = test_number(0);
        }
        let number = if protocol.primary.test.is_log_rank() { 0 } else { number };
        let stage1 = (method == 0).then_some(12.0);
        let prospect = Prospect { weight: 0.4, stage1, stage2: 15.0, planned: [0.2, 0.3], bound: 1.5 };
        let mut plan = plan(&[2.2, 1.5], &[0.5, 1.0], combined.then_some(0.4));
        plan.prospects = vec![prospect, Prospect { stage2: 18.0, ..prospect }];
        let trial = Trial::new(&protocol, &truth, &plan, SEED).unwrap();
        let mut workspace = trial.workspace();
        for replicate in 0..10 {
            let twin = seamless_twin((&protocol, number), &design, &truth, &plan, replicate);
            same(trial.replicate(&mut workspace, replicate), &twin, if combined { 1e-9 } else { 0.0 });
        }
    }
}
