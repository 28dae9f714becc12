//! What is sent at once: a range of the log that ends where a transaction ends.
//!
//! - Of several changes of one row only the last image is sent, so that weeks of
//!   changes of a row cost one row. Rows that never change are all sent.
//! - A batch has at most so many changes and bytes, but one whole transaction at least;
//!   only one that is beyond what the mirror takes at all is cut.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value;

use crate::journal::{Logged, Op};

/// How much goes into one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Changes of the log.
    pub changes: usize,
    /// Bytes of what is sent.
    pub bytes: usize,
    /// Also within a transaction: the mirror could not take it whole.
    pub cut: bool,
}

/// What is aimed at.
pub const USUAL: Limits = Limits { changes: 500, bytes: 256 << 10, cut: false };
/// What the mirror refuses beyond; some is left for the request around it.
pub const HARD: Limits = Limits { changes: 5_000, bytes: 7 << 20, cut: true };

impl Limits {
    /// Half as much as `halvings` times before.
    #[must_use]
    pub fn halved(self, halvings: u32) -> Self {
        if halvings == 0 {
            return self;
        }
        let changes = (self.changes >> halvings.min(32)).max(1);
        Self { changes, bytes: (self.bytes >> halvings.min(32)).max(1), cut: true }
    }
}

/// One change as it is sent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sent {
    /// Its number.
    #[serde(rename = "s")]
    pub seq: i64,
    /// The table.
    #[serde(rename = "t")]
    pub table: String,
    /// The key.
    #[serde(rename = "k")]
    pub key: String,
    /// `i`, `u` or `d`.
    #[serde(rename = "o")]
    pub op: &'static str,
    /// Its hybrid time, as text.
    #[serde(rename = "h")]
    pub hlc: String,
    /// The revision that a change of a policy replaces.
    #[serde(rename = "b", skip_serializing_if = "Option::is_none")]
    pub base: Option<i64>,
    /// See [`Logged::lineage`].
    #[serde(rename = "l", skip_serializing_if = "Option::is_none")]
    pub lineage: Option<Vec<Option<String>>>,
    /// The row.
    #[serde(rename = "v", skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// Its digest.
    #[serde(rename = "x", skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// 1 if the body is encrypted.
    #[serde(rename = "e", skip_serializing_if = "Option::is_none")]
    pub sealed: Option<u8>,
}

/// A range of the log as it is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The first change.
    pub first: i64,
    /// The last one.
    pub last: i64,
    /// Hash of the log before it.
    pub prev: String,
    /// Hash of the log with it.
    pub hash: String,
    /// The changes, in the order of their numbers.
    pub changes: Vec<Sent>,
}

/// Makes a batch of the first of `rows`, which follow a log whose hash is `prev`. It ends at
/// `through` if that is given: the mirror has the log up to there already.
#[must_use]
pub fn batch(prev: &str, rows: &[Logged], limits: Limits, through: Option<i64>) -> Option<Batch> {
    let taken = match through {
        Some(last) => &rows[..rows.iter().take_while(|row| row.seq <= last).count()],
        None => &rows[..fitting(rows, limits)],
    };
    let (first, last) = (taken.first()?, taken.last()?);
    Some(Batch {
        first: first.seq,
        last: last.seq,
        prev: prev.into(),
        hash: last.hash.clone(),
        changes: collapsed(taken),
    })
}

/// How many rows fit, up to the end of a transaction.
fn fitting(rows: &[Logged], limits: Limits) -> usize {
    let (mut whole, mut fits, mut bytes) = (0, 0, 0);
    for (at, row) in rows.iter().enumerate() {
        bytes += weight(row);
        if at > 0 && (at >= limits.changes || bytes > limits.bytes) {
            break;
        }
        fits = at + 1;
        if rows.get(at + 1).is_none_or(|next| next.tx != row.tx) {
            whole = at + 1;
        }
    }
    if whole > 0 || limits.cut {
        return if whole > 0 { whole } else { fits };
    }
    // Not even one transaction fits what is usual: all of it, if the mirror can take it.
    let end = rows.iter().take_while(|row| row.tx == rows[0].tx).count();
    end.min(fitting(&rows[..end], HARD))
}

/// About how many bytes a change takes.
#[must_use]
pub fn weight(row: &Logged) -> usize {
    let body = if row.sent { row.bytes } else { 0 };
    100 + row.key.len() + body
}

/// The last image of each row, and every row that never changes.
fn collapsed(rows: &[Logged]) -> Vec<Sent> {
    let mut last: HashMap<(&str, &str), (usize, bool)> = HashMap::new();
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| !row.append) {
        let entry = last.entry((&row.table, &row.key)).or_default();
        *entry = (at, entry.1 || row.op == Op::Put);
    }
    let sent = rows.iter().enumerate().filter(|(_, row)| row.sent).filter_map(|(at, row)| {
        if row.append {
            return Some(change(row, true));
        }
        let (newest, put) = *last.get(&(row.table.as_str(), row.key.as_str()))?;
        (newest == at).then(|| change(row, put))
    });
    sent.collect()
}

fn change(row: &Logged, put: bool) -> Sent {
    let op = match row.op {
        Op::Delete => "d",
        _ if put => "i",
        _ => "u",
    };
    let body = row.body.clone().filter(|_| row.op != Op::Delete);
    Sent {
        seq: row.seq,
        table: row.table.clone(),
        key: row.key.clone(),
        op,
        hlc: row.hlc.to_string(),
        base: row.base,
        lineage: row.lineage.clone(),
        digest: row.digest.clone().filter(|_| body.is_some()),
        body,
        sealed: row.sealed.then_some(1),
    }
}
