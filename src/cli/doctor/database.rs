//! The database file: whether it opens, is whole, and fits this program.

use std::path::Path;

use super::{Check, Patient};
use crate::cli::Trouble;
use crate::cli::render::bytes;
use crate::store::backup;
use crate::store::inspect::{Inspection, inspect};
use crate::store::migrate;
use crate::time::{MINUTE, relative};

/// A mark this far in the future means that the clock was set back.
const CLOCK_SLACK: i64 = MINUTE;

pub fn checks(patient: &Patient) -> Vec<Check> {
    let path = patient.home.database();
    if !path.exists() {
        return vec![Check::ok("database", "there is none yet; the daemon makes it")];
    }
    match inspect(&path) {
        Err(failure) => vec![Check::refused("database", &Trouble::from(failure))],
        Ok(seen) => {
            let mut checks = vec![whole(&seen, size(&path)), schema(&seen), clock(patient, &seen)];
            checks.push(copies(patient));
            checks
        }
    }
}

/// Bytes of the file and of what was not yet moved into it.
fn size(path: &Path) -> u64 {
    let log = path.with_extension("db-wal");
    [path, &log].iter().filter_map(|file| Some(std::fs::metadata(file).ok()?.len())).sum()
}

fn whole(seen: &Inspection, size: u64) -> Check {
    if seen.verdict == "ok" {
        return Check::ok("database", format!("{}, opens and is whole", bytes(size)));
    }
    Check::fail(
        "database",
        format!("it is damaged: {}", seen.verdict),
        "`coord restore` lists the verified copies and puts one back; the damaged files are kept",
    )
}

fn schema(seen: &Inspection) -> Check {
    let (found, known) = (seen.schema, migrate::version());
    if found > known {
        return Check::fail(
            "schema",
            format!("{found}, this coord knows schemas up to {known}"),
            "update coord; the database is left as it is",
        );
    }
    if found < known {
        return Check::ok("schema", format!("{found}; the next daemon brings it to {known}"));
    }
    Check::ok("schema", format!("{found}, up to date"))
}

fn clock(patient: &Patient, seen: &Inspection) -> Check {
    match seen.last_write {
        Some(at) if at.since(patient.now) > CLOCK_SLACK => Check::warn(
            "clock",
            format!("it was set back: the last write is dated {at}, {}", relative(at, patient.now)),
            "set the clock; leases keep their length, but the log's times look odd",
        ),
        Some(at) => Check::ok("clock", format!("last write {}", relative(at, patient.now))),
        None => Check::ok("clock", format!("it is {}", patient.now)),
    }
}

fn copies(patient: &Patient) -> Check {
    let found = backup::list(&patient.home).unwrap_or_default();
    match found.len() {
        0 => Check::ok("copies", "none yet; `coord backup` makes one"),
        n => Check::ok("copies", format!("{n} to go back to; `coord restore` lists them")),
    }
}
