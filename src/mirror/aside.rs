//! Changes that the mirror did not take, and what a person decides about them.

use std::collections::BTreeSet;

use rusqlite::named_params;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::catalogue;
use super::{rows, sql};
use crate::failure::{Outcome, Refusal};
use crate::store::{Topic, Tx};
use crate::time::Time;

/// A change that was set aside.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the columns of sync_aside")]
pub struct Conflict {
    pub conflict: i64,
    pub table: String,
    pub key: String,
    pub code: String,
    pub reason: String,
    /// What this device wanted; none: a deletion.
    pub ours: Option<Value>,
    /// What the mirror has; none: no such row.
    pub theirs: Option<Value>,
    pub at: Time,
}

/// Whose version stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Keep {
    /// What this device wanted; it is sent once more.
    Ours,
    /// What the mirror has.
    Theirs,
}

/// Why nothing is decided.
#[derive(Debug, thiserror::Error)]
#[error("there is no open conflict {number}")]
struct NoConflict {
    number: i64,
}

impl Refusal for NoConflict {
    fn code(&self) -> &'static str {
        "conflict_not_found"
    }

    fn hint(&self) -> Option<String> {
        Some("`coord sync conflicts` lists them".into())
    }

    fn facts(&self) -> Map<String, Value> {
        Map::from_iter([("conflict".to_owned(), self.number.into())])
    }
}

const OPEN: &str = "SELECT aside_id, tbl, pk, code, reason, ours, theirs, at FROM sync_aside
                     WHERE resolved_at IS NULL ORDER BY aside_id LIMIT 500";

/// How many wait.
pub fn count(tx: &Tx<'_>) -> Outcome<i64> {
    let sql = "SELECT count(*) FROM sync_aside WHERE resolved_at IS NULL";
    Ok(tx.one(sql, [], |row| row.get(0))?.unwrap_or(0))
}

/// Whether a row waits for a person already, for that reason.
pub fn has_open(tx: &Tx<'_>, table: &str, key: &str, code: &str) -> Outcome<bool> {
    let sql = "SELECT 1 FROM sync_aside
                WHERE tbl = :tbl AND pk = :pk AND code = :code AND resolved_at IS NULL LIMIT 1";
    let named = named_params! { ":tbl": table, ":pk": key, ":code": code };
    Ok(tx.one(sql, named, |_| Ok(()))?.is_some())
}

/// Whether that change could not be sent.
pub fn is_of(tx: &Tx<'_>, seq: i64) -> Outcome<bool> {
    let sql = "SELECT 1 FROM sync_aside WHERE code = 'untransportable' AND seq = :seq";
    Ok(tx.one(sql, named_params! { ":seq": seq }, |_| Ok(()))?.is_some())
}

/// The rows of a table whose last change could not be sent.
pub fn unsendable(tx: &Tx<'_>, table: &str) -> Outcome<BTreeSet<String>> {
    let sql = "SELECT pk FROM sync_aside
                WHERE code = 'untransportable' AND tbl = :tbl AND resolved_at IS NULL";
    let keys: Vec<String> = tx.all(sql, named_params! { ":tbl": table }, |row| row.get(0))?;
    let text = |key: &String| Some(rows::key_text(&rows::key_values(key)?));
    Ok(keys.iter().filter_map(text).collect())
}

/// The mirror has what came between two places of the log: who asked about an earlier change of
/// one of its rows, which could not be sent, need not be answered any more.
pub fn outlived(tx: &Tx<'_>, after: i64, until: i64) -> Outcome<()> {
    tx.run(
        "UPDATE sync_aside SET resolved_at = coord_hlc() >> 16
          WHERE code = 'untransportable' AND resolved_at IS NULL AND EXISTS (
                SELECT 1 FROM change_log AS l
                 WHERE l.seq > max(:after, sync_aside.seq) AND l.seq <= :until
                   AND l.tbl = sync_aside.tbl AND l.pk = sync_aside.pk)",
        named_params! { ":after": after, ":until": until },
    )?;
    Ok(())
}

/// What this device wanted of a row that nobody has decided about; `None`: nothing is undecided.
pub fn undecided(tx: &Tx<'_>, table: &str, key: &str) -> Outcome<Option<Option<Value>>> {
    let sql = "SELECT ours FROM sync_aside
                WHERE tbl = :tbl AND pk = :pk AND code = 'conflict' AND resolved_at IS NULL
                ORDER BY aside_id DESC LIMIT 1";
    let named = named_params! { ":tbl": table, ":pk": key };
    let ours: Option<Option<String>> = tx.one(sql, named, |row| row.get(0))?;
    Ok(ours.map(|text| text.and_then(|text| serde_json::from_str(&text).ok())))
}

