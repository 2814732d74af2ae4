//! A sweep: points × candidates × truths, cut into units that are computed in any order, stored, and gone on with.
//!
//! A simulated evaluation (one candidate under one truth at one point) is cut into blocks of replicates; a computed one is
//! a unit by itself, and so is one that stops at a wanted precision, because where it stops is decided over all of it.

mod run;

pub use run::{Ended, Hooks, SweepRun};
pub(super) use run::{Unit, answer_of};

use crate::engine::simulation::{BLOCK, Tally};
use crate::engine::{EngineKind, Settings};
use crate::scenario::{Candidate, Scenario, ScenarioError};
use crate::study::ready::pairs;
use crate::study::{Shard, StoreError, StudyError};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::ops::Range;

/// What the command line says of `run` in place of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overrides {
    /// Engine.
    pub engine: Option<EngineKind>,
    /// Simulated trials.
    pub replicates: Option<u64>,
    /// Seed.
    pub seed: Option<u64>,
}

impl Overrides {
    /// Changes the settings of a file.
    pub fn apply(self, run: &mut Settings) {
        run.engine = self.engine.unwrap_or(run.engine);
        run.replicates = self.replicates.unwrap_or(run.replicates);
        run.seed = self.seed.unwrap_or(run.seed);
    }
}

/// Why a sweep does not go on.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The scenario, or a point of it, is wrong.
    #[error(transparent)]
    Study(#[from] StudyError),
    /// The store cannot be used or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The work of one evaluation.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Work {
    /// Replicates; 0 where it is computed.
    replicates: u64,
    /// Standard error at which it stops before.
    mcse: Option<f64>,
    /// Hypotheses and looks.
    size: (usize, usize),
}

impl Work {
    /// Whether its blocks can be shared out.
    fn cut(self) -> bool {
        self.replicates > 0 && self.mcse.is_none()
    }

    fn units(self) -> u64 {
        if self.cut() { self.replicates.div_ceil(BLOCK) } else { 1 }
    }
}

/// A sweep whose every point was checked.
#[derive(Debug)]
pub struct SweepPlan {
    scenario: Scenario,
    overrides: Overrides,
    paths: Vec<String>,
    points: Vec<Vec<Value>>,
    candidates: Vec<String>,
    truths: Vec<String>,
    /// Points outermost, then candidates, then truths: the order of work.
    work: Vec<Work>,
    /// First unit of every piece of work, and the number of all.
    offsets: Vec<u64>,
}

/// Place of an evaluation in the order of work.
type Place = usize;

impl SweepPlan {
    /// Checks every point of the scenario's sweep.
    ///
    /// # Errors
    /// [`StudyError`] when the file has no sweep, an override contradicts an axis, or a point is wrong.
    pub fn new(mut scenario: Scenario, overrides: Overrides) -> Result<Self, StudyError> {
        overrides.apply(&mut scenario.run);
        let Some(sweep) = &scenario.sweep else {
            return Err(StudyError::Scenario(ScenarioError {
                pointer: "/sweep".into(),
                value: "(absent)".into(),
                rule: "a sweep needs axes".into(),
                hint: Some(
                    "add \"sweep\": {\"axes\": [{\"path\": \"/truth/…\", \"from\": 0, \"to\": 6, \"step\": 1}]}".into(),
                ),
            }));
        };
        let paths: Vec<String> = sweep.axes.iter().map(|axis| axis.path.clone()).collect();
        for (path, given) in
            [("/run/engine", overrides.engine.is_some()), ("/run/replicates", overrides.replicates.is_some())]
        {
            if let Some(index) = paths.iter().position(|axis| given && axis == path) {
                return Err(StudyError::Scenario(ScenarioError {
                    pointer: format!("/sweep/axes/{index}/path"),
                    value: format!("\"{path}\""),
                    rule: "the command line fixes what this axis moves".into(),
                    hint: Some("leave out one of the two".into()),
                }));
            }
        }
        let points = sweep.points(scenario.run.seed);
        let candidates: Vec<String> = scenario.candidates.iter().map(|candidate| candidate.name.clone()).collect();
        let truths: Vec<String> = scenario.candidates[0].truths.iter().map(|(name, _)| name.clone()).collect();
        let mut plan =
            Self { scenario, overrides, paths, points, candidates, truths, work: Vec::new(), offsets: vec![0] };
        let found: Vec<Result<Vec<Work>, StudyError>> =
            (0..plan.points.len()).into_par_iter().map(|point| plan.works(point)).collect();
        for works in found {
            for work in works? {
                let last = plan.offsets.last().copied().unwrap_or(0);
                plan.offsets.push(last.saturating_add(work.units()));
                plan.work.push(work);
            }
        }
        Ok(plan)
    }

