//! Random truths: what a million simulated patients do, against the laws of `survival/` by quadrature. Tolerances are 4 Monte
//! Carlo standard errors.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

mod simulation_support;

use seamline::engine::simulation::random::{Purpose, Stream};
use seamline::engine::simulation::{Latents, Nature, Patients};
use seamline::survival::{Class, Clock, Course, Effect, Endpoint, HazardRatio, PiecewiseHazard, Waiting};
use seamline::truth::{
    ArmStratum, ArmTruth, Assay, Crossover, Cured, ImmuneResponse, Later, Missing, PositiveRule, Product, Prognostic,
    Stratum, Therapy, Truth,
};
use simulation_support::{SEED, constant, truth};

const N: usize = 1_000_000;

/// Random numbers of one random truth.
struct Dice(Stream, u32);

impl Dice {
    fn new(number: u64) -> Self {
        Self(Stream::new(4, number), 0)
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        self.1 += 1;
        low + (high - low) * self.0.uniform(self.1, Purpose::Enrollment)
    }

    fn hazard(&mut self, low: f64, high: f64) -> PiecewiseHazard {
        let starts = [0.0, self.between(1.0, 5.0), self.between(6.0, 12.0)];
        PiecewiseHazard::new(&starts, &[self.between(low, high), self.between(low, high), self.between(low, high)])
            .unwrap()
    }

    fn effect(&mut self) -> HazardRatio {
        HazardRatio::delayed(self.between(0.3, 1.2), self.between(0.0, 6.0), self.between(0.0, 3.0)).unwrap()
    }

    /// A control that may be treated after progression and cross over, and an arm that may be treated, in two strata.
    fn later(&mut self, clock: Clock) -> Truth {
        let base: [_; 3] = [self.hazard(0.02, 0.15), self.hazard(0.005, 0.03), self.hazard(0.03, 0.2)];
        let effects = [self.effect(), self.effect(), self.effect()];
        let crossed = if clock == Clock::SinceProgression {
            effects[2].clone()
        } else {
            HazardRatio::delayed(self.between(0.4, 0.9), 0.0, 0.0).unwrap()
        };
        let cured = Cured { progression: self.between(0.0, 0.2), death: 0.0, death_after_progression: 0.1 };
        let mut arm = |name: &str, treated: bool| {
            let strata = [1.0, self.between(1.2, 2.0)].map(|ratio| {
                let hazard = |i: usize| {
                    let baseline = base[i].scaled(ratio).unwrap();
                    if treated { effects[i].applied_to(&baseline).unwrap() } else { baseline }
                };
                let course = Course {
                    progression: hazard(0),
                    death: hazard(1),
                    after_baseline: base[2].scaled(ratio).unwrap(),
                    clock,
                    after_effect: if treated { effects[2].clone() } else { HazardRatio::one() },
                    product_at: 0.0,
                };
                let therapy = Therapy { probability: self.between(0.1, 0.9), hazard_ratio: self.between(0.3, 1.1) };
                let crossover = Crossover { probability: self.between(0.1, 0.9), effect: crossed.clone() };
                let later = Later { therapy: Some(therapy), crossover: (!treated).then_some(crossover) };
                ArmStratum {
                    response_rate: 0.0,
                    courses: [course.clone(), course],
                    cured,
                    later: Some(later),
                    product: None,
                }
            });
            ArmTruth { name: name.into(), dropout: constant(0.01), strata: strata.to_vec() }
        };
        let mut truth = truth(100.0, vec![arm("control", false), arm("vaccine", true)]);
        let share = self.between(0.2, 0.8);
        truth.strata = [share, 1.0 - share].map(|prevalence| Stratum { name: "s".into(), prevalence }).to_vec();
        truth.check().unwrap();
        truth
    }
}

fn patients(truth: &Truth, arm: u16) -> (Patients, Latents) {
    let stream = Stream::new(SEED, 5);
    let mut latents = Latents::new(truth, N);
    latents.draw_arrivals(&stream, truth, N);
    latents.draw_courses(&stream, truth, N);
    let mut patients = Patients::with_capacity(N);
    patients.resize(N);
    patients.arm.fill(arm);
    patients.realise(&Nature::new(truth).unwrap(), &latents, 0..N);
    (patients, latents)
}

