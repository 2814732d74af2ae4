//! What a store belongs to: the scenario as text, the version, and the units that it holds.

use crate::scenario::Scenario;
use crate::study::store::StoreError;
use crate::study::{Overrides, SweepError, SweepPlan};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

/// What a store belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::study) struct Identity {
    /// Version of the program.
    version: String,
    scenario: String,
    sets: Vec<String>,
    sha256: String,
    overrides: Overrides,
    /// Units that the store has or will have.
    pub units: Range<u64>,
}

impl Identity {
    /// Identity of the units of a plan; `text` and `sets` are what its scenario was read from.
    pub fn new(plan: &SweepPlan, text: &str, sets: &[String], units: &Range<u64>) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: text.to_owned(),
            sets: sets.to_vec(),
            sha256: plan.scenario().sha256.clone(),
            overrides: plan.overrides(),
            units: units.clone(),
        }
    }

    /// Reads it from a store.
    pub(super) fn read(connection: &Connection, file: &Path) -> Result<Self, StoreError> {
        let failed = |error: rusqlite::Error| StoreError::of(file, &error);
        let mut query = connection.prepare("SELECT key, value FROM run").map_err(failed)?;
        let rows =
            query.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).map_err(failed)?;
        let mut values = rows.collect::<Result<BTreeMap<String, String>, _>>().map_err(failed)?;
        let mut take = |key: &str| {
            values.remove(key).ok_or_else(|| StoreError::new(file, &format_args!("is damaged: `{key}` is not in it")))
        };
        let (version, own) = (take("seamline")?, env!("CARGO_PKG_VERSION"));
        if version != own {
            return Err(StoreError::new(
                file,
                &format_args!("was written by seamline {version}, this is seamline {own}"),
            ));
        }
        let damaged = |key: &str| StoreError::new(file, &format_args!("is damaged: `{key}` cannot be read"));
        let (sets, overrides) = (take("sets")?, take("overrides")?);
        let (first, last) = (take("first_unit")?, take("last_unit")?);
        Ok(Self {
            version,
            scenario: take("scenario")?,
            sha256: take("scenario_sha256")?,
            sets: serde_json::from_str(&sets).map_err(|_| damaged("sets"))?,
            overrides: serde_json::from_str(&overrides).map_err(|_| damaged("overrides"))?,
            units: first.parse().map_err(|_| damaged("first_unit"))?..last.parse().map_err(|_| damaged("last_unit"))?,
        })
    }

    /// Rows of the table `run`.
    pub(super) fn rows(&self, plan: &SweepPlan, state: &str) -> Vec<(&'static str, String)> {
        let text = |value: serde_json::Result<String>| value.unwrap_or_default();
        vec![
            ("title", plan.scenario().title.clone()),
            ("seamline", self.version.clone()),
            ("scenario", self.scenario.clone()),
            ("sets", text(serde_json::to_string(&self.sets))),
            ("scenario_sha256", self.sha256.clone()),
            ("overrides", text(serde_json::to_string(&self.overrides))),
            ("seed", plan.scenario().run.seed.to_string()),
            ("points", plan.points().len().to_string()),
            ("evaluations", plan.evaluations().to_string()),
            ("units", plan.units().to_string()),
            ("first_unit", self.units.start.to_string()),
            ("last_unit", self.units.end.to_string()),
            ("state", state.to_owned()),
        ]
    }

    /// Checks that a store belongs to the same run.
    pub fn same_run(&self, other: &Self) -> Result<(), String> {
        if self.sha256 != other.sha256 {
            return Err(format!("is of another scenario (sha256 {}, not {})", other.sha256, self.sha256));
        }
        if self.overrides != other.overrides {
            return Err(format!(
                "was run with other arguments: {}, not {}",
                told(other.overrides),
                told(self.overrides)
            ));
        }
        Ok(())
    }

    /// Checks that a store holds the same units.
    pub fn same_units(&self, other: &Self) -> Result<(), String> {
        if self.units == other.units {
            return Ok(());
        }
        Err(format!("is another shard: units {} to {}", other.units.start, other.units.end.max(1) - 1))
    }

    /// The plan of the scenario that it holds.
    pub(super) fn plan(&self, file: &Path) -> Result<SweepPlan, SweepError> {
        let refused = |error: &dyn std::fmt::Display| {
            StoreError::new(file, &format_args!("holds a scenario that is refused: {error}"))
        };
        let scenario = Scenario::from_json(&self.scenario, &self.sets).map_err(|error| refused(&error))?;
        if scenario.sha256 != self.sha256 {
            return Err(StoreError::new(file, &"holds a scenario that was changed: its digest is another").into());
        }
        Ok(SweepPlan::new(scenario, self.overrides).map_err(|error| refused(&error))?)
    }
}

/// Overrides as they are typed.
fn told(overrides: Overrides) -> String {
    let engine = overrides.engine.and_then(|engine| serde_json::to_value(engine).ok());
    let typed: Vec<String> = [
        engine.as_ref().and_then(serde_json::Value::as_str).map(|engine| format!("--engine {engine}")),
        overrides.replicates.map(|replicates| format!("--replicates {replicates}")),
        overrides.seed.map(|seed| format!("--seed {seed}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    if typed.is_empty() { "none".to_owned() } else { typed.join(" ") }
}
