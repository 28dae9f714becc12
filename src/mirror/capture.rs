//! The triggers that write the change log, made from the catalogue of tables.
//!
//! - A statement cannot forget its change: whatever touches a row, its trigger runs.
//! - What changes without meaning anything to others (a sign of life, a lease drawn
//!   out) is logged at most once in [`COARSE`] milliseconds.
//! - A row of a table that only grows is logged without its body, which can be read later.

use std::fmt::Write as _;

use super::catalogue::{self, Class, Kind, Table};
use super::sql;
use crate::failure::Outcome;
use crate::store::Tx;

/// How finely the time of a sign of life or the end of a lease is told.
pub const COARSE: i64 = 5 * crate::time::MINUTE;

/// Columns whose change alone is told coarsely.
const SOFT: &[(&str, &[&str])] = &[
    ("agent_sessions", &["last_seen_at"]),
    ("file_locks", &["expires_at"]),
    ("work_queue", &["lease_expires_at"]),
];

/// Columns of a table whose change alone is told coarsely.
#[must_use]
pub fn soft(table: &str) -> &'static [&'static str] {
    SOFT.iter().find(|(name, _)| *name == table).map_or(&[], |(_, columns)| columns)
}

/// Sets the triggers of every table but those whose rows are still exported in order.
///
/// # Errors
/// Faults only.
pub fn switch_on(tx: &Tx<'_>) -> Outcome<()> {
    for table in catalogue::tables().iter().filter(|table| !table.is_series()) {
        watch(tx, table)?;
    }
    Ok(())
}

/// Sets the triggers of one table, whatever they were before.
///
/// # Errors
/// Faults only.
pub fn watch(tx: &Tx<'_>, table: &Table) -> Outcome<()> {
    for (name, text) in triggers(table) {
        sql::drop_trigger(tx, &name)?;
        sql::make_trigger(tx, &text)?;
    }
    Ok(())
}

/// Takes the triggers of one table away.
///
/// # Errors
/// Faults only.
pub fn unwatch(tx: &Tx<'_>, table: &Table) -> Outcome<()> {
    for (name, _) in triggers(table) {
        sql::drop_trigger(tx, &name)?;
    }
    Ok(())
}

/// Takes every trigger away.
///
/// # Errors
/// Faults only.
pub fn switch_off(tx: &Tx<'_>) -> Outcome<()> {
    for name in sql::trigger_names(tx)? {
        sql::drop_trigger(tx, &name)?;
    }
    Ok(())
}

/// Sets the triggers that are there anew if this binary makes others: a new version
/// may know a table or a column more.
///
/// # Errors
/// Faults only.
pub fn refresh(tx: &Tx<'_>) -> Outcome<()> {
    for table in catalogue::tables() {
        let made = triggers(table);
        let mut stale = false;
        for (name, text) in &made {
            stale |= sql::trigger_text(tx, name)?.is_none_or(|kept| kept != *text);
        }
        if stale && (!table.is_series() || sql::trigger_text(tx, &made[0].0)?.is_some()) {
            watch(tx, table)?;
        }
    }
    Ok(())
}

/// The names of triggers that should be there and are not; none while sync is off.
///
/// # Errors
/// Faults only.
pub fn missing(tx: &Tx<'_>) -> Outcome<Vec<String>> {
    let Some(capture) = sql::state(tx, "capture")? else { return Ok(Vec::new()) };
    let there = sql::trigger_names(tx)?;
    // Rows that are still exported in order have none yet.
    let wanted = catalogue::tables().iter().filter(|table| capture == "on" || !table.is_series());
    let names = wanted.flat_map(triggers).map(|(name, _)| name);
    Ok(names.filter(|name| !there.contains(name)).collect())
}

/// The names and texts of a table's triggers.
#[must_use]
pub fn triggers(table: &Table) -> Vec<(String, String)> {
    let name = |what: &str| format!("capture_{}_{what}", table.name);
    let make = |what: &str, when: &str, guard: &str, log: &str| {
        let of = if when == "DELETE" { "old." } else { "new." };
        let guard = format!(
            "{guard}{}",
            own(table, of).map(|own| format!(" AND {own}")).unwrap_or_default()
        );
        let text = format!(
            "CREATE TRIGGER {} AFTER {when} ON {} WHEN coord_capturing(){guard} BEGIN {log} END",
            name(what),
            table.name
        );
        (name(what), text)
    };
    let key: Vec<&str> = table.key.iter().map(String::as_str).collect();
    let moved = distinct(&key);
    let same = format!("NOT ({moved})");
    vec![
        make("added", "INSERT", "", &log(table, "i", "new")),
        make(
            "changed",
            "UPDATE",
            &format!(" AND {same} AND {}", told(table)),
            &log(table, "u", "new"),
        ),
        make(
            "moved",
            "UPDATE",
            &format!(" AND ({moved})"),
            &(log(table, "d", "old") + " " + &log(table, "i", "new")),
        ),
        make("removed", "DELETE", &removal_guard(table), &log(table, "d", "old")),
    ]
}

