//! The mirror was put back: it gets again what it lost and this device still has.
//!
//! - What a device did it sends again from its log. Here are the rows that others wrote, and
//!   policies, of which only what holds now is sent and not what once held.
//! - Where the mirror has another by then, a person decides between them as between any two.

use coord_sync::wire::Reject;

use super::catalogue::{Class, Table};
use super::lineage::{self, Relation, Version};
use super::{agreed, export, sql};
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
pub fn is_older(
    tx: &Tx<'_>,
    table: &Table,
    key: &str,
    hlc: i64,
    theirs: &Version,
) -> Outcome<bool> {
    let Some(known) = agreed::known(tx, &table.name, key)? else { return Ok(false) };
    Ok(match table.class {
        Class::Union => hlc < known.hlc,
        Class::Policy => {
            let agreed = lineage::agreed(tx, &table.name, key)?.unwrap_or_default();
            agreed.relation(theirs) == Relation::Older
        }
        Class::Owner | Class::Append => false,
    })
}

/// Gives the mirror a row as it is here.
pub fn give(tx: &Tx<'_>, table: &Table, key: &str) -> Outcome<()> {
    let hlc = agreed::known(tx, &table.name, key)?.map_or(0, |known| known.hlc);
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

/// A policy that was given back was not taken, and a change of it waits: that was made on what
/// was not taken, so that it must not be either.
pub fn was_not_taken(tx: &Tx<'_>, reject: &Reject) -> Outcome<()> {
    if !given(tx)?.contains(&reject.seq) {
        return Ok(());
    }
    let (table, key) = (reject.table.as_str(), reject.key.as_str());
    let agreed = lineage::agreed(tx, table, key)?.unwrap_or_default();
    lineage::agree(tx, table, key, &agreed.before())
}
