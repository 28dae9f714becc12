//! Switching the change log on and off, and the export of what is there already.
//!
//! - Triggers first, rows after: a row that changes meanwhile is simply logged twice.
//! - Only the counted rows of the audit log wait for their triggers until the
//!   export has caught up with them, because the mirror must see them in order.
//! - The export goes in small steps, each a request of its own, so that it holds
//!   nobody up; a daemon that ends in the middle goes on from there.

use serde_json::Value;

use super::catalogue::{self, Table};
use super::{capture, sql};
use crate::failure::Outcome;
use crate::store::Tx;

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
    for name in ["capture", "export", "export_after", "exported_until"] {
        sql::unset_state(tx, name)?;
    }
    Ok(())
}

/// Exports the next rows; whether more are to come.
///
/// # Errors
/// Faults only.
pub fn step(tx: &Tx<'_>) -> Outcome<bool> {
    let Some(at) = sql::state(tx, "export")? else { return Ok(false) };
    let at: usize = at.parse().unwrap_or(0);
    let Some(table) = catalogue::tables().get(at) else {
        finish(tx)?;
        return Ok(false);
    };
    let after = sql::state(tx, "export_after")?;
    let after: Option<Vec<Value>> = after.and_then(|text| serde_json::from_str(&text).ok());
    let rows = sql::rows_after(tx, table, after.as_deref(), STEP)?;
    for row in &rows {
        sql::log(tx, table, row)?;
    }
    match rows.last() {
        Some(last) if rows.len() == STEP => sql::set_state(tx, "export_after", &last.key)?,
        _ => next_table(tx, table, at)?,
    }
    Ok(true)
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
    sql::set_state(tx, "capture", "on")?;
    sql::set_state(tx, "exported_until", &sql::last_seq(tx)?.to_string())
}
