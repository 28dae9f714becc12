//! Why a handoff is not written or not found.

use serde_json::{Map, Value, json};

use crate::failure::Refusal;

/// See the messages.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum HandoffRefusal {
    #[error("the handoff has no summary")]
    SummaryRequired,
    #[error("{field} has {sent} {unit}; it takes at most {max}")]
    TooMuch { field: &'static str, sent: usize, max: usize, unit: &'static str },
    #[error("{field} contains a NUL character")]
    Nul { field: &'static str },
    #[error("limit was {asked}; it takes 1 to {max}")]
    Limit { asked: i64, max: i64 },
    #[error("cursor was {sent:?}, which no answer has given")]
    Cursor { sent: String },
    #[error("there is no handoff {handoff_id:?} in this repository")]
    NotFound { handoff_id: String },
}

impl Refusal for HandoffRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::SummaryRequired => "summary_required",
            Self::NotFound { .. } => "handoff_not_found",
            _ => "invalid_argument",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::SummaryRequired => "say in summary what the next agent must know to go on".into(),
            Self::TooMuch { .. } => {
                "shorten it; what is longer belongs into a file that relevant_files names".into()
            }
            Self::Nul { .. } => "take it out".into(),
            Self::Limit { .. } => "leave limit out, or go on with cursor".into(),
            Self::Cursor { .. } => "leave cursor out to start with the newest".into(),
            Self::NotFound { .. } => "coord handoff list shows which there are".into(),
        })
    }

    fn facts(&self) -> Map<String, Value> {
        let facts = match self {
            Self::SummaryRequired => json!({ "field": "summary" }),
            Self::TooMuch { field, sent, max, .. } => {
                json!({ "field": field, "sent": sent, "max": max })
            }
            Self::Nul { field } => json!({ "field": field }),
            Self::Limit { asked, max } => json!({ "field": "limit", "sent": asked, "max": max }),
            Self::Cursor { .. } => json!({ "field": "cursor" }),
            Self::NotFound { handoff_id } => json!({ "handoff_id": handoff_id }),
        };
        match facts {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }
}
