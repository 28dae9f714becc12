//! Why something about sessions is not done.

use serde_json::{Map, Value, json};

use crate::failure::Refusal;

/// See the messages.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum AgentRefusal {
    #[error(
        "session {session_id} is not alive: it never registered, or it was ended and what it held was freed"
    )]
    SessionNotFound { session_id: String },
    #[error("{field} has {sent} {unit}; at most {max} are accepted")]
    TooLong { field: &'static str, sent: usize, max: usize, unit: &'static str },
    #[error("{field} has an empty entry")]
    Empty { field: &'static str },
    #[error("cursor was {sent:?}, which no answer of discover_agents has given")]
    BadCursor { sent: String },
}

impl Refusal for AgentRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::SessionNotFound { .. } => "session_not_found",
            Self::TooLong { .. } | Self::Empty { .. } | Self::BadCursor { .. } => {
                "invalid_argument"
            }
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::SessionNotFound { .. } => {
                "call register_session, then take your locks and work again".into()
            }
            Self::TooLong { .. } => "shorten it".into(),
            Self::Empty { .. } => "leave it out".into(),
            Self::BadCursor { .. } => "leave it out to start at the first page".into(),
        })
    }

    fn facts(&self) -> Map<String, Value> {
        let facts = match self {
            Self::SessionNotFound { session_id } => json!({ "session_id": session_id }),
            Self::TooLong { field, sent, max, .. } => {
                json!({ "field": field, "sent": sent, "max": max })
            }
            Self::Empty { field } => json!({ "field": field }),
            Self::BadCursor { .. } => json!({ "field": "cursor" }),
        };
        match facts {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }
}