fn agrees(count: usize, of: usize, expected: f64, what: &str) {
    let share = count as f64 / of as f64;
    let mcse = (expected * (1.0 - expected) / of as f64).sqrt();
    assert!((share - expected).abs() <= 4.0 * mcse + 1e-12, "{what}: {share} ± {mcse}, not {expected}");
}

const MONTHS: [f64; 5] = [2.0, 5.0, 11.0, 20.0, 40.0];

#[test]
fn therapy_after_progression_and_crossover() {
    for number in 0..4 {
        let clock = if number % 2 == 0 { Clock::SinceProgression } else { Clock::SinceRandomization };
        let truth = Dice::new(number).later(clock);
        for arm in 0..2 {
            let (patients, _) = patients(&truth, arm);
            for endpoint in [Endpoint::Pfs, Endpoint::Os] {
                let law = truth.population_law(usize::from(arm), endpoint).unwrap();
                for month in MONTHS {
                    let beyond = patients.event(endpoint.is_death()).iter().filter(|&&time| time > month).count();
                    agrees(beyond, N, law.survival(month), &format!("truth {number}, arm {arm}, {endpoint:?} {month}"));
                }
            }
        }
    }
}

/// A product that is made for each patient, whose effect sets in later in some patients than in others.
fn awaited(number: u64) -> Truth {
    let mut dice = Dice::new(100 + number);
    let clock = if number.is_multiple_of(2) { Clock::SinceProgression } else { Clock::SinceRandomization };
    let untreated = Course {
        progression: dice.hazard(0.02, 0.15),
        death: dice.hazard(0.005, 0.03),
        after_baseline: dice.hazard(0.03, 0.2),
        clock,
        after_effect: HazardRatio::one(),
        product_at: 0.0,
    };
    let (median, shape) = (dice.between(1.0, 5.0), dice.between(0.7, 6.0));
    let delay = Waiting::gamma(median, shape).unwrap();
    let wait = match number {
        0 => Waiting::NONE,
        1 => Waiting::fixed(dice.between(0.5, 3.0)).unwrap(),
        _ => Waiting::gamma(dice.between(0.5, 3.0), dice.between(1.0, 6.0)).unwrap(),
    };
    let delay = if number == 3 { Waiting::fixed(2.0).unwrap() } else { delay };
    let mut effects = || {
        [0, 1, 2].map(|_| {
            let ratio = HazardRatio::delayed(dice.between(0.3, 1.1), 0.0, dice.between(0.0, 2.0)).unwrap();
            Effect { ratio, delay }
        })
    };
    let effects = [effects(), effects()];
    let failure = [0.0, 0.1, 0.2, 0.05][number as usize];
    let cured = Cured { progression: 0.1, death: 0.0, death_after_progression: 0.05 };
    let therapy = Therapy { probability: 0.4, hazard_ratio: 0.6 };
    let later = (number == 2).then_some(Later { therapy: Some(therapy), crossover: None });
    let stratum = |product| ArmStratum {
        response_rate: if number == 2 { 0.0 } else { 0.4 },
        courses: [untreated.clone(), untreated.clone()],
        cured,
        later: later.clone(),
        product,
    };
    let strata = [stratum(None), stratum(Some(Product { failure, wait, effects }))];
    let arms = strata.map(|stratum| ArmTruth { name: "arm".into(), dropout: constant(0.01), strata: vec![stratum] });
    let mut truth = truth(100.0, arms.to_vec());
    if number != 2 {
        truth.immune_response = Some(ImmuneResponse {
            measured_at: 2.0,
            prognostic: Prognostic { correlation: 0.5, log_hazard_sd: if number == 1 { 0.6 } else { 0.0 } },
            assays: vec![Assay { name: "a".into(), sensitivity: 0.9, specificity: 0.95 }],
            positive_if: PositiveRule::Any,
            missing_if_event_before: true,
            missing: Missing::NonResponse,
        });
    }
    truth.check().unwrap();
    truth
}

