//! The statements on the change log, its triggers and the state beside them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use rusqlite::named_params;

use serde_json::Value;

use super::catalogue::{self, Class, Kind, Table};
use super::{capture, restored};
use crate::failure::Outcome;
use crate::store::Tx;

/// The fact of that name.
pub fn state(tx: &Tx<'_>, name: &str) -> Outcome<Option<String>> {
    let sql = "SELECT value FROM sync_state WHERE name = :name";
    Ok(tx.one(sql, named_params! { ":name": name }, |row| row.get(0))?)
}

/// Sets the fact of that name.
pub fn set_state(tx: &Tx<'_>, name: &str, value: &str) -> Outcome<()> {
    tx.run(
        "INSERT INTO sync_state (name, value) VALUES (:name, :value)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        named_params! { ":name": name, ":value": value },
    )?;
    Ok(())
}

/// Forgets the fact of that name.
pub fn unset_state(tx: &Tx<'_>, name: &str) -> Outcome<()> {
    tx.run("DELETE FROM sync_state WHERE name = :name", named_params! { ":name": name })?;
    Ok(())
}

/// Removes a trigger, if it is there.
pub fn drop_trigger(tx: &Tx<'_>, name: &str) -> Outcome<()> {
    tx.run(&format!("DROP TRIGGER IF EXISTS {name}"), [])?;
    Ok(())
}

/// Makes a trigger.
pub fn make_trigger(tx: &Tx<'_>, text: &str) -> Outcome<()> {
    tx.run(text, [])?;
    Ok(())
}

/// The names of the triggers that write the log.
pub fn trigger_names(tx: &Tx<'_>) -> Outcome<Vec<String>> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name GLOB 'capture_*'";
    Ok(tx.all(sql, [], |row| row.get(0))?)
}

/// How a trigger was made, if it is there.
pub fn trigger_text(tx: &Tx<'_>, name: &str) -> Outcome<Option<String>> {
    let sql = "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = :name";
    Ok(tx.one(sql, named_params! { ":name": name }, |row| row.get(0))?)
}

/// A row as it goes into the log when it is exported.
pub struct Exported {
    /// Its key as a JSON array.
    pub key: String,
    /// Its image; none for a table that only grows.
    pub body: Option<String>,
    /// Its hybrid time.
    pub hlc: i64,
}

/// The rows of a table behind the key `after`, in the order of keys.
pub fn rows_after(
    tx: &Tx<'_>,
    table: &Table,
    after: Option<&[Value]>,
    limit: usize,
) -> Outcome<Vec<Exported>> {
    let key = table.key.join(", ");
    let body = match table.class {
        Class::Append => "NULL".into(),
        _ => capture::image(table, ""),
    };
    let times: Vec<_> = table.columns.iter().filter(|column| column.kind == Kind::Ms).collect();
    let newest: Vec<_> =
        times.iter().map(|column| format!("coalesce({}, 0)", column.name)).collect();
    let places: Vec<_> = (1..=table.key.len()).map(|at| format!("?{at}")).collect();
    let own = capture::own(table, "").unwrap_or_else(|| "true".into());
    let behind = if after.is_some() {
        format!("WHERE {own} AND ({key}) > ({})", places.join(", "))
    } else {
        format!("WHERE {own}")
    };
    // The newest time of a row may be one that is still to come, as that when a lock ends.
    let sql = format!(
        "SELECT json_array({key}), {body}, min(max(0, 0, {}) << 16, coord_hlc()) FROM {} {behind} ORDER BY {key} LIMIT {limit}",
        if newest.is_empty() { "0".into() } else { newest.join(", ") },
        table.name,
    );
    let values = after.unwrap_or_default().iter().map(|value| match value {
        Value::Number(number) => rusqlite::types::Value::from(number.as_i64()),
        other => rusqlite::types::Value::from(other.as_str().unwrap_or_default().to_owned()),
    });
    Ok(tx.all(&sql, rusqlite::params_from_iter(values), |row| {
        Ok(Exported { key: row.get(0)?, body: row.get(1)?, hlc: row.get(2)? })
    })?)
}