    fn works(&self, point: usize) -> Result<Vec<Work>, StudyError> {
        let scenario = self.scenario_at(point)?;
        let run = &scenario.run;
        let work = |(candidate, _, _, simulated): (&Candidate, _, _, _)| Work {
            replicates: if simulated { run.replicates } else { 0 },
            mcse: run.mcse.filter(|_| simulated),
            size: (candidate.protocol.hypotheses(), candidate.protocol.analyses.len()),
        };
        Ok(pairs(&scenario).map(work).collect())
    }

    fn scenario_at(&self, point: usize) -> Result<Scenario, ScenarioError> {
        let axes = self.scenario.sweep.as_ref().map_or(&[][..], |sweep| &sweep.axes);
        let mut scenario = self.scenario.at_point(axes, &self.points[point])?;
        self.overrides.apply(&mut scenario.run);
        Ok(scenario)
    }

    /// The file, overrides of the command line applied.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// What the command line said.
    pub fn overrides(&self) -> Overrides {
        self.overrides
    }

    /// Paths of the axes.
    pub fn paths(&self) -> &[String] {
        &self.paths
    }

    /// Points: one value per axis each.
    pub fn points(&self) -> &[Vec<Value>] {
        &self.points
    }

    /// Names of the candidates.
    pub fn candidates(&self) -> &[String] {
        &self.candidates
    }

    /// Names of the truths.
    pub fn truths(&self) -> &[String] {
        &self.truths
    }

    /// Number of evaluations: candidates × truths × points.
    pub fn evaluations(&self) -> usize {
        self.work.len()
    }

    /// Number of units of work.
    pub fn units(&self) -> u64 {
        self.offsets.last().copied().unwrap_or(0)
    }

    /// Replicates that the units of a shard can take; those that stop at a precision take fewer.
    pub fn replicates(&self, units: &Range<u64>) -> u64 {
        (0..self.work.len()).filter_map(|place| self.range(place, units)).map(|range| range.end - range.start).sum()
    }

    /// Units of a shard.
    pub fn shard(&self, shard: Shard) -> Range<u64> {
        let (first, last) = shard.range(self.units());
        first..last
    }

    /// Number of the evaluation at a place: candidates outermost, then truths, then points.
    pub(super) fn evaluation(&self, place: Place) -> u64 {
        let pairs = self.candidates.len() * self.truths.len();
        ((place % pairs) * self.points.len() + place / pairs) as u64
    }

    /// Place of an evaluation.
    pub(super) fn place(&self, evaluation: u64) -> Option<Place> {
        let (points, evaluation) = (self.points.len(), usize::try_from(evaluation).ok()?);
        let pairs = self.candidates.len() * self.truths.len();
        (evaluation < self.work.len()).then(|| (evaluation % points) * pairs + evaluation / points)
    }

    /// Point, candidate and truth of an evaluation.
    pub(super) fn parts(&self, evaluation: u64) -> (usize, &str, &str) {
        let (points, evaluation) = (self.points.len(), evaluation as usize);
        let pair = evaluation / points;
        (evaluation % points, &self.candidates[pair / self.truths.len()], &self.truths[pair % self.truths.len()])
    }

    /// Replicates of the work at a place that lie in a range of units (an empty range for what is computed); `None` where
    /// none of its units does.
    pub(super) fn range(&self, place: Place, units: &Range<u64>) -> Option<Range<u64>> {
        let (start, end) = (self.offsets[place], self.offsets[place + 1]);
        let (first, last) = (units.start.max(start), units.end.min(end));
        let work = self.work[place];
        (first < last).then(|| {
            if work.cut() {
                (first - start) * BLOCK..((last - start) * BLOCK).min(work.replicates)
            } else {
                0..work.replicates
            }
        })
    }

    /// Whether a range of replicates is all that the work at a place has.
    pub(super) fn whole(&self, place: Place, range: &Range<u64>) -> bool {
        *range == (0..self.work[place].replicates)
    }

    /// Nothing done yet at a place.
    pub(super) fn nothing(&self, place: Place) -> Tally {
        let (arms, looks) = self.work[place].size;
        Tally::new(arms, looks)
    }

    /// Whether this can be a tally of an evaluation: what is read from a file is not trusted.
    pub(super) fn can_hold(&self, evaluation: u64, tally: &Tally) -> bool {
        self.place(evaluation)
            .map(|place| self.work[place])
            .is_some_and(|work| tally.fits(work.size.0, work.size.1) && tally.replicates <= work.replicates)
    }

    /// Standard error at which the work at a place stops.
    pub(super) fn mcse(&self, place: Place) -> Option<f64> {
        self.work[place].mcse
    }
}
