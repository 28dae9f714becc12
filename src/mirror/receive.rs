//! What becomes of a row that comes from the mirror.
//!
//! - A row that was changed here and not yet sent is left alone: the mirror decides
//!   about it when it is sent, and gives back what won.
//! - Rows of other devices' sessions, locks and tasks are kept apart: they are shown and
//!   never decide anything here.
//! - A row that cannot be written, or was altered on its way, is set aside; the page goes on.
//! - A row that is encrypted with a key that is not here is not written; that it is there is noted,
//!   and it comes again once the key is there.

use coord_sync::wire::{Change, Cursor, Page};
use serde_json::Value;

use super::agreed::{self, Agreed};
use super::aside::{self, Aside};
use super::catalogue::{self, Class, Table};
use super::cipher::{self, Reading};
use super::key::Key;
use super::lineage::{self, Lineage, Relation, Version};
use super::marks::{self, Form, Mark};
use super::stricter::stricter;
use super::{export, peers, rows, sql};
use crate::failure::Outcome;
use crate::store::{Topic, Tx};

/// A row of the mirror.
#[derive(Clone, Copy)]
pub struct Arrival<'a> {
    pub table: &'a str,
    pub key: &'a str,
    pub device: Option<&'a str>,
    pub hlc: i64,
    pub version: &'a Version,
    pub digest: Option<&'a str>,
    pub body: Option<&'a Value>,
}

/// The version that comes.
pub fn version(revision: Option<i64>, lineage: &Lineage) -> Version {
    Version { revision: revision.unwrap_or(0), lineage: lineage.clone() }
}

/// Applies a page and moves the cursor; `key` opens what is encrypted.
pub fn page(tx: &Tx<'_>, page: &Page, key: Option<&Key>) -> Outcome<()> {
    for change in &page.changes {
        let version = version(change.revision, &change.lineage);
        arrive(tx, &of(change, &version), key)?;
    }
    tell(tx);
    set_cursor(tx, &page.cursor)
}

fn of<'a>(change: &'a Change, version: &'a Version) -> Arrival<'a> {
    Arrival {
        table: &change.table,
        key: &change.key,
        device: Some(change.device.as_str()).filter(|device| !device.is_empty()),
        hlc: change.hlc,
        version,
        digest: change.digest.as_deref(),
        body: change.body.as_ref().filter(|_| change.op != "d"),
    }
}

/// Where the next page starts.
pub fn set_cursor(tx: &Tx<'_>, cursor: &Cursor) -> Outcome<()> {
    let text = serde_json::to_string(cursor).map_err(anyhow::Error::from)?;
    sql::set_state(tx, "cursor", &text)
}

/// Rows of many kinds may have changed.
pub fn tell(tx: &Tx<'_>) {
    for topic in [Topic::Memories, Topic::Handoffs, Topic::Guardrails, Topic::Profiles] {
        tx.changed(topic);
    }
}

/// Writes a row that came, or notes why it cannot be.
pub fn arrive(tx: &Tx<'_>, row: &Arrival<'_>, key: Option<&Key>) -> Outcome<()> {
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
    let (theirs, revision) = (row.body, row.version.revision);
    let aside = Aside { seq: None, code, reason, ours: None, theirs, revision };
    aside::put(tx, row.table, row.key, &aside)
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
    let holds = match table.class {
        Class::Policy => policy(tx, table, row)?,
        _ => Some(row.body.cloned()),
    };
    let Some(holds) = holds else { return Ok(()) };
    if stays_forgotten(tx, table, row)? {
        return export::log_again(tx, table, row.key, None);
    }
    write(tx, table, row.key, holds.as_ref())?;
    agree(tx, table, row)
}

/// What holds of a policy that came; `None`: it is older than the one here.
fn policy(tx: &Tx<'_>, table: &Table, row: &Arrival<'_>) -> Outcome<Option<Option<Value>>> {
    let agreed = lineage::agreed(tx, row.table, row.key)?.unwrap_or_default();
    let relation = agreed.relation(row.version);
    if relation == Relation::Older {
        return Ok(None);
    }
    let ours = match aside::undecided(tx, row.table, row.key)? {
        Some(ours) => ours,
        None if relation == Relation::Parted => {
            rows::find(tx, table, &rows::key_values(row.key).unwrap_or_default())?
        }
        None => return Ok(Some(row.body.cloned())),
    };
    if ours.as_ref() == row.body {
        aside::close(tx, row.table, row.key)?;
        return Ok(Some(ours));
    }
    if relation == Relation::Parted {
        let reason = "the mirror was put back, and it was changed on both sides of that";
        let (theirs, revision) = (row.body, row.version.revision);
        let aside =
            Aside { seq: None, code: "conflict", reason, ours: ours.as_ref(), theirs, revision };
        aside::put(tx, row.table, row.key, &aside)?;
    } else {
        aside::renew(tx, row.table, row.key, row.body, row.version.revision)?;
    }
    // Nobody has decided yet: what is forbidden here stays forbidden.
    Ok(Some(stricter(row.table, ours.as_ref(), row.body)))
}

/// Both sides have it now.
fn agree(tx: &Tx<'_>, table: &Table, row: &Arrival<'_>) -> Outcome<()> {
    let Arrival { table: name, key, hlc, .. } = *row;
    let known = if row.device.is_none() { agreed::author(tx, name, key)? } else { None };
    let device = row.device.or(known.as_deref());
    agreed::set(tx, &Agreed { table: name, key, device, hlc, revision: row.version.revision })?;
    if table.class == Class::Policy {
        lineage::note(tx, name, key, &row.version.lineage)?;
    }
    Ok(())
}

/// Keeps what belongs to another device apart.
fn keep(tx: &Tx<'_>, row: &Arrival<'_>, body: Option<&Value>) -> Outcome<()> {
    let Some(device) = row.device else { return Ok(()) };
    peers::keep(tx, device, row.table, row.key, body.map(|body| (row.hlc, body)))
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
pub fn write(tx: &Tx<'_>, table: &Table, key: &str, body: Option<&Value>) -> Outcome<()> {
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
    Ok(agreed::known(tx, &table.name, key)?.is_none() && rows::find(tx, table, &values)?.is_some())
}