/// Appends an exported row to the log.
pub fn log(tx: &Tx<'_>, table: &Table, row: &Exported) -> Outcome<()> {
    tx.run(
        &capture::insert(":tbl", "i", ":pk", ":body", ":hlc"),
        named_params! {
            ":tbl": table.name,
            ":pk": row.key,
            ":body": row.body,
            // An export never wins over a change that somebody made later.
            ":hlc": row.hlc,
        },
    )?;
    Ok(())
}

/// Appends a row as it is to the log, with that time or the time of now; no body: it is gone.
pub fn log_row(
    tx: &Tx<'_>,
    table: &Table,
    key: &str,
    body: Option<&str>,
    hlc: Option<i64>,
) -> Outcome<()> {
    let op = if body.is_some() { "i" } else { "d" };
    tx.run(
        &capture::insert(":tbl", op, ":pk", ":body", "coalesce(:hlc, coord_hlc())"),
        named_params! { ":tbl": table.name, ":pk": key, ":body": body, ":hlc": hlc },
    )?;
    Ok(())
}

/// Logs that a row is gone.
pub fn log_removal(tx: &Tx<'_>, table: &Table, key: &str) -> Outcome<()> {
    let insert = capture::insert(":tbl", "d", ":pk", "NULL", "coord_hlc()");
    tx.run(&insert, named_params! { ":tbl": table.name, ":pk": key })?;
    Ok(())
}

/// The rows of a table that were changed behind a place of the log.
pub fn changed_since(tx: &Tx<'_>, table: &str, after: i64) -> Outcome<BTreeSet<String>> {
    let sql = "SELECT DISTINCT pk FROM change_log WHERE seq > :after AND tbl = :tbl";
    let named = named_params! { ":after": after, ":tbl": table };
    Ok(tx.all(sql, named, |row| row.get(0))?.into_iter().collect())
}

/// The number of the last change, 0 if there is none.
pub fn last_seq(tx: &Tx<'_>) -> Outcome<i64> {
    let sql = "SELECT seq FROM change_log ORDER BY seq DESC LIMIT 1";
    Ok(tx.one(sql, [], |row| row.get(0))?.unwrap_or(0))
}

