//! Every generator against the law it claims, rate by rate; tolerances are 4 Monte Carlo standard errors.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

mod simulation_support;

use seamline::engine::simulation::random::{Stream, standard_normal};
use seamline::engine::simulation::{Latents, Nature, Patients};
use seamline::survival::{Clock, Course, HazardRatio, PiecewiseHazard};
use seamline::truth::{
    ArmStratum, ArmTruth, Assay, Cured, Enrollment, EnrollmentProcess, ImmuneResponse, PositiveRule, Prognostic,
    Stratum, Truth,
};
use simulation_support::*;

const N: usize = 100_000;

/// `N` patients of the truth's arm `arm`.
fn patients(truth: &Truth, arm: u16) -> (Patients, Latents) {
    let stream = Stream::new(SEED, 77);
    let mut latents = Latents::new(truth, N);
    latents.draw_arrivals(&stream, truth, N);
    latents.draw_courses(&stream, truth, N);
    let mut patients = Patients::with_capacity(N);
    patients.resize(N);
    patients.entry.copy_from_slice(&latents.arrival);
    patients.arm.fill(arm);
    patients.realise(&Nature::new(truth).unwrap(), &latents, 0..N);
    (patients, latents)
}

/// The share of `values` beyond `limit` is `expected`.
fn share_beyond(values: &[f64], limit: f64, expected: f64) {
    share(values.iter().map(|&value| value > limit), expected);
}

fn share(hits: impl Iterator<Item = bool>, expected: f64) {
    let (mut n, mut count) = (0.0, 0.0);
    for hit in hits {
        n += 1.0;
        count += f64::from(u8::from(hit));
    }
    let mcse = (expected * (1.0 - expected) / n).sqrt();
    assert!((count / n - expected).abs() <= 4.0 * mcse + 1e-12, "{} ± {mcse}, not {expected}", count / n);
}

fn pieces() -> PiecewiseHazard {
    PiecewiseHazard::new(&[0.0, 3.0, 9.0, 20.0], &[0.02, 0.0, 0.1, 0.03]).unwrap()
}

fn one_arm(course: Course, dropout: PiecewiseHazard, cured: Cured) -> Truth {
    let mut control = arm("control", course, 0.0);
    control.dropout = dropout;
    control.strata[0].cured = cured;
    truth(30.0, vec![control.clone(), control])
}

#[test]
fn enrolment_follows_its_rate() {
    let mut truth = one_arm(death(constant(0.1)), constant(0.0), Cured::default());
    truth.enrollment = Enrollment::new(&[0.0, 500.0, 700.0], &[40.0, 0.0, 90.0]).unwrap();
    let (poisson, _) = patients(&truth, 0);
    assert!(poisson.entry.is_sorted());
    for month in [10.0, 300.0, 600.0, 1200.0] {
        let expected = truth.enrollment.expected_by(month);
        let count = poisson.entry.partition_point(|&entry| entry <= month) as f64;
        assert!((count - expected).abs() < 4.0 * expected.sqrt(), "{month}: {count}, not {expected}");
    }
    truth.enrollment_process = EnrollmentProcess::Steady;
    let (steady, _) = patients(&truth, 0);
    assert_eq!((steady.entry[0], steady.entry[39], steady.entry[19_999]), (0.025, 1.0, 500.0));
    assert!((steady.entry[20_089] - 701.0).abs() < 1e-9);
}

#[test]
fn death_and_dropout_follow_their_hazards() {
    let truth = one_arm(death(pieces()), PiecewiseHazard::new(&[0.0, 6.0], &[0.01, 0.04]).unwrap(), Cured::default());
    let (patients, _) = patients(&truth, 1);
    for month in [1.0, 3.0, 7.0, 9.5, 15.0, 30.0, 60.0] {
        share_beyond(&patients.os, month, pieces().survival(month));
        share_beyond(&patients.dropout, month, truth.arms[0].dropout.survival(month));
        // Independent of each other.
        let both = patients.os.iter().zip(&patients.dropout).map(|(os, dropout)| os.min(*dropout) > month);
        share(both, pieces().survival(month) * truth.arms[0].dropout.survival(month));
    }
    assert_eq!(patients.os, patients.pfs);
}

/// P(OS > t) = P(PFS > t) + ∫₀ᵗ λ₀₁(u) S(u) S₁₂(t | u) du by Simpson's rule on a fine grid.
fn survival_by_quadrature(course: &Course, t: f64) -> f64 {
    let first = |u: f64| (-course.progression.cumulative(u) - course.death.cumulative(u)).exp();
    let after = |u: f64| {
        let steps = 400;
        let width = (t - u) / f64::from(steps);
        let total: f64 = (0..steps)
            .map(|i| {
                let s = u + (f64::from(i) + 0.5) * width;
                let clock = if course.clock == Clock::SinceProgression { s - u } else { s };
                course.after_baseline.rate(clock) * course.after_effect.at(s) * width
            })
            .sum();
        (-total).exp()
    };
    let steps = 600;
    let width = t / f64::from(steps);
    let inner: f64 = (0..steps)
        .map(|i| {
            let u = (f64::from(i) + 0.5) * width;
            course.progression.rate(u) * first(u) * after(u) * width
        })
        .sum();
    first(t) + inner
}

