//! Two arms compared in expectation: the laws, drop-out, entry and size that every statistic's expectation starts from.

use crate::survival::{EndpointLaw, PiecewiseHazard};
use crate::truth::EntryLaw;

/// The marginal law of one endpoint in one class of patients.
pub trait EventLaw: Sync {
    /// Fills survival and density (per month) at ascending times (months).
    fn tabulate(&self, times: &[f64], survival: &mut [f64], density: &mut [f64]);

    /// Months at which the hazard has a kink.
    fn kinks(&self) -> &[f64];

    /// Fastest exponential rate of the law near a month, per month: how finely it must be tabulated.
    fn fastest(&self, time: f64) -> f64;
}

/// A mixture of laws with weights that sum to 1.
pub struct MixtureLaw<'a> {
    parts: Vec<(f64, &'a dyn EventLaw)>,
    kinks: Vec<f64>,
}

impl<'a> MixtureLaw<'a> {
    /// From (weight, law) pairs.
    pub fn new(parts: Vec<(f64, &'a dyn EventLaw)>) -> Self {
        let kinks = parts.iter().flat_map(|(_, law)| law.kinks().iter().copied()).collect();
        Self { parts, kinks }
    }
}

impl EventLaw for MixtureLaw<'_> {
    fn tabulate(&self, times: &[f64], survival: &mut [f64], density: &mut [f64]) {
        survival.fill(0.0);
        density.fill(0.0);
        let (mut s, mut f) = (vec![0.0; times.len()], vec![0.0; times.len()]);
        for (weight, law) in &self.parts {
            law.tabulate(times, &mut s, &mut f);
            for i in 0..times.len() {
                survival[i] += weight * s[i];
                density[i] += weight * f[i];
            }
        }
    }

    fn kinks(&self) -> &[f64] {
        &self.kinks
    }

    fn fastest(&self, time: f64) -> f64 {
        self.parts.iter().map(|(_, law)| law.fastest(time)).fold(0.0, f64::max)
    }
}

impl EventLaw for EndpointLaw {
    fn tabulate(&self, times: &[f64], survival: &mut [f64], density: &mut [f64]) {
        Self::tabulate(self, times, survival, density);
    }

    fn kinks(&self) -> &[f64] {
        self.cuts()
    }

    fn fastest(&self, time: f64) -> f64 {
        Self::fastest(self, time)
    }
}

/// One arm in one stratum.
#[derive(Clone, Copy)]
pub struct Cell<'a> {
    /// Law of the endpoint.
    pub law: &'a dyn EventLaw,
    /// Drop-out hazard.
    pub dropout: &'a PiecewiseHazard,
}

/// One stratum: its share of the patients, and control and experimental arm in it.
#[derive(Clone, Copy)]
pub struct StratumPair<'a> {
    /// Share of the patients, in (0, 1].
    pub prevalence: f64,
    /// Control (0) and experimental arm (1).
    pub arms: [Cell<'a>; 2],
}

/// Two arms compared, in expectation.
pub struct Comparison<'a> {
    /// Strata of the test; one for an unstratified test. Prevalences sum to 1.
    pub strata: Vec<StratumPair<'a>>,
    /// Shares of the compared patients in control and experimental arm, sum 1.
    pub shares: [f64; 2],
    /// Entry of the compared patients.
    pub entry: &'a EntryLaw,
    /// Number of compared patients, both arms.
    pub patients: f64,
}
