//! Switching the change log on and off, and the export of what is there already.
//!
//! - Triggers first, rows after: a row that changes meanwhile is simply logged twice.
//! - Only the counted rows of the audit log wait for their triggers until the
//!   export has caught up with them, because the mirror must see them in order.
//! - The export goes in small steps, each a request of its own, so that it holds
//!   nobody up; a daemon that ends in the middle goes on from there.

use serde_json::Value;

use super::catalogue::{self, Class, Table};
use super::kept::Kept;
use super::sql::Exported;
use super::{agreed, capture, marks, rekey, restored, rows, scope, sql};
use crate::failure::Outcome;
use crate::store::Tx;

/// The fact that names the projects which alone are exported.
pub const PROJECTS: &str = "export_projects";

/// Rows in one step: some milliseconds of the writer's time.
pub const STEP: usize = 500;

/// Whether changes are logged.
///
/// # Errors
/// Faults only.
pub fn is_on(tx: &Tx<'_>) -> Outcome<bool> {
    Ok(sql::state(tx, "capture")?.is_some())
}

/// Logs every change from now on; what is there already is exported by [`step`].
///
/// # Errors
/// Faults only.
pub fn switch_on(tx: &Tx<'_>) -> Outcome<()> {
    if is_on(tx)? {
        return Ok(());
    }
    capture::switch_on(tx)?;
    sql::set_state(tx, "capture", "exporting")?;
    sql::set_state(tx, "export", "0")
}

/// Logs no more. What was logged stays, so that sync can be taken up where it was
/// left only by a new export.
///
/// # Errors
/// Faults only.
pub fn switch_off(tx: &Tx<'_>) -> Outcome<()> {
    capture::switch_off(tx)?;
    for name in [
        "capture",
        "export",
        "export_after",
        "export_only",
        "exported_until",
        PROJECTS,
        "rekey",
        "rekey_after",
    ] {
        sql::unset_state(tx, name)?;
    }
    Ok(())
}

/// Exports the next rows; whether more are to come.
///
/// # Errors
/// Faults only.
pub fn step(tx: &Tx<'_>) -> Outcome<bool> {
    let Some(at) = sql::state(tx, "export")? else { return rekey::step(tx) };
    let at: usize = at.parse().unwrap_or(0);
    let Some(table) = catalogue::tables().get(at) else {
        finish(tx)?;
        return Ok(false);
    };
    if scope::exported_only(tx)?.is_some_and(|only| !only.contains(&table.name)) {
        sql::set_state(tx, "export", &(at + 1).to_string())?;
        return Ok(true);
    }
    let after = sql::state(tx, "export_after")?;
    let after: Option<Vec<Value>> = after.and_then(|text| serde_json::from_str(&text).ok());
    if table.name == "audit_log" && after.is_none() {
        seals_first(tx)?;
    }
    let mut page = sql::rows_after(tx, table, after.as_deref(), STEP)?;
    let (kept, only) = (Kept::load(tx)?, only(tx)?);
    for row in &mut page {
        if !leaves(tx, table, row, &kept, only.as_ref())? {
            continue;
        }
        if only.is_some() && table.class == Class::Policy {
            // It may have changed since the mirror had it.
            sql::log(tx, table, row)?;
            continue;
        }
        if let Some(hlc) = time_of(tx, table, &row.key, row.hlc)? {
            row.hlc = hlc;
            sql::log(tx, table, row)?;
        }
    }
    match page.last() {
        Some(last) if page.len() == STEP => sql::set_state(tx, "export_after", &last.key)?,
        _ => next_table(tx, table, at)?,
    }
    Ok(true)
}

/// The projects that alone are exported; `None`: all of them.
fn only(tx: &Tx<'_>) -> Outcome<Option<Kept>> {
    Ok(listed(tx)?.map(|projects| Kept::of(&projects)))
}

