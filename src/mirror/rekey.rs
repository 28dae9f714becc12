//! Another key, or none any more: what this device has in the mirror gets its new form.
//!
//! - First a snapshot: it tells which rows stand there in another form, and of which version.
//! - Rows that several devices write are sent again only if their newest version is the one that
//!   is here, and with a time so little later that whoever changed them meanwhile wins.
//! - Rows that never change stay as they were sent.

use serde_json::Value;

use super::catalogue::{self, Class, Table};
use super::key::Key;
use super::sql::Exported;
use super::{cipher, export, marks, rows, sql};
use crate::failure::Outcome;
use crate::store::Tx;

/// The fact that tells under which key rows were last sent, by the key's name.
pub const UNDER: &str = "encrypted";
/// In its place: whatever key is found next, all is to be sent again under it.
const ANY: &str = "any";
/// The fact that rows may have been sent in clear.
const CLEAR: &str = "sent_in_clear";

/// Follows the key that is in the file, if it is another one than before.
///
/// # Errors
/// Faults only.
pub fn adopt(tx: &Tx<'_>, key: &Key) -> Outcome<()> {
    let before = sql::state(tx, UNDER)?;
    if before.as_ref() == Some(&key.name) {
        return Ok(());
    }
    sql::set_state(tx, UNDER, &key.name)?;
    if before.is_none() && is_fresh(tx)? { Ok(()) } else { begin(tx) }
}

/// Whether nothing was ever sent: that nothing was acknowledged does not say so, for the answer may
/// have been lost, and a device that took another name begins to count anew.
fn is_fresh(tx: &Tx<'_>) -> Outcome<bool> {
    Ok(sql::acked(tx)? == 0 && sql::state(tx, CLEAR)?.is_none())
}

/// Notes that from now on rows may be sent in clear.
///
/// # Errors
/// Faults only.
pub fn note_clear(tx: &Tx<'_>) -> Outcome<()> {
    if sql::state(tx, CLEAR)?.is_none() { sql::set_state(tx, CLEAR, "1") } else { Ok(()) }
}

/// Encrypts no more.
///
/// # Errors
/// Faults only.
pub fn leave(tx: &Tx<'_>) -> Outcome<()> {
    sql::unset_state(tx, UNDER)?;
    begin(tx)
}

/// Forgets the mirror, but not that rows are to be encrypted.
///
/// # Errors
/// Faults only.
pub fn forget_everything(tx: &Tx<'_>) -> Outcome<()> {
    let under = sql::state(tx, UNDER)?;
    sql::forget_everything(tx)?;
    if under.is_some() { sql::set_state(tx, UNDER, ANY) } else { Ok(()) }
}

fn begin(tx: &Tx<'_>) -> Outcome<()> {
    if !export::is_on(tx)? {
        return Ok(());
    }
    export::want_snapshot(tx, "another key")?;
    sql::set_state(tx, "rekey", "0")?;
    sql::unset_state(tx, "rekey_after")
}

/// A version that was made here turned up under another key: it was on its way when the keys were
/// changed, so that the snapshot did not tell of it.
///
/// # Errors
/// Faults only.
pub fn go_on(tx: &Tx<'_>) -> Outcome<()> {
    if is_under_way(tx)? || sql::state(tx, UNDER)?.is_none() {
        return Ok(());
    }
    // Behind all tables that only this device writes.
    sql::set_state(tx, "rekey", &usize::MAX.to_string())
}

/// Whether rows are still to be sent again.
///
/// # Errors
/// Faults only.
pub fn is_under_way(tx: &Tx<'_>) -> Outcome<bool> {
    Ok(sql::state(tx, "rekey")?.is_some())
}

/// Logs the next rows once more; whether more are to come.
///
/// # Errors
/// Faults only.
pub fn step(tx: &Tx<'_>) -> Outcome<bool> {
    let Some(at) = sql::state(tx, "rekey")? else { return Ok(false) };
    if sql::state(tx, "resnapshot")?.is_some() {
        // Only the snapshot tells what is there.
        return Ok(true);
    }
    let at: usize = at.parse().unwrap_or(0);
    let own = catalogue::tables().iter().filter(|t| t.class == Class::Owner && cipher::covers(t));
    match own.clone().nth(at) {
        Some(table) => step_of(tx, table, at).map(|()| true),
        None => shared(tx),
    }
}

fn step_of(tx: &Tx<'_>, table: &Table, at: usize) -> Outcome<()> {
    let after = sql::state(tx, "rekey_after")?;
    let after: Option<Vec<Value>> = after.and_then(|text| serde_json::from_str(&text).ok());
    let page = sql::rows_after(tx, table, after.as_deref(), export::STEP)?;
    for row in &page {
        sql::log(tx, table, row)?;
    }
    match page.last() {
        Some(last) if page.len() == export::STEP => sql::set_state(tx, "rekey_after", &last.key),
        _ => {
            sql::unset_state(tx, "rekey_after")?;
            sql::set_state(tx, "rekey", &(at + 1).to_string())
        }
    }
}

fn shared(tx: &Tx<'_>) -> Outcome<bool> {
    let held = marks::held(tx, export::STEP)?;
    for (name, key, hlc) in &held {
        marks::unset(tx, name, key)?;
        let Some(table) = catalogue::table(name) else { continue };
        let values = rows::key_values(key).unwrap_or_default();
        if let Some(body) = rows::find(tx, table, &values)? {
            let row = Exported { key: key.clone(), body: Some(body.to_string()), hlc: hlc + 1 };
            sql::log(tx, table, &row)?;
        }
    }
    if held.is_empty() {
        sql::unset_state(tx, "rekey")?;
    }
    Ok(!held.is_empty())
}
