//! Rows of other devices' sessions, locks and tasks: shown, never acted upon.

use rusqlite::named_params;
use serde_json::Value;

use super::cipher;
use crate::failure::Outcome;
use crate::store::Tx;

/// Keeps another device's row with its hybrid time, or drops it.
pub fn keep(
    tx: &Tx<'_>,
    device: &str,
    table: &str,
    key: &str,
    row: Option<(i64, &Value)>,
) -> Outcome<()> {
    match row {
        Some((hlc, body)) => tx.run(
            "INSERT INTO peer_rows (device_id, tbl, pk, hlc, body)
             VALUES (:device, :tbl, :pk, :hlc, :body)
             ON CONFLICT (device_id, tbl, pk) DO UPDATE
                SET hlc = excluded.hlc, body = excluded.body",
            named_params! {
                ":device": device, ":tbl": table, ":pk": key, ":hlc": hlc, ":body": body.to_string(),
            },
        )?,
        None => tx.run(
            "DELETE FROM peer_rows WHERE device_id = :device AND tbl = :tbl AND pk = :pk",
            named_params! { ":device": device, ":tbl": table, ":pk": key },
        )?,
    };
    Ok(())
}

/// The keys of all rows of other devices.
pub fn keys(tx: &Tx<'_>) -> Outcome<Vec<(String, String, String)>> {
    let sql = "SELECT device_id, tbl, pk FROM peer_rows";
    Ok(tx.all(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?)
}

/// By table: how many other devices have rows, and how many.
pub fn counted(tx: &Tx<'_>) -> Outcome<Vec<(String, i64, i64)>> {
    let sql =
        "SELECT tbl, count(DISTINCT device_id), count(*) FROM peer_rows GROUP BY tbl ORDER BY tbl";
    Ok(tx.all(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?)
}

/// How many rows of other devices have a body that cannot be read.
pub fn unread(tx: &Tx<'_>) -> Outcome<i64> {
    let sql = "SELECT count(*) FROM peer_rows WHERE json_extract(body, '$.' || :note)";
    let named = named_params! { ":note": cipher::ENCRYPTED };
    Ok(tx.one(sql, named, |row| row.get(0))?.unwrap_or(0))
}
