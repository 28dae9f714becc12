//! What becomes of a row that comes from the mirror, and of one that it did not take.
//!
//! - A row that was changed here and not yet sent is left alone: the mirror decides
//!   about it when it is sent, and gives back what won.
//! - Rows of other devices' sessions, locks and tasks are kept apart: they are shown and
//!   never decide anything here.
//! - A row that cannot be written, or was altered on its way, is set aside; the page goes on.
//! - A row that is encrypted with a key that is not here is not written; that it is there is noted,
//!   and it comes again once the key is there.

use std::collections::BTreeSet;

use coord_sync::wire::{Change, Cursor, Page, Reject, Snapshot};
use rusqlite::named_params;
use serde_json::Value;

use super::catalogue::{self, Class, Table};
use super::cipher::{self, Reading};
use super::kept::Kept;
use super::key::Key;
use super::marks::{self, Form, Mark};
use super::sql::Agreed;
use super::stricter::stricter;
use super::{aside, export, log, restored, rows, sql};
use crate::failure::Outcome;
use crate::store::{Topic, Tx};

/// A row of the mirror.
struct Arrival<'a> {
    table: &'a str,
    key: &'a str,
    device: Option<&'a str>,
    hlc: i64,
    revision: i64,
    digest: Option<&'a str>,
    body: Option<&'a Value>,
}

/// Applies a page and moves the cursor; `key` opens what is encrypted.
pub fn page(tx: &Tx<'_>, page: &Page, key: Option<&Key>) -> Outcome<()> {
    for change in &page.changes {
        arrive(tx, &of(change), key)?;
    }
    tell(tx);
    set_cursor(tx, &page.cursor)
}

fn of(change: &Change) -> Arrival<'_> {
    Arrival {
        table: &change.table,
        key: &change.key,
        device: Some(change.device.as_str()).filter(|device| !device.is_empty()),
        hlc: change.hlc,
        revision: change.revision.unwrap_or(0),
        digest: change.digest.as_deref(),
        body: change.body.as_ref().filter(|_| change.op != "d"),
    }
}

fn set_cursor(tx: &Tx<'_>, cursor: &Cursor) -> Outcome<()> {
    let text = serde_json::to_string(cursor).map_err(anyhow::Error::from)?;
    sql::set_state(tx, "cursor", &text)
}

/// Rows of many kinds may have changed.
fn tell(tx: &Tx<'_>) {
    for topic in [Topic::Memories, Topic::Handoffs, Topic::Guardrails, Topic::Profiles] {
        tx.changed(topic);
    }
}

fn arrive(tx: &Tx<'_>, row: &Arrival<'_>, key: Option<&Key>) -> Outcome<()> {
    let Some(table) = catalogue::table(row.table) else {
        // A newer coord has a table more: this one learns of it when it is updated.
        return Ok(());
    };
    if table.class == Class::Append {
        return Ok(());
    }
    let read = row.body.map(|body| cipher::decrypt(key, table, row.key, body, row.digest));
    let done = match read {
        Some(Reading::Foreign) => return unread(tx, table, row),
        Some(Reading::Altered(why)) => return altered(tx, table, row, why),
        Some(Reading::Opened(body)) => tx.attempt(|tx| {
            apply(tx, table, &Arrival { body: Some(&body), ..*row })?;
            marks::unset(tx, row.table, row.key)
        }),
        Some(Reading::Clear) | None => tx.attempt(|tx| {
            apply(tx, table, row)?;
            in_clear(tx, table, row, key)
        }),
    };
    match done {
        Ok(()) => Ok(()),
        Err(failure) => refused(tx, row, "inapplicable", &failure.to_string()),
    }
}

/// Sets aside a row that came.
fn refused(tx: &Tx<'_>, row: &Arrival<'_>, code: &str, reason: &str) -> Outcome<()> {
    let (theirs, revision) = (row.body, row.revision);
    let aside = Aside { seq: None, code, reason, ours: None, theirs, revision };
    put_aside(tx, row.table, row.key, &aside)
}

