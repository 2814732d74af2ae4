//! Part of an evaluation: exact tallies of a range of replicates, kept in a file, gone on with, and merged.
//!
//! A part holds the scenario it answers, so that merging needs nothing else. Its tallies are whole numbers: the parts of
//! a run merge to the bits of the run in one piece.

use crate::engine::simulation::{Tally, next_block};
use crate::engine::{self, EngineKind, Progress};
use crate::scenario::Scenario;
use crate::study::ready::{Ready, pairs};
use crate::study::{Answer, StudyError, answer, locate};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Version of the part file.
const FORMAT: u32 = 1;
/// Most shards.
const SHARDS: u64 = 1_000_000;

/// One of several shards: `3/8` is the third of eight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u64,
    of: u64,
}

impl Shard {
    /// All of it.
    pub const WHOLE: Self = Self { index: 1, of: 1 };

    /// First of `all` things and the one after the last that the shard has; shards differ by one at most.
    pub(super) fn range(self, all: u64) -> (u64, u64) {
        let cut = |index: u64| (u128::from(all) * u128::from(index) / u128::from(self.of)) as u64;
        (cut(self.index - 1), cut(self.index))
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
        match parts {
            Some((index, of)) if (1..=of).contains(&index) && of <= SHARDS => Ok(Self { index, of }),
            _ => Err(format!("a shard is K/N with 1 <= K <= N <= {SHARDS}, for example 3/8")),
        }
    }
}

/// Why part files cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PartError(String);

/// The tally of one candidate under one truth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartTally {
    /// Candidate.
    pub candidate: String,
    /// Truth.
    pub truth: String,
    /// What its replicates added up to; they begin at the part's `from`.
    pub tally: Tally,
}

/// A range of replicates of every simulated candidate and truth of a scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Version of the part file; 1.
    pub seamline_part: u32,
    /// Version of the program.
    pub seamline: String,
    /// Digest of the scenario and its overrides.
    pub scenario_sha256: String,
    /// Engine asked.
    pub engine: EngineKind,
    /// Seed.
    pub seed: u64,
    /// Replicates of the whole run.
    pub replicates: u64,
    /// Monte Carlo standard error at which a pair is done before its `replicates`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcse: Option<f64>,
    /// First replicate, from 0.
    pub from: u64,
    /// The replicate after the last.
    pub to: u64,
    /// Text of the scenario file.
    pub scenario: String,
    /// Overrides of the file, in order.
    pub sets: Vec<String>,
    /// One per simulated candidate and truth, in file order; computed ones need none.
    pub tallies: Vec<PartTally>,
}

impl Part {
    /// A part in which nothing is done yet. `text` and `sets` are what `scenario` was read from.
    pub fn new(scenario: &Scenario, text: &str, sets: &[String], shard: Shard) -> Self {
        let (from, to) = shard.range(scenario.run.replicates);
        let tallies = pairs(scenario)
            .filter(|pair| pair.3)
            .map(|(candidate, truth, _, _)| PartTally {
                candidate: candidate.name.clone(),
                truth: truth.to_owned(),
                tally: Tally::new(candidate.protocol.hypotheses(), candidate.protocol.analyses.len()),
            })
            .collect();
        Self {
            seamline_part: FORMAT,
            seamline: env!("CARGO_PKG_VERSION").to_owned(),
            scenario_sha256: scenario.sha256.clone(),
            engine: scenario.run.engine,
            seed: scenario.run.seed,
            replicates: scenario.run.replicates,
            mcse: scenario.run.mcse,
            from,
            to,
            scenario: text.to_owned(),
            sets: sets.to_vec(),
            tallies,
        }
    }

    /// Reads a part file.
    ///
    /// # Errors
    /// [`PartError`] when it is no part file, cut off, of another version, or its numbers are impossible.
    pub fn from_json(text: &str) -> Result<Self, PartError> {
        let part: Self =
            serde_json::from_str(text).map_err(|error| PartError(format!("not a whole part file: {error}")))?;
        let version = env!("CARGO_PKG_VERSION");
        if part.seamline_part != FORMAT || part.seamline != version {
            return Err(PartError(format!(
                "written by seamline {} (part format {}), this is seamline {version} (part format {FORMAT})",
                part.seamline, part.seamline_part
            )));
        }
        let scenario = part.scenario()?;
        let empty =
            Self { from: part.from, to: part.to, ..Self::new(&scenario, &part.scenario, &part.sets, Shard::WHOLE) };
        let same = part.tallies.len() == empty.tallies.len()
            && part.tallies.iter().zip(&empty.tallies).all(|(got, blank)| {
                got.candidate == blank.candidate
                    && got.truth == blank.truth
                    && got.tally.fits(blank.tally.reject.len(), blank.tally.looks.len())
                    && got.tally.replicates <= part.to.saturating_sub(part.from)
            });
        // Where a run stops at a precision is decided over all of it.
        let whole =
            part.mcse == scenario.run.mcse && (part.mcse.is_none() || (part.from, part.to) == (0, part.replicates));
        let range = whole && part.from <= part.to && part.to <= part.replicates && part.replicates <= 1_000_000_000;
        if same && range { Ok(part) } else { Err(PartError("its numbers do not belong to its scenario".into())) }
    }

    /// The part file.
    ///
    /// # Errors
    /// [`PartError`] if it cannot be written as JSON.
    pub fn to_json(&self) -> Result<String, PartError> {
        serde_json::to_string_pretty(self).map(|text| text + "\n").map_err(|error| PartError(error.to_string()))
    }

