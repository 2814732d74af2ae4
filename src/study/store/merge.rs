//! The stores of all shards of a sweep put together to the store of the sweep in one piece.

use crate::engine::simulation::Tally;
use crate::study::store::{Identity, Store, StoreError, canonical, connect, insert_answer, schema};
use crate::study::sweep::answer_of;
use crate::study::{Ended, SweepError, SweepPlan};
use rusqlite::Connection;
use std::path::{Path, PathBuf};

/// Merges finished stores of all shards, in any order, into `file`; merging them again gives the same bytes.
///
/// # Errors
/// [`SweepError`] when a part is damaged, unfinished or of another run or version, when units are missing or in two parts,
/// or when `file` is there and belongs to another run.
pub fn merge_stores(parts: &[PathBuf], file: &Path) -> Result<Ended, SweepError> {
    let mut known: Vec<(Identity, &Path)> = Vec::with_capacity(parts.len());
    for part in parts {
        let (store, identity) = Store::open(part)?;
        if !store.complete()? {
            return Err(StoreError::new(part, &"is unfinished; go on with --resume").into());
        }
        if let Some((first, name)) = known.first() {
            first
                .same_run(&identity)
                .map_err(|error| StoreError::new(part, &format_args!("{error} (as {} says)", name.display())))?;
        }
        known.push((identity, part));
    }
    known.sort_by_key(|(identity, _)| (identity.units.start, identity.units.end));
    // The same part given twice is one part.
    known.dedup_by_key(|(identity, _)| identity.units.clone());
    let Some((identity, first)) = known.first() else { return Err(StoreError("no part is given".into()).into()) };
    let plan = identity.plan(first)?;
    covered(&known, plan.units())?;
    let mut whole = identity.clone();
    whole.units = 0..plan.units();
    if file.exists() && !parts.iter().any(|part| part == file) {
        let (_, there) = Store::open(file)?;
        whole
            .same_run(&there)
            .map_err(|error| StoreError::new(file, &format_args!("is there already, and {error}")))?;
    }
    let gathered = canonical::beside(file, ".merging");
    let merged =
        gather(&gathered, &known, &plan, &whole).and_then(|()| canonical::rewrite(&gathered, file, &plan, &whole));
    let _ = std::fs::remove_file(&gathered);
    merged?;
    Ok(Store::open(file)?.0.ended()?)
}

/// Checks that the parts have every unit once.
fn covered(parts: &[(Identity, &Path)], units: u64) -> Result<(), StoreError> {
    let missing = |from: u64, to: u64| Err(StoreError(format!("units {from} to {} are in no part", to.max(1) - 1)));
    let mut end = 0;
    let mut before: Option<&Path> = None;
    for (identity, part) in parts {
        let range = &identity.units;
        if range.start > end {
            return missing(end, range.start);
        }
        if let Some(before) = before.filter(|_| range.start < end) {
            let (part, before) = (part.display(), before.display());
            return Err(StoreError(format!("{part} and {before} overlap: unit {} is in both", range.start)));
        }
        end = range.end;
        before = Some(part);
    }
    if end < units { missing(end, units) } else { Ok(()) }
}

/// All rows of the parts in one store, and the answers of evaluations that were cut between parts.
fn gather(file: &Path, parts: &[(Identity, &Path)], plan: &SweepPlan, whole: &Identity) -> Result<(), StoreError> {
    Store::create(file, whole, plan)?;
    let failed = |error: rusqlite::Error| StoreError(format!("cannot write {}: {error}", file.display()));
    let connection = connect(file)?;
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF").map_err(failed)?;
    for (_, part) in parts {
        let path = std::path::absolute(part).map_err(|error| StoreError::new(part, &error))?;
        let copy = || {
            connection.execute("ATTACH ?1 AS source", [path.to_string_lossy()])?;
            connection.execute_batch("BEGIN")?;
            for name in schema::answers().iter().map(|table| table.name).chain(["tally"]) {
                connection.execute_batch(&format!("INSERT OR IGNORE INTO main.{name} SELECT * FROM source.{name}"))?;
            }
            connection.execute_batch("COMMIT; DETACH source")
        };
        copy().map_err(failed)?;
    }
    for (evaluation, tally) in unanswered(&connection, file, plan)? {
        let place = plan.place(evaluation).ok_or_else(|| StoreError::new(file, &"has an unknown evaluation"))?;
        insert_answer(&connection, plan, evaluation, &answer_of(plan, place, &tally)).map_err(failed)?;
    }
    connection.close().map_err(|(_, error)| failed(error))
}

/// Evaluations without an answer, with the whole tally of each.
fn unanswered(connection: &Connection, file: &Path, plan: &SweepPlan) -> Result<Vec<(u64, Tally)>, StoreError> {
    let failed = |error: rusqlite::Error| StoreError::of(file, &error);
    let mut found = Vec::new();
    let mut answered = connection.prepare("SELECT count(*) FROM evaluation WHERE evaluation = ?1").map_err(failed)?;
    let mut query = connection
        .prepare("SELECT first, last, tally FROM tally WHERE evaluation = ?1 ORDER BY first")
        .map_err(failed)?;
    for evaluation in 0..plan.evaluations() as u64 {
        if answered.query_row([evaluation], |row| row.get::<_, u64>(0)).map_err(failed)? > 0 {
            continue;
        }
        let lost = || StoreError(format!("the parts do not hold evaluation {evaluation} as a whole"));
        let rows = query
            .query_map([evaluation], |row| Ok((row.get::<_, u64>(0)?, row.get::<_, u64>(1)?, row.get::<_, String>(2)?)))
            .map_err(failed)?;
        let mut whole: Option<(u64, Tally)> = None;
        for row in rows {
            let (first, last, tally) = row.map_err(failed)?;
            let tally: Tally = serde_json::from_str(&tally).map_err(|_| lost())?;
            whole = match whole {
                None if first == 0 => Some((last, tally)),
                Some((end, before)) if end == first => Some((last, before.merge(&tally))),
                _ => return Err(lost()),
            };
        }
        match (whole, plan.place(evaluation)) {
            (Some((last, tally)), Some(place))
                if plan.whole(place, &(0..last)) && plan.can_hold(evaluation, &tally) =>
            {
                found.push((evaluation, tally));
            }
            _ => return Err(lost()),
        }
    }
    Ok(found)
}
