//! Why a call waits for a person, and why a decision is not taken.

use serde_json::{Map, Value, json};

use super::NOTE_MAX;
use crate::failure::Refusal;
use crate::time::Time;

/// A "no", or a "not yet".
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ApprovalRefusal {
    #[error("{operation} needs a person's approval: {reason}")]
    Required { operation: String, approval_id: String, expires_at: Time, reason: String },
    #[error("a person denied this {operation}{}", said(note.as_deref()))]
    Denied { operation: String, approval_id: String, note: Option<String> },
    #[error("approval {approval_id} was used already")]
    Used { approval_id: String },
    #[error("nothing that waits for a decision is named {approval_id:?}")]
    Unknown { approval_id: String },
    #[error("{approval_id:?} names {count} questions")]
    Ambiguous { approval_id: String, count: usize },
    #[error("note has {chars} characters; it takes at most {NOTE_MAX}")]
    LongNote { chars: usize },
}

fn said(note: Option<&str>) -> String {
    note.map(|note| format!(": {note}")).unwrap_or_default()
}

impl Refusal for ApprovalRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::Required { .. } | Self::Used { .. } => super::REQUIRED,
            Self::Denied { .. } => "approval_denied",
            Self::Unknown { .. } => "approval_not_found",
            Self::Ambiguous { .. } | Self::LongNote { .. } => "invalid_argument",
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Required { approval_id, expires_at, .. } => {
                return Some(format!(
                    "ask the person who runs you to type `coord approve {approval_id}` at a terminal before {expires_at}, then make the same call again; you cannot approve it yourself"
                ));
            }
            Self::Denied { .. } => "do it another way, or talk with the person who denied it",
            Self::Used { .. } => "make the call again to ask anew",
            Self::Unknown { .. } => "`coord approve` without an id lists what waits",
            Self::Ambiguous { .. } => "give more of the id",
            Self::LongNote { .. } => "say it in a sentence",
        };
        Some(hint.into())
    }

    fn facts(&self) -> Map<String, Value> {
        let facts = match self {
            Self::Required { operation, approval_id, expires_at, reason } => vec![
                ("operation", json!(operation)),
                ("reason", json!(reason)),
                ("approval_id", json!(approval_id)),
                ("expires_at", json!(expires_at)),
            ],
            Self::Denied { operation, approval_id, .. } => {
                vec![("operation", json!(operation)), ("approval_id", json!(approval_id))]
            }
            Self::Used { approval_id }
            | Self::Unknown { approval_id }
            | Self::Ambiguous { approval_id, .. } => vec![("approval_id", json!(approval_id))],
            Self::LongNote { .. } => vec![("field", json!("note"))],
        };
        facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