/// PFS, OS, the response as it is read, and which event comes first, within 4 Monte Carlo standard errors.
#[test]
fn products_and_delays_that_differ_between_patients() {
    for number in 0..4 {
        let truth = awaited(number);
        let (patients, _) = patients(&truth, 1);
        for endpoint in [Endpoint::Pfs, Endpoint::Os] {
            let law = truth.population_law(1, endpoint).unwrap();
            for month in MONTHS {
                let beyond = patients.event(endpoint.is_death()).iter().filter(|&&time| time > month).count();
                agrees(beyond, N, law.survival(month), &format!("truth {number}, {endpoint:?} {month}"));
            }
        }
        if let Some(seen) = truth.observed_response(1, 0).unwrap() {
            let positive = patients.responder.iter().filter(|&&responder| responder).count();
            agrees(positive, N, seen.positive, &format!("truth {number}, response"));
            let read = (0..N).filter(|&i| patients.pfs[i] >= 2.0 && patients.dropout[i] >= 2.0).count();
            agrees(positive, read, seen.rate(Missing::LeftOut), &format!("truth {number}, response of those read"));
            assert_eq!((seen.rate(Missing::NonResponse), seen.counted(Missing::NonResponse)), (seen.positive, 1.0));
            agrees(read, N, seen.counted(Missing::LeftOut), &format!("truth {number}, read"));
        }
        // Deaths without progression: by each class's hazards, from its own PFS.
        let classes = truth.classes(1, 0).unwrap();
        for month in [5.0, 20.0] {
            let died = (0..N).filter(|&i| patients.pfs[i] == patients.os[i] && patients.pfs[i] <= month).count();
            let expected: f64 = classes.iter().map(|part| part.class.weight * deaths_first(&part.class, month)).sum();
            agrees(died, N, expected, &format!("truth {number}, deaths without progression by {month}"));
        }
    }
}

/// Probability of death without progression by `month`: λ₀₂ against the hazard of either, piece by piece, over frailty.
fn deaths_first(class: &Class, month: f64) -> f64 {
    let course = &class.course;
    let mut cuts: Vec<f64> =
        [&course.progression, &course.death].iter().flat_map(|hazard| hazard.starts().to_vec()).collect();
    cuts.push(month);
    cuts.retain(|&cut| cut <= month);
    cuts.sort_by(f64::total_cmp);
    let mut sum = 0.0;
    for (factor, weight) in class.frailty.factors().iter().zip(class.frailty.weights()) {
        for pair in cuts.windows(2) {
            let (death, either) =
                (course.death.rate(pair[0]), course.death.rate(pair[0]) + course.progression.rate(pair[0]));
            let before = course.death.cumulative(pair[0]) + course.progression.cumulative(pair[0]);
            if either > 0.0 {
                let falls = -(-factor * either * (pair[1] - pair[0])).exp_m1();
                sum += weight * (-factor * before).exp() * falls * death / either;
            }
        }
    }
    sum
}

/// A patient whose product fails, or who progresses before it arrives, has the hazards of the untreated: rate by rate.
#[test]
fn no_product_no_effect() {
    let mut truth = awaited(1);
    truth.immune_response = None;
    let arms = &mut truth.arms;
    for arm in arms.iter_mut() {
        arm.strata[0].response_rate = 0.0;
        arm.strata[0].cured = Cured::default();
    }
    let wait = arms[1].strata[0].product.as_ref().unwrap().wait.mean();
    let course = arms[1].strata[0].courses[0].clone();
    let (treated, latents) = patients(&truth, 1);
    let (control, _) = patients(&truth, 0);
    let (mut failed, mut early) = (0, 0);
    for i in 0..N {
        // The latents are those of the control: without the product the patient is the same, to the last bit.
        if latents.failure[i] < 0.1 || control.pfs[i] <= wait {
            assert_eq!((treated.pfs[i], treated.os[i]), (control.pfs[i], control.os[i]), "{i}");
            failed += usize::from(latents.failure[i] < 0.1);
            early += usize::from(control.pfs[i] <= wait);
        }
    }
    agrees(failed, N, 0.1, "failure");
    agrees(early, N, -(-course.progression.cumulative(wait) - course.death.cumulative(wait)).exp_m1(), "events before");
    assert_ne!(treated.os, control.os);
}

