//! The store of a sweep: one SQLite file that holds the scenario, the points, and every unit as soon as it is finished.
//!
//! While a sweep runs the store has a write-ahead log (WAL) beside it and is locked; every transaction is on the disk
//! before the next begins. When all is done it is written anew in canonical order, beside its place, and moved there, so
//! that its bytes do not depend on how often the run was interrupted, and no moment leaves half a file.

mod canonical;
mod export;
mod identity;
mod merge;
mod rows;
mod schema;

pub use export::{ExportFormat, export};
pub(super) use identity::Identity;
pub use merge::merge_stores;
pub use schema::{RESULTS, documentation};

use crate::engine::simulation::Tally;
use crate::study::sweep::Unit;
use crate::study::{Ended, SweepPlan};
use rusqlite::{Connection, ErrorCode, OpenFlags, params};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// "seam" in the header of the file.
const APPLICATION: i32 = 0x7365_616d;
/// Version of the tables.
const FORMAT: i32 = 1;
/// Pages (4 KiB) of the write-ahead log that are moved into the file at a time.
const CHECKPOINT: i32 = 4000;

/// Why a store cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(String);

impl StoreError {
    pub(super) fn new(file: &Path, what: &dyn fmt::Display) -> Self {
        Self(format!("{} {what}", file.display()))
    }

    /// A failure of the database, in words.
    fn of(file: &Path, error: &rusqlite::Error) -> Self {
        let name = file.display();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self(format!("{name} is no store of a sweep")),
            Some(ErrorCode::DatabaseCorrupt) => Self(format!("{name} is damaged or cut off: {error}")),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self(format!("{name} is in use by another process"))
            }
            _ => Self(format!("cannot read or write {name}: {error}; what it holds is kept")),
        }
    }
}

/// What a store has done already.
pub(super) struct Done {
    answered: Vec<bool>,
    /// Tallies of evaluations without an answer.
    partial: BTreeMap<u64, Tally>,
}

impl Done {
    /// Whether an evaluation is answered.
    pub fn answered(&self, evaluation: u64) -> bool {
        self.answered[evaluation as usize]
    }

    /// Replicates of an evaluation that are done and not answered yet.
    pub fn tally(&self, evaluation: u64) -> Option<&Tally> {
        self.partial.get(&evaluation)
    }
}

/// An open store.
pub(super) struct Store {
    connection: Connection,
    file: PathBuf,
}

/// Opens a database file without reading a name as an address.
fn connect(file: &Path) -> Result<Connection, StoreError> {
    let failed = |error: &dyn fmt::Display| StoreError(format!("cannot open {}: {error}", file.display()));
    let path = std::path::absolute(file).map_err(|error| failed(&error))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).map_err(|error| failed(&error))
}

