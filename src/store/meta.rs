//! Small facts about the database itself, by name.

use rusqlite::named_params;

use super::tx::Tx;

/// The fact named `key`.
///
/// # Errors
/// What SQLite says.
pub fn get(tx: &Tx<'_>, key: &str) -> rusqlite::Result<Option<String>> {
    tx.one("SELECT value FROM meta WHERE key = :key", named_params! { ":key": key }, |row| {
        row.get(0)
    })
}

/// Sets the fact named `key`.
///
/// # Errors
/// What SQLite says.
pub fn set(tx: &Tx<'_>, key: &str, value: &str) -> rusqlite::Result<()> {
    tx.run(
        "INSERT INTO meta (key, value) VALUES (:key, :value)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        named_params! { ":key": key, ":value": value },
    )?;
    Ok(())
}

/// Forgets the fact named `key`.
///
/// # Errors
/// What SQLite says.
pub fn remove(tx: &Tx<'_>, key: &str) -> rusqlite::Result<()> {
    tx.run("DELETE FROM meta WHERE key = :key", named_params! { ":key": key })?;
    Ok(())
}
