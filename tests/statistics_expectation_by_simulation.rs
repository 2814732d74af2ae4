//! Test statistics in expectation against plain simulated trials: mean, standard deviation and correlation of Z at two looks
//! under a delayed effect with unequal arms and drop-out. The simulation shares nothing with the expectation but the model.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

mod uniform;

use seamline::registry::find;
use seamline::statistics::log_rank::{Weight, WeightedLogRank};
use seamline::statistics::{Cell, Comparison, Expectation, StratumPair, TEST_STATISTICS, Timing};
use seamline::survival::{Course, Endpoint, EndpointLaw, HazardRatio, PiecewiseHazard};
use seamline::truth::{Enrollment, EntryLaw};
use std::sync::Arc;
use uniform::Uniform;

const PATIENTS: usize = 1200;
const ACCRUAL: f64 = 12.0;
const CONTROL: f64 = 0.06;
const DELAY: f64 = 4.0;
const RATIO: f64 = 0.55;
const DROPOUT: [f64; 2] = [0.004, 0.012];
const MONTHS: [f64; 2] = [18.0, 30.0];
const HORIZON: f64 = 12.0;
const UNTIL: f64 = 6.0;

/// One patient of the control (0) or experimental arm (1), months.
#[derive(Clone, Copy)]
struct Patient {
    arm: usize,
    entry: f64,
    event: f64,
    dropout: f64,
}

impl Uniform {
    fn exponential(&mut self) -> f64 {
        -self.inside().ln()
    }

    /// A third of the patients in the control arm.
    fn trial(&mut self) -> Vec<Patient> {
        let one = |i: usize| {
            let arm = usize::from(!i.is_multiple_of(3));
            let total = self.exponential() / CONTROL;
            let event = if arm == 0 || total < DELAY { total } else { DELAY + (total - DELAY) / RATIO };
            Patient { arm, entry: ACCRUAL * self.inside(), event, dropout: self.exponential() / DROPOUT[arm] }
        };
        (0..PATIENTS).map(one).collect()
    }
}

/// The statistics, by their names in the registry.
const TESTS: [(&str, &[f64]); 8] = [
    ("logrank", &[]),
    ("fleming_harrington", &[0.0, 1.0]),
    ("fleming_harrington", &[0.0, 0.5]),
    ("fleming_harrington", &[1.0, 0.0]),
    ("modestly_weighted", &[UNTIL, 1e6]),
    ("zero_early", &[DELAY]),
    ("milestone", &[HORIZON]),
    ("rmst", &[HORIZON]),
];

/// What pooled survival estimates: exp(−∫λ̄), by the trapezoidal rule on hundredths of a month up to month 40.
fn pooled_survival() -> Vec<f64> {
    let hazard = |i: usize| {
        let s = i as f64 / 100.0;
        let arms = [0, 1].map(|g: usize| {
            let (ratio, lost) = if g == 1 && s > DELAY { (RATIO, DELAY + RATIO * (s - DELAY)) } else { (1.0, s) };
            let at_risk = (1.0 + g as f64) / 3.0 * (-CONTROL * lost - DROPOUT[g] * s).exp();
            (CONTROL * ratio * at_risk, at_risk)
        });
        (arms[0].0 + arms[1].0) / (arms[0].1 + arms[1].1)
    };
    let steps = (0..4000).map(|i| 0.005 * (hazard(i) + hazard(i + 1)));
    std::iter::once(1.0)
        .chain(steps.scan(0.0, |total, step| {
            *total += step;
            Some((-*total).exp())
        }))
        .collect()
}

/// A weight that knows pooled survival instead of estimating it: the n-th of [`KNOWN`].
#[derive(Debug)]
struct Known(usize, Vec<f64>);

/// The tests whose weights are also used as known.
const KNOWN: [usize; 3] = [1, 3, 4];

impl Weight for Known {
    fn label(&self) -> String {
        format!("known {}", self.0)
    }

    fn weight(&self, month: f64, _: f64) -> f64 {
        known_weights(&self.1, month)[self.0]
    }

    fn kinks(&self) -> Vec<f64> {
        vec![UNTIL]
    }
}

fn known_weights(pooled: &[f64], month: f64) -> [f64; 3] {
    let at = |month: f64| {
        let place = 100.0 * month;
        let (i, rest) = (place as usize, place.fract());
        pooled[i] * (1.0 - rest) + pooled[i + 1] * rest
    };
    let survival = at(month);
    [1.0 - survival, survival, 1.0 / at(month.min(UNTIL))]
}

