//! Evidence: reference values (C9) and an independent derivation (patient-by-patient simulation by thinning) of expected
//! events, observed responses and correlations of a truth with strata, responders, frailty and cures.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use seamline::survival::{Clock, Course, Endpoint, EndpointLaw, HazardRatio, PiecewiseHazard, joint_moments};
use seamline::truth::{
    ArmStratum, ArmTruth, Assay, Cured, Enrollment, EnrollmentProcess, ExpectedEvents, ImmuneResponse, PositiveRule,
    Prognostic, Stratum, Truth, event_probability, expected_events,
};

fn constant(rate: f64) -> PiecewiseHazard {
    PiecewiseHazard::constant(rate).unwrap()
}

fn simple_arm(name: &str, course: &Course, dropout: &PiecewiseHazard) -> ArmTruth {
    let courses = [course.clone(), course.clone()];
    let part = ArmStratum { response_rate: 0.0, courses, cured: Cured::default(), later: None, product: None };
    ArmTruth { name: name.into(), dropout: dropout.clone(), strata: vec![part] }
}

fn c9() -> Truth {
    let control = PiecewiseHazard::new(&[0.0, 6.0], &[0.05, 0.03]).unwrap();
    let treated = control.scaled(0.7).unwrap();
    let dropout = constant(-0.95_f64.ln() / 12.0);
    Truth {
        enrollment: Enrollment::new(&[0.0, 6.0], &[10.0, 30.0]).unwrap(),
        enrollment_process: EnrollmentProcess::Steady,
        strata: vec![Stratum { name: "all".into(), prevalence: 1.0 }],
        arms: vec![
            simple_arm("control", &Course::death_only(control), &dropout),
            simple_arm("treated", &Course::death_only(treated), &dropout),
        ],
        immune_response: None,
        toxicity: None,
        has_progression: false,
    }
}

/// C9 event probabilities (rpact): piecewise hazard .05 to month 6 then .03, ratio .7, 10 per month to 6 then 30 to 18
/// (420 patients), dropout 5 % a year; probability of an event by calendar month, over all 420.
#[test]
fn c9_event_probabilities() {
    let truth = c9();
    truth.check().unwrap();
    let control = [0.103_097_87, 0.389_827_98, 0.557_835_83];
    let treated = [0.075_155_758, 0.293_936_35, 0.437_721_06];
    let overall = [0.089_126_814, 0.341_882_16, 0.497_778_45];
    for (i, month) in [12.0, 24.0, 36.0].into_iter().enumerate() {
        let events = expected_events(&truth, Endpoint::Os, &[0.5, 0.5], 420.0, month).unwrap();
        assert!((events.of_arm(0) / 210.0 - control[i]).abs() < 6e-9, "{month}");
        assert!((events.of_arm(1) / 210.0 - treated[i]).abs() < 6e-9, "{month}");
        assert!((events.total() / 420.0 - overall[i]).abs() < 6e-9, "{month}");
    }
    let events = ExpectedEvents::new(&truth, Endpoint::Os, &[0.5, 0.5], 420.0).unwrap();
    let month = events.month_of(events.by(24.0).total()).unwrap();
    assert!((month - 24.0).abs() < 1e-9);
    assert_eq!(events.month_of(421.0), None);
    assert!(events.limit() < 420.0);
}

/// ∫₀ˣ λe^(−λs)e^(−ηs) ds = λ/(λ+η)·(1 − e^(−(λ+η)x)).
#[test]
fn event_probability_in_closed_form() {
    for (rate, eta, follow_up) in [(0.05, 0.004, 24.0), (3.0, 0.1, 100.0), (1e-4, 2.0, 1e4), (1e3, 0.0, 1e4)] {
        let law = EndpointLaw::of_course(&Course::death_only(constant(rate)), Endpoint::Os).unwrap();
        let value = event_probability(&law, &constant(eta), follow_up);
        let exact = -rate / (rate + eta) * (-(rate + eta) * follow_up).exp_m1();
        assert!((value / exact - 1.0).abs() < 1e-11, "{rate} {eta} {follow_up}: {}", value / exact - 1.0);
    }
}