/// Rate by rate, with constant hazards: each of the four histories has its share of those who progressed, and its residual
/// life is exponential until the crossover's delay is over, then faster or slower, on a clock that starts at progression.
#[test]
fn later_therapy_rate_by_rate() {
    let course = Course {
        progression: constant(0.1),
        death: constant(0.02),
        after_baseline: constant(0.08),
        clock: Clock::SinceRandomization,
        after_effect: HazardRatio::one(),
        product_at: 0.0,
    };
    let (p, q, therapy_ratio, ratio, delay) = (0.3, 0.6, 0.5, 0.4, 3.0);
    let later = Later {
        therapy: Some(Therapy { probability: p, hazard_ratio: therapy_ratio }),
        crossover: Some(Crossover { probability: q, effect: HazardRatio::delayed(ratio, delay, 0.0).unwrap() }),
    };
    let stratum = ArmStratum {
        response_rate: 0.0,
        courses: [course.clone(), course],
        cured: Cured::default(),
        later: Some(later),
        product: None,
    };
    let control = ArmTruth { name: "control".into(), dropout: constant(0.0), strata: vec![stratum] };
    let truth = truth(100.0, vec![control.clone(), control]);
    let (patients, latents) = patients(&truth, 0);
    for (therapy, crossover) in [(false, false), (true, false), (false, true), (true, true)] {
        let share = if therapy { p } else { 1.0 - p } * if crossover { q } else { 1.0 - q };
        let progressed: Vec<usize> = (0..N).filter(|&i| patients.pfs[i] < patients.os[i]).collect();
        let residual: Vec<f64> = progressed
            .iter()
            .filter(|&&i| (latents.therapy[i] < p) == therapy && (latents.crossover[i] < q) == crossover)
            .map(|&i| patients.os[i] - patients.pfs[i])
            .collect();
        agrees(residual.len(), progressed.len(), share, "share of a history");
        let hazard = 0.08 * if therapy { therapy_ratio } else { 1.0 };
        let after = if crossover { ratio } else { 1.0 };
        for month in [1.0f64, 3.0, 5.0, 12.0, 30.0] {
            let total = hazard * (month.min(delay) + after * (month - delay).max(0.0));
            let beyond = residual.iter().filter(|&&life| life > month).count();
            agrees(beyond, residual.len(), (-total).exp(), &format!("{therapy} {crossover} {month}"));
        }
    }
}

/// What is unused is not drawn, and what is drawn shifts nothing: without therapy after progression the patients are the same.
#[test]
fn therapy_leaves_the_time_to_progression_alone() {
    let with = Dice::new(9).later(Clock::SinceProgression);
    let mut without = with.clone();
    without.arms.iter_mut().flat_map(|arm| &mut arm.strata).for_each(|stratum| stratum.later = None);
    let ((a, _), (b, unused)) = (patients(&with, 0), patients(&without, 0));
    assert_eq!(a.pfs, b.pfs);
    assert!(unused.therapy.is_empty() && unused.crossover.is_empty());
    assert_ne!(a.os, b.os);
}

/// A crossover whose effect changes over time, on top of a hazard that changes on the clock since randomisation: two clocks.
#[test]
fn two_clocks_are_refused() {
    let mut truth = Dice::new(1).later(Clock::SinceRandomization);
    let crossover = truth.arms[0].strata[0].later.as_mut().unwrap().crossover.as_mut().unwrap();
    crossover.effect = HazardRatio::delayed(0.5, 3.0, 0.0).unwrap();
    assert!(truth.check().is_err() && truth.law(0, 0, Endpoint::Os).is_err());
}