#[test]
fn illness_death_on_either_clock() {
    let effects = [HazardRatio::one(), HazardRatio::delayed(0.5, 6.0, 0.0).unwrap()];
    for clock in [Clock::SinceProgression, Clock::SinceRandomization] {
        for effect in &effects {
            let course = Course {
                progression: PiecewiseHazard::new(&[0.0, 5.0], &[0.12, 0.05]).unwrap(),
                death: PiecewiseHazard::new(&[0.0, 8.0], &[0.01, 0.03]).unwrap(),
                after_baseline: PiecewiseHazard::new(&[0.0, 2.0, 10.0], &[0.15, 0.05, 0.1]).unwrap(),
                clock,
                after_effect: effect.clone(),
                product_at: 0.0,
            };
            let truth = one_arm(course.clone(), constant(0.0), Cured::default());
            let (patients, _) = patients(&truth, 0);
            for month in [2.0, 6.0, 12.0, 24.0] {
                let free = (-course.progression.cumulative(month) - course.death.cumulative(month)).exp();
                share_beyond(&patients.pfs, month, free);
                share_beyond(&patients.os, month, survival_by_quadrature(&course, month));
            }
            assert!(patients.pfs.iter().zip(&patients.os).all(|(pfs, os)| pfs <= os));
            assert!(patients.dropout.iter().all(|&dropout| dropout == f64::INFINITY));
        }
    }
}

#[test]
fn cured_patients_are_nested() {
    let course = Course {
        progression: constant(0.1),
        death: constant(0.05),
        after_baseline: constant(0.2),
        clock: Clock::SinceProgression,
        after_effect: HazardRatio::one(),
        product_at: 0.0,
    };
    let cured = Cured { progression: 0.3, death: 0.2, death_after_progression: 0.5 };
    let (patients, _) = patients(&one_arm(course, constant(0.0), cured), 0);
    // Never an event: cured of both. Never progresses but dies: the other 0.1.
    share(patients.pfs.iter().map(|pfs| pfs.is_infinite()), 0.2);
    // Progresses and never dies of it: places 0.3 to 0.5, if progression is first (2/3).
    let survivors = patients.pfs.iter().zip(&patients.os).map(|(pfs, os)| pfs.is_finite() && os.is_infinite());
    share(survivors, 0.2 * 2.0 / 3.0);
    let t = 12.0f64;
    let expected = 0.2 + 0.1 * (-0.05 * t).exp() + 0.7 * (-0.15 * t).exp();
    share_beyond(&patients.pfs, t, expected);
}

fn responding(assays: &[(f64, f64)], positive_if: PositiveRule, prognostic: Prognostic) -> Truth {
    let mut truth = one_arm(death(constant(0.05)), constant(0.0), Cured::default());
    for (arm, rate) in truth.arms.iter_mut().zip([0.1, 0.5]) {
        arm.strata[0].response_rate = rate;
    }
    let assay = |&(sensitivity, specificity): &(f64, f64)| Assay { name: "assay".into(), sensitivity, specificity };
    truth.immune_response = Some(ImmuneResponse {
        measured_at: 2.0,
        prognostic,
        assays: assays.iter().map(assay).collect(),
        positive_if,
        missing_if_event_before: false,
        missing: seamline::truth::Missing::NonResponse,
    });
    truth
}

/// Table J8: two assays read together, true rates 0.5 and 0.1; differences 0.304 (all) and 0.336 (any).
#[test]
fn assays_read_as_their_accuracy_says() {
    let pair = [(0.90, 0.90), (0.85, 0.95)];
    for (rule, sensitivity, specificity) in [(PositiveRule::All, 0.765, 0.995), (PositiveRule::Any, 0.985, 0.855)] {
        for (arm, rate) in [(0, 0.1), (1, 0.5)] {
            let (patients, _) = patients(&responding(&pair, rule, Prognostic::default()), arm);
            share(patients.responder.iter().copied(), sensitivity * rate + (1.0 - specificity) * (1.0 - rate));
        }
    }
    let three = [(0.9, 0.9), (0.8, 0.95), (0.7, 0.85)];
    let (patients, _) = patients(&responding(&three, PositiveRule::AtLeast(2), Prognostic::default()), 1);
    let two_of = |p: [f64; 3]| p[0] * p[1] + p[0] * p[2] + p[1] * p[2] - 2.0 * p[0] * p[1] * p[2];
    share(patients.responder.iter().copied(), 0.5 * two_of([0.9, 0.8, 0.7]) + 0.5 * two_of([0.1, 0.05, 0.15]));
}