fn listed(tx: &Tx<'_>) -> Outcome<Option<Vec<String>>> {
    Ok(sql::state(tx, PROJECTS)?.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Whether a row is to be exported.
fn leaves(
    tx: &Tx<'_>,
    table: &Table,
    row: &Exported,
    kept: &Kept,
    only: Option<&Kept>,
) -> Outcome<bool> {
    // Of counted rows none may be missing; what they hold is withheld when they are read.
    if only.is_none() && (kept.is_empty() || table.is_series()) {
        return Ok(true);
    }
    let key = rows::key_values(&row.key).unwrap_or_default();
    let body = match &row.body {
        Some(text) => serde_json::from_str(text).ok(),
        None => rows::find(tx, table, &key)?,
    };
    match only {
        Some(only) => only.has(tx, table, &key, body.as_ref()),
        None => Ok(!kept.has(tx, table, &key, body.as_ref())?),
    }
}

/// Exports the rows of one project that were kept here, or everything if that is under way.
///
/// # Errors
/// Faults only.
pub fn again(tx: &Tx<'_>, project: &str) -> Outcome<()> {
    if !is_on(tx)? {
        return Ok(());
    }
    // One that has more, or tables of its own, has this project's rows again as well.
    let other = sql::state(tx, "export")?.is_some() && listed(tx)?.is_none();
    if other {
        sql::unset_state(tx, "export_only")?;
    } else {
        let mut projects = listed(tx)?.unwrap_or_default();
        projects.push(project.to_owned());
        sql::set_state(tx, PROJECTS, &serde_json::json!(projects).to_string())?;
    }
    sql::unset_state(tx, "export_after")?;
    sql::set_state(tx, "capture", "exporting")?;
    sql::set_state(tx, "export", "0")
}

/// Where the chain of the audit log begins here: what was sealed is not there any more, and the
/// mirror would miss it.
fn seals_first(tx: &Tx<'_>) -> Outcome<()> {
    let Some(seals) = catalogue::table("audit_seals") else { return Ok(()) };
    for row in sql::rows_after(tx, seals, None, usize::MAX >> 1)? {
        sql::log(tx, seals, &row)?;
    }
    Ok(())
}

fn next_table(tx: &Tx<'_>, table: &Table, at: usize) -> Outcome<()> {
    if table.is_series() {
        // Caught up in this very transaction: nothing can come between.
        capture::watch(tx, table)?;
    }
    sql::unset_state(tx, "export_after")?;
    sql::set_state(tx, "export", &(at + 1).to_string())
}

fn finish(tx: &Tx<'_>) -> Outcome<()> {
    sql::unset_state(tx, "export")?;
    sql::unset_state(tx, "export_only")?;
    sql::unset_state(tx, PROJECTS)?;
    sql::set_state(tx, "capture", "on")?;
    sql::set_state(tx, "exported_until", &sql::last_seq(tx)?.to_string())
}

/// The log begins anew, for a device that takes another name: everything is exported. What
/// others wrote keeps their time, so that it never wins over what they did since.
///
/// # Errors
/// Faults only.
pub fn begin_anew(tx: &Tx<'_>) -> Outcome<()> {
    let unsent = sql::unsent_shared(tx)?;
    marks::keep_own_versions(tx)?;
    sql::empty_log(tx)?;
    capture::switch_off(tx)?;
    capture::switch_on(tx)?;
    sql::set_state(tx, "acked", "0")?;
    sql::set_state(tx, "capture", "exporting")?;
    sql::set_state(tx, "export", "0")?;
    for name in ["export_after", "export_only", "exported_until", "series_passed", PROJECTS] {
        sql::unset_state(tx, name)?;
    }
    restored::forget(tx)?;
    // What the old name left in the mirror is a stranger's from now on.
    want_snapshot(tx, "forked")?;
    for (name, key, hlc) in unsent {
        if let Some(table) = catalogue::table(&name) {
            log_again(tx, table, &key, Some(hlc))?;
        }
    }
    Ok(())
}

/// Logs a row as it is, or that it is gone, with that time; none: as a change of now.
pub fn log_again(tx: &Tx<'_>, table: &Table, key: &str, hlc: Option<i64>) -> Outcome<()> {
    let values = rows::key_values(key).unwrap_or_default();
    match rows::find(tx, table, &values)? {
        Some(body) => sql::log_row(tx, table, key, Some(&body.to_string()), hlc),
        // Of all that is shared, policies alone are taken away.
        None if table.class == Class::Policy => sql::log_row(tx, table, key, None, hlc),
        None => Ok(()),
    }
}

/// Notes why a snapshot is needed. That the mirror was put back is more than any other reason.
///
/// # Errors
/// Faults only.
pub fn want_snapshot(tx: &Tx<'_>, why: &str) -> Outcome<()> {
    if sql::state(tx, "resnapshot")?.as_deref() == Some(restored::WHY) {
        return Ok(());
    }
    sql::set_state(tx, "resnapshot", why)
}

/// The time with which a row is exported; `None`: it is not, the mirror has it from others
/// or decides about it by its revision.
pub(super) fn time_of(tx: &Tx<'_>, table: &Table, key: &str, newest: i64) -> Outcome<Option<i64>> {
    Ok(match (table.class, agreed::time(tx, &table.name, key)?) {
        (Class::Policy, Some(_)) => None,
        (Class::Union, Some((hlc, _))) if hlc > 0 => Some(hlc),
        _ => Some(newest),
    })
}
