//! Evidence: properties of every law, and an independent derivation of OS (Euler steps of the density of progressed
//! patients by month of progression) for random courses on either clock.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use proptest::prelude::*;
use seamline::survival::{
    Class, Clock, Course, Endpoint, EndpointLaw, Frailty, HazardRatio, PiecewiseHazard, joint_moments,
};

/// Pieces that start at multiples of 0.25 months.
fn starts(most: usize) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::btree_set(1_u32..60, 0..most)
        .prop_map(|cuts| std::iter::once(0.0).chain(cuts.into_iter().map(|cut| 0.25 * f64::from(cut))).collect())
}

fn rate() -> impl Strategy<Value = f64> + Clone {
    prop_oneof![1 => Just(0.0), 8 => 0.002..0.4_f64, 1 => Just(0.07)]
}

fn extreme_rate() -> impl Strategy<Value = f64> + Clone {
    prop_oneof![Just(0.0), Just(1e3), Just(1e-12), 1e-4..2.0_f64, Just(0.5)]
}

fn hazard(rate: impl Strategy<Value = f64> + Clone) -> impl Strategy<Value = PiecewiseHazard> {
    starts(4).prop_flat_map(move |starts| {
        let count = starts.len();
        (Just(starts), prop::collection::vec(rate.clone(), count))
            .prop_map(|(starts, rates)| PiecewiseHazard::new(&starts, &rates).unwrap())
    })
}

fn effect() -> impl Strategy<Value = HazardRatio> {
    starts(3).prop_flat_map(|starts| {
        let count = starts.len();
        (Just(starts), prop::collection::vec(0.3..1.5_f64, count))
            .prop_map(|(starts, ratios)| HazardRatio::new(&starts, &ratios).unwrap())
    })
}

fn course(rate: impl Strategy<Value = f64> + Clone) -> impl Strategy<Value = Course> {
    let product = prop_oneof![2 => Just(0.0), 1 => (1_u32..40).prop_map(|quarter| 0.25 * f64::from(quarter))];
    (hazard(rate.clone()), hazard(rate.clone()), hazard(rate), effect(), any::<bool>(), product).prop_map(
        |(progression, death, after_baseline, after_effect, restarts, product_at)| Course {
            progression,
            death,
            after_baseline,
            clock: if restarts { Clock::SinceProgression } else { Clock::SinceRandomization },
            after_effect,
            product_at,
        },
    )
}

/// OS by explicit midpoint steps, tracking every cohort of progressed patients: no exponent in closed form.
fn euler(course: &Course, month: f64) -> f64 {
    let step = 1.0 / 64.0;
    let count = (month / step).round() as u32;
    let effect = |onset: f64, month: f64| if onset < course.product_at { 1.0 } else { course.after_effect.at(month) };
    let mut well = 1.0;
    let mut ill: Vec<(f64, f64)> = Vec::new();
    for j in 0..count {
        let middle = (f64::from(j) + 0.5) * step;
        let since = |onset: f64| if course.clock == Clock::SinceProgression { middle - onset } else { middle };
        for (onset, alive) in &mut ill {
            // A cohort's age may pass a cut in the middle of a step.
            let age = since(*onset);
            let around = [-0.25, 0.25].map(|part| course.after_baseline.rate((age + part * step).max(0.0)));
            let rate = 0.5 * (around[0] + around[1]) * effect(*onset, middle);
            *alive *= (1.0 - 0.5 * rate * step) / (1.0 + 0.5 * rate * step);
        }
        let (onset, death) = (course.progression.rate(middle), course.death.rate(middle));
        let out = (onset + death) * step;
        let leaving = well * out / (1.0 + 0.5 * out);
        if onset > 0.0 {
            // Those who progress within the step die for half of it.
            let early = course.after_baseline.rate(since(middle)) * effect(middle, middle) * step;
            ill.push((middle, leaving * onset / (onset + death) * (1.0 - 0.5 * early)));
        }
        well -= leaving;
    }
    well + ill.iter().map(|(_, alive)| alive).sum::<f64>()
}

