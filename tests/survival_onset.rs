//! Evidence: the tabulated law of random onset against direct sums over the patients' waiting times, and its smoothness.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use seamline::survival::{
    Class, Clock, Course, Effect, Endpoint, EndpointLaw, Family, Frailty, HazardRatio, PiecewiseHazard, Treatment,
    Waiting,
};

fn hazard(starts: &[f64], rates: &[f64]) -> PiecewiseHazard {
    PiecewiseHazard::new(starts, rates).unwrap()
}

fn untreated(clock: Clock) -> Course {
    Course {
        progression: hazard(&[0.0, 6.0], &[0.12, 0.07]),
        death: hazard(&[0.0, 9.0], &[0.01, 0.02]),
        after_baseline: hazard(&[0.0, 4.0], &[0.09, 0.05]),
        clock,
        after_effect: HazardRatio::one(),
        product_at: 0.0,
    }
}

fn effect(ratio: f64, ramp: f64, delay: Waiting) -> Effect {
    Effect { ratio: HazardRatio::delayed(ratio, 0.0, ramp).unwrap(), delay }
}

/// Mean of S(t | wait, delays) over `many` × `many` equally likely quantiles: no density, no panel.
fn direct(treatment: &Treatment, frailty: &Frailty, endpoint: Endpoint, times: &[f64], many: u32) -> Vec<f64> {
    let points = |random: bool| if random { many } else { 1 };
    let delay = treatment.effects.iter().any(|effect| effect.delay.is_random());
    let (waits, delays) = (points(treatment.wait.is_random()), points(delay));
    let mut sum = vec![0.0; times.len()];
    for i in 0..waits {
        for j in 0..delays {
            let wait = treatment.wait.quantile((f64::from(i) + 0.5) / f64::from(waits));
            let u = (f64::from(j) + 0.5) / f64::from(delays);
            let delays = [0, 1, 2].map(|k| treatment.effects[k].delay.quantile(u));
            let course = treatment.course(wait, delays).unwrap();
            let class = Class { weight: 1.0, course, frailty: frailty.clone() };
            let law = EndpointLaw::new(&[class], endpoint).unwrap();
            for (sum, &time) in sum.iter_mut().zip(times) {
                *sum += law.survival(time);
            }
        }
    }
    sum.iter().map(|sum| sum / f64::from(waits * delays)).collect()
}

const TIMES: [f64; 10] = [0.3, 1.1, 2.5, 4.0, 5.9, 8.0, 12.0, 18.0, 36.0, 90.0];

/// The direct sum errs most in its last cell, where a wait is about a scale θ longer than its quantile: by κθ/10 over the
/// number of points, with κ ≤ 0.06 per month the change of survival per month of delay and θ ≤ 3 months. Two waits add up.
fn agrees(treatment: &Treatment, frailty: &Frailty, many: u32, tolerance: f64) {
    for endpoint in [Endpoint::Pfs, Endpoint::Os] {
        let family = Family { weight: 1.0, treatment: treatment.clone(), frailty: frailty.clone() };
        let law = EndpointLaw::with_families(&[], &[family], endpoint).unwrap();
        let twin = direct(treatment, frailty, endpoint, &TIMES, many);
        let classes: Vec<Class> = treatment
            .classes()
            .unwrap()
            .into_iter()
            .map(|(weight, course)| Class { weight, course, frailty: frailty.clone() })
            .collect();
        let discrete = EndpointLaw::new(&classes, endpoint).unwrap();
        for (&time, twin) in TIMES.iter().zip(twin) {
            let survival = law.survival(time);
            assert!((survival - twin).abs() < tolerance, "{endpoint:?} {time}: {survival} {twin}");
            let classes = discrete.survival(time);
            assert!((survival - classes).abs() < 1e-4, "{endpoint:?} {time}: {survival} {classes} as classes");
        }
        // The density is that of the survival curve, on all panels, far out too. The steps of a ramp (0.5/16) are no edges of
        // the integrals: each moves the density by at most half a gap of nodes (0.3 months) times the density of onset (0.2
        // per month) times the hazard (0.12 per month) times the step.
        let ramp = treatment.effects.iter().any(|effect| effect.ratio.ratios().len() > 2);
        let slack = if ramp { 2e-4 } else { 1e-6 };
        let grid = law.grid(0.0, 150.0);
        let (mut survival, mut density) = (vec![0.0; grid.times.len()], vec![0.0; grid.times.len()]);
        law.tabulate(&grid.times, &mut survival, &mut density);
        let died = grid.integrate(density.iter().copied());
        assert!((died - 1.0 + law.survival(150.0)).abs() < slack, "{endpoint:?}: {died} {}", 1.0 - law.survival(150.0));
        assert!(survival.windows(2).all(|pair| pair[1] <= pair[0]));
    }
}

