//! Random truths: what a million simulated patients do, against the laws of `survival/` by quadrature. Tolerances are 4 Monte
//! Carlo standard errors.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

mod simulation_support;

use seamline::engine::simulation::random::{Purpose, Stream};
use seamline::engine::simulation::{Latents, Nature, Patients};
use seamline::survival::{Clock, Course, Endpoint, HazardRatio, PiecewiseHazard};
use seamline::truth::{ArmStratum, ArmTruth, Crossover, Cured, Later, Stratum, Therapy, Truth};
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
                };
                let therapy = Therapy { probability: self.between(0.1, 0.9), hazard_ratio: self.between(0.3, 1.1) };
                let crossover = Crossover { probability: self.between(0.1, 0.9), effect: crossed.clone() };
                let later = Later { therapy: Some(therapy), crossover: (!treated).then_some(crossover) };
                ArmStratum { response_rate: 0.0, courses: [course.clone(), course], cured, later: Some(later) }
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