/// Every Z at a cut, in the order of [`TESTS`], then those of [`KNOWN`] with known weights.
fn statistics(patients: &[Patient], cut: f64, known: &[f64]) -> [f64; 11] {
    let mut seen: Vec<(f64, bool, usize)> = patients
        .iter()
        .filter(|patient| patient.entry < cut)
        .map(|patient| {
            let censored = patient.dropout.min(cut - patient.entry);
            (patient.event.min(censored), patient.event <= censored, patient.arm)
        })
        .collect();
    seen.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut at_risk = [0.0; 2];
    for &(_, _, arm) in &seen {
        at_risk[arm] += 1.0;
    }
    let (mut pooled, mut read) = (1.0f64, 1.0f64);
    let (mut score, mut variance) = ([0.0; 9], [0.0; 9]);
    // By arm: survival, restricted mean so far, month of the last step, (restricted mean, d/(Y(Y−d))) at every event.
    let (mut survival, mut mean, mut last) = ([1.0; 2], [0.0; 2], [0.0; 2]);
    let mut events: [Vec<(f64, f64)>; 2] = [Vec::new(), Vec::new()];
    for &(time, event, arm) in &seen {
        if event {
            let total: f64 = at_risk.iter().sum();
            let p = at_risk[1] / total;
            if time <= UNTIL {
                read = pooled;
            }
            let late = if time < DELAY { 0.0 } else { 1.0 };
            let [a, b, c] = known_weights(known, time);
            let weights = [1.0, 1.0 - pooled, (1.0 - pooled).sqrt(), pooled, 1.0 / read, late, a, b, c];
            for (k, w) in weights.iter().enumerate() {
                score[k] += w * (arm as f64 - p);
                variance[k] += w * w * p * (1.0 - p);
            }
            pooled *= 1.0 - 1.0 / total;
            if time <= UNTIL {
                read = pooled;
            }
            if time <= HORIZON {
                mean[arm] += survival[arm] * (time - last[arm]);
                last[arm] = time;
                events[arm].push((mean[arm], 1.0 / (at_risk[arm] * (at_risk[arm] - 1.0))));
                survival[arm] *= 1.0 - 1.0 / at_risk[arm];
            }
        }
        at_risk[arm] -= 1.0;
    }
    let (mut greenwood, mut restricted) = (0.0, 0.0);
    for arm in 0..2 {
        mean[arm] += survival[arm] * (HORIZON - last[arm]);
        greenwood += survival[arm] * survival[arm] * events[arm].iter().map(|(_, term)| term).sum::<f64>();
        restricted += events[arm].iter().map(|(so_far, term)| (mean[arm] - so_far).powi(2) * term).sum::<f64>();
    }
    let weighted: [f64; 9] = std::array::from_fn(|k| -score[k] / variance[k].sqrt());
    let milestone = (survival[1] - survival[0]) / greenwood.sqrt();
    let restricted = (mean[1] - mean[0]) / restricted.sqrt();
    std::array::from_fn(|k| match k {
        0..6 => weighted[k],
        6 => milestone,
        7 => restricted,
        _ => weighted[k - 2],
    })
}

/// Months at which the given numbers of events have been seen.
fn months_of(patients: &[Patient], counts: [usize; 2]) -> [f64; 2] {
    let mut months: Vec<f64> = patients
        .iter()
        .filter(|patient| patient.event <= patient.dropout)
        .map(|patient| patient.entry + patient.event)
        .collect();
    months.sort_unstable_by(f64::total_cmp);
    counts.map(|count| months[count - 1])
}

fn law(ratio: &HazardRatio) -> EndpointLaw {
    let control = PiecewiseHazard::constant(CONTROL).unwrap();
    EndpointLaw::of_course(&Course::death_only(ratio.applied_to(&control).unwrap()), Endpoint::Os).unwrap()
}