/// The last change that the mirror has.
pub fn acked(tx: &Tx<'_>) -> Outcome<i64> {
    Ok(state(tx, "acked")?.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// What was last logged of a row.
pub fn last_image(tx: &Tx<'_>, table: &str, key: &str) -> Outcome<Option<Value>> {
    let sql = "SELECT body FROM change_log WHERE tbl = :tbl AND pk = :pk ORDER BY seq DESC LIMIT 1";
    let named = named_params! { ":tbl": table, ":pk": key };
    let body: Option<Option<String>> = tx.one(sql, named, |row| row.get(0))?;
    Ok(body.flatten().and_then(|text| serde_json::from_str(&text).ok()))
}

/// What became of a policy in a part of the log.
pub struct Changed {
    pub table: String,
    pub key: String,
    /// The last change.
    pub last: i64,
    /// By it the row is gone.
    pub removed: bool,
}

/// The policies that were changed and sent between two places of the log.
pub fn policies_between(tx: &Tx<'_>, after: i64, until: i64) -> Outcome<Vec<Changed>> {
    let names: Vec<_> = catalogue::tables()
        .iter()
        .filter(|table| table.class == Class::Policy)
        .map(|table| format!("'{}'", table.name))
        .collect();
    let sql = format!(
        "SELECT tbl, pk, max(seq), op = 'd' FROM change_log AS l
          WHERE seq > :after AND seq <= :until AND tbl IN ({})
            AND NOT EXISTS (SELECT 1 FROM sync_aside AS a
                             WHERE a.seq = l.seq AND a.code = 'untransportable')
          GROUP BY tbl, pk",
        names.join(", ")
    );
    let named = named_params! { ":after": after, ":until": until };
    Ok(tx.all(&sql, named, |row| {
        let (table, key, last) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Changed { table, key, last, removed: row.get(3)? })
    })?)
}

/// The changes that the mirror does not have yet, of tables that several devices write: table,
/// key and the newest time of each row.
pub fn unsent_shared(tx: &Tx<'_>) -> Outcome<Vec<(String, String, i64)>> {
    let sql = "SELECT tbl, pk, max(hlc) FROM change_log WHERE seq > :acked GROUP BY tbl, pk";
    let rows: Vec<(String, String, i64)> =
        tx.all(sql, named_params! { ":acked": acked(tx)? }, |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    let shared = |name: &str| {
        let table = catalogue::table(name);
        table.is_some_and(|table| matches!(table.class, Class::Union | Class::Policy))
    };
    Ok(rows.into_iter().filter(|row| shared(&row.0)).collect())
}

/// Empties the log: it begins anew under another name.
pub fn empty_log(tx: &Tx<'_>) -> Outcome<()> {
    tx.run("DELETE FROM change_log", [])?;
    tx.run("DELETE FROM sync_aside WHERE code = 'untransportable'", [])?;
    Ok(())
}

/// Tables that several devices write; named in a statement, they let the index of their changes serve.
pub(super) static SHARED: LazyLock<String> = LazyLock::new(|| {
    let shared = catalogue::tables().iter();
    let shared = shared.filter(|table| matches!(table.class, Class::Union | Class::Policy));
    let shared = shared.map(|table| format!("'{}'", table.name));
    shared.collect::<Vec<_>>().join(", ")
});

/// Whether a change of such a row is behind what was acknowledged.
pub static PENDING: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT 1 FROM change_log
          WHERE tbl = :tbl AND pk = :pk AND seq > :acked AND tbl IN ({}) LIMIT 1",
        *SHARED
    )
});

/// Whether a change of a row that several devices write has not been sent.
pub fn is_pending(tx: &Tx<'_>, table: &str, key: &str) -> Outcome<bool> {
    let policy = catalogue::table(table).is_some_and(|table| table.class == Class::Policy);
    // Policies that the mirror lost are given back as they are now.
    let lost = if policy { restored::resent_until(tx)? } else { 0 };
    let named = named_params! { ":acked": acked(tx)?.max(lost), ":tbl": table, ":pk": key };
    Ok(tx.one(&PENDING, named, |_| Ok(()))?.is_some())
}

/// What a change is about.
pub fn subject(tx: &Tx<'_>, seq: i64) -> Outcome<Option<(String, String)>> {
    let sql = "SELECT tbl, pk FROM change_log WHERE seq = :seq";
    Ok(tx.one(sql, named_params! { ":seq": seq }, |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// Forgets the mirror: the log, what was agreed upon, others' rows, how far all came.
pub fn forget_everything(tx: &Tx<'_>) -> Outcome<()> {
    for table in [
        "change_log",
        "sync_state",
        "sync_rows",
        "policy_lineage",
        "peer_rows",
        "sync_aside",
        "sync_marks",
    ] {
        tx.run(&format!("DELETE FROM {table}"), [])?;
    }
    Ok(())
}

/// Whether the mirror has not got all audit rows that are older than a day.
///
/// # Errors
/// Faults only.
pub fn awaits_audit(tx: &Tx<'_>) -> Outcome<bool> {
    let sql = "SELECT 1 FROM change_log
                WHERE seq > :acked AND tbl = 'audit_log'
                  AND hlc < (SELECT max(hlc) FROM (SELECT hlc FROM change_log ORDER BY seq DESC LIMIT 1000)) - :day
                LIMIT 1";
    let named = named_params! { ":acked": acked(tx)?, ":day": crate::time::DAY << 16 };
    let waits = tx.one(sql, named, |_| Ok(()))?.is_some();
    Ok(state(tx, "capture")?.is_some() && (waits || state(tx, "export")?.is_some()))
}
