//! The mean of a statistic to order 1/√n against plain simulated trials of 240 patients: E ê, E v̂ and E Z, at looks by calendar and
//! fixed by events, for patients who enter independently or in one Poisson stream. The simulation shares nothing with the
//! expectation but the model and the statistic's formula for data.
//!
//! Monte Carlo errors are made small by control variates whose mean is exactly 0 at every look: events less cumulative hazard at
//! risk, summed over the patients of an arm and stratum and over a stretch of follow-up, are martingales in calendar time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

mod uniform;

use nalgebra::{SMatrix, SVector};
use seamline::registry::find;
use seamline::statistics::{
    Cell, Comparison, EventLaw, Expectation, MixtureLaw, Observations, StratumPair, TEST_STATISTICS, Timing, from_data,
};
use seamline::survival::{Course, Endpoint, EndpointLaw, HazardRatio, PiecewiseHazard};
use seamline::truth::{Enrollment, EnrollmentProcess, EntryLaw};
use uniform::Uniform;

const PATIENTS: usize = 240;
const ACCRUAL: f64 = 12.0;
const CONTROL: [f64; 2] = [0.05, 0.1];
const DELAY: f64 = 3.0;
const RATIO: f64 = 0.45;
const DROPOUT: [f64; 2] = [0.004, 0.02];
const MONTHS: [f64; 2] = [10.0, 22.0];
const PREVALENCE: [f64; 2] = [0.6, 0.4];

/// Trials a comparison.
const REPLICATES: usize = 6000;

const TESTS: [(&str, &[f64]); 7] = [
    ("logrank", &[]),
    ("fleming_harrington", &[0.0, 1.0]),
    ("fleming_harrington", &[1.0, 0.0]),
    ("fleming_harrington", &[1.0, 0.5]),
    ("modestly_weighted", &[6.0, 1e6]),
    ("milestone", &[8.0]),
    ("rmst", &[8.0]),
];

/// Patients of one trial, months.
#[derive(Default)]
struct Trial {
    entry: Vec<f64>,
    event: Vec<f64>,
    dropout: Vec<f64>,
    treated: Vec<bool>,
    stratum: Vec<u32>,
}

impl Uniform {
    fn exponential(&mut self) -> f64 {
        -self.inside().ln()
    }

    /// One control for two treated, in permuted blocks of three.
    fn trial(&mut self, process: Option<EnrollmentProcess>) -> Trial {
        let mut trial = Trial::default();
        let (mut clock, mut control) = (0.0, 0);
        for i in 0..PATIENTS {
            if i % 3 == 0 {
                control = i + (3.0 * self.next()) as usize;
            }
            clock += self.exponential() * ACCRUAL / PATIENTS as f64;
            let arm = usize::from(i != control);
            let stratum = usize::from(self.next() < PREVALENCE[1]);
            let total = self.exponential() / CONTROL[stratum];
            trial.entry.push(if process.is_some() { clock } else { ACCRUAL * self.inside() });
            trial.event.push(if arm == 0 || total < DELAY { total } else { DELAY + (total - DELAY) / RATIO });
            trial.dropout.push(self.exponential() / DROPOUT[arm]);
            trial.treated.push(arm == 1);
            trial.stratum.push(stratum as u32);
        }
        trial
    }
}

impl Trial {
    /// Month of the count-th event.
    fn month_of(&self, count: usize) -> f64 {
        let seen = (0..PATIENTS).filter(|&i| self.event[i] <= self.dropout[i]);
        let mut months: Vec<f64> = seen.map(|i| self.entry[i] + self.event[i]).collect();
        months.sort_unstable_by(f64::total_cmp);
        months[count - 1]
    }

    /// Times, events, arms and strata of the patients who have entered by a month.
    fn cut(&self, month: f64) -> (Vec<f64>, Vec<bool>, Vec<bool>, Vec<u32>) {
        let mut cut = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for i in (0..PATIENTS).filter(|&i| self.entry[i] < month) {
            let censored = self.dropout[i].min(month - self.entry[i]);
            cut.0.push(self.event[i].min(censored));
            cut.1.push(self.event[i] <= censored);
            cut.2.push(self.treated[i]);
            cut.3.push(self.stratum[i]);
        }
        cut
    }
}