/// The mirror's side of what nobody has decided about is another now.
pub fn renew(
    tx: &Tx<'_>,
    table: &str,
    key: &str,
    theirs: Option<&Value>,
    revision: i64,
) -> Outcome<()> {
    tx.run(
        "UPDATE sync_aside SET theirs = :theirs, revision = :revision
          WHERE tbl = :tbl AND pk = :pk AND code = 'conflict' AND resolved_at IS NULL",
        named_params! {
            ":theirs": theirs.map(Value::to_string), ":revision": revision, ":tbl": table, ":pk": key,
        },
    )?;
    Ok(())
}

/// Nothing is undecided about this row any more.
pub fn close(tx: &Tx<'_>, table: &str, key: &str) -> Outcome<()> {
    tx.run(
        "UPDATE sync_aside SET resolved_at = coord_hlc() >> 16
          WHERE tbl = :tbl AND pk = :pk AND code = 'conflict' AND resolved_at IS NULL",
        named_params! { ":tbl": table, ":pk": key },
    )?;
    Ok(())
}

/// Those that wait, oldest first.
pub fn open(tx: &Tx<'_>) -> Outcome<Vec<Conflict>> {
    let json = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
    Ok(tx.all(OPEN, [], |row| {
        Ok(Conflict {
            conflict: row.get(0)?,
            table: row.get(1)?,
            key: row.get(2)?,
            code: row.get(3)?,
            reason: row.get(4)?,
            ours: json(row.get(5)?),
            theirs: json(row.get(6)?),
            at: row.get(7)?,
        })
    })?)
}

/// Lets one version stand; the row as it is then.
///
/// # Errors
/// `conflict_not_found`.
pub fn resolve(tx: &Tx<'_>, number: i64, keep: Keep, now: Time) -> Outcome<Option<Value>> {
    let conflict = open(tx)?.into_iter().find(|conflict| conflict.conflict == number);
    let conflict = conflict.ok_or(NoConflict { number })?;
    let values = rows::key_values(&conflict.key).unwrap_or_default();
    let table = catalogue::table(&conflict.table);
    let version = if keep == Keep::Ours { &conflict.ours } else { &conflict.theirs };
    if let (Some(table), "conflict") = (table, conflict.code.as_str()) {
        let write = |tx: &Tx<'_>| match version {
            Some(body) => rows::put(tx, table, &values, body),
            None => rows::remove(tx, table, &values),
        };
        match keep {
            // Logged, so that it is sent once more, on top of the revision that is there.
            Keep::Ours => {
                tx.uncaptured(|tx| match (version, &conflict.theirs) {
                    (None, Some(theirs)) => rows::put(tx, table, &values, theirs),
                    _ => rows::remove(tx, table, &values),
                })?;
                write(tx)?;
            }
            // What waits to be sent must not replace theirs after all.
            Keep::Theirs if sql::is_pending(tx, &conflict.table, &conflict.key)? => write(tx)?,
            Keep::Theirs => tx.uncaptured(write)?,
        }
        for topic in [Topic::Guardrails, Topic::Profiles] {
            tx.changed(topic);
        }
    }
    tx.run(
        "UPDATE sync_aside SET resolved_at = :now WHERE aside_id = :id",
        named_params! { ":now": now, ":id": number },
    )?;
    table.map_or(Ok(None), |table| rows::find(tx, table, &values))
}

/// What is set aside.
#[expect(missing_docs, reason = "the columns of sync_aside")]
pub struct Aside<'a> {
    /// The change, if it was this device's.
    pub seq: Option<i64>,
    pub code: &'a str,
    pub reason: &'a str,
    pub ours: Option<&'a Value>,
    pub theirs: Option<&'a Value>,
    /// Theirs.
    pub revision: i64,
}

/// Sets a change aside.
pub fn put(tx: &Tx<'_>, table: &str, key: &str, what: &Aside<'_>) -> Outcome<()> {
    if what.code == "conflict" {
        // One question about one row.
        close(tx, table, key)?;
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
    let subject = if is_of(tx, seq)? { None } else { sql::subject(tx, seq)? };
    if let Some((table, key)) = subject {
        let rest = if table == "audit_log" { "; its number, time and hash go alone" } else { "" };
        let reason = &format!("{reason}{rest}");
        let aside = Aside { seq: Some(seq), code, reason, ours: None, theirs: None, revision: 0 };
        put(tx, &table, &key, &aside)?;
    }
    Ok(())
}
