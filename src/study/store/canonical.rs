//! The final form of a store: all rows in the order of their keys, in a file written from nothing.

use crate::engine::simulation::Tally;
use crate::study::SweepPlan;
use crate::study::store::{APPLICATION, FORMAT, Identity, Store, StoreError, connect, schema};
use rusqlite::{Connection, params};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A name beside a file.
pub(super) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    file.with_file_name(name)
}

/// Writes a store beside its place and moves it there.
pub(super) fn write(
    file: &Path,
    fill: impl FnOnce(&Connection) -> Result<(), rusqlite::Error>,
) -> Result<(), StoreError> {
    let failed = |error: &dyn std::fmt::Display| StoreError(format!("cannot write {}: {error}", file.display()));
    let new = beside(file, ".writing");
    let _ = std::fs::remove_file(&new);
    let made = || -> Result<(), StoreError> {
        std::fs::File::create(&new).map_err(|error| failed(&error))?;
        let connection = connect(&new)?;
        let filled = connection
            .execute_batch("PRAGMA page_size = 4096; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
            .and_then(|()| connection.pragma_update(None, "application_id", APPLICATION))
            .and_then(|()| connection.pragma_update(None, "user_version", FORMAT))
            .and_then(|()| fill(&connection));
        filled.map_err(|error| failed(&error))?;
        connection.close().map_err(|(_, error)| failed(&error))?;
        let moved = std::fs::File::open(&new)
            .and_then(|written| written.sync_all())
            .and_then(|()| std::fs::rename(&new, file))
            // The new name is on the disk when its folder is.
            .and_then(|()| std::fs::File::open(folder(file)).and_then(|folder| folder.sync_all()));
        moved.map_err(|error| failed(&error))
    };
    made().inspect_err(|_| {
        let _ = std::fs::remove_file(&new);
    })
}

fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Tables, views, and what is known before the work.
pub(super) fn skeleton(
    connection: &Connection,
    plan: &SweepPlan,
    identity: &Identity,
    state: &str,
) -> Result<(), rusqlite::Error> {
    connection.execute_batch("BEGIN")?;
    connection.execute_batch(&schema::create(plan))?;
    for (key, value) in identity.rows(plan, state) {
        connection.prepare_cached("INSERT INTO run VALUES (?1, ?2)")?.execute(params![key, value])?;
    }
    for row in schema::dictionary() {
        connection.prepare_cached("INSERT INTO dictionary VALUES (?1, ?2, ?3, ?4)")?.execute(row)?;
    }
    for (axis, path) in plan.paths().iter().enumerate() {
        connection.prepare_cached("INSERT INTO axis VALUES (?1, ?2)")?.execute(params![axis as u64, path])?;
    }
    let mut insert = connection.prepare_cached("INSERT INTO coordinate VALUES (?1, ?2, ?3)")?;
    for (point, values) in plan.points().iter().enumerate() {
        for (axis, value) in values.iter().enumerate() {
            insert.execute(params![point as u64, axis as u64, coordinate(value)])?;
        }
    }
    drop(insert);
    connection.execute_batch("COMMIT")
}

/// A value of an axis in SQL.
fn coordinate(value: &Value) -> rusqlite::types::Value {
    use rusqlite::types::Value as Sql;
    match value {
        Value::String(text) => Sql::Text(text.clone()),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Sql::Integer(whole),
            (None, Some(real)) => Sql::Real(real),
            (None, None) => Sql::Null,
        },
        other => Sql::Text(other.to_string()),
    }
}

impl Store {
    /// Writes the store in its final form and opens that; every unit must be done.
    pub fn finish(self, plan: &SweepPlan) -> Result<Self, StoreError> {
        let (file, identity) = (self.file.clone(), Identity::read(&self.connection, &self.file)?);
        // The write-ahead log goes into the file when it is closed.
        self.connection.close().map_err(|(_, error)| StoreError::of(&file, &error))?;
        rewrite(&file, &file, plan, &identity)?;
        Self::open(&file).map(|(store, _)| store)
    }
}

/// Writes what the store `from` holds to `to` in its final form.
pub(super) fn rewrite(from: &Path, to: &Path, plan: &SweepPlan, identity: &Identity) -> Result<(), StoreError> {
    let path =
        std::path::absolute(from).map_err(|error| StoreError(format!("cannot open {}: {error}", from.display())))?;
    write(to, |connection| {
        skeleton(connection, plan, identity, "complete")?;
        connection.execute("ATTACH ?1 AS source", [path.to_string_lossy()])?;
        connection.execute_batch("BEGIN")?;
        for table in schema::answers() {
            let name = table.name;
            connection.execute_batch(&format!("INSERT INTO main.{name} SELECT * FROM source.{name} ORDER BY 1, 2"))?;
        }
        tallies(connection)?;
        connection.execute_batch("COMMIT; DETACH source")
    })
}

/// Blocks that follow on each other become one.
fn tallies(connection: &Connection) -> Result<(), rusqlite::Error> {
    let mut insert = connection.prepare("INSERT INTO main.tally VALUES (?1, ?2, ?3, ?4)")?;
    let text = |value: serde_json::Result<String>| {
        value.map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
    };
    let mut put = |(evaluation, first, last, tally): (u64, u64, u64, Tally)| {
        insert.execute(params![evaluation, first, last, text(serde_json::to_string(&tally))?]).map(|_| ())
    };
    let mut query =
        connection.prepare("SELECT evaluation, first, last, tally FROM source.tally ORDER BY evaluation, first")?;
    let mut rows = query.query([])?;
    let mut open: Option<(u64, u64, u64, Tally)> = None;
    while let Some(row) = rows.next()? {
        let (evaluation, first, last): (u64, u64, u64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let tally: Tally = serde_json::from_str(&row.get::<_, String>(3)?)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(3, rusqlite::types::Type::Text, error.into()))?;
        open = match open.take() {
            Some((known, from, to, before)) if known == evaluation && to == first => {
                Some((known, from, last, before.merge(&tally)))
            }
            before => {
                before.map_or(Ok(()), &mut put)?;
                Some((evaluation, first, last, tally))
            }
        };
    }
    open.map_or(Ok(()), put)
}