/// Everything at once.
fn rich() -> Truth {
    let course = |progression: f64, death: f64, ratio: &HazardRatio| Course {
        progression: ratio
            .applied_to(&PiecewiseHazard::new(&[0.0, 5.0], &[progression, 0.6 * progression]).unwrap())
            .unwrap(),
        death: constant(death),
        after_baseline: PiecewiseHazard::new(&[0.0, 4.0], &[0.15, 0.05]).unwrap(),
        clock: Clock::SinceProgression,
        after_effect: ratio.clone(),
        product_at: 0.0,
    };
    let delayed = HazardRatio::delayed(0.5, 3.0, 0.0).unwrap();
    let arm = |name: &str, effect: &HazardRatio, rates: [f64; 2], dropout: f64| ArmTruth {
        name: name.into(),
        dropout: constant(dropout),
        strata: rates
            .into_iter()
            .zip([0.1, 0.06])
            .map(|(response_rate, hazard)| ArmStratum {
                response_rate,
                courses: [course(hazard, 0.01, &HazardRatio::one()), course(hazard, 0.01, effect)],
                cured: Cured { progression: 0.2, death: 0.0, death_after_progression: 0.1 },
                later: None,
                product: None,
            })
            .collect(),
    };
    let assay = |sensitivity: f64, specificity: f64| Assay { name: "assay".into(), sensitivity, specificity };
    Truth {
        enrollment: Enrollment::new(&[0.0, 4.0], &[10.0, 25.0]).unwrap(),
        enrollment_process: EnrollmentProcess::Poisson,
        strata: vec![Stratum { name: "low".into(), prevalence: 0.4 }, Stratum { name: "high".into(), prevalence: 0.6 }],
        arms: vec![arm("control", &HazardRatio::one(), [0.05, 0.05], 0.01), arm("vaccine", &delayed, [0.4, 0.7], 0.02)],
        immune_response: Some(ImmuneResponse {
            measured_at: 2.5,
            prognostic: Prognostic { correlation: 0.4, log_hazard_sd: 0.7 },
            assays: vec![assay(0.9, 0.9), assay(0.85, 0.95)],
            positive_if: PositiveRule::All,
            missing_if_event_before: true,
            missing: seamline::truth::Missing::NonResponse,
        }),
        toxicity: None,
        has_progression: true,
    }
}

/// `splitmix64`: enough for a test.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (((z ^ (z >> 31)) >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// First event after `from` of a process of intensity `rate`, at most `most`, by thinning; infinite past `until`.
    fn thinned(&mut self, from: f64, until: f64, most: f64, rate: impl Fn(f64) -> f64) -> f64 {
        let mut time = from;
        loop {
            time -= self.uniform().ln() / most;
            if time > until {
                return f64::INFINITY;
            }
            if self.uniform() * most < rate(time) {
                return time;
            }
        }
    }
}

struct Patient {
    stratum: usize,
    responds: bool,
    frailty: f64,
    pfs: f64,
    os: f64,
    dropout: f64,
    positive: bool,
}

const END: f64 = 60.0;

fn draw(truth: &Truth, arm: usize, random: &mut Random) -> Patient {
    let stratum = usize::from(random.uniform() >= truth.strata[0].prevalence);
    let part = &truth.arms[arm].strata[stratum];
    let response = truth.immune_response.as_ref().unwrap();
    let Prognostic { correlation: rho, log_hazard_sd: sigma } = response.prognostic;
    let latent = random.normal();
    let quantile = -std::f64::consts::SQRT_2 * erfc_inverse(2.0 * (1.0 - part.response_rate));
    let responds = latent > quantile;
    let xi = sigma * (-rho * latent + (1.0 - rho * rho).sqrt() * random.normal()) - 0.5 * sigma * sigma;
    let course = &part.courses[usize::from(responds)];
    let u = random.uniform();
    let live = |cured: f64| if u < cured { 0.0 } else { xi.exp() };
    let (one, two, three) =
        (live(part.cured.progression), live(part.cured.death), live(part.cured.death_after_progression));
    let most = 0.2 * xi.exp();
    let progressed = random.thinned(0.0, END, most, |t| one * course.progression.rate(t));
    let died = random.thinned(0.0, END, most, |t| two * course.death.rate(t));
    let pfs = progressed.min(died);
    let os = if progressed < died {
        random.thinned(progressed, END, most, |t| {
            three * course.after_baseline.rate(t - progressed) * course.after_effect.at(t)
        })
    } else {
        died
    };
    let dropout = -random.uniform().ln() / truth.arms[arm].dropout.rate(0.0);
    let read = pfs.min(dropout) > response.measured_at;
    let positive = response.assays.iter().fold(true, |all, assay| {
        let rate = if responds { assay.sensitivity } else { 1.0 - assay.specificity };
        (random.uniform() < rate) & all
    });
    Patient { stratum, responds, frailty: xi, pfs, os, dropout, positive: positive && read }
}

fn erfc_inverse(p: f64) -> f64 {
    let (mut low, mut high) = (-8.0, 8.0);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if libm::erfc(middle) > p { low = middle } else { high = middle }
    }
    low
}

