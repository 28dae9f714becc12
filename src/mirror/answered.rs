//! What becomes of changes that the mirror answered.

use coord_sync::wire::Reject;

use super::aside::{self, Aside};
use super::catalogue::{self, Class};
use super::kept::Kept;
use super::lineage::{self, Version};
use super::stricter::stricter;
use super::{log, marks, receive, restored, rows, sql};
use crate::failure::Outcome;
use crate::store::Tx;

/// The mirror has everything up to `seq` but what it refused.
pub fn acknowledge(tx: &Tx<'_>, seq: i64, refused: &[Reject], left_out: &[String]) -> Outcome<()> {
    let projects = Kept::load(tx)?;
    let (acked, given) = (sql::acked(tx)?, restored::given(tx)?);
    for change in sql::policies_between(tx, acked.max(restored::resent_until(tx)?), seq)? {
        let (table, key) = (change.table.as_str(), change.key.as_str());
        let same = |reject: &Reject| reject.table == table && reject.key == key;
        let agreed = lineage::agreed(tx, table, key)?.unwrap_or_default();
        // What came and went before the mirror heard of it has no revision there.
        let never_there = change.removed && agreed.revision == 0;
        let kept = left_out.contains(&change.table);
        if kept || refused.iter().any(same) || never_there {
            continue;
        }
        let digest = log::digest_at(tx, change.last)?;
        if given.contains(&change.last) {
            lineage::agree(tx, table, key, &agreed.before().grown(digest))?;
            continue;
        }
        if projects.kept_last(tx, table, key)? {
            continue;
        }
        lineage::agree(tx, table, key, &agreed.grown(digest))?;
        // Whoever changed the row after a conflict has decided it.
        aside::close(tx, table, key)?;
    }
    marks::unset_between(tx, acked, seq)?;
    aside::outlived(tx, acked, seq)?;
    sql::set_state(tx, "acked", &seq.to_string())?;
    for reject in refused {
        refuse(tx, reject)?;
    }
    Ok(())
}

fn refuse(tx: &Tx<'_>, reject: &Reject) -> Outcome<()> {
    // A newer change of another device won, and comes with the next page.
    if reject.code == "lost" {
        return Ok(());
    }
    if reject.code == "known" {
        return known(tx, reject);
    }
    if reject.code == "conflict" {
        return conflict(tx, reject);
    }
    let ours = ours(tx, reject)?;
    put_aside(tx, reject, ours.as_ref())?;
    let table = catalogue::table(&reject.table).filter(|table| table.class == Class::Union);
    if let ("gone", Some(table)) = (reject.code.as_str(), table) {
        // An administrator removed it from everywhere; to keep it would be to send it for ever.
        receive::write(tx, table, &reject.key, None)?;
        receive::tell(tx);
    }
    Ok(())
}

/// What the change brings about was there already.
fn known(tx: &Tx<'_>, reject: &Reject) -> Outcome<()> {
    aside::close(tx, &reject.table, &reject.key)?;
    lineage::agree(tx, &reject.table, &reject.key, &theirs(reject))
}

/// Somebody else changed it, and whoever changed it here had not seen that.
fn conflict(tx: &Tx<'_>, reject: &Reject) -> Outcome<()> {
    let (table, key) = (reject.table.as_str(), reject.key.as_str());
    if sql::is_pending(tx, table, key)? {
        // It is followed by another change of the row, made without having seen theirs either:
        // that one is judged by what this one was made on, and shown in its place.
        return restored::was_not_taken(tx, reject);
    }
    let (ours, theirs) = (ours(tx, reject)?, theirs(reject));
    let given = restored::given(tx)?.contains(&reject.seq);
    let agreed = lineage::agreed(tx, table, key)?.unwrap_or_default();
    let row = reject.theirs.as_ref().filter(|theirs| !theirs.is_null());
    let mut holds = row.cloned();
    // What was only given back to a mirror that has a newer one was changed by nobody here.
    if !given || theirs.came_from(&agreed) != Some(true) {
        put_aside(tx, reject, ours.as_ref())?;
        holds = stricter(table, ours.as_ref(), row);
    }
    lineage::agree(tx, table, key, &theirs)?;
    if let Some(kind) = catalogue::table(table) {
        receive::write(tx, kind, key, holds.as_ref())?;
        receive::tell(tx);
    }
    Ok(())
}

/// The version that the mirror has instead.
fn theirs(reject: &Reject) -> Version {
    Version { revision: reject.revision.unwrap_or(0), lineage: reject.lineage.clone() }
}

fn ours(tx: &Tx<'_>, reject: &Reject) -> Outcome<Option<serde_json::Value>> {
    match catalogue::table(&reject.table) {
        Some(table) => rows::find(tx, table, &rows::key_values(&reject.key).unwrap_or_default()),
        None => Ok(None),
    }
}

fn put_aside(tx: &Tx<'_>, reject: &Reject, ours: Option<&serde_json::Value>) -> Outcome<()> {
    let aside = Aside {
        seq: Some(reject.seq),
        code: &reject.code,
        reason: &reject.reason,
        ours,
        theirs: reject.theirs.as_ref().filter(|theirs| !theirs.is_null()),
        revision: reject.revision.unwrap_or(0),
    };
    aside::put(tx, &reject.table, &reject.key, &aside)
}