/// Simulated and expected (mean 1, mean 2, sd 1, sd 2, correlation) of every test, and the tests' correlations at look 2.
fn compare(timing: Timing, replicates: usize) {
    let laws = [law(&HazardRatio::one()), law(&HazardRatio::new(&[0.0, DELAY], &[1.0, RATIO]).unwrap())];
    let dropout = DROPOUT.map(|rate| PiecewiseHazard::constant(rate).unwrap());
    let enrollment = Enrollment::new(&[0.0], &[PATIENTS as f64 / ACCRUAL]).unwrap();
    let entry = EntryLaw::window(&enrollment, 0.0, PATIENTS as f64, 0.0);
    let arms = [0, 1].map(|g: usize| Cell { law: &laws[g], dropout: &dropout[g] });
    let comparison = Comparison {
        strata: vec![StratumPair { prevalence: 1.0, arms }],
        shares: [1.0 / 3.0, 2.0 / 3.0],
        entry: &entry,
        patients: PATIENTS as f64,
    };
    let expectations = TESTS.map(|(name, parameters)| {
        let test = (find(TEST_STATISTICS, name).unwrap().build)(parameters);
        Expectation::new(&[test], &comparison, &MONTHS).unwrap()
    });
    let counts = [0, 1].map(|look| (expectations[0].events(look) * PATIENTS as f64).round() as usize);
    let mut uniform = Uniform(20_261_122);
    let pooled = pooled_survival();
    let mut draws: Vec<[f64; 22]> = Vec::with_capacity(replicates);
    for _ in 0..replicates {
        let trial = uniform.trial();
        let cuts = if timing == Timing::Events { months_of(&trial, counts) } else { MONTHS };
        // The last event of a look fixed by events is in its data.
        let z = cuts.map(|cut| statistics(&trial, cut + 1e-9, &pooled));
        draws.push(std::array::from_fn(|i| z[i % 2][i / 2]));
    }
    let n = replicates as f64;
    let mean: Vec<f64> = (0..22).map(|i| draws.iter().map(|z| z[i]).sum::<f64>() / n).collect();
    let moment =
        |i: usize, j: usize| draws.iter().map(|z| (z[i] - mean[i]) * (z[j] - mean[j])).sum::<f64>() / (n - 1.0);
    for (k, (name, parameters)) in TESTS.iter().enumerate() {
        let (means, covariance) = expectations[k].joint_law(&[timing; 2]);
        for look in 0..2 {
            let i = 2 * k + look;
            let (sd, expected) = (moment(i, i).sqrt(), covariance[(look, look)].sqrt());
            println!(
                "{timing:?} {name} {parameters:?} look {look}: mean {:.4} expected {:.4}; sd {sd:.4} expected {expected:.4}",
                mean[i], means[look]
            );
            // Four Monte Carlo standard errors, and what is of order 1/√n in a mean and 1/n in a variance: 0.3/√600, 4/600.
            assert!((mean[i] - means[look]).abs() < 4.0 * sd / n.sqrt() + 0.012, "{name} {look}");
            assert!((sd - expected).abs() < 4.0 * sd / (2.0 * n).sqrt() + 0.007, "{name} {look}");
        }
        let r = moment(2 * k, 2 * k + 1) / (moment(2 * k, 2 * k) * moment(2 * k + 1, 2 * k + 1)).sqrt();
        let expected = covariance[(0, 1)] / (covariance[(0, 0)] * covariance[(1, 1)]).sqrt();
        let canonical = expectations[k].null_correlation()[(0, 1)];
        println!("  correlation {r:.4} expected {expected:.4} (null {canonical:.4})");
        assert!((r - expected).abs() < 4.0 * (1.0 - r * r) / n.sqrt() + 0.007, "{name}");
    }
    // Several tests: log-rank with FH(0, 1) and modestly weighted at both looks.
    let members = [0, 1, 4];
    let tests = members.map(|k| (find(TEST_STATISTICS, TESTS[k].0).unwrap().build)(TESTS[k].1));
    let (_, covariance) = Expectation::new(&tests, &comparison, &MONTHS).unwrap().joint_law(&[timing; 2]);
    for a in 0..6 {
        for b in 0..a {
            let place = |i: usize| 2 * members[i % 3] + i / 3;
            let (i, j) = (place(a), place(b));
            let r = moment(i, j) / (moment(i, i) * moment(j, j)).sqrt();
            let expected = covariance[(a, b)] / (covariance[(a, a)] * covariance[(b, b)]).sqrt();
            assert!((r - expected).abs() < 4.0 * (1.0 - r * r) / n.sqrt() + 0.007, "{a} {b}: {r} {expected}");
        }
    }

    // What the estimation of the weights adds, by itself: Z with estimated less Z with known weights.
    for (m, k) in KNOWN.into_iter().enumerate() {
        let estimated = (find(TEST_STATISTICS, TESTS[k].0).unwrap().build)(TESTS[k].1);
        let known = WeightedLogRank::new(Arc::new(Known(m, pooled.clone())));
        let (_, covariance) =
            Expectation::new(&[estimated, Arc::new(known)], &comparison, &MONTHS).unwrap().joint_law(&[timing; 2]);
        for look in 0..2 {
            let (i, j) = (2 * k + look, 2 * (8 + m) + look);
            let part = moment(i, i) + moment(j, j) - 2.0 * moment(i, j);
            let shared = moment(i, j) - moment(j, j);
            let (a, b) = (2 * look, 2 * look + 1);
            let expected = covariance[(a, a)] + covariance[(b, b)] - 2.0 * covariance[(a, b)];
            let expected_shared = covariance[(a, b)] - covariance[(b, b)];
            let name = TESTS[k].0;
            println!(
                "{timing:?} {name} look {look}: estimation's variance {part:.6} expected {expected:.6}, covariance {shared:.5} expected {expected_shared:.5}"
            );
            // Second order: the estimated weight's own error against the martingale, 1/n of the variance, also under the null.
            let second = 1.0 / PATIENTS as f64;
            assert!(
                (part - expected).abs() < 4.0 * part * (2.0 / n).sqrt() + second,
                "{name} {look}: {part} {expected}"
            );
            let mcse = (part * moment(j, j) / n).sqrt();
            assert!(
                (shared - expected_shared).abs() < 4.0 * mcse + 2.0 * second,
                "{name} {look}: {shared} {expected_shared}"
            );
        }
    }
}

#[test]
fn looks_at_fixed_months() {
    compare(Timing::Calendar, 40_000);
}

#[test]
fn looks_fixed_by_events() {
    compare(Timing::Events, 40_000);
}
