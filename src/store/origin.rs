//! Which other device wrote a row that several devices share.

use rusqlite::named_params;

use super::tx::Tx;

/// The device that wrote the row of `table` with the key `id`; `None`: this one.
///
/// # Errors
/// What SQLite says.
pub fn of(tx: &Tx<'_>, table: &str, id: &str) -> rusqlite::Result<Option<String>> {
    let device = "SELECT device_id FROM sync_rows WHERE tbl = :tbl AND pk = json_array(:id)";
    let named = named_params! { ":tbl": table, ":id": id };
    Ok(tx.one(device, named, |row| row.get(0))?.flatten())
}