fn sound(law: &EndpointLaw, times: &[f64]) -> Result<(), TestCaseError> {
    let (mut survival, mut density) = (vec![f64::NAN; times.len()], vec![f64::NAN; times.len()]);
    law.tabulate(times, &mut survival, &mut density);
    let mut before = 1.0;
    for ((&time, &s), &f) in times.iter().zip(&survival).zip(&density) {
        prop_assert!((0.0..=1.0).contains(&s), "S({time}) = {s}");
        prop_assert!(s <= before + 1e-14, "S({time}) = {s} after {before}");
        prop_assert!(f >= 0.0 && f.is_finite(), "f({time}) = {f}");
        let hazard = law.hazard(time);
        prop_assert!(hazard >= 0.0 && hazard.is_finite(), "hazard({time}) = {hazard}");
        prop_assert_eq!(law.survival(time), s);
        prop_assert_eq!(law.density(time), f);
        before = s;
    }
    Ok(())
}

const TIMES: [f64; 14] = [0.0, 1e-9, 0.1, 0.25, 1.0, 3.75, 7.0, 12.5, 15.0, 24.0, 60.0, 300.0, 1e4, 1e5];

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn os_matches_euler_steps(course in course(rate())) {
        let law = EndpointLaw::of_course(&course, Endpoint::Os).unwrap();
        for month in [4.0, 13.0] {
            let twin = euler(&course, month);
            // Second order: step²·rate² per month, 2.4e-4·0.4² over 20 months is an ample bound for what is left.
            prop_assert!((law.survival(month) - twin).abs() < 1e-4, "{month}: {} {twin}", law.survival(month));
        }
    }

    #[test]
    fn laws_are_sound(course in course(extreme_rate()), sd in 0.0..1.5_f64, rho in -1.0..1.0_f64) {
        let [frailty, _] = Frailty::given_response(rho, sd, 0.3).unwrap();
        let class = Class { weight: 1.0, course: course.clone(), frailty };
        for endpoint in [Endpoint::Os, Endpoint::Pfs] {
            sound(&EndpointLaw::of_course(&course, endpoint).unwrap(), &TIMES)?;
            sound(&EndpointLaw::new(std::slice::from_ref(&class), endpoint).unwrap(), &TIMES)?;
        }
        if let Some(moments) = joint_moments(&[class]).unwrap() {
            let correlation = moments.correlation();
            prop_assert!((-1.0..=1.0).contains(&correlation), "{moments:?}");
        }
    }

    #[test]
    fn density_integrates_to_one_minus_survival(course in course(rate()), sd in 0.0..1.5_f64, to in 0.1..80.0_f64) {
        let [frailty, _] = Frailty::given_response(0.3, sd, 0.3).unwrap();
        let class = Class { weight: 1.0, course, frailty };
        let laws = [Endpoint::Os, Endpoint::Pfs].map(|e| EndpointLaw::new(std::slice::from_ref(&class), e).unwrap());
        for law in &laws {
            let grid = law.grid(0.0, to);
            let (mut survival, mut density) = (vec![0.0; grid.times.len()], vec![0.0; grid.times.len()]);
            law.tabulate(&grid.times, &mut survival, &mut density);
            let died = grid.integrate(density.iter().copied());
            prop_assert!((died - (1.0 - law.survival(to))).abs() < 1e-11, "{died} {}", 1.0 - law.survival(to));
        }
        for time in TIMES {
            prop_assert!(laws[0].survival(time) >= laws[1].survival(time) - 1e-14);
        }
    }

    #[test]
    fn quantiles_invert_survival(course in course(rate()), p in 0.01..0.99_f64) {
        let law = EndpointLaw::of_course(&course, Endpoint::Os).unwrap();
        match law.quantile(p) {
            Some(time) => prop_assert!((law.survival(time) - (1.0 - p)).abs() < 1e-12),
            None => prop_assert!(law.survival(1e12) > 1.0 - p),
        }
    }

    /// A constant baseline has no clock: the semi-Markov sum, forced by a second piece of nearly the same hazard,
    /// must tend to the Markov closed form.
    #[test]
    fn clocks_agree_for_constant_hazard(course in course(rate()), after in 0.01..0.3_f64) {
        let markov = Course { after_baseline: PiecewiseHazard::constant(after).unwrap(), ..course };
        let semi = Course {
            after_baseline: PiecewiseHazard::new(&[0.0, 3.0, 8.0], &[after, after * (1.0 + 1e-12), after]).unwrap(),
            clock: Clock::SinceProgression,
            ..markov.clone()
        };
        let laws = [&markov, &semi].map(|course| EndpointLaw::of_course(course, Endpoint::Os).unwrap());
        for time in TIMES {
            prop_assert!((laws[0].survival(time) - laws[1].survival(time)).abs() < 1e-11);
            prop_assert!((laws[0].density(time) - laws[1].density(time)).abs() < 1e-11);
        }
    }

    /// The clock since randomisation in closed form against the same course as cohorts (`stays_alive`), by quadrature.
    #[test]
    fn markov_matches_cohort_quadrature(course in course(rate())) {
        let course = Course { clock: Clock::SinceRandomization, ..course };
        let law = EndpointLaw::of_course(&course, Endpoint::Os).unwrap();
        for month in [2.0, 9.0, 30.0] {
            let grid = seamline::survival::TimeGrid::new(law.cuts(), 0.0, month, |_| 1.0);
            let ill = grid.times.iter().map(|&u| {
                course.pfs_survival(u) * course.progression.rate(u) * course.stays_alive(u, month)
            });
            let twin = course.pfs_survival(month) + grid.integrate(ill);
            prop_assert!((law.survival(month) - twin).abs() < 1e-11, "{} {twin}", law.survival(month));
        }
    }
}

