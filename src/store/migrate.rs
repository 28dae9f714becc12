//! Brings a database up to the schema of this binary.
//!
//! - All missing steps in one transaction, after a verified copy was put aside.
//! - A database of a newer coord is refused and left alone.
//! - Steps that have shipped are never edited; `tests/it/schema` keeps a dump of
//!   each past version and brings it up.

use anyhow::Context as _;
use rusqlite::Connection;

use super::open::OpenRefusal;
use crate::failure::Outcome;
use crate::home::Home;

/// Marks the file as ours ("COOR"), for `file(1)` and for us.
const APPLICATION_ID: i32 = 0x434F_4F52;

macro_rules! steps {
    ($($name:literal),* $(,)?) => {
        /// Every step by name, in order; the n-th brings the schema to version n.
        pub const STEPS: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../schema/sqlite/", $name, ".sql")))),*];
    };
}

steps![
    "001_core_schema",
    "002_handoff_tables",
    "003_discovery_functions",
    "007_audit_tables",
    "006_profile_tables",
    "008_network_policy_tables",
    "010_cedar_policy_store",
    "011_approval_queue",
    "004_memory_tables",
    "005_guardrail_tables",
    "015_breaches",
    "012_cedar_entities",
    "016_sync_tables",
    "013_hook_tables",
    "031_shared_work",
    "035_shared_changes",
    "041_audit_indexes",
    "032_encrypted_rows",
    "037_kept_projects",
    "050_lineage",
];

/// The schema version of this binary.
#[must_use]
pub fn version() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

/// The version a database is at; 0 for a new one.
///
/// # Errors
/// When the file is no database, or none of ours.
pub fn version_of(conn: &Connection) -> Outcome<i64> {
    let found: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let owner: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if found > 0 && owner != APPLICATION_ID {
        return Err(OpenRefusal::NotOurs.into());
    }
    Ok(found)
}

/// Applies what is missing.
///
/// # Errors
/// A refusal for a newer or foreign database; a fault when a step fails, in
/// which case the database is as it was.
pub fn bring_up(conn: &mut Connection, home: Option<&Home>) -> Outcome<()> {
    let found = version_of(conn)?;
    if found > version() {
        return Err(OpenRefusal::Newer { found, known: version() }.into());
    }
    if found == version() {
        return Ok(());
    }
    if let (true, Some(home)) = (found > 0, home) {
        super::backup::before_migration(conn, home, found)?;
    }
    let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let done = usize::try_from(found).unwrap_or_default();
    for (name, sql) in STEPS.iter().skip(done) {
        tx.execute_batch(sql).with_context(|| format!("failed to apply schema step {name}"))?;
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", version())?;
    tx.commit()?;
    tracing::info!(from = found, to = version(), "the database was brought up to date");
    Ok(())
}
