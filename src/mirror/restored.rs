//! The mirror was put back: it gets again what it lost and this device still has.
//!
//! - What a device did it sends again from its log. Here are the rows that others wrote, and
//!   policies, of which only what holds now is sent and not what once held.
//! - To give a row back is nobody's decision: where the mirror has another by then, that one
//!   stands, and no person is asked.

use coord_sync::wire::Reject;

use super::catalogue::{Class, Table};
use super::{export, rows, sql};
use crate::failure::Outcome;
use crate::store::Tx;

/// Why a snapshot is fetched, if the mirror was put back.
pub const WHY: &str = "restored";
/// The changes that gave a policy back and that the mirror does not have yet.
const GIVEN: &str = "given_back";
/// Where the changes end that the mirror once had.
const RESENT: &str = "resent_until";

/// The mirror has only what is up to `seq`.
pub fn rewind(tx: &Tx<'_>, seq: i64) -> Outcome<()> {
    let had = sql::acked(tx)?.max(resent_until(tx)?);
    sql::set_state(tx, RESENT, &had.to_string())?;
    // It may not even know the rows that were changed.
    sql::set_state(tx, "exported_until", &sql::last_seq(tx)?.to_string())?;
    sql::set_state(tx, "acked", &seq.to_string())
}

/// The log begins anew.
pub fn forget(tx: &Tx<'_>) -> Outcome<()> {
    sql::unset_state(tx, RESENT)?;
    sql::unset_state(tx, GIVEN)
}

/// Changes of policies up to here are not sent again.
pub fn resent_until(tx: &Tx<'_>) -> Outcome<i64> {
    Ok(sql::state(tx, RESENT)?.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// The changes that gave a policy back.
pub fn given(tx: &Tx<'_>) -> Outcome<Vec<i64>> {
    Ok(sql::state(tx, GIVEN)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

/// Whether the mirror's row is older than what is known of it here.
pub fn is_older(tx: &Tx<'_>, table: &Table, key: &str, hlc: i64, revision: i64) -> Outcome<bool> {
    let Some(known) = sql::known(tx, &table.name, key)? else { return Ok(false) };
    Ok(match table.class {
        Class::Union => hlc < known.hlc,
        Class::Policy => revision < known.revision,
        Class::Owner | Class::Append => false,
    })
}

/// Gives the mirror a row as it is here.
pub fn give(tx: &Tx<'_>, table: &Table, key: &str) -> Outcome<()> {
    let hlc = sql::known(tx, &table.name, key)?.map_or(0, |known| known.hlc);
    if table.class == Class::Policy {
        let acked = sql::acked(tx)?;
        let mut given = given(tx)?;
        given.retain(|seq| *seq > acked);
        given.push(sql::last_seq(tx)? + 1);
        let text = serde_json::to_string(&given).map_err(anyhow::Error::from)?;
        sql::set_state(tx, GIVEN, &text)?;
    }
    export::log_again(tx, table, key, Some(hlc))
}

/// What becomes of a row that was given back and not taken; whether there was such a one.
pub fn refused(tx: &Tx<'_>, table: &Table, reject: &Reject, pending: bool) -> Outcome<bool> {
    if !given(tx)?.contains(&reject.seq) {
        return Ok(false);
    }
    let (name, key) = (table.name.as_str(), reject.key.as_str());
    let known = sql::known(tx, name, key)?.map_or(0, |known| known.revision);
    let theirs = reject.theirs.as_ref().filter(|theirs| !theirs.is_null());
    let revision = match reject.revision {
        // The change that waits was made on what was not taken, and is put before a person.
        _ if pending => (known - 1).max(0),
        Some(revision) => revision,
        None => known,
    };
    sql::agree(tx, &sql::Agreed { table: name, key, revision, ..sql::Agreed::default() })?;
    if !pending {
        let values = rows::key_values(key).unwrap_or_default();
        match theirs {
            Some(body) => rows::put(tx, table, &values, body)?,
            None => rows::remove(tx, table, &values)?,
        }
    }
    Ok(true)
}