#[test]
fn a_reading_is_missing_after_an_event_or_dropout() {
    let mut truth = responding(&[(1.0, 1.0)], PositiveRule::Any, Prognostic::default());
    truth.arms[1].dropout = constant(0.1);
    truth.immune_response.as_mut().unwrap().missing_if_event_before = true;
    let (patients, _) = patients(&truth, 1);
    share(patients.responder.iter().copied(), 0.5 * (-2.0 * 0.15f64).exp());
}

/// The frailty has mean 1, its log has variance σ² and correlation −ρ with the latent response; survival averages over it.
#[test]
fn frailty_follows_its_law() {
    let (rho, sigma) = (0.6, 0.8);
    let prognostic = Prognostic { correlation: rho, log_hazard_sd: sigma };
    let (patients, latents) = patients(&responding(&[(1.0, 1.0)], PositiveRule::Any, prognostic), 1);
    let n = N as f64;
    let mean = |values: &dyn Fn(usize) -> f64| (0..N).map(values).sum::<f64>() / n;
    let xi = |i: usize| -latents.resistance[i].ln();
    let frailty_sd = ((sigma * sigma).exp() - 1.0).sqrt();
    assert!((mean(&|i| xi(i).exp()) - 1.0).abs() < 4.0 * frailty_sd / n.sqrt());
    assert!((mean(&|i| xi(i)) + 0.5 * sigma * sigma).abs() < 4.0 * sigma / n.sqrt());
    let product = mean(&|i| standard_normal(latents.response[i]) * (xi(i) + 0.5 * sigma * sigma));
    assert!((product + rho * sigma).abs() < 4.0 * sigma * (1.0 + rho * rho).sqrt() / n.sqrt(), "{product}");
    // E exp(−Λ e^ξ) by the trapezoid rule.
    let survival = |t: f64| {
        let (mut sum, mut total) = (0.0, 0.0);
        for i in -160..=160 {
            let x = f64::from(i) * 0.05;
            let weight = (-0.5 * x * x).exp();
            sum += weight * (-0.05 * t * (sigma * x - 0.5 * sigma * sigma).exp()).exp();
            total += weight;
        }
        sum / total
    };
    for t in [5.0, 15.0, 40.0] {
        share_beyond(&patients.os, t, survival(t));
    }
    let responders = latents.response.iter().map(|&place| place > 0.5);
    share(responders.zip(&patients.responder).map(|(latent, &read)| latent == read), 1.0);
}

#[test]
fn strata_and_their_courses() {
    let stratum = |rate: f64| ArmStratum {
        response_rate: 0.0,
        courses: [death(constant(rate)), death(constant(rate))],
        cured: Cured::default(),
        later: None,
        product: None,
    };
    let control =
        ArmTruth { name: "control".into(), dropout: constant(0.0), strata: [0.02, 0.05, 0.1].map(stratum).to_vec() };
    let mut truth = truth(30.0, vec![control.clone(), control]);
    let shares = [0.5, 0.3, 0.2];
    truth.strata = shares.map(|prevalence| Stratum { name: "s".into(), prevalence }).to_vec();
    let (patients, latents) = patients(&truth, 1);
    for (index, (share_of, rate)) in shares.into_iter().zip([0.02f64, 0.05, 0.1]).enumerate() {
        let members: Vec<f64> =
            (0..N).filter(|&i| usize::from(latents.stratum[i]) == index).map(|i| patients.os[i]).collect();
        share((0..N).map(|i| usize::from(latents.stratum[i]) == index), share_of);
        share_beyond(&members, 10.0, (-10.0 * rate).exp());
        assert!((0..N).all(|i| patients.cell[i] == 3 + latents.stratum[i]));
    }
}

/// Common random numbers: another truth, another arm or fewer patients leave the latents where they are.
#[test]
fn draws_are_addressed() {
    let plain = one_arm(death(constant(0.05)), constant(0.0), Cured::default());
    let rich = responding(&[(0.9, 0.9)], PositiveRule::Any, Prognostic { correlation: 0.3, log_hazard_sd: 0.0 });
    let ((a, _), (b, _)) = (patients(&plain, 0), patients(&rich, 1));
    assert_eq!((&a.entry, &a.os), (&b.entry, &b.os));
    let mut latents = Latents::new(&plain, 10);
    let stream = Stream::new(SEED, 77);
    latents.draw_arrivals(&stream, &plain, 3);
    latents.draw_arrivals(&stream, &plain, 10);
    assert_eq!(latents.arrival, a.entry[..10]);
}