fn close(what: &str, value: f64, hits: usize, of: usize) {
    let simulated = hits as f64 / of as f64;
    let mcse = (value * (1.0 - value) / of as f64).sqrt().max(1e-6);
    assert!((simulated - value).abs() < 4.0 * mcse, "{what}: {value} against {simulated} ± {mcse}");
}

fn pearson(pairs: impl Iterator<Item = (f64, f64)>) -> f64 {
    let mut s = [0.0; 6];
    for (x, y) in pairs {
        s = [s[0] + 1.0, s[1] + x, s[2] + y, s[3] + x * x, s[4] + y * y, s[5] + x * y];
    }
    let [n, x, y, xx, yy, xy] = s;
    (xy / n - x * y / n / n) / ((xx / n - (x / n).powi(2)) * (yy / n - (y / n).powi(2))).sqrt()
}

#[test]
fn rich_truth_matches_simulated_patients() {
    let truth = rich();
    truth.check().unwrap();
    let mut random = Random(20_261_122);
    let count = 200_000;
    for arm in 0..2 {
        let patients: Vec<Patient> = (0..count).map(|_| draw(&truth, arm, &mut random)).collect();
        let pfs = truth.population_law(arm, Endpoint::Pfs).unwrap();
        let os = truth.population_law(arm, Endpoint::Os).unwrap();
        for month in [1.0, 2.5, 4.0, 9.0, 20.0, 50.0] {
            close("pfs", pfs.survival(month), patients.iter().filter(|p| p.pfs > month).count(), count);
            close("os", os.survival(month), patients.iter().filter(|p| p.os > month).count(), count);
            for stratum in 0..2 {
                for responder in [false, true] {
                    let of = |p: &&Patient| p.stratum == stratum && p.responds == responder;
                    let law = truth.law_by_response(arm, stratum, Endpoint::Os, responder).unwrap().unwrap();
                    let alive = patients.iter().filter(of).filter(|p| p.os > month).count();
                    close("os by response", law.survival(month), alive, patients.iter().filter(of).count());
                }
            }
        }
        let seen = truth.observed_response_overall(arm).unwrap().unwrap();
        close("true rate", seen.true_rate, patients.iter().filter(|p| p.responds).count(), count);
        close("positive", seen.positive, patients.iter().filter(|p| p.positive).count(), count);
        let missing = patients.iter().filter(|p| p.pfs.min(p.dropout) <= 2.5).count();
        close("missing", seen.missing, missing, count);
        let right = patients.iter().filter(|p| p.positive && p.responds).count();
        close("true positive", seen.true_positive, right, count);
        // Events seen by month 24 of a trial of 300 patients, entry by the expected curve.
        let by = expected_events(&truth, Endpoint::Os, &[0.5, 0.5], 300.0, 24.0).unwrap();
        let hits = patients
            .iter()
            .filter(|p| p.os <= p.dropout && p.os + truth.enrollment.month_of(300.0 * random.uniform()) <= 24.0)
            .count();
        close("events", by.of_arm(arm) / 150.0, hits, count);
        // Correlations; the standard error of a sample correlation is about 1/√n.
        let implied = truth.correlations(arm, 12.0).unwrap();
        let binary = |yes: bool| f64::from(u8::from(yes));
        let bound = 4.0 / f64::from(count as u32).sqrt();
        let sample = pearson(patients.iter().map(|p| (binary(p.responds), binary(p.os > 12.0))));
        assert!((implied.response_os_milestone.unwrap() - sample).abs() < bound, "{implied:?} {sample}");
        let sample = pearson(patients.iter().map(|p| (binary(p.responds), binary(p.pfs > 12.0))));
        assert!((implied.response_first_event_milestone.unwrap() - sample).abs() < bound, "{implied:?} {sample}");
        let sample = pearson(patients.iter().map(|p| (binary(p.responds), -p.frailty)));
        assert!((implied.response_prognosis.unwrap() - sample).abs() < bound, "{implied:?} {sample}");
    }
}