fn treatment(clock: Clock, wait: Waiting, delays: [Waiting; 3], ramp: f64) -> Treatment {
    let [first, death, after] = delays;
    let effects = [effect(0.5, ramp, first), effect(0.7, ramp, death), effect(0.6, ramp, after)];
    Treatment { untreated: untreated(clock), wait, effects }
}

#[test]
fn delay_that_differs_between_patients() {
    for shape in [0.5, 1.0, 3.0, 10.0] {
        let law = Waiting::gamma(4.0, shape).unwrap();
        agrees(&treatment(Clock::SinceProgression, Waiting::NONE, [law; 3], 0.0), &Frailty::none(), 4000, 5e-6);
    }
    let law = Waiting::gamma(4.0, 3.0).unwrap();
    agrees(
        &treatment(Clock::SinceRandomization, Waiting::fixed(1.5).unwrap(), [law; 3], 2.0),
        &Frailty::none(),
        4000,
        5e-6,
    );
}

#[test]
fn wait_that_differs_between_patients() {
    let law = Waiting::gamma(1.5, 2.0).unwrap();
    for clock in [Clock::SinceProgression, Clock::SinceRandomization] {
        agrees(&treatment(clock, law, [Waiting::NONE; 3], 0.0), &Frailty::none(), 4000, 5e-6);
    }
    let fixed = Waiting::fixed(3.0).unwrap();
    agrees(&treatment(Clock::SinceProgression, law, [fixed; 3], 0.0), &Frailty::none(), 4000, 5e-6);
}

#[test]
fn frailty_and_different_laws_of_delay() {
    let [frailty, _] = Frailty::given_response(0.4, 0.6, 0.3).unwrap();
    let delays = [Waiting::gamma(3.0, 2.0).unwrap(), Waiting::gamma(5.0, 4.0).unwrap(), Waiting::fixed(4.0).unwrap()];
    agrees(&treatment(Clock::SinceRandomization, Waiting::NONE, delays, 0.0), &frailty, 1000, 2e-5);
}

#[test]
fn wait_and_delay_that_differ_between_patients() {
    let (wait, delay) = (Waiting::gamma(1.5, 2.0).unwrap(), Waiting::gamma(4.0, 3.0).unwrap());
    agrees(&treatment(Clock::SinceRandomization, wait, [delay; 3], 0.0), &Frailty::none(), 300, 5e-5);
    let plain = Treatment {
        effects: [effect(0.5, 0.0, delay), effect(0.5, 0.0, delay), effect(1.0, 0.0, Waiting::NONE)],
        ..treatment(Clock::SinceProgression, wait, [delay; 3], 0.0)
    };
    agrees(&plain, &Frailty::none(), 300, 5e-5);
}

#[test]
fn nothing_random_is_the_law_of_one_course() {
    let fixed = Waiting::fixed(2.0).unwrap();
    let treatment = treatment(Clock::SinceProgression, fixed, [fixed; 3], 0.0);
    assert!(treatment.fixed().unwrap().is_some());
    agrees(&treatment, &Frailty::none(), 1, 1e-9);
}

#[test]
fn tables_are_made_quickly_and_reach_far() {
    let law = Waiting::gamma(4.0, 3.0).unwrap();
    let treatment = treatment(Clock::SinceRandomization, Waiting::NONE, [law; 3], 0.0);
    let family = Family { weight: 1.0, treatment, frailty: Frailty::none() };
    let law = EndpointLaw::with_families(&[], &[family], Endpoint::Os).unwrap();
    // Once everybody has the effect, the hazard settles; it stays defined where nobody is left.
    assert!((law.hazard(400.0) - 0.03).abs() < 2e-4, "{}", law.hazard(400.0));
    assert!(law.hazard(1e9) > 0.0 && law.survival(1e9) == 0.0);
    assert!(law.quantile(0.999).unwrap().is_finite());
}