/// Notes a row that came as this device would not send it.
fn in_clear(tx: &Tx<'_>, table: &Table, row: &Arrival<'_>, key: Option<&Key>) -> Outcome<()> {
    let ours = row.body.map(|body| cipher::digest(key, table, body)).transpose()?;
    if table.class == Class::Union && ours.is_some() && ours.as_deref() != row.digest {
        return mark(tx, row, Form::Clear);
    }
    marks::unset(tx, row.table, row.key)
}

fn mark(tx: &Tx<'_>, row: &Arrival<'_>, form: Form) -> Outcome<()> {
    if sql::is_pending(tx, row.table, row.key)? {
        // This device's own version is on its way, in its own form.
        return Ok(());
    }
    let Arrival { table, key, device, hlc, digest, .. } = *row;
    marks::set(tx, &Mark { table, key, form, device, hlc, digest: digest.unwrap_or("0") })
}

/// Of what belongs to another device the rest is kept; what would be written here is not.
fn unread(tx: &Tx<'_>, table: &Table, row: &Arrival<'_>) -> Outcome<()> {
    match (table.class, row.body) {
        (Class::Owner, Some(body)) => keep(tx, row, Some(&cipher::without_body(table, body))),
        _ => mark(tx, row, Form::Foreign),
    }
}

fn altered(tx: &Tx<'_>, table: &Table, row: &Arrival<'_>, why: &str) -> Outcome<()> {
    if table.class == Class::Union {
        mark(tx, row, Form::Altered)?;
    }
    // A snapshot brings it once more.
    if aside::has_open(tx, row.table, row.key, "altered")? {
        return Ok(());
    }
    refused(tx, row, "altered", why)
}

fn apply(tx: &Tx<'_>, table: &Table, row: &Arrival<'_>) -> Outcome<()> {
    if table.class == Class::Owner {
        return keep(tx, row, row.body);
    }
    tx.witness(row.hlc);
    if sql::is_pending(tx, row.table, row.key)? || is_unexported(tx, table, row.key)? {
        return Ok(());
    }
    let holds = match aside::undecided(tx, row.table, row.key)? {
        // Nobody has decided yet: what is forbidden here stays forbidden.
        Some(ours) => {
            aside::renew(tx, row.table, row.key, row.body, row.revision)?;
            stricter(row.table, ours.as_ref(), row.body)
        }
        None => row.body.cloned(),
    };
    if stays_forgotten(tx, table, row)? {
        return export::log_again(tx, table, row.key, None);
    }
    write(tx, table, row.key, holds.as_ref())?;
    let Arrival { table, key, hlc, revision, .. } = *row;
    let known = if row.device.is_none() { sql::author(tx, table, key)? } else { None };
    let device = row.device.or(known.as_deref());
    sql::agree(tx, &Agreed { table, key, device, hlc, revision })
}

/// Keeps what belongs to another device apart.
fn keep(tx: &Tx<'_>, row: &Arrival<'_>, body: Option<&Value>) -> Outcome<()> {
    let Some(device) = row.device else { return Ok(()) };
    sql::keep_peer(tx, device, row.table, row.key, body.map(|body| (row.hlc, body)))
}

/// Whether the row is of a memory that was forgotten here: whoever pinned it did not know, or
/// the mirror was put back to before. It is told again.
fn stays_forgotten(tx: &Tx<'_>, table: &Table, row: &Arrival<'_>) -> Outcome<bool> {
    let forgotten = |row: &Value| row.get("forgotten_at").is_some_and(|at| !at.is_null());
    if row.body.is_none_or(|body| table.name != "episodic_memories" || forgotten(body)) {
        return Ok(false);
    }
    let ours = rows::find(tx, table, &rows::key_values(row.key).unwrap_or_default())?;
    Ok(ours.as_ref().is_some_and(forgotten))
}

/// Makes the row as it is said to be.
fn write(tx: &Tx<'_>, table: &Table, key: &str, body: Option<&Value>) -> Outcome<()> {
    let values = rows::key_values(key).unwrap_or_default();
    match body {
        Some(body) => rows::put(tx, table, &values, body),
        None => rows::remove(tx, table, &values),
    }
}

