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
mod query;
pub mod redact;
pub mod seal;
mod sql;

use std::cell::Cell;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use query::{AuditRefusal, AuditRows, Entries, Entry, QueryAudit, ROWS_MAX, Rows, Seal};
pub use seal::SealAudit;

use redact::Redacted;

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the columns of audit_log")]
pub struct Row {
    pub seq: i64,
    #[serde(with = "ms")]
    #[schemars(with = "i64")]
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

/// A time as its milliseconds: what the hash covers.
mod ms {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::time::Time;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    pub fn serialize<S: Serializer>(at: &Time, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(at.ms())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        i64::deserialize(deserializer).map(Time::from_ms)
    }
}

/// Appends a row; returns its number.
///
/// # Errors
/// Faults only. The deed must not stand without its row: let the error undo it.
pub fn append(tx: &Tx<'_>, record: &Record<'_>) -> Outcome<i64> {
    let (last, before) = sql::head(tx)?;
    let (result, whole) = kept_answer(record.answer)?;
    let mut row = Row {
        seq: last + 1,
        at: record.at,
        project: record.project.map(Into::into),
        agent_id: record.caller.agent_id.clone(),
        agent_type: record.caller.agent_type.clone(),
        session_id: record.caller.session_id.clone(),
        operation: record.operation.into(),
        arguments: kept(record.arguments)?.0,
        success: record.answer.is_none_or(Answer::success),
        code: record.answer.and_then(Answer::code).map(Into::into),
        result,
        request_key: record.request_key.map(Into::into),
        hash: String::new(),
    };
    row.hash = chain::hash(&before, &row);
    sql::insert(tx, &row)?;
    if let (false, Some(key), Some(answer)) = (whole, record.request_key, record.answer) {
        // A repeat must get the very answer, and the row has it shortened or redacted.
        let text = serde_json::to_string(answer).map_err(anyhow::Error::from)?;
        sql::keep_reply(tx, key, &text, record.at)?;
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
        Some((op, args, text)) if op == operation && args == kept(arguments)?.0 => {
            Known::Answered(serde_json::from_str(&text).map_err(anyhow::Error::from)?)
        }
        Some(_) => Known::Another,
    })
}

/// An answer as the log keeps it, and whether that is all of it.
fn kept_answer(answer: Option<&Answer>) -> Outcome<(String, bool)> {
    let (tag, (text, whole)) = match answer {
        None => return Ok((r#"{"queued":true}"#.into(), true)),
        Some(Answer::Done(reply)) => ("done", kept(reply)?),
        Some(Answer::Refused(refused)) => ("refused", kept(&json!(refused))?),
        Some(Answer::Fault(incident)) => ("fault", kept(&json!(incident))?),
    };
    Ok((format!(r#"{{"{tag}":{text}}}"#), whole))
}

/// A value as the log keeps it, redacted and not over [`TEXT_MAX`], and whether
/// that is all of it.
fn kept(value: &Value) -> Outcome<(String, bool)> {
    let changed = Cell::new(false);
    let text =
        serde_json::to_string(&Redacted::of(value, &changed)).map_err(anyhow::Error::from)?;
    if text.len() <= TEXT_MAX {
        return Ok((text, !changed.get()));
    }
    let short = json!({ "omitted_bytes": text.len(), "sha256": chain::digest(&text) });
    Ok((short.to_string(), false))
}
