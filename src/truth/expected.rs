//! Expected events: by follow-up time of one patient, and by calendar time of a trial.

use crate::invalid::{Invalid, require};
use crate::survival::{Endpoint, EndpointLaw, PiecewiseHazard, TimeGrid};
use crate::truth::Truth;

/// Probability that a patient's event is seen within `follow_up` months: `∫₀ˣ f(s)·S_C(s) ds`, f the density of the event,
/// `S_C` survival from drop-out. Aligned panels; relative error below 1e-11.
pub fn event_probability(law: &EndpointLaw, dropout: &PiecewiseHazard, follow_up: f64) -> f64 {
    weighted_events(law, dropout, &[], follow_up, |_| 1.0)
}

/// `∫₀ˣ f(s)·S_C(s)·share(s) ds` for a `share` that is linear between the kinks `cuts` (any order).
fn weighted_events(
    law: &EndpointLaw,
    dropout: &PiecewiseHazard,
    cuts: &[f64],
    to: f64,
    share: impl Fn(f64) -> f64,
) -> f64 {
    let mut all: Vec<f64> = law.cuts().iter().chain(dropout.starts()).chain(cuts).copied().collect();
    all.sort_unstable_by(f64::total_cmp);
    all.dedup();
    let grid = TimeGrid::new(&all, 0.0, to, |time| law.fastest(time) + dropout.rate(time));
    let (mut survival, mut density) = (vec![0.0; grid.times.len()], vec![0.0; grid.times.len()]);
    law.tabulate(&grid.times, &mut survival, &mut density);
    grid.integrate(grid.times.iter().zip(&density).map(|(&s, f)| f * dropout.survival(s) * share(s)))
}

/// Expected number of events, by arm and stratum.
#[derive(Debug, Clone, PartialEq)]
pub struct EventCount {
    /// `cells[arm][stratum]`.
    pub cells: Vec<Vec<f64>>,
}

impl EventCount {
    /// All arms and strata.
    pub fn total(&self) -> f64 {
        self.cells.iter().flatten().sum()
    }

    /// One arm over its strata.
    pub fn of_arm(&self, arm: usize) -> f64 {
        self.cells[arm].iter().sum()
    }

    /// One stratum over all arms.
    pub fn of_stratum(&self, stratum: usize) -> f64 {
        self.cells.iter().map(|strata| strata[stratum]).sum()
    }
}

/// Expected events of one endpoint in a trial, with the laws built once for many times.
///
/// Symbols: n = `patients`; `π_g = shares[g]`, `ρ_k` prevalences; G entry distribution; `f_gk` density of the event; `S_Cg`
/// survival from drop-out; t calendar month. `E d_gk(t) = n·π_g·ρ_k·∫₀ᵗ f_gk(s)·S_Cg(s)·G(t − s) ds` (Lachin and Foulkes 1986;
/// methods of Yung and Liu 2020), by panels aligned with every kink of the three factors: relative error below 1e-9.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpectedEvents<'a> {
    truth: &'a Truth,
    laws: Vec<Vec<EndpointLaw>>,
    shares: Vec<f64>,
    patients: f64,
    entry_cuts: Vec<f64>,
}

impl<'a> ExpectedEvents<'a> {
    /// For `patients` (above 0) allotted to the arms by `shares` (one per arm of the truth, each at least 0, sum 1;
    /// 0 leaves an arm out).
    ///
    /// # Errors
    /// [`Invalid`] for shares or patients out of range, or an endpoint the truth does not have.
    pub fn new(truth: &'a Truth, endpoint: Endpoint, shares: &[f64], patients: f64) -> Result<Self, Invalid> {
        require(patients.is_finite() && patients > 0.0, "patients", patients, "it must be finite and above 0")?;
        let count = shares.len();
        require(count == truth.arms.len(), "number of shares", count as f64, "there must be one per arm")?;
        for &share in shares {
            require(share.is_finite() && share >= 0.0, "share of an arm", share, "it must be finite and at least 0")?;
        }
        let total: f64 = shares.iter().sum();
        require((total - 1.0).abs() <= 1e-9, "sum of the arms' shares", total, "it must be 1")?;
        let laws = (0..truth.arms.len())
            .map(|arm| (0..truth.strata.len()).map(|stratum| truth.law(arm, stratum, endpoint)).collect())
            .collect::<Result<_, _>>()?;
        let entry_cuts = truth.enrollment.fraction_cuts(patients);
        Ok(Self { truth, laws, shares: shares.to_vec(), patients, entry_cuts })
    }

    /// Law of `arm` and `stratum`.
    pub fn law(&self, arm: usize, stratum: usize) -> &EndpointLaw {
        &self.laws[arm][stratum]
    }

    /// Expected events by calendar month `time`.
    pub fn by(&self, time: f64) -> EventCount {
        let cuts: Vec<f64> = self.entry_cuts.iter().map(|cut| time - cut).collect();
        let entered = |s: f64| self.truth.enrollment.fraction_by(time - s, self.patients);
        let count = |arm: usize, stratum: usize| {
            let size = self.patients * self.shares[arm] * self.truth.strata[stratum].prevalence;
            if size == 0.0 {
                return 0.0;
            }
            size * weighted_events(&self.laws[arm][stratum], &self.truth.arms[arm].dropout, &cuts, time, entered)
        };
        let strata = self.truth.strata.len();
        let arms = 0..self.shares.len();
        EventCount { cells: arms.map(|arm| (0..strata).map(|stratum| count(arm, stratum)).collect()).collect() }
    }

    /// Events that would be seen with unlimited follow-up.
    pub fn limit(&self) -> f64 {
        self.by(1e7).total()
    }

    /// Calendar month at which `events` are expected; `None` if they never are. Bracketing secant
    /// steps (Illinois method, Dowell and Jarratt 1971) to 1e-12 of the month or of the events.
    pub fn month_of(&self, events: f64) -> Option<f64> {
        if events <= 0.0 {
            return Some(0.0);
        }
        let excess = |time: f64| self.by(time).total() - events;
        let (mut low, mut below) = (0.0, -events);
        let mut high = self.entry_cuts.last().copied().unwrap_or(0.0).max(1.0);
        let mut above = excess(high);
        while above < 0.0 {
            (low, below) = (high, above);
            high *= 2.0;
            if high > 1e7 {
                return None;
            }
            above = excess(high);
        }
        let mut side = 0;
        for step in 0..200 {
            if high - low <= 1e-12 * high {
                break;
            }
            // Every eighth step halves the bracket, so that it shrinks whatever the curve.
            let secant = (low * above - high * below) / (above - below);
            let time = if step % 8 == 7 || !(secant > low && secant < high) { 0.5 * (low + high) } else { secant };
            let value = excess(time);
            if value.abs() <= 1e-12 * events {
                return Some(time);
            }
            if value > 0.0 {
                (high, above) = (time, value);
                below *= if side == 1 { 0.5 } else { 1.0 };
                side = 1;
            } else {
                (low, below) = (time, value);
                above *= if side == -1 { 0.5 } else { 1.0 };
                side = -1;
            }
        }
        Some(0.5 * (low + high))
    }
}

/// Expected events by calendar month `time`, see [`ExpectedEvents`].
///
/// # Errors
/// As [`ExpectedEvents::new`].
pub fn expected_events(
    truth: &Truth,
    endpoint: Endpoint,
    shares: &[f64],
    patients: f64,
    time: f64,
) -> Result<EventCount, Invalid> {
    Ok(ExpectedEvents::new(truth, endpoint, shares, patients)?.by(time))
}
