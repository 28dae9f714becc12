//! Brings a Postgres database to the schema of this binary.
//!
//! - Each migration is one transaction with its row in the history, so that a failing one leaves nothing.
//! - The history is the Supabase command line's own table: both can be used on one database, and agree.
//! - Two that run at once take turns.
//!
//! Not here: SQL; it is made from `schema/` and embedded.

use anyhow::Context as _;
use include_dir::{Dir, File, include_dir};
use postgres::{Client, Transaction};

/// The folder as it was when this binary was built.
static FOLDER: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/supabase/migrations");

/// Every migration by name, in order.
#[must_use]
pub fn migrations() -> Vec<(&'static str, &'static str)> {
    let text =
        |file: &'static File<'_>| Some((file.path().file_stem()?.to_str()?, file.contents_utf8()?));
    let mut all: Vec<_> = FOLDER.files().filter_map(text).collect();
    all.sort_unstable();
    all
}

/// The number of the newest migration: what a device tells the mirror it knows.
#[must_use]
pub fn newest() -> i64 {
    migrations().last().map_or(0, |(name, _)| number(name))
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Migrated {
    /// Names of those applied now.
    pub applied: Vec<&'static str>,
    /// How many were there already.
    pub present: usize,
    /// Versions that this binary does not know: a newer coord was here, or another project shares the history.
    pub unknown: Vec<String>,
}

/// As the Supabase command line makes it.
const HISTORY: &str = "
CREATE SCHEMA IF NOT EXISTS supabase_migrations;
CREATE TABLE IF NOT EXISTS supabase_migrations.schema_migrations (
    version text NOT NULL PRIMARY KEY, statements text[], name text);
ALTER TABLE supabase_migrations.schema_migrations ADD COLUMN IF NOT EXISTS statements text[];
ALTER TABLE supabase_migrations.schema_migrations ADD COLUMN IF NOT EXISTS name text;";

/// Any number that nobody else locks.
const TURN: i64 = 0x636F_6F72_6400;

/// Applies what the history does not have.
///
/// # Errors
/// Which migration failed and what the database said; those before it stay.
pub fn migrate(client: &mut Client) -> anyhow::Result<Migrated> {
    let mut done = Migrated::default();
    let mut start = client.transaction().context("failed to begin")?;
    take_turn(&mut start)?;
    start.batch_execute(HISTORY).context("failed to make the history of migrations")?;
    done.unknown = unknown(&mut start)?;
    start.commit().context("failed to make the history of migrations")?;
    for (name, sql) in migrations() {
        let mut tx = client.transaction().context("failed to begin")?;
        take_turn(&mut tx)?;
        if is_applied(&mut tx, name)? {
            done.present += 1;
            continue;
        }
        apply(&mut tx, name, sql).with_context(|| format!("{name} could not be applied"))?;
        tx.commit().with_context(|| format!("{name} could not be applied"))?;
        done.applied.push(name);
    }
    Ok(done)
}

fn take_turn(tx: &mut Transaction<'_>) -> anyhow::Result<()> {
    tx.execute("SELECT pg_advisory_xact_lock($1)", &[&TURN])
        .context("failed to wait for others")?;
    Ok(())
}

fn is_applied(tx: &mut Transaction<'_>, name: &str) -> anyhow::Result<bool> {
    let asked = "SELECT FROM supabase_migrations.schema_migrations WHERE version = $1";
    let found = tx.query_opt(asked, &[&version(name)]).context("failed to read the history")?;
    Ok(found.is_some())
}

fn apply(tx: &mut Transaction<'_>, name: &str, sql: &str) -> anyhow::Result<()> {
    tx.batch_execute(sql)?;
    let title = name.split_once('_').map_or(name, |(_, title)| title);
    let note = "INSERT INTO supabase_migrations.schema_migrations (version, name, statements)
                VALUES ($1, $2, ARRAY[$3])";
    tx.execute(note, &[&version(name), &title, &sql])?;
    Ok(())
}

fn unknown(tx: &mut Transaction<'_>) -> anyhow::Result<Vec<String>> {
    let known: Vec<&str> = migrations().iter().map(|(name, _)| version(name)).collect();
    let asked = "SELECT version FROM supabase_migrations.schema_migrations
                  WHERE version <> ALL ($1::text[]) ORDER BY version";
    let rows = tx.query(asked, &[&known]).context("failed to read the history")?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// What stands before the first underscore, as the command line reads a file's name.
fn version(name: &str) -> &str {
    name.split('_').next().unwrap_or(name)
}

fn number(name: &str) -> i64 {
    version(name).parse().unwrap_or_default()
}