/// Whether the row was here before sync was switched on, and the mirror has yet to hear of it.
fn is_unexported(tx: &Tx<'_>, table: &Table, key: &str) -> Outcome<bool> {
    if table.class != Class::Policy || sql::state(tx, "export")?.is_none() {
        return Ok(false);
    }
    let values = rows::key_values(key).unwrap_or_default();
    Ok(sql::known(tx, &table.name, key)?.is_none() && rows::find(tx, table, &values)?.is_some())
}

/// The mirror has everything up to `seq` but what it refused.
pub fn acknowledge(tx: &Tx<'_>, seq: i64, refused: &[Reject], left_out: &[String]) -> Outcome<()> {
    let projects = Kept::load(tx)?;
    let (acked, given) = (sql::acked(tx)?, restored::given(tx)?);
    for change in sql::policies_between(tx, acked.max(restored::resent_until(tx)?), seq)? {
        let (table, key) = (change.table.as_str(), change.key.as_str());
        let same = |reject: &Reject| reject.table == table && reject.key == key;
        let agreed = log::revision(tx, table, key)?;
        // What came and went before the mirror heard of it has no revision there.
        let never_there = change.removed && agreed == 0;
        let kept = left_out.contains(&change.table);
        if kept || given.contains(&change.last) || refused.iter().any(same) || never_there {
            continue;
        }
        if projects.kept_last(tx, table, key)? {
            continue;
        }
        let revision = agreed + 1;
        sql::agree(tx, &Agreed { table, key, revision, ..Agreed::default() })?;
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
    let pending = sql::is_pending(tx, &reject.table, &reject.key)?;
    if reject.code == "known" {
        return known(tx, reject);
    }
    if reject.code == "conflict" && pending {
        // It is followed by another change of the row, made without having seen theirs either:
        // that one is judged by what this one was made on, and shown in its place.
        return restored::was_not_taken(tx, reject);
    }
    let ours = match catalogue::table(&reject.table) {
        Some(table) => rows::find(tx, table, &rows::key_values(&reject.key).unwrap_or_default())?,
        None => None,
    };
    let theirs = reject.theirs.as_ref().filter(|theirs| !theirs.is_null());
    let revision = reject.revision.unwrap_or(0);
    let aside = Aside {
        seq: Some(reject.seq),
        code: &reject.code,
        reason: &reject.reason,
        ours: ours.as_ref(),
        theirs,
        revision,
    };
    put_aside(tx, &reject.table, &reject.key, &aside)?;
    let kind = catalogue::table(&reject.table);
    if let ("gone", Some(kind)) =
        (reject.code.as_str(), kind.filter(|kind| kind.class == Class::Union))
    {
        // An administrator removed it from everywhere; to keep it would be to send it for ever.
        write(tx, kind, &reject.key, None)?;
        tell(tx);
    }
    if let ("conflict", Some(kind)) = (reject.code.as_str(), kind) {
        let (table, key) = (reject.table.as_str(), reject.key.as_str());
        sql::agree(tx, &Agreed { table, key, revision, ..Agreed::default() })?;
        let holds = stricter(&reject.table, ours.as_ref(), theirs);
        write(tx, kind, &reject.key, holds.as_ref())?;
        tell(tx);
    }
    Ok(())
}

/// What the change brings about was there already.
fn known(tx: &Tx<'_>, reject: &Reject) -> Outcome<()> {
    let (table, key) = (reject.table.as_str(), reject.key.as_str());
    let revision = reject.revision.unwrap_or(0);
    aside::close(tx, table, key)?;
    sql::agree(tx, &Agreed { table, key, revision, ..Agreed::default() })
}

/// What is set aside.
struct Aside<'a> {
    seq: Option<i64>,
    code: &'a str,
    reason: &'a str,
    ours: Option<&'a Value>,
    theirs: Option<&'a Value>,
    revision: i64,
}