/// Uncured, so that moments exist: simulation against [`joint_moments`], semi-Markov with frailty.
#[test]
fn semi_markov_correlation_matches_simulated_patients() {
    let mut truth = rich();
    for part in truth.arms.iter_mut().flat_map(|arm| &mut arm.strata) {
        part.cured = Cured::default();
        for course in &mut part.courses {
            // Fast enough for everyone to die within the simulated time, nearly.
            course.progression = course.progression.scaled(1.5).unwrap();
            course.after_baseline = PiecewiseHazard::new(&[0.0, 4.0], &[0.12, 0.2]).unwrap();
        }
    }
    truth.immune_response.as_mut().unwrap().prognostic.log_hazard_sd = 0.3;
    let mut random = Random(7);
    let classes: Vec<_> = truth.classes(1, 0).unwrap().into_iter().map(|class| class.class).collect();
    let moments = joint_moments(&classes).unwrap().unwrap();
    truth.strata[0].prevalence = 1.0;
    let patients: Vec<Patient> = (0..200_000).map(|_| draw(&truth, 1, &mut random)).collect();
    let times: Vec<(f64, f64)> = patients.iter().map(|p| (p.pfs.min(END), p.os.min(END))).collect();
    // Beyond month 60 a simulated patient is cut: restrict the exact means alike.
    let law = EndpointLaw::new(&classes, Endpoint::Os).unwrap();
    let mean: f64 = times.iter().map(|t| t.1).sum::<f64>() / 200_000.0;
    let bound = 4.0 * (moments.os_variance / 200_000.0).sqrt();
    assert!((law.restricted_mean(END) - mean).abs() < bound, "{} {mean}", law.restricted_mean(END));
    assert!((law.restricted_mean(1e5) - moments.os_mean).abs() < 1e-8 * moments.os_mean);
    let sample = pearson(times.into_iter());
    let cut_off = law.survival(END);
    println!("alive at the end {cut_off:e}; {} against {sample}", moments.correlation());
    assert!((moments.correlation() - sample).abs() < 4.0 / 200_000.0_f64.sqrt() + 3.0 * cut_off.sqrt());
}

#[test]
fn immortal_patients_have_no_correlation() {
    let mut truth = rich();
    assert!(truth.correlations(1, 12.0).unwrap().pfs_os.is_some());
    truth.arms[1].strata[0].cured = Cured { progression: 0.2, death: 0.1, death_after_progression: 0.0 };
    assert_eq!(truth.correlations(1, 12.0).unwrap().pfs_os, None);
    assert!(c9().correlations(1, 12.0).unwrap().response_os_milestone.is_none());
}

#[test]
fn impossible_truths_are_refused() {
    let broken = |change: &dyn Fn(&mut Truth)| {
        let mut truth = rich();
        change(&mut truth);
        truth.check()
    };
    assert!(broken(&|_| ()).is_ok());
    let what = |change: &dyn Fn(&mut Truth)| broken(change).unwrap_err().what;
    assert_eq!(what(&|t| t.strata[0].prevalence = 0.5), "sum of prevalences");
    assert_eq!(what(&|t| t.strata[0].prevalence = f64::NAN), "prevalence");
    assert_eq!(what(&|t| t.arms[1].strata[0].response_rate = 1.5), "response rate");
    assert_eq!(what(&|t| t.arms[1].strata[0].cured.death = 1.0), "cured share");
    assert_eq!(what(&|t| t.immune_response = None), "response rate");
    assert_eq!(what(&|t| t.has_progression = false), "hazard of progression");
    assert_eq!(what(&|t| drop(t.arms[0].strata.pop())), "strata of an arm");
    assert_eq!(what(&|t| t.arms.clear()), "number of arms");
    assert!(rich().law(5, 0, Endpoint::Os).is_err());
    assert!(rich().law(0, 5, Endpoint::Os).is_err());
    assert!(c9().law(0, 0, Endpoint::Dfs).is_err());
    assert!(ExpectedEvents::new(&rich(), Endpoint::Os, &[0.5, 0.6], 300.0).is_err());
    assert!(ExpectedEvents::new(&rich(), Endpoint::Os, &[1.0], 300.0).is_err());
    assert!(ExpectedEvents::new(&rich(), Endpoint::Os, &[0.5, 0.5], 0.0).is_err());
}

/// Mean follow-up against a midpoint sum over entries: ramp of 10, then 30 a month, full at month 17 with 390 patients.
#[test]
fn mean_follow_up_is_a_mean_over_entries() {
    let enrollment = Enrollment::new(&[0.0, 6.0], &[10.0, 30.0]).unwrap();
    for month in [0.5, 4.0, 6.0, 11.3, 17.0, 30.0] {
        let (mut sum, mut weight) = (0.0, 0.0);
        let step = 1e-4;
        let steps = (f64::min(month, 17.0) / step).round() as usize;
        for i in 0..steps {
            let entry = (i as f64 + 0.5) * step;
            let rate = if entry < 6.0 { 10.0 } else { 30.0 };
            sum += rate * (month - entry);
            weight += rate;
        }
        let found = enrollment.mean_follow_up(month, 390.0);
        assert!((found - sum / weight).abs() < 1e-6, "{month}: {found} {}", sum / weight);
    }
    assert_eq!(enrollment.mean_follow_up(0.0, 390.0), 0.0);
}
