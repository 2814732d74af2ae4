//! The joint normal law of everything phase II decides with, and of phase III given the arms kept.
//!
//! Means are quadratures over the truth's laws; covariances are expectations over one patient of products of influence
//! functions (see [`crate::engine::asymptotic::paths`]). A data cut or look fixed by events carries the correction
//! −(dE/dt)/(dD/dt)·(N_i − E N_i) on every statistic, N_i the patient's counted event, D the expected count.

use crate::engine::EngineError;
use crate::engine::analytic::with_comparison;
use crate::engine::asymptotic::influence::{Score, edges, score_law};
use crate::engine::asymptotic::paths::{Paths, factor};
use crate::engine::schedule::{Cohort, Laws, ScheduledLook};
use crate::protocol::Protocol;
use crate::statistics::log_rank::{WeightedLogRank, weights::unit::Unit};
use crate::statistics::{LookExpectation, Tabulation, TestStatistic};
use crate::truth::{ImmuneResponse, Truth};
use nalgebra::DMatrix;
use std::sync::Arc;

/// Months over which the drift of a Cox estimate is differenced.
const STEP: f64 = 0.25;

/// Means and covariances.
pub struct Law {
    /// Means.
    pub means: Vec<f64>,
    /// Covariance under each shift of the paths.
    pub covariances: Vec<DMatrix<f64>>,
    /// Their lower Cholesky factors.
    pub factors: Vec<DMatrix<f64>>,
}

impl Law {
    /// From the statistics and their covariance under each shift.
    ///
    /// # Errors
    /// [`EngineError::Numerics`] where a statistic has no information.
    pub fn new<'c>(
        statistics: impl Iterator<Item = &'c Column>,
        covariances: Vec<DMatrix<f64>>,
    ) -> Result<Self, EngineError> {
        let means: Vec<f64> = statistics.map(|column| column.mean).collect();
        if !means.iter().all(|mean| mean.is_finite()) {
            return Err(EngineError::Numerics("an analysis adds no information to the one before".into()));
        }
        let factors = covariances.iter().map(factor).collect();
        Ok(Self { means, covariances, factors })
    }

    /// means + factor·normals under one shift.
    pub fn map(&self, shift: usize, normals: &[f64], vector: &mut [f64]) {
        let factor = &self.factors[shift];
        for (i, value) in vector.iter_mut().enumerate() {
            *value = self.means[i] + (0..=i).map(|j| factor[(i, j)] * normals[j]).sum::<f64>();
        }
    }

    /// Standard deviation of a statistic under each shift.
    pub fn deviations(&self, statistic: usize) -> Vec<f64> {
        self.covariances.iter().map(|covariance| covariance[(statistic, statistic)].max(0.0).sqrt()).collect()
    }
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
    /// What every entry adds where the month follows the last entry, −slope/(entries per month at the end).
    pub anchor: f64,
    /// Influences divided by the root of the number compared.
    pub arms: Vec<Vec<f64>>,
}

/// What makes the month of an analysis random.
pub enum Clock {
    /// Nothing.
    Fixed,
    /// Counted events: expected per month, and which patients have one.
    Events(f64, Vec<Vec<f64>>),
    /// The last entry: patients entering per month then.
    LastEntry(f64),
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

    /// The random month of a look.
    pub fn clock(&self, look: &ScheduledLook, laws: &[Laws]) -> Clock {
        if look.follows_entry {
            let density =
                self.cohort.entry.pieces().map(|(.., density)| density).filter(|density| *density > 0.0).last();
            let patients: f64 = self.cohort.patients.iter().sum();
            return density.map_or(Clock::Fixed, |density| Clock::LastEntry(density * patients));
        }
        let Some((endpoint, true)) = look.clock else { return Clock::Fixed };
        let Some(laws) = laws.iter().find(|laws| laws.endpoint.is_death() == endpoint.is_death()) else {
            return Clock::Fixed;
        };
        let events =
            |month: f64| crate::engine::schedule::expected_events(self.truth, laws, self.cohort, None, None, month);
        let rate = (events(look.month + 0.05) - events(look.month - 0.05)) / 0.1;
        if rate <= 0.0 {
            return Clock::Fixed;
        }
        let arms = self.paths.arms.iter().zip(&self.cohort.patients).map(|(paths, &patients)| {
            if patients == 0.0 {
                return Vec::new();
            }
            let event = paths.event(endpoint.is_death());
            let seen = |i: usize| event[i] <= paths.dropout[i].min(look.month - self.entries[i]);
            (0..self.paths.count()).map(|i| f64::from(u8::from(seen(i)))).collect()
        });
        Clock::Events(rate, arms.collect())
    }

    /// The law of these statistics, under every shift of the paths.
    ///
    /// # Errors
    /// [`EngineError::Numerics`] where a statistic has no information.
    pub fn law(&self, statistics: &[Column]) -> Result<Law, EngineError> {
        let columns: Vec<Option<&Column>> = statistics.iter().map(Some).collect();
        Law::new(statistics.iter(), self.paths.covariances(&self.cohort.patients, &columns))
    }

    /// Number of positive readings, less its mean, in one arm, among the counted patients whose reading is due by `cut`.
    pub fn responses(&self, arm: usize, rate: f64, response: &ImmuneResponse, cut: f64) -> Column {
        let responder = &self.paths.arms[arm].responder;
        let of = |i: usize| {
            if self.is_read(arm, i, response, cut) { f64::from(u8::from(responder[i])) - rate } else { 0.0 }
        };
        let mut arms = vec![Vec::new(); self.cohort.patients.len()];
        arms[arm] = (0..self.paths.count()).map(of).collect();
        Column { mean: 0.0, slope: 0.0, anchor: 0.0, arms }
    }

