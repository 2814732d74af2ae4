//! Whatever goes wrong with a store gives a clear error and loses nothing.

use crate::{SWEEP, answered, bytes, refused, seamline, simulated, stands};
use std::path::Path;
use std::process::{Command, Output};

#[test]
fn a_foreign_or_damaged_store_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    answered(&seamline(here, &simulated("right.sqlite", "50", &[])));
    let whole = bytes(here, "right.sqlite");
    let resume = |words: &str| {
        let before = bytes(here, "x.sqlite");
        refused(&seamline(here, &simulated("x.sqlite", "50", &["--resume"])), words);
        refused(&seamline(here, &["sweep", "merge", "x.sqlite", "-o", "y.sqlite"]), "x.sqlite");
        refused(&seamline(here, &["sweep", "export", "x.sqlite"]), "x.sqlite");
        assert!(bytes(here, "x.sqlite") == before, "{words}: it was changed");
        stands(here, &["right.sqlite", "x.sqlite"]);
    };
    // No database, an empty file, another program's database, a file cut off in many places.
    std::fs::write(here.join("x.sqlite"), "Dear reader, this is a letter.".repeat(99)).unwrap();
    resume("x.sqlite is no store of a sweep");
    std::fs::write(here.join("x.sqlite"), "").unwrap();
    resume("x.sqlite is no store of a sweep");
    std::fs::remove_file(here.join("x.sqlite")).unwrap();
    let foreign = rusqlite::Connection::open(here.join("x.sqlite")).unwrap();
    foreign.execute_batch("CREATE TABLE run (key, value); INSERT INTO run VALUES ('state', 'complete')").unwrap();
    foreign.close().unwrap();
    resume("x.sqlite is no store of a sweep");
    for twentieth in 1..20 {
        std::fs::write(here.join("x.sqlite"), &whole[..whole.len() * twentieth / 20]).unwrap();
        resume("x.sqlite is damaged or cut off");
    }
    // Another version, another scenario, other arguments.
    let changed = |sql: &str, words: &str| {
        std::fs::write(here.join("x.sqlite"), &whole).unwrap();
        let other = rusqlite::Connection::open(here.join("x.sqlite")).unwrap();
        other.execute_batch(sql).unwrap();
        other.close().unwrap();
        let before = bytes(here, "x.sqlite");
        refused(&seamline(here, &simulated("x.sqlite", "50", &["--resume"])), words);
        assert!(bytes(here, "x.sqlite") == before);
    };
    changed("UPDATE run SET value = '0.0.9' WHERE key = 'seamline'", "was written by seamline 0.0.9, this is seamline");
    changed("PRAGMA user_version = 99", "has format 99, this program reads format 1");
    changed("DELETE FROM run WHERE key = 'sets'", "`sets` is not in it");
    changed("UPDATE run SET value = 'x' WHERE key = 'last_unit'", "`last_unit` cannot be read");
    let unfinished =
        "UPDATE run SET value = 'running' WHERE key = 'state'; DELETE FROM evaluation WHERE evaluation = 3;";
    for (from, to) in [("\"reject\":[", "\"reject\":[1,"), ("\"replicates\":50", "\"replicates\":51"), ("{", "")] {
        std::fs::write(here.join("x.sqlite"), &whole).unwrap();
        let store = rusqlite::Connection::open(here.join("x.sqlite")).unwrap();
        let sql = format!("{unfinished} UPDATE tally SET tally = replace(tally, '{from}', '{to}')");
        store.execute_batch(&sql).unwrap();
        store.close().unwrap();
        refused(&seamline(here, &simulated("x.sqlite", "50", &["--resume"])), "is damaged: a tally");
    }
    std::fs::write(here.join("x.sqlite"), &whole).unwrap();
    let other = ["--resume", "--set", "/protocol/alpha=0.02"];
    refused(&seamline(here, &simulated("x.sqlite", "50", &other)), "is of another scenario (sha256");
    refused(
        &seamline(here, &simulated("x.sqlite", "50", &["--resume", "--seed", "1"])),
        "was run with other arguments: --engine simulation --replicates 50, not --engine simulation --replicates 50 --seed 1",
    );
    // A scenario changed inside the store no longer has its digest.
    let store = rusqlite::Connection::open(here.join("x.sqlite")).unwrap();
    store.execute_batch("UPDATE run SET value = replace(value, '500', '501') WHERE key = 'scenario'").unwrap();
    store.close().unwrap();
    refused(&seamline(here, &["sweep", "merge", "x.sqlite", "-o", "y.sqlite"]), "holds a scenario that was changed");
}

#[test]
fn a_place_that_cannot_be_written_is_found_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    std::fs::write(here.join("file"), "").unwrap();
    for place in ["nowhere/s.sqlite", "file/s.sqlite"] {
        refused(&seamline(here, &simulated(place, "1000000", &[])), &format!("cannot write {place}"));
    }
    refused(&seamline(here, &simulated(".", "1000000", &[])), "--output is no file name");
    stands(here, &["file"]);
}

