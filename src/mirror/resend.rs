//! Rows in which the mirror differs go there once more.
//!
//! - They are looked for beside the writer and logged a step at a time: whoever works here waits
//!   for one step at most.
//! - A row that changes meanwhile goes as it is when its turn comes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::catalogue::{Kind, Table};
use super::sql::Exported;
use super::{export, log, rows, sql};
use crate::failure::Outcome;
use crate::store::Tx;

/// The keys of a table's rows that are in these buckets.
///
/// # Errors
/// Faults only.
pub fn keys(tx: &Tx<'_>, table: &Table, buckets: &BTreeSet<String>) -> Outcome<Vec<String>> {
    let mut found = Vec::new();
    log::each(tx, table, |key, _| {
        if buckets.contains(&log::bucket(&key)) {
            found.push(key);
        }
        Ok(())
    })?;
    Ok(found)
}

/// Logs these rows once more, as far as they are there.
///
/// # Errors
/// Faults only.
pub fn step(tx: &Tx<'_>, table: &Table, keys: &[String]) -> Outcome<()> {
    let now = tx.one("SELECT coord_hlc()", [], |row| row.get(0))?.unwrap_or(0);
    for key in keys {
        let values = rows::key_values(key).unwrap_or_default();
        let Some(body) = rows::find(tx, table, &values)? else { continue };
        let newest = newest_time(table, &body).min(now);
        let hlc = export::time_of(tx, table, key, newest)?.unwrap_or(0);
        let row = Exported { key: key.clone(), body: Some(body.to_string()), hlc };
        sql::log(tx, table, &row)?;
    }
    Ok(())
}

/// The newest time in a row, as a hybrid time.
fn newest_time(table: &Table, body: &Value) -> i64 {
    let times = table.columns.iter().filter(|column| column.kind == Kind::Ms);
    times.filter_map(|column| body[&column.name].as_i64()).max().unwrap_or(0) << 16
}