impl Store {
    fn failed(&self) -> impl Fn(rusqlite::Error) -> StoreError + '_ {
        |error| StoreError::of(&self.file, &error)
    }

    /// Makes a store in which nothing is done, beside its place first.
    pub fn create(file: &Path, identity: &Identity, plan: &SweepPlan) -> Result<(), StoreError> {
        canonical::write(file, |connection| canonical::skeleton(connection, plan, identity, "running"))
    }

    /// Opens a store and reads what it belongs to.
    pub fn open(file: &Path) -> Result<(Self, Identity), StoreError> {
        let store = Self { connection: connect(file)?, file: file.to_owned() };
        let failed = |error: rusqlite::Error| StoreError::of(file, &error);
        store.connection.pragma_update(None, "locking_mode", "EXCLUSIVE").map_err(failed)?;
        let number = |name: &str| store.connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
        if number("application_id").map_err(failed)? != APPLICATION {
            return Err(StoreError::new(file, &"is no store of a sweep"));
        }
        let format = number("user_version").map_err(failed)?;
        if format != FORMAT {
            return Err(StoreError::new(
                file,
                &format_args!("has format {format}, this program reads format {FORMAT}"),
            ));
        }
        let sound = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
        let found = store.connection.query_row("PRAGMA quick_check(1)", [], sound).map_err(failed)?;
        if found != "ok" {
            return Err(StoreError::new(file, &format_args!("is damaged or cut off: {}", found.replace('\n', " "))));
        }
        let identity = Identity::read(&store.connection, file)?;
        Ok((store, identity))
    }

    /// Whether everything is done and the file has its final form.
    pub fn complete(&self) -> Result<bool, StoreError> {
        let state = "SELECT value = 'complete' FROM run WHERE key = 'state'";
        self.connection.query_row(state, [], |row| row.get(0)).map_err(self.failed())
    }

    /// Makes the store this process's own until it is closed.
    pub fn claim(&self) -> Result<(), StoreError> {
        let claim = || {
            self.connection.pragma_update(None, "journal_mode", "WAL")?;
            self.connection.pragma_update(None, "synchronous", "FULL")?;
            self.connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT)?;
            self.connection.execute_batch("BEGIN IMMEDIATE; COMMIT")
        };
        claim().map_err(self.failed())
    }

    /// What is done already.
    pub fn done(&self, plan: &SweepPlan) -> Result<Done, StoreError> {
        let damaged = |what: &str| StoreError::new(&self.file, &format_args!("is damaged: {what}"));
        let mut answered = vec![false; plan.evaluations()];
        let mut query = self.connection.prepare("SELECT evaluation FROM evaluation").map_err(self.failed())?;
        for evaluation in query.query_map([], |row| row.get::<_, u64>(0)).map_err(self.failed())? {
            let place = usize::try_from(evaluation.map_err(self.failed())?).ok();
            *place.and_then(|place| answered.get_mut(place)).ok_or_else(|| damaged("an unknown evaluation"))? = true;
        }
        let mut partial: BTreeMap<u64, Tally> = BTreeMap::new();
        let text = "SELECT evaluation, tally FROM tally WHERE evaluation NOT IN (SELECT evaluation FROM evaluation) ORDER BY evaluation, first";
        let mut query = self.connection.prepare(text).map_err(self.failed())?;
        let rows = query.query_map([], |row| Ok((row.get::<_, u64>(0)?, row.get::<_, String>(1)?)));
        for row in rows.map_err(self.failed())? {
            let (evaluation, tally) = row.map_err(self.failed())?;
            let tally: Tally = serde_json::from_str(&tally).map_err(|_| damaged("a tally"))?;
            let merged = match partial.remove(&evaluation) {
                Some(before) => before.merge(&tally),
                None => tally,
            };
            if !plan.can_hold(evaluation, &merged) {
                return Err(damaged("a tally"));
            }
            partial.insert(evaluation, merged);
        }
        Ok(Done { answered, partial })
    }

    /// Writes finished units in one transaction.
    pub fn write(&mut self, plan: &SweepPlan, units: &[Unit]) -> Result<(), StoreError> {
        let file = &self.file;
        let mut write = || -> Result<(), rusqlite::Error> {
            let transaction = self.connection.transaction()?;
            for unit in units {
                if let Some((range, tally)) = &unit.block {
                    let text = serde_json::to_string(tally)
                        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
                    let insert = "INSERT INTO tally VALUES (?1, ?2, ?3, ?4)";
                    transaction.prepare_cached(insert)?.execute(params![
                        unit.evaluation,
                        range.start,
                        range.end,
                        text
                    ])?;
                }
                if let Some(answer) = &unit.answer {
                    insert_answer(&transaction, plan, unit.evaluation, answer)?;
                }
            }
            transaction.commit()
        };
        write().map_err(|error| StoreError::of(file, &error))
    }

    /// Number of evaluations answered.
    pub fn answered(&self) -> Result<u64, StoreError> {
        let count = "SELECT count(*) FROM evaluation";
        self.connection.query_row(count, [], |row| row.get(0)).map_err(self.failed())
    }

    /// What a finished store holds.
    pub fn ended(&self) -> Result<Ended, StoreError> {
        let query = "SELECT count(*), count(refused), (SELECT refused FROM evaluation WHERE refused IS NOT NULL ORDER BY evaluation) FROM evaluation";
        let ended = |row: &rusqlite::Row<'_>| {
            Ok(Ended::Complete { evaluations: row.get(0)?, refused: row.get(1)?, first: row.get(2)? })
        };
        self.connection.query_row(query, [], ended).map_err(self.failed())
    }
}

/// Writes the rows of one answer.
fn insert_answer(
    connection: &Connection,
    plan: &SweepPlan,
    evaluation: u64,
    answer: &Result<super::Answer, String>,
) -> Result<(), rusqlite::Error> {
    let rows = rows::rows(evaluation, plan.parts(evaluation), answer);
    for (table, rows) in schema::answers().iter().zip(rows) {
        let mut insert = connection.prepare_cached(&table.insert())?;
        for row in rows {
            insert.execute(rusqlite::params_from_iter(row))?;
        }
    }
    Ok(())
}
