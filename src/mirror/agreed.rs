//! What is agreed upon with the mirror about rows that several devices write.

use rusqlite::named_params;

use crate::failure::Outcome;
use crate::store::Tx;

/// What is agreed upon about a row.
#[derive(Default)]
pub struct Agreed<'a> {
    pub table: &'a str,
    pub key: &'a str,
    /// Who wrote it; this device if none.
    pub device: Option<&'a str>,
    pub hlc: i64,
    /// What the next change of a policy is based on.
    pub revision: i64,
}

/// Notes what is agreed upon about a row.
pub fn set(tx: &Tx<'_>, agreed: &Agreed<'_>) -> Outcome<()> {
    tx.run(
        "INSERT INTO sync_rows (tbl, pk, device_id, hlc, revision)
         VALUES (:tbl, :pk, :device, :hlc, :revision)
         ON CONFLICT (tbl, pk) DO UPDATE
            SET device_id = excluded.device_id, hlc = excluded.hlc, revision = excluded.revision",
        named_params! {
            ":tbl": agreed.table,
            ":pk": agreed.key,
            ":device": agreed.device,
            ":hlc": agreed.hlc,
            ":revision": agreed.revision,
        },
    )?;
    Ok(())
}

/// Forgets what was agreed upon about a row.
pub fn forget(tx: &Tx<'_>, table: &str, key: &str) -> Outcome<()> {
    for agreed in ["sync_rows", "policy_lineage"] {
        let sql = format!("DELETE FROM {agreed} WHERE tbl = :tbl AND pk = :pk");
        tx.run(&sql, named_params! { ":tbl": table, ":pk": key })?;
    }
    Ok(())
}

/// Every row about which something is agreed.
pub fn all(tx: &Tx<'_>) -> Outcome<Vec<(String, String)>> {
    Ok(tx.all("SELECT tbl, pk FROM sync_rows", [], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// Who wrote the row that is agreed upon, if it was another device.
pub fn author(tx: &Tx<'_>, table: &str, key: &str) -> Outcome<Option<String>> {
    let sql = "SELECT device_id FROM sync_rows WHERE tbl = :tbl AND pk = :pk";
    let named = named_params! { ":tbl": table, ":pk": key };
    Ok(tx.one(sql, named, |row| row.get(0))?.flatten())
}

/// What is agreed upon about a row.
pub struct Known {
    pub hlc: i64,
    pub revision: i64,
}

/// What is agreed upon about the row, if something is.
pub fn known(tx: &Tx<'_>, table: &str, key: &str) -> Outcome<Option<Known>> {
    let sql = "SELECT hlc, revision FROM sync_rows WHERE tbl = :tbl AND pk = :pk";
    let named = named_params! { ":tbl": table, ":pk": key };
    Ok(tx.one(sql, named, |row| Ok(Known { hlc: row.get(0)?, revision: row.get(1)? }))?)
}

/// The hybrid time agreed upon for a row, and whether this device wrote it.
pub fn time(tx: &Tx<'_>, table: &str, key: &str) -> Outcome<Option<(i64, bool)>> {
    let sql = "SELECT hlc, device_id IS NULL FROM sync_rows WHERE tbl = :tbl AND pk = :pk";
    let named = named_params! { ":tbl": table, ":pk": key };
    Ok(tx.one(sql, named, |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// Whether another device wrote the version of a row that is agreed upon.
pub fn is_of_another(tx: &Tx<'_>, table: &str, key: &str) -> Outcome<bool> {
    let sql = "SELECT device_id IS NOT NULL FROM sync_rows WHERE tbl = :tbl AND pk = :pk";
    Ok(tx.one(sql, named_params! { ":tbl": table, ":pk": key }, |row| row.get(0))?.unwrap_or(false))
}
