//! Why something is no host, and why a rule is not made.

use serde_json::{Map, Value, json};

use crate::failure::Refusal;

/// A "no" of the network's lists.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum NetworkRefusal {
    #[error("{text:?} is no host or URL: {why}")]
    NotAHost { text: String, why: &'static str },
    #[error("{text:?} is no domain pattern: {why}")]
    NotAPattern { text: String, why: &'static str },
    #[error("{field} was {sent}; it takes {accepts}")]
    Bad { field: &'static str, sent: String, accepts: &'static str },
    #[error("there is no rule of your own for {pattern}")]
    NoRule { pattern: String },
    #[error("{path} cannot be read: {why}")]
    Unreadable { path: String, why: String },
}

impl Refusal for NetworkRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::NotAHost { .. } | Self::NotAPattern { .. } | Self::Bad { .. } => {
                "invalid_argument"
            }
            Self::NoRule { .. } => "rule_not_found",
            Self::Unreadable { .. } => "settings_unreadable",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotAHost { .. } => Some("write it as example.org or https://example.org/".into()),
            Self::NotAPattern { .. } => {
                Some("write example.org, or *.example.org for everything below it".into())
            }
            Self::NoRule { .. } => Some(
                "`coord net list` shows the rules; a built-in one is overruled by your own".into(),
            ),
            Self::Unreadable { .. } => {
                Some("mend the file, or name its hosts with `coord net allow`".into())
            }
            Self::Bad { .. } => None,
        }
    }

    fn facts(&self) -> Map<String, Value> {
        let (name, value) = match self {
            Self::NotAHost { .. } => ("field", json!("host")),
            Self::NotAPattern { .. } => ("field", json!("domain")),
            Self::Bad { field, .. } => ("field", json!(field)),
            Self::NoRule { pattern } => ("pattern", json!(pattern)),
            Self::Unreadable { path, .. } => ("path", json!(path)),
        };
        Map::from_iter([(name.to_owned(), value)])
    }
}
