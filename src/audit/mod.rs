//! The append-only record of every call: what was asked, by whom, and what came of it.
//!
//! - A row is part of the deed: same transaction, or neither.
//! - Each row's hash covers the row and the hash before it; the table refuses
//!   UPDATE and DELETE by trigger (`schema/007`).
//! - Secrets are taken out before anything is hashed.
//! - A request's name (`request_key`) is unique, so a repeat is answered from here.
//!
//! Not here: who calls `append` (`service` alone).

pub mod chain;
pub mod redact;
mod sql;

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::context::Caller;
use crate::failure::Outcome;
use crate::store::{Topic, Tx};
use crate::time::Time;

/// Longest text of arguments or result that is kept, in bytes; a longer one is
/// replaced by its size and digest.
pub const TEXT_MAX: usize = 16 << 10;

/// What is to be recorded.
pub struct Record<'a> {
    /// When.
    pub at: Time,
    /// In which project, if in one.
    pub project: Option<&'a str>,
    /// By whom.
    pub caller: &'a Caller,
    /// Which tool or deed.
    pub operation: &'a str,
    /// With which arguments.
    pub arguments: &'a Value,
    /// What came of it; `None` for a call that has taken its place in a queue.
    pub answer: Option<&'a Answer>,
    /// The request's name, if a repeat of it must be recognised.
    pub request_key: Option<&'a str>,
}

/// A row as it is hashed and stored.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[expect(missing_docs, reason = "the columns of audit_log")]
pub struct Row {
    pub seq: i64,
    #[serde(serialize_with = "ms")]
    pub at: Time,
    pub project: Option<String>,
    pub agent_id: String,
    pub agent_type: String,
    pub session_id: String,
    pub operation: String,
    pub arguments: String,
    pub success: bool,
    pub code: Option<String>,
    pub result: String,
    pub request_key: Option<String>,
    pub hash: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn ms<S: serde::Serializer>(at: &Time, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(at.ms())
}

/// Appends a row; returns its number.
///
/// # Errors
/// Faults only. The deed must not stand without its row: let the error undo it.
pub fn append(tx: &Tx<'_>, record: &Record<'_>) -> Outcome<i64> {
    let (last, before) = sql::head(tx)?;
    let answer = record.answer.map_or_else(|| json!({ "queued": true }), |answer| json!(answer));
    let result = kept(&answer);
    let mut row = Row {
        seq: last + 1,
        at: record.at,
        project: record.project.map(Into::into),
        agent_id: record.caller.agent_id.clone(),
        agent_type: record.caller.agent_type.clone(),
        session_id: record.caller.session_id.clone(),
        operation: record.operation.into(),
        arguments: kept(record.arguments),
        success: record.answer.is_none_or(Answer::success),
        code: record.answer.and_then(Answer::code).map(Into::into),
        result,
        request_key: record.request_key.map(Into::into),
        hash: String::new(),
    };
    row.hash = chain::hash(&before, &row);
    sql::insert(tx, &row)?;
    if let (Some(key), Some(answer)) = (record.request_key, record.answer) {
        let whole = json!(answer).to_string();
        // A repeat must get the very answer; the row has it unless it was shortened or redacted.
        if whole != row.result {
            sql::keep_reply(tx, key, &whole, record.at)?;
        }
    }
    tx.changed(Topic::Audit);
    Ok(row.seq)
}

/// What the log knows of a request's name.
pub enum Known {
    /// Nothing: it is new.
    New,
    /// This very request was carried out, with this answer.
    Answered(Answer),
    /// Another request had the name.
    Another,
}

/// Whether a request of this name was carried out before.
///
/// # Errors
/// Faults only.
pub fn recall(tx: &Tx<'_>, key: &str, operation: &str, arguments: &Value) -> Outcome<Known> {
    Ok(match sql::answered(tx, key)? {
        None => Known::New,
        Some((op, args, text)) if op == operation && args == kept(arguments) => {
            Known::Answered(serde_json::from_str(&text).map_err(anyhow::Error::from)?)
        }
        Some(_) => Known::Another,
    })
}

/// The text of a value as the log keeps it: redacted, and not over [`TEXT_MAX`].
fn kept(value: &Value) -> String {
    let text = redact::redact(value).to_string();
    if text.len() <= TEXT_MAX {
        return text;
    }
    json!({ "omitted_bytes": text.len(), "sha256": chain::digest(&text) }).to_string()
}