fn put_aside(tx: &Tx<'_>, table: &str, key: &str, what: &Aside<'_>) -> Outcome<()> {
    if what.code == "conflict" {
        // One question about one row.
        aside::close(tx, table, key)?;
    }
    tx.run(
        "INSERT INTO sync_aside (aside_id, seq, tbl, pk, code, reason, ours, theirs, revision, at)
         VALUES ((SELECT coalesce(max(aside_id), 0) + 1 FROM sync_aside), :seq, :tbl, :pk, :code,
                 :reason, :ours, :theirs, :revision, coord_hlc() >> 16)",
        named_params! {
            ":seq": what.seq,
            ":tbl": table,
            ":pk": key,
            ":code": what.code,
            ":reason": what.reason,
            ":ours": what.ours.map(Value::to_string),
            ":theirs": what.theirs.map(Value::to_string),
            ":revision": what.revision,
        },
    )?;
    Ok(())
}

/// Keeps a change that cannot be transported from being sent.
pub fn set_aside_own(tx: &Tx<'_>, seq: i64, code: &str, reason: &str) -> Outcome<()> {
    let subject = if aside::is_of(tx, seq)? { None } else { sql::subject(tx, seq)? };
    if let Some((table, key)) = subject {
        let rest = if table == "audit_log" { "; its number, time and hash go alone" } else { "" };
        let reason = &format!("{reason}{rest}");
        let aside = Aside { seq: Some(seq), code, reason, ours: None, theirs: None, revision: 0 };
        put_aside(tx, &table, &key, &aside)?;
    }
    Ok(())
}

/// Applies rows of a snapshot; `key` opens what is encrypted.
pub fn snapshot(tx: &Tx<'_>, table: &str, rows: &[Snapshot], key: Option<&Key>) -> Outcome<()> {
    let own = sql::state(tx, "device")?;
    let Some(kind) = catalogue::table(table) else { return Ok(()) };
    for row in rows {
        if kind.class == Class::Owner && own.as_deref() == Some(&row.device) {
            continue;
        }
        let pending = sql::is_pending(tx, table, &row.key)?;
        if !pending && restored::is_older(tx, kind, &row.key, row.hlc, row.revision.unwrap_or(0))? {
            restored::give(tx, kind, &row.key)?;
            continue;
        }
        let arrival = Arrival {
            table,
            key: &row.key,
            device: Some(&row.device),
            hlc: row.hlc,
            revision: row.revision.unwrap_or(0),
            digest: row.digest.as_deref(),
            body: Some(&row.body),
        };
        arrive(tx, &arrival, key)?;
    }
    tell(tx);
    Ok(())
}

/// The snapshot is whole: what it does not have is gone.
pub fn end_of_snapshot(
    tx: &Tx<'_>,
    seen: &BTreeSet<(String, String, String)>,
    cursor: &Cursor,
    left_out: &[String],
) -> Outcome<()> {
    for (device, table, key) in sql::peer_keys(tx)? {
        if !seen.contains(&(device.clone(), table.clone(), key.clone())) {
            sql::keep_peer(tx, &device, &table, &key, None)?;
        }
    }
    let present: BTreeSet<(&str, &str)> =
        seen.iter().map(|(_, table, key)| (table.as_str(), key.as_str())).collect();
    let put_back = sql::state(tx, "resnapshot")?.as_deref() == Some(restored::WHY);
    // Of a table that is left out nothing was asked.
    for (table, key) in marks::all(tx)?.into_iter().filter(|row| !left_out.contains(&row.0)) {
        if !present.contains(&(table.as_str(), key.as_str())) {
            marks::unset(tx, &table, &key)?;
        }
    }
    for (table, key) in sql::agreed(tx)?.into_iter().filter(|row| !left_out.contains(&row.0)) {
        let Some(kind) = catalogue::table(&table) else { continue };
        if present.contains(&(table.as_str(), key.as_str())) || sql::is_pending(tx, &table, &key)? {
            continue;
        }
        let values = rows::key_values(&key).unwrap_or_default();
        if put_back && rows::find(tx, kind, &values)?.is_some() {
            restored::give(tx, kind, &key)?;
        } else if kind.class == Class::Policy {
            sql::disagree(tx, &table, &key)?;
            write(tx, kind, &key, None)?;
        }
    }
    sql::unset_state(tx, "resnapshot")?;
    set_cursor(tx, cursor)
}