fn law(control: f64, ratio: &HazardRatio) -> EndpointLaw {
    let control = PiecewiseHazard::constant(control).unwrap();
    EndpointLaw::of_course(&Course::death_only(ratio.applied_to(&control).unwrap()), Endpoint::Os).unwrap()
}

/// Ends of the stretches of follow-up.
const STRETCHES: [f64; 4] = [1.5, DELAY, 6.0, f64::INFINITY];
const CONTROLS: usize = 4 * STRETCHES.len();

impl Trial {
    /// Events less cumulative hazard by arm, stratum and stretch, of patients cut at a month.
    fn martingales(&self, month: f64) -> SVector<f64, CONTROLS> {
        let mut found = SVector::zeros();
        for i in (0..PATIENTS).filter(|&i| self.entry[i] < month) {
            let last = self.event[i].min(self.dropout[i]).min(month - self.entry[i]);
            let (arm, stratum) = (usize::from(self.treated[i]), self.stratum[i] as usize);
            let mut begin = 0.0;
            for (m, end) in STRETCHES.into_iter().enumerate() {
                let ratio = if arm == 1 && begin >= DELAY { RATIO } else { 1.0 };
                let seen = f64::from(u8::from(self.event[i] <= last && last > begin && last <= end));
                found[STRETCHES.len() * (2 * arm + stratum) + m] +=
                    seen - CONTROL[stratum] * ratio * (last.min(end) - begin).max(0.0);
                begin = end;
            }
        }
        found
    }
}

/// The controls of one look in every trial.
struct Controls(Vec<SVector<f64, CONTROLS>>);

impl Controls {
    /// Mean of a quantity with the controls regressed out, and its standard error.
    fn mean(&self, values: &[f64]) -> [f64; 2] {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let centre = self.0.iter().sum::<SVector<f64, CONTROLS>>() / count;
        let (mut gram, mut products) = (SMatrix::<f64, CONTROLS, CONTROLS>::zeros(), SVector::<f64, CONTROLS>::zeros());
        for (row, z) in self.0.iter().map(|row| row - centre).zip(values) {
            gram += row * row.transpose();
            products += row * (z - mean);
        }
        let slopes = gram.lu().solve(&products).unwrap();
        let rest = self.0.iter().zip(values).map(|(row, z)| (z - mean - slopes.dot(&(row - centre))).powi(2));
        [mean - slopes.dot(&centre), (rest.sum::<f64>() / (count * count)).sqrt()]
    }
}

fn is_curve(name: &str) -> bool {
    matches!(name, "milestone" | "rmst")
}