/// Runs the command as a user who may not write in the folder: nobody, where the tests run as root.
#[cfg(unix)]
fn unprivileged(folder: &Path, arguments: &[&str]) -> Output {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(folder.join("seamline"));
    command.current_dir(folder).args(arguments);
    if std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0) {
        command.uid(65534);
    }
    command.output().unwrap()
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_said_and_loses_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mode = |file: &str, mode: u32| {
        std::fs::set_permissions(here.join(file), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    std::fs::copy(env!("CARGO_BIN_EXE_seamline"), here.join("seamline")).unwrap();
    std::fs::copy(SWEEP, here.join("sweep.json")).unwrap();
    let sweep = |store, more: &[&'static str]| {
        let mut arguments = simulated(store, "200", more);
        arguments[1] = "sweep.json";
        arguments
    };
    answered(&seamline(here, &sweep("done.sqlite", &[])));
    // A store that is not finished: its last answers are taken away.
    let store = rusqlite::Connection::open(here.join("done.sqlite")).unwrap();
    let undo = "UPDATE run SET value = 'running' WHERE key = 'state'; DELETE FROM evaluation WHERE evaluation > 9;
        DELETE FROM hypothesis WHERE evaluation > 9; DELETE FROM look WHERE evaluation > 9; DELETE FROM tally WHERE evaluation > 9";
    store.execute_batch(undo).unwrap();
    store.close().unwrap();
    for file in ["done.sqlite", "sweep.json"] {
        mode(file, 0o644);
    }
    mode("seamline", 0o755);
    mode("", 0o555);
    let before = bytes(here, "done.sqlite");
    refused(&unprivileged(here, &sweep("new.sqlite", &[])), "cannot write new.sqlite");
    refused(&unprivileged(here, &sweep("done.sqlite", &["--resume"])), "done.sqlite");
    assert!(bytes(here, "done.sqlite") == before);
    mode("", 0o755);
    stands(here, &["done.sqlite", "seamline", "sweep.json"]);
    // With the folder open again it goes on to the bytes of a run that never stopped.
    answered(&seamline(here, &sweep("done.sqlite", &["--resume"])));
    answered(&seamline(here, &sweep("alone.sqlite", &[])));
    assert!(bytes(here, "done.sqlite") == bytes(here, "alone.sqlite"));
}

/// The largest file that the process may write stands for the room on a disk (`ulimit -f`, in units of 512 bytes; the signal
/// that goes with it is ignored, so that writing fails as it does on a full disk).
#[cfg(unix)]
#[test]
fn a_full_disk_is_said_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let within = |blocks: u32, more: &[&'static str]| {
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command.current_dir(here).args(["-c", &script, env!("CARGO_BIN_EXE_seamline")]);
        command.args(simulated("full.sqlite", "2500", more)).output().unwrap()
    };
    // No room for a store at all, then room to begin and none to go on with.
    refused(&within(16, &[]), "cannot write full.sqlite");
    stands(here, &[]);
    refused(&within(256, &[]), "cannot read or write full.sqlite");
    refused(&within(256, &["--resume"]), "cannot read or write full.sqlite");
    let kept = rusqlite::Connection::open(here.join("full.sqlite")).unwrap();
    let count: u32 = kept.query_row("SELECT count(*) FROM tally", [], |row| row.get(0)).unwrap();
    assert!(count > 0, "nothing was kept");
    kept.close().unwrap();
    answered(&seamline(here, &simulated("full.sqlite", "2500", &["--resume"])));
    answered(&seamline(here, &simulated("alone.sqlite", "2500", &[])));
    assert!(bytes(here, "full.sqlite") == bytes(here, "alone.sqlite"));
    stands(here, &["alone.sqlite", "full.sqlite"]);
}

#[test]
fn a_store_in_use_and_the_leavings_of_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    answered(&seamline(here, &simulated("s.sqlite", "50", &[])));
    let whole = bytes(here, "s.sqlite");
    let other = rusqlite::Connection::open(here.join("s.sqlite")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    refused(&seamline(here, &simulated("s.sqlite", "50", &["--resume"])), "is in use by another process");
    other.close().unwrap();
    // A kill while the final form was written leaves half of it beside its place.
    std::fs::remove_file(here.join("s.sqlite")).unwrap();
    std::fs::write(here.join("s.sqlite.writing"), &whole[..9000]).unwrap();
    answered(&seamline(here, &simulated("s.sqlite", "50", &["--resume"])));
    assert!(bytes(here, "s.sqlite") == whole);
    stands(here, &["s.sqlite"]);
}

#[test]
fn an_export_does_not_overwrite_its_store() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    answered(&seamline(here, &simulated("store.sqlite", "500", &[])));
    let before = bytes(here, "store.sqlite");
    refused(&seamline(here, &["sweep", "export", "store.sqlite", "-o", "./store.sqlite"]), "is the store itself");
    assert!(before == bytes(here, "store.sqlite"));
}
