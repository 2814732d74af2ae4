//! The joint normal law of everything phase II decides with, and of phase III given the arms kept.
//!
//! Means are quadratures over the truth's laws; covariances are expectations over one patient of products of influence
//! functions, taken within arms as for block randomisation. A data cut or look fixed by events carries the correction
//! −(dE/dt)/(dD/dt)·(N_i − E N_i) on every statistic, N_i the patient's counted event, D the expected count.

use crate::engine::EngineError;
use crate::engine::analytic::with_comparison;
use crate::engine::asymptotic::influence::{Score, edges};
use crate::engine::asymptotic::paths::{PATHS, Paths, covariance, factor};
use crate::engine::schedule::{Cohort, Laws, ScheduledLook};
use crate::protocol::Protocol;
use crate::statistics::log_rank::{WeightedLogRank, weights::unit::Unit};
use crate::statistics::{LookExpectation, Tabulation, TestStatistic};
use crate::truth::{ImmuneResponse, Missing, Truth};
use nalgebra::DMatrix;
use std::sync::Arc;

/// Months over which the drift of a Cox estimate is differenced.
const STEP: f64 = 0.25;

/// Means and a factor of the covariance.
pub struct Law {
    /// Means.
    pub means: Vec<f64>,
    /// Lower Cholesky factor.
    pub factor: DMatrix<f64>,
}

/// What is computed for a law: the truth, its paths, and one cohort.
pub struct Source<'a> {
    /// Protocol.
    pub protocol: &'a Protocol,
    /// Truth.
    pub truth: &'a Truth,
    /// Paths of single patients.
    pub paths: &'a Paths,
    /// The cohort.
    pub cohort: &'a Cohort,
    /// Month of entry of each path.
    pub entries: Vec<f64>,
}

/// One statistic: its mean and `columns[arm]`, per patient influences (empty for an arm that has no part in it).
pub struct Column {
    /// Mean.
    pub mean: f64,
    /// d mean/d month of its analysis.
    pub slope: f64,
    /// Influences divided by the root of the number compared.
    pub arms: Vec<Vec<f64>>,
}

/// Expected counted events per month at a look, and which patients have one.
pub struct ClockInfluence {
    rate: f64,
    arms: Vec<Vec<f64>>,
}

impl<'a> Source<'a> {
    /// One endpoint of one pair at the given months (ascending).
    pub fn pair<'s>(&'s self, laws: &Laws, arm: usize, months: &[f64]) -> Result<Pair<'s, 'a>, EngineError> {
        let end = months[months.len() - 1];
        let table = with_comparison(self.protocol, self.truth, laws, self.cohort, arm, |comparison| {
            Tabulation::new(comparison, months, &edges(end))
        });
        let looks = WeightedLogRank::new(Arc::new(Unit)).expectation(&table)?;
        let score = Score::tables(&table, 0.0, end);
        Ok(Pair { source: self, arm, death: laws.endpoint.is_death(), table, looks, score, end })
    }

    /// The random month of a look fixed by events; `None` for another look. `table` is any pair's tabulation with the look.
    pub fn clock(&self, look: &ScheduledLook, laws: &[Laws]) -> Option<ClockInfluence> {
        let (endpoint, everybody) = look.clock?;
        if !everybody {
            return None;
        }
        let laws = laws.iter().find(|laws| laws.endpoint.is_death() == endpoint.is_death())?;
        let events =
            |month: f64| crate::engine::schedule::expected_events(self.truth, laws, self.cohort, None, None, month);
        let rate = (events(look.month + 0.05) - events(look.month - 0.05)) / 0.1;
        let arms = self.paths.arms.iter().zip(&self.cohort.patients).map(|(paths, &patients)| {
            if patients == 0.0 {
                return Vec::new();
            }
            let event = paths.event(endpoint.is_death());
            let seen = |i: usize| event[i] <= paths.dropout[i].min(look.month - self.entries[i]);
            (0..PATHS).map(|i| f64::from(u8::from(seen(i)))).collect()
        });
        (rate > 0.0).then(|| ClockInfluence { rate, arms: arms.collect() })
    }

    /// The law of these statistics.
    ///
    /// # Errors
    /// [`EngineError::Numerics`] where a statistic has no information.
    pub fn law(&self, statistics: Vec<Column>) -> Result<Law, EngineError> {
        let means: Vec<f64> = statistics.iter().map(|column| column.mean).collect();
        if !means.iter().all(|mean| mean.is_finite()) {
            return Err(EngineError::Numerics("an analysis adds no information to the one before".into()));
        }
        let mut columns: Vec<Vec<Vec<f64>>> = vec![Vec::new(); self.cohort.patients.len()];
        for column in statistics {
            column.arms.into_iter().zip(&mut columns).for_each(|(influence, arm)| arm.push(influence));
        }
        Ok(Law { means, factor: factor(&covariance(&self.cohort.patients, &columns)) })
    }

    /// Number of positive readings, less its mean, in one arm, among the counted patients whose reading is due by `cut`.
    pub fn responses(&self, arm: usize, rate: f64, response: &ImmuneResponse, cut: f64) -> Column {
        let mut arms = vec![Vec::new(); self.cohort.patients.len()];
        let patients = &self.paths.arms[arm];
        let (month, left_out) =
            (response.measured_at, response.missing_if_event_before && response.missing == Missing::LeftOut);
        let of = |i: usize| {
            let read = !left_out || (patients.pfs[i] >= month && patients.dropout[i] >= month);
            if read && self.entries[i] + month <= cut { f64::from(u8::from(patients.responder[i])) - rate } else { 0.0 }
        };
        arms[arm] = (0..PATHS).map(of).collect();
        Column { mean: 0.0, slope: 0.0, arms }
    }
}

