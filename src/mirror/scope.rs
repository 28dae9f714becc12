//! Tables that stay on this machine, and what follows when one of them no longer does.
//!
//! - Their changes are logged like all others and never sent, so numbers and hashes go on.
//! - A table that is mirrored again is exported: what happened to it meanwhile was passed over.
//! - Policies are logged at once instead, before any of the mirror's is written over them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::catalogue::{self, Class, Table};
use super::sql::Exported;
use super::{agreed, capture, export, log, rows, sql};
use crate::failure::Outcome;
use crate::store::Tx;

/// By table: the last change before it was left out.
type LeftOut = BTreeMap<String, i64>;

/// Leaves these tables out from now on, and takes the others in again.
///
/// # Errors
/// Faults only.
pub fn leave_out(tx: &Tx<'_>, names: &[String]) -> Outcome<()> {
    let before = noted(tx, "left_out")?;
    let newest = sql::last_seq(tx)?;
    let since = |name: &String| before.get(name).copied().unwrap_or(newest);
    let now: LeftOut = names.iter().map(|name| (name.clone(), since(name))).collect();
    if now == before {
        return Ok(());
    }
    note(tx, "left_out", &now)?;
    let back: Vec<_> = before
        .iter()
        .filter(|(name, _)| !now.contains_key(*name))
        .filter_map(|(name, since)| Some((catalogue::table(name)?, *since)))
        .collect();
    if back.is_empty() || sql::state(tx, "capture")?.is_none() {
        return Ok(());
    }
    take_in(tx, &back)
}

fn take_in(tx: &Tx<'_>, back: &[(&Table, i64)]) -> Outcome<()> {
    let mut passed = noted(tx, "series_passed")?;
    let mut only = exported_only(tx)?;
    for (table, since) in back {
        if table.is_series() {
            // What is counted comes in order, so the export has all of it.
            passed.insert(table.name.clone(), sql::last_seq(tx)?);
            capture::unwatch(tx, table)?;
        }
        if matches!(table.class, Class::Owner | Class::Policy) {
            log_removed(tx, table, *since)?;
        }
        if table.class == Class::Policy {
            log_policies(tx, table, *since)?;
        } else if let Some(only) = &mut only {
            only.push(table.name.clone());
        }
    }
    note(tx, "series_passed", &passed)?;
    match only {
        Some(names) => sql::set_state(tx, "export_only", &Value::from(names).to_string())?,
        None => sql::unset_state(tx, "export_only")?,
    }
    sql::unset_state(tx, export::PROJECTS)?;
    sql::set_state(tx, "capture", "exporting")?;
    sql::set_state(tx, "export", "0")?;
    sql::unset_state(tx, "export_after")?;
    // Of what others did there, nothing was fetched.
    sql::set_state(tx, "resnapshot", "a table is mirrored again")
}

/// The tables that an export under way is restricted to; none: it has all.
pub fn exported_only(tx: &Tx<'_>) -> Outcome<Option<Vec<String>>> {
    let whole = sql::state(tx, "export")?.is_some();
    let only = sql::state(tx, "export_only")?;
    let only = only.and_then(|text| serde_json::from_str(&text).ok());
    Ok(if whole { only } else { Some(only.unwrap_or_default()) })
}

/// By counted table: the last change that is passed over, because the export has it again.
pub fn passed_over(tx: &Tx<'_>) -> Outcome<LeftOut> {
    noted(tx, "series_passed")
}

/// Rows that went while the table was left out: the mirror may have them.
fn log_removed(tx: &Tx<'_>, table: &Table, since: i64) -> Outcome<()> {
    for key in sql::changed_since(tx, &table.name, since)? {
        if rows::find(tx, table, &rows::key_values(&key).unwrap_or_default())?.is_none() {
            sql::log_removal(tx, table, &key)?;
        }
    }
    Ok(())
}

/// Policies that the mirror does not have, or not as they are.
fn log_policies(tx: &Tx<'_>, table: &Table, since: i64) -> Outcome<()> {
    let changed = sql::changed_since(tx, &table.name, since)?;
    log::each(tx, table, |key, body| {
        if changed.contains(&key) || agreed::time(tx, &table.name, &key)?.is_none() {
            let row = Exported { key, body: Some(body.to_string()), hlc: 0 };
            sql::log(tx, table, &row)?;
        }
        Ok(())
    })
}

fn noted(tx: &Tx<'_>, name: &str) -> Outcome<LeftOut> {
    let text = sql::state(tx, name)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

fn note(tx: &Tx<'_>, name: &str, tables: &LeftOut) -> Outcome<()> {
    let text = serde_json::to_string(tables).map_err(anyhow::Error::from)?;
    sql::set_state(tx, name, &text)
}