/// OS where progression does not change the hazard of death (Fleischer et al. 2009): exponential whatever progression.
#[test]
fn uninformative_progression() {
    let [a, b] = [0.1, 0.03].map(|rate| PiecewiseHazard::constant(rate).unwrap());
    let course = Course {
        progression: a,
        death: b.clone(),
        after_baseline: b,
        clock: Clock::SinceProgression,
        after_effect: HazardRatio::one(),
        product_at: 0.0,
    };
    let law = EndpointLaw::of_course(&course, Endpoint::Os).unwrap();
    for time in TIMES {
        assert!((law.survival(time) - (-0.03 * time).exp()).abs() < 1e-15);
        assert!((law.hazard(time) - 0.03).abs() < 1e-15);
    }
}

/// One exponential class in a gamma-like check of the mixture: two factors, by hand.
#[test]
fn mixture_by_hand() {
    let death = |rate: f64| Course::death_only(PiecewiseHazard::constant(rate).unwrap());
    let class = |weight: f64, rate: f64| Class { weight, course: death(rate), frailty: Frailty::none() };
    let law = EndpointLaw::new(&[class(3.0, 0.1), class(1.0, 0.02), class(0.0, 9.0)], Endpoint::Os).unwrap();
    let (fast, slow) = (0.75 * (-1.2_f64).exp(), 0.25 * (-0.24_f64).exp());
    assert!((law.survival(12.0) - fast - slow).abs() < 1e-15);
    assert!((law.hazard(12.0) - (0.1 * fast + 0.02 * slow) / (fast + slow)).abs() < 1e-15);
    assert!((law.hazard(1e5) - 0.02).abs() < 1e-15, "only the slow class is left");
    assert!(EndpointLaw::new(&[], Endpoint::Os).is_err());
    assert!(EndpointLaw::new(&[class(-1.0, 0.1), class(2.0, 0.1)], Endpoint::Os).is_err());
}

/// Restricted mean of a Weibull law by its pieces: Γ(1 + 1/k)·scale in the limit.
#[test]
fn mean_of_weibull() {
    let hazard = PiecewiseHazard::weibull(2.0, 10.0).unwrap();
    let law = EndpointLaw::of_course(&Course::death_only(hazard), Endpoint::Os).unwrap();
    let exact = 10.0 / std::f64::consts::LN_2.sqrt() * std::f64::consts::PI.sqrt() / 2.0;
    assert!((law.restricted_mean(1e3) - exact).abs() < 4e-5, "{} {exact}", law.restricted_mean(1e3));
    assert!((law.median().unwrap() - 10.0).abs() < 1e-4);
}