impl Column {
    /// With the correction for a month fixed by events.
    #[must_use]
    pub fn at(mut self, clock: Option<&ClockInfluence>) -> Self {
        if let Some(clock) = clock {
            let scale = self.slope / clock.rate;
            for (influence, events) in self.arms.iter_mut().zip(&clock.arms).filter(|(_, events)| !events.is_empty()) {
                influence.resize(PATHS, 0.0);
                influence.iter_mut().zip(events).for_each(|(value, event)| *value -= scale * event);
            }
        }
        self
    }

    /// Less the influences of another.
    #[must_use]
    pub fn less(mut self, other: &Self) -> Self {
        for (mine, theirs) in self.arms.iter_mut().zip(&other.arms).filter(|(_, theirs)| !theirs.is_empty()) {
            mine.resize(PATHS, 0.0);
            mine.iter_mut().zip(theirs).for_each(|(value, other)| *value -= other);
        }
        self
    }
}

/// One endpoint of one pair of arms.
pub struct Pair<'s, 'a> {
    source: &'s Source<'a>,
    arm: usize,
    death: bool,
    table: Tabulation,
    looks: Vec<LookExpectation>,
    score: Vec<Score>,
    end: f64,
}

impl Pair<'_, '_> {
    fn size(&self) -> f64 {
        self.source.cohort.patients[0] + self.source.cohort.patients[self.arm]
    }

    /// Influences `of(ψ, ψ_V)` of control and arm at a month.
    fn columns(&self, score: &[Score], month: f64, of: impl Fn([f64; 2]) -> f64) -> Vec<Vec<f64>> {
        let source = self.source;
        let mut arms = vec![Vec::new(); source.cohort.patients.len()];
        for (g, arm) in [0, self.arm].into_iter().enumerate() {
            let paths = &source.paths.arms[arm];
            let event = paths.event(self.death);
            arms[arm] = (0..PATHS)
                .map(|i| {
                    let table = &score[if score.len() > 1 { usize::from(source.paths.stratum[i]) } else { 0 }];
                    of(table.of(g, event[i], paths.dropout[i], month - source.entries[i]))
                })
                .collect();
        }
        arms
    }

    /// Z at a look.
    pub fn z(&self, look: usize) -> Column {
        let (n, at) = (self.size(), &self.looks[look]);
        let (score, spread) = (-1.0 / at.variance.sqrt(), -at.effect / (2.0 * at.variance.powf(1.5)));
        let root = n.sqrt();
        let arms = self.columns(&self.score, self.table.months[look], |[u, v]| (score * u + spread * v) / root);
        Column { mean: root * at.mean(), slope: root * at.slope(), arms }
    }

    /// Standardised increment from the look before: −(U_k − U_{k−1})/√(V_k − V_{k−1}), with the slope of its later end; the
    /// second column holds the part of the earlier end, for that end's clock.
    pub fn increment(&self, look: usize) -> [Column; 2] {
        let (n, now) = (self.size(), &self.looks[look]);
        let none = LookExpectation { effect: 0.0, variance: 0.0, slopes: [0.0; 2], ..now.clone() };
        let before = if look == 0 { &none } else { &self.looks[look - 1] };
        let (effect, variance) = (now.effect - before.effect, now.variance - before.variance);
        let (score, spread) = (-1.0 / variance.sqrt(), -effect / (2.0 * variance.powf(1.5)));
        let root = n.sqrt();
        let slope = |at: &LookExpectation| root * (-score * at.slopes[0] + spread * at.slopes[1]);
        let part = |month: f64| self.columns(&self.score, month, |[u, v]| (score * u + spread * v) / root);
        let later =
            Column { mean: root * effect / variance.sqrt(), slope: slope(now), arms: part(self.table.months[look]) };
        let earlier = if look == 0 {
            Column { mean: 0.0, slope: 0.0, arms: vec![Vec::new(); self.source.cohort.patients.len()] }
        } else {
            Column { mean: 0.0, slope: slope(before), arms: part(self.table.months[look - 1]) }
        };
        [later, earlier]
    }

    /// Log of the Cox hazard ratio at a look that is followed by one [`STEP`] later.
    pub fn log_hazard_ratio(&self, look: usize) -> Column {
        let [now, later] = [look, look + 1].map(|k| self.table.cox_hazard_ratio(k).map_or(0.0, f64::ln));
        let entered = self.table.entered(self.table.months[look]);
        let [pi0, pi1] = self.table.shares;
        let ratio = now.exp();
        let of = |s: &crate::statistics::StratumTable| {
            s.prevalence
                * self.table.panels.integrate_with(|i| {
                    let (y0, y1) = (pi0 * s.at_risk[0][i], pi1 * s.at_risk[1][i] * ratio);
                    let p = if y0 + y1 > 0.0 { y1 / (y0 + y1) } else { pi1 };
                    p * (1.0 - p) * (pi0 * s.events[0][i] + pi1 * s.events[1][i]) * entered[i]
                })
        };
        let information: f64 = self.table.strata.iter().map(of).sum();
        let n = self.size();
        let tables = Score::tables(&self.table, now, self.end);
        let arms = self.columns(&tables, self.table.months[look], |[u, _]| u / (information * n));
        Column { mean: now, slope: (later - now) / STEP, arms }
    }
}

/// Months at which a pair is tabulated for a transition at `cut`.
pub fn transition_months(cut: f64) -> [f64; 2] {
    [cut, cut + STEP]
}