/// Which rows of a table are this device's own, where not all are: locks that another machine
/// holds are shown here under sessions of that name.
#[must_use]
pub fn own(table: &Table, prefix: &str) -> Option<String> {
    (table.name == "file_locks").then(|| format!("{prefix}session_id NOT GLOB 'elsewhere:*'"))
}

/// What leaves a table that only grows has been sealed, and stays in the mirror.
fn removal_guard(table: &Table) -> String {
    if table.class == Class::Append { " AND false".into() } else { String::new() }
}

/// Whether any of these columns changes.
fn distinct(columns: &[&str]) -> String {
    let tests: Vec<_> =
        columns.iter().map(|name| format!("old.{name} IS NOT new.{name}")).collect();
    tests.join(" OR ")
}

/// Whether a change of a row is worth telling.
fn told(table: &Table) -> String {
    let soft = soft(&table.name);
    let names = table.sent().map(|column| column.name.as_str());
    let hard: Vec<&str> = names.filter(|name| !soft.contains(name)).collect();
    let mut test = distinct(&hard);
    for name in soft {
        // Coarse in both directions: a clock that steps back is told as well.
        write!(test, " OR old.{name} / {COARSE} IS NOT new.{name} / {COARSE}").unwrap_or_default();
    }
    format!("({test})")
}

/// One row of the log about the row `of` (`old` or `new`).
fn log(table: &Table, op: &str, of: &str) -> String {
    let key: Vec<_> = table.key.iter().map(|name| format!("{of}.{name}")).collect();
    let body = match (op, table.class) {
        // Whose it was must be known when it is gone.
        ("d", _) if has_project_beside_key(table) => {
            format!("json_object('project', {of}.project)")
        }
        ("d", _) | (_, Class::Append) => "NULL".into(),
        _ => image(table, &format!("{of}.")),
    };
    let key = format!("json_array({})", key.join(", "));
    insert(&format!("'{}'", table.name), op, &key, &body, "coord_hlc()") + ";"
}

fn has_project_beside_key(table: &Table) -> bool {
    let is_project = |name: &str| name == "project";
    table.columns.iter().any(|column| is_project(&column.name))
        && !table.key.iter().any(|name| is_project(name))
}

/// A row's image as JSON.
#[must_use]
pub fn image(table: &Table, prefix: &str) -> String {
    let parts: Vec<_> = table
        .sent()
        .map(|column| {
            let name = &column.name;
            let value = match column.kind {
                Kind::Json => format!("json({prefix}{name})"),
                Kind::Bool => {
                    format!("json(CASE WHEN {prefix}{name} THEN 'true' WHEN NOT {prefix}{name} THEN 'false' END)")
                }
                _ => format!("{prefix}{name}"),
            };
            format!("'{name}', {value}")
        })
        .collect();
    format!("json_object({})", parts.join(", "))
}

/// The statement that appends a row to the log; what it is given are expressions.
#[must_use]
pub fn insert(table: &str, op: &str, key: &str, body: &str, hlc: &str) -> String {
    // OFFSET keeps SQLite from working the inner row out twice.
    format!(
        "INSERT INTO change_log (seq, tx, hlc, tbl, pk, op, body, hash) \
         SELECT seq, request, hlc, tbl, pk, '{op}', body, \
                coord_chain(before, seq, request, hlc, tbl, pk, '{op}', body) \
           FROM (SELECT coalesce(l.seq, 0) + 1 AS seq, coord_request() AS request, {hlc} AS hlc, \
                        coalesce(l.hash, '{GENESIS}') AS before, \
                        {table} AS tbl, {key} AS pk, {body} AS body \
                   FROM (SELECT 1) \
                   LEFT JOIN (SELECT seq, hash FROM change_log ORDER BY seq DESC LIMIT 1) l \
                  LIMIT -1 OFFSET 0)"
    )
}

/// What the first row of the log follows.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
