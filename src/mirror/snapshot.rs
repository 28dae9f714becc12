//! All rows of the mirror at once: for whoever is new, was away for too long, or found that the
//! mirror was put back.

use std::collections::BTreeSet;

use coord_sync::wire::{Cursor, Snapshot};

use super::catalogue::{self, Class};
use super::key::Key;
use super::receive::{self, Arrival, arrive, version};
use super::{agreed, marks, peers, restored, rows, sql};
use crate::failure::Outcome;
use crate::store::Tx;

/// Applies rows of a snapshot; `key` opens what is encrypted.
pub fn apply(tx: &Tx<'_>, table: &str, rows: &[Snapshot], key: Option<&Key>) -> Outcome<()> {
    let own = sql::state(tx, "device")?;
    let Some(kind) = catalogue::table(table) else { return Ok(()) };
    for row in rows {
        if kind.class == Class::Owner && own.as_deref() == Some(&row.device) {
            continue;
        }
        let version = version(row.revision, &row.lineage);
        let pending = sql::is_pending(tx, table, &row.key)?;
        if !pending && restored::is_older(tx, kind, &row.key, row.hlc, &version)? {
            restored::give(tx, kind, &row.key)?;
            continue;
        }
        let arrival = Arrival {
            table,
            key: &row.key,
            device: Some(&row.device),
            hlc: row.hlc,
            version: &version,
            digest: row.digest.as_deref(),
            body: Some(&row.body),
        };
        arrive(tx, &arrival, key)?;
    }
    receive::tell(tx);
    Ok(())
}

/// The snapshot is whole: what it does not have is gone.
pub fn finish(
    tx: &Tx<'_>,
    seen: &BTreeSet<(String, String, String)>,
    cursor: &Cursor,
    left_out: &[String],
) -> Outcome<()> {
    for (device, table, key) in peers::keys(tx)? {
        if !seen.contains(&(device.clone(), table.clone(), key.clone())) {
            peers::keep(tx, &device, &table, &key, None)?;
        }
    }
    let present: BTreeSet<(&str, &str)> =
        seen.iter().map(|(_, table, key)| (table.as_str(), key.as_str())).collect();
    let put_back = sql::state(tx, "resnapshot")?.as_deref() == Some(restored::WHY);
    // Of a table that is left out nothing was asked.
    for (table, key) in marks::all(tx)?.into_iter().filter(|row| !left_out.contains(&row.0)) {
        if !present.contains(&(table.as_str(), key.as_str())) {
            marks::unset(tx, &table, &key)?;
        }
    }
    for (table, key) in agreed::all(tx)?.into_iter().filter(|row| !left_out.contains(&row.0)) {
        let Some(kind) = catalogue::table(&table) else { continue };
        if present.contains(&(table.as_str(), key.as_str())) || sql::is_pending(tx, &table, &key)? {
            continue;
        }
        let values = rows::key_values(&key).unwrap_or_default();
        if put_back && rows::find(tx, kind, &values)?.is_some() {
            restored::give(tx, kind, &key)?;
        } else if kind.class == Class::Policy {
            agreed::forget(tx, &table, &key)?;
            receive::write(tx, kind, &key, None)?;
        }
    }
    sql::unset_state(tx, "resnapshot")?;
    receive::set_cursor(tx, cursor)
}
