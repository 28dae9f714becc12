//! Why something is not remembered, recalled or forgotten.

use serde_json::{Map, Value, json};

use crate::failure::Refusal;

/// See the messages.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum MemoryRefusal {
    #[error("{field} {sent}; it takes {accepted}")]
    InvalidArgument { field: &'static str, sent: String, accepted: String },
    #[error("there is no memory {memory_id:?} in this repository")]
    NotFound { memory_id: String },
    #[error("memory {memory_id} was forgotten")]
    Forgotten { memory_id: String },
}

impl MemoryRefusal {
    pub(super) fn invalid(
        field: &'static str,
        sent: impl Into<String>,
        accepted: impl Into<String>,
    ) -> Self {
        Self::InvalidArgument { field, sent: sent.into(), accepted: accepted.into() }
    }
}

impl Refusal for MemoryRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::InvalidArgument { .. } => "invalid_argument",
            Self::NotFound { .. } => "memory_not_found",
            Self::Forgotten { .. } => "memory_forgotten",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::InvalidArgument { .. } => None,
            Self::NotFound { .. } => Some("coord memory search finds those there are".into()),
            Self::Forgotten { .. } => {
                Some("its words are gone for good; remember them anew if they are needed".into())
            }
        }
    }

    fn facts(&self) -> Map<String, Value> {
        let facts = match self {
            Self::InvalidArgument { field, sent, accepted } => {
                json!({ "field": field, "sent": sent, "accepted": accepted })
            }
            Self::NotFound { memory_id } | Self::Forgotten { memory_id } => {
                json!({ "memory_id": memory_id })
            }
        };
        match facts {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }
}