fn compare(process: Option<EnrollmentProcess>, timing: Timing) {
    let ratios = [HazardRatio::one(), HazardRatio::new(&[0.0, DELAY], &[1.0, RATIO]).unwrap()];
    let laws = CONTROL.map(|control| ratios.each_ref().map(|ratio| law(control, ratio)));
    let dropout = DROPOUT.map(|rate| PiecewiseHazard::constant(rate).unwrap());
    let enrollment = Enrollment::new(&[0.0], &[PATIENTS as f64 / ACCRUAL]).unwrap();
    let window = EntryLaw::window(&enrollment, 0.0, PATIENTS as f64, 0.0);
    let entry = process.map_or_else(|| window.clone(), |process| window.clone().in_blocks(process));
    let strata = [0, 1].map(|k: usize| StratumPair {
        prevalence: PREVALENCE[k],
        arms: [0, 1].map(|g: usize| Cell { law: &laws[k][g], dropout: &dropout[g] }),
    });
    let mixtures =
        [0, 1].map(|g: usize| MixtureLaw::new((0..2).map(|k| (PREVALENCE[k], &laws[k][g] as &dyn EventLaw)).collect()));
    let arms = [0, 1].map(|g: usize| Cell { law: &mixtures[g], dropout: &dropout[g] });
    let shares = [1.0 / 3.0, 2.0 / 3.0];
    let (patients, entry) = (PATIENTS as f64, &entry);
    // Scores are stratified; a difference of curves is not: the share of a stratum is taken as fixed in its law, not in its data.
    let stratified = Comparison { strata: strata.to_vec(), shares, entry, patients };
    let whole = Comparison { strata: vec![StratumPair { prevalence: 1.0, arms }], shares, entry, patients };
    let tests = TESTS.map(|(name, parameters)| (find(TEST_STATISTICS, name).unwrap().build)(parameters));
    let expect = |k: usize, months: &[f64]| {
        let comparison = if is_curve(TESTS[k].0) { &whole } else { &stratified };
        Expectation::new(&[tests[k].clone()], comparison, months).unwrap()
    };
    // Months at which whole numbers of events are expected.
    let counts = MONTHS.map(|month| (expect(0, &[month]).events(0) * patients).round());
    let months = if timing == Timing::Events {
        counts.map(|count| {
            let by = |month: f64| expect(0, &[month]).events(0) * patients - count;
            seamline::numerics::roots::brent(5.0, 40.0, 1e-10, by).unwrap()
        })
    } else {
        MONTHS
    };
    let expectations: Vec<Expectation> = (0..TESTS.len()).map(|k| expect(k, &months)).collect();
    let mut found = vec![[0, 1].map(|_| [0, 1, 2].map(|_| Vec::with_capacity(REPLICATES))); TESTS.len()];
    let mut controls = [0, 1].map(|_| Controls(Vec::with_capacity(REPLICATES)));
    let mut uniform = Uniform(20_261_128);
    for _ in 0..REPLICATES {
        let trial = uniform.trial(process);
        for look in 0..2 {
            let month =
                if timing == Timing::Events { trial.month_of(counts[look] as usize) + 1e-9 } else { months[look] };
            let (time, event, treated, stratum) = trial.cut(month);
            for ((test, found), (name, _)) in tests.iter().zip(&mut found).zip(TESTS) {
                let stratum = (!is_curve(name)).then_some(&stratum[..]);
                let data = Observations { time: &time, event: &event, treated: &treated, stratum };
                let evidence = from_data(test.as_ref(), &data).unwrap();
                let values = [evidence.effect, evidence.variance, evidence.z()];
                found[look].iter_mut().zip(values).for_each(|(found, value)| found.push(value));
            }
            controls[look].0.push(trial.martingales(month));
        }
    }
    for (k, (name, parameters)) in TESTS.iter().enumerate() {
        let (means, _) = expectations[k].joint_law(&[timing; 2]);
        let limits = expectations[k].means();
        let curve = is_curve(name);
        // At the first look hardly anybody has been followed up to the curves' horizon.
        for look in usize::from(curve)..2 {
            let found = found[k][look].each_ref().map(|values| controls[look].mean(values));
            let (at, at_look, n) = (expectations[k].at(0, look), expectations[k].events(look), patients);
            let close = |what: &str, [mean, error]: [f64; 2], limit: f64, term: f64| {
                let beyond = mean - limit;
                println!(
                    "{process:?} {timing:?} {name} {parameters:?} look {look}: {what} {mean:.5} ± {error:.5}, beyond the limit \
                     {beyond:+.5}, expected {term:+.5}"
                );
                // The next term of an expansion in one over the root of the events is smaller by about that factor.
                let next = term.abs() / (at_look * n).sqrt();
                assert!((beyond - term).abs() < 4.0 * error + next, "{name} {look} {what}");
            };
            // What is there under the null as well is in the trials, and taken off the law.
            let null = -0.5 * at.second_order.null_covariance / (at.variance.powf(1.5) * n.sqrt());
            close("Z", found[2], limits[look], means[look] + null - limits[look]);
            if timing == Timing::Calendar && process.is_none() {
                // A score is a sum over patients, a difference of curves an average.
                let scale = if curve { [1.0, 1.0 / n] } else { [n, n] };
                let [e, v] = at.second_order.bias.map(|bias| bias / n);
                close("e", found[0], at.effect * scale[0], e * scale[0]);
                close("v", found[1], at.variance * scale[1], v * scale[1]);
            }
        }
    }
}

#[test]
fn by_calendar_entry_independent() {
    compare(None, Timing::Calendar);
}

#[test]
fn by_calendar_one_stream() {
    compare(Some(EnrollmentProcess::Poisson), Timing::Calendar);
}

#[test]
fn by_events_entry_independent() {
    compare(None, Timing::Events);
}

#[test]
fn by_events_one_stream() {
    compare(Some(EnrollmentProcess::Poisson), Timing::Events);
}
