//! What is said between a device and the mirror: the words of protocol 1.
//!
//! - Whole numbers beyond 2^53 travel as text.
//! - A field that is missing or of another type makes the answer unreadable; the
//!   worker takes such an answer for no answer at all.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::batch::Batch;
use crate::journal::{Identity, State};

/// The version of the protocol.
pub const PROTO: u32 = 1;
/// Changes asked for in one page.
pub const PAGE: usize = 500;

/// A place in the mirror's log: the position, and the row that was seen there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Dense in a workspace; 0: before the first.
    #[serde(rename = "cursor")]
    pub position: i64,
    /// The device whose row it is.
    #[serde(rename = "cursor_dev", default)]
    pub device: Option<String>,
    /// Its number there.
    #[serde(rename = "cursor_seq", default)]
    pub seq: Option<i64>,
}

/// A change that the mirror will never take.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Reject {
    /// Its number.
    #[serde(rename = "s")]
    pub seq: i64,
    /// The table.
    #[serde(rename = "t", default)]
    pub table: String,
    /// The key.
    #[serde(rename = "k", default)]
    pub key: String,
    /// Why, in a word.
    pub code: String,
    /// Why, in words.
    #[serde(default)]
    pub reason: String,
    /// The revision of the mirror's row.
    #[serde(rename = "r", default)]
    pub revision: Option<i64>,
    /// Of a policy: digests of the mirror's row and of those before it, newest first; none for one
    /// that nobody noted.
    #[serde(rename = "l", default)]
    pub lineage: Vec<Option<String>>,
    /// The mirror's row.
    #[serde(rename = "v", default)]
    pub theirs: Option<Value>,
}

/// The answer to a push.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields are those of the protocol")]
pub enum Pushed {
    /// It was taken.
    Ok {
        acked: i64,
        #[serde(default)]
        rejects: Vec<Reject>,
        #[serde(default)]
        quarantined: Option<Value>,
    },
    /// It had been taken before.
    Duplicate {
        acked: i64,
        #[serde(default)]
        rejects: Vec<Reject>,
        #[serde(default)]
        quarantined: Option<Value>,
    },
    /// Another change is expected next.
    Gap { expected: i64 },
    /// This is not the history that the mirror knows.
    Forked {},
    /// This program is too old.
    UpgradeClient {},
    /// The mirror lacks migrations.
    UpgradeServer {
        #[serde(default)]
        schema: i64,
    },
}

/// What the mirror has of this device.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Head {
    /// The last change.
    pub acked: i64,
    /// Hash of the log up to there.
    pub hash: String,
}

/// One change of another device.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Change {
    /// Its place in the mirror's log.
    #[serde(rename = "p")]
    pub position: i64,
    /// Whose it is; empty when everybody must hear of it: an administrator removed the row, or the
    /// change of some device lost against it.
    #[serde(rename = "d", default)]
    pub device: String,
    /// The table.
    #[serde(rename = "t")]
    pub table: String,
    /// The key.
    #[serde(rename = "k")]
    pub key: String,
    /// `i` for a row that is there, `d` for one that is gone.
    #[serde(rename = "o")]
    pub op: String,
    /// Its hybrid time.
    #[serde(rename = "h", default, deserialize_with = "number")]
    pub hlc: i64,
    /// The revision of a policy.
    #[serde(rename = "r", default)]
    pub revision: Option<i64>,
    /// Of a policy: digests of this version and of those before it, newest first; none for one
    /// that nobody noted.
    #[serde(rename = "l", default)]
    pub lineage: Vec<Option<String>>,
    /// The row's digest, by the device that wrote it.
    #[serde(rename = "x", default)]
    pub digest: Option<String>,
    /// The row.
    #[serde(rename = "v", default)]
    pub body: Option<Value>,
}

/// A page of changes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Page {
    /// The changes, in the order of their positions.
    pub changes: Vec<Change>,
    /// Where the next page starts.
    #[serde(flatten)]
    pub cursor: Cursor,
    /// More are to come.
    #[serde(default)]
    pub more: bool,
    /// The newest position.
    #[serde(default)]
    pub head: i64,
}

/// The answer to a pull.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields are those of the protocol")]
pub enum Pulled {
    /// A page.
    Ok(Page),
    /// The log no longer reaches back that far.
    Resnapshot {
        #[serde(default)]
        why: String,
    },
    /// This program is too old.
    UpgradeClient {},
    /// The mirror lacks migrations.
    UpgradeServer {
        #[serde(default)]
        schema: i64,
    },
}

/// One row of a snapshot.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Snapshot {
    /// Whose it is.
    #[serde(rename = "d")]
    pub device: String,
    /// The key.
    #[serde(rename = "k")]
    pub key: String,
    /// Its hybrid time.
    #[serde(rename = "h", default, deserialize_with = "number")]
    pub hlc: i64,
    /// The revision of a policy.
    #[serde(rename = "r", default)]
    pub revision: Option<i64>,
    /// Of a policy: digests of this version and of those before it, newest first; none for one
    /// that nobody noted.
    #[serde(rename = "l", default)]
    pub lineage: Vec<Option<String>>,
    /// See [`Change::digest`].
    #[serde(rename = "x", default)]
    pub digest: Option<String>,
    /// The row.
    #[serde(rename = "v")]
    pub body: Value,
}

/// A page of a snapshot.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct SnapshotPage {
    /// The rows.
    pub rows: Vec<Snapshot>,
    /// Where the next page starts; none: it was the last.
    pub next: Option<Value>,
    /// Where to pull from afterwards, if this was the first page.
    pub head: i64,
    /// See [`Cursor::device`].
    #[serde(default)]
    pub cursor_dev: Option<String>,
    /// See [`Cursor::seq`].
    #[serde(default)]
    pub cursor_seq: Option<i64>,
}

/// By table and bucket: how many rows, and their digests combined.
pub type Digests = BTreeMap<String, BTreeMap<String, (u64, String)>>;

/// Stands for the digest of a bucket that is not compared.
pub const UNCOMPARED: &str = "uncompared";

/// A number, or one written as text.
fn number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
    .ok_or_else(|| serde::de::Error::custom("expected a whole number"))
}

/// The request to take a batch.
#[must_use]
pub fn push(schema: u32, batch: &Batch) -> Value {
    json!({
        "proto": PROTO, "schema": schema, "first": batch.first, "last": batch.last,
        "prev": batch.prev, "hash": batch.hash, "changes": batch.changes,
    })
}

/// The request for the page behind `state`'s cursor.
#[must_use]
pub fn pull(schema: u32, state: &State, wanted: Option<&[String]>) -> Value {
    let mut request = json!({
        "proto": PROTO, "schema": schema, "limit": PAGE, "cursor": state.cursor.position,
        "cursor_dev": state.cursor.device, "cursor_seq": state.cursor.seq,
    });
    if let Some(tables) = wanted {
        request["tables"] = json!(tables);
    }
    request
}

/// The request to know a device; `code` is an invitation, none for one that the mirror knows.
#[must_use]
pub fn enrol(schema: u32, identity: &Identity, code: Option<&str>) -> Value {
    let mut request = json!({
        "proto": PROTO, "schema": schema, "device_id": identity.device,
        "token_sha256": identity.token_digest, "name": identity.name,
        "platform": identity.platform,
    });
    if let Some(code) = code {
        request["code"] = code.into();
    }
    request
}