    /// The scenario that the part answers.
    ///
    /// # Errors
    /// [`PartError`] when the text it holds is not the one whose digest it names.
    pub fn scenario(&self) -> Result<Scenario, PartError> {
        let mut scenario = Scenario::from_json(&self.scenario, &self.sets)
            .map_err(|error| PartError(format!("the scenario in it is refused: {error}")))?;
        if scenario.sha256 != self.scenario_sha256 {
            return Err(PartError("the scenario in it was changed: its digest is another".into()));
        }
        scenario.run.engine = self.engine;
        scenario.run.seed = self.seed;
        scenario.run.replicates = self.replicates;
        Ok(scenario)
    }

    /// Checks that another part belongs to the same run.
    ///
    /// # Errors
    /// [`PartError`] that names what differs.
    pub fn same_run(&self, other: &Self) -> Result<(), PartError> {
        let differs = |what: &str, one: &dyn fmt::Display, two: &dyn fmt::Display| {
            Err(PartError(format!("of another {what}: {two}, not {one}")))
        };
        if self.scenario_sha256 != other.scenario_sha256 {
            return differs("scenario (sha256)", &self.scenario_sha256, &other.scenario_sha256);
        }
        if self.seed != other.seed {
            return differs("seed", &self.seed, &other.seed);
        }
        if self.replicates != other.replicates {
            return differs("number of replicates", &self.replicates, &other.replicates);
        }
        if self.engine != other.engine {
            return Err(PartError("of another engine".into()));
        }
        Ok(())
    }

    /// Whether the other part is of the same replicates.
    pub fn same_range(&self, other: &Self) -> bool {
        (self.from, self.to) == (other.from, other.to)
    }

    /// Replicates that are done and those that there are, over all candidates and truths.
    pub fn done(&self) -> (u64, u64) {
        self.tallies.iter().fold((0, 0), |(done, all), PartTally { tally, .. }| {
            let enough = self.mcse.is_some_and(|mcse| tally.precise(mcse));
            (done + tally.replicates, all + if enough { tally.replicates } else { self.to - self.from })
        })
    }

    /// Goes on until every replicate is done; after each block `go_on` is given the part and says whether to go on.
    ///
    /// # Errors
    /// [`StudyError`] of the first pair that cannot be simulated.
    pub fn advance(
        &mut self,
        scenario: &Scenario,
        progress: Progress,
        mut go_on: impl FnMut(&Self) -> bool,
    ) -> Result<(), StudyError> {
        for (index, (candidate, name, truth, _)) in pairs(scenario).filter(|pair| pair.3).enumerate() {
            let ready = Ready::new(scenario, candidate, name, truth)?;
            let trial = ready.trial(scenario)?;
            while let Some(next) = next_block(&self.tallies[index].tally, &(self.from..self.to), self.mcse) {
                let block = trial
                    .tally(&ready.hypotheses, next, progress)
                    .map_err(|error| locate(scenario, &candidate.name, name, error))?;
                let entry = &mut self.tallies[index];
                entry.tally = std::mem::take(&mut entry.tally).merge(&block);
                if !go_on(self) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Merges all parts of a run, given in any order with their names.
    ///
    /// # Errors
    /// [`PartError`] when they are not of one run, one is unfinished, or their ranges overlap or leave something out.
    pub fn merged(mut parts: Vec<(String, Self)>) -> Result<Self, PartError> {
        parts.sort_by_key(|(_, part)| (part.from, part.to));
        let mut parts = parts.into_iter();
        let Some((mut before, mut whole)) = parts.next() else { return Err(PartError("no part is given".into())) };
        let unfinished = |name: &str, part: &Self| {
            let (done, all) = part.done();
            (done < all)
                .then(|| PartError(format!("{name} is unfinished: {done} of {all} replicates; go on with --resume")))
        };
        if let Some(error) = unfinished(&before, &whole) {
            return Err(error);
        }
        let missing =
            |from: u64, to: u64| PartError(format!("replicates {from} to {} are in no part", to.saturating_sub(1)));
        if whole.from > 0 {
            return Err(missing(0, whole.from));
        }
        for (name, part) in parts {
            whole.same_run(&part).map_err(|error| PartError(format!("{name} is {error} (as {before} says)")))?;
            if let Some(error) = unfinished(&name, &part) {
                return Err(error);
            }
            if part.from < whole.to {
                return Err(PartError(format!("{name} and {before} overlap: replicate {} is in both", part.from)));
            }
            if part.from > whole.to {
                return Err(missing(whole.to, part.from));
            }
            for (into, from) in whole.tallies.iter_mut().zip(&part.tallies) {
                into.tally = std::mem::take(&mut into.tally).merge(&from.tally);
            }
            whole.to = part.to;
            before = name;
        }
        if whole.to < whole.replicates { Err(missing(whole.to, whole.replicates)) } else { Ok(whole) }
    }

    /// The answers of a whole run, the bits of [`crate::study::evaluate`].
    ///
    /// # Errors
    /// [`StudyError`] of the first pair that cannot be answered.
    pub fn answers(&self, scenario: &Scenario) -> Result<Vec<Answer>, StudyError> {
        let mut tallies = self.tallies.iter();
        pairs(scenario)
            .map(|(candidate, name, truth, simulated)| {
                let outcome = match simulated.then(|| tallies.next()).flatten() {
                    Some(entry) => {
                        let ready = Ready::new(scenario, candidate, name, truth)?;
                        ready.trial(scenario)?.outcome(&entry.tally, &ready.hypotheses)
                    }
                    None => engine::evaluate(&candidate.protocol, truth, &candidate.planning, &scenario.run, None)
                        .map_err(|error| locate(scenario, &candidate.name, name, error))?,
                };
                Ok(answer(candidate, name, outcome))
            })
            .collect()
    }
}