    /// Whether the response of path `i` of an arm counts by `cut`.
    fn is_read(&self, arm: usize, i: usize, response: &ImmuneResponse, cut: f64) -> bool {
        let patients = &self.paths.arms[arm];
        self.entries[i] + response.measured_at <= cut && response.counts(patients.pfs[i], patients.dropout[i])
    }

    /// Number of readings that count by `cut` in one arm, of which the share `read` counts once due, less its mean.
    pub fn due(&self, arm: usize, read: f64, response: &ImmuneResponse, cut: f64) -> Column {
        let mut arms = vec![Vec::new(); self.cohort.patients.len()];
        arms[arm] = (0..self.paths.count()).map(|i| f64::from(u8::from(self.is_read(arm, i, response, cut)))).collect();
        let slope = self.cohort.patients[arm] * read * self.cohort.entry.density(cut - response.measured_at);
        Column { mean: 0.0, slope, anchor: 0.0, arms }
    }
}

impl Column {
    /// With the correction for a random month.
    #[must_use]
    pub fn at(mut self, clock: &Clock) -> Self {
        match clock {
            Clock::Fixed => {}
            Clock::LastEntry(rate) => self.anchor -= self.slope / rate,
            Clock::Events(rate, arms) => {
                let scale = self.slope / rate;
                for (influence, events) in self.arms.iter_mut().zip(arms).filter(|(_, events)| !events.is_empty()) {
                    influence.resize(events.len(), 0.0);
                    influence.iter_mut().zip(events).for_each(|(value, event)| *value -= scale * event);
                }
            }
        }
        self
    }

    /// Less the influences of another.
    #[must_use]
    pub fn less(mut self, other: &Self) -> Self {
        self.anchor -= other.anchor;
        for (mine, theirs) in self.arms.iter_mut().zip(&other.arms).filter(|(_, theirs)| !theirs.is_empty()) {
            mine.resize(theirs.len(), 0.0);
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
            arms[arm] = (0..source.paths.count())
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
        Column { mean: root * at.mean(), slope: root * at.slope(), anchor: 0.0, arms }
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
        let column = |mean, slope, arms| Column { mean, slope, anchor: 0.0, arms };
        let later = column(root * effect / variance.sqrt(), slope(now), part(self.table.months[look]));
        let earlier = if look == 0 {
            column(0.0, 0.0, vec![Vec::new(); self.source.cohort.patients.len()])
        } else {
            column(0.0, slope(before), part(self.table.months[look - 1]))
        };
        [later, earlier]
    }

    /// Log of the Cox hazard ratio at a look that is followed by one [`STEP`] later.
    pub fn log_hazard_ratio(&self, look: usize) -> (Column, CoxLaw) {
        let [now, later] = [look, look + 1].map(|k| self.table.cox_hazard_ratio(k).map_or(0.0, f64::ln));
        let n = self.size();
        let [_, spread, information] = score_law(&self.table, look, now);
        let deviation = spread / (information * n.sqrt());
        let tables = Score::tables(&self.table, now, self.end);
        let arms = self.columns(&tables, self.table.months[look], |[u, _]| u / (information * n));
        let at = |sigmas: f64| {
            let [mean, spread, _] = score_law(&self.table, look, now + sigmas * deviation);
            [-n.sqrt() * mean / spread, sigmas]
        };
        let knots = (-KNOTS..=KNOTS).filter(|&k| k != 0).map(|k| at(f64::from(k))).collect();
        let law = CoxLaw { centre: now, deviation, knots };
        (Column { mean: now, slope: (later - now) / STEP, anchor: 0.0, arms }, law)
    }
}

/// Knots on each side of the centre of a [`CoxLaw`], one standard deviation apart.
const KNOTS: i32 = 4;

/// The law of a Cox estimate as a function of a normal score: the estimate is at most b where the score of the partial
/// likelihood at b is at most 0, so that P(β̂ ≤ b) = Φ(−√n·μ(b)/σ(b)), μ and σ² mean and variance of the score at b per
/// patient. Around the limit β* this is the sandwich law (Lin and Wei 1989); away from it, and with few events, only the sum's
/// own normality is used, not the linearity of the root.
pub struct CoxLaw {
    centre: f64,
    deviation: f64,
    /// (−√n μ/σ, (b − β*)/deviation).
    knots: Vec<[f64; 2]>,
}

impl CoxLaw {
    /// The log hazard ratio at a value of the linearised estimate.
    pub fn at(&self, linear: f64) -> f64 {
        let score = (linear - self.centre) / self.deviation;
        // b = β* + (linear − β*)·R(score), R linear between the knots and 1 at the limit.
        let ratio = |knot: &[f64; 2]| knot[1] / knot[0];
        let right = self.knots.partition_point(|knot| knot[0] < score);
        let before = right.checked_sub(1).map(|i| &self.knots[i]);
        let after = self.knots.get(right);
        let between = |a: [f64; 2], b: [f64; 2]| a[1] + (score - a[0]) / (b[0] - a[0]) * (b[1] - a[1]);
        let point = |knot: &[f64; 2]| [knot[0], ratio(knot)];
        let stretch = match (before, after) {
            (Some(a), Some(b)) if a[0] < 0.0 && b[0] > 0.0 => {
                if score < 0.0 {
                    between(point(a), [0.0, 1.0])
                } else {
                    between([0.0, 1.0], point(b))
                }
            }
            (Some(a), Some(b)) => between(point(a), point(b)),
            (Some(a), None) => ratio(a),
            (None, Some(b)) => ratio(b),
            (None, None) => 1.0,
        };
        self.centre + (linear - self.centre) * stretch
    }
}

/// Months at which a pair is tabulated for a transition at `cut`.
pub fn transition_months(cut: f64) -> [f64; 2] {
    [cut, cut + STEP]
}
