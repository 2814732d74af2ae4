//! Test statistics in expectation: joint law of Z over looks (and over several tests) under the truth and under the null.
//!
//! Symbols: n compared patients; Z_k = √n·ê_k/√v̂_k with influence ζ_i(t_k) (see [`LookExpectation`]); m(t) = E Z/√n;
//! D(t) expected events per patient, N_i(t) patient i's event indicator; t_k calendar month of look k.
//!
//! * Cov(Z_j, Z_k) = Cov(ζ_j, ζ_k), within arms as for block randomisation;
//! * a look fixed by the number of events takes place at a random month, which adds −(m'(t)/D'(t))·(N_i(t) − D(t)) to ζ_i:
//!   first order of Z(T_d) in T_d − t, and n{D(T_d) − D(t)} ≈ −Σ{N_i(t) − D(t)};
//! * E Z beyond √n m(t): [`Expectation::joint_law`] adds the term of order 1/√n (second_order.rs);
//! * under the null the statistics have independent increments in their information I: Corr = √(I_j/I_k) of one test;
//!   for weights w_a, w_b, t_j ≤ t_k, Corr = I_ab(t_j)/√(I_a(t_j) I_b(t_k)), I_ab = ∫ w_a w_b p₀(1−p₀) dn̄
//!   (Tsiatis 1982; Karrison 2016).

use crate::statistics::{Comparison, Influence, LookExpectation, NoInformation, Tabulation, TestStatistic, log_rank};
use nalgebra::{DMatrix, DVector};
use std::sync::Arc;

/// What random variable fixes the month of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// The month is fixed.
    Calendar,
    /// The look takes place at a given number of events of the tested endpoint among the compared patients.
    Events,
}

/// One or several test statistics of one comparison at several looks.
pub struct Expectation {
    table: Tabulation,
    /// `tests[m][k]`: test m at look k.
    tests: Vec<Vec<LookExpectation>>,
    /// (D, D') of each look.
    pub(super) events: Vec<[f64; 2]>,
    /// Weights at the nodes, `weights[m][stratum]`; empty unless there are several tests.
    weights: Vec<Vec<Vec<f64>>>,
}

impl Expectation {
    /// Tabulates the comparison for looks at the given calendar months (ascending, positive). Several tests are those of a
    /// max-combo, members of the log-rank family.
    ///
    /// # Errors
    /// [`NoInformation`] at the first look at which a statistic does not exist.
    pub fn new(
        tests: &[Arc<dyn TestStatistic>],
        comparison: &Comparison,
        months: &[f64],
    ) -> Result<Self, NoInformation> {
        let kinks: Vec<f64> = tests.iter().flat_map(|test| test.kinks(comparison, months)).collect();
        let table = Tabulation::new(comparison, months, &kinks);
        let events = months.iter().map(|&month| table.events_and_rate(month)).collect();
        let weights = if tests.len() > 1 {
            let missing = |label| NoInformation { look: 0, reason: format!("a max-combo cannot hold {label}") };
            let weights =
                |test: &Arc<dyn TestStatistic>| test.log_rank_weights(&table).ok_or_else(|| missing(test.label()));
            tests.iter().map(weights).collect::<Result<_, _>>()?
        } else {
            Vec::new()
        };
        let tests = tests.iter().map(|test| test.expectation(&table)).collect::<Result<_, _>>()?;
        Ok(Self { table, tests, events, weights })
    }

    /// Number of tests.
    pub fn tests(&self) -> usize {
        self.tests.len()
    }

    /// One test at one look.
    pub fn at(&self, test: usize, look: usize) -> &LookExpectation {
        &self.tests[test][look]
    }

    /// Expected events per compared patient at a look.
    pub fn events(&self, look: usize) -> f64 {
        self.events[look][0]
    }

    /// The tabulation behind it.
    pub fn table(&self) -> &Tabulation {
        &self.table
    }

    /// Information of each look under the null as a share of the last look's; of several tests the smallest.
    pub fn information_fractions(&self) -> Vec<f64> {
        let last = self.events.len() - 1;
        let share = |look: usize| {
            let of = |test: &Vec<LookExpectation>| test[look].information / test[last].information;
            self.tests.iter().map(of).fold(f64::INFINITY, f64::min)
        };
        (0..=last).map(share).collect()
    }

    /// E Z under the truth, all tests of the first look, then of the second, ….
    pub fn means(&self) -> DVector<f64> {
        let root = self.table.patients.sqrt();
        let looks = self.events.len();
        let means = (0..looks).flat_map(|look| self.tests.iter().map(move |test| root * test[look].mean()));
        DVector::from_iterator(looks * self.tests.len(), means)
    }

    /// E Z, to order 1/√n, and Cov Z under the truth, all tests of the first look, then of the second, ….
    pub fn joint_law(&self, timing: &[Timing]) -> (DVector<f64>, DMatrix<f64>) {
        let (mut means, root) = (self.means(), self.table.patients.sqrt());
        let mut influences = Vec::with_capacity(means.len());
        for (look, &timing) in timing.iter().enumerate() {
            for test in self.tests.iter().map(|test| &test[look]) {
                let fixed = self.table.influence(look, test.parts.clone());
                means[influences.len()] += self.shift(test, look, timing, &fixed) / root;
                influences.push(if timing == Timing::Events { self.influence(test, look) } else { fixed });
            }
        }
        let size = influences.len();
        let mut covariance = DMatrix::zeros(size, size);
        for j in 0..size {
            for k in j..size {
                let value = self.table.covariance(&influences[j], &influences[k]);
                covariance[(j, k)] = value;
                covariance[(k, j)] = value;
            }
        }
        (means, covariance)
    }

    /// Correlation of Z under the null, in the order of [`Expectation::joint_law`].
    pub fn null_correlation(&self) -> DMatrix<f64> {
        let (tests, looks) = (self.tests.len(), self.events.len());
        let mut correlation = DMatrix::identity(tests * looks, tests * looks);
        for first in 0..looks {
            for a in 0..tests {
                for b in 0..tests {
                    let shared = if a == b {
                        self.tests[a][first].information
                    } else {
                        log_rank::shared_information(&self.table, first, &self.weights[a], &self.weights[b])
                    };
                    for later in first..looks {
                        let (row, column) = (first * tests + a, later * tests + b);
                        if row != column {
                            let scale = self.tests[a][first].information * self.tests[b][later].information;
                            correlation[(row, column)] = shared / scale.sqrt();
                            correlation[(column, row)] = correlation[(row, column)];
                        }
                    }
                }
            }
        }
        correlation
    }

    /// ζ of one test at one look, with the correction for a month fixed by events.
    fn influence(&self, test: &LookExpectation, look: usize) -> Influence {
        let mut parts = test.parts.clone();
        let rate = self.events[look][1];
        if rate > 0.0 {
            let clock = test.slope() / rate;
            for (jump, _) in parts.iter_mut().flatten() {
                for value in jump {
                    *value -= clock;
                }
            }
        }
        self.table.influence(look, parts)
    }
}
