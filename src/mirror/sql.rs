//! The statements on the change log, its triggers and the state beside them.

use rusqlite::named_params;

use super::capture;
use super::catalogue::{Kind, Table};
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
    /// Its newest time, in milliseconds.
    pub newest: i64,
}

/// The rows of a table behind the key `after`, in the order of keys.
pub fn rows_after(
    tx: &Tx<'_>,
    table: &Table,
    after: Option<&[serde_json::Value]>,
    limit: usize,
) -> Outcome<Vec<Exported>> {
    let key = table.key.join(", ");
    let body = match table.class {
        super::catalogue::Class::Append => "NULL".into(),
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
    let sql = format!(
        "SELECT json_array({key}), {body}, max(0, 0, {}) FROM {} {behind} ORDER BY {key} LIMIT {limit}",
        if newest.is_empty() { "0".into() } else { newest.join(", ") },
        table.name,
    );
    let values = after.unwrap_or_default().iter().map(|value| match value {
        serde_json::Value::Number(number) => rusqlite::types::Value::from(number.as_i64()),
        other => rusqlite::types::Value::from(other.as_str().unwrap_or_default().to_owned()),
    });
    Ok(tx.all(&sql, rusqlite::params_from_iter(values), |row| {
        Ok(Exported { key: row.get(0)?, body: row.get(1)?, newest: row.get(2)? })
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
            ":hlc": row.newest << 16,
        },
    )?;
    Ok(())
}

/// The number of the last change, 0 if there is none.
pub fn last_seq(tx: &Tx<'_>) -> Outcome<i64> {
    let sql = "SELECT seq FROM change_log ORDER BY seq DESC LIMIT 1";
    Ok(tx.one(sql, [], |row| row.get(0))?.unwrap_or(0))
}
