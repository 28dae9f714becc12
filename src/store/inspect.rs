//! A look at the database file from outside, whether or not a daemon has it open.
//!
//! Nothing is changed, and nothing is brought up to date.

use std::path::Path;

use rusqlite::OpenFlags;

use super::open::named;
use crate::failure::Outcome;
use crate::time::Time;

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Its schema version.
    pub schema: i64,
    /// What SQLite's `quick_check` says first: "ok", or what is wrong.
    pub verdict: String,
    /// Where the wall clock stood at the last write, if there was one.
    pub last_write: Option<Time>,
}

/// Opens the file read-only and checks it.
///
/// # Errors
/// A refusal when it cannot be opened, is damaged, or is no database of ours.
pub fn inspect(path: &Path) -> Outcome<Inspection> {
    let conn = super::backup::open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let readable: rusqlite::Result<i64> =
        conn.pragma_query_value(None, "schema_version", |row| row.get(0));
    readable.map_err(|error| named(error, path))?;
    let schema = super::migrate::version_of(&conn)?;
    let verdict: rusqlite::Result<String> =
        conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
    let verdict = verdict.map_err(|error| named(error, path))?;
    let mark: Option<String> = conn
        .query_row("SELECT value FROM meta WHERE key = 'clock'", [], |row| row.get(0))
        // A database that was never written has no mark, an old one no such table.
        .ok();
    let wall = mark.as_deref().and_then(|mark| mark.split(' ').nth(1)?.parse().ok());
    Ok(Inspection { schema, verdict, last_write: wall.map(Time::from_ms) })
}
